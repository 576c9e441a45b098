/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The FPGA's registers, reached over I2C: an address byte, then data bytes,
 * address counting up.  Multi-byte registers are little endian both ways.
 *
 * 0x00 to 0x02 are the firmware's (GlasgowEmbedded/glasgow
 * firmware/fx2/glasgow_fpga.h); the rest is Clyde's universal image.
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

	/* The benchmark core, on EP2 and EP6.  All but the mode clear when
	   either pipe is reset. */
	REG_BENCH_MODE = 0x10,   /* rw  enum bench_mode */
	REG_BENCH_ERROR = 0x11,  /* r   1 once a byte in sink mode was wrong */
	REG_BENCH_COUNT = 0x14,  /* r   u32: bytes emitted, checked or echoed */
	REG_BENCH_OFFSET = 0x18, /* r   u32: count at the first wrong byte */
	REG_BENCH_WINDOW = 0x20, /* r   8 B as they came, from that byte on */
	REG_COUNT = 0x28,
};

#define REG_HEALTH_VALUE  0xa5
#define REG_IDLE_DEFAULT  6000 /* cycles: 125 us, one microframe */
#define BENCH_WINDOW_SIZE 8

enum bench_mode {
	BENCH_IDLE = 0,
	BENCH_SOURCE = 1,
	BENCH_SINK = 2,
	BENCH_LOOPBACK = 3,
};

#endif
