/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The verb serve of program-avr-spi: to avrdude it is an STK500 of version 1,
 * over TCP, a UNIX socket or a pty, for one client after the other.  avr.c calls
 * it; stk500.c parses what clients send.
 *
 * Whatever a client sends, and whenever it leaves, the chip's reset is ended, and
 * a page of which only a part has come is not written.
 */
#include <stdlib.h>
#include <string.h>

#include "applets/shared/server.h"
#include "avr.h"
#include "stk500.h"

/* A version up to 1.10 is not sent extended parameters. */
enum { HARDWARE_VERSION = 0x80, MAJOR = 0x81, MINOR = 0x82, TARGET = 0x84 };

#define ERASE 0xac800000

struct session {
	struct isp *isp;
	struct server server;
	/* Of the present client */
	bool entered;     /* the chip is in programming mode */
	uint32_t address; /* of a word; */
	uint8_t extended; /* its third byte */
	uint32_t written, read;
	struct stk500 stk500;
	uint8_t out[1 + STK500_PAGE_MAX + 1]; /* an answer */
	size_t out_size;
};

/* ---- Answers ---------------------------------------------------------- */

static void put(struct session *session, uint8_t byte)
{
	session->out[session->out_size++] = byte;
}

/* ---- The chip --------------------------------------------------------- */

/* For instructions of the client itself, if the signature is in no table: the
   longest times, and memories that are not known. */
static const struct avr_chip unknown = {
	.name = "unknown",
	.no_poll = true,
	.flash_us = 15000,
	.eeprom_us = 15000,
	.erase_us = 15000,
	.fuse_us = 15000,
};

static const uint32_t signature_questions[3] = {
	0x30000000, 0x30000100, 0x30000200};

static int find_chip(struct isp *isp)
{
	uint8_t sign[3];
	int result = isp_instructions(isp, signature_questions, 3, sign);

	if (result < 0)
		return result;
	isp->chip = avr_chip_find(sign);
	run_tell(isp->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "chip"),
			TEXT_FIELD("name", isp->chip ? isp->chip->name : ""),
			END_FIELD},
		"signature %02x %02x %02x: %s", sign[0], sign[1], sign[2],
		isp->chip ? isp->chip->name
			  : "unknown, so that no page can be read or written");
	if (isp->chip == NULL)
		isp->chip = &unknown;
	return 0;
}

/* A failure of the chip is an answer to the client, and a line here; any other
   one ends the run. */
static int refuse(
	struct session *session, int result, enum stk500_answer answer)
{
	if (result != CLYDE_ERROR_NO_CHIP && result != CLYDE_ERROR_LIMIT_PASSED)
		return result;
	run_tell(session->isp->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "failure"),
			TEXT_FIELD("text", clyde_error_message()), END_FIELD},
		"%s", clyde_error_message());
	put(session, answer);
	return 0;
}

static int enter(struct session *session)
{
	int result = isp_enter(session->isp);

	if (result == 0) {
		session->entered = true;
		result = find_chip(session->isp);
	}
	if (result < 0)
		return refuse(session, result, STK500_NO_DEVICE);
	put(session, STK500_OK);
	return 0;
}

/* How long the chip may be busy behind an instruction; 0: not at all. */
static uint32_t busy_us(const struct avr_chip *chip, uint32_t instruction)
{
	switch (instruction >> 24) {
	case 0xac:
		if ((instruction >> 16 & 0xff) == 0x53)
			return 0;
		return instruction >> 16 & 0x20 ? chip->fuse_us
						: chip->erase_us;
	case 0x4c:
		return chip->flash_us;
	case 0xc0:
	case 0xc2:
		return chip->eeprom_us;
	default:
		return 0;
	}
}

/* The client waits by its own clock, which need not be the device's: the chip is
   waited for here. */
static int universal(struct session *session, const uint8_t *operands)
{
	struct isp *isp = session->isp;
	uint32_t instruction = (uint32_t)operands[0] << 24 | operands[1] << 16 |
		operands[2] << 8 | operands[3];
	uint32_t us = busy_us(isp->chip, instruction);
	uint8_t answer = operands[2]; /* what the chip echoes */
	int result;

	if (us)
		result = isp_change(isp, instruction, us);
	else
		result = isp_instruction(isp, instruction, &answer);
	if (result < 0)
		return refuse(session, result, STK500_FAILED);
	if (operands[0] == 0x4d)
		session->extended = operands[2];
	put(session, answer);
	put(session, STK500_OK);
	return 0;
}

/* ---- Pages ------------------------------------------------------------ */

struct page {
	struct avr_memory memory;
	uint32_t address, size;
};

/* Addresses count words, those of the EEPROM too.  False if the chip has no such
   page. */
static bool find_page(const struct session *session, const uint8_t *operands,
	struct page *page)
{
	bool eeprom = operands[2] == 'E';
	uint32_t word = session->address;

	if (!eeprom && operands[2] != 'F')
		return false;
	if (!eeprom)
		word |= (uint32_t)session->extended << 16;
	page->memory = eeprom ? isp_eeprom(session->isp->chip)
			      : isp_flash(session->isp->chip);
	page->address = 2 * word;
	page->size = operands[0] << 8 | operands[1];
	return page->size <= STK500_PAGE_MAX &&
		page->address <= page->memory.size &&
		page->size <= page->memory.size - page->address;
}

static int write_page(
	struct isp *isp, const struct page *page, const uint8_t *bytes)
{
	uint8_t *data = calloc(page->memory.size, 1);
	bool *used = calloc(page->memory.size, sizeof(*used));
	int result;

	if (data && used) {
		memcpy(data + page->address, bytes, page->size);
		memset(used + page->address, true, page->size);
		result = isp_write(isp, &page->memory, data, used);
	} else {
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	}
	free(data);
	free(used);
	return result;
}

static int program(struct session *session, const uint8_t *operands)
{
	struct page page;
	int result;

	if (!find_page(session, operands, &page)) {
		put(session, STK500_FAILED);
		return 0;
	}
	result = write_page(session->isp, &page, operands + 3);
	if (result < 0)
		return refuse(session, result, STK500_FAILED);
	session->written += page.size;
	put(session, STK500_OK);
	return 0;
}

static int read_page(struct session *session, const uint8_t *operands)
{
	struct page page;
	int result;

	if (!find_page(session, operands, &page)) {
		put(session, STK500_FAILED);
		return 0;
	}
	result = isp_read(session->isp, &page.memory, page.address,
		session->out + session->out_size, page.size);
	if (result < 0)
		return result;
	session->read += page.size;
	session->out_size += page.size;
	put(session, STK500_OK);
	return 0;
}

static int read_signature(struct session *session)
{
	int result = isp_instructions(session->isp, signature_questions, 3,
		session->out + session->out_size);

	if (result < 0)
		return result;
	session->out_size += 3;
	put(session, STK500_OK);
	return 0;
}

/* ---- Commands --------------------------------------------------------- */

static uint8_t parameter(uint8_t which)
{
	switch (which) {
	case HARDWARE_VERSION:
		return 2;
	case MAJOR:
		return 1;
	case MINOR:
		return 10;
	case TARGET:
		return 33; /* tenths of a volt: the applet does not measure */
	default:
		return 0;
	}
}

static void leave(struct session *session)
{
	if (session->entered && session->isp->spi)
		isp_leave(session->isp);
	session->entered = false;
}

/* Commands for a chip in programming mode. */
static int talk_to_chip(
	struct session *session, const struct stk500_command *command)
{
	int result;

	if (!session->entered) {
		put(session, STK500_FAILED);
		return 0;
	}
	switch (command->opcode) {
	case STK500_UNIVERSAL:
		return universal(session, command->operands);
	case STK500_PROGRAM:
		return program(session, command->operands);
	case STK500_READ:
		return read_page(session, command->operands);
	case STK500_SIGNATURE:
		return read_signature(session);
	case STK500_ERASE:
	default:
		result = isp_change(
			session->isp, ERASE, session->isp->chip->erase_us);
	}
	if (result < 0)
		return refuse(session, result, STK500_FAILED);
	put(session, STK500_OK);
	return 0;
}

static void sign_on(struct session *session)
{
	static const char name[] = "AVR STK";

	memcpy(session->out + session->out_size, name, sizeof(name) - 1);
	session->out_size += sizeof(name) - 1;
}

static int carry_out(
	struct session *session, const struct stk500_command *command)
{
	if (command->kind == STK500_GARBAGE) {
		put(session, STK500_NO_SYNC);
		return 0;
	}
	put(session, STK500_IN_SYNC);
	switch (command->opcode) {
	case STK500_ENTER:
		return enter(session);
	case STK500_UNIVERSAL:
	case STK500_PROGRAM:
	case STK500_READ:
	case STK500_SIGNATURE:
	case STK500_ERASE:
		return talk_to_chip(session, command);
	case STK500_LEAVE:
		leave(session);
		break;
	case STK500_ADDRESS:
		session->address =
			command->operands[0] | command->operands[1] << 8;
		break;
	case STK500_GET_PARAMETER:
		put(session, parameter(command->operands[0]));
		break;
	case STK500_SIGN_ON:
		sign_on(session);
		break;
	default: /* what says something about the chip: its table says it */
		break;
	}
	put(session, STK500_OK);
	return 0;
}

/* An answer is written before the next command is carried out, which may take
   long. */
static int answer(struct session *session)
{
	int result = server_answer(
		&session->server, session->out, session->out_size);

	session->out_size = 0;
	return result < 0 ? result : server_flush(&session->server);
}

/* Carry out all commands that are whole. */
static int take(void *user, const uint8_t *data, size_t size)
{
	struct session *session = user;
	struct stk500_command command;
	int result = 0;

	while (size > 0 && result == 0 && !server_has_gone(&session->server)) {
		size_t taken =
			stk500_take(&session->stk500, data, size, &command);

		data += taken;
		size -= taken;
		if (command.kind == STK500_MORE)
			break;
		result = carry_out(session, &command);
		if (result == 0)
			result = answer(session);
		if (result == 0)
			result = run_stopped(session->isp->run);
	}
	return result;
}

/* ---- Clients ---------------------------------------------------------- */

static int begin(void *user)
{
	struct session *session = user;

	session->address = session->extended = 0;
	session->written = session->read = 0;
	session->out_size = 0;
	stk500_init(&session->stk500);
	return 0;
}

/* No batch is on its way between two commands. */
static int idle(void *user, bool waited, int *ret_wait_ms)
{
	(void)user;
	(void)waited;
	*ret_wait_ms = SERVER_RECHECK_MS;
	return 0;
}

static int end(void *user)
{
	struct session *session = user;
	bool cut = session->stk500.got > 0;

	leave(session);
	run_tell(session->isp->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "client"),
			COUNT_FIELD("written", session->written),
			COUNT_FIELD("read", session->read),
			FLAG_FIELD("cut", cut), END_FIELD},
		"a client has left%s: %u B written, %u B read",
		cut ? " in the middle of a command, which was not carried out"
		    : "",
		session->written, session->read);
	return 0;
}

int serve_check(struct clyde_run *run)
{
	return server_check(run, "program-avr-spi", true);
}

int serve(struct isp *isp)
{
	static const struct server_protocol protocol = {begin, take, idle, end};
	struct session *session = calloc(1, sizeof(*session));
	int result;

	if (session == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	session->isp = isp;
	isp->chip = &unknown;
	session->server.ptys = session->server.queues = true;
	result = server_run(&session->server, isp->run, &protocol, session);
	leave(session);
	free(session);
	return result;
}
