/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The 8051's interrupts and timers. */
#include "tests/support/mcs51-test.h"

#define RETI 0x32

/* Sources in natural order: where to enable one, to give it high priority, to
   set its flag. */
static const struct {
	uint8_t vector;
	uint8_t enables, enable;
	uint8_t priorities;
	uint8_t flags, flag;
	bool clears;
} sources[] = {
	{0x03, 0xa8, 0x01, 0xb8, 0x88, 0x02, true},
	{0x0b, 0xa8, 0x02, 0xb8, 0x88, 0x20, true},
	{0x13, 0xa8, 0x04, 0xb8, 0x88, 0x08, true},
	{0x1b, 0xa8, 0x08, 0xb8, 0x88, 0x80, true},
	{0x2b, 0xa8, 0x20, 0xb8, 0xc8, 0x40, false},
	{0x43, 0xe8, 0x01, 0xf8, 0x91, 0x10, false},
	{0x4b, 0xe8, 0x02, 0xf8, 0x91, 0x20, false},
	{0x53, 0xe8, 0x04, 0xf8, 0x91, 0x40, false},
	{0x5b, 0xe8, 0x08, 0xf8, 0x91, 0x80, false},
	{0x63, 0xe8, 0x10, 0xf8, 0xd8, 0x08, false},
};

#define SOURCES (sizeof(sources) / sizeof(*sources))

static void set_bits(uint8_t address, uint8_t bits)
{
	EXECUTE(0x43, address, bits);
}

static void clear_bits(uint8_t address, uint8_t bits)
{
	EXECUTE(0x53, address, (uint8_t)~bits);
}

/* INT0 and INT1 by edges, so that their flags are the firmware's. */
static void enable_all(void)
{
	EXECUTE(0x75, 0x88, 0x05);
	EXECUTE(0x75, 0xe8, 0x1f);
	EXECUTE(0x75, 0xa8, 0xaf);
	EXECUTE(0x00);
}

static int set_up(void **state)
{
	fresh_computer(state);
	now->pc = 0x1000;
	return 0;
}

static void every_source_has_its_enable_its_flag_and_its_vector(void **state)
{
	for (size_t i = 0; i < SOURCES; i++) {
		set_up(state);
		EXECUTE(0x75, 0x88, 0x05);
		set_bits(0xa8, 0x80);
		set_bits(sources[i].flags, sources[i].flag);
		step();
		step();
		assert_true(now->pc > 0x1000);
		set_bits(sources[i].enables, sources[i].enable);
		step(); /* one instruction more */
		uint16_t next = now->pc;

		assert_int_equal(step(), 4);
		assert_int_equal(now->pc, sources[i].vector);
		assert_int_equal(
			now->ram[now->sp] << 8 | now->ram[now->sp - 1], next);
		assert_int_equal(
			!(mcs51_peek(cpu, sources[i].flags) & sources[i].flag),
			sources[i].clears);
	}
}

static void sources_of_one_priority_are_served_in_their_natural_order(
	void **state)
{
	(void)state;
	for (size_t i = 0; i < SOURCES; i++)
		set_bits(sources[i].flags, sources[i].flag);
	EXECUTE(0x75, 0x88, 0xaf);
	EXECUTE(0x75, 0xe8, 0x1f);
	EXECUTE(0x75, 0xa8, 0xaf);
	step();
	for (size_t i = 0; i < SOURCES; i++) {
		assert_int_equal(step(), 4);
		assert_int_equal(now->pc, sources[i].vector);
		now->pc = 0x1800;
		clear_bits(sources[i].flags, sources[i].flag);
		EXECUTE(RETI);
		step();
	}
	step();
	assert_true(now->pc > 0x1000);
}

static void high_priority_goes_first_and_interrupts_low_priority(void **state)
{
	for (size_t i = 0; i < SOURCES; i++) {
		size_t low = (i + 1) % SOURCES;

		set_up(state);
		enable_all();
		set_bits(sources[i].priorities, sources[i].enable);
		step();
		set_bits(sources[low].flags, sources[low].flag);
		step();
		assert_int_equal(now->pc, sources[low].vector);
		now->pc = 0x1800;
		/* None of its own priority */
		set_bits(sources[(i + 2) % SOURCES].flags,
			sources[(i + 2) % SOURCES].flag);
		step();
		assert_true(now->pc >= 0x1800);
		set_bits(sources[i].flags, sources[i].flag);
		step();
		assert_int_equal(now->pc, sources[i].vector);
		assert_int_equal(now->in_service, 3);
		clear_bits(sources[i].flags, sources[i].flag);
		EXECUTE(RETI);
		assert_int_equal(now->in_service, 1);
		assert_true(now->pc >= 0x1800);
		step();
		step();
		assert_true(now->pc >= 0x1800);
	}
}

static void resume_is_above_all_and_needs_no_ea(void **state)
{
	(void)state;
	enable_all();
	EXECUTE(0x75, 0xf8, 0x1f);
	step();
	mcs51_request(cpu, MCS51_INT2, true);
	step();
	assert_int_equal(now->pc, 0x43);
	now->pc = 0x1800;
	EXECUTE(0x75, 0xa8, 0x00);
	set_bits(0xd8, 0x20);
	mcs51_request(cpu, MCS51_RESUME, true);
	step();
	assert_int_equal(now->pc, 0x33);
	assert_int_equal(now->in_service, 6);
	now->pc = 0x1900;
	clear_bits(0xd8, 0x10);
	EXECUTE(RETI);
	assert_int_equal(now->in_service, 2);
}

static void one_instruction_more_follows_reti_and_writes_of_enables(
	void **state)
{
	static const uint8_t registers[] = {0xa8, 0xb8, 0xe8, 0xf8};

	for (size_t i = 0; i < sizeof(registers); i++) {
		set_up(state);
		enable_all();
		EXECUTE(0x43, registers[i], 0x00);
		mcs51_request(cpu, MCS51_INT2, true);
		EXECUTE(0x04);
		assert_int_equal(now->acc, 1);
		step();
		assert_int_equal(now->pc, 0x43);
		now->pc = 0x1800;
		/* The flag is still set, so the interrupt comes again. */
		EXECUTE(RETI);
		EXECUTE(0x04);
		assert_int_equal(now->acc, 2);
		step();
		assert_int_equal(now->pc, 0x43);
	}
}

static void one_more_is_one_if_it_is_such_a_write_itself_it_is_two(void **state)
{
	(void)state;
	enable_all();
	EXECUTE(0x43, 0xa8, 0x00);
	mcs51_request(cpu, MCS51_INT2, true);
	EXECUTE(0x43, 0xb8, 0x00);
	EXECUTE(0x04);
	assert_int_equal(now->acc, 1);
	step();
	assert_int_equal(now->pc, 0x43);
}

static void the_flag_of_int0_follows_its_line_or_an_edge(void **state)
{
	(void)state;
	mcs51_request(cpu, MCS51_INT0, true);
	assert_int_equal(now->tcon, 0x02);
	clear_bits(0x88, 0x02);
	assert_int_equal(now->tcon, 0x02);
	mcs51_request(cpu, MCS51_INT0, false);
	assert_int_equal(now->tcon, 0x00);
	set_bits(0x88, 0x01);
	mcs51_request(cpu, MCS51_INT0, true);
	assert_int_equal(now->tcon, 0x03);
	mcs51_request(cpu, MCS51_INT0, false);
	assert_int_equal(now->tcon, 0x03);
	clear_bits(0x88, 0x02);
	assert_int_equal(now->tcon, 0x01);
	mcs51_request(cpu, MCS51_INT1, true);
	assert_int_equal(now->tcon, 0x09);
}

static void a_level_interrupts_again_until_it_is_withdrawn(void **state)
{
	(void)state;
	EXECUTE(0x75, 0xa8, 0x81);
	step();
	mcs51_request(cpu, MCS51_INT0, true);
	for (int i = 0; i < 3; i++) {
		step();
		assert_int_equal(now->pc, 0x03);
		now->pc = 0x1800;
		EXECUTE(RETI);
		step();
	}
	mcs51_request(cpu, MCS51_INT0, false);
	step();
	assert_true(now->pc > 0x1000);
}

static void a_flag_of_exif_is_set_by_each_edge_and_cleared_by_firmware(
	void **state)
{
	(void)state;
	mcs51_request(cpu, MCS51_INT2, true);
	mcs51_request(cpu, MCS51_INT3, true);
	assert_int_equal(now->exif, 0x38);
	clear_bits(0x91, 0x10);
	mcs51_request(cpu, MCS51_INT2, true); /* no edge */
	assert_int_equal(now->exif, 0x28);
	mcs51_request(cpu, MCS51_INT2, false);
	mcs51_request(cpu, MCS51_INT2, true);
	mcs51_request(cpu, MCS51_INT4, true);
	mcs51_request(cpu, MCS51_INT5, true);
	mcs51_request(cpu, MCS51_INT6, true);
	assert_int_equal(now->exif, 0xf8);
	assert_int_equal(now->eicon, 0x48);
}

static void a_flag_that_firmware_sets_interrupts_after_that_instruction(
	void **state)
{
	(void)state;
	enable_all();
	PUT(now->pc, 0x43, 0x91, 0x20, 0x04, 0x04, 0x04);
	PUT(0x4b, 0x80, 0xfe);
	mcs51_run(cpu, cpu->cycles + 100);
	assert_int_equal(now->pc, 0x4b);
	assert_int_equal(now->acc, 0);
}

/* The LJMP at a vector is executed with a byte that is not in memory. */
static void int2_and_int4_have_autovectors(void **state)
{
	(void)state;
	PUT(0x43, 0x02, 0x12, 0x00);
	PUT(0x53, 0x02, 0x13, 0x00);
	now->pc = 0x43;
	step();
	assert_int_equal(now->pc, 0x1200);
	computer.vectored = true;
	computer.vector = 0x40;
	now->pc = 0x43;
	assert_int_equal(step(), 4);
	assert_int_equal(now->pc, 0x1244);
	now->pc = 0x53;
	step();
	assert_int_equal(now->pc, 0x1345);
	assert_int_equal(computer.memory[0x45], 0);
}

/* ---- Idle ---- */

static void idle_lasts_until_an_enabled_interrupt(void **state)
{
	(void)state;
	enable_all();
	EXECUTE(0x75, 0xe8, 0x01);
	EXECUTE(0x43, 0x87, 0x01);
	uint64_t start = cpu->cycles;

	assert_int_equal(mcs51_waits_until(cpu), MCS51_NEVER);
	assert_int_equal(mcs51_run(cpu, start + 1000000), MCS51_TIME);
	assert_int_equal(cpu->cycles, start + 1000000);
	assert_int_equal(now->pc, 0x1000 + 3 + 3 + 3 + 1 + 3 + 3);
	mcs51_request(cpu, MCS51_INT3, true); /* not enabled */
	assert_int_equal(mcs51_waits_until(cpu), MCS51_NEVER);
	mcs51_request(cpu, MCS51_INT2, true);
	assert_int_equal(mcs51_waits_until(cpu), cpu->cycles);
	assert_int_equal(step(), 5);
	assert_int_equal(now->pc, 0x43);
	assert_int_equal(mcs51_peek(cpu, 0x87), 0x30);
	EXECUTE(RETI);
	assert_int_equal(now->pc, 0x1010);
}

static void a_timer_ends_idle_at_the_cycle_of_its_overflow(void **state)
{
	(void)state;
	EXECUTE(0x75, 0x89, 0x01);
	EXECUTE(0x75, 0x8e, 0x09); /* timer 0 counts cycles */
	EXECUTE(0x75, 0xa8, 0x82);
	EXECUTE(0xd2, 0x8c);
	uint64_t start = cpu->cycles;

	EXECUTE(0x43, 0x87, 0x01);
	/* The bit is written at the start of its instruction. */
	assert_int_equal(mcs51_waits_until(cpu), start + 0x10000 - 2);
	assert_int_equal(mcs51_run(cpu, start + 0x10000 - 2 + 1), MCS51_TIME);
	assert_int_equal(cpu->cycles, start + 0x10000 - 2 + 5);
	assert_int_equal(now->pc, 0x0b);
}

/* With 12 clocks a count, timers count where cycles are divisible by 3. */
static void a_slow_timer_overflows_at_a_third_cycle_whenever_started(
	void **state)
{
	for (int late = 0; late < 3; late++) {
		uint64_t start;

		set_up(state);
		EXECUTE(0x75, 0x89, 0x01);
		EXECUTE(0x75, 0x8c, 0xff);
		EXECUTE(0x75, 0xa8, 0x82);
		for (int i = 0; i < late; i++)
			EXECUTE(0x00);
		start = cpu->cycles;
		EXECUTE(0xd2, 0x8c);
		EXECUTE(0x43, 0x87, 0x01);
		assert_int_equal(
			mcs51_waits_until(cpu), (start / 3 + 0x100) * 3);
	}
}

/* ---- Timers ---- */

/* The timers as the manual describes them, a count at a time. */
struct timers {
	uint8_t tmod, tcon, t2con, ckcon;
	uint8_t tl[2], th[2];
	uint16_t t2, reload;
};

static void count_16_or_8(struct timers *its, int timer)
{
	uint8_t mode = its->tmod >> 4 * timer & 3, limit = mode ? 0xff : 0x1f;
	uint8_t flag = timer ? 0x80 : 0x20;
	bool quiet = timer == 1 && (its->tmod & 3) == 3;
	bool over = false;

	if (mode == 2) {
		if (++its->tl[timer] == 0) {
			its->tl[timer] = its->th[timer];
			over = true;
		}
	} else if (mode == 3) {
		over = ++its->tl[timer] == 0;
	} else if ((its->tl[timer] & limit) == limit) {
		its->tl[timer] &= ~limit;
		over = ++its->th[timer] == 0;
	} else {
		its->tl[timer]++;
	}
	if (over && !quiet)
		its->tcon |= flag;
}

/* A cycle, of which every third has `third`. */
static void count_timers(struct timers *its, bool third)
{
	bool fast[3] = {its->ckcon & 8, its->ckcon & 16, its->ckcon & 32};
	bool split = (its->tmod & 3) == 3;
	bool runs[2] = {its->tcon & 0x10, split || (its->tcon & 0x40)};

	if (runs[0] && (fast[0] || third))
		count_16_or_8(its, 0);
	if (split && (its->tcon & 0x40) && (fast[0] || third) &&
		++its->th[0] == 0)
		its->tcon |= 0x80;
	if (runs[1] && (its->tmod >> 4 & 3) != 3 && (fast[1] || third))
		count_16_or_8(its, 1);
	if ((its->t2con & 4) && (fast[2] || third) && ++its->t2 == 0) {
		its->t2 = its->t2con & 1 ? 0 : its->reload;
		its->t2con |= 0x80;
	}
}

static void catch_up(struct timers *its, uint64_t *at)
{
	for (; *at < cpu->cycles; ++*at)
		count_timers(its, (*at + 1) % 3 == 0);
}

static void load_timers(const struct timers *its)
{
	EXECUTE(0x75, 0x8e, its->ckcon);
	EXECUTE(0x75, 0x8a, its->tl[0]);
	EXECUTE(0x75, 0x8b, its->tl[1]);
	EXECUTE(0x75, 0x8c, its->th[0]);
	EXECUTE(0x75, 0x8d, its->th[1]);
	EXECUTE(0x75, 0xca, its->reload);
	EXECUTE(0x75, 0xcb, its->reload >> 8);
	EXECUTE(0x75, 0xcc, its->t2);
	EXECUTE(0x75, 0xcd, its->t2 >> 8);
}

static void compare_timers(const struct timers *its)
{
	assert_int_equal(mcs51_peek(cpu, 0x88), its->tcon);
	assert_int_equal(mcs51_peek(cpu, 0xc8), its->t2con);
	assert_int_equal(mcs51_peek(cpu, 0x8a), its->tl[0]);
	assert_int_equal(mcs51_peek(cpu, 0x8b), its->tl[1]);
	assert_int_equal(mcs51_peek(cpu, 0x8c), its->th[0]);
	assert_int_equal(mcs51_peek(cpu, 0x8d), its->th[1]);
	assert_int_equal(mcs51_peek(cpu, 0xcc), (uint8_t)its->t2);
	assert_int_equal(mcs51_peek(cpu, 0xcd), its->t2 >> 8);
}

/* Instructions of a loop that does nothing; every run ends between two. */
static void timers_count_as_the_manual_says_in_all_modes(void **state)
{
	uint64_t seed = 1;

	for (int round = 0; round < 400; round++) {
		struct timers its = {
			.tmod = draw(&seed) & 0x33,
			.ckcon = draw(&seed) & 0x3f,
			.t2con = draw(&seed) & 1,
			.tl = {draw(&seed), draw(&seed)},
			.th = {draw(&seed) | 0xf0, draw(&seed) | 0xf0},
			.t2 = draw(&seed) | 0xf000,
			.reload = draw(&seed) | 0xe000,
		};
		uint64_t end;

		set_up(state);
		load_timers(&its);
		end = cpu->cycles;
		EXECUTE(0x75, 0x89, its.tmod);
		catch_up(&its, &end);
		its.tcon = draw(&seed) & 0x50;
		EXECUTE(0x75, 0x88, its.tcon);
		catch_up(&its, &end);
		its.t2con |= draw(&seed) & 4;
		EXECUTE(0x75, 0xc8, its.t2con);
		catch_up(&its, &end);
		PUT(now->pc, 0x00, 0x80, 0xfd);
		for (int part = 0; part < 20; part++) {
			uint64_t until = end + draw(&seed) % 3000;

			while (mcs51_run(cpu, until) == MCS51_WAITS)
				mcs51_skip(cpu, until);
			catch_up(&its, &end);
			compare_timers(&its);
		}
	}
}

static void a_timer_interrupts_at_the_end_of_the_loop_s_instruction(
	void **state)
{
	(void)state;
	EXECUTE(0x75, 0x8e, 0x09);
	EXECUTE(0x75, 0x89, 0x02); /* mode 2: every 200 cycles */
	EXECUTE(0x75, 0x8c, 256 - 200);
	EXECUTE(0x75, 0x8a, 256 - 200);
	EXECUTE(0x75, 0xa8, 0x82);
	uint64_t start = cpu->cycles;

	EXECUTE(0xd2, 0x8c);
	PUT(now->pc, 0x80, 0xfe);
	PUT(0x0b, 0x05, 0x30, RETI); /* inc 0x30 */
	while (now->ram[0x30] < 100) {
		uint64_t until = start + 200 * 101;

		if (mcs51_run(cpu, until) == MCS51_WAITS)
			mcs51_skip(cpu, until);
		else
			break;
	}
	assert_int_equal(now->ram[0x30], 100);
}

static void a_gate_stops_its_timer_while_the_line_is_asserted(void **state)
{
	uint8_t before;

	(void)state;
	EXECUTE(0x75, 0x8e, 0x08);
	EXECUTE(0x75, 0x89, 0x09);
	EXECUTE(0xd2, 0x8c);
	mcs51_run(cpu, cpu->cycles + 10);
	before = mcs51_peek(cpu, 0x8a);
	assert_true(before >= 10);
	mcs51_request(cpu, MCS51_INT0, true);
	mcs51_run(cpu, cpu->cycles + 10);
	assert_int_equal(mcs51_peek(cpu, 0x8a), before);
	mcs51_request(cpu, MCS51_INT0, false);
	mcs51_run(cpu, cpu->cycles + 10);
	assert_int_equal(mcs51_peek(cpu, 0x8a), before + 10);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_source_has_its_enable_its_flag_and_its_vector),
		TEST(sources_of_one_priority_are_served_in_their_natural_order),
		TEST(high_priority_goes_first_and_interrupts_low_priority),
		TEST(resume_is_above_all_and_needs_no_ea),
		TEST(one_instruction_more_follows_reti_and_writes_of_enables),
		TEST(one_more_is_one_if_it_is_such_a_write_itself_it_is_two),
		TEST(the_flag_of_int0_follows_its_line_or_an_edge),
		TEST(a_level_interrupts_again_until_it_is_withdrawn),
		TEST(a_flag_of_exif_is_set_by_each_edge_and_cleared_by_firmware),
		TEST(a_flag_that_firmware_sets_interrupts_after_that_instruction),
		TEST(int2_and_int4_have_autovectors),
		TEST(idle_lasts_until_an_enabled_interrupt),
		TEST(a_timer_ends_idle_at_the_cycle_of_its_overflow),
		TEST(a_slow_timer_overflows_at_a_third_cycle_whenever_started),
		TEST(timers_count_as_the_manual_says_in_all_modes),
		TEST(a_timer_interrupts_at_the_end_of_the_loop_s_instruction),
		TEST(a_gate_stops_its_timer_while_the_line_is_asserted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
