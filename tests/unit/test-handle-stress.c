/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Many threads make, use and close contexts, devices, pipes and runs that all
 * of them share, and a finalizer thread closes tokens late, early and twice.
 * Every call must return a result that is allowed for a closed handle, and no
 * memory may be left.
 *
 *	test-handle-stress [ROUNDS [SEED]]
 *
 * Each round has a seed, which is one more than that of the round before.  A
 * seed repeats what each thread draws, and not the order in which threads run.
 */
#include "tests/support/clyde-test.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 6
#define STEPS   150
#define SLOTS   3   /* Trees that exist at a time. */
#define KEPT    512 /* Tokens that the finalizer remembers. */

/* The number of rounds after which memory no longer grows, and the amount that
   allocators of so many threads may keep. */
#define SETTLED    4
#define GROWTH_MAX (1 << 18)

static unsigned rounds = 12, first_seed = 1;

/* A slot may hold a stale handle, since another thread may have closed the
   object; calls with such a handle fail with CLYDE_ERROR_CLOSED. */
struct slot {
	_Atomic(struct clyde_context *) context;
	_Atomic(struct clyde_device *) device;
	_Atomic(struct clyde_pipe *) pipes[CLYDE_PIPE_COUNT];
	_Atomic(struct clyde_run *) run;
};

static struct {
	struct slot slots[SLOTS];
	_Atomic(clyde_token) tokens[KEPT];
	atomic_uint made, closed, used, refused;
	atomic_int wrong; /* The line of a result that is not allowed. */
	char why[400];    /* Its sentence. */
	atomic_bool over;
} shared;

struct user {
	pthread_t thread;
	unsigned seed;
};

/* Xorshift, which draws the same on every machine. */
static unsigned draw(struct user *user, unsigned limit)
{
	user->seed ^= user->seed << 13;
	user->seed ^= user->seed >> 17;
	user->seed ^= user->seed << 5;
	return user->seed % limit;
}

static void keep(clyde_token token)
{
	unsigned at = atomic_fetch_add(&shared.made, 1);

	atomic_store(&shared.tokens[at % KEPT], token);
}

/* Asserts that a call succeeded, or that its object was closed.  No thread
   interrupts and no device is unplugged, so no other error is allowed. */
static bool check(ssize_t result, int allowed, int where)
{
	if (result >= 0) {
		atomic_fetch_add(&shared.used, 1);
		return true;
	}
	atomic_fetch_add(&shared.refused, 1);
	if (result != CLYDE_ERROR_CLOSED && result != CLYDE_ERROR_CANCELED &&
		result != allowed && atomic_exchange(&shared.wrong, where) == 0)
		snprintf(shared.why, sizeof(shared.why), "%s",
			clyde_error_message());
	return false;
}

#define CHECK(result, allowed) check((result), (allowed), __LINE__)

/* ---- What a thread does ----------------------------------------------- */

static void make_context(struct user *user, struct slot *slot)
{
	struct clyde_context *context;

	(void)user;
	if (!CHECK(clyde_context_new(&context), 0))
		return;
	keep(clyde_context_token(context));
	context = atomic_exchange(&slot->context, context);
	clyde_context_close(context);
}

static void make_device(struct user *user, struct slot *slot)
{
	struct clyde_device *device;

	(void)user;
	if (!CHECK(clyde_device_open(atomic_load(&slot->context),
			   "virtual:configured=1", NULL, &device),
		    0))
		return;
	keep(clyde_device_token(device));
	device = atomic_exchange(&slot->device, device);
	clyde_device_close(device);
}

static void make_pipe(struct user *user, struct slot *slot)
{
	struct clyde_pipe_options options = {
		.transfer_size = 512 * (1 + draw(user, 4)),
		.depth = 1 + draw(user, 4),
	};
	enum clyde_pipe_id id = draw(user, CLYDE_PIPE_COUNT);
	struct clyde_pipe *pipe;
	int result;

	result = clyde_pipe_open(
		atomic_load(&slot->device), id, &options, &pipe);
	/* A run may have all buffers of the pair. */
	if (result == CLYDE_ERROR_STALL || !CHECK(result, CLYDE_ERROR_BUSY))
		return;
	keep(clyde_pipe_token(pipe));
	pipe = atomic_exchange(&slot->pipes[id], pipe);
	clyde_pipe_close(pipe);
}

static void make_run(struct user *user, struct slot *slot)
{
	struct clyde_run *run;

	(void)user;
	if (!CHECK(clyde_run_new(
			   atomic_load(&slot->context), "benchmark", &run),
		    0))
		return;
	keep((uintptr_t)run);
	clyde_run_set(run, "count", "64KiB");
	run = atomic_exchange(&slot->run, run);
	clyde_run_close(run);
}

static void use_device(struct user *user, struct slot *slot)
{
	struct clyde_device *device = atomic_load(&slot->device);
	struct clyde_device_info info;
	uint8_t id[8];

	switch (draw(user, 4)) {
	case 0:
		CHECK(clyde_fpga_status(device, id), 0);
		break;
	case 1:
		CHECK(clyde_device_sleep(device, draw(user, 3)), 0);
		break;
	case 2:
		CHECK(clyde_device_info(device, &info), 0);
		break;
	case 3:
		CHECK(clyde_device_process(device), CLYDE_ERROR_DEADLOCK);
		break;
	}
}

static void use_pipe(struct user *user, struct slot *slot)
{
	enum clyde_pipe_id id = draw(user, CLYDE_PIPE_COUNT);
	struct clyde_pipe *pipe = atomic_load(&slot->pipes[id]);
	bool in = id >= CLYDE_PIPE_EP6_IN;
	struct clyde_pipe_stats stats;
	uint8_t data[1024] = {0};

	switch (draw(user, 5)) {
	case 0 ... 1:
		CHECK(in ? clyde_pipe_read_some(pipe, data, sizeof(data), 2)
			 : clyde_pipe_write(pipe, data, sizeof(data), 2),
			CLYDE_ERROR_TIMEOUT);
		break;
	case 2:
		CHECK(clyde_pipe_cancel(pipe), 0);
		CHECK(clyde_pipe_resume(pipe), 0);
		break;
	case 3:
		CHECK(clyde_pipe_reset(pipe), 0);
		break;
	case 4:
		CHECK(clyde_pipe_stats(pipe, &stats), 0);
		break;
	}
}

static void use_context(struct user *user, struct slot *slot)
{
	struct clyde_context *context = atomic_load(&slot->context);
	struct clyde_run *run = atomic_load(&slot->run);
	char text[64];

	switch (draw(user, 4)) {
	case 0 ... 1:
		CHECK(clyde_context_notice(context, text, sizeof(text)), 0);
		break;
	case 2:
		CHECK(clyde_run_set(run, "depth", "2"), CLYDE_ERROR_BUSY);
		break;
	case 3:
		clyde_run_streams(run);
		break;
	}
}

/* The pipes and the core may be in use by another thread, or by a run of
   another context. */
static void start_run(struct user *user, struct slot *slot)
{
	static const struct clyde_observer observer;
	struct clyde_run *run = atomic_load(&slot->run);
	struct clyde_device *device = atomic_load(&slot->device);
	ssize_t result = draw(user, 2)
		? clyde_run_claim(run, device)
		: clyde_run_start(run, device, NULL, &observer);

	if (result != CLYDE_ERROR_BUSY && result != CLYDE_ERROR_CORE_TAKEN &&
		result != CLYDE_ERROR_STALL)
		CHECK(result, CLYDE_ERROR_INVALID);
}

static void close_some(struct user *user, struct slot *slot)
{
	clyde_token tokens[] = {
		(uintptr_t)atomic_load(&slot->context),
		(uintptr_t)atomic_load(&slot->device),
		(uintptr_t)atomic_load(&slot->run),
		(uintptr_t)atomic_load(
			&slot->pipes[draw(user, CLYDE_PIPE_COUNT)]),
	};
	int result = clyde_close_token(tokens[draw(user, 4)]);

	if (CHECK(result, 0))
		atomic_fetch_add(&shared.closed, 1);
}

static void (*const acts[])(struct user *user, struct slot *slot) = {
	make_context, make_device, make_device, make_pipe, make_pipe, make_pipe,
	make_run, use_device, use_device, use_pipe, use_pipe, use_pipe,
	use_context, use_context, start_run, close_some};

static void *use_all(void *argument)
{
	struct user *user = argument;

	for (int i = 0; i < STEPS; i++) {
		struct slot *slot = &shared.slots[draw(user, SLOTS)];

		acts[draw(user, sizeof(acts) / sizeof(*acts))](user, slot);
	}
	return NULL;
}

/* Tokens are kept for long, so most of them are closed by now. */
static void *finalize(void *argument)
{
	struct user *user = argument;

	while (!atomic_load(&shared.over)) {
		unsigned made = atomic_load(&shared.made);
		unsigned age = draw(user, draw(user, 8) ? KEPT : 4);
		clyde_token token =
			atomic_load(&shared.tokens[(made - 1 - age) % KEPT]);

		for (unsigned i = draw(user, 2); i < 2; i++)
			if (clyde_close_token(token) == 0)
				atomic_fetch_add(&shared.closed, 1);
		for (unsigned i = draw(user, 200); i > 0; i--)
			sched_yield();
	}
	return NULL;
}

/* ---- Rounds ----------------------------------------------------------- */

static void begin(struct user *user, unsigned seed, void *(*live)(void *))
{
	user->seed = seed;
	assert_int_equal(pthread_create(&user->thread, NULL, live, user), 0);
}

static void close_all(void)
{
	for (size_t i = 0; i < SLOTS; i++)
		clyde_context_close(atomic_load(&shared.slots[i].context));
	for (size_t i = 0; i < KEPT; i++)
		clyde_close_token(atomic_load(&shared.tokens[i]));
}

static void live(unsigned seed)
{
	struct user users[THREADS], finalizer;

	memset(&shared, 0, sizeof(shared));
	for (unsigned i = 0; i < THREADS; i++)
		begin(&users[i], (seed * THREADS + i) * 2654435761u + 1,
			use_all);
	begin(&finalizer, seed * 2246822519u + 1, finalize);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(users[i].thread, NULL);
	atomic_store(&shared.over, true);
	pthread_join(finalizer.thread, NULL);
	close_all();
	print_message("seed %u: %u made, %u closed by hand, %u calls done, %u "
		      "refused\n",
		seed, shared.made, shared.closed, shared.used, shared.refused);
	if (shared.wrong)
		fail_msg("line %d: %s; again: test-handle-stress 1 %u",
			shared.wrong, shared.why, seed);
	assert_int_equal(clyde_live_objects(), 0);
}

static size_t held(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void objects_shared_by_all_threads_are_closed_once_and_leave_nothing(
	void **state)
{
	size_t settled = 0;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		live(first_seed + i);
		if (i == SETTLED)
			settled = held();
	}
	print_message("%zu bytes are held, %zu were after %u rounds\n", held(),
		settled, SETTLED + 1);
	if (settled > 0)
		assert_true(held() <= settled + GROWTH_MAX);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			objects_shared_by_all_threads_are_closed_once_and_leave_nothing),
	};

	if (argc > 1)
		rounds = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		first_seed = strtoul(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
