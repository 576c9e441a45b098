/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Locks, conditions and waits of the threads under the model: what
   lib/base/handle.c asks of pthread, with a point before each operation. */
#include "execution.h"

#include <errno.h>

unsigned model_self(void)
{
	return run.self;
}

void model_point(enum model_op op, const void *at)
{
	run.it->touch(at);
	if (run.self == MODEL_THREADS_MAX)
		return;
	come_to(op, at, NULL);
	run.it->touch(at);
}

int model_lock(struct model_mutex *mutex)
{
	if (mutex->holder == run.self + 1)
		model_fail("%s is locked twice", run.it->describe(mutex));
	model_point(MODEL_LOCK, mutex);
	if (mutex->holder)
		model_fail("%s is never unlocked", run.it->describe(mutex));
	mutex->holder = run.self + 1;
	return 0;
}

int model_trylock(struct model_mutex *mutex)
{
	model_point(MODEL_TRYLOCK, mutex);
	if (mutex->holder)
		return EBUSY;
	mutex->holder = run.self + 1;
	return 0;
}

int model_unlock(struct model_mutex *mutex)
{
	model_point(MODEL_UNLOCK, mutex);
	if (mutex->holder != run.self + 1)
		model_fail(
			"%s is unlocked by another", run.it->describe(mutex));
	mutex->holder = 0;
	return 0;
}

int model_cond_wait(struct model_cond *cond, struct model_mutex *mutex)
{
	if (run.self == MODEL_THREADS_MAX)
		model_fail("a call was left inside");
	model_unlock(mutex);
	cond->sleepers |= 1u << run.self;
	come_to(MODEL_RELOCK, cond, mutex);
	mutex->holder = run.self + 1;
	return 0;
}

int model_broadcast(struct model_cond *cond)
{
	cond->sleepers = 0;
	return 0;
}

static void await(
	const atomic_bool *flag, const atomic_bool *other, bool slices)
{
	struct fiber *fiber = &run.fibers[run.self];

	fiber->other = other;
	fiber->slices = slices;
	model_point(MODEL_AWAIT, flag);
}

void model_await(const atomic_bool *flag, bool slices)
{
	await(flag, NULL, slices);
}

void model_await_either(const atomic_bool *flag, const atomic_bool *other)
{
	await(flag, other, false);
}
