/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests streams through the virtual Glasgow, over its bus: when an IN packet is
 * closed, what ends a transfer, the exact rates, and that two devices do not
 * affect each other.
 */
#include "tests/support/support.h"

#include <errno.h>
#include <string.h>

#include "wire/core-benchmark.h"

#define CYCLE  10 /* In ticks: the FIFO bus has 48 MHz. */
#define CYCLES (48 * 125)
#define MEBI   (1 << 20)

static struct rig rig;
static uint8_t memory[MEBI];

static void open_mode(enum bench_mode mode, enum usb_alternate alternate)
{
	rig_open(&rig, &rig_c3, NULL);
	rig_configure(&rig);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	rig_attach(&rig, mode);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, alternate), 0);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP6IN, alternate), 0);
}

static int set_up(void **state)
{
	(void)state;
	open_mode(BENCH_LOOPBACK, USB_ALT_2X);
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = script_byte(i);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static void set_idle(unsigned cycles)
{
	rig_write_register(&rig, REG_IDLE_FLUSH, cycles, 2);
}

static void send(uint32_t size)
{
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, memory, size), size);
}

/* Reads into the second half of the memory. */
static int receive(uint32_t size)
{
	return rig_transfer(&rig, USB_EP6_IN, memory + MEBI / 2, size);
}

static void assert_echo(uint32_t size)
{
	assert_memory_equal(memory, memory + MEBI / 2, size);
}

/*
 * Returns the cycles from the arrival of a packet in the FX2 until a packet is
 * ready to be fetched, looking in every cycle.  The bus must not be used after
 * that.
 */
static unsigned turnaround(uint16_t size)
{
	struct function *function = device_function(rig.device);
	tick start = bus_now(rig.bus) + 1000, now = start;
	const uint8_t *data;
	uint16_t length;

	assert_int_equal(
		function->ops->out(function, now, USB_EP2_OUT, memory, size),
		HANDSHAKE_ACK);
	while (function->ops->in(function, now, USB_EP6_IN, &data, &length) !=
		HANDSHAKE_ACK) {
		now += CYCLE;
		assert_true(now < start + 100000 * CYCLE);
	}
	assert_int_equal(length, size);
	assert_memory_equal(data, memory, size);
	return (now - start) / CYCLE;
}

/* A cycle for each byte and a few for the bridge, then the time of silence. */
static void a_short_packet_is_sent_after_a_microframe_of_silence(void **state)
{
	(void)state;
	assert_in_range(turnaround(100), 6000 + 100, 6000 + 100 + 100);
}

static void the_time_of_silence_can_be_set_to_4_us(void **state)
{
	(void)state;
	set_idle(192);
	assert_in_range(turnaround(100), 192 + 100, 192 + 100 + 100);
}

/* Over the one FIFO bus: 512 cycles out, 512 cycles in, and a few for the
   bridge. */
static void a_full_packet_is_sent_at_once(void **state)
{
	(void)state;
	set_idle(65535);
	assert_in_range(turnaround(512), 1024, 1024 + 100);
}

static void the_time_of_silence_starts_with_the_last_byte(void **state)
{
	tick start;

	(void)state;
	set_idle(65535); /* 1365 us. */
	send(50);
	assert_true(bus_run(rig.bus, bus_now(rig.bus) + 1000 * 480));
	start = bus_now(rig.bus);
	send(50);
	assert_int_equal(receive(512), 100);
	assert_echo(50);
	assert_memory_equal(memory, memory + MEBI / 2 + 50, 50);
	assert_in_range(bus_now(rig.bus) - start, 1365 * 480, 1700 * 480);
}

static void a_flush_sends_a_partial_packet(void **state)
{
	tick start;

	(void)state;
	set_idle(65535);
	send(10);
	start = bus_now(rig.bus);
	rig_write_register(&rig, REG_FLUSH, 1, 1);
	assert_int_equal(receive(512), 10);
	assert_in_range(bus_now(rig.bus) - start, 0, 800 * 480);
	/* EP8 has nothing to flush, and EP6 nothing more. */
	rig_write_register(&rig, REG_FLUSH, 3, 1);
	assert_int_equal(receive(512), -ETIMEDOUT);
}

static void each_pipe_has_its_own_time_of_silence(void **state)
{
	(void)state;
	assert_int_equal(rig_read_register(&rig, REG_IDLE_FLUSH, 2), CYCLES);
	assert_int_equal(
		rig_read_register(&rig, REG_IDLE_FLUSH + 2, 2), CYCLES);
	set_idle(192);
	assert_int_equal(
		rig_read_register(&rig, REG_IDLE_FLUSH + 2, 2), CYCLES);
	/* A pipe reset keeps the setting, a new configuration does not. */
	assert_int_equal(rig_select(&rig, USB_IFACE_EP6IN, USB_ALT_2X), 0);
	assert_int_equal(rig_read_register(&rig, REG_IDLE_FLUSH, 2), 192);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP6IN, USB_ALT_OFF), 0);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_CFG), 0);
	rig_configure(&rig);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_OFF), 0);
	assert_int_equal(rig_read_register(&rig, REG_IDLE_FLUSH, 2), CYCLES);
}

static void an_empty_packet_follows_a_full_last_packet(void **state)
{
	(void)state;
	for (uint32_t size = 512; size <= 1536; size += 512) {
		send(size);
		assert_int_equal(receive(size + 4096), size);
		assert_echo(size);
		/* The empty packet is a transfer of its own if the full packets
		   are read without it. */
		send(size);
		assert_int_equal(receive(size), size);
		assert_int_equal(receive(512), 0);
	}
	assert_int_equal(receive(512), -ETIMEDOUT);
}

static void no_empty_packet_follows_a_short_one(void **state)
{
	(void)state;
	send(700);
	assert_int_equal(receive(4096), 700);
	assert_echo(700);
	assert_int_equal(receive(512), -ETIMEDOUT);
}

static void an_empty_packet_out_is_no_data(void **state)
{
	(void)state;
	send(0);
	send(3);
	assert_int_equal(receive(512), 3);
	assert_int_equal(rig_read_register(&rig, REG_BENCH_COUNT, 4), 3);
}

/* The lowest bit is the parity of bits 15, 14, 12 and 3 of the state before;
   each state is sent low byte first. */
static void fill_with_the_sequence(uint8_t *data, size_t size)
{
	uint16_t state = 1;

	for (size_t i = 0; i + 1 < size; i += 2) {
		data[i] = state;
		data[i + 1] = state >> 8;
		state = state << 1 | __builtin_parity(state & 0xd008);
	}
}

/* 2048 packets of 518 cycles at 48 MHz: 22.1 ms, or 45.25 MiB/s. */
static void the_source_keeps_the_fifo_bus_busy(void **state)
{
	static uint8_t expected[MEBI];
	uint64_t ticks;
	tick start;

	(void)state;
	rig_close(&rig);
	open_mode(BENCH_SOURCE, USB_ALT_4X);
	start = bus_now(rig.bus);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, memory, MEBI), MEBI);
	ticks = bus_now(rig.bus) - start;
	/* Three packets were ready before; a microframe is 125 us. */
	assert_in_range(
		ticks, 2045 * 518 * CYCLE - 60000, 2048 * 518 * CYCLE + 60000);
	fill_with_the_sequence(expected, MEBI);
	assert_memory_equal(memory, expected, MEBI);
}

/* 518 cycles a packet. */
static void the_sink_checks_as_fast_as_the_fifo_bus(void **state)
{
	uint64_t ticks;
	tick start;

	(void)state;
	rig_close(&rig);
	open_mode(BENCH_SINK, USB_ALT_4X);
	fill_with_the_sequence(memory, MEBI);
	start = bus_now(rig.bus);
	send(MEBI);
	ticks = bus_now(rig.bus) - start;
	assert_in_range(
		ticks, 2044 * 518 * CYCLE - 60000, 2048 * 518 * CYCLE + 60000);
	assert_int_equal(rig_read_register(&rig, REG_BENCH_COUNT, 4), MEBI);
	assert_int_equal(rig_read_register(&rig, REG_BENCH_ERROR, 1), 0);
}

static void the_sink_keeps_the_first_wrong_byte(void **state)
{
	(void)state;
	rig_close(&rig);
	open_mode(BENCH_SINK, USB_ALT_2X);
	fill_with_the_sequence(memory, 4096);
	memory[1000] ^= 0x80;
	memory[1004] ^= 0x80;
	send(4096);
	assert_int_equal(rig_read_register(&rig, REG_BENCH_COUNT, 4), 4096);
	assert_int_equal(rig_read_register(&rig, REG_BENCH_ERROR, 1), 1);
	assert_int_equal(rig_read_register(&rig, REG_BENCH_OFFSET, 4), 1000);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(
			rig_read_register(&rig, REG_BENCH_WINDOW + i, 1),
			memory[1000 + i]);
}

static void two_devices_do_not_affect_each_other(void **state)
{
	struct device_options options = rig_c3;
	struct mgmt_values on = {1, {3300}};
	struct mgmt_packet reply;
	struct rig other;
	tick now = bus_now(rig.bus);

	(void)state;
	strcpy(options.serial, "20240202T130000Z");
	rig_open(&other, &options, NULL);
	assert_int_equal(rig_select(&other, USB_IFACE_MGMT, USB_ALT_ON), 0);
	rig_do(&other, MGMT_SET_VSUPPLY, &on, sizeof(on), NULL);
	rig_do(&rig, MGMT_GET_VSUPPLY, NULL, 0, &reply);
	assert_int_equal(reply.data.values.value[0], 0);
	rig_do(&other, MGMT_FPGA_STATUS, NULL, 0, &reply);
	assert_int_equal(reply.data.bitstream.size, 0);
	send(1);
	assert_int_equal(receive(512), 1);
	/* Time is not shared either. */
	now = bus_now(rig.bus);
	assert_true(bus_run(other.bus, bus_now(other.bus) + 600000));
	assert_int_equal(bus_now(rig.bus), now);
	bus_unplug(other.bus);
	send(2);
	assert_int_equal(receive(512), 2);
	rig_close(&other);
	send(3);
	assert_int_equal(receive(512), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_short_packet_is_sent_after_a_microframe_of_silence),
		TEST(the_time_of_silence_can_be_set_to_4_us),
		TEST(a_full_packet_is_sent_at_once),
		TEST(the_time_of_silence_starts_with_the_last_byte),
		TEST(a_flush_sends_a_partial_packet),
		TEST(each_pipe_has_its_own_time_of_silence),
		TEST(an_empty_packet_follows_a_full_last_packet),
		TEST(no_empty_packet_follows_a_short_one),
		TEST(an_empty_packet_out_is_no_data),
		TEST(the_source_keeps_the_fifo_bus_busy),
		TEST(the_sink_checks_as_fast_as_the_fifo_bus),
		TEST(the_sink_keeps_the_first_wrong_byte),
		TEST(two_devices_do_not_affect_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
