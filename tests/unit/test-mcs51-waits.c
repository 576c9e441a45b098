/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Loops of an 8051 that wait are found, and a run that skips their passes ends
   as one that executes them. */
#include "tests/support/mcs51-test.h"

#include "virtual/mcs51/debug.h"

#define START 0x100

static void skipping(struct computer *its, uint64_t until)
{
	while (mcs51_run(&its->cpu, until) == MCS51_WAITS)
		mcs51_skip(&its->cpu, until);
}

/* ---- Loops by hand ---- */

static int set_up(void **state)
{
	fresh_computer(state);
	now->pc = START;
	return 0;
}

/* The loop at START waits, with this many cycles in a pass. */
static void expect_wait(unsigned int pass)
{
	assert_int_equal(mcs51_run(cpu, 10000), MCS51_WAITS);
	assert_in_range(cpu->cycles, 1, 20 * pass);
	assert_int_equal(mcs51_waits_until(cpu), MCS51_NEVER);
	uint64_t before = cpu->cycles;

	mcs51_skip(cpu, 1000000);
	assert_true(1000000 - cpu->cycles < pass);
	assert_int_equal((cpu->cycles - before) % pass, 0);
	assert_int_equal(mcs51_run(cpu, 1000000), MCS51_TIME);
	/* And again; but not into the past. */
	before = cpu->cycles;
	mcs51_skip(cpu, 1000);
	assert_int_equal(cpu->cycles, before);
	for (uint64_t until = 1100000; until < 2000000; until += 100000) {
		skipping(&computer, until);
		mcs51_skip(cpu, until + 7 * pass);
		assert_in_range(
			cpu->cycles, until + 6 * pass, until + 7 * pass);
	}
}

static void a_jump_to_itself_waits(void **state)
{
	(void)state;
	PUT(START, 0x80, 0xfe);
	expect_wait(3);
}

static void a_loop_that_polls_a_register_waits(void **state)
{
	(void)state;
	PUT(START, 0x20, 0x80 + 3, 0xfd); /* jb ioa.3,. */
	computer.sfr[0x80] = 0x08;
	expect_wait(4);
	computer.sfr[0x80] = 0x00;
	mcs51_touch(cpu);
	assert_int_equal(mcs51_waits_until(cpu), cpu->cycles);
	mcs51_run(cpu, cpu->cycles + 5);
	assert_int_equal(now->pc, START + 4);
}

static void a_loop_with_calls_and_inner_loops_waits(void **state)
{
	(void)state;
	PUT(START, 0x12, 0x20, 0x00, /* lcall 0x2000 */
		0x7a, 0x05,          /* mov r2,#5 */
		0xda, 0xfe,          /* djnz r2,. */
		0x80, 0xf7);
	PUT(0x2000, 0x90, 0xe6, 0x00, 0xe0, /* mov dptr,#0xe600; movx */
		0xc0, 0xe0, 0xd0, 0xf0,     /* push acc; pop b */
		0x22);
	expect_wait(4 + 2 + 5 * 3 + 3 + 3 + 3 + 2 + 2 + 4);
}

static void a_write_of_what_is_there_may_be_in_a_loop_that_waits(void **state)
{
	(void)state;
	PUT(START, 0x90, 0x20, 0x00, 0x74, 0x55, 0xf0, 0x80, 0xf8);
	expect_wait(3 + 2 + 3 + 3);
	assert_int_equal(computer.memory[0x2000], 0x55);
}

static void so_may_a_write_by_a_hook_if_the_hook_says_nothing(void **state)
{
	(void)state;
	PUT(START, 0x75, 0x80, 0x55,    /* mov ioa,#0x55 */
		0x90, 0xe6, 0x00, 0xf0, /* mov dptr,#0xe600; movx @dptr,a */
		0x80, 0xf7);
	expect_wait(3 + 3 + 3 + 3);
	assert_int_equal(computer.sfr[0x80], 0x55);
}

/* Not if a pass changes memory or what a hook reads, or reads a count. */
static void a_loop_that_does_something_does_not_wait(void **state)
{
	static const uint8_t loops[][8] = {
		/* inc 0x2000 by movx */
		{0x90, 0x20, 0x00, 0xe0, 0x04, 0xf0, 0x80, 0xf8},
		{0xb2, 0x80, 0x80, 0xfc}, /* cpl ioa.0 */
		/* inc 0xe600 by movx */
		{0x90, 0xe6, 0x00, 0xe0, 0x04, 0xf0, 0x80, 0xf8},
		{0xe5, 0x8a, 0x80, 0xfc},       /* mov a,tl0 */
		{0x75, 0x8a, 0x00, 0x80, 0xfb}, /* mov tl0,#0 */
	};

	for (size_t i = 0; i < sizeof(loops) / sizeof(*loops); i++) {
		set_up(state);
		memcpy(computer.memory + START, loops[i], sizeof(loops[i]));
		assert_int_equal(mcs51_run(cpu, 100000), MCS51_TIME);
		assert_int_equal(mcs51_waits_until(cpu), cpu->cycles);
	}
}

static void a_count_in_ram_delays_but_waits_only_once_it_repeats(void **state)
{
	(void)state;
	PUT(START, 0x05, 0x30, 0x80, 0xfc); /* inc 0x30 */
	assert_int_equal(mcs51_run(cpu, 256 * 5), MCS51_TIME);
	/* 256 passes of it are one pass of a longer loop. */
	assert_int_equal(mcs51_run(cpu, 1000000), MCS51_WAITS);
	assert_true(cpu->cycles < 4 * 256 * 5);
	skipping(&computer, 1000000);
	assert_int_equal(now->ram[0x30], (uint8_t)(1000000 / 5));
}

static void no_pass_is_skipped_beyond_the_overflow_of_a_timer(void **state)
{
	(void)state;
	PUT(0x0b, 0x05, 0x30, 0x32);
	EXECUTE(0x75, 0x8e, 0x08);
	EXECUTE(0x75, 0x89, 0x01);
	EXECUTE(0x75, 0xa8, 0x82);
	EXECUTE(0xd2, 0x8c);
	PUT(now->pc, 0x80, 0xfe);
	uint64_t overflow = cpu->cycles - 2 + 0x10000;

	assert_int_equal(mcs51_run(cpu, 1000000), MCS51_WAITS);
	assert_int_equal(mcs51_waits_until(cpu), overflow);
	mcs51_skip(cpu, 1000000);
	assert_in_range(cpu->cycles, overflow - 3, overflow);
	skipping(&computer, overflow + 0x10000);
	assert_int_equal(now->ram[0x30], 1);
}

static void a_request_ends_the_wait(void **state)
{
	(void)state;
	PUT(START, 0x80, 0xfe);
	now->ie = 0x81;
	expect_wait(3);
	mcs51_request(cpu, MCS51_INT0, true);
	assert_int_equal(mcs51_waits_until(cpu), cpu->cycles);
	step();
	assert_int_equal(now->pc, 0x03);
}

/* A run to the next event, thousands of times, is as good as a long one. */
static void a_wait_is_remembered_from_run_to_run(void **state)
{
	uint64_t until = 0;

	(void)state;
	PUT(START, 0x12, 0x20, 0x00, 0x80, 0xfb);
	PUT(0x2000, 0x22);
	for (int i = 0; i < 100; i++) {
		until += 7;
		assert_int_equal(mcs51_run(cpu, until), MCS51_TIME);
	}
	assert_int_equal(mcs51_waits_until(cpu), MCS51_NEVER);
	assert_int_equal(mcs51_run(cpu, until + 100), MCS51_WAITS);
	assert_in_range(cpu->cycles, until, until + 4);
}

static void stop_at_write(struct mcs51 *the, uint8_t address, uint8_t value)
{
	hook_write_sfr(the, address, value);
	mcs51_stop(the);
}

static void a_hook_can_end_the_run_after_its_instruction(void **state)
{
	struct mcs51_hooks hooks = computer_hooks;

	(void)state;
	PUT(START, 0x75, 0x80, 0x01, 0x80, 0xfb);
	hooks.write_sfr = stop_at_write;
	cpu->hooks = &hooks;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(mcs51_run(cpu, 1000), MCS51_STOPPED);
		assert_int_equal(now->pc, START + 3);
		assert_int_equal(cpu->cycles, 3 + 6 * i);
	}
}

/* ---- Property ---- */

static uint64_t seed;
static struct computer executes, observed;
static struct computer *const computers[] = {&computer, &executes, &observed};

/* A read by the CPU that changes what it reads. */
static uint8_t read_sfr_that_counts(struct mcs51 *the, uint8_t address)
{
	struct computer *its = the->context;

	if (address == 0xb1) {
		its->sfr[0xb1]++;
		mcs51_touch(the);
	}
	return its->sfr[address];
}

static const struct mcs51_hooks counting_hooks = {
	.read_sfr = read_sfr_that_counts,
	.write_sfr = hook_write_sfr,
	.read_xdata = hook_read_xdata,
	.write_xdata = hook_write_xdata,
};

static unsigned int at;

#define EMIT(...)                                       \
	do {                                            \
		PUT(at, __VA_ARGS__);                   \
		at += sizeof((uint8_t[]){__VA_ARGS__}); \
	} while (0)

static void emit_poll(void)
{
	uint8_t any = draw(&seed) % 4;

	switch (draw(&seed) % 9) {
	case 0: /* mov a,ioa..; jz .+2; inc 0x30.. */
		EMIT(0xe5, 0xb2 + any, 0x60, 0x02, 0x05, 0x30 + any);
		break;
	case 1: /* the same by movx, from a hook */
		EMIT(0x90, 0xe6, any, 0xe0, 0x60, 0x02, 0x05, 0x34 + any);
		break;
	case 2: /* and from memory */
		EMIT(0x90, 0x20, any, 0xe0, 0x60, 0x02, 0x05, 0x38 + any);
		break;
	case 3: /* mov r2,#n; djnz r2,. */
		EMIT(0x7a, 1 + any * 8, 0xda, 0xfe);
		break;
	case 4:
		EMIT(0x12, 0x30, 0x00);
		break;
	case 5: /* a write of the same in every pass */
		EMIT(0x90, 0x21, any, 0x74, 0x55, 0xf0);
		break;
	case 6: /* clr ea; nop; setb ea */
		EMIT(0xc2, 0xaf, 0x00, 0xd2, 0xaf);
		break;
	case 7: /* jbc tcon.n,.+2; sjmp .+2; inc 0x3c */
		EMIT(0x10, 0x88 + 1 + 2 * any, 0x02, 0x80, 0x02, 0x05, 0x3c);
		break;
	case 8: /* writes of the same by hooks */
		EMIT(0x75, 0x93 + any, 0x10 + any);
		EMIT(0x90, 0xe6, 0x10 + any, 0xe4, 0xf0);
		break;
	}
}

/* What keeps a loop from waiting, or changes how it waits. */
static void emit_deed(void)
{
	switch (draw(&seed) % 9) {
	case 0:
		EMIT(0xe5, 0xb1, 0x25, 0x3d, 0xf5, 0x3d);
		break;
	case 1: /* idle */
		EMIT(0x43, 0x87, 0x01);
		break;
	case 2: /* add tl0 to 0x3e */
		EMIT(0xe5, 0x8a, 0x25, 0x3e, 0xf5, 0x3e);
		break;
	case 3: /* cpl ioa.0 */
		EMIT(0xb2, 0x80);
		break;
	case 4:
		EMIT(0x05, 0x3f);
		break;
	case 5: /* mov tl1,#n */
		EMIT(0x75, 0x8b, draw(&seed));
		break;
	case 6: /* setb tr0; nop; clr tr0 */
		EMIT(0xd2, 0x8c, 0x00, 0xc2, 0x8c);
		break;
	case 7: /* xrl ckcon,#n: another speed for half of a pass */
		EMIT(0x63, 0x8e, 0x38, 0x00, 0x00, 0x00, 0x63, 0x8e, 0x38);
		break;
	case 8: /* orl exif,#n: a request by the firmware */
		EMIT(0x43, 0x91, draw(&seed));
		break;
	}
}

/* Each handler clears its flag and counts; those of INT0 and INT1 may find
   their line still asserted. */
static void emit_handlers(void)
{
	PUT(0x03, 0x05, 0x40, 0x32);
	PUT(0x0b, 0x05, 0x41, 0x32);
	PUT(0x13, 0x05, 0x42, 0x32);
	PUT(0x1b, 0x05, 0x43, 0x32);
	PUT(0x2b, 0x53, 0xc8, 0x3f, 0x05, 0x44, 0x32);
	PUT(0x33, 0x53, 0xd8, 0xef, 0x05, 0x45, 0x32);
	PUT(0x43, 0x53, 0x91, 0xef, 0x05, 0x46, 0x32);
	PUT(0x4b, 0x53, 0x91, 0xdf, 0x05, 0x47, 0x32);
	PUT(0x53, 0x53, 0x91, 0xbf, 0x05, 0x48, 0x32);
	PUT(0x5b, 0x53, 0x91, 0x7f, 0x05, 0x49, 0x32);
	PUT(0x63, 0x53, 0xd8, 0xf7, 0x05, 0x4a, 0x32);
	PUT(0x3000, 0xc0, 0xe0, 0x74, 0x05, 0xd0, 0xe0, 0x22);
}

static void emit_set_up(void)
{
	static const uint8_t registers[] = {
		0xa8, 0xb8, 0xe8, 0xf8, 0x8c, 0x8d, 0xca, 0xcb};

	for (size_t i = 0; i < sizeof(registers); i++)
		EMIT(0x75, registers[i], draw(&seed));
	EMIT(0x75, 0x89, draw(&seed) & draw(&seed) & 0x33);
	EMIT(0x75, 0x8e, draw(&seed) & 0x3f);
	EMIT(0x75, 0x88, draw(&seed) & draw(&seed));
	EMIT(0x75, 0xc8, draw(&seed) & draw(&seed) & 0x05);
	if (draw(&seed) % 2)
		EMIT(0xd2, 0xaf);
}

static void make_program(void)
{
	unsigned int loop;

	fresh_computer(NULL);
	emit_handlers();
	PUT(0, 0x02, START >> 8, (uint8_t)START);
	at = START;
	emit_set_up();
	loop = at;
	for (int i = 1 + draw(&seed) % 8; i > 0; i--)
		emit_poll();
	for (int i = draw(&seed) % 3 ? 0 : 2; i > 0; i--)
		emit_deed();
	EMIT(0x02, loop >> 8, loop);
}

/* What the world does, the same to all three */
static void change(struct computer *its, uint32_t what, uint32_t value)
{
	switch (what % 6) {
	case 0:
		its->sfr[0xb2 + value % 4] = value >> 8 & 1;
		mcs51_touch(&its->cpu);
		break;
	case 1:
		its->xdata[0xe600 + value % 4] = value >> 8 & 1;
		mcs51_touch(&its->cpu);
		break;
	case 2:
		its->memory[0x2000 + value % 4] = value >> 8 & 1;
		mcs51_touch(&its->cpu);
		break;
	case 3:
	case 4:
		mcs51_request(&its->cpu, value % MCS51_LINES, value >> 8 & 1);
		break;
	}
}

static void assert_equal(
	struct computer *one, struct computer *other, unsigned int round)
{
	if (one->cpu.cycles != other->cpu.cycles ||
		memcmp(&one->cpu.state, &other->cpu.state,
			sizeof(one->cpu.state)) ||
		memcmp(one->memory, other->memory, sizeof(one->memory)) ||
		memcmp(one->sfr, other->sfr, sizeof(one->sfr)))
		fail_msg("round %u: they differ at cycles %llu and %llu", round,
			(unsigned long long)one->cpu.cycles,
			(unsigned long long)other->cpu.cycles);
	for (unsigned int address = 0x80; address < 0x100; address++)
		if (mcs51_holds(address))
			assert_int_equal(mcs51_peek(&one->cpu, address),
				mcs51_peek(&other->cpu, address));
}

static void run_all(uint64_t until, uint64_t *ret_skipped)
{
	while (mcs51_run(&computer.cpu, until) == MCS51_WAITS) {
		*ret_skipped -= computer.cpu.cycles;
		mcs51_skip(&computer.cpu, until);
		*ret_skipped += computer.cpu.cycles;
	}
	while (mcs51_run(&executes.cpu, until) == MCS51_WAITS)
		mcs51_touch(&executes.cpu);
	skipping(&observed, until);
	for (int i = 0; i < 3; i++)
		assert_string_equal(computers[i]->cpu.fault, "");
}

static void start_all(struct mcs51_debug *debug)
{
	make_program();
	for (int i = 0; i < 3; i++) {
		if (i > 0)
			*computers[i] = computer;
		computers[i]->cpu.context = computers[i];
		computers[i]->cpu.memory = computers[i]->memory;
		computers[i]->cpu.hooks = &counting_hooks;
	}
	observed.cpu.debug = debug;
}

static void runs_that_skip_execute_or_are_observed_are_equal(void **state)
{
	struct mcs51_debug *debug = mcs51_debug_create();
	uint64_t skipped = 0, all = 0;

	(void)state;
	assert_non_null(debug);
	for (unsigned int round = 1; round <= 500; round++) {
		uint64_t until = 0;

		seed = round;
		start_all(debug);
		for (int event = 0; event < 20; event++) {
			uint32_t what = draw(&seed), value = draw(&seed);

			until += draw(&seed) % (draw(&seed) % 4 ? 3000 : 40);
			run_all(until, &skipped);
			assert_equal(&computer, &executes, round);
			assert_equal(&computer, &observed, round);
			for (int i = 0; i < 3; i++)
				change(computers[i], what, value);
		}
		all += until;
	}
	mcs51_debug_destroy(debug);
	/* Enough of them wait for this to say something. */
	assert_true(skipped > all / 4);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_jump_to_itself_waits),
		TEST(a_loop_that_polls_a_register_waits),
		TEST(a_loop_with_calls_and_inner_loops_waits),
		TEST(a_write_of_what_is_there_may_be_in_a_loop_that_waits),
		TEST(so_may_a_write_by_a_hook_if_the_hook_says_nothing),
		TEST(a_loop_that_does_something_does_not_wait),
		TEST(a_count_in_ram_delays_but_waits_only_once_it_repeats),
		TEST(no_pass_is_skipped_beyond_the_overflow_of_a_timer),
		TEST(a_request_ends_the_wait),
		TEST(a_wait_is_remembered_from_run_to_run),
		TEST(a_hook_can_end_the_run_after_its_instruction),
		TEST(runs_that_skip_execute_or_are_observed_are_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
