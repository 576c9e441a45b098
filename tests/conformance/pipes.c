/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the bytes that a pipe delivers, and when a call on it returns. */
#include "conformance.h"
#include "lib/base/ask.h"

static void a_read_of_any_size_is_exact_and_in_order(void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 4096, 4);
	static uint8_t data[300000];
	uint64_t offset = 0;

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	for (size_t size = 1; size < sizeof(data); size = size * 3 + 1) {
		assert_int_equal(clyde_pipe_read(in, data, size, 5000), size);
		assert_sequence(offset, data, size);
		offset += size;
		assert_int_equal(offset_of(in), offset);
	}
	close_fixture(&fixture);
}

static void transfers_of_any_size_and_number_carry_the_same_bytes(void **state)
{
	static const struct {
		uint32_t size, depth;
	} kinds[] = {{512, 1}, {512, 64}, {1024, 3}, {16384, 2}, {16896, 2},
		{65536, 1}, {1 << 20, 4}, {4 << 20, 1}};
	struct fixture fixture = open_idle();
	static uint8_t data[200001];

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN,
			kinds[i].size, kinds[i].depth);

		set_mode(&fixture, BENCH_SOURCE);
		assert_int_equal(clyde_pipe_read(in, data, sizeof(data), 5000),
			sizeof(data));
		assert_sequence(0, data, sizeof(data));
		clyde_pipe_close(in);
		set_mode(&fixture, BENCH_IDLE);
	}
	close_fixture(&fixture);
}

/* Both directions of the loopback. */
struct loop {
	struct fixture fixture;
	struct clyde_pipe *out, *in;
};

static struct loop open_loop(uint32_t size, uint32_t depth)
{
	struct loop loop = {.fixture = open_idle()};

	loop.out = open_pipe(&loop.fixture, CLYDE_PIPE_EP2_OUT, size, depth);
	loop.in = open_pipe(&loop.fixture, CLYDE_PIPE_EP6_IN, size, depth);
	set_mode(&loop.fixture, BENCH_LOOPBACK);
	return loop;
}

static void a_short_packet_arrives_without_further_bytes(void **state)
{
	struct loop loop = open_loop(4096, 2);
	uint8_t data[512], back[512];

	(void)state;
	for (size_t size = 1; size < 512; size += 73) {
		sequence_fill(sequence, size, data, size);
		assert_int_equal(
			clyde_pipe_write(loop.out, data, size, 5000), size);
		assert_int_equal(clyde_pipe_flush(loop.out, 5000), 0);
		assert_int_equal(
			clyde_pipe_read(loop.in, back, size, 5000), size);
		assert_memory_equal(data, back, size);
	}
	close_fixture(&loop.fixture);
}

/* Without the empty packet, a transfer with room for more would wait for the
   next byte. */
static void a_full_packet_is_ended_by_an_empty_one(void **state)
{
	struct loop loop = open_loop(65536, 2);
	static uint8_t data[8192], back[8192];

	(void)state;
	sequence_fill(sequence, 0, data, sizeof(data));
	for (size_t size = 512; size <= sizeof(data); size *= 2) {
		assert_int_equal(
			clyde_pipe_write(loop.out, data, size, 5000), size);
		assert_int_equal(clyde_pipe_flush(loop.out, 5000), 0);
		assert_int_equal(
			clyde_pipe_read(loop.in, back, size, 5000), size);
		assert_memory_equal(data, back, size);
	}
	close_fixture(&loop.fixture);
}

static void a_deadline_during_a_read_returns_the_bytes_read_so_far(void **state)
{
	struct loop loop = open_loop(512, 2);
	struct clyde_pipe_stats stats = {0};
	uint8_t data[1000];

	(void)state;
	assert_int_equal(
		clyde_pipe_write(loop.out, "twelve bytes", 12, 5000), 12);
	assert_int_equal(clyde_pipe_flush(loop.out, 5000), 0);
	for (int i = 0; i < 5000 && stats.ready == 0; i++) {
		clyde_device_sleep(loop.fixture.device, 1);
		clyde_pipe_stats(loop.in, &stats);
	}
	assert_int_equal(clyde_pipe_read(loop.in, data, sizeof(data), 20), 12);
	assert_memory_equal(data, "twelve bytes", 12);
	assert_int_equal(
		clyde_pipe_read(loop.in, data, 1, 20), CLYDE_ERROR_TIMEOUT);
	/* Bytes that come after the deadline are not lost. */
	assert_int_equal(clyde_pipe_write(loop.out, "more", 4, 5000), 4);
	assert_int_equal(clyde_pipe_flush(loop.out, 5000), 0);
	assert_int_equal(clyde_pipe_read(loop.in, data, 4, 5000), 4);
	assert_memory_equal(data, "more", 4);
	close_fixture(&loop.fixture);
}

static void a_wait_ends_neither_before_nor_long_after_its_deadline(void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 512, 2);
	int64_t start = now_ns(fixture.device), taken;
	uint8_t data[16];

	(void)state;
	assert_int_equal(clyde_pipe_read(in, data, sizeof(data), 50),
		CLYDE_ERROR_TIMEOUT);
	taken = now_ns(fixture.device) - start;
	assert_true(taken >= 50000000);
	if (able(EXACT_TIME))
		assert_true(taken <= 50125000);
	close_fixture(&fixture);
}

static void an_endless_wait_that_nothing_can_end_is_an_error(void **state)
{
	struct fixture fixture;
	struct clyde_pipe *in;
	uint8_t data[16];

	(void)state;
	need(REPORTS_DEADLOCK);
	fixture = open_idle();
	in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 512, 2);
	assert_int_equal(clyde_pipe_read(in, data, sizeof(data), -1),
		CLYDE_ERROR_DEADLOCK);
	close_fixture(&fixture);
}

static void a_region_can_be_used_in_place(void **state)
{
	struct loop loop = open_loop(4096, 2);
	void *region;

	(void)state;
	assert_int_equal(clyde_pipe_acquire(loop.out, &region, 5000), 4096);
	sequence_fill(sequence, 0, region, 3000);
	assert_int_equal(clyde_pipe_release(loop.out, 3000), 0);
	assert_int_equal(clyde_pipe_flush(loop.out, 5000), 0);
	for (uint64_t offset = 0; offset < 3000;) {
		ssize_t size = clyde_pipe_acquire(loop.in, &region, 5000);

		assert_in_range(size, 1, 3000 - offset);
		assert_sequence(offset, region, size);
		assert_int_equal(clyde_pipe_release(loop.in, size), 0);
		offset += size;
	}
	close_fixture(&loop.fixture);
}

static void pairs_of_pipes_share_buffers(void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *pipe, *other;

	(void)state;
	pipe = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 512, 1);
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN,
				 NULL, &other),
		CLYDE_ERROR_BUSY);
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP8_IN,
				 NULL, &other),
		CLYDE_ERROR_BUSY);
	clyde_pipe_close(pipe);
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP8_IN,
				 NULL, &other),
		0);
	assert_int_equal(
		clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN, NULL, &pipe),
		0);
	close_fixture(&fixture);
}

const struct CMUnitTest pipe_tests[] = {
	unit(a_read_of_any_size_is_exact_and_in_order),
	unit(transfers_of_any_size_and_number_carry_the_same_bytes),
	unit(a_short_packet_arrives_without_further_bytes),
	unit(a_full_packet_is_ended_by_an_empty_one),
	unit(a_deadline_during_a_read_returns_the_bytes_read_so_far),
	unit(a_wait_ends_neither_before_nor_long_after_its_deadline),
	unit(an_endless_wait_that_nothing_can_end_is_an_error),
	unit(a_region_can_be_used_in_place),
	unit(pairs_of_pipes_share_buffers),
};
const size_t pipe_test_count = sizeof(pipe_tests) / sizeof(*pipe_tests);
