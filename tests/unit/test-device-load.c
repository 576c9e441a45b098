/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the bitstreams of the virtual Glasgow over its bus: into the FPGA, into
 * the EEPROMs, and from the EEPROMs at power-up; and the boot ROM's access to
 * the 8051's RAM.
 */
#include "tests/support/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/internal.h"
#include "virtual/fx2/internal.h"

#define MS(ms) ((tick)480000 * (ms)) /* 480 Mb/s. */

static struct rig rig;
static struct mgmt_packet reply;

static const uint8_t id[8] = {'t', 'e', 's', 't', 1, 2, 3, 4};
static const uint8_t nothing[64];

static int set_up(void **state)
{
	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static void reopen(const char *fault)
{
	rig_close(&rig);
	rig_open(&rig, &rig_c3, fault);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
}

static int select_ep2(unsigned alternate)
{
	return rig_select(&rig, USB_IFACE_EP2OUT, alternate);
}

/* In transfers as a host makes them: the whole may take 14 s, which is longer
   than the rig waits for one. */
static void send(const uint8_t *data, size_t size)
{
	while (size > 0) {
		size_t part = size < 16384 ? size : 16384;

		assert_int_equal(
			rig_transfer(&rig, USB_EP2_OUT, (uint8_t *)data, part),
			part);
		data += part;
		size -= part;
	}
}

/* Sends a command about a bitstream of this size and returns its result. */
static unsigned ask(uint8_t code, uint32_t size)
{
	struct mgmt_bitstream request = {.size = size};
	int length;

	memcpy(request.id, id, sizeof(id));
	length = rig_ask(&rig, code, &request, sizeof(request), &reply);
	/* LOAD_NVM reports its progress, LOAD_CFG has no data. */
	assert_int_equal(length, code == MGMT_FPGA_LOAD_NVM ? 6 : 2);
	return reply.code;
}

/* Repeats the command until the answer is not WAIT. */
static unsigned ask_until_done(uint8_t code, uint32_t size)
{
	unsigned result;

	do
		result = ask(code, size);
	while (result == MGMT_WAIT);
	return result;
}

static void assert_status(uint32_t size, const uint8_t *expected)
{
	rig_do(&rig, MGMT_FPGA_STATUS, NULL, 0, &reply);
	assert_int_equal(reply.data.bitstream.size, size);
	assert_memory_equal(reply.data.bitstream.id, expected, 8);
}

static void load(void)
{
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	send(image_bytes, image_size);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ACK);
	assert_int_equal(select_ep2(USB_ALT_OFF), 0);
}

static void the_status_is_zero_until_the_fpga_is_configured(void **state)
{
	(void)state;
	assert_int_equal(rig_ask(&rig, MGMT_FPGA_STATUS, NULL, 0, &reply), 14);
	assert_int_equal(reply.code, MGMT_ACK);
	assert_memory_equal(reply.data.bytes, nothing, 12);
	load();
	assert_status(image_size, id);
	/* The load that has begun has cleared the status. */
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	assert_status(0, nothing);
}

/* load_end() starts the clock of the FPGA's I2C target.  A host that checks the
   health register before it leaves the setting gets a refusal. */
static void registers_do_not_answer_before_the_load_setting_is_left(
	void **state)
{
	const uint8_t health[] = {REG_HEALTH, 1}, flush[] = {REG_FLUSH, 0};

	(void)state;
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	send(image_bytes, image_size);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ACK);
	rig_ask(&rig, MGMT_FPGA_GET_REG, health, sizeof(health), &reply);
	assert_int_equal(reply.code, MGMT_ERROR);
	rig_ask(&rig, MGMT_FPGA_SET_REG, flush, sizeof(flush), &reply);
	assert_int_equal(reply.code, MGMT_ERROR);
	assert_int_equal(select_ep2(USB_ALT_OFF), 0);
	assert_int_equal(
		rig_read_register(&rig, REG_HEALTH, 1), REG_HEALTH_VALUE);
}

/* Clyde's firmware waits some 270 ms for supplies to discharge, and 1.3 ms in any
   case. */
static void a_load_begins_when_the_supplies_have_discharged(void **state)
{
	tick start = bus_now(rig.bus);

	(void)state;
	rig.device->board.ports[0].enabled = true;
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	assert_in_range(bus_now(rig.bus) - start, MS(271), MS(273));
	assert_false(rig.device->board.ports[0].enabled);
	start = bus_now(rig.bus);
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	assert_in_range(bus_now(rig.bus) - start, MS(1), MS(2));
	/* With the supplies off, the discharge time is not needed. */
	start = bus_now(rig.bus);
	assert_int_equal(select_ep2(USB_ALT_NVM), 0);
	assert_in_range(bus_now(rig.bus) - start, 0, MS(1));
}

static void a_load_turns_the_supplies_off(void **state)
{
	struct mgmt_values on = {3, {3300, 1800}};

	(void)state;
	rig_do(&rig, MGMT_SET_VSUPPLY, &on, sizeof(on), NULL);
	rig_do(&rig, MGMT_GET_VSUPPLY, NULL, 0, &reply);
	assert_in_range(reply.data.values.value[0], 3250, 3350);
	assert_in_range(reply.data.values.value[1], 1750, 1850);
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	rig_do(&rig, MGMT_GET_VSUPPLY, NULL, 0, &reply);
	assert_int_equal(reply.data.values.value[0], 0);
	assert_int_equal(reply.data.values.value[1], 0);
}

/* A load changes the FPGA's pins, so the supplies must be off.  A write to the
   EEPROM does not. */
static void a_load_into_the_eeprom_leaves_the_supplies_on(void **state)
{
	struct mgmt_values on = {1, {3300}};

	(void)state;
	rig_do(&rig, MGMT_SET_VSUPPLY, &on, sizeof(on), NULL);
	assert_int_equal(select_ep2(USB_ALT_NVM), 0);
	rig_do(&rig, MGMT_GET_VSUPPLY, NULL, 0, &reply);
	assert_in_range(reply.data.values.value[0], 3250, 3350);
}

static void load_cfg_waits_until_the_whole_bitstream_is_consumed(void **state)
{
	(void)state;
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	assert_int_equal(ask(MGMT_FPGA_LOAD_CFG, image_size), MGMT_WAIT);
	send(image_bytes, image_size - 1);
	bus_run(rig.bus, bus_now(rig.bus) + MS(10));
	assert_int_equal(ask(MGMT_FPGA_LOAD_CFG, image_size), MGMT_WAIT);
	assert_status(0, nothing);
	send(image_bytes + image_size - 1, 1);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ACK);
	assert_status(image_size, id);
}

static int get_descriptor(uint8_t type)
{
	uint8_t data[64];

	return rig_control(&rig, USB_DIR_IN, USB_REQ_GET_DESCRIPTOR, type << 8,
		0, data, sizeof(data));
}

/* libfx2's interrupt changes the autopointers by which the main loop clocks a
   packet into the FPGA. */
static void a_descriptor_that_is_read_during_a_load_spoils_the_load(
	void **state)
{
	const size_t first = 65536;

	(void)state;
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	/* The FX2 still holds packets that are not clocked in yet. */
	send(image_bytes, first);
	assert_int_equal(get_descriptor(USB_DESC_DEVICE), 18);
	assert_int_equal(device_load_clashes(rig.device), 1);
	send(image_bytes + first, image_size - first);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ERROR);
	assert_status(0, nothing);
}

static void a_descriptor_that_is_read_between_packets_spoils_nothing(
	void **state)
{
	const size_t first = 65536;

	(void)state;
	assert_int_equal(get_descriptor(USB_DESC_DEVICE), 18);
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	send(image_bytes, first);
	bus_run(rig.bus, bus_now(rig.bus) + MS(10));
	assert_int_equal(get_descriptor(USB_DESC_DEVICE), 18);
	/* Other requests do not use the autopointers. */
	send(image_bytes + first, image_size - first);
	rig_control(
		&rig, USB_DIR_IN, USB_REQ_GET_CONFIGURATION, 0, 0, &reply, 1);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ACK);
	assert_int_equal(device_load_clashes(rig.device), 0);
	/* Nor does the loop that writes into the EEPROM. */
	assert_int_equal(select_ep2(USB_ALT_OFF), 0);
	assert_int_equal(select_ep2(USB_ALT_NVM), 0);
	send(image_bytes, 4096);
	assert_int_equal(get_descriptor(USB_DESC_DEVICE), 18);
	assert_int_equal(device_load_clashes(rig.device), 0);
}

static void load_cfg_is_an_error_outside_its_setting(void **state)
{
	(void)state;
	assert_int_equal(ask(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ERROR);
	assert_int_equal(select_ep2(USB_ALT_NVM), 0);
	assert_int_equal(ask(MGMT_FPGA_LOAD_CFG, 0), MGMT_ERROR);
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	send(image_bytes, image_size);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ACK);
	/* The FPGA runs already. */
	assert_int_equal(ask(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ERROR);
	assert_status(image_size, id);
}

static void load_cfg_is_an_error_while_done_is_low(void **state)
{
	uint8_t *broken = malloc(image_size);

	(void)state;
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	assert_non_null(broken);
	memcpy(broken, image_bytes, image_size);
	broken[20000] ^= 1; /* The CRC will be wrong. */
	send(broken, image_size);
	free(broken);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ERROR);
	assert_status(0, nothing);
	/* Half of a good bitstream, which the host believes to be all of it. */
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	send(image_bytes, 60000);
	assert_int_equal(ask_until_done(MGMT_FPGA_LOAD_CFG, 60000), MGMT_ERROR);

	reopen("done");
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	send(image_bytes, image_size);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ERROR);
	assert_status(0, nothing);
	assert_int_equal(select_ep2(USB_ALT_OFF), 0);
	assert_int_equal(select_ep2(USB_ALT_2X), -EPIPE);
}

static void selecting_the_setting_again_restarts_the_load(void **state)
{
	(void)state;
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	send(image_bytes, 100000);
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	assert_int_equal(ask(MGMT_FPGA_LOAD_CFG, 1), MGMT_WAIT);
	send(image_bytes, image_size);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ACK);
	assert_int_equal(select_ep2(USB_ALT_OFF), 0);
	assert_int_equal(select_ep2(USB_ALT_2X), 0);
}

/* The layout of nvmem.c: 128 KiB in ICE_MEM, the rest at 0x7000; size and id in
   the configuration block at 12, behind revision and serial number. */
static void a_bitstream_in_the_eeprom_is_run_at_power_up(void **state)
{
	const uint8_t *eeprom = device_eeprom(rig.device);
	uint32_t size = image_size;

	(void)state;
	assert_in_range(image_size, 0x20000 + 1, 0x21000);
	assert_int_equal(select_ep2(USB_ALT_NVM), 0);
	assert_int_equal(ask(MGMT_FPGA_LOAD_NVM, image_size), MGMT_WAIT);
	assert_int_equal(reply.data.progress, 0);
	send(image_bytes, 1024);
	bus_run(rig.bus, bus_now(rig.bus) + MS(120));
	assert_int_equal(ask(MGMT_FPGA_LOAD_NVM, image_size), MGMT_WAIT);
	assert_int_equal(reply.data.progress, 1024);
	send(image_bytes + 1024, image_size - 1024);
	assert_memory_equal(eeprom + 12 + 17, nothing, 12);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_NVM, image_size), MGMT_ACK);
	assert_int_equal(reply.data.progress, image_size);
	assert_memory_equal(
		eeprom + 0x7000, image_bytes + 0x20000, image_size - 0x20000);
	assert_memory_equal(eeprom + 12 + 17, &size, 4);
	assert_memory_equal(eeprom + 12 + 21, id, 8);
	assert_int_equal(select_ep2(USB_ALT_OFF), 0);
	assert_status(0, nothing); /* Not loaded yet. */

	device_boot(rig.device);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	assert_status(image_size, id);
	assert_int_equal(select_ep2(USB_ALT_2X), 0);
	assert_int_equal(rig_read_register(&rig, 0x00, 1), 0xa5);
}

static void a_bitstream_loaded_by_usb_is_lost_at_power_down(void **state)
{
	static const uint8_t other[8] = "another";
	struct mgmt_bitstream request = {.size = image_size};

	(void)state;
	assert_int_equal(select_ep2(USB_ALT_NVM), 0);
	send(image_bytes, image_size);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_NVM, image_size), MGMT_ACK);
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	send(image_bytes, image_size);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_CFG, image_size), MGMT_ACK);
	rig_configure(&rig);
	assert_status(image_size, image_id);
	device_boot(rig.device);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	assert_status(image_size, id);

	/* Size 0 erases, in any setting, and leaves the FPGA as it is. */
	memcpy(request.id, other, sizeof(other));
	request.size = 0;
	assert_int_equal(rig_ask(&rig, MGMT_FPGA_LOAD_NVM, &request,
				 sizeof(request), &reply),
		6);
	assert_int_equal(reply.code, MGMT_ACK);
	assert_memory_equal(device_eeprom(rig.device) + 12 + 17, nothing, 12);
	assert_int_equal(select_ep2(USB_ALT_2X), 0);
	device_boot(rig.device);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	assert_status(0, nothing);
	assert_int_equal(select_ep2(USB_ALT_2X), -EPIPE);
}

/* A page of 64 B takes 5 ms to be written, and 1.5 ms to be sent; the figure of
   13.7 s is that of the datasheet's times. */
static void a_bitstream_takes_14_seconds_to_be_stored(void **state)
{
	tick start;

	(void)state;
	assert_int_equal((image_size + 63) / 64, 2111);
	assert_int_equal(select_ep2(USB_ALT_NVM), 0);
	start = bus_now(rig.bus);
	send(image_bytes, image_size);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_NVM, image_size), MGMT_ACK);
	assert_in_range(bus_now(rig.bus) - start, MS(13600), MS(13900));
}

static void a_stored_bitstream_outlives_the_device(void **state)
{
	struct device_options options = rig_c3;
	uint8_t eeprom[EEPROM_SIZE];
	uint8_t *ice_mem = malloc(BOARD_ICE_MEM_SIZE);

	(void)state;
	assert_non_null(ice_mem);
	assert_null(device_ice_mem(rig.device));
	assert_int_equal(select_ep2(USB_ALT_NVM), 0);
	send(image_bytes, image_size);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_NVM, image_size), MGMT_ACK);
	memcpy(eeprom, device_eeprom(rig.device), sizeof(eeprom));
	memcpy(ice_mem, device_ice_mem(rig.device), BOARD_ICE_MEM_SIZE);
	assert_memory_equal(ice_mem, image_bytes, BOARD_ICE_MEM_SIZE);
	options.eeprom = eeprom;
	options.ice_mem = ice_mem;
	rig_close(&rig);
	rig_open(&rig, &options, NULL);
	free(ice_mem);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	assert_status(image_size, id);
	assert_int_equal(select_ep2(USB_ALT_2X), 0);
}

/* ICE_MEM, which has most of the bitstream, is not in the EEPROM's image. */
static void half_a_bitstream_does_not_configure_at_power_up(void **state)
{
	struct device_options options = rig_c3;
	uint8_t eeprom[EEPROM_SIZE];

	(void)state;
	assert_int_equal(select_ep2(USB_ALT_NVM), 0);
	send(image_bytes, image_size);
	assert_int_equal(
		ask_until_done(MGMT_FPGA_LOAD_NVM, image_size), MGMT_ACK);
	memcpy(eeprom, device_eeprom(rig.device), sizeof(eeprom));
	options.eeprom = eeprom;
	rig_close(&rig);
	rig_open(&rig, &options, NULL);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	assert_status(0, nothing);
}

static void load_nvm_is_an_error_outside_its_setting(void **state)
{
	(void)state;
	assert_int_equal(ask(MGMT_FPGA_LOAD_NVM, 1), MGMT_ERROR);
	assert_int_equal(reply.data.progress, 0);
	assert_int_equal(select_ep2(USB_ALT_CFG), 0);
	send(image_bytes, 512);
	bus_run(rig.bus, bus_now(rig.bus) + MS(10));
	assert_int_equal(ask(MGMT_FPGA_LOAD_NVM, 512), MGMT_ERROR);
	/* Errors have zeros for data. */
	assert_int_equal(reply.data.progress, 0);
}

static int ram(uint8_t direction, uint16_t address, void *data, uint16_t size)
{
	return rig_control(&rig, direction | USB_TYPE_VENDOR, 0xa0, address, 0,
		data, size);
}

static void the_boot_rom_writes_and_reads_ram(void **state)
{
	uint8_t out[4096], in[512];

	(void)state;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = i * 31 >> 3;
	assert_int_equal(ram(0, 0x1000, out, 4096), 4096);
	assert_int_equal(ram(USB_DIR_IN, 0x1e00, in, 512), 512);
	assert_memory_equal(in, out + 0xe00, 512);
	assert_int_equal(ram(0, 0, out, 4097), -EPIPE);
}

static void the_boot_rom_reaches_the_scratch_ram(void **state)
{
	uint8_t out[512], in[512];

	(void)state;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = i * 13 >> 2;
	assert_int_equal(ram(0, 0xe000, out, 512), 512);
	assert_int_equal(ram(USB_DIR_IN, 0xe000, in, 512), 512);
	assert_memory_equal(in, out, 512);
	assert_int_equal(ram(USB_DIR_IN, 0xe1ff, in, 1), 1);
	assert_int_equal(in[0], out[511]);
	assert_int_equal(ram(USB_DIR_IN, 0xe1ff, in, 2), -EPIPE);
	assert_int_equal(ram(USB_DIR_IN, 0xe200, in, 1), -EPIPE);
	assert_int_equal(ram(USB_DIR_IN, 0xdfff, in, 1), -EPIPE);
	assert_int_equal(ram(USB_DIR_IN, 0x4000, in, 1), -EPIPE);
	/* It is not part of the program that the 8051 runs. */
	assert_int_equal(ram(USB_DIR_IN, 0x2000, in, 512), 512);
	assert_int_equal(in[511], 0);
}

/* CPUCS is 0xe600.  While the 8051 is held, only the boot ROM answers.  When
   the 8051 is released, the firmware starts from the beginning, off the bus at
   first. */
static void holding_and_releasing_the_8051_is_a_reboot(void **state)
{
	uint8_t hold = 1, run = 0, byte;

	(void)state;
	rig_configure(&rig);
	assert_int_equal(select_ep2(USB_ALT_2X), 0);
	assert_int_equal(ram(0, 0xe600, &hold, 1), 1);
	assert_int_equal(select_ep2(USB_ALT_OFF), -ETIMEDOUT);
	assert_int_equal(ram(USB_DIR_IN, 0, &byte, 1), 1);
	assert_int_equal(ram(0, 0xe600, &run, 1), 1);
	assert_true(rig_return(&rig));
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	assert_status(0, nothing);
	assert_int_equal(select_ep2(USB_ALT_2X), -EPIPE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_status_is_zero_until_the_fpga_is_configured),
		TEST(registers_do_not_answer_before_the_load_setting_is_left),
		TEST(a_load_begins_when_the_supplies_have_discharged),
		TEST(a_load_turns_the_supplies_off),
		TEST(a_load_into_the_eeprom_leaves_the_supplies_on),
		TEST(load_cfg_waits_until_the_whole_bitstream_is_consumed),
		TEST(a_descriptor_that_is_read_during_a_load_spoils_the_load),
		TEST(a_descriptor_that_is_read_between_packets_spoils_nothing),
		TEST(load_cfg_is_an_error_outside_its_setting),
		TEST(load_cfg_is_an_error_while_done_is_low),
		TEST(selecting_the_setting_again_restarts_the_load),
		TEST(a_bitstream_in_the_eeprom_is_run_at_power_up),
		TEST(a_bitstream_loaded_by_usb_is_lost_at_power_down),
		TEST(a_bitstream_takes_14_seconds_to_be_stored),
		TEST(a_stored_bitstream_outlives_the_device),
		TEST(half_a_bitstream_does_not_configure_at_power_up),
		TEST(load_nvm_is_an_error_outside_its_setting),
		TEST(the_boot_rom_writes_and_reads_ram),
		TEST(the_boot_rom_reaches_the_scratch_ram),
		TEST(holding_and_releasing_the_8051_is_a_reboot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
