/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The scans of the applet jtag-probe; see chain.h. */
#include "chain.h"

#include <string.h>

static int go(struct chain *chain, enum jtag_state from, enum jtag_state to)
{
	const struct jtag_path path = jtag_path(from, to);

	return jtag_go(chain->jtag, &path);
}

static int reset(struct chain *chain)
{
	int result = 0;

	if (chain->has_trst) {
		result = jtag_set_resets(chain->jtag, true, false);
		if (result == 0)
			result = jtag_delay(chain->jtag, 1);
		if (result == 0)
			result = jtag_set_resets(chain->jtag, false, false);
	}
	return result < 0 ? result : go(chain, JTAG_IDLE, JTAG_RESET);
}

/* Bits of chain->tdi from bit `from` on become so. */
static void fill(struct chain *chain, size_t from, size_t to, bool level)
{
	for (size_t i = from; i < to; i++) {
		uint8_t bit = 1 << i % 8, *byte = &chain->tdi[i / 8];

		*byte = level ? *byte | bit : *byte & ~bit;
	}
}

/* Shift chain->tdi in a shift state, and receive chain->tdo.  `last`: go to Exit1
   with the last bit. */
static int shift(struct chain *chain, size_t bits, bool last)
{
	size_t at = (bits - 1) / 8;
	int result;

	chain->tms[at] = last ? 1 << (bits - 1) % 8 : 0;
	result = jtag_shift(
		chain->jtag, bits, chain->tms, chain->tdi, chain->tdo);
	chain->tms[at] = 0;
	return result;
}

/* From Run-Test/Idle and back to it. */
static int scan(struct chain *chain, bool ir, size_t bits)
{
	int result = go(chain, JTAG_IDLE, ir ? JTAG_IR_SHIFT : JTAG_DR_SHIFT);

	if (result == 0)
		result = shift(chain, bits, true);
	return result < 0
		? result
		: go(chain, ir ? JTAG_IR_EXIT1 : JTAG_DR_EXIT1, JTAG_IDLE);
}

/* Zeros and ones: by how many clocks they are late. */
static int measure(struct chain *chain, bool ir, size_t zeros,
	enum jtag_chain_result *ret_result, size_t *ret_length)
{
	int result;

	fill(chain, 0, zeros, false);
	fill(chain, zeros, 2 * zeros, true);
	result = scan(chain, ir, 2 * zeros);
	if (result == 0)
		*ret_result = jtag_chain_length(chain->tdo, zeros, ret_length);
	return result;
}

static int fail(enum jtag_chain_result why)
{
	return set_error(
		CLYDE_ERROR_NO_CHIP, "jtag-probe: %s", jtag_chain_says(why));
}

/* ---- Finding -------------------------------------------------------------- */

static int find_taps(struct chain *chain)
{
	enum jtag_chain_result why;
	int result = reset(chain);

	if (result == 0)
		result = go(chain, JTAG_RESET, JTAG_IDLE);
	fill(chain, 0, JTAG_CHAIN_CLOCKS, true);
	if (result == 0)
		result = scan(chain, false, JTAG_CHAIN_CLOCKS);
	if (result < 0)
		return result;
	why = jtag_chain_devices(chain->tdo, JTAG_CHAIN_CLOCKS, &chain->taps);
	return why == JTAG_CHAIN_OK ? 0 : fail(why);
}

static int find_irs(struct chain *chain, size_t ir_max)
{
	enum jtag_chain_result why = JTAG_CHAIN_OK;
	int result = measure(chain, true, ir_max, &why, &chain->ir_bits);

	if (result < 0)
		return result;
	memcpy(chain->ir_captured, chain->tdo, (2 * ir_max + 7) / 8);
	return why == JTAG_CHAIN_OK ? 0 : fail(why);
}

/* All TAPs have BYPASS now: one bit each. */
static int check_bypass(struct chain *chain)
{
	enum jtag_chain_result why = JTAG_CHAIN_OK;
	size_t length = 0;
	int result = measure(chain, false, JTAG_CHAIN_ZEROS, &why, &length);

	if (result < 0)
		return result;
	if (why != JTAG_CHAIN_OK)
		return fail(why);
	if (length != chain->taps.count)
		return set_error(CLYDE_ERROR_NO_CHIP,
			"jtag-probe: after a reset there are %u TAPs, with the "
			"instruction BYPASS in all of them %zu: TCK is too "
			"fast, or the signals are disturbed",
			chain->taps.count, length);
	return 0;
}

int chain_find(struct chain *chain, size_t ir_max)
{
	int result = find_taps(chain);

	if (result == 0)
		result = find_irs(chain, ir_max);
	return result < 0 ? result : check_bypass(chain);
}

/* ---- Data registers ------------------------------------------------------- */

static int set_instruction(
	struct chain *chain, unsigned index, uint32_t instruction)
{
	size_t at = 0;
	int result = reset(chain);

	if (result == 0)
		result = go(chain, JTAG_RESET, JTAG_IDLE);
	for (unsigned i = 0; i < index; i++)
		at += chain->taps.taps[i].ir_bits;
	fill(chain, 0, chain->ir_bits, true);
	for (unsigned i = 0; i < chain->taps.taps[index].ir_bits; i++)
		fill(chain, at + i, at + i + 1, instruction >> i & 1);
	return result < 0 ? result : scan(chain, true, chain->ir_bits);
}

/* Leave Shift-DR, with what was captured in the register if its length is
   known. */
static int put_back(struct chain *chain, size_t length)
{
	int result;

	if (length > 0)
		memcpy(chain->tdi, chain->tdo, (length + 7) / 8);
	result = shift(chain, length ? length : 1, true);
	return result < 0 ? result : go(chain, JTAG_DR_EXIT1, JTAG_IDLE);
}

int chain_measure_dr(struct chain *chain, unsigned index, uint32_t instruction,
	size_t dr_max, int *ret_bits)
{
	size_t others = chain->taps.count - 1, zeros = dr_max + others;
	size_t length = 0;
	int result = set_instruction(chain, index, instruction);

	if (zeros > CHAIN_DR_MAX)
		zeros = CHAIN_DR_MAX;
	fill(chain, 0, zeros, false);
	fill(chain, zeros, 2 * zeros, true);
	if (result == 0)
		result = go(chain, JTAG_IDLE, JTAG_DR_SHIFT);
	if (result == 0)
		result = shift(chain, 2 * zeros, false);
	if (result < 0)
		return result;
	*ret_bits = -1;
	if (jtag_chain_length(chain->tdo, zeros, &length) != JTAG_CHAIN_OK)
		length = 0;
	else if (length >= others)
		*ret_bits = length - others;
	return put_back(chain, length);
}
