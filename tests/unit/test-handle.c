/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests handles and tokens by the public API: closing in any order, from any
   thread, any number of times; and calls of several threads into one tree of
   objects. */
#include "tests/support/clyde-test.h"

#include "wire/core-benchmark.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define URI "virtual:configured=1"

static void a_token_is_never_used_again(void **state)
{
	clyde_token seen[64];

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		struct clyde_context *context;

		assert_int_equal(clyde_context_new(&context), 0);
		seen[i] = clyde_context_token(context);
		assert_int_not_equal(seen[i], 0);
		clyde_context_close(context);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
	}
}

static void closing_a_token_twice_returns_an_error(void **state)
{
	struct fixture fixture = open_uri(URI);
	clyde_token token = clyde_device_token(fixture.device);

	(void)state;
	assert_int_equal(clyde_close_token(token), 0);
	assert_int_equal(clyde_device_open(fixture.context, "nowhere:", NULL,
				 &fixture.device),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_close_token(token), CLYDE_ERROR_CLOSED);
	assert_string_equal(clyde_error_message(), "it is closed");
	assert_int_equal(clyde_close_token(0), CLYDE_ERROR_CLOSED);
	assert_int_equal(clyde_close_token(UINT64_MAX), CLYDE_ERROR_CLOSED);
	close_fixture(&fixture);
}

/* Tries each of the six orders in which a finalizer may close three objects. */
static void any_order_of_closing_leaves_no_object(void **state)
{
	static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
		{1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct fixture fixture = open_uri(URI);
		struct clyde_pipe *pipe;
		clyde_token tokens[3];

		assert_int_equal(clyde_pipe_open(fixture.device,
					 CLYDE_PIPE_EP6_IN, NULL, &pipe),
			0);
		assert_int_equal(clyde_live_objects(), 3);
		tokens[0] = clyde_context_token(fixture.context);
		tokens[1] = clyde_device_token(fixture.device);
		tokens[2] = clyde_pipe_token(pipe);
		for (size_t j = 0; j < 3; j++)
			clyde_close_token(tokens[orders[i][j]]);
		assert_int_equal(clyde_live_objects(), 0);
	}
}

static void closing_the_context_closes_the_children(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *pipe;
	clyde_token token;

	(void)state;
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP2_OUT,
				 NULL, &pipe),
		0);
	token = clyde_pipe_token(pipe);
	close_fixture(&fixture);
	assert_int_equal(clyde_close_token(token), CLYDE_ERROR_CLOSED);
}

static void a_call_with_a_closed_handle_returns_an_error(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *pipe;
	struct clyde_run *run;
	uint8_t data[8];

	(void)state;
	assert_int_equal(
		clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN, NULL, &pipe),
		0);
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	clyde_device_close(fixture.device);
	assert_int_equal(clyde_pipe_read(pipe, data, 8, 0), CLYDE_ERROR_CLOSED);
	assert_int_equal(
		clyde_fpga_status(fixture.device, data), CLYDE_ERROR_CLOSED);
	assert_string_equal(info_of(fixture.device)->uri, "");
	clyde_pipe_close(pipe);
	clyde_device_close(fixture.device);
	close_fixture(&fixture);
	assert_int_equal(clyde_run_set(run, "depth", "1"), CLYDE_ERROR_CLOSED);
	assert_string_equal(clyde_error_message(), "it is closed");
	clyde_context_close(fixture.context);
}

struct race {
	atomic_int closed;
	clyde_token tokens[3];
	pthread_barrier_t start;
};

static void *close_all(void *argument)
{
	struct race *race = argument;

	pthread_barrier_wait(&race->start);
	for (size_t i = 0; i < 3; i++)
		if (clyde_close_token(race->tokens[i]) == 0)
			atomic_fetch_add(&race->closed, 1);
	return NULL;
}

static void many_threads_may_close_the_same_objects(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		struct fixture fixture = open_uri(URI);
		struct clyde_pipe *pipe;
		struct race race = {0};
		pthread_t threads[4];

		assert_int_equal(clyde_pipe_open(fixture.device,
					 CLYDE_PIPE_EP6_IN, NULL, &pipe),
			0);
		/* The root is closed first in some rounds, and last in
		   others. */
		race.tokens[round % 3] = clyde_pipe_token(pipe);
		race.tokens[(round + 1) % 3] =
			clyde_device_token(fixture.device);
		race.tokens[(round + 2) % 3] =
			clyde_context_token(fixture.context);
		pthread_barrier_init(&race.start, NULL, 4);
		for (size_t i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, close_all, &race);
		for (size_t i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&race.start);
		assert_in_range(atomic_load(&race.closed), 1, 3);
		assert_int_equal(clyde_live_objects(), 0);
	}
}

struct reader {
	struct clyde_pipe *pipe;
	atomic_bool reading;
	atomic_int result;
};

static void *read_for_long(void *argument)
{
	struct reader *reader = argument;
	static uint8_t data[4096];
	ssize_t result;

	atomic_store(&reader->reading, true);
	do
		result = clyde_pipe_read(
			reader->pipe, data, sizeof(data), 1000000000);
	while (result > 0);
	atomic_store(&reader->result, result);
	return NULL;
}

static void start_reader(
	struct reader *reader, struct fixture *fixture, pthread_t *thread)
{
	static const uint8_t source = 1, cores[] = {0, 0, CORE_BENCHMARK, 0};

	memset(reader, 0, sizeof(*reader));
	assert_int_equal(clyde_pipe_open(fixture->device, CLYDE_PIPE_EP6_IN,
				 NULL, &reader->pipe),
		0);
	assert_int_equal(clyde_register_write(fixture->device, REG_STREAM,
				 cores, sizeof(cores)),
		0);
	assert_int_equal(clyde_register_write(
				 fixture->device, REG_BENCH_MODE, &source, 1),
		0);
	pthread_create(thread, NULL, read_for_long, reader);
	while (!atomic_load(&reader->reading))
		usleep(100);
	usleep(2000);
}

static void a_close_ends_the_wait_of_another_thread(void **state)
{
	(void)state;
	for (int which = 0; which < 3; which++) {
		struct fixture fixture = open_uri(URI);
		struct reader reader;
		pthread_t thread;
		clyde_token tokens[3];

		start_reader(&reader, &fixture, &thread);
		tokens[0] = clyde_pipe_token(reader.pipe);
		tokens[1] = clyde_device_token(fixture.device);
		tokens[2] = clyde_context_token(fixture.context);
		assert_int_equal(clyde_close_token(tokens[which]), 0);
		pthread_join(thread, NULL);
		/* The close came inside the call, or between two calls. */
		if (atomic_load(&reader.result) != CLYDE_ERROR_CLOSED)
			assert_int_equal(atomic_load(&reader.result),
				CLYDE_ERROR_CANCELED);
		clyde_close_token(tokens[2]);
		assert_int_equal(clyde_live_objects(), 0);
	}
}

static void an_interrupt_ends_the_wait_and_loses_nothing(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct reader reader;
	pthread_t thread;
	uint64_t offset;
	uint8_t data[512];

	(void)state;
	start_reader(&reader, &fixture, &thread);
	clyde_context_interrupt(fixture.context);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&reader.result), CLYDE_ERROR_INTERRUPTED);
	clyde_context_resume(fixture.context);
	offset = offset_of(reader.pipe);
	assert_int_equal(clyde_pipe_read(reader.pipe, data, 512, 1000), 512);
	assert_int_equal(offset_of(reader.pipe), offset + 512);
	close_fixture(&fixture);
}

static void a_call_on_the_context_interrupts_no_wait(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct reader reader;
	pthread_t thread;
	char text[8];

	(void)state;
	start_reader(&reader, &fixture, &thread);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(clyde_context_notice(
					 fixture.context, text, sizeof(text)),
			0);
	clyde_pipe_close(reader.pipe);
	pthread_join(thread, NULL);
	if (atomic_load(&reader.result) != CLYDE_ERROR_CLOSED)
		assert_int_equal(
			atomic_load(&reader.result), CLYDE_ERROR_CANCELED);
	close_fixture(&fixture);
}

struct handler {
	struct clyde_device *device;
	atomic_bool over;
};

static void *handle_all(void *argument)
{
	struct handler *handler = argument;

	while (!atomic_load(&handler->over))
		clyde_device_process(handler->device);
	return NULL;
}

static void a_read_returns_bytes_that_another_threads_call_received(
	void **state)
{
	static const uint8_t loopback = BENCH_LOOPBACK,
			     cores[] = {CORE_BENCHMARK, 0, CORE_BENCHMARK, 0};
	struct fixture fixture = open_uri(URI);
	struct handler handler = {.device = fixture.device};
	struct clyde_pipe *in, *out;
	uint8_t data[64] = {0};
	pthread_t thread;

	(void)state;
	clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN, NULL, &in);
	clyde_pipe_open(fixture.device, CLYDE_PIPE_EP2_OUT, NULL, &out);
	clyde_register_write(fixture.device, REG_STREAM, cores, sizeof(cores));
	clyde_register_write(fixture.device, REG_BENCH_MODE, &loopback, 1);
	pthread_create(&thread, NULL, handle_all, &handler);
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(clyde_pipe_write(out, data, 64, 1000), 64);
		assert_int_equal(clyde_pipe_push(out), 0);
		assert_int_equal(clyde_pipe_read(in, data, 64, 60000), 64);
	}
	atomic_store(&handler.over, true);
	pthread_join(thread, NULL);
	close_fixture(&fixture);
}

#define ASKERS 4

struct asker {
	struct clyde_device *device;
	pthread_t thread;
	/* An assertion on this thread would jump into the frame of the main
	   thread. */
	unsigned answers;
	int result; /* The last one. */
};

static void *ask_status(void *argument)
{
	struct asker *asker = argument;
	uint8_t id[8];

	do {
		asker->result = clyde_fpga_status(asker->device, id);
	} while (asker->result == 1 && ++asker->answers < 200);
	return NULL;
}

static void threads_take_turns_on_one_device(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct asker askers[ASKERS] = {{0}};

	(void)state;
	for (size_t i = 0; i < ASKERS; i++) {
		askers[i].device = fixture.device;
		assert_int_equal(pthread_create(&askers[i].thread, NULL,
					 ask_status, &askers[i]),
			0);
	}
	for (size_t i = 0; i < ASKERS; i++)
		pthread_join(askers[i].thread, NULL);
	for (size_t i = 0; i < ASKERS; i++) {
		assert_int_equal(askers[i].result, 1);
		assert_int_equal(askers[i].answers, 200);
	}
	close_fixture(&fixture);
}

static void closing_one_device_leaves_the_other_open(void **state)
{
	struct clyde_context *context;
	struct clyde_device *first, *second;
	uint8_t id[8];

	(void)state;
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(
		clyde_device_open(context, "virtual:devices=2,configured=1",
			"C3-20230101T120000Z", &first),
		0);
	assert_int_equal(
		clyde_device_open(context, "virtual:devices=2,configured=1",
			"C3-20230101T120001Z", &second),
		0);
	clyde_device_close(first);
	assert_int_equal(clyde_fpga_status(second, id), 1);
	clyde_context_close(context);
	assert_int_equal(clyde_live_objects(), 0);
}

/* Returns an exit status that says what the child saw. */
static int check_in_child(struct fixture *fixture, struct clyde_pipe *pipe)
{
	struct fixture own;
	uint8_t byte;

	if (clyde_live_objects() != 0)
		return 1;
	if (clyde_pipe_read(pipe, &byte, 1, -1) != CLYDE_ERROR_CLOSED)
		return 2;
	if (clyde_close_token(clyde_context_token(fixture->context)) !=
		CLYDE_ERROR_CLOSED)
		return 3;
	clyde_context_interrupt(fixture->context);
	own = open_uri(URI);
	close_fixture(&own);
	return 0;
}

static void a_forked_child_owns_no_object_of_its_parent(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *pipe;
	uint8_t id[8];
	int status;
	pid_t child;

	(void)state;
	clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN, NULL, &pipe);
	child = fork();
	if (child == 0)
		_exit(check_in_child(&fixture, pipe));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(clyde_live_objects(), 3);
	assert_int_equal(clyde_fpga_status(fixture.device, id), 1);
	close_fixture(&fixture);
}

static void *fail_elsewhere(void *context)
{
	struct clyde_device *device;

	clyde_device_open(context, "nowhere:", NULL, &device);
	return NULL;
}

static void a_result_keeps_its_sentence_when_another_thread_fails(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *pipe;
	pthread_t thread;

	(void)state;
	assert_int_equal(clyde_pipe_open(fixture.device, 99, NULL, &pipe),
		CLYDE_ERROR_INVALID);
	pthread_create(&thread, NULL, fail_elsewhere, fixture.context);
	pthread_join(thread, NULL);
	assert_string_equal(clyde_error_message(), "there is no pipe 99");
	close_fixture(&fixture);
	assert_int_equal(
		clyde_device_sleep(fixture.device, 1), CLYDE_ERROR_CLOSED);
	assert_string_equal(clyde_error_message(), "it is closed");
}

static void a_copy_of_the_info_is_equal_to_it(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_device_info info;
	char text[8] = "before";

	(void)state;
	assert_int_equal(clyde_device_info(fixture.device, &info), 0);
	assert_memory_equal(&info, info_of(fixture.device), sizeof(info));
	assert_int_equal(
		clyde_context_notice(fixture.context, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	close_fixture(&fixture);
	assert_int_equal(
		clyde_device_info(fixture.device, &info), CLYDE_ERROR_CLOSED);
	assert_int_equal(
		clyde_context_notice(fixture.context, text, sizeof(text)),
		CLYDE_ERROR_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_never_used_again),
		cmocka_unit_test(closing_a_token_twice_returns_an_error),
		cmocka_unit_test(any_order_of_closing_leaves_no_object),
		cmocka_unit_test(closing_the_context_closes_the_children),
		cmocka_unit_test(a_call_with_a_closed_handle_returns_an_error),
		cmocka_unit_test(many_threads_may_close_the_same_objects),
		cmocka_unit_test(a_close_ends_the_wait_of_another_thread),
		cmocka_unit_test(an_interrupt_ends_the_wait_and_loses_nothing),
		cmocka_unit_test(a_call_on_the_context_interrupts_no_wait),
		cmocka_unit_test(
			a_read_returns_bytes_that_another_threads_call_received),
		cmocka_unit_test(threads_take_turns_on_one_device),
		cmocka_unit_test(closing_one_device_leaves_the_other_open),
		cmocka_unit_test(a_forked_child_owns_no_object_of_its_parent),
		cmocka_unit_test(
			a_result_keeps_its_sentence_when_another_thread_fails),
		cmocka_unit_test(a_copy_of_the_info_is_equal_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
