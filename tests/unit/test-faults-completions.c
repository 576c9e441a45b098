/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the faults of the bus model that change when completions are seen:
   late, together or never; and a reset of the device by another program. */
#include "tests/support/bus-faults-test.h"

static void a_late_completion_holds_up_those_behind_it(void **state)
{
	(void)state;
	add_fault("late@t1/0x86:1000");
	for (unsigned i = 0; i < 3; i++)
		submit(i, 0x86);
	submit(3, 0x02);
	assert_ends(3, 0, SIZE);
	assert_int_equal(bus_now(bus), MICROFRAME);
	assert_ends(0, 0, SIZE);
	assert_int_equal(bus_now(bus), 9 * MICROFRAME);
	assert_ends(1, 0, SIZE);
	assert_ends(2, 0, SIZE);
	assert_int_equal(bus_now(bus), 9 * MICROFRAME);
	assert_bytes(2, 2 * SIZE);
}

static void the_completions_of_a_burst_come_together(void **state)
{
	(void)state;
	add_fault("burst@t1/0x86:3");
	for (unsigned i = 0; i < 8; i++)
		submit(i, 0x86);
	assert_ends(0, 0, SIZE);
	assert_int_equal(bus_now(bus), MICROFRAME);
	assert_ptr_equal(bus_reap(bus), &urbs[1]);
	assert_ptr_equal(bus_reap(bus), &urbs[2]);
	assert_null(bus_reap(bus));
	assert_ends(3, 0, SIZE);
	assert_int_equal(bus_now(bus), 2 * MICROFRAME);
}

static void a_burst_waits_for_nothing_that_is_not_queued(void **state)
{
	(void)state;
	add_fault("burst@t1/0x86:3");
	submit(0, 0x86);
	submit(1, 0x86);
	assert_ends(0, 0, SIZE);
	assert_ends(1, 0, SIZE);
	assert_int_equal(bus_now(bus), MICROFRAME);
}

static void a_burst_waits_no_longer_than_an_interrupt_may(void **state)
{
	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 100}, {HANDSHAKE_NAK, 0});
	add_fault("burst@t1/0x86:3");
	for (unsigned i = 0; i < 3; i++)
		submit(i, 0x86);
	assert_ends(0, 0, 100);
	assert_int_equal(bus_now(bus), (16384 / 125 + 2) * MICROFRAME);
}

static void a_lost_completion_holds_up_only_its_endpoint(void **state)
{
	(void)state;
	add_fault("never@t2/0x86");
	for (unsigned i = 0; i < 4; i++)
		submit(i, 0x86);
	assert_ends(0, 0, SIZE);
	submit(4, 0x02);
	assert_ends(4, 0, SIZE);
	assert_true(bus_run(bus, 1000 * MICROFRAME));
	assert_null(bus_reap(bus));
	assert_int_equal(bus_now(bus), 1000 * MICROFRAME);
	assert_false(bus_run(bus, TICK_NEVER));
	/* It stays queued until it is cancelled, and then has the bytes that it
	   had moved. */
	bus_cancel(bus, &urbs[1]);
	assert_ends(1, -ECANCELED, SIZE);
	assert_ends(2, 0, SIZE);
	assert_ends(3, 0, SIZE);
	for (unsigned i = 0; i < 4; i++)
		assert_bytes(i, i * SIZE);
}

static void an_unplug_returns_held_transfers(void **state)
{
	(void)state;
	add_fault("never@t1/0x86");
	for (unsigned i = 0; i < 3; i++)
		submit(i, 0x86);
	assert_true(bus_run(bus, 2 * MICROFRAME));
	bus_unplug(bus);
	for (unsigned i = 0; i < 3; i++)
		assert_ends(i, -ENODEV, SIZE);
	assert_int_equal(bus_due(bus), TICK_NEVER);
}

static void a_reset_by_another_program_cancels_all_transfers(void **state)
{
	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_NAK, 0});
	add_fault("reset@1000us");
	submit(0, 0x86);
	submit(1, 0x86);
	assert_int_equal(bus_resets(bus), 0);
	assert_ends(0, -ECANCELED, 0);
	assert_string_equal(script.log + strlen(script.log) - 1, "S");
	assert_ends(1, -ECANCELED, 0);
	assert_int_equal(bus_resets(bus), 1);
	assert_int_equal(bus_now(bus), 8 * MICROFRAME);
	/* The bus moves nothing for 30 ms. */
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 512});
	submit(2, 0x86);
	assert_ends(2, 0, SIZE);
	assert_int_equal(bus_now(bus), (8 + 240 + 1) * MICROFRAME);
}

static void a_transfer_moves_right_after_a_reset(void **state)
{
	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_NAK, 0});
	add_fault("reset@1000us");
	submit(0, 0x86);
	assert_ends(0, -ECANCELED, 0);
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 512});
	bus_run(bus, 246 * MICROFRAME);
	submit(1, 0x86);
	assert_true(bus_run(bus, TICK_NEVER));
	assert_ends(1, 0, SIZE);
	assert_int_equal(bus_now(bus), 249 * MICROFRAME);
}

static void a_reset_strikes_with_no_transfer_queued(void **state)
{
	(void)state;
	add_fault("reset@1000us");
	assert_int_equal(bus_due(bus), 9 * MICROFRAME);
	assert_true(bus_run(bus, 100 * MICROFRAME));
	assert_int_equal(bus_now(bus), 100 * MICROFRAME);
	assert_int_equal(bus_resets(bus), 1);
	assert_string_equal(script.log, "S");
}

static void a_bus_that_is_run_only_when_due_misses_no_fault(void **state)
{
	struct urb *urb;
	unsigned rounds = 0;

	(void)state;
	add_fault("nak@p1/0x86:5000");
	submit(0, 0x86);
	while ((urb = bus_reap(bus)) == NULL) {
		assert_int_not_equal(bus_due(bus), TICK_NEVER);
		assert_true(bus_due(bus) > bus_now(bus));
		assert_true(bus_run(bus, bus_due(bus)));
		rounds++;
	}
	assert_int_equal(urb->actual, SIZE);
	assert_int_equal(bus_now(bus), 41 * MICROFRAME);
	assert_in_range(rounds, 1, 4);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_streams, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_late_completion_holds_up_those_behind_it),
		TEST(the_completions_of_a_burst_come_together),
		TEST(a_burst_waits_for_nothing_that_is_not_queued),
		TEST(a_burst_waits_no_longer_than_an_interrupt_may),
		TEST(a_lost_completion_holds_up_only_its_endpoint),
		TEST(an_unplug_returns_held_transfers),
		TEST(a_reset_by_another_program_cancels_all_transfers),
		TEST(a_transfer_moves_right_after_a_reset),
		TEST(a_reset_strikes_with_no_transfer_queued),
		TEST(a_bus_that_is_run_only_when_due_misses_no_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
