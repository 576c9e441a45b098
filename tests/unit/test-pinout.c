/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the search of jtag-pinout on pins with a TAP of which every pin can be any,
   and on pins that only look like one. */
#include "tests/support/clyde-test.h"

#include "applets/jtag-pinout/search.h"
#include "lib/core/jtag-state.h"

#define NONE 16

static struct {
	/* The pins; NONE: there is none. */
	unsigned tck, tms, tdi, tdo, trst;
	unsigned ir_bits;
	uint16_t low; /* pulled down so strongly that nothing pulls them up */
	uint16_t mirror;   /* pins that show TCK */
	unsigned fails_at; /* this call fails; 0: none */
	/* State */
	enum jtag_state state;
	uint64_t ir;
	uint32_t instruction;
	bool tdo_level, tdo_driven;
	uint16_t driven, levels;
	unsigned calls, bad_instructions;
} target;

static bool level(unsigned pin)
{
	if (pin == NONE)
		return true;
	if (target.driven >> pin & 1)
		return target.levels >> pin & 1;
	return !(target.low >> pin & 1);
}

static void rise(void)
{
	uint64_t last = UINT64_C(1) << (target.ir_bits - 1);

	if (target.state == JTAG_IR_CAPTURE)
		target.ir = 1;
	if (target.state == JTAG_IR_SHIFT)
		target.ir = target.ir >> 1 | (level(target.tdi) ? last : 0);
	target.state = jtag_next(target.state, level(target.tms));
	if (target.state == JTAG_IR_UPDATE && target.ir != 2 * last - 1)
		target.bad_instructions++;
}

static void fall(void)
{
	target.tdo_driven = target.state == JTAG_IR_SHIFT;
	target.tdo_level = target.ir & 1;
}

static int drive(void *user, uint16_t driven, uint16_t levels)
{
	bool before = level(target.tck);

	(void)user;
	if (++target.calls == target.fails_at)
		return CLYDE_ERROR_IO;
	target.driven = driven;
	target.levels = levels;
	if (!level(target.trst)) {
		target.state = JTAG_RESET;
		target.tdo_driven = false;
	} else if (!before && level(target.tck)) {
		rise();
	} else if (before && !level(target.tck)) {
		fall();
	}
	return 0;
}

static int read_levels(void *user, uint16_t *ret_levels)
{
	(void)user;
	*ret_levels = 0;
	for (unsigned pin = 0; pin < 16; pin++)
		*ret_levels |= level(pin) << pin;
	if (target.tdo != NONE && target.tdo_driven)
		*ret_levels = (*ret_levels & ~(1 << target.tdo)) |
			target.tdo_level << target.tdo;
	if (level(target.tck))
		*ret_levels |= target.mirror;
	else
		*ret_levels &= ~target.mirror;
	return 0;
}

static void tried(void *user, unsigned done, unsigned total)
{
	(void)user;
	assert_true(done > 0 && done <= total);
}

static const struct search_port port = {drive, read_levels, tried, NULL};
static struct search search;

static void set_target(
	unsigned tck, unsigned tms, unsigned tdi, unsigned tdo, unsigned trst)
{
	memset(&target, 0, sizeof(target));
	target.tck = tck;
	target.tms = tms;
	target.tdi = tdi;
	target.tdo = tdo;
	target.trst = trst;
	target.ir_bits = 5;
	search = (struct search){.port = &port, .pins = 0x00ff};
}

static void assert_found(void)
{
	assert_int_equal(search_run(&search), 0);
	assert_int_equal(search.count, 1);
	assert_int_equal(search.found[0].tck, target.tck);
	assert_int_equal(search.found[0].tms, target.tms);
	assert_int_equal(search.found[0].tdi, target.tdi);
	assert_int_equal(search.found[0].tdo, target.tdo);
	assert_int_equal(search.found[0].trst,
		target.trst == NONE ? -1 : (int)target.trst);
	assert_int_equal(search.found[0].ir_bits, target.ir_bits);
	assert_int_equal(target.driven, 0);
}

static void every_order_of_the_pins_is_found(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8 * 8 * 8; i++) {
		unsigned tck = i % 8, tms = i / 8 % 8, tdi = i / 64;
		unsigned tdo = 0;

		if (tck == tms || tck == tdi || tms == tdi)
			continue;
		while (tdo == tck || tdo == tms || tdo == tdi)
			tdo++;
		set_target(tck, tms, tdi, tdo, NONE);
		assert_found();
	}
}

static void the_length_of_all_irs_is_measured(void **state)
{
	(void)state;
	for (unsigned bits = 2; bits <= 63; bits++) {
		set_target(0, 1, 2, 3, NONE);
		target.ir_bits = bits;
		assert_found();
	}
}

static void trst_is_found_whether_it_is_pulled_up_or_down(void **state)
{
	(void)state;
	set_target(6, 5, 4, 2, 7);
	assert_found();
	set_target(6, 5, 4, 2, 7);
	target.low = 1 << 7;
	search.low = 1 << 7;
	assert_found();
	/* Even if the look at the pins has not shown it. */
	set_target(6, 5, 4, 2, 0);
	target.low = 1 << 0;
	search.high = 1 << 0;
	assert_found();
}

static void four_pins_are_enough(void **state)
{
	(void)state;
	set_target(15, 13, 11, 9, NONE);
	search.pins = 0xaa00;
	assert_found();
}

static void pins_that_follow_tck_are_not_tdo(void **state)
{
	(void)state;
	set_target(1, 3, 5, 7, NONE);
	target.mirror = 1 << 0 | 1 << 2;
	assert_found();
	set_target(1, 3, 5, NONE, NONE);
	target.mirror = 1 << 0 | 1 << 2;
	assert_int_equal(search_run(&search), 0);
	assert_int_equal(search.count, 0);
	assert_int_equal(target.driven, 0);
}

static void pins_outside_the_set_are_not_driven(void **state)
{
	(void)state;
	set_target(1, 3, 5, 8, NONE);
	assert_int_equal(search_run(&search), 0);
	assert_int_equal(search.count, 0);
	assert_int_equal(target.driven & ~search.pins, 0);
}

/* Where TCK and TMS are right, the way out of Shift-IR leads through Update-IR. */
static void a_port_that_is_found_gets_bypass_and_nothing_else(void **state)
{
	(void)state;
	set_target(0, 1, 2, 3, NONE);
	search.pins = 0x000f;
	assert_found();
	assert_int_equal(target.bad_instructions, 0);
}

static void an_error_ends_the_search(void **state)
{
	(void)state;
	for (unsigned at = 1; at < 3000; at += 7) {
		set_target(0, 1, 2, 3, 4);
		target.fails_at = at;
		assert_int_equal(search_run(&search), CLYDE_ERROR_IO);
		assert_int_equal(target.calls, at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_of_the_pins_is_found),
		cmocka_unit_test(the_length_of_all_irs_is_measured),
		cmocka_unit_test(trst_is_found_whether_it_is_pulled_up_or_down),
		cmocka_unit_test(four_pins_are_enough),
		cmocka_unit_test(pins_that_follow_tck_are_not_tdo),
		cmocka_unit_test(pins_outside_the_set_are_not_driven),
		cmocka_unit_test(
			a_port_that_is_found_gets_bypass_and_nothing_else),
		cmocka_unit_test(an_error_ends_the_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
