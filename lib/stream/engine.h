/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Transfers in flight on one endpoint: a ring of slots, each a transfer and
 * its buffer, allocated once.
 *
 *	IN	head: the consumer reads   done: completed up to here   tail
 *		|-- ready, unread ---------|-- in flight ---------------|- free
 *
 *	OUT	head: oldest in flight                 tail: being filled
 *		|-- in flight --------------------------|- free ----------
 *
 * The engine has no thread: a call that waits on the link handles completions.
 */
#ifndef LIB_ENGINE_H
#define LIB_ENGINE_H

#include "lib/base/internal.h"

struct engine;

/* How many transfers it has memory for, so many in flight. */
uint32_t engine_slots(uint8_t endpoint, uint32_t depth);

/*
 * The link, the endpoint, transfers of `size` bytes, `depth` in flight; and
 * memory for engine_slots() of them, NULL for its own.
 */
int engine_new(struct link *link, uint8_t endpoint, uint32_t size,
	uint32_t depth, void *memory, struct engine **ret_engine);

/* Nothing may be in flight, unless the device is gone.  NULL is fine. */
void engine_free(struct engine *engine);

/* IN: let the reads flow.  OUT: let what is filled leave. */
int engine_start(struct engine *engine);

/* Ask for an end of what is in flight; it is over when engine_in_flight()
   is 0. */
void engine_stop(struct engine *engine);
uint32_t engine_in_flight(const struct engine *engine);

/* Stop, and wait until it is over: teardown, which nothing interrupts, and
   which takes no longer than the link needs. */
void engine_drain(struct engine *engine);

/* Nothing is in flight, and nothing can be: later calls get this error. */
void engine_fail(struct engine *engine, int error);

/* After a stop: drop the bytes that were not sent; later calls get
   CLYDE_ERROR_CANCELED. */
void engine_drop(struct engine *engine);

/* Forget all: what is unread, unsent, and the error. */
void engine_clear(struct engine *engine);

/* IN: the oldest unread bytes; 0 if there are none now. */
size_t engine_peek(struct engine *engine, uint8_t **ret_data);
/* Fails with CLYDE_ERROR_INVALID, and consumes nothing, if the slot that
   engine_peek() returned has fewer bytes. */
int engine_consume(struct engine *engine, size_t size);

/* OUT: the room in the open buffer; 0 if all are in flight. */
size_t engine_room(struct engine *engine, uint8_t **ret_data);
/* Fails with CLYDE_ERROR_INVALID, and fills nothing, if there is less room. */
int engine_fill(struct engine *engine, size_t size);
int engine_push(struct engine *engine);

/*
 * How many transfers are kept in flight at most.  It falls below what was
 * asked for when the system has no memory for so many.
 */
uint32_t engine_depth(const struct engine *engine);

/* Keep fewer in flight from now on, at least one. */
void engine_lower(struct engine *engine, uint32_t depth);

/* Why nothing more will come, or 0. */
int engine_error(const struct engine *engine);

/* Bytes that the link has moved since engine_clear(), up to an error. */
uint64_t engine_good(const struct engine *engine);

void engine_stats(
	const struct engine *engine, struct clyde_pipe_stats *ret_stats);

#endif
