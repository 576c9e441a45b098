/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The descriptor of a device that an event loop polls.  It is readable while
 * the link has completions to handle, and after any call has handled one, until
 * clyde_device_process().  The calls of clyde.h for it are in poll.c.  The
 * engine reports each completed transfer by link_progress(), management each
 * alert.
 *
 * After a completion has been handled, the descriptor must never be unreadable
 * before clyde_device_process() was called: the event loop would sleep although
 * bytes are there.
 */
#ifndef LIB_POLL_H
#define LIB_POLL_H

#include "lib/link/link.h"

struct poll;

/* Fails with the link's error, CLYDE_ERROR_UNSUPPORTED if it has no
   descriptor. */
int poll_new(struct link *link, struct poll **ret_poll);
void poll_free(struct poll *poll);

int poll_descriptor(const struct poll *poll);

/* A completion was handled: make the descriptor readable. */
void poll_raise(struct poll *poll);

/* Called by clyde_device_process(): undo poll_raise(); true if it was called
   since the last poll_clear(). */
bool poll_clear(struct poll *poll);

/* Called when a transfer of a pipe has come back, and when an alert has
   arrived. */
static inline void link_progress(struct link *link)
{
	if (link->poll)
		poll_raise(link->poll);
}

#endif
