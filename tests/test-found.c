/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the simulation found, each as it was shrunk to; a seed alone would
 * draw another program as soon as the generator changes.
 */
#include "clyde-test.h"

#include "wire/core-benchmark.h"

static struct clyde_pipe *open_pipe(
	struct bench_top *top, enum clyde_pipe_id id)
{
	const struct clyde_pipe_options options = {
		.transfer_size = 512, .depth = 4};
	struct clyde_pipe *pipe;

	assert_int_equal(clyde_pipe_open(top->device, id, &options, &pipe), 0);
	return pipe;
}

static void set_mode(struct bench_top *top, uint8_t mode)
{
	const uint8_t cores[4] = {
		mode != BENCH_SOURCE, 0, mode != BENCH_SINK, 0};

	assert_int_equal(clyde_register_write(
				 top->device, REG_STREAM, cores, sizeof(cores)),
		0);
	assert_int_equal(
		clyde_register_write(top->device, REG_BENCH_MODE, &mode, 1), 0);
}

/* A completion, of whatever pipe, put the end of a wait off. */
static void completions_do_not_put_off_a_deadline(void **state)
{
	struct bench_top top = open_uri("virtual:configured=1");
	struct clyde_pipe *out = open_pipe(&top, CLYDE_PIPE_EP2_OUT);
	static uint8_t data[16384];
	int64_t start;

	(void)state;
	set_mode(&top, BENCH_SINK);
	start = clyde_device_now(top.device);
	assert_in_range(clyde_pipe_write(out, data, sizeof(data), 0), 1,
		sizeof(data) - 1);
	assert_in_range(clyde_device_now(top.device) - start, 1, 125000);
	close_top(&top);
}

/* Its next flush returned 0, and what was written was lost. */
static void a_pipe_that_could_not_be_reset_takes_nothing(void **state)
{
	struct bench_top top = open_uri("virtual:configured=1,fault=pull@12");
	struct clyde_pipe *out;
	static uint8_t data[5750];

	(void)state;
	set_mode(&top, BENCH_SINK);
	out = open_pipe(&top, CLYDE_PIPE_EP2_OUT);
	clyde_pipe_write(out, data, sizeof(data), 1000);
	assert_int_equal(clyde_pipe_reset(out), -ENODEV);
	assert_int_equal(clyde_pipe_write(out, data, 1, 1000), -ENODEV);
	assert_int_equal(clyde_pipe_flush(out, 1000), -ENODEV);
	close_top(&top);
}

/* The last of them did. */
static void the_first_of_two_pulls_is_the_one(void **state)
{
	struct bench_top top =
		open_uri("virtual:fault=unplug@4000,fault=unplug@80000");

	(void)state;
	assert_int_equal(clyde_device_sleep(top.device, 40), -ENODEV);
	assert_in_range(clyde_device_now(top.device), 4000000, 4125000);
	close_top(&top);
}

/* They were asked for quad buffers, which the open pipe stood in the way of. */
static void an_applet_runs_beside_a_pipe_of_the_same_pair(void **state)
{
	struct bench_top top = open_uri("virtual:configured=1");
	struct clyde_run *run;

	(void)state;
	open_pipe(&top, CLYDE_PIPE_EP8_IN);
	assert_int_equal(clyde_run_new(top.context, "benchmark", &run), 0);
	assert_int_equal(clyde_run_set(run, "count", "4KiB"), 0);
	assert_int_equal(clyde_run_start(run, top.device, NULL, NULL), 0);
	close_top(&top);
}

/* The device refused the applet's pipe, after all else had been done to it. */
static void quad_buffers_leave_no_pipe_for_an_applet(void **state)
{
	const struct clyde_pipe_options quad = {.quad = true};
	struct bench_top top = open_uri("virtual:configured=1");
	struct clyde_pipe *pipe;
	struct clyde_run *run;

	(void)state;
	assert_int_equal(
		clyde_pipe_open(top.device, CLYDE_PIPE_EP6_IN, &quad, &pipe),
		0);
	assert_int_equal(
		clyde_pipe_open(top.device, CLYDE_PIPE_EP8_IN, NULL, &pipe),
		-EBUSY);
	assert_says(top.context, "quad buffers");
	assert_int_equal(clyde_run_new(top.context, "benchmark", &run), 0);
	assert_int_equal(clyde_run_start(run, top.device, NULL, NULL), -EUSERS);
	close_top(&top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(completions_do_not_put_off_a_deadline),
		cmocka_unit_test(a_pipe_that_could_not_be_reset_takes_nothing),
		cmocka_unit_test(the_first_of_two_pulls_is_the_one),
		cmocka_unit_test(an_applet_runs_beside_a_pipe_of_the_same_pair),
		cmocka_unit_test(quad_buffers_leave_no_pipe_for_an_applet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
