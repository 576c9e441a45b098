/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Compares two models of the image, each with a part tap on its probe core, over
   random batches drawn from a seed.  One makes every edge on the pins; the other
   may pass units of up to 8 clocks without edges.  Streams and the core's state
   must be equal at any time, and so must each rising edge that the part hears,
   and what it does to other pins than TDO, to the tick. */
#include "tests/support/two-models.h"

#include <stdio.h>

#include "wire/core-probe.h"

#define SEEDS    40
#define BATCHES  6
#define COMMANDS 12
#define EVENTS   (1 << 18)

#define TCK  (1 << 0)
#define TMS  (1 << 1)
#define TDI  (1 << 2)
#define TDO  (1 << 3)
#define TRST (1 << 4)

/* ---- What a part hears and does ----------------------------------------- */

struct event {
	tick time;
	uint16_t first, second;
};

struct events {
	unsigned count;
	struct event list[EVENTS];
};

static struct heard {
	struct events clocks; /* TMS and TDI at each rising edge of TCK */
	struct events pins;   /* Other pins than TDO that the part drives */
	bool high;
	unsigned shortcuts, refusals;
} parts[2];

static struct heard *heard_of(const struct part *part)
{
	return &parts[part == sides[1].pins.parts[0]];
}

static void note(
	struct events *events, tick time, uint16_t first, uint16_t second)
{
	assert_true(events->count < EVENTS);
	events->list[events->count++] = (struct event){time, first, second};
}

static void changed(struct part *part, tick time)
{
	struct heard *heard = heard_of(part);
	bool high = part->levels & TCK;

	if (high && !heard->high)
		note(&heard->clocks, time, part->levels & (TMS | TDI),
			part->levels & TRST);
	heard->high = high;
	part_tap.changed(part, time);
}

static void act(struct part *part, tick time)
{
	uint16_t low = part->low & ~TDO, high = part->high & ~TDO;

	part_tap.act(part, time);
	if (low != (part->low & ~TDO) || high != (part->high & ~TDO))
		note(&heard_of(part)->pins, time, part->low & ~TDO,
			part->high & ~TDO);
}

static bool at_once(struct part *part, struct part_jtag *jtag)
{
	struct heard *heard = heard_of(part);

	if (!part_tap.jtag(part, jtag)) {
		heard->refusals++;
		return false;
	}
	heard->shortcuts++;
	for (unsigned i = 0; i < jtag->clocks; i++)
		note(&heard->clocks,
			jtag->begin + i * jtag->period + jtag->period / 2,
			(jtag->out_tms >> i & 1 ? TMS : 0) |
				(jtag->out_tdi >> i & 1 ? TDI : 0),
			part->levels & TRST);
	return true;
}

static void compare_events(const struct events *a, const struct events *b)
{
	unsigned count = a->count < b->count ? a->count : b->count;

	for (unsigned i = 0; i < count; i++) {
		assert_true(a->list[i].time == b->list[i].time);
		assert_int_equal(a->list[i].first, b->list[i].first);
		assert_int_equal(a->list[i].second, b->list[i].second);
	}
}

/* ---- Two sides ---------------------------------------------------------- */

static char keys[PART_TEXT_SIZE];
static unsigned ir_bits;
static bool is_fpga;

static void say(const char *text)
{
	strncat(keys, text, sizeof(keys) - strlen(keys) - 1);
}

/* A generic chip, perhaps with pads, or an FPGA, perhaps with DONE; alone, or
   with others in its chain. */
static void draw_keys(void)
{
	char time[32];

	is_fpga = draw(2);
	ir_bits = is_fpga ? 6 : 4;
	snprintf(keys, sizeof(keys), "tap@tck=A0:tms=A1:tdi=A2:tdo=A3");
	if (is_fpga)
		say(draw(3) ? ":chip=xc7:done=A6:t-clear=20us" : ":chip=xc7");
	else if (draw(2))
		say(draw(2) ? ":pads=A6" : ":pads=A7-A6-B0-B3:idcode=none");
	if (draw(2))
		say(":trst=A4");
	if (draw(3) == 0)
		say(draw(2) ? ":chain=5/0ba00477" : ":chain=2-32/13572469-7");
	snprintf(time, sizeof(time), ":t-tdo=%uns",
		1 + draw(draw(4) ? 40 : 200));
	say(time);
}

static struct part *new_tap(void)
{
	static struct part_kind kind;
	char why[PART_WHY_SIZE] = "";
	struct part *part = part_new(keys, why);

	if (part == NULL)
		fail_msg("%s: %s", keys, why);
	kind = part_tap;
	kind.changed = changed;
	kind.act = act;
	kind.jtag = at_once;
	part->kind = &kind;
	return part;
}

static void open_sides(void)
{
	uint16_t pulls = draw(1 << 16);

	now = 0;
	memset(sides, 0, sizeof(sides));
	memset(parts, 0, sizeof(parts));
	draw_keys();
	for (unsigned i = 0; i < 2; i++) {
		open_side(i, new_tap());
		pins_supply(&sides[i].pins, 0xffff, ~pulls, pulls);
	}
	for (unsigned i = 0; i < 3; i++)
		write_register(REG_PIN + i, OUTPUT_PROBE + i, 1);
	write_register(REG_PIN + 4, OUTPUT_PROBE + PROBE_OUTPUT_TRST, 1);
	write_register(REG_PIN + 5, OUTPUT_PROBE + PROBE_OUTPUT_SRST, 1);
	write_register(REG_INPUT + INPUT_PROBE + PROBE_INPUT_TDO,
		INPUT_CONNECTED | 3, 1);
	write_register(REG_INPUT + INPUT_PROBE + PROBE_INPUT_TMS,
		INPUT_CONNECTED | 7, 1);
	write_register(REG_INPUT + INPUT_PROBE + PROBE_INPUT_SIDE,
		INPUT_CONNECTED | 6, 1);
	connect_core(CORE_PROBE);
}

static void compare(void)
{
	compare_events(&parts[0].clocks, &parts[1].clocks);
	compare_events(&parts[0].pins, &parts[1].pins);
	if (draw(4) == 0)
		read_register(REG_PROBE_STATUS);
}

/* ---- Batches ------------------------------------------------------------ */

static void add_number(uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		ADD(value >> 8 * i);
}

static void add_config(void)
{
	unsigned period = 1 + draw(draw(3) ? 4 : 40);

	if (draw(12) == 0)
		period = 470 + draw(20);
	ADD(PROBE_CONFIG);
	add_number(period, 2);
	ADD(draw(8) << PROBE_SAMPLE_DELAY_SHIFT);
}

static void add_shift(uint8_t flags, unsigned bits)
{
	ADD(PROBE_SHIFT | flags);
	add_number(bits, 3);
	if (flags & PROBE_TDI)
		for (unsigned i = 0; i < (bits + 7) / 8; i++)
			ADD(draw(256));
}

/* Mostly without TMS, so that states last. */
static void add_vector(void)
{
	unsigned bits = draw(draw(4) ? 100 : 2000);

	ADD(PROBE_VECTOR | (draw(2) ? PROBE_TDO : 0));
	add_number(bits, 3);
	for (unsigned i = 0; i < (bits + 7) / 8; i++)
		ADD(draw(4) ? 0 : draw(256), draw(256));
}

static void add_reset(void)
{
	ADD(PROBE_TMS | 5, 0x1f);
}

/* From Run-Test/Idle and back, often with a stop in Pause. */
static void add_scan(bool ir, unsigned bits)
{
	unsigned first = draw(3) ? 0 : draw(bits);

	ADD(PROBE_TMS | (ir ? 3 : 2), ir ? 3 : 1);
	if (first) {
		add_shift(draw(16) | PROBE_LAST, first);
		ADD(PROBE_TMS | 2, 2);
	}
	add_shift(draw(16) | PROBE_LAST, bits - first);
	ADD(PROBE_TMS | 1, 1);
}

/* Only of the first TAP, so it is right if that is alone. */
static void add_instruction(uint8_t opcode)
{
	ADD(PROBE_TMS | 3, 3, PROBE_SHIFT | PROBE_TDI | PROBE_LAST, ir_bits, 0,
		0, opcode, PROBE_TMS | 1, 1);
}

/* TDO is at rest while clocks pass without edges, until they are over. */
static void add_wait(unsigned us)
{
	unsigned pin = draw(PROBE_INPUT_COUNT);

	if (pin == PROBE_INPUT_TDO)
		ADD(STREAM_DELAY, 1, 0, 0, 0);
	ADD(STREAM_WAIT_PIN, us, 0, 0, 0, pin | (draw(2) ? STREAM_HIGH : 0));
}

/* A bitstream without frames, whose last command starts the FPGA; or pads with
   levels. */
static void add_effects(void)
{
	static const uint8_t start[] = {0xff, 0xff, 0xff, 0xff, 0x55, 0x99,
		0xaa, 0x66, 0x0c, 0x00, 0x01, 0x80, 0x00, 0x00, 0x00, 0xa0};

	add_reset();
	if (is_fpga) {
		add_instruction(0x0b); /* JPROGRAM */
		if (draw(4))
			ADD(STREAM_DELAY, 25, 0, 0, 0);
		add_instruction(0x05); /* CFG_IN */
		ADD(PROBE_TMS | 2, 1, PROBE_SHIFT | PROBE_TDI | PROBE_LAST, 128,
			0, 0);
		add(sizeof(start), start);
		ADD(PROBE_TMS | 1, 1);
		add_instruction(0x0c); /* JSTART */
		ADD(PROBE_RUN, draw(40), 0, 0, 0);
	} else {
		add_instruction(0x01); /* PRELOAD */
		add_scan(false, 3 * 4);
		add_instruction(0x00); /* EXTEST */
		for (unsigned i = draw(5); i > 0; i--)
			add_scan(false, 3 * 4);
	}
	add_wait(3);
	ADD(STREAM_BARRIER, draw(256));
}

static void add_poll(void)
{
	ADD(PROBE_POLL | draw(16));
	add_number(draw(100), 4);
	ADD(draw(40), 1 + draw(8), draw(2) ? 0 : draw(40),
		draw(2) ? 0 : draw(10), 1 << draw(8), draw(3) ? 0 : draw(256));
}

static void add_side(void)
{
	switch (draw(5)) {
	case 0:
		add_config();
		break;
	case 1:
		ADD(STREAM_PINS, draw(256), STREAM_PINS, 3);
		break;
	case 2:
		ADD(STREAM_DELAY, draw(20), 0, 0, 0);
		break;
	case 3:
		add_wait(draw(20));
		break;
	default:
		ADD(STREAM_BARRIER, draw(256));
	}
}

static void add_command(void)
{
	switch (draw(12)) {
	case 0:
	case 1:
		add_side();
		break;
	case 2:
		ADD(PROBE_TMS | draw(16), draw(256));
		break;
	case 3:
		ADD(PROBE_RUN | draw(16));
		add_number(draw(draw(4) ? 60 : 3000), 4);
		break;
	case 4:
		add_poll();
		break;
	case 5:
		add_vector();
		break;
	case 6:
		add_shift(draw(16), draw(300));
		break;
	case 7:
		add_effects();
		break;
	case 8:
		add_reset();
		break;
	default:
		add_scan(draw(2), 1 + draw(draw(4) ? 70 : 3000));
	}
}

/* With a slow clock a batch may last. */
static void finish(void)
{
	while (read_register(REG_PROBE_STATUS) & PROBE_BUSY) {
		move_packets(size, 0, true);
		pass_time(TICKS_PER_CYCLE * 5000, compare);
	}
	pass_time(TICKS_PER_CYCLE * 100, compare);
}

static void units_without_edges_have_the_same_result(void **state)
{
	unsigned shortcuts = 0, refusals = 0, clocks = 0, effects = 0;

	(void)state;
	for (unsigned number = 1; number <= SEEDS; number++) {
		seed = number * 2654435761u + 1;
		open_sides();
		for (unsigned n = 0; n < BATCHES; n++) {
			size = 0;
			add_config();
			for (unsigned i = 0; i < COMMANDS; i++)
				add_command();
			ADD(STREAM_BARRIER, n);
			run_batch(compare);
			finish();
			assert_int_equal(
				sides[0].pins.levels, sides[1].pins.levels);
		}
		assert_int_equal(parts[0].clocks.count, parts[1].clocks.count);
		assert_int_equal(parts[0].pins.count, parts[1].pins.count);
		assert_int_equal(parts[1].shortcuts, 0);
		assert_int_equal(parts[1].refusals, 0);
		shortcuts += parts[0].shortcuts;
		refusals += parts[0].refusals;
		clocks += parts[0].clocks.count;
		effects += parts[0].pins.count;
		close_sides();
	}
	print_message("%u units of %u clocks, %u refused, %u effects\n",
		shortcuts, clocks, refusals, effects);
	assert_true(shortcuts > clocks / 8 / 2);
	assert_true(effects > SEEDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_without_edges_have_the_same_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
