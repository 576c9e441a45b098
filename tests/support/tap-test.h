/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Shared by the tests of the part tap: cmocka, the pins, and TCK, clock by clock.
 * Each test starts in Run-Test/Idle or leads there.
 */
#ifndef TESTS_TAP_TEST_H
#define TESTS_TAP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtual/board/pins.h"

#define US ((tick)TICKS_PER_US)

#define TCK  (1 << 0)
#define TMS  (1 << 1)
#define TDI  (1 << 2)
#define TDO  (1 << 3)
#define PINS "tap@tck=A0:tms=A1:tdi=A2:tdo=A3"
#define HALF 20 /* of a period of TCK: 12 MHz */

static struct pins pins;
static uint16_t driven = TCK | TMS | TDI;

static inline void drive(uint16_t set, uint16_t clear)
{
	pins_drive(&pins, pins.now, (pins.fpga_levels | set) & ~clear, driven);
}

static inline void pass(tick ticks)
{
	pins_run(&pins, pins.now + ticks);
}

static inline void begin(void)
{
	driven = TCK | TMS | TDI;
	pins_init(&pins);
	pins_supply(&pins, 0xffff, 0, 0);
}

static inline void add(const char *text)
{
	char why[PART_WHY_SIZE] = "";
	struct part *part = part_new(text, why);

	if (part == NULL)
		fail_msg("%s", why);
	pins_add(&pins, part);
	drive(TMS | TDI, TCK);
	pass(10);
}

static inline void begin_with(const char *text)
{
	begin();
	add(text);
}

static inline int tear_down(void **state)
{
	(void)state;
	pins_clear(&pins);
	return 0;
}

/* A whole period, from TCK's fall to its next; returns TDO as it is when TCK
   rises. */
static inline bool clock(bool tms, bool tdi)
{
	bool tdo;

	drive((tms ? TMS : 0) | (tdi ? TDI : 0),
		(tms ? 0 : TMS) | (tdi ? 0 : TDI));
	pass(HALF);
	tdo = pins_levels(&pins) & TDO;
	drive(TCK, 0);
	pass(HALF);
	drive(0, TCK);
	return tdo;
}

/* TMS from the first clock on. */
static inline void move(const char *tms)
{
	for (; *tms; tms++)
		clock(*tms == '1', true);
	pass(HALF / 2);
}

static inline void to_idle(void)
{
	move("111110");
}

/* From Shift to Run-Test/Idle. */
static inline uint64_t shift(unsigned bits, uint64_t out)
{
	uint64_t in = 0;

	for (unsigned i = 0; i < bits; i++)
		in |= (uint64_t)clock(i == bits - 1, out >> i & 1) << i;
	move("10");
	return in;
}

static inline uint64_t ir(unsigned bits, uint64_t out)
{
	move("1100");
	return shift(bits, out);
}

static inline uint64_t dr(unsigned bits, uint64_t out)
{
	move("100");
	return shift(bits, out);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

#endif
