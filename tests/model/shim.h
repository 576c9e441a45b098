/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Included before lib/base/handle.c when it is model-checked: redefines the
 * names of pthread and stdatomic that it uses as those of the explorer.
 * inside(), which is in lib/base/inside.c otherwise, is in sample.c.
 */
#ifndef MODEL_SHIM_H
#define MODEL_SHIM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "explorer.h"

static inline unsigned model_add(atomic_uint *at, unsigned by)
{
	return atomic_fetch_add(at, by);
}

#define pthread_mutex_t struct model_mutex
#undef PTHREAD_MUTEX_INITIALIZER
#define PTHREAD_MUTEX_INITIALIZER \
	{                         \
		0                 \
	}
#define pthread_cond_t struct model_cond
#undef PTHREAD_COND_INITIALIZER
#define PTHREAD_COND_INITIALIZER \
	{                        \
		0                \
	}
#define pthread_mutex_lock     model_lock
#define pthread_mutex_trylock  model_trylock
#define pthread_mutex_unlock   model_unlock
#define pthread_cond_wait      model_cond_wait
#define pthread_cond_broadcast model_broadcast
#define free                   model_free

/* Plain access to an _Atomic object is atomic, with sequential consistency. */
#undef atomic_load
#define atomic_load(at) (model_point(MODEL_LOAD, (at)), *(at))
#undef atomic_load_explicit
#define atomic_load_explicit(at, order) ((void)(order), atomic_load(at))
#undef atomic_store
#define atomic_store(at, value) \
	(model_point(MODEL_STORE, (at)), (void)(*(at) = (value)))
#undef atomic_store_explicit
#define atomic_store_explicit(at, value, order) \
	((void)(order), atomic_store(at, value))
#undef atomic_fetch_add
#define atomic_fetch_add(at, by) \
	(model_point(MODEL_STORE, (at)), model_add((at), (by)))
#undef atomic_fetch_sub
#define atomic_fetch_sub(at, by) \
	(model_point(MODEL_STORE, (at)), model_add((at), -(by)))

#endif
