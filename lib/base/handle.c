/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The registry of owners: registers each new object, gives it a token that is
 * never reused, and closes objects by token, from any thread, in any order, any
 * number of times.  Every call of clyde.h with a handle is looked up here.
 *
 *	open --owner_close()--> closing --last call leaves--> destroyed
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

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
/* Signalled when the last call has left an object, or an object is
   destroyed. */
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static struct owner *buckets[BUCKETS];
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

static struct owner **bucket(clyde_token token)
{
	return &buckets[(token >> KIND_BITS) % BUCKETS];
}

static struct owner *find(clyde_token token)
{
	struct owner *owner = *bucket(token);

	while (owner && owner->token != token)
		owner = owner->hashed;
	return owner;
}

static void enlist(struct owner *owner, enum owner_kind kind)
{
	struct owner **head;

	owner->token = ++last_serial << KIND_BITS | kind;
	head = bucket(owner->token);
	owner->hashed = *head;
	*head = owner;
	if (owner->parent) {
		owner->sibling = owner->parent->child;
		owner->parent->child = owner;
	}
	live++;
}

static void delist(struct owner *owner)
{
	struct owner **at = bucket(owner->token);

	while (*at != owner)
		at = &(*at)->hashed;
	*at = owner->hashed;
	if (owner->parent) {
		at = &owner->parent->child;
		while (*at != owner)
			at = &(*at)->sibling;
		*at = owner->sibling;
	}
	live--;
}

int owner_init(struct owner *owner, enum owner_kind kind, struct owner *parent,
	struct tree *tree, void (*wake)(struct owner *owner),
	void (*destroy)(struct owner *owner))
{
	int result = 0;

	owner->parent = parent;
	owner->tree = tree;
	owner->wake = wake;
	owner->destroy = destroy;
	pthread_mutex_lock(&registry);
	if (parent && owner_closing(parent))
		result = set_error(CLYDE_ERROR_CANCELED, "it is being closed");
	else if (last_serial >= serial_max)
		result = set_error(CLYDE_ERROR_EXHAUSTED,
			"this process has made as many objects as there are "
			"handles");
	else
		enlist(owner, kind);
	pthread_mutex_unlock(&registry);
	return result;
}

void owner_limit(clyde_token serials)
{
	pthread_mutex_lock(&registry);
	serial_max = SERIAL_MAX - last_serial > serials ? last_serial + serials
							: SERIAL_MAX;
	pthread_mutex_unlock(&registry);
}

void *owner_handle(const struct owner *owner)
{
	return (void *)(uintptr_t)owner->token;
}

static int wrong_kind(enum owner_kind is, enum owner_kind wanted)
{
	static const char *const names[] = {
		[OWNER_CONTEXT] = "context",
		[OWNER_DEVICE] = "device",
		[OWNER_PIPE] = "pipe",
		[OWNER_RUN] = "run",
		[OWNER_MONITOR] = "monitor",
	};

	return set_error(CLYDE_ERROR_WRONG_HANDLE,
		"this handle is a %s's, not a %s's", names[is], names[wanted]);
}

/* The object of a handle, if it is open and of this kind; or NULL. */
static struct owner *look_up(
	clyde_token token, enum owner_kind kind, int *ret_result)
{
	struct owner *owner = find(token);

	if (token == 0)
		*ret_result =
			set_error(CLYDE_ERROR_CLOSED, "the handle is NULL");
	else if (owner == NULL)
		*ret_result = set_error(CLYDE_ERROR_CLOSED, "it is closed");
	else if ((token & KIND_MASK) != kind)
		*ret_result = wrong_kind(token & KIND_MASK, kind);
	else if (owner_closing(owner))
		*ret_result =
			set_error(CLYDE_ERROR_CANCELED, "it is being closed");
	else
		return owner;
	return NULL;
}

int owner_pin_kind(void *handle, enum owner_kind kind)
{
	struct owner *owner;
	uintptr_t token;
	int result = 0;

	if (inside()->logs > 0)
		return set_error(CLYDE_ERROR_INSIDE,
			"a log callback can call clyde_context_interrupt() "
			"only: the call could wait for the one that logs");
	memcpy(&token, handle, sizeof(token));
	pthread_mutex_lock(&registry);
	owner = look_up(token, kind, &result);
	if (owner)
		owner->users++;
	pthread_mutex_unlock(&registry);
	if (owner)
		memcpy(handle, &owner, sizeof(owner));
	return result;
}

void owner_unpin(struct owner *owner)
{
	pthread_mutex_lock(&registry);
	owner->users--;
	if (owner->users == 0)
		pthread_cond_broadcast(&left);
	pthread_mutex_unlock(&registry);
}

/* A call that has released the tree's lock for waiting calls; on its stack. */
struct turn {
	struct turn *next;
	bool over; /* the call may take the lock again */
};

/* A waiting call has got the lock.  The last of them ends the turns of the
   calls that had released it.  These are counted in `waiting` before the lock
   is released, so that the present holder yields to them in its next wait. */
static void taken(struct tree *tree)
{
	unsigned count = 0;

	if (atomic_fetch_sub(&tree->waiting, 1) != 1 || tree->turns == NULL)
		return;
	for (struct turn *turn = tree->turns; turn; turn = turn->next) {
		turn->over = true;
		count++;
	}
	tree->turns = NULL;
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
static int lock_for(struct owner *owner)
{
	struct tree *tree = owner->tree;
	int error;

	if (pthread_mutex_trylock(&tree->lock) == 0)
		return 0;
	atomic_fetch_add(&tree->waiting, 1);
	if (owner->wake)
		owner->wake(owner);
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

int owner_lock(struct owner *owner)
{
	return lock_for(owner) == 0 ? 0 : refuse_inside();
}

void owner_unlock(struct owner *owner)
{
	pthread_mutex_unlock(&owner->tree->lock);
}

int owner_enter_kind(void *handle, enum owner_kind kind)
{
	struct owner *owner;
	int result = owner_pin_kind(handle, kind);

	if (result < 0)
		return result;
	memcpy(&owner, handle, sizeof(owner));
	if (lock_for(owner) != 0) {
		owner_unpin(owner);
		return refuse_inside();
	}
	if (!owner_closing(owner))
		return 0;
	owner_leave(owner);
	return set_error(CLYDE_ERROR_CANCELED, "it is being closed");
}

void owner_leave(struct owner *owner)
{
	owner_unlock(owner);
	owner_unpin(owner);
}

bool owner_yield(struct owner *owner)
{
	struct tree *tree = owner->tree;
	struct turn turn = {.over = false};

	if (atomic_load_explicit(&tree->waiting, memory_order_relaxed) == 0)
		return false;
	turn.next = tree->turns;
	tree->turns = &turn;
	while (!turn.over)
		pthread_cond_wait(&tree->turned, &tree->lock);
	taken(tree);
	return true;
}

/* A child that is being closed by itself has been marked by that close. */
static void mark(struct owner *owner)
{
	if (owner_closing(owner))
		return;
	atomic_store_explicit(&owner->closing, true, memory_order_release);
	for (struct owner *child = owner->child; child; child = child->sibling)
		mark(child);
}

/* Called after mark() has marked the whole tree, so that a call that is woken
   through a parent sees the mark.  A child that another thread is closing is
   skipped: its calls have been woken, and its wake() may use freed memory. */
static void end_waits(struct owner *owner)
{
	if (owner->wake)
		owner->wake(owner);
	for (struct owner *child = owner->child; child; child = child->sibling)
		if (!child->target)
			end_waits(child);
}

/* Whether calls are inside the object or its children, or another thread is
   closing one of the children. */
static bool busy(const struct owner *owner)
{
	if (owner->users > 0)
		return true;
	for (struct owner *child = owner->child; child; child = child->sibling)
		if (child->target || busy(child))
			return true;
	return false;
}

static struct owner *first_leaf(struct owner *owner)
{
	while (owner->child) /* NOLINT: delist() takes out the freed */
		owner = owner->child;
	return owner;
}

/* An object stays in the registry until its teardown is over, so that a close
   of the same object, or of its parent, can wait for that. */
static void destroy_tree(struct owner *target)
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
		struct owner *leaf = first_leaf(target);

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

static void close_owner(struct owner *owner)
{
	owner->target = true;
	mark(owner);
	end_waits(owner);
	destroy_tree(owner);
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
	struct owner *owner = find(token);

	if (owner == NULL)
		return CLYDE_ERROR_CLOSED;
	if (inside()->callbacks > 0)
		return set_error(CLYDE_ERROR_INSIDE,
			"a callback cannot close anything: it would wait for "
			"itself; close it once the callback has returned");
	if (owner_closing(owner))
		return await_end(token);
	close_owner(owner);
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

void owner_close_kind(const void *handle, enum owner_kind kind)
{
	clyde_token token = (uintptr_t)handle;
	int result;

	error_enter();
	pthread_mutex_lock(&registry);
	if (find(token) && (token & KIND_MASK) != kind)
		result = wrong_kind(token & KIND_MASK, kind);
	else
		result = close_locked(token);
	pthread_mutex_unlock(&registry);
	/* A closed handle is fine, and leaves the last sentence. */
	error_leave(result == CLYDE_ERROR_CLOSED ? 0 : result);
}

clyde_token owner_token_kind(const void *handle, enum owner_kind kind)
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
