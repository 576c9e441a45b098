/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the model of the host controller on control transfers: every sequence
 * of stages that USB 2.0 section 8.5.3 allows, as a function by script sees it.
 */
#include "tests/support/bus-test.h"

#include <string.h>

#define NAK                      \
	{                        \
		HANDSHAKE_NAK, 0 \
	}
#define STALL                      \
	{                          \
		HANDSHAKE_STALL, 0 \
	}
#define TAKE                     \
	{                        \
		HANDSHAKE_ACK, 0 \
	}
#define EMPTY                    \
	{                        \
		HANDSHAKE_ACK, 0 \
	}

static uint8_t memory[1024];

static int fill(void **state)
{
	int result = set_up(state);

	/* The script cannot say when it is ready: its answers follow the number
	   of tokens. */
	script.vague = true;
	memset(memory, 0xee, sizeof(memory));
	return result;
}

/* Asserts the packets of a request of this type and length, and its result. */
static void assert_control(uint8_t type, uint16_t length, const char *log,
	int status, uint32_t actual)
{
	struct urb urb = {
		.setup = {.bmRequestType = type, .wLength = length},
		.data = length ? memory : NULL,
		.length = length,
	};

	if (!(type & USB_DIR_IN))
		for (uint16_t i = 0; i < length; i++)
			memory[i] = script_byte(i);
	bus_submit(bus, &urb);
	assert_true(bus_run(bus, bus_now(bus) + 60000)); /* a microframe */
	assert_ptr_equal(bus_reap(bus), &urb);
	assert_string_equal(script.log, log);
	assert_int_equal(urb.status, status);
	assert_int_equal(urb.actual, actual);
	if (type & USB_DIR_IN)
		for (uint32_t i = 0; i < actual; i++)
			assert_int_equal(memory[i], script_byte(i));
}

static void without_data_an_empty_packet_in_is_the_status(void **state)
{
	(void)state;
	ANSWERS(script.in[0], EMPTY);
	assert_control(0, 0, "S I0 A", 0, 0);
}

/* USB 2.0 9.3.1: without data the direction bit is ignored. */
static void without_data_the_direction_does_not_matter(void **state)
{
	(void)state;
	ANSWERS(script.in[0], EMPTY);
	ANSWERS(script.out[0], TAKE);
	assert_control(USB_DIR_IN, 0, "S I0 A", 0, 0);
}

static void a_read_ends_with_an_empty_packet_out(void **state)
{
	(void)state;
	ANSWERS(script.in[0], {HANDSHAKE_ACK, 18});
	ANSWERS(script.out[0], TAKE);
	assert_control(USB_DIR_IN, 18, "S I18 A O0", 0, 18);
}

static void a_short_packet_ends_the_data_of_a_read(void **state)
{
	(void)state;
	ANSWERS(script.in[0], {HANDSHAKE_ACK, 64}, {HANDSHAKE_ACK, 9});
	ANSWERS(script.out[0], TAKE);
	assert_control(USB_DIR_IN, 255, "S I64 A I9 A O0", 0, 73);
	assert_int_equal(memory[73], 0xee);
}

static void an_empty_packet_ends_the_data_of_a_read(void **state)
{
	(void)state;
	ANSWERS(script.in[0], {HANDSHAKE_ACK, 64}, {HANDSHAKE_ACK, 0});
	ANSWERS(script.out[0], TAKE);
	assert_control(USB_DIR_IN, 255, "S I64 A I0 A O0", 0, 64);
}

static void a_full_read_needs_no_short_packet(void **state)
{
	(void)state;
	ANSWERS(script.in[0], {HANDSHAKE_ACK, 64});
	ANSWERS(script.out[0], TAKE);
	assert_control(USB_DIR_IN, 128, "S I64 A I64 A O0", 0, 128);
}

static void more_data_than_was_requested_is_an_overflow(void **state)
{
	(void)state;
	ANSWERS(script.in[0], {HANDSHAKE_ACK, 64});
	assert_control(USB_DIR_IN, 18, "S I64 A", -EOVERFLOW, 18);
	assert_int_equal(memory[18], 0xee);
}

static void a_write_ends_with_an_empty_packet_in(void **state)
{
	(void)state;
	ANSWERS(script.out[0], TAKE);
	ANSWERS(script.in[0], EMPTY);
	assert_control(0, 100, "S O64 O36 I0 A", 0, 100);
	assert_int_equal(script.out[0].wrong, 0);
}

static void a_write_of_full_packets_has_no_empty_one(void **state)
{
	(void)state;
	ANSWERS(script.out[0], TAKE);
	ANSWERS(script.in[0], EMPTY);
	assert_control(0, 64, "S O64 I0 A", 0, 64);
}

static void a_stall_in_the_data_stage_ends_the_transfer(void **state)
{
	(void)state;
	ANSWERS(script.in[0], STALL);
	assert_control(USB_DIR_IN, 18, "S Is", -EPIPE, 0);
	script.log[0] = '\0';
	ANSWERS(script.out[0], STALL);
	assert_control(0, 18, "S O18s", -EPIPE, 0);
}

static void a_stall_between_packets_of_data_ends_the_transfer(void **state)
{
	(void)state;
	ANSWERS(script.in[0], {HANDSHAKE_ACK, 64}, STALL);
	assert_control(USB_DIR_IN, 128, "S I64 A Is", -EPIPE, 64);
	script.log[0] = '\0';
	ANSWERS(script.out[0], TAKE, STALL);
	assert_control(0, 100, "S O64 O36s", -EPIPE, 64);
}

static void a_stall_in_the_status_stage_ends_the_transfer(void **state)
{
	(void)state;
	ANSWERS(script.in[0], STALL);
	assert_control(0, 0, "S Is", -EPIPE, 0);
	script.log[0] = '\0';
	ANSWERS(script.out[0], TAKE);
	assert_control(0, 64, "S O64 Is", -EPIPE, 64);
	script.log[0] = '\0';
	script.in[0].moved = 0;
	ANSWERS(script.in[0], {HANDSHAKE_ACK, 18});
	ANSWERS(script.out[0], STALL);
	assert_control(USB_DIR_IN, 18, "S I18 A O0s", -EPIPE, 18);
}

static void each_stage_is_repeated_while_it_is_refused(void **state)
{
	(void)state;
	ANSWERS(script.in[0], NAK, {HANDSHAKE_ACK, 64}, NAK,
		{HANDSHAKE_ACK, 36});
	ANSWERS(script.out[0], NAK, NAK, TAKE);
	assert_control(
		USB_DIR_IN, 255, "S In I64 A In I36 A O0n Pn P O0", 0, 100);
}

static void a_setup_is_never_preceded_by_a_ping(void **state)
{
	(void)state;
	ANSWERS(script.out[0], {HANDSHAKE_NYET, 0});
	ANSWERS(script.in[0], EMPTY);
	assert_control(0, 64, "S O64y I0 A", 0, 64);
	script.log[0] = '\0';
	script.out[0].moved = 0;
	/* The data stage begins with a PING if there was no room before. */
	assert_control(0, 64, "S P O64y I0 A", 0, 64);
}

static void a_cancelled_transfer_does_not_affect_the_next(void **state)
{
	struct urb urb = {
		.setup = {.wLength = 64}, .data = memory, .length = 64};

	(void)state;
	ANSWERS(script.out[0], NAK);
	bus_submit(bus, &urb);
	assert_true(bus_run(bus, 60000));
	assert_null(bus_reap(bus));
	bus_cancel(bus, &urb);
	assert_ptr_equal(bus_reap(bus), &urb);
	assert_int_equal(urb.status, -ECANCELED);
	script.log[0] = '\0';
	ANSWERS(script.in[0], EMPTY);
	bus_submit(bus, &urb);
	urb.length = 0;
	assert_true(bus_run(bus, 120000));
	assert_string_equal(script.log, "S I0 A");
}

/* Both requests are in the queue at once: the second SETUP must come after the
   status stage of the first. */
static void control_transfers_come_one_after_the_other(void **state)
{
	struct urb urbs[2] = {
		{.setup = {.wLength = 64}, .data = memory, .length = 64},
		{.length = 0},
	};

	(void)state;
	ANSWERS(script.out[0], TAKE);
	ANSWERS(script.in[0], NAK, EMPTY);
	bus_submit(bus, &urbs[0]);
	bus_submit(bus, &urbs[1]);
	assert_true(bus_run(bus, 60000));
	assert_string_equal(script.log, "S O64 In I0 A S I0 A");
	assert_ptr_equal(bus_reap(bus), &urbs[0]);
	assert_ptr_equal(bus_reap(bus), &urbs[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fill, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_data_an_empty_packet_in_is_the_status),
		TEST(without_data_the_direction_does_not_matter),
		TEST(a_read_ends_with_an_empty_packet_out),
		TEST(a_short_packet_ends_the_data_of_a_read),
		TEST(an_empty_packet_ends_the_data_of_a_read),
		TEST(a_full_read_needs_no_short_packet),
		TEST(more_data_than_was_requested_is_an_overflow),
		TEST(a_write_ends_with_an_empty_packet_in),
		TEST(a_write_of_full_packets_has_no_empty_one),
		TEST(a_stall_in_the_data_stage_ends_the_transfer),
		TEST(a_stall_between_packets_of_data_ends_the_transfer),
		TEST(a_stall_in_the_status_stage_ends_the_transfer),
		TEST(each_stage_is_repeated_while_it_is_refused),
		TEST(a_setup_is_never_preceded_by_a_ping),
		TEST(a_cancelled_transfer_does_not_affect_the_next),
		TEST(control_transfers_come_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
