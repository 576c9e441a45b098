/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A systematic explorer of schedules: takes a case of a few threads, gives
 * every order in which their steps can be taken.
 *
 * The threads are fibers.  Before each operation that others could see, a
 * fiber comes to a point, and the explorer says who goes on from there.  An
 * execution is run again from its start for each order; a state that was seen
 * is not gone on from.  Memory is sequentially consistent.
 */
#ifndef MODEL_EXPLORER_H
#define MODEL_EXPLORER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_THREADS_MAX 4
#define MODEL_UNBOUNDED   UINT32_MAX

enum model_op {
	MODEL_START,
	MODEL_LOCK,
	MODEL_TRYLOCK,
	MODEL_UNLOCK,
	MODEL_RELOCK, /* asleep on a condition, then its mutex */
	MODEL_LOAD,
	MODEL_STORE,
	MODEL_AWAIT, /* a wait on a link */
	MODEL_STEP,  /* of the case itself */
	MODEL_END,
};

struct model_mutex {
	unsigned holder; /* thread + 1; 0 = free */
};

struct model_cond {
	unsigned sleepers; /* a bit for each thread */
};

/* ---- For the code under test, by shim.h ------------------------------- */

void model_point(enum model_op op, const void *at);
int model_lock(struct model_mutex *mutex);
int model_trylock(struct model_mutex *mutex);
int model_unlock(struct model_mutex *mutex);
int model_cond_wait(struct model_cond *cond, struct model_mutex *mutex);
int model_broadcast(struct model_cond *cond);
void model_free(void *memory); /* in world.c */

/* ---- For the cases ---------------------------------------------------- */

/* Which thread this is; MODEL_THREADS_MAX before and after an execution. */
unsigned model_self(void);

/* Wait until the flag is raised; with slices, the wait may also end just so at
   any time. */
void model_await(const atomic_bool *flag, bool slices);

/* Wait until one of the two is raised. */
void model_await_either(const atomic_bool *flag, const atomic_bool *other);

/* The execution breaks a rule: say which, and how to come there again. */
_Noreturn void model_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* ---- For the program -------------------------------------------------- */

/* A piece of memory that is part of the state. */
struct model_memory {
	void *start;
	size_t size;
};

struct model_case {
	const char *name;
	unsigned threads;
	void (*setup)(void);
	void (*thread[MODEL_THREADS_MAX])(void);
	void (*finish)(void); /* all threads are over */
	const struct model_memory *memory;
	/* A word for what a point is about; in the report. */
	const char *(*describe)(const void *at);
	/* Memory must live that an operation touches. */
	void (*touch)(const void *at);
};

struct model_result {
	uint64_t executions, states, points;
	bool complete; /* no limit was met */
	bool failed;
};

/* Explore with so many preemptions at most, and states. */
struct model_result model_explore(
	const struct model_case *it, uint32_t preemptions, uint64_t limit);

/* One execution, by what model_fail() has printed, told step by step. */
struct model_result model_replay(
	const struct model_case *it, const char *schedule);

#endif
