/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the model of the probe core alone, to the half cycle: bits and clocks. */
#include "tests/support/probe-rig.h"

#include <string.h>

/* ---- Bits ------------------------------------------------------------- */

static const uint16_t some_periods[] = {1, 2, 3, 4, 7, 20};
static const unsigned some_sizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 24, 33, 129};

/* As many clocks as bits, with TMS high in the last one, perhaps. */
static void assert_shifted(unsigned bits, bool last)
{
	assert_int_equal(target.clocks, bits);
	for (unsigned i = 0; i < bits; i++)
		assert_int_equal(target.tms[i], last && i == bits - 1);
}

static void send(uint16_t period, unsigned bits, uint8_t flags)
{
	uint8_t data[32];

	target.clocks = 0;
	fill(data, sizeof(data), period * 64 + bits);
	configure(period, 0);
	shift(flags, bits);
	if (flags & PROBE_TDI)
		put(data, (bits + 7) / 8);
	run_all();
	assert_shifted(bits, flags & PROBE_LAST);
	for (unsigned i = 0; i < bits; i++)
		assert_int_equal(target.tdi[i],
			flags & PROBE_TDI ? bit_of(data, i)
					  : !!(flags & PROBE_ONES));
}

static void bits_are_sent_at_every_rate_in_every_number(void **state)
{
	static const uint8_t flags[] = {PROBE_TDI, PROBE_TDI | PROBE_LAST, 0,
		PROBE_ONES, PROBE_ONES | PROBE_LAST};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(some_periods); i++)
		for (unsigned j = 0; j < ARRAY_SIZE(some_sizes); j++)
			for (unsigned k = 0; k < ARRAY_SIZE(flags); k++)
				send(some_periods[i], some_sizes[j], flags[k]);
	assert_int_equal(barrier().code, STREAM_OK);
	assert_int_equal(rig.in.level, 0);
}

static void no_bits_are_no_clocks(void **state)
{
	(void)state;
	shift(PROBE_TDI | PROBE_TDO, 0);
	vector(PROBE_TDO, 0);
	clocks(PROBE_HIGH, 0);
	assert_int_equal(barrier().index, 3);
	assert_int_equal(target.clocks, 0);
	assert_int_equal(rig.in.level, 0);
}

/* The bits of a target are received; those that were not are 0. */
static bool receive(uint16_t period, unsigned bits, unsigned delay)
{
	uint8_t came[CORE_FIFO_SIZE], bytes = (bits + 7) / 8;
	bool right = true;

	fill(target.answer, sizeof(target.answer), period * 64 + bits);
	target.stream = true;
	target.tdo = target.answer[0] & 1;
	target.answered = 1;
	configure(period, delay);
	shift(PROBE_TDO, bits);
	run_all();
	assert_int_equal(replies(came), bytes);
	if (bits % 8)
		assert_int_equal(came[bytes - 1] >> bits % 8, 0);
	for (unsigned i = 0; i < bits; i++)
		right &= bit_of(came, i) == bit_of(target.answer, i);
	return right;
}

/* TDO is there from the target's latency after one falling edge on, for a
   period; the sample is taken at the next falling edge and the delay after it,
   and sees what was there just before. */
static void a_sample_is_taken_at_its_half_cycle(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(some_periods); i++)
		for (unsigned delay = 0; delay < 8; delay++)
			for (unsigned latency = 0; latency < 50; latency++) {
				unsigned period = some_periods[i];
				unsigned taken = 2 * period + delay;

				target.latency = latency;
				assert_int_equal(receive(period, 24, delay),
					taken > latency &&
						taken <= latency + 2 * period);
				run(60);
			}
}

static void bits_are_received_in_every_number(void **state)
{
	(void)state;
	target.latency = 3; /* 31 ns */
	for (unsigned i = 1; i < ARRAY_SIZE(some_periods); i++)
		for (unsigned j = 0; j < ARRAY_SIZE(some_sizes); j++)
			assert_true(receive(some_periods[i], some_sizes[j], 0));
}

static void a_vector_has_its_tms_and_its_tdi(void **state)
{
	uint8_t data[2 * 17], came[CORE_FIFO_SIZE];

	(void)state;
	target.stream = true;
	fill(target.answer, sizeof(target.answer), 3);
	fill(data, sizeof(data), 4);
	for (unsigned i = 0; i < ARRAY_SIZE(some_periods); i++)
		for (unsigned j = 0; j < ARRAY_SIZE(some_sizes); j++) {
			unsigned bits = some_sizes[j], bytes = (bits + 7) / 8;

			target.clocks = 0;
			target.tdo = target.answer[0] & 1;
			target.answered = 1;
			target.latency = 1;
			configure(some_periods[i], 0);
			vector(j % 2 ? PROBE_TDO : 0, bits);
			put(data, 2 * bytes);
			run_all();
			assert_int_equal(replies(came), j % 2 ? bytes : 0);
			assert_int_equal(target.clocks, bits);
			for (unsigned n = 0; n < bits; n++) {
				unsigned at = 16 * (n / 8) + n % 8;

				assert_int_equal(
					target.tms[n], bit_of(data, at));
				assert_int_equal(
					target.tdi[n], bit_of(data, at + 8));
				if (j % 2)
					assert_int_equal(bit_of(came, n),
						bit_of(target.answer, n));
			}
		}
}

static void any_number_of_clocks_has_the_tms_that_was_given(void **state)
{
	(void)state;
	configure(2, 0);
	for (unsigned count = 1; count <= PROBE_CLOCKS_MAX; count++) {
		target.clocks = 0;
		PUT(PROBE_TMS | (count - 1) | (count & 1 ? PROBE_ONES : 0),
			0x96);
		run_all();
		assert_int_equal(target.clocks, count);
		for (unsigned i = 0; i < count; i++) {
			assert_int_equal(target.tms[i], 0x96 >> i & 1);
			assert_int_equal(target.tdi[i], count & 1);
		}
	}
}

static void a_state_is_kept_for_a_number_of_clocks(void **state)
{
	(void)state;
	configure(1, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(some_sizes); i++)
		for (unsigned flags = 0; flags < 4; flags++) {
			target.clocks = 0;
			clocks((flags & 1 ? PROBE_HIGH : 0) |
					(flags & 2 ? PROBE_ONES : 0),
				some_sizes[i]);
			run_all();
			assert_int_equal(target.clocks, some_sizes[i]);
			for (unsigned n = 0; n < some_sizes[i]; n++) {
				assert_int_equal(target.tms[n], flags & 1);
				assert_int_equal(target.tdi[n], flags >> 1);
			}
		}
	target.clocks = 0;
	clocks(0, 70000);
	run_all();
	assert_int_equal(target.clocks, 70000);
}

/* ---- Clock ------------------------------------------------------------ */

/* All halves of so many clocks since then are equal. */
static void assert_even(uint64_t from, unsigned count, unsigned period)
{
	uint64_t last = 0;
	unsigned edges = 0;

	run(OUT_CYCLES + 1);
	for (uint64_t half = from; half < 2 * rig.cycle; half++) {
		if (!has_edge(half, TCK, true) && !has_edge(half, TCK, false))
			continue;
		if (edges++)
			assert_int_equal(half - last, period);
		last = half;
	}
	assert_int_equal(edges, 2 * count);
}

static void there_are_no_gaps_in_a_command_and_both_halves_are_equal(
	void **state)
{
	uint8_t data[48] = {0};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(some_periods); i++)
		for (unsigned kind = 0; kind < 4; kind++) {
			uint64_t from = 2 * rig.cycle;

			configure(some_periods[i], 0);
			if (kind == 3)
				clocks(0, 192);
			else if (kind == 2)
				vector(PROBE_TDO, 192);
			else
				shift(PROBE_TDI | (kind ? PROBE_TDO : 0), 192);
			if (kind < 3)
				put(data, kind == 2 ? 48 : 24);
			run_all();
			rig.in.level = 0;
			assert_even(from, 192, some_periods[i]);
		}
}

/* At 24 MHz, with 3 clocks in the last byte. */
static void there_are_no_gaps_between_commands_that_move_bits(void **state)
{
	uint64_t from = 2 * rig.cycle;

	(void)state;
	configure(2, 0);
	tms(5, 0x1f);
	tms(3, 2);
	shift(PROBE_TDI | PROBE_TDO | PROBE_LAST, 11);
	PUT(1, 2);
	tms(3, 1);
	clocks(0, 3);
	vector(PROBE_TDO, 3);
	PUT(1, 1);
	clocks(0, 8);
	shift(PROBE_TDO, 4);
	shift(PROBE_ONES, 4);
	run_all();
	assert_even(from, 5 + 3 + 11 + 3 + 3 + 3 + 8 + 4 + 4, 2);
}

static void the_slowest_clock_is_exact(void **state)
{
	uint64_t from = 2 * rig.cycle;

	(void)state;
	configure(PROBE_PERIOD_MAX, 0);
	clocks(0, 2);
	run_all();
	assert_even(from, 2, PROBE_PERIOD_MAX);
}

/* Without data the clock stops between two bytes, and no line changes. */
static void a_stream_that_runs_dry_holds_all_lines(void **state)
{
	uint16_t outputs;

	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		configure(1, 2);
		if (kind)
			vector(0, 24);
		else
			shift(PROBE_TDI, 24);
		PUT(0xff, 0x7f, 0x55);
		if (!kind)
			rig.out.level--;
		run(100);
		outputs = rig.core->outputs;
		assert_false(outputs & TCK);
		assert_int_equal(outputs & TDI, 0);
		assert_int_equal(!!(outputs & TMS), kind);
		for (unsigned i = 0; i < 1000; i++) {
			cycle();
			assert_int_equal(rig.core->outputs, outputs);
			assert_false(rig.core->turns);
		}
		PUT(0x78);
		if (kind)
			PUT(0, 0);
		run_all();
		assert_int_equal(barrier().index, 2);
		assert_int_equal(rig.in.level, 0);
	}
}

static void no_byte_is_lost_without_room(void **state)
{
	uint8_t came[2 * CORE_FIFO_SIZE];

	(void)state;
	target.latency = 3;
	target.stream = true;
	for (unsigned delay = 2; delay < 4; delay++) {
		fill(target.answer, sizeof(target.answer), delay);
		target.tdo = target.answer[0] & 1;
		target.answered = 1;
		configure(1, delay);
		shift(PROBE_TDO, 8 * sizeof(came));
		run(9000);
		assert_in_range(rig.in.level, CORE_FIFO_SIZE - CORE_ROOM, 511);
		for (unsigned had = 0; had < sizeof(came);) {
			had += replies(came + had);
			run(9000);
		}
		assert_memory_equal(came, target.answer, sizeof(came));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bits_are_sent_at_every_rate_in_every_number),
		TEST(no_bits_are_no_clocks),
		TEST(a_sample_is_taken_at_its_half_cycle),
		TEST(bits_are_received_in_every_number),
		TEST(a_vector_has_its_tms_and_its_tdi),
		TEST(any_number_of_clocks_has_the_tms_that_was_given),
		TEST(a_state_is_kept_for_a_number_of_clocks),
		TEST(there_are_no_gaps_in_a_command_and_both_halves_are_equal),
		TEST(there_are_no_gaps_between_commands_that_move_bits),
		TEST(the_slowest_clock_is_exact),
		TEST(a_stream_that_runs_dry_holds_all_lines),
		TEST(no_byte_is_lost_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
