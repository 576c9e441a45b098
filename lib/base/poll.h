/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What an event loop watches of a device: one descriptor for the link's own
 * and for what other calls have handled since the loop last looked.
 */
#ifndef LIB_WATCH_H
#define LIB_WATCH_H

#include "lib/link/link.h"

struct watch;

/* CLYDE_ERROR_UNSUPPORTED if the link has no descriptor. */
int watch_new(struct link *link, struct watch **ret_watch);
void watch_free(struct watch *watch);

int watch_descriptor(const struct watch *watch);

/* Something was handled: who watches has to look. */
void watch_raise(struct watch *watch);

/* It is looking: whether anything had been raised. */
bool watch_clear(struct watch *watch);

/* A transfer has come back. */
static inline void link_progress(struct link *link)
{
	if (link->watch)
		watch_raise(link->watch);
}

#endif
