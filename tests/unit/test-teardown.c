/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests that when any close of an object has returned, on any thread, the
 * memory, callbacks and descriptors that were lent to the object are not used
 * again.  One thread begins a teardown and is held in the middle of it, by the
 * log callback.  A second thread closes too, and makes what it had lent
 * inaccessible as soon as its close returns.
 *
 * CLYDE_URI is the device, "virtual:" if it is not set; CLYDE_CAPTURE is a
 * capture file.
 *
 * pthread_cond_wait() and pthread_mutex_lock() are wrapped: the first thread
 * continues once the second thread is about to sleep in its close, or has
 * returned from it.  So both orders are covered for certain, and neither needs
 * a delay.
 */
#include "tests/support/clyde-test.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

#include "wire/core-benchmark.h"

#define TRANSFER 4096
#define DEPTH    8
#define ARENA    (2 * TRANSFER * DEPTH) /* The memory of an IN pipe. */
#define PAGE     4096

/* Posted when the first thread is inside its teardown, and when it may
   continue. */
static sem_t begun, met;
/* A semaphore to post once, before this thread sleeps on a condition or, with
   post_on_lock, on a lock; or NULL. */
static _Thread_local sem_t *post_before_sleep;
static _Thread_local bool post_on_lock;

int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);

static void post_once(void)
{
	sem_t *to = post_before_sleep;

	post_before_sleep = NULL;
	if (to)
		sem_post(to);
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	post_once();
	return __real_pthread_cond_wait(cond, mutex);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	if (post_before_sleep && post_on_lock) {
		if (pthread_mutex_trylock(mutex) == 0)
			return 0;
		post_once();
	}
	return __real_pthread_mutex_lock(mutex);
}

/* What the application lends to the library, each on pages of its own. */
struct lent {
	uint8_t *arena;
	struct listener {
		/* A part of the line at which the thread is held. */
		const char *until;
		atomic_uint lines;
	} * listener;
};

struct stream_fixture {
	struct fixture fixture;
	struct clyde_pipe *pipe;
	struct lent lent;
	int descriptor;
};

enum target { CONTEXT, DEVICE, PIPE, TARGETS };

static void *lend(size_t size)
{
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	return pages;
}

static void make_inaccessible(void *pages, size_t size)
{
	if (mprotect(pages, size, PROT_NONE) < 0)
		abort();
}

/* A log callback that holds its thread in the middle of a teardown. */
static void listen(void *user, enum clyde_log_level level, int64_t time_ns,
	const char *line)
{
	struct listener *listener = user;

	(void)level;
	(void)time_ns;
	if (listener->until && strstr(line, listener->until)) {
		listener->until = NULL;
		sem_post(&begun);
		while (sem_wait(&met) < 0)
			;
	}
	atomic_fetch_add(&listener->lines, 1);
}

static void start_source(struct clyde_device *device)
{
	static const uint8_t source = BENCH_SOURCE,
			     cores[] = {0, 0, CORE_BENCHMARK, 0};

	assert_int_equal(
		clyde_register_write(device, REG_STREAM, cores, sizeof(cores)),
		0);
	assert_int_equal(
		clyde_register_write(device, REG_BENCH_MODE, &source, 1), 0);
}

static struct fixture open_image(void)
{
	const char *uri = getenv("CLYDE_URI");
	struct fixture fixture = open_uri(uri ? uri : "virtual:");

	if (clyde_fpga_load_image(fixture.device) < 0)
		fail_msg("%s", clyde_error_message());
	return fixture;
}

/* Opens a stream that is not read: all transfers are in flight or have just
   completed, and the source goes on. */
static struct stream_fixture open_bench(void)
{
	struct stream_fixture bench = {.fixture = open_image()};
	struct clyde_pipe_options options = {
		.transfer_size = TRANSFER,
		.depth = DEPTH,
		.memory = bench.lent.arena = lend(ARENA),
		.memory_size = ARENA,
	};
	uint8_t data[TRANSFER];

	bench.lent.listener = lend(PAGE);
	sem_init(&begun, 0, 0);
	sem_init(&met, 0, 0);
	assert_int_equal(clyde_context_log(bench.fixture.context,
				 CLYDE_LOG_DEBUG, listen, bench.lent.listener),
		0);
	assert_int_equal(clyde_pipe_open(bench.fixture.device,
				 CLYDE_PIPE_EP6_IN, &options, &bench.pipe),
		0);
	start_source(bench.fixture.device);
	assert_int_equal(
		clyde_pipe_read(bench.pipe, data, TRANSFER, 10000), TRANSFER);
	bench.descriptor = clyde_device_poll_fd(bench.fixture.device);
	assert_true(bench.descriptor >= 0);
	return bench;
}

static void close_bench(struct stream_fixture *bench)
{
	close_fixture(&bench->fixture);
	munmap(bench->lent.arena, ARENA);
	munmap(bench->lent.listener, PAGE);
	sem_destroy(&begun);
	sem_destroy(&met);
}

/* ---- Two closes ------------------------------------------------------- */

static clyde_token token_of(
	const struct stream_fixture *bench, enum target target)
{
	switch (target) {
	case CONTEXT:
		return clyde_context_token(bench->fixture.context);
	case DEVICE:
		return clyde_device_token(bench->fixture.device);
	default:
		return clyde_pipe_token(bench->pipe);
	}
}

struct closer {
	struct stream_fixture *bench;
	enum target target;
	int result;
	bool descriptor_closed;
	pthread_t thread;
};

static void *close_first(void *argument)
{
	struct closer *closer = argument;

	closer->result =
		clyde_close_token(token_of(closer->bench, closer->target));
	return NULL;
}

static void *close_second(void *argument)
{
	struct closer *closer = argument;
	struct stream_fixture *bench = closer->bench;

	sem_wait(&begun);
	post_before_sleep = &met;
	closer->result = clyde_close_token(token_of(bench, closer->target));
	make_inaccessible(bench->lent.arena, ARENA);
	if (closer->target == CONTEXT)
		make_inaccessible(bench->lent.listener, PAGE);
	if (closer->target != PIPE)
		closer->descriptor_closed =
			fcntl(bench->descriptor, F_GETFD) < 0;
	post_once();
	return NULL;
}

static void close_both(enum target first, enum target second)
{
	struct stream_fixture bench = open_bench();
	struct closer one = {.bench = &bench, .target = first},
		      other = {.bench = &bench, .target = second};

	bench.lent.listener->until = "closing EP6 IN";
	pthread_create(&one.thread, NULL, close_first, &one);
	pthread_create(&other.thread, NULL, close_second, &other);
	pthread_join(one.thread, NULL);
	pthread_join(other.thread, NULL);
	assert_int_equal(one.result, 0);
	assert_int_equal(
		other.result, second >= first ? CLYDE_ERROR_CLOSED : 0);
	assert_int_equal(other.descriptor_closed, second != PIPE);
	close_bench(&bench);
}

static void lent_memory_is_not_used_when_the_second_close_has_returned(
	void **state)
{
	(void)state;
	for (int first = 0; first < TARGETS; first++)
		for (int second = 0; second < TARGETS; second++)
			close_both(first, second);
}

/* Asserts that the test above can fail: an unprotected teardown does write to
   the lent memory.  Only under the virtual clock: over usbfs another process may
   have filled all transfers before the close. */
static void a_teardown_moves_bytes_into_lent_memory(void **state)
{
	struct stream_fixture bench;
	struct closer one = {.bench = &bench, .target = PIPE};
	size_t moved = 0;

	(void)state;
	if (getenv("CLYDE_URI"))
		skip();
	bench = open_bench();
	bench.lent.listener->until = "closing EP6 IN";
	pthread_create(&one.thread, NULL, close_first, &one);
	sem_wait(&begun);
	memset(bench.lent.arena, 0x5a, ARENA);
	sem_post(&met);
	pthread_join(one.thread, NULL);
	for (size_t i = 0; i < ARENA; i++)
		moved += bench.lent.arena[i] != 0x5a;
	assert_in_range(moved, 256, ARENA);
	close_bench(&bench);
}

/* ---- A run's observer ------------------------------------------------- */

struct observed {
	struct clyde_device *device;
	struct clyde_run *run;
	struct seen {
		atomic_uint calls;
		bool held;
	} * seen;
	/* Posted by the first of the two threads that close. */
	sem_t closing;
	int start, first, second; /* Results. */
};

static void observe(void *user, const char *what, uint64_t done, uint64_t total)
{
	struct seen *seen = user;

	(void)what;
	(void)done;
	(void)total;
	if (!seen->held) {
		seen->held = true;
		sem_post(&begun);
		sem_wait(&met);
	}
	atomic_fetch_add(&seen->calls, 1);
}

static void *start_run(void *argument)
{
	struct observed *observed = argument;
	struct clyde_observer observer = {
		.progress = observe, .user = observed->seen};

	observed->start = clyde_run_start(
		observed->run, observed->device, NULL, &observer);
	return NULL;
}

static void *close_run_first(void *argument)
{
	struct observed *observed = argument;

	sem_wait(&begun);
	post_before_sleep = &observed->closing;
	observed->first = clyde_close_token((uintptr_t)observed->run);
	post_once();
	return NULL;
}

static void *close_run_second(void *argument)
{
	struct observed *observed = argument;

	sem_wait(&observed->closing);
	post_before_sleep = &met;
	observed->second = clyde_close_token((uintptr_t)observed->run);
	make_inaccessible(observed->seen, PAGE);
	post_once();
	return NULL;
}

static void an_observer_is_not_called_when_any_close_of_its_run_has_returned(
	void **state)
{
	struct fixture fixture = open_image();
	struct observed observed = {
		.device = fixture.device, .seen = lend(PAGE)};
	pthread_t threads[3];

	(void)state;
	sem_init(&begun, 0, 0);
	sem_init(&met, 0, 0);
	sem_init(&observed.closing, 0, 0);
	assert_int_equal(
		clyde_run_new(fixture.context, "benchmark", &observed.run), 0);
	assert_int_equal(clyde_run_set(observed.run, "modes", "latency"), 0);
	assert_int_equal(clyde_run_set(observed.run, "count", "8MiB"), 0);
	pthread_create(&threads[0], NULL, start_run, &observed);
	pthread_create(&threads[1], NULL, close_run_first, &observed);
	pthread_create(&threads[2], NULL, close_run_second, &observed);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(observed.start, CLYDE_ERROR_CANCELED);
	assert_int_equal(observed.first, 0);
	assert_int_equal(observed.second, CLYDE_ERROR_CLOSED);
	close_fixture(&fixture);
	munmap(observed.seen, PAGE);
}

static void an_observer_is_not_called_when_its_run_is_over(void **state)
{
	struct fixture fixture = open_image();
	struct observed observed = {
		.device = fixture.device, .seen = lend(PAGE)};

	(void)state;
	observed.seen->held = true;
	assert_int_equal(
		clyde_run_new(fixture.context, "benchmark", &observed.run), 0);
	assert_int_equal(clyde_run_set(observed.run, "modes", "latency"), 0);
	assert_int_equal(clyde_run_set(observed.run, "count", "64KiB"), 0);
	start_run(&observed);
	assert_int_equal(observed.start, 0);
	assert_true(observed.seen->calls > 0);
	make_inaccessible(observed.seen, PAGE);
	assert_int_equal(clyde_run_claim(observed.run, observed.device), 0);
	clyde_run_close(observed.run);
	close_fixture(&fixture);
	munmap(observed.seen, PAGE);
}

/* ---- The log ---------------------------------------------------------- */

static void *ask(void *argument)
{
	struct stream_fixture *bench = argument;
	uint8_t id[CLYDE_FPGA_ID_SIZE];

	if (clyde_fpga_status(bench->fixture.device, id) != 1)
		abort();
	return NULL;
}

static void *silence(void *argument)
{
	struct stream_fixture *bench = argument;

	sem_wait(&begun);
	post_before_sleep = &met;
	post_on_lock = true;
	if (clyde_context_log(
		    bench->fixture.context, CLYDE_LOG_OFF, NULL, NULL) < 0)
		abort();
	make_inaccessible(bench->lent.listener, PAGE);
	post_once();
	return NULL;
}

static void a_log_callback_is_not_called_after_it_was_replaced(void **state)
{
	struct stream_fixture bench = open_bench();
	pthread_t asker, silencer;

	(void)state;
	assert_int_equal(clyde_context_log(bench.fixture.context,
				 CLYDE_LOG_TRACE, listen, bench.lent.listener),
		0);
	bench.lent.listener->until = "";
	pthread_create(&asker, NULL, ask, &bench);
	pthread_create(&silencer, NULL, silence, &bench);
	pthread_join(asker, NULL);
	pthread_join(silencer, NULL);
	ask(&bench);
	close_bench(&bench);
}

/* ---- Closes in callbacks ---------------------------------------------- */

struct inside {
	/* The contexts to close inside the callback. */
	struct fixture *fixture, *other;
	clyde_token extra;
	atomic_uint refused;
	pthread_barrier_t *meet;
	const char *at; /* A part of the line at which to try. */
};

static void try_close(struct inside *inside, clyde_token token)
{
	int result = clyde_close_token(token);

	if (result == 0)
		abort();
	if (result == CLYDE_ERROR_INSIDE &&
		strstr(clyde_error_message(), "a callback cannot close"))
		atomic_fetch_add(&inside->refused, 1);
}

static void close_inside(void *user, enum clyde_log_level level,
	int64_t time_ns, const char *line)
{
	struct inside *inside = user;
	struct fixture *fixture =
		inside->other ? inside->other : inside->fixture;
	char text[8];

	(void)level;
	(void)time_ns;
	if (inside->at == NULL || strstr(line, inside->at) == NULL)
		return;
	inside->at = NULL;
	if (inside->meet)
		pthread_barrier_wait(inside->meet);
	try_close(inside, clyde_context_token(fixture->context));
	try_close(inside, clyde_device_token(fixture->device));
	clyde_device_close(fixture->device);
	if (strstr(clyde_error_message(), "a callback cannot close"))
		atomic_fetch_add(&inside->refused, 1);
	if (inside->other == NULL &&
		clyde_context_notice(fixture->context, text, sizeof(text)) ==
			CLYDE_ERROR_INSIDE)
		atomic_fetch_add(&inside->refused, 1);
	if (inside->meet)
		pthread_barrier_wait(inside->meet);
}

static void listen_inside(struct inside *inside, const char *at)
{
	inside->at = at;
	assert_int_equal(clyde_context_log(inside->fixture->context,
				 CLYDE_LOG_TRACE, close_inside, inside),
		0);
}

static void a_close_in_a_callback_is_an_error_and_no_hang(void **state)
{
	struct fixture fixture = open_image();
	struct inside inside = {.fixture = &fixture};
	uint8_t id[CLYDE_FPGA_ID_SIZE];

	(void)state;
	listen_inside(&inside, "");
	assert_int_equal(clyde_fpga_status(fixture.device, id), 1);
	assert_int_equal(inside.refused, 4);
	assert_int_equal(clyde_fpga_status(fixture.device, id), 1);
	close_fixture(&fixture);
}

static void a_close_in_a_callback_of_the_teardown_is_an_error(void **state)
{
	struct fixture fixture = open_image();
	struct inside inside = {.fixture = &fixture};

	(void)state;
	listen_inside(&inside, "closing ");
	clyde_context_close(fixture.context);
	assert_int_equal(inside.refused, 4);
	assert_int_equal(clyde_live_objects(), 0);
}

static void *ask_inside(void *argument)
{
	struct inside *inside = argument;
	uint8_t id[CLYDE_FPGA_ID_SIZE];

	if (clyde_fpga_status(inside->fixture->device, id) < 0)
		abort();
	return NULL;
}

static void two_callbacks_that_close_each_others_contexts_are_refused(
	void **state)
{
	struct fixture tops[2] = {open_uri("virtual:"), open_uri("virtual:")};
	struct inside insides[2];
	pthread_barrier_t meet;
	pthread_t threads[2];

	(void)state;
	pthread_barrier_init(&meet, NULL, 2);
	for (unsigned i = 0; i < 2; i++) {
		insides[i] = (struct inside){.fixture = &tops[i],
			.other = &tops[1 - i],
			.meet = &meet};
		listen_inside(&insides[i], "");
	}
	for (unsigned i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, ask_inside, &insides[i]);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(insides[i].refused, 3);
	}
	pthread_barrier_destroy(&meet);
	clyde_context_close(tops[0].context);
	close_fixture(&tops[1]);
}

static void close_all_inside(void *user, const struct clyde_record *record)
{
	struct inside *inside = user;

	(void)record;
	try_close(inside, inside->extra);
	try_close(inside, clyde_device_token(inside->fixture->device));
	try_close(inside, clyde_context_token(inside->fixture->context));
}

static void an_observer_cannot_close_anything(void **state)
{
	struct fixture fixture = open_image();
	struct inside inside = {.fixture = &fixture};
	struct clyde_observer observer = {
		.record = close_all_inside, .user = &inside};
	struct clyde_run *run;

	(void)state;
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	assert_int_equal(clyde_run_set(run, "modes", "source"), 0);
	assert_int_equal(clyde_run_set(run, "count", "64KiB"), 0);
	inside.extra = (uintptr_t)run;
	assert_int_equal(
		clyde_run_start(run, fixture.device, NULL, &observer), 0);
	assert_true(inside.refused >= 3);
	assert_int_equal(inside.refused % 3, 0);
	clyde_run_close(run);
	close_fixture(&fixture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_teardown_moves_bytes_into_lent_memory),
		cmocka_unit_test(
			lent_memory_is_not_used_when_the_second_close_has_returned),
		cmocka_unit_test(
			an_observer_is_not_called_when_any_close_of_its_run_has_returned),
		cmocka_unit_test(
			an_observer_is_not_called_when_its_run_is_over),
		cmocka_unit_test(
			a_log_callback_is_not_called_after_it_was_replaced),
		cmocka_unit_test(a_close_in_a_callback_is_an_error_and_no_hang),
		cmocka_unit_test(
			a_close_in_a_callback_of_the_teardown_is_an_error),
		cmocka_unit_test(
			two_callbacks_that_close_each_others_contexts_are_refused),
		cmocka_unit_test(an_observer_cannot_close_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
