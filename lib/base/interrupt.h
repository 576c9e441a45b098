/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The flag that clyde_context_interrupt() raises, for all that waits on behalf
 * of a context: calls, links and monitors.  lib/base/context.c owns the flags
 * and raises them.
 *
 * The flag shares a word with the token of its context, so that a raise for a
 * context that is being closed cannot reach the context that gets the same
 * place next.
 */
#ifndef LIB_INTERRUPT_H
#define LIB_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct interrupt {
	/* A context's token, with INTERRUPT_RAISED; 0: free. */
	atomic_uintptr_t word;
};

/* A token of a context has this bit clear, see enum object_kind. */
#define INTERRUPT_RAISED 1u

static inline bool interrupt_raised(const struct interrupt *interrupt)
{
	return atomic_load(&interrupt->word) & INTERRUPT_RAISED;
}

#endif
