/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the pin multiplexer of the image's model to the cycle, with an FPGA and
   pins but no board. */
#include "tests/support/support.h"

#include <string.h>

#include "lib/base/internal.h" /* For image_bytes. */
#include "virtual/board/pins.h"
#include "wire/core-gpio.h"
#include "wire/core-uart.h"

#define A0 (1 << 0)
#define A1 (1 << 1)
#define B7 (1 << 15)

static struct fpga *fpga;
static struct pins pins;
static struct fifo fifos[FIFO_COUNT];
static struct faults faults;
static uint64_t cycle;

static void run(unsigned cycles)
{
	cycle += cycles;
	fpga->ops->catch_up(fpga, cycle * TICKS_PER_CYCLE);
}

static void write_register(uint8_t reg, uint32_t value, size_t size)
{
	uint8_t data[5] = {reg, value, value >> 8, value >> 16, value >> 24};

	assert_true(fpga->ops->i2c_write(
		fpga, cycle * TICKS_PER_CYCLE, data, 1 + size));
}

static uint32_t read_register(uint8_t reg, size_t size)
{
	uint32_t value = 0;

	assert_true(
		fpga->ops->i2c_write(fpga, cycle * TICKS_PER_CYCLE, &reg, 1));
	assert_true(fpga->ops->i2c_read(
		fpga, cycle * TICKS_PER_CYCLE, (uint8_t *)&value, size));
	return value;
}

static int set_up(void **state)
{
	(void)state;
	pins_init(&pins);
	memset(fifos, 0, sizeof(fifos));
	fpga = fpga_model_new(fifos, &pins, &faults);
	assert_non_null(fpga);
	cycle = 1000;
	fpga->ops->catch_up(fpga, cycle * TICKS_PER_CYCLE);
	fpga->ops->configure(fpga, image_bytes, image_size);
	assert_true(fpga->ops->done(fpga));
	pins_supply(&pins, 0xffff, 0, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fpga->ops->destroy(fpga);
	pins_clear(&pins);
	return 0;
}

/* GPIO drives A0 high. */
static void raise_a0(void)
{
	write_register(REG_PIN, OUTPUT_GPIO, 1);
	write_register(REG_GPIO_ENABLE, A0, 2);
	run(10);
	assert_int_equal(pins_levels(&pins), 0);
	write_register(REG_GPIO_OUTPUT, A0, 2);
}

static void a_pin_follows_its_output_three_cycles_later(void **state)
{
	(void)state;
	raise_a0();
	run(2);
	assert_int_equal(pins_levels(&pins), 0);
	run(1);
	assert_int_equal(pins_levels(&pins), A0);
}

static void levels_are_seen_after_five_cycles_and_inputs_after_six(void **state)
{
	(void)state;
	write_register(REG_INPUT + INPUT_UART, INPUT_CONNECTED | 0, 1);
	raise_a0();
	run(4);
	assert_int_equal(read_register(REG_GPIO_LEVELS, 2), 0);
	run(1);
	assert_int_equal(read_register(REG_GPIO_LEVELS, 2), A0);
	assert_int_equal(read_register(REG_UART_STATUS, 1) & 1, 0);
	run(1);
	assert_int_equal(read_register(REG_UART_STATUS, 1) & 1, 1);
}

/* One long stretch and as many short ones must have the same edges. */
static void a_long_stretch_is_as_many_short_ones(void **state)
{
	(void)state;
	raise_a0();
	run(100000);
	assert_int_equal(read_register(REG_GPIO_LEVELS, 2), A0);
	write_register(REG_GPIO_OUTPUT, 0, 2);
	run(4);
	assert_int_equal(read_register(REG_GPIO_LEVELS, 2), A0);
	run(1);
	assert_int_equal(read_register(REG_GPIO_LEVELS, 2), 0);
}

static void a_pin_is_inverted_and_open_drain(void **state)
{
	(void)state;
	raise_a0();
	write_register(REG_PIN, OUTPUT_GPIO | PIN_INVERT, 1);
	run(3);
	assert_int_equal(pins_levels(&pins), 0);
	assert_int_equal(pins.fpga_enables, A0);
	/* Low is driven, high is not. */
	write_register(REG_PIN, OUTPUT_GPIO | PIN_INVERT | PIN_OPEN_DRAIN, 1);
	run(3);
	assert_int_equal(pins.fpga_enables, A0);
	write_register(REG_PIN, OUTPUT_GPIO | PIN_OPEN_DRAIN, 1);
	run(3);
	assert_int_equal(pins.fpga_enables, 0);
	pins_supply(&pins, 0xffff, 0, A0);
	assert_int_equal(pins_levels(&pins), A0);
}

static void any_output_can_be_at_any_pin_and_at_several(void **state)
{
	(void)state;
	for (unsigned pin = 0; pin < PIN_COUNT; pin++)
		write_register(REG_PIN + pin, OUTPUT_UART, 1);
	run(3);
	assert_int_equal(pins_levels(&pins), 0xffff);
	/* GPIO has another signal at each pin. */
	write_register(REG_GPIO_ENABLE, B7 | A0, 2);
	write_register(REG_GPIO_OUTPUT, B7, 2);
	for (unsigned pin = 0; pin < PIN_COUNT; pin++)
		write_register(REG_PIN + pin, OUTPUT_GPIO, 1);
	run(3);
	assert_int_equal(pins_levels(&pins), B7);
	assert_int_equal(pins.fpga_enables, B7 | A0);
	/* A number that is no output drives nothing. */
	write_register(REG_PIN + 15, OUTPUT_END, 1);
	run(3);
	assert_int_equal(pins.fpga_enables, A0);
}

static void an_input_can_be_a_pin_or_a_constant_and_inverted(void **state)
{
	static const struct {
		uint8_t value;
		bool level;
	} cases[] = {
		{0, 0},
		{INPUT_INVERT, 1},
		{INPUT_CONNECTED | 1, 1},
		{INPUT_CONNECTED | INPUT_INVERT | 1, 0},
		{INPUT_CONNECTED | 2, 0},
		{INPUT_CONNECTED | INPUT_INVERT | 2, 1},
	};

	(void)state;
	pins_supply(&pins, 0xffff, 0, A1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		write_register(REG_INPUT + INPUT_UART, cases[i].value, 1);
		run(10);
		assert_int_equal(
			read_register(REG_UART_STATUS, 1) & 1, cases[i].level);
	}
}

static void changes_from_outside_reach_the_cores(void **state)
{
	(void)state;
	pins_supply(&pins, 0xffff, 0, A1);
	run(1);
	assert_int_equal(read_register(REG_GPIO_LEVELS, 2), 0);
	run(1);
	assert_int_equal(read_register(REG_GPIO_LEVELS, 2), A1);
	pins_supply(&pins, 0, 0, A1);
	run(10);
	assert_int_equal(read_register(REG_GPIO_LEVELS, 2), 0xffff);
}

static void losing_the_configuration_releases_the_pins(void **state)
{
	(void)state;
	raise_a0();
	run(10);
	assert_int_equal(pins_levels(&pins), A0);
	fpga->ops->reset(fpga, cycle * TICKS_PER_CYCLE);
	assert_int_equal(pins_levels(&pins), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pin_follows_its_output_three_cycles_later),
		TEST(levels_are_seen_after_five_cycles_and_inputs_after_six),
		TEST(a_long_stretch_is_as_many_short_ones),
		TEST(a_pin_is_inverted_and_open_drain),
		TEST(any_output_can_be_at_any_pin_and_at_several),
		TEST(an_input_can_be_a_pin_or_a_constant_and_inverted),
		TEST(changes_from_outside_reach_the_cores),
		TEST(losing_the_configuration_releases_the_pins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
