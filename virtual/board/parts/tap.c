/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The part tap: one or more TAPs of IEEE 1149.1 in a chain, in one package.  The
 * first, next to TDI, has a boundary register on the pads, user registers, and
 * perhaps the configuration logic of an FPGA; the others are those of the key
 * `chain` and have BYPASS and IDCODE.  Chips in packages of their own are several
 * parts, TDO of each on the pin that is TDI of the next.
 *
 * TMS and TDI are sampled where TCK rises; everything else changes after TCK has
 * fallen, with the delay of TDO.
 *
 * Source: IEEE 1149.1-2001, chapters 4 to 6.
 */
#include "part.h"

#include <stdio.h>
#include <string.h>

#include "common/number.h"
#include "tap.h"

#define DELAY_TICKS 5 /* TCK's fall to TDO, 10 ns */
#define USER_TICKS  (10 * (tick)TICKS_PER_US)
#define CLEAR_TICKS (50 * (tick)TICKS_PER_US)
#define IR_BITS     4
#define MS_NS       UINT64_C(1000000)
#define FIXED_PINS  6

struct tap {
	struct part part; /* first */
	/* Sets of one pin; the last two: or of none */
	uint16_t tck, tms, tdi, tdo, trst, done;
	tick delay;
	/* What is driven after what is planned, from a time on, or TICK_NEVER */
	tick then;
	uint16_t then_low, then_high;
	const struct tap_chip *chip;
	bool idcode_given, usercode_given;
	bool powered, clock_high, reset_low;
	enum tap_state state;
	bool tdo_driven;
	unsigned units_count;
	struct tap_unit units[TAP_UNITS_MAX]; /* from TDI on */
	struct tap_inside inside;             /* the first one */
};

#define TAP(pointer) ((struct tap *)(pointer))

/* ---- Keys ----------------------------------------------------------------- */

PART_PARSE_PIN(tck, struct tap, tck)
PART_PARSE_PIN(tms, struct tap, tms)
PART_PARSE_PIN(tdi, struct tap, tdi)
PART_PARSE_PIN(tdo, struct tap, tdo)
PART_PARSE_PIN(trst, struct tap, trst)
PART_PARSE_PIN(done, struct tap, done)

static bool parse_bits(const char *text, uint8_t *ret_bits, const char **end)
{
	static const struct number_form form = {.minimum = 2, .maximum = 32};
	uint64_t bits;

	if (number_parse(text, &form, &bits, end) != NUMBER_OK)
		return false;
	*ret_bits = bits;
	return true;
}

/* Exactly `digits` of them, most significant first. */
static bool parse_hex(const char *text, unsigned digits, uint32_t *ret_value)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < digits; i++) {
		unsigned digit = number_digit(text[i]);

		if (digit > 15)
			return false;
		value = value << 4 | digit;
	}
	*ret_value = value;
	return true;
}

/* Bit 0 of an IDCODE is 1. */
static bool parse_idcode_text(const char *text, uint32_t *ret_value)
{
	return parse_hex(text, 8, ret_value) && (*ret_value & 1);
}

static bool parse_ir(struct part *part, const char *value)
{
	return parse_bits(value, &TAP(part)->units[0].ir_bits, NULL);
}

static bool parse_idcode(struct part *part, const char *value)
{
	struct tap *tap = TAP(part);

	tap->idcode_given = true;
	if (strcmp(value, "none") == 0)
		return true;
	return strlen(value) == 8 &&
		parse_idcode_text(value, &tap->units[0].idcode);
}

static bool parse_usercode(struct part *part, const char *value)
{
	struct tap *tap = TAP(part);

	tap->usercode_given = true;
	return strlen(value) == 8 &&
		parse_hex(value, 8, &tap->inside.config.usercode);
}

/* What the IR captures ends with 01. */
static bool parse_capture(struct part *part, const char *value)
{
	uint32_t *capture = &TAP(part)->units[0].capture;
	size_t digits = strlen(value);

	return digits > 0 && digits <= 8 && parse_hex(value, digits, capture) &&
		(*capture & 3) == 1;
}

static bool parse_chip(struct part *part, const char *value)
{
	static const struct tap_chip *const chips[] = {
		&tap_generic, &tap_ecp5, &tap_xc7};

	for (unsigned i = 0; i < sizeof(chips) / sizeof(*chips); i++)
		if (strcmp(chips[i]->name, value) == 0)
			TAP(part)->chip = chips[i];
	return TAP(part)->chip;
}

/* PIN-PIN-... */
static bool parse_pads(struct part *part, const char *value)
{
	struct tap_inside *inside = &TAP(part)->inside;

	while (inside->pads_count < TAP_PADS_MAX) {
		char name[3] = {0};
		int pin;

		memcpy(name, value, strnlen(value, 2));
		pin = part_pin(name);
		if (pin < 0)
			return false;
		inside->pads[inside->pads_count++] = 1 << pin;
		if (value[2] == '\0')
			return true;
		if (value[2] != '-')
			return false;
		value += 3;
	}
	return false;
}

/* BITS[/IDCODE]-BITS[/IDCODE]-... */
static bool parse_chain(struct part *part, const char *value)
{
	struct tap *tap = TAP(part);

	for (unsigned i = 1; i < TAP_UNITS_MAX; i++) {
		struct tap_unit *unit = &tap->units[i];

		if (!parse_bits(value, &unit->ir_bits, &value))
			return false;
		if (*value == '/') {
			if (!parse_idcode_text(value + 1, &unit->idcode))
				return false;
			value += 9;
		}
		tap->units_count = i + 1;
		if (*value == '\0')
			return true;
		if (*value++ != '-')
			return false;
	}
	return false;
}

static bool parse_t_tdo(struct part *part, const char *value)
{
	return part_parse_time(value, 1000, &TAP(part)->delay);
}

static bool parse_t_user(struct part *part, const char *value)
{
	return part_parse_time(
		value, 1000 * MS_NS, &TAP(part)->inside.user_time);
}

static bool parse_t_clear(struct part *part, const char *value)
{
	return part_parse_time(
		value, 1000 * MS_NS, &TAP(part)->inside.config.clear);
}

static const struct part_key keys[] = {
	{"tck", true, parse_tck, PART_A_PIN},
	{"tms", true, parse_tms, PART_A_PIN},
	{"tdi", true, parse_tdi, PART_A_PIN},
	{"tdo", true, parse_tdo, PART_A_PIN},
	{"trst", false, parse_trst, PART_A_PIN},
	{"chip", false, parse_chip, "generic, ecp5 or xc7"},
	{"ir", false, parse_ir, "in 2..32"},
	{"capture", false, parse_capture,
		"1 to 8 hexadecimal digits whose last two bits are 01"},
	{"idcode", false, parse_idcode,
		"none, or 8 hexadecimal digits with a last bit of 1"},
	{"usercode", false, parse_usercode, "8 hexadecimal digits"},
	{"pads", false, parse_pads, "up to 12 pins with a dash between them"},
	{"chain", false, parse_chain,
		"up to 7 of BITS or BITS/IDCODE with a dash between them"},
	{"done", false, parse_done, PART_A_PIN},
	{"t-tdo", false, parse_t_tdo, "a time in 1ns..1us"},
	{"t-user", false, parse_t_user, "a time in 1ns..1s"},
	{"t-clear", false, parse_t_clear, "a time in 1ns..1s"},
	{0},
};

static void complete(struct tap *tap)
{
	struct tap_unit *first = &tap->units[0];
	struct tap_config *config = &tap->inside.config;

	if (first->ir_bits == 0)
		first->ir_bits =
			tap->chip->ir_bits ? tap->chip->ir_bits : IR_BITS;
	if (!tap->idcode_given)
		first->idcode = tap->chip->idcode;
	if (tap->units_count == 0)
		tap->units_count = 1;
	if (first->capture == 0)
		first->capture = 1;
	for (unsigned i = 0; i < tap->units_count; i++)
		tap->units[i].chip = i == 0 ? tap->chip : &tap_generic;
	for (unsigned i = 1; i < tap->units_count; i++)
		tap->units[i].capture = 1;
	if (tap->delay == 0)
		tap->delay = DELAY_TICKS;
	if (tap->inside.user_time == 0)
		tap->inside.user_time = USER_TICKS;
	if (config->clear == 0)
		config->clear = CLEAR_TICKS;
	if (!tap->usercode_given)
		config->usercode = UINT32_MAX;
	config->chip = tap->chip;
	config->idcode = first->idcode;
}

/* Keys that an FPGA does not have, and one that only an FPGA has. */
static bool check_chip(const struct tap *tap, char why[PART_WHY_SIZE])
{
	bool fpga = tap->chip->byte;
	const char *wrong = NULL;

	if (fpga && tap->units[0].ir_bits)
		wrong = "ir";
	else if (fpga && tap->units[0].capture)
		wrong = "capture";
	else if (fpga && tap->usercode_given)
		wrong = "usercode";
	if (wrong)
		snprintf(why, PART_WHY_SIZE,
			"tap: %s is not given with chip=%s, which has its own",
			wrong, tap->chip->name);
	else if (!fpga && tap->done)
		snprintf(why, PART_WHY_SIZE,
			"tap: done needs chip=ecp5 or chip=xc7");
	return !wrong && (fpga || !tap->done);
}

static bool start(struct part *part, char why[PART_WHY_SIZE])
{
	struct tap *tap = TAP(part);
	struct tap_inside *inside = &tap->inside;
	uint16_t pins[FIXED_PINS + TAP_PADS_MAX] = {
		tap->tck, tap->tms, tap->tdi, tap->tdo, tap->trst, tap->done};

	memcpy(pins + FIXED_PINS, inside->pads,
		inside->pads_count * sizeof(*pins));
	if (tap->chip == NULL)
		tap->chip = &tap_generic;
	if (!check_chip(tap, why))
		return false;
	complete(tap);
	if (tap->units[0].ir_bits < 32 &&
		tap->units[0].capture >> tap->units[0].ir_bits) {
		snprintf(why, PART_WHY_SIZE,
			"tap: capture has more bits than the IR");
		return false;
	}
	return part_check_pins(
		part, pins, FIXED_PINS + inside->pads_count, why);
}

/* ---- States --------------------------------------------------------------- */

/* After a state with TMS at 0, and at 1. */
static const uint8_t next_states[][2] = {
	[TAP_RESET] = {TAP_IDLE, TAP_RESET},
	[TAP_IDLE] = {TAP_IDLE, TAP_DR_SELECT},
	[TAP_DR_SELECT] = {TAP_DR_CAPTURE, TAP_IR_SELECT},
	[TAP_DR_CAPTURE] = {TAP_DR_SHIFT, TAP_DR_EXIT1},
	[TAP_DR_SHIFT] = {TAP_DR_SHIFT, TAP_DR_EXIT1},
	[TAP_DR_EXIT1] = {TAP_DR_PAUSE, TAP_DR_UPDATE},
	[TAP_DR_PAUSE] = {TAP_DR_PAUSE, TAP_DR_EXIT2},
	[TAP_DR_EXIT2] = {TAP_DR_SHIFT, TAP_DR_UPDATE},
	[TAP_DR_UPDATE] = {TAP_IDLE, TAP_DR_SELECT},
	[TAP_IR_SELECT] = {TAP_IR_CAPTURE, TAP_RESET},
	[TAP_IR_CAPTURE] = {TAP_IR_SHIFT, TAP_IR_EXIT1},
	[TAP_IR_SHIFT] = {TAP_IR_SHIFT, TAP_IR_EXIT1},
	[TAP_IR_EXIT1] = {TAP_IR_PAUSE, TAP_IR_UPDATE},
	[TAP_IR_PAUSE] = {TAP_IR_PAUSE, TAP_IR_EXIT2},
	[TAP_IR_EXIT2] = {TAP_IR_SHIFT, TAP_IR_UPDATE},
	[TAP_IR_UPDATE] = {TAP_IDLE, TAP_DR_SELECT},
};

static struct tap_inside *inside_of(struct tap *tap, unsigned unit)
{
	return unit == 0 ? &tap->inside : NULL;
}

static void reset(struct tap *tap)
{
	tap->state = TAP_RESET;
	tap->tdo_driven = false;
	for (unsigned i = 0; i < tap->units_count; i++)
		tap_unit_reset(&tap->units[i]);
}

static void shift_ir(struct tap *tap, bool in)
{
	for (unsigned i = 0; i < tap->units_count; i++) {
		struct tap_unit *unit = &tap->units[i];
		bool out = unit->ir_shift & 1;

		unit->ir_shift = unit->ir_shift >> 1 |
			(uint32_t)in << (unit->ir_bits - 1);
		in = out;
	}
}

static void shift_dr(struct tap *tap, bool in, tick now)
{
	if (tap->units[0].instruction->selects == TAP_CONFIGURE)
		tap_config_bit(&tap->inside.config, in, now);
	for (unsigned i = 0; i < tap->units_count; i++) {
		struct tap_unit *unit = &tap->units[i];
		bool out = unit->shift & 1;

		unit->shift =
			unit->shift >> 1 | (uint64_t)in << (unit->bits - 1);
		in = out;
	}
}

static void rise(struct tap *tap, bool tms, bool tdi, tick now)
{
	switch (tap->state) {
	case TAP_IDLE:
		tap_config_clock(&tap->inside.config);
		break;
	case TAP_IR_CAPTURE:
		for (unsigned i = 0; i < tap->units_count; i++)
			tap_unit_capture_ir(
				&tap->units[i], inside_of(tap, i), now);
		break;
	case TAP_DR_CAPTURE:
		for (unsigned i = 0; i < tap->units_count; i++)
			tap_unit_capture_dr(&tap->units[i], inside_of(tap, i),
				tap->part.levels, now);
		break;
	case TAP_IR_SHIFT:
		shift_ir(tap, tdi);
		break;
	case TAP_DR_SHIFT:
		shift_dr(tap, tdi, now);
		break;
	default:
		break;
	}
	tap->state = next_states[tap->state][tms];
}

static void fall(struct tap *tap, tick now)
{
	tap->tdo_driven = false;
	switch (tap->state) {
	case TAP_RESET:
		reset(tap);
		break;
	case TAP_IR_SHIFT:
	case TAP_DR_SHIFT:
		tap->tdo_driven = true;
		break;
	case TAP_IR_UPDATE:
		for (unsigned i = 0; i < tap->units_count; i++)
			tap_unit_update_ir(
				&tap->units[i], inside_of(tap, i), now);
		break;
	case TAP_DR_UPDATE:
		for (unsigned i = 0; i < tap->units_count; i++)
			tap_unit_update_dr(
				&tap->units[i], inside_of(tap, i), now);
		break;
	default:
		break;
	}
}

/* ---- Pins ----------------------------------------------------------------- */

static void drive(uint16_t pin, bool level, uint16_t *low, uint16_t *high)
{
	*(level ? high : low) |= pin;
}

/* In Shift-DR or Shift-IR. */
static bool tdo_bit(const struct tap *tap)
{
	const struct tap_unit *last = &tap->units[tap->units_count - 1];

	return tap->state == TAP_IR_SHIFT ? last->ir_shift & 1
					  : last->shift & 1;
}

/* What the TAPs drive in the present state.  DONE is an open drain. */
static void drive_all(
	const struct tap *tap, uint16_t *ret_low, uint16_t *ret_high)
{
	const struct tap_inside *inside = &tap->inside;
	bool extest = tap->units[0].instruction->action == TAP_DRIVE;

	*ret_low = *ret_high = 0;
	if (!tap->powered)
		return;
	if (tap->tdo_driven)
		drive(tap->tdo, tdo_bit(tap), ret_low, ret_high);
	if (!inside->config.done)
		*ret_low |= tap->done;
	for (unsigned i = 0; i < inside->pads_count; i++)
		if (extest && inside->latches >> (3 * i + 2) & 1)
			drive(inside->pads[i],
				inside->latches >> (3 * i + 1) & 1, ret_low,
				ret_high);
}

static void plan(struct tap *tap, tick time)
{
	uint16_t low, high;

	drive_all(tap, &low, &high);
	part_plan(&tap->part, time, low, high);
	tap->then = TICK_NEVER;
}

static void power_up(struct tap *tap, tick now)
{
	struct tap_config *config = &tap->inside.config;
	uint32_t usercode = config->usercode;

	tap_config_action(config, TAP_CLEAR, now);
	if (tap->chip->byte == NULL)
		config->usercode = usercode;
	config->enabled = false;
	tap->inside.latches = 0;
	for (unsigned i = 0; i < TAP_USERS; i++)
		tap->inside.users[i] = (struct tap_user){0};
	for (unsigned i = 0; i < tap->units_count; i++)
		tap->units[i].bits = 1;
	reset(tap);
}

static void changed(struct part *part, tick now)
{
	struct tap *tap = TAP(part);
	bool powered = part->powered & tap->tck;
	bool clock_high = part->levels & tap->tck;
	bool edge = clock_high != tap->clock_high;
	bool reset_low = tap->trst && !(part->levels & tap->trst);

	tap->clock_high = clock_high;
	if (powered != tap->powered) {
		tap->powered = powered;
		power_up(tap, now);
		plan(tap, now + 1);
		part->next = now + 1; /* for the pulls */
		return;
	}
	if (!powered)
		return;
	if (reset_low) {
		if (tap->reset_low)
			return;
		reset(tap);
		plan(tap, now + tap->delay);
	} else if (edge && clock_high) {
		rise(tap, part->levels & tap->tms, part->levels & tap->tdi,
			now);
	} else if (edge) {
		fall(tap, now);
		plan(tap, now + tap->delay);
	}
	tap->reset_low = reset_low;
}

/* TMS, TDI and TRST have pull-ups inside, so that an open pin is 1; so has DONE
   on its board. */
static void act(struct part *part, tick now)
{
	struct tap *tap = TAP(part);

	part_drive_planned(part, now);
	if (tap->then != TICK_NEVER)
		part_plan(part, tap->then, tap->then_low, tap->then_high);
	tap->then = TICK_NEVER;
	part->pull_up =
		tap->powered ? tap->tms | tap->tdi | tap->trst | tap->done : 0;
}

/* ---- The shortcut --------------------------------------------------------- */

/* A clock that rises in this state counts, or takes over the levels of the
   pads. */
static bool is_seen_before(const struct tap *tap, enum tap_state state)
{
	return state == TAP_DR_CAPTURE ||
		(state == TAP_IDLE && tap->inside.config.start_clocks > 0);
}

/* A clock that falls in this state may change what other pins than TDO have. */
static bool is_seen_after(enum tap_state state)
{
	return state == TAP_RESET || state == TAP_DR_UPDATE ||
		state == TAP_IR_UPDATE;
}

/* The fall before these clocks will change other pins than TDO. */
static bool is_seen_soon(const struct tap *tap)
{
	const struct part *part = &tap->part;
	uint16_t changes =
		(part->low ^ part->next_low) | (part->high ^ part->next_high);

	return part->next != TICK_NEVER && changes & ~tap->tdo;
}

/* Whether these clocks have to do with TDO alone. */
static bool is_unseen(const struct tap *tap, const struct part_jtag *jtag)
{
	enum tap_state state = tap->state;

	if (tap->inside.pads_count == 0 && tap->done == 0)
		return true;
	if (is_seen_soon(tap))
		return false;
	for (unsigned i = 0; i < jtag->clocks; i++) {
		if (is_seen_before(tap, state))
			return false;
		state = next_states[state][jtag->out_tms >> i & 1];
		if (is_seen_after(state))
			return false;
	}
	return true;
}

static bool are_mine(const struct tap *tap, const struct part_jtag *jtag)
{
	return jtag->tck == tap->tck && jtag->tms == tap->tms &&
		jtag->tdi == tap->tdi && jtag->tdo == tap->tdo;
}

/* Plan as the last two falls of these clocks would; `low` and `high` were to be
   driven after the first of them.  A fall forgets what was planned before it. */
static void plan_both(struct tap *tap, const struct part_jtag *jtag,
	uint16_t low, uint16_t high)
{
	tick end = jtag->begin + jtag->clocks * jtag->period;
	struct part *part = &tap->part;

	plan(tap, end + tap->delay);
	if (low == part->low && high == part->high)
		return;
	tap->then = end + tap->delay;
	tap->then_low = part->next_low;
	tap->then_high = part->next_high;
	part_plan(part, tap->then - jtag->period, low, high);
}

static bool clocks_at_once(struct part *part, struct part_jtag *jtag)
{
	struct tap *tap = TAP(part);
	tick fallen = jtag->begin;
	uint16_t low = 0, high = 0;

	if (!are_mine(tap, jtag) || !tap->powered || tap->clock_high ||
		(tap->trst && tap->reset_low) || tap->delay > jtag->period ||
		!is_unseen(tap, jtag) ||
		(jtag->sampled &&
			!part_sample_fits(
				jtag->period, jtag->sample, tap->delay)))
		return false;
	jtag->in = 0;
	for (unsigned i = 0; i < jtag->clocks; i++) {
		bool tdo = tap->tdo_driven ? tdo_bit(tap) : jtag->idle;

		jtag->in |= tdo << i;
		if (i + 1u == jtag->clocks)
			drive_all(tap, &low, &high);
		rise(tap, jtag->out_tms >> i & 1, jtag->out_tdi >> i & 1,
			fallen + jtag->period / 2);
		fallen += jtag->period;
		fall(tap, fallen);
	}
	plan_both(tap, jtag, low, high);
	return true;
}

const struct part_kind part_tap = {
	.name = "tap",
	.size = sizeof(struct tap),
	.keys = keys,
	.start = start,
	.changed = changed,
	.act = act,
	.jtag = clocks_at_once,
};
