/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Ownership.  Every object of the library begins with a struct owner: a token,
 * a parent, children, and the number of calls that are inside the object.  A
 * close ends the waits of those calls, waits until they have left, and destroys
 * the children first; a second close of the same object returns when the first
 * has destroyed it.
 *
 * The pointer that the application holds is not the object's address but its
 * token: a call with the handle of a closed object finds no object, and fails.
 */
#ifndef LIB_OWNER_H
#define LIB_OWNER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "clyde.h"

/* The kind of an object, kept in the low bits of its token. */
enum owner_kind {
	OWNER_CONTEXT,
	OWNER_DEVICE,
	OWNER_PIPE,
	OWNER_RUN,
	OWNER_MONITOR,
};

struct turn;

/* Shared by a tree: one call at a time is inside it. */
struct tree {
	pthread_mutex_t lock;  /* checks for errors, see owner_enter() */
	pthread_cond_t turned; /* signalled when turns are over */
	atomic_uint waiting;   /* number of calls that wait for the lock */
	struct turn *turns;    /* calls that released it for the waiting ones */
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
	bool target; /* a close of this very object is under way */
	/* End the waits of calls inside the object; called on any thread. */
	void (*wake)(struct owner *owner);
	/* Tear the object down.  No call is inside, no child is left, and the
	   tree is locked, unless the object is its root.  The caller frees the
	   object's memory, whose first member is the owner, afterwards. */
	void (*destroy)(struct owner *owner);
};

/*
 * Give an object its token and its place.  parent NULL makes a root.
 * CLYDE_ERROR_CANCELED if the parent is being closed, CLYDE_ERROR_EXHAUSTED if
 * no token is left.
 */
int owner_init(struct owner *owner, enum owner_kind kind, struct owner *parent,
	struct tree *tree, void (*wake)(struct owner *owner),
	void (*destroy)(struct owner *owner));

/* For tests: so many more objects can be made; UINT64_MAX = as many as there
   are tokens. */
void owner_limit(clyde_token serials);

/* What the application gets for an object. */
void *owner_handle(const struct owner *owner);

/* The kind of object that a pointer, or a pointer to one, is a handle of. */
#define OWNER_KIND(handle) \
	_Generic((handle),                               \
		struct clyde_context *: OWNER_CONTEXT,   \
		struct clyde_context **: OWNER_CONTEXT,  \
		const struct clyde_context *: OWNER_CONTEXT, \
		struct clyde_device *: OWNER_DEVICE,     \
		struct clyde_device **: OWNER_DEVICE,    \
		const struct clyde_device *: OWNER_DEVICE, \
		struct clyde_pipe *: OWNER_PIPE,         \
		struct clyde_pipe **: OWNER_PIPE,        \
		const struct clyde_pipe *: OWNER_PIPE,   \
		struct clyde_monitor *: OWNER_MONITOR,   \
		struct clyde_monitor **: OWNER_MONITOR,  \
		const struct clyde_monitor *: OWNER_MONITOR, \
		struct clyde_run *: OWNER_RUN,           \
		struct clyde_run **: OWNER_RUN)

/*
 * Begin a call: `handle` points to the pointer that the application gave, and
 * is made to point to the object.  CLYDE_ERROR_CLOSED if it is closed,
 * CLYDE_ERROR_CANCELED if it is being closed, CLYDE_ERROR_WRONG_HANDLE if it is
 * not what its type says, CLYDE_ERROR_INSIDE in a log callback of the same
 * tree.  owner_leave() ends it.
 */
#define owner_enter(handle) owner_enter_kind((handle), OWNER_KIND(handle))
int owner_enter_kind(void *handle, enum owner_kind kind);
void owner_leave(struct owner *owner);

/* The same without the tree's lock: it only keeps the object from being
   destroyed until owner_unpin(). */
#define owner_pin(handle) owner_pin_kind((handle), OWNER_KIND(handle))
int owner_pin_kind(void *handle, enum owner_kind kind);
void owner_unpin(struct owner *owner);
/* owner_lock() fails, and locks nothing, with CLYDE_ERROR_INSIDE if this thread
   holds the lock. */
int owner_lock(struct owner *owner);
void owner_unlock(struct owner *owner);

/* Called by a call that waits: release the tree's lock while other calls want
   it.  True if any had it: they may have handled what this call waits for. */
bool owner_yield(struct owner *owner);

static inline bool owner_closing(const struct owner *owner)
{
	return atomic_load_explicit(&owner->closing, memory_order_acquire);
}

/* Close by handle; NULL and closed handles are fine.  A handle of another kind,
   and any handle in a callback, is not closed: clyde_error_message() says
   so. */
#define owner_close(handle) owner_close_kind((handle), OWNER_KIND(handle))
void owner_close_kind(const void *handle, enum owner_kind kind);

/* A handle's token; 0 for a handle of another kind. */
#define owner_token(handle) owner_token_kind((handle), OWNER_KIND(handle))
clyde_token owner_token_kind(const void *handle, enum owner_kind kind);

#endif
