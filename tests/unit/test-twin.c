/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Compares the model of the image with its twin: the same random use of both,
 * drawn from a seed, must give the same bytes, and take the same virtual time
 * to 0.1 %.
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
#define DEADLINE   2000 /* In ms. */

/* A difference within a microframe may appear as a whole microframe, since the
   host looks at the clock only between two. */
#define MICROFRAME_NS 125000

static unsigned first_seed = 1, seed_count = 8;

/* The result of an operation and its time. */
struct entry {
	const char *what;
	int64_t result;
	uint64_t hash;
	int64_t time_ns;
};

struct side {
	unsigned seed;
	struct fixture fixture;
	struct clyde_pipe *in, *out;
	bool second; /* Uses EP4 and EP8. */
	enum bench_mode mode;
	/* Uses a loop through the UART core over a wire, and not the benchmark
	   core. */
	bool uart;
	struct sequence *sequence;
	uint64_t written, read;
	unsigned count;
	struct entry journal[4 * OPERATIONS];
	uint8_t data[CHUNK_MAX];
};

static unsigned draw(struct side *side, unsigned limit)
{
	side->seed ^= side->seed << 13;
	side->seed ^= side->seed >> 17;
	side->seed ^= side->seed << 5;
	return side->seed % limit;
}

/* FNV-1a */
static uint64_t hash(const uint8_t *data, ssize_t size)
{
	uint64_t value = 0xcbf29ce484222325;

	for (ssize_t i = 0; i < size; i++)
		value = (value ^ data[i]) * 0x100000001b3;
	return value;
}

static void record(
	struct side *side, const char *what, int64_t result, uint64_t hash)
{
	side->journal[side->count++] = (struct entry){
		what, result, hash, now_ns(side->fixture.device)};
}

static void put_register(
	struct side *side, uint8_t address, const void *data, size_t size)
{
	assert_int_equal(
		clyde_register_write(side->fixture.device, address, data, size),
		0);
}

/* TX on A0, RX on A1, with a random format and bit time. */
static void set_uart(struct side *side)
{
	uint8_t control = 3 | (draw(side, 2) ? UART_TWO_STOP : 0) |
		draw(side, 5) << 3 | UART_RECEIVE | UART_TRANSMIT;
	uint32_t bit_time = UART_BIT_TIME_MIN + draw(side, 8000);

	put_register(side, REG_PIN, &(uint8_t){OUTPUT_UART}, 1);
	put_register(side, REG_INPUT + INPUT_UART,
		&(uint8_t){INPUT_CONNECTED | 1}, 1);
	put_register(side, REG_UART_BIT_TIME, &bit_time, sizeof(bit_time));
	put_register(side, REG_UART_CONTROL, &control, 1);
	put_register(side, REG_UART_CLEAR, &(uint8_t){3}, 1);
}

static void attach(struct side *side)
{
	uint8_t core = side->uart ? CORE_UART : CORE_BENCHMARK;
	bool in = side->mode != BENCH_SINK;
	bool out = side->mode != BENCH_SOURCE;
	uint8_t streams[4] = {0}, mode = side->mode;

	streams[side->second] = out ? core : CORE_NONE;
	streams[2 + side->second] = in ? core : CORE_NONE;
	put_register(side, REG_BENCH_MODE, &(uint8_t){BENCH_IDLE}, 1);
	put_register(side, REG_STREAM, streams, sizeof(streams));
	if (side->in)
		assert_int_equal(clyde_pipe_reset(side->in), 0);
	if (side->out)
		assert_int_equal(clyde_pipe_reset(side->out), 0);
	if (side->uart)
		set_uart(side);
	else
		put_register(side, REG_BENCH_MODE, &mode, 1);
	side->written = side->read = 0;
}

static void open_side(struct side *side, unsigned seed, const char *uri)
{
	struct clyde_pipe_options options = {0};

	memset(side, 0, sizeof(*side));
	side->seed = seed * 2654435761u + 1;
	side->sequence = sequence_new();
	side->fixture = open_uri(uri);
	side->uart = seed % 4 == 3;
	side->mode = side->uart ? BENCH_LOOPBACK : BENCH_SOURCE + seed % 4;
	assert_int_equal(clyde_supply_set(side->fixture.device, 1, 3300), 0);
	side->second = draw(side, 2);
	options.quad = !side->second && draw(side, 2);
	options.transfer_size = 512 * (1 + draw(side, 32));
	options.depth = 1 + draw(side, 16);
	if (side->mode != BENCH_SINK)
		assert_int_equal(clyde_pipe_open(side->fixture.device,
					 CLYDE_PIPE_EP6_IN + side->second,
					 &options, &side->in),
			0);
	if (side->mode != BENCH_SOURCE)
		assert_int_equal(clyde_pipe_open(side->fixture.device,
					 CLYDE_PIPE_EP2_OUT + side->second,
					 &options, &side->out),
			0);
	attach(side);
	record(side, "open", 0, 0);
}

static void close_side(struct side *side)
{
	free(side->sequence);
	close_fixture(&side->fixture);
}

static void receive(struct side *side, size_t size)
{
	ssize_t read = clyde_pipe_read(side->in, side->data, size, DEADLINE);

	if (read > 0) {
		assert_int_equal(sequence_match(side->sequence, side->read,
					 side->data, read),
			read);
		side->read += read;
	}
	record(side, "read", read, hash(side->data, read));
}

static void send(struct side *side, size_t size)
{
	ssize_t written;

	sequence_fill(side->sequence, side->written, side->data, size);
	written = clyde_pipe_write(side->out, side->data, size, DEADLINE);
	if (written > 0)
		side->written += written;
	record(side, "write", written, 0);
}

/* Records the core's registers while no data moves, so both must be equal. */
static void record_registers(struct side *side)
{
	uint8_t core[32] = {0};
	uint8_t base = side->uart ? CORE_BASE_UART : CORE_BASE_BENCHMARK;

	assert_int_equal(clyde_register_read(side->fixture.device, base, core,
				 sizeof(core)),
		0);
	record(side, "registers", core[0], hash(core, sizeof(core)));
}

static void finish_writes(struct side *side)
{
	record(side, "flush", clyde_pipe_flush(side->out, DEADLINE), 0);
	assert_int_equal(clyde_device_sleep(side->fixture.device, 1), 0);
	record_registers(side);
}

/* Sends bytes through the loop and reads them back at once, since a loopback
   holds only a few packets. */
static void send_and_receive(struct side *side)
{
	size_t size = 1 + draw(side, 1400);

	send(side, size);
	record(side, "push", clyde_pipe_push(side->out), 0);
	receive(side, size);
	if (side->uart)
		record_registers(side);
}

static const char *const names[] = {"", "source", "sink", "loopback"};

static void restart(struct side *side)
{
	attach(side);
	record(side, names[side->mode], 0, 0);
}

static void move(struct side *side)
{
	switch (side->mode) {
	case BENCH_SOURCE:
		receive(side, 1 + draw(side, CHUNK_MAX));
		break;
	case BENCH_SINK:
		send(side, 1 + draw(side, CHUNK_MAX));
		if (draw(side, 3) == 0)
			finish_writes(side);
		break;
	case BENCH_LOOPBACK:
		send_and_receive(side);
		break;
	default:
		fail();
	}
}

static void operate(struct side *side)
{
	switch (draw(side, 16)) {
	case 0:
		restart(side);
		break;
	case 1:
		if (side->in)
			record(side, "idle",
				clyde_pipe_set_idle_flush(
					side->in, draw(side, 200000)),
				0);
		break;
	case 2:
		record(side, "sleep",
			clyde_device_sleep(side->fixture.device, draw(side, 6)),
			0);
		break;
	default:
		move(side);
	}
}

static void use(struct side *side, unsigned seed, const char *uri)
{
	open_side(side, seed, uri);
	for (int i = 0; i < OPERATIONS; i++)
		operate(side);
}

static void compare(
	const struct side *model, const struct side *twin, unsigned seed)
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

static int64_t last_ns(const struct side *side)
{
	return side->journal[side->count - 1].time_ns;
}

static void the_model_does_what_the_twin_does(void **state)
{
	static struct side model, twin;
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
		clyde_context_close(model.fixture.context);
		free(model.sequence);
		close_side(&twin);
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
