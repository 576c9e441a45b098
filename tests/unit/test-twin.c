/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The model against its twin: the same random use of both, by seed, must give
 * the same bytes, and take the same virtual time to 0.1 %.
 *
 *	test-twin [FIRST-SEED [COUNT]]
 */
#include "tests/support/clyde-test.h"

#include <inttypes.h>
#include <stdio.h>

#include "applets/benchmark/sequence.h"
#include "virtual/fpga/twin-model.h"
#include "wire/core-benchmark.h"
#include "wire/core-uart.h"

#define OPERATIONS 30
#define CHUNK_MAX  1000000
#define DEADLINE   2000 /* ms */

/* What differs within a microframe may be seen as one of a microframe. */
#define MICROFRAME_NS 125000

static unsigned first_seed = 1, seed_count = 8;

/* What an operation gave, and when. */
struct entry {
	const char *what;
	int64_t result;
	uint64_t hash;
	int64_t time_ns;
};

struct world {
	unsigned seed;
	struct bench_top top;
	struct clyde_pipe *in, *out;
	bool second; /* EP4 and EP8 */
	enum bench_mode mode;
	bool uart; /* in place of the benchmark: a loop over a wire */
	struct sequence *sequence;
	uint64_t written, read;
	unsigned count;
	struct entry journal[4 * OPERATIONS];
	uint8_t data[CHUNK_MAX];
};

static unsigned draw(struct world *world, unsigned limit)
{
	world->seed ^= world->seed << 13;
	world->seed ^= world->seed >> 17;
	world->seed ^= world->seed << 5;
	return world->seed % limit;
}

/* FNV-1a */
static uint64_t hash(const uint8_t *data, ssize_t size)
{
	uint64_t value = 0xcbf29ce484222325;

	for (ssize_t i = 0; i < size; i++)
		value = (value ^ data[i]) * 0x100000001b3;
	return value;
}

static void note(
	struct world *world, const char *what, int64_t result, uint64_t hash)
{
	world->journal[world->count++] =
		(struct entry){what, result, hash, now_ns(world->top.device)};
}

static void put_register(
	struct world *world, uint8_t address, const void *data, size_t size)
{
	assert_int_equal(
		clyde_register_write(world->top.device, address, data, size),
		0);
}

/* Out at A0, in at A1, with a random format and bit time. */
static void set_uart(struct world *world)
{
	uint8_t control = 3 | (draw(world, 2) ? UART_TWO_STOP : 0) |
		draw(world, 5) << 3 | UART_RECEIVE | UART_TRANSMIT;
	uint32_t bit_time = UART_BIT_TIME_MIN + draw(world, 8000);

	put_register(world, REG_PIN, &(uint8_t){OUTPUT_UART}, 1);
	put_register(world, REG_INPUT + INPUT_UART,
		&(uint8_t){INPUT_CONNECTED | 1}, 1);
	put_register(world, REG_UART_BIT_TIME, &bit_time, sizeof(bit_time));
	put_register(world, REG_UART_CONTROL, &control, 1);
	put_register(world, REG_UART_CLEAR, &(uint8_t){3}, 1);
}

static void attach(struct world *world)
{
	uint8_t core = world->uart ? CORE_UART : CORE_BENCHMARK;
	bool in = world->mode != BENCH_SINK;
	bool out = world->mode != BENCH_SOURCE;
	uint8_t streams[4] = {0}, mode = world->mode;

	streams[world->second] = out ? core : CORE_NONE;
	streams[2 + world->second] = in ? core : CORE_NONE;
	put_register(world, REG_BENCH_MODE, &(uint8_t){BENCH_IDLE}, 1);
	put_register(world, REG_STREAM, streams, sizeof(streams));
	if (world->in)
		assert_int_equal(clyde_pipe_reset(world->in), 0);
	if (world->out)
		assert_int_equal(clyde_pipe_reset(world->out), 0);
	if (world->uart)
		set_uart(world);
	else
		put_register(world, REG_BENCH_MODE, &mode, 1);
	world->written = world->read = 0;
}

static void open_world(struct world *world, unsigned seed, const char *uri)
{
	struct clyde_pipe_options options = {0};

	memset(world, 0, sizeof(*world));
	world->seed = seed * 2654435761u + 1;
	world->sequence = sequence_new();
	world->top = open_uri(uri);
	world->uart = seed % 4 == 3;
	world->mode = world->uart ? BENCH_LOOPBACK : BENCH_SOURCE + seed % 4;
	assert_int_equal(clyde_supply_set(world->top.device, 1, 3300), 0);
	world->second = draw(world, 2);
	options.quad = !world->second && draw(world, 2);
	options.transfer_size = 512 * (1 + draw(world, 32));
	options.depth = 1 + draw(world, 16);
	if (world->mode != BENCH_SINK)
		assert_int_equal(clyde_pipe_open(world->top.device,
					 CLYDE_PIPE_EP6_IN + world->second,
					 &options, &world->in),
			0);
	if (world->mode != BENCH_SOURCE)
		assert_int_equal(clyde_pipe_open(world->top.device,
					 CLYDE_PIPE_EP2_OUT + world->second,
					 &options, &world->out),
			0);
	attach(world);
	note(world, "open", 0, 0);
}

static void close_world(struct world *world)
{
	free(world->sequence);
	close_top(&world->top);
}

static void take(struct world *world, size_t size)
{
	ssize_t read = clyde_pipe_read(world->in, world->data, size, DEADLINE);

	if (read > 0) {
		assert_int_equal(sequence_match(world->sequence, world->read,
					 world->data, read),
			read);
		world->read += read;
	}
	note(world, "read", read, hash(world->data, read));
}

static void give(struct world *world, size_t size)
{
	ssize_t written;

	sequence_fill(world->sequence, world->written, world->data, size);
	written = clyde_pipe_write(world->out, world->data, size, DEADLINE);
	if (written > 0)
		world->written += written;
	note(world, "write", written, 0);
}

/* Once nothing moves, the core's registers say the same. */
static void look(struct world *world)
{
	uint8_t core[32] = {0};
	uint8_t base = world->uart ? CORE_BASE_UART : CORE_BASE_BENCHMARK;

	assert_int_equal(clyde_register_read(
				 world->top.device, base, core, sizeof(core)),
		0);
	note(world, "registers", core[0], hash(core, sizeof(core)));
}

static void finish_writes(struct world *world)
{
	note(world, "flush", clyde_pipe_flush(world->out, DEADLINE), 0);
	assert_int_equal(clyde_device_sleep(world->top.device, 1), 0);
	look(world);
}

/* What goes in comes out, once it is in: a loopback holds a few packets. */
static void go_around(struct world *world)
{
	size_t size = 1 + draw(world, 1400);

	give(world, size);
	note(world, "push", clyde_pipe_push(world->out), 0);
	take(world, size);
	if (world->uart)
		look(world);
}

static const char *const names[] = {"", "source", "sink", "loopback"};

static void start_over(struct world *world)
{
	attach(world);
	note(world, names[world->mode], 0, 0);
}

static void move(struct world *world)
{
	switch (world->mode) {
	case BENCH_SOURCE:
		take(world, 1 + draw(world, CHUNK_MAX));
		break;
	case BENCH_SINK:
		give(world, 1 + draw(world, CHUNK_MAX));
		if (draw(world, 3) == 0)
			finish_writes(world);
		break;
	case BENCH_LOOPBACK:
		go_around(world);
		break;
	default:
		fail();
	}
}

static void operate(struct world *world)
{
	switch (draw(world, 16)) {
	case 0:
		start_over(world);
		break;
	case 1:
		if (world->in)
			note(world, "idle",
				clyde_pipe_set_idle_flush(
					world->in, draw(world, 200000)),
				0);
		break;
	case 2:
		note(world, "sleep",
			clyde_device_sleep(world->top.device, draw(world, 6)),
			0);
		break;
	default:
		move(world);
	}
}

static void use(struct world *world, unsigned seed, const char *uri)
{
	open_world(world, seed, uri);
	for (int i = 0; i < OPERATIONS; i++)
		operate(world);
}

static void compare(
	const struct world *model, const struct world *twin, unsigned seed)
{
	int64_t start_ns = model->journal[0].time_ns;

	assert_int_equal(model->count, twin->count);
	for (unsigned i = 0; i < model->count; i++) {
		const struct entry *a = &model->journal[i];
		const struct entry *b = &twin->journal[i];
		int64_t apart = llabs(a->time_ns - b->time_ns);
		int64_t allowed = (a->time_ns - start_ns) / 1000;

		if (a->result != b->result || a->hash != b->hash)
			fail_msg("seed %u, %s %u: model %" PRId64 " %" PRIx64
				 ", twin %" PRId64 " %" PRIx64,
				seed, a->what, i, a->result, a->hash, b->result,
				b->hash);
		if (apart > allowed + MICROFRAME_NS)
			fail_msg("seed %u, %s %u: model at %" PRId64
				 " ns, twin at %" PRId64,
				seed, a->what, i, a->time_ns, b->time_ns);
	}
}

static int64_t last_ns(const struct world *world)
{
	return world->journal[world->count - 1].time_ns;
}

static void the_model_does_what_the_twin_does(void **state)
{
	static struct world model, twin;
	int64_t model_ns = 0, twin_ns = 0;

	(void)state;
	for (unsigned seed = first_seed; seed < first_seed + seed_count;
		seed++) {
		use(&model, seed, "virtual:configured=1,wire=A0-A1");
		use(&twin, seed, "virtual:configured=1,wire=A0-A1,fpga=twin");
		model_ns += last_ns(&model);
		twin_ns += last_ns(&twin);
		print_message("seed %u: %s, %u operations, %.3f ms\n", seed,
			model.uart ? "uart" : names[model.mode], model.count,
			model.journal[model.count - 1].time_ns / 1e6);
		compare(&model, &twin, seed);
		clyde_context_close(model.top.context);
		free(model.sequence);
		close_world(&twin);
	}
	print_message(
		"model %.6f s, twin %.6f s\n", model_ns / 1e9, twin_ns / 1e9);
	assert_true(
		llabs(model_ns - twin_ns) <= model_ns / 1000 + MICROFRAME_NS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_model_does_what_the_twin_does),
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
