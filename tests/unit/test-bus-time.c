/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the model of the host controller in time: waits, idle time that is
   skipped, and transfers that are cancelled or unplugged while they wait. */
#include "tests/support/bus-test.h"

static uint8_t memory[4096];

static struct urb in(uint8_t endpoint)
{
	return (struct urb){.endpoint = USB_DIR_IN | endpoint,
		.data = memory,
		.length = sizeof(memory)};
}

/* The endpoint refuses until this moment, then sends one short packet. */
static void send_at(unsigned endpoint, tick ready)
{
	static const struct answer answers[] = {
		{HANDSHAKE_ACK, 5}, {HANDSHAKE_NAK, 0}};

	script_answer(&script.in[endpoint], answers, 2);
	script.in[endpoint].ready = ready;
}

static struct bus_stats stats(void)
{
	struct bus_stats now;

	bus_stats(bus, &now);
	return now;
}

static void time_passes_in_whole_microframes(void **state)
{
	(void)state;
	assert_int_equal(bus_now(bus), 0);
	assert_true(bus_run(bus, 1));
	assert_int_equal(bus_now(bus), MICROFRAME);
	assert_true(bus_run(bus, MICROFRAME));
	assert_int_equal(bus_now(bus), MICROFRAME);
	assert_true(bus_run(bus, 1000 * (tick)MICROFRAME + 1));
	assert_int_equal(bus_now(bus), 1001 * (tick)MICROFRAME);
}

/* A bus reaches the deadline whether it is idle or its transfers are
   refused. */
static void a_deadline_ends_a_wait_that_no_event_ends(void **state)
{
	struct urb urb = in(6);

	(void)state;
	bus_submit(bus, &urb);
	assert_true(bus_run(bus, 12345678));
	/* 205.8 microframes, rounded up. */
	assert_int_equal(bus_now(bus), 206 * MICROFRAME);
	assert_null(bus_reap(bus));
	bus_unplug(bus);
}

static void a_wait_without_a_deadline_ends_if_no_event_can_come(void **state)
{
	struct urb urb = in(6);

	(void)state;
	assert_false(bus_run(bus, TICK_NEVER)); /* Nothing is queued. */
	bus_submit(bus, &urb);
	/* The endpoint refuses for ever. */
	assert_false(bus_run(bus, TICK_NEVER));
	assert_null(bus_reap(bus));
	send_at(6, bus_now(bus) + 5 * MICROFRAME);
	assert_true(bus_run(bus, TICK_NEVER));
	assert_ptr_equal(bus_reap(bus), &urb);
	assert_int_equal(urb.actual, 5);
	assert_false(bus_run(bus, TICK_NEVER));
}

static void a_completion_that_is_already_there_takes_no_time(void **state)
{
	struct urb urb = in(6);

	(void)state;
	bus_submit(bus, &urb);
	bus_cancel(bus, &urb);
	assert_true(bus_run(bus, TICK_NEVER));
	assert_int_equal(bus_now(bus), 0);
	assert_ptr_equal(bus_reap(bus), &urb);
}

/* The packet is ready in the middle of a microframe, after 99 others. */
static void a_packet_is_fetched_in_the_microframe_it_is_ready_in(void **state)
{
	struct urb urb = in(6);
	tick ready = 99 * MICROFRAME + 30000;

	(void)state;
	send_at(6, ready);
	bus_submit(bus, &urb);
	assert_true(bus_run(bus, TICK_NEVER));
	assert_int_equal(bus_now(bus), 100 * MICROFRAME);
	/* Within one refusal, 36 * 8 ticks, and one packet, (55 + 5) * 8. */
	assert_in_range(script.acked, ready, ready + 288 + 480);
	assert_ptr_equal(bus_reap(bus), &urb);
}

/* EP6 is polled at tick 152 and EP8 at 440; the next round begins at 728. */
static void data_that_becomes_ready_in_a_refused_round_is_fetched_in_the_next(
	void **state)
{
	struct urb first = in(6), second = in(8);

	(void)state;
	send_at(6, 300);
	send_at(8, 2 * MICROFRAME);
	bus_submit(bus, &first);
	bus_submit(bus, &second);
	assert_true(bus_run(bus, 1));
	assert_ptr_equal(bus_reap(bus), &first);
	assert_int_equal(script.acked, 728 + 480);
}

/* The packet is ready too late for one that might have 512 B: (55 + 512) * 8 =
   4536. */
static void a_packet_never_crosses_the_end_of_its_microframe(void **state)
{
	struct urb urb = in(6);

	(void)state;
	send_at(6, MICROFRAME - 4536 + 1);
	bus_submit(bus, &urb);
	assert_true(bus_run(bus, TICK_NEVER));
	assert_int_equal(bus_now(bus), 2 * MICROFRAME);
	assert_int_equal(script.acked, MICROFRAME + 152 + 480);
}

/* One long wait and a run of every single microframe must have the same
   packets. */
static void refusals_are_counted_whether_or_not_time_is_skipped(void **state)
{
	struct urb urb = in(6);
	struct bus_stats once, each;

	(void)state;
	send_at(6, 1000 * MICROFRAME + 20000);
	bus_submit(bus, &urb);
	assert_true(bus_run(bus, TICK_NEVER));
	assert_ptr_equal(bus_reap(bus), &urb);
	once = stats();

	tear_down(NULL);
	set_up(NULL);
	send_at(6, 1000 * MICROFRAME + 20000);
	bus_submit(bus, &urb);
	for (unsigned i = 1; i <= 1001; i++)
		assert_true(bus_run(bus, i * MICROFRAME));
	assert_ptr_equal(bus_reap(bus), &urb);
	each = stats();

	assert_int_equal(once.microframes, 1001);
	assert_int_equal(each.microframes, 1001);
	assert_int_equal(once.packets, 1);
	assert_int_equal(each.packets, 1);
	/* A refusal takes 288 ticks.  193 refusals fit where no packet of 512 B
	   would be cut off, and 69 come before the packet; so 193000 and a
	   few. */
	assert_in_range(each.naks, 192000, 209000);
	assert_int_equal(once.naks, each.naks);
}

/* What the function announces must not matter in the last microframe, at the
   latest. */
static void a_function_that_announces_nothing_is_polled_every_time(void **state)
{
	struct urb urb = in(6);
	struct bus_stats knowing;

	(void)state;
	send_at(6, 20000);
	bus_submit(bus, &urb);
	assert_true(bus_run(bus, TICK_NEVER));
	assert_ptr_equal(bus_reap(bus), &urb);
	knowing = stats();

	tear_down(NULL);
	set_up(NULL);
	script.vague = true;
	send_at(6, 20000);
	bus_submit(bus, &urb);
	assert_true(bus_run(bus, TICK_NEVER));
	assert_ptr_equal(bus_reap(bus), &urb);
	assert_int_equal(bus_now(bus), MICROFRAME);
	assert_in_range(stats().naks, knowing.naks - 1, knowing.naks + 1);
}

static void a_cancelled_transfer_keeps_its_moved_bytes(void **state)
{
	struct urb urb = in(6);

	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 512}, {HANDSHAKE_ACK, 512},
		{HANDSHAKE_NAK, 0});
	bus_submit(bus, &urb);
	assert_true(bus_run(bus, MICROFRAME));
	assert_null(bus_reap(bus));
	bus_cancel(bus, &urb);
	assert_ptr_equal(bus_reap(bus), &urb);
	assert_int_equal(urb.status, -ECANCELED);
	assert_int_equal(urb.actual, 1024);
	for (uint32_t i = 0; i < 1024; i++)
		assert_int_equal(memory[i], script_byte(i));
	assert_int_equal(bus_now(bus), MICROFRAME);
}

static void any_transfer_of_a_queue_can_be_cancelled(void **state)
{
	struct urb urbs[4];

	(void)state;
	send_at(6, 0);
	for (size_t i = 0; i < 4; i++) {
		urbs[i] = in(6);
		bus_submit(bus, &urbs[i]);
	}
	bus_cancel(bus, &urbs[1]);
	bus_cancel(bus, &urbs[3]);
	bus_cancel(bus, &urbs[3]); /* This transfer is no longer queued. */
	assert_ptr_equal(bus_reap(bus), &urbs[1]);
	assert_ptr_equal(bus_reap(bus), &urbs[3]);
	assert_null(bus_reap(bus));
	/* The queue still has a tail. */
	bus_submit(bus, &urbs[3]);
	assert_true(bus_run(bus, MICROFRAME));
	assert_ptr_equal(bus_reap(bus), &urbs[0]);
	assert_int_equal(urbs[0].actual, 5);
	bus_unplug(bus);
	assert_ptr_equal(bus_reap(bus), &urbs[2]);
	assert_ptr_equal(bus_reap(bus), &urbs[3]);
	assert_null(bus_reap(bus));
}

static void unplugging_returns_all_transfers_in_order(void **state)
{
	struct urb urbs[6], late = in(6);

	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 512}, {HANDSHAKE_NAK, 0});
	for (size_t i = 0; i < 6; i++) {
		urbs[i] = in(i % 2 ? 6 : 8);
		bus_submit(bus, &urbs[i]);
	}
	assert_true(bus_run(bus, MICROFRAME));
	bus_unplug(bus);
	for (unsigned endpoint = 0; endpoint < 2; endpoint++)
		for (size_t i = 0; i < 3; i++) {
			struct urb *urb = bus_reap(bus);
			size_t at = 2 * i + (urb->endpoint == 0x86);

			assert_ptr_equal(urb, &urbs[at]);
			assert_int_equal(urb->status, -ENODEV);
			assert_int_equal(urb->actual, at == 1 ? 512 : 0);
		}
	assert_null(bus_reap(bus));

	bus_submit(bus, &late);
	assert_ptr_equal(bus_reap(bus), &late);
	assert_int_equal(late.status, -ENODEV);
	assert_int_equal(late.actual, 0);
}

static void after_unplugging_time_passes_without_traffic(void **state)
{
	struct bus_stats before;

	(void)state;
	bus_unplug(bus);
	before = stats();
	assert_false(bus_run(bus, TICK_NEVER));
	assert_true(bus_run(bus, 10 * MICROFRAME));
	assert_int_equal(bus_now(bus), 10 * MICROFRAME);
	assert_int_equal(stats().packets, before.packets);
	assert_int_equal(stats().naks, before.naks);
	assert_string_equal(script.log, "");
}

static void only_bulk_packets_that_moved_are_counted(void **state)
{
	struct urb control = {
		.setup = {.bmRequestType = USB_DIR_IN, .wLength = 4},
		.data = memory,
		.length = 4};
	struct urb out = {.endpoint = 2, .data = memory, .length = 1025};
	struct urb urb = in(6);

	(void)state;
	send_at(6, 0);
	ANSWERS(script.in[0], {HANDSHAKE_ACK, 4});
	ANSWERS(script.out[0], {HANDSHAKE_ACK, 0});
	ANSWERS(script.out[2], {HANDSHAKE_ACK, 0});
	bus_submit(bus, &urb);
	bus_submit(bus, &out);
	bus_submit(bus, &control);
	assert_true(bus_run(bus, MICROFRAME));
	assert_int_equal(control.actual, 4);
	assert_int_equal(stats().packets, 4); /* 5 B in; 512, 512 and 1 out. */
	assert_int_equal(stats().naks, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(time_passes_in_whole_microframes),
		TEST(a_deadline_ends_a_wait_that_no_event_ends),
		TEST(a_wait_without_a_deadline_ends_if_no_event_can_come),
		TEST(a_completion_that_is_already_there_takes_no_time),
		TEST(a_packet_is_fetched_in_the_microframe_it_is_ready_in),
		TEST(data_that_becomes_ready_in_a_refused_round_is_fetched_in_the_next),
		TEST(a_packet_never_crosses_the_end_of_its_microframe),
		TEST(refusals_are_counted_whether_or_not_time_is_skipped),
		TEST(a_function_that_announces_nothing_is_polled_every_time),
		TEST(a_cancelled_transfer_keeps_its_moved_bytes),
		TEST(any_transfer_of_a_queue_can_be_cancelled),
		TEST(unplugging_returns_all_transfers_in_order),
		TEST(after_unplugging_time_passes_without_traffic),
		TEST(only_bulk_packets_that_moved_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
