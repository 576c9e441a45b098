/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests, by the public API, the faults of management commands and of the FPGA's
 * registers: what a call returns, how often a fault strikes, and that the next
 * command works.
 */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#include "wire/core-benchmark.h"
#include "wire/regs.h"

static struct fixture fixture;

static void open_with(const char *fault)
{
	char uri[128];

	snprintf(uri, sizeof(uri), "virtual:configured=1,fault=%s", fault);
	fixture = open_uri(uri);
}

static int ask(void)
{
	uint8_t id[CLYDE_FPGA_ID_SIZE];

	return clyde_fpga_status(fixture.device, id);
}

static void a_fault_strikes_as_often_as_it_says(void **state)
{
	static const struct {
		const char *fault;
		int result;
		const char *says;
	} faults[] = {
		{"error@0x22:2", CLYDE_ERROR_REFUSED, "refused FPGA_STATUS"},
		{"serial@0x22:2", CLYDE_ERROR_PROTOCOL, "carries serial"},
		{"short@0x22:2", CLYDE_ERROR_PROTOCOL, "malformed: 1 bytes"},
		{"mute@0x22:2", CLYDE_ERROR_TIMEOUT,
			"did not answer FPGA_STATUS"},
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		open_with(faults[i].fault);
		for (unsigned times = 0; times < 2; times++) {
			assert_int_equal(ask(), faults[i].result);
			assert_says(faults[i].says);
		}
		assert_int_equal(ask(), 1);
		close_fixture(&fixture);
	}
}

static void a_reply_of_wait_that_ends_is_waited_for(void **state)
{
	int64_t start;

	(void)state;
	open_with("wait@0x22:3");
	start = now_ns(fixture.device);
	assert_int_equal(ask(), 1);
	/* Three pauses of 10 ms. */
	assert_in_range(now_ns(fixture.device) - start, 30000000, 33000000);
	close_fixture(&fixture);
}

static void a_reply_that_comes_late_is_waited_for(void **state)
{
	int64_t start;

	(void)state;
	open_with("delay@0x22:500000");
	start = now_ns(fixture.device);
	assert_int_equal(ask(), 1);
	assert_in_range(now_ns(fixture.device) - start, 500000000, 501000000);
	close_fixture(&fixture);
}

/* The firmware works on the first command until its delay is over. */
static void
a_reply_that_comes_too_late_is_not_taken_for_the_reply_of_the_next_command(
	void **state)
{
	(void)state;
	open_with("delay@0x22:1500000");
	assert_int_equal(ask(), CLYDE_ERROR_TIMEOUT);
	unsigned mv[CLYDE_PORT_COUNT];
	assert_int_equal(clyde_supply_get(fixture.device, mv), 0);
	close_fixture(&fixture);
}

static void a_garbled_reply_is_refused(void **state)
{
	int result;

	(void)state;
	open_with("junk@0x22:1");
	result = ask();
	assert_true(result == CLYDE_ERROR_PROTOCOL ||
		result == CLYDE_ERROR_TIMEOUT);
	assert_says("FPGA_STATUS");
	assert_int_equal(ask(), 1);
	close_fixture(&fixture);
}

static unsigned skipped;

static void count_skipped(void *user, enum clyde_log_level level,
	int64_t time_ns, const char *line)
{
	(void)user;
	(void)level;
	(void)time_ns;
	skipped += strstr(line, "serial 1, is skipped") != NULL;
}

/* The second copy arrives while the next command waits for its reply. */
static void a_repeated_reply_is_skipped_and_logged(void **state)
{
	int64_t start;

	(void)state;
	open_with("twice@0x22:1");
	skipped = 0;
	assert_int_equal(clyde_context_log(fixture.context, CLYDE_LOG_WARNING,
				 count_skipped, NULL),
		0);
	assert_int_equal(ask(), 1);
	start = now_ns(fixture.device);
	assert_int_equal(ask(), 1);
	assert_in_range(now_ns(fixture.device) - start, 0, 1000000);
	assert_int_equal(skipped, 1);
	assert_int_equal(ask(), 1);
	close_fixture(&fixture);
}

static void a_reply_of_a_wrong_serial_is_reported_at_the_deadline(void **state)
{
	int64_t start;

	(void)state;
	open_with("serial@0x22:1");
	start = now_ns(fixture.device);
	assert_int_equal(ask(), CLYDE_ERROR_PROTOCOL);
	assert_says("request 1, carries serial 2");
	assert_in_range(now_ns(fixture.device) - start, 1000000000, 1001000000);
	assert_int_equal(ask(), 1);
	close_fixture(&fixture);
}

static void the_fault_trip_turns_a_port_off_at_the_given_time(void **state)
{
	struct clyde_alerts alerts;
	unsigned mv[CLYDE_PORT_COUNT];

	(void)state;
	open_with("trip@100000");
	assert_int_equal(clyde_supply_set(fixture.device, 3, 3300), 0);
	assert_int_equal(clyde_alerts_take(fixture.device, &alerts), 0);
	assert_int_equal(clyde_device_sleep(fixture.device, 90), 0);
	assert_int_equal(clyde_alerts_take(fixture.device, &alerts), 0);
	assert_int_equal(clyde_device_sleep(fixture.device, 10), 0);
	assert_int_equal(clyde_alerts_take(fixture.device, &alerts), 1);
	assert_int_equal(alerts.ports[0], CLYDE_ALERT_OVERCURRENT);
	assert_int_equal(alerts.ports[1], 0);
	assert_int_equal(clyde_supply_get(fixture.device, mv), 0);
	assert_int_equal(mv[0], 0);
	assert_in_range(mv[1], 3300, 3322);
	close_fixture(&fixture);
}

static void a_register_that_does_not_acknowledge_is_refused(void **state)
{
	uint8_t cores[4] = {0};

	(void)state;
	open_with("nack@0x09");
	/* The registers before and behind it acknowledge. */
	assert_int_equal(
		clyde_register_write(fixture.device, REG_STREAM, cores, 1), 0);
	assert_int_equal(
		clyde_register_write(fixture.device, REG_STREAM + 2, cores, 2),
		0);
	assert_int_equal(
		clyde_register_write(fixture.device, REG_STREAM + 1, cores, 1),
		CLYDE_ERROR_REFUSED);
	assert_says("refused FPGA_SET_REG");
	assert_int_equal(
		clyde_register_write(fixture.device, REG_STREAM, cores, 4),
		CLYDE_ERROR_REFUSED);
	assert_int_equal(
		clyde_register_read(fixture.device, REG_STREAM + 1, cores, 1),
		CLYDE_ERROR_REFUSED);
	assert_int_equal(
		clyde_register_read(fixture.device, REG_STREAM, cores, 4), 0);
	close_fixture(&fixture);
}

static void a_register_fails_to_acknowledge_as_often_as_the_fault_says(
	void **state)
{
	const uint8_t mode = BENCH_IDLE;

	(void)state;
	open_with("nack@0x50:1");
	assert_int_equal(
		clyde_register_write(fixture.device, REG_BENCH_MODE, &mode, 1),
		CLYDE_ERROR_REFUSED);
	assert_int_equal(
		clyde_register_write(fixture.device, REG_BENCH_MODE, &mode, 1),
		0);
	close_fixture(&fixture);
}

/* SET_INTERFACE writes the pipes' resets first. */
/* SET_INTERFACE writes the pipes' resets first. */
static void a_pipe_whose_reset_is_not_acknowledged_does_not_open(void **state)
{
	struct clyde_pipe *pipe;

	(void)state;
	open_with("nack@1");
	assert_int_equal(
		clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN, NULL, &pipe),
		CLYDE_ERROR_STALL);
	assert_says("the device refused to open EP6 IN");
	assert_int_equal(ask(), 1);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_strikes_as_often_as_it_says),
		cmocka_unit_test(a_reply_of_wait_that_ends_is_waited_for),
		cmocka_unit_test(a_reply_that_comes_late_is_waited_for),
		cmocka_unit_test(
			a_reply_that_comes_too_late_is_not_taken_for_the_reply_of_the_next_command),
		cmocka_unit_test(a_garbled_reply_is_refused),
		cmocka_unit_test(a_repeated_reply_is_skipped_and_logged),
		cmocka_unit_test(
			a_reply_of_a_wrong_serial_is_reported_at_the_deadline),
		cmocka_unit_test(
			the_fault_trip_turns_a_port_off_at_the_given_time),
		cmocka_unit_test(
			a_register_that_does_not_acknowledge_is_refused),
		cmocka_unit_test(
			a_register_fails_to_acknowledge_as_often_as_the_fault_says),
		cmocka_unit_test(
			a_pipe_whose_reset_is_not_acknowledged_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
