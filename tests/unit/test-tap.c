/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the part tap by edges on its pins.  Random walks are judged by a model of
 * the chain that shares nothing with the part: a table of the 16 states as text,
 * and registers as lists of bits.  Arguments: SEED COUNT of the walks.
 */
#include "tests/support/tap-test.h"

#define TRST (1 << 4)
#define B0   (1 << 8)
#define B1   (1 << 9)

static uint64_t first_seed = 1;
static unsigned walks = 200;

/* ---- The model of a chain ------------------------------------------------- */

struct row {
	const char *state, *low, *high; /* the next ones with TMS 0 and 1 */
};

static const struct row table[16] = {
	{"Test-Logic-Reset", "Run-Test/Idle", "Test-Logic-Reset"},
	{"Run-Test/Idle", "Run-Test/Idle", "Select-DR-Scan"},
	{"Select-DR-Scan", "Capture-DR", "Select-IR-Scan"},
	{"Select-IR-Scan", "Capture-IR", "Test-Logic-Reset"},
	{"Capture-DR", "Shift-DR", "Exit1-DR"},
	{"Capture-IR", "Shift-IR", "Exit1-IR"},
	{"Shift-DR", "Shift-DR", "Exit1-DR"},
	{"Shift-IR", "Shift-IR", "Exit1-IR"},
	{"Exit1-DR", "Pause-DR", "Update-DR"},
	{"Exit1-IR", "Pause-IR", "Update-IR"},
	{"Pause-DR", "Pause-DR", "Exit2-DR"},
	{"Pause-IR", "Pause-IR", "Exit2-IR"},
	{"Exit2-DR", "Shift-DR", "Update-DR"},
	{"Exit2-IR", "Shift-IR", "Update-IR"},
	{"Update-DR", "Run-Test/Idle", "Select-DR-Scan"},
	{"Update-IR", "Run-Test/Idle", "Select-DR-Scan"},
};

static const char *after(const char *state, bool tms)
{
	for (unsigned i = 0; i < 16; i++)
		if (strcmp(table[i].state, state) == 0)
			return tms ? table[i].high : table[i].low;
	fail_msg("%s is not a state", state);
	return NULL;
}

#define LIST_MAX 64

struct list {
	unsigned count;
	bool bits[LIST_MAX]; /* the first is next to TDO */
};

/* A TAP with the instructions 2, 3, 8 and 9 of the generic chip. */
struct model_tap {
	unsigned ir_bits;
	uint32_t capture, idcode, usercode;
	bool simple; /* no USERCODE, no user registers */
	unsigned instruction;
	struct list ir, dr;
	tick ready[2];
	uint32_t result[2];
};

struct model {
	const char *state;
	unsigned count;
	struct model_tap taps[4]; /* from TDI on */
};

static void load(struct list *list, uint64_t value, unsigned bits)
{
	list->count = bits;
	for (unsigned i = 0; i < bits; i++)
		list->bits[i] = value >> i & 1;
}

static uint64_t value_of(const struct list *list)
{
	uint64_t value = 0;

	for (unsigned i = list->count; i-- > 0;)
		value = value << 1 | list->bits[i];
	return value;
}

static bool push(struct list *list, bool in)
{
	bool out = list->bits[0];

	memmove(list->bits, list->bits + 1, sizeof(bool) * (list->count - 1));
	list->bits[list->count - 1] = in;
	return out;
}

#define MODEL_BYPASS 1000

static void model_reset(struct model *model)
{
	for (unsigned i = 0; i < model->count; i++)
		model->taps[i].instruction =
			model->taps[i].idcode ? 2 : MODEL_BYPASS;
}

static unsigned decode(const struct model_tap *tap, uint64_t opcode)
{
	if (opcode == (UINT64_C(1) << tap->ir_bits) - 1)
		return MODEL_BYPASS;
	if (opcode == 2)
		return tap->idcode ? 2 : MODEL_BYPASS;
	if ((opcode == 3 || opcode == 8 || opcode == 9) && !tap->simple)
		return opcode;
	return MODEL_BYPASS;
}

static void model_capture_dr(struct model_tap *tap, tick now)
{
	unsigned user = tap->instruction - 8;

	switch (tap->instruction) {
	case 2:
		load(&tap->dr, tap->idcode, 32);
		break;
	case 3:
		load(&tap->dr, tap->usercode, 32);
		break;
	case 8:
	case 9:
		load(&tap->dr,
			now < tap->ready[user]
				? 0
				: (uint64_t)tap->result[user] << 1 | 1,
			33);
		break;
	default:
		load(&tap->dr, 0, 1);
		break;
	}
}

static void model_rise(struct model *model, bool tms, bool tdi, tick now)
{
	const char *state = model->state;

	for (unsigned i = 0; i < model->count; i++) {
		struct model_tap *tap = &model->taps[i];

		if (strcmp(state, "Capture-IR") == 0)
			load(&tap->ir, tap->capture, tap->ir_bits);
		if (strcmp(state, "Capture-DR") == 0)
			model_capture_dr(tap, now);
		if (strcmp(state, "Shift-IR") == 0)
			tdi = push(&tap->ir, tdi);
		if (strcmp(state, "Shift-DR") == 0)
			tdi = push(&tap->dr, tdi);
	}
	model->state = after(state, tms);
}

static void model_fall(struct model *model, tick now)
{
	if (strcmp(model->state, "Test-Logic-Reset") == 0)
		model_reset(model);
	for (unsigned i = 0; i < model->count; i++) {
		struct model_tap *tap = &model->taps[i];
		unsigned user = tap->instruction - 8;

		if (strcmp(model->state, "Update-IR") == 0)
			tap->instruction = decode(tap, value_of(&tap->ir));
		else if (strcmp(model->state, "Update-DR") == 0 && user < 2 &&
			tap->dr.bits[0] && now >= tap->ready[user]) {
			tap->result[user] = ~(value_of(&tap->dr) >> 1);
			tap->ready[user] = now + 10 * US;
		}
	}
}

/* 0, 1, or -1: it is not driven. */
static int model_tdo(const struct model *model)
{
	const struct model_tap *last = &model->taps[model->count - 1];

	if (strcmp(model->state, "Shift-IR") == 0)
		return last->ir.bits[0];
	if (strcmp(model->state, "Shift-DR") == 0)
		return last->dr.bits[0];
	return -1;
}

/* ---- Walks ---------------------------------------------------------------- */

static uint64_t random_state;
static bool seen[16]; /* states, by row of the table */

static unsigned draw(unsigned below)
{
	random_state = random_state * UINT64_C(6364136223846793005) +
		UINT64_C(1442695040888963407);
	return (random_state >> 33) % below;
}

static int tdo_now(void)
{
	bool low = false, high = false;

	for (unsigned i = 0; i < pins.parts_count; i++) {
		low |= !!(pins.parts[i]->low & TDO);
		high |= !!(pins.parts[i]->high & TDO);
	}
	assert_false(low && high);
	return low ? 0 : high ? 1 : -1;
}

/* TMS stays at 0 for some time in half of the walk, or no scan would be long. */
static void walk(struct model *model, uint64_t seed)
{
	unsigned stay = 0;

	random_state = seed;
	for (unsigned i = 0; i < 600; i++) {
		bool tms = stay ? (stay--, false) : draw(2);
		bool tdi = draw(2);

		if (!stay && draw(20) == 0)
			stay = draw(40);
		drive((tms ? TMS : 0) | (tdi ? TDI : 0),
			(tms ? 0 : TMS) | (tdi ? 0 : TDI));
		pass(HALF);
		if (tdo_now() != model_tdo(model))
			fail_msg("seed %llu, clock %u, %s: TDO is %d",
				(unsigned long long)seed, i, model->state,
				tdo_now());
		drive(TCK, 0);
		model_rise(model, tms, tdi, pins.now);
		pass(HALF);
		drive(0, TCK);
		model_fall(model, pins.now);
		for (unsigned j = 0; j < 16; j++)
			seen[j] |= strcmp(table[j].state, model->state) == 0;
	}
}

static struct model make_model(unsigned count, const struct model_tap *taps)
{
	struct model model = {.state = "Test-Logic-Reset", .count = count};

	memcpy(model.taps, taps, count * sizeof(*taps));
	for (unsigned i = 0; i < count; i++)
		load(&model.taps[i].dr, 0, 1);
	model_reset(&model);
	return model;
}

static void a_random_walk_is_that_of_the_standard(void **state)
{
	const struct model_tap taps[] = {
		{.ir_bits = 4,
			.capture = 1,
			.idcode = 0x12345679,
			.usercode = 0xcafef00d},
	};

	(void)state;
	for (unsigned i = 0; i < walks; i++) {
		struct model model = make_model(1, taps);

		begin_with(PINS ":idcode=12345679:usercode=cafef00d");
		walk(&model, first_seed + i);
		pins_clear(&pins);
	}
	for (unsigned i = 0; i < 16 && walks >= 20; i++)
		if (!seen[i])
			fail_msg("no walk was in %s", table[i].state);
}

static void so_is_that_of_a_chain_in_two_packages(void **state)
{
	const struct model_tap taps[] = {
		{.ir_bits = 5, .capture = 0x15, .usercode = 0xffffffff},
		{.ir_bits = 4,
			.capture = 1,
			.idcode = 0x4ba00477,
			.usercode = 0x87654321},
		{.ir_bits = 8, .capture = 1, .simple = true},
		{.ir_bits = 2,
			.capture = 1,
			.idcode = 0x0362d093,
			.simple = true},
	};

	(void)state;
	for (unsigned i = 0; i < walks; i++) {
		struct model model = make_model(4, taps);

		begin_with("tap@tck=A0:tms=A1:tdi=A2:tdo=A5:ir=5:capture=15");
		add("tap@tck=A0:tms=A1:tdi=A5:tdo=A3:idcode=4ba00477:"
		    "usercode=87654321:chain=8-2/0362d093");
		walk(&model, first_seed + i);
		assert_int_equal(pins.conflicts, 0);
		pins_clear(&pins);
	}
}

/* ---- One thing after the other -------------------------------------------- */

static void after_a_reset_there_is_the_idcode_or_bypass(void **state)
{
	(void)state;
	begin_with(PINS ":ir=6:idcode=0362d093");
	to_idle();
	/* What goes in comes out behind the register. */
	assert_int_equal(dr(40, 0xa5), UINT64_C(0xa50362d093));
	assert_int_equal(ir(6, 0x3f), 0x01);
	assert_int_equal(dr(8, 0x55), 0xaa);
	pins_clear(&pins);
	begin_with(PINS ":ir=6:capture=35");
	to_idle();
	assert_int_equal(dr(8, 0x55), 0xaa);
	assert_int_equal(ir(12, 0xfff), 0xff5 | 0xc0);
}

static void several_taps_are_a_chain(void **state)
{
	(void)state;
	begin_with(PINS ":idcode=11111111:chain=6/22222223-5");
	to_idle();
	/* The last one is next to TDO. */
	assert_int_equal(dr(1, 0), 0);
	move("100");
	assert_int_equal(shift(33, 0), UINT64_C(0x22222223) << 1);
	assert_int_equal(ir(15, 0x7fff), 1 | 1 << 5 | 1 << 11);
	assert_int_equal(dr(8, 1), 1 << 3);
}

static void tdo_changes_its_delay_after_the_fall_of_tck(void **state)
{
	(void)state;
	begin_with(PINS ":idcode=12345679:t-tdo=25ns");
	to_idle();
	move("10");
	drive(0, TMS);
	pass(HALF);
	drive(TCK, 0);
	pass(HALF);
	assert_int_equal(tdo_now(), -1);
	drive(0, TCK);
	pass(11);
	assert_int_equal(tdo_now(), -1);
	pass(1);
	assert_int_equal(tdo_now(), 1);
	pass(HALF);
	/* And it is released as late. */
	drive(TMS, 0);
	pass(HALF);
	drive(TCK, 0);
	pass(HALF);
	drive(0, TCK);
	pass(11);
	assert_int_equal(tdo_now(), 1);
	pass(1);
	assert_int_equal(tdo_now(), -1);
}

static void trst_resets_at_once(void **state)
{
	(void)state;
	begin();
	driven |= TRST;
	add(PINS ":trst=A4:idcode=12345679");
	drive(TRST, 0);
	to_idle();
	ir(4, 0xf);
	move("100");
	assert_int_equal(tdo_now(), 0);
	drive(0, TRST);
	pass(HALF);
	assert_int_equal(tdo_now(), -1);
	/* Clocks do nothing. */
	move("0100");
	assert_int_equal(tdo_now(), -1);
	drive(TMS, 0);
	pass(HALF);
	drive(TRST, 0);
	move("0");
	assert_int_equal(dr(32, 0), 0x12345679);
	/* A pin that nothing drives is 1. */
	driven &= ~TRST;
	drive(0, 0);
	pass(HALF);
	ir(4, 0xf);
	assert_int_equal(dr(8, 0x55), 0xaa);
	assert_int_equal(pins_levels(&pins) & TRST, TRST);
}

/* Cells: level, output, enable of B0, then of B1. */
static void the_boundary_register_reads_and_drives_pads(void **state)
{
	(void)state;
	begin();
	driven |= B1;
	add(PINS ":pads=B0-B1");
	drive(B1, 0);
	to_idle();
	ir(4, 1);
	assert_int_equal(dr(6, 0x06), 1 << 3);
	assert_int_equal(pins.parts[0]->high & B0, 0);
	drive(0, B1);
	/* EXTEST drives what was preloaded. */
	ir(4, 0);
	assert_int_equal(pins.parts[0]->high & B0, B0);
	assert_int_equal(dr(6, 0x04), 0x07);
	assert_int_equal(pins.parts[0]->low & B0, B0);
	assert_int_equal(dr(6, 0x00), 0x04);
	assert_int_equal(
		(pins.parts[0]->low | pins.parts[0]->high) & (B0 | B1), 0);
	dr(6, 0x06);
	move("11111");
	assert_int_equal(pins.parts[0]->high & B0, 0);
	assert_int_equal(pins.conflicts, 0);
}

static void a_user_register_is_ready_after_its_time(void **state)
{
	(void)state;
	begin_with(PINS ":t-user=100us");
	to_idle();
	ir(4, 8);
	assert_int_equal(dr(33, UINT64_C(0x1234) << 1 | 1) & 1, 1);
	assert_int_equal(dr(33, 0), 0);
	/* It is busy, so this is not taken. */
	dr(33, UINT64_C(0x777) << 1 | 1);
	pass(100 * US);
	assert_int_equal(dr(33, 0), (UINT64_C(0xffffedcb) << 1 | 1));
	assert_int_equal(dr(33, 0), (UINT64_C(0xffffedcb) << 1 | 1));
	/* The other one has nothing to do with it. */
	ir(4, 9);
	assert_int_equal(dr(33, 0), 1);
}

static void without_its_supply_it_forgets_and_drives_nothing(void **state)
{
	(void)state;
	begin_with(PINS ":idcode=12345679");
	to_idle();
	ir(4, 0xf);
	move("100");
	assert_int_equal(tdo_now(), 0);
	pins_supply(&pins, 0xff00, 0, 0);
	pass(10);
	assert_int_equal(tdo_now(), -1);
	assert_int_equal(pins.parts[0]->pull_up, 0);
	pins_supply(&pins, 0xffff, 0, 0);
	pass(10);
	assert_int_equal(pins.parts[0]->pull_up, TMS | TDI);
	move("0");
	assert_int_equal(dr(32, 0), 0x12345679);
}

static void a_bad_description_is_refused_with_its_reason(void **state)
{
	static const char *const bad[][2] = {
		{"tap@tck=A0", "tap: tms is missing"},
		{PINS ":ir=1", "tap: ir=1 is not in 2..32"},
		{PINS ":ir=33", "tap: ir=33 is not in 2..32"},
		{PINS ":idcode=12345678",
			"tap: idcode=12345678 is not none, or 8 hexadecimal "
			"digits with a last bit of 1"},
		{PINS ":idcode=123",
			"tap: idcode=123 is not none, or 8 hexadecimal digits "
			"with a last bit of 1"},
		{PINS ":capture=2",
			"tap: capture=2 is not 1 to 8 hexadecimal digits whose "
			"last two bits are 01"},
		{PINS ":capture=11", "tap: capture has more bits than the IR"},
		{PINS ":usercode=0",
			"tap: usercode=0 is not 8 hexadecimal digits"},
		{PINS ":pads=B0-B0", "tap: B0 is given twice"},
		{PINS ":pads=B0,B1",
			"tap: pads=B0,B1 is not up to 12 pins with a dash "
			"between them"},
		{PINS ":pads=B",
			"tap: pads=B is not up to 12 pins with a dash between "
			"them"},
		{PINS ":chain=4/",
			"tap: chain=4/ is not up to 7 of BITS or BITS/IDCODE "
			"with a dash between them"},
		{PINS ":chain=4-4-4-4-4-4-4-4",
			"tap: chain=4-4-4-4-4-4-4-4 is not up to 7 of BITS or "
			"BITS/IDCODE with a dash between them"},
		{PINS ":chip=spartan",
			"tap: chip=spartan is not generic, ecp5 or xc7"},
		{PINS ":chip=xc7:ir=6",
			"tap: ir is not given with chip=xc7, which has its "
			"own"},
		{PINS ":chip=ecp5:capture=1",
			"tap: capture is not given with chip=ecp5, which has "
			"its own"},
		{PINS ":chip=ecp5:usercode=00000000",
			"tap: usercode is not given with chip=ecp5, which has "
			"its own"},
		{PINS ":done=A6", "tap: done needs chip=ecp5 or chip=xc7"},
		{PINS ":t-tdo=2us", "tap: t-tdo=2us is not a time in 1ns..1us"},
		{PINS ":t-user=2s", "tap: t-user=2s is not a time in 1ns..1s"},
		{PINS ":t-clear=0ns",
			"tap: t-clear=0ns is not a time in 1ns..1s"},
	};

	(void)state;
	pins_init(&pins);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char why[PART_WHY_SIZE] = "";

		assert_null(part_new(bad[i][0], why));
		assert_string_equal(why, bad[i][1]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_random_walk_is_that_of_the_standard),
		TEST(so_is_that_of_a_chain_in_two_packages),
		TEST(after_a_reset_there_is_the_idcode_or_bypass),
		TEST(several_taps_are_a_chain),
		TEST(tdo_changes_its_delay_after_the_fall_of_tck),
		TEST(trst_resets_at_once),
		TEST(the_boundary_register_reads_and_drives_pads),
		TEST(a_user_register_is_ready_after_its_time),
		TEST(without_its_supply_it_forgets_and_drives_nothing),
		TEST(a_bad_description_is_refused_with_its_reason),
	};

	if (argc > 1)
		first_seed = strtoull(argv[1], NULL, 0);
	if (argc > 2)
		walks = strtoul(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
