/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The model of the benchmark core: emits, checks or echoes the sequence of
   wire/sequence.h, as gateware/cores/benchmark.v does. */
#include "virtual/fpga/core.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "wire/core-benchmark.h"
#include "wire/sequence.h"

/* One period, and the bytes after it that one call may read. */
static uint8_t sequence[SEQUENCE_PERIOD + CORE_FIFO_SIZE];
static pthread_once_t sequence_once = PTHREAD_ONCE_INIT;

static void make_sequence(void)
{
	sequence_generate(sequence);
	memcpy(sequence + SEQUENCE_PERIOD, sequence, CORE_FIFO_SIZE);
}

struct bench_core {
	struct core core;  /* first */
	uint8_t mode;      /* enum bench_mode; survives a pipe reset */
	uint32_t position; /* in the sequence's period */
	bool error;
	uint8_t window_fill;
	uint32_t count;
	uint32_t bad_offset;
	uint8_t window[BENCH_WINDOW_SIZE];
};

#define BENCH(pointer) ((struct bench_core *)(pointer))

static void bench_reset(struct core *base, uint64_t cycle)
{
	(void)cycle;
	pthread_once(&sequence_once, make_sequence);
	*BENCH(base) = (struct bench_core){
		.core = *base,
		.mode = BENCH(base)->mode,
	};
}

/* The next bytes of the sequence, at most CORE_FIFO_SIZE. */
static const uint8_t *next_bytes(struct bench_core *core, unsigned size)
{
	const uint8_t *bytes = sequence + core->position;

	core->position = (core->position + size) % SEQUENCE_PERIOD;
	return bytes;
}

/* The offset of the first wrong byte is latched, and the bytes from there on:
   the host can then tell a flipped byte from a gap. */
static void check_byte(struct bench_core *core, uint8_t byte, uint8_t expected)
{
	if (byte != expected && !core->error) {
		core->error = true;
		core->bad_offset = core->count;
	}
	if (core->error && core->window_fill < BENCH_WINDOW_SIZE)
		core->window[core->window_fill++] = byte;
	core->count++;
}

static void check(struct bench_core *core, const uint8_t *data, unsigned size)
{
	const uint8_t *expected = next_bytes(core, size);

	if (!core->error && memcmp(data, expected, size) == 0) {
		core->count += size;
		return;
	}
	for (unsigned i = 0; i < size; i++)
		check_byte(core, data[i], expected[i]);
}

/* A source offers a byte in every cycle, a loopback while it has bytes. */
static uint64_t bench_run(struct core *base, uint64_t from, uint64_t until,
	struct core_fifo *out, struct core_fifo *in)
{
	struct bench_core *core = BENCH(base);
	uint64_t cycles = until - from;
	uint8_t data[CORE_FIFO_SIZE];
	unsigned size;

	switch (core->mode) {
	case BENCH_SOURCE:
		size = least(cycles, core_fifo_room(in));
		core_fifo_put(in, next_bytes(core, size), size);
		core->count += size;
		return until;
	case BENCH_SINK:
		size = least(cycles, out->level);
		core_fifo_get(out, data, size);
		check(core, data, size);
		return 0;
	case BENCH_LOOPBACK:
		size = least(cycles, least(out->level, core_fifo_room(in)));
		core_fifo_get(out, data, size);
		core_fifo_put(in, data, size);
		core->count += size;
		if (out->level)
			return until;
		return size ? from + size : 0;
	}
	return 0;
}

static unsigned bench_absorbs(
	const struct core *base, const struct core_fifo *in)
{
	const struct bench_core *core = BENCH(base);

	if (core->mode == BENCH_SINK)
		return USHRT_MAX;
	return core->mode == BENCH_LOOPBACK ? core_fifo_room(in) : 0;
}

static unsigned bench_supplies(
	const struct core *base, const struct core_fifo *out)
{
	const struct bench_core *core = BENCH(base);

	if (core->mode == BENCH_SOURCE)
		return USHRT_MAX;
	return core->mode == BENCH_LOOPBACK ? out->level : 0;
}

/* Step by step, the bridge moves 64 bytes and then 64 cycles pass.  As long as
   no FIFO fills up or runs empty, the burst as a whole gives the same. */
static bool bench_burst_out(struct core *base, const struct core_burst *burst,
	const uint8_t *data, uint64_t *ret_offered)
{
	struct bench_core *core = BENCH(base);

	if (burst->out->level > 0)
		return false;
	if (core->mode == BENCH_SINK) {
		check(core, data, burst->size);
		*ret_offered = 0;
		return true;
	}
	if (core->mode != BENCH_LOOPBACK ||
		core_fifo_room(burst->in) < burst->size)
		return false;
	core_fifo_put(burst->in, data, burst->size);
	core->count += burst->size;
	*ret_offered = burst->from + burst->size;
	return true;
}

static bool bench_burst_in(struct core *base, const struct core_burst *burst,
	uint8_t *data, uint64_t *ret_offered)
{
	struct bench_core *core = BENCH(base);
	struct core_fifo *in = burst->in;
	unsigned made;

	if (in->level < burst->size)
		return false;
	if (core->mode == BENCH_LOOPBACK && burst->out->level == 0) {
		core_fifo_get(in, data, burst->size);
		*ret_offered = 0;
		return true;
	}
	if (core->mode != BENCH_SOURCE)
		return false;
	core_fifo_get(in, data, burst->size);
	made = least(burst->until - burst->from, core_fifo_room(in));
	core_fifo_put(in, next_bytes(core, made), made);
	core->count += made;
	*ret_offered = burst->until;
	return true;
}

static uint32_t bench_read(
	const struct core *base, uint64_t cycle, unsigned offset)
{
	const struct bench_core *core = BENCH(base);
	uint32_t word;

	(void)cycle;
	switch (CORE_BASE_BENCHMARK + offset) {
	case REG_BENCH_MODE:
		return core->mode | core->error << 8;
	case REG_BENCH_COUNT:
		return core->count;
	case REG_BENCH_OFFSET:
		return core->bad_offset;
	case REG_BENCH_WINDOW:
	case REG_BENCH_WINDOW + 4:
		offset += CORE_BASE_BENCHMARK - REG_BENCH_WINDOW;
		memcpy(&word, core->window + offset, sizeof(word));
		return word;
	}
	return 0;
}

static void bench_write(
	struct core *base, uint64_t cycle, unsigned offset, uint8_t value)
{
	(void)cycle;
	if (CORE_BASE_BENCHMARK + offset == REG_BENCH_MODE)
		BENCH(base)->mode = value & 3;
}

const struct core_ops core_benchmark_ops = {
	.size = sizeof(struct bench_core),
	.reset = bench_reset,
	.read = bench_read,
	.write = bench_write,
	.run = bench_run,
	.absorbs = bench_absorbs,
	.supplies = bench_supplies,
	.burst_out = bench_burst_out,
	.burst_in = bench_burst_in,
};
