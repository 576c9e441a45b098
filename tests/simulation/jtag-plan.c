/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Which clocks the steps of clyde.h make, as its comments say: they are given to
 * the model of the chain, unless a poll of the same chain of batches has failed.
 * What the library believes about the state of the TAPs goes on all the same, as
 * it cannot know of the failure yet.
 */
#include <string.h>

#include "jtag.h"

#define ANY    0xffff
#define RESETS 5 /* clocks with TMS high */

void jtag_plan_begin(struct jtag_plan *plan)
{
	plan->possible = ANY;
	plan->vague = plan->in_chain = plan->polls = plan->failed = false;
	plan->pins = CLYDE_JTAG_TRST_HIGH | CLYDE_JTAG_SRST_HIGH;
	chain_forget(&plan->chain);
}

static uint8_t single(uint16_t states)
{
	uint8_t state = 0;

	if (states == 0 || states & (states - 1))
		return CLYDE_TAP_UNKNOWN;
	while (!(states >> state & 1))
		state++;
	return state;
}

int jtag_plan_state(const struct jtag_plan *plan)
{
	return single(plan->possible);
}

static int clock(struct jtag_plan *plan, bool tms, bool tdi)
{
	uint16_t next = 0;

	for (unsigned i = 0; i < CHAIN_STATES; i++)
		if (plan->possible >> i & 1)
			next |= 1u << chain_next(i, tms);
	plan->possible = next;
	if (plan->failed)
		return -1;
	plan->us += plan->chain.period / 48.0;
	return chain_clock(&plan->chain, tms, tdi);
}

/* ---- Ways ---- */

/* The number of clocks of the shortest way, with the first level of TMS. */
static unsigned distance(uint8_t from, uint8_t to, unsigned most)
{
	unsigned low, high;

	if (from == to || most == 0)
		return from == to ? 0 : 100;
	low = distance(chain_next(from, false), to, most - 1);
	high = distance(chain_next(from, true), to, most - 1);
	return 1 + (low < high ? low : high);
}

static bool first_level(uint8_t from, uint8_t to)
{
	return distance(chain_next(from, true), to, 8) <
		distance(chain_next(from, false), to, 8);
}

/* While TRST is low, no TAP moves, and only the time of the clocks is not
   certain. */
void jtag_plan_go(struct jtag_plan *plan, uint8_t to)
{
	uint8_t at;

	if (plan->vague && !(plan->pins & CLYDE_JTAG_TRST_HIGH))
		return;
	if (plan->vague) {
		plan->possible = 1u << CLYDE_TAP_RESET;
		plan->vague = false;
	}
	if (to == CLYDE_TAP_RESET ||
		single(plan->possible) == CLYDE_TAP_UNKNOWN)
		for (unsigned i = 0; i < RESETS; i++)
			clock(plan, true, true);
	while ((at = single(plan->possible)) != to)
		clock(plan, first_level(at, to), true);
}

/* ---- Steps ---- */

static bool bit(const uint8_t *bits, uint32_t at, bool none)
{
	return bits ? bits[at / 8] >> at % 8 & 1 : none;
}

static void put(uint8_t *right, uint8_t *mask, uint32_t at, int level)
{
	if (right && level > 0)
		right[at / 8] |= 1 << at % 8;
	if (right && level < 0)
		mask[at / 8] &= ~(1 << at % 8);
}

static void scan(struct jtag_plan *plan, const struct clyde_jtag_step *step,
	uint8_t *right, uint8_t *mask)
{
	uint8_t shift = step->kind == CLYDE_JTAG_IR ? CLYDE_TAP_IR_SHIFT
						    : CLYDE_TAP_DR_SHIFT;
	bool none = !(step->flags & CLYDE_JTAG_ZEROS);

	jtag_plan_go(plan, shift);
	for (uint32_t i = 0; i < step->bits; i++)
		put(right, mask, i,
			clock(plan, i + 1 == step->bits && step->state != shift,
				bit(step->out, i, none)));
	jtag_plan_go(plan, step->state);
}

static void vector(struct jtag_plan *plan, const struct clyde_jtag_step *step,
	uint8_t *right, uint8_t *mask)
{
	bool none = !(step->flags & CLYDE_JTAG_ZEROS);

	for (uint32_t i = 0; i < step->bits; i++)
		put(right, mask, i,
			clock(plan, bit(step->tms, i, false),
				bit(step->out, i, none)));
}

static void run(struct jtag_plan *plan, const struct clyde_jtag_step *step)
{
	uint8_t state =
		plan->vague ? CLYDE_TAP_UNKNOWN : single(plan->possible);

	if (state != CLYDE_TAP_RESET && state != CLYDE_TAP_IDLE &&
		state != CLYDE_TAP_DR_PAUSE && state != CLYDE_TAP_IR_PAUSE)
		jtag_plan_go(plan, CLYDE_TAP_IDLE);
	for (uint32_t i = 0; i < step->clocks; i++)
		clock(plan, state == CLYDE_TAP_RESET, true);
}

static void hold(struct jtag_plan *plan)
{
	bool low = !(plan->pins & CLYDE_JTAG_TRST_HIGH);

	plan->vague |= low;
	if (!plan->failed && low != plan->chain.held)
		chain_hold(&plan->chain, low);
}

/* Bits behind the last one are zeros. */
void jtag_plan_step(struct jtag_plan *plan, const struct clyde_jtag_step *step,
	uint8_t *right, uint8_t *mask)
{
	size_t size = (step->bits + 7) / 8;

	if (right) {
		memset(right, plan->failed ? 0xff : 0, size);
		memset(mask, 0xff, size);
	}
	if (plan->failed)
		right = mask = NULL;
	switch (step->kind) {
	case CLYDE_JTAG_IR:
	case CLYDE_JTAG_DR:
		scan(plan, step, right, mask);
		break;
	case CLYDE_JTAG_VECTOR:
		vector(plan, step, right, mask);
		break;
	case CLYDE_JTAG_STATE:
		jtag_plan_go(plan, step->state);
		break;
	case CLYDE_JTAG_RUN:
		run(plan, step);
		break;
	case CLYDE_JTAG_PINS:
		plan->pins = step->pins;
		hold(plan);
	}
	if (plan->failed)
		return;
	plan->us += step->delay_us;
	plan->chain.cycles += UINT64_C(48) * step->delay_us;
}

void jtag_plan_scan(struct jtag_plan *plan, const struct clyde_jtag_step *step,
	uint8_t *right, uint8_t *mask)
{
	const struct clyde_jtag_step whole = {
		.kind = step->flags & CLYDE_JTAG_POLL_IR ? CLYDE_JTAG_IR
							 : CLYDE_JTAG_DR,
		.flags = step->flags & CLYDE_JTAG_ZEROS,
		.state = CLYDE_TAP_IDLE,
		.bits = step->skip + step->bits + step->tail,
	};
	const struct clyde_jtag_step idle = {
		.kind = CLYDE_JTAG_RUN, .clocks = step->clocks};
	uint8_t got[80], known[80];

	jtag_plan_step(plan, &whole, got, known);
	jtag_plan_step(plan, &idle, NULL, NULL);
	*right = *mask = 0;
	for (unsigned i = 0; i < 8; i++) {
		bool in = i < step->bits;

		*right |= (in && bit(got, step->skip + i, false)) << i;
		*mask |= (!in || bit(known, step->skip + i, false)) << i;
	}
}

/* ---- Batches ---- */

/* Levels that a failure has skipped are set when the next chain begins. */
void jtag_plan_batch(struct jtag_plan *plan)
{
	plan->us = 0;
	if (plan->in_chain)
		return;
	plan->polls = plan->failed = false;
	hold(plan);
}

void jtag_plan_end(struct jtag_plan *plan, bool chained)
{
	if (!chained && plan->polls)
		jtag_plan_go(plan, CLYDE_TAP_IDLE);
	plan->in_chain = chained;
}
