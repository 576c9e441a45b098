/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Makes each call of libusb fail in turn, with each of its errors, while
 * tests/support/program.c uses the library over the emulated usbfs (`clyde
 * virtual -- THIS`).  Each failure must be reported; no memory and no libusb
 * handle may be left, and the next use must work.
 *
 * With two arguments, N ERROR: only the N-th call while firmware is loaded.
 */
#include <libusb.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/program.h"
#include "wire/core-benchmark.h"
#include "wire/cores.h"
#include "wire/regs.h"
#include "tests/support/wrapped.h"

#define URI  "usb:"
#define MANY 10000

static const int errors[] = {LIBUSB_ERROR_IO, LIBUSB_ERROR_INVALID_PARAM,
	LIBUSB_ERROR_ACCESS, LIBUSB_ERROR_NO_DEVICE, LIBUSB_ERROR_NOT_FOUND,
	LIBUSB_ERROR_BUSY, LIBUSB_ERROR_TIMEOUT, LIBUSB_ERROR_OVERFLOW,
	LIBUSB_ERROR_PIPE, LIBUSB_ERROR_INTERRUPTED, LIBUSB_ERROR_NO_MEM,
	LIBUSB_ERROR_NOT_SUPPORTED, LIBUSB_ERROR_OTHER};

#define ERRORS (sizeof(errors) / sizeof(*errors))

/* The errors above, and those that follow from commands that failed.  None of
   them may make a call wait until its deadline. */
static bool is_an_error(int result)
{
	static const int known[] = {CLYDE_ERROR_IO, CLYDE_ERROR_INVALID,
		CLYDE_ERROR_ACCESS, CLYDE_ERROR_NO_DEVICE,
		CLYDE_ERROR_ENDPOINT_OFF, CLYDE_ERROR_BUSY, CLYDE_ERROR_BABBLE,
		CLYDE_ERROR_STALL, CLYDE_ERROR_INTERRUPTED,
		CLYDE_ERROR_NO_MEMORY, CLYDE_ERROR_UNSUPPORTED,
		CLYDE_ERROR_REFUSED, CLYDE_ERROR_NO_SUPPLY, CLYDE_ERROR_CORRUPT,
		CLYDE_ERROR_PROTOCOL, CLYDE_ERROR_RESET};

	if (result == CLYDE_ERROR_TIMEOUT)
		return wrapped_error() == LIBUSB_ERROR_TIMEOUT;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (result == known[i])
			return true;
	return false;
}

static bool is_no_memory(int result)
{
	return result == CLYDE_ERROR_NO_MEMORY;
}

static bool is_no_descriptor(int result)
{
	return result == CLYDE_ERROR_EXHAUSTED;
}

static bool is_nothing(int result)
{
	(void)result;
	return false;
}

/* Makes the n-th call fail in a part of the program; returns false if there are
   fewer calls.  Nothing may be left allocated or open. */
static bool fail_one_of(struct program *program,
	void (*part)(struct program *program), enum wrapped kind, unsigned n,
	int error)
{
	int before = wrapped_usb_open();
	bool failed;

	wrapped_fail(kind, n, false, error);
	program_do(program, part);
	failed = wrapped_end();
	if (wrapped_allocated() > 0 || wrapped_usb_open() != before)
		fail_msg("after call %u failed (%s), %zu pieces of memory and "
			 "%d handles are left",
			n, failed ? wrapped_name() : "not made",
			wrapped_allocated(), wrapped_usb_open() - before);
	return failed;
}

static bool fail_one(const struct program *pattern, unsigned part,
	enum wrapped kind, unsigned n, int error)
{
	struct program program = *pattern;

	return fail_one_of(&program, program_parts[part], kind, n, error);
}

/* Asserts that the device works, so no failure has left it in a wrong state. */
static void assert_all_works(unsigned part)
{
	struct program program = {.uri = URI, .may = is_nothing};

	program_do(&program, program_parts[part]);
}

/* In each round, each call fails with another one of the errors. */
static void sweep(const struct program *pattern, enum wrapped kind,
	unsigned rounds, const int *codes, size_t count)
{
	unsigned calls = 0;

	for (unsigned part = 0; part < PROGRAM_PARTS; part++) {
		/* Applets and cores run in real time over usbfs. */
		bool paced = program_parts[part] == program_run ||
			program_parts[part] == program_spi ||
			program_parts[part] == program_jtag;
		unsigned last = paced ? 1 : rounds;

		/* No chip is on the pins of this device. */
		if (program_parts[part] == program_flash ||
			program_parts[part] == program_svf)
			continue;
		assert_all_works(part);
		for (unsigned round = 0; round < last; round++) {
			unsigned n = 1;

			while (fail_one(pattern, part, kind, n,
				codes[(n + 5 * round) % count]))
				assert_true(++n < MANY);
			calls += n - 1;
		}
		assert_all_works(part);
	}
	assert_true(calls > 10);
}

static void any_failed_call_of_libusb_is_reported(void **state)
{
	(void)state;
	sweep(&(struct program){.uri = URI, .may = is_an_error}, WRAPPED_USB, 2,
		errors, ERRORS);
}

static void events_that_cannot_be_handled_end_a_call_and_not_the_program(
	void **state)
{
	(void)state;
	sweep(&(struct program){.uri = URI, .may = is_an_error}, WRAPPED_PIPE,
		1, (int[]){LIBUSB_ERROR_IO, LIBUSB_ERROR_INTERRUPTED}, 2);
}

static void
without_memory_for_one_allocation_a_call_fails_and_works_again_later(
	void **state)
{
	(void)state;
	sweep(&(struct program){.uri = URI, .may = is_no_memory, .again = true},
		WRAPPED_MEMORY, 1, (int[]){0}, 1);
}

static void without_descriptors_a_call_fails_and_works_again_later(void **state)
{
	struct program program = {
		.uri = URI, .may = is_no_descriptor, .again = true};
	unsigned part = 0, n = 1;

	(void)state;
	while (program_parts[part] != program_watch)
		part++;
	while (fail_one(&program, part, WRAPPED_SYSTEM, n, EMFILE))
		n++;
	assert_true(n > 3);
}

/* LeakSanitizer's check; absent in other builds. */
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

/* Memory that the library keeps on purpose must be within reach. */
static bool has_leaks(void)
{
	return __lsan_do_recoverable_leak_check &&
		__lsan_do_recoverable_leak_check() != 0;
}

#define ARENA (2 * 4096 * 8)

/* Runs in a process of its own, since the lost transfers stay in its memory.
   Returns true if the library touched none of the memory that the caller had
   lent. */
static bool close_without_events(void)
{
	static const uint8_t source = BENCH_SOURCE,
			     cores[] = {0, 0, CORE_BENCHMARK, 0};
	void *arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct clyde_pipe_options options = {.transfer_size = 4096,
		.depth = 8,
		.memory = arena,
		.memory_size = ARENA};
	struct clyde_context *context;
	struct clyde_device *device;
	struct clyde_pipe *pipe;
	uint8_t data[4096], id[CLYDE_FPGA_ID_SIZE];

	if (clyde_context_new(&context) < 0 ||
		clyde_device_open(context, URI, NULL, &device) < 0 ||
		clyde_fpga_load_image(device) < 0 ||
		clyde_pipe_open(device, CLYDE_PIPE_EP6_IN, &options, &pipe) <
			0 ||
		clyde_register_write(device, REG_STREAM, cores, sizeof(cores)) <
			0 ||
		clyde_register_write(device, REG_BENCH_MODE, &source, 1) < 0 ||
		clyde_pipe_read(pipe, data, sizeof(data), 10000) < 0)
		return false;
	wrapped_fail(WRAPPED_PIPE, 1, true, LIBUSB_ERROR_IO);
	clyde_pipe_close(pipe);
	wrapped_end();
	mprotect(arena, ARENA, PROT_NONE);
	if (clyde_fpga_status(device, id) != CLYDE_ERROR_NO_DEVICE ||
		clyde_device_sleep(device, 1) != CLYDE_ERROR_NO_DEVICE)
		return false;
	clyde_context_close(context);
	return clyde_live_objects() == 0 && !has_leaks();
}

static void memory_that_was_lent_stays_untouched_where_events_failed(
	void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(close_without_events() ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Runs in a process of its own, since the handle and its session stay until the
   process ends.  Returns true if no memory is out of reach. */
static bool close_after_an_unplug_in_an_alternate_setting(void)
{
	struct clyde_context *context;
	struct clyde_device *device;

	if (clyde_context_new(&context) < 0)
		return false;
	wrapped_fail(WRAPPED_ALTERNATE, 1, false, LIBUSB_ERROR_NO_DEVICE);
	if (clyde_device_open(context, URI, NULL, &device) !=
			CLYDE_ERROR_NO_DEVICE ||
		!wrapped_end())
		return false;
	clyde_context_close(context);
	return clyde_live_objects() == 0 && !has_leaks();
}

static void a_handle_that_libusb_cannot_close_is_no_leak(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(close_after_an_unplug_in_an_alternate_setting() ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Firmware is loaded once per device, so each call fails in a process of its
   own with a device of its own, see tests/cli/test_usb.py. */
static unsigned firmware_call;
static int firmware_error;

static void firmware_that_could_not_be_loaded_is_reported(void **state)
{
	struct program program = {.uri = URI, .may = is_an_error};

	(void)state;
	if (!fail_one_of(&program, program_load_firmware, WRAPPED_USB,
		    firmware_call, firmware_error))
		assert_int_equal(program.failures, 0);
	printf("%s\n", wrapped_name() ? wrapped_name() : "no more calls");
}

/* After a failed assertion, the next test begins without the wrapped
   failure. */
static int clean_up(void **state)
{
	(void)state;
	wrapped_end();
	program_end();
	return 0;
}

#define SWEEP(test) cmocka_unit_test_teardown(test, clean_up)

int main(int argc, char **argv)
{
	static const struct CMUnitTest firmware[] = {
		SWEEP(firmware_that_could_not_be_loaded_is_reported),
	};
	static const struct CMUnitTest tests[] = {
		SWEEP(memory_that_was_lent_stays_untouched_where_events_failed),
		SWEEP(a_handle_that_libusb_cannot_close_is_no_leak),
		SWEEP(without_memory_for_one_allocation_a_call_fails_and_works_again_later),
		SWEEP(without_descriptors_a_call_fails_and_works_again_later),
		SWEEP(any_failed_call_of_libusb_is_reported),
		SWEEP(events_that_cannot_be_handled_end_a_call_and_not_the_program),
	};

	if (argc < 3)
		return cmocka_run_group_tests(tests, NULL, NULL);
	firmware_call = atoi(argv[1]);
	firmware_error = atoi(argv[2]);
	return cmocka_run_group_tests(firmware, NULL, NULL);
}
