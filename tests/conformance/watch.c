/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the descriptor that an event loop polls, in the way in which an event
   loop uses it. */
#include "conformance.h"
#include "lib/base/ask.h"

#include <poll.h>

static bool readable(int descriptor, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = descriptor, .events = POLLIN};

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

static int poll_fd_of(struct fixture *fixture)
{
	int descriptor = clyde_device_poll_fd(fixture->device);

	if (descriptor < 0)
		fail_msg("%s", clyde_error_message());
	return descriptor;
}

/* Handles events until there are none; returns false if they do not end. */
static bool handle_all(struct fixture *fixture, int descriptor)
{
	for (int i = 0; i < 1000; i++) {
		if (!readable(descriptor, 20))
			return true;
		assert_true(clyde_device_process(fixture->device) >= 0);
	}
	return false;
}

static void an_idle_device_has_nothing_to_handle(void **state)
{
	struct fixture fixture = open_idle();
	int descriptor = poll_fd_of(&fixture);

	(void)state;
	assert_true(handle_all(&fixture, descriptor));
	open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 4096, 4);
	assert_true(handle_all(&fixture, descriptor));
	assert_int_equal(clyde_device_process(fixture.device), 0);
	assert_int_equal(poll_fd_of(&fixture), descriptor);
	close_fixture(&fixture);
}

static void a_watched_stream_is_read_without_waiting(void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *in =
		open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 65536, 8);
	static uint8_t data[1 << 20];
	int descriptor = poll_fd_of(&fixture);
	uint64_t offset = 0;

	(void)state;
	set_mode(&fixture, BENCH_SOURCE);
	while (offset < 8 << 20) {
		ssize_t size;

		assert_true(readable(descriptor, 5000));
		assert_in_range(clyde_device_process(fixture.device), 0, 1);
		while ((size = clyde_pipe_read_some(
				in, data, sizeof(data), 0)) > 0) {
			assert_sequence(offset, data, size);
			offset += size;
		}
		assert_int_equal(size, CLYDE_ERROR_TIMEOUT);
	}
	close_fixture(&fixture);
}

static void a_completion_that_another_call_handled_is_still_readable(
	void **state)
{
	struct fixture fixture = open_idle();
	struct clyde_pipe *in = open_pipe(&fixture, CLYDE_PIPE_EP6_IN, 512, 4);
	struct clyde_pipe *out =
		open_pipe(&fixture, CLYDE_PIPE_EP2_OUT, 512, 4);
	int descriptor = poll_fd_of(&fixture);
	uint8_t data[1024];

	(void)state;
	set_mode(&fixture, BENCH_LOOPBACK);
	assert_true(handle_all(&fixture, descriptor));
	sequence_fill(sequence, 0, data, sizeof(data));
	assert_int_equal(clyde_pipe_write(out, data, 1024, 5000), 1024);
	/* This call waits for the echo, and handles all events that come
	   meanwhile. */
	assert_int_equal(clyde_pipe_read(in, data, 512, 5000), 512);
	assert_int_equal(clyde_pipe_flush(out, 5000), 0);
	assert_true(readable(descriptor, 0));
	assert_int_equal(clyde_device_process(fixture.device), 1);
	assert_true(handle_all(&fixture, descriptor));
	assert_int_equal(clyde_pipe_read(in, data + 512, 512, 0), 512);
	assert_sequence(0, data, 1024);
	close_fixture(&fixture);
}

static void handling_events_takes_a_millisecond_of_virtual_time(void **state)
{
	struct fixture fixture;
	int64_t start;

	(void)state;
	need(EXACT_TIME);
	fixture = open_idle();
	start = now_ns(fixture.device);
	assert_int_equal(clyde_device_process(fixture.device), 0);
	assert_int_equal(now_ns(fixture.device) - start, 1000000);
	close_fixture(&fixture);
}

static void a_closed_device_has_no_descriptor(void **state)
{
	struct fixture fixture = open_idle();

	(void)state;
	poll_fd_of(&fixture);
	clyde_device_close(fixture.device);
	assert_int_equal(
		clyde_device_poll_fd(fixture.device), CLYDE_ERROR_CLOSED);
	assert_int_equal(
		clyde_device_process(fixture.device), CLYDE_ERROR_CLOSED);
	close_fixture(&fixture);
}

const struct CMUnitTest watch_tests[] = {
	unit(an_idle_device_has_nothing_to_handle),
	unit(a_watched_stream_is_read_without_waiting),
	unit(a_completion_that_another_call_handled_is_still_readable),
	unit(handling_events_takes_a_millisecond_of_virtual_time),
	unit(a_closed_device_has_no_descriptor),
};
const size_t watch_test_count = sizeof(watch_tests) / sizeof(*watch_tests);
