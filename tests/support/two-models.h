/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Shared by the tests of shortcuts: two models of the image with a part each, and
 * the same batches of commands, drawn from a seed, for a core of both.  The first
 * model may take its shortcuts, the second one makes all edges.  Their streams
 * must be equal at any time.
 */
#ifndef TESTS_TWO_MODELS_H
#define TESTS_TWO_MODELS_H

#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/internal.h" /* For image_bytes. */
#include "virtual/board/pins.h"
#include "virtual/faults/faults.h"
#include "virtual/fpga/fpga.h"
#include "wire/cores.h"
#include "wire/stream.h"

static struct side {
	struct fpga *fpga;
	struct pins pins;
	struct fifo fifos[FIFO_COUNT];
	struct faults faults;
} sides[2];

static tick now;
static unsigned seed;

static inline unsigned draw(unsigned limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % limit;
}

static inline void write_register(uint8_t reg, uint32_t value, size_t size)
{
	uint8_t data[5] = {reg, value, value >> 8, value >> 16, value >> 24};

	for (unsigned i = 0; i < 2; i++) {
		struct fpga *fpga = sides[i].fpga;

		fpga->ops->catch_up(fpga, now);
		assert_true(fpga->ops->i2c_write(fpga, now, data, 1 + size));
	}
}

/* Both must read the same. */
static inline uint8_t read_register(uint8_t reg)
{
	uint8_t data[2] = {0};

	for (unsigned i = 0; i < 2; i++) {
		struct fpga *fpga = sides[i].fpga;

		fpga->ops->catch_up(fpga, now);
		assert_true(fpga->ops->i2c_write(fpga, now, &reg, 1));
		assert_true(fpga->ops->i2c_read(fpga, now, &data[i], 1));
	}
	assert_int_equal(data[0], data[1]);
	return data[0];
}

/* All pins have a supply. */
static inline void open_side(unsigned i, struct part *part)
{
	struct side *side = &sides[i];

	memset(side, 0, sizeof(*side));
	pins_init(&side->pins);
	for (unsigned n = 0; n < FIFO_COUNT; n++)
		fifo_reset(&side->fifos[n], 4);
	side->fpga = fpga_model_new(side->fifos, &side->pins, &side->faults);
	assert_non_null(side->fpga);
	side->fpga->ops->configure(side->fpga, image_bytes, image_size);
	pins_supply(&side->pins, 0xffff, 0, 0);
	pins_add(&side->pins, part);
	if (i == 1)
		fpga_model_step(side->fpga);
}

static inline void connect_core(uint8_t core)
{
	write_register(REG_STREAM, core | core << 16, 4);
	write_register(REG_PIPE_RESET, 0, 1);
}

static inline void close_sides(void)
{
	for (unsigned i = 0; i < 2; i++) {
		sides[i].fpga->ops->destroy(sides[i].fpga);
		pins_clear(&sides[i].pins);
	}
}

static inline void compare_streams(void)
{
	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		const struct fifo *x = &sides[0].fifos[i];
		const struct fifo *y = &sides[1].fifos[i];

		assert_int_equal(x->count, y->count);
		assert_int_equal(x->fill, y->fill);
		for (unsigned n = 0; n < x->count; n++) {
			unsigned at = (x->head + n) % FIFO_BUFFERS_MAX;

			assert_int_equal(x->length[at], y->length[at]);
			assert_memory_equal(
				x->data[at], y->data[at], x->length[at]);
		}
	}
}

/* ---- Batches ------------------------------------------------------------ */

static uint8_t batch[1 << 16];
static unsigned size;

static inline void add(unsigned count, const uint8_t *bytes)
{
	assert_true(size + count <= sizeof(batch));
	memcpy(batch + size, bytes, count);
	size += count;
}

#define ADD(...) add(sizeof((uint8_t[]){__VA_ARGS__}), (uint8_t[]){__VA_ARGS__})

/* The host takes a packet, and sends one of so many bytes at most; returns how
   many. */
static inline unsigned move_packets(unsigned sent, unsigned count, bool takes)
{
	if (count > size - sent)
		count = size - sent;
	for (unsigned i = 0; i < 2; i++) {
		struct fifo *in = &sides[i].fifos[FIFO_EP6];
		struct fifo *out = &sides[i].fifos[FIFO_EP2];

		if (in->count > 0 && takes)
			fifo_drop(in);
		if (count && out->count < out->buffers)
			fifo_put(out, batch + sent, count);
		else
			count = 0;
	}
	return count;
}

static inline void pass_time(tick ticks, void (*after)(void))
{
	now += ticks;
	for (unsigned i = 0; i < 2; i++)
		sides[i].fpga->ops->advance(sides[i].fpga, now);
	compare_streams();
	after();
}

/* The host sends packets of any size, and sometimes does not take any.  Time
   passes, in steps, until long after the last of them; `after` is called behind
   each step. */
static inline void run_batch(void (*after)(void))
{
	unsigned sent = 0, quiet = 0;
	bool lazy = draw(3) == 0;

	while (sent < size || quiet < 60) {
		unsigned count = draw(3) ? USB_PACKET_SIZE : 1 + draw(60);
		bool takes = !lazy || draw(8) == 0;

		quiet += sent == size;
		sent += move_packets(sent, count, takes);
		pass_time(
			draw(TICKS_PER_CYCLE * (quiet ? 20000 : 3000)), after);
	}
}

#endif
