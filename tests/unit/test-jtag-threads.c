/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The probe core's object, and a file in SVF that is played, when two threads use
   them.  Apart from test-jtag, whose tests take too long under TSan. */
#include "tests/support/clyde-test.h"

#include <pthread.h>

#define URI "virtual:configured=1,part=tap@tck=A0:tms=A1:tdi=A2:tdo=A3"

struct rig {
	struct fixture fixture;
	struct clyde_jtag *jtag;
};

static struct rig open_rig(void)
{
	static const struct clyde_jtag_options options = {.tck = "A0",
		.tms = "A1",
		.tdi = "A2",
		.tdo = "A3",
		.rate_hz = 1000000};
	struct rig rig = {.fixture = open_uri(URI)};

	assert_true(clyde_fpga_load_image(rig.fixture.device) >= 0);
	assert_int_equal(clyde_supply_set(rig.fixture.device, 1, 3300), 0);
	assert_int_equal(
		clyde_jtag_open(rig.fixture.device, &options, &rig.jtag), 0);
	return rig;
}

static int64_t now(const struct rig *rig)
{
	int64_t ns;

	assert_int_equal(clyde_device_now(rig->fixture.device, &ns), 0);
	return ns;
}

/* Virtual time passes only while the other thread waits. */
static void wait_for_thread(const struct rig *rig)
{
	int64_t start = now(rig);

	while (now(rig) == start)
		continue;
}

static void *transfer_for_ever(void *user)
{
	const struct rig *rig = user;
	uint8_t bits[4];
	const struct clyde_jtag_step step = {.kind = CLYDE_JTAG_DR,
		.bits = 32,
		.in = bits,
		.state = CLYDE_TAP_IDLE,
		.delay_us = 100000};
	int result = 0;

	while (result == 0 || result == CLYDE_ERROR_BUSY)
		result = clyde_jtag_transfer(rig->jtag, &step, 1, -1);
	return (void *)(intptr_t)result;
}

static ssize_t read_for_ever(void *user, void *ret_bytes, size_t size)
{
	static const char text[] =
		"RUNTEST 2000 TCK;\nSDR 40 TDI (55) TDO (0) MASK (0);\n";

	(void)user;
	assert_true(size >= sizeof(text));
	memcpy(ret_bytes, text, sizeof(text) - 1);
	return sizeof(text) - 1;
}

static void *play_for_ever(void *user)
{
	static const struct clyde_svf_options ahead = {.ahead = true};
	const struct rig *rig = user;

	return (void *)(intptr_t)clyde_jtag_svf(
		rig->jtag, &ahead, read_for_ever, NULL, NULL);
}

static pthread_t begin(struct rig *rig, void *(*function)(void *user))
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, function, rig), 0);
	wait_for_thread(rig);
	return thread;
}

static intptr_t result_of(pthread_t thread)
{
	void *result;

	pthread_join(thread, &result);
	return (intptr_t)result;
}

static void assert_was_closed(intptr_t result)
{
	assert_true(
		result == CLYDE_ERROR_CANCELED || result == CLYDE_ERROR_CLOSED);
}

static void a_close_on_another_thread_ends_a_transfer(void **state)
{
	struct rig rig = open_rig();
	pthread_t thread = begin(&rig, transfer_for_ever);

	(void)state;
	clyde_jtag_close(rig.jtag);
	assert_was_closed(result_of(thread));
	close_fixture(&rig.fixture);
}

static void a_second_call_is_refused(void **state)
{
	struct rig rig = open_rig();
	pthread_t thread = begin(&rig, transfer_for_ever);
	int result = 0;

	(void)state;
	/* Between two transfers of the other thread the call is carried
	   out. */
	while (result == 0)
		result = clyde_jtag_configure(rig.jtag, 1000000, 0, NULL);
	assert_int_equal(result, CLYDE_ERROR_BUSY);
	assert_string_equal(clyde_error_message(),
		"another thread is in a call of this probe core");
	clyde_context_interrupt(rig.fixture.context);
	assert_int_equal(result_of(thread), CLYDE_ERROR_INTERRUPTED);
	close_fixture(&rig.fixture);
}

static void a_close_on_another_thread_ends_a_file(void **state)
{
	struct rig rig = open_rig();
	pthread_t thread = begin(&rig, play_for_ever);

	(void)state;
	clyde_jtag_close(rig.jtag);
	assert_was_closed(result_of(thread));
	close_fixture(&rig.fixture);
}

static void a_close_of_the_device_ends_a_file(void **state)
{
	struct rig rig = open_rig();
	pthread_t thread = begin(&rig, play_for_ever);

	(void)state;
	clyde_device_close(rig.fixture.device);
	assert_was_closed(result_of(thread));
	close_fixture(&rig.fixture);
}

static void an_interrupt_on_another_thread_ends_a_file_in_reset(void **state)
{
	struct rig rig = open_rig();
	pthread_t thread = begin(&rig, play_for_ever);

	(void)state;
	clyde_context_interrupt(rig.fixture.context);
	assert_int_equal(result_of(thread), CLYDE_ERROR_INTERRUPTED);
	assert_int_equal(clyde_jtag_state(rig.jtag), CLYDE_TAP_RESET);
	clyde_context_resume(rig.fixture.context);
	assert_int_equal(clyde_jtag_go(rig.jtag, CLYDE_TAP_IDLE, 1000), 0);
	close_fixture(&rig.fixture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_close_on_another_thread_ends_a_transfer),
		cmocka_unit_test(a_second_call_is_refused),
		cmocka_unit_test(a_close_on_another_thread_ends_a_file),
		cmocka_unit_test(a_close_of_the_device_ends_a_file),
		cmocka_unit_test(
			an_interrupt_on_another_thread_ends_a_file_in_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
