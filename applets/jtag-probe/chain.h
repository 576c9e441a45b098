/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The scans of the applet jtag-probe: clocks the chain as lib/chip/jtag-chain.h
 * says, and measures data registers.  jtag-probe.c calls it.
 */
#ifndef JTAG_PROBE_CHAIN_H
#define JTAG_PROBE_CHAIN_H

#include "applets/shared/jtag.h"
#include "lib/chip/jtag-chain.h"

#define CHAIN_DR_MAX 16384
/* Of a scan: zeros and as many ones. */
#define CHAIN_BITS_MAX (2 * CHAIN_DR_MAX)

struct chain {
	struct jtag *jtag;
	bool has_trst;
	struct jtag_chain taps;
	size_t ir_bits; /* of all */
	uint8_t ir_captured[2 * JTAG_CHAIN_IR / 8];
	uint8_t tms[CHAIN_BITS_MAX / 8], tdi[CHAIN_BITS_MAX / 8];
	uint8_t tdo[CHAIN_BITS_MAX / 8];
};

/* Reset the TAPs, and find them.  The IRs have up to ir_max bits.
   CLYDE_ERROR_NO_CHIP if there is no chain, or a broken one. */
int chain_find(struct chain *chain, size_t ir_max);

/*
 * Reset the TAPs, select an instruction of one of them, with BYPASS in the others,
 * and measure its data register, of up to dr_max bits.  What the register captured
 * is shifted back before its update.  *ret_bits is -1 if that is not known.  The
 * lengths of all IRs must be known.
 */
int chain_measure_dr(struct chain *chain, unsigned index, uint32_t instruction,
	size_t dr_max, int *ret_bits);

#endif
