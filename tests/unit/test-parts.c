/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the model of the port pins and the parts on them, without an FPGA: the
   level of a wire with several drivers, when a part is run, and the UART part
   that echoes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtual/board/pins.h"

#define A0   (1 << 0)
#define A1   (1 << 1)
#define A2   (1 << 2)
#define B0   (1 << 8)
#define BOTH 0xffff /* Both ports are on. */

static struct pins pins;

static int set_up(void **state)
{
	(void)state;
	pins_init(&pins);
	pins_supply(&pins, BOTH, 0, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pins_clear(&pins);
	return 0;
}

static void add(const char *text)
{
	char why[PART_WHY_SIZE] = "";
	struct part *part = part_new(text, why);

	if (part == NULL)
		fail_msg("%s", why);
	pins_add(&pins, part);
}

static void an_unwired_pin_has_the_level_of_its_driver_or_pull(void **state)
{
	(void)state;
	assert_int_equal(pins_levels(&pins), 0);
	pins_drive(&pins, 10, A0 | A1, A0);
	assert_int_equal(pins_levels(&pins), A0);
	pins_supply(&pins, BOTH, A0, A2);
	assert_int_equal(pins_levels(&pins), A0 | A2);
	pins_drive(&pins, 20, 0, A2);
	assert_int_equal(pins_levels(&pins), 0);
	assert_int_equal(pins.conflicts, 0);
}

static void wired_pins_have_one_level(void **state)
{
	(void)state;
	pins_wire(&pins, A0 | A1);
	pins_drive(&pins, 10, A0, A0);
	assert_int_equal(pins_levels(&pins), A0 | A1);
	/* Wires that share a pin are one wire. */
	pins_wire(&pins, A2 | B0);
	assert_int_equal(pins_levels(&pins), A0 | A1);
	pins_wire(&pins, A1 | A2);
	assert_int_equal(pins_levels(&pins), A0 | A1 | A2 | B0);
	assert_int_equal(pins.conflicts, 0);
}

static void when_drivers_conflict_low_wins_and_the_conflict_is_recorded(
	void **state)
{
	(void)state;
	pins_wire(&pins, A0 | A1);
	pins_drive(&pins, 10, A0 | A1, A0 | A1);
	assert_int_equal(pins_levels(&pins), A0 | A1);
	assert_int_equal(pins.conflicts, 0);
	pins_drive(&pins, 20, A0, A0 | A1);
	assert_int_equal(pins_levels(&pins), 0);
	pins_drive(&pins, 30, A0, A0);
	assert_int_equal(pins_levels(&pins), A0 | A1);
	assert_int_equal(pins.conflicts, A0 | A1);
}

static void drivers_win_over_pulls_and_pull_downs_over_pull_ups(void **state)
{
	(void)state;
	pins_wire(&pins, A0 | A1);
	pins_supply(&pins, BOTH, A0, A1);
	assert_int_equal(pins_levels(&pins), 0);
	pins_drive(&pins, 10, A1, A1);
	assert_int_equal(pins_levels(&pins), A0 | A1);
	assert_int_equal(pins.conflicts, 0);
}

/* A level shifter without a supply is off, and the FPGA's own pull-up makes a 1,
   whatever is outside. */
static void a_port_without_supply_neither_drives_nor_reads(void **state)
{
	(void)state;
	pins_wire(&pins, A0 | B0);
	pins_drive(&pins, 10, A0, A0);
	assert_int_equal(pins_levels(&pins), A0 | B0);
	pins_supply(&pins, 0x00ff, 0, 0);
	assert_int_equal(pins_levels(&pins), A0 | 0xff00);
	pins_drive(&pins, 20, 0, A0);
	assert_int_equal(pins_levels(&pins), 0xff00);
	pins_supply(&pins, 0xff00, 0, A0);
	assert_int_equal(pins_levels(&pins), 0x00ff);
}

/* ---- The echo --------------------------------------------------------- */

struct edges {
	unsigned count;
	tick at[64];
	uint16_t last;
};

/* Runs the pins to a moment and records when TX changes. */
static void run(struct edges *edges, tick until, uint16_t pin)
{
	while (pins.next <= until) {
		pins_run(&pins, pins.next);
		if ((pins_levels(&pins) & pin) == edges->last)
			continue;
		edges->last = pins_levels(&pins) & pin;
		edges->at[edges->count++] = pins.now;
	}
	pins_run(&pins, until);
}

/* Sends a byte on A0 with this bit time, as the FPGA does; then gives the echo
   time. */
static void send(struct edges *edges, uint8_t byte, tick bit, bool stop)
{
	tick begin = pins.now + bit;
	uint16_t bits = byte << 1 | stop << 9;

	for (unsigned i = 0; i < 10; i++) {
		run(edges, begin + i * bit, A1);
		pins_drive(&pins, pins.now, bits >> i & 1, A0);
	}
	run(edges, begin + 10 * bit, A1);
	pins_drive(&pins, pins.now, A0, A0);
	run(edges, begin + 25 * bit, A1);
}

static struct edges idle(void)
{
	pins_drive(&pins, 100, A0, A0);
	pins_run(&pins, 1000);
	assert_int_equal(pins_levels(&pins) & A1, A1);
	assert_true(pins.next == TICK_NEVER);
	return (struct edges){.last = A1};
}

/* 480 MHz / 115200 = 4166.67 ticks. */
static void an_echo_comes_after_half_a_stop_bit_in_exact_bits(void **state)
{
	struct edges edges;

	(void)state;
	add("uart-echo@rx=A0:tx=A1:baud=115200");
	edges = idle();
	send(&edges, 0x55, 4167, true);
	assert_int_equal(edges.count, 10);
	assert_int_equal(edges.at[0], 1000 + 4167 + 39583);
	for (unsigned i = 1; i < 10; i++)
		assert_int_equal(edges.at[i] - edges.at[0], i * 12500 / 3);
	assert_true(pins.next == TICK_NEVER);
}

static void a_part_with_a_fast_clock_sends_shorter_bits(void **state)
{
	struct edges edges;

	(void)state;
	add("uart-echo@rx=A0:tx=A1:baud=1000000:error=2%");
	edges = idle();
	send(&edges, 0x55, 480, true);
	assert_int_equal(edges.count, 10);
	/* Nine bits of 480 / 1.02 ticks. */
	assert_int_equal(edges.at[9] - edges.at[0], 4235);
}

static void a_part_with_a_clock_far_off_receives_another_byte(void **state)
{
	struct edges edges;

	(void)state;
	add("uart-echo@rx=A0:tx=A1:baud=1000000:error=-12%");
	edges = idle();
	/* 545 ticks a bit: the part samples bit 6 at 4091, when bit 7 is on the
	   line since 3840, and takes a stop bit for bit 7. */
	send(&edges, 0x7f, 480, true);
	run(&edges, pins.now + 480, A1);
	assert_int_equal(edges.count, 4);
	assert_int_equal(edges.at[2] - edges.at[0], 7 * 12000 / 22);
	assert_int_equal(edges.at[3] - edges.at[0], 8 * 12000 / 22);
}

static void a_byte_with_a_framing_error_is_not_sent_back(void **state)
{
	struct edges edges;

	(void)state;
	add("uart-echo@rx=A0:tx=A1:baud=1000000");
	edges = idle();
	send(&edges, 0xff, 480, false);
	assert_int_equal(edges.count, 0);
	/* A spike is not sent back either. */
	pins_drive(&pins, pins.now + 1, 0, A0);
	pins_drive(&pins, pins.now + 200, A0, A0);
	run(&edges, pins.now + 100000, A1);
	assert_int_equal(edges.count, 0);
	send(&edges, 0xff, 480, true);
	assert_int_equal(edges.count, 2);
}

static void parity_is_sent_and_checked(void **state)
{
	struct edges edges;

	(void)state;
	add("uart-echo@rx=A0:tx=A1:baud=1000000:format=7e1");
	edges = idle();
	/* 7 bits and a parity of 0, then of 1 where it should be 0. */
	send(&edges, 0x03, 480, true);
	assert_int_equal(edges.count, 4);
	edges.count = 0;
	send(&edges, 0x83, 480, true);
	assert_int_equal(edges.count, 0);
}

static void without_its_supply_a_part_is_dead(void **state)
{
	struct edges edges;

	(void)state;
	add("uart-echo@rx=A0:tx=B0:baud=1000000");
	pins_drive(&pins, 100, A0, A0);
	pins_run(&pins, 1000);
	assert_int_equal(pins_levels(&pins), A0 | B0);
	edges = (struct edges){.last = 0};
	pins_supply(&pins, 0x00ff, 0, 0);
	send(&edges, 0x00, 480, true);
	assert_int_equal(edges.count, 0);
	assert_int_equal(pins.levels, A0);
	/* A byte that came while the part was dead is not sent later. */
	pins_supply(&pins, BOTH, 0, 0);
	pins_run(&pins, pins.now + 10);
	assert_int_equal(pins_levels(&pins), A0 | B0);
	assert_true(pins.next == TICK_NEVER);
}

static void a_bad_description_is_refused_with_its_reason(void **state)
{
	static const char *const bad[][2] = {
		{"uart", "uart is not a part"},
		{"", " is not a part"},
		{"uart-echo", "uart-echo: rx is missing"},
		{"uart-echo@rx=A0", "uart-echo: tx is missing"},
		{"uart-echo@rx=A0:tx=A8",
			"uart-echo: tx=A8 is not a pin, A0..A7 or B0..B7"},
		{"uart-echo@rx=A0:tx=A0",
			"uart-echo: rx and tx are the same pin"},
		{"uart-echo@rx=A0:rx=A1", "uart-echo: rx is given twice"},
		{"uart-echo@rx", "uart-echo: rx is not KEY=VALUE"},
		{"uart-echo@speed=1", "uart-echo: speed is not a key"},
		{"uart-echo@baud=0", "uart-echo: baud=0 is not in 1..12000000"},
		{"uart-echo@baud=99999999999999999999",
			"uart-echo: baud=99999999999999999999 is not in "
			"1..12000000"},
		{"uart-echo@error=2", "uart-echo: error=2 is not in -20%..20%"},
		{"uart-echo@error=nan%",
			"uart-echo: error=nan% is not in -20%..20%"},
		{"uart-echo@error=21%",
			"uart-echo: error=21% is not in -20%..20%"},
		{"uart-echo@error=20.1%",
			"uart-echo: error=20.1% is not in -20%..20%"},
		{"uart-echo@error=1,5%",
			"uart-echo: error=1,5% is not in -20%..20%"},
		{"uart-echo@error=+-2%",
			"uart-echo: error=+-2% is not in -20%..20%"},
		{"uart-echo@format=9n1",
			"uart-echo: format=9n1 is not like 8n1, 7e1 or 8o2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char why[PART_WHY_SIZE] = "";

		assert_null(part_new(bad[i][0], why));
		assert_string_equal(why, bad[i][1]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unwired_pin_has_the_level_of_its_driver_or_pull),
		TEST(wired_pins_have_one_level),
		TEST(when_drivers_conflict_low_wins_and_the_conflict_is_recorded),
		TEST(drivers_win_over_pulls_and_pull_downs_over_pull_ups),
		TEST(a_port_without_supply_neither_drives_nor_reads),
		TEST(an_echo_comes_after_half_a_stop_bit_in_exact_bits),
		TEST(a_part_with_a_fast_clock_sends_shorter_bits),
		TEST(a_part_with_a_clock_far_off_receives_another_byte),
		TEST(a_byte_with_a_framing_error_is_not_sent_back),
		TEST(parity_is_sent_and_checked),
		TEST(without_its_supply_a_part_is_dead),
		TEST(a_bad_description_is_refused_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
