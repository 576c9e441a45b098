/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The root of the tree: the lock, the last sentence, the interrupt. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

CLYDE_API const char *clyde_version(void)
{
	return CLYDE_VERSION;
}

uint64_t deadline_in(struct link *link, int timeout_ms)
{
	if (timeout_ms < 0)
		return LINK_FOREVER;
	return link->ops->now(link) + (uint64_t)timeout_ms * 1000000;
}

/*
 * The flags that a signal handler may raise: it can take no lock, so it finds
 * its context's by looking through all of them.
 */
#define CONTEXTS_MAX 1024

static struct {
	_Atomic(clyde_token) token; /* 0 = free */
	atomic_bool raised;
} interrupts[CONTEXTS_MAX];

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2,
	"a signal handler looks at tokens, and must not wait for a lock");

static atomic_bool *claim_interrupt(clyde_token token)
{
	for (size_t i = 0; i < CONTEXTS_MAX; i++) {
		clyde_token free = 0;

		if (!atomic_compare_exchange_strong(
			    &interrupts[i].token, &free, token))
			continue;
		atomic_store(&interrupts[i].raised, false);
		return &interrupts[i].raised;
	}
	return NULL;
}

/* A child has none of its parent's contexts; see owner.c. */
static void forget_all(void)
{
	for (size_t i = 0; i < CONTEXTS_MAX; i++)
		atomic_store(&interrupts[i].token, 0);
}

__attribute__((constructor)) static void expect_forks(void)
{
	pthread_atfork(NULL, NULL, forget_all);
}

static void set_interrupt(clyde_token token, bool raised)
{
	for (size_t i = 0; token && i < CONTEXTS_MAX; i++)
		if (atomic_load(&interrupts[i].token) == token)
			atomic_store(&interrupts[i].raised, raised);
}

/* Whoever waits without a device, for firmware to start, is ended by a close.
   One that is merely to let another call have its turn is not. */
static void wake(struct owner *owner)
{
	struct clyde_context *context = (struct clyde_context *)owner;

	if (context->interrupt && owner_closing(owner))
		atomic_store(context->interrupt, true);
}

static void destroy(struct owner *owner)
{
	struct clyde_context *context = (struct clyde_context *)owner;

	link_drop_all(context);
	for (size_t i = 0; i < CONTEXTS_MAX; i++)
		if (atomic_load(&interrupts[i].token) == owner->token)
			atomic_store(&interrupts[i].token, 0);
	capture_close(context->capture, &context->complaint);
	pthread_mutex_destroy(&context->tree.lock);
}

CLYDE_API int clyde_context_new(struct clyde_context **ret_context)
{
	struct clyde_context *context = calloc(1, sizeof(*context));

	if (context == NULL)
		return remember(-ENOMEM, "out of memory");
	pthread_mutex_init(&context->tree.lock, NULL);
	owner_init(&context->owner, NULL, &context->tree, wake, destroy);
	context->interrupt = claim_interrupt(context->owner.token);
	if (context->interrupt == NULL) {
		owner_close(owner_handle(&context->owner));
		return remember(-ENFILE, "too many contexts are open");
	}
	*ret_context = owner_handle(&context->owner);
	return 0;
}

CLYDE_API void clyde_context_close(struct clyde_context *context)
{
	owner_close(context);
}

CLYDE_API const char *clyde_context_error(struct clyde_context *context)
{
	const char *text;

	if (owner_pin(&context) < 0)
		return "the context is closed";
	text = context->complaint.text;
	owner_unpin(&context->owner);
	return text;
}

CLYDE_API const char *clyde_context_notice(struct clyde_context *context)
{
	const char *text;

	if (owner_pin(&context) < 0)
		return "";
	text = context->notice.text;
	owner_unpin(&context->owner);
	return text;
}

CLYDE_API int clyde_context_notice_copy(
	struct clyde_context *context, char *ret_text, size_t size)
{
	int result = owner_enter(&context);

	if (result < 0)
		return result;
	snprintf(ret_text, size, "%s", context->notice.text);
	owner_leave(&context->owner);
	return 0;
}

CLYDE_API void clyde_context_interrupt(struct clyde_context *context)
{
	set_interrupt((uintptr_t)context, true);
}

CLYDE_API void clyde_context_resume(struct clyde_context *context)
{
	set_interrupt((uintptr_t)context, false);
}

static int set_capture(struct clyde_context *context, const char *path)
{
	struct capture *capture = NULL;
	int result = 0;

	if (capture_busy(context->capture))
		return complain(&context->complaint, EBUSY,
			"a device that is being captured is open");
	if (path)
		result = capture_open(path, &context->complaint, &capture);
	if (result < 0)
		return result;
	result = capture_close(context->capture, &context->complaint);
	context->capture = capture;
	return result;
}

CLYDE_API int clyde_context_capture(
	struct clyde_context *context, const char *path)
{
	int result = owner_enter(&context);

	if (result < 0)
		return result;
	result = set_capture(context, path);
	owner_leave(&context->owner);
	return result;
}

CLYDE_API clyde_token clyde_context_token(const struct clyde_context *context)
{
	return (uintptr_t)context;
}
