/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A systematic explorer of schedules: it runs a case of a few threads along
 * every order in which their steps can be taken.
 *
 * The threads are fibers.  Before each operation that other threads could see,
 * a fiber comes to a point, and the explorer chooses which fiber continues.  An
 * execution is run again from its start for each order.  A state that was met
 * before is not continued.  Memory is sequentially consistent.
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
	MODEL_RELOCK, /* Asleep on a condition, then waiting for its mutex. */
	MODEL_LOAD,
	MODEL_STORE,
	MODEL_AWAIT, /* A wait on a link. */
	MODEL_STEP,  /* A step of the case itself. */
	MODEL_END,
};

struct model_mutex {
	unsigned holder; /* Thread + 1; 0 = free. */
};

struct model_cond {
	unsigned sleepers; /* A bit for each thread. */
};

/* ---- For the code under test, by shim.h ------------------------------- */

void model_point(enum model_op op, const void *at);
int model_lock(struct model_mutex *mutex);
int model_trylock(struct model_mutex *mutex);
int model_unlock(struct model_mutex *mutex);
int model_cond_wait(struct model_cond *cond, struct model_mutex *mutex);
int model_broadcast(struct model_cond *cond);
void model_free(void *memory); /* In sample.c. */

/* ---- For the cases ---------------------------------------------------- */

/* Returns the running thread; MODEL_THREADS_MAX before and after an
   execution. */
unsigned model_self(void);

/* Waits until the flag is raised.  With slices, the wait may also end at any
   time without a reason. */
void model_await(const atomic_bool *flag, bool slices);

/* Waits until one of the two is raised. */
void model_await_either(const atomic_bool *flag, const atomic_bool *other);

/* Reports that the execution breaks a rule, and the schedule that leads
   there. */
_Noreturn void model_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* ---- For the program -------------------------------------------------- */

/* Memory that is part of the state. */
struct model_memory {
	void *start;
	size_t size;
};

struct model_case {
	const char *name;
	unsigned threads;
	void (*setup)(void);
	void (*thread[MODEL_THREADS_MAX])(void);
	void (*finish)(void); /* Called when all threads have ended. */
	const struct model_memory *memory;
	/* Returns a word for the object of a point, for the report. */
	const char *(*describe)(const void *at);
	/* Called before an operation touches memory, which must not be
	   freed. */
	void (*touch)(const void *at);
};

struct model_result {
	uint64_t executions, states, points;
	bool complete; /* No limit was reached. */
	bool failed;
};

/* Explores with at most this many preemptions in an execution, and states. */
struct model_result model_explore(
	const struct model_case *it, uint32_t preemptions, uint64_t limit);

/* Runs one execution along the schedule that model_fail() printed, and prints
   each step. */
struct model_result model_replay(
	const struct model_case *it, const char *schedule);

#endif
