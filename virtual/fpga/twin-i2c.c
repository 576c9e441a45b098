/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The FX2's side of the I2C bus to the twin: makes edges of whole transactions.
 *
 *	catch_up()              i2c_write()
 *	    |---- SCL and SDA edges ----|
 *	t - n * byte_ticks              t
 *
 * A transaction ends when its call returns, so the twin must be behind by the
 * length of the transaction when the call begins (`byte_ticks` in fpga.h).
 * While data flows, the FPGA cannot be behind for as long as 400 kHz would
 * take, so the edges here are five times as fast.
 */
#include "twin-model.h"

#include "wire/regs.h"

/* Cycles: a quarter of a bit at 2 MHz; and the time that gateware/i2c.v takes
   from an acknowledge to the next byte's first bit. */
#define QUARTER 6
#define PAUSE   24

/* Hold both lines, open drain with a pull-up, for a number of cycles. */
static void hold(struct twin *twin, bool scl, bool sda, unsigned cycles)
{
	while (cycles-- > 0) {
		twin->pins.scl = scl;
		twin->pins.sda = sda && !twin->pins.sda_low;
		twin_step(twin);
	}
}

static void lines(struct twin *twin, bool scl, bool sda)
{
	hold(twin, scl, sda, QUARTER);
}

static bool bit(struct twin *twin, bool sda)
{
	bool seen;

	lines(twin, false, sda);
	lines(twin, true, sda);
	seen = sda && !twin->pins.sda_low;
	lines(twin, true, sda);
	lines(twin, false, sda);
	return seen;
}

static void start(struct twin *twin)
{
	lines(twin, true, true);
	lines(twin, true, false);
	lines(twin, false, false);
}

static void stop(struct twin *twin)
{
	lines(twin, false, false);
	lines(twin, true, false);
	lines(twin, true, true);
	twin->active = twin->cycle;
}

static bool acknowledge(struct twin *twin, bool sda)
{
	bool seen;

	lines(twin, false, sda);
	hold(twin, true, sda, PAUSE);
	seen = sda && !twin->pins.sda_low;
	lines(twin, true, sda);
	lines(twin, false, sda);
	return !seen;
}

/* True if the byte was acknowledged. */
static bool put(struct twin *twin, uint8_t byte)
{
	for (int at = 7; at >= 0; at--)
		bit(twin, byte >> at & 1);
	return acknowledge(twin, true);
}

static uint8_t get(struct twin *twin, bool last)
{
	uint8_t byte = 0;

	for (int at = 7; at >= 0; at--)
		byte |= bit(twin, true) << at;
	acknowledge(twin, last);
	return byte;
}

bool twin_i2c_write(
	struct fpga *fpga, tick now, const uint8_t *data, size_t size)
{
	struct twin *twin = TWIN(fpga);
	size_t taken;
	bool acknowledged;

	(void)now;
	if (twin->foreign.runs)
		return foreign_i2c_write(
			&twin->foreign, twin->faults, data, size);
	if (twin->logic == NULL || size == 0)
		return false;
	taken = faults_acknowledge(twin->faults, data, size);
	if (taken == 0)
		return false;
	start(twin);
	acknowledged = put(twin, FPGA_I2C_ADDRESS << 1);
	for (size_t i = 0; acknowledged && i < taken; i++)
		acknowledged = put(twin, data[i]);
	stop(twin);
	twin->address = data[0];
	if (taken > 1 && data[0] == REG_TABLE_INDEX)
		twin->table_index = data[1];
	/* The streams' offsets count from a pipe reset. */
	for (unsigned i = 0;
		taken > 1 && data[0] == REG_PIPE_RESET && i < FIFO_COUNT; i++)
		if (data[1] >> i & 1) {
			twin->offset[i] = 0;
			twin->fetched[i] = false;
		}
	return acknowledged && taken == size;
}

/* The value of a register, changed by faults. */
static uint8_t apply_faults(
	const struct twin *twin, unsigned reg, uint8_t value)
{
	unsigned byte = reg - REG_TABLE;

	if (reg == REG_HEALTH && faults_at(twin->faults, FAULT_HEALTH, 0))
		return ~value;
	if (byte < sizeof(struct core_entry))
		return faults_entry(
			twin->faults, twin->table_index, byte, value);
	return value;
}

bool twin_i2c_read(struct fpga *fpga, tick now, uint8_t *data, size_t size)
{
	struct twin *twin = TWIN(fpga);
	bool acknowledged;

	(void)now;
	if (twin->foreign.runs)
		return foreign_i2c_read(
			&twin->foreign, twin->faults, data, size);
	if (twin->logic == NULL)
		return false;
	start(twin);
	acknowledged = put(twin, FPGA_I2C_ADDRESS << 1 | 1);
	for (size_t i = 0; acknowledged && i < size; i++)
		data[i] = get(twin, i + 1 == size);
	stop(twin);
	for (size_t i = 0; i < size; i++)
		data[i] = apply_faults(twin, twin->address + i, data[i]);
	return acknowledged;
}
