/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Keeps a fixed number of transfers in flight: takes buffers from the pipe,
 * gives completed ones back in the order of submission, with every byte that
 * arrived, those of failed and cancelled transfers included.
 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/poll.h"
#include "lib/base/wait.h"

struct slot {
	struct engine *engine;
	struct transfer *transfer;
	uint32_t used;  /* bytes consumed, or filled */
	bool submitted; /* and has not come back since */
	bool complete;
};

struct engine {
	struct link *link;
	bool in;
	bool running;
	bool held; /* OUT: the open buffer leaves when memory is there */
	uint32_t size, depth, slots;
	uint64_t head, done, tail;
	uint32_t in_flight;
	int error;     /* the first failure; what came before it is good */
	bool failed;   /* it was a transfer's, and not that of a submit */
	uint64_t good; /* bytes up to there */
	uint8_t *arena;
	bool borrowed; /* the arena is somebody else's */
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

/* Something will come of this engine that makes it try again. */
static bool goes_on(const struct engine *engine)
{
	return engine->in_flight > 0 ||
		(engine->in && engine->head < engine->done);
}

/* 1 if it is on its way; 0 if the system has memory for no more than what is
   in flight now: then that is the depth from now on. */
static int submit(struct engine *engine, uint32_t size)
{
	struct slot *slot = slot_at(engine, engine->tail);
	int result;

	slot->complete = false;
	slot->transfer->size = size;
	result = engine->link->ops->submit(engine->link, slot->transfer);
	slot->submitted = result == 0;
	if (result == CLYDE_ERROR_NO_MEMORY && goes_on(engine)) {
		engine_lower(engine, engine->in_flight);
		LOG(engine->link, WARNING,
			"endpoint %#04x: no memory for more than %u transfers "
			"in flight; raise " USB_MEMORY_SETTING,
			slot->transfer->endpoint, engine->depth);
		return 0;
	}
	if (result < 0)
		return result;
	engine->tail++;
	engine->in_flight++;
	LOG(engine->link, TRACE,
		"endpoint %#04x: %u bytes submitted, %u in flight",
		slot->transfer->endpoint, size, engine->in_flight);
	return 1;
}

/* IN: as many reads as the depth allows and free slots are left for. */
static int arm(struct engine *engine)
{
	int result = 1;

	while (result > 0 && engine->running && engine->error == 0 &&
		engine->in_flight < engine->depth &&
		engine->tail - engine->head < engine->slots)
		result = submit(engine, engine->size);
	if (result < 0)
		engine->error = result;
	return result < 0 ? result : 0;
}

/* OUT: what is filled leaves, or is held until something came back. */
static int push(struct engine *engine)
{
	int result = 0;

	if (engine->in_flight < engine->depth)
		result = submit(engine, slot_at(engine, engine->tail)->used);
	engine->held = result == 0;
	if (result < 0)
		engine->error = result;
	return result < 0 ? result : 0;
}

/* OUT: memory came free. */
static void push_held(struct engine *engine)
{
	if (engine->held && engine->running && engine->error == 0)
		push(engine);
}

/* Whether the stream breaks off here.  A transfer may have moved all of its
   bytes by the time it is cancelled, and so may the next. */
static bool breaks_off(const struct transfer *transfer)
{
	return transfer->status < 0 &&
		(transfer->status != CLYDE_ERROR_CANCELED ||
			transfer->actual < transfer->size);
}

/* Behind a transfer that failed nobody knows what is missing. */
static bool lost(const struct engine *engine)
{
	return engine->failed && engine->error != CLYDE_ERROR_CANCELED;
}

/* One that was cancelled, and had moved all, hides no failure behind it. */
static bool no_error(const struct engine *engine)
{
	return engine->error == 0 ||
		(engine->error == CLYDE_ERROR_CANCELED && !engine->failed);
}

/* Completions come in order per endpoint; were one to overtake another, it
   would wait here. */
static void advance(struct engine *engine)
{
	uint64_t *end = engine->in ? &engine->done : &engine->head;

	while (*end < engine->tail && slot_at(engine, *end)->complete) {
		struct slot *slot = slot_at(engine, *end);
		int status = slot->transfer->status;

		slot->used = 0;
		++*end;
		if (engine->in && lost(engine))
			slot->transfer->actual = 0;
		if (!engine->failed)
			engine->good += slot->transfer->actual;
		if (status < 0 && no_error(engine))
			engine->error = status;
		engine->failed |= breaks_off(slot->transfer);
	}
	/* On an endpoint that has halted, the others would stay for ever. */
	if (engine->failed && engine->running)
		engine_stop(engine);
}

/* A link that gives a transfer back which it does not have may have written
   into bytes that were delivered: nothing that follows can be relied upon. */
static void came_back_twice(struct engine *engine, struct transfer *transfer)
{
	LOG(engine->link, ERROR,
		"endpoint %#04x: a transfer came back that was not in flight",
		transfer->endpoint);
	transfer->actual = 0;
	if (engine->error == 0 || engine->error == CLYDE_ERROR_CANCELED)
		engine->error = CLYDE_ERROR_PROTOCOL;
	engine->failed = true;
	if (engine->running)
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
	/* Nobody here did: a resume would pass over what it took along. */
	if (transfer->status == CLYDE_ERROR_CANCELED && engine->running)
		transfer->status = CLYDE_ERROR_RESET;
	engine->in_flight--;
	stats->transfers++;
	stats->bytes += transfer->actual;
	link_progress(engine->link);
	LOG(engine->link, TRACE, "endpoint %#04x: %u of %u bytes done%s%s",
		transfer->endpoint, transfer->actual, transfer->size,
		transfer->status < 0 ? ", " : "",
		transfer->status < 0 ? error_text(transfer->status) : "");
	advance(engine);
	if (!engine->in) {
		push_held(engine);
		return;
	}
	arm(engine);
	ready = engine->done - engine->head;
	if (ready > stats->ready_max)
		stats->ready_max = ready;
	if (engine->in_flight == 0 && engine->running && engine->error == 0)
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
	size_t arena_size;

	if (engine == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	engine->link = link;
	engine->in = endpoint & USB_DIR_IN;
	engine->size = size;
	engine->depth = depth;
	engine->slots = engine_slots(endpoint, depth);
	arena_size = (size_t)engine->slots * size;
	engine->stats.memory = sizeof(*engine) + arena_size +
		engine->slots * (sizeof(struct slot) + sizeof(struct transfer));
	engine->borrowed = memory;
	engine->arena = memory ? memory : malloc(arena_size);
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
	/* What has not come back is better lost than written to. */
	if (engine == NULL || engine->in_flight > 0)
		return;
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
	engine->running = true;
	if (engine->error == CLYDE_ERROR_CANCELED) {
		engine->error = 0;
		engine->failed = false;
	}
	return engine->in ? arm(engine) : 0;
}

void engine_stop(struct engine *engine)
{
	uint64_t first = engine->in ? engine->done : engine->head;

	engine->running = false;
	/* The last first: the bus goes on meanwhile, and what it took from
	   behind a transfer that has ended would leave a hole there. */
	for (uint64_t i = engine->tail; i-- > first;)
		if (!slot_at(engine, i)->complete)
			engine->link->ops->cancel(
				engine->link, slot_at(engine, i)->transfer);
}

static bool any_in_flight(const void *engine)
{
	return engine_in_flight(engine) > 0;
}

void engine_drain(struct engine *engine)
{
	struct link *link = engine->link;

	engine_stop(engine);
	if (link_drain(link, any_in_flight, engine) || !engine->borrowed)
		return;
	LOG(link, ERROR,
		"%u transfers did not come back; the device is given up",
		engine->in_flight);
	for (; link; link = link->inner)
		link->lost = true;
}

uint32_t engine_in_flight(const struct engine *engine)
{
	return engine->in_flight;
}

void engine_fail(struct engine *engine, int error)
{
	engine->running = false;
	engine->error = error;
}

void engine_drop(struct engine *engine)
{
	if (!engine->in)
		slot_at(engine, engine->tail)->used = 0;
	engine->held = false;
	if (engine->error == 0)
		engine->error = CLYDE_ERROR_CANCELED;
}

void engine_clear(struct engine *engine)
{
	engine->head = engine->done = engine->tail = 0;
	engine->error = 0;
	engine->failed = false;
	engine->held = false;
	engine->good = 0;
	for (uint32_t i = 0; i < engine->slots; i++)
		engine->slot[i].used = 0;
}

size_t engine_peek(struct engine *engine, uint8_t **ret_data)
{
	while (engine->head < engine->done) {
		struct slot *slot = slot_at(engine, engine->head);

		if (slot->used < slot->transfer->actual) {
			*ret_data =
				(uint8_t *)slot->transfer->data + slot->used;
			return slot->transfer->actual - slot->used;
		}
		/* A zero-length packet, or a cancelled read. */
		engine_consume(engine, 0);
	}
	return 0;
}

int engine_consume(struct engine *engine, size_t size)
{
	struct slot *slot = slot_at(engine, engine->head);

	if (engine->head == engine->done ||
		(size > 0 &&
			(slot->used > slot->transfer->actual ||
				size > slot->transfer->actual - slot->used)))
		return CLYDE_ERROR_INVALID;
	slot->used += size;
	if (slot->used < slot->transfer->actual)
		return 0;
	engine->head++;
	arm(engine); /* a failure is engine_error() from now on */
	return 0;
}

size_t engine_room(struct engine *engine, uint8_t **ret_data)
{
	struct slot *slot = slot_at(engine, engine->tail);

	if (engine->tail - engine->head == engine->slots || engine->held ||
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

	if (engine->error < 0)
		return engine->error;
	if (engine->tail - engine->head == engine->slots || slot->used == 0)
		return 0;
	return push(engine);
}

uint32_t engine_depth(const struct engine *engine)
{
	return engine->depth;
}

int engine_error(const struct engine *engine)
{
	return engine->error;
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
