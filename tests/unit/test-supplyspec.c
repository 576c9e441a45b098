/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests supply specifications as a user types them: what they mean, how the
   wrong ones are refused, and that one is applied as a whole or not at all. */
#include "tests/support/clyde-test.h"

#include <limits.h>
#include <stdio.h>

#define AB   0x3
#define ABCD 0xf

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct fixture fixture;

static int close_if_open(void **state)
{
	(void)state;
	if (fixture.context)
		close_fixture(&fixture);
	fixture.context = NULL;
	return 0;
}

/* Describes one port's part: "-" if it is not given, "=A" for a sense pin, else
   millivolts. */
static void describe(const struct clyde_supply *supply, char text[8])
{
	if (!supply->given)
		strcpy(text, "-");
	else if (supply->sense >= 0)
		snprintf(text, 8, "=%c", 'A' + supply->sense);
	else
		snprintf(text, 8, "%u", supply->supply_mv);
}

static void assert_means(
	const char *specification, clyde_ports ports, const char *expected)
{
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	char text[64] = "";

	memset(supply, 0xee, sizeof(supply));
	if (clyde_supply_parse(specification, ports, supply) < 0)
		fail_msg("%s: %s", specification, clyde_error_message());
	for (unsigned port = 0; port < CLYDE_PORT_COUNT; port++) {
		char one[8];

		describe(&supply[port], one);
		strcat(text, port ? " " : "");
		strcat(text, one);
	}
	if (strcmp(text, expected) != 0)
		fail_msg("%s: %s, not %s", specification, text, expected);
}

static void assert_refused(
	const char *specification, clyde_ports ports, const char *part)
{
	struct clyde_supply supply[CLYDE_PORT_COUNT], before[CLYDE_PORT_COUNT];

	memset(supply, 0xee, sizeof(supply));
	memcpy(before, supply, sizeof(supply));
	if (clyde_supply_parse(specification, ports, supply) !=
		CLYDE_ERROR_INVALID)
		fail_msg("%s: not refused", specification);
	if (strstr(clyde_error_message(), part) == NULL)
		fail_msg("%s: %s", specification, clyde_error_message());
	assert_memory_equal(supply, before, sizeof(supply));
	assert_int_equal(clyde_supply_parse(specification, ports, supply),
		CLYDE_ERROR_INVALID);
}

static void a_voltage_alone_is_for_every_port(void **state)
{
	(void)state;
	assert_means("3.3", AB, "3300 3300 - -");
	assert_means("3.3", ABCD, "3300 3300 3300 3300");
	assert_means("off", AB, "0 0 - -");
	assert_means("0", AB, "0 0 - -");
	assert_means("SB", AB, "=B =B - -");
}

static void ports_are_named_before_the_voltage(void **state)
{
	(void)state;
	assert_means("A=3.3", AB, "3300 - - -");
	assert_means("B=3.3", AB, "- 3300 - -");
	assert_means("AB=1.8", AB, "1800 1800 - -");
	assert_means("BA=1.8", AB, "1800 1800 - -");
	assert_means("A=5.0,B=3.3", AB, "5000 3300 - -");
	assert_means("B=3.3,A=off", AB, "0 3300 - -");
	assert_means("AD=2.5,C=0", ABCD, "2500 - 0 2500");
	assert_means("*=3.3", AB, "3300 3300 - -");
}

static void a_named_port_takes_precedence_over_every_port(void **state)
{
	(void)state;
	assert_means("3.3,B=off", AB, "3300 0 - -");
	assert_means("*=3.3,B=off", AB, "3300 0 - -");
	assert_means("B=off,*=3.3", AB, "3300 0 - -");
}

static void a_port_that_is_named_twice_is_refused(void **state)
{
	(void)state;
	assert_refused("A=3.3,A=SB", AB, "named twice");
	assert_refused("AB=3.3,B=3.3", AB, "named twice");
}

/* As where a comma is the decimal point: read as "A=1, and 5 V on every port"
   it would destroy what is connected. */
static void a_comma_is_no_decimal_point(void **state)
{
	(void)state;
	assert_refused("A=1,5", AB, "write 1.5");
	assert_refused("AB=3,30", AB, "write 3.30");
	assert_refused("B=1,8,A=3.3", AB, "write 1.8");
	assert_refused("3,3", AB, "write 3.3");
	assert_refused("3.3,5", AB, "'5' names no port");
	assert_refused("A=3.3,5", AB, "'5' names no port");
	assert_refused("3,off", AB, "'off' names no port");
	assert_refused("3.3", 0, "no ports");
	assert_refused("*=3.3", 0, "no ports");
}

static void a_sense_pin_may_be_mirrored(void **state)
{
	(void)state;
	assert_means("A=SB", AB, "=B - - -");
	assert_means("A=SA", AB, "=A - - -");
	assert_means("AB=SA,C=SD", ABCD, "=A =A =D -");
}

static void volts_have_up_to_three_decimals(void **state)
{
	(void)state;
	assert_means("A=3", AB, "3000 - - -");
	assert_means("A=3.0", AB, "3000 - - -");
	assert_means("A=3.05", AB, "3050 - - -");
	assert_means("A=3.305", AB, "3305 - - -");
	assert_means("A=0.001", AB, "1 - - -");
	assert_means("A=5.5", AB, "5500 - - -");
	assert_means("A=003.300", AB, "3300 - - -");
}

static void a_text_that_is_no_voltage_is_refused(void **state)
{
	static const char *const bad[] = {"", "=", ",", "A=", "A=3.3,",
		",A=3.3", "A=3.3,,B=3.3", "A=.5", "A=3.", "A=.", "A=3.3.3",
		"A=3.3333", "A=3.3V", "A=-1", "A=+3", "A= 3.3", "A=3.3 ",
		"A=1e0", "A=0x3", "A=OFF", "A=offf", "A=of", "A=S", "A=SAB",
		"A=sA", "A==3.3", "3.3=A", "A=B=3.3", "A3.3", "A=\xc2\xb3",
		"A=3.3\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(bad[i], AB, "");
	assert_refused("A=x", AB, "3.3, off, or SA");
	assert_refused("=3.3", AB, "port is missing");
}

static void a_voltage_that_no_port_supplies_is_refused(void **state)
{
	(void)state;
	assert_refused("A=5.501", AB, "5.5 V");
	assert_refused("A=6", AB, "5.5 V");
	assert_refused("A=33", AB, "5.5 V");
	assert_refused("A=100", AB, "5.5 V");
	/* Any number of digits: 2^32 mV + 3300 and more. */
	assert_refused("A=4294970.596", AB, "");
	assert_refused("A=18446744073709554.916", AB, "");
	assert_refused("A=99999999999999999999999999999999999999", AB, "");
}

static void a_port_that_does_not_exist_is_refused(void **state)
{
	static const char *const bad[] = {"C=3.3", "A=3.3,C=3.3", "ABC=3.3",
		"A=SC", "a=3.3", "E=3.3", "A B=3.3"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(bad[i], AB, "no such port");
	assert_refused("A=SE", ABCD, "");
	assert_refused("E=3.3", ABCD, "no such port");
}

static int apply(const char *specification)
{
	struct clyde_supply supply[CLYDE_PORT_COUNT];

	assert_int_equal(clyde_supply_parse(specification, AB, supply), 0);
	return clyde_supply_apply(fixture.device, supply);
}

static void assert_supplies(unsigned a_mv, unsigned b_mv)
{
	unsigned mv[CLYDE_PORT_COUNT];

	assert_int_equal(clyde_supply_get(fixture.device, mv), 0);
	assert_int_equal(mv[0], a_mv);
	assert_int_equal(mv[1], b_mv);
}

/* The DAC's rounded values, see test-ports.c: 1800 reads 1817, 2500 reads 2516,
   3300 reads 3322, 5000 reads 5009. */
static void ports_that_are_not_given_stay_as_they_are(void **state)
{
	(void)state;
	fixture = open_uri("virtual:");
	assert_int_equal(apply("A=5.0,B=3.3"), 0);
	assert_supplies(5009, 3322);
	assert_int_equal(apply("B=1.8"), 0);
	assert_supplies(5009, 1817);
	assert_int_equal(apply("A=off"), 0);
	assert_supplies(0, 1817);
	assert_int_equal(apply("2.5"), 0);
	assert_supplies(2516, 2516);
}

static void nothing_changes_if_one_port_is_wrong(void **state)
{
	(void)state;
	fixture = open_uri("virtual:limitB=3300,senseB=1000");
	assert_int_equal(apply("A=1.8,B=1.8"), 0);
	assert_int_equal(apply("A=5.0,B=3.301"), CLYDE_ERROR_LIMIT);
	assert_says("port B");
	assert_supplies(1817, 1817);
	assert_int_equal(apply("A=off,B=1.649"), CLYDE_ERROR_INVALID);
	assert_says("1.649 V");
	assert_supplies(1817, 1817);
	assert_int_equal(apply("B=off,A=SB"), CLYDE_ERROR_INVALID);
	assert_says("port B senses");
	assert_supplies(1817, 1817);
}

static void a_supply_follows_the_sense_pin_it_mirrors(void **state)
{
	(void)state;
	fixture = open_uri("virtual:senseA=3300,senseB=1800,limitB=2000");
	assert_int_equal(apply("A=SB"), 0);
	assert_supplies(1817, 0);
	assert_int_equal(apply("A=SA,B=SB"), 0);
	assert_supplies(3322, 1817);
	/* A limit applies to a mirrored voltage, too. */
	assert_int_equal(apply("AB=SA"), CLYDE_ERROR_LIMIT);
	assert_supplies(3322, 1817);
}

static void assert_window(unsigned port, unsigned low_mv, unsigned high_mv)
{
	unsigned low[CLYDE_PORT_COUNT], high[CLYDE_PORT_COUNT];

	assert_int_equal(clyde_supply_window_get(fixture.device, low, high), 0);
	assert_int_equal(low[port], low_mv);
	assert_int_equal(high[port], high_mv);
}

/* 5 % of 3300 mV is 165 mV, and a window has steps of 10 mV.  The chip of port
   A watches the sense pin of port A only. */
static void a_port_that_mirrors_its_own_sense_pin_is_watched(void **state)
{
	(void)state;
	fixture = open_uri("virtual:senseA=3300,senseB=1720");
	assert_int_equal(apply("B=SA"), 0);
	assert_window(0, 0, 0);
	assert_window(1, 0, 0);
	assert_int_equal(apply("A=SA"), 0);
	assert_window(0, 3130, 3460);
	assert_window(1, 0, 0);
	/* The firmware takes no limit below the lowest supply, 1650 mV. */
	assert_int_equal(apply("B=SB"), 0);
	assert_window(1, 1650, 1800);
	assert_supplies(3322, 1741);
}

static void before_c2_a_mirrored_supply_is_not_watched(void **state)
{
	(void)state;
	fixture = open_uri("virtual:revision=C1,senseA=3300");
	assert_int_equal(apply("A=SA"), 0);
	assert_supplies(3337, 0);
	assert_window(0, 0, 0);
}

static void a_voltage_outside_the_mirrors_range_is_refused(void **state)
{
	(void)state;
	fixture = open_uri("virtual:senseA=1700,senseB=5300");
	assert_int_equal(apply("A=SA"), CLYDE_ERROR_INVALID);
	assert_says("port A senses 1.700 V: too low to be mirrored");
	assert_int_equal(apply("B=SB"), CLYDE_ERROR_INVALID);
	assert_says("port B senses 5.300 V: too high to be mirrored");
	assert_supplies(0, 0);
}

static void a_sense_pin_above_all_supplies_is_not_mirrored(void **state)
{
	(void)state;
	fixture = open_uri("virtual:senseA=6000");
	assert_int_equal(apply("B=SA"), CLYDE_ERROR_INVALID);
	assert_supplies(0, 0);
}

/* Regression: the library read beyond an array, and set a supply from the value
   that it found. */
static void a_port_that_does_not_exist_is_not_mirrored(void **state)
{
	static const int ports[] = {2, 3, 4, 77, 104, INT_MAX};

	(void)state;
	fixture = open_uri("virtual:senseA=3300");
	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
		const struct clyde_supply supply[CLYDE_PORT_COUNT] = {
			{.given = true, .sense = ports[i]}};

		assert_int_equal(clyde_supply_apply(fixture.device, supply),
			CLYDE_ERROR_INVALID);
		assert_says("to be mirrored");
	}
	assert_supplies(0, 0);
}

static void a_specification_that_was_not_given_changes_nothing(void **state)
{
	static const struct clyde_supply none[CLYDE_PORT_COUNT];

	(void)state;
	fixture = open_uri("virtual:");
	assert_int_equal(apply("3.3"), 0);
	assert_int_equal(clyde_supply_apply(fixture.device, none), 0);
	assert_supplies(3322, 3322);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_if_open)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_voltage_alone_is_for_every_port),
		TEST(ports_are_named_before_the_voltage),
		TEST(a_named_port_takes_precedence_over_every_port),
		TEST(a_port_that_is_named_twice_is_refused),
		TEST(a_comma_is_no_decimal_point),
		TEST(a_sense_pin_may_be_mirrored),
		TEST(volts_have_up_to_three_decimals),
		TEST(a_text_that_is_no_voltage_is_refused),
		TEST(a_voltage_that_no_port_supplies_is_refused),
		TEST(a_port_that_does_not_exist_is_refused),
		TEST(ports_that_are_not_given_stay_as_they_are),
		TEST(nothing_changes_if_one_port_is_wrong),
		TEST(a_supply_follows_the_sense_pin_it_mirrors),
		TEST(a_port_that_mirrors_its_own_sense_pin_is_watched),
		TEST(before_c2_a_mirrored_supply_is_not_watched),
		TEST(a_voltage_outside_the_mirrors_range_is_refused),
		TEST(a_sense_pin_above_all_supplies_is_not_mirrored),
		TEST(a_port_that_does_not_exist_is_not_mirrored),
		TEST(a_specification_that_was_not_given_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
