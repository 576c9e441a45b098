/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the model of the host controller on bulk transfers against a function
 * by script: how many packets a microframe carries, what ends a transfer, and
 * how long a refusal takes.
 */
#include "tests/support/bus-test.h"

#include <stdlib.h>
#include <string.h>

#define FULL                       \
	{                          \
		HANDSHAKE_ACK, 512 \
	}
#define NAK                      \
	{                        \
		HANDSHAKE_NAK, 0 \
	}
#define STALL                      \
	{                          \
		HANDSHAKE_STALL, 0 \
	}
#define NYET                      \
	{                         \
		HANDSHAKE_NYET, 0 \
	}
#define TAKE                     \
	{                        \
		HANDSHAKE_ACK, 0 \
	}

static uint8_t memory[64 * 1024];

static int fill(void **state)
{
	memset(memory, 0xee, sizeof(memory));
	return set_up(state);
}

/* Fills in a transfer of this length from the start of the memory. */
static struct urb bulk(uint8_t endpoint, uint32_t length)
{
	assert_in_range(length, 0, sizeof(memory));
	if (!(endpoint & USB_DIR_IN))
		for (uint32_t i = 0; i < length; i++)
			memory[i] = script_byte(i);
	return (struct urb){
		.endpoint = endpoint, .data = memory, .length = length};
}

/* Runs the bus until this transfer is returned, which must be the only one. */
static void finish(struct urb *urb)
{
	bus_submit(bus, urb);
	assert_true(bus_run(bus, TICK_NEVER));
	assert_ptr_equal(bus_reap(bus), urb);
	assert_null(bus_reap(bus));
}

static void assert_moved(const struct urb *urb, int status, uint32_t actual)
{
	assert_int_equal(urb->status, status);
	assert_int_equal(urb->actual, actual);
	if (urb->endpoint & USB_DIR_IN)
		for (uint32_t i = 0; i < actual; i++)
			assert_int_equal(memory[i], script_byte(i));
}

static void
a_transfer_is_served_at_once_and_completes_at_the_end_of_the_microframe(
	void **state)
{
	struct urb urb = bulk(0x86, 512);

	(void)state;
	ANSWERS(script.in[6], FULL);
	assert_true(bus_run(bus, 7 * MICROFRAME));
	bus_submit(bus, &urb);
	assert_null(bus_reap(bus));
	assert_true(bus_run(bus, TICK_NEVER));
	assert_int_equal(bus_now(bus), 8 * MICROFRAME);
	/* SOF is 19 B, and a packet has 55 B beside the data: (19 + 55 + 512) *
	   8. */
	assert_int_equal(script.acked, 7 * MICROFRAME + 4688);
	assert_ptr_equal(bus_reap(bus), &urb);
	assert_moved(&urb, 0, 512);
}

/* Returns how many bytes endless packets bring in one microframe, with this
   limit. */
static uint32_t one_microframe(uint8_t endpoint, unsigned packets_max)
{
	struct urb urb = bulk(endpoint, sizeof(memory));

	bus_free(bus);
	bus = bus_new(&script.function, packets_max);
	bus_submit(bus, &urb);
	assert_true(bus_run(bus, MICROFRAME));
	assert_int_equal(bus_now(bus), MICROFRAME);
	bus_cancel(bus, &urb);
	assert_ptr_equal(bus_reap(bus), &urb);
	assert_moved(&urb, -ECANCELED, urb.actual);
	script_init(&script);
	return urb.actual;
}

static void thirteen_packets_fit_a_microframe(void **state)
{
	(void)state;
	ANSWERS(script.in[6], FULL);
	assert_int_equal(one_microframe(0x86, 13), 13 * 512);
	ANSWERS(script.out[2], TAKE);
	assert_int_equal(one_microframe(0x02, 13), 13 * 512);
	/* There is room for no more, whatever the controller's limit: (60000 -
	   152) / ((55 + 512) * 8) = 13.2. */
	ANSWERS(script.in[6], FULL);
	assert_int_equal(one_microframe(0x86, 100), 13 * 512);
}

static void a_controller_may_carry_fewer_packets_a_microframe(void **state)
{
	(void)state;
	for (unsigned packets = 1; packets <= 13; packets++) {
		ANSWERS(script.in[6], FULL);
		assert_int_equal(one_microframe(0x86, packets), packets * 512);
	}
}

/* A PING and its answer take 36 B: (60000 - 152) / ((36 + 567) * 8) = 12.4 */
static void a_ping_before_each_packet_costs_one_a_microframe(void **state)
{
	(void)state;
	ANSWERS(script.out[2], NYET);
	assert_int_equal(one_microframe(0x02, 13), 12 * 512);
}

static void a_short_packet_ends_an_in_transfer(void **state)
{
	struct urb urb = bulk(0x86, 4096);

	(void)state;
	ANSWERS(script.in[6], FULL, {HANDSHAKE_ACK, 511}, FULL);
	finish(&urb);
	assert_moved(&urb, 0, 1023);
	assert_string_equal(script.log, "I512 A I511 A");
	assert_int_equal(memory[1023], 0xee);
}

static void an_empty_packet_ends_an_in_transfer(void **state)
{
	struct urb urb = bulk(0x86, 4096);

	(void)state;
	ANSWERS(script.in[6], FULL, {HANDSHAKE_ACK, 0}, FULL);
	finish(&urb);
	assert_moved(&urb, 0, 512);
	assert_string_equal(script.log, "I512 A I0 A");
}

static void full_packets_go_on_until_the_transfer_is_full(void **state)
{
	struct urb urb = bulk(0x86, 30 * 512);

	(void)state;
	ANSWERS(script.in[6], FULL);
	finish(&urb);
	assert_moved(&urb, 0, 30 * 512);
	/* No further packet is requested. */
	assert_int_equal(script.in[6].moved, 30 * 512);
	assert_int_equal(bus_now(bus), 3 * MICROFRAME); /* 13 + 13 + 4 */
}

static void a_packet_larger_than_the_room_is_an_overflow(void **state)
{
	struct urb urb = bulk(0x86, 600);

	(void)state;
	ANSWERS(script.in[6], FULL);
	finish(&urb);
	assert_moved(&urb, -EOVERFLOW, 600);
	assert_int_equal(memory[600], 0xee);
	urb = bulk(0x86, 0);
	finish(&urb);
	assert_moved(&urb, -EOVERFLOW, 0);
}

static void an_out_transfer_is_cut_into_packets(void **state)
{
	struct urb urb = bulk(0x02, 1100);

	(void)state;
	ANSWERS(script.out[2], TAKE);
	finish(&urb);
	assert_moved(&urb, 0, 1100);
	assert_string_equal(script.log, "O512 O512 O76");
	assert_int_equal(script.out[2].wrong, 0);
	/* No empty packet follows a full one, unless the transfer requests
	   it. */
	urb = bulk(0x02, 512);
	finish(&urb);
	urb = bulk(0x02, 0);
	finish(&urb);
	assert_moved(&urb, 0, 0);
	assert_string_equal(script.log, "O512 O512 O76 O512 O0");
}

static void after_nyet_a_ping_precedes_the_next_packet(void **state)
{
	struct urb urb = bulk(0x02, 1536);

	(void)state;
	script.vague = true;
	ANSWERS(script.out[2], NYET, NAK, NAK, TAKE);
	finish(&urb);
	assert_moved(&urb, 0, 1536);
	assert_string_equal(script.log, "O512y Pn Pn P O512 O512");
	assert_int_equal(script.out[2].wrong, 0);
}

static void nyet_is_remembered_from_one_transfer_to_the_next(void **state)
{
	struct urb urb = bulk(0x02, 512);

	(void)state;
	ANSWERS(script.out[2], NYET, TAKE);
	finish(&urb);
	script.out[2].moved = 0;
	finish(&urb);
	script.out[2].moved = 0;
	finish(&urb);
	assert_string_equal(script.log, "O512y P O512 O512");
}

static void a_refused_packet_is_sent_again_after_a_ping(void **state)
{
	struct urb urb = bulk(0x02, 512);

	(void)state;
	script.vague = true;
	ANSWERS(script.out[2], NAK, TAKE);
	finish(&urb);
	assert_moved(&urb, 0, 512);
	assert_string_equal(script.log, "O512n P O512");
	assert_int_equal(script.out[2].wrong, 0);
}

static void a_stall_ends_a_transfer_and_keeps_its_moved_bytes(void **state)
{
	struct urb urb = bulk(0x86, 4096);

	(void)state;
	ANSWERS(script.in[6], FULL, STALL, FULL);
	finish(&urb);
	assert_moved(&urb, -EPIPE, 512);
	ANSWERS(script.out[2], TAKE, STALL);
	urb = bulk(0x02, 4096);
	finish(&urb);
	assert_moved(&urb, -EPIPE, 512);
	ANSWERS(script.out[4], NYET, STALL);
	urb = bulk(0x04, 4096);
	finish(&urb);
	assert_moved(&urb, -EPIPE, 512);
	assert_string_equal(script.log, "I512 A Is O512 O512s O512y Ps");
}

/* A short packet ends the first transfer, a stall the second; the third goes
   on. */
static void transfers_of_one_endpoint_are_served_in_order(void **state)
{
	struct urb urbs[3];

	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 3}, STALL, FULL);
	for (size_t i = 0; i < 3; i++) {
		urbs[i] = bulk(0x86, 512);
		urbs[i].data = memory + 512 * i;
		bus_submit(bus, &urbs[i]);
	}
	assert_true(bus_run(bus, TICK_NEVER));
	assert_int_equal(bus_now(bus), MICROFRAME);
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(bus_reap(bus), &urbs[i]);
	assert_null(bus_reap(bus));
	assert_moved(&urbs[0], 0, 3);
	assert_int_equal(urbs[1].status, -EPIPE);
	assert_int_equal(urbs[2].actual, 512);
	assert_int_equal(memory[1024], 3); /* The stream continues. */
}

static void two_endpoints_share_the_bus_evenly(void **state)
{
	static uint8_t other[sizeof(memory)];
	struct urb first = bulk(0x86, sizeof(memory));
	struct urb second = bulk(0x88, sizeof(memory));
	uint64_t a, b;

	(void)state;
	second.data = other;
	ANSWERS(script.in[6], FULL);
	ANSWERS(script.in[8], FULL);
	bus_submit(bus, &first);
	bus_submit(bus, &second);
	/* 128 packets of each endpoint do not fit 17 microframes of 13
	   packets. */
	assert_true(bus_run(bus, 17 * MICROFRAME));
	assert_null(bus_reap(bus));
	a = first.actual / 512;
	b = second.actual / 512;
	assert_int_equal(a + b, 17 * 13);
	assert_in_range(a > b ? a - b : b - a, 0, 1);
	bus_unplug(bus);
}

static void neither_a_refusal_nor_a_stall_holds_up_another_endpoint(
	void **state)
{
	struct urb refused = bulk(0x88, 512), stalled = bulk(0x02, 512);
	struct urb urb = bulk(0x86, 13 * 512);

	(void)state;
	ANSWERS(script.in[6], FULL);
	ANSWERS(script.out[2], STALL);
	bus_submit(bus, &refused);
	bus_submit(bus, &stalled);
	bus_submit(bus, &urb);
	assert_true(bus_run(bus, TICK_NEVER));
	assert_ptr_equal(bus_reap(bus), &stalled);
	/* The stall takes (36 + 567) * 8 ticks, and so do a packet and a
	   refusal: (60000 - 152) / 4824 = 12.4. */
	assert_int_equal(urb.actual, 11 * 512);
	assert_true(bus_run(bus, TICK_NEVER));
	assert_ptr_equal(bus_reap(bus), &urb);
	assert_moved(&urb, 0, 13 * 512);
	bus_unplug(bus);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fill, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_transfer_is_served_at_once_and_completes_at_the_end_of_the_microframe),
		TEST(thirteen_packets_fit_a_microframe),
		TEST(a_controller_may_carry_fewer_packets_a_microframe),
		TEST(a_ping_before_each_packet_costs_one_a_microframe),
		TEST(a_short_packet_ends_an_in_transfer),
		TEST(an_empty_packet_ends_an_in_transfer),
		TEST(full_packets_go_on_until_the_transfer_is_full),
		TEST(a_packet_larger_than_the_room_is_an_overflow),
		TEST(an_out_transfer_is_cut_into_packets),
		TEST(after_nyet_a_ping_precedes_the_next_packet),
		TEST(nyet_is_remembered_from_one_transfer_to_the_next),
		TEST(a_refused_packet_is_sent_again_after_a_ping),
		TEST(a_stall_ends_a_transfer_and_keeps_its_moved_bytes),
		TEST(transfers_of_one_endpoint_are_served_in_order),
		TEST(two_endpoints_share_the_bus_evenly),
		TEST(neither_a_refusal_nor_a_stall_holds_up_another_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
