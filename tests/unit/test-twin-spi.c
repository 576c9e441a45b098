/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Compares the SPI core in the model of the image with the one in its twin: the
 * same random batches, drawn from a seed, must give the same replies, and take
 * the same virtual time to 0.1 %.  Some inputs are the core's own SCK, so that
 * a difference of half a cycle, on the way out or in, is another reply.
 *
 *	test-twin-spi [FIRST-SEED [COUNT]]
 */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#include "virtual/fpga/twin-model.h"
#include "wire/core-spi.h"

#define BATCHES  12
#define COMMANDS 10
#define SIZE     (1 << 16)
#define DEADLINE 2000 /* In ms. */

/* A difference within a microframe may appear as a whole microframe. */
#define MICROFRAME_NS 125000

static unsigned first_seed = 1, seed_count = 12;
static unsigned seed;

static unsigned draw(unsigned limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % limit;
}

/* ---- A batch ------------------------------------------------------------ */

static struct batch {
	uint8_t bytes[SIZE];
	unsigned size, replies;
} batch;

static void add(uint8_t byte)
{
	assert_true(batch.size < SIZE);
	batch.bytes[batch.size++] = byte;
}

static void add_number(uint32_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		add(value >> 8 * i);
}

static void add_transfer(void)
{
	uint8_t direction = draw(4) << 2;
	unsigned size = draw(draw(4) ? 40 : 2000);

	add(SPI_TRANSFER | direction | draw(4));
	add_number(size, 3);
	if (direction & SPI_OUT)
		for (unsigned i = 0; i < size; i++)
			add(draw(256));
	if (direction & SPI_IN)
		batch.replies += size;
}

static void add_poll(void)
{
	add(SPI_POLL | draw(4) | (draw(2) ? SPI_HELD : 0));
	add_number(draw(200), 4);
	add(draw(256));
	add(draw(3) ? 0 : draw(256));
	add(draw(256));
	batch.replies++;
}

static void add_bits(void)
{
	add(SPI_BITS | SPI_OUT | SPI_IN);
	add(1 + draw(8));
	add(draw(256));
	batch.replies++;
}

static void add_wait(void)
{
	bool pin = draw(2);

	add(pin ? STREAM_WAIT_PIN : STREAM_DELAY);
	add_number(draw(100), 4);
	if (pin)
		add(draw(SPI_INPUT_COUNT) | (draw(2) ? STREAM_HIGH : 0));
}

static void add_config(void)
{
	add(SPI_CONFIG);
	add_number(1 + draw(draw(4) ? 5 : 60), 2);
	add(draw(4) | draw(8) << SPI_SAMPLE_DELAY_SHIFT);
}

static void add_barrier(void)
{
	add(STREAM_BARRIER);
	add(draw(256));
	batch.replies += sizeof(struct stream_barrier);
}

static void add_command(void)
{
	switch (draw(12)) {
	case 0:
		add_config();
		break;
	case 1:
		add(SPI_SELECT | draw(5));
		break;
	case 2:
		add_bits();
		break;
	case 3:
		add(SPI_DUMMY | draw(4));
		add_number(draw(100), 2);
		break;
	case 4:
		add_poll();
		break;
	case 5:
		add_wait();
		break;
	case 6:
		add(STREAM_PINS);
		add(draw(256));
		break;
	case 7:
		add_barrier();
		break;
	default:
		add_transfer();
	}
}

static void make_batch(void)
{
	batch.size = batch.replies = 0;
	add_config();
	for (unsigned i = 0; i < COMMANDS; i++)
		add_command();
	add_barrier();
}

/* ---- Two devices -------------------------------------------------------- */

static struct side {
	struct fixture fixture;
	struct clyde_pipe *out, *in;
	uint8_t replies[SIZE];
} sides[2];

static void put_register(
	struct side *side, uint8_t address, const void *data, size_t size)
{
	assert_int_equal(
		clyde_register_write(side->fixture.device, address, data, size),
		0);
}

/* SCK is A0, IO0 to IO3 are A1 to A4; the first selects and the side outputs
   follow.  IO1 hears SCK in half of the runs, and IO0 in the others. */
static void open_side(struct side *side, const char *uri, bool hears_clock)
{
	static const enum clyde_pipe_id both[] = {
		CLYDE_PIPE_EP2_OUT, CLYDE_PIPE_EP6_IN};
	uint8_t pins[8], inputs[SPI_INPUT_COUNT];

	side->fixture = open_uri(uri);
	assert_int_equal(clyde_supply_set(side->fixture.device, 1, 3300), 0);
	assert_int_equal(clyde_core_attach(
				 side->fixture.device, CLYDE_CORE_SPI, both, 2),
		0);
	for (unsigned i = 0; i < sizeof(pins); i++)
		pins[i] = OUTPUT_SPI + i;
	for (unsigned i = 0; i < sizeof(inputs); i++)
		inputs[i] = INPUT_CONNECTED | (i + 1);
	inputs[SPI_INPUT_IO1] = INPUT_CONNECTED | (hears_clock ? 0 : 1);
	inputs[SPI_INPUT_SIDE] = INPUT_CONNECTED | INPUT_INVERT | 5;
	put_register(side, REG_PIN, pins, sizeof(pins));
	put_register(side, REG_INPUT + INPUT_SPI, inputs, sizeof(inputs));
	assert_int_equal(clyde_pipe_open(side->fixture.device, both[0], NULL,
				 &side->out),
		0);
	assert_int_equal(
		clyde_pipe_open(side->fixture.device, both[1], NULL, &side->in),
		0);
}

static void run_batch(struct side *side)
{
	assert_int_equal(
		clyde_pipe_write(side->out, batch.bytes, batch.size, DEADLINE),
		batch.size);
	assert_int_equal(clyde_pipe_push(side->out), 0);
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
			number % 2);
		start[i] = now_ns(sides[i].fixture.device);
	}
	for (unsigned n = 0; n < BATCHES; n++) {
		make_batch();
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

int main(int argc, char **argv)
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
	return cmocka_run_group_tests(tests, NULL, NULL);
}
