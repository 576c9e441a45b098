/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Programs in which the simulation, or a fuzz target, found an error, each in
 * its shrunk form.  A seed does not replace such a program, since any change of
 * the generator draws another program from it.
 */
#include "tests/support/clyde-test.h"

#include "wire/core-benchmark.h"

static struct clyde_pipe *open_pipe(
	struct fixture *fixture, enum clyde_pipe_id id)
{
	const struct clyde_pipe_options options = {
		.transfer_size = 512, .depth = 4};
	struct clyde_pipe *pipe;

	assert_int_equal(
		clyde_pipe_open(fixture->device, id, &options, &pipe), 0);
	return pipe;
}

static void set_mode(struct fixture *fixture, uint8_t mode)
{
	const uint8_t cores[4] = {
		mode != BENCH_SOURCE, 0, mode != BENCH_SINK, 0};

	assert_int_equal(clyde_register_write(fixture->device, REG_STREAM,
				 cores, sizeof(cores)),
		0);
	assert_int_equal(
		clyde_register_write(fixture->device, REG_BENCH_MODE, &mode, 1),
		0);
}

/* Regression: every completion, of any pipe, postponed the deadline of a
   wait. */
static void completions_do_not_put_off_a_deadline(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	struct clyde_pipe *out = open_pipe(&fixture, CLYDE_PIPE_EP2_OUT);
	static uint8_t data[16384];
	int64_t start;

	(void)state;
	set_mode(&fixture, BENCH_SINK);
	start = now_ns(fixture.device);
	assert_in_range(clyde_pipe_write(out, data, sizeof(data), 0), 1,
		sizeof(data) - 1);
	assert_in_range(now_ns(fixture.device) - start, 1, 125000);
	close_fixture(&fixture);
}

/* Regression: the next flush returned 0, and the written bytes were lost. */
static void a_pipe_whose_reset_failed_takes_no_bytes(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1,fault=pull@12");
	struct clyde_pipe *out;
	static uint8_t data[5750];

	(void)state;
	set_mode(&fixture, BENCH_SINK);
	out = open_pipe(&fixture, CLYDE_PIPE_EP2_OUT);
	clyde_pipe_write(out, data, sizeof(data), 1000);
	assert_int_equal(clyde_pipe_reset(out), CLYDE_ERROR_NO_DEVICE);
	assert_int_equal(
		clyde_pipe_write(out, data, 1, 1000), CLYDE_ERROR_NO_DEVICE);
	assert_int_equal(clyde_pipe_flush(out, 1000), CLYDE_ERROR_NO_DEVICE);
	close_fixture(&fixture);
}

/* Regression: with two faults `unplug` the later one pulled the cable. */
static void of_two_unplug_faults_the_first_pulls_the_cable(void **state)
{
	struct fixture fixture =
		open_uri("virtual:fault=unplug@4000,fault=unplug@80000");

	(void)state;
	assert_int_equal(
		clyde_device_sleep(fixture.device, 40), CLYDE_ERROR_NO_DEVICE);
	assert_in_range(now_ns(fixture.device), 4000000, 4125000);
	close_fixture(&fixture);
}

/* Regression: applets always opened pipes with quad buffers, which an open pipe
   of the same pair prevents. */
static void an_applet_runs_beside_a_pipe_of_the_same_pair(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	struct clyde_run *run;

	(void)state;
	open_pipe(&fixture, CLYDE_PIPE_EP8_IN);
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	assert_int_equal(clyde_run_set(run, "count", "4KiB"), 0);
	assert_int_equal(clyde_run_start(run, fixture.device, NULL, NULL), 0);
	close_fixture(&fixture);
}

/* Regression: the device refused the applet's pipe only after the rest of the
   run had been set up. */
static void quad_buffers_leave_no_pipe_for_an_applet(void **state)
{
	const struct clyde_pipe_options quad = {.quad = true};
	struct fixture fixture = open_uri("virtual:configured=1");
	struct clyde_pipe *pipe;
	struct clyde_run *run;

	(void)state;
	assert_int_equal(clyde_pipe_open(fixture.device, CLYDE_PIPE_EP6_IN,
				 &quad, &pipe),
		0);
	assert_int_equal(
		clyde_pipe_open(fixture.device, CLYDE_PIPE_EP8_IN, NULL, &pipe),
		CLYDE_ERROR_BUSY);
	assert_says("quad buffers");
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	assert_int_equal(clyde_run_start(run, fixture.device, NULL, NULL),
		CLYDE_ERROR_CORE_TAKEN);
	close_fixture(&fixture);
}

/* Regression: the write did not report what it had taken, and the next write
   waited for room that never came. */
static void a_write_that_cannot_be_submitted_ends_the_stream(void **state)
{
	struct fixture fixture =
		open_uri("virtual:configured=1,fault=nomem@t3/0x02:50");
	struct clyde_pipe *out = open_pipe(&fixture, CLYDE_PIPE_EP2_OUT);
	static uint8_t data[8192];
	ssize_t taken;

	(void)state;
	set_mode(&fixture, BENCH_SINK);
	taken = clyde_pipe_write(out, data, sizeof(data), 1000);
	assert_in_range(taken, 1024, sizeof(data) - 1);
	assert_int_equal(
		clyde_pipe_write(out, data, 1, 1000), CLYDE_ERROR_NO_MEMORY);
	assert_says("good up to byte 0x400");
	assert_int_equal(offset_of(out), 1024);
	close_fixture(&fixture);
}

/* Regression: the host asked the device for ten seconds whether it had all of
   the bitstream. */
static void a_stall_of_a_bitstream_is_reported_at_once(void **state)
{
	struct fixture fixture = open_uri("virtual:fault=halt@t9");

	(void)state;
	assert_int_equal(
		clyde_fpga_load_image(fixture.device), CLYDE_ERROR_STALL);
	assert_in_range(now_ns(fixture.device), 1, 1000000000);
	assert_says("cannot send the bitstream");
	close_fixture(&fixture);
}

/* Regression: the reset had ended all transfers, so no completion reported the
   unplug. */
static void an_unplug_is_reported_after_a_reset_by_another_program(void **state)
{
	struct fixture fixture =
		open_uri("virtual:fault=reset@3000us,fault=unplug@7000");

	(void)state;
	assert_int_equal(
		clyde_device_sleep(fixture.device, 40), CLYDE_ERROR_NO_DEVICE);
	assert_in_range(now_ns(fixture.device), 7000000, 7125000);
	close_fixture(&fixture);
}

/* Regression: the sentence was that of an earlier failure. */
static void a_failed_resume_has_a_sentence_of_its_own(void **state)
{
	struct fixture fixture =
		open_uri("virtual:configured=1,fault=reset@2000us");
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN);

	(void)state;
	assert_int_equal(clyde_pipe_cancel(in), 0);
	assert_int_equal(clyde_device_sleep(fixture.device, 5), 0);
	assert_int_equal(clyde_pipe_resume(in), CLYDE_ERROR_ENDPOINT_OFF);
	assert_says("EP6 IN: the endpoint is off: its alternate setting was "
		    "changed; good up to byte 0");
	close_fixture(&fixture);
}

/* Regression: the model of the bus skipped the end of the storm. */
static void a_read_continues_after_a_nak_storm(void **state)
{
	struct fixture fixture =
		open_uri("virtual:configured=1,fault=nak@b436:1243");
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN);
	uint8_t byte;

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	assert_int_equal(clyde_pipe_read(in, &byte, 1, 100), 1);
	close_fixture(&fixture);
}

/* Regression, found by fuzz-mgmt: the model ignored what the valid registers of
   the write had started, and its time stood still. */
static void a_write_beyond_the_last_register_is_refused(void **state)
{
	struct fixture fixture = open_uri("virtual:configured=1");
	static const uint8_t bytes[26] = {0xff, 0xff, 0xff};

	(void)state;
	assert_int_equal(clyde_register_write(fixture.device, REG_COUNT - 25,
				 bytes, sizeof(bytes)),
		CLYDE_ERROR_REFUSED);
	assert_int_equal(clyde_device_sleep(fixture.device, 1), 0);
	close_fixture(&fixture);
}

/* Regression: bytes that were sent behind the failed transfer were reported as
   wrong data. */
static void a_failed_transfer_is_not_reported_as_wrong_data(void **state)
{
	struct fixture fixture =
		open_uri("virtual:configured=1,fault=fail@b956/0x02");
	struct clyde_run *run;

	(void)state;
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	assert_int_equal(clyde_run_set(run, "modes", "loopback"), 0);
	assert_int_equal(clyde_run_set(run, "count", "8KiB"), 0);
	assert_int_equal(clyde_run_set(run, "transfer-size", "4KiB"), 0);
	assert_int_equal(clyde_run_start(run, fixture.device, NULL, NULL),
		CLYDE_ERROR_IO);
	assert_says("EP2 OUT");
	close_fixture(&fixture);
}

/* Regression: the replies to what was sent behind the failed transfer were
   reported as a breach of the protocol. */
static void a_failed_transfer_to_the_spi_core_is_reported_as_such(void **state)
{
	static const struct clyde_spi_options options = {
		.sck = "A1", .io = {"A2", "A4"}, .cs = {"A5"}};
	struct fixture fixture =
		open_uri("virtual:configured=1,fault=halt@t1/0x02");
	struct clyde_spi *spi;
	uint64_t ticket;

	(void)state;
	assert_int_equal(clyde_supply_set(fixture.device, 1, 3300), 0);
	assert_int_equal(clyde_spi_open(fixture.device, &options, &spi), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
			clyde_spi_submit(spi, 0, NULL, 0, 0, &ticket, 1000), 0);
	assert_int_equal(
		clyde_spi_collect(spi, ticket, 1000), CLYDE_ERROR_STALL);
	assert_says("EP2 OUT");
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(completions_do_not_put_off_a_deadline),
		cmocka_unit_test(a_pipe_whose_reset_failed_takes_no_bytes),
		cmocka_unit_test(
			of_two_unplug_faults_the_first_pulls_the_cable),
		cmocka_unit_test(an_applet_runs_beside_a_pipe_of_the_same_pair),
		cmocka_unit_test(quad_buffers_leave_no_pipe_for_an_applet),
		cmocka_unit_test(
			a_write_that_cannot_be_submitted_ends_the_stream),
		cmocka_unit_test(a_stall_of_a_bitstream_is_reported_at_once),
		cmocka_unit_test(
			an_unplug_is_reported_after_a_reset_by_another_program),
		cmocka_unit_test(a_failed_resume_has_a_sentence_of_its_own),
		cmocka_unit_test(a_read_continues_after_a_nak_storm),
		cmocka_unit_test(a_write_beyond_the_last_register_is_refused),
		cmocka_unit_test(
			a_failed_transfer_is_not_reported_as_wrong_data),
		cmocka_unit_test(
			a_failed_transfer_to_the_spi_core_is_reported_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
