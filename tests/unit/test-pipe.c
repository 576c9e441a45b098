/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests pipes by the public API over the virtual link: bytes arrive in order
   and once, or an error names the offset up to which all bytes are good. */
#include "tests/support/clyde-test.h"

#include <stdlib.h>

#include "applets/benchmark/sequence.h"
#include "wire/core-benchmark.h"

#define URI "virtual:configured=1"

static struct sequence *sequence;

/* Attaches the benchmark core to the pipes that the mode needs. */
static void set_mode(struct fixture *fixture, uint8_t mode)
{
	const uint8_t cores[] = {
		mode != BENCH_SOURCE, 0, mode != BENCH_SINK, 0};

	assert_int_equal(clyde_register_write(fixture->device, REG_STREAM,
				 cores, sizeof(cores)),
		0);
	assert_int_equal(
		clyde_register_write(fixture->device, REG_BENCH_MODE, &mode, 1),
		0);
}

static struct clyde_pipe *open_pipe(struct fixture *fixture,
	enum clyde_pipe_id id, uint32_t size, uint32_t depth)
{
	struct clyde_pipe_options options = {
		.transfer_size = size, .depth = depth, .quad = true};
	struct clyde_pipe *pipe;

	if (clyde_pipe_open(fixture->device, id, &options, &pipe) < 0)
		fail_msg("%s", clyde_error_message());
	return pipe;
}

static void assert_sequence(uint64_t offset, const uint8_t *data, size_t size)
{
	assert_int_equal(sequence_match(sequence, offset, data, size), size);
}

static void a_read_of_odd_sizes_is_exact_and_in_order(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 4096, 4);
	uint8_t data[10000];
	uint64_t offset = 0;

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	for (size_t size = 1; size < sizeof(data); size = size * 3 + 1) {
		assert_int_equal(clyde_pipe_read(in, data, size, 1000), size);
		assert_sequence(offset, data, size);
		offset += size;
		assert_int_equal(offset_of(in), offset);
	}
	close_fixture(&fixture);
}

static void read_some_returns_the_bytes_that_have_arrived(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 512, 1);
	uint8_t data[8192];

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	assert_int_equal(
		clyde_pipe_read_some(in, data, sizeof(data), 1000), 512);
	assert_int_equal(clyde_pipe_read_some(in, data, 5, 1000), 5);
	assert_int_equal(
		clyde_pipe_read_some(in, data, sizeof(data), 1000), 507);
	close_fixture(&fixture);
}

static void reading_an_idle_pipe_ends_at_the_deadline(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 512, 2);
	int64_t start = now_ns(fixture.device);
	uint8_t data[16];

	(void)state;
	assert_int_equal(clyde_pipe_read(in, data, sizeof(data), 50),
		CLYDE_ERROR_TIMEOUT);
	assert_in_range(now_ns(fixture.device) - start, 50000000, 50125000);
	assert_string_equal(clyde_error_message(),
		"EP6 IN: no data before the deadline; good up to byte 0");
	close_fixture(&fixture);
}

static void writing_to_a_device_that_takes_nothing_ends_at_the_deadline(
	void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *out =
		open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 512, 2);
	static const uint8_t data[16384];

	(void)state;
	assert_in_range(clyde_pipe_write(out, data, sizeof(data), 50), 1,
		sizeof(data) - 1);
	assert_int_equal(
		clyde_pipe_write(out, data, 1, 50), CLYDE_ERROR_TIMEOUT);
	assert_string_equal(clyde_error_message(),
		"EP2 OUT: the device has not taken the data before the "
		"deadline; good up to byte 0xa00");
	close_fixture(&fixture);
}

static void an_endless_wait_that_nothing_can_end_is_an_error(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 512, 2);
	uint8_t data[16];

	(void)state;
	assert_int_equal(clyde_pipe_read(in, data, sizeof(data), -1),
		CLYDE_ERROR_DEADLOCK);
	close_fixture(&fixture);
}

static void a_deadline_during_a_read_returns_the_bytes_read_so_far(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *out =
		open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 512, 2);
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 512, 2);
	uint8_t data[1000];

	(void)state;
	set_mode(&fixture, BENCH_LOOPBACK);
	assert_int_equal(clyde_pipe_write(out, "twelve bytes", 12, 1000), 12);
	assert_int_equal(clyde_pipe_flush(out, 1000), 0);
	assert_int_equal(clyde_pipe_read(in, data, sizeof(data), 20), 12);
	assert_memory_equal(data, "twelve bytes", 12);
	assert_int_equal(clyde_pipe_read(in, data, sizeof(data), 20),
		CLYDE_ERROR_TIMEOUT);
	close_fixture(&fixture);
}

static void a_region_can_be_read_in_place(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 4096, 2);
	uint8_t data[96];
	void *region;

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	assert_int_equal(clyde_pipe_acquire(in, &region, 1000), 4096);
	assert_sequence(0, region, 4096);
	assert_int_equal(
		clyde_pipe_acquire(in, &region, 1000), CLYDE_ERROR_BUSY);
	assert_int_equal(clyde_pipe_read(in, data, 1, 1000), CLYDE_ERROR_BUSY);
	assert_int_equal(clyde_pipe_release(in, 4097), CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_pipe_release(in, 4000), 0);
	assert_int_equal(clyde_pipe_release(in, 0), CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_pipe_acquire(in, &region, 1000), 96);
	assert_int_equal(clyde_pipe_release(in, 0), 0);
	assert_int_equal(clyde_pipe_read(in, data, 96, 1000), 96);
	assert_sequence(4000, data, 96);
	close_fixture(&fixture);
}

static void memory_is_bounded_while_the_pipe_is_not_read(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 4096, 4);
	struct clyde_pipe_stats stats, later;
	uint8_t *data = malloc(3 * 65536);

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	assert_int_equal(clyde_device_sleep(fixture.device, 1000), 0);
	clyde_pipe_stats(in, &stats);
	assert_int_equal(stats.bytes, 8 * 4096);
	assert_int_equal(stats.ready, 8);
	assert_int_equal(stats.in_flight, 0);
	assert_int_equal(stats.starvations, 1);
	assert_in_range(stats.memory, 8 * 4096, 8 * 4096 + 4096);
	/* Backpressure lost nothing. */
	assert_int_equal(clyde_pipe_read(in, data, 3 * 65536, 1000), 3 * 65536);
	assert_sequence(0, data, 3 * 65536);
	clyde_pipe_stats(in, &later);
	assert_int_equal(later.memory, stats.memory);
	assert_int_equal(later.ready_max, 8);
	free(data);
	close_fixture(&fixture);
}

static void a_finished_read_is_replaced_before_it_is_consumed(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 4096, 4);
	struct clyde_pipe_stats stats;
	void *region;

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	assert_int_equal(clyde_pipe_acquire(in, &region, 1000), 4096);
	clyde_pipe_stats(in, &stats);
	assert_int_equal(stats.in_flight, 4);
	close_fixture(&fixture);
}

static void a_cancel_delivers_the_bytes_that_had_arrived(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in =
		open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 65536, 2);
	uint8_t data[65536];
	ssize_t arrived;

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	/* Half a millisecond is a third of the first transfer. */
	assert_int_equal(clyde_pipe_read(in, data, 1, 1), CLYDE_ERROR_TIMEOUT);
	assert_int_equal(clyde_pipe_cancel(in), 0);
	arrived = clyde_pipe_read(in, data, sizeof(data), 1000);
	assert_in_range(arrived, 20000, 60000);
	assert_sequence(0, data, arrived);
	assert_int_equal(
		clyde_pipe_read(in, data, 1, 1000), CLYDE_ERROR_CANCELED);
	/* The stream continues where it stopped. */
	assert_int_equal(clyde_pipe_resume(in), 0);
	assert_int_equal(clyde_pipe_read(in, data, 512, 1000), 512);
	assert_sequence(arrived, data, 512);
	close_fixture(&fixture);
}

static void a_reset_restarts_the_stream(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 4096, 4);
	uint8_t data[5000];

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(clyde_pipe_read(in, data, sizeof(data), 1000),
			sizeof(data));
		assert_sequence(0, data, sizeof(data));
		assert_int_equal(clyde_pipe_reset(in), 0);
		assert_int_equal(offset_of(in), 0);
	}
	close_fixture(&fixture);
}

static void a_cancelled_write_names_the_offset_up_to_which_bytes_were_taken(
	void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *out =
		open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 4096, 4);
	static uint8_t zeros[16384];
	uint32_t count;

	(void)state;
	/* An idle core takes nothing: 512 B wait in the FPGA, 2 KiB in the
	   FX2. */
	assert_int_equal(clyde_pipe_write(out, zeros, 8000, 1000), 8000);
	assert_int_equal(clyde_pipe_flush(out, 20), CLYDE_ERROR_TIMEOUT);
	assert_int_equal(clyde_pipe_cancel(out), 0);
	assert_int_equal(offset_of(out), 512 + 2048);
	assert_int_equal(
		clyde_pipe_write(out, zeros, 1, 20), CLYDE_ERROR_CANCELED);
	assert_int_equal(clyde_pipe_resume(out), 0);
	set_mode(&fixture, BENCH_SINK);
	assert_int_equal(clyde_pipe_write(out, zeros, 1000, 1000), 1000);
	assert_int_equal(clyde_pipe_flush(out, 1000), 0);
	assert_int_equal(offset_of(out), 512 + 2048 + 1000);
	clyde_device_sleep(fixture.device, 1);
	assert_int_equal(
		clyde_register_read(fixture.device, REG_BENCH_COUNT, &count, 4),
		0);
	assert_int_equal(count, 512 + 2048 + 1000);
	close_fixture(&fixture);
}

static void a_write_is_kept_until_it_is_flushed(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *out =
		open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 4096, 2);
	uint32_t count;

	(void)state;
	set_mode(&fixture, BENCH_SINK);
	assert_int_equal(clyde_pipe_write(out, "\1\0\2\0", 4, 1000), 4);
	clyde_device_sleep(fixture.device, 5);
	clyde_register_read(fixture.device, REG_BENCH_COUNT, &count, 4);
	assert_int_equal(count, 0);
	assert_int_equal(clyde_pipe_push(out), 0);
	clyde_device_sleep(fixture.device, 5);
	clyde_register_read(fixture.device, REG_BENCH_COUNT, &count, 4);
	assert_int_equal(count, 4);
	assert_int_equal(clyde_pipe_flush(out, 1000), 0);
	close_fixture(&fixture);
}

static void
after_an_unplug_arrived_bytes_are_delivered_and_the_error_names_the_offset(
	void **state)
{
	struct fixture fixture =
		open_uri("virtual:configured=1,fault=unplug@20000");
	struct clyde_pipe *in =
		open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 65536, 8);
	static uint8_t data[4 << 20];
	ssize_t size;

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	size = clyde_pipe_read(in, data, sizeof(data), -1);
	/* 20 ms at 45 MiB/s, less the time that opening took. */
	assert_in_range(size, 700000, 950000);
	assert_sequence(0, data, size);
	assert_int_equal(
		clyde_pipe_read(in, data, 1, -1), CLYDE_ERROR_NO_DEVICE);
	assert_says("unplugged");
	assert_says("good up to byte");
	assert_int_equal(offset_of(in), size);
	close_fixture(&fixture);
}

static void a_write_after_an_unplug_reports_no_device(void **state)
{
	struct fixture fixture =
		open_uri("virtual:configured=1,fault=unplug@20000");
	struct clyde_pipe *out =
		open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 512, 2);
	uint8_t id[8];

	(void)state;
	set_mode(&fixture, BENCH_SINK);
	clyde_device_sleep(fixture.device, 30);
	assert_int_equal(clyde_pipe_write(out, "x", 1, 1000), 1);
	assert_int_equal(clyde_pipe_flush(out, 1000), CLYDE_ERROR_NO_DEVICE);
	assert_int_equal(
		clyde_fpga_status(fixture.device, id), CLYDE_ERROR_NO_DEVICE);
	assert_says("unplugged");
	close_fixture(&fixture);
}

static void a_pipe_that_cannot_be_opened_is_refused(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *pipe, *other;
	static const struct {
		enum clyde_pipe_id id;
		struct clyde_pipe_options options;
	} bad[] = {
		{CLYDE_PIPE_COUNT, {0}},
		{CLYDE_PIPE_EP6_IN, {.transfer_size = 513}},
		{CLYDE_PIPE_EP6_IN, {.transfer_size = 8 << 20}},
		{CLYDE_PIPE_EP6_IN, {.depth = 1025}},
		{CLYDE_PIPE_EP8_IN, {.quad = true}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(clyde_pipe_open(fixture.device, bad[i].id,
					 &bad[i].options, &pipe),
			CLYDE_ERROR_INVALID);
	pipe = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 512, 1);
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN,
				 NULL, &other),
		CLYDE_ERROR_BUSY);
	/* All four buffers of the pair are in use. */
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP8_IN,
				 NULL, &other),
		CLYDE_ERROR_BUSY);
	clyde_pipe_close(pipe);
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP8_IN,
				 NULL, &other),
		0);
	assert_int_equal(
		clyde_pipe_write(other, "x", 1, 0), CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_pipe_flush(other, 0), CLYDE_ERROR_INVALID);
	close_fixture(&fixture);
}

static void a_pipe_needs_a_configured_fpga(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	struct clyde_pipe *pipe;

	(void)state;
	assert_int_equal(
		clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN, NULL, &pipe),
		CLYDE_ERROR_STALL);
	assert_says("not configured");
	close_fixture(&fixture);
}

static void the_idle_flush_can_be_set(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 512, 1);
	uint8_t idle[4];

	(void)state;
	assert_int_equal(clyde_pipe_set_idle_flush(in, 4000), 0);
	clyde_register_read(fixture.device, REG_IDLE_FLUSH, idle, 4);
	/* EP6: 4 us are 192 cycles of 48 MHz.  EP8: still 125 us. */
	assert_memory_equal(idle, "\xc0\x00\x70\x17", 4);
	assert_int_equal(
		clyde_pipe_set_idle_flush(in, 1366000), CLYDE_ERROR_INVALID);
	close_fixture(&fixture);
}

static void a_pipe_can_use_memory_of_the_caller(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe_options options = {
		.transfer_size = 512, .depth = 2, .memory_size = 4 * 512 - 1};
	struct clyde_pipe *in;
	void *data;

	(void)state;
	options.memory = malloc(4 * 512);
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN,
				 &options, &in),
		CLYDE_ERROR_INVALID);
	assert_says("2048 are needed");
	options.memory_size++;
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN,
				 &options, &in),
		0);
	set_mode(&fixture, BENCH_SOURCE);
	assert_int_equal(clyde_pipe_acquire(in, &data, -1), 512);
	assert_ptr_equal(data, options.memory);
	close_fixture(&fixture);
	assert_int_equal(sequence_match(sequence, 0, options.memory, 512), 512);
	free(options.memory);
}

/* Regression: on a machine of 32 bits the size of the largest options was 0. */
static void the_largest_options_need_8_gib(void **state)
{
	struct fixture fixture = open_uri(URI);
	uint8_t memory[4096];
	struct clyde_pipe_options options = {
		.transfer_size = CLYDE_TRANSFER_SIZE_MAX,
		.depth = CLYDE_DEPTH_MAX,
		.memory = memory,
		.memory_size = sizeof(memory),
	};
	struct clyde_pipe *in;

	(void)state;
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN,
				 &options, &in),
		CLYDE_ERROR_INVALID);
	assert_says(": 8589934592 are needed");
	close_fixture(&fixture);
}

static int make_sequence(void **state)
{
	(void)state;
	sequence = sequence_new();
	return sequence == NULL;
}

static int free_sequence(void **state)
{
	(void)state;
	free(sequence);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_of_odd_sizes_is_exact_and_in_order),
		cmocka_unit_test(read_some_returns_the_bytes_that_have_arrived),
		cmocka_unit_test(reading_an_idle_pipe_ends_at_the_deadline),
		cmocka_unit_test(
			writing_to_a_device_that_takes_nothing_ends_at_the_deadline),
		cmocka_unit_test(
			an_endless_wait_that_nothing_can_end_is_an_error),
		cmocka_unit_test(
			a_deadline_during_a_read_returns_the_bytes_read_so_far),
		cmocka_unit_test(a_region_can_be_read_in_place),
		cmocka_unit_test(memory_is_bounded_while_the_pipe_is_not_read),
		cmocka_unit_test(
			a_finished_read_is_replaced_before_it_is_consumed),
		cmocka_unit_test(a_cancel_delivers_the_bytes_that_had_arrived),
		cmocka_unit_test(a_reset_restarts_the_stream),
		cmocka_unit_test(
			a_cancelled_write_names_the_offset_up_to_which_bytes_were_taken),
		cmocka_unit_test(a_write_is_kept_until_it_is_flushed),
		cmocka_unit_test(
			after_an_unplug_arrived_bytes_are_delivered_and_the_error_names_the_offset),
		cmocka_unit_test(a_write_after_an_unplug_reports_no_device),
		cmocka_unit_test(a_pipe_that_cannot_be_opened_is_refused),
		cmocka_unit_test(a_pipe_needs_a_configured_fpga),
		cmocka_unit_test(the_idle_flush_can_be_set),
		cmocka_unit_test(a_pipe_can_use_memory_of_the_caller),
		cmocka_unit_test(the_largest_options_need_8_gib),
	};

	return cmocka_run_group_tests(tests, make_sequence, free_sequence);
}
