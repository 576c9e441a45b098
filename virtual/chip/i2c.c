/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The I2C master, byte by byte (TRM 13.4): I2CS, I2DAT, I2CTL, and the time
 * that each step takes.  chip.c calls i2c_execute() when a step ends; what the
 * chips on the bus do then is in i2c-bus.c.
 */
#include "internal.h"

/* I2CS */
#define I2CS_START  0x80
#define I2CS_STOP   0x40
#define I2CS_LASTRD 0x20
#define I2CS_ID     0x10 /* an EEPROM with two address bytes was found */
#define I2CS_BERR   0x04
#define I2CS_ACK    0x02
#define I2CS_DONE   0x01
/* I2CTL */
#define I2CTL_STOPIE 0x02
#define I2CTL_400KHZ 0x01

/* Bits on the bus.  Start and stop conditions take about a bit. */
#define BITS_OF_BYTE 9
#define BITS_OF_STOP 1

static tick bit_ticks(const struct chip *chip)
{
	return chip->registers[I2CTL] & I2CTL_400KHZ ? 1200 : 4800;
}

static void begin(struct chip *chip, enum i2c_step step, unsigned bits)
{
	struct i2c_master *i2c = &chip->i2c;

	i2c->step = step;
	i2c->done = false;
	i2c->due = chip_time(chip) + bits * bit_ticks(chip);
	chip_plan(chip, i2c->due);
}

tick i2c_due(const struct chip *chip)
{
	return chip->i2c.step == I2C_NONE ? TICK_NEVER : chip->i2c.due;
}

/* An I2C byte of the FPGA is a transaction of the model, or of the twin, which
   must end when the byte does: address, register, address, and up to four
   bytes. */
tick i2c_holds_fpga(const struct chip *chip)
{
	tick length = 7 * chip->on.fpga->byte_ticks;

	if (chip->i2c.step == I2C_NONE || length == 0)
		return TICK_NEVER;
	return chip->i2c.due > length ? chip->i2c.due - length : 0;
}

static void finish(struct chip *chip)
{
	chip->i2c.done = true;
	mcs51_request(&chip->cpu, MCS51_INT3, true);
	mcs51_request(&chip->cpu, MCS51_INT3, false);
}

static void end_stop(struct chip *chip)
{
	struct i2c_master *i2c = &chip->i2c;

	i2c_bus_stop(chip);
	i2c->stop = false;
	i2c->last = false;
	i2c->done = true;
	if (chip->registers[I2CTL] & I2CTL_STOPIE)
		finish(chip);
}

void i2c_execute(struct chip *chip)
{
	struct i2c_master *i2c = &chip->i2c;
	enum i2c_step step = i2c->step;

	chip_touch(chip);
	i2c->step = I2C_NONE;
	switch (step) {
	case I2C_ADDRESS:
		i2c->ack = i2c_bus_start(chip);
		break;
	case I2C_WRITE:
		i2c->ack = i2c_bus_put(chip, i2c->data);
		break;
	case I2C_READ:
		i2c->data = i2c_bus_get(chip);
		i2c->ack = true;
		break;
	case I2C_STOP:
		end_stop(chip);
		return;
	case I2C_NONE:
		return;
	}
	if (i2c->spoiled) {
		i2c->spoiled = false;
		i2c->ack = false;
		i2c->bus_error = true;
		i2c->present = false;
	}
	finish(chip);
	/* A stop that was asked for meanwhile. */
	if (i2c->stop)
		begin(chip, I2C_STOP, BITS_OF_STOP);
}

uint8_t i2c_read(struct chip *chip, uint8_t offset)
{
	struct i2c_master *i2c = &chip->i2c;
	uint8_t data = i2c->data;

	if (offset == I2CTL)
		return chip->registers[I2CTL];
	if (offset == I2CS)
		return (i2c->start ? I2CS_START : 0) |
			(i2c->stop ? I2CS_STOP : 0) |
			(i2c->last ? I2CS_LASTRD : 0) | I2CS_ID |
			(i2c->bus_error ? I2CS_BERR : 0) |
			(i2c->ack ? I2CS_ACK : 0) | (i2c->done ? I2CS_DONE : 0);
	/* Reading I2DAT begins the next byte, unless the transaction ends. */
	if (i2c->step == I2C_NONE && i2c->open && i2c->reading && !i2c->stop) {
		chip_touch(chip);
		begin(chip, I2C_READ, BITS_OF_BYTE);
	}
	return data;
}

/* The firmware begins something while a byte is under way: as an interrupt may
   that uses the bus in the middle of the main program's transaction.  What
   becomes of the byte is not specified; here nobody acknowledges it. */
static void spoil(struct chip *chip)
{
	chip->i2c.spoiled = true;
	chip->i2c.clashes++;
}

static void write_status(struct chip *chip, uint8_t value)
{
	struct i2c_master *i2c = &chip->i2c;

	if (value & I2CS_START && i2c->step != I2C_NONE)
		spoil(chip);
	i2c->start = value & I2CS_START;
	i2c->last |= !!(value & I2CS_LASTRD);
	if (!(value & I2CS_STOP))
		return;
	i2c->stop = true;
	if (i2c->step == I2C_NONE)
		begin(chip, I2C_STOP, BITS_OF_STOP);
}

static void write_data(struct chip *chip, uint8_t value)
{
	struct i2c_master *i2c = &chip->i2c;

	if (i2c->step != I2C_NONE && i2c->step != I2C_STOP) {
		spoil(chip);
		return;
	}
	if (i2c->step == I2C_STOP)
		i2c_execute(chip);
	i2c->data = value;
	i2c->bus_error = false;
	if (!i2c->start && !i2c->open)
		i2c->present = false;
	begin(chip, i2c->start ? I2C_ADDRESS : I2C_WRITE,
		BITS_OF_BYTE + i2c->start);
	i2c->start = false;
}

void i2c_write(struct chip *chip, uint8_t offset, uint8_t value)
{
	if (offset == I2CTL)
		chip->registers[I2CTL] = value & 0x03;
	else if (offset == I2CS)
		write_status(chip, value);
	else
		write_data(chip, value);
}
