/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The execution that is under way: explorer.c chooses who goes on in it,
   operations.c does what they are at, report.c tells. */
#ifndef MODEL_EXECUTION_H
#define MODEL_EXECUTION_H

#include <setjmp.h>
#include <ucontext.h>

#include "explorer.h"

#define SCHEDULE_MAX 4096

struct fiber {
	ucontext_t context;
	jmp_buf registers; /* at the point, for the state */
	char *frame;       /* likewise, the stack from here up */
	const void *at;
	const struct model_mutex *mutex; /* RELOCK */
	const atomic_bool *other;        /* AWAIT, or NULL */
	enum model_op op;
	bool slices;
	char *stack, *low; /* and the deepest point so far */
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
	size_t prefix; /* of the schedule, which is given */
	bool replay, failed;
	volatile bool over;
	uint64_t points;
};

extern struct execution run;

/* The running thread is about to do this; returns when it is to. */
void come_to(enum model_op op, const void *at, const struct model_mutex *mutex);

/* Say whose turn it is, and to do what. */
void tell(unsigned index);

/* Say how to come to where the execution is, or to another place. */
void say_schedule(const char *schedule);
void report_crashes(void);
_Noreturn void report_deadlock(void);

#endif
