/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The registry of owners: takes objects as they are made, gives tokens that
 * are never reused, closes by token from any thread, in any order, any number
 * of times.
 *
 *	open --owner_close()--> closing --last call leaves--> destroyed
 *
 * An object's address may come back in another object; its token does not.
 * That is what finalizers keyed by address lacked.
 */
#include "internal.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static struct owner *buckets[BUCKETS];
static clyde_token last_token;
static size_t live;

static void before_fork(void)
{
	pthread_mutex_lock(&registry);
}

static void in_parent(void)
{
	pthread_mutex_unlock(&registry);
}

/* What the parent has is the parent's: its locks may be held by threads that
   are not here, and its transfers are under way in its memory. */
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
	return &buckets[token % BUCKETS];
}

static struct owner *find(clyde_token token)
{
	struct owner *owner = *bucket(token);

	while (owner && owner->token != token)
		owner = owner->hashed;
	return owner;
}

static void enlist(struct owner *owner)
{
	struct owner **head;

	owner->token = ++last_token;
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

int owner_init(struct owner *owner, struct owner *parent, struct tree *tree,
	void (*wake)(struct owner *owner), void (*destroy)(struct owner *owner))
{
	int result = 0;

	owner->parent = parent;
	owner->tree = tree;
	owner->wake = wake;
	owner->destroy = destroy;
	pthread_mutex_lock(&registry);
	if (parent && owner_closing(parent))
		result = CLYDE_ERROR_CANCELED;
	else
		enlist(owner);
	pthread_mutex_unlock(&registry);
	return result;
}

_Static_assert(sizeof(void *) >= sizeof(clyde_token),
	"a handle is a token in a pointer");

void *owner_handle(const struct owner *owner)
{
	return (void *)(uintptr_t)owner->token;
}

int owner_pin(void *handle)
{
	struct owner *owner;
	uintptr_t token;
	int result = 0;

	memcpy(&token, handle, sizeof(token));
	pthread_mutex_lock(&registry);
	owner = find(token);
	if (owner == NULL)
		result = set_error(CLYDE_ERROR_CLOSED, "it is closed");
	else if (owner_closing(owner))
		result = set_error(CLYDE_ERROR_CANCELED, "it is being closed");
	else
		owner->users++;
	pthread_mutex_unlock(&registry);
	if (result == 0)
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

static void lock_tree(struct tree *tree)
{
	atomic_fetch_add(&tree->waiting, 1);
	pthread_mutex_lock(&tree->lock);
	atomic_fetch_sub(&tree->waiting, 1);
}

/* A call that waits inside is asked to let this one have a turn. */
void owner_lock(struct owner *owner)
{
	struct tree *tree = owner->tree;

	if (pthread_mutex_trylock(&tree->lock) == 0)
		return;
	atomic_fetch_add(&tree->waiting, 1);
	if (owner->wake)
		owner->wake(owner);
	pthread_mutex_lock(&tree->lock);
	atomic_fetch_sub(&tree->waiting, 1);
}

void owner_unlock(struct owner *owner)
{
	pthread_mutex_unlock(&owner->tree->lock);
}

int owner_enter(void *handle)
{
	struct owner *owner;
	int result = owner_pin(handle);

	if (result < 0)
		return result;
	memcpy(&owner, handle, sizeof(owner));
	owner_lock(owner);
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

	if (atomic_load_explicit(&tree->waiting, memory_order_relaxed) == 0)
		return false;
	pthread_mutex_unlock(&tree->lock);
	while (atomic_load(&tree->waiting) > 0)
		sched_yield();
	lock_tree(tree);
	return true;
}

/* A part that is being closed already has been marked. */
static void mark(struct owner *owner)
{
	if (owner_closing(owner))
		return;
	atomic_store_explicit(&owner->closing, true, memory_order_release);
	for (struct owner *child = owner->child; child; child = child->sibling)
		mark(child);
}

/* Once all of it is marked, so that who is woken through a parent sees why.
   A part that another thread is closing has been woken, and what it would be
   woken through may be gone. */
static void end_waits(struct owner *owner)
{
	if (owner->wake)
		owner->wake(owner);
	for (struct owner *child = owner->child; child; child = child->sibling)
		if (!child->target)
			end_waits(child);
}

/* Calls are inside, or another thread is closing a part of it. */
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

/* An object stays in the registry until its teardown is over, so that whoever
   closes its parent meanwhile waits for it. */
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
	} while (!last);
	pthread_cond_broadcast(&left);
}

static int close_locked(struct owner *owner)
{
	if (owner_closing(owner))
		return CLYDE_ERROR_CLOSED;
	owner->target = true;
	mark(owner);
	end_waits(owner);
	destroy_tree(owner);
	return 0;
}

CLYDE_API int clyde_close_token(clyde_token token)
{
	struct owner *owner;
	int result = CLYDE_ERROR_CLOSED;

	pthread_mutex_lock(&registry);
	owner = find(token);
	if (owner)
		result = close_locked(owner);
	pthread_mutex_unlock(&registry);
	return result;
}

void owner_close(const void *handle)
{
	clyde_close_token((uintptr_t)handle);
}

CLYDE_API size_t clyde_live_objects(void)
{
	size_t count;

	pthread_mutex_lock(&registry);
	count = live;
	pthread_mutex_unlock(&registry);
	return count;
}
