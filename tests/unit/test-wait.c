/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* run_wait() on a virtual device: when it returns, and how much virtual time
   has passed by then.  The applet under test is the UART's, with another
   function in place of its own. */
#include "tests/support/run-test.h"

#include "applets/uart/uart.h"
#include "lib/run/run.h"

#define MS INT64_C(1000000)

extern const struct applet applet_uart;

static struct {
	struct clyde_run *run;
	struct clyde_device *device;
	struct clyde_pipe *in, *out;
	unsigned asked; /* calls of idle() */
} rig;

static void (*body)(void);

static int run_body(struct clyde_run *run)
{
	static const struct clyde_pipe_options options = {
		.transfer_size = 512,
		.depth = 8,
	};
	struct line line;

	memset(&rig, 0, sizeof(rig));
	rig.run = run;
	rig.device = run_device(run);
	line_init(&line, run);
	assert_int_equal(run_pipe(run, CORE_GIVES, &options, &rig.in), 0);
	assert_int_equal(run_pipe(run, CORE_TAKES, &options, &rig.out), 0);
	assert_int_equal(line_write(&line, false), 0);
	assert_int_equal(run_connect(run), 0);
	assert_int_equal(line_write(&line, true), 0);
	body();
	return 0;
}

static void in_a_run(void (*function)(void))
{
	struct run_fixture bench = PREPARE("uart", "tx", "A0", "rx", "A1");
	struct clyde_run *object = bench.run;
	struct applet applet = applet_uart;

	applet.run = run_body;
	body = function;
	assert_int_equal(object_pin(&object), 0);
	object->applet = &applet;
	object_unpin(&object->object);
	assert_int_equal(start(&bench), 0);
	close_fixture(&bench.fixture);
}

static int idle(void *user)
{
	(void)user;
	rig.asked++;
	return 1;
}

/* Wait, and check how much virtual time that took. */
static int wait_from(struct run_wait *wait, int64_t least_ns, int64_t most_ns)
{
	int64_t begun = now_ns(rig.device), took;
	int result = run_wait(rig.run, wait);

	took = now_ns(rig.device) - begun;
	assert_in_range(took, least_ns, most_ns);
	return result;
}

static void send_bytes(void)
{
	assert_int_equal(clyde_pipe_write(rig.out, "three", 5, 0), 5);
	assert_int_equal(clyde_pipe_push(rig.out), 0);
}

static void wait_for_a_limit(void)
{
	struct run_wait wait = {.timeout_ms = 5};

	assert_int_equal(wait_from(&wait, 5 * MS, 6 * MS), 0);
	wait.timeout_ms = 0;
	assert_int_equal(wait_from(&wait, 0, MS / 2), 0);
	wait.timeout_ms = 5;
	wait.users_pace = true;
	assert_int_equal(wait_from(&wait, 5 * MS, 6 * MS), 0);
}

static void a_limit_is_of_the_devices_clock(void **state)
{
	(void)state;
	in_a_run(wait_for_a_limit);
}

static void wait_for_the_user(void)
{
	struct run_wait wait = {.timeout_ms = 30, .core_idle = idle};
	uint8_t control;

	assert_int_equal(wait_from(&wait, 0, 0), 0);
	assert_int_equal(wait_from(&wait, 0, 0), 0);
	assert_int_equal(rig.asked, 1);
	assert_int_equal(
		clyde_register_read(rig.device, REG_UART_CONTROL, &control, 1),
		0);
	assert_int_equal(wait_from(&wait, 0, 0), 0);
	assert_int_equal(rig.asked, 2);
}

static void time_stands_still_while_the_core_is_idle(void **state)
{
	(void)state;
	in_a_run(wait_for_the_user);
}

static void wait_while_bytes_move(void)
{
	struct run_wait wait = {.timeout_ms = 1000, .core_idle = idle};

	send_bytes();
	wait.events = RUN_FLUSHED;
	assert_int_equal(wait_from(&wait, 1, 2 * MS), 1);
	assert_int_equal(wait.revents, RUN_FLUSHED);
	assert_int_equal(rig.asked, 0);
}

static void time_passes_while_a_transfer_is_in_flight(void **state)
{
	(void)state;
	in_a_run(wait_while_bytes_move);
}

static void wait_for_pipes(void)
{
	struct run_wait wait = {
		.events = RUN_READABLE | RUN_WRITABLE,
		.timeout_ms = 1000,
	};
	void *data;

	assert_int_equal(wait_from(&wait, 0, 0), 1);
	assert_int_equal(wait.revents, RUN_WRITABLE);
	send_bytes();
	wait.events = RUN_READABLE;
	assert_int_equal(wait_from(&wait, 1, 2 * MS), 1);
	assert_int_equal(wait.revents, RUN_READABLE);
	assert_int_equal(wait_from(&wait, 0, 0), 1);
	assert_in_range(clyde_pipe_acquire(rig.in, &data, 0), 1, 5);
	assert_int_equal(clyde_pipe_release(rig.in, 0), 0);
}

static void events_of_pipes_end_a_wait(void **state)
{
	(void)state;
	in_a_run(wait_for_pipes);
}

static void wait_for_descriptors(void)
{
	int ends[2];
	struct pollfd fds[2] = {{.fd = -1, .events = POLLIN}};
	struct run_wait wait = {.fds = fds, .count = 2, .timeout_ms = 1000};

	assert_int_equal(pipe(ends), 0);
	fds[1] = (struct pollfd){.fd = ends[0], .events = POLLIN};
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(wait_from(&wait, 0, 0), 1);
	assert_int_equal(wait.revents, 0);
	assert_int_equal(fds[0].revents, 0);
	assert_int_equal(fds[1].revents, POLLIN);
	close(ends[0]);
	close(ends[1]);
}

static void a_descriptor_that_is_ready_ends_a_wait_at_once(void **state)
{
	(void)state;
	in_a_run(wait_for_descriptors);
}

static void wait_with_full_output(void)
{
	static const char zeros[1 << 16];
	int ends[2];
	struct pollfd fds = {.events = POLLOUT};
	struct run_wait wait = {.fds = &fds, .count = 1, .timeout_ms = 1};

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], zeros, sizeof(zeros)), sizeof(zeros));
	fds.fd = ends[1];
	assert_int_equal(wait_from(&wait, MS, 2 * MS), 0);
	close(ends[0]);
	close(ends[1]);
}

static void time_passes_even_if_the_user_does_not_read(void **state)
{
	(void)state;
	in_a_run(wait_with_full_output);
}

static void wait_that_must_end(void)
{
	struct pollfd fds[RUN_WAIT_FDS_MAX + 1];
	struct run_wait wait = {
		.fds = fds,
		.count = RUN_WAIT_FDS_MAX + 1,
		.timeout_ms = -1,
		.core_idle = idle,
	};
	struct clyde_context *context = rig.run->context;

	assert_int_equal(run_wait(rig.run, &wait), CLYDE_ERROR_EXHAUSTED);
	wait.count = 0;
	clyde_context_interrupt(object_handle(&context->object));
	assert_int_equal(run_wait(rig.run, &wait), CLYDE_ERROR_INTERRUPTED);
	clyde_context_resume(object_handle(&context->object));
}

static void a_wait_without_a_limit_ends_by_an_interrupt(void **state)
{
	(void)state;
	in_a_run(wait_that_must_end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_limit_is_of_the_devices_clock),
		cmocka_unit_test(time_stands_still_while_the_core_is_idle),
		cmocka_unit_test(time_passes_while_a_transfer_is_in_flight),
		cmocka_unit_test(events_of_pipes_end_a_wait),
		cmocka_unit_test(
			a_descriptor_that_is_ready_ends_a_wait_at_once),
		cmocka_unit_test(time_passes_even_if_the_user_does_not_read),
		cmocka_unit_test(a_wait_without_a_limit_ends_by_an_interrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
