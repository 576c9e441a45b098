/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the Verilated image on an FX2 and a host (tests/support/fx2.h) that
 * pause at random and send short packets.  No byte may be wrong, lost or
 * repeated, and no rule of the FIFO bus may be broken.  The cycles of a packet,
 * and how two streams share the bus, are exact.
 *
 *	test-image-stress [CYCLES [FIRST-SEED]]
 */
#include "tests/support/fx2.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/benchmark/sequence.h"
#include "wire/core-benchmark.h"
#include "wire/core-gpio.h"

#define FULL_CYCLES 518
#define LOOP_CYCLES 516
#define FIFO_BYTES  512

static uint64_t cycles = 16200000;
static unsigned first_seed = 1;

static struct sequence *sequence;

/* The benchmark core on some pipes, and the GPIO core, with a record in every
   cycle, on an IN pipe that the benchmark does not use. */
struct use {
	enum bench_mode mode;
	unsigned out, in;
	bool watch;
	unsigned watch_in;
	uint16_t idle;
};

/* ---- Content ---------------------------------------------------------- */

static void send_sequence(struct fx2_pipe *pipe, uint8_t *data, unsigned size)
{
	sequence_fill(sequence, pipe->host, data, size);
}

static void check_sequence(struct fx2_pipe *pipe, uint8_t *data, unsigned size)
{
	size_t good = sequence_match(sequence, pipe->host, data, size);

	if (good != size)
		fail_msg("byte %" PRIu64 " is wrong", pipe->host + good);
}

struct watched {
	/* The bytes of a record that have arrived. */
	struct gpio_record record;
	uint64_t records;
	uint32_t next; /* The cycle of the next change. */
	uint16_t levels;
	bool last;
	const struct fx2 *fx2;
};

/* Asserts that each change has a record or is counted as lost.  If the last
   change was lost, a record of its own follows when there is room. */
static void check_record(struct watched *watched)
{
	const struct gpio_record *record = &watched->record;
	bool told;

	if (watched->records++ == 0) {
		watched->next = record->cycle;
		watched->levels = !record->levels;
	}
	watched->levels ^= ~record->lost & 1;
	told = record->cycle == watched->next + record->lost &&
		record->levels == watched->levels;
	if (!told && watched->fx2->toggle)
		fail_msg("record %" PRIu64 " is wrong", watched->records);
	assert_false(watched->last);
	watched->last = !told;
	assert_int_not_equal(record->lost, told ? UINT16_MAX : 0);
	watched->next = record->cycle + 1;
	watched->levels = record->levels;
}

static void check_records(struct fx2_pipe *pipe, uint8_t *data, unsigned size)
{
	struct watched *watched = pipe->context;
	uint8_t *record = (uint8_t *)&watched->record;

	for (unsigned i = 0; i < size; i++) {
		unsigned at = (pipe->host + i) % sizeof(watched->record);

		record[at] = data[i];
		if (at + 1 == sizeof(watched->record))
			check_record(watched);
	}
}

/* ---- Streams ---------------------------------------------------------- */

static bool gives(const struct use *use)
{
	return use->mode == BENCH_SOURCE || use->mode == BENCH_LOOPBACK;
}

static bool takes(const struct use *use)
{
	return use->mode == BENCH_SINK || use->mode == BENCH_LOOPBACK;
}

static void start_pipe(struct fx2 *fx2, unsigned index,
	void (*bytes)(struct fx2_pipe *pipe, uint8_t *data, unsigned size))
{
	struct fx2_pipe *pipe = &fx2->pipes[index];

	pipe->bytes = bytes;
	pipe->running = true;
	pipe->flowing = false;
	pipe->from = NULL;
}

/* As the firmware does it: reset, attach to the core, release from reset. */
static void start(struct fx2 *fx2, const struct use *use)
{
	uint8_t streams[FIFO_COUNT] = {0}, reset = 0x0f;
	uint16_t idle[2] = {use->idle, use->idle};

	fx2_put(fx2, REG_BENCH_MODE, BENCH_IDLE);
	fx2_put(fx2, REG_PIPE_RESET, reset);
	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		fx2_forget(fx2, i);
		fx2->pipes[i].idle = use->idle;
	}
	if (takes(use)) {
		streams[use->out] = CORE_BENCHMARK;
		start_pipe(fx2, use->out, send_sequence);
	}
	if (gives(use)) {
		streams[use->in] = CORE_BENCHMARK;
		start_pipe(fx2, use->in, check_sequence);
		if (use->mode == BENCH_LOOPBACK)
			fx2->pipes[use->in].from = &fx2->pipes[use->out];
		else
			fx2->pipes[use->in].flowing = true;
	}
	if (use->watch) {
		streams[use->watch_in] = CORE_GPIO;
		start_pipe(fx2, use->watch_in, check_records);
		fx2->pipes[use->watch_in].flowing = true;
		fx2->toggle = 1;
		fx2_write(fx2, REG_GPIO_WATCH, &(uint16_t){1}, 2);
	}
	for (unsigned i = 0; i < FIFO_COUNT; i++)
		reset &= ~(!!streams[i] << i);
	fx2_write(fx2, REG_STREAM, streams, sizeof(streams));
	fx2_write(fx2, REG_IDLE_FLUSH, idle, sizeof(idle));
	fx2_put(fx2, REG_BENCH_MODE, use->mode);
	fx2_put(fx2, REG_PIPE_RESET, reset);
}

/* Stops sending, and lets the host take all that is left. */
static void drain(struct fx2 *fx2, const struct use *use)
{
	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		struct fx2_pipe *pipe = &fx2->pipes[i];

		pipe->flowing = false;
		pipe->offered_at = fx2->cycle;
		pipe->stall = 0;
		pipe->next = 0;
		pipe->limit = fifo_is_in(i) ? 0 : pipe->host;
	}
	fx2->toggle = 0;
	if (use->mode == BENCH_SOURCE)
		fx2_put(fx2, REG_BENCH_MODE, BENCH_IDLE);
	fx2_run(fx2, 20000 + 2 * use->idle);
}

static void check_end(struct fx2 *fx2, const struct use *use)
{
	uint32_t count = fx2_get(fx2, REG_BENCH_COUNT, 4);

	assert_int_equal(fx2_get(fx2, REG_BENCH_ERROR, 1), 0);
	if (takes(use)) {
		assert_int_equal(
			fx2->pipes[use->out].bus, fx2->pipes[use->out].host);
		assert_int_equal(fx2->pipes[use->out].host, count);
	}
	if (gives(use))
		assert_int_equal(fx2->pipes[use->in].host, count);
	if (use->watch)
		assert_int_equal(fx2->pipes[use->watch_in].host %
				sizeof(struct gpio_record),
			0);
	for (unsigned i = 0; i < FIFO_COUNT; i++)
		assert_int_equal(fx2->pipes[i].used, 0);
}

/* ---- Random ----------------------------------------------------------- */

/* Draws how often the host is ready, which changes several times. */
static void draw_host(struct fx2 *fx2)
{
	static const unsigned stalls[] = {0, 40, 400, 1000, 4000, 20000};

	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		struct fx2_pipe *pipe = &fx2->pipes[i];

		pipe->stall = stalls[fx2_draw(fx2, 6)];
		pipe->short_packets = fx2_draw(fx2, 2);
	}
}

static void draw_use(struct fx2 *fx2, struct use *use)
{
	use->mode = BENCH_SOURCE + fx2_draw(fx2, 3);
	use->out = FIFO_EP2 + fx2_draw(fx2, 2);
	use->in = FIFO_EP6 + fx2_draw(fx2, 2);
	use->watch_in = FIFO_EP6 + FIFO_EP8 - use->in;
	use->watch = fx2_draw(fx2, 3) == 0;
	use->idle = fx2_draw(fx2, 4) ? 20 + fx2_draw(fx2, 6000) : UINT16_MAX;
	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		fx2->pipes[i].limit = UINT64_MAX;
		fx2->pipes[i].buffers = 2 << fx2_draw(fx2, 2);
	}
}

/* Reads a register or flushes, as a host does while streams run. */
static void use_registers(struct fx2 *fx2, const struct use *use)
{
	draw_host(fx2);
	fx2_run(fx2, fx2_draw(fx2, 30000));
	if (fx2_draw(fx2, 2)) {
		assert_int_equal(fx2_get(fx2, REG_HEALTH, 1), REG_HEALTH_VALUE);
		assert_int_equal(fx2_get(fx2, REG_BENCH_ERROR, 1), 0);
	} else {
		fx2->pipes[use->in].flushes++;
		fx2_put(fx2, REG_FLUSH, 1 << (use->in - FIFO_EP6));
	}
}

static void one_seed(unsigned seed, uint64_t *spent, uint64_t moved[2])
{
	static struct fx2 fx2;
	struct watched watched = {.fx2 = &fx2};
	struct use use;

	fx2_open(&fx2, seed);
	draw_use(&fx2, &use);
	fx2.pipes[use.watch_in].context = &watched;
	start(&fx2, &use);
	for (unsigned i = 0; i < 16; i++)
		use_registers(&fx2, &use);
	drain(&fx2, &use);
	check_end(&fx2, &use);
	if (takes(&use))
		assert_true(fx2.pipes[use.out].host > 0);
	if (gives(&use))
		assert_true(fx2.pipes[use.in].host > 0);
	if (use.watch)
		assert_int_equal(watched.levels, fx2.pins.port_i);
	*spent += fx2.cycle;
	for (unsigned i = 0; i < FIFO_COUNT; i++)
		moved[i / 2] += fx2.pipes[i].bus;
	fx2_close(&fx2);
}

static void random_stalls_and_short_packets_corrupt_no_byte(void **state)
{
	uint64_t spent = 0, moved[2] = {0};
	unsigned seed = first_seed;

	(void)state;
	for (; spent < cycles; seed++) {
		print_message("seed %u\n", seed);
		one_seed(seed, &spent, moved);
	}
	print_message("%" PRIu64 " cycles, %" PRIu64 " bytes OUT, %" PRIu64
		      " IN\n",
		spent, moved[0], moved[1]);
}

/* ---- Cost ------------------------------------------------------------- */

/* The host always has room and packets.  After the first few, each packet must
   take this many cycles. */
static void assert_packets_take(
	struct fx2 *fx2, unsigned index, unsigned wanted)
{
	struct fx2_pipe *pipe = &fx2->pipes[index];
	uint64_t seen;

	fx2_run(fx2, 8 * wanted);
	seen = pipe->packets;
	for (unsigned i = 0; i < 100; i++) {
		while (pipe->packets == seen)
			fx2_step(fx2);
		seen = pipe->packets;
		assert_int_equal(pipe->cycles, wanted);
	}
}

static void a_packet_in_takes_518_cycles(void **state)
{
	static struct fx2 fx2;
	struct use use = {BENCH_SOURCE, .in = FIFO_EP6, .idle = 6000};

	(void)state;
	for (; use.in <= FIFO_EP8; use.in++) {
		fx2_open(&fx2, 1);
		start(&fx2, &use);
		assert_packets_take(&fx2, use.in, FULL_CYCLES);
		fx2_close(&fx2);
	}
}

static void a_packet_out_takes_518_cycles(void **state)
{
	static struct fx2 fx2;
	struct use use = {BENCH_SINK, .idle = 6000};

	(void)state;
	for (; use.out <= FIFO_EP4; use.out++) {
		fx2_open(&fx2, 1);
		start(&fx2, &use);
		assert_packets_take(&fx2, use.out, FULL_CYCLES);
		fx2_close(&fx2);
	}
}

static void a_packet_out_and_in_takes_twice_516(void **state)
{
	static struct fx2 fx2;
	struct use use = {BENCH_LOOPBACK, FIFO_EP2, FIFO_EP6, .idle = 6000};

	(void)state;
	fx2_open(&fx2, 1);
	start(&fx2, &use);
	assert_packets_take(&fx2, FIFO_EP6, 2 * LOOP_CYCLES);
	assert_packets_take(&fx2, FIFO_EP2, 2 * LOOP_CYCLES);
	fx2_close(&fx2);
}

static void assert_shared(const struct use *use, unsigned a, unsigned b)
{
	static struct fx2 fx2;
	struct watched watched = {.fx2 = &fx2};
	uint64_t bytes[2], sum;

	fx2_open(&fx2, 1);
	fx2.pipes[use->watch_in].context = &watched;
	start(&fx2, use);
	fx2_run(&fx2, 20000);
	bytes[0] = fx2.pipes[a].bus;
	bytes[1] = fx2.pipes[b].bus;
	fx2_run(&fx2, 500000);
	bytes[0] = fx2.pipes[a].bus - bytes[0];
	bytes[1] = fx2.pipes[b].bus - bytes[1];
	sum = bytes[0] + bytes[1];
	print_message("%" PRIu64 " and %" PRIu64 " bytes, %.1f:%.1f\n",
		bytes[0], bytes[1], 100.0 * bytes[0] / sum,
		100.0 * bytes[1] / sum);
	assert_in_range(bytes[0] * 100 / sum, 40, 60);
	/* The two streams together use all of the bus. */
	assert_true(sum * LOOP_CYCLES >= 500000 * FIFO_BYTES * 0.99);
	fx2_close(&fx2);
}

static void two_streams_share_the_bus(void **state)
{
	const struct use in_in = {BENCH_SOURCE, .in = FIFO_EP6, .watch = true,
		.watch_in = FIFO_EP8, .idle = 6000};
	const struct use out_in = {BENCH_SINK, .out = FIFO_EP2, .watch = true,
		.watch_in = FIFO_EP6, .idle = 6000};
	const struct use loop = {
		BENCH_LOOPBACK, FIFO_EP4, FIFO_EP8, .idle = 6000};

	(void)state;
	assert_shared(&in_in, FIFO_EP6, FIFO_EP8);
	assert_shared(&out_in, FIFO_EP2, FIFO_EP6);
	assert_shared(&loop, FIFO_EP4, FIFO_EP8);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_in_takes_518_cycles),
		cmocka_unit_test(a_packet_out_takes_518_cycles),
		cmocka_unit_test(a_packet_out_and_in_takes_twice_516),
		cmocka_unit_test(two_streams_share_the_bus),
		cmocka_unit_test(
			random_stalls_and_short_packets_corrupt_no_byte),
	};
	const char *why;
	int failed;

	if (twin_module(&why) == NULL) {
		printf("%s\n", why);
		return 77;
	}
	if (argc > 1)
		cycles = strtoull(argv[1], NULL, 0);
	if (argc > 2)
		first_seed = atoi(argv[2]);
	sequence = sequence_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(sequence);
	return failed;
}
