/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The parser of serprog, flashrom's protocol for programmers on a serial line
 * (flashrom 1.3.0: Documentation/serprog-protocol.txt; later versions add 16h to
 * 18h).  It is given the bytes of a client in pieces of any size, and returns
 * commands: those that it can answer itself with their answer, the others with
 * their operands.
 *
 * session.c calls it.  Nothing here may read, write or wait: a client's bytes
 * have no effect but the commands that are returned.
 */
#ifndef SPI_FLASHROM_SERPROG_H
#define SPI_FLASHROM_SERPROG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERPROG_ACK 0x06
#define SERPROG_NAK 0x15

/* The most bytes that an SPI operation may send, as 08h says.  They are kept
   until the last has come, since a chip must not be given half a command by a
   client that vanishes. */
#define SERPROG_SEND_MAX 65536

/* The longest answer: that of 02h. */
#define SERPROG_ANSWER_MAX 33

enum serprog_kind {
	SERPROG_MORE,     /* the bytes are used up; no command is complete */
	SERPROG_ANSWER,   /* send the answer; nothing else is to be done */
	SERPROG_TRANSFER, /* send and receive */
	/* The others have a number, `value`. */
	SERPROG_RATE,   /* the clock in Hz, not 0 */
	SERPROG_DRIVE,  /* whether pins are driven: 0 or 1 */
	SERPROG_CHIP,   /* the chip select */
	SERPROG_DUPLEX, /* 1: transfers send and receive at once */
	SERPROG_SELECT, /* enum serprog_select */
};

enum serprog_select {
	SERPROG_SELECT_AUTO, /* for the time of a transfer */
	SERPROG_SELECT_ON,   /* until this changes */
	SERPROG_SELECT_OFF,
};

struct serprog_command {
	enum serprog_kind kind;
	uint8_t opcode;
	bool unknown; /* of SERPROG_ANSWER: the opcode is not in the protocol */
	uint32_t value;
	/* Of SERPROG_TRANSFER.  The bytes are the parser's, and are valid until
	   it is called again. */
	const uint8_t *send;
	uint32_t send_size, receive_size;
	uint8_t answer[SERPROG_ANSWER_MAX];
	size_t answer_size;
};

struct serprog {
	bool inside; /* of a command */
	uint8_t opcode;
	unsigned got; /* operands, in B */
	uint8_t operands[6];
	uint32_t sent; /* bytes of the transfer that have come */
	uint8_t send[SERPROG_SEND_MAX];
};

/* Begin with a new client. */
void serprog_init(struct serprog *serprog);

/* Take bytes until a command is complete, or all.  Returns how many were taken.
   If the command's kind is not SERPROG_MORE, the rest has to be given again. */
size_t serprog_take(struct serprog *serprog, const uint8_t *data, size_t size,
	struct serprog_command *ret_command);

#endif
