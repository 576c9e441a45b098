/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests waits that another thread or a signal ends.  On a virtual link an
   endless wait returns at once, so these tests are skipped there. */
#include "conformance.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

struct reader {
	struct fixture fixture;
	struct clyde_pipe *in;
	pthread_t thread;
	uint8_t data[4096];
	size_t size;
	ssize_t result;
};

static void *read_without_end(void *pointer)
{
	struct reader *reader = pointer;

	reader->result =
		clyde_pipe_read(reader->in, reader->data, reader->size, -1);
	return NULL;
}

/* Starts a thread that waits for bytes that do not come, and returns once it
   waits: a test that closes before that would not test the wait. */
static struct reader *start_reader(size_t size)
{
	struct clyde_pipe_stats stats = {0};
	struct reader *reader;

	need(0);
	if (able(REPORTS_DEADLOCK))
		skip();
	reader = calloc(1, sizeof(*reader));
	reader->fixture = open_idle();
	reader->in = open_pipe(&reader->fixture, CLYDE_PIPE_EP6_IN, 512, 4);
	reader->size = size;
	assert_int_equal(
		pthread_create(&reader->thread, NULL, read_without_end, reader),
		0);
	while (stats.stalls == 0) {
		usleep(5000);
		assert_int_equal(clyde_pipe_stats(reader->in, &stats), 0);
	}
	return reader;
}

static void end_reader(struct reader *reader, ssize_t result)
{
	pthread_join(reader->thread, NULL);
	assert_int_equal(reader->result, result);
	close_fixture(&reader->fixture);
	free(reader);
}

static void a_reader_that_waits_lets_a_writer_through(void **state)
{
	struct reader *reader = start_reader(4096);
	struct clyde_pipe *out;

	(void)state;
	out = open_pipe(&reader->fixture, CLYDE_PIPE_EP2_OUT, 512, 4);
	set_mode(&reader->fixture, BENCH_LOOPBACK);
	for (unsigned i = 0; i < 4096; i += 256) {
		uint8_t data[256];

		sequence_fill(sequence, i, data, sizeof(data));
		assert_int_equal(clyde_pipe_write(out, data, 256, 5000), 256);
		assert_int_equal(clyde_pipe_flush(out, 5000), 0);
	}
	pthread_join(reader->thread, NULL);
	assert_sequence(0, reader->data, 4096);
	assert_int_equal(reader->result, 4096);
	close_fixture(&reader->fixture);
	free(reader);
}

static void an_interrupt_ends_a_wait(void **state)
{
	struct reader *reader = start_reader(1);

	(void)state;
	clyde_context_interrupt(reader->fixture.context);
	end_reader(reader, CLYDE_ERROR_INTERRUPTED);
}

static struct clyde_context *interrupted;

static void on_signal(int number)
{
	(void)number;
	clyde_context_interrupt(interrupted);
}

static void a_signal_ends_a_wait(void **state)
{
	struct reader *reader = start_reader(1);
	struct sigaction action = {.sa_handler = on_signal}, old;

	(void)state;
	interrupted = reader->fixture.context;
	sigaction(SIGUSR1, &action, &old);
	pthread_kill(reader->thread, SIGUSR1);
	pthread_join(reader->thread, NULL);
	sigaction(SIGUSR1, &old, NULL);
	assert_int_equal(reader->result, CLYDE_ERROR_INTERRUPTED);
	close_fixture(&reader->fixture);
	free(reader);
}

static void closing_ends_a_wait(void **state)
{
	struct reader *reader = start_reader(1);

	(void)state;
	clyde_pipe_close(reader->in);
	end_reader(reader, CLYDE_ERROR_CANCELED);
}

static void closing_everything_ends_a_wait(void **state)
{
	struct reader *reader = start_reader(1);

	(void)state;
	clyde_context_close(reader->fixture.context);
	end_reader(reader, CLYDE_ERROR_CANCELED);
}

const struct CMUnitTest thread_tests[] = {
	unit(a_reader_that_waits_lets_a_writer_through),
	unit(an_interrupt_ends_a_wait),
	unit(a_signal_ends_a_wait),
	unit(closing_ends_a_wait),
	unit(closing_everything_ends_a_wait),
};
const size_t thread_test_count = sizeof(thread_tests) / sizeof(*thread_tests);
