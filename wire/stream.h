/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The rules of a command stream, for all cores that take one: what a host sends
 * down the OUT pipe, and what comes back through the IN pipe.  core-NAME.h has
 * the commands of the core itself.
 *
 * A command is an opcode byte, operands, and perhaps data.  Numbers are little
 * endian and unsigned.  Commands are carried out in order, one after the other,
 * at the speed of the core: the host need not wait for a reply before it sends
 * the next command, and a batch may have any number of commands.
 *
 * Where the OUT stream runs dry, in a command or between two, the core waits.
 * It holds all lines as they are, a chip select included, and starts no clock
 * until it has the byte that it needs.  So a batch may be sent in pieces.
 *
 * The size of a reply depends on the command and its operands alone, not on
 * what happened.  A host can tell, when it sends a command, which bytes of the
 * IN stream will be its reply.
 *
 * Failures.  Each command has an index: the number of commands, STREAM_NOP
 * included, between the last STREAM_BARRIER, or the pipe reset, and itself.  A
 * command that fails is the last one that has an effect: the core stores code
 * and index of the failure, and skips what follows, up to the next
 * STREAM_BARRIER.  A command that is skipped changes no line, takes no time and
 * does not wait; its operands and data are taken, and each byte of its reply is
 * STREAM_FILLER.  STREAM_BARRIER is never skipped.  Its reply says what
 * failed, if anything did, and the commands after it are carried out again.
 * A failure leaves all lines as the failed command left them, so after one the
 * host sends again what it had set in the skipped commands.
 *
 * Every wait in the FPGA has a limit, in us, so STREAM_BARRIER is reached.
 *
 * An unknown opcode has no known length.  The core then takes and drops all
 * bytes, STREAM_BARRIER included, and sends nothing, until a pipe reset.
 *
 * The core closes the IN packet (wire/regs.h: REG_FLUSH) after the reply to a
 * STREAM_BARRIER, and when it has sent replies and then waits for an opcode.  So a
 * host gets the replies to a batch at once, whatever REG_IDLE_FLUSH is.  In the
 * middle of a command that waits for its data, REG_IDLE_FLUSH decides.
 *
 * A pipe reset ends the command, forgets the failure, and sets the core to what
 * it is after power-up.
 */
#ifndef WIRE_STREAM_H
#define WIRE_STREAM_H

#include "packed.h"

/* The commands that have the same meaning for every core.  From
   STREAM_OPCODE_CORE on the opcodes are the core's own. */
enum stream_opcode {
	STREAM_NOP = 0x00,
	STREAM_BARRIER = 0x01,  /* u8 tag; reply: struct stream_barrier */
	STREAM_DELAY = 0x02,    /* u32 us; no reply */
	STREAM_PINS = 0x03,     /* u8, which core-NAME.h explains: the levels of
				   side pins; no reply */
	STREAM_WAIT_PIN = 0x04, /* struct stream_wait_pin; no reply; fails with
				   STREAM_TIMEOUT */
	STREAM_OPCODE_CORE = 0x10,
};

/* Wait until an input of the core has a level, which it may have already. */
struct stream_wait_pin {
	uint32_t limit_us; /* 0: look once */
	uint8_t pin;       /* the core's input from 0, and STREAM_HIGH */
} PACKED;
_Static_assert(sizeof(struct stream_wait_pin) == 5, "stream_wait_pin");

#define STREAM_HIGH 0x80 /* wait for 1; without it, for 0 */

struct stream_barrier {
	uint8_t tag;    /* as sent */
	uint8_t code;   /* enum stream_code */
	uint16_t index; /* of the command that failed; STREAM_OK: the number of
			   commands since the last barrier.  Both modulo
			   65536. */
} PACKED;
_Static_assert(sizeof(struct stream_barrier) == 4, "stream_barrier");

enum stream_code {
	STREAM_OK = 0,
	STREAM_TIMEOUT = 1, /* a limit has passed */
};

#define STREAM_FILLER 0xff /* a byte of the reply to a skipped command */

#endif
