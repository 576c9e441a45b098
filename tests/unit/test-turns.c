/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests two threads on one pipe.  A call that waits releases the tree's lock,
 * and another call changes the pipe meanwhile.  The log callback makes that
 * moment certain: it runs when a transfer of the waiting call completes, starts
 * the other thread, and returns once that thread waits for the lock, so that
 * the other call comes next.
 */
#include "tests/support/clyde-test.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "lib/stream/pipe.h"
#include "wire/core-benchmark.h"

#define SIZE  4096
#define DEPTH 2

static struct clyde_context *context;
static struct clyde_device *device;

/* The call of the other thread. */
static struct {
	void (*call)(struct clyde_pipe *pipe);
	struct clyde_pipe *pipe;
	struct tree *tree;
	const char *when; /* The beginning of a line of the log. */
	bool started;
	pthread_t thread;
	ssize_t result;
	void *region;
} other;

static void *run_other(void *unused)
{
	(void)unused;
	other.call(other.pipe);
	return NULL;
}

static void interleave(void *user, enum clyde_log_level level, int64_t time_ns,
	const char *line)
{
	(void)user;
	(void)level;
	(void)time_ns;
	if (other.call == NULL || other.started ||
		strncmp(line, other.when, strlen(other.when)) != 0 ||
		strstr(line, "bytes done") == NULL)
		return;
	other.started = true;
	pthread_create(&other.thread, NULL, run_other, NULL);
	while (atomic_load(&other.tree->waiting) == 0)
		sched_yield();
}

/* Has the next completion of this pipe followed by the call. */
static void follow_with(void (*call)(struct clyde_pipe *pipe),
	struct clyde_pipe *pipe, const char *when)
{
	struct clyde_pipe *object = pipe;

	assert_int_equal(object_pin(&object), 0);
	other.tree = object->object.tree;
	object_unpin(&object->object);
	other.pipe = pipe;
	other.when = when;
	other.started = false;
	other.call = call;
}

static void join_other(void)
{
	assert_true(other.started);
	pthread_join(other.thread, NULL);
	other.call = NULL;
}

static struct clyde_pipe *open_for(
	enum clyde_pipe_id id, enum clyde_benchmark_mode mode)
{
	struct clyde_pipe_options options = {
		.transfer_size = SIZE, .depth = DEPTH};
	struct clyde_pipe *pipe;

	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(
		clyde_device_open(context, "virtual:", NULL, &device), 0);
	assert_int_equal(clyde_fpga_load_image(device), 1);
	assert_int_equal(
		clyde_core_attach(device, CLYDE_CORE_BENCHMARK, &id, 1), 0);
	assert_int_equal(clyde_pipe_open(device, id, &options, &pipe), 0);
	assert_int_equal(
		clyde_context_log(context, CLYDE_LOG_TRACE, interleave, NULL),
		0);
	assert_int_equal(
		clyde_core_write(device, CLYDE_CORE_BENCHMARK, "mode", mode),
		0);
	/* What came while the command was under way. */
	assert_int_equal(clyde_pipe_reset(pipe), 0);
	return pipe;
}

static void close_all(void)
{
	clyde_context_close(context);
	assert_int_equal(clyde_live_objects(), 0);
}

static void acquire(struct clyde_pipe *pipe)
{
	other.result = clyde_pipe_acquire(pipe, &other.region, 1000);
	if (other.result > 0)
		memset(other.region, 'B', other.result);
}

static void reset(struct clyde_pipe *pipe)
{
	other.result = clyde_pipe_reset(pipe);
}

static void cancel_and_resume(struct clyde_pipe *pipe)
{
	other.result = clyde_pipe_cancel(pipe);
	if (other.result == 0)
		other.result = clyde_pipe_resume(pipe);
}

static void assert_region_untouched(void)
{
	assert_int_equal(other.result, SIZE);
	for (ssize_t i = 0; i < other.result; i++)
		assert_int_equal(((uint8_t *)other.region)[i], 'B');
}

static void a_write_leaves_a_region_alone_that_was_acquired_in_its_wait(
	void **state)
{
	struct clyde_pipe *out =
		open_for(CLYDE_PIPE_EP2_OUT, CLYDE_BENCHMARK_SINK);
	static uint8_t data[8 * SIZE];
	uint64_t offset;

	(void)state;
	follow_with(acquire, out, "endpoint 0x02");
	assert_int_equal(
		clyde_pipe_write(out, data, sizeof(data), 1000), DEPTH * SIZE);
	join_other();
	assert_region_untouched();
	assert_int_equal(
		clyde_pipe_write(out, data, SIZE, 1000), CLYDE_ERROR_BUSY);
	assert_says("an acquired region is not released");
	assert_int_equal(clyde_pipe_release(out, SIZE), 0);
	assert_int_equal(clyde_pipe_write(out, data, SIZE, 1000), SIZE);
	assert_int_equal(clyde_pipe_flush(out, 1000), 0);
	assert_int_equal(clyde_pipe_offset(out, &offset), 0);
	assert_int_equal(offset, (DEPTH + 2) * SIZE);
	close_all();
}

static void a_read_leaves_a_region_alone_that_was_acquired_in_its_wait(
	void **state)
{
	struct clyde_pipe *in =
		open_for(CLYDE_PIPE_EP6_IN, CLYDE_BENCHMARK_SOURCE);
	uint8_t data[SIZE];
	uint64_t offset;

	(void)state;
	follow_with(acquire, in, "endpoint 0x86");
	assert_int_equal(clyde_pipe_read(in, data, sizeof(data), 1000),
		CLYDE_ERROR_BUSY);
	join_other();
	assert_region_untouched();
	assert_int_equal(clyde_pipe_release(in, SIZE), 0);
	assert_int_equal(clyde_pipe_read(in, data, SIZE, 1000), SIZE);
	assert_int_equal(clyde_pipe_offset(in, &offset), 0);
	assert_int_equal(offset, 2 * SIZE);
	close_all();
}

static void of_two_threads_that_acquire_one_gets_the_region(void **state)
{
	struct clyde_pipe *in =
		open_for(CLYDE_PIPE_EP6_IN, CLYDE_BENCHMARK_SOURCE);
	void *region = NULL;

	(void)state;
	follow_with(acquire, in, "endpoint 0x86");
	assert_int_equal(
		clyde_pipe_acquire(in, &region, 1000), CLYDE_ERROR_BUSY);
	join_other();
	assert_null(region);
	assert_region_untouched();
	assert_int_equal(clyde_pipe_release(in, SIZE), 0);
	assert_int_equal(clyde_pipe_release(in, 0), CLYDE_ERROR_INVALID);
	close_all();
}

/* Otherwise a write would report bytes as taken that the other call has
   dropped. */
static void a_write_returns_before_bytes_that_another_thread_dropped(
	void **state)
{
	static void (*const calls[])(struct clyde_pipe * pipe) = {
		reset, cancel_and_resume};
	static uint8_t data[8 * SIZE];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct clyde_pipe *out =
			open_for(CLYDE_PIPE_EP2_OUT, CLYDE_BENCHMARK_SINK);

		follow_with(calls[i], out, "endpoint 0x02");
		assert_int_equal(
			clyde_pipe_write(out, data, sizeof(data), 1000),
			DEPTH * SIZE);
		join_other();
		assert_int_equal(other.result, 0);
		assert_int_equal(clyde_pipe_write(out, data, SIZE, 1000), SIZE);
		assert_int_equal(clyde_pipe_flush(out, 1000), 0);
		close_all();
	}
}

static void a_flush_fails_if_another_thread_dropped_its_bytes(void **state)
{
	struct clyde_pipe *out =
		open_for(CLYDE_PIPE_EP2_OUT, CLYDE_BENCHMARK_SINK);
	static uint8_t data[DEPTH * SIZE];

	(void)state;
	assert_int_equal(
		clyde_pipe_write(out, data, sizeof(data), 1000), sizeof(data));
	follow_with(reset, out, "endpoint 0x02");
	assert_int_equal(clyde_pipe_flush(out, 1000), CLYDE_ERROR_CANCELED);
	assert_says("another thread has cancelled or reset the pipe");
	join_other();
	assert_int_equal(other.result, 0);
	close_all();
}

static void a_read_does_not_continue_after_a_reset_by_another_thread(
	void **state)
{
	struct clyde_pipe *in =
		open_for(CLYDE_PIPE_EP6_IN, CLYDE_BENCHMARK_SOURCE);
	static uint8_t data[8 * SIZE];
	uint64_t offset;

	(void)state;
	follow_with(reset, in, "endpoint 0x86");
	assert_int_equal(clyde_pipe_read(in, data, sizeof(data), 1000),
		CLYDE_ERROR_CANCELED);
	join_other();
	assert_int_equal(other.result, 0);
	assert_int_equal(clyde_pipe_offset(in, &offset), 0);
	assert_int_equal(offset, 0);
	close_all();
}

static void cancel(struct clyde_pipe *pipe)
{
	other.result = clyde_pipe_cancel(pipe);
}

/* A cancel of an IN pipe drops no bytes. */
static void
a_read_that_another_thread_cancels_delivers_the_bytes_that_had_arrived(
	void **state)
{
	struct clyde_pipe *in =
		open_for(CLYDE_PIPE_EP6_IN, CLYDE_BENCHMARK_SOURCE);
	static uint8_t data[8 * SIZE];
	uint64_t offset;
	ssize_t size;

	(void)state;
	follow_with(cancel, in, "endpoint 0x86");
	size = clyde_pipe_read(in, data, sizeof(data), 1000);
	assert_in_range(size, SIZE, 2 * DEPTH * SIZE);
	join_other();
	assert_int_equal(other.result, 0);
	assert_int_equal(
		clyde_pipe_read(in, data, SIZE, 1000), CLYDE_ERROR_CANCELED);
	assert_int_equal(clyde_pipe_resume(in), 0);
	assert_int_equal(clyde_pipe_read(in, data, SIZE, 1000), SIZE);
	assert_int_equal(clyde_pipe_offset(in, &offset), 0);
	assert_int_equal(offset, size + SIZE);
	close_all();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_write_leaves_a_region_alone_that_was_acquired_in_its_wait),
		cmocka_unit_test(
			a_read_leaves_a_region_alone_that_was_acquired_in_its_wait),
		cmocka_unit_test(
			of_two_threads_that_acquire_one_gets_the_region),
		cmocka_unit_test(
			a_write_returns_before_bytes_that_another_thread_dropped),
		cmocka_unit_test(
			a_flush_fails_if_another_thread_dropped_its_bytes),
		cmocka_unit_test(
			a_read_does_not_continue_after_a_reset_by_another_thread),
		cmocka_unit_test(
			a_read_that_another_thread_cancels_delivers_the_bytes_that_had_arrived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
