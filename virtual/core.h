/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A core of the universal image, as a model in C: bytes from an OUT FIFO,
 * bytes to an IN FIFO, at most one each a cycle, and registers.
 */
#ifndef VIRTUAL_CORE_H
#define VIRTUAL_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/core-benchmark.h"

#define CORE_FIFO_SIZE 512 /* one BRAM of the iCE40 */

/* A FIFO inside the FPGA. */
struct ring {
	uint16_t head;
	uint16_t level;
	uint8_t data[CORE_FIFO_SIZE];
};

/* Blocks of bytes, for which there is room, or which are there. */
void ring_put(struct ring *ring, const uint8_t *data, unsigned size);
void ring_get(struct ring *ring, uint8_t *data, unsigned size);

static inline uint16_t ring_room(const struct ring *ring)
{
	return CORE_FIFO_SIZE - ring->level;
}

struct bench_core {
	uint8_t mode;      /* enum bench_mode; survives a pipe reset */
	uint32_t position; /* in the sequence's period */
	bool error;
	uint8_t window_fill;
	uint32_t count;
	uint32_t bad_offset;
	uint8_t window[BENCH_WINDOW_SIZE];
};

/* Pipe reset. */
void bench_reset(struct bench_core *core);

/*
 * Run for this many cycles.  Returns the cycle after which the last byte was
 * offered to the IN FIFO, 0 if none was.
 */
uint64_t bench_run(struct bench_core *core, uint64_t cycles, struct ring *out,
	struct ring *in);

/* Bytes that it would take from, or give to, the bridge while the bridge
   moves one a cycle. */
unsigned bench_absorbs(const struct bench_core *core, const struct ring *in);
unsigned bench_supplies(const struct bench_core *core, const struct ring *out);

uint8_t bench_read(const struct bench_core *core, uint8_t reg);
void bench_write(struct bench_core *core, uint8_t reg, uint8_t value);

#endif
