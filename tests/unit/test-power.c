/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests supplies, their limits, their measurements and the alerts that turn
   them off, by the public API on a virtual Glasgow. */
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

static unsigned supply(unsigned port)
{
	unsigned mv[CLYDE_PORT_COUNT];

	assert_int_equal(clyde_supply_get(fixture.device, mv), 0);
	assert_int_equal(mv[2], 0);
	assert_int_equal(mv[3], 0);
	return mv[port];
}

typedef int getter(struct clyde_device *device, unsigned *ret_values);

static unsigned of_port(unsigned port, getter *get)
{
	unsigned values[CLYDE_PORT_COUNT];

	assert_int_equal(get(fixture.device, values), 0);
	return values[port];
}

static unsigned limit(unsigned port)
{
	return of_port(port, clyde_supply_limit_get);
}

static unsigned sense(unsigned port)
{
	return of_port(port, clyde_sense_get);
}

static unsigned trip(unsigned port)
{
	return of_port(port, clyde_supply_current_limit_get);
}

static void assert_window(unsigned port, unsigned low_mv, unsigned high_mv)
{
	unsigned low[CLYDE_PORT_COUNT], high[CLYDE_PORT_COUNT];

	assert_int_equal(clyde_supply_window_get(fixture.device, low, high), 0);
	assert_int_equal(low[port], low_mv);
	assert_int_equal(high[port], high_mv);
}

/* Asserts that exactly these alerts of port A have been reported. */
static void assert_alerted(uint8_t expected)
{
	struct clyde_alerts alerts;

	assert_int_equal(clyde_device_sleep(fixture.device, 10), 0);
	assert_int_equal(
		clyde_alerts_take(fixture.device, &alerts), expected != 0);
	if (expected)
		assert_int_equal(alerts.ports[0], expected);
	assert_int_equal(clyde_alerts_take(fixture.device, &alerts), 0);
}

static void turn_on(clyde_ports ports, unsigned mv)
{
	assert_int_equal(clyde_supply_set(fixture.device, ports, mv), 0);
}

/* The DAC has steps of 16 mV when it is set and 15.2 mV when it is read, see
   test-ports.c: 3300 reads 3322, 1800 reads 1817, 5000 reads 5009. */
static void a_supply_reads_as_the_dac_makes_it(void **state)
{
	(void)state;
	fixture = open_uri("virtual:");
	assert_int_equal(supply(0), 0);
	assert_int_equal(supply(1), 0);
	turn_on(B, 3300);
	assert_int_equal(supply(0), 0);
	assert_int_equal(supply(1), 3322);
	turn_on(BOTH, 1800);
	assert_int_equal(supply(0), 1817);
	assert_int_equal(supply(1), 1817);
	turn_on(A, 0);
	assert_int_equal(supply(0), 0);
	assert_int_equal(supply(1), 1817);
}

static void a_supply_out_of_range_is_refused(void **state)
{
	static const unsigned bad[] = {1, 1649, 5501, 65536 + 3300, UINT32_MAX};

	(void)state;
	fixture = open_uri("virtual:");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(clyde_supply_set(fixture.device, A, bad[i]),
			CLYDE_ERROR_INVALID);
		assert_says("1.65 to 5.50 V");
		assert_int_equal(
			clyde_supply_limit_set(fixture.device, A, bad[i]),
			CLYDE_ERROR_INVALID);
		assert_int_equal(
			clyde_supply_window_set(fixture.device, A, bad[i], 0),
			CLYDE_ERROR_INVALID);
		assert_int_equal(
			clyde_supply_window_set(fixture.device, A, 0, bad[i]),
			CLYDE_ERROR_INVALID);
	}
	assert_int_equal(supply(0), 0);
	turn_on(A, 1650);
	turn_on(A, 5500);
}

static void a_port_that_does_not_exist_is_refused(void **state)
{
	(void)state;
	fixture = open_uri("virtual:");
	assert_int_equal(clyde_device_ports(fixture.device), BOTH);
	assert_int_equal(clyde_supply_set(fixture.device, A | C, 3300),
		CLYDE_ERROR_INVALID);
	assert_says("A and B only");
	assert_int_equal(supply(0), 0);
	assert_int_equal(clyde_supply_limit_set(fixture.device, C, 3300),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_supply_window_set(fixture.device, C, 0, 0),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_supply_current_limit_set(fixture.device, C, 0),
		CLYDE_ERROR_INVALID);
}

static void a_supply_above_a_limit_changes_nothing(void **state)
{
	(void)state;
	fixture = open_uri("virtual:limitB=3300");
	assert_int_equal(limit(1), 3300);
	assert_int_equal(clyde_supply_set(fixture.device, BOTH, 3301),
		CLYDE_ERROR_LIMIT);
	assert_says("port B");
	assert_says("3.300 V");
	assert_int_equal(supply(0), 0);
	assert_int_equal(supply(1), 0);
	turn_on(BOTH, 3300);
	assert_int_equal(supply(1), 3322);
	turn_on(BOTH, 0); /* Off is below every limit. */
	assert_int_equal(supply(1), 0);
}

static void a_limit_lowers_a_supply_that_is_above_it(void **state)
{
	(void)state;
	fixture = open_uri("virtual:");
	turn_on(BOTH, 5000);
	assert_int_equal(clyde_supply_limit_set(fixture.device, A, 3300), 0);
	assert_int_equal(supply(0), 3322);
	assert_int_equal(supply(1), 5009);
	assert_int_equal(limit(0), 3300);
	assert_int_equal(limit(1), 0);
}

/* Upstream's port.c would set it to 3170 mV, see test-ports.c. */
static void removing_a_limit_leaves_a_supply_as_it_is(void **state)
{
	static const unsigned supplies[][2] = {
		{1800, 1817}, {3300, 3322}, {5000, 5009}, {5500, 5510}};

	(void)state;
	fixture = open_uri("virtual:limitA=5500");
	for (size_t i = 0; i < 4; i++) {
		turn_on(A, supplies[i][0]);
		assert_int_equal(
			clyde_supply_limit_set(fixture.device, BOTH, 0), 0);
		assert_int_equal(supply(0), supplies[i][1]);
		assert_int_equal(supply(1), 0);
		assert_int_equal(limit(0), 0);
		assert_int_equal(limit(1), 0);
	}
	turn_on(A, 1800);
	assert_int_equal(clyde_supply_limit_set(fixture.device, A, 1800), 0);
	assert_int_equal(clyde_supply_limit_set(fixture.device, A, 0), 0);
	assert_int_equal(supply(0), 1817);
	turn_on(A, 5500);
	assert_int_equal(supply(0), 5510);
}

static void removing_a_limit_turns_no_supply_on(void **state)
{
	(void)state;
	fixture = open_uri("virtual:limitA=1800");
	assert_int_equal(clyde_supply_limit_set(fixture.device, A, 0), 0);
	assert_int_equal(supply(0), 0);
	assert_int_equal(limit(0), 0);
	turn_on(A, 5000);
	assert_int_equal(supply(0), 5009);
}

/* The INA233 counts 1.25 mV: 1234 / 1.25 = 987.2, 987 * 1.25 = 1233.75.  The
   ADC081C counts 25.9 mV: 3300 * 256 / 6600 = 128, 128 * 25.9 = 3315.2. */
static void the_sense_pins_are_measured(void **state)
{
	(void)state;
	fixture = open_uri("virtual:senseA=3300,senseB=1234");
	assert_int_equal(sense(0), 3300);
	assert_int_equal(sense(1), 1233);
	close_fixture(&fixture);
	fixture = open_uri("virtual:revision=C1,senseA=3300");
	assert_int_equal(sense(0), 3315);
	assert_int_equal(sense(1), 0);
}

/* 50 mA * 0.15 ohm / 2.5 uV = 3000, 3000 * 3413 / 2048 = 4999.5, in units of 10
   uA. */
static void the_current_flows_while_the_supply_is_on(void **state)
{
	int ua[CLYDE_PORT_COUNT];

	(void)state;
	fixture = open_uri("virtual:loadB=50000");
	assert_int_equal(clyde_supply_current_get(fixture.device, ua), 0);
	assert_int_equal(ua[1], 0);
	turn_on(BOTH, 3300);
	assert_int_equal(clyde_supply_current_get(fixture.device, ua), 0);
	assert_int_equal(ua[0], 0);
	assert_int_equal(ua[1], 49990);
}

/* 12345 uA = 1234.5 steps of 10 uA, of which the INA233 keeps multiples of
   eight. */
static void the_trip_current_is_100_ma_until_it_is_set(void **state)
{
	(void)state;
	fixture = open_uri("virtual:");
	assert_int_equal(trip(0), 100000);
	assert_int_equal(trip(1), 100000);
	assert_int_equal(
		clyde_supply_current_limit_set(fixture.device, A, 50000), 0);
	assert_int_equal(trip(0), 50000);
	assert_int_equal(trip(1), 100000);
	assert_int_equal(
		clyde_supply_current_limit_set(fixture.device, B, 12345), 0);
	assert_int_equal(trip(1), 12320);
	assert_int_equal(
		clyde_supply_current_limit_set(fixture.device, BOTH, 0), 0);
	assert_int_equal(trip(0), 0);
	assert_int_equal(
		clyde_supply_current_limit_set(fixture.device, A, 327671), 0);
	assert_int_equal(trip(0), 327600); /* 0x7ff8 * 10 */
	assert_int_equal(
		clyde_supply_current_limit_set(fixture.device, A, 327680),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_supply_current_limit_set(fixture.device, A, 9),
		CLYDE_ERROR_INVALID);
	assert_int_equal(trip(0), 327600);
}

/* The INA233 keeps multiples of 80 uA.  Rounding a smaller current to 0 would
   trip at once, and would read as "never trips". */
static void a_trip_current_never_becomes_none_by_rounding(void **state)
{
	unsigned ua;

	(void)state;
	fixture = open_uri("virtual:");
	for (ua = 10; ua < 80; ua += 10)
		if (clyde_supply_current_limit_set(fixture.device, A, ua) == 0)
			assert_int_not_equal(trip(0), 0);
	assert_int_equal(
		clyde_supply_current_limit_set(fixture.device, A, 80), 0);
	assert_int_equal(trip(0), 80);
}

static void a_load_above_the_trip_current_turns_the_supply_off(void **state)
{
	struct clyde_alerts alerts;

	(void)state;
	fixture = open_uri("virtual:loadA=200000");
	assert_alerted(0);
	turn_on(BOTH, 3300);
	assert_alerted(CLYDE_ALERT_OVERCURRENT);
	assert_int_equal(supply(0), 0);
	assert_int_equal(supply(1), 3322);
	/* The device holds the alert until it is cleared. */
	assert_int_equal(clyde_alerts_get(fixture.device, &alerts), 0);
	assert_int_equal(alerts.ports[0], CLYDE_ALERT_OVERCURRENT);
	assert_int_equal(alerts.ports[1], 0);
	assert_int_equal(clyde_alerts_clear(fixture.device, &alerts), 0);
	assert_int_equal(clyde_alerts_get(fixture.device, &alerts), 0);
	assert_int_equal(alerts.ports[0], 0);
	/* The supply trips again. */
	turn_on(A, 3300);
	assert_alerted(CLYDE_ALERT_OVERCURRENT);
	assert_int_equal(supply(0), 0);
}

/* 200 mA * 0.15 ohm / 2.5 uV = 12000, 12000 * 3413 / 2048 = 19998. */
static void a_load_below_the_trip_current_does_not_trip(void **state)
{
	int ua[CLYDE_PORT_COUNT];

	(void)state;
	fixture = open_uri("virtual:loadA=200000");
	assert_int_equal(
		clyde_supply_current_limit_set(fixture.device, A, 250000), 0);
	turn_on(A, 3300);
	assert_alerted(0);
	assert_int_equal(supply(0), 3322);
	assert_int_equal(clyde_supply_current_get(fixture.device, ua), 0);
	assert_int_equal(ua[0], 199980);
	assert_int_equal(
		clyde_supply_current_limit_set(fixture.device, A, 150000), 0);
	assert_alerted(CLYDE_ALERT_OVERCURRENT);
	assert_int_equal(supply(0), 0);
	assert_int_equal(
		clyde_supply_current_limit_set(fixture.device, A, 0), 0);
	turn_on(A, 3300);
	assert_alerted(0);
	assert_int_equal(supply(0), 3322);
}

/* Steps of 10 mV, rounded down: 3135 / 1.25 = 2508, 2504 * 1.25 = 3130. */
static void a_window_has_a_lower_and_an_upper_limit(void **state)
{
	(void)state;
	fixture = open_uri("virtual:senseA=3300,senseB=3300");
	assert_window(0, 0, 0);
	assert_int_equal(
		clyde_supply_window_set(fixture.device, A, 3135, 3600), 0);
	assert_window(0, 3130, 3600);
	assert_window(1, 0, 0);
	assert_int_equal(
		clyde_supply_window_set(fixture.device, BOTH, 0, 3400), 0);
	assert_window(0, 0, 3400);
	assert_window(1, 0, 3400);
	assert_int_equal(
		clyde_supply_window_set(fixture.device, A, 3000, 0), 0);
	assert_window(0, 3000, 0);
	assert_int_equal(clyde_supply_window_set(fixture.device, A, 0, 0), 0);
	assert_window(0, 0, 0);
	assert_alerted(0);
}

static void a_voltage_outside_the_window_turns_the_supply_off(void **state)
{
	(void)state;
	fixture = open_uri("virtual:senseA=3300");
	turn_on(BOTH, 3300);
	assert_int_equal(
		clyde_supply_window_set(fixture.device, A, 3200, 3400), 0);
	assert_alerted(0);
	assert_int_equal(supply(0), 3322);
	assert_int_equal(
		clyde_supply_window_set(fixture.device, A, 3400, 3600), 0);
	assert_alerted(CLYDE_ALERT_UNDERVOLTAGE);
	assert_int_equal(supply(0), 0);
	assert_int_equal(supply(1), 3322);
	/* The window is removed, since it would trip again at once. */
	assert_window(0, 0, 0);
	turn_on(A, 3300);
	assert_int_equal(
		clyde_supply_window_set(fixture.device, A, 0, 3200), 0);
	assert_alerted(CLYDE_ALERT_UNDERVOLTAGE | CLYDE_ALERT_OVERVOLTAGE);
	assert_int_equal(supply(0), 0);
}

static void before_c2_supplies_have_no_alerts(void **state)
{
	static const char *const uris[] = {"virtual:revision=C0,loadA=200000",
		"virtual:revision=C1,loadA=200000"};
	unsigned ua[CLYDE_PORT_COUNT];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		fixture = open_uri(uris[i]);
		turn_on(A, 3300);
		assert_alerted(0);
		assert_int_equal(supply(0), 3322);
		assert_int_equal(
			clyde_supply_current_get(fixture.device, (int *)ua),
			CLYDE_ERROR_REFUSED);
		assert_int_equal(
			clyde_supply_current_limit_get(fixture.device, ua),
			CLYDE_ERROR_REFUSED);
		assert_int_equal(
			clyde_supply_current_limit_set(fixture.device, A, 1000),
			CLYDE_ERROR_REFUSED);
		assert_int_equal(
			clyde_supply_window_set(fixture.device, A, 1800, 0),
			CLYDE_ERROR_REFUSED);
		assert_window(0, 0, 0);
		if (i == 0)
			close_fixture(&fixture);
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_supply_reads_as_the_dac_makes_it),
		TEST(a_supply_out_of_range_is_refused),
		TEST(a_port_that_does_not_exist_is_refused),
		TEST(a_supply_above_a_limit_changes_nothing),
		TEST(a_limit_lowers_a_supply_that_is_above_it),
		TEST(removing_a_limit_leaves_a_supply_as_it_is),
		TEST(removing_a_limit_turns_no_supply_on),
		TEST(the_sense_pins_are_measured),
		TEST(the_current_flows_while_the_supply_is_on),
		TEST(the_trip_current_is_100_ma_until_it_is_set),
		TEST(a_trip_current_never_becomes_none_by_rounding),
		TEST(a_load_above_the_trip_current_turns_the_supply_off),
		TEST(a_load_below_the_trip_current_does_not_trip),
		TEST(a_window_has_a_lower_and_an_upper_limit),
		TEST(a_voltage_outside_the_window_turns_the_supply_off),
		TEST(before_c2_supplies_have_no_alerts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
