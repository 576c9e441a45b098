/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The FPGA's registers, reached over I2C: an address byte, then data bytes; the
 * address increases with each byte.  Registers of several bytes are little
 * endian.
 *
 * 0x00 to 0x02 are used by the firmware (GlasgowEmbedded/glasgow
 * firmware/fx2/glasgow_fpga.h); the others are those of Clyde's universal
 * image.  From REG_CORES on each core has a range of its own, by cores.h;
 * core-NAME.h has the registers in it.
 */
#ifndef WIRE_REGS_H
#define WIRE_REGS_H

#include "packed.h"

#define FPGA_I2C_ADDRESS 0x08

enum reg {
	REG_HEALTH = 0x00,       /* r   reads REG_HEALTH_VALUE */
	REG_PIPE_RESET = 0x01,   /* rw  bit 0..3 = EP2 EP4 EP6 EP8 */
	REG_ALERTS = 0x02,       /* r   reading clears */
	REG_PRIVATE_LAST = 0x02, /* FPGA_SET_REG is refused up to here */

	REG_FLUSH = 0x03, /* w   bit 0 = EP6, 1 = EP8: commit what is there */
	REG_IDLE_FLUSH = 0x04, /* rw  u16 x 2, EP6 EP8: 48 MHz cycles without a
				  new byte after which a packet is committed */

	/* The stream switch: for each of EP2 EP4 EP6 EP8 the core that the
	   pipe is connected to, enum core_place; 0 = none, and then no core
	   reads or writes the pipe's FIFO.  If two pipes of one direction name
	   the same core, the first one is connected.  A core is in reset while
	   one of its pipes is. */
	REG_STREAM = 0x08, /* rw  u8 x 4 */

	/* The cores of the image */
	REG_MAP = 0x0c,         /* r   REG_MAP_VERSION */
	REG_CORE_COUNT = 0x0d,  /* r */
	REG_TABLE_INDEX = 0x0f, /* rw  from 1 */
	REG_TABLE = 0x10,       /* r   struct core_entry of that core; zeros
				       if there is no such core */

	/* The pin multiplexer, pins A0..A7 B0..B7: the output of a core that
	   drives the pin, enum core_output, with PIN_INVERT and
	   PIN_OPEN_DRAIN.  0, as after power-up: the pin is an input. */
	REG_PIN = 0x20, /* rw  u8 x 16 */
	/* For each input of a core, enum core_input: INPUT_CONNECTED with the
	   number of a pin; without INPUT_CONNECTED, a constant 0; either with
	   INPUT_INVERT. */
	REG_INPUT = 0x30, /* rw  u8 x 32 */

	REG_CORES = 0x50,
	REG_COUNT = 0xc0, /* addresses from here on are not acknowledged */
};

#define REG_MAP_VERSION  1
#define REG_HEALTH_VALUE 0xa5
#define REG_IDLE_DEFAULT 6000 /* cycles: 125 us, one microframe */

#define PIN_COUNT      16
#define PIN_FUNCTION   0x3f
#define PIN_INVERT     0x40 /* of the level, not of the output enable */
#define PIN_OPEN_DRAIN 0x80 /* 1 is not driven (after PIN_INVERT) */

#define INPUT_COUNT     32
#define INPUT_PIN       0x0f
#define INPUT_INVERT    0x40
#define INPUT_CONNECTED 0x80

struct core_entry {
	uint8_t id; /* enum core_id */
	uint8_t version;
	uint8_t base; /* first register */
	uint8_t registers;
	uint8_t first_output; /* enum core_output; 0 = no outputs */
	uint8_t outputs;      /* with CORE_PER_PIN 1, which stands for one
				 signal for each pin */
	uint8_t first_input;
	uint8_t inputs;
	uint8_t flags; /* enum core_flag */
	uint8_t reserved[7];
} PACKED;
_Static_assert(sizeof(struct core_entry) == 16, "core_entry");

#endif
