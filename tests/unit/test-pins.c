/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests pull resistors, pin levels, alerts, and the call that makes a device
   safe, by the public API on a virtual Glasgow. */
#include "tests/support/clyde-test.h"

#define A    0x1
#define B    0x2
#define BOTH 0x3
#define C    0x4

static struct fixture fixture;

static int tear_down(void **state)
{
	(void)state;
	close_fixture(&fixture);
	return 0;
}

static void turn_on(clyde_ports ports)
{
	assert_int_equal(clyde_supply_set(fixture.device, ports, 3300), 0);
}

static void assert_supplies_off(void)
{
	unsigned mv[CLYDE_PORT_COUNT];

	assert_int_equal(clyde_supply_get(fixture.device, mv), 0);
	assert_int_equal(mv[0], 0);
	assert_int_equal(mv[1], 0);
}

static void assert_pulls(unsigned port, uint8_t down, uint8_t up)
{
	uint8_t downs[CLYDE_PORT_COUNT], ups[CLYDE_PORT_COUNT];

	assert_int_equal(clyde_pulls_get(fixture.device, downs, ups), 0);
	assert_int_equal(downs[port], down);
	assert_int_equal(ups[port], up);
}

static void assert_levels(uint8_t a, uint8_t b)
{
	uint8_t levels[CLYDE_PORT_COUNT];

	assert_int_equal(clyde_levels_get(fixture.device, levels), 0);
	assert_int_equal(levels[0], a);
	assert_int_equal(levels[1], b);
	assert_int_equal(levels[2], 0);
	assert_int_equal(levels[3], 0);
}

static void the_levels_follow_the_pulls(void **state)
{
	(void)state;
	fixture = open_uri("virtual:");
	turn_on(BOTH);
	assert_pulls(0, 0, 0);
	assert_int_equal(clyde_pulls_set(fixture.device, A, 0x0f, 0x30), 0);
	assert_pulls(0, 0x0f, 0x30);
	assert_pulls(1, 0, 0);
	assert_levels(0x30, 0);
	assert_int_equal(clyde_pulls_set(fixture.device, BOTH, 0, 0x81), 0);
	assert_pulls(0, 0, 0x81);
	assert_pulls(1, 0, 0x81);
	assert_levels(0x81, 0x81);
}

static void a_pin_with_both_pull_bits_set_keeps_its_pulls(void **state)
{
	(void)state;
	fixture = open_uri("virtual:");
	turn_on(A);
	assert_int_equal(clyde_pulls_set(fixture.device, A, 0x0f, 0xf0), 0);
	assert_int_equal(clyde_pulls_set(fixture.device, A, 0xff, 0xff), 0);
	assert_pulls(0, 0x0f, 0xf0);
	/* Keep pins 0 and 7, swap 1 and 6, release the rest. */
	assert_int_equal(clyde_pulls_set(fixture.device, A, 0xc1, 0x83), 0);
	assert_pulls(0, 0x41, 0x82);
	assert_levels(0x82, 0);
}

/* The expander of a port that is off has no power. */
static void a_port_that_is_off_has_no_levels_and_no_pulls(void **state)
{
	(void)state;
	fixture = open_uri("virtual:");
	assert_levels(0, 0);
	assert_pulls(0, 0, 0);
	assert_pulls(1, 0, 0);
}

static void pulls_are_gone_with_the_supply(void **state)
{
	(void)state;
	fixture = open_uri("virtual:");
	turn_on(A);
	assert_int_equal(clyde_pulls_set(fixture.device, A, 0, 0xff), 0);
	assert_levels(0xff, 0);
	assert_int_equal(clyde_supply_set(fixture.device, A, 0), 0);
	assert_levels(0, 0);
	turn_on(A);
	assert_pulls(0, 0, 0);
	assert_levels(0, 0);
}

/* 600 us: without a load.  Each call has to wait for the supply itself. */
static void pulls_and_levels_wait_for_a_supply_that_rises(void **state)
{
	uint8_t down[CLYDE_PORT_COUNT], up[CLYDE_PORT_COUNT];
	uint8_t levels[CLYDE_PORT_COUNT];

	(void)state;
	fixture = open_uri("virtual:rise=600");
	assert_int_equal(clyde_supply_set(fixture.device, 1, 3300), 0);
	assert_int_equal(clyde_pulls_set(fixture.device, 1, 0x0f, 0xf0), 0);
	assert_int_equal(clyde_supply_set(fixture.device, 2, 3300), 0);
	assert_int_equal(clyde_pulls_get(fixture.device, down, up), 0);
	assert_int_equal(down[0], 0x0f);
	assert_int_equal(up[0], 0xf0);
	assert_int_equal(clyde_supply_set(fixture.device, 2, 0), 0);
	assert_int_equal(clyde_supply_set(fixture.device, 2, 3300), 0);
	assert_int_equal(clyde_levels_get(fixture.device, levels), 0);
	assert_int_equal(levels[0], 0xf0);
}

static void pulls_do_not_wait_for_a_supply_that_never_rises(void **state)
{
	int64_t start;

	(void)state;
	fixture = open_uri("virtual:rise=1000000");
	assert_int_equal(clyde_supply_set(fixture.device, 1, 3300), 0);
	start = now_ns(fixture.device);
	assert_int_equal(clyde_pulls_set(fixture.device, 1, 0xff, 0),
		CLYDE_ERROR_REFUSED);
	assert_says("the device refused SET_PULLS");
	assert_in_range(now_ns(fixture.device) - start, 20000000, 23000000);
	/* Without a supply there is nothing to wait for. */
	start = now_ns(fixture.device);
	assert_int_equal(clyde_pulls_set(fixture.device, 2, 0xff, 0),
		CLYDE_ERROR_REFUSED);
	assert_says("the device refused SET_PULLS");
	assert_in_range(now_ns(fixture.device) - start, 0, 2000000);
}

static void pulls_of_a_port_that_does_not_exist_are_refused(void **state)
{
	(void)state;
	fixture = open_uri("virtual:");
	turn_on(BOTH);
	assert_int_equal(clyde_pulls_set(fixture.device, A | C, 0, 1),
		CLYDE_ERROR_INVALID);
	assert_says("A and B only");
	assert_pulls(0, 0, 0);
}

static void faults_of_the_board_are_seen_in_the_levels(void **state)
{
	(void)state;
	fixture = open_uri("virtual:stuck=A3:0,stuck=B0:1,nopull=A1");
	turn_on(BOTH);
	assert_int_equal(clyde_pulls_set(fixture.device, BOTH, 0, 0xff), 0);
	assert_levels(0xf5, 0xff);
	assert_int_equal(clyde_pulls_set(fixture.device, BOTH, 0xff, 0), 0);
	assert_levels(0, 0x01);
	assert_int_equal(clyde_supply_set(fixture.device, B, 0), 0);
	assert_levels(0, 0);
}

static void a_weak_supply_is_seen_at_its_sense_pin_only(void **state)
{
	unsigned mv[CLYDE_PORT_COUNT];

	(void)state;
	fixture = open_uri("virtual:weak=A:10,senseA=supply,senseB=supply");
	assert_int_equal(clyde_sense_get(fixture.device, mv), 0);
	assert_int_equal(mv[0], 0);
	turn_on(BOTH);
	assert_int_equal(clyde_supply_get(fixture.device, mv), 0);
	assert_int_equal(mv[0], 3322);
	assert_int_equal(clyde_sense_get(fixture.device, mv), 0);
	assert_in_range(mv[0], 2985, 2990);
	assert_in_range(mv[1], 3318, 3322);
}

static void alerts_accumulate_until_they_are_read(void **state)
{
	struct clyde_alerts alerts;

	(void)state;
	fixture = open_uri("virtual:loadA=200000,senseB=3300");
	turn_on(A);
	assert_int_equal(clyde_device_sleep(fixture.device, 10), 0);
	assert_int_equal(
		clyde_supply_window_set(fixture.device, B, 0, 3000), 0);
	assert_int_equal(clyde_device_sleep(fixture.device, 10), 0);
	assert_int_equal(clyde_alerts_take(fixture.device, &alerts), 1);
	assert_int_equal(alerts.ports[0], CLYDE_ALERT_OVERCURRENT);
	assert_int_equal(alerts.ports[1], CLYDE_ALERT_OVERVOLTAGE);
	assert_int_equal(alerts.ports[2], 0);
	assert_int_equal(alerts.fpga, 0);
	memset(&alerts, 0xee, sizeof(alerts));
	assert_int_equal(clyde_alerts_take(fixture.device, &alerts), 0);
	assert_int_equal(alerts.fpga, 0xee); /* Not changed by the call. */
}

static void clearing_affects_only_the_given_alerts(void **state)
{
	struct clyde_alerts alerts = {.ports = {CLYDE_ALERT_OVERVOLTAGE, 0xff}};

	(void)state;
	fixture = open_uri("virtual:loadA=200000");
	turn_on(A);
	assert_int_equal(clyde_alerts_clear(fixture.device, &alerts), 0);
	assert_int_equal(clyde_alerts_get(fixture.device, &alerts), 0);
	assert_int_equal(alerts.ports[0], CLYDE_ALERT_OVERCURRENT);
	assert_int_equal(clyde_alerts_clear(fixture.device, &alerts), 0);
	assert_int_equal(clyde_alerts_get(fixture.device, &alerts), 0);
	assert_int_equal(alerts.ports[0], 0);
}

static void safe_turns_everything_off(void **state)
{
	static const char *const uris[] = {"virtual:revision=C0",
		"virtual:revision=C1", "virtual:revision=C2", "virtual:"};
	unsigned low[CLYDE_PORT_COUNT], high[CLYDE_PORT_COUNT];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			close_fixture(&fixture);
		fixture = open_uri(uris[i]);
		turn_on(BOTH);
		assert_int_equal(
			clyde_pulls_set(fixture.device, A, 0, 0xff), 0);
		if (i >= 2)
			assert_int_equal(clyde_supply_window_set(
						 fixture.device, BOTH, 0, 5500),
				0);
		assert_int_equal(clyde_device_safe(fixture.device), 0);
		assert_supplies_off();
		assert_levels(0, 0);
		assert_int_equal(
			clyde_supply_window_get(fixture.device, low, high), 0);
		assert_int_equal(high[0], 0);
		assert_int_equal(high[1], 0);
		turn_on(A);
		assert_pulls(0, 0, 0);
	}
}

static void safe_works_on_a_device_that_is_safe_already(void **state)
{
	(void)state;
	fixture = open_uri("virtual:");
	assert_int_equal(clyde_device_safe(fixture.device), 0);
	assert_int_equal(clyde_device_safe(fixture.device), 0);
	assert_supplies_off();
}

static void safe_clears_alerts(void **state)
{
	struct clyde_alerts alerts;

	(void)state;
	fixture = open_uri("virtual:loadA=200000");
	turn_on(BOTH);
	assert_int_equal(clyde_alerts_get(fixture.device, &alerts), 0);
	assert_int_equal(alerts.ports[0], CLYDE_ALERT_OVERCURRENT);
	assert_int_equal(clyde_device_safe(fixture.device), 0);
	assert_supplies_off();
	assert_int_equal(clyde_alerts_get(fixture.device, &alerts), 0);
	assert_int_equal(alerts.ports[0], 0);
}

/* 0x30 is SET_VSUPPLY.  A later error must not replace its error. */
static void safe_reports_a_supply_that_stays_on(void **state)
{
	(void)state;
	fixture = open_uri("virtual:fault=error@0x30");
	assert_int_equal(
		clyde_device_safe(fixture.device), CLYDE_ERROR_REFUSED);
	assert_says("SET_VSUPPLY");
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_levels_follow_the_pulls),
		TEST(a_pin_with_both_pull_bits_set_keeps_its_pulls),
		TEST(a_port_that_is_off_has_no_levels_and_no_pulls),
		TEST(pulls_are_gone_with_the_supply),
		TEST(pulls_and_levels_wait_for_a_supply_that_rises),
		TEST(pulls_do_not_wait_for_a_supply_that_never_rises),
		TEST(pulls_of_a_port_that_does_not_exist_are_refused),
		TEST(faults_of_the_board_are_seen_in_the_levels),
		TEST(a_weak_supply_is_seen_at_its_sense_pin_only),
		TEST(alerts_accumulate_until_they_are_read),
		TEST(clearing_affects_only_the_given_alerts),
		TEST(safe_turns_everything_off),
		TEST(safe_works_on_a_device_that_is_safe_already),
		TEST(safe_clears_alerts),
		TEST(safe_reports_a_supply_that_stays_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
