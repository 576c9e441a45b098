/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests bytes from the host through the UART core, the pin multiplexer, wires
 * and parts, and back, on the bus of a virtual Glasgow with the model of the
 * image or with its twin:
 *
 *	test-wired [twin]
 */
#include "tests/support/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "virtual/fpga/twin-model.h"
#include "wire/core-gpio.h"
#include "wire/core-uart.h"

#define TX 0 /* A0 */
#define RX 1 /* A1 */

static struct rig rig;
static uint8_t sent[8192], came[8192];
static const struct twin_module *twin; /* or NULL: the model */

/* Less data with the twin, which is slow. */
static uint32_t amount(uint32_t size)
{
	return twin ? size / 4 : size;
}

static void open_wired(uint16_t wire, const char *part)
{
	struct device_options options = rig_c3;

	options.twin = twin;
	options.wires[0] = wire;
	if (part)
		strcpy(options.parts[0], part);
	rig_open(&rig, &options, NULL);
	rig_configure(&rig);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = script_byte(i);
}

static int tear_down(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static void supply(uint16_t mv)
{
	struct mgmt_values values = {1, {mv}};

	rig_do(&rig, MGMT_SET_VSUPPLY, &values, sizeof(values), NULL);
}

/* Attaches the UART core to EP2, EP6 and its pins. */
static void open_uart(double baud)
{
	rig_write_register(&rig, REG_STREAM, CORE_UART | CORE_UART << 16, 4);
	rig_write_register(&rig, REG_PIN + TX, OUTPUT_UART, 1);
	rig_write_register(
		&rig, REG_INPUT + INPUT_UART, INPUT_CONNECTED | RX, 1);
	rig_write_register(&rig, REG_UART_BIT_TIME, 48e6 * 256 / baud + 0.5, 4);
	rig_write_register(
		&rig, REG_UART_CONTROL, 3 | UART_RECEIVE | UART_TRANSMIT, 1);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP6IN, USB_ALT_4X), 0);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_4X), 0);
}

/* Sends and receives at the same time; returns how long it took, in ticks. */
static tick exchange(uint32_t size)
{
	struct urb in = {.endpoint = USB_EP6_IN, .data = came, .length = size};
	struct urb out = {
		.endpoint = USB_EP2_OUT, .data = sent, .length = size};
	tick start = bus_now(rig.bus);

	memset(came, 0, sizeof(came));
	bus_submit(rig.bus, &in);
	bus_submit(rig.bus, &out);
	while (in.actual < size) {
		struct urb *done;

		assert_true(bus_run(rig.bus, start + 10000000000));
		assert_true(bus_now(rig.bus) < start + 10000000000);
		while ((done = bus_reap(rig.bus)))
			if (done == &in && in.actual < size) {
				in.data += in.actual;
				size -= in.actual;
				in.length = size;
				bus_submit(rig.bus, &in);
			}
	}
	return bus_now(rig.bus) - start;
}

static void assert_no_error(uint32_t received)
{
	assert_int_equal(
		rig_read_register(&rig, REG_UART_RECEIVED, 4), received);
	assert_int_equal(rig_read_register(&rig, REG_UART_FRAMING, 2), 0);
	assert_int_equal(rig_read_register(&rig, REG_UART_LOST, 4), 0);
}

/* 1000 bytes of 10 bits at 115200 baud take 86.8 ms. */
static void a_wire_makes_a_loop(void **state)
{
	uint32_t size = amount(1000);
	tick ticks;

	(void)state;
	open_wired(1 << TX | 1 << RX, NULL);
	supply(3300);
	open_uart(115200);
	ticks = exchange(size);
	assert_memory_equal(came, sent, size);
	assert_no_error(size);
	assert_in_range(
		ticks / TICKS_PER_US, size * 86.805, size * 86.805 + 500);
}

static void an_echo_answers_both_ways_at_once(void **state)
{
	uint32_t size = amount(8192);
	tick ticks;

	(void)state;
	open_wired(0, "uart-echo@rx=A0:tx=A1:baud=3000000");
	supply(3300);
	open_uart(3000000);
	ticks = exchange(size);
	assert_memory_equal(came, sent, size);
	assert_no_error(size);
	assert_in_range(
		ticks / TICKS_PER_US, size * 10 / 3, size * 10 / 3 + 500);
}

/* Over the 10 bits of a byte, half a bit is 5 %, so a clock that is off by 2 %
   must work. */
static void an_echo_with_a_clock_off_by_2_percent_works(void **state)
{
	uint32_t size = amount(500);

	(void)state;
	open_wired(0, "uart-echo@rx=A0:tx=A1:error=-2%");
	supply(3300);
	open_uart(115200);
	exchange(size);
	assert_memory_equal(came, sent, size);
	assert_no_error(size);
}

static void an_echo_with_a_clock_off_by_10_percent_does_not_work(void **state)
{
	(void)state;
	open_wired(0, "uart-echo@rx=A0:tx=A1:error=10%");
	supply(3300);
	open_uart(115200);
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, sent, 200), 200);
	assert_true(bus_run(rig.bus, bus_now(rig.bus) + 480000 * 100));
	rig_transfer(&rig, USB_EP6_IN, came, 200);
	assert_memory_not_equal(came, sent, 200);
}

static void without_a_supply_nothing_comes_back(void **state)
{
	(void)state;
	open_wired(1 << TX | 1 << RX, NULL);
	open_uart(115200);
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, sent, 100), 100);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, came, 512), -ETIMEDOUT);
	/* Bytes come back as soon as there is a supply. */
	supply(3300);
	assert_int_equal(rig_transfer(&rig, USB_EP2_OUT, sent, 100), 100);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, came, 512), 100);
	assert_memory_equal(came, sent, 100);
}

static void the_host_sees_levels_by_get_state(void **state)
{
	struct mgmt_pulls pulls = {1, {{0, 0xf0}}};
	struct mgmt_packet reply;

	(void)state;
	open_wired(1 << TX | 1 << RX, NULL);
	supply(3300);
	rig_do(&rig, MGMT_SET_PULLS, &pulls, sizeof(pulls), NULL);
	rig_do(&rig, MGMT_GET_STATE, NULL, 0, &reply);
	assert_int_equal(reply.data.state.value[0], 0xf0);
	/* TX idles high, and RX is wired to it. */
	rig_write_register(&rig, REG_PIN + TX, OUTPUT_UART, 1);
	rig_do(&rig, MGMT_GET_STATE, NULL, 0, &reply);
	assert_int_equal(reply.data.state.value[0], 0xf3);
	supply(0);
	rig_do(&rig, MGMT_GET_STATE, NULL, 0, &reply);
	assert_int_equal(reply.data.state.value[0], 0);
}

static void drive(uint16_t levels)
{
	rig_write_register(&rig, REG_GPIO_OUTPUT, levels, 2);
}

/* A0 is wired to A1; a change of both is one record of 8 bytes. */
static void gpio_drives_reads_and_reports(void **state)
{
	static const uint16_t expected[] = {0, 3, 0, 3};
	struct gpio_record records[4];
	uint8_t in[512];

	(void)state;
	open_wired(1 << TX | 1 << RX, NULL);
	supply(3300);
	rig_write_register(&rig, REG_PIN + TX, OUTPUT_GPIO, 1);
	rig_write_register(&rig, REG_STREAM, CORE_GPIO << 16, 4);
	drive(0);
	rig_write_register(&rig, REG_GPIO_ENABLE, 1, 2);
	rig_write_register(&rig, REG_GPIO_WATCH, 3, 2);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP6IN, USB_ALT_2X), 0);
	for (unsigned i = 1; i < ARRAY_SIZE(expected); i++) {
		drive(expected[i] & 1);
		assert_int_equal(rig_read_register(&rig, REG_GPIO_LEVELS, 1),
			expected[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(expected);) {
		int size = rig_transfer(&rig, USB_EP6_IN, in, sizeof(in));

		assert_true(size > 0 && size % sizeof(*records) == 0);
		memcpy(records + i, in, size);
		i += size / sizeof(*records);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(expected); i++) {
		/* Port B has no supply, and reads 1. */
		assert_int_equal(records[i].levels, expected[i] | 0xff00);
		assert_int_equal(records[i].lost, 0);
		assert_true(i == 0 || records[i].cycle > records[i - 1].cycle);
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wire_makes_a_loop),
		TEST(an_echo_answers_both_ways_at_once),
		TEST(an_echo_with_a_clock_off_by_2_percent_works),
		TEST(an_echo_with_a_clock_off_by_10_percent_does_not_work),
		TEST(without_a_supply_nothing_comes_back),
		TEST(the_host_sees_levels_by_get_state),
		TEST(gpio_drives_reads_and_reports),
	};
	/* Without the tests that wait for seconds of virtual time. */
	const struct CMUnitTest twin_tests[] = {
		TEST(a_wire_makes_a_loop),
		TEST(an_echo_answers_both_ways_at_once),
		TEST(an_echo_with_a_clock_off_by_2_percent_works),
		TEST(the_host_sees_levels_by_get_state),
		TEST(gpio_drives_reads_and_reports),
	};
	const char *why;

	if (argc < 2 || strcmp(argv[1], "twin") != 0)
		return cmocka_run_group_tests(tests, NULL, NULL);
	twin = twin_module(&why);
	if (twin == NULL) {
		printf("%s\n", why);
		return 77;
	}
	return cmocka_run_group_tests(twin_tests, NULL, NULL);
}
