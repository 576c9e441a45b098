/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * An FX2LP (CY7C68013A) that executes firmware, as a USB function: the RAM, the
 * USB engine, the I2C master, the ports and the endpoint buffers around the
 * 8051 of virtual/mcs51.  virtual/fx2/device.c makes it for a device with the
 * option `firmware`, in place of the model of the firmware in C, and owns the
 * board and the FPGA, which the chip is wired to as on revision C.
 *
 * Source: EZ-USB Technical Reference Manual, where a comment names no other.
 */
#ifndef VIRTUAL_CHIP_H
#define VIRTUAL_CHIP_H

#include <stddef.h>

#include "virtual/board/board.h"
#include "virtual/bus/function.h"
#include "virtual/faults/faults.h"
#include "virtual/fpga/fpga.h"

#define CHIP_RAM_SIZE 0x4000 /* for code and data, from address 0 on */

/* Firmware: bytes for the RAM, and which of them it has. */
struct chip_image {
	uint8_t data[CHIP_RAM_SIZE];
	bool used[CHIP_RAM_SIZE];
};

/* What is around the chip; all remains the caller's. */
struct chip_board {
	struct board *board;
	struct fpga *fpga;
	struct fifo *fifos; /* FIFO_COUNT, the FPGA's side of EP2 EP4 EP6 EP8 */
	struct faults *faults;
};

struct chip;

struct mcs51_debug;

/* A chip without power; NULL: no memory. */
struct chip *chip_new(const struct chip_board *surroundings);
void chip_free(struct chip *chip);

/* Before power-up: observe the 8051, for virtual/mcs51/debug.h; with a breakpoint,
   stop the firmware there, which chip_fault() then says.  False: no memory. */
bool chip_observe(struct chip *chip, const uint16_t *breakpoint);
const struct mcs51_debug *chip_debug(struct chip *chip); /* or NULL */

/*
 * Power-up: the boot loader does what the EEPROM says.  Firmware that is not
 * NULL starts whatever the EEPROM says, as if the EEPROM contained it.  Then time passes until the
 * device is configured on the bus, but not for ever; this moment is time 0 of
 * the function.
 */
void chip_power_up(struct chip *chip, const struct chip_image *firmware);

struct function *chip_function(struct chip *chip);

/* From now on the listener gets a line for each transaction on the I2C bus, and
   each change of the port. */
typedef void chip_listener(void *user, const char *line);
void chip_listen(struct chip *chip, chip_listener *listener, void *user);

/* From now on `now`, a whole number of microframes, is time 0 of the
   function. */
void chip_restart_time(struct chip *chip, tick now);

/* Why the firmware does not run any more, a sentence; or NULL. */
const char *chip_fault(const struct chip *chip);

/* How often the firmware used the I2C master in the middle of a byte. */
unsigned chip_i2c_clashes(const struct chip *chip);

#endif
