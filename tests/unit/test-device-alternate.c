/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the virtual Glasgow's alternate settings over its bus: which ones can
 * be selected when, and what a selection does to the FX2's buffers and to the
 * pipes in the FPGA.
 */
#include "tests/support/support.h"

#include <errno.h>
#include <string.h>

#include "wire/core-benchmark.h"

/* Interface numbers of the configuration descriptor. */
enum { MGMT, EP2, EP4, EP6, EP8 };
enum { OFF, DOUBLE, QUAD, CFG, NVM };

static struct rig rig;
static uint8_t memory[16 * 512];

/* All interfaces are off, and the FPGA runs Clyde's image. */
static int set_up(void **state)
{
	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	rig_configure(&rig);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static void set_configuration(void)
{
	assert_int_equal(
		rig_control(&rig, 0, USB_REQ_SET_CONFIGURATION, 1, 0, NULL, 0),
		0);
}

static unsigned selected(unsigned interface)
{
	uint8_t alternate;

	assert_int_equal(
		rig_control(&rig, USB_DIR_IN | USB_RECIP_INTERFACE,
			USB_REQ_GET_INTERFACE, 0, interface, &alternate, 1),
		1);
	return alternate;
}

static void assert_works(unsigned interface, unsigned alternate)
{
	assert_int_equal(rig_select(&rig, interface, alternate), 0);
	assert_int_equal(selected(interface), alternate);
}

static void assert_stalls(unsigned interface, unsigned alternate)
{
	unsigned before = selected(interface);

	assert_int_equal(rig_select(&rig, interface, alternate), -EPIPE);
	assert_int_equal(selected(interface), before);
}

static void without_an_fpga_no_pipe_opens(void **state)
{
	(void)state;
	rig_close(&rig);
	rig_open(&rig, &rig_c3, NULL);
	assert_stalls(EP2, DOUBLE);
	assert_stalls(EP2, QUAD);
	assert_stalls(EP4, DOUBLE);
	assert_stalls(EP6, DOUBLE);
	assert_stalls(EP6, QUAD);
	assert_stalls(EP8, DOUBLE);
	for (unsigned interface = MGMT; interface <= EP8; interface++)
		assert_works(interface, OFF);
	assert_works(MGMT, 1);
}

static void every_setting_that_is_listed_can_be_selected_alone(void **state)
{
	static const uint8_t highest[] = {[MGMT] = 1,
		[EP2] = NVM,
		[EP4] = DOUBLE,
		[EP6] = QUAD,
		[EP8] = DOUBLE};

	(void)state;
	for (unsigned interface = MGMT; interface <= EP8; interface++) {
		for (unsigned alternate = 0; alternate <= highest[interface];
			alternate++) {
			/* CFG and NVM take the configuration away. */
			rig_configure(&rig);
			assert_works(interface, alternate);
		}
		assert_works(interface, OFF);
	}
}

static void a_setting_that_is_not_listed_stalls(void **state)
{
	(void)state;
	assert_stalls(EP2, 5);
	for (unsigned alternate = QUAD; alternate <= 5; alternate++) {
		assert_stalls(EP4, alternate);
		assert_stalls(EP8, alternate);
	}
	for (unsigned alternate = CFG; alternate <= 5; alternate++)
		assert_stalls(EP6, alternate);
	assert_int_equal(rig_select(&rig, 5, DOUBLE), -EPIPE);
}

/* EP2 and EP4 share four buffers, and so do EP6 and EP8. */
static void quad_buffers_take_those_of_the_neighbour(void **state)
{
	static const uint8_t pairs[][2] = {{EP2, EP4}, {EP6, EP8}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		unsigned first = pairs[i][0], second = pairs[i][1];

		assert_works(first, QUAD);
		assert_stalls(second, DOUBLE);
		assert_works(first, DOUBLE);
		assert_works(second, DOUBLE);
		assert_stalls(first, QUAD);
		assert_works(first, DOUBLE);
		assert_works(second, OFF);
		assert_works(first, QUAD);
	}
	/* The two pairs do not affect each other. */
	assert_int_equal(selected(EP2), QUAD);
	assert_int_equal(selected(EP6), QUAD);
	set_configuration();
	assert_works(EP4, DOUBLE);
	assert_works(EP6, QUAD);
	assert_works(EP4, OFF);
	assert_works(EP2, QUAD);
}

static void a_load_setting_needs_the_other_pipes_off(void **state)
{
	(void)state;
	for (unsigned pipe = EP4; pipe <= EP8; pipe++) {
		assert_works(pipe, DOUBLE);
		assert_stalls(EP2, CFG);
		assert_stalls(EP2, NVM);
		assert_works(pipe, OFF);
	}
	assert_works(EP6, QUAD);
	assert_stalls(EP2, CFG);
	assert_works(EP6, OFF);
	/* EP2 itself may be on. */
	assert_works(EP2, DOUBLE);
	assert_works(EP2, CFG);
	assert_works(EP2, NVM);
}

static void selecting_a_load_setting_takes_the_configuration_away(void **state)
{
	(void)state;
	for (unsigned load = CFG; load <= NVM; load++) {
		rig_configure(&rig);
		assert_works(EP6, DOUBLE);
		assert_works(EP6, OFF);
		assert_works(EP2, load);
		assert_stalls(EP6, DOUBLE);
		assert_stalls(EP2, DOUBLE);
		assert_works(EP2, OFF);
		assert_stalls(EP6, DOUBLE);
	}
}

/* Bits 0 to 3 = EP2, EP4, EP6, EP8: 1 while the pipe is held in reset. */
static void the_pipe_reset_register_follows_the_settings(void **state)
{
	(void)state;
	assert_works(MGMT, 1);
	assert_int_equal(rig_read_register(&rig, REG_PIPE_RESET, 1), 0xf);
	assert_works(EP2, DOUBLE);
	assert_int_equal(rig_read_register(&rig, REG_PIPE_RESET, 1), 0xe);
	assert_works(EP6, DOUBLE);
	assert_works(EP8, DOUBLE);
	assert_int_equal(rig_read_register(&rig, REG_PIPE_RESET, 1), 0x2);
	assert_works(EP4, DOUBLE);
	assert_int_equal(rig_read_register(&rig, REG_PIPE_RESET, 1), 0x0);
	assert_works(EP6, OFF);
	assert_int_equal(rig_read_register(&rig, REG_PIPE_RESET, 1), 0x4);
}

static void set_configuration_resets_everything(void **state)
{
	(void)state;
	assert_works(MGMT, 1);
	for (unsigned pipe = EP2; pipe <= EP8; pipe++)
		assert_works(pipe, DOUBLE);
	set_configuration();
	for (unsigned interface = MGMT; interface <= EP8; interface++)
		assert_int_equal(selected(interface), OFF);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, memory, 512), -EPIPE);
	assert_works(MGMT, 1);
	assert_int_equal(rig_read_register(&rig, REG_PIPE_RESET, 1), 0xf);
	/* The FPGA stays configured. */
	assert_works(EP2, DOUBLE);
}

/* The sequence begins with 0001 0002 0004 0008 0011, low byte first. */
static void selecting_a_setting_again_restarts_the_core(void **state)
{
	(void)state;
	assert_works(MGMT, 1);
	rig_attach(&rig, BENCH_SOURCE);
	assert_works(EP6, DOUBLE);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, memory, 512), 512);
	assert_memory_equal(memory, "\1\0\2\0\4\0\x8\0\x11", 10);
	assert_works(EP6, DOUBLE);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, memory, 512), 512);
	assert_memory_equal(memory, "\1\0\2\0\4\0\x8\0\x11", 10);

	rig_write_register(&rig, REG_BENCH_MODE, BENCH_IDLE, 1);
	assert_in_range(rig_read_register(&rig, REG_BENCH_COUNT, 4), 512, 4096);
	assert_works(EP6, QUAD);
	assert_int_equal(rig_read_register(&rig, REG_BENCH_COUNT, 4), 0);
}

static void a_pipe_reset_clears_the_counters_and_not_the_mode(void **state)
{
	(void)state;
	assert_works(MGMT, 1);
	rig_attach(&rig, BENCH_LOOPBACK); /* To both pipes. */
	rig_write_register(&rig, REG_BENCH_MODE, BENCH_SINK, 1);
	for (unsigned pipe = EP2; pipe <= EP6; pipe += EP6 - EP2) {
		assert_works(EP6, DOUBLE);
		assert_works(EP2, DOUBLE);
		/* The sequence begins with 1, and not with 0. */
		memset(memory, 0, 100);
		assert_int_equal(
			rig_transfer(&rig, USB_EP2_OUT, memory, 100), 100);
		assert_int_equal(
			rig_read_register(&rig, REG_BENCH_COUNT, 4), 100);
		assert_int_equal(
			rig_read_register(&rig, REG_BENCH_ERROR, 1), 1);
		/* EP4 does not affect the counters. */
		assert_works(EP4, DOUBLE);
		assert_int_equal(
			rig_read_register(&rig, REG_BENCH_COUNT, 4), 100);
		assert_works(EP4, OFF);
		assert_works(pipe, DOUBLE);
		assert_int_equal(
			rig_read_register(&rig, REG_BENCH_COUNT, 4), 0);
		assert_int_equal(
			rig_read_register(&rig, REG_BENCH_ERROR, 1), 0);
		assert_int_equal(
			rig_read_register(&rig, REG_BENCH_MODE, 1), BENCH_SINK);
	}
}

/* Returns how many bytes EP2 takes while no core reads them.  The pipe's own
   FIFO of 512 B is filled in that case too. */
static uint32_t taken_out(void)
{
	struct urb urb = {.endpoint = USB_EP2_OUT,
		.data = memory,
		.length = sizeof(memory)};

	bus_submit(rig.bus, &urb);
	for (unsigned i = 0; i < 16; i++)
		assert_true(bus_run(rig.bus, bus_now(rig.bus) + 1));
	assert_null(bus_reap(rig.bus));
	bus_cancel(rig.bus, &urb);
	assert_ptr_equal(bus_reap(rig.bus), &urb);
	return urb.actual;
}

static void double_buffers_hold_two_packets_and_quad_four(void **state)
{
	(void)state;
	assert_works(EP2, DOUBLE);
	assert_int_equal(taken_out(), (2 + 1) * 512);
	assert_works(EP2, QUAD);
	assert_int_equal(taken_out(), (4 + 1) * 512);
	/* Selecting the setting again empties the buffers. */
	assert_works(EP2, QUAD);
	assert_int_equal(taken_out(), (4 + 1) * 512);
}

/* The source fills the FX2's buffers and its own FIFO of 512 B. */
static void double_buffers_fill_with_two_packets_and_quad_with_four(
	void **state)
{
	static const uint8_t buffers[] = {[DOUBLE] = 2, [QUAD] = 4};

	(void)state;
	assert_works(MGMT, 1);
	rig_attach(&rig, BENCH_SOURCE);
	for (unsigned alternate = DOUBLE; alternate <= QUAD; alternate++) {
		unsigned size = buffers[alternate] * 512;

		assert_works(EP6, alternate);
		assert_true(bus_run(rig.bus, bus_now(rig.bus) + 600000));
		assert_int_equal(rig_read_register(&rig, REG_BENCH_COUNT, 4),
			size + 512);
	}
}

static void an_endpoint_that_is_off_stalls(void **state)
{
	(void)state;
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, memory, 512), -EPIPE);
	assert_int_equal(rig_transfer(&rig, USB_EP4_OUT, memory, 512), -EPIPE);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, memory, 512), -EPIPE);
	assert_int_equal(rig_transfer(&rig, USB_EP8_IN, memory, 512), -EPIPE);
	assert_int_equal(rig_transfer(&rig, 0x83, memory, 512), -EPIPE);
	assert_int_equal(rig_transfer(&rig, 0x0f, memory, 512), -EPIPE);
}

static int feature(uint8_t request, uint8_t endpoint)
{
	return rig_control(&rig, USB_RECIP_ENDPOINT, request, USB_FEATURE_HALT,
		endpoint, NULL, 0);
}

static unsigned halted(uint8_t endpoint)
{
	uint8_t status[2] = {0xee, 0xee};

	assert_int_equal(rig_control(&rig, USB_DIR_IN | USB_RECIP_ENDPOINT,
				 USB_REQ_GET_STATUS, 0, endpoint, status, 2),
		2);
	return status[0] | status[1] << 8;
}

static void a_halted_endpoint_stalls_until_the_halt_is_cleared(void **state)
{
	(void)state;
	assert_works(EP2, DOUBLE);
	assert_int_equal(halted(USB_EP2_OUT), 0);
	assert_int_equal(feature(USB_REQ_SET_FEATURE, USB_EP2_OUT), 0);
	assert_int_equal(halted(USB_EP2_OUT), 1);
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, memory, 512), -EPIPE);
	assert_int_equal(feature(USB_REQ_CLEAR_FEATURE, USB_EP2_OUT), 0);
	assert_int_equal(halted(USB_EP2_OUT), 0);
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, memory, 512), 512);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_an_fpga_no_pipe_opens),
		TEST(every_setting_that_is_listed_can_be_selected_alone),
		TEST(a_setting_that_is_not_listed_stalls),
		TEST(quad_buffers_take_those_of_the_neighbour),
		TEST(a_load_setting_needs_the_other_pipes_off),
		TEST(selecting_a_load_setting_takes_the_configuration_away),
		TEST(the_pipe_reset_register_follows_the_settings),
		TEST(set_configuration_resets_everything),
		TEST(selecting_a_setting_again_restarts_the_core),
		TEST(a_pipe_reset_clears_the_counters_and_not_the_mode),
		TEST(double_buffers_hold_two_packets_and_quad_four),
		TEST(double_buffers_fill_with_two_packets_and_quad_with_four),
		TEST(an_endpoint_that_is_off_stalls),
		TEST(a_halted_endpoint_stalls_until_the_halt_is_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
