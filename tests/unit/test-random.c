/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Random use of a loopback, by seed, against an oracle that knows every
   byte. */
#include "tests/support/clyde-test.h"

#include <stdlib.h>

#include "applets/benchmark/sequence.h"
#include "wire/core-benchmark.h"

#define SEEDS      300
#define OPERATIONS 120
#define CHUNK_MAX  20000

struct world {
	unsigned seed;
	struct bench_top top;
	struct clyde_pipe *in, *out;
	struct sequence *sequence;
	uint64_t written, read;
	uint8_t data[CHUNK_MAX];
};

/* xorshift: the same everywhere. */
static unsigned draw(struct world *world, unsigned limit)
{
	world->seed ^= world->seed << 13;
	world->seed ^= world->seed >> 17;
	world->seed ^= world->seed << 5;
	return world->seed % limit;
}

static void open_world(struct world *world, unsigned seed)
{
	static const uint8_t loopback = BENCH_LOOPBACK,
			     cores[] = {CORE_BENCHMARK, 0, CORE_BENCHMARK, 0};
	struct clyde_pipe_options options = {0};

	memset(world, 0, sizeof(*world));
	world->seed = seed * 2654435761u + 1;
	world->sequence = sequence_new();
	world->top = open_uri("virtual:configured=1");
	options.quad = draw(world, 2);
	options.transfer_size = 512 * (1 + draw(world, 16));
	options.depth = 1 + draw(world, 6);
	assert_int_equal(clyde_pipe_open(world->top.device, CLYDE_PIPE_EP6_IN,
				 &options, &world->in),
		0);
	assert_int_equal(clyde_pipe_open(world->top.device, CLYDE_PIPE_EP2_OUT,
				 &options, &world->out),
		0);
	assert_int_equal(clyde_register_write(world->top.device, REG_STREAM,
				 cores, sizeof(cores)),
		0);
	assert_int_equal(clyde_register_write(world->top.device, REG_BENCH_MODE,
				 &loopback, 1),
		0);
}

static void close_world(struct world *world)
{
	free(world->sequence);
	close_top(&world->top);
}

/* Nobody reads meanwhile: backpressure may leave room for a part only. */
static void write_some(struct world *world)
{
	size_t size = draw(world, CHUNK_MAX);
	ssize_t taken;

	sequence_fill(world->sequence, world->written, world->data, size);
	taken = clyde_pipe_write(world->out, world->data, size, 3);
	if (taken < 0)
		assert_int_equal(taken, CLYDE_ERROR_TIMEOUT);
	else
		world->written += taken;
	if (draw(world, 3))
		assert_int_equal(clyde_pipe_push(world->out), 0);
}

static void take(struct world *world, const uint8_t *data, size_t size)
{
	assert_true(world->read + size <= world->written);
	assert_int_equal(
		sequence_match(world->sequence, world->read, data, size), size);
	world->read += size;
	assert_int_equal(offset_of(world->in), world->read);
}

static void read_some(struct world *world)
{
	ssize_t size = clyde_pipe_read_some(world->in, world->data,
		1 + draw(world, CHUNK_MAX), draw(world, 3));

	if (size >= 0)
		take(world, world->data, size);
	else
		assert_int_equal(size, CLYDE_ERROR_TIMEOUT);
}

static void acquire_some(struct world *world)
{
	void *region;
	ssize_t size = clyde_pipe_acquire(world->in, &region, draw(world, 2));

	if (size < 0) {
		assert_int_equal(size, CLYDE_ERROR_TIMEOUT);
		return;
	}
	size = draw(world, size + 1);
	assert_int_equal(
		sequence_match(world->sequence, world->read, region, size),
		size);
	assert_int_equal(clyde_pipe_release(world->in, size), 0);
	world->read += size;
}

static void cancel_reads(struct world *world)
{
	ssize_t size;

	assert_int_equal(clyde_pipe_cancel(world->in), 0);
	while ((size = clyde_pipe_read_some(
			world->in, world->data, CHUNK_MAX, 0)) >= 0)
		take(world, world->data, size);
	assert_int_equal(size, CLYDE_ERROR_CANCELED);
	assert_int_equal(clyde_pipe_resume(world->in), 0);
}

static void operate(struct world *world)
{
	switch (draw(world, 8)) {
	case 0 ... 2:
		write_some(world);
		break;
	case 3 ... 4:
		read_some(world);
		break;
	case 5:
		acquire_some(world);
		break;
	case 6:
		cancel_reads(world);
		break;
	case 7:
		assert_int_equal(clyde_pipe_set_idle_flush(
					 world->in, draw(world, 200000)),
			0);
		break;
	}
}

/* At the end everything comes back, whatever was done before. */
static void drain(struct world *world)
{
	assert_int_equal(clyde_pipe_push(world->out), 0);
	while (world->read < world->written) {
		size_t size = world->written - world->read;

		if (size > CHUNK_MAX)
			size = CHUNK_MAX;
		assert_int_equal(
			clyde_pipe_read(world->in, world->data, size, 1000),
			size);
		take(world, world->data, size);
	}
	assert_int_equal(clyde_pipe_read(world->in, world->data, 1, 2),
		CLYDE_ERROR_TIMEOUT);
	assert_int_equal(clyde_pipe_flush(world->out, 1000), 0);
	assert_int_equal(offset_of(world->out), world->written);
}

static void random_use_of_a_loopback_loses_nothing(void **state)
{
	static struct world world;

	(void)state;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		open_world(&world, seed);
		for (int i = 0; i < OPERATIONS; i++)
			operate(&world);
		drain(&world);
		/* The oracle has nothing to say of a stream without bytes. */
		assert_true(world.written > OPERATIONS);
		assert_int_equal(world.read, world.written);
		close_world(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_use_of_a_loopback_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
