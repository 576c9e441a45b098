/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The discovery of a scan chain, from captured bits.
 *
 * Source: IEEE 1149.1-2001: 7.1.1 d, an IR captures 01; 12.1, an IDCODE's bit 0
 * is 1, and BYPASS captures 0; 12.2.1, bits 1 to 11 are not those of 127, which
 * no manufacturer has.
 */
#include "jtag-chain.h"

#include <string.h>

#define IDCODE_BITS  32
#define NO_MAKER     0x7f /* bits 1 to 11 */
#define IR_MINIMUM   2
#define SEVERAL_WAYS 2

static bool bit(const uint8_t *bits, size_t at)
{
	return bits[at / 8] >> at % 8 & 1;
}

/* Whether all bits from one on to another one are so. */
static bool all(const uint8_t *bits, size_t from, size_t to, bool level)
{
	for (size_t i = from; i < to; i++)
		if (bit(bits, i) != level)
			return false;
	return true;
}

static uint32_t get_idcode(const uint8_t *bits, size_t at)
{
	uint32_t idcode = 0;

	for (unsigned i = 0; i < IDCODE_BITS; i++)
		idcode |= (uint32_t)bit(bits, at + i) << i;
	return idcode;
}

/* All ones are no IDCODE: the maker would be NO_MAKER of the last bank. */
enum jtag_chain_result jtag_chain_devices(
	const uint8_t *bits, size_t size, struct jtag_chain *ret_chain)
{
	struct jtag_chain *chain = ret_chain;
	size_t at = 0;

	memset(chain, 0, sizeof(*chain));
	if (all(bits, 0, size, false))
		return JTAG_CHAIN_ALL_ZEROS;
	if (all(bits, 0, size, true))
		return JTAG_CHAIN_ALL_ONES;
	while (at + IDCODE_BITS <= size) {
		struct jtag_chain_tap tap = {0};

		if (bit(bits, at)) {
			if (all(bits, at, size, true))
				return JTAG_CHAIN_OK;
			tap.idcode = get_idcode(bits, at);
			if ((tap.idcode >> 1 & 0x7ff) == NO_MAKER ||
				tap.idcode == UINT32_MAX)
				return JTAG_CHAIN_BAD_IDCODE;
		}
		if (chain->count == JTAG_CHAIN_TAPS)
			return JTAG_CHAIN_NO_END;
		at += tap.idcode ? IDCODE_BITS : 1;
		chain->taps[chain->count++] = tap;
	}
	return JTAG_CHAIN_NO_END;
}

/* The ones that end the run have come through; before them there are the zeros,
   and before these what was captured. */
enum jtag_chain_result jtag_chain_length(
	const uint8_t *bits, size_t zeros, size_t *ret_length)
{
	size_t end = 2 * zeros;

	if (all(bits, 0, end, false))
		return JTAG_CHAIN_ALL_ZEROS;
	if (all(bits, 0, end, true))
		return JTAG_CHAIN_ALL_ONES;
	while (end > 0 && bit(bits, end - 1))
		end--;
	if (end == 2 * zeros)
		return JTAG_CHAIN_NO_END;
	if (end < zeros)
		return JTAG_CHAIN_NO_ZEROS;
	if (!all(bits, end - zeros, end, false))
		return JTAG_CHAIN_NOT_A_DELAY;
	*ret_length = end - zeros;
	return JTAG_CHAIN_OK;
}

/* ---- IRs ------------------------------------------------------------------ */

/* ways[n][i]: in how many ways the first n TAPs can have the first i bits; counted
   up to SEVERAL_WAYS. */
struct splits {
	const uint8_t *bits;
	size_t length;
	uint8_t ways[JTAG_CHAIN_TAPS + 1][JTAG_CHAIN_IR + 1];
};

/* Whether a TAP can have the bits from one on to another one. */
static bool fits(const struct splits *splits, const struct jtag_chain_tap *tap,
	size_t from, size_t to)
{
	size_t size = to - from;

	return size >= IR_MINIMUM &&
		(tap->ir_bits == 0 || tap->ir_bits == size) &&
		bit(splits->bits, from) && !bit(splits->bits, from + 1);
}

static void count_ways(
	struct splits *splits, const struct jtag_chain *chain, unsigned n)
{
	const struct jtag_chain_tap *tap = &chain->taps[n];

	for (size_t from = 0; from < splits->length; from++)
		for (size_t to = from + IR_MINIMUM;
			splits->ways[n][from] && to <= splits->length; to++) {
			uint8_t *ways = &splits->ways[n + 1][to];

			if (!fits(splits, tap, from, to))
				continue;
			*ways += splits->ways[n][from];
			if (*ways > SEVERAL_WAYS)
				*ways = SEVERAL_WAYS;
		}
}

/* The one way, from the last TAP back. */
static void take_way(const struct splits *splits, struct jtag_chain *chain)
{
	size_t to = splits->length;

	for (unsigned n = chain->count; n-- > 0;) {
		size_t from = to - IR_MINIMUM;

		while (!splits->ways[n][from] ||
			!fits(splits, &chain->taps[n], from, to))
			from--;
		chain->taps[n].ir_bits = to - from;
		to = from;
	}
}

enum jtag_chain_result jtag_chain_split(
	const uint8_t *bits, size_t length, struct jtag_chain *chain)
{
	struct splits splits = {.bits = bits, .length = length};
	unsigned ways;

	if (length > JTAG_CHAIN_IR || chain->count > JTAG_CHAIN_TAPS ||
		chain->count == 0)
		return JTAG_CHAIN_NO_SPLIT;
	splits.ways[0][0] = 1;
	for (unsigned n = 0; n < chain->count; n++)
		count_ways(&splits, chain, n);
	ways = splits.ways[chain->count][length];
	if (ways == 1)
		take_way(&splits, chain);
	return ways == 0    ? JTAG_CHAIN_NO_SPLIT
		: ways == 1 ? JTAG_CHAIN_OK
			    : JTAG_CHAIN_SEVERAL_SPLITS;
}

const char *jtag_chain_says(enum jtag_chain_result result)
{
	switch (result) {
	case JTAG_CHAIN_OK:
		break;
	case JTAG_CHAIN_ALL_ZEROS:
		return "TDO is always 0: the target has no power, TDO is not "
		       "connected or shorted to ground, TCK or TMS does not "
		       "reach the target, or TRST holds it in reset";
	case JTAG_CHAIN_ALL_ONES:
		return "TDO is always 1: no target drives it; TDO, TCK or TMS "
		       "is not connected, or TRST holds the target in reset";
	case JTAG_CHAIN_BAD_IDCODE:
		return "TDO has bits that are no IDCODE: TCK is too fast, or "
		       "the signals are disturbed";
	case JTAG_CHAIN_NO_END:
		return "the ones at TDI do not come out of TDO: TDI is not "
		       "connected or shorted to ground, or the chain is too "
		       "long";
	case JTAG_CHAIN_NO_ZEROS:
		return "the zeros at TDI do not come out of TDO: TDI is not "
		       "connected or shorted to the supply";
	case JTAG_CHAIN_NOT_A_DELAY:
		return "what goes in at TDI comes out of TDO changed: TCK is "
		       "too fast, or the signals are disturbed";
	case JTAG_CHAIN_NO_SPLIT:
		return "the bits that the instruction registers captured are "
		       "not those of so many TAPs";
	case JTAG_CHAIN_SEVERAL_SPLITS:
		return "the lengths of the instruction registers cannot be "
		       "told from what they captured, and have to be given";
	}
	return "";
}
