/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests streams that are cancelled, resumed, reset or not read, and the
   benchmark applet, which verifies every byte. */
#include "conformance.h"
#include "lib/base/ask.h"

static void a_cancel_delivers_the_bytes_that_had_arrived(void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *in =
		open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 1 << 20, 2);
	static uint8_t data[8 << 20];
	ssize_t arrived;

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	/* On a virtual link, the cancel comes in the middle of the first
	   transfer. */
	clyde_pipe_read(in, data, 0, 0);
	clyde_device_sleep(fixture.device, 5);
	assert_int_equal(clyde_pipe_cancel(in), 0);
	arrived = clyde_pipe_read(in, data, sizeof(data), 5000);
	if (able(EXACT_TIME | KEEPS_PART))
		assert_in_range(arrived, 200000, 300000);
	if (arrived != CLYDE_ERROR_CANCELED)
		assert_sequence(0, data, arrived);
	else
		arrived = 0;
	assert_int_equal(
		clyde_pipe_read(in, data, 1, 5000), CLYDE_ERROR_CANCELED);
	assert_int_equal(offset_of(in), arrived);
	/* The stream continues where it stopped. */
	assert_int_equal(clyde_pipe_resume(in), 0);
	assert_int_equal(clyde_pipe_read(in, data, 3 << 20, 5000), 3 << 20);
	assert_sequence(arrived, data, 3 << 20);
	close_fixture(&fixture);
}

static void many_cancels_lose_nothing(void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *in =
		open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 16384, 8);
	static uint8_t data[1 << 20];
	uint64_t offset = 0;

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	for (int i = 0; i < 50; i++) {
		ssize_t size = clyde_pipe_read(in, data, 1000 + 777 * i, 5000);

		assert_int_equal(size, 1000 + 777 * i);
		assert_sequence(offset, data, size);
		offset += size;
		assert_int_equal(clyde_pipe_cancel(in), 0);
		while ((size = clyde_pipe_read(in, data, sizeof(data), 5000)) >
			0) {
			assert_sequence(offset, data, size);
			offset += size;
		}
		assert_int_equal(size, CLYDE_ERROR_CANCELED);
		assert_int_equal(clyde_pipe_resume(in), 0);
	}
	close_fixture(&fixture);
}

static void a_cancelled_write_names_the_offset_up_to_which_bytes_were_taken(
	void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *out =
		open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 4096, 4);
	static uint8_t zeros[16384];
	uint64_t taken;

	(void)state;
	/* An idle core takes nothing: 512 B wait in the FPGA, 2 KiB in the
	   FX2. */
	assert_int_equal(clyde_pipe_write(out, zeros, 8000, 5000), 8000);
	assert_int_equal(clyde_pipe_flush(out, 50), CLYDE_ERROR_TIMEOUT);
	assert_int_equal(clyde_pipe_cancel(out), 0);
	taken = offset_of(out);
	/* In real time, a busy machine may not have moved as much. */
	if (able(KEEPS_PART))
		assert_in_range(
			taken, able(EXACT_TIME) ? 512 + 2048 : 0, 512 + 2048);
	assert_int_equal(
		clyde_pipe_write(out, zeros, 1, 20), CLYDE_ERROR_CANCELED);
	assert_int_equal(clyde_pipe_resume(out), 0);
	set_mode(&fixture, BENCH_SINK);
	assert_int_equal(clyde_pipe_write(out, zeros, 1000, 5000), 1000);
	assert_int_equal(clyde_pipe_flush(out, 5000), 0);
	assert_int_equal(offset_of(out), taken + 1000);
	for (int i = 0; i < 100 && read_count(&fixture) < taken + 1000; i++)
		clyde_device_sleep(fixture.device, 1);
	if (able(KEEPS_PART))
		assert_int_equal(read_count(&fixture), taken + 1000);
	close_fixture(&fixture);
}

/* Transfers that continue behind a cancelled one would leave a hole in the
   stream, which the core counts as an error. */
static void many_cancelled_writes_leave_no_hole(void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *out =
		open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 512, 16);
	static uint8_t data[32768];
	uint64_t offset = 0;
	uint8_t error;

	(void)state;
	need(KEEPS_PART);
	set_mode(&fixture, BENCH_SINK);
	for (int i = 0; i < 50; i++) {
		size_t size = 9000 + 377 * i;

		sequence_fill(sequence, offset, data, size);
		assert_int_equal(clyde_pipe_write(out, data, size, 5000), size);
		assert_int_equal(clyde_pipe_cancel(out), 0);
		assert_in_range(offset_of(out), offset, offset + size);
		offset = offset_of(out);
		assert_int_equal(clyde_pipe_resume(out), 0);
	}
	for (int i = 0; i < 100 && read_count(&fixture) < offset; i++)
		clyde_device_sleep(fixture.device, 1);
	assert_int_equal(read_count(&fixture), offset);
	assert_int_equal(clyde_register_read(fixture.device, REG_BENCH_ERROR,
				 &error, sizeof(error)),
		0);
	assert_int_equal(error, 0);
	print_message("%llu bytes taken\n", (unsigned long long)offset);
	close_fixture(&fixture);
}

static void a_reset_restarts_the_stream(void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 4096, 4);
	static uint8_t data[50000];

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(clyde_pipe_read(in, data, sizeof(data), 5000),
			sizeof(data));
		assert_sequence(0, data, sizeof(data));
		assert_int_equal(clyde_pipe_reset(in), 0);
		assert_int_equal(offset_of(in), 0);
	}
	close_fixture(&fixture);
}

static void a_stream_that_is_not_read_waits_and_loses_nothing(void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 4096, 4);
	struct clyde_pipe_stats stats = {0};
	static uint8_t data[3 << 16];

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	for (int i = 0; i < 200 && stats.ready < 8; i++) {
		assert_int_equal(clyde_device_sleep(fixture.device, 10), 0);
		clyde_pipe_stats(in, &stats);
	}
	clyde_device_sleep(fixture.device, 50);
	clyde_pipe_stats(in, &stats);
	assert_int_equal(stats.ready, 8);
	assert_int_equal(stats.bytes, 8 * 4096);
	assert_int_equal(stats.in_flight, 0);
	assert_int_equal(
		clyde_pipe_read(in, data, sizeof(data), 5000), sizeof(data));
	assert_sequence(0, data, sizeof(data));
	close_fixture(&fixture);
}

static void a_full_loop_blocks_the_writer_and_loses_nothing(void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *out =
		open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 4096, 4);
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 4096, 4);
	static uint8_t data[1 << 20], back[1 << 20];
	ssize_t taken;

	(void)state;
	set_mode(&fixture, BENCH_LOOPBACK);
	sequence_fill(sequence, 0, data, sizeof(data));
	taken = clyde_pipe_write(out, data, sizeof(data), 300);
	assert_in_range(taken, 4 * 4096, 32 * 4096);
	/* The bytes in the buffer that is being filled have not been sent
	   yet. */
	assert_int_equal(clyde_pipe_read(in, back, taken / 4096 * 4096, 5000),
		taken / 4096 * 4096);
	assert_int_equal(clyde_pipe_flush(out, 5000), 0);
	assert_int_equal(clyde_pipe_read(in, back + taken / 4096 * 4096,
				 taken % 4096, 5000),
		taken % 4096);
	assert_memory_equal(data, back, taken);
	assert_int_equal(offset_of(out), taken);
	close_fixture(&fixture);
}

static void a_queue_beyond_the_systems_memory_continues_with_fewer_transfers(
	void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *in, *out;
	char notice[320] = "";
	struct clyde_pipe_stats stats;
	static uint8_t data[3 << 20], back[3 << 20];

	(void)state;
	in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 1 << 20, 64);
	out = open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 1 << 20, 64);
	set_mode(&fixture, BENCH_LOOPBACK);
	sequence_fill(sequence, 0, data, sizeof(data));
	for (int i = 0; i < 10; i++) {
		memset(back, 0, sizeof(back));
		assert_int_equal(
			clyde_pipe_write(out, data, sizeof(data), 5000),
			sizeof(data));
		assert_int_equal(clyde_pipe_read(in, back, sizeof(back), 5000),
			sizeof(back));
		assert_memory_equal(data, back, sizeof(data));
	}
	clyde_pipe_stats(in, &stats);
	assert_in_range(stats.depth, 1, 64);
	assert_int_equal(
		clyde_context_notice(fixture.context, notice, sizeof(notice)),
		stats.depth < 64);
	assert_int_equal(
		stats.depth < 64, strstr(notice, "usbfs_memory_mb") != NULL);
	print_message("%u of 64 reads in flight\n", stats.depth);
	close_fixture(&fixture);
}

/* ---- The benchmark ---------------------------------------------------- */

struct outcome {
	unsigned rows, complete;
	double errors, bytes;
};

static void take(void *user, const struct clyde_record *record)
{
	struct outcome *outcome = user;
	const struct clyde_field *field = record->fields;

	outcome->rows++;
	for (; field->type != CLYDE_FIELD_END; field++) {
		if (strcmp(field->name, "errors") == 0)
			outcome->errors += field->count;
		else if (strcmp(field->name, "bytes") == 0)
			outcome->bytes += field->count;
		else if (strcmp(field->name, "complete") == 0)
			outcome->complete += field->flag;
	}
	print_message("%s\n", record->text);
}

static struct outcome benchmark(const char *const *settings)
{
	struct fixture fixture = open_fixture(plain_uri());
	struct outcome outcome = {0};
	struct clyde_observer observer = {.record = take, .user = &outcome};
	struct clyde_run *run;

	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	for (; *settings; settings += 2)
		assert_int_equal(
			clyde_run_set(run, settings[0], settings[1]), 0);
	if (clyde_run_start(run, fixture.device, NULL, &observer) < 0)
		fail_msg("%s", clyde_error_message());
	close_fixture(&fixture);
	return outcome;
}

#define BENCHMARK(...) benchmark((const char *const[]){__VA_ARGS__, NULL})

static void the_benchmark_verifies_every_byte(void **state)
{
	struct outcome outcome = BENCHMARK("count", "4MiB");

	(void)state;
	assert_int_equal(outcome.rows, 4);
	assert_int_equal(outcome.complete, 4);
	assert_true(outcome.errors == 0);
	assert_true(outcome.bytes == 3 * (4 << 20));
}

static void odd_counts_and_small_queues_are_verified_too(void **state)
{
	(void)state;
	assert_int_equal(BENCHMARK("count", "1").complete, 4);
	assert_int_equal(BENCHMARK("count", "100003", "depth", "1",
				 "transfer-size", "512")
				 .complete,
		4);
	assert_int_equal(BENCHMARK("count", "1000003", "omit", "100001",
				 "depth", "3", "transfer-size", "33280")
				 .complete,
		4);
}

const struct CMUnitTest stream_tests[] = {
	unit(a_cancel_delivers_the_bytes_that_had_arrived),
	unit(many_cancels_lose_nothing),
	unit(a_cancelled_write_names_the_offset_up_to_which_bytes_were_taken),
	unit(many_cancelled_writes_leave_no_hole),
	unit(a_reset_restarts_the_stream),
	unit(a_stream_that_is_not_read_waits_and_loses_nothing),
	unit(a_full_loop_blocks_the_writer_and_loses_nothing),
	unit(a_queue_beyond_the_systems_memory_continues_with_fewer_transfers),
	unit(the_benchmark_verifies_every_byte),
	unit(odd_counts_and_small_queues_are_verified_too),
};
const size_t stream_test_count = sizeof(stream_tests) / sizeof(*stream_tests);
