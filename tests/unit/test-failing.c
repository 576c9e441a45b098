/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Makes one call after the other fail while tests/support/program.c uses the
 * library on the virtual link, until the program ends without a failure:
 * memory, the system's descriptors and files, the cable after each transfer,
 * every management command.  Each failure must be reported, nothing may be left
 * behind, and the next call must work.
 */
#include "tests/support/program.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "wire/mgmt.h"
#include "tests/support/wrapped.h"

#define MANY 100000

#define URI "virtual:wire=A0-A1,senseA=3300"

static char directory[] = "/tmp/clyde-failing-XXXXXX";

static const char *path_to(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

/* ---- Sweeps ----------------------------------------------------------- */

struct sweep {
	struct program program;
	enum wrapped kind;
	bool all; /* Makes all calls from there on fail. */
	int error;
};

/* Only the firmware part needs a device without firmware, and only the last parts
   a chip. */
static const char *uri_of(const struct program *program, unsigned part)
{
	static char uri[CLYDE_URI_SIZE];
	bool loads = program_parts[part] == program_load_firmware;

	if (program_parts[part] == program_flash)
		return "virtual:" PROGRAM_FLASH;
	if (program_parts[part] == program_svf)
		return "virtual:configured=1," PROGRAM_TAP;
	snprintf(uri, sizeof(uri), "%s%s", program->uri, loads ? ",api=3" : "");
	return uri;
}

/* Asserts that a capture holds whole packets, even one whose writing failed. */
static void assert_whole_packets(const char *path)
{
	FILE *file = fopen(path, "rb");
	/* Seconds, ns, bytes captured, bytes on the cable. */
	uint32_t record[4];
	long size, at = 24;

	if (file == NULL)
		return;
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	while (at < size) {
		assert_int_equal(fseek(file, at, SEEK_SET), 0);
		assert_int_equal(fread(record, sizeof(record), 1, file), 1);
		at += (long)(sizeof(record) + record[2]);
	}
	fclose(file);
	if (size != 0)
		assert_int_equal(at, size);
}

/* Makes the n-th call fail in a part of the program; returns false if there are
   fewer calls. */
static bool fail_one(const struct sweep *sweep, unsigned part, unsigned n,
	unsigned *failures)
{
	struct program program = sweep->program;
	bool failed;

	program.uri = uri_of(&program, part);
	wrapped_fail(sweep->kind, n, sweep->all, sweep->error);
	program_do(&program, program_parts[part]);
	failed = wrapped_end();
	if (wrapped_allocated() > 0)
		fail_msg("part %u: %zu pieces of memory are left after call %u "
			 "failed, %s",
			part, wrapped_allocated(), n,
			failed ? wrapped_name() : "which was not made");
	if (program.capture)
		assert_whole_packets(program.capture);
	*failures += program.failures;
	return failed;
}

static void sweep_all(const struct sweep *sweep)
{
	unsigned failures = 0, calls = 0;

	for (unsigned part = 0; part < PROGRAM_PARTS; part++) {
		struct program once = sweep->program;
		unsigned n = 0;

		/* Run once without a failure: it allocates what is kept for the
		   whole process. */
		once.uri = uri_of(&once, part);
		program_do(&once, program_parts[part]);
		assert_int_equal(once.failures, 0);
		while (fail_one(sweep, part, ++n, &failures))
			assert_true(n < MANY);
		calls += n - 1;
	}
	assert_true(failures > 0 && calls > 10);
}

/* ---- Memory ----------------------------------------------------------- */

static bool is_no_memory(int result)
{
	return result == CLYDE_ERROR_NO_MEMORY;
}

/* Errors that follow from a failed call: without a supply there are no pulls
   and pins are dead; without a bitstream no pipe can be opened. */
static bool is_a_consequence(int result)
{
	return result == CLYDE_ERROR_REFUSED ||
		result == CLYDE_ERROR_NO_SUPPLY || result == CLYDE_ERROR_STALL;
}

static bool is_no_memory_or_a_consequence(int result)
{
	return is_no_memory(result) || is_a_consequence(result);
}

static void
without_memory_for_one_allocation_a_call_fails_and_works_again_later(
	void **state)
{
	(void)state;
	sweep_all(&(struct sweep){
		.program = {.uri = URI, .may = is_no_memory, .again = true},
		.kind = WRAPPED_MEMORY,
	});
}

static void when_all_memory_fails_from_some_call_on_nothing_is_left(
	void **state)
{
	(void)state;
	sweep_all(&(struct sweep){
		.program = {.uri = URI, .may = is_no_memory_or_a_consequence},
		.kind = WRAPPED_MEMORY,
		.all = true,
	});
}

static void without_memory_a_capture_fails_and_works_again_later(void **state)
{
	(void)state;
	sweep_all(&(struct sweep){
		.program = {.uri = URI,
			.capture = path_to("pcap"),
			.may = is_no_memory,
			.again = true},
		.kind = WRAPPED_MEMORY,
	});
}

/* ---- The system ------------------------------------------------------- */

static bool is_no_descriptor(int result)
{
	return result == CLYDE_ERROR_EXHAUSTED;
}

static void without_descriptors_a_call_fails_and_works_again_later(void **state)
{
	(void)state;
	sweep_all(&(struct sweep){
		.program = {.uri = URI,
			.capture = path_to("pcap"),
			.may = is_no_descriptor,
			.again = true},
		.kind = WRAPPED_SYSTEM,
		.error = EMFILE,
	});
}

static void assert_file_has(const char *path, long offset, uint8_t byte)
{
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	assert_int_equal(fgetc(file), byte);
	fclose(file);
}

/* Writes the EEPROM's first byte by a device of its own; returns whether a call
   failed. */
static bool write_eeprom(const char *uri, unsigned n, uint8_t byte)
{
	struct fixture fixture = open_uri(uri);
	bool failed;
	int result;

	wrapped_fail(WRAPPED_SYSTEM, n, false, ENOSPC);
	result = clyde_eeprom_write(fixture.device, 0x1000, &byte, 1);
	failed = wrapped_end();
	assert_int_equal(result, failed ? CLYDE_ERROR_FILE : 0);
	if (failed)
		assert_int_equal(
			clyde_eeprom_write(fixture.device, 0x1000, &byte, 1),
			0);
	close_fixture(&fixture);
	return failed;
}

static void an_eeprom_that_could_not_be_saved_is_when_it_is_written_again(
	void **state)
{
	char uri[CLYDE_URI_SIZE];
	unsigned n = 1;

	(void)state;
	snprintf(uri, sizeof(uri), "virtual:eeprom=%s", path_to("eeprom"));
	while (write_eeprom(uri, n, n)) {
		assert_file_has(path_to("eeprom"), 0x1000, n);
		n++;
	}
	/* Open, write, rename. */
	assert_int_equal(n, 4);
}

static bool is_eeprom(int result)
{
	return result == CLYDE_ERROR_NO_MEMORY || result == CLYDE_ERROR_FILE ||
		result == CLYDE_ERROR_IO;
}

static void an_eeprom_file_that_cannot_be_used_is_reported(void **state)
{
	struct program program = {.may = is_eeprom};
	char uri[CLYDE_URI_SIZE];

	(void)state;
	snprintf(uri, sizeof(uri), "virtual:eeprom=%s", path_to("new"));
	program.uri = uri;
	for (unsigned kind = WRAPPED_MEMORY; kind <= WRAPPED_SYSTEM; kind++) {
		bool failed = true;

		for (unsigned n = 1; failed; n++) {
			unlink(path_to("new"));
			wrapped_fail(kind, n, false, ENOSPC);
			program_do(&program, program_list);
			failed = wrapped_end();
			assert_int_equal(wrapped_allocated(), 0);
		}
	}
	assert_true(program.failures >= 10);
}

/* ---- The cable -------------------------------------------------------- */

static bool is_gone(int result)
{
	return result == CLYDE_ERROR_NO_DEVICE;
}

static bool is_unplugged(int result)
{
	/* A call that waits for the device to leave and come back cannot
	   distinguish a pulled cable from a device that stays away. */
	return is_gone(result) || result == CLYDE_ERROR_TIMEOUT;
}

/* Runs each part until the cable is pulled so late that no call fails. */
static void after_an_unplug_at_any_transfer_every_call_reports_it(void **state)
{
	(void)state;
	for (unsigned part = 0; part < PROGRAM_PARTS; part++) {
		struct program program = {.may = is_unplugged, .failures = 1};
		unsigned transfers = 1;

		/* A monitor reports the device's departure, which is no
		   failure. */
		if (program_parts[part] == program_monitor)
			continue;
		for (; program.failures > 0; transfers++) {
			char uri[2 * CLYDE_URI_SIZE];

			assert_true(transfers < MANY);
			program.uri = URI;
			snprintf(uri, sizeof(uri), "%s,fault=pull@%u",
				uri_of(&program, part), transfers);
			program.uri = uri;
			program.failures = 0;
			program_do(&program, program_parts[part]);
		}
		assert_true(transfers > 3);
	}
}

/* ---- Commands --------------------------------------------------------- */

static const enum mgmt_code codes[] = {
	MGMT_WRITE_EEPROM,
	MGMT_READ_EEPROM,
	MGMT_FPGA_LOAD_CFG,
	MGMT_FPGA_STATUS,
	MGMT_FPGA_SET_REG,
	MGMT_FPGA_GET_REG,
	MGMT_SET_VSUPPLY,
	MGMT_GET_VSUPPLY,
	MGMT_SET_VLIMIT,
	MGMT_GET_VLIMIT,
	MGMT_SET_VALERT,
	MGMT_GET_VALERT,
	MGMT_SET_IALERT,
	MGMT_GET_IALERT,
	MGMT_GET_VSENSE,
	MGMT_GET_ISUPPLY,
	MGMT_SET_PULLS,
	MGMT_GET_PULLS,
	MGMT_GET_STATE,
	MGMT_GET_ALERTS,
	MGMT_CLR_ALERTS,
};

/* Gives every command in turn this fault; calls that do not need the command
   work. */
static void every_command_meets(const char *fault, bool (*may)(int result))
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct program program = {.may = may};
		char uri[CLYDE_URI_SIZE];

		snprintf(
			uri, sizeof(uri), URI ",fault=%s@%#x", fault, codes[i]);
		program.uri = uri;
		program_do(&program, program_load_image);
		program_do(&program, program_command);
		program_do(&program, program_stream);
		program_do(&program, program_run);
		assert_true(program.failures > 0);
	}
}

static bool is_refused(int result)
{
	return is_a_consequence(result) || result == CLYDE_ERROR_FPGA;
}

static void any_refused_command_is_reported(void **state)
{
	(void)state;
	every_command_meets("error", is_refused);
}

static bool is_malformed(int result)
{
	return is_a_consequence(result) || result == CLYDE_ERROR_PROTOCOL;
}

static void any_truncated_reply_is_reported(void **state)
{
	(void)state;
	every_command_meets("short", is_malformed);
}

static void any_reply_of_another_serial_is_reported(void **state)
{
	(void)state;
	every_command_meets("serial", is_malformed);
}

static bool is_late(int result)
{
	return is_a_consequence(result) || result == CLYDE_ERROR_TIMEOUT;
}

static void any_command_without_an_answer_ends_at_its_deadline(void **state)
{
	(void)state;
	every_command_meets("mute", is_late);
}

static void any_command_that_waits_for_ever_ends_at_its_deadline(void **state)
{
	(void)state;
	every_command_meets("wait", is_late);
}

/* ---- Settings --------------------------------------------------------- */

static bool is_a_refused_setting(int result)
{
	return result == CLYDE_ERROR_STALL || result == CLYDE_ERROR_BUSY;
}

static void any_refused_alternate_setting_is_reported(void **state)
{
	static const char *const faults[] = {
		"stall@0", "stall@1", "stall@3", "busy"};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct program program = {.may = is_a_refused_setting};
		char uri[CLYDE_URI_SIZE];

		snprintf(uri, sizeof(uri), URI ",configured=1,fault=%s",
			faults[i]);
		program.uri = uri;
		program_do(&program, program_stream);
		program_do(&program, program_run);
		assert_true(program.failures > 0);
	}
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

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) == NULL;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path_to("pcap"));
	unlink(path_to("eeprom"));
	unlink(path_to("new"));
	return rmdir(directory);
}

#define SWEEP(test) cmocka_unit_test_teardown(test, clean_up)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		SWEEP(without_memory_for_one_allocation_a_call_fails_and_works_again_later),
		SWEEP(when_all_memory_fails_from_some_call_on_nothing_is_left),
		SWEEP(without_memory_a_capture_fails_and_works_again_later),
		SWEEP(without_descriptors_a_call_fails_and_works_again_later),
		SWEEP(an_eeprom_that_could_not_be_saved_is_when_it_is_written_again),
		SWEEP(an_eeprom_file_that_cannot_be_used_is_reported),
		SWEEP(after_an_unplug_at_any_transfer_every_call_reports_it),
		SWEEP(any_refused_command_is_reported),
		SWEEP(any_truncated_reply_is_reported),
		SWEEP(any_reply_of_another_serial_is_reported),
		SWEEP(any_command_without_an_answer_ends_at_its_deadline),
		SWEEP(any_command_that_waits_for_ever_ends_at_its_deadline),
		SWEEP(any_refused_alternate_setting_is_reported),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
