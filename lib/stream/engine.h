/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Transfers in flight on one endpoint: a ring of slots, each a transfer and
 * its buffer, allocated once.  Used by pipes and by the FPGA's loading.
 *
 *	IN	head: the consumer reads   done: completed up to here   tail
 *		|-- ready, unread ---------|-- in flight ---------------|- free
 *
 *	OUT	head: oldest in flight                 tail: being filled
 *		|-- in flight --------------------------|- free ----------
 *
 * The engine has no thread and never waits, except in engine_drain(): a call
 * that waits on the link handles completions, of all engines of that link.
 *
 * A byte must never be delivered behind a byte that is missing.
 */
#ifndef LIB_ENGINE_H
#define LIB_ENGINE_H

#include "lib/base/internal.h"

struct engine;

/* How many transfers an engine of this depth has buffers for.  IN: twice the
   depth, so that a read that is complete is replaced before its bytes are
   consumed. */
uint32_t engine_slots(uint8_t endpoint, uint32_t depth);

/*
 * An engine with transfers of `size` bytes, at most `depth` of them in flight.
 * `memory` is for engine_slots() buffers and stays the caller's; NULL: the
 * engine allocates it.
 */
int engine_new(struct link *link, uint8_t endpoint, uint32_t size,
	uint32_t depth, void *memory, struct engine **ret_engine);

/* No transfer may be in flight.  If any is, because the link did not return it,
   the engine is kept, see keep_for_transfers().  NULL is fine. */
void engine_free(struct engine *engine);

/* Begin, or go on after a cancel.  IN: submits reads.  An engine that has
   failed stays so. */
int engine_start(struct engine *engine);

/* Cancel all transfers in flight.  They come back while the link waits, and
   have done so when engine_in_flight() is 0. */
void engine_stop(struct engine *engine);
uint32_t engine_in_flight(const struct engine *engine);

/* engine_stop(), and wait until all transfers are back.  No deadline and no
   interrupt ends this wait: a teardown needs it.  CLYDE_ERROR_IO if transfers
   did not come back: the engine is disabled, and neither engine_clear() nor
   engine_drop() may be called. */
int engine_drain(struct engine *engine);

/* Submit no transfer any more; later calls get this error. */
void engine_disable(struct engine *engine, int error);

/* After engine_drain(): drop the bytes that were not sent; later calls get
   CLYDE_ERROR_CANCELED. */
void engine_drop(struct engine *engine);

/* After engine_drain(): drop unread and unsent bytes, and forget the error. */
void engine_clear(struct engine *engine);

/* IN: the oldest unread bytes; 0 if there are none now.  Consumes transfers
   that brought no bytes, and so may submit more reads. */
size_t engine_next(struct engine *engine, uint8_t **ret_data);
/* Fails with CLYDE_ERROR_INVALID, and consumes nothing, if the slot that
   engine_next() returned has fewer bytes.  A slot that is consumed to its end
   is submitted again; if that fails, engine_error() says so. */
int engine_consume(struct engine *engine, size_t size);

/* OUT: the room in the open buffer; 0 if no more transfers may be in flight, or
   a transfer waits for memory. */
size_t engine_room(struct engine *engine, uint8_t **ret_data);
/* Fails with CLYDE_ERROR_INVALID, and fills nothing, if there is less room.  A
   full buffer is submitted. */
int engine_fill(struct engine *engine, size_t size);
/* Submit the open buffer, if it has bytes. */
int engine_push(struct engine *engine);

/*
 * How many transfers are kept in flight at most.  Falls below what engine_new()
 * was given when the system has no memory for so many.
 */
uint32_t engine_depth(const struct engine *engine);

/* Keep fewer transfers in flight from now on, at least one. */
void engine_lower(struct engine *engine, uint32_t depth);

/* The error after which no byte follows those that are unread (IN) or those
   that the link has moved (OUT); or 0. */
int engine_error(const struct engine *engine);

/* Bytes that the link has moved since engine_clear(), with no byte missing
   between them. */
uint64_t engine_good(const struct engine *engine);

void engine_stats(
	const struct engine *engine, struct clyde_pipe_stats *ret_stats);

#endif
