/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests at which time a bus must be run next.  A caller that sleeps until that
   time must miss no event, and must not be woken without one. */
#include "tests/support/bus-test.h"

static uint8_t memory[20 * 13 * 512];

static struct urb transfer(uint8_t endpoint, uint32_t length)
{
	return (struct urb){
		.endpoint = endpoint, .data = memory, .length = length};
}

/* Runs the bus when it is due, and only then, until a transfer completes. */
static struct urb *run_when_due(void)
{
	struct urb *urb;

	while ((urb = bus_reap(bus)) == NULL) {
		tick due = bus_due(bus);

		assert_int_not_equal(due, TICK_NEVER);
		assert_true(due > bus_now(bus));
		assert_true(bus_run(bus, due));
	}
	return urb;
}

static void nothing_queued_is_never_due(void **state)
{
	struct urb urb = transfer(0x86, 512);

	(void)state;
	assert_int_equal(bus_due(bus), TICK_NEVER);
	bus_submit(bus, &urb);
	bus_unplug(bus);
	assert_ptr_equal(bus_reap(bus), &urb);
	assert_int_equal(bus_due(bus), TICK_NEVER);
}

static void a_completed_transfer_is_due_now(void **state)
{
	struct urb urb = transfer(0x86, 512);

	(void)state;
	bus_run(bus, 7 * MICROFRAME);
	bus_submit(bus, &urb);
	bus_cancel(bus, &urb);
	assert_int_equal(bus_due(bus), 7 * MICROFRAME);
}

static void a_new_transfer_is_due_in_a_microframe(void **state)
{
	struct urb urb = transfer(0x86, 512);

	(void)state;
	bus_submit(bus, &urb);
	assert_int_equal(bus_due(bus), MICROFRAME);
}

static void a_refused_transfer_is_due_when_the_device_is_ready(void **state)
{
	struct urb urb = transfer(0x86, 512);

	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 5}, {HANDSHAKE_NAK, 0});
	script.in[6].ready = 99 * MICROFRAME + 30000;
	bus_submit(bus, &urb);
	bus_run(bus, MICROFRAME);
	assert_int_equal(bus_due(bus), 100 * MICROFRAME);
	assert_ptr_equal(run_when_due(), &urb);
	assert_int_equal(bus_now(bus), 100 * MICROFRAME);
}

static void a_transfer_that_is_refused_for_ever_is_never_due(void **state)
{
	struct urb urb = transfer(0x86, 512);

	(void)state;
	bus_submit(bus, &urb);
	bus_run(bus, MICROFRAME);
	assert_int_equal(bus_due(bus), TICK_NEVER);
	bus_unplug(bus);
}

/* Packets of 512 B become ready too late in the microframe, (55 + 512) * 8 =
   4536 ticks from its end.  The device announces no further event, and yet a
   packet is there. */
static void data_that_comes_after_the_last_token_is_due_in_the_next_microframe(
	void **state)
{
	struct urb urb = transfer(0x86, 512);

	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 5}, {HANDSHAKE_NAK, 0});
	script.in[6].ready = MICROFRAME - 4536 + 1;
	bus_submit(bus, &urb);
	bus_run(bus, MICROFRAME);
	assert_null(bus_reap(bus));
	assert_int_equal(bus_due(bus), 2 * MICROFRAME);
	assert_ptr_equal(run_when_due(), &urb);
	assert_int_equal(bus_now(bus), 2 * MICROFRAME);
	assert_int_equal(urb.actual, 5);
}

/* The transfer needs 20 microframes of packets; the bus looks a millisecond
   ahead. */
static void a_long_transfer_out_is_due_when_it_can_be_done(void **state)
{
	struct urb urb = transfer(0x02, sizeof(memory));

	(void)state;
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = script_byte(i);
	ANSWERS(script.out[2], {HANDSHAKE_ACK, 0});
	bus_submit(bus, &urb);
	assert_int_equal(bus_due(bus), 8 * MICROFRAME);
	assert_ptr_equal(run_when_due(), &urb);
	assert_int_equal(bus_now(bus), 20 * MICROFRAME);
	assert_int_equal(script.out[2].moved, sizeof(memory));
	assert_int_equal(script.out[2].wrong, 0);
}

/* A short packet may end the transfer at any time, before all of it has
   streamed. */
static void a_long_transfer_in_is_polled_at_growing_intervals(void **state)
{
	struct urb urb = transfer(0x86, sizeof(memory));

	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 512});
	bus_submit(bus, &urb);
	assert_int_equal(bus_due(bus), MICROFRAME);
	bus_run(bus, 12 * MICROFRAME);
	assert_int_equal(bus_due(bus), (12 + 3) * MICROFRAME);
	assert_ptr_equal(run_when_due(), &urb);
	assert_int_equal(bus_now(bus), 20 * MICROFRAME);
}

static void a_device_that_will_leave_is_due_with_nothing_queued(void **state)
{
	(void)state;
	script.function.port_due = 5 * MICROFRAME + 1;
	assert_int_equal(bus_due(bus), 6 * MICROFRAME);
	bus_unplug(bus);
	assert_int_equal(bus_due(bus), TICK_NEVER);
}

static void the_cable_is_pulled_after_the_given_number_of_transfers(
	void **state)
{
	struct urb urbs[4];

	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 512});
	bus_unplug_after(bus, 2);
	for (size_t i = 0; i < 4; i++) {
		urbs[i] = transfer(0x86, i < 2 ? 512 : sizeof(memory));
		bus_submit(bus, &urbs[i]);
	}
	assert_ptr_equal(run_when_due(), &urbs[0]);
	assert_false(bus_unplugged(bus));
	assert_ptr_equal(run_when_due(), &urbs[1]);
	assert_true(bus_unplugged(bus));
	assert_int_equal(urbs[1].status, 0);
	assert_ptr_equal(bus_reap(bus), &urbs[2]);
	assert_ptr_equal(bus_reap(bus), &urbs[3]);
	assert_int_equal(urbs[3].status, -ENODEV);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_queued_is_never_due),
		TEST(a_completed_transfer_is_due_now),
		TEST(a_new_transfer_is_due_in_a_microframe),
		TEST(a_refused_transfer_is_due_when_the_device_is_ready),
		TEST(a_transfer_that_is_refused_for_ever_is_never_due),
		TEST(data_that_comes_after_the_last_token_is_due_in_the_next_microframe),
		TEST(a_long_transfer_out_is_due_when_it_can_be_done),
		TEST(a_long_transfer_in_is_polled_at_growing_intervals),
		TEST(a_device_that_will_leave_is_due_with_nothing_queued),
		TEST(the_cable_is_pulled_after_the_given_number_of_transfers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
