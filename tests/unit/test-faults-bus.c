/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the faults of the bus model packet by packet, against a function by
 * script: the status of the transfer that a fault strikes, the bytes of the
 * next one, and the time.
 */
#include "tests/support/bus-faults-test.h"

#include <stdio.h>

static void a_halt_stalls_once_and_loses_nothing(void **state)
{
	(void)state;
	add_fault("halt@p3/0x86");
	submit(0, 0x86);
	assert_ends(0, -EPIPE, 1024);
	assert_bytes(0, 0);
	submit(1, 0x86);
	assert_ends(1, 0, SIZE);
	assert_bytes(1, 1024);
}

static void a_halt_may_strike_several_times(void **state)
{
	(void)state;
	add_fault("halt@t2/0x86:2");
	for (unsigned i = 0; i < 4; i++)
		submit(i, 0x86);
	assert_ends(0, 0, SIZE);
	assert_ends(1, -EPIPE, 0);
	assert_ends(2, -EPIPE, 0);
	assert_ends(3, 0, SIZE);
	assert_bytes(3, SIZE);
}

static void the_rest_of_a_cut_packet_comes_with_the_next_transfer(void **state)
{
	(void)state;
	add_fault("cut@p2/0x86:100");
	for (unsigned i = 0; i < 3; i++)
		submit(i, 0x86);
	assert_ends(0, 0, 612);
	assert_ends(1, 0, 412);
	assert_ends(2, 0, SIZE);
	assert_bytes(0, 0);
	assert_bytes(1, 612);
	assert_bytes(2, 1024);
	assert_int_equal(script.in[6].moved, 1024 + SIZE);
}

static void a_cut_strikes_the_first_packet_that_is_longer(void **state)
{
	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 64}, {HANDSHAKE_ACK, 65});
	add_fault("cut@p1:64");
	for (unsigned i = 0; i < 3; i++)
		submit(i, 0x86);
	assert_ends(0, 0, 64);
	assert_ends(1, 0, 64);
	assert_ends(2, 0, 1);
}

static void an_empty_packet_ends_a_transfer_early(void **state)
{
	(void)state;
	add_fault("zlp@p2/0x86");
	submit(0, 0x86);
	submit(1, 0x86);
	assert_ends(0, 0, 512);
	assert_ends(1, 0, SIZE);
	assert_bytes(1, 512);
}

static void an_empty_packet_is_sent_where_the_device_has_no_data(void **state)
{
	(void)state;
	ANSWERS(script.in[6], {HANDSHAKE_NAK, 0});
	add_fault("zlp@1000us");
	submit(0, 0x86);
	assert_ends(0, 0, 0);
	assert_int_equal(bus_now(bus), 9 * MICROFRAME);
}

static void babble_is_an_overflow_and_the_packet_comes_again(void **state)
{
	(void)state;
	add_fault("babble@p2/0x86");
	submit(0, 0x86);
	submit(1, 0x86);
	assert_ends(0, -EOVERFLOW, 512);
	assert_ends(1, 0, SIZE);
	assert_bytes(1, 512);
}

static void a_failed_in_packet_is_kept_by_the_device(void **state)
{
	(void)state;
	add_fault("fail@p4/0x86");
	submit(0, 0x86);
	submit(1, 0x86);
	assert_ends(0, -EPROTO, 1536);
	assert_ends(1, 0, SIZE);
	assert_bytes(1, 1536);
}

static void a_failed_out_packet_is_not_taken_by_the_device(void **state)
{
	(void)state;
	add_fault("fail@p4/0x02");
	for (unsigned i = 0; i < SIZE; i++)
		memory[0][i] = script_byte(i);
	submit(0, 0x02);
	assert_ends(0, -EPROTO, 1536);
	assert_int_equal(script.out[2].moved, 1536);
	assert_int_equal(script.out[2].wrong, 0);
}

static void without_an_endpoint_the_pipes_count_together(void **state)
{
	(void)state;
	add_fault("fail@t3");
	submit(0, 0x02);
	submit(1, 0x86);
	submit(2, 0x02);
	submit(3, 0x86);
	assert_ends(0, 0, SIZE);
	assert_ends(1, 0, SIZE);
	/* Without an endpoint, the fault strikes the next transfer of any
	   endpoint. */
	assert_ends(2, -EPROTO, 0);
	assert_ends(3, 0, SIZE);
}

static void another_endpoint_is_not_affected(void **state)
{
	(void)state;
	add_fault("fail@p1/0x88");
	submit(0, 0x86);
	submit(1, 0x88);
	assert_ends(1, -EPROTO, 0);
	assert_ends(0, 0, SIZE);
}

static void a_fault_at_a_byte_strikes_the_packet_that_holds_it(void **state)
{
	(void)state;
	add_fault("fail@b0x3ff/0x86");
	submit(0, 0x86);
	assert_ends(0, -EPROTO, 512);
}

static void bytes_count_from_where_the_endpoint_was_opened(void **state)
{
	(void)state;
	ANSWERS(script.in[0], {HANDSHAKE_ACK, 0});
	add_fault("fail@b1024/0x86");
	ANSWERS(script.in[6], {HANDSHAKE_ACK, 512}, {HANDSHAKE_ACK, 100},
		{HANDSHAKE_ACK, 512});
	submit(0, 0x86);
	assert_ends(0, 0, 612);
	urbs[1] = (struct urb){.setup = {.bmRequestType = USB_RECIP_INTERFACE,
				       .bRequest = USB_REQ_SET_INTERFACE,
				       .wValue = 1,
				       .wIndex = USB_IFACE_EP6IN}};
	bus_submit(bus, &urbs[1]);
	assert_ends(1, 0, 0);
	submit(2, 0x86);
	assert_ends(2, -EPROTO, 1024);
}

static void a_nak_storm_lasts_for_the_given_time(void **state)
{
	tick calm;

	(void)state;
	submit(0, 0x86);
	assert_ends(0, 0, SIZE);
	calm = bus_now(bus);
	tear_down(state);
	set_up_streams(state);
	add_fault("nak@p1/0x86:1000");
	submit(0, 0x86);
	assert_ends(0, 0, SIZE);
	assert_int_equal(bus_now(bus), calm + 8 * MICROFRAME);
	assert_bytes(0, 0);
}

static void a_nak_storm_may_end_anywhere_in_a_microframe(void **state)
{
	for (unsigned us = 1; us < 400; us++) {
		char fault[32];

		tear_down(state);
		set_up_streams(state);
		snprintf(fault, sizeof(fault), "nak@p1/0x86:%u", us);
		add_fault(fault);
		submit(0, 0x86);
		assert_ends(0, 0, SIZE);
		assert_in_range(bus_now(bus), (us / 125 + 1) * MICROFRAME,
			(us / 125 + 3) * MICROFRAME);
	}
}

static void a_nak_storm_delays_no_other_endpoint(void **state)
{
	(void)state;
	add_fault("nak@p1/0x86:1000000");
	submit(0, 0x86);
	submit(1, 0x02);
	assert_ends(1, 0, SIZE);
	assert_int_equal(bus_now(bus), MICROFRAME);
	assert_ends(0, 0, SIZE);
	assert_int_equal(bus_now(bus), 8001 * MICROFRAME);
}

static void the_given_number_of_submits_is_refused(void **state)
{
	(void)state;
	add_fault("nomem@t2/0x86:2");
	assert_int_equal(bus_admit(bus, 0x86), 0);
	assert_int_equal(bus_admit(bus, 0x88), 0);
	assert_int_equal(bus_admit(bus, 0x86), -ENOMEM);
	assert_int_equal(bus_admit(bus, 0x86), -ENOMEM);
	assert_int_equal(bus_admit(bus, 0x86), 0);
}

static void a_submit_is_refused_at_the_given_time(void **state)
{
	(void)state;
	add_fault("refuse@1000us");
	assert_int_equal(bus_admit(bus, 0x86), 0);
	assert_true(bus_run(bus, 8 * MICROFRAME));
	assert_int_equal(bus_admit(bus, 0x81), 0);
	assert_int_equal(bus_admit(bus, 0x02), -EIO);
	assert_int_equal(bus_admit(bus, 0x02), 0);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_streams, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_halt_stalls_once_and_loses_nothing),
		TEST(a_halt_may_strike_several_times),
		TEST(the_rest_of_a_cut_packet_comes_with_the_next_transfer),
		TEST(a_cut_strikes_the_first_packet_that_is_longer),
		TEST(an_empty_packet_ends_a_transfer_early),
		TEST(an_empty_packet_is_sent_where_the_device_has_no_data),
		TEST(babble_is_an_overflow_and_the_packet_comes_again),
		TEST(a_failed_in_packet_is_kept_by_the_device),
		TEST(a_failed_out_packet_is_not_taken_by_the_device),
		TEST(without_an_endpoint_the_pipes_count_together),
		TEST(another_endpoint_is_not_affected),
		TEST(a_fault_at_a_byte_strikes_the_packet_that_holds_it),
		TEST(bytes_count_from_where_the_endpoint_was_opened),
		TEST(a_nak_storm_lasts_for_the_given_time),
		TEST(a_nak_storm_may_end_anywhere_in_a_microframe),
		TEST(a_nak_storm_delays_no_other_endpoint),
		TEST(the_given_number_of_submits_is_refused),
		TEST(a_submit_is_refused_at_the_given_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
