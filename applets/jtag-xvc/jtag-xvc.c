/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The applet jtag-xvc: its table, its claims, and its run, which carries out what
 * xvc.c parses.  The library calls claim() and run() by applet_jtag_xvc.
 *
 * A shift of which only a part has come is not carried out.
 */
#include "xvc.h"

#include <stdlib.h>
#include <string.h>

#include "applets/shared/jtag.h"
#include "applets/shared/server.h"

static const struct clyde_parameter parameters[] = {
	SERVER_ENDPOINT("tcp::2542"),
	JTAG_PINS,
	JTAG_FREQUENCY(NULL,
		"Of TCK, whatever clients ask for; without, theirs, and "
		"1 MHz until they do"),
	JTAG_DELAY,
	SERVER_ONCE,
	{0},
};

#define RATE_DEFAULT 1000000

struct session {
	struct clyde_run *run;
	struct server server;
	struct jtag *jtag;
	uint32_t fixed_hz; /* 0: clients choose */
	uint32_t rate_hz;
	/* Of the present client */
	int64_t begin_ns;
	uint64_t shifts, bits;
	struct xvc xvc;
	uint8_t tdo[XVC_BITS_MAX / 8];
};

/* ---- Commands ------------------------------------------------------------- */

static int set_rate(struct session *session, uint32_t period_ns)
{
	uint32_t rate = session->fixed_hz, period;
	uint8_t answer[4];
	int result;

	if (rate == 0)
		rate = xvc_rate(period_ns, JTAG_RATE_MIN, JTAG_RATE_MAX);
	result = jtag_set_rate(session->jtag, rate, &session->rate_hz);
	period = xvc_period(session->rate_hz);
	for (unsigned i = 0; i < sizeof(answer); i++)
		answer[i] = period >> 8 * i;
	return result < 0
		? result
		: server_answer(&session->server, answer, sizeof(answer));
}

static int shift(struct session *session, const struct xvc_command *command)
{
	int result;

	session->shifts++;
	session->bits += command->number;
	if (command->number == 0)
		return 0;
	result = jtag_shift(session->jtag, command->number, command->tms,
		command->tdi, session->tdo);
	return result < 0 ? result
			  : server_answer(&session->server, session->tdo,
				    (command->number + 7) / 8);
}

/* The beginning of a command that is none, as a text. */
static void name_opcode(const struct xvc *xvc, char text[XVC_OPCODE_MAX + 1])
{
	for (unsigned i = 0; i < xvc->opcode_size; i++) {
		uint8_t one = xvc->opcode[i];

		text[i] = one > ' ' && one < 0x7f ? one : '?';
	}
	text[xvc->opcode_size] = '\0';
}

static void dismiss(struct session *session, const struct xvc_command *command)
{
	char opcode[XVC_OPCODE_MAX + 1];

	server_dismiss(&session->server);
	name_opcode(&session->xvc, opcode);
	if (command->kind == XVC_TOO_LONG)
		run_tell(session->run, "events",
			(const struct clyde_field[]){
				TEXT_FIELD("event", "too-long"),
				COUNT_FIELD("bits", command->number),
				END_FIELD},
			"a client was sent away: it shifts %u bits at once, "
			"and "
			"%u are possible",
			command->number, XVC_BITS_MAX);
	else
		run_tell(session->run, "events",
			(const struct clyde_field[]){
				TEXT_FIELD("event", "unknown"),
				TEXT_FIELD("opcode", opcode), END_FIELD},
			"a client was sent away: '%s' begins no command of the "
			"Xilinx Virtual Cable protocol 1.0",
			opcode);
}

static int carry_out(struct session *session, const struct xvc_command *command)
{
	switch (command->kind) {
	case XVC_MORE:
		return 0;
	case XVC_GETINFO:
		return server_answer(
			&session->server, XVC_INFO, strlen(XVC_INFO));
	case XVC_SETTCK:
		return set_rate(session, command->number);
	case XVC_SHIFT:
		return shift(session, command);
	case XVC_UNKNOWN:
	case XVC_TOO_LONG:
		dismiss(session, command);
	}
	return 0;
}

/* ---- Clients -------------------------------------------------------------- */

static int begin(void *user)
{
	struct session *session = user;

	xvc_init(&session->xvc);
	session->shifts = session->bits = 0;
	session->begin_ns = now_ns(run_device(session->run));
	return jtag_set_rate(session->jtag,
		session->fixed_hz ? session->fixed_hz : RATE_DEFAULT,
		&session->rate_hz);
}

static int take(void *user, const uint8_t *data, size_t size)
{
	struct session *session = user;
	struct xvc_command command;
	int result;

	do {
		size_t taken = xvc_take(&session->xvc, data, size, &command);

		data += taken;
		size -= taken;
		result = carry_out(session, &command);
		if (result == 0)
			result = run_stopped(session->run);
	} while (result == 0 && command.kind != XVC_MORE &&
		!server_has_gone(&session->server));
	return result;
}

static int idle(void *user, bool waited, int *ret_wait_ms)
{
	(void)user;
	(void)waited;
	*ret_wait_ms = -1;
	return 0;
}

static int end(void *user)
{
	struct session *session = user;
	double time_s =
		(now_ns(run_device(session->run)) - session->begin_ns) / 1e9;

	if (xvc_is_inside(&session->xvc))
		run_tell(session->run, "events",
			(const struct clyde_field[]){
				TEXT_FIELD("event", "cut"), END_FIELD},
			"the client has left in the middle of a command, which "
			"was not carried out");
	run_tell(session->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "client"),
			COUNT_FIELD("shifts", session->shifts),
			COUNT_FIELD("bits", session->bits),
			COUNT_FIELD("rate_hz", session->rate_hz),
			REAL_FIELD("time_s", time_s), END_FIELD},
		"a client has left: %llu shifts, %llu bits, in %.3f s, at "
		"%.6g MHz",
		(unsigned long long)session->shifts,
		(unsigned long long)session->bits, time_s,
		session->rate_hz / 1e6);
	return 0;
}

/* ---- The run -------------------------------------------------------------- */

static int claim(struct clyde_run *run)
{
	int result = server_check(run, "jtag-xvc", false);

	return result < 0 ? result : jtag_claim(run, "jtag-xvc");
}

/* A delay that was found at a rate is right at lower ones, too. */
static uint32_t first_rate(struct clyde_run *run, const struct session *session)
{
	if (session->fixed_hz)
		return session->fixed_hz;
	return jtag_finds_delay(run) ? JTAG_RATE_MAX : RATE_DEFAULT;
}

static int run(struct clyde_run *run)
{
	static const struct server_protocol protocol = {begin, take, idle, end};
	struct session *session = calloc(1, sizeof(*session));
	int result;

	if (session == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	session->run = run;
	if (run_given(run, "frequency"))
		session->fixed_hz = run_value(run, "frequency");
	result = jtag_open(run, first_rate(run, session), &session->jtag);
	if (result == 0)
		result = server_run(&session->server, run, &protocol, session);
	jtag_close(session->jtag);
	free(session);
	return result;
}

const struct applet applet_jtag_xvc = {
	.table =
		{
			.name = "jtag-xvc",
			.help = "Let Vivado or openFPGALoader use JTAG, by the "
				"Xilinx Virtual Cable protocol",
			.parameters = parameters,
		},
	.claim = claim,
	.run = run,
};
