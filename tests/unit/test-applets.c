/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests what the applets compute without a device: the times of the gpio
   applet's clock, and the uart applet's bit times and guessed rates. */
#include "tests/support/clyde-test.h"

#include <math.h>

#include "applets/gpio/gpio.h"
#include "applets/uart/uart.h"

static void a_clock_begins_at_zero_and_counts_past_32_bits(void **state)
{
	struct gpio_clock clock = {0};

	(void)state;
	gpio_clock_advance(&clock, 0xfffffff0);
	assert_int_equal(clock.cycles, 0);
	gpio_clock_advance(&clock, 0x10);
	assert_int_equal(clock.cycles, 0x20);
	/* One record in each half of the counter's range, for 100 times that
	   range. */
	for (int i = 0; i < 100; i++) {
		gpio_clock_advance(&clock, 0x80000000);
		gpio_clock_advance(&clock, 0);
	}
	gpio_clock_advance(&clock, 0x10);
	assert_int_equal(clock.cycles, 0x20 + (UINT64_C(100) << 32));
	/* A record of the same edge, and one that comes one cycle less than a
	   whole round later. */
	gpio_clock_advance(&clock, 0x10);
	gpio_clock_advance(&clock, 0xf);
	assert_int_equal(clock.cycles, 0x1f + (UINT64_C(101) << 32));
}

static void a_clock_runs_at_48_mhz_without_overflow(void **state)
{
	(void)state;
	assert_int_equal(gpio_clock_ns(&(struct gpio_clock){.cycles = 1}), 20);
	assert_int_equal(gpio_clock_ns(&(struct gpio_clock){.cycles = 5}), 104);
	assert_int_equal(gpio_clock_ns(&(struct gpio_clock){.cycles = 6}), 125);
	assert_int_equal(
		gpio_clock_ns(&(struct gpio_clock){
			.cycles = UINT64_C(48000000) * 86400 * 365 * 100}),
		UINT64_C(1000000000) * 86400 * 365 * 100);
}

static void a_rate_gets_the_nearest_bit_time_there_is(void **state)
{
	(void)state;
	assert_int_equal(line_bit_time(12000000), 4 * 256);
	assert_int_equal(line_bit_time(115200), 106667);
	assert_int_equal(line_bit_time(3000000), 16 * 256);
	assert_int_equal(line_bit_time(1e9), UART_BIT_TIME_MIN);
	assert_int_equal(line_bit_time(1e-3), UART_BIT_TIME_MAX);
	for (unsigned baud = 46; baud <= 12000000; baud += 1 + baud / 100) {
		double off = line_baud(line_bit_time(baud)) / baud - 1;

		/* The rounding error is at most half of 1/256 cycle. */
		assert_true(fabs(off) <= 0.5 / 256 * baud / 48e6 * 1.001);
	}
}

static void a_pulse_near_a_usual_rate_gives_that_rate(void **state)
{
	(void)state;
	assert_float_equal(line_guess(4), 12000000, 0);
	assert_float_equal(line_guess(416), 115200, 0);
	assert_float_equal(line_guess(420), 115200, 0);
	assert_float_equal(line_guess(5000), 9600, 0);
	assert_float_equal(line_guess(5050), 9600, 0);
	/* A pulse that is near no usual rate gives its own rate. */
	assert_float_equal(line_guess(4400), 48e6 / 4400, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_clock_begins_at_zero_and_counts_past_32_bits),
		cmocka_unit_test(a_clock_runs_at_48_mhz_without_overflow),
		cmocka_unit_test(a_rate_gets_the_nearest_bit_time_there_is),
		cmocka_unit_test(a_pulse_near_a_usual_rate_gives_that_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
