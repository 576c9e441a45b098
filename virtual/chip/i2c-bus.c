/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The other end of the I2C bus: the board's chips and the FPGA's I2C target,
 * byte by byte.  virtual/chip/i2c.c calls these functions at the end of each
 * byte.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/regs.h"

/* A write ends before the datasheets' 5 ms, BL24C256A and CAT24M01: tWR
   max; Glasgow's firmware polls for less (nvmem.c). */
#define EEPROM_TICKS (3000 * (tick)TICKS_PER_US)

/* ---- For the listener ------------------------------------------------------- */

static void note(struct chip *chip, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Append to the line; what has no room in it is left out. */
static void note(struct chip *chip, const char *format, ...)
{
	char *line = chip->i2c.line;
	size_t used = strlen(line);
	va_list args;

	if (chip->listener == NULL)
		return;
	va_start(args, format);
	vsnprintf(line + used, sizeof(chip->i2c.line) - used, format, args);
	va_end(args);
}

static void tell(struct chip *chip)
{
	if (chip->i2c.line[0])
		chip_tell(chip, chip->i2c.line);
	chip->i2c.line[0] = '\0';
}

/* ---- The chips ---------------------------------------------------------------- */

static bool is_fpga(const struct chip *chip)
{
	return chip->i2c.address == FPGA_I2C_ADDRESS;
}

/* While a bitstream is loaded the FX2 does not output IFCLK, the clock of the
   FPGA's target. */
static bool fpga_answers(const struct chip *chip)
{
	return !chip->on.board->sda_low &&
		chip->registers[IFCONFIG] & IFCONFIG_CLOCK_OUT &&
		chip->on.fpga->ops->done(chip->on.fpga);
}

static void meet_fpga(struct chip *chip, unsigned bytes)
{
	struct fpga *fpga = chip->on.fpga;
	tick length = bytes * fpga->byte_ticks;

	fpga->ops->catch_up(fpga, chip->now - length);
	chip->fpga_due = chip->now;
}

/* The EEPROM's index in eeprom_ready[]; 2: no EEPROM. */
static unsigned eeprom_of(const struct chip *chip)
{
	switch (chip->i2c.address) {
	case BOARD_FX2_MEM:
		return 0;
	case BOARD_ICE_MEM_LOW:
	case BOARD_ICE_MEM_HIGH:
		return 1;
	}
	return 2;
}

static bool eeprom_busy(const struct chip *chip)
{
	unsigned index = eeprom_of(chip);

	return index < 2 && chip->now < chip->i2c.eeprom_ready[index];
}

/* The chips have seen a write, or what they measure has changed. */
static void settle(struct chip *chip)
{
	board_check_alerts(chip->on.board);
	board_power_pins(chip->on.board);
	pins_check_alert(chip);
}

/* A write takes effect at the stop condition.  The FPGA has had its bytes. */
static void end_write(struct chip *chip)
{
	struct i2c_master *i2c = &chip->i2c;
	unsigned index = eeprom_of(chip);

	if (!i2c->open || i2c->reading || !i2c->present || is_fpga(chip))
		return;
	board_i2c(chip->on.board, i2c->address, i2c->write, i2c->written, NULL,
		0);
	if (index < 2 && i2c->written > 2)
		i2c->eeprom_ready[index] = chip->now + EEPROM_TICKS;
	settle(chip);
}

/* ---- Reading ------------------------------------------------------------------ */

/* The FPGA latches the aligned word of a core, so that bytes of one word are
   from one moment: gateware/registers.v. */
static uint8_t read_fpga(struct chip *chip)
{
	struct i2c_master *i2c = &chip->i2c;
	struct fpga *fpga = chip->on.fpga;
	unsigned at = i2c->fpga_register % sizeof(i2c->word);

	if (i2c->word_left == 0) {
		i2c->word_left = i2c->fpga_register >= REG_CORES
			? sizeof(i2c->word) - at
			: 1;
		meet_fpga(chip, 1 + i2c->word_left);
		if (!fpga->ops->i2c_read(fpga, chip->now,
			    i2c->word + sizeof(i2c->word) - i2c->word_left,
			    i2c->word_left))
			memset(i2c->word, 0xff, sizeof(i2c->word));
	}
	i2c->fpga_register++;
	i2c->word_left--;
	return i2c->word[sizeof(i2c->word) - 1 - i2c->word_left];
}

static uint8_t next_byte(struct chip *chip)
{
	struct i2c_master *i2c = &chip->i2c;

	if (!i2c->present)
		return 0xff;
	if (is_fpga(chip))
		return read_fpga(chip);
	board_check_alerts(chip->on.board);
	return board_i2c_read(chip->on.board, i2c->address, i2c->write,
		i2c->written, i2c->read++);
}

uint8_t i2c_bus_get(struct chip *chip)
{
	struct i2c_master *i2c = &chip->i2c;
	uint8_t byte;

	i2c->driven = !i2c->last;
	byte = next_byte(chip);
	note(chip, " %02x", byte);
	return byte;
}

/* A chip that was acknowledged drives the first bit of its next byte.  If that
   is 0, the bus is held low for good, until the chip is reset. */
static bool bus_is_held(struct chip *chip)
{
	struct i2c_master *i2c = &chip->i2c;

	if (i2c->open && i2c->reading && i2c->present && i2c->driven &&
		!(next_byte(chip) & 0x80))
		chip->on.board->sda_low = true;
	return chip->on.board->sda_low;
}

/* ---- Start, write, stop --------------------------------------------------------- */

bool i2c_bus_start(struct chip *chip)
{
	struct i2c_master *i2c = &chip->i2c;
	bool again;

	if (bus_is_held(chip)) {
		i2c->bus_error = true;
		i2c->open = false;
		return false;
	}
	/* A repeated start of the same chip, after a write: what was written
	   selects what is read. */
	again = i2c->open && !i2c->reading && i2c->present &&
		i2c->address == i2c->data >> 1 && i2c->data & 1;
	if (!again) {
		end_write(chip);
		i2c->written = 0;
	}
	tell(chip);
	i2c->open = true;
	i2c->address = i2c->data >> 1;
	i2c->reading = i2c->data & 1;
	i2c->last = false;
	i2c->read = 0;
	i2c->word_left = 0;
	i2c->driven = i2c->reading;
	if (is_fpga(chip))
		i2c->present = fpga_answers(chip);
	else
		i2c->present = !eeprom_busy(chip) &&
			board_i2c_acknowledges(
				chip->on.board, i2c->address, NULL, 0);
	note(chip, "I2C 0x%02x %s%s", i2c->address,
		i2c->reading ? "read:" : "write:",
		i2c->present ? "" : " no answer");
	return i2c->present;
}

/* The first byte selects a register; each later one is written there. */
static bool write_fpga(struct chip *chip, uint8_t byte)
{
	struct i2c_master *i2c = &chip->i2c;
	struct fpga *fpga = chip->on.fpga;
	uint8_t data[2] = {i2c->fpga_register, byte};

	meet_fpga(chip, 3);
	if (i2c->written++ == 0) {
		i2c->fpga_register = byte;
		return fpga->ops->i2c_write(fpga, chip->now, &byte, 1);
	}
	i2c->fpga_register++;
	return fpga->ops->i2c_write(fpga, chip->now, data, sizeof(data));
}

static bool put(struct chip *chip, uint8_t byte)
{
	struct i2c_master *i2c = &chip->i2c;

	if (is_fpga(chip))
		return write_fpga(chip, byte);
	if (i2c->written == sizeof(i2c->write)) {
		chip_refuse_value(chip, "I2DAT, the 1025th of a write,", byte);
		return false;
	}
	i2c->write[i2c->written++] = byte;
	return board_i2c_acknowledges(
		chip->on.board, i2c->address, i2c->write, i2c->written);
}

bool i2c_bus_put(struct chip *chip, uint8_t byte)
{
	struct i2c_master *i2c = &chip->i2c;

	if (!i2c->present || i2c->reading)
		return false;
	i2c->present = put(chip, byte);
	note(chip, i2c->present ? " %02x" : " %02x refused", byte);
	return i2c->present;
}

void i2c_bus_stop(struct chip *chip)
{
	struct i2c_master *i2c = &chip->i2c;

	tell(chip);
	/* A stop of a chip that drives SDA low cannot be made either. */
	if (i2c->last)
		i2c->driven = false;
	if (bus_is_held(chip))
		i2c->bus_error = true;
	else
		end_write(chip);
	i2c->open = false;
}
