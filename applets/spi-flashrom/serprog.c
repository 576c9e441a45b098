/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The parser of serprog; see serprog.h. */
#include "serprog.h"

#include <string.h>

enum opcode {
	NOP = 0x00,
	Q_IFACE = 0x01,
	Q_CMDMAP = 0x02,
	Q_PGMNAME = 0x03,
	Q_SERBUF = 0x04,
	Q_BUSTYPE = 0x05,
	Q_WRNMAXLEN = 0x08,
	SYNCNOP = 0x10,
	Q_RDNMAXLEN = 0x11,
	S_BUSTYPE = 0x12,
	O_SPIOP = 0x13,
	S_SPI_FREQ = 0x14,
	S_PIN_STATE = 0x15,
	S_SPI_CS = 0x16,
	S_SPI_MODE = 0x17,
	S_CS_MODE = 0x18,
};

#define BUS_SPI 0x08 /* of Q_BUSTYPE and S_BUSTYPE */

static const struct command {
	bool known;
	uint8_t operands;    /* B */
	uint8_t answer_size; /* of a fixed answer; 0: not fixed */
	uint8_t answer[17];
} commands[] = {
	[NOP] = {true, 0, 1, {SERPROG_ACK}},
	[Q_IFACE] = {true, 0, 3, {SERPROG_ACK, 1, 0}},
	[Q_CMDMAP] = {true, 0, 0, {0}},
	[Q_PGMNAME] = {true, 0, 17, {SERPROG_ACK, 'C', 'l', 'y', 'd', 'e'}},
	/* Flow control works: the largest number. */
	[Q_SERBUF] = {true, 0, 3, {SERPROG_ACK, 0xff, 0xff}},
	[Q_BUSTYPE] = {true, 0, 2, {SERPROG_ACK, BUS_SPI}},
	[Q_WRNMAXLEN] = {true, 0, 4,
		{SERPROG_ACK, SERPROG_SEND_MAX & 0xff,
			SERPROG_SEND_MAX >> 8 & 0xff, SERPROG_SEND_MAX >> 16}},
	[SYNCNOP] = {true, 0, 2, {SERPROG_NAK, SERPROG_ACK}},
	/* 0 is 2^24: flashrom then reads a chip of 16 MiB by two operations, and
	   not by 256. */
	[Q_RDNMAXLEN] = {true, 0, 4, {SERPROG_ACK, 0, 0, 0}},
	[S_BUSTYPE] = {true, 1, 0, {0}},
	[O_SPIOP] = {true, 6, 0, {0}},
	[S_SPI_FREQ] = {true, 4, 0, {0}},
	[S_PIN_STATE] = {true, 1, 0, {0}},
	[S_SPI_CS] = {true, 1, 0, {0}},
	[S_SPI_MODE] = {true, 1, 0, {0}},
	[S_CS_MODE] = {true, 1, 0, {0}},
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

static bool is_known(unsigned opcode)
{
	return opcode < COMMANDS && commands[opcode].known;
}

static uint32_t number(const uint8_t *data, unsigned size)
{
	uint32_t value = 0;

	while (size-- > 0)
		value = value << 8 | data[size];
	return value;
}

/* ---- Answers ---------------------------------------------------------- */

static void answer(struct serprog_command *command, bool good)
{
	command->kind = SERPROG_ANSWER;
	command->answer[0] = good ? SERPROG_ACK : SERPROG_NAK;
	command->answer_size = 1;
}

static void answer_map(struct serprog_command *command)
{
	answer(command, true);
	for (unsigned i = 0; i < COMMANDS; i++)
		if (is_known(i))
			command->answer[1 + i / 8] |= 1 << i % 8;
	command->answer_size = 33;
}

/* ---- Commands --------------------------------------------------------- */

/* A command with a number from 0 to maximum. */
static void set(struct serprog_command *command, enum serprog_kind kind,
	uint32_t value, uint32_t maximum)
{
	command->kind = kind;
	command->value = value;
	if (value > maximum)
		answer(command, false);
}

static void finish_transfer(
	const struct serprog *serprog, struct serprog_command *command)
{
	command->send_size = number(serprog->operands, 3);
	if (command->send_size > SERPROG_SEND_MAX) {
		answer(command, false);
		return;
	}
	command->kind = SERPROG_TRANSFER;
	command->send = serprog->send;
	command->receive_size = number(serprog->operands + 3, 3);
}

/* All of a command has come. */
static void finish(
	const struct serprog *serprog, struct serprog_command *command)
{
	const struct command *known = &commands[serprog->opcode];
	/* Of all but O_SPIOP, which has two numbers. */
	uint32_t value = number(
		serprog->operands, known->operands <= 4 ? known->operands : 0);

	if (known->answer_size) {
		command->kind = SERPROG_ANSWER;
		command->answer_size = known->answer_size;
		memcpy(command->answer, known->answer, known->answer_size);
		return;
	}
	switch (serprog->opcode) {
	case Q_CMDMAP:
		answer_map(command);
		break;
	case S_BUSTYPE:
		answer(command, value & BUS_SPI);
		break;
	case O_SPIOP:
		finish_transfer(serprog, command);
		break;
	case S_SPI_FREQ:
		set(command, SERPROG_RATE, value, UINT32_MAX);
		if (value == 0)
			answer(command, false);
		break;
	case S_PIN_STATE:
		set(command, SERPROG_DRIVE, value != 0, 1);
		break;
	case S_SPI_CS:
		set(command, SERPROG_CHIP, value, UINT8_MAX);
		break;
	case S_SPI_MODE:
		set(command, SERPROG_DUPLEX, value, 1);
		break;
	case S_CS_MODE:
		set(command, SERPROG_SELECT, value, SERPROG_SELECT_OFF);
		break;
	}
}

/* ---- Bytes ------------------------------------------------------------ */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Bytes of a transfer.  Those of one that is too long are dropped, so that the
   next command is found behind them. */
static size_t take_sent(
	struct serprog *serprog, const uint8_t *data, size_t size)
{
	uint32_t all = number(serprog->operands, 3);
	size_t taken = smaller(size, all - serprog->sent);

	if (all <= SERPROG_SEND_MAX && taken > 0)
		memcpy(serprog->send + serprog->sent, data, taken);
	serprog->sent += taken;
	return taken;
}

/* Bytes of the command that has begun: how many.  Sets *ret_whole if that are
   all of it. */
static size_t take_rest(struct serprog *serprog, const uint8_t *data,
	size_t size, bool *ret_whole)
{
	unsigned all = commands[serprog->opcode].operands;
	size_t taken = smaller(size, all - serprog->got);

	if (taken > 0)
		memcpy(serprog->operands + serprog->got, data, taken);
	serprog->got += taken;
	*ret_whole = serprog->got == all;
	if (serprog->opcode == O_SPIOP && *ret_whole) {
		taken += take_sent(serprog, data + taken, size - taken);
		*ret_whole = serprog->sent == number(serprog->operands, 3);
	}
	return taken;
}

void serprog_init(struct serprog *serprog)
{
	serprog->inside = false;
}

size_t serprog_take(struct serprog *serprog, const uint8_t *data, size_t size,
	struct serprog_command *ret_command)
{
	size_t taken = 0;
	bool whole;

	*ret_command = (struct serprog_command){.kind = SERPROG_MORE};
	if (!serprog->inside) {
		if (size == 0)
			return 0;
		serprog->opcode = data[taken++];
		serprog->got = serprog->sent = 0;
		serprog->inside = true;
	}
	ret_command->opcode = serprog->opcode;
	/* The operands of an unknown opcode have no known length.  A client
	   that is out of step sends 10h until it is in step. */
	if (!is_known(serprog->opcode)) {
		ret_command->unknown = true;
		answer(ret_command, false);
		serprog->inside = false;
		return taken;
	}
	taken += take_rest(serprog, data + taken, size - taken, &whole);
	if (whole) {
		finish(serprog, ret_command);
		serprog->inside = false;
	}
	return taken;
}
