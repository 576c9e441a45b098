/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Carries out the batches that bitbang.c gathers, and answers their samples.
 * Batches are sent ahead: one is waited for when its samples are due, when too
 * many are on their way, or when the client sends nothing.
 *
 * OpenOCD sends what it has in pieces of BITBANG_SEND_SIZE characters.  After a
 * whole piece the rest follows at once, so it is waited for: each batch that is
 * answered costs a round trip.
 */
#include "session.h"

#include <stdlib.h>

#include "applets/shared/server.h"
#include "bitbang.h"

/* How long to wait for the rest of what OpenOCD sends. */
#define REST_MS 10

#define BATCHES 8 /* on their way, and the one that is gathered */

struct slot {
	struct bitbang_batch batch;
	uint8_t tdo[BITBANG_CLOCKS_MAX / 8];
	uint64_t ticket;
};

struct session {
	struct clyde_run *run;
	struct server server;
	struct jtag *jtag;
	/* Of the present client */
	struct bitbang bitbang;
	bool before; /* TDO of the last clock, if its batch was `high` */
	int64_t begin_ns;
	uint64_t clocks, samples;
	/* `count` from `first` on are on their way; the next is gathered. */
	unsigned first, count;
	struct slot slots[BATCHES];
};

static struct slot *gathered(struct session *session)
{
	return &session->slots[(session->first + session->count) % BATCHES];
}

/* ---- Batches -------------------------------------------------------------- */

static bool last_bit(const struct slot *slot)
{
	uint32_t last = slot->batch.clocks - 1;

	return slot->tdo[last / 8] >> last % 8 & 1;
}

/* The first that is on its way is done, and its samples are answered. */
static int collect(struct session *session)
{
	struct slot *slot = &session->slots[session->first];
	const struct bitbang_batch *batch = &slot->batch;
	uint8_t answers[BITBANG_SAMPLES_MAX];
	bool now = false;
	int result = 0;

	if (batch->clocks > 0)
		result = jtag_collect(session->jtag, slot->ticket);
	if (result == 0 && bitbang_asks_now(batch))
		result = jtag_read_tdo(session->jtag, &now);
	if (result < 0)
		return result;
	bitbang_answer(batch, slot->tdo, now, session->before, answers);
	if (batch->clocks > 0 && batch->high)
		session->before = last_bit(slot);
	session->first = (session->first + 1) % BATCHES;
	session->count--;
	return server_answer(&session->server, answers, batch->samples_count);
}

static int collect_all(struct session *session)
{
	int result = 0;

	while (result == 0 && session->count > 0)
		result = collect(session);
	return result;
}

static int submit_clocks(struct session *session, struct slot *slot)
{
	struct bitbang_batch *batch = &slot->batch;
	bool wanted = batch->samples_count > 0 || batch->high;

	session->clocks += batch->clocks;
	return jtag_submit(session->jtag, batch->clocks, batch->tms, batch->tdi,
		wanted ? slot->tdo : NULL, &slot->ticket);
}

/* Send what was gathered, and begin with an empty batch. */
static int submit(struct session *session)
{
	struct slot *slot = gathered(session);
	const struct bitbang_batch *batch = &slot->batch;
	int result = 0;

	if (bitbang_is_empty(batch))
		return 0;
	session->samples += batch->samples_count;
	if (batch->clocks > 0)
		result = submit_clocks(session, slot);
	session->count++;
	/* Levels are read, and resets changed, when all before is done. */
	if (result == 0 &&
		(bitbang_asks_now(batch) || session->count == BATCHES - 1))
		result = bitbang_asks_now(batch) ? collect_all(session)
						 : collect(session);
	if (result == 0 && batch->resets)
		result = jtag_set_resets(
			session->jtag, batch->trst, batch->srst);
	if (result == 0 && batch->delay_us > 0)
		result = jtag_delay(session->jtag, batch->delay_us);
	bitbang_clear(&gathered(session)->batch);
	return result;
}

/* ---- Clients -------------------------------------------------------------- */

static int begin(void *user)
{
	struct session *session = user;

	bitbang_init(&session->bitbang);
	session->before = false;
	session->first = session->count = 0;
	session->clocks = session->samples = 0;
	session->begin_ns = now_ns(run_device(session->run));
	bitbang_clear(&gathered(session)->batch);
	return 0;
}

static void dismiss(struct session *session, enum bitbang_result result)
{
	char unknown = session->bitbang.unknown;
	char text[2] = {unknown > ' ' && unknown < 0x7f ? unknown : '?'};

	server_dismiss(&session->server);
	if (result != BITBANG_UNKNOWN)
		return;
	run_tell(session->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "unknown"),
			COUNT_FIELD("character", (uint8_t)unknown), END_FIELD},
		"a client was sent away: '%s' (0x%02x) is no character of "
		"remote_bitbang",
		text, (uint8_t)unknown);
}

static int take(void *user, const uint8_t *data, size_t size)
{
	struct session *session = user;
	enum bitbang_result what;
	int result = 0;

	do {
		size_t taken = bitbang_take(&session->bitbang,
			&gathered(session)->batch, data, size, &what);

		data += taken;
		size -= taken;
		if (what != BITBANG_MORE)
			result = submit(session);
		if (result == 0)
			result = run_stopped(session->run);
	} while (result == 0 && what == BITBANG_FULL &&
		!server_has_gone(&session->server));
	if (result == 0 && (what == BITBANG_QUIT || what == BITBANG_UNKNOWN))
		dismiss(session, what);
	return result;
}

/* The client sends nothing now. */
static int idle(void *user, bool waited, int *ret_wait_ms)
{
	struct session *session = user;
	uint32_t gathered_size = session->bitbang.gathered;
	int result;

	if (gathered_size > 0 && gathered_size % BITBANG_SEND_SIZE == 0 &&
		!waited) {
		*ret_wait_ms = REST_MS;
		return 0;
	}
	result = submit(session);
	session->bitbang.gathered = 0;
	/* One batch after the other, since more to do may come meanwhile. */
	if (result == 0 && session->count > 0)
		result = collect(session);
	*ret_wait_ms = session->count > 0 ? 0 : -1;
	return result;
}

static int end(void *user)
{
	struct session *session = user;
	int result = submit(session);
	double time_s;

	if (result == 0)
		result = collect_all(session);
	if (result < 0)
		return result;
	time_s = (now_ns(run_device(session->run)) - session->begin_ns) / 1e9;
	run_tell(session->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "client"),
			COUNT_FIELD("clocks", session->clocks),
			COUNT_FIELD("samples", session->samples),
			REAL_FIELD("time_s", time_s), END_FIELD},
		"a client has left: %llu clocks, %llu samples, in %.3f s",
		(unsigned long long)session->clocks,
		(unsigned long long)session->samples, time_s);
	return 0;
}

int session_serve(struct clyde_run *run, struct jtag *jtag)
{
	static const struct server_protocol protocol = {begin, take, idle, end};
	struct session *session = calloc(1, sizeof(*session));
	int result;

	if (session == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	session->run = run;
	session->jtag = jtag;
	result = server_run(&session->server, run, &protocol, session);
	free(session);
	return result;
}
