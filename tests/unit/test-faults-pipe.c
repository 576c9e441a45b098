/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests, by the public API, the faults of the bus on pipes: what a call
 * returns, which byte its sentence names, and that the bytes which arrive are
 * those of the stream.
 */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#include "applets/benchmark/sequence.h"
#include "wire/core-benchmark.h"
#include "wire/regs.h"

#define SIZE 4096

static struct sequence *sequence;
static uint8_t data[16 * SIZE];
static struct fixture fixture;

static int set_up(void **state)
{
	(void)state;
	sequence = sequence_new();
	return sequence == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	free(sequence);
	return 0;
}

static void open_with(const char *fault)
{
	char uri[128];

	snprintf(uri, sizeof(uri), "virtual:configured=1,fault=%s", fault);
	fixture = open_uri(uri);
}

static struct clyde_pipe *open_pipe(enum clyde_pipe_id id, uint32_t depth)
{
	struct clyde_pipe_options options = {
		.transfer_size = SIZE, .depth = depth};
	struct clyde_pipe *pipe;

	if (clyde_pipe_open(fixture.device, id, &options, &pipe) < 0)
		fail_msg("%s", clyde_error_message());
	return pipe;
}

static void set_mode(uint8_t mode)
{
	const uint8_t cores[] = {
		mode != BENCH_SOURCE, 0, mode != BENCH_SINK, 0};

	assert_int_equal(clyde_register_write(fixture.device, REG_STREAM, cores,
				 sizeof(cores)),
		0);
	assert_int_equal(
		clyde_register_write(fixture.device, REG_BENCH_MODE, &mode, 1),
		0);
}

/* Opens a pipe that delivers the core's stream from its beginning. */
static struct clyde_pipe *open_source(const char *fault, uint32_t depth)
{
	struct clyde_pipe *in;

	open_with(fault);
	in = open_pipe(CLYDE_PIPE_EP6_IN, depth);
	set_mode(BENCH_SOURCE);
	return in;
}

static struct clyde_pipe *open_sink(const char *fault)
{
	struct clyde_pipe *out;

	open_with(fault);
	out = open_pipe(CLYDE_PIPE_EP2_OUT, 4);
	set_mode(BENCH_SINK);
	sequence_fill(sequence, 0, data, sizeof(data));
	return out;
}

/* Asserts that this many right bytes are read, and then this error. */
static void assert_reads(
	struct clyde_pipe *in, ssize_t size, int result, const char *says)
{
	uint64_t offset = offset_of(in);
	ssize_t got = size;

	if (size > 0)
		got = clyde_pipe_read(in, data,
			result < 0 ? sizeof(data) : (size_t)size, 1000);
	assert_int_equal(got, size);
	assert_int_equal(sequence_match(sequence, offset, data, size), size);
	if (result == 0)
		return;
	assert_int_equal(clyde_pipe_read(in, data, 1, 1000), result);
	assert_says(says);
}

static void a_stall_names_the_byte_up_to_which_all_arrived(void **state)
{
	struct clyde_pipe *in = open_source("halt@t3/0x86", 1);

	(void)state;
	assert_reads(in, 2 * SIZE, CLYDE_ERROR_STALL,
		"EP6 IN: the endpoint stalled; good up to byte 0x2000");
	close_fixture(&fixture);
}

static void a_failed_transfer_names_the_byte_up_to_which_all_arrived(
	void **state)
{
	struct clyde_pipe *in = open_source("fail@b0x1234/0x86", 1);

	(void)state;
	assert_reads(in, 0x1200, CLYDE_ERROR_IO, "good up to byte 0x1200");
	close_fixture(&fixture);
}

static void babble_names_the_byte_up_to_which_all_arrived(void **state)
{
	struct clyde_pipe *in = open_source("babble@p2/0x86", 1);

	(void)state;
	assert_reads(in, 512, CLYDE_ERROR_BABBLE, "good up to byte 0x200");
	close_fixture(&fixture);
}

static void a_reset_pipe_streams_again_after_a_fault(void **state)
{
	struct clyde_pipe *in = open_source("halt@t1/0x86", 1);

	(void)state;
	assert_reads(in, 0, CLYDE_ERROR_STALL, "good up to byte 0");
	assert_int_equal(clyde_pipe_reset(in), 0);
	set_mode(BENCH_SOURCE);
	assert_reads(in, sizeof(data), 0, NULL);
	close_fixture(&fixture);
}

static void short_and_empty_packets_lose_nothing(void **state)
{
	static const char *const faults[] = {
		"cut@b1000/0x86:7", "cut@p1:511", "zlp@p3", "zlp@t2/0x86:5"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct clyde_pipe *in = open_source(faults[i], 4);

		assert_reads(in, sizeof(data), 0, NULL);
		close_fixture(&fixture);
	}
}

static void a_nak_storm_and_late_completions_only_take_time(void **state)
{
	static const char *const faults[] = {
		"nak@t2/0x86:100000", "late@t2/0x86:100000", "burst@t1/0x86:4"};
	static const unsigned least_ms[] = {100, 100, 0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct clyde_pipe *in = open_source(faults[i], 4);
		int64_t start = now_ns(fixture.device);

		assert_reads(in, sizeof(data), 0, NULL);
		assert_true(now_ns(fixture.device) - start >=
			(int64_t)least_ms[i] * 1000000);
		close_fixture(&fixture);
	}
}

static void a_read_during_a_nak_storm_ends_at_its_deadline(void **state)
{
	struct clyde_pipe *in = open_source("nak@t2/0x86:5000000", 1);

	(void)state;
	assert_reads(
		in, SIZE, CLYDE_ERROR_TIMEOUT, "no data before the deadline");
	close_fixture(&fixture);
}

static void a_wait_for_a_lost_completion_ends_at_its_deadline(void **state)
{
	struct clyde_pipe *in = open_source("never@t2/0x86", 4);

	(void)state;
	assert_reads(
		in, SIZE, CLYDE_ERROR_TIMEOUT, "no data before the deadline");
	/* The bytes that it had moved are delivered after a cancel, and so are
	   those of the transfers behind it. */
	assert_int_equal(clyde_pipe_cancel(in), 0);
	assert_reads(in, 4 * SIZE, CLYDE_ERROR_CANCELED, "good up to byte");
	close_fixture(&fixture);
}

static void an_endless_wait_for_a_lost_completion_is_an_error(void **state)
{
	struct clyde_pipe *in = open_source("never@t1/0x86", 1);

	(void)state;
	assert_int_equal(
		clyde_pipe_read(in, data, 1, -1), CLYDE_ERROR_DEADLOCK);
	close_fixture(&fixture);
}

static void without_memory_for_a_submit_there_are_fewer_in_flight(void **state)
{
	struct clyde_pipe *in = open_source("nomem@t3/0x86", 4);
	struct clyde_pipe_stats stats;
	char notice[320];

	(void)state;
	assert_reads(in, sizeof(data), 0, NULL);
	assert_int_equal(clyde_pipe_stats(in, &stats), 0);
	assert_in_range(stats.depth, 1, 2);
	assert_int_equal(clyde_context_notice(fixture.context, notice, 320), 1);
	assert_non_null(strstr(notice, "no memory"));
	close_fixture(&fixture);
}

static void without_memory_for_the_first_submit_the_pipe_does_not_open(
	void **state)
{
	struct clyde_pipe_options options = {.transfer_size = SIZE, .depth = 4};
	struct clyde_pipe *in;

	(void)state;
	open_with("nomem@t1/0x86");
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN,
				 &options, &in),
		CLYDE_ERROR_NO_MEMORY);
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN,
				 &options, &in),
		0);
	close_fixture(&fixture);
}

static void a_refused_submit_ends_the_stream(void **state)
{
	struct clyde_pipe *in = open_source("refuse@t3/0x86", 1);

	(void)state;
	assert_reads(in, 2 * SIZE, CLYDE_ERROR_IO, "good up to byte 0x2000");
	close_fixture(&fixture);
}

static void a_write_names_the_byte_that_the_device_has_taken(void **state)
{
	struct clyde_pipe *out = open_sink("fail@b0x2200/0x02");

	(void)state;
	assert_int_equal(clyde_pipe_write(out, data, 3 * SIZE, 1000), 3 * SIZE);
	assert_int_equal(clyde_pipe_flush(out, 1000), CLYDE_ERROR_IO);
	assert_says("EP2 OUT: ");
	assert_says("good up to byte 0x2200");
	close_fixture(&fixture);
}

/* Regression: the call reported that nothing was taken, so a caller that tried
   again sent the bytes twice. */
static void a_write_that_cannot_be_submitted_fails_by_the_next_call(
	void **state)
{
	static const struct {
		const char *fault;
		int result;
	} faults[] = {{"refuse@t2/0x02", CLYDE_ERROR_IO},
		{"nomem@t1/0x02", CLYDE_ERROR_NO_MEMORY}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct clyde_pipe *out = open_sink(faults[i].fault);
		ssize_t first = SIZE + 1;

		if (i == 1)
			first = SIZE;
		assert_int_equal(
			clyde_pipe_write(out, data, first, 1000), first);
		if (i == 0)
			assert_int_equal(
				clyde_pipe_write(out, data + first, SIZE, 1000),
				SIZE - 1);
		assert_int_equal(
			clyde_pipe_write(out, data, 1, 1000), faults[i].result);
		assert_int_equal(clyde_pipe_flush(out, 1000), faults[i].result);
		assert_says("EP2 OUT: ");
		/* After a reset the pipe works as a new one does. */
		assert_int_equal(clyde_pipe_reset(out), 0);
		set_mode(BENCH_SINK);
		assert_int_equal(clyde_pipe_write(out, data, SIZE, 1000), SIZE);
		assert_int_equal(clyde_pipe_flush(out, 1000), 0);
		assert_int_equal(offset_of(out), SIZE);
		close_fixture(&fixture);
	}
}

static void
a_reset_by_another_program_cancels_transfers_and_releases_interfaces(
	void **state)
{
	struct clyde_pipe *in = open_source("reset@20000us", 1);
	unsigned mv[CLYDE_PORT_COUNT];
	int64_t start = now_ns(fixture.device);

	(void)state;
	set_mode(BENCH_IDLE);
	while (clyde_pipe_read_some(in, data, sizeof(data), 1) > 0)
		;
	assert_int_equal(clyde_pipe_read(in, data, 1, 1000), CLYDE_ERROR_RESET);
	assert_true(now_ns(fixture.device) - start < 21000000);
	assert_true(clyde_supply_get(fixture.device, mv) < 0);
	clyde_device_close(fixture.device);
	close_fixture(&fixture);
}

static void a_seed_repeats_a_run_to_the_nanosecond(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 50; seed++) {
		int64_t ended[2];
		ssize_t got[2];
		char uri[64], said[2][256];

		snprintf(uri, sizeof(uri),
			"virtual:configured=1,fault=seed@%u:6", seed);
		for (unsigned i = 0; i < 2; i++) {
			struct clyde_pipe *in = NULL;
			struct clyde_context *context;
			struct clyde_device *device;

			assert_int_equal(clyde_context_new(&context), 0);
			got[i] = clyde_device_open(context, uri, NULL, &device);
			ended[i] = 0;
			if (got[i] == 0) {
				got[i] = clyde_pipe_open(
					device, CLYDE_PIPE_EP6_IN, NULL, &in);
				if (got[i] == 0)
					got[i] = clyde_pipe_read(
						in, data, 512, 100);
				ended[i] = now_ns(device);
			}
			snprintf(said[i], sizeof(said[i]), "%s",
				clyde_error_message());
			clyde_context_close(context);
		}
		assert_int_equal(got[0], got[1]);
		assert_int_equal(ended[0], ended[1]);
		assert_string_equal(said[0], said[1]);
	}
	assert_int_equal(clyde_live_objects(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_stall_names_the_byte_up_to_which_all_arrived),
		cmocka_unit_test(
			a_failed_transfer_names_the_byte_up_to_which_all_arrived),
		cmocka_unit_test(babble_names_the_byte_up_to_which_all_arrived),
		cmocka_unit_test(a_reset_pipe_streams_again_after_a_fault),
		cmocka_unit_test(short_and_empty_packets_lose_nothing),
		cmocka_unit_test(
			a_nak_storm_and_late_completions_only_take_time),
		cmocka_unit_test(
			a_read_during_a_nak_storm_ends_at_its_deadline),
		cmocka_unit_test(
			a_wait_for_a_lost_completion_ends_at_its_deadline),
		cmocka_unit_test(
			an_endless_wait_for_a_lost_completion_is_an_error),
		cmocka_unit_test(
			without_memory_for_a_submit_there_are_fewer_in_flight),
		cmocka_unit_test(
			without_memory_for_the_first_submit_the_pipe_does_not_open),
		cmocka_unit_test(a_refused_submit_ends_the_stream),
		cmocka_unit_test(
			a_write_names_the_byte_that_the_device_has_taken),
		cmocka_unit_test(
			a_write_that_cannot_be_submitted_fails_by_the_next_call),
		cmocka_unit_test(
			a_reset_by_another_program_cancels_transfers_and_releases_interfaces),
		cmocka_unit_test(a_seed_repeats_a_run_to_the_nanosecond),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
