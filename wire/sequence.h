/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The bytes that the benchmark sends: the states of a 16-bit Fibonacci LFSR,
 * low byte first.  The register shifts left, and the xor of bits 16 15 13 4 (1
 * = least significant) enters bit 1.  The benchmark applet and the model of its
 * core use it; benchmark.v computes the same.
 *
 * Source: upstream's applet/internal/benchmark and gateware/lfsr.py.
 */
#ifndef WIRE_SEQUENCE_H
#define WIRE_SEQUENCE_H

#include "packed.h"

#define SEQUENCE_SEED   0x0001
#define SEQUENCE_PERIOD 131070 /* B: 65535 states of two bytes */

/* One period, SEQUENCE_PERIOD bytes. */
static inline void sequence_generate(uint8_t *bytes)
{
	uint16_t state = SEQUENCE_SEED;

	for (uint32_t i = 0; i < SEQUENCE_PERIOD; i += 2) {
		bytes[i] = state & 0xff;
		bytes[i + 1] = state >> 8;
		state = (uint16_t)(state << 1) |
			((state >> 15 ^ state >> 14 ^ state >> 12 ^
				 state >> 3) &
				1);
	}
}

#endif
