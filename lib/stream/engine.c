/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Keeps a fixed number of transfers in flight on one endpoint, see engine.h.
 * Completions are handled in the order of submission.  The bytes of failed and
 * cancelled transfers are delivered as well.
 *
 *	in state   engine_  engine_   a transfer comes back          submit()
 *	           start()  stop()    cancelled, with:   failed (1)  fails
 *	                              all bytes  fewer
 *	IDLE       RUNNING  -         CANCELLED  CUT     FAILED      DISABLED
 *	RUNNING    -        IDLE      (1)        (1)     FAILED (2)  REFUSED
 *	REFUSED    -        DISABLED  (1)        (1)     FAILED (2)  -
 *	CANCELLED  RUNNING  -         -          CUT     FAILED      -
 *	CUT        RUNNING  -         -          -       -           -
 *	DISABLED   -        -         -          FAILED  FAILED      -
 *	FAILED     -        -         -          -       -           -
 *
 *	(1) A transfer that comes back cancelled, although engine_stop() was not
 *	    called, was cancelled by another program: it has failed.
 *	(2) The transfers behind it are cancelled.
 *
 * From any state, engine_disable() leads to DISABLED, engine_clear() to IDLE,
 * and a transfer that comes back twice to FAILED.  engine_drop() leads from
 * IDLE to CANCELLED.
 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/poll.h"
#include "lib/base/wait.h"

enum engine_state {
	/* Not started; or stopped, and no transfer has come back since. */
	ENGINE_IDLE,
	/* Transfers are submitted whenever there are free slots and memory. */
	ENGINE_RUNNING,
	/* The link has refused a transfer.  Those in flight go on. */
	ENGINE_REFUSED,
	/* Stopped between two transfers: no byte is missing. */
	ENGINE_CANCELLED,
	/* Stopped inside a transfer: its last bytes are missing. */
	ENGINE_CUT,
	/* The link has refused a transfer, and the others were cancelled; or
	   engine_disable() was called. */
	ENGINE_DISABLED,
	/* A transfer has failed: an unknown number of bytes is missing. */
	ENGINE_FAILED,
};

struct slot {
	struct engine *engine;
	struct transfer *transfer;
	uint32_t used;  /* bytes consumed, or filled */
	bool submitted; /* and has not come back since */
	bool complete;
};

/* What submit() returns besides errors. */
enum {
	SUBMITTED = 0,
	NO_MEMORY_NOW = 1, /* try again when a transfer has come back */
};

struct engine {
	struct kept kept;
	struct link *link;
	bool in;
	enum engine_state state;
	/* OUT: the open buffer takes no more bytes, and is submitted when a
	   transfer has come back.  It is not a state of the engine: an engine
	   in ENGINE_RUNNING has a deferred buffer or not, and engine_stop()
	   changes the state alone. */
	bool deferred;
	uint32_t size, depth, slots;
	uint64_t head, done, tail; /* numbers of transfers, see engine.h */
	uint32_t in_flight;
	int error;     /* what led to REFUSED, DISABLED or FAILED */
	uint64_t good; /* see engine_good() */
	uint8_t *arena;
	bool borrowed; /* the arena is the caller's */
	struct slot *slot;
	struct clyde_pipe_stats stats;
};

static struct slot *slot_at(struct engine *engine, uint64_t sequence)
{
	return &engine->slot[sequence % engine->slots];
}

void engine_lower(struct engine *engine, uint32_t depth)
{
	engine->depth = depth > 0 ? depth : 1;
}

/* Whether transfers that are in flight have not been cancelled by us. */
static bool is_flowing(const struct engine *engine)
{
	return engine->state == ENGINE_RUNNING ||
		engine->state == ENGINE_REFUSED;
}

/* Whether bytes are missing behind a transfer that has come back already. */
static bool has_gap(const struct engine *engine)
{
	return engine->state == ENGINE_CUT || engine->state == ENGINE_FAILED;
}

int engine_error(const struct engine *engine)
{
	switch (engine->state) {
	case ENGINE_IDLE:
	case ENGINE_RUNNING:
		return 0;
	case ENGINE_CANCELLED:
	case ENGINE_CUT:
		return CLYDE_ERROR_CANCELED;
	case ENGINE_REFUSED:
	case ENGINE_DISABLED:
	case ENGINE_FAILED:
		break;
	}
	return engine->error;
}

/* Whether a later completion, or a later read of the application, will try a
   refused submit again. */
static bool will_retry(const struct engine *engine)
{
	return engine->in_flight > 0 ||
		(engine->in && engine->head < engine->done);
}

/* SUBMITTED; NO_MEMORY_NOW if the system has memory for no more transfers than
   are in flight, which is the depth from now on; or an error, which is the
   engine's as well. */
static int submit(struct engine *engine, uint32_t size)
{
	struct slot *slot = slot_at(engine, engine->tail);
	int result;

	slot->complete = false;
	slot->transfer->size = size;
	result = engine->link->ops->submit(engine->link, slot->transfer);
	slot->submitted = result == 0;
	if (result == CLYDE_ERROR_NO_MEMORY && will_retry(engine)) {
		engine_lower(engine, engine->in_flight);
		LOG(engine->link, WARNING,
			"endpoint %#04x: no memory for more than %u transfers "
			"in flight; raise " USB_MEMORY_SETTING,
			slot->transfer->endpoint, engine->depth);
		return NO_MEMORY_NOW;
	}
	if (result < 0) {
		engine->state =
			is_flowing(engine) ? ENGINE_REFUSED : ENGINE_DISABLED;
		engine->error = result;
		return result;
	}
	engine->tail++;
	engine->in_flight++;
	LOG(engine->link, TRACE,
		"endpoint %#04x: %u bytes submitted, %u in flight",
		slot->transfer->endpoint, size, engine->in_flight);
	return SUBMITTED;
}

/* IN: submit as many reads as the depth allows and free slots are left for. */
static int submit_reads(struct engine *engine)
{
	int result = SUBMITTED;

	while (result == SUBMITTED && engine->state == ENGINE_RUNNING &&
		engine->in_flight < engine->depth &&
		engine->tail - engine->head < engine->slots)
		result = submit(engine, engine->size);
	return result < 0 ? result : 0;
}

/* OUT: submit the open buffer, or defer that until a transfer has come back. */
static int submit_or_defer(struct engine *engine)
{
	int result = NO_MEMORY_NOW;

	if (engine->in_flight < engine->depth)
		result = submit(engine, slot_at(engine, engine->tail)->used);
	engine->deferred = result == NO_MEMORY_NOW;
	return result < 0 ? result : 0;
}

/* OUT: a transfer has come back, and with it memory. */
static void submit_deferred(struct engine *engine)
{
	if (engine->deferred && engine->state == ENGINE_RUNNING)
		submit_or_defer(engine);
}

/* A transfer has failed, or was cancelled by us.  The first failure stays the
   engine's error.  A cancelled transfer may have moved all of its bytes
   already, and so may the next: then no byte is missing between them. */
static void note_failure(struct engine *engine, const struct transfer *transfer)
{
	bool refused = engine->state == ENGINE_REFUSED ||
		engine->state == ENGINE_DISABLED;
	bool partial = transfer->actual < transfer->size;

	if (has_gap(engine))
		return;
	if (transfer->status != CLYDE_ERROR_CANCELED) {
		if (!refused)
			engine->error = transfer->status;
		engine->state = ENGINE_FAILED;
	} else if (!refused) {
		engine->state = partial ? ENGINE_CUT : ENGINE_CANCELLED;
	} else if (partial) {
		engine->state = ENGINE_FAILED;
	}
}

/* Take completed transfers in the order of submission.  Links complete the
   transfers of an endpoint in order; if a transfer completes before an earlier
   one all the same, it is taken after that one. */
static void take_completed(struct engine *engine)
{
	uint64_t *end = engine->in ? &engine->done : &engine->head;
	bool flowing = is_flowing(engine);

	while (*end < engine->tail && slot_at(engine, *end)->complete) {
		struct slot *slot = slot_at(engine, *end);
		struct transfer *transfer = slot->transfer;

		slot->used = 0;
		++*end;
		/* How many bytes are missing before these is unknown. */
		if (engine->in && engine->state == ENGINE_FAILED)
			transfer->actual = 0;
		if (!has_gap(engine))
			engine->good += transfer->actual;
		if (transfer->status < 0)
			note_failure(engine, transfer);
	}
	/* On an endpoint that has halted, the other transfers would never come
	   back. */
	if (flowing && engine->state == ENGINE_FAILED)
		engine_stop(engine);
}

/* A link that returns a transfer which it does not have may have written into
   bytes that were delivered: no later byte can be relied upon. */
static void came_back_twice(struct engine *engine, struct transfer *transfer)
{
	bool flowing = is_flowing(engine);
	int error = engine_error(engine);

	LOG(engine->link, ERROR,
		"endpoint %#04x: a transfer came back that was not in flight",
		transfer->endpoint);
	transfer->actual = 0;
	if (error == 0 || error == CLYDE_ERROR_CANCELED)
		engine->error = CLYDE_ERROR_PROTOCOL;
	engine->state = ENGINE_FAILED;
	if (flowing)
		engine_stop(engine);
}

static void complete(struct transfer *transfer)
{
	struct slot *slot = transfer->user;
	struct engine *engine = slot->engine;
	struct clyde_pipe_stats *stats = &engine->stats;
	uint32_t ready;

	if (!slot->submitted) {
		came_back_twice(engine, transfer);
		return;
	}
	slot->submitted = false;
	slot->complete = true;
	/* We did not cancel this transfer, so another program did.  Report
	   CLYDE_ERROR_RESET: CLYDE_ERROR_CANCELED would be cleared by a resume,
	   and lose bytes silently. */
	if (transfer->status == CLYDE_ERROR_CANCELED && is_flowing(engine))
		transfer->status = CLYDE_ERROR_RESET;
	engine->in_flight--;
	stats->transfers++;
	stats->bytes += transfer->actual;
	link_progress(engine->link);
	LOG(engine->link, TRACE, "endpoint %#04x: %u of %u bytes done%s%s",
		transfer->endpoint, transfer->actual, transfer->size,
		transfer->status < 0 ? ", " : "",
		transfer->status < 0 ? error_text(transfer->status) : "");
	take_completed(engine);
	if (!engine->in) {
		submit_deferred(engine);
		return;
	}
	submit_reads(engine);
	ready = engine->done - engine->head;
	if (ready > stats->ready_max)
		stats->ready_max = ready;
	if (engine->in_flight == 0 && engine->state == ENGINE_RUNNING)
		stats->starvations++;
}

static int add_slots(struct engine *engine, uint8_t endpoint)
{
	struct link *link = engine->link;

	for (uint32_t i = 0; i < engine->slots; i++) {
		struct slot *slot = &engine->slot[i];
		struct transfer *transfer = link->ops->transfer_new(link);

		if (transfer == NULL)
			return CLYDE_ERROR_NO_MEMORY;
		transfer->endpoint = endpoint;
		transfer->data = engine->arena + (size_t)i * engine->size;
		transfer->complete = complete;
		transfer->user = slot;
		slot->engine = engine;
		slot->transfer = transfer;
	}
	return 0;
}

uint32_t engine_slots(uint8_t endpoint, uint32_t depth)
{
	return endpoint & USB_DIR_IN ? 2 * depth : depth;
}

int engine_new(struct link *link, uint8_t endpoint, uint32_t size,
	uint32_t depth, void *memory, struct engine **ret_engine)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	uint64_t arena_size;

	if (engine == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	engine->link = link;
	engine->in = endpoint & USB_DIR_IN;
	engine->size = size;
	engine->depth = depth;
	engine->slots = engine_slots(endpoint, depth);
	arena_size = (uint64_t)engine->slots * size;
	engine->stats.memory = sizeof(*engine) + arena_size +
		engine->slots * (sizeof(struct slot) + sizeof(struct transfer));
	engine->borrowed = memory;
	engine->arena = memory           ? memory
		: arena_size <= SIZE_MAX ? malloc(arena_size)
					 : NULL;
	engine->slot = calloc(engine->slots, sizeof(*engine->slot));
	if (engine->arena == NULL || engine->slot == NULL ||
		add_slots(engine, endpoint) < 0) {
		engine_free(engine);
		return CLYDE_ERROR_NO_MEMORY;
	}
	*ret_engine = engine;
	return 0;
}

void engine_free(struct engine *engine)
{
	if (engine == NULL)
		return;
	if (engine->in_flight > 0) {
		keep_for_transfers(&engine->kept);
		return;
	}
	for (uint32_t i = 0; engine->slot && i < engine->slots; i++)
		if (engine->slot[i].transfer)
			engine->link->ops->transfer_free(
				engine->link, engine->slot[i].transfer);
	free(engine->slot);
	if (!engine->borrowed)
		free(engine->arena);
	free(engine);
}

int engine_start(struct engine *engine)
{
	if (engine->state == ENGINE_IDLE || engine->state == ENGINE_CANCELLED ||
		engine->state == ENGINE_CUT)
		engine->state = ENGINE_RUNNING;
	return engine->in ? submit_reads(engine) : 0;
}

void engine_stop(struct engine *engine)
{
	uint64_t first = engine->in ? engine->done : engine->head;

	if (engine->state == ENGINE_RUNNING)
		engine->state = ENGINE_IDLE;
	else if (engine->state == ENGINE_REFUSED)
		engine->state = ENGINE_DISABLED;
	/* The last first: the bus goes on meanwhile, and a transfer that moved
	   bytes behind a cancelled one would leave a gap in the stream. */
	for (uint64_t i = engine->tail; i-- > first;)
		if (!slot_at(engine, i)->complete)
			engine->link->ops->cancel(
				engine->link, slot_at(engine, i)->transfer);
}

static bool any_in_flight(const void *engine)
{
	return engine_in_flight(engine) > 0;
}

int engine_drain(struct engine *engine)
{
	struct link *link = engine->link;

	engine_stop(engine);
	if (link_drain(link, any_in_flight, engine))
		return 0;
	engine_disable(engine, CLYDE_ERROR_IO);
	if (!engine->borrowed)
		return CLYDE_ERROR_IO;
	LOG(link, ERROR,
		"%u transfers did not come back; the device is given up",
		engine->in_flight);
	for (; link; link = link->inner)
		link->lost = true;
	return CLYDE_ERROR_IO;
}

uint32_t engine_in_flight(const struct engine *engine)
{
	return engine->in_flight;
}

void engine_disable(struct engine *engine, int error)
{
	engine->state = ENGINE_DISABLED;
	engine->error = error;
}

void engine_drop(struct engine *engine)
{
	if (!engine->in)
		slot_at(engine, engine->tail)->used = 0;
	engine->deferred = false;
	if (engine_error(engine) == 0)
		engine->state = ENGINE_CANCELLED;
}

void engine_clear(struct engine *engine)
{
	engine->head = engine->done = engine->tail = 0;
	engine->state = ENGINE_IDLE;
	engine->deferred = false;
	engine->good = 0;
	for (uint32_t i = 0; i < engine->slots; i++)
		engine->slot[i].used = 0;
}

size_t engine_next(struct engine *engine, uint8_t **ret_data)
{
	while (engine->head < engine->done) {
		struct slot *slot = slot_at(engine, engine->head);

		if (slot->used < slot->transfer->actual) {
			*ret_data =
				(uint8_t *)slot->transfer->data + slot->used;
			return slot->transfer->actual - slot->used;
		}
		/* A zero-length packet, or a read that was cancelled. */
		engine_consume(engine, 0);
	}
	return 0;
}

int engine_consume(struct engine *engine, size_t size)
{
	struct slot *slot = slot_at(engine, engine->head);

	/* `used` exceeds `actual` if came_back_twice() has dropped the
	   bytes. */
	if (engine->head == engine->done ||
		(size > 0 &&
			(slot->used > slot->transfer->actual ||
				size > slot->transfer->actual - slot->used)))
		return CLYDE_ERROR_INVALID;
	slot->used += size;
	if (slot->used < slot->transfer->actual)
		return 0;
	engine->head++;
	submit_reads(engine); /* a failure is engine_error() from now on */
	return 0;
}

size_t engine_room(struct engine *engine, uint8_t **ret_data)
{
	struct slot *slot = slot_at(engine, engine->tail);

	if (engine->tail - engine->head == engine->slots || engine->deferred ||
		engine->in_flight >= engine->depth)
		return 0;
	*ret_data = (uint8_t *)slot->transfer->data + slot->used;
	return engine->size - slot->used;
}

int engine_fill(struct engine *engine, size_t size)
{
	struct slot *slot = slot_at(engine, engine->tail);

	if (size > engine->size - slot->used)
		return CLYDE_ERROR_INVALID;
	slot->used += size;
	return slot->used == engine->size ? engine_push(engine) : 0;
}

int engine_push(struct engine *engine)
{
	struct slot *slot = slot_at(engine, engine->tail);

	if (engine_error(engine) < 0)
		return engine_error(engine);
	if (engine->tail - engine->head == engine->slots || slot->used == 0)
		return 0;
	return submit_or_defer(engine);
}

uint32_t engine_depth(const struct engine *engine)
{
	return engine->depth;
}

uint64_t engine_good(const struct engine *engine)
{
	return engine->good;
}

void engine_stats(
	const struct engine *engine, struct clyde_pipe_stats *ret_stats)
{
	*ret_stats = engine->stats;
	ret_stats->in_flight = engine->in_flight;
	ret_stats->depth = engine->depth;
	ret_stats->ready = engine->in ? engine->done - engine->head : 0;
}
