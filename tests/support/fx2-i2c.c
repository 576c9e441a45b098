/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Implements the I2C bus of fx2.h: registers, bit by bit, while streams
   flow. */
#include "fx2.h"

#include "wire/regs.h"

/* In cycles: a quarter of a bit, and the time that gateware/i2c.v takes from an
   acknowledge to the first bit of the next byte. */
#define QUARTER 6
#define PAUSE   24

static void lines(struct fx2 *fx2, bool scl, bool sda, unsigned cycles)
{
	while (cycles-- > 0) {
		fx2->pins.scl = scl;
		fx2->pins.sda = sda && !fx2->pins.sda_low;
		fx2_step(fx2);
	}
}

static bool bit(struct fx2 *fx2, bool sda, unsigned high)
{
	bool seen;

	lines(fx2, false, sda, 2 * QUARTER);
	lines(fx2, true, sda, high);
	seen = sda && !fx2->pins.sda_low;
	lines(fx2, true, sda, QUARTER);
	lines(fx2, false, sda, QUARTER);
	return seen;
}

static void start(struct fx2 *fx2)
{
	lines(fx2, true, true, QUARTER);
	lines(fx2, true, false, QUARTER);
	lines(fx2, false, false, QUARTER);
}

static void stop(struct fx2 *fx2)
{
	lines(fx2, false, false, QUARTER);
	lines(fx2, true, false, QUARTER);
	lines(fx2, true, true, QUARTER);
}

static void put(struct fx2 *fx2, uint8_t byte)
{
	for (int at = 7; at >= 0; at--)
		bit(fx2, byte >> at & 1, QUARTER);
	assert_false(bit(fx2, true, PAUSE)); /* The FPGA acknowledges. */
}

static uint8_t get(struct fx2 *fx2, bool last)
{
	uint8_t byte = 0;

	for (int at = 7; at >= 0; at--)
		byte |= bit(fx2, true, QUARTER) << at;
	bit(fx2, last, PAUSE);
	return byte;
}

void fx2_write(
	struct fx2 *fx2, uint8_t address, const void *data, unsigned size)
{
	const uint8_t *bytes = data;

	start(fx2);
	put(fx2, FPGA_I2C_ADDRESS << 1);
	put(fx2, address);
	for (unsigned i = 0; i < size; i++)
		put(fx2, bytes[i]);
	stop(fx2);
}

void fx2_put(struct fx2 *fx2, uint8_t address, uint8_t value)
{
	fx2_write(fx2, address, &value, 1);
}

uint32_t fx2_get(struct fx2 *fx2, uint8_t address, unsigned size)
{
	uint32_t value = 0;

	fx2_write(fx2, address, NULL, 0);
	start(fx2);
	put(fx2, FPGA_I2C_ADDRESS << 1 | 1);
	for (unsigned i = 0; i < size; i++)
		value |= (uint32_t)get(fx2, i + 1 == size) << 8 * i;
	stop(fx2);
	return value;
}
