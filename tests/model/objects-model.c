/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Includes lib/base/handle.c itself, with the explorer's locks, and lists the
   variables that are part of the state. */
#include "shim.h"

#include OBJECT_C

#include "sample.h"

const struct model_memory object_memory[3] = {
	/* The buckets of the few serials that a case can reach. */
	{buckets, 64 * sizeof(*buckets)},
	{&last_serial, sizeof(last_serial)},
	{&live, sizeof(live)},
};

void object_reset(void)
{
	registry = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	left = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	memset(buckets, 0, sizeof(buckets));
	last_serial = 0;
	live = 0;
}

const char *object_describe(const void *at)
{
	if (at == &registry)
		return "the registry";
	if (at == &left)
		return "the condition that a call has left or a teardown is "
		       "over";
	return NULL;
}
