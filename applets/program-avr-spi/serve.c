/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The verb serve of program-avr-spi: to avrdude it is an STK500 of version 1,
 * over TCP, a UNIX socket or a pty, for one client after the other.  avr.c calls
 * it; stk500.c parses what clients send.
 *
 * Whatever a client sends, and whenever it leaves, the chip's reset is ended, and
 * a page of which only a part has come is not written.
 */
#include "avr.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/run/endpoint.h"
#include "stk500.h"

/* How often endpoint_look() is called if nothing happens, see endpoint_poll(). */
#define RECHECK_MS 250

/* A version up to 1.10 is not sent extended parameters. */
enum { HARDWARE_VERSION = 0x80, MAJOR = 0x81, MINOR = 0x82, TARGET = 0x84 };

#define ERASE 0xac800000

struct server {
	struct isp *isp;
	struct endpoint endpoint;
	/* Of the present client */
	bool connected;
	bool entered;     /* the chip is in programming mode */
	uint32_t address; /* of a word; */
	uint8_t extended; /* its third byte */
	uint32_t written, read;
	struct stk500 stk500;
	uint8_t in[4096];
	uint8_t out[1 + STK500_PAGE_MAX + 1]; /* an answer */
	size_t out_size;
};

/* ---- Endpoints -------------------------------------------------------- */

/* What follows "pty:"; "" for "pty"; NULL for another endpoint. */
static const char *pty_path(const char *where)
{
	if (strcmp(where, "pty") == 0)
		return "";
	return strncmp(where, "pty:", 4) == 0 && where[4] ? where + 4 : NULL;
}

int serve_check(struct clyde_run *run)
{
	const char *where = run_text(run, "endpoint");

	return pty_path(where) ? 0 : endpoint_check("program-avr-spi", where);
}

static int open_endpoint(struct server *server)
{
	const char *where = run_text(server->isp->run, "endpoint");
	const char *path = pty_path(where);

	if (path)
		return endpoint_open_pty(
			&server->endpoint, *path ? path : NULL);
	return endpoint_listen(&server->endpoint, where);
}

/* ---- Waiting ---------------------------------------------------------- */

/* No batch is on its way between two commands. */
static int core_idle(void *user)
{
	(void)user;
	return 1;
}

static int wait_for(struct server *server, bool input, bool output)
{
	struct endpoint *endpoint = &server->endpoint;
	struct pollfd fds[ENDPOINT_FDS];
	struct run_wait wait = {
		.fds = fds,
		.count = endpoint_poll(endpoint, input, output, fds),
		.timeout_ms = RECHECK_MS,
		.core_idle = core_idle,
	};
	int result = run_wait(server->isp->run, &wait);

	/* A client that has gone and left a full pty is not reported by a
	   read. */
	for (size_t i = 0; i < wait.count && result > 0 && output; i++)
		if (fds[i].revents & (POLLHUP | POLLERR))
			endpoint->ended = endpoint->hung_up = true;
	return result < 0 ? result : 0;
}

/* An answer to a client that has gone is dropped. */
static int flush(struct server *server)
{
	size_t at = 0;
	int result = 0;

	while (result == 0 && at < server->out_size &&
		!server->endpoint.hung_up) {
		ssize_t done = endpoint_write(&server->endpoint,
			server->out + at, server->out_size - at);

		if (done < 0)
			return done;
		at += done;
		if (done == 0 && !server->endpoint.hung_up)
			result = wait_for(server, false, true);
	}
	server->out_size = 0;
	return result;
}

static void put(struct server *server, uint8_t byte)
{
	server->out[server->out_size++] = byte;
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
static int refuse(struct server *server, int result, enum stk500_answer answer)
{
	if (result != CLYDE_ERROR_NO_CHIP && result != CLYDE_ERROR_LIMIT_PASSED)
		return result;
	run_tell(server->isp->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "failure"),
			TEXT_FIELD("text", clyde_error_message()), END_FIELD},
		"%s", clyde_error_message());
	put(server, answer);
	return 0;
}

static int enter(struct server *server)
{
	int result = isp_enter(server->isp);

	if (result == 0) {
		server->entered = true;
		result = find_chip(server->isp);
	}
	if (result < 0)
		return refuse(server, result, STK500_NO_DEVICE);
	put(server, STK500_OK);
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
static int universal(struct server *server, const uint8_t *operands)
{
	struct isp *isp = server->isp;
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
		return refuse(server, result, STK500_FAILED);
	if (operands[0] == 0x4d)
		server->extended = operands[2];
	put(server, answer);
	put(server, STK500_OK);
	return 0;
}

/* ---- Pages ------------------------------------------------------------ */

struct page {
	struct avr_memory memory;
	uint32_t address, size;
};

/* Addresses count words, those of the EEPROM too.  False if the chip has no such
   page. */
static bool find_page(
	const struct server *server, const uint8_t *operands, struct page *page)
{
	bool eeprom = operands[2] == 'E';
	uint32_t word = server->address;

	if (!eeprom && operands[2] != 'F')
		return false;
	if (!eeprom)
		word |= (uint32_t)server->extended << 16;
	page->memory = eeprom ? isp_eeprom(server->isp->chip)
			      : isp_flash(server->isp->chip);
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

static int program(struct server *server, const uint8_t *operands)
{
	struct page page;
	int result;

	if (!find_page(server, operands, &page)) {
		put(server, STK500_FAILED);
		return 0;
	}
	result = write_page(server->isp, &page, operands + 3);
	if (result < 0)
		return refuse(server, result, STK500_FAILED);
	server->written += page.size;
	put(server, STK500_OK);
	return 0;
}

static int read_page(struct server *server, const uint8_t *operands)
{
	struct page page;
	int result;

	if (!find_page(server, operands, &page)) {
		put(server, STK500_FAILED);
		return 0;
	}
	result = isp_read(server->isp, &page.memory, page.address,
		server->out + server->out_size, page.size);
	if (result < 0)
		return result;
	server->read += page.size;
	server->out_size += page.size;
	put(server, STK500_OK);
	return 0;
}

static int read_signature(struct server *server)
{
	int result = isp_instructions(server->isp, signature_questions, 3,
		server->out + server->out_size);

	if (result < 0)
		return result;
	server->out_size += 3;
	put(server, STK500_OK);
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

static void leave(struct server *server)
{
	if (server->entered && server->isp->spi)
		isp_leave(server->isp);
	server->entered = false;
}

/* Commands for a chip in programming mode. */
static int talk_to_chip(
	struct server *server, const struct stk500_command *command)
{
	int result;

	if (!server->entered) {
		put(server, STK500_FAILED);
		return 0;
	}
	switch (command->opcode) {
	case STK500_UNIVERSAL:
		return universal(server, command->operands);
	case STK500_PROGRAM:
		return program(server, command->operands);
	case STK500_READ:
		return read_page(server, command->operands);
	case STK500_SIGNATURE:
		return read_signature(server);
	case STK500_ERASE:
	default:
		result = isp_change(
			server->isp, ERASE, server->isp->chip->erase_us);
	}
	if (result < 0)
		return refuse(server, result, STK500_FAILED);
	put(server, STK500_OK);
	return 0;
}

static void sign_on(struct server *server)
{
	static const char name[] = "AVR STK";

	memcpy(server->out + server->out_size, name, sizeof(name) - 1);
	server->out_size += sizeof(name) - 1;
}

static int carry_out(
	struct server *server, const struct stk500_command *command)
{
	if (command->kind == STK500_GARBAGE) {
		put(server, STK500_NO_SYNC);
		return 0;
	}
	put(server, STK500_IN_SYNC);
	switch (command->opcode) {
	case STK500_ENTER:
		return enter(server);
	case STK500_UNIVERSAL:
	case STK500_PROGRAM:
	case STK500_READ:
	case STK500_SIGNATURE:
	case STK500_ERASE:
		return talk_to_chip(server, command);
	case STK500_LEAVE:
		leave(server);
		break;
	case STK500_ADDRESS:
		server->address =
			command->operands[0] | command->operands[1] << 8;
		break;
	case STK500_GET_PARAMETER:
		put(server, parameter(command->operands[0]));
		break;
	case STK500_SIGN_ON:
		sign_on(server);
		break;
	default: /* what says something about the chip: its table says it */
		break;
	}
	put(server, STK500_OK);
	return 0;
}

/* Carry out all commands that are whole. */
static int handle(struct server *server, const uint8_t *data, size_t size)
{
	struct stk500_command command;
	int result = 0;

	while (size > 0 && result == 0 && !server->endpoint.hung_up) {
		size_t taken =
			stk500_take(&server->stk500, data, size, &command);

		data += taken;
		size -= taken;
		if (command.kind == STK500_MORE)
			break;
		result = carry_out(server, &command);
		if (result == 0)
			result = flush(server);
		if (result == 0)
			result = run_stopped(server->isp->run);
	}
	return result;
}

/* ---- Clients ---------------------------------------------------------- */

static void begin(struct server *server)
{
	server->connected = true;
	server->address = server->extended = 0;
	server->written = server->read = 0;
	server->out_size = 0;
	stk500_init(&server->stk500);
	/* It fails if it is no TCP socket. */
	setsockopt(server->endpoint.in, IPPROTO_TCP, TCP_NODELAY, &(int){1},
		sizeof(int));
}

static void end(struct server *server)
{
	bool cut = server->stk500.got > 0;

	leave(server);
	server->connected = false;
	run_tell(server->isp->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "client"),
			COUNT_FIELD("written", server->written),
			COUNT_FIELD("read", server->read),
			FLAG_FIELD("cut", cut), END_FIELD},
		"a client has left%s: %u B written, %u B read",
		cut ? " in the middle of a command, which was not carried out"
		    : "",
		server->written, server->read);
	endpoint_disconnect(&server->endpoint);
}

/* Do what there is to do, or wait for it.  *ret_over: a client has left. */
static int turn(struct server *server, bool *ret_over)
{
	struct endpoint *endpoint = &server->endpoint;
	ssize_t size = 0;
	int result = endpoint_look(endpoint);

	if (result < 0)
		return result;
	if (endpoint->in >= 0 && !server->connected)
		begin(server);
	if (server->connected && !endpoint->ended)
		size = endpoint_read(endpoint, server->in, sizeof(server->in));
	if (size < 0)
		return size;
	if (size > 0)
		return handle(server, server->in, size);
	if (!endpoint->ended)
		return wait_for(server, true, false);
	end(server);
	*ret_over = true;
	return 0;
}

int serve(struct isp *isp)
{
	struct server *server = calloc(1, sizeof(*server));
	bool once = run_value(isp->run, "once"), over = false;
	int result;

	if (server == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	server->isp = isp;
	isp->chip = &unknown;
	endpoint_init(&server->endpoint, isp->run);
	result = open_endpoint(server);
	while (result == 0 && !(once && over)) {
		result = turn(server, &over);
		if (result == 0)
			result = run_stopped(isp->run);
	}
	leave(server);
	endpoint_close(&server->endpoint);
	free(server);
	return result;
}
