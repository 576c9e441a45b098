/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The search for a test access port; see search.h.  Every IR captures 01 in its
 * last bits (IEEE 1149.1, 7.1.1), so a pin that is high and then low in the first
 * two clocks of Shift-IR may be TDO: one try of TCK and TMS looks at all pins.
 * TDI is the pin whose pattern comes out at TDO, TRST# the one that prevents all
 * of that.
 *
 * A try ends in Test-Logic-Reset, and the way there leads through Update-IR: so
 * ones are shifted in before, which are the instruction BYPASS.
 */
#include "search.h"

#include <stddef.h>

#define PINS         16
#define PATTERN_BITS 32
#define FLUSH_BITS   64
/* Has every sequence of up to five bits at most a few times, and no period. */
#define PATTERN UINT32_C(0x3d4c96e2)

/* A try. */
struct attempt {
	const struct search_port *port;
	uint16_t tck, tms, tdi,
		trst; /* of one bit; the last two also of none */
	uint16_t driven, levels;
};

/* ---- Clocks --------------------------------------------------------------- */

static int set(struct attempt *attempt, uint16_t pin, bool high)
{
	if (high)
		attempt->levels |= pin;
	else
		attempt->levels &= ~pin;
	return attempt->port->drive(
		attempt->port->user, attempt->driven, attempt->levels);
}

/* TCK falls, and rises.  *ret_levels (NULL: not wanted) is of before it rises. */
static int pulse(
	struct attempt *attempt, bool tms, bool tdi, uint16_t *ret_levels)
{
	int result;

	attempt->levels &= ~(attempt->tms | attempt->tdi);
	if (tms)
		attempt->levels |= attempt->tms;
	if (tdi)
		attempt->levels |= attempt->tdi;
	result = set(attempt, attempt->tck, false);
	if (result == 0 && ret_levels)
		result = attempt->port->read(attempt->port->user, ret_levels);
	return result < 0 ? result : set(attempt, attempt->tck, true);
}

static int pulses(struct attempt *attempt, unsigned count, bool tms)
{
	int result = 0;

	while (count-- > 0 && result == 0)
		result = pulse(attempt, tms, true, NULL);
	return result;
}

/* ---- Tries ---------------------------------------------------------------- */

/* Drive the pins, reset by TRST# and by TMS, and go to Shift-IR.  TRST# stays
   active if `hold` is set. */
static int enter_shift_ir(struct attempt *attempt, bool hold)
{
	/* From Test-Logic-Reset through Run-Test/Idle, bit 0 first. */
	const unsigned path = 0x06, clocks = 5;
	int result;

	attempt->driven =
		attempt->tck | attempt->tms | attempt->tdi | attempt->trst;
	attempt->levels = attempt->driven;
	result = set(attempt, attempt->trst, !attempt->trst);
	if (result == 0 && attempt->trst && !hold)
		result = set(attempt, attempt->trst, true);
	if (result == 0)
		result = pulses(attempt, 5, true);
	for (unsigned i = 0; i < clocks && result == 0; i++)
		result = pulse(attempt, path >> i & 1, true, NULL);
	return result;
}

static int release(struct attempt *attempt)
{
	attempt->driven = 0;
	return set(attempt, 0, false);
}

static int leave(struct attempt *attempt)
{
	int result = pulses(attempt, FLUSH_BITS, false);

	if (result == 0)
		result = pulses(attempt, 5, true);
	return result < 0 ? result : release(attempt);
}

/* The pins that are 1, then 0, in the first clocks of Shift-IR. */
static int look_for_tdo(struct attempt *attempt, bool hold, uint16_t *ret_pins)
{
	uint16_t first = 0, second = 0;
	int result = enter_shift_ir(attempt, hold);

	if (result == 0)
		result = pulse(attempt, false, true, &first);
	if (result == 0)
		result = pulse(attempt, false, true, &second);
	if (result < 0)
		return result;
	*ret_pins = first & ~second & ~attempt->driven;
	return *ret_pins ? leave(attempt) : release(attempt);
}

/* After how many clocks a pattern that TDI sends comes out at TDO; 0: never. */
static unsigned delay_of(const uint16_t levels[], uint16_t tdo)
{
	for (unsigned delay = 2; delay <= FLUSH_BITS; delay++) {
		unsigned right = 0;

		while (right < PATTERN_BITS &&
			!(levels[delay + right] & tdo) ==
				!(PATTERN >> right & 1))
			right++;
		if (right == PATTERN_BITS)
			return delay;
	}
	return 0;
}

static int measure_ir(struct attempt *attempt, uint16_t tdo, unsigned *ret_bits)
{
	uint16_t levels[PATTERN_BITS + FLUSH_BITS];
	int result = enter_shift_ir(attempt, false);

	for (unsigned i = 0; i < PATTERN_BITS + FLUSH_BITS && result == 0; i++)
		result = pulse(attempt, false,
			i >= PATTERN_BITS || PATTERN >> i & 1, &levels[i]);
	if (result < 0)
		return result;
	*ret_bits = delay_of(levels, tdo);
	return leave(attempt);
}

/* ---- The search ----------------------------------------------------------- */

static bool has(uint16_t pins, unsigned pin)
{
	return pins >> pin & 1;
}

static struct attempt attempt_of(
	const struct search *search, const struct search_found *with)
{
	return (struct attempt){
		.port = search->port,
		.tck = 1 << with->tck,
		.tms = 1 << with->tms,
		.trst = with->trst < 0 ? 0 : 1 << with->trst,
	};
}

static int try_tdi(struct search *search, struct search_found found)
{
	uint16_t others = search->pins &
		~(1 << found.tck | 1 << found.tms | 1 << found.tdo);
	int result = 0;

	if (found.trst >= 0)
		others &= ~(1 << found.trst);
	for (unsigned pin = 0; pin < PINS && result == 0; pin++) {
		struct attempt attempt = attempt_of(search, &found);
		unsigned bits;

		if (!has(others, pin))
			continue;
		attempt.tdi = 1 << pin;
		result = measure_ir(&attempt, 1 << found.tdo, &bits);
		if (result < 0 || bits == 0)
			continue;
		found.tdi = pin;
		found.ir_bits = bits;
		if (search->count < SEARCH_FOUND_MAX)
			search->found[search->count++] = found;
	}
	return result;
}

static int try_pair(struct search *search, struct search_found found)
{
	struct attempt attempt = attempt_of(search, &found);
	uint16_t tdo;
	int result = look_for_tdo(&attempt, false, &tdo);

	for (unsigned pin = 0; pin < PINS && result == 0; pin++) {
		if (!has(tdo & search->pins, pin))
			continue;
		found.tdo = pin;
		result = try_tdi(search, found);
	}
	return result;
}

/* All pairs of TCK and TMS; `trst` is -1, or the pin of TRST#. */
static int try_pairs(struct search *search, int trst)
{
	uint16_t pins = search->pins & ~(trst < 0 ? 0 : 1 << trst);
	unsigned count = __builtin_popcount(pins), done = 0;
	int result = 0;

	for (unsigned i = 0; i < PINS * PINS && result == 0; i++) {
		struct search_found found = {
			.tck = i / PINS, .tms = i % PINS, .trst = trst};

		if (found.tck == found.tms || !has(pins, found.tck) ||
			!has(pins, found.tms))
			continue;
		result = try_pair(search, found);
		search->port->tried(
			search->port->user, ++done, count * (count - 1));
	}
	return result;
}

/* Whether there is no port while the pin is low, and one while it is high. */
static int is_trst(struct search *search, const struct search_found *found,
	unsigned pin, bool *ret_yes)
{
	struct search_found with = *found;
	struct attempt attempt;
	uint16_t low = 0, high = 0;
	int result;

	with.trst = pin;
	attempt = attempt_of(search, &with);
	attempt.tdi = 1 << found->tdi;
	result = look_for_tdo(&attempt, true, &low);
	if (result == 0)
		result = look_for_tdo(&attempt, false, &high);
	*ret_yes = result == 0 && has(high & ~low, found->tdo);
	return result;
}

/* Of what was found without TRST#: it must be known, since nothing else may hold
   it high. */
static int find_trst(struct search *search, struct search_found *found)
{
	uint16_t others = search->pins &
		~(1 << found->tck | 1 << found->tms | 1 << found->tdi |
			1 << found->tdo);
	int result = 0;

	for (unsigned pin = 0; pin < PINS && result == 0; pin++) {
		bool yes = false;

		if (has(others, pin))
			result = is_trst(search, found, pin, &yes);
		if (yes) {
			found->trst = pin;
			break;
		}
	}
	return result;
}

/* The pins that may hold the port in reset, the likely ones first. */
static unsigned candidates(const struct search *search, uint8_t list[PINS])
{
	const uint16_t groups[] = {search->low & search->pins,
		search->pins & ~(search->low | search->high),
		search->high & search->pins & ~search->low};
	unsigned count = 0;

	for (unsigned group = 0; group < 3; group++)
		for (unsigned pin = 0; pin < PINS; pin++)
			if (has(groups[group], pin))
				list[count++] = pin;
	return count;
}

int search_run(struct search *search)
{
	bool spare = __builtin_popcount(search->pins) > 4;
	uint8_t list[PINS];
	unsigned count = spare ? candidates(search, list) : 0;
	int result;

	search->count = 0;
	result = try_pairs(search, -1);
	for (unsigned i = 0; spare && i < search->count && result == 0; i++)
		result = find_trst(search, &search->found[i]);
	for (unsigned i = 0; i < count && search->count == 0 && result == 0;
		i++)
		result = try_pairs(search, list[i]);
	return result;
}
