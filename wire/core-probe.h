/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The commands of the probe core, beside those of stream.h: a controller for
 * JTAG.  Opcodes from PROBE_OPCODE_SWD on are for SWD, on the same lines, and
 * are unknown until the core has them.
 *
 * Outputs, from OUTPUT_PROBE on, in the order of enum probe_output; inputs, from
 * INPUT_PROBE on, in the order of enum probe_input.  All outputs are always
 * driven.  The core changes levels only: PIN_INVERT and PIN_OPEN_DRAIN suit a
 * reset that is active high, or that other drivers pull low, too.
 *
 * Bits are sent and received from the lowest one of the first byte on, the
 * order of JTAG itself.  In the last byte of a number of bits that is not a
 * multiple of 8 the highest bits are ignored, and in a reply they are 0.
 *
 * Clock.  TCK is low between commands and wherever the core pauses.  A period is
 * a whole number of cycles of 48 MHz: TCK rises in its middle, to half a cycle,
 * and falls at its end.  TMS and TDI change at the beginning of a period, never
 * at another time, and stay as they are after the last one.  The target samples
 * them at the rising edge and changes TDO after the falling one.
 *
 * The core's sample of TDO is taken at the pin at the falling edge that ends the
 * period, or a number of half cycles after it, as PROBE_CONFIG says: level
 * shifters, cable and target have a whole period to bring the bit, and longer
 * with a delay.  Without a delay the sample is that of just before the edge.  So
 * the first bit of a scan is the one that the target has put out after the
 * falling edge of the clock that entered the state, and nothing is sampled too
 * late or too early because of a short command.
 *
 * There are no gaps between the bytes of a command, at any rate, while the OUT
 * stream has data and the IN stream room.  Without, the core pauses between two
 * bytes.  PROBE_SHIFT, PROBE_VECTOR, PROBE_TMS and PROBE_RUN are fetched while
 * the core makes the last clocks, up to 8, of the command before them.  That
 * takes 3 to 6 cycles, so at 24 MHz there is no gap behind a command that has
 * 3 clocks or more in its last byte.  All other commands begin when clocks and
 * samples are done, up to 14 cycles after the last period.
 *
 * After power-up and a pipe reset TCK is low, all other outputs are high, and
 * the settings are those of PROBE_RESET_PERIOD without a delay of the sample.
 */
#ifndef WIRE_CORE_PROBE_H
#define WIRE_CORE_PROBE_H

#include "cores.h"
#include "stream.h"

enum reg_probe {
	REG_PROBE_STATUS = CORE_BASE_PROBE, /* r   enum probe_status */
	REG_PROBE_LEVELS,                   /* r   levels of the inputs: bit
						   n = enum probe_input */
};

enum probe_status {
	PROBE_BUSY = 1 << 0,        /* in a command, or in its last clocks */
	PROBE_FAILED = 1 << 1,      /* skips up to the next barrier */
	PROBE_STREAM_LOST = 1 << 2, /* after an unknown opcode */
};

/* An opcode is one of these, with the flags that it has.  Other flags must be
   0. */
enum probe_opcode {
	/* or'ed with PROBE_TDI or PROBE_ONES, PROBE_TDO, PROBE_LAST.  u24
	   bits, then, with PROBE_TDI, the bytes of so many bits.  A clock a
	   bit, TMS low.  Reply: with PROBE_TDO, the bytes of so many bits. */
	PROBE_SHIFT = 0x10,
	/* or'ed with PROBE_TDO.  u24 bits, then for each 8 bits, and for the
	   rest, a byte for TMS and a byte for TDI.  Reply: with PROBE_TDO, the
	   bytes of so many bits. */
	PROBE_VECTOR = 0x20,
	/* or'ed with the number of clocks - 1, and with PROBE_ONES.  u8 bits
	   for TMS.  No reply.  To go from one state to another. */
	PROBE_TMS = 0x30,
	/* or'ed with PROBE_ONES, PROBE_HIGH.  u32 clocks, with a constant TMS.
	   No reply. */
	PROBE_RUN = 0x40,
	/* or'ed with PROBE_ONES, PROBE_IR.  struct probe_poll.  Reply: the
	   byte that was received last.  Fails with STREAM_TIMEOUT. */
	PROBE_POLL = 0x50,
	PROBE_CONFIG = 0x60, /* struct probe_config; no reply */
	PROBE_OPCODE_SWD = 0x70,
};

#define PROBE_CLOCKS_MAX 8 /* of PROBE_TMS */

enum probe_flag {
	PROBE_TDI = 1 << 0,
	PROBE_TDO = 1 << 1,
	PROBE_LAST = 1 << 2, /* TMS is high in the last clock */
	/* TDI is high where there is no data for it; without, low. */
	PROBE_ONES = 1 << 3,
	PROBE_HIGH = 1 << 0, /* of PROBE_RUN: TMS is high */
	PROBE_IR = 1 << 0,   /* of PROBE_POLL: Shift-IR, not Shift-DR */
};

/*
 * PROBE_POLL scans from Run-Test/Idle and back to it: with constant TDI it goes
 * to Shift-DR or Shift-IR, shifts `skip` bits, shifts `bits` bits of which it
 * receives TDO, shifts `tail` bits, goes through Update to Run-Test/Idle, with
 * the shortest way each, and adds `idle` clocks there.  It begins anew until
 * `received & mask` is `value`, or until the limit has passed at the end of a
 * scan.  The scan that ends after the limit counts, so a limit of 0 is one scan.
 *
 * The ones of PROBE_ONES are the instruction BYPASS, and in a DPACC scan of an
 * Arm debug port a read of RDBUFF: `bits` = 3 then looks at its acknowledge.
 */
struct probe_poll {
	uint32_t limit_us;
	uint8_t skip;
	uint8_t bits; /* 1 to 8 */
	uint8_t tail;
	uint8_t idle;
	uint8_t mask, value;
} PACKED;
_Static_assert(sizeof(struct probe_poll) == 10, "probe_poll");

struct probe_config {
	uint16_t period; /* of TCK, in cycles of 48 MHz: 1 (48 MHz) to
			    PROBE_PERIOD_MAX (1465 Hz) */
	uint8_t mode;    /* enum probe_mode */
} PACKED;
_Static_assert(sizeof(struct probe_config) == 3, "probe_config");

#define PROBE_PERIOD_MAX   32767
#define PROBE_RESET_PERIOD 480 /* 100 kHz */

enum probe_mode {
	PROBE_SAMPLE_DELAY = 7 << 4, /* half cycles of 48 MHz, 10.4 ns */
};
#define PROBE_SAMPLE_DELAY_SHIFT 4

/* The operand of STREAM_PINS.  TMS should be high when TRST becomes high: the
   target then stays in Test-Logic-Reset. */
enum probe_levels {
	PROBE_TRST_HIGH = 1 << 0,
	PROBE_SRST_HIGH = 1 << 1,
};

/* Added to OUTPUT_PROBE: the value for REG_PIN. */
enum probe_output {
	PROBE_OUTPUT_TCK,
	PROBE_OUTPUT_TMS,
	PROBE_OUTPUT_TDI,
	PROBE_OUTPUT_TRST,
	PROBE_OUTPUT_SRST,
	PROBE_OUTPUT_COUNT,
};

/* Added to INPUT_PROBE: the register of REG_INPUT.  As such, the numbers of pins
   for STREAM_WAIT_PIN. */
enum probe_input {
	PROBE_INPUT_TDO,
	PROBE_INPUT_TMS, /* the pin of SWDIO; JTAG does not look at it */
	PROBE_INPUT_SIDE,
	PROBE_INPUT_COUNT,
};

#endif
