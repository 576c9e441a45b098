/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the part ice40 by edges on its pins, with the library's own image. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/internal.h"
#include "virtual/board/pins.h"

#define US ((tick)TICKS_PER_US)

#define CS     (1 << 0)
#define SCK    (1 << 1)
#define COPI   (1 << 2)
#define RESET  (1 << 3)
#define DONE   (1 << 4)
#define USER   (1 << 8)
#define PINS   "ice40@cs=A0:sck=A1:copi=A2:reset=A3:done=A4:user=B0"
#define DRIVEN (CS | SCK | COPI | RESET)

static struct pins pins;

static void drive(uint16_t set, uint16_t clear)
{
	pins_drive(&pins, pins.now, (pins.fpga_levels | set) & ~clear, DRIVEN);
}

static void pass(tick ticks)
{
	pins_run(&pins, pins.now + ticks);
}

static bool is_high(uint16_t pin)
{
	return pins_levels(&pins) & pin;
}

static int set_up(void **state)
{
	char why[PART_WHY_SIZE] = "";
	struct part *part = part_new(PINS, why);

	(void)state;
	if (part == NULL)
		fail_msg("%s", why);
	pins_init(&pins);
	pins_supply(&pins, 0xffff, 0, 0);
	pins_add(&pins, part);
	drive(CS | SCK | RESET, 0);
	pass(1000 * US);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pins_clear(&pins);
	return 0;
}

static void clocks(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		drive(0, SCK);
		pass(10);
		drive(SCK, 0);
		pass(10);
	}
}

static void send(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		for (unsigned bit = 8; bit-- > 0;) {
			bool one = bytes[i] >> bit & 1;

			drive(one ? COPI : 0, SCK | (one ? 0 : COPI));
			pass(10);
			drive(SCK, 0);
			pass(10);
		}
}

/* CRESET_B low for a time, with CS at this level when it rises; then a wait, and
   8 clocks with CS high. */
static void begin(tick low, bool cs, tick wait)
{
	drive(cs ? CS : 0, RESET | (cs ? 0 : CS));
	pass(low);
	drive(RESET, 0);
	pass(wait);
	drive(CS, 0);
	clocks(8);
	drive(0, CS);
}

static void a_bitstream_configures_it(void **state)
{
	(void)state;
	assert_false(is_high(DONE));
	begin(1 * US, false, 1200 * US);
	send(image_bytes, image_size);
	assert_true(is_high(DONE));
	assert_false(is_high(USER));
	/* The image ends with a byte behind its last command: 8 of 49. */
	drive(CS, 0);
	clocks(40);
	assert_false(is_high(USER));
	clocks(1);
	assert_true(is_high(USER));
	assert_int_equal(pins.conflicts, 0);
	/* A short pulse of CRESET_B changes nothing, a long one clears. */
	drive(0, RESET);
	pass(90);
	drive(RESET, 0);
	pass(10);
	assert_true(is_high(DONE));
	drive(0, RESET);
	pass(100);
	assert_false(is_high(DONE));
	assert_false(is_high(USER));
}

static void a_wrong_bit_leaves_done_low(void **state)
{
	static uint8_t bytes[200000];

	(void)state;
	assert_true(image_size <= sizeof(bytes));
	memcpy(bytes, image_bytes, image_size);
	bytes[image_size / 2] ^= 0x10;
	begin(1 * US, false, 1200 * US);
	send(bytes, image_size);
	clocks(100);
	assert_false(is_high(DONE));
	/* The next attempt starts anew. */
	begin(1 * US, false, 1200 * US);
	send(image_bytes, image_size);
	assert_true(is_high(DONE));
}

static void it_wants_its_reset_and_its_time(void **state)
{
	(void)state;
	/* CS high at the rising edge: it would read a flash. */
	begin(1 * US, true, 1200 * US);
	send(image_bytes, image_size);
	assert_false(is_high(DONE));
	/* No reset to speak of. */
	begin(50, false, 1200 * US);
	send(image_bytes, image_size);
	assert_false(is_high(DONE));
	/* The preamble came while it cleared its memory. */
	begin(1 * US, false, 1000 * US);
	send(image_bytes, image_size);
	assert_false(is_high(DONE));
}

static void it_loses_its_configuration_with_its_supply(void **state)
{
	(void)state;
	begin(1 * US, false, 1200 * US);
	send(image_bytes, image_size);
	assert_true(is_high(DONE));
	pins_supply(&pins, 0, 0, 0);
	pass(10);
	assert_int_equal(pins.parts[0]->low | pins.parts[0]->high, 0);
	assert_int_equal(pins.parts[0]->pull_up, 0);
	pins_supply(&pins, 0xffff, 0, 0);
	pass(10);
	assert_false(is_high(DONE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_bitstream_configures_it),
		TEST(a_wrong_bit_leaves_done_low),
		TEST(it_wants_its_reset_and_its_time),
		TEST(it_loses_its_configuration_with_its_supply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
