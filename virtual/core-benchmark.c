/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The benchmark core: emits, checks or echoes the sequence of wire/regs.h. */
#include "core.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "wire/sequence.h"

/* One period, and as much again as one call looks at beyond its end. */
static uint8_t sequence[SEQUENCE_PERIOD + CORE_FIFO_SIZE];
static pthread_once_t sequence_once = PTHREAD_ONCE_INIT;

static void make_sequence(void)
{
	sequence_generate(sequence);
	memcpy(sequence + SEQUENCE_PERIOD, sequence, CORE_FIFO_SIZE);
}

static unsigned up_to_wrap(unsigned at, unsigned size)
{
	return at + size > CORE_FIFO_SIZE ? CORE_FIFO_SIZE - at : size;
}

void ring_put(struct ring *ring, const uint8_t *data, unsigned size)
{
	unsigned at = (ring->head + ring->level) % CORE_FIFO_SIZE;
	unsigned part = up_to_wrap(at, size);

	memcpy(ring->data + at, data, part);
	memcpy(ring->data, data + part, size - part);
	ring->level += size;
}

void ring_get(struct ring *ring, uint8_t *data, unsigned size)
{
	unsigned part = up_to_wrap(ring->head, size);

	memcpy(data, ring->data + ring->head, part);
	memcpy(data + part, ring->data, size - part);
	ring->head = (ring->head + size) % CORE_FIFO_SIZE;
	ring->level -= size;
}

void bench_reset(struct bench_core *core)
{
	uint8_t mode = core->mode;

	pthread_once(&sequence_once, make_sequence);
	memset(core, 0, sizeof(*core));
	core->mode = mode;
}

/* The next bytes of the sequence: at most a FIFO of them. */
static const uint8_t *next_bytes(struct bench_core *core, unsigned size)
{
	const uint8_t *bytes = sequence + core->position;

	core->position = (core->position + size) % SEQUENCE_PERIOD;
	return bytes;
}

/* The first wrong byte is latched with its place and what follows it, so that
   the host can tell a flipped byte from a gap. */
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

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t bench_run(struct bench_core *core, uint64_t cycles, struct ring *out,
	struct ring *in)
{
	uint8_t data[CORE_FIFO_SIZE];
	unsigned size;

	switch (core->mode) {
	case BENCH_SOURCE:
		size = least(cycles, ring_room(in));
		ring_put(in, next_bytes(core, size), size);
		core->count += size;
		return cycles; /* it offers a byte in every cycle */
	case BENCH_SINK:
		size = least(cycles, out->level);
		ring_get(out, data, size);
		check(core, data, size);
		return 0;
	case BENCH_LOOPBACK:
		size = least(cycles, least(out->level, ring_room(in)));
		ring_get(out, data, size);
		ring_put(in, data, size);
		core->count += size;
		return out->level ? cycles : size;
	}
	return 0;
}

unsigned bench_absorbs(const struct bench_core *core, const struct ring *in)
{
	if (core->mode == BENCH_SINK)
		return USHRT_MAX;
	return core->mode == BENCH_LOOPBACK ? ring_room(in) : 0;
}

unsigned bench_supplies(const struct bench_core *core, const struct ring *out)
{
	if (core->mode == BENCH_SOURCE)
		return USHRT_MAX;
	return core->mode == BENCH_LOOPBACK ? out->level : 0;
}

static uint8_t byte_of(uint32_t value, unsigned index)
{
	return value >> (8 * index);
}

uint8_t bench_read(const struct bench_core *core, uint8_t reg)
{
	if (reg == REG_BENCH_MODE)
		return core->mode;
	if (reg == REG_BENCH_ERROR)
		return core->error;
	if (reg >= REG_BENCH_COUNT && reg < REG_BENCH_COUNT + 4)
		return byte_of(core->count, reg - REG_BENCH_COUNT);
	if (reg >= REG_BENCH_OFFSET && reg < REG_BENCH_OFFSET + 4)
		return byte_of(core->bad_offset, reg - REG_BENCH_OFFSET);
	if (reg >= REG_BENCH_WINDOW &&
		reg < REG_BENCH_WINDOW + BENCH_WINDOW_SIZE)
		return core->window[reg - REG_BENCH_WINDOW];
	return 0;
}

void bench_write(struct bench_core *core, uint8_t reg, uint8_t value)
{
	if (reg == REG_BENCH_MODE)
		core->mode = value & 3;
}
