/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Who owns whom.  Every object of the library is an owner: it has a token, a
 * parent and children, and counts the calls that are inside it.  Closing one
 * ends those calls, waits for them, and destroys children first.
 *
 * What the application holds as a pointer is not the object's address but its
 * token: a call with a handle that was closed finds nothing, and says so.
 */
#ifndef LIB_OWNER_H
#define LIB_OWNER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "clyde.h"

/* Shared by a tree: one call at a time is inside it. */
struct tree {
	pthread_mutex_t lock;
	atomic_uint waiting; /* calls that want the lock */
};

struct owner {
	clyde_token token;
	struct owner *parent;
	struct owner *child; /* newest first */
	struct owner *sibling;
	struct owner *hashed; /* next in the registry's bucket */
	struct tree *tree;
	unsigned users;
	atomic_bool closing;
	bool target; /* of a close that is under way */
	/* End the waits of calls that are inside; from any thread. */
	void (*wake)(struct owner *owner);
	/* Tear it down; no call is inside, no child is left, the tree is
	   locked (unless this is its root).  Its memory, of which the owner
	   is the first member, is freed after that. */
	void (*destroy)(struct owner *owner);
};

/*
 * Give an object its token and its place.  parent NULL makes a root.
 * CLYDE_ERROR_CANCELED if the parent is being closed.
 */
int owner_init(struct owner *owner, struct owner *parent, struct tree *tree,
	void (*wake)(struct owner *owner),
	void (*destroy)(struct owner *owner));

/* What the application gets for an object. */
void *owner_handle(const struct owner *owner);

/*
 * Begin a call: `handle` points to the pointer that the application gave, and
 * is made to point to the object.  CLYDE_ERROR_CLOSED if it is closed, CLYDE_ERROR_CANCELED if it
 * is being closed.  owner_leave() ends it.
 */
int owner_enter(void *handle);
void owner_leave(struct owner *owner);

/* The same without the tree's lock: the object lives, no more. */
int owner_pin(void *handle);
void owner_unpin(struct owner *owner);
void owner_lock(struct owner *owner);
void owner_unlock(struct owner *owner);

/* Inside a call that waits: let others have a turn.  True if they had one: what
   the call waits for may have come in it. */
bool owner_yield(struct owner *owner);

static inline bool owner_closing(const struct owner *owner)
{
	return atomic_load_explicit(&owner->closing, memory_order_acquire);
}

/* Close by handle; NULL and closed ones are fine. */
void owner_close(const void *handle);

#endif
