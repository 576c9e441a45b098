/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The registry of objects: registers each new object, gives it a token that is
 * never reused, and closes objects by token, from any thread, in any order, any
 * number of times.  Every call of clyde.h with a handle is looked up here.
 *
 *	open --object_close()--> closing --last call leaves--> destroyed
 *
 * malloc() may give a new object the address of a freed one, so a finalizer
 * that closes by address could close the wrong object.  A token excludes that.
 *
 * No close may return, on any thread, while another thread still tears the
 * object down: the caller frees what it has lent as soon as its close returns.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inside.h"

#define BUCKETS 1024

/*
 * A token is a serial number above its object's kind, and fits into a pointer:
 * where that has 32 bits, a process can make 2^29 objects, and no more.
 */
#define KIND_BITS  3
#define KIND_MASK  ((1u << KIND_BITS) - 1)
#define SERIAL_MAX (UINTPTR_MAX >> KIND_BITS)

_Static_assert(OBJECT_JTAG <= KIND_MASK, "a kind fits into a token");

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
/* Signalled when the last call has left an object, and when an object has been
   destroyed. */
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(bucket, object) buckets[BUCKETS];
static clyde_token last_serial;
static clyde_token serial_max = SERIAL_MAX;
static size_t live;

static void before_fork(void)
{
	pthread_mutex_lock(&registry);
}

static void in_parent(void)
{
	pthread_mutex_unlock(&registry);
}

/* The child does not take over the parent's objects: their locks may be held by
   threads that the child lacks, and their transfers use the parent's memory. */
static void in_child(void)
{
	left = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	memset(buckets, 0, sizeof(buckets));
	live = 0;
	pthread_mutex_unlock(&registry);
}

__attribute__((constructor)) static void expect_forks(void)
{
	pthread_atfork(before_fork, in_parent, in_child);
}

static struct bucket *bucket_of(clyde_token token)
{
	return &buckets[(token >> KIND_BITS) % BUCKETS];
}

static struct object *find(clyde_token token)
{
	struct object *object;

	LIST_FOREACH (object, bucket_of(token), hashed)
		if (object->token == token)
			return object;
	return NULL;
}

static void enlist(struct object *object, enum object_kind kind)
{
	object->token = ++last_serial << KIND_BITS | kind;
	LIST_INSERT_HEAD(bucket_of(object->token), object, hashed);
	if (object->parent)
		LIST_INSERT_HEAD(&object->parent->children, object, sibling);
	live++;
}

static void delist(struct object *object)
{
	LIST_REMOVE(object, hashed);
	if (object->parent)
		LIST_REMOVE(object, sibling);
	live--;
}

int object_init(struct object *object, enum object_kind kind,
	struct object *parent, struct tree *tree,
	void (*wake)(struct object *object),
	void (*destroy)(struct object *object))
{
	int result = 0;

	object->parent = parent;
	object->tree = tree;
	object->wake = wake;
	object->destroy = destroy;
	pthread_mutex_lock(&registry);
	if (parent && object_closing(parent))
		result = set_error(CLYDE_ERROR_CANCELED, "it is being closed");
	else if (last_serial >= serial_max)
		result = set_error(CLYDE_ERROR_EXHAUSTED,
			"this process has made as many objects as there are "
			"handles");
	else
		enlist(object, kind);
	pthread_mutex_unlock(&registry);
	return result;
}

void object_limit(clyde_token serials)
{
	pthread_mutex_lock(&registry);
	serial_max = SERIAL_MAX - last_serial > serials ? last_serial + serials
							: SERIAL_MAX;
	pthread_mutex_unlock(&registry);
}

void *object_handle(const struct object *object)
{
	return (void *)(uintptr_t)object->token;
}

static int wrong_kind(enum object_kind is, enum object_kind wanted)
{
	static const char *const names[] = {
		[OBJECT_CONTEXT] = "context",
		[OBJECT_DEVICE] = "device",
		[OBJECT_PIPE] = "pipe",
		[OBJECT_RUN] = "run",
		[OBJECT_MONITOR] = "monitor",
		[OBJECT_SPI] = "SPI core",
		[OBJECT_FLASH] = "flash chip",
		[OBJECT_JTAG] = "JTAG controller",
	};

	return set_error(CLYDE_ERROR_WRONG_HANDLE,
		"this handle is a %s's, not a %s's", names[is], names[wanted]);
}

/* The object of a handle, if it is open and of this kind; or NULL. */
static struct object *look_up(
	clyde_token token, enum object_kind kind, int *ret_result)
{
	struct object *object = find(token);

	if (token == 0)
		*ret_result =
			set_error(CLYDE_ERROR_CLOSED, "the handle is NULL");
	else if (object == NULL)
		*ret_result = set_error(CLYDE_ERROR_CLOSED, "it is closed");
	else if ((token & KIND_MASK) != kind)
		*ret_result = wrong_kind(token & KIND_MASK, kind);
	else if (object_closing(object))
		*ret_result =
			set_error(CLYDE_ERROR_CANCELED, "it is being closed");
	else
		return object;
	return NULL;
}

int object_pin_kind(void *handle, enum object_kind kind)
{
	struct object *object;
	uintptr_t token;
	int result = 0;

	if (inside()->logs > 0)
		return set_error(CLYDE_ERROR_INSIDE,
			"a log callback can call clyde_context_interrupt() "
			"only: the call could wait for the one that logs");
	memcpy(&token, handle, sizeof(token));
	pthread_mutex_lock(&registry);
	object = look_up(token, kind, &result);
	if (object)
		object->users++;
	pthread_mutex_unlock(&registry);
	if (object)
		memcpy(handle, &object, sizeof(object));
	return result;
}

void object_unpin(struct object *object)
{
	pthread_mutex_lock(&registry);
	object->users--;
	if (object->users == 0)
		pthread_cond_broadcast(&left);
	pthread_mutex_unlock(&registry);
}

/* A call that has released the tree's lock for waiting calls.  The struct lies
   on the stack of that call. */
struct turn {
	SLIST_ENTRY(turn) next;
	bool over; /* the call may take the lock again */
};

/* A waiting call has got the lock.  The last waiting call ends the turns of the
   calls that had released the lock.  Those calls are counted in `waiting`
   before the lock is released again, so that the present holder yields to them
   in its next wait. */
static void taken(struct tree *tree)
{
	struct turn *turn;
	unsigned count = 0;

	if (atomic_fetch_sub(&tree->waiting, 1) != 1 ||
		SLIST_EMPTY(&tree->turns))
		return;
	SLIST_FOREACH (turn, &tree->turns, next) {
		turn->over = true;
		count++;
	}
	SLIST_INIT(&tree->turns);
	atomic_fetch_add(&tree->waiting, count);
	pthread_cond_broadcast(&tree->turned);
}

static void lock_tree(struct tree *tree)
{
	atomic_fetch_add(&tree->waiting, 1);
	pthread_mutex_lock(&tree->lock);
	taken(tree);
}

/* Take the tree's lock; wake the call that holds it, so that it yields.
   EDEADLK, from pthread_mutex_lock(), if this thread holds the lock: it is in a
   callback. */
static int lock_for(struct object *object)
{
	struct tree *tree = object->tree;
	int error;

	if (pthread_mutex_trylock(&tree->lock) == 0)
		return 0;
	atomic_fetch_add(&tree->waiting, 1);
	if (object->wake)
		object->wake(object);
	error = pthread_mutex_lock(&tree->lock);
	taken(tree); /* on failure too: this thread holds the lock then */
	return error;
}

static int refuse_inside(void)
{
	return set_error(CLYDE_ERROR_INSIDE,
		"a callback from inside a call cannot make another in "
		"the same context: it would wait for itself");
}

int object_lock(struct object *object)
{
	return lock_for(object) == 0 ? 0 : refuse_inside();
}

void object_unlock(struct object *object)
{
	pthread_mutex_unlock(&object->tree->lock);
}

int object_enter_kind(void *handle, enum object_kind kind)
{
	struct object *object;
	int result = object_pin_kind(handle, kind);

	if (result < 0)
		return result;
	memcpy(&object, handle, sizeof(object));
	if (lock_for(object) != 0) {
		object_unpin(object);
		return refuse_inside();
	}
	if (!object_closing(object))
		return 0;
	object_leave(object);
	return set_error(CLYDE_ERROR_CANCELED, "it is being closed");
}

void object_leave(struct object *object)
{
	object_unlock(object);
	object_unpin(object);
}

bool object_yield(struct object *object)
{
	struct tree *tree = object->tree;
	struct turn turn = {.over = false};

	if (atomic_load_explicit(&tree->waiting, memory_order_relaxed) == 0)
		return false;
	SLIST_INSERT_HEAD(&tree->turns, &turn, next);
	while (!turn.over)
		pthread_cond_wait(&tree->turned, &tree->lock);
	taken(tree);
	return true;
}

/* A child that another call is closing was marked, with its children, by that
   call. */
static void mark(struct object *object)
{
	struct object *child;

	if (object_closing(object))
		return;
	atomic_store_explicit(&object->closing, true, memory_order_release);
	LIST_FOREACH (child, &object->children, sibling)
		mark(child);
}

/* Called after mark() has marked the whole tree, so that a call that is woken
   through a parent sees the mark.  A child that another thread is closing is
   skipped: that thread has woken its calls, and its wake() may use memory that
   its destroy() has freed. */
static void end_waits(struct object *object)
{
	struct object *child;

	if (object->wake)
		object->wake(object);
	LIST_FOREACH (child, &object->children, sibling)
		if (!child->target)
			end_waits(child);
}

/* Whether calls are inside the object or its children, or another thread is
   closing one of the children. */
static bool busy(const struct object *object)
{
	struct object *child;

	if (object->users > 0)
		return true;
	LIST_FOREACH (child, &object->children, sibling)
		if (child->target || busy(child))
			return true;
	return false;
}

static struct object *first_leaf(struct object *object)
{
	while (!LIST_EMPTY(&object->children))
		object = LIST_FIRST(&object->children);
	return object;
}

/* An object stays in the registry until its teardown is over, so that another
   close of the object, or of its parent, can wait for that.  The tree is not
   locked if the root is closed: no call is inside any of its objects then, and
   destroying the root destroys the lock. */
static void destroy_tree(struct object *target)
{
	struct tree *tree = target->tree;
	bool root = target->parent == NULL;
	bool last;

	while (busy(target)) {
		if (target->wake)
			target->wake(target);
		pthread_cond_wait(&left, &registry);
	}
	do {
		struct object *leaf = first_leaf(target);

		pthread_mutex_unlock(&registry);
		if (!root)
			lock_tree(tree);
		leaf->destroy(leaf);
		if (!root)
			pthread_mutex_unlock(&tree->lock);
		pthread_mutex_lock(&registry);
		delist(leaf);
		last = leaf == target;
		free(leaf);
		pthread_cond_broadcast(&left);
	} while (!last);
}

static void close_object(struct object *object)
{
	object->target = true;
	mark(object);
	end_waits(object);
	destroy_tree(object);
}

/* Wait until another thread has closed the object, alone or with its parent.  A
   run that closes its pipes while its device is being closed must not wait: the
   close of the device waits for the run, and closes the pipes afterwards. */
static int await_end(clyde_token token)
{
	if (inside()->runs > 0)
		return set_error(CLYDE_ERROR_INSIDE,
			"a run cannot wait for a close of its own device");
	while (find(token))
		pthread_cond_wait(&left, &registry);
	return CLYDE_ERROR_CLOSED;
}

/*
 * A close waits until all calls have left the object.  The call in which a
 * callback runs leaves after the callback has returned, so a close in a
 * callback could wait for itself; and two callbacks that close each other's
 * contexts would wait for each other.
 */
static int close_locked(clyde_token token)
{
	struct object *object = find(token);

	if (object == NULL)
		return CLYDE_ERROR_CLOSED;
	if (inside()->callbacks > 0)
		return set_error(CLYDE_ERROR_INSIDE,
			"a callback cannot close anything: it would wait for "
			"itself; close it once the callback has returned");
	if (object_closing(object))
		return await_end(token);
	close_object(object);
	return 0;
}

CLYDE_API int clyde_close_token(clyde_token token)
{
	int result;

	error_enter();
	pthread_mutex_lock(&registry);
	result = close_locked(token);
	pthread_mutex_unlock(&registry);
	return error_leave(result);
}

void object_close_kind(const void *handle, enum object_kind kind)
{
	clyde_token token = (uintptr_t)handle;
	struct failure before;
	int result;

	error_keep(&before);
	error_enter();
	pthread_mutex_lock(&registry);
	if (find(token) && (token & KIND_MASK) != kind)
		result = wrong_kind(token & KIND_MASK, kind);
	else
		result = close_locked(token);
	pthread_mutex_unlock(&registry);
	/* Closing a closed object is no failure, and does not change
	   clyde_error_message(). */
	error_leave(result == CLYDE_ERROR_CLOSED ? 0 : result);
	error_restore(&before);
}

clyde_token object_token_kind(const void *handle, enum object_kind kind)
{
	clyde_token token = (uintptr_t)handle;

	return (token & KIND_MASK) == kind ? token : 0;
}

CLYDE_API size_t clyde_live_objects(void)
{
	size_t count;

	pthread_mutex_lock(&registry);
	count = live;
	pthread_mutex_unlock(&registry);
	return count;
}
