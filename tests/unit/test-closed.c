/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Makes every call of clyde.h with a closed handle, with NULL, with a number
   that is no handle, and with a handle of another kind.  Each call must return
   the right error and its sentence, and must do nothing else. */
#include "tests/support/clyde-test.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/base/handle.h"

static void listen(void *user, enum clyde_log_level level, int64_t time_ns,
	const char *line)
{
	(void)user;
	(void)level;
	(void)time_ns;
	(void)line;
}

/* What every call must return for the handle under test, and its sentence. */
static int expected_result = CLYDE_ERROR_CLOSED;
static const char *expected_text = "it is closed";

static void expect(int result, const char *text)
{
	expected_result = result;
	expected_text = text;
}

static void assert_refused(int result)
{
	assert_int_equal(result, expected_result);
	assert_string_equal(clyde_error_message(), expected_text);
}

/* A close function that returns nothing leaves a sentence if the handle is of
   another kind.  The call before it leaves another sentence. */
static void assert_not_closed(void (*close)(void *handle), void *handle)
{
	clyde_pipe_cancel(NULL);
	close(handle);
	if (expected_result != CLYDE_ERROR_CLOSED)
		assert_string_equal(clyde_error_message(), expected_text);
}

static void close_context(void *handle)
{
	clyde_context_close(handle);
}

static void close_device(void *handle)
{
	clyde_device_close(handle);
}

static void close_pipe(void *handle)
{
	clyde_pipe_close(handle);
}

static void close_jtag(void *handle)
{
	clyde_jtag_close(handle);
}

static void close_spi(void *handle)
{
	clyde_spi_close(handle);
}

static void close_monitor(void *handle)
{
	clyde_monitor_close(handle);
}

static void close_run(void *handle)
{
	clyde_run_close(handle);
}

static void close_flash(void *handle)
{
	clyde_flash_close(handle);
}

static void no_flash_works(struct clyde_flash *flash)
{
	struct clyde_flash_info info;
	uint8_t byte = 0;
	unsigned bits;

	assert_refused(clyde_flash_info(flash, &info));
	assert_refused(clyde_flash_read(flash, 0, &byte, 1, NULL));
	assert_refused(clyde_flash_verify(flash, 0, &byte, 1, NULL));
	assert_refused(clyde_flash_erase(flash, 0, 4096, NULL));
	assert_refused(clyde_flash_erase_chip(flash, NULL));
	assert_refused(clyde_flash_program(flash, 0, &byte, 1, NULL));
	assert_refused(clyde_flash_write(flash, 0, &byte, 1, NULL));
	assert_refused(clyde_flash_protection_get(flash, &bits));
	assert_refused(clyde_flash_protection_set(flash, 0));
	assert_not_closed(close_flash, flash);
}

static void no_context_works(struct clyde_context *context)
{
	struct clyde_device_info *list;
	struct clyde_device *device;
	struct clyde_monitor *monitor;
	struct clyde_run *run;
	struct clyde_factory factory = {0};
	char text[8], uri[CLYDE_URI_SIZE];

	assert_refused(clyde_context_notice(context, text, sizeof(text)));
	assert_refused(
		clyde_context_log(context, CLYDE_LOG_ERROR, listen, NULL));
	assert_refused(clyde_context_capture(context, "/dev/null"));
	clyde_context_interrupt(context);
	clyde_context_resume(context);
	assert_refused(clyde_device_list(context, "virtual:", &list));
	assert_refused(clyde_device_open(context, "virtual:", NULL, &device));
	assert_refused(
		clyde_firmware_load(context, "virtual:", NULL, "", 0, uri));
	assert_refused(
		clyde_firmware_try(context, "virtual:", NULL, "", 0, uri));
	assert_refused(clyde_factory(context, "virtual:", &factory, NULL));
	assert_refused(clyde_monitor_new(context, "virtual:", &monitor));
	assert_refused(clyde_run_new(context, "benchmark", &run));
	assert_not_closed(close_context, context);
	assert_int_equal(clyde_close_token(clyde_context_token(context)),
		CLYDE_ERROR_CLOSED);
}

static void no_query_works(struct clyde_device *device)
{
	struct clyde_device_info info;
	struct clyde_config config;
	uint8_t bytes[64] = {0};
	int64_t now;

	assert_refused(clyde_device_info(device, &info));
	assert_null(clyde_device_link(device));
	assert_refused(clyde_device_now(device, &now));
	assert_refused(clyde_device_real_time(device));
	assert_refused(clyde_device_sleep(device, 1));
	assert_refused(clyde_device_poll_fd(device));
	assert_refused(clyde_device_process(device));
	assert_refused(clyde_fpga_status(device, bytes));
	assert_refused(clyde_fpga_load(device, bytes, sizeof(bytes), bytes));
	assert_refused(clyde_fpga_load_image(device));
	assert_refused(clyde_register_read(device, 0x10, bytes, 1));
	assert_refused(clyde_register_write(device, 0x10, bytes, 1));
	assert_refused(clyde_eeprom_read(device, 0, bytes, 1));
	assert_refused(clyde_eeprom_write(device, 0, bytes, 1));
	assert_refused(clyde_config_read(device, &config));
	assert_refused(clyde_flash_firmware(device, bytes, 1, NULL));
	assert_refused(clyde_flash_holds(device));
	assert_refused(clyde_flash_remove_firmware(device, NULL));
	assert_refused(clyde_flash_bitstream(device, bytes, 1, bytes, NULL));
	assert_refused(clyde_flash_remove_bitstream(device));
	assert_refused(clyde_flash_webusb(device, true));
	assert_refused(clyde_flash_restore(device, bytes, 1, NULL));
}

static void no_port_call_works(struct clyde_device *device)
{
	uint64_t value;
	struct clyde_supply supply[CLYDE_PORT_COUNT] = {0};
	struct clyde_alerts alerts = {0};
	unsigned mv[CLYDE_PORT_COUNT];
	uint8_t down[CLYDE_PORT_COUNT], up[CLYDE_PORT_COUNT];
	int ua[CLYDE_PORT_COUNT];

	assert_refused(clyde_core_attach(device, CLYDE_CORE_UART, NULL, 0));
	assert_refused(
		clyde_core_read(device, CLYDE_CORE_UART, "control", &value));
	assert_refused(clyde_core_write(device, CLYDE_CORE_UART, "control", 0));
	assert_refused(clyde_device_ports(device));
	assert_refused(clyde_supply_set(device, 1, 3300));
	assert_refused(clyde_supply_get(device, mv));
	assert_refused(clyde_supply_apply(device, supply));
	assert_refused(clyde_supply_limit_set(device, 1, 3300));
	assert_refused(clyde_supply_limit_get(device, mv));
	assert_refused(clyde_sense_get(device, mv));
	assert_refused(clyde_supply_current_get(device, ua));
	assert_refused(clyde_supply_window_set(device, 1, 3000, 3600));
	assert_refused(clyde_supply_window_get(device, mv, mv));
	assert_refused(clyde_supply_current_limit_set(device, 1, 1000));
	assert_refused(clyde_supply_current_limit_get(device, mv));
	assert_refused(clyde_pulls_set(device, 1, 0, 1));
	assert_refused(clyde_pulls_get(device, down, up));
	assert_refused(clyde_levels_get(device, up));
	assert_refused(clyde_alerts_get(device, &alerts));
	assert_refused(clyde_alerts_clear(device, &alerts));
	assert_refused(clyde_alerts_take(device, &alerts));
	assert_refused(clyde_device_safe(device));
}

static void no_device_works(struct clyde_device *device)
{
	struct clyde_pipe *pipe;

	no_query_works(device);
	no_port_call_works(device);
	assert_refused(
		clyde_pipe_open(device, CLYDE_PIPE_EP2_OUT, NULL, &pipe));
	assert_not_closed(close_device, device);
	assert_int_equal(clyde_close_token(clyde_device_token(device)),
		CLYDE_ERROR_CLOSED);
}

static void no_pipe_works(struct clyde_pipe *pipe)
{
	uint64_t offset;
	struct clyde_pipe_stats stats;
	uint8_t bytes[16] = {0};
	void *region;

	assert_refused(clyde_pipe_read(pipe, bytes, sizeof(bytes), 1));
	assert_refused(clyde_pipe_read_some(pipe, bytes, sizeof(bytes), 1));
	assert_refused(clyde_pipe_write(pipe, bytes, sizeof(bytes), 1));
	assert_refused(clyde_pipe_flush(pipe, 1));
	assert_refused(clyde_pipe_push(pipe));
	assert_refused(clyde_pipe_acquire(pipe, &region, 1));
	assert_refused(clyde_pipe_release(pipe, 1));
	assert_refused(clyde_pipe_cancel(pipe));
	assert_refused(clyde_pipe_resume(pipe));
	assert_refused(clyde_pipe_reset(pipe));
	assert_refused(clyde_pipe_set_idle_flush(pipe, 4000));
	assert_refused(clyde_pipe_offset(pipe, &offset));
	assert_refused(clyde_pipe_stats(pipe, &stats));
	assert_not_closed(close_pipe, pipe);
	assert_int_equal(
		clyde_close_token(clyde_pipe_token(pipe)), CLYDE_ERROR_CLOSED);
}

static void no_run_works(struct clyde_run *run, struct clyde_device *device)
{
	struct clyde_observer observer = {0};

	assert_refused(clyde_run_set(run, "count", "1KiB"));
	assert_refused(clyde_run_streams(run));
	assert_refused(clyde_run_attach(run, -1, -1));
	assert_refused(clyde_run_claim(run, device));
	assert_refused(clyde_run_check(run, NULL));
	assert_refused(clyde_run_start(run, device, NULL, &observer));
	assert_not_closed(close_run, run);
}

static void no_monitor_works(struct clyde_monitor *monitor)
{
	struct clyde_monitor_event event;

	assert_refused(clyde_monitor_next(monitor, &event, 1));
	assert_refused(clyde_monitor_next(monitor, &event, -1));
	assert_refused(clyde_monitor_poll_fd(monitor));
	assert_not_closed(close_monitor, monitor);
	assert_int_equal(clyde_close_token(clyde_monitor_token(monitor)),
		CLYDE_ERROR_CLOSED);
}

static void no_spi_works(struct clyde_spi *spi)
{
	uint64_t ticket = 0;
	size_t step;

	assert_refused(clyde_spi_configure(spi, 0, 0, 0, NULL));
	assert_refused(clyde_spi_submit(spi, 0, NULL, 0, 0, &ticket, 1));
	assert_refused(clyde_spi_collect(spi, 1, 1));
	assert_refused(clyde_spi_failed(spi, &step));
	assert_refused(clyde_spi_transfer(spi, 0, NULL, 0, 1));
	assert_not_closed(close_spi, spi);
	assert_int_equal(
		clyde_close_token(clyde_spi_token(spi)), CLYDE_ERROR_CLOSED);
}

static void no_jtag_works(struct clyde_jtag *jtag)
{
	const struct clyde_jtag_step step = {.kind = CLYDE_JTAG_STATE};
	uint64_t ticket = 0;
	size_t failed;

	assert_refused(clyde_jtag_configure(jtag, 0, 0, NULL));
	assert_refused(clyde_jtag_find_delay(jtag, NULL, 1));
	assert_refused(clyde_jtag_submit(jtag, &step, 1, 0, &ticket, 1));
	assert_refused(clyde_jtag_collect(jtag, 1, 1));
	assert_refused(clyde_jtag_failed(jtag, &failed));
	assert_refused(clyde_jtag_transfer(jtag, &step, 1, 1));
	assert_refused(clyde_jtag_state(jtag));
	assert_refused(clyde_jtag_shift(jtag, 1, NULL, NULL, NULL, 1));
	assert_refused(clyde_jtag_ir(jtag, 1, NULL, NULL, CLYDE_TAP_IDLE, 1));
	assert_refused(clyde_jtag_dr(jtag, 1, NULL, NULL, CLYDE_TAP_IDLE, 1));
	assert_refused(clyde_jtag_run(jtag, 1, 1));
	assert_refused(clyde_jtag_go(jtag, CLYDE_TAP_IDLE, 1));
	assert_refused(clyde_jtag_reset(jtag, 1));
	assert_refused(clyde_jtag_pins(jtag, 0, 1));
	assert_refused(clyde_jtag_chain(jtag, NULL, 0, NULL, 1));
	assert_refused(clyde_jtag_svf(jtag, NULL, NULL, NULL, NULL));
	assert_not_closed(close_jtag, jtag);
	assert_int_equal(
		clyde_close_token(clyde_jtag_token(jtag)), CLYDE_ERROR_CLOSED);
}

static struct clyde_jtag *open_jtag(const struct fixture *fixture)
{
	static const struct clyde_jtag_options options = {
		.tck = "A0", .tms = "A1", .tdi = "A2", .tdo = "A3"};
	struct clyde_jtag *jtag;

	assert_int_equal(clyde_jtag_open(fixture->device, &options, &jtag), 0);
	return jtag;
}

static struct clyde_spi *open_spi(const struct fixture *fixture)
{
	static const struct clyde_spi_options options = {
		.sck = "A1", .io = {"A2", "A4"}, .cs = {"A5"}};
	struct clyde_supply supply[CLYDE_PORT_COUNT] = {0};
	struct clyde_spi *spi;

	assert_int_equal(clyde_fpga_load_image(fixture->device), 0);
	assert_int_equal(clyde_supply_parse("A=3.3", 3, supply), 0);
	assert_int_equal(clyde_supply_apply(fixture->device, supply), 0);
	assert_int_equal(clyde_spi_open(fixture->device, &options, &spi), 0);
	return spi;
}

static void every_call_with_a_closed_handle_is_refused(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	struct clyde_spi *spi = open_spi(&fixture);
	struct clyde_monitor *monitor;
	struct clyde_jtag *jtag;
	struct clyde_pipe *pipe;
	struct clyde_run *run;

	(void)state;
	assert_int_equal(
		clyde_monitor_new(fixture.context, "virtual:", &monitor), 0);
	clyde_monitor_close(monitor);
	no_monitor_works(monitor);
	clyde_spi_close(spi);
	no_spi_works(spi);
	jtag = open_jtag(&fixture);
	clyde_jtag_close(jtag);
	no_jtag_works(jtag);
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP2_OUT,
				 NULL, &pipe),
		0);
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	clyde_run_close(run);
	no_run_works(run, fixture.device);
	clyde_pipe_close(pipe);
	no_pipe_works(pipe);
	clyde_device_close(fixture.device);
	no_device_works(fixture.device);
	close_fixture(&fixture);
	no_context_works(fixture.context);
}

static void every_call_with_null_is_refused(void **state)
{
	(void)state;
	expect(CLYDE_ERROR_CLOSED, "the handle is NULL");
	no_run_works(NULL, NULL);
	no_flash_works(NULL);
	assert_refused(clyde_flash_open(NULL, NULL, NULL));
	no_pipe_works(NULL);
	no_monitor_works(NULL);
	no_spi_works(NULL);
	no_jtag_works(NULL);
	no_device_works(NULL);
	no_context_works(NULL);
	clyde_device_list_free(NULL);
	expect(CLYDE_ERROR_CLOSED, "it is closed");
}

/* An address is not a handle, and neither is any number that the library did
   not return. */
static void every_call_with_a_number_that_is_no_handle_is_refused(void **state)
{
	static const uintptr_t numbers[] = {1, 2, 3, UINTPTR_MAX,
		UINTPTR_MAX - 3, (uintptr_t)&expected_result};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		void *handle = (void *)numbers[i];

		no_run_works(handle, handle);
		no_flash_works(handle);
		no_pipe_works(handle);
		no_monitor_works(handle);
		no_spi_works(handle);
		no_jtag_works(handle);
		no_device_works(handle);
		no_context_works(handle);
	}
}

enum kind { CONTEXT, DEVICE, PIPE, RUN, MONITOR, SPI, FLASH, JTAG, KINDS };

static void no_other_kind_works(
	enum kind is, void *handle, struct clyde_device *device)
{
	static const char *const names[] = {"context", "device", "pipe", "run",
		"monitor", "SPI core", "flash chip", "JTAG controller"};

	for (int kind = 0; kind < KINDS; kind++) {
		char text[64];

		if (kind == (int)is)
			continue;
		snprintf(text, sizeof(text),
			"this handle is a %s's, not a %s's", names[is],
			names[kind]);
		expect(CLYDE_ERROR_WRONG_HANDLE, text);
		if (kind == CONTEXT)
			no_context_works(handle);
		else if (kind == DEVICE)
			no_device_works(handle);
		else if (kind == PIPE)
			no_pipe_works(handle);
		else if (kind == MONITOR)
			no_monitor_works(handle);
		else if (kind == SPI)
			no_spi_works(handle);
		else if (kind == FLASH)
			no_flash_works(handle);
		else if (kind == JTAG)
			no_jtag_works(handle);
		else
			no_run_works(handle, device);
	}
	expect(CLYDE_ERROR_CLOSED, "it is closed");
}

static void every_call_with_a_handle_of_another_kind_is_refused(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	struct clyde_observer observer = {0};
	struct clyde_monitor *monitor;
	struct clyde_spi *spi = open_spi(&fixture);
	struct clyde_jtag *jtag;
	struct clyde_pipe *pipe;
	struct clyde_run *run;

	(void)state;
	no_other_kind_works(SPI, spi, fixture.device);
	clyde_spi_close(spi);
	jtag = open_jtag(&fixture);
	no_other_kind_works(JTAG, jtag, fixture.device);
	clyde_jtag_close(jtag);
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP2_OUT,
				 NULL, &pipe),
		0);
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	assert_int_equal(
		clyde_monitor_new(fixture.context, "virtual:", &monitor), 0);
	no_other_kind_works(MONITOR, monitor, fixture.device);
	no_other_kind_works(CONTEXT, fixture.context, fixture.device);
	no_other_kind_works(DEVICE, fixture.device, fixture.device);
	no_other_kind_works(PIPE, pipe, fixture.device);
	no_other_kind_works(RUN, run, fixture.device);
	expect(CLYDE_ERROR_WRONG_HANDLE,
		"this handle is a pipe's, not a device's");
	assert_refused(clyde_run_claim(run, (void *)pipe));
	assert_refused(clyde_run_start(run, (void *)pipe, NULL, &observer));
	expect(CLYDE_ERROR_CLOSED, "it is closed");
	assert_int_equal(clyde_live_objects(), 5);
	assert_int_equal(clyde_pipe_flush(pipe, 1), 0);
	/* A token of any kind can be closed. */
	assert_int_equal(clyde_close_token((uintptr_t)run), 0);
	assert_int_equal(clyde_close_token((uintptr_t)pipe), 0);
	close_fixture(&fixture);
}

/* As after 2^29 objects on a machine whose pointers have 32 bits. */
static void objects_are_refused_once_there_are_no_handles_left(void **state)
{
	static const char *const sentence = "this process has made as many "
					    "objects as there are handles";
	struct fixture fixture = open_uri("virtual:configured=1");
	struct clyde_context *context;
	struct clyde_device *device;
	struct clyde_pipe *pipe, *other;
	struct clyde_run *run;

	(void)state;
	clyde_device_close(fixture.device);
	object_limit(2);
	assert_int_equal(clyde_device_open(fixture.context,
				 "virtual:configured=1", NULL, &fixture.device),
		0);
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP2_OUT,
				 NULL, &pipe),
		0);
	expect(CLYDE_ERROR_EXHAUSTED, sentence);
	for (int i = 0; i < 3; i++) {
		assert_refused(clyde_context_new(&context));
		assert_refused(clyde_device_open(
			fixture.context, "virtual:", NULL, &device));
		assert_refused(clyde_pipe_open(
			fixture.device, CLYDE_PIPE_EP6_IN, NULL, &other));
		assert_refused(
			clyde_run_new(fixture.context, "benchmark", &run));
	}
	expect(CLYDE_ERROR_CLOSED, "it is closed");
	assert_int_equal(clyde_live_objects(), 3);
	assert_int_equal(clyde_pipe_flush(pipe, 1), 0);
	object_limit(UINT64_MAX);
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN,
				 NULL, &other),
		0);
	close_fixture(&fixture);
}

static void a_run_cannot_start_on_a_closed_device(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	struct clyde_observer observer = {0};
	struct clyde_run *run;

	(void)state;
	assert_int_equal(clyde_run_new(fixture.context, "gpio", &run), 0);
	assert_int_equal(clyde_run_set(run, "action", "A0"), 0);
	assert_int_equal(clyde_run_claim(run, fixture.device), 0);
	clyde_device_close(fixture.device);
	assert_refused(clyde_run_check(run, NULL));
	assert_refused(clyde_run_claim(run, fixture.device));
	assert_refused(clyde_run_start(run, fixture.device, NULL, &observer));
	close_fixture(&fixture);
}

static void a_run_cannot_start_on_a_device_of_another_context(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	struct fixture other = open_uri("virtual:");
	struct clyde_run *run;

	(void)state;
	assert_int_equal(clyde_run_new(fixture.context, "gpio", &run), 0);
	assert_int_equal(
		clyde_run_claim(run, other.device), CLYDE_ERROR_INVALID);
	assert_says("are of two contexts");
	assert_int_equal(clyde_run_new(fixture.context, "nonesuch", &run),
		CLYDE_ERROR_INVALID);
	assert_says("nonesuch: no such applet");
	clyde_context_close(other.context);
	close_fixture(&fixture);
}

static void assert_null_is_refused(ssize_t result, const char *sentence)
{
	assert_int_equal(result, CLYDE_ERROR_INVALID);
	assert_string_equal(clyde_error_message(), sentence);
}

static void a_text_that_is_null_is_refused(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	struct clyde_pin pins[CLYDE_PINS_MAX];
	struct clyde_run *run;

	(void)state;
	assert_null_is_refused(
		clyde_supply_parse(NULL, 3, supply), "text is NULL");
	assert_null_is_refused(clyde_pins_parse(NULL, pins), "text is NULL");
	assert_null(clyde_applet_find(NULL));
	assert_null_is_refused(
		clyde_run_new(fixture.context, NULL, &run), "applet is NULL");
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	assert_null_is_refused(
		clyde_run_set(run, NULL, "1KiB"), "name is NULL");
	assert_null_is_refused(
		clyde_run_set(run, "count", NULL), "value is NULL");
	assert_int_equal(clyde_run_set(run, "count", "1KiB"), 0);
	close_fixture(&fixture);
}

static void bytes_that_are_null_are_refused_unless_there_are_none(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	static const uint8_t id[CLYDE_FPGA_ID_SIZE] = {1};
	struct clyde_pipe *out, *in;

	(void)state;
	assert_int_equal(
		clyde_pipe_open(fixture.device, CLYDE_PIPE_EP2_OUT, NULL, &out),
		0);
	assert_int_equal(
		clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN, NULL, &in),
		0);
	assert_null_is_refused(
		clyde_pipe_write(out, NULL, 1, 0), "data is NULL");
	assert_null_is_refused(clyde_pipe_read(in, NULL, 1, 0), "data is NULL");
	assert_null_is_refused(
		clyde_pipe_read_some(in, NULL, 1, 0), "data is NULL");
	assert_int_equal(clyde_pipe_write(out, NULL, 0, 0), 0);
	assert_int_equal(clyde_pipe_read(in, NULL, 0, 0), 0);
	assert_null_is_refused(clyde_core_attach(fixture.device,
				       CLYDE_CORE_BENCHMARK, NULL, 1),
		"pipes is NULL");
	assert_null_is_refused(
		clyde_core_write(fixture.device, CLYDE_CORE_BENCHMARK, NULL, 1),
		"name is NULL");
	assert_null_is_refused(
		clyde_supply_apply(fixture.device, NULL), "supply is NULL");
	assert_null_is_refused(
		clyde_register_read(fixture.device, 0x10, NULL, 1),
		"data is NULL");
	assert_null_is_refused(
		clyde_register_write(fixture.device, 0x10, NULL, 1),
		"data is NULL");
	assert_null_is_refused(
		clyde_eeprom_read(fixture.device, 0, NULL, 1), "data is NULL");
	assert_null_is_refused(
		clyde_eeprom_write(fixture.device, 0, NULL, 1), "data is NULL");
	assert_null_is_refused(clyde_fpga_load(fixture.device, NULL, 1, id),
		"bitstream is NULL");
	assert_null_is_refused(
		clyde_flash_firmware(fixture.device, NULL, 1, NULL),
		"data is NULL");
	assert_null_is_refused(
		clyde_flash_bitstream(fixture.device, NULL, 1, id, NULL),
		"bitstream is NULL");
	assert_null_is_refused(
		clyde_flash_bitstream(fixture.device, id, 1, NULL, NULL),
		"id is NULL");
	assert_null_is_refused(
		clyde_flash_restore(fixture.device, NULL, 32768, NULL),
		"backup is NULL");
	assert_null_is_refused(
		clyde_factory(fixture.context, "virtual:", NULL, NULL),
		"factory is NULL");
	assert_null_is_refused(
		clyde_fpga_load(fixture.device, id, 1, NULL), "id is NULL");
	assert_null_is_refused(
		clyde_alerts_clear(fixture.device, NULL), "alerts is NULL");
	assert_null_is_refused(clyde_firmware_load(fixture.context,
				       "virtual:", NULL, NULL, 1, NULL),
		"data is NULL");
	close_fixture(&fixture);
}

#define CONTEXTS 1024

static void more_contexts_than_there_can_be_are_refused_and_leave_nothing(
	void **state)
{
	static struct clyde_context *contexts[CONTEXTS];
	struct clyde_context *one;

	(void)state;
	for (unsigned i = 0; i < CONTEXTS; i++)
		assert_int_equal(clyde_context_new(&contexts[i]), 0);
	assert_int_equal(clyde_context_new(&one), CLYDE_ERROR_EXHAUSTED);
	assert_string_equal(
		clyde_error_message(), "too many contexts are open");
	clyde_context_close(contexts[CONTEXTS / 2]);
	assert_int_equal(clyde_context_new(&contexts[CONTEXTS / 2]), 0);
	for (unsigned i = 0; i < CONTEXTS; i++)
		clyde_context_close(contexts[i]);
	assert_int_equal(clyde_live_objects(), 0);
}

static void a_bitstream_of_nothing_is_refused(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	uint8_t id[CLYDE_FPGA_ID_SIZE] = {0};

	(void)state;
	assert_int_equal(clyde_fpga_load(fixture.device, id, 0, id),
		CLYDE_ERROR_INVALID);
	assert_says("a bitstream of 0 bytes");
#if SIZE_MAX > UINT32_MAX
	assert_int_equal(
		clyde_fpga_load(fixture.device, id, (size_t)UINT32_MAX + 1, id),
		CLYDE_ERROR_INVALID);
	assert_says("a bitstream of 4294967296 bytes");
#endif
	close_fixture(&fixture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_with_a_closed_handle_is_refused),
		cmocka_unit_test(every_call_with_null_is_refused),
		cmocka_unit_test(
			every_call_with_a_number_that_is_no_handle_is_refused),
		cmocka_unit_test(
			every_call_with_a_handle_of_another_kind_is_refused),
		cmocka_unit_test(
			objects_are_refused_once_there_are_no_handles_left),
		cmocka_unit_test(a_run_cannot_start_on_a_closed_device),
		cmocka_unit_test(
			a_run_cannot_start_on_a_device_of_another_context),
		cmocka_unit_test(
			more_contexts_than_there_can_be_are_refused_and_leave_nothing),
		cmocka_unit_test(a_bitstream_of_nothing_is_refused),
		cmocka_unit_test(a_text_that_is_null_is_refused),
		cmocka_unit_test(
			bytes_that_are_null_are_refused_unless_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
