/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* See program.h.  Calls the library, and asserts of each call that fails that
   it may fail and leaves a sentence. */
#include "lib/base/ask.h"
#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "wire/core-benchmark.h"

/* LJMP 0003h; at 0003h SJMP to itself: the model accepts it as firmware. */
#define FIRMWARE   ":03000000020003F8\n:0200030080FE7D\n:00000001FF\n"
#define SIZE       2048
#define TIMEOUT_MS 2000

static int check_failure(struct program *program, const char *call, int result)
{
	const char *text = clyde_error_message();

	program->failures++;
	if (!program->may(result))
		fail_msg("%s is %d: %s", call, result, text);
	assert_true(text[0]);
	assert_null(strchr(text, '\n'));
	return result;
}

static int check_second_try(const char *call, int result)
{
	if (result < 0)
		fail_msg("%s again is %d: %s", call, result,
			clyde_error_message());
	return result;
}

#define TRY(call)                                                         \
	({                                                                \
		int result_ = (call);                                     \
		if (result_ < 0)                                          \
			result_ = check_failure(program, #call, result_); \
		if (result_ < 0 && program->again)                        \
			result_ = check_second_try(#call, (call));        \
		result_;                                                  \
	})

static void listen(void *user, enum clyde_log_level level, int64_t time_ns,
	const char *line)
{
	(void)user;
	(void)level;
	(void)time_ns;
	assert_true(line[0]);
}

static clyde_token opened;

void program_end(void)
{
	clyde_close_token(opened);
}

void program_do(struct program *program, void (*part)(struct program *program))
{
	int result = clyde_context_new(&program->context);

	program->device = NULL;
	if (result < 0) {
		program->context = NULL;
		check_failure(program, "clyde_context_new()", result);
		if (!program->again)
			return;
		assert_int_equal(clyde_context_new(&program->context), 0);
	}
	opened = clyde_context_token(program->context);
	assert_int_equal(clyde_context_log(program->context, CLYDE_LOG_TRACE,
				 listen, NULL),
		0);
	if (program->capture)
		TRY(clyde_context_capture(program->context, program->capture));
	part(program);
	if (program->capture) {
		clyde_device_close(program->device);
		TRY(clyde_context_capture(program->context, NULL));
	}
	clyde_context_close(program->context);
	assert_int_equal(clyde_live_objects(), 0);
}

static bool open_device(struct program *program)
{
	return TRY(clyde_device_open(program->context, program->uri, NULL,
		       &program->device)) >= 0;
}

void program_list(struct program *program)
{
	struct clyde_device_info *list;

	if (TRY(clyde_device_list(program->context, program->uri, &list)) >= 0)
		clyde_device_list_free(list);
	/* With a serial number, the device is looked for in a list. */
	TRY(clyde_device_open(program->context, program->uri,
		"C3-20230101T120000Z", &program->device));
}

/* A device that has gone since it was seen causes no event. */
static int next(struct clyde_monitor *monitor)
{
	struct clyde_monitor_event event;
	int result = clyde_monitor_next(monitor, &event, 0);

	return result == CLYDE_ERROR_TIMEOUT ? 0 : result;
}

void program_monitor(struct program *program)
{
	struct clyde_monitor *monitor;
	struct pollfd poller = {.events = POLLIN};

	if (TRY(clyde_monitor_new(program->context, program->uri, &monitor)) <
		0)
		return;
	poller.fd = TRY(clyde_monitor_poll_fd(monitor));
	if (poller.fd >= 0)
		poll(&poller, 1, 0);
	TRY(next(monitor));
	TRY(next(monitor));
	clyde_monitor_close(monitor);
}

void program_load_firmware(struct program *program)
{
	if (TRY(clyde_firmware_load(program->context, program->uri, NULL,
		    FIRMWARE, strlen(FIRMWARE), NULL)) < 0 ||
		!open_device(program))
		return;
	/* The device runs the firmware that was loaded. */
	assert_int_equal(info_of(program->device)->api_level, 9);
}

void program_load_image(struct program *program)
{
	uint8_t id[CLYDE_FPGA_ID_SIZE];

	if (!open_device(program))
		return;
	if (TRY(clyde_fpga_load_image(program->device)) >= 0)
		TRY(clyde_fpga_status(program->device, id));
}

static void command_supplies(struct program *program)
{
	struct clyde_device *device = program->device;
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	unsigned mv[CLYDE_PORT_COUNT], high[CLYDE_PORT_COUNT];
	int ua[CLYDE_PORT_COUNT];

	assert_int_equal(clyde_supply_parse("A=3.3,B=SA", 3, supply), 0);
	TRY(clyde_supply_limit_set(device, 3, 5000));
	TRY(clyde_supply_limit_get(device, mv));
	TRY(clyde_supply_set(device, 3, 3300));
	TRY(clyde_supply_get(device, mv));
	TRY(clyde_supply_apply(device, supply));
	TRY(clyde_supply_limit_set(device, 1, 0));
	TRY(clyde_sense_get(device, mv));
	TRY(clyde_supply_current_get(device, ua));
	TRY(clyde_supply_window_set(device, 1, 3000, 3600));
	TRY(clyde_supply_window_get(device, mv, high));
	TRY(clyde_supply_current_limit_set(device, 3, 100000));
	TRY(clyde_supply_current_limit_get(device, mv));
}

void program_command(struct program *program)
{
	struct clyde_device *device;
	struct clyde_alerts alerts = {0};
	struct clyde_config config;
	uint8_t data[70], down[CLYDE_PORT_COUNT], up[CLYDE_PORT_COUNT];

	if (!open_device(program))
		return;
	device = program->device;
	command_supplies(program);
	TRY(clyde_pulls_set(device, 3, 1, 2));
	TRY(clyde_pulls_get(device, down, up));
	TRY(clyde_levels_get(device, up));
	TRY(clyde_alerts_get(device, &alerts));
	TRY(clyde_alerts_clear(device, &alerts));
	TRY(clyde_alerts_take(device, &alerts));
	TRY(clyde_device_safe(device));
	if (TRY(clyde_eeprom_read(device, 0x100, data, sizeof(data))) == 0)
		TRY(clyde_eeprom_write(device, 0x100, data, sizeof(data)));
	TRY(clyde_config_read(device, &config));
	TRY(clyde_flash_firmware(device, FIRMWARE, strlen(FIRMWARE), NULL));
	TRY(clyde_flash_holds(device));
	TRY(clyde_flash_webusb(device, false));
	TRY(clyde_flash_remove_bitstream(device));
	TRY(clyde_flash_remove_firmware(device, NULL));
	TRY(clyde_device_sleep(device, 1));
}

static void prepare_loopback(struct program *program)
{
	static const uint8_t cores[] = {1, 0, 1, 0}, mode = BENCH_LOOPBACK;
	struct clyde_device *device = program->device;
	uint8_t health;

	TRY(clyde_fpga_load_image(device));
	TRY(clyde_register_read(device, REG_HEALTH, &health, 1));
	TRY(clyde_register_write(device, REG_STREAM, cores, sizeof(cores)));
	TRY(clyde_register_write(device, REG_BENCH_MODE, &mode, 1));
}

/* If the write and the read succeed, the read bytes are the written ones. */
static bool loop(
	struct program *program, struct clyde_pipe *out, struct clyde_pipe *in)
{
	uint8_t sent[SIZE], got[SIZE] = {0};
	ssize_t size;

	for (size_t i = 0; i < SIZE; i++)
		sent[i] = i % 251;
	if (TRY(clyde_pipe_write(out, sent, SIZE, TIMEOUT_MS)) != SIZE ||
		TRY(clyde_pipe_flush(out, TIMEOUT_MS)) < 0)
		return false;
	size = TRY(clyde_pipe_read(in, got, SIZE, TIMEOUT_MS));
	if (size > 0)
		assert_memory_equal(got, sent, size);
	if (size > 0)
		assert_int_equal(offset_of(in), size);
	return size == SIZE;
}

static void borrow(
	struct program *program, struct clyde_pipe *out, struct clyde_pipe *in)
{
	void *region;
	ssize_t size = TRY(clyde_pipe_acquire(out, &region, TIMEOUT_MS));

	if (size < 0)
		return;
	memset(region, 0x55, size);
	if (TRY(clyde_pipe_release(out, 100)) < 0 ||
		TRY(clyde_pipe_push(out)) < 0)
		return;
	size = TRY(clyde_pipe_acquire(in, &region, TIMEOUT_MS));
	if (size > 0) {
		assert_int_equal(*(uint8_t *)region, 0x55);
		TRY(clyde_pipe_release(in, size));
	}
}

void program_stream(struct program *program)
{
	struct clyde_pipe_options options = {.transfer_size = 512, .depth = 2};
	struct clyde_pipe *out, *in;
	struct clyde_pipe_stats stats;

	if (!open_device(program))
		return;
	prepare_loopback(program);
	if (TRY(clyde_pipe_open(
		    program->device, CLYDE_PIPE_EP2_OUT, &options, &out)) < 0 ||
		TRY(clyde_pipe_open(
			program->device, CLYDE_PIPE_EP6_IN, &options, &in)) < 0)
		return;
	TRY(clyde_pipe_set_idle_flush(in, 4000));
	if (loop(program, out, in))
		borrow(program, out, in);
	TRY(clyde_pipe_stats(in, &stats));
	TRY(clyde_pipe_cancel(in));
	TRY(clyde_pipe_resume(in));
	TRY(clyde_pipe_reset(out));
	TRY(clyde_pipe_reset(in));
	clyde_pipe_close(out);
}

void program_watch(struct program *program)
{
	struct pollfd poller = {.events = POLLIN};

	if (!open_device(program))
		return;
	poller.fd = TRY(clyde_device_poll_fd(program->device));
	if (poller.fd >= 0)
		poll(&poller, 1, 0);
	TRY(clyde_device_process(program->device));
	TRY(clyde_device_sleep(program->device, 1));
}

static void check_record(void *user, const struct clyde_record *record)
{
	(void)user;
	assert_true(record->text == NULL || record->text[0]);
}

static int set_all(struct program *program, struct clyde_run *run,
	const char *const *settings)
{
	for (; *settings; settings += 2)
		if (TRY(clyde_run_set(run, settings[0], settings[1])) < 0)
			return -1;
	return 0;
}

static void run_applet(struct program *program, const char *name,
	const struct clyde_supply *supply, const char *const *settings)
{
	struct clyde_observer observer = {.record = check_record};
	struct clyde_run *run;
	/* openat(), since open() is one of the calls that are made to fail. */
	int in = openat(AT_FDCWD, "/dev/null", O_RDONLY);
	int out = openat(AT_FDCWD, "/dev/null", O_WRONLY);

	if (TRY(clyde_run_new(program->context, name, &run)) >= 0) {
		clyde_run_attach(run, in, out);
		if (set_all(program, run, settings) == 0 &&
			TRY(clyde_run_claim(run, program->device)) >= 0)
			TRY(clyde_run_start(
				run, program->device, supply, &observer));
		clyde_run_close(run);
	}
	close(in);
	close(out);
}

#define RUN(name, supply, ...)                \
	run_applet(program, (name), (supply), \
		(const char *const[]){__VA_ARGS__, NULL})

void program_run(struct program *program)
{
	struct clyde_supply supply[CLYDE_PORT_COUNT];

	assert_int_equal(clyde_supply_parse("AB=3.3", 3, supply), 0);
	if (!open_device(program))
		return;
	RUN("benchmark", NULL, "modes", "loopback latency", "count", "4KiB",
		"transfer-size", "1KiB", "depth", "2");
	RUN("gpio", supply, "action", "A0", "action", "A1=1", "action", "B0=H");
	RUN("uart", NULL, "rx", "A1", "tx", "A0");
}

/* Where no chip is, IO1 floats: what is received does not count. */
static void use_spi(struct program *program, struct clyde_spi *spi)
{
	uint8_t command = 0x9f, id[3], status;
	const struct clyde_spi_step steps[] = {
		{.out = &command, .size = 1},
		{.in = id, .size = sizeof(id), .flags = CLYDE_SPI_DESELECT},
		{.kind = CLYDE_SPI_POLL,
			.command = 5,
			.in = &status,
			.limit_us = 10},
	};
	uint64_t ticket;
	size_t step;

	TRY(clyde_spi_configure(spi, 12000000, 3, 0, NULL));
	TRY(clyde_spi_transfer(spi, 0, steps, 3, TIMEOUT_MS));
	if (TRY(clyde_spi_submit(spi, 0, steps, 2, 0, &ticket, TIMEOUT_MS)) >=
		0)
		TRY(clyde_spi_collect(spi, ticket, TIMEOUT_MS));
	assert_int_equal(clyde_spi_failed(spi, &step), 0);
}

void program_spi(struct program *program)
{
	const struct clyde_spi_options options = {
		.sck = "A1", .io = {"A2", "A4"}, .cs = {"A5"}};
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	struct clyde_spi *spi;

	assert_int_equal(clyde_supply_parse("A=3.3", 3, supply), 0);
	if (!open_device(program) ||
		TRY(clyde_fpga_load_image(program->device)) < 0 ||
		TRY(clyde_supply_apply(program->device, supply)) < 0 ||
		TRY(clyde_spi_open(program->device, &options, &spi)) < 0)
		return;
	use_spi(program, spi);
	clyde_spi_close(spi);
}

static ssize_t read_svf(void *user, void *ret_bytes, size_t size)
{
	const char **text = user;
	size_t left = strlen(*text);

	if (left > size)
		left = size;
	memcpy(ret_bytes, *text, left);
	*text += left;
	return left;
}

/* A file that is too much for the memory is CLYDE_ERROR_SVF, with its line. */
static int play(struct clyde_jtag *jtag, const char *text)
{
	int result = clyde_jtag_svf(jtag, NULL, read_svf, &text, NULL);

	return result == CLYDE_ERROR_SVF &&
			strstr(clyde_error_message(), ": out of memory")
		? CLYDE_ERROR_NO_MEMORY
		: result;
}

/* No target: what is received does not count. */
static void use_jtag(struct program *program, struct clyde_jtag *jtag)
{
	const char *text = "HDR 1 TDI (1); SDR 9 TDI (155) TDO (0) MASK (0);";
	uint8_t bits[2];
	const struct clyde_jtag_step step = {.kind = CLYDE_JTAG_DR,
		.bits = 9,
		.in = bits,
		.state = CLYDE_TAP_IDLE};
	uint64_t ticket;
	size_t failed;

	TRY(clyde_jtag_configure(jtag, 12000000, 0, NULL));
	TRY(clyde_jtag_reset(jtag, TIMEOUT_MS));
	if (TRY(clyde_jtag_submit(jtag, &step, 1, 0, &ticket, TIMEOUT_MS)) >= 0)
		TRY(clyde_jtag_collect(jtag, ticket, TIMEOUT_MS));
	assert_int_equal(clyde_jtag_failed(jtag, &failed), 0);
	TRY(play(jtag, text));
}

void program_jtag(struct program *program)
{
	const struct clyde_jtag_options options = {
		.tck = "A0", .tms = "A1", .tdi = "A2", .tdo = "A3"};
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	struct clyde_jtag *jtag;

	assert_int_equal(clyde_supply_parse("A=3.3", 3, supply), 0);
	if (!open_device(program) ||
		TRY(clyde_fpga_load_image(program->device)) < 0 ||
		TRY(clyde_supply_apply(program->device, supply)) < 0 ||
		TRY(clyde_jtag_open(program->device, &options, &jtag)) < 0)
		return;
	use_jtag(program, jtag);
	clyde_jtag_close(jtag);
}

/* Bits behind a header, of which there are too many to go with other steps; of
   the others some are compared. */
#define SVF_DIGITS 16500

static const char *svf_text(void)
{
	static char text[SVF_DIGITS + 300];
	int used = snprintf(text, sizeof(text),
		"FREQUENCY 12E6 HZ;\nSTATE RESET;\n"
		"SDR 32 TDI (0) TDO (0362D093);\n"
		"SIR 6 TDI (3F) TDO (01) MASK (03);\nHDR 1 TDI (0);\n"
		"SDR 40 TDI (0123456789) TDO (02468ACF12) MASK (FFFFFFFFFE);\n"
		"RUNTEST 10 TCK;\nSDR %d TDI (",
		4 * SVF_DIGITS);

	memset(text + used, '5', SVF_DIGITS);
	strcpy(text + used + SVF_DIGITS, ");\n");
	return text;
}

void program_svf(struct program *program)
{
	const struct clyde_jtag_options options = {.tck = "B0",
		.tms = "B1",
		.tdi = "B2",
		.tdo = "B3",
		.rate_hz = 24000000};
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	struct clyde_jtag *jtag;
	struct clyde_tap tap;
	uint32_t ir_bits;
	int result;

	assert_int_equal(clyde_supply_parse("B=3.3", 3, supply), 0);
	if (!open_device(program) ||
		TRY(clyde_fpga_load_image(program->device)) < 0 ||
		TRY(clyde_supply_apply(program->device, supply)) < 0 ||
		TRY(clyde_jtag_open(program->device, &options, &jtag)) < 0)
		return;
	result = TRY(clyde_jtag_chain(jtag, &tap, 1, &ir_bits, TIMEOUT_MS));
	if (result >= 0) {
		assert_int_equal(result, 1);
		assert_int_equal(tap.idcode, 0x0362d093);
		assert_int_equal(ir_bits, 6);
	}
	TRY(play(jtag, svf_text()));
	clyde_jtag_close(jtag);
}

/* A page in the middle of a sector, whose other bytes are programmed before. */
static void use_flash(struct program *program, struct clyde_flash *flash)
{
	static uint8_t data[600], found[600];
	unsigned bits;

	memset(data, 0x5a, sizeof(data));
	TRY(clyde_flash_erase(flash, 0, 4096, NULL));
	TRY(clyde_flash_program(flash, 100, data, sizeof(data), NULL));
	TRY(clyde_flash_verify(flash, 100, data, sizeof(data), NULL));
	data[0] = 0xa5;
	TRY(clyde_flash_write(flash, 200, data, 1, NULL));
	TRY(clyde_flash_protection_set(flash, 0));
	TRY(clyde_flash_protection_get(flash, &bits));
	if (TRY(clyde_flash_read(flash, 101, found, 599, NULL)) < 0 ||
		!program->again)
		return;
	assert_int_equal(found[99], 0xa5);
	found[99] = 0x5a;
	assert_memory_equal(found, data + 1, 599);
}

void program_flash(struct program *program)
{
	const struct clyde_spi_options options = {.sck = "B1",
		.io = {"B2", "B3", "B4", "B5"},
		.cs = {"B0"},
		.rate_hz = 24000000};
	const struct clyde_flash_options reset = {.lanes = 4, .reset = true};
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	struct clyde_flash *flash;
	struct clyde_spi *spi;

	assert_int_equal(clyde_supply_parse("B=3.3", 3, supply), 0);
	if (!open_device(program) ||
		TRY(clyde_fpga_load_image(program->device)) < 0 ||
		TRY(clyde_supply_apply(program->device, supply)) < 0 ||
		TRY(clyde_spi_open(program->device, &options, &spi)) < 0)
		return;
	if (TRY(clyde_flash_open(spi, &reset, &flash)) >= 0) {
		use_flash(program, flash);
		clyde_flash_close(flash);
	}
	clyde_spi_close(spi);
}

void (*const program_parts[PROGRAM_PARTS])(struct program *program) = {
	program_list, program_monitor, program_load_firmware,
	program_load_image, program_command, program_stream, program_watch,
	program_run, program_spi, program_flash, program_jtag, program_svf};
