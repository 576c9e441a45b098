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

struct loopback {
	unsigned seed;
	struct fixture fixture;
	struct clyde_pipe *in, *out;
	struct sequence *sequence;
	uint64_t written, read;
	uint8_t data[CHUNK_MAX];
};

/* Xorshift, which draws the same on every machine. */
static unsigned draw(struct loopback *loopback, unsigned limit)
{
	loopback->seed ^= loopback->seed << 13;
	loopback->seed ^= loopback->seed >> 17;
	loopback->seed ^= loopback->seed << 5;
	return loopback->seed % limit;
}

static void open_loopback(struct loopback *loopback, unsigned seed)
{
	static const uint8_t mode = BENCH_LOOPBACK,
			     cores[] = {CORE_BENCHMARK, 0, CORE_BENCHMARK, 0};
	struct clyde_pipe_options options = {0};

	memset(loopback, 0, sizeof(*loopback));
	loopback->seed = seed * 2654435761u + 1;
	loopback->sequence = sequence_new();
	loopback->fixture = open_uri("virtual:configured=1");
	options.quad = draw(loopback, 2);
	options.transfer_size = 512 * (1 + draw(loopback, 16));
	options.depth = 1 + draw(loopback, 6);
	assert_int_equal(clyde_pipe_open(loopback->fixture.device,
				 CLYDE_PIPE_EP6_IN, &options, &loopback->in),
		0);
	assert_int_equal(clyde_pipe_open(loopback->fixture.device,
				 CLYDE_PIPE_EP2_OUT, &options, &loopback->out),
		0);
	assert_int_equal(clyde_register_write(loopback->fixture.device,
				 REG_STREAM, cores, sizeof(cores)),
		0);
	assert_int_equal(clyde_register_write(loopback->fixture.device,
				 REG_BENCH_MODE, &mode, 1),
		0);
}

static void close_loopback(struct loopback *loopback)
{
	free(loopback->sequence);
	close_fixture(&loopback->fixture);
}

/* The other direction is not read meanwhile, so backpressure may leave room for
   only a part. */
static void write_some(struct loopback *loopback)
{
	size_t size = draw(loopback, CHUNK_MAX);
	ssize_t taken;

	sequence_fill(
		loopback->sequence, loopback->written, loopback->data, size);
	taken = clyde_pipe_write(loopback->out, loopback->data, size, 3);
	if (taken < 0)
		assert_int_equal(taken, CLYDE_ERROR_TIMEOUT);
	else
		loopback->written += taken;
	if (draw(loopback, 3))
		assert_int_equal(clyde_pipe_push(loopback->out), 0);
}

static void take(struct loopback *loopback, const uint8_t *data, size_t size)
{
	assert_true(loopback->read + size <= loopback->written);
	assert_int_equal(
		sequence_match(loopback->sequence, loopback->read, data, size),
		size);
	loopback->read += size;
	assert_int_equal(offset_of(loopback->in), loopback->read);
}

static void read_some(struct loopback *loopback)
{
	ssize_t size = clyde_pipe_read_some(loopback->in, loopback->data,
		1 + draw(loopback, CHUNK_MAX), draw(loopback, 3));

	if (size >= 0)
		take(loopback, loopback->data, size);
	else
		assert_int_equal(size, CLYDE_ERROR_TIMEOUT);
}

static void acquire_some(struct loopback *loopback)
{
	void *region;
	ssize_t size =
		clyde_pipe_acquire(loopback->in, &region, draw(loopback, 2));

	if (size < 0) {
		assert_int_equal(size, CLYDE_ERROR_TIMEOUT);
		return;
	}
	size = draw(loopback, size + 1);
	assert_int_equal(sequence_match(loopback->sequence, loopback->read,
				 region, size),
		size);
	assert_int_equal(clyde_pipe_release(loopback->in, size), 0);
	loopback->read += size;
}

static void cancel_reads(struct loopback *loopback)
{
	ssize_t size;

	assert_int_equal(clyde_pipe_cancel(loopback->in), 0);
	while ((size = clyde_pipe_read_some(
			loopback->in, loopback->data, CHUNK_MAX, 0)) >= 0)
		take(loopback, loopback->data, size);
	assert_int_equal(size, CLYDE_ERROR_CANCELED);
	assert_int_equal(clyde_pipe_resume(loopback->in), 0);
}

static void operate(struct loopback *loopback)
{
	switch (draw(loopback, 8)) {
	case 0 ... 2:
		write_some(loopback);
		break;
	case 3 ... 4:
		read_some(loopback);
		break;
	case 5:
		acquire_some(loopback);
		break;
	case 6:
		cancel_reads(loopback);
		break;
	case 7:
		assert_int_equal(clyde_pipe_set_idle_flush(
					 loopback->in, draw(loopback, 200000)),
			0);
		break;
	}
}

/* At the end all written bytes must come back, whatever was done before. */
static void drain(struct loopback *loopback)
{
	assert_int_equal(clyde_pipe_push(loopback->out), 0);
	while (loopback->read < loopback->written) {
		size_t size = loopback->written - loopback->read;

		if (size > CHUNK_MAX)
			size = CHUNK_MAX;
		assert_int_equal(clyde_pipe_read(loopback->in, loopback->data,
					 size, 1000),
			size);
		take(loopback, loopback->data, size);
	}
	assert_int_equal(clyde_pipe_read(loopback->in, loopback->data, 1, 2),
		CLYDE_ERROR_TIMEOUT);
	assert_int_equal(clyde_pipe_flush(loopback->out, 1000), 0);
	assert_int_equal(offset_of(loopback->out), loopback->written);
}

static void random_use_of_a_loopback_loses_nothing(void **state)
{
	static struct loopback loopback;

	(void)state;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		open_loopback(&loopback, seed);
		for (int i = 0; i < OPERATIONS; i++)
			operate(&loopback);
		drain(&loopback);
		/* The oracle checks nothing in a stream without bytes. */
		assert_true(loopback.written > OPERATIONS);
		assert_int_equal(loopback.read, loopback.written);
		close_loopback(&loopback);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_use_of_a_loopback_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
