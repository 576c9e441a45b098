/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Waiting on a link: the one loop "stopped? deadline passed? handle
 * completions", and the one loop that waits for cancelled transfers.  Used by
 * every call of clyde.h that waits for its device: lib/stream, lib/device,
 * lib/run/wait.c, lib/base/poll.c.
 *
 *	struct wait wait = wait_begin(device, timeout_ms);
 *
 *	while (result >= 0 && !condition)
 *		result = wait_more(&wait);
 *
 * Callers that check more between wait_check() and wait_look(), such as a
 * failed transfer, call these two instead of wait_more().
 *
 * A wait for bytes or for a reply must always end at its deadline, at an
 * interrupt and at a close.  A drain must end at none of them: the caller frees
 * the transfers next.
 */
#ifndef LIB_WAIT_H
#define LIB_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "clyde.h"

struct link;
struct object;

/* The moment of the link's clock that is timeout_ms from now; LINK_FOREVER if
   that is negative. */
uint64_t deadline_in(struct link *link, int timeout_ms);

/* Whether the calls inside an object must end: CLYDE_ERROR_CANCELED if the
   object is being closed, else CLYDE_ERROR_INTERRUPTED if `interrupted`, with
   their messages; or 0.  Read the interrupt flag before the call: a close marks
   the object first and raises the flag after that, and is not an interrupt. */
int object_stopped(const struct object *object, bool interrupted);

/* The same for the calls inside a device; 0 while it is uninterruptible. */
int device_stopped(struct clyde_device *device);

/* While this is set, neither an interrupt nor a close ends a wait of the
   device. */
void set_uninterruptible(struct clyde_device *device, bool uninterruptible);

/* A wait under way, of one call. */
struct wait {
	struct clyde_device *device;
	uint64_t deadline;
	/* The link has handled completions at least once since the wait began:
	   a deadline that has passed already still allows one look. */
	bool looked;
	/* Other calls that wait for the tree's lock get it after each look. */
	bool yields;
};

struct wait wait_begin(struct clyde_device *device, int timeout_ms);

/* Whether the deadline has passed. */
bool wait_over(const struct wait *wait);

/* Whether the wait may go on: CLYDE_ERROR_CANCELED or CLYDE_ERROR_INTERRUPTED
   when stopped, with the message; CLYDE_ERROR_TIMEOUT at the deadline, whose
   message is the caller's; or 0. */
int wait_check(const struct wait *wait);

/* Whether an error is that of a stop, which has its message already. */
static inline bool wait_stopped(int result)
{
	return result == CLYDE_ERROR_CANCELED ||
		result == CLYDE_ERROR_INTERRUPTED;
}

/* Let the link handle completions: how many it handled, or its error, whose
   message is the caller's.  The caller must check its condition again after a
   result of 0 as well. */
int wait_look(struct wait *wait);

/* wait_check(), then wait_look(). */
int wait_more(struct wait *wait);

/* Let time pass up to the deadline, whatever is completed meanwhile: 0 at the
   deadline, or an error of wait_more() other than CLYDE_ERROR_TIMEOUT. */
int wait_out(struct wait *wait);

/*
 * Wait until in_flight(user) is false, after the transfers were cancelled:
 * false if transfers did not come back.  Their memory must not be freed then.
 */
bool link_drain(struct link *link, bool (*in_flight)(const void *user),
	const void *user);

/* A member of memory that transfers use. */
struct kept {
	SLIST_ENTRY(kept) next;
};

/* Keep the memory until the process ends, since transfers that did not come back
   may still use it.  It stays reachable, so that leak checkers do not report
   it. */
void keep_for_transfers(struct kept *kept);

#endif
