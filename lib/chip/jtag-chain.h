/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What a scan chain is made of, from the bits that came back: pure functions on
 * captured bits, the first is bit 0 of byte 0.  The caller clocks the TAPs:
 *
 * 1. From RESET, shift ones through DR: jtag_chain_devices() has the TAPs, by
 *    IDCODE or BYPASS.
 * 2. Shift zeros, then as many ones, through IR: jtag_chain_length() has the sum
 *    of the lengths of the IRs, and the first bits are what they captured, for
 *    jtag_chain_split().  The ones leave BYPASS in all of them.
 * 3. Shift zeros, then as many ones, through DR: jtag_chain_length() has the
 *    number of TAPs again, and shows that TDI is connected, which step 1 does
 *    not.
 *
 * All bits are foreign: nothing about them may be assumed.
 */
#ifndef LIB_CHIP_JTAG_CHAIN_H
#define LIB_CHIP_JTAG_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JTAG_CHAIN_TAPS 64   /* at most in a chain */
#define JTAG_CHAIN_IR   1024 /* bits of all IRs */
/* Clocks for step 1, and zeros for steps 2 and 3, so that the longest chain
   fits. */
#define JTAG_CHAIN_CLOCKS (32 * (JTAG_CHAIN_TAPS + 1))
#define JTAG_CHAIN_ZEROS  JTAG_CHAIN_IR

enum jtag_chain_result {
	JTAG_CHAIN_OK,
	/* TDO is always so. */
	JTAG_CHAIN_ALL_ZEROS,
	JTAG_CHAIN_ALL_ONES,
	/* Bits that no TAP may have where an IDCODE is: `devices` is how many
	   were right before. */
	JTAG_CHAIN_BAD_IDCODE,
	/* The ones that went in do not come out behind what was captured. */
	JTAG_CHAIN_NO_END,
	/* Nor do the zeros. */
	JTAG_CHAIN_NO_ZEROS,
	/* What comes out is not what went in, after any delay. */
	JTAG_CHAIN_NOT_A_DELAY,
	/* Captured bits that these TAPs cannot have, or can have in several
	   ways. */
	JTAG_CHAIN_NO_SPLIT,
	JTAG_CHAIN_SEVERAL_SPLITS,
};

/* The one next to TDO is the first. */
struct jtag_chain_tap {
	uint32_t idcode;  /* 0: it has none, or BYPASS */
	unsigned ir_bits; /* 0: not known */
};

struct jtag_chain {
	unsigned count;
	struct jtag_chain_tap taps[JTAG_CHAIN_TAPS];
};

/* `size` bits that came while ones went in.  For all errors but the first two the
   chain has the TAPs that were found. */
enum jtag_chain_result jtag_chain_devices(
	const uint8_t *bits, size_t size, struct jtag_chain *ret_chain);

/* 2 * `zeros` bits that came while zeros and then as many ones went in: by how
   many clocks they are late. */
enum jtag_chain_result jtag_chain_length(
	const uint8_t *bits, size_t zeros, size_t *ret_length);

/*
 * Split the captured bits of all IRs, of which each has at least 2 and begins
 * with 1 and 0, among the TAPs of the chain.  `ir_bits` that are known are kept;
 * the others are set if there is only one way.
 */
enum jtag_chain_result jtag_chain_split(
	const uint8_t *bits, size_t length, struct jtag_chain *chain);

/* What it means, and what may be the cause, in one sentence without a full
   stop.  Of JTAG_CHAIN_OK: "". */
const char *jtag_chain_says(enum jtag_chain_result result);

#endif
