/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The oracle's model of a chain of TAPs, clock by clock.  It is made from IEEE
 * 1149.1 and the manual of the part tap, and shares no code with the library or
 * the part.  Bits that cannot be certain, such as those of a user register whose
 * job may be under way, are marked as unknown wherever they are shifted to.
 */
#include <string.h>

#include "jtag.h"

#define USER_CYCLES ((USER_US + 2) * UINT64_C(48))

uint8_t chain_next(uint8_t state, bool tms)
{
	static const uint8_t next[CHAIN_STATES][2] = {
		[CLYDE_TAP_RESET] = {CLYDE_TAP_IDLE, CLYDE_TAP_RESET},
		[CLYDE_TAP_IDLE] = {CLYDE_TAP_IDLE, CLYDE_TAP_DR_SELECT},
		[CLYDE_TAP_DR_SELECT] = {CLYDE_TAP_DR_CAPTURE,
			CLYDE_TAP_IR_SELECT},
		[CLYDE_TAP_DR_CAPTURE] = {CLYDE_TAP_DR_SHIFT,
			CLYDE_TAP_DR_EXIT1},
		[CLYDE_TAP_DR_SHIFT] = {CLYDE_TAP_DR_SHIFT, CLYDE_TAP_DR_EXIT1},
		[CLYDE_TAP_DR_EXIT1] = {CLYDE_TAP_DR_PAUSE,
			CLYDE_TAP_DR_UPDATE},
		[CLYDE_TAP_DR_PAUSE] = {CLYDE_TAP_DR_PAUSE, CLYDE_TAP_DR_EXIT2},
		[CLYDE_TAP_DR_EXIT2] = {CLYDE_TAP_DR_SHIFT,
			CLYDE_TAP_DR_UPDATE},
		[CLYDE_TAP_DR_UPDATE] = {CLYDE_TAP_IDLE, CLYDE_TAP_DR_SELECT},
		[CLYDE_TAP_IR_SELECT] = {CLYDE_TAP_IR_CAPTURE, CLYDE_TAP_RESET},
		[CLYDE_TAP_IR_CAPTURE] = {CLYDE_TAP_IR_SHIFT,
			CLYDE_TAP_IR_EXIT1},
		[CLYDE_TAP_IR_SHIFT] = {CLYDE_TAP_IR_SHIFT, CLYDE_TAP_IR_EXIT1},
		[CLYDE_TAP_IR_EXIT1] = {CLYDE_TAP_IR_PAUSE,
			CLYDE_TAP_IR_UPDATE},
		[CLYDE_TAP_IR_PAUSE] = {CLYDE_TAP_IR_PAUSE, CLYDE_TAP_IR_EXIT2},
		[CLYDE_TAP_IR_EXIT2] = {CLYDE_TAP_IR_SHIFT,
			CLYDE_TAP_IR_UPDATE},
		[CLYDE_TAP_IR_UPDATE] = {CLYDE_TAP_IDLE, CLYDE_TAP_DR_SELECT},
	};

	return next[state][tms];
}

static uint64_t ones(unsigned bits)
{
	return bits < 64 ? (UINT64_C(1) << bits) - 1 : ~UINT64_C(0);
}

static void reset(struct chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++)
		chain->taps[i].selected =
			chain->taps[i].idcode ? SELECTS_IDCODE : SELECTS_BYPASS;
}

/* ---- The data registers ---- */

static void capture(struct tap *tap, uint64_t value, unsigned bits)
{
	tap->shift = value;
	tap->known = ones(bits);
	tap->bits = bits;
}

static void capture_user(struct tap *tap, const struct user *user, uint64_t now)
{
	capture(tap, (uint64_t)user->result << 1 | 1, USER_BITS);
	tap->known = now < user->ready ? 0 : (uint64_t)user->known << 1 | 1;
}

static void capture_dr(struct tap *tap, uint64_t now)
{
	switch (tap->selected) {
	case SELECTS_BYPASS:
		capture(tap, 0, 1);
		break;
	case SELECTS_IDCODE:
		capture(tap, tap->idcode, 32);
		break;
	case SELECTS_USERCODE:
		capture(tap, tap->usercode, 32);
		break;
	default:
		capture_user(
			tap, &tap->users[tap->selected - SELECTS_USER], now);
	}
}

/* Bit 0 starts a job, unless one is under way. */
static void update_dr(struct tap *tap, uint64_t now)
{
	struct user *user;
	bool perhaps;

	if (tap->selected < SELECTS_USER)
		return;
	if (tap->known & 1 && !(tap->shift & 1))
		return;
	user = &tap->users[tap->selected - SELECTS_USER];
	perhaps = !(tap->known & 1) || now < user->ready;
	user->result = ~(uint32_t)(tap->shift >> 1);
	user->known = perhaps ? 0 : (uint32_t)(tap->known >> 1);
	user->ready = now + USER_CYCLES;
}

static int shift_dr(struct chain *chain, bool tdi)
{
	uint64_t in = tdi, known = 1;

	for (unsigned i = 0; i < chain->count; i++) {
		struct tap *tap = &chain->taps[i];
		uint64_t out = tap->shift & 1, out_known = tap->known & 1;

		tap->shift = tap->shift >> 1 | in << (tap->bits - 1);
		tap->known = tap->known >> 1 | known << (tap->bits - 1);
		in = out;
		known = out_known;
	}
	return known ? (int)in : -1;
}

/* ---- The instruction registers ---- */

static void update_ir(struct tap *tap)
{
	bool is_bypass = tap->ir == (uint32_t)ones(tap->ir_bits);

	tap->selected = SELECTS_BYPASS;
	if (is_bypass)
		return;
	if (tap->ir == 2 && tap->idcode)
		tap->selected = SELECTS_IDCODE;
	else if (tap->ir == 3 && tap->first)
		tap->selected = SELECTS_USERCODE;
	else if ((tap->ir == 8 || tap->ir == 9) && tap->first)
		tap->selected = SELECTS_USER + (tap->ir - 8);
}

static int shift_ir(struct chain *chain, bool tdi)
{
	uint32_t in = tdi;

	for (unsigned i = 0; i < chain->count; i++) {
		struct tap *tap = &chain->taps[i];
		uint32_t out = tap->ir & 1;

		tap->ir = tap->ir >> 1 | in << (tap->ir_bits - 1);
		in = out;
	}
	return in;
}

/* ---- Clocks ---- */

static void enter(struct chain *chain, uint8_t state)
{
	chain->state = state;
	if (state == CLYDE_TAP_RESET)
		reset(chain);
	for (unsigned i = 0; i < chain->count; i++) {
		if (state == CLYDE_TAP_DR_UPDATE)
			update_dr(&chain->taps[i], chain->cycles);
		else if (state == CLYDE_TAP_IR_UPDATE)
			update_ir(&chain->taps[i]);
	}
}

/* What happens at the rising edge, in the present state. */
static int rise(struct chain *chain, bool tdi)
{
	switch (chain->state) {
	case CLYDE_TAP_DR_CAPTURE:
		for (unsigned i = 0; i < chain->count; i++)
			capture_dr(&chain->taps[i], chain->cycles);
		return -1;
	case CLYDE_TAP_IR_CAPTURE:
		for (unsigned i = 0; i < chain->count; i++)
			chain->taps[i].ir = chain->taps[i].capture;
		return -1;
	case CLYDE_TAP_DR_SHIFT:
		return shift_dr(chain, tdi);
	case CLYDE_TAP_IR_SHIFT:
		return shift_ir(chain, tdi);
	}
	return -1;
}

int chain_clock(struct chain *chain, bool tms, bool tdi)
{
	int tdo;

	chain->cycles += chain->period;
	if (chain->held)
		return -1;
	if (!chain->state_known) {
		chain->ones = tms ? chain->ones + 1 : 0;
		chain->state_known = chain->ones == 5;
		if (chain->state_known)
			enter(chain, CLYDE_TAP_RESET);
		return -1;
	}
	tdo = rise(chain, tdi);
	enter(chain, chain_next(chain->state, tms));
	return tdo;
}

void chain_hold(struct chain *chain, bool held)
{
	chain->held = held;
	if (!held)
		return;
	chain->state_known = true;
	enter(chain, CLYDE_TAP_RESET);
}

/* ---- The chain ---- */

unsigned chain_ir_bits(const struct chain *chain)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < chain->count; i++)
		bits += chain->taps[i].ir_bits;
	return bits;
}

unsigned chain_dr_bits(const struct chain *chain)
{
	static const uint8_t sizes[] = {[SELECTS_BYPASS] = 1,
		[SELECTS_IDCODE] = 32,
		[SELECTS_USERCODE] = 32,
		[SELECTS_USER] = USER_BITS,
		[SELECTS_USER + 1] = USER_BITS};
	unsigned bits = 0;

	for (unsigned i = 0; i < chain->count; i++)
		bits += sizes[chain->taps[i].selected];
	return bits;
}

bool chain_has_user(const struct chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++)
		if (chain->taps[i].selected >= SELECTS_USER)
			return true;
	return false;
}

void chain_settle(struct chain *chain, unsigned tap, unsigned user)
{
	struct user *settled = &chain->taps[tap].users[user];

	if (settled->ready > chain->cycles)
		settled->ready = chain->cycles;
}

void chain_forget(struct chain *chain)
{
	chain->state_known = false;
	chain->ones = 0;
	chain->held = false;
	for (unsigned i = 0; i < chain->count; i++)
		for (unsigned at = 0; at < CHAIN_USERS; at++)
			chain->taps[i].users[at] = (struct user){
				.ready = chain->cycles + USER_CYCLES};
}

static void add_tap(struct chain *chain, struct random *random, bool first)
{
	struct tap *tap = &chain->taps[chain->count++];
	uint32_t idcode = random_next(random);

	*tap = (struct tap){.capture = 1, .first = first, .bits = 1};
	tap->ir_bits = first ? 4 + draw(random, 6) : 2 + draw(random, 8);
	/* No manufacturer has the number 127. */
	idcode = (idcode & ~UINT32_C(0xfff)) | 1 | draw(random, 0x7f) << 1;
	if (draw(random, 4))
		tap->idcode = idcode;
	tap->usercode = UINT32_MAX;
}

/* A bit above 01 is captured, too, which looks like another TAP. */
static void add_marks(struct tap *tap, struct random *random)
{
	if (draw(random, 2))
		tap->capture |= 8;
	tap->usercode = random_next(random);
}

/* One package of up to four TAPs, or two. */
void chain_begin(struct chain *chain, const struct device_plan *plan)
{
	struct random random = {plan->part * UINT64_C(0x5851f42d4c957f2d) + 1};
	unsigned packages = jtag_packages(plan);

	*chain = (struct chain){.period = 2};
	for (unsigned i = 0; i < packages; i++) {
		unsigned more = draw(&random, packages == 1 ? 4 : 1 + i);

		add_tap(chain, &random, true);
		if (packages == 1)
			add_marks(&chain->taps[0], &random);
		for (unsigned at = 0; at < more; at++)
			add_tap(chain, &random, false);
	}
	chain_forget(chain);
}
