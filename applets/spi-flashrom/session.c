/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Serves the clients of the applet spi-flashrom, one after the other: reads their
 * bytes, has commands carried out by bus.c, and writes the answers.
 *
 * Whatever a client sends, and whenever it leaves, the chip is not left selected,
 * and a transfer of which only a part has come is not carried out.
 */
#include "flashrom.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* How often endpoint_look() is called if nothing happens, see endpoint_poll(), and
   how long a write enable command may be held back. */
#define RECHECK_MS 250

#define IN_SIZE  16384
#define OUT_SIZE 32768 /* at least a block of the bus, and an answer */

struct session {
	struct clyde_run *run;
	struct endpoint *endpoint;
	struct bus *bus;
	uint32_t rate_hz; /* of a client that sets none */
	/* Of the present client */
	bool connected;
	bool released; /* it has had the pins released */
	bool puzzled;  /* it has sent an unknown opcode */
	int64_t begin_ns;
	uint64_t transfers, sent, received; /* sent and received in B */
	struct serprog serprog;
	uint8_t in[IN_SIZE];
	uint8_t out[OUT_SIZE]; /* answers that are not written yet */
	size_t out_size;
};

/* ---- Waiting ---------------------------------------------------------- */

/* All batches are collected whenever the session waits for its client, or they
   are on USB, of which run_wait() knows. */
static int core_idle(void *user)
{
	(void)user;
	return 1;
}

/* A client that has gone and left a full pty is not reported by a read. */
static int wait_to_write(struct session *session)
{
	struct pollfd fds[ENDPOINT_FDS];
	struct run_wait wait = {
		.fds = fds,
		.count = endpoint_poll(session->endpoint, false, true, fds),
		.timeout_ms = -1,
		.core_idle = core_idle,
	};
	int result = run_wait(session->run, &wait);

	for (size_t i = 0; i < wait.count && result > 0; i++)
		if (fds[i].revents & (POLLHUP | POLLERR))
			session->endpoint->ended = session->endpoint->hung_up =
				true;
	return result < 0 ? result : 0;
}

static int wait_to_read(struct session *session)
{
	struct endpoint *endpoint = session->endpoint;
	struct pollfd fds[ENDPOINT_FDS + 1];
	size_t count = endpoint_poll(endpoint, true, false, fds);
	struct run_wait wait = {
		.fds = fds,
		.count = count + 1,
		.timeout_ms = RECHECK_MS,
		.core_idle = core_idle,
	};
	int result;

	/* The next client, to be refused. */
	fds[count] = (struct pollfd){
		endpoint->in >= 0 ? endpoint->listener : -1, POLLIN, 0};
	result = run_wait(session->run, &wait);
	return result == 0 ? bus_settle(session->bus)
			   : (result < 0 ? result : 0);
}

/* ---- Answers ---------------------------------------------------------- */

/* Answers to a client that has gone are dropped. */
static int flush(struct session *session)
{
	size_t at = 0;
	int result = 0;

	while (result == 0 && at < session->out_size &&
		!session->endpoint->hung_up) {
		ssize_t done = endpoint_write(session->endpoint,
			session->out + at, session->out_size - at);

		if (done < 0)
			return done;
		at += done;
		if (done == 0 && !session->endpoint->hung_up)
			result = wait_to_write(session);
	}
	session->out_size = 0;
	return result;
}

/* Answers are collected, so that one send() has all of a short one: flashrom reads
   the first byte by itself. */
static int answer(struct session *session, const void *data, size_t size)
{
	int result = 0;

	if (session->out_size + size > OUT_SIZE)
		result = flush(session);
	memcpy(session->out + session->out_size, data, size);
	session->out_size += size;
	return result;
}

static int acknowledge(struct session *session, bool good)
{
	const uint8_t byte = good ? SERPROG_ACK : SERPROG_NAK;

	return answer(session, &byte, 1);
}

/* ---- Commands --------------------------------------------------------- */

static int take_received(void *user, const uint8_t *data, size_t size)
{
	struct session *session = user;
	int result = answer(session, data, size);

	session->received += size;
	/* Blocks of a long read are written as they come. */
	if (result == 0 && size == BUS_BLOCK_SIZE)
		result = flush(session);
	return result < 0 ? result : session->endpoint->hung_up;
}

/* Pins that the client has had released stay so; others are driven when they are
   used first. */
static int drive(struct session *session, bool *ret_driven)
{
	*ret_driven = !session->released;
	return session->released ? 0 : bus_drive(session->bus);
}

static int transfer(
	struct session *session, const struct serprog_command *command)
{
	bool driven;
	int result = drive(session, &driven);

	if (result < 0)
		return result;
	if (!driven || session->bus->select == SERPROG_SELECT_OFF)
		return acknowledge(session, false);
	session->transfers++;
	session->sent += command->send_size;
	result = acknowledge(session, true);
	return result < 0
		? result
		: bus_transfer(session->bus, command, take_received, session);
}

static int set_rate(struct session *session, uint32_t rate_hz)
{
	uint32_t real_hz;
	int result = bus_set_rate(session->bus, rate_hz, &real_hz);
	const uint8_t data[] = {SERPROG_ACK, real_hz, real_hz >> 8,
		real_hz >> 16, real_hz >> 24};

	return result < 0 ? result : answer(session, data, sizeof(data));
}

static int set_pins(struct session *session, bool driven)
{
	int result =
		driven ? bus_drive(session->bus) : bus_release(session->bus);

	session->released = !driven;
	return result < 0 ? result : acknowledge(session, true);
}

static int set_chip(struct session *session, uint32_t chip)
{
	struct bus *bus = session->bus;
	bool good = chip < bus->chips;
	int result = 0;

	if (good && chip != bus->chip) {
		result = bus_set_select(bus, SERPROG_SELECT_AUTO);
		bus->chip = chip;
	}
	return result < 0 ? result : acknowledge(session, good);
}

static int set_select(struct session *session, enum serprog_select select)
{
	bool driven;
	int result = drive(session, &driven);

	if (result == 0 && driven)
		result = bus_set_select(session->bus, select);
	return result < 0 ? result : acknowledge(session, driven);
}

static int answer_itself(
	struct session *session, const struct serprog_command *command)
{
	if (command->unknown && !session->puzzled) {
		session->puzzled = true;
		run_tell(session->run, "events",
			(const struct clyde_field[]){
				TEXT_FIELD("event", "unknown"),
				COUNT_FIELD("opcode", command->opcode),
				END_FIELD},
			"the client sends 0x%02x, which is no command of "
			"serprog",
			command->opcode);
	}
	return answer(session, command->answer, command->answer_size);
}

static int carry_out(
	struct session *session, const struct serprog_command *command)
{
	switch (command->kind) {
	case SERPROG_MORE:
		return 0;
	case SERPROG_ANSWER:
		return answer_itself(session, command);
	case SERPROG_TRANSFER:
		return transfer(session, command);
	case SERPROG_RATE:
		return set_rate(session, command->value);
	case SERPROG_DRIVE:
		return set_pins(session, command->value);
	case SERPROG_CHIP:
		return set_chip(session, command->value);
	case SERPROG_DUPLEX:
		session->bus->duplex = command->value;
		return acknowledge(session, true);
	case SERPROG_SELECT:
		return set_select(session, command->value);
	}
	return 0;
}

/* Carry out all commands that are whole. */
static int handle(struct session *session, const uint8_t *data, size_t size)
{
	struct serprog_command command;
	int result;

	do {
		size_t taken =
			serprog_take(&session->serprog, data, size, &command);

		data += taken;
		size -= taken;
		result = carry_out(session, &command);
		if (result == 0)
			result = run_stopped(session->run);
	} while (result == 0 && command.kind != SERPROG_MORE &&
		!session->endpoint->hung_up);
	return result < 0 ? result : flush(session);
}

/* ---- Clients ---------------------------------------------------------- */

static int begin(struct session *session)
{
	uint32_t real_hz;

	session->connected = true;
	session->released = session->puzzled = false;
	session->transfers = session->sent = session->received = 0;
	session->out_size = 0;
	session->begin_ns = now_ns(run_device(session->run));
	serprog_init(&session->serprog);
	/* An answer to a command must not wait for the acknowledgement of the
	   one before.  It fails if it is no TCP socket. */
	setsockopt(session->endpoint->in, IPPROTO_TCP, TCP_NODELAY, &(int){1},
		sizeof(int));
	return bus_set_rate(session->bus, session->rate_hz, &real_hz);
}

static void tell_client(const struct session *session)
{
	double time_s =
		(now_ns(run_device(session->run)) - session->begin_ns) / 1e9;

	if (session->serprog.inside)
		run_tell(session->run, "events",
			(const struct clyde_field[]){TEXT_FIELD("event", "cut"),
				COUNT_FIELD("opcode", session->serprog.opcode),
				END_FIELD},
			"the client has left in the middle of a command, which "
			"was not carried out");
	run_tell(session->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "client"),
			COUNT_FIELD("transfers", session->transfers),
			COUNT_FIELD("sent", session->sent),
			COUNT_FIELD("received", session->received),
			REAL_FIELD("time_s", time_s), END_FIELD},
		"a client has left: %llu transfers, %llu B sent, %llu B "
		"received, in %.3f s",
		(unsigned long long)session->transfers,
		(unsigned long long)session->sent,
		(unsigned long long)session->received, time_s);
}

static int end(struct session *session)
{
	struct bus *bus = session->bus;
	int result = bus_set_select(bus, SERPROG_SELECT_AUTO);

	bus->duplex = false;
	bus->chip = 0;
	session->connected = false;
	if (result == 0)
		tell_client(session);
	endpoint_disconnect(session->endpoint);
	return result;
}

static void refuse_others(struct session *session)
{
	while (endpoint_refuse(session->endpoint))
		run_tell(session->run, "events",
			(const struct clyde_field[]){
				TEXT_FIELD("event", "refused"), END_FIELD},
			"another client was refused: one is connected already");
}

/* Do what there is to do, or wait for it.  *ret_over: with --once, the client has
   left. */
static int turn(struct session *session, bool once, bool *ret_over)
{
	struct endpoint *endpoint = session->endpoint;
	ssize_t size = 0;
	int result = endpoint_look(endpoint);

	if (result == 0 && endpoint->in >= 0 && !session->connected)
		result = begin(session);
	if (result < 0)
		return result;
	if (session->connected && !endpoint->ended)
		size = endpoint_read(endpoint, session->in, IN_SIZE);
	if (size < 0)
		return size;
	refuse_others(session);
	if (size > 0)
		return handle(session, session->in, size);
	if (!endpoint->ended)
		return wait_to_read(session);
	*ret_over = once;
	return end(session);
}

int session_run(struct clyde_run *run, struct endpoint *endpoint,
	struct bus *bus, uint32_t rate_hz)
{
	struct session *session = calloc(1, sizeof(*session));
	bool once = run_value(run, "once"), over = false;
	int result = 0;

	if (session == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	session->run = run;
	session->endpoint = endpoint;
	session->bus = bus;
	session->rate_hz = rate_hz;
	while (result == 0 && !over) {
		result = turn(session, once, &over);
		if (result == 0)
			result = run_stopped(run);
	}
	free(session);
	return result;
}
