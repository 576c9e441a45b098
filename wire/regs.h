/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The FPGA's registers, reached over I2C: an address byte, then data bytes,
 * address counting up.  Multi-byte registers are little endian both ways.
 *
 * 0x00 to 0x02 are the firmware's (GlasgowEmbedded/glasgow
 * firmware/fx2/glasgow_fpga.h); the rest is Clyde's universal image.  Above
 * REG_CORES each core has a range of its own: cores.h says which, and
 * core-NAME.h what is in it.
 */
#ifndef WIRE_REGS_H
#define WIRE_REGS_H

#include "packed.h"

#define FPGA_I2C_ADDRESS 0x08

enum reg {
	REG_HEALTH = 0x00,       /* r   reads REG_HEALTH_VALUE */
	REG_PIPE_RESET = 0x01,   /* rw  bit 0..3 = EP2 EP4 EP6 EP8; the FX2's */
	REG_ALERTS = 0x02,       /* r   reading clears */
	REG_PRIVATE_LAST = 0x02, /* FPGA_SET_REG is refused up to here */

	REG_FLUSH = 0x03, /* w   bit 0 = EP6, 1 = EP8: commit what is there */
	REG_IDLE_FLUSH = 0x04, /* rw  u16 x 2, EP6 EP8: 48 MHz cycles without a
				  new byte after which a packet is committed */

	/* The stream switch: for EP2 EP4 EP6 EP8 the core (its place in the
	   table, from 1) that the pipe goes to or comes from; 0 = none, and
	   then nobody is behind the pipe's FIFO.  Of two pipes of one
	   direction at a core the first has it.  A core is held in reset
	   while a pipe that goes to or from it is. */
	REG_STREAM = 0x08, /* rw  u8 x 4 */

	/* What is in the image.  Entries are struct core_entry. */
	REG_MAP = 0x0c,         /* r   REG_MAP_VERSION */
	REG_CORE_COUNT = 0x0d,  /* r */
	REG_TABLE_INDEX = 0x0f, /* rw  from 1 */
	REG_TABLE = 0x10,       /* r   16 B: that core's entry; zeros where
				       there is none */

	/* The pin multiplexer, pins A0..A7 B0..B7.  A pin shows an output of
	   a core: `enum core_output`, with PIN_INVERT and PIN_OPEN_DRAIN.
	   0, as at the start, leaves it an input. */
	REG_PIN = 0x20, /* rw  u8 x 16 */
	/* An input of a core, by `enum core_input`: INPUT_CONNECTED with the
	   number of a pin, or without it, a constant 0; INPUT_INVERT. */
	REG_INPUT = 0x30, /* rw  u8 x 32 */

	REG_CORES = 0x50,
	REG_COUNT = 0xb0, /* addresses from here on are not acknowledged */
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
	uint8_t base; /* its first register */
	uint8_t registers;
	uint8_t first_output; /* enum core_output; 0 = has none */
	uint8_t outputs;      /* a core with CORE_PER_PIN has one, which is
				 another signal at each pin */
	uint8_t first_input;
	uint8_t inputs;
	uint8_t flags; /* enum core_flag */
	uint8_t reserved[7];
} PACKED;
_Static_assert(sizeof(struct core_entry) == 16, "core_entry");

#endif
