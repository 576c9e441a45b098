/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The descriptor of a device that an event loop polls.  It is readable while
 * the link has completions to handle, and after any call has handled one, until
 * clyde_device_process().  The calls of clyde.h for it are in poll.c; the
 * engine and management report completions by link_progress().
 *
 * An event loop must never sleep while a completion is there that it has not
 * seen.
 */
#ifndef LIB_POLL_H
#define LIB_POLL_H

#include "lib/link/link.h"

struct poll;

/* CLYDE_ERROR_UNSUPPORTED if the link has no descriptor. */
int poll_new(struct link *link, struct poll **ret_poll);
void poll_free(struct poll *poll);

int poll_descriptor(const struct poll *poll);

/* A completion was handled: make the descriptor readable. */
void poll_raise(struct poll *poll);

/* The event loop is looking: take poll_raise() back; true if there was one. */
bool poll_clear(struct poll *poll);

/* A transfer has come back, or an alert has come. */
static inline void link_progress(struct link *link)
{
	if (link->poll)
		poll_raise(link->poll);
}

#endif
