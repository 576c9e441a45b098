/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The scans of the applet jtag-probe; see chain.h. */
#include "chain.h"

#include <string.h>

/* Beside its bits, a scan may take so long: the device may be busy with other
   things. */
#define SLACK_MS 2000

static int limit_ms(const struct chain *chain, size_t bits)
{
	return SLACK_MS + 1000 * bits / chain->rate_hz;
}

int chain_find(struct chain *chain)
{
	int result = clyde_jtag_chain(chain->jtag, chain->taps, CLYDE_TAPS_MAX,
		&chain->ir_bits, limit_ms(chain, 1 << 16));

	chain->count = result < 0 ? 0 : result;
	return result < 0 ? result : 0;
}

/* Bits of chain->out become so. */
static void fill(struct chain *chain, size_t from, size_t to, bool level)
{
	for (size_t i = from; i < to; i++) {
		uint8_t bit = 1 << i % 8, *byte = &chain->out[i / 8];

		*byte = level ? *byte | bit : *byte & ~bit;
	}
}

static int set_instruction(
	struct chain *chain, unsigned index, uint32_t instruction)
{
	int limit = limit_ms(chain, chain->ir_bits);
	size_t at = 0;
	int result = clyde_jtag_reset(chain->jtag, limit);

	for (unsigned i = 0; i < index; i++)
		at += chain->taps[i].ir_bits;
	fill(chain, 0, chain->ir_bits, true);
	for (unsigned i = 0; i < chain->taps[index].ir_bits; i++)
		fill(chain, at + i, at + i + 1, instruction >> i & 1);
	return result < 0 ? result
			  : clyde_jtag_ir(chain->jtag, chain->ir_bits,
				    chain->out, NULL, CLYDE_TAP_IDLE, limit);
}

/* Leave Shift-DR, with what was captured in the register if its length is
   known. */
static int put_back(struct chain *chain, size_t length)
{
	size_t bits = length ? length : 1;

	if (length == 0)
		chain->in[0] = 1;
	return clyde_jtag_dr(chain->jtag, bits, chain->in, NULL, CLYDE_TAP_IDLE,
		limit_ms(chain, bits));
}

int chain_measure_dr(struct chain *chain, unsigned index, uint32_t instruction,
	size_t dr_max, int *ret_bits)
{
	size_t others = chain->count - 1, zeros = dr_max + others;
	size_t length = 0;
	int result = set_instruction(chain, index, instruction);

	if (zeros > CHAIN_DR_MAX)
		zeros = CHAIN_DR_MAX;
	fill(chain, 0, zeros, false);
	fill(chain, zeros, 2 * zeros, true);
	if (result == 0)
		result = clyde_jtag_dr(chain->jtag, 2 * zeros, chain->out,
			chain->in, CLYDE_TAP_DR_SHIFT,
			limit_ms(chain, 2 * zeros));
	if (result < 0)
		return result;
	*ret_bits = -1;
	if (jtag_chain_length(chain->in, zeros, &length) != JTAG_CHAIN_OK)
		length = 0;
	else if (length >= others)
		*ret_bits = length - others;
	return put_back(chain, length);
}
