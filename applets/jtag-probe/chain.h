/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The chain of the applet jtag-probe, and how long the data register of an
 * instruction is.  jtag-probe.c calls it.
 */
#ifndef JTAG_PROBE_CHAIN_H
#define JTAG_PROBE_CHAIN_H

#include "applets/shared/jtag.h"
#include "lib/chip/jtag-chain.h"

#define CHAIN_DR_MAX 16384
/* Of a scan: zeros and as many ones. */
#define CHAIN_BITS_MAX (2 * CHAIN_DR_MAX)

struct chain {
	struct clyde_jtag *jtag;
	uint32_t rate_hz;
	unsigned count;
	struct clyde_tap taps[CLYDE_TAPS_MAX];
	uint32_t ir_bits; /* of all */
	uint8_t out[CHAIN_BITS_MAX / 8], in[CHAIN_BITS_MAX / 8];
};

/* Reset the TAPs, and find them. */
int chain_find(struct chain *chain);

/*
 * Reset the TAPs, select an instruction of one of them, with BYPASS in the others,
 * and measure its data register, of up to dr_max bits.  What the register captured
 * is shifted back before its update.  *ret_bits is -1 if that is not known.  The
 * lengths of all IRs must be known.
 */
int chain_measure_dr(struct chain *chain, unsigned index, uint32_t instruction,
	size_t dr_max, int *ret_bits);

#endif
