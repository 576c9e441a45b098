/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Contexts, the roots of the trees of objects: the calls of clyde.h that make,
 * close, interrupt and capture a context, and that get its notice.
 *
 * clyde_context_interrupt() is called in signal handlers: it must not take a
 * lock or allocate.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

CLYDE_API const char *clyde_version(void)
{
	return CLYDE_VERSION;
}

/*
 * The interrupt flags of all contexts.  A signal handler cannot lock the table
 * of handles, so it searches this array for the token of its context.
 */
#define CONTEXTS_MAX 1024

/* A token fits into the width of a pointer, and atomic access to that width is
   lock-free on every machine. */
static struct interrupt interrupts[CONTEXTS_MAX];

_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2,
	"a signal handler looks at tokens, and must not wait for a lock");
_Static_assert(OBJECT_CONTEXT == 0, "INTERRUPT_RAISED is no bit of its token");

/* Taken by a context that has no token yet. */
#define CLAIMED (UINTPTR_MAX & ~(uintptr_t)INTERRUPT_RAISED)

static struct interrupt *claim_interrupt(void)
{
	for (size_t i = 0; i < CONTEXTS_MAX; i++) {
		uintptr_t free = 0;

		if (atomic_compare_exchange_strong(
			    &interrupts[i].word, &free, CLAIMED))
			return &interrupts[i];
	}
	return NULL;
}

/* After a fork the child has none of its parent's contexts, see
   lib/base/handle.c. */
static void forget_all(void)
{
	for (size_t i = 0; i < CONTEXTS_MAX; i++)
		atomic_store(&interrupts[i].word, 0);
}

__attribute__((constructor)) static void expect_forks(void)
{
	pthread_atfork(NULL, NULL, forget_all);
}

/* Only a word that still has this token is changed: the context may be closed
   meanwhile, and its place be another context's. */
static void change(struct interrupt *interrupt, uintptr_t token, bool raise)
{
	uintptr_t raised = token | INTERRUPT_RAISED;
	uintptr_t from = raise ? token : raised;

	atomic_compare_exchange_strong(
		&interrupt->word, &from, raise ? raised : token);
}

static void set_interrupt(uintptr_t token, bool raise)
{
	for (size_t i = 0; token && i < CONTEXTS_MAX; i++)
		change(&interrupts[i], token, raise);
}

/* Firmware is loaded over a link that belongs to no device object, so no
   device's wake() ends the wait for the device's return: only the interrupt
   flag does.  Raise the flag for a close only.  A wake() is also called when
   another call wants the lock, and the flag would fail the load then. */
static void wake(struct object *object)
{
	struct clyde_context *context = (struct clyde_context *)object;

	if (context->interrupt && object_closing(object))
		change(context->interrupt, object->token, true);
}

static void clear_tree(struct tree *tree)
{
	pthread_cond_destroy(&tree->turned);
	pthread_mutex_destroy(&tree->lock);
}

static void destroy(struct object *object)
{
	struct clyde_context *context = (struct clyde_context *)object;

	link_drop_all(context);
	atomic_store(&context->interrupt->word, 0);
	capture_close(context->capture);
	clear_tree(&context->tree);
}

static void init_tree(struct tree *tree)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&tree->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	pthread_cond_init(&tree->turned, NULL);
}

CLYDE_API int clyde_context_new(struct clyde_context **ret_context)
{
	struct clyde_context *context = calloc(1, sizeof(*context));
	int result;

	if (context == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	context->interrupt = claim_interrupt();
	if (context->interrupt == NULL) {
		free(context);
		return set_error(
			CLYDE_ERROR_EXHAUSTED, "too many contexts are open");
	}
	init_tree(&context->tree);
	result = object_init(&context->object, OBJECT_CONTEXT, NULL,
		&context->tree, wake, destroy);
	if (result < 0) {
		atomic_store(&context->interrupt->word, 0);
		clear_tree(&context->tree);
		free(context);
		return result;
	}
	atomic_store(&context->interrupt->word, context->object.token);
	*ret_context = object_handle(&context->object);
	return 0;
}

CLYDE_API void clyde_context_close(struct clyde_context *context)
{
	object_close(context);
}

static int get_notice(
	const struct clyde_context *context, char *ret_text, size_t size)
{
	if (size > 0)
		snprintf(ret_text, size, "%s", context->notice);
	return context->notice[0] != '\0';
}

CLYDE_API int clyde_context_notice(
	struct clyde_context *handle, char *ret_text, size_t size)
{
	return CALL(context, handle, get_notice(context, ret_text, size));
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
		return set_error(CLYDE_ERROR_BUSY,
			"a device that is being captured is open");
	if (path)
		result = capture_open(path, &capture);
	if (result < 0)
		return result;
	result = capture_close(context->capture);
	context->capture = capture;
	return result;
}

CLYDE_API int clyde_context_capture(
	struct clyde_context *handle, const char *path)
{
	return CALL(context, handle, set_capture(context, path));
}

CLYDE_API clyde_token clyde_context_token(const struct clyde_context *context)
{
	return object_token(context);
}
