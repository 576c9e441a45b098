/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests what the library does when cancelled transfers do not come back: no
 * transfer that is in flight is submitted again, and the call says so.  The
 * virtual link's wait() is replaced by one that fails.
 */
#include "tests/support/clyde-test.h"

#include "lib/base/internal.h"

static struct fixture fixture;
static struct clyde_device *device; /* The object itself. */
static const struct link_ops *real;
static struct link_ops broken;

static int broken_wait(struct link *link, uint64_t deadline_ns)
{
	(void)link;
	(void)deadline_ns;
	return CLYDE_ERROR_IO;
}

static int set_up(void **state)
{
	(void)state;
	fixture = open_uri("virtual:configured=1");
	device = fixture.device;
	assert_int_equal(object_pin(&device), 0);
	object_unpin(&device->object);
	real = device->link->ops;
	broken = *real;
	broken.wait = broken_wait;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	device->link->ops = real;
	close_fixture(&fixture);
	return 0;
}

static void break_link(void)
{
	device->link->ops = &broken;
}

static void mend_link(void)
{
	device->link->ops = real;
}

static struct clyde_pipe *open_pipe(enum clyde_pipe_id id)
{
	struct clyde_pipe *pipe;

	assert_int_equal(clyde_pipe_open(fixture.device, id, NULL, &pipe), 0);
	return pipe;
}

static void a_reset_that_cannot_drain_the_pipe_fails(void **state)
{
	struct clyde_pipe *pipe = open_pipe(CLYDE_PIPE_EP6_IN);
	struct clyde_pipe_stats stats;
	uint8_t byte;

	(void)state;
	break_link();
	assert_int_equal(clyde_pipe_reset(pipe), CLYDE_ERROR_IO);
	assert_says("EP6 IN: ");
	assert_int_equal(clyde_pipe_stats(pipe, &stats), 0);
	assert_int_equal(stats.in_flight, CLYDE_DEPTH_DEFAULT);
	mend_link();
	assert_int_equal(clyde_pipe_read(pipe, &byte, 1, 0), CLYDE_ERROR_IO);
	/* Now that they come back, the pipe can be used again. */
	assert_int_equal(clyde_pipe_reset(pipe), 0);
	assert_int_equal(clyde_pipe_stats(pipe, &stats), 0);
	assert_int_equal(stats.in_flight, CLYDE_DEPTH_DEFAULT);
	assert_int_equal(
		clyde_pipe_read(pipe, &byte, 1, 1), CLYDE_ERROR_TIMEOUT);
}

static void a_cancel_that_cannot_drain_the_pipe_fails(void **state)
{
	struct clyde_pipe *pipe = open_pipe(CLYDE_PIPE_EP6_IN);
	uint8_t byte;

	(void)state;
	break_link();
	assert_int_equal(clyde_pipe_cancel(pipe), CLYDE_ERROR_IO);
	assert_int_equal(clyde_pipe_resume(pipe), 0);
	mend_link();
	assert_int_equal(clyde_pipe_read(pipe, &byte, 1, 0), CLYDE_ERROR_IO);
	assert_int_equal(clyde_pipe_reset(pipe), 0);
	assert_int_equal(
		clyde_pipe_read(pipe, &byte, 1, 1), CLYDE_ERROR_TIMEOUT);
}

static void a_command_is_not_sent_while_an_earlier_one_is_in_flight(
	void **state)
{
	uint8_t id[8];

	(void)state;
	break_link();
	assert_int_equal(clyde_fpga_status(fixture.device, id), CLYDE_ERROR_IO);
	mend_link();
	assert_int_equal(clyde_fpga_status(fixture.device, id), CLYDE_ERROR_IO);
	assert_says("an earlier command has not come back");
	assert_int_equal(clyde_device_sleep(fixture.device, 1), 0);
	assert_int_equal(clyde_fpga_status(fixture.device, id), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reset_that_cannot_drain_the_pipe_fails),
		TEST(a_cancel_that_cannot_drain_the_pipe_fails),
		TEST(a_command_is_not_sent_while_an_earlier_one_is_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
