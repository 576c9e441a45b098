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
 *
 * The calls of clyde.h use these functions, most by the macros CALL and PINNED
 * of internal.h.  A pointer that an application gave must never be dereferenced
 * before object_enter() or object_pin() has replaced it.
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
	OBJECT_SPI,
	OBJECT_FLASH,
	OBJECT_JTAG,
};

struct turn;

/* Shared by a root object and all objects below it: one call at a time is
   inside. */
struct tree {
	pthread_mutex_t lock;  /* PTHREAD_MUTEX_ERRORCHECK, see lock_for() */
	pthread_cond_t turned; /* signalled when turns are over */
	atomic_uint waiting;   /* number of calls that wait for the lock */
	/* Calls that have released the lock for the waiting calls. */
	SLIST_HEAD(, turn) turns;
};

struct object {
	clyde_token token;
	struct object *parent;
	LIST_HEAD(, object) children; /* newest first */
	LIST_ENTRY(object) sibling;
	LIST_ENTRY(object) hashed; /* in the registry's bucket */
	struct tree *tree;
	unsigned users; /* calls that have entered or pinned the object */
	atomic_bool closing;
	bool target; /* a close of this very object is under way */
	/* End the waits of calls inside the object; called on any thread. */
	void (*wake)(struct object *object);
	/* Tear the object down.  No call is inside, and no child is left.  The
	   tree is locked, unless its root is being closed.  Afterwards the
	   caller frees the structure that begins with this struct object. */
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

/* For tests: let the process make this many more objects; UINT64_MAX = as many
   as there are tokens. */
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
		struct clyde_spi *: OBJECT_SPI,           \
		struct clyde_spi **: OBJECT_SPI,          \
		const struct clyde_spi *: OBJECT_SPI,     \
		struct clyde_flash *: OBJECT_FLASH,       \
		struct clyde_flash **: OBJECT_FLASH,      \
		const struct clyde_flash *: OBJECT_FLASH, \
		struct clyde_jtag *: OBJECT_JTAG,         \
		struct clyde_jtag **: OBJECT_JTAG,        \
		const struct clyde_jtag *: OBJECT_JTAG,   \
		struct clyde_run *: OBJECT_RUN,           \
		struct clyde_run **: OBJECT_RUN)

/*
 * Begin a call: `handle` points to the pointer that the application gave, which
 * is replaced by the object's address.  CLYDE_ERROR_CLOSED if the object is
 * closed, CLYDE_ERROR_CANCELED if it is being closed, CLYDE_ERROR_WRONG_HANDLE
 * if the handle's kind is not that of the pointer's type, CLYDE_ERROR_INSIDE in
 * a log callback of any context.  object_leave() ends the call.
 */
#define object_enter(handle) object_enter_kind((handle), OBJECT_KIND(handle))
int object_enter_kind(void *handle, enum object_kind kind);
void object_leave(struct object *object);

/* The same without the tree's lock: only keeps the object from being destroyed
   until object_unpin(). */
#define object_pin(handle) object_pin_kind((handle), OBJECT_KIND(handle))
int object_pin_kind(void *handle, enum object_kind kind);
void object_unpin(struct object *object);
/* object_lock() fails, and locks nothing, with CLYDE_ERROR_INSIDE if this
   thread holds the lock. */
int object_lock(struct object *object);
void object_unlock(struct object *object);

/* Called by a call that waits: if other calls wait for the tree's lock, release
   it until they have had it, and return true.  They may have handled the
   completion that this call waits for. */
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
