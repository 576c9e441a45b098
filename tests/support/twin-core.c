/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

#include "twin-core.h"

#include <stdio.h>
#include <stdlib.h>

#include "virtual/fpga/twin-model.h"
#include "wire/cores.h"
#include "wire/stream.h"

#define BATCHES  12
#define DEADLINE 2000 /* In ms. */
#define LATE     3

/* A difference within a microframe may appear as a whole microframe. */
#define MICROFRAME_NS 125000

struct batch batch;

static const struct twin_core *tested;
static unsigned first_seed = 1, seed_count = 12;
static unsigned seed;

unsigned draw(unsigned limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % limit;
}

void add(uint8_t byte)
{
	assert_true(batch.size < BATCH_SIZE);
	batch.bytes[batch.size++] = byte;
}

void add_number(uint32_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		add(value >> 8 * i);
}

void add_noise(unsigned size)
{
	while (size-- > 0)
		add(draw(256));
}

void add_barrier(void)
{
	add(STREAM_BARRIER);
	add(draw(256));
	batch.replies += sizeof(struct stream_barrier);
}

/* ---- Two devices -------------------------------------------------------- */

static struct side {
	struct fixture fixture;
	struct clyde_pipe *out, *in;
	bool late; /* The host reads late and little, so the core must pause. */
	uint8_t replies[BATCH_SIZE];
} sides[2];

static void put_register(
	struct side *side, uint8_t address, const void *data, size_t size)
{
	assert_int_equal(
		clyde_register_write(side->fixture.device, address, data, size),
		0);
}

static void open_side(struct side *side, const char *uri, unsigned number)
{
	static const enum clyde_pipe_id both[] = {
		CLYDE_PIPE_EP2_OUT, CLYDE_PIPE_EP6_IN};
	static const struct clyde_pipe_options small = {
		.transfer_size = 512, .depth = 1};
	uint8_t pins[8] = {0}, inputs[INPUT_COUNT] = {0};

	side->late = number % 4 >= 2;
	side->fixture = open_uri(uri);
	assert_int_equal(clyde_supply_set(side->fixture.device, 1, 3300), 0);
	assert_int_equal(
		clyde_core_attach(side->fixture.device, tested->core, both, 2),
		0);
	tested->connect(pins, inputs, number);
	put_register(side, REG_PIN, pins, sizeof(pins));
	put_register(
		side, REG_INPUT + tested->first_input, inputs, tested->inputs);
	assert_int_equal(clyde_pipe_open(side->fixture.device, both[0], NULL,
				 &side->out),
		0);
	assert_int_equal(clyde_pipe_open(side->fixture.device, both[1],
				 side->late ? &small : NULL, &side->in),
		0);
}

static void run_batch(struct side *side)
{
	assert_int_equal(
		clyde_pipe_write(side->out, batch.bytes, batch.size, DEADLINE),
		batch.size);
	assert_int_equal(clyde_pipe_push(side->out), 0);
	if (side->late)
		clyde_pipe_flush(side->out, LATE);
	assert_int_equal(clyde_pipe_read(side->in, side->replies, batch.replies,
				 DEADLINE),
		batch.replies);
}

static void run_seed(unsigned number)
{
	int64_t start[2], took[2];

	seed = number * 2654435761u + 1;
	for (unsigned i = 0; i < 2; i++) {
		open_side(&sides[i],
			i ? "virtual:configured=1,fpga=twin"
			  : "virtual:configured=1",
			number);
		start[i] = now_ns(sides[i].fixture.device);
	}
	for (unsigned n = 0; n < BATCHES; n++) {
		batch.size = batch.replies = 0;
		tested->make_batch();
		for (unsigned i = 0; i < 2; i++) {
			run_batch(&sides[i]);
			took[i] = now_ns(sides[i].fixture.device) - start[i];
		}
		assert_memory_equal(
			sides[0].replies, sides[1].replies, batch.replies);
	}
	print_message("seed %u: model %.3f ms, twin %.3f ms\n", number,
		took[0] / 1e6, took[1] / 1e6);
	assert_true(llabs(took[0] - took[1]) <=
		took[0] / 1000 + BATCHES * MICROFRAME_NS);
	for (unsigned i = 0; i < 2; i++)
		clyde_context_close(sides[i].fixture.context);
}

static void the_model_replies_what_the_twin_replies(void **state)
{
	(void)state;
	for (unsigned i = first_seed; i < first_seed + seed_count; i++)
		run_seed(i);
}

int twin_core_main(int argc, char **argv, const struct twin_core *core)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_model_replies_what_the_twin_replies),
	};
	const char *why;

	if (twin_module(&why) == NULL) {
		printf("%s\n", why);
		return 77;
	}
	if (argc > 1)
		first_seed = atoi(argv[1]);
	if (argc > 2)
		seed_count = atoi(argv[2]);
	tested = core;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
