/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the virtual FX2 without firmware, over its bus: request 0xA0 writes its
   RAM, and once firmware runs the device leaves the bus and comes back. */
#include "tests/support/support.h"

#include <errno.h>
#include <string.h>

static int ram_request(struct rig *rig, uint8_t direction, uint16_t address,
	void *data, uint16_t size)
{
	return rig_control(rig, USB_TYPE_VENDOR | direction, USB_REQ_FX2_RAM,
		address, 0, data, size);
}

static int write_byte(struct rig *rig, uint16_t address, uint8_t value)
{
	return ram_request(rig, 0, address, &value, 1);
}

static int bcd_device(struct rig *rig)
{
	struct usb_device_descriptor descriptor;

	assert_int_equal(rig_control(rig, USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
				 USB_DESC_DEVICE << 8, 0, &descriptor,
				 sizeof(descriptor)),
		sizeof(descriptor));
	return descriptor.bcdDevice;
}

static void open_bare(struct rig *rig)
{
	struct device_options options = rig_c3;

	options.bare = true;
	rig_open(rig, &options, NULL);
}

static void a_write_request_ends_with_an_empty_status_packet(void **state)
{
	uint8_t byte = 0;
	struct rig rig;

	(void)state;
	open_bare(&rig);
	assert_int_equal(write_byte(&rig, 0x123, 0xa5), 1);
	assert_int_equal(ram_request(&rig, USB_DIR_IN, 0x123, &byte, 1), 1);
	assert_int_equal(byte, 0xa5);
	rig_close(&rig);
}

static void more_than_4096_bytes_are_refused(void **state)
{
	static uint8_t data[USB_FX2_RAM_CHUNK + 1];
	struct rig rig;

	(void)state;
	open_bare(&rig);
	assert_int_equal(ram_request(&rig, 0, 0, data, sizeof(data)), -EPIPE);
	assert_int_equal(ram_request(&rig, 0, 0, data, sizeof(data) - 1),
		sizeof(data) - 1);
	assert_int_equal(
		ram_request(&rig, USB_DIR_IN, 0x3fff, data, 2), -EPIPE);
	rig_close(&rig);
}

static void a_bare_device_has_the_descriptors_of_the_chip(void **state)
{
	uint8_t data[255];
	struct rig rig;

	(void)state;
	open_bare(&rig);
	assert_int_equal(bcd_device(&rig), 0x0033);
	assert_int_equal(
		rig_control(&rig, USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
			USB_DESC_CONFIGURATION << 8, 0, data, sizeof(data)),
		171);
	assert_int_equal(data[4], 1); /* One interface. */
	assert_int_equal(rig_control(&rig, USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
				 USB_DESC_STRING << 8 | 3, USB_LANG_ENGLISH,
				 data, sizeof(data)),
		-EPIPE);
	assert_int_equal(rig_select(&rig, 0, 3), 0);
	assert_int_equal(rig_select(&rig, 0, 4), -EPIPE);
	assert_int_equal(rig_select(&rig, 1, 1), -EPIPE);
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, data, 2), -EPIPE);
	assert_int_equal(rig_transfer(&rig, USB_EP6_IN, data, 64), -EPIPE);
	rig_close(&rig);
}

static void queued_transfers_end_when_the_device_leaves(void **state)
{
	uint8_t data[64];
	struct urb urb = {
		.endpoint = USB_EP1_IN, .data = data, .length = sizeof(data)};
	struct rig rig;

	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	bus_submit(rig.bus, &urb);
	assert_int_equal(write_byte(&rig, USB_FX2_CPUCS, 1), 1);
	assert_int_equal(write_byte(&rig, USB_FX2_CPUCS, 0), 1);
	assert_int_equal(rig_wait(&rig, &urb), -ENODEV);
	assert_true(bus_lost(rig.bus));
	assert_false(bus_enumerate(rig.bus));
	/* Transfers that are submitted later fail at once, even when the device
	   is back. */
	assert_int_equal(write_byte(&rig, 0, 0), -ENODEV);
	assert_true(rig_return(&rig));
	assert_int_equal(bcd_device(&rig), 0x0933);
	/* Its interfaces are off, as after power-up. */
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	rig_do(&rig, MGMT_FPGA_STATUS, NULL, 0, NULL);
	rig_close(&rig);
}

static void a_long_run_of_the_bus_misses_no_departure(void **state)
{
	struct rig rig;

	(void)state;
	open_bare(&rig);
	write_byte(&rig, USB_FX2_CPUCS, 1);
	write_byte(&rig, USB_FX2_CPUCS, 0);
	bus_run(rig.bus, bus_now(rig.bus) + 5000000 * (tick)TICKS_PER_US);
	assert_true(bus_lost(rig.bus));
	assert_int_equal(write_byte(&rig, 0, 0), -ENODEV);
	assert_true(bus_enumerate(rig.bus));
	assert_int_equal(write_byte(&rig, 0, 0), 1);
	rig_close(&rig);
}

/* Holds and releases the 8051 of a device: how long the device takes to leave,
   and how long it is away, in microseconds. */
static void measure(struct rig *rig, uint64_t *ret_start, uint64_t *ret_away)
{
	tick begin;

	write_byte(rig, USB_FX2_CPUCS, 1);
	write_byte(rig, USB_FX2_CPUCS, 0);
	begin = bus_now(rig->bus);
	while (!bus_lost(rig->bus))
		bus_run(rig->bus, bus_now(rig->bus) + TICKS_PER_MICROFRAME);
	*ret_start = (bus_now(rig->bus) - begin) / TICKS_PER_US;
	begin = bus_now(rig->bus);
	while (!bus_enumerate(rig->bus))
		bus_run(rig->bus, bus_now(rig->bus) + TICKS_PER_MICROFRAME);
	*ret_away = (bus_now(rig->bus) - begin) / TICKS_PER_US;
}

static void the_times_of_a_departure_can_be_chosen(void **state)
{
	struct device_options options = rig_c3;
	uint64_t start, away;
	struct rig rig;

	(void)state;
	rig_open(&rig, &options, NULL);
	measure(&rig, &start, &away);
	assert_in_range(start, 800, 1200);
	assert_in_range(away, 999800, 1000200);
	rig_close(&rig);
	options.start_us = 50000;
	options.away_us = 10000;
	rig_open(&rig, &options, NULL);
	measure(&rig, &start, &away);
	assert_in_range(start, 49800, 50200);
	assert_in_range(away, 9800, 10200);
	rig_close(&rig);
}

/* The firmware loads a stored bitstream before it leaves the bus, and answers
   nothing meanwhile. */
static void a_stored_bitstream_delays_the_departure_by_seconds(void **state)
{
	static uint8_t eeprom[EEPROM_SIZE];
	struct device_options options = rig_c3;
	uint32_t size = 135100;
	uint64_t start, away;
	uint8_t data[18];
	struct rig rig;

	(void)state;
	device_format_eeprom(&options, eeprom);
	memcpy(eeprom + CONFIG_ADDRESS +
			offsetof(struct config_block, bitstream_size),
		&size, sizeof(size));
	options.eeprom = eeprom;
	rig_open(&rig, &options, NULL);
	measure(&rig, &start, &away);
	assert_in_range(start, 3800000, 3900000);
	assert_in_range(away, 999800, 1000200);
	write_byte(&rig, USB_FX2_CPUCS, 1);
	write_byte(&rig, USB_FX2_CPUCS, 0);
	assert_int_equal(write_byte(&rig, 0x3000, 0x5a), 1);
	assert_int_equal(rig_control(&rig, USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
				 USB_DESC_DEVICE << 8, 0, data, 18),
		-ENODEV);
	rig_close(&rig);
}

static void a_held_8051_stands_still_and_a_bare_device_still_answers(
	void **state)
{
	uint8_t data[18];
	struct rig rig;

	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	write_byte(&rig, USB_FX2_CPUCS, 1);
	assert_int_equal(rig_control(&rig, USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
				 USB_DESC_DEVICE << 8, 0, data, 18),
		-ETIMEDOUT);
	assert_false(rig_return(&rig));
	rig_close(&rig);

	open_bare(&rig);
	write_byte(&rig, USB_FX2_CPUCS, 1);
	assert_int_equal(bcd_device(&rig), 0x0033);
	rig_close(&rig);
}

/* The bytes at 0, the byte at 3, and the resulting API level. */
static void firmware_runs_if_it_begins_with_a_jump_to_written_bytes(
	void **state)
{
	static const struct {
		uint8_t vector[3], target;
		int level;
	} cases[] = {
		{{0x02, 0x00, 0x03}, 0x80, 9}, /* LJMP 0003h. */
		{{0x01, 0x03, 0x00}, 0x80, 9}, /* AJMP 003h. */
		{{0x80, 0x01, 0x00}, 0x80, 9}, /* SJMP +1. */
		{{0x02, 0x00, 0x03}, 0xff, 0}, /* A jump to erased memory. */
		/* A jump to bytes that were not written. */
		{{0x02, 0x00, 0x04}, 0x80, 0},
		{{0x02, 0x40, 0x03}, 0x80, 0}, /* A jump out of RAM. */
		/* A jump backwards, out of RAM. */
		{{0x80, 0x80, 0x00}, 0x80, 0},
		{{0xff, 0xff, 0xff}, 0x80, 0},
		{{0x00, 0x00, 0x00}, 0x80, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;
		uint8_t target = cases[i].target;

		rig_open(&rig, &rig_c3, NULL);
		write_byte(&rig, USB_FX2_CPUCS, 1);
		ram_request(&rig, 0, 0, (uint8_t *)cases[i].vector, 3);
		ram_request(&rig, 0, 3, &target, 1);
		write_byte(&rig, USB_FX2_CPUCS, 0);
		assert_true(rig_return(&rig));
		assert_int_equal(bcd_device(&rig) >> 8, cases[i].level);
		rig_close(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_write_request_ends_with_an_empty_status_packet),
		cmocka_unit_test(more_than_4096_bytes_are_refused),
		cmocka_unit_test(a_bare_device_has_the_descriptors_of_the_chip),
		cmocka_unit_test(queued_transfers_end_when_the_device_leaves),
		cmocka_unit_test(a_long_run_of_the_bus_misses_no_departure),
		cmocka_unit_test(the_times_of_a_departure_can_be_chosen),
		cmocka_unit_test(
			a_stored_bitstream_delays_the_departure_by_seconds),
		cmocka_unit_test(
			a_held_8051_stands_still_and_a_bare_device_still_answers),
		cmocka_unit_test(
			firmware_runs_if_it_begins_with_a_jump_to_written_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
