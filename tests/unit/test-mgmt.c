/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests management commands by the public API against a device with faults:
   each failure has its own result and sentence, and the next command works.
   Also the FPGA's bitstream and registers. */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#include "wire/mgmt.h"
#include "wire/regs.h"

#define STATUS "0x22" /* FPGA_STATUS. */

static int ask(const char *fault, struct fixture *fixture, uint8_t *id)
{
	char uri[128];

	snprintf(uri, sizeof(uri), "virtual:configured=1%s%s",
		*fault ? ",fault=" : "", fault);
	*fixture = open_uri(uri);
	return clyde_fpga_status(fixture->device, id);
}

static void expect(const char *fault, int result, const char *says)
{
	struct fixture fixture;
	uint8_t id[8];

	assert_int_equal(ask(fault, &fixture, id), result);
	assert_says(says);
	/* The failed command must not disturb another one. */
	unsigned mv[4];
	assert_int_equal(clyde_supply_get(fixture.device, mv), 0);
	close_fixture(&fixture);
}

static void a_refusal_is_reported(void **state)
{
	(void)state;
	expect("error@" STATUS, CLYDE_ERROR_REFUSED, "refused FPGA_STATUS");
}

static void a_reply_that_never_comes_ends_at_the_deadline(void **state)
{
	(void)state;
	expect("mute@" STATUS, CLYDE_ERROR_TIMEOUT,
		"did not answer FPGA_STATUS");
}

static void a_command_that_waits_for_ever_ends_at_the_deadline(void **state)
{
	(void)state;
	expect("wait@" STATUS, CLYDE_ERROR_TIMEOUT,
		"WAIT to FPGA_STATUS after 1000");
}

static void a_reply_of_another_serial_is_a_protocol_error(void **state)
{
	(void)state;
	expect("serial@" STATUS, CLYDE_ERROR_PROTOCOL, "carries serial 2");
}

static void a_truncated_reply_is_a_protocol_error(void **state)
{
	(void)state;
	expect("short@" STATUS, CLYDE_ERROR_PROTOCOL, "malformed: 1 bytes");
}

static void an_alert_before_the_reply_is_kept_and_the_reply_is_found(
	void **state)
{
	struct fixture fixture;
	struct clyde_alerts alerts = {{9, 9, 9, 9}, 9};
	uint8_t id[8];

	(void)state;
	assert_int_equal(ask("alert@" STATUS, &fixture, id), 1);
	assert_int_equal(clyde_alerts_take(fixture.device, &alerts), 1);
	assert_int_equal(alerts.ports[0], CLYDE_ALERT_OVERCURRENT);
	assert_int_equal(alerts.ports[1], 0);
	assert_int_equal(alerts.fpga, 0);
	assert_int_equal(clyde_alerts_take(fixture.device, &alerts), 0);
	/* The device holds the alert until it is cleared. */
	assert_int_equal(clyde_alerts_get(fixture.device, &alerts), 0);
	assert_int_equal(alerts.ports[0], CLYDE_ALERT_OVERCURRENT);
	assert_int_equal(clyde_alerts_clear(fixture.device, &alerts), 0);
	assert_int_equal(clyde_alerts_get(fixture.device, &alerts), 0);
	assert_int_equal(alerts.ports[0], 0);
	close_fixture(&fixture);
}

static void serials_wrap_around_and_skip_zero(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	uint8_t id[8];

	(void)state;
	for (int i = 0; i < 600; i++)
		assert_int_equal(clyde_fpga_status(fixture.device, id), 1);
	close_fixture(&fixture);
}

static void an_unconfigured_fpga_has_no_id(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	uint8_t id[8] = "untouch";

	(void)state;
	assert_int_equal(clyde_fpga_status(fixture.device, id), 0);
	assert_string_equal((char *)id, "untouch");
	close_fixture(&fixture);
}

static void the_image_is_loaded_once(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	int64_t start = now_ns(fixture.device), loaded;
	uint8_t id[8];

	(void)state;
	assert_int_equal(clyde_fpga_load_image(fixture.device), 1);
	assert_int_equal(clyde_fpga_status(fixture.device, id), 1);
	loaded = now_ns(fixture.device);
	/* 487 ms for 135100 B at 43.3 instruction cycles each. */
	assert_in_range(loaded - start, 488000000, 517000000);
	assert_int_equal(clyde_fpga_load_image(fixture.device), 0);
	assert_in_range(now_ns(fixture.device) - loaded, 0, 1000000);
	close_fixture(&fixture);
}

static void another_bitstream_replaces_the_image(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	static const uint8_t garbage[1000] = {0x7e};
	uint8_t id[8] = {1};

	(void)state;
	assert_int_equal(
		clyde_fpga_load(fixture.device, garbage, sizeof(garbage), id),
		CLYDE_ERROR_FPGA);
	assert_says("DONE stays low");
	assert_int_equal(clyde_fpga_status(fixture.device, id), 0);
	/* The right bitstream can be loaded after it. */
	assert_int_equal(clyde_fpga_load_image(fixture.device), 1);
	assert_int_equal(clyde_fpga_status(fixture.device, id), 1);
	close_fixture(&fixture);
}

/* The shortest bitstream that configures: a CRC of nothing, and the wake-up. */
static const uint8_t foreign[] = {
	0x7e, 0xaa, 0x99, 0x7e, 0x01, 0x05, 0x22, 0xe5, 0xd0, 0x01, 0x06};

static void an_unknown_bitstream_has_the_registers_of_the_firmware_only(
	void **state)
{
	struct fixture fixture = open_uri("virtual:");
	uint8_t id[8] = "foreign", values[3];

	(void)state;
	assert_int_equal(
		clyde_fpga_load(fixture.device, foreign, sizeof(foreign), id),
		1);
	assert_int_equal(
		clyde_register_read(fixture.device, REG_HEALTH, values, 3), 0);
	assert_int_equal(values[REG_HEALTH], REG_HEALTH_VALUE);
	assert_int_equal(values[REG_PIPE_RESET], 0xf);
	assert_int_equal(values[REG_ALERTS], 0);
	for (unsigned reg = REG_PRIVATE_LAST + 1; reg <= UINT8_MAX; reg++) {
		assert_int_equal(
			clyde_register_read(fixture.device, reg, values, 1),
			CLYDE_ERROR_REFUSED);
		assert_int_equal(
			clyde_register_write(fixture.device, reg, values, 1),
			CLYDE_ERROR_REFUSED);
	}
	assert_int_equal(clyde_fpga_load_image(fixture.device), 1);
	assert_int_equal(
		clyde_register_read(fixture.device, REG_MAP, values, 1), 0);
	close_fixture(&fixture);
}

static void the_pipes_of_an_unknown_bitstream_are_silent(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	struct clyde_pipe *in, *out;
	static uint8_t data[8192];
	uint8_t id[8] = "foreign";

	(void)state;
	assert_int_equal(
		clyde_fpga_load(fixture.device, foreign, sizeof(foreign), id),
		1);
	assert_int_equal(
		clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN, NULL, &in),
		0);
	assert_int_equal(
		clyde_pipe_open(fixture.device, CLYDE_PIPE_EP2_OUT, NULL, &out),
		0);
	assert_int_equal(
		clyde_pipe_write(out, data, sizeof(data), 100), sizeof(data));
	assert_int_equal(clyde_pipe_flush(out, 100), CLYDE_ERROR_TIMEOUT);
	assert_int_equal(
		clyde_pipe_read(in, data, 1, 100), CLYDE_ERROR_TIMEOUT);
	close_fixture(&fixture);
}

static void an_fpga_that_does_not_configure_is_reported(void **state)
{
	struct fixture fixture = open_uri("virtual:fault=done");

	(void)state;
	assert_int_equal(
		clyde_fpga_load_image(fixture.device), CLYDE_ERROR_FPGA);
	assert_says("DONE stays low");
	close_fixture(&fixture);
	fixture = open_uri("virtual:fault=health");
	assert_int_equal(
		clyde_fpga_load_image(fixture.device), CLYDE_ERROR_FPGA);
	assert_says("0x5a");
	close_fixture(&fixture);
}

/* The device would say that it runs the image, and the next load be skipped. */
static void an_fpga_without_health_is_reported_at_every_load(void **state)
{
	struct fixture fixture = open_uri("virtual:fault=health");
	uint8_t id[8];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(clyde_fpga_load_image(fixture.device),
			CLYDE_ERROR_FPGA);
		assert_says("0x5a");
		assert_int_equal(clyde_fpga_status(fixture.device, id), 0);
	}
	close_fixture(&fixture);
}

/* The program that has loaded the image may have ended before it checked.
   Register 0 is the health register. */
static void an_image_without_health_is_loaded_again(void **state)
{
	struct fixture fixture =
		open_uri("virtual:configured=1,fault=nack@0:1");

	(void)state;
	assert_int_equal(clyde_fpga_load_image(fixture.device), 1);
	assert_int_equal(clyde_fpga_load_image(fixture.device), 0);
	close_fixture(&fixture);
	fixture = open_uri("virtual:configured=1,fault=health");
	assert_int_equal(
		clyde_fpga_load_image(fixture.device), CLYDE_ERROR_FPGA);
	assert_says("0x5a");
	close_fixture(&fixture);
}

static void the_fpga_is_not_loaded_under_open_pipes(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	struct clyde_pipe *pipe;
	uint8_t id[8] = {1};

	(void)state;
	assert_int_equal(
		clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN, NULL, &pipe),
		0);
	assert_int_equal(
		clyde_fpga_load(fixture.device, "x", 1, id), CLYDE_ERROR_BUSY);
	close_fixture(&fixture);
}

static void registers_out_of_range_are_refused(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	uint8_t data[33] = {0};

	(void)state;
	assert_int_equal(
		clyde_register_read(fixture.device, REG_HEALTH, data, 1), 0);
	assert_int_equal(data[0], 0xa5);
	assert_int_equal(clyde_register_read(fixture.device, 0, data, 33),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_register_write(fixture.device, 2, data, 1),
		CLYDE_ERROR_INVALID);
	assert_says("belongs to the firmware");
	assert_int_equal(
		clyde_register_read(fixture.device, REG_COUNT, data, 1),
		CLYDE_ERROR_REFUSED);
	close_fixture(&fixture);
}

/* The device would be asked for a register whose highest bit is 0. */
static void a_read_of_no_registers_leaves_the_i2c_bus_usable(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	unsigned mv[4];

	(void)state;
	assert_int_equal(
		clyde_register_read(fixture.device, REG_MAP, NULL, 0), 0);
	assert_int_equal(clyde_supply_set(fixture.device, 1, 3300), 0);
	assert_int_equal(clyde_supply_get(fixture.device, mv), 0);
	close_fixture(&fixture);
}

/* A command's deadline is a second after it was sent.  The device leaves a
   microsecond before it, and both are seen at the end of the same microframe. */
static void a_failure_at_the_deadline_is_not_reported_as_a_timeout(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	uint64_t us = now_ns(fixture.device) / 1000 + 999999;
	uint8_t id[8];
	char uri[64];

	(void)state;
	close_fixture(&fixture);
	snprintf(uri, sizeof(uri),
		"virtual:fault=mute@" STATUS ",fault=unplug@%llu",
		(unsigned long long)us);
	fixture = open_uri(uri);
	assert_int_equal(
		clyde_fpga_status(fixture.device, id), CLYDE_ERROR_NO_DEVICE);
	assert_true(now_ns(fixture.device) / 1000 > (int64_t)us);
	close_fixture(&fixture);
}

static void an_interrupt_ends_a_command(void **state)
{
	struct fixture fixture = open_uri("virtual:fault=mute@" STATUS);
	uint8_t id[8];

	(void)state;
	clyde_context_interrupt(fixture.context);
	assert_int_equal(
		clyde_fpga_status(fixture.device, id), CLYDE_ERROR_INTERRUPTED);
	clyde_context_resume(fixture.context);
	assert_int_equal(
		clyde_fpga_status(fixture.device, id), CLYDE_ERROR_TIMEOUT);
	close_fixture(&fixture);
}

static struct {
	struct clyde_context *context;
	unsigned clashes;
} heard;

/* Interrupts at an alert, which comes before the reply to a command. */
static void listen(void *user, enum clyde_log_level level, int64_t time_ns,
	const char *line)
{
	(void)user;
	(void)level;
	(void)time_ns;
	if (strncmp(line, "alert", 5) == 0)
		clyde_context_interrupt(heard.context);
	heard.clashes += strncmp(line, "I2C clash", 9) == 0;
}

/* 0x31 is GET_VSUPPLY, which reads the DACs over I2C, here for 50 ms.  To close
   the pipe, the firmware writes the FPGA's registers over I2C. */
static void a_command_that_is_interrupted_is_over_when_the_call_returns(
	void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1,fault=alert@"
					  "0x31:1,fault=delay@0x31:50000");
	struct clyde_pipe *pipe;
	unsigned mv[4];
	int64_t start;

	(void)state;
	heard.context = fixture.context;
	heard.clashes = 0;
	assert_int_equal(clyde_context_log(fixture.context, CLYDE_LOG_WARNING,
				 listen, NULL),
		0);
	assert_int_equal(
		clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN, NULL, &pipe),
		0);
	start = now_ns(fixture.device);
	assert_int_equal(
		clyde_supply_get(fixture.device, mv), CLYDE_ERROR_INTERRUPTED);
	assert_says("interrupted");
	assert_in_range(now_ns(fixture.device) - start, 50000000, 51000000);
	clyde_pipe_close(pipe);
	assert_int_equal(heard.clashes, 0);
	clyde_context_resume(fixture.context);
	assert_int_equal(clyde_supply_get(fixture.device, mv), 0);
	close_fixture(&fixture);
}

/* The device does not get the request. */
static void a_command_after_an_interrupt_takes_no_time(void **state)
{
	struct fixture fixture = open_uri("virtual:fault=delay@0x31:50000");
	int64_t start = now_ns(fixture.device);
	unsigned mv[4];

	(void)state;
	clyde_context_interrupt(fixture.context);
	assert_int_equal(
		clyde_supply_get(fixture.device, mv), CLYDE_ERROR_INTERRUPTED);
	assert_int_equal(now_ns(fixture.device), start);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_is_reported),
		cmocka_unit_test(a_reply_that_never_comes_ends_at_the_deadline),
		cmocka_unit_test(
			a_command_that_waits_for_ever_ends_at_the_deadline),
		cmocka_unit_test(a_reply_of_another_serial_is_a_protocol_error),
		cmocka_unit_test(a_truncated_reply_is_a_protocol_error),
		cmocka_unit_test(
			an_alert_before_the_reply_is_kept_and_the_reply_is_found),
		cmocka_unit_test(serials_wrap_around_and_skip_zero),
		cmocka_unit_test(an_unconfigured_fpga_has_no_id),
		cmocka_unit_test(the_image_is_loaded_once),
		cmocka_unit_test(another_bitstream_replaces_the_image),
		cmocka_unit_test(
			an_unknown_bitstream_has_the_registers_of_the_firmware_only),
		cmocka_unit_test(the_pipes_of_an_unknown_bitstream_are_silent),
		cmocka_unit_test(an_fpga_that_does_not_configure_is_reported),
		cmocka_unit_test(
			an_fpga_without_health_is_reported_at_every_load),
		cmocka_unit_test(an_image_without_health_is_loaded_again),
		cmocka_unit_test(the_fpga_is_not_loaded_under_open_pipes),
		cmocka_unit_test(registers_out_of_range_are_refused),
		cmocka_unit_test(
			a_read_of_no_registers_leaves_the_i2c_bus_usable),
		cmocka_unit_test(
			a_failure_at_the_deadline_is_not_reported_as_a_timeout),
		cmocka_unit_test(an_interrupt_ends_a_command),
		cmocka_unit_test(
			a_command_that_is_interrupted_is_over_when_the_call_returns),
		cmocka_unit_test(a_command_after_an_interrupt_takes_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
