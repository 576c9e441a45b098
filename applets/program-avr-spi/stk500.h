/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The parser of STK500 version 1, the protocol of Atmel's programmer as avrdude
 * speaks it (Atmel's application note AVR061; avrdude 7.1: stk500.c and
 * stk500_private.h).  It is given the bytes of a client in pieces of any size,
 * and returns commands.
 *
 * serve.c calls it.  Nothing here may read, write or wait.
 */
#ifndef PROGRAM_AVR_SPI_STK500_H
#define PROGRAM_AVR_SPI_STK500_H

#include <stddef.h>
#include <stdint.h>

enum stk500_opcode {
	STK500_SYNC = 0x30,
	STK500_SIGN_ON = 0x31,
	STK500_SET_PARAMETER = 0x40,
	STK500_GET_PARAMETER = 0x41,
	STK500_SET_DEVICE = 0x42,
	STK500_SET_EXTENDED = 0x45,
	STK500_ENTER = 0x50,
	STK500_LEAVE = 0x51,
	STK500_ERASE = 0x52,
	STK500_ADDRESS = 0x55,
	STK500_UNIVERSAL = 0x56,
	STK500_PROGRAM = 0x64,
	STK500_READ = 0x74,
	STK500_SIGNATURE = 0x75,
};

enum stk500_answer {
	STK500_OK = 0x10,
	STK500_FAILED = 0x11,
	STK500_NO_DEVICE = 0x13,
	STK500_IN_SYNC = 0x14,
	STK500_NO_SYNC = 0x15,
};

#define STK500_END 0x20 /* the last byte of each command */

/* The most bytes that a command may program: more than any chip's page. */
#define STK500_PAGE_MAX 1024

enum stk500_kind {
	STK500_MORE, /* the bytes are used up; no command is complete */
	STK500_COMMAND,
	/* Bytes that are no command were dropped: answer STK500_NO_SYNC. */
	STK500_GARBAGE,
};

struct stk500_command {
	enum stk500_kind kind;
	uint8_t opcode; /* one of enum stk500_opcode */
	/* Its operands.  The bytes are the parser's, and are valid until it is
	   called again. */
	const uint8_t *operands;
	size_t size;
};

struct stk500 {
	size_t got; /* of a command */
	uint8_t bytes[1 + 3 + STK500_PAGE_MAX + 1];
};

/* Begin with a new client. */
void stk500_init(struct stk500 *stk500);

/* Take bytes until a command is complete, or all.  Returns how many were taken.
   If the kind is not STK500_MORE, the rest has to be given again. */
size_t stk500_take(struct stk500 *stk500, const uint8_t *data, size_t size,
	struct stk500_command *ret_command);

#endif
