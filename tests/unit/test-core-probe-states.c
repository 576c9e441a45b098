/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the model of the probe core alone, to the half cycle: the states of a
   target, waits and failures. */
#include "tests/support/probe-rig.h"

#include <string.h>

/* ---- States ----------------------------------------------------------- */

static void an_idcode_is_read(void **state)
{
	uint32_t idcode;

	(void)state;
	target.latency = 3;
	configure(2, 0);
	tms(6, 0x1f);
	tms(3, 1);
	shift(PROBE_TDO | PROBE_LAST, 32);
	tms(2, 1);
	run_all();
	assert_int_equal(target.state, IDLE);
	assert_int_equal(replies((uint8_t *)&idcode), 4);
	assert_int_equal(idcode, IDCODE);
	/* In two parts, with the pause between them. */
	tms(3, 1);
	shift(PROBE_TDO | PROBE_LAST, 16);
	tms(3, 2);
	shift(PROBE_TDO | PROBE_LAST | PROBE_ONES, 16);
	tms(2, 1);
	run_all();
	assert_int_equal(replies((uint8_t *)&idcode), 4);
	assert_int_equal(idcode, IDCODE);
	assert_int_equal(target.updated_dr, 0xffff0000);
}

static void a_scan_is_repeated_until_its_bits_fit(void **state)
{
	uint8_t came[CORE_FIFO_SIZE];

	(void)state;
	target.latency = 3;
	configure(2, 0);
	for (unsigned skip = 0; skip < 30; skip++)
		for (unsigned bits = 1; bits <= 8 && skip + bits <= 32;
			bits++) {
			uint8_t tail = 32 - skip - bits,
				all = 0xff >> (8 - bits);

			tms(6, 0x1f);
			run_all();
			target.captures = target.idles = 0;
			target.ready = 5;
			target.status[0] = IDCODE;
			target.status[1] = IDCODE ^ 1u << (skip + bits - 1);
			poll_scan(skip & 1 ? PROBE_ONES : 0,
				&(struct probe_poll){1000, skip, bits, tail,
					skip, 1 << (bits - 1),
					target.status[1] >> skip});
			run_all();
			assert_int_equal(replies(came), 1);
			assert_int_equal(
				came[0], target.status[1] >> skip & all);
			assert_int_equal(target.captures, 5);
			assert_int_equal(target.state, IDLE);
			assert_int_equal(target.idles, 5 * skip);
			assert_int_equal(
				target.updated_dr, skip & 1 ? UINT32_MAX : 0);
			assert_int_equal(barrier().code, STREAM_OK);
		}
}

static void an_instruction_is_captured_until_it_fits(void **state)
{
	uint8_t came[CORE_FIFO_SIZE];

	(void)state;
	target.latency = 1;
	configure(3, 0);
	tms(6, 0x1f);
	poll_scan(PROBE_IR | PROBE_ONES,
		&(struct probe_poll){1000, 2, 3, 1, 0, 0xff, 0x15 >> 2 & 7});
	run_all();
	assert_int_equal(replies(came), 1);
	assert_int_equal(came[0], 0x15 >> 2 & 7);
	assert_int_equal(target.updated_ir, 0x3f);
	assert_int_equal(target.captures, 0);
	assert_int_equal(target.state, IDLE);
	assert_int_equal(barrier().code, STREAM_OK);
}

/* A limit of 0 is one scan; the scan that ends after the limit counts. */
static void a_poll_ends_at_its_limit(void **state)
{
	static const uint32_t limits[] = {0, 1, 10, 100};
	uint8_t came[CORE_FIFO_SIZE];

	(void)state;
	configure(2, 0);
	tms(6, 0x1f);
	run_all();
	for (unsigned i = 0; i < ARRAY_SIZE(limits); i++) {
		struct stream_barrier reply;
		unsigned scan = 2 * (3 + 8 + 2) + 20;

		target.captures = 0;
		poll_scan(0,
			&(struct probe_poll){limits[i], 0, 8, 0, 0, 0xff, 0});
		assert_in_range(
			run_all(), 48 * limits[i], 48 * limits[i] + 2 * scan);
		assert_int_equal(replies(came), 1);
		assert_int_equal(came[0], IDCODE & 0xff);
		assert_true(
			i == 0 ? target.captures == 1 : target.captures > 1);
		reply = barrier();
		assert_int_equal(reply.code, STREAM_TIMEOUT);
		assert_int_equal(reply.index, i ? 0 : 2);
	}
}

/* ---- Waits and failures ------------------------------------------------ */

static void resets_have_the_levels_of_the_last_command(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels-- > 0;) {
		assert_int_equal(rig.core->outputs >> PROBE_OUTPUT_TRST,
			levels < 3 ? levels + 1 : 3);
		PUT(STREAM_PINS, levels);
		run_all();
		assert_int_equal(
			rig.core->outputs >> PROBE_OUTPUT_TRST, levels);
	}
}

/* TRST must not rise before TMS is where it is to be. */
static void a_reset_changes_after_the_clocks_before_it(void **state)
{
	(void)state;
	configure(100, 0);
	PUT(STREAM_PINS, 0);
	clocks(PROBE_HIGH, 9);
	PUT(STREAM_PINS, 3);
	while (rig.core->outputs >> PROBE_OUTPUT_TRST != 0)
		cycle();
	while (rig.core->outputs >> PROBE_OUTPUT_TRST == 0)
		cycle();
	run(OUT_CYCLES);
	assert_int_equal(target.clocks, 9);
	assert_false(rig.core->outputs & TCK);
}

static void a_delay_takes_its_time(void **state)
{
	static const uint32_t times[] = {0, 1, 2, 16, 17, 50, 300};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(times); i++) {
		wait_us(STREAM_DELAY, times[i]);
		assert_int_equal(run_all(), 48 * times[i] + 6);
	}
}

static void a_wait_for_a_pin_ends_with_its_level_or_its_limit(void **state)
{
	struct stream_barrier reply;

	(void)state;
	for (unsigned pin = PROBE_INPUT_TMS; pin < PROBE_INPUT_COUNT; pin++) {
		target.side = 0;
		run(10);
		wait_us(STREAM_WAIT_PIN, 1000);
		PUT(pin | STREAM_HIGH);
		run(5000);
		assert_int_equal(rig.out.level, 0);
		target.side = 1 << pin;
		assert_in_range(run_all(), 1, 12);
		wait_us(STREAM_WAIT_PIN, 20);
		PUT(pin);
		assert_in_range(run_all(), 20 * 48, 20 * 48 + 12);
		reply = barrier();
		assert_int_equal(reply.code, STREAM_TIMEOUT);
		assert_int_equal(reply.index, 1);
	}
}

static void a_failure_skips_all_up_to_the_barrier(void **state)
{
	uint8_t came[CORE_FIFO_SIZE], outputs;
	struct stream_barrier reply;
	unsigned size;

	(void)state;
	configure(2, 0);
	wait_us(STREAM_WAIT_PIN, 0);
	PUT(PROBE_INPUT_SIDE | STREAM_HIGH);
	run_all();
	outputs = rig.core->outputs;
	PUT(STREAM_PINS, 0);
	shift(PROBE_TDI, 24);
	PUT(STREAM_BARRIER, 2, STREAM_BARRIER);
	shift(PROBE_TDO, 25);
	shift(PROBE_TDI | PROBE_TDO, 16);
	PUT(1, 2);
	vector(PROBE_TDO, 9);
	PUT(1, 2, 3, 4);
	vector(0, 8);
	PUT(STREAM_BARRIER, 2);
	shift(PROBE_TDO, 0);
	clocks(0, 1 << 30);
	tms(8, 0x55);
	poll_scan(0, &(struct probe_poll){1000000, 0, 8, 0, 0, 0xff, 0});
	wait_us(STREAM_DELAY, 1000000);
	configure(1, 3);
	assert_in_range(run_all(), 70, 150);
	assert_int_equal(rig.core->outputs, outputs);
	assert_int_equal(target.clocks, 0);
	size = replies(came);
	assert_int_equal(size, 4 + 2 + 2 + 1);
	for (unsigned i = 0; i < size; i++)
		assert_int_equal(came[i], STREAM_FILLER);
	reply = barrier();
	assert_int_equal(reply.code, STREAM_TIMEOUT);
	assert_int_equal(reply.index, 1);
	reply = barrier();
	assert_int_equal(reply.code, STREAM_OK);
	assert_int_equal(reply.index, 0);
}

static void an_unknown_opcode_ends_the_stream_until_a_reset(void **state)
{
	static const uint8_t opcodes[] = {0x05, 0x0f, 0x70, 0x80, 0x91, 0xff};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++) {
		PUT(opcodes[i], STREAM_BARRIER, 1, PROBE_TMS, 1);
		run(100);
		assert_int_equal(rig.out.level, 0);
		assert_int_equal(rig.in.level, 0);
		assert_int_equal(target.clocks, 0);
		assert_int_equal(status() & 7, PROBE_BUSY | PROBE_STREAM_LOST);
		core_rig_reset(&rig);
		assert_int_equal(barrier().index, 0);
	}
}

static void a_packet_is_closed_behind_a_barrier_and_when_all_is_done(
	void **state)
{
	(void)state;
	configure(1, 0);
	PUT(STREAM_BARRIER, 1, STREAM_NOP, STREAM_BARRIER, 2);
	for (unsigned flushes = 0; flushes < 2;) {
		cycle();
		if (rig.core->flush)
			assert_int_equal(rig.in.level, 4 * ++flushes);
		rig.core->flush = false;
	}
	shift(PROBE_TDO, 40);
	PUT(STREAM_NOP);
	shift(PROBE_TDO, 17);
	while (!rig.core->flush)
		cycle();
	assert_int_equal(rig.in.level, 16);
	assert_int_equal(rig.out.level, 0);
	rig.core->flush = false;
	run(100);
	assert_false(rig.core->flush);
}

static void a_pipe_reset_ends_everything(void **state)
{
	(void)state;
	configure(7, 3);
	PUT(STREAM_PINS, 0);
	shift(PROBE_TDI | PROBE_TDO, 1000);
	PUT(0, 2, 3);
	run(100);
	rig.out.level = 0;
	core_rig_reset(&rig);
	assert_int_equal(
		rig.core->outputs, ((1 << PROBE_OUTPUT_COUNT) - 1) & ~TCK);
	run(10);
	assert_int_equal(status() & 7, 0);
	assert_int_equal(barrier().index, 0);
	target.clocks = 0;
	tms(2, 3);
	assert_in_range(
		run_all(), 2 * PROBE_RESET_PERIOD, 2 * PROBE_RESET_PERIOD + 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_idcode_is_read),
		TEST(a_scan_is_repeated_until_its_bits_fit),
		TEST(an_instruction_is_captured_until_it_fits),
		TEST(a_poll_ends_at_its_limit),
		TEST(resets_have_the_levels_of_the_last_command),
		TEST(a_reset_changes_after_the_clocks_before_it),
		TEST(a_delay_takes_its_time),
		TEST(a_wait_for_a_pin_ends_with_its_level_or_its_limit),
		TEST(a_failure_skips_all_up_to_the_barrier),
		TEST(an_unknown_opcode_ends_the_stream_until_a_reset),
		TEST(a_packet_is_closed_behind_a_barrier_and_when_all_is_done),
		TEST(a_pipe_reset_ends_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
