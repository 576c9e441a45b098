/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The registers of a TAP: what they capture, and what an update does.  tap.c
 * shifts them.
 *
 * Source: IEEE 1149.1-2001, chapters 7 to 12.
 */
#include "tap.h"

static const struct tap_instruction bypass = {0, TAP_BYPASS, TAP_NOTHING};
static const struct tap_instruction idcode = {0, TAP_IDCODE, TAP_NOTHING};

void tap_unit_reset(struct tap_unit *unit)
{
	unit->instruction = unit->idcode ? &idcode : &bypass;
}

void tap_unit_capture_ir(
	struct tap_unit *unit, const struct tap_inside *inside, tick now)
{
	unit->ir_shift = unit->capture;
	if (inside && unit->chip->capture)
		unit->ir_shift = unit->chip->capture(&inside->config, now);
}

/* Whether the TAP has the register; otherwise it has BYPASS in its place. */
static bool has(const struct tap_unit *unit, const struct tap_inside *inside,
	enum tap_register which)
{
	switch (which) {
	case TAP_BYPASS:
		return true;
	case TAP_IDCODE:
		return unit->idcode;
	case TAP_BOUNDARY:
		return inside && inside->pads_count > 0;
	default:
		return inside;
	}
}

/* All ones are BYPASS, and so is every opcode that is not known. */
void tap_unit_update_ir(
	struct tap_unit *unit, struct tap_inside *inside, tick now)
{
	uint32_t ones = UINT32_MAX >> (32 - unit->ir_bits);
	const struct tap_instruction *list = unit->chip->instructions;

	unit->instruction = &bypass;
	for (unsigned i = 0; i < unit->chip->instructions_count; i++)
		if (list[i].opcode == unit->ir_shift &&
			unit->ir_shift != ones &&
			has(unit, inside, list[i].selects))
			unit->instruction = &list[i];
	if (inside && unit->instruction->selects != TAP_OPERAND)
		tap_config_action(
			&inside->config, unit->instruction->action, now);
}

static void set(struct tap_unit *unit, uint64_t value, uint8_t bits)
{
	unit->shift = value;
	unit->bits = bits;
}

/* The cells of pad n: 3n its level, 3n + 1 and 3n + 2 the latches. */
static void capture_boundary(
	struct tap_unit *unit, const struct tap_inside *inside, uint16_t levels)
{
	uint64_t cells = inside->latches;

	for (unsigned i = 0; i < inside->pads_count; i++) {
		cells &= ~(UINT64_C(1) << 3 * i);
		cells |= (uint64_t) !!(levels & inside->pads[i]) << 3 * i;
	}
	set(unit, cells, 3 * inside->pads_count);
}

/* Bit 0 is whether the result in the other bits is there. */
static void capture_user(
	struct tap_unit *unit, const struct tap_user *user, tick now)
{
	bool ready = now >= user->ready;

	set(unit, ready ? (uint64_t)user->result << 1 | 1 : 0, TAP_USER_BITS);
}

void tap_unit_capture_dr(struct tap_unit *unit, struct tap_inside *inside,
	uint16_t levels, tick now)
{
	enum tap_register which = unit->instruction->selects;

	if (which == TAP_IDCODE) {
		set(unit, unit->idcode, 32);
		return;
	}
	if (inside == NULL || which == TAP_BYPASS) {
		set(unit, 0, 1);
		return;
	}
	switch (which) {
	case TAP_USERCODE:
		set(unit, inside->config.usercode, 32);
		break;
	case TAP_BOUNDARY:
		capture_boundary(unit, inside, levels);
		break;
	case TAP_STATUS:
		set(unit, unit->chip->status(&inside->config, now), 32);
		break;
	case TAP_BUSY:
		set(unit, now < inside->config.busy, 1);
		break;
	case TAP_OPERAND:
		set(unit, 0, 8);
		break;
	case TAP_CONFIGURE:
		set(unit, 0, 1);
		break;
	default:
		capture_user(unit, &inside->users[which - TAP_USER], now);
		break;
	}
}

/* Bit 0 starts a job, whose result is the complement of the other bits. */
static void update_user(const struct tap_unit *unit, struct tap_user *user,
	tick user_time, tick now)
{
	if (!(unit->shift & 1) || now < user->ready)
		return;
	user->result = ~(uint32_t)(unit->shift >> 1);
	user->ready = now + user_time;
}

void tap_unit_update_dr(
	struct tap_unit *unit, struct tap_inside *inside, tick now)
{
	enum tap_register which = unit->instruction->selects;

	if (inside == NULL)
		return;
	if (which == TAP_BOUNDARY)
		inside->latches = unit->shift;
	else if (which == TAP_OPERAND)
		tap_config_action(
			&inside->config, unit->instruction->action, now);
	else if (which >= TAP_USER && which < TAP_USER + TAP_USERS)
		update_user(unit, &inside->users[which - TAP_USER],
			inside->user_time, now);
}
