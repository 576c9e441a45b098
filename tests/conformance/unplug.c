/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests what happens when the cable is pulled: all waits end, and all bytes
   from before are delivered. */
#include "link-test.h"
#include "lib/base/ask.h"

#include <poll.h>

static int replug_after(void **state)
{
	close_what_is_left(state);
	replug();
	return 0;
}

static void unplugging_a_source_delivers_the_bytes_and_then_names_the_offset(
	void **state)
{
	struct fixture fixture = open_to_unplug();
	struct clyde_pipe *in =
		open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 65536, 8);
	static uint8_t data[1 << 20];
	uint64_t offset = 0;
	ssize_t size;

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	unplug_soon();
	while ((size = clyde_pipe_read(in, data, sizeof(data), -1)) > 0) {
		assert_sequence(offset, data, size);
		offset += size;
	}
	assert_int_equal(size, CLYDE_ERROR_NO_DEVICE);
	assert_says("unplugged");
	assert_says("good up to byte");
	assert_int_equal(offset_of(in), offset);
	assert_int_equal(
		clyde_pipe_read(in, data, 1, -1), CLYDE_ERROR_NO_DEVICE);
	close_fixture(&fixture);
}

static void unplugging_a_sink_ends_the_write_with_an_error(void **state)
{
	struct fixture fixture = open_to_unplug();
	struct clyde_pipe *out =
		open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 65536, 8);
	static uint8_t data[131070];
	ssize_t size;
	uint64_t sent = 0;

	(void)state;
	set_mode(&fixture, BENCH_SINK);
	sequence_fill(sequence, 0, data, sizeof(data));
	unplug_soon();
	while ((size = clyde_pipe_write(out, data, sizeof(data), -1)) > 0)
		sent += size;
	assert_int_equal(size, CLYDE_ERROR_NO_DEVICE);
	assert_says("unplugged");
	assert_true(offset_of(out) <= sent);
	close_fixture(&fixture);
}

static void unplugging_ends_commands_and_idle_waits(void **state)
{
	struct fixture fixture = open_to_unplug();
	uint8_t id[8];
	int result = 0;

	(void)state;
	unplug_soon();
	while (result >= 0)
		result = clyde_fpga_status(fixture.device, id);
	assert_int_equal(result, CLYDE_ERROR_NO_DEVICE);
	assert_says("unplugged");
	assert_int_equal(
		clyde_fpga_status(fixture.device, id), CLYDE_ERROR_NO_DEVICE);
	close_fixture(&fixture);
}

static void unplugging_ends_an_idle_read(void **state)
{
	struct fixture fixture = open_to_unplug();
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 512, 4);
	uint8_t data[16];

	(void)state;
	unplug_soon();
	assert_int_equal(clyde_pipe_read(in, data, sizeof(data), -1),
		CLYDE_ERROR_NO_DEVICE);
	clyde_pipe_close(in);
	close_fixture(&fixture);
}

static void unplugging_ends_a_sleep(void **state)
{
	struct fixture fixture = open_to_unplug();
	const int timeout_ms = 20000;
	int64_t before = now_ns(fixture.device);

	(void)state;
	unplug_soon();
	assert_int_equal(clyde_device_sleep(fixture.device, timeout_ms),
		CLYDE_ERROR_NO_DEVICE);
	assert_says("unplugged");
	assert_true(now_ns(fixture.device) - before <
		timeout_ms * INT64_C(1000000));
	close_fixture(&fixture);
}

/* No transfer is queued whose completion would report the unplug. */
static void unplugging_ends_a_wait_with_no_transfer_queued(void **state)
{
	struct link *link;
	int result = 0;

	(void)state;
	if (able(UNPLUGS_BY_URI) || getenv("CLYDE_UNPLUG") == NULL)
		skip();
	link = open_link();
	unplug_soon();
	for (uint64_t deadline = soon(link);
		result == 0 && link->ops->now(link) < deadline;)
		result = link->ops->wait(link, deadline);
	assert_int_equal(result, CLYDE_ERROR_NO_DEVICE);
	link->ops->close(link);
}

static void an_unplug_makes_the_descriptor_readable(void **state)
{
	struct fixture fixture = open_to_unplug();
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 4096, 4);
	struct pollfd watch = {
		.fd = clyde_device_poll_fd(fixture.device), .events = POLLIN};
	ssize_t size = CLYDE_ERROR_TIMEOUT;
	uint8_t byte;

	(void)state;
	unplug_soon();
	while (size == CLYDE_ERROR_TIMEOUT) {
		assert_int_equal(poll(&watch, 1, 5000), 1);
		clyde_device_process(fixture.device);
		size = clyde_pipe_read_some(in, &byte, 1, 0);
	}
	assert_int_equal(size, CLYDE_ERROR_NO_DEVICE);
	close_fixture(&fixture);
}

static void expect_event(struct clyde_monitor *monitor,
	enum clyde_monitor_change change, struct clyde_device_info *ret_info)
{
	struct clyde_monitor_event event;

	if (clyde_monitor_next(monitor, &event, -1) < 0)
		fail_msg("%s", clyde_error_message());
	assert_int_equal(event.change, change);
	*ret_info = event.info;
}

/* The commands go on until the cable is pulled, since the unplug may be
   scripted by a number of transfers. */
static void a_monitor_sees_a_device_leave_and_come_back(void **state)
{
	struct clyde_device_info first, left, again;
	struct clyde_monitor *monitor;
	struct fixture fixture;
	uint8_t id[8];
	int result = 0;

	(void)state;
	if (able(UNPLUGS_BY_URI) || getenv("CLYDE_UNPLUG") == NULL ||
		getenv("CLYDE_REPLUG") == NULL)
		skip();
	fixture = open_fixture(plain_uri());
	assert_int_equal(
		clyde_monitor_new(fixture.context, plain_uri(), &monitor), 0);
	expect_event(monitor, CLYDE_MONITOR_ARRIVED, &first);
	unplug_soon();
	while (result >= 0)
		result = clyde_fpga_status(fixture.device, id);
	assert_int_equal(result, CLYDE_ERROR_NO_DEVICE);
	clyde_device_close(fixture.device);
	expect_event(monitor, CLYDE_MONITOR_LEFT, &left);
	assert_string_equal(left.uri, first.uri);
	assert_string_equal(left.serial, first.serial);
	replug();
	expect_event(monitor, CLYDE_MONITOR_ARRIVED, &again);
	assert_string_equal(again.serial, first.serial);
	assert_string_not_equal(again.uri, first.uri);
	close_fixture(&fixture);
}

const struct CMUnitTest unplug_tests[] = {
	cmocka_unit_test_teardown(
		unplugging_a_source_delivers_the_bytes_and_then_names_the_offset,
		replug_after),
	cmocka_unit_test_teardown(
		unplugging_a_sink_ends_the_write_with_an_error, replug_after),
	cmocka_unit_test_teardown(
		unplugging_ends_commands_and_idle_waits, replug_after),
	cmocka_unit_test_teardown(unplugging_ends_an_idle_read, replug_after),
	cmocka_unit_test_teardown(unplugging_ends_a_sleep, replug_after),
	cmocka_unit_test_teardown(
		unplugging_ends_a_wait_with_no_transfer_queued, replug_after),
	cmocka_unit_test_teardown(
		an_unplug_makes_the_descriptor_readable, replug_after),
	unit(a_monitor_sees_a_device_leave_and_come_back),
};
const size_t unplug_test_count = sizeof(unplug_tests) / sizeof(*unplug_tests);
