/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Serves the clients of the applet spi-flashrom: has the commands that serprog.c
 * parses carried out by bus.c, and answers them.
 *
 * Whatever a client sends, and whenever it leaves, the chip is not left selected,
 * and a transfer of which only a part has come is not carried out.
 */
#include <stdlib.h>

#include "applets/shared/server.h"
#include "flashrom.h"

struct session {
	struct clyde_run *run;
	struct server server;
	struct bus *bus;
	uint32_t rate_hz; /* of a client that sets none */
	/* Of the present client */
	bool released; /* it has had the pins released */
	bool puzzled;  /* it has sent an unknown opcode */
	int64_t begin_ns;
	uint64_t transfers, sent, received; /* sent and received in B */
	struct serprog serprog;
};

/* ---- Commands --------------------------------------------------------- */

static int acknowledge(struct session *session, bool good)
{
	const uint8_t byte = good ? SERPROG_ACK : SERPROG_NAK;

	return server_answer(&session->server, &byte, 1);
}

static int take_received(void *user, const uint8_t *data, size_t size)
{
	struct session *session = user;
	int result = server_answer(&session->server, data, size);

	session->received += size;
	/* Blocks of a long read are written as they come. */
	if (result == 0 && size == BUS_BLOCK_SIZE)
		result = server_flush(&session->server);
	return result < 0 ? result : server_has_gone(&session->server);
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

	return result < 0 ? result
			  : server_answer(&session->server, data, sizeof(data));
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
	return server_answer(
		&session->server, command->answer, command->answer_size);
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
static int take(void *user, const uint8_t *data, size_t size)
{
	struct session *session = user;
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
		!server_has_gone(&session->server));
	return result;
}

/* ---- Clients ---------------------------------------------------------- */

static int begin(void *user)
{
	struct session *session = user;
	uint32_t real_hz;

	session->released = session->puzzled = false;
	session->transfers = session->sent = session->received = 0;
	session->begin_ns = now_ns(run_device(session->run));
	serprog_init(&session->serprog);
	return bus_set_rate(session->bus, session->rate_hz, &real_hz);
}

/* A write enable command is held back until the next command, or so long. */
static int idle(void *user, bool waited, int *ret_wait_ms)
{
	const struct session *session = user;

	*ret_wait_ms = SERVER_RECHECK_MS;
	return waited ? bus_settle(session->bus) : 0;
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

static int end(void *user)
{
	struct session *session = user;
	struct bus *bus = session->bus;
	int result = bus_set_select(bus, SERPROG_SELECT_AUTO);

	bus->duplex = false;
	bus->chip = 0;
	if (result == 0)
		tell_client(session);
	return result;
}

int session_run(struct clyde_run *run, struct bus *bus, uint32_t rate_hz)
{
	static const struct server_protocol protocol = {begin, take, idle, end};
	struct session *session = calloc(1, sizeof(*session));
	int result;

	if (session == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	session->run = run;
	session->bus = bus;
	session->rate_hz = rate_hz;
	session->server.ptys = true;
	result = server_run(&session->server, run, &protocol, session);
	free(session);
	return result;
}
