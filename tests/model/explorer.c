/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Runs executions: the fibers of a case along a schedule up to a point, from
 * which graph.c names the next branch.
 *
 * A schedule is a letter for each point at which more than one thread could
 * continue, which names the thread that did.
 */
#include "execution.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "poison.h"

#define STACK_SIZE (256 * 1024)
/* The most points without a choice in a row; more are a livelock. */
#define SPIN_MAX 2000

struct execution run;

/* ---- Which thread continues ------------------------------------------- */

static bool enabled(unsigned index)
{
	const struct fiber *fiber = &run.fibers[index];

	switch (fiber->op) {
	case MODEL_LOCK:
		return ((const struct model_mutex *)fiber->at)->holder == 0;
	case MODEL_RELOCK:
		return fiber->mutex->holder == 0 &&
			!(((const struct model_cond *)fiber->at)->sleepers >>
					index &
				1);
	case MODEL_AWAIT:
		return fiber->slices || *(const atomic_bool *)fiber->at ||
			(fiber->other && *fiber->other);
	case MODEL_END:
		return false;
	default:
		return true;
	}
}

static unsigned enabled_all(void)
{
	unsigned all = 0;

	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++)
		if (i < run.it->threads && enabled(i))
			all |= 1u << i;
	return all;
}

__attribute__((no_sanitize("address"))) static uint64_t hash_memory(
	uint64_t hash, const void *start, size_t size)
{
	const uint64_t *words = start;

	for (size_t i = 0; i < size / sizeof(*words); i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return hash;
}

/* A thread's stack holds where the thread is and all that it has read. */
__attribute__((no_sanitize("address"))) static uint64_t hash_fiber(
	uint64_t hash, const struct fiber *fiber)
{
	uint64_t words[] = {fiber->op, (uintptr_t)fiber->at,
		(uintptr_t)fiber->other, fiber->slices};

	hash = hash_memory(hash, words, sizeof(words));
	if (fiber->op == MODEL_END)
		return hash;
	hash = hash_memory(hash, fiber->registers, sizeof(fiber->registers));
	return hash_memory(
		hash, fiber->frame, fiber->stack + STACK_SIZE - fiber->frame);
}

static uint64_t hash_state(void)
{
	uint64_t hash = 1;

	for (unsigned i = 0; i < run.it->threads; i++)
		hash = hash_fiber(hash, &run.fibers[i]);
	for (size_t i = 0; run.it->memory[i].size; i++)
		hash = hash_memory(
			hash, run.it->memory[i].start, run.it->memory[i].size);
	if (run.preemptions == MODEL_UNBOUNDED)
		return hash;
	hash = hash_memory(hash, &(uint64_t){run.self}, sizeof(uint64_t));
	return hash_memory(hash, &(uint64_t){run.used}, sizeof(uint64_t));
}

/* Whether the thread gives its turn away by itself. */
static bool yields(unsigned index)
{
	return run.fibers[index].op == MODEL_AWAIT;
}

/* It is a preemption if another thread continues although the running one
   could. */
static bool preempts(unsigned all, unsigned next)
{
	return next != run.self && all >> run.self & 1 && !yields(run.self);
}

static unsigned permitted(unsigned all)
{
	if (run.used < run.preemptions)
		return all;
	return preempts(all, run.it->threads) ? 1u << run.self : all;
}

static unsigned first_of(unsigned all)
{
	if (all >> run.self & 1 && !yields(run.self))
		return run.self;
	if (all & ~(1u << run.self))
		all &= ~(1u << run.self);
	return __builtin_ctz(all);
}

static unsigned replayed(unsigned all)
{
	unsigned next = first_of(all);

	if (run.length < run.prefix)
		next = run.schedule[run.length] - 'A';
	if (next >= run.it->threads || !(all >> next & 1))
		model_fail("the schedule is of another case, or another "
			   "library: thread %c cannot go on",
			'A' + next);
	return next;
}

/* At a point that has no given choice, the graph makes it. */
static unsigned choose(unsigned all)
{
	unsigned choices = permitted(all);
	unsigned next;

	run.spun++;
	if (run.spun > SPIN_MAX || run.length == SCHEDULE_MAX)
		model_fail("livelock: %u points and no end", run.spun);
	if (!(all & (all - 1)))
		return __builtin_ctz(all);
	if (run.replay || run.length < run.prefix) {
		next = replayed(all);
	} else if (!(choices & (choices - 1))) {
		next = __builtin_ctz(choices);
	} else if (graph_arrive(hash_state(), run.schedule, run.length)) {
		next = first_of(choices);
		graph_branch(run.length, choices & ~(1u << next));
	} else {
		setcontext(&run.main);
		abort();
	}
	if (choices & (choices - 1))
		run.spun = 0;
	run.used += preempts(all, next);
	run.schedule[run.length++] = 'A' + next;
	return next;
}

/* Lets the chosen thread continue; returns when this thread is chosen. */
static void schedule(void)
{
	unsigned self = run.self;
	unsigned all = enabled_all();
	unsigned next;

	if (all == 0) {
		for (unsigned i = 0; i < run.it->threads; i++)
			if (run.fibers[i].op != MODEL_END)
				report_deadlock();
		run.over = true;
		setcontext(&run.main);
	}
	next = choose(all);
	if (run.replay)
		print_step(next);
	if (next == self)
		return;
	run.self = next;
	swapcontext(&run.fibers[self].context, &run.fibers[next].context);
}

__attribute__((noinline)) void come_to(
	enum model_op op, const void *at, const struct model_mutex *mutex)
{
	struct fiber *fiber = &run.fibers[run.self];

	fiber->op = op;
	fiber->at = at;
	fiber->mutex = mutex;
	fiber->frame = __builtin_frame_address(0);
	if (fiber->frame < fiber->low)
		fiber->low = fiber->frame;
	if (_setjmp(fiber->registers) == 0)
		schedule();
	run.points++;
}

/* ---- Executions ------------------------------------------------------- */

static void live(void)
{
	run.it->thread[run.self]();
	model_point(MODEL_END, NULL);
}

/* The initial state is the same every time, to the last byte of the stacks. */
static void prepare(void)
{
	static _Alignas(64) char stacks[MODEL_THREADS_MAX][STACK_SIZE];

	run.length = 0;
	run.used = run.spun = 0;
	run.self = MODEL_THREADS_MAX;
	run.over = false;
	run.it->setup();
	for (unsigned i = 0; i < run.it->threads; i++) {
		struct fiber *fiber = &run.fibers[i];
		fiber->stack = stacks[i];
		if (fiber->low == NULL)
			fiber->low = stacks[i] + 1024;
		ASAN_UNPOISON_MEMORY_REGION(stacks[i], STACK_SIZE);
		memset(fiber->low - 1024, 0,
			stacks[i] + STACK_SIZE - fiber->low + 1024);
		memset(fiber->registers, 0, sizeof(fiber->registers));
		fiber->frame = stacks[i] + STACK_SIZE;
		fiber->op = MODEL_START;
		fiber->at = NULL;
		fiber->slices = false;
		fiber->other = NULL;
		getcontext(&fiber->context);
		fiber->context.uc_stack.ss_sp = stacks[i];
		fiber->context.uc_stack.ss_size = STACK_SIZE;
		makecontext(&fiber->context, live, 0);
	}
}

static void execute(void)
{
	volatile enum { PREPARED, RUN, FINISHED } stage = PREPARED;

	prepare();
	getcontext(&run.main);
	if (stage == PREPARED) {
		stage = RUN;
		run.self = choose(enabled_all());
		if (run.replay)
			print_step(run.self);
		setcontext(&run.fibers[run.self].context);
	}
	run.self = MODEL_THREADS_MAX;
	if (stage == RUN && run.over && !run.failed) {
		stage = FINISHED;
		run.it->finish();
		graph_end();
	}
}

static void begin(const struct model_case *it, uint32_t preemptions)
{
	report_crashes();
	run.it = it;
	run.preemptions = preemptions;
	run.failed = run.replay = false;
	run.prefix = 0;
	run.points = 0;
	graph_clear();
}

struct model_result model_explore(
	const struct model_case *it, uint32_t preemptions, uint64_t limit)
{
	struct model_result result = {0};
	const char *trap;

	begin(it, preemptions);
	do {
		execute();
		result.executions++;
		run.prefix = graph_next(run.schedule);
	} while (!run.failed && run.prefix > 0 && graph_states() < limit);
	result.complete = run.prefix == 0;
	trap = run.failed || !result.complete ? NULL : graph_trap();
	if (trap) {
		fprintf(stderr, "%s: livelock: from here no end is reached\n",
			it->name);
		print_schedule(trap);
	}
	result.failed = run.failed || trap;
	result.states = graph_states();
	result.points = run.points;
	return result;
}

struct model_result model_replay(
	const struct model_case *it, const char *schedule)
{
	struct model_result result = {.executions = 1, .complete = true};

	begin(it, MODEL_UNBOUNDED);
	run.replay = true;
	run.prefix = strcmp(schedule, "-") == 0 ? 0 : strlen(schedule);
	if (run.prefix > SCHEDULE_MAX)
		run.prefix = SCHEDULE_MAX;
	memcpy(run.schedule, schedule, run.prefix);
	execute();
	result.failed = run.failed;
	result.points = run.points;
	return result;
}
