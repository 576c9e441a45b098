/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Uses a loopback at random, drawn from 300 seeds, on the virtual link.  An
   oracle knows every byte: no byte may be lost, wrong or repeated. */
#include "tests/support/clyde-test.h"

#include <stdlib.h>

#include "applets/benchmark/sequence.h"
#include "wire/core-benchmark.h"

#define SEEDS      300
#define OPERATIONS 120
#define CHUNK_MAX  20000

struct fixture {
	unsigned seed;
	struct bench_top top;
	struct clyde_pipe *in, *out;
	struct sequence *sequence;
	uint64_t written, read;
	uint8_t data[CHUNK_MAX];
};

/* Xorshift, which draws the same on every machine. */
static unsigned draw(struct fixture *fixture, unsigned limit)
{
	fixture->seed ^= fixture->seed << 13;
	fixture->seed ^= fixture->seed >> 17;
	fixture->seed ^= fixture->seed << 5;
	return fixture->seed % limit;
}

static void open_loopback(struct fixture *fixture, unsigned seed)
{
	static const uint8_t loopback = BENCH_LOOPBACK,
			     cores[] = {CORE_BENCHMARK, 0, CORE_BENCHMARK, 0};
	struct clyde_pipe_options options = {0};

	memset(fixture, 0, sizeof(*fixture));
	fixture->seed = seed * 2654435761u + 1;
	fixture->sequence = sequence_new();
	fixture->top = open_uri("virtual:configured=1");
	options.quad = draw(fixture, 2);
	options.transfer_size = 512 * (1 + draw(fixture, 16));
	options.depth = 1 + draw(fixture, 6);
	assert_int_equal(clyde_pipe_open(fixture->top.device, CLYDE_PIPE_EP6_IN,
				 &options, &fixture->in),
		0);
	assert_int_equal(clyde_pipe_open(fixture->top.device,
				 CLYDE_PIPE_EP2_OUT, &options, &fixture->out),
		0);
	assert_int_equal(clyde_register_write(fixture->top.device, REG_STREAM,
				 cores, sizeof(cores)),
		0);
	assert_int_equal(clyde_register_write(fixture->top.device,
				 REG_BENCH_MODE, &loopback, 1),
		0);
}

static void close_loopback(struct fixture *fixture)
{
	free(fixture->sequence);
	close_top(&fixture->top);
}

/* The other direction is not read meanwhile, so backpressure may leave room for
   only a part. */
static void write_some(struct fixture *fixture)
{
	size_t size = draw(fixture, CHUNK_MAX);
	ssize_t taken;

	sequence_fill(fixture->sequence, fixture->written, fixture->data, size);
	taken = clyde_pipe_write(fixture->out, fixture->data, size, 3);
	if (taken < 0)
		assert_int_equal(taken, CLYDE_ERROR_TIMEOUT);
	else
		fixture->written += taken;
	if (draw(fixture, 3))
		assert_int_equal(clyde_pipe_push(fixture->out), 0);
}

static void take(struct fixture *fixture, const uint8_t *data, size_t size)
{
	assert_true(fixture->read + size <= fixture->written);
	assert_int_equal(
		sequence_match(fixture->sequence, fixture->read, data, size),
		size);
	fixture->read += size;
	assert_int_equal(offset_of(fixture->in), fixture->read);
}

static void read_some(struct fixture *fixture)
{
	ssize_t size = clyde_pipe_read_some(fixture->in, fixture->data,
		1 + draw(fixture, CHUNK_MAX), draw(fixture, 3));

	if (size >= 0)
		take(fixture, fixture->data, size);
	else
		assert_int_equal(size, CLYDE_ERROR_TIMEOUT);
}

static void acquire_some(struct fixture *fixture)
{
	void *region;
	ssize_t size =
		clyde_pipe_acquire(fixture->in, &region, draw(fixture, 2));

	if (size < 0) {
		assert_int_equal(size, CLYDE_ERROR_TIMEOUT);
		return;
	}
	size = draw(fixture, size + 1);
	assert_int_equal(
		sequence_match(fixture->sequence, fixture->read, region, size),
		size);
	assert_int_equal(clyde_pipe_release(fixture->in, size), 0);
	fixture->read += size;
}

static void cancel_reads(struct fixture *fixture)
{
	ssize_t size;

	assert_int_equal(clyde_pipe_cancel(fixture->in), 0);
	while ((size = clyde_pipe_read_some(
			fixture->in, fixture->data, CHUNK_MAX, 0)) >= 0)
		take(fixture, fixture->data, size);
	assert_int_equal(size, CLYDE_ERROR_CANCELED);
	assert_int_equal(clyde_pipe_resume(fixture->in), 0);
}

static void operate(struct fixture *fixture)
{
	switch (draw(fixture, 8)) {
	case 0 ... 2:
		write_some(fixture);
		break;
	case 3 ... 4:
		read_some(fixture);
		break;
	case 5:
		acquire_some(fixture);
		break;
	case 6:
		cancel_reads(fixture);
		break;
	case 7:
		assert_int_equal(clyde_pipe_set_idle_flush(
					 fixture->in, draw(fixture, 200000)),
			0);
		break;
	}
}

/* At the end all written bytes must come back, whatever was done before. */
static void drain(struct fixture *fixture)
{
	assert_int_equal(clyde_pipe_push(fixture->out), 0);
	while (fixture->read < fixture->written) {
		size_t size = fixture->written - fixture->read;

		if (size > CHUNK_MAX)
			size = CHUNK_MAX;
		assert_int_equal(
			clyde_pipe_read(fixture->in, fixture->data, size, 1000),
			size);
		take(fixture, fixture->data, size);
	}
	assert_int_equal(clyde_pipe_read(fixture->in, fixture->data, 1, 2),
		CLYDE_ERROR_TIMEOUT);
	assert_int_equal(clyde_pipe_flush(fixture->out, 1000), 0);
	assert_int_equal(offset_of(fixture->out), fixture->written);
}

static void random_use_of_a_loopback_loses_nothing(void **state)
{
	static struct fixture fixture;

	(void)state;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		open_loopback(&fixture, seed);
		for (int i = 0; i < OPERATIONS; i++)
			operate(&fixture);
		drain(&fixture);
		/* The oracle checks nothing in a stream without bytes. */
		assert_true(fixture.written > OPERATIONS);
		assert_int_equal(fixture.read, fixture.written);
		close_loopback(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_use_of_a_loopback_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
