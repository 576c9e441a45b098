/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Objects and their handles.  Every object of the library begins with a struct
 * object: a token, a parent, children, and the number of calls inside it.  A
 * close ends the waits of those calls, waits until they have left, and destroys
 * the children first; a second close of the same object returns when the first
 * has destroyed it.
 *
 * The pointer that the application holds is not the object's address but its
 * token: a call with the handle of a closed object finds no object, and fails.
 */
#ifndef LIB_HANDLE_H
#define LIB_HANDLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "clyde.h"

/* The kind of an object, kept in the low bits of its token. */
enum object_kind {
	OBJECT_CONTEXT,
	OBJECT_DEVICE,
	OBJECT_PIPE,
	OBJECT_RUN,
	OBJECT_MONITOR,
};

struct turn;

/* Shared by a tree: one call at a time is inside it. */
struct tree {
	pthread_mutex_t lock;  /* checks for errors, see object_enter() */
	pthread_cond_t turned; /* signalled when turns are over */
	atomic_uint waiting;   /* number of calls that wait for the lock */
	/* Calls that released it for the waiting ones. */
	SLIST_HEAD(, turn) turns;
};

struct object {
	clyde_token token;
	struct object *parent;
	LIST_HEAD(, object) children; /* newest first */
	LIST_ENTRY(object) sibling;
	LIST_ENTRY(object) hashed; /* in the registry's bucket */
	struct tree *tree;
	unsigned users;
	atomic_bool closing;
	bool target; /* a close of this very object is under way */
	/* End the waits of calls inside the object; called on any thread. */
	void (*wake)(struct object *object);
	/* Tear the object down.  No call is inside, no child is left, and the
	   tree is locked, unless the object is its root.  The caller frees the
	   object's memory, whose first member this is, afterwards. */
	void (*destroy)(struct object *object);
};

/*
 * Give an object its token and its place.  parent NULL makes a root.
 * CLYDE_ERROR_CANCELED if the parent is being closed, CLYDE_ERROR_EXHAUSTED if
 * no token is left.
 */
int object_init(struct object *object, enum object_kind kind,
	struct object *parent, struct tree *tree,
	void (*wake)(struct object *object),
	void (*destroy)(struct object *object));

/* For tests: so many more objects can be made; UINT64_MAX = as many as there
   are tokens. */
void object_limit(clyde_token serials);

/* What the application gets for an object. */
void *object_handle(const struct object *object);

/* The kind of object that a pointer, or a pointer to one, is a handle of. */
#define OBJECT_KIND(handle) \
	_Generic((handle),                               \
		struct clyde_context *: OBJECT_CONTEXT,   \
		struct clyde_context **: OBJECT_CONTEXT,  \
		const struct clyde_context *: OBJECT_CONTEXT, \
		struct clyde_device *: OBJECT_DEVICE,     \
		struct clyde_device **: OBJECT_DEVICE,    \
		const struct clyde_device *: OBJECT_DEVICE, \
		struct clyde_pipe *: OBJECT_PIPE,         \
		struct clyde_pipe **: OBJECT_PIPE,        \
		const struct clyde_pipe *: OBJECT_PIPE,   \
		struct clyde_monitor *: OBJECT_MONITOR,   \
		struct clyde_monitor **: OBJECT_MONITOR,  \
		const struct clyde_monitor *: OBJECT_MONITOR, \
		struct clyde_run *: OBJECT_RUN,           \
		struct clyde_run **: OBJECT_RUN)

/*
 * Begin a call: `handle` points to the pointer that the application gave, and
 * is made to point to the object.  CLYDE_ERROR_CLOSED if it is closed,
 * CLYDE_ERROR_CANCELED if it is being closed, CLYDE_ERROR_WRONG_HANDLE if it is
 * not what its type says, CLYDE_ERROR_INSIDE in a log callback of the same
 * tree.  object_leave() ends it.
 */
#define object_enter(handle) object_enter_kind((handle), OBJECT_KIND(handle))
int object_enter_kind(void *handle, enum object_kind kind);
void object_leave(struct object *object);

/* The same without the tree's lock: it only keeps the object from being
   destroyed until object_unpin(). */
#define object_pin(handle) object_pin_kind((handle), OBJECT_KIND(handle))
int object_pin_kind(void *handle, enum object_kind kind);
void object_unpin(struct object *object);
/* object_lock() fails, and locks nothing, with CLYDE_ERROR_INSIDE if this thread
   holds the lock. */
int object_lock(struct object *object);
void object_unlock(struct object *object);

/* Called by a call that waits: release the tree's lock while other calls want
   it.  True if any had it: they may have handled what this call waits for. */
bool object_yield(struct object *object);

static inline bool object_closing(const struct object *object)
{
	return atomic_load_explicit(&object->closing, memory_order_acquire);
}

/* Close by handle; NULL and closed handles are fine.  A handle of another kind,
   and any handle in a callback, is not closed: clyde_error_message() says
   so. */
#define object_close(handle) object_close_kind((handle), OBJECT_KIND(handle))
void object_close_kind(const void *handle, enum object_kind kind);

/* A handle's token; 0 for a handle of another kind. */
#define object_token(handle) object_token_kind((handle), OBJECT_KIND(handle))
clyde_token object_token_kind(const void *handle, enum object_kind kind);

#endif
