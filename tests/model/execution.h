/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The execution that is running, which explorer.c (chooses the thread that
   continues), operations.c (locks and waits) and report.c (prints) share. */
#ifndef MODEL_EXECUTION_H
#define MODEL_EXECUTION_H

#include <setjmp.h>
#include <ucontext.h>

#include "explorer.h"

#define SCHEDULE_MAX 4096

struct fiber {
	ucontext_t context;
	jmp_buf registers; /* At the point; part of the state. */
	char *frame;       /* The stack from here up; part of the state. */
	const void *at;
	const struct model_mutex *mutex; /* For RELOCK. */
	const atomic_bool *other;        /* For AWAIT, or NULL. */
	enum model_op op;
	bool slices;
	char *stack, *low; /* The deepest point so far is `low`. */
};

struct execution {
	const struct model_case *it;
	struct fiber fibers[MODEL_THREADS_MAX];
	ucontext_t main;
	unsigned self;
	uint32_t preemptions, used;
	unsigned spun;
	char schedule[SCHEDULE_MAX + 1];
	size_t length;
	size_t prefix; /* The length of the given beginning of the schedule. */
	bool replay, failed;
	volatile bool over;
	uint64_t points;
};

extern struct execution run;

/* The running thread is about to do this operation.  Returns when the explorer
   lets it continue. */
void come_to(enum model_op op, const void *at, const struct model_mutex *mutex);

/* Prints which thread continues, and with which operation. */
void print_step(unsigned index);

/* Prints the command that replays a schedule. */
void print_schedule(const char *schedule);
void report_crashes(void);
_Noreturn void report_deadlock(void);

#endif
