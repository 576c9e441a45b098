/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the firmware does otherwise than the model of the public one: the table
 * of differences in firmware/README.md; and the times that it takes, which are
 * exact, as the virtual FX2 counts cycles.
 *	behaviour FIRMWARE.ihex
 */
#include "requests.h"

#include <errno.h>
#include <string.h>

#include "lib/base/internal.h"
#include "tests/support/support.h"
#include "virtual/fx2/internal.h"

#define MS        (1000 * (tick)TICKS_PER_US)
#define ICE_TAIL  (image_size - BOARD_ICE_MEM_SIZE)
#define EP2_CHUNK 16384

static struct chip_image firmware;
static struct rig rig;
static struct mgmt_packet reply;

static void open_options(struct device_options *options)
{
	options->chip = true;
	options->firmware = &firmware;
	rig_open(&rig, options, NULL);
}

static int set_up(void **state)
{
	struct device_options options = rig_c3;

	(void)state;
	open_options(&options);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_null(device_fault(rig.device));
	assert_int_equal(device_i2c_clashes(rig.device), 0);
	rig_close(&rig);
	return 0;
}

static void reopen(struct device_options *options)
{
	rig_close(&rig);
	open_options(options);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
}

static void run(tick ticks)
{
	bus_run(rig.bus, bus_now(rig.bus) + ticks);
}

static struct board_port *port_a(void)
{
	return &rig.device->board.ports[0];
}

static void refuse(uint8_t code, const void *data, size_t size)
{
	assert_in_range(rig_ask(&rig, code, data, size, &reply), 2, 64);
	assert_int_equal(reply.code, MGMT_ERROR);
}

static void set_supply(uint16_t mv)
{
	struct mgmt_values values = {1, {mv}};

	rig_do(&rig, MGMT_SET_VSUPPLY, &values, sizeof(values), NULL);
}

/* ---- The FPGA ---- */

static void send_image(void)
{
	static uint8_t chunk[EP2_CHUNK];

	for (size_t at = 0; at < image_size; at += sizeof(chunk)) {
		size_t size = image_size - at < sizeof(chunk) ? image_size - at
							      : sizeof(chunk);

		memcpy(chunk, image_bytes + at, size);
		assert_int_equal(
			rig_transfer(&rig, USB_EP2_OUT, chunk, size), size);
	}
}

static void finish(uint8_t code)
{
	struct mgmt_bitstream bitstream = {.size = image_size};

	memcpy(bitstream.id, image_id, FPGA_ID_SIZE);
	do
		rig_ask(&rig, code, &bitstream, sizeof(bitstream), &reply);
	while (reply.code == MGMT_WAIT);
	assert_int_equal(reply.code, MGMT_ACK);
}

static void load(void)
{
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_CFG), 0);
	send_image();
	finish(MGMT_FPGA_LOAD_CFG);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_OFF), 0);
}

static bool is_configured(void)
{
	rig_do(&rig, MGMT_FPGA_STATUS, NULL, 0, &reply);
	return reply.data.bitstream.size == image_size &&
		memcmp(reply.data.bitstream.id, image_id, FPGA_ID_SIZE) == 0;
}

/* How long the loop of firmware/spi.c takes for the image: instruction cycles of
   four clocks for each byte. */
static tick image_time(void)
{
	uint64_t halves = 0;

	for (size_t i = 0; i < image_size; i++)
		halves += image_bytes[i] == 0 ? 79 : 107;
	return halves * 2 * TICKS_PER_CYCLE;
}

/* Beside the loop there are 1.2 ms for the FPGA's reset, and the way of 264
   packets. */
static void without_supplies_a_load_takes_the_time_of_the_loop(void **state)
{
	tick start = bus_now(rig.bus);

	(void)state;
	load();
	assert_in_range((bus_now(rig.bus) - start - image_time()) / MS, 10, 25);
	assert_true(is_configured());
	assert_int_equal(rig_read_register(&rig, REG_HEALTH, 1), 0xa5);
}

static void a_load_waits_until_the_supplies_have_discharged(void **state)
{
	tick start;

	(void)state;
	load();
	set_supply(3300);
	run(20 * MS);
	start = bus_now(rig.bus);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_CFG), 0);
	assert_in_range((bus_now(rig.bus) - start) / MS, 262, 285);
	assert_false(port_a()->enabled);
	/* The wait is over: the next one is short. */
	start = bus_now(rig.bus);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_CFG), 0);
	assert_in_range((bus_now(rig.bus) - start) / MS, 0, 3);
}

static void a_supply_that_was_turned_off_before_discharges_meanwhile(
	void **state)
{
	tick start;

	(void)state;
	load();
	set_supply(3300);
	set_supply(0);
	run(300 * MS);
	start = bus_now(rig.bus);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_CFG), 0);
	assert_in_range((bus_now(rig.bus) - start) / MS, 0, 3);
}

static void descriptors_are_read_while_a_load_waits(void **state)
{
	struct urb select = {
		.setup = {USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE,
			USB_ALT_CFG, USB_IFACE_EP2OUT, 0}};
	uint8_t data[18];

	(void)state;
	load();
	set_supply(3300);
	bus_submit(rig.bus, &select);
	run(10 * MS);
	/* A host that gives up, and asks for something else. */
	bus_cancel(rig.bus, &select);
	run(1 * MS);
	assert_int_equal(rig_control(&rig, USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
				 USB_DESC_DEVICE << 8, 0, data, sizeof(data)),
		18);
	assert_int_equal(data[0], 18);
}

static void an_alternate_setting_right_after_a_load_has_buffers(void **state)
{
	uint8_t data[512] = {0};

	(void)state;
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_CFG), 0);
	send_image();
	finish(MGMT_FPGA_LOAD_CFG);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_2X), 0);
	assert_int_equal(
		rig_transfer(&rig, USB_EP2_OUT, data, sizeof(data)), 512);
}

/* ---- A stored bitstream ---- */

static uint8_t eeprom[EEPROM_SIZE], ice_mem[BOARD_ICE_MEM_SIZE];

static struct device_options stored(void)
{
	struct device_options options = rig_c3;
	struct config_block *block =
		(struct config_block *)(eeprom + CONFIG_ADDRESS);

	device_format_eeprom(&options, eeprom);
	block->bitstream_size = image_size;
	memcpy(block->bitstream_id, image_id, FPGA_ID_SIZE);
	memcpy(ice_mem, image_bytes, sizeof(ice_mem));
	memcpy(eeprom + EEPROM_BITSTREAM_TAIL, image_bytes + sizeof(ice_mem),
		ICE_TAIL);
	options.eeprom = eeprom;
	options.ice_mem = ice_mem;
	return options;
}

static void a_stored_bitstream_is_loaded_while_the_host_is_served(void **state)
{
	struct device_options options = stored();

	(void)state;
	reopen(&options);
	assert_false(is_configured());
	rig_do(&rig, MGMT_GET_VSENSE, NULL, 0, &reply);
	while (!is_configured())
		run(10 * MS);
	assert_in_range(bus_now(rig.bus) / MS, 3000, 3500);
	assert_int_equal(rig_read_register(&rig, REG_HEALTH, 1), 0xa5);
}

static void a_load_ends_that_of_the_stored_bitstream(void **state)
{
	struct device_options options = stored();

	(void)state;
	reopen(&options);
	run(1000 * MS);
	load();
	assert_true(is_configured());
	run(4000 * MS);
	assert_true(is_configured());
}

static void what_the_host_stores_is_loaded_by_the_next_start(void **state)
{
	struct device_options options = rig_c3;
	const struct config_block *block;

	(void)state;
	set_supply(3300);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_NVM), 0);
	assert_false(port_a()->enabled);
	send_image();
	finish(MGMT_FPGA_LOAD_NVM);
	assert_int_equal(reply.data.progress, image_size);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_OFF), 0);

	memcpy(eeprom, device_eeprom(rig.device), sizeof(eeprom));
	memcpy(ice_mem, device_ice_mem(rig.device), sizeof(ice_mem));
	block = (const struct config_block *)(eeprom + CONFIG_ADDRESS);
	assert_int_equal(block->bitstream_size, image_size);
	options.eeprom = eeprom;
	options.ice_mem = ice_mem;
	reopen(&options);
	run(4000 * MS);
	assert_true(is_configured());
}

/* ---- Start ---- */

static void write_ram(uint16_t address, const uint8_t *data, uint16_t size)
{
	uint8_t bytes[USB_FX2_RAM_CHUNK];

	memcpy(bytes, data, size);
	assert_int_equal(rig_control(&rig, USB_TYPE_VENDOR, USB_REQ_FX2_RAM,
				 address, 0, bytes, size),
		size);
}

/* The hub alone takes 120 ms of that. */
static void after_a_load_by_0xa0_the_device_is_back_within_300_ms(void **state)
{
	const uint8_t hold = 1, start = 0;
	struct device_options options = stored();
	tick begin;

	(void)state;
	reopen(&options);
	write_ram(USB_FX2_CPUCS, &hold, 1);
	for (size_t at = 0; at < 0x3000; at += USB_FX2_RAM_CHUNK)
		write_ram(at, firmware.data + at, USB_FX2_RAM_CHUNK);
	begin = bus_now(rig.bus);
	write_ram(USB_FX2_CPUCS, &start, 1);
	assert_true(rig_return(&rig));
	assert_in_range((bus_now(rig.bus) - begin) / MS, 100, 300);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	rig_do(&rig, MGMT_GET_VSENSE, NULL, 0, &reply);
}

static bool fpga_is_configured(void)
{
	return rig.device->fpga->ops->done(rig.device->fpga);
}

static void restart(void)
{
	const uint8_t hold = 1, start = 0;

	write_ram(USB_FX2_CPUCS, &hold, 1);
	write_ram(USB_FX2_CPUCS, &start, 1);
	assert_true(rig_return(&rig));
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
}

/* Its pins would be pulled up while the ports' level shifters have power. */
static void a_restart_keeps_the_fpga_until_the_supplies_have_discharged(
	void **state)
{
	(void)state;
	load();
	set_supply(3300);
	restart();
	assert_false(port_a()->enabled);
	assert_true(fpga_is_configured());
	assert_false(is_configured());
	run(200 * MS);
	assert_false(fpga_is_configured());
}

/* The host does not know what the FPGA would drive. */
static void a_supply_waits_until_an_old_configuration_is_gone(void **state)
{
	tick start;

	(void)state;
	load();
	restart();
	start = bus_now(rig.bus);
	assert_true(fpga_is_configured());
	set_supply(3300);
	assert_false(fpga_is_configured());
	assert_true(port_a()->enabled);
	assert_in_range((bus_now(rig.bus) - start) / MS, 50, 262);
}

/* At each moment of the transactions that read ICE_MEM. */
static void a_restart_in_the_middle_of_a_read_frees_the_bus(void **state)
{
	struct device_options options = stored();

	(void)state;
	reopen(&options);
	for (unsigned i = 0; i < 40; i++) {
		run(10 * MS + i * 130 * TICKS_PER_US);
		restart();
		rig_do(&rig, MGMT_GET_VSENSE, NULL, 0, &reply);
	}
}

static uint16_t vendor_of_device(void)
{
	struct usb_device_descriptor device;

	assert_int_equal(
		rig_control(&rig, USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
			USB_DESC_DEVICE << 8, 0, &device, sizeof(device)),
		sizeof(device));
	return device.idVendor;
}

static void assert_ports_are_refused(void)
{
	const struct mgmt_values values = {1, {3300}};

	refuse(MGMT_SET_VSUPPLY, &values, sizeof(values));
	refuse(MGMT_GET_VSENSE, NULL, 0);
	assert_int_equal(
		rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_CFG), -EPIPE);
	assert_false(port_a()->enabled);
	/* But the EEPROM can be read. */
	rig_do(&rig, MGMT_READ_EEPROM, (uint8_t[]){0, 0, 8}, 3, &reply);
}

static void a_board_without_block_has_the_ids_of_an_fx2(void **state)
{
	struct device_options options = rig_c3;

	(void)state;
	memset(eeprom, 0xff, sizeof(eeprom));
	options.eeprom = eeprom;
	reopen(&options);
	assert_int_equal(vendor_of_device(), USB_VID_CYPRESS);
	assert_ports_are_refused();
}

static void a_board_of_another_revision_keeps_its_pins(void **state)
{
	struct device_options options = rig_c3;

	(void)state;
	device_format_eeprom(&options, eeprom);
	eeprom[CONFIG_ADDRESS] = REVISION_D0;
	options.eeprom = eeprom;
	reopen(&options);
	assert_int_equal(vendor_of_device(), USB_VID_QIHW);
	assert_ports_are_refused();
}

/* The EEPROM has the limits of A and B in the places of C and D. */
static void a_limit_of_an_old_block_is_stored_where_it_is_found(void **state)
{
	struct device_options options = rig_c3;
	struct config_block *block =
		(struct config_block *)(eeprom + CONFIG_ADDRESS);
	const struct mgmt_values values = {1, {3600}};

	(void)state;
	device_format_eeprom(&options, eeprom);
	block->flags = 0;
	block->vlimit_mv[3] = 2500;
	options.eeprom = eeprom;
	reopen(&options);
	rig_do(&rig, MGMT_SET_VLIMIT, &values, sizeof(values), NULL);
	memcpy(eeprom, device_eeprom(rig.device), sizeof(eeprom));
	assert_int_equal(block->vlimit_mv[2], 3600);
	assert_int_equal(block->vlimit_mv[0], 0);
	reopen(&options);
	rig_do(&rig, MGMT_GET_VLIMIT, NULL, 0, &reply);
	assert_int_equal(reply.data.values.value[0], 3600);
	assert_int_equal(reply.data.values.value[1], 2500);
}

/* A host converts the block while the firmware runs, as clyde_flash_*() do. */
static void a_limit_goes_to_its_new_place_when_the_block_was_converted(
	void **state)
{
	struct device_options options = rig_c3;
	struct config_block *block =
		(struct config_block *)(eeprom + CONFIG_ADDRESS);
	const struct mgmt_values values = {1, {3600}};
	struct mgmt_eeprom_write flags = {
		.address =
			CONFIG_ADDRESS + offsetof(struct config_block, flags),
		.data = {CONFIG_API_LEVEL_7},
	};

	(void)state;
	device_format_eeprom(&options, eeprom);
	block->flags = 0;
	options.eeprom = eeprom;
	reopen(&options);
	rig_do(&rig, MGMT_WRITE_EEPROM, &flags, sizeof(flags.address) + 1,
		NULL);
	rig_do(&rig, MGMT_SET_VLIMIT, &values, sizeof(values), NULL);
	memcpy(eeprom, device_eeprom(rig.device), sizeof(eeprom));
	assert_int_equal(block->vlimit_mv[0], 3600);
	assert_int_equal(block->vlimit_mv[2], 0);
}

/* ---- Ports ---- */

static void to_remove_a_limit_leaves_the_supply(void **state)
{
	const struct mgmt_values none = {1, {0}};
	uint16_t before;

	(void)state;
	set_supply(1800);
	before = board_supply_mv(&rig.device->board, 0);
	rig_do(&rig, MGMT_SET_VLIMIT, &none, sizeof(none), NULL);
	assert_int_equal(board_supply_mv(&rig.device->board, 0), before);
}

static void a_port_without_supply_has_no_pulls(void **state)
{
	(void)state;
	rig_do(&rig, MGMT_GET_PULLS, NULL, 0, &reply);
	assert_int_equal(reply.data.pulls.mask, 3);
	for (unsigned i = 0; i < BOARD_PORTS; i++) {
		assert_int_equal(reply.data.pulls.value[i].down, 0);
		assert_int_equal(reply.data.pulls.value[i].up, 0);
	}
}

static void pulls_wait_until_the_supply_has_risen(void **state)
{
	struct device_options options = rig_c3;
	const struct mgmt_pulls pulls = {1, {{0x0f, 0xf0}}};

	(void)state;
	options.rise_us = 5000;
	reopen(&options);
	set_supply(3300);
	rig_do(&rig, MGMT_SET_PULLS, &pulls, sizeof(pulls), NULL);
	assert_int_equal(port_a()->pull_output, 0xf0);
	/* Not for ever: without a supply the chip does not answer. */
	set_supply(0);
	refuse(MGMT_SET_PULLS, &pulls, sizeof(pulls));
}

static void a_trip_current_below_the_load_is_reported(void **state)
{
	const struct mgmt_values trip = {1, {3000}}; /* 30 mA */

	(void)state;
	port_a()->load_ua = 50000;
	set_supply(3300);
	rig_do(&rig, MGMT_SET_IALERT, &trip, sizeof(trip), NULL);
	/* The alert comes by itself. */
	assert_int_equal(
		rig_transfer(&rig, USB_EP1_IN, &reply, sizeof(reply)), 8);
	assert_int_equal(reply.serial, 0);
	assert_int_equal(reply.code, MGMT_ALERT);
	assert_int_equal(reply.data.alerts.ports[0], MGMT_OVERCURRENT);
	assert_false(port_a()->enabled);
	assert_false(port_a()->alert);
}

static void a_mask_with_ports_that_are_not_there_sets_none(void **state)
{
	const struct mgmt_values trip = {5, {3000}};

	(void)state;
	refuse(MGMT_SET_IALERT, &trip, sizeof(trip));
	assert_int_equal(port_a()->oc_limit, 10000 & 0x7ff8);
}

/* ---- I2C ---- */

static void a_read_of_no_registers_leaves_the_bus_free(void **state)
{
	(void)state;
	load();
	/* Reading the register would drive SDA low: bit 7 is 0. */
	rig_do(&rig, MGMT_FPGA_GET_REG, (uint8_t[]){REG_MAP, 0}, 2, &reply);
	rig_do(&rig, MGMT_READ_EEPROM, (uint8_t[]){0, 0, 0}, 3, &reply);
	rig_do(&rig, MGMT_GET_VSENSE, NULL, 0, &reply);
	assert_int_equal(rig_read_register(&rig, REG_HEALTH, 1), 0xa5);
}

static void a_bus_that_is_held_ends_commands_with_an_error(void **state)
{
	tick start = bus_now(rig.bus);
	uint8_t data[18];

	(void)state;
	rig.device->board.sda_low = true;
	refuse(MGMT_GET_VSENSE, NULL, 0);
	assert_in_range((bus_now(rig.bus) - start) / MS, 0, 20);
	assert_int_equal(rig_control(&rig, USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
				 USB_DESC_DEVICE << 8, 0, data, sizeof(data)),
		18);
	rig.device->board.sda_low = false;
	rig_do(&rig, MGMT_GET_VSENSE, NULL, 0, &reply);
}

/* The EEPROM writes for 3 ms, in which the firmware asks for SETUP packets. */
static void a_setting_that_comes_during_a_command_is_selected_after_it(
	void **state)
{
	struct mgmt_packet request = {.serial = 1, .code = MGMT_WRITE_EEPROM};
	struct urb write = {.endpoint = USB_EP1_OUT,
		.data = (void *)&request,
		.length = 2 + 2 + 8};
	tick start;

	(void)state;
	request.data.eeprom_write.address = 0x100;
	bus_submit(rig.bus, &write);
	run(1 * MS);
	start = bus_now(rig.bus);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP4OUT, USB_ALT_OFF), 0);
	assert_in_range((bus_now(rig.bus) - start) / MS, 1, 4);
	assert_int_equal(
		rig_transfer(&rig, USB_EP1_IN, &reply, sizeof(reply)), 2);
	assert_int_equal(reply.serial, 1);
	assert_int_equal(reply.code, MGMT_ACK);
}

static void debug_reads_ram_and_no_registers(void **state)
{
	static const uint8_t none[MGMT_DATA_SIZE];
	const uint16_t code = 0, registers = 0xe678, edge = 0x3ff0;

	(void)state;
	rig_do(&rig, MGMT_DEBUG, &code, 2, &reply);
	assert_memory_equal(reply.data.bytes, firmware.data, MGMT_DATA_SIZE);
	rig_do(&rig, MGMT_DEBUG, &registers, 2, &reply);
	assert_memory_equal(reply.data.bytes, none, MGMT_DATA_SIZE);
	rig_do(&rig, MGMT_DEBUG, &edge, 2, &reply);
	assert_memory_equal(reply.data.bytes + 16, none, 16);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(without_supplies_a_load_takes_the_time_of_the_loop),
		TEST(a_load_waits_until_the_supplies_have_discharged),
		TEST(a_supply_that_was_turned_off_before_discharges_meanwhile),
		TEST(descriptors_are_read_while_a_load_waits),
		TEST(an_alternate_setting_right_after_a_load_has_buffers),
		TEST(a_stored_bitstream_is_loaded_while_the_host_is_served),
		TEST(a_load_ends_that_of_the_stored_bitstream),
		TEST(what_the_host_stores_is_loaded_by_the_next_start),
		TEST(after_a_load_by_0xa0_the_device_is_back_within_300_ms),
		TEST(a_restart_keeps_the_fpga_until_the_supplies_have_discharged),
		TEST(a_supply_waits_until_an_old_configuration_is_gone),
		TEST(a_restart_in_the_middle_of_a_read_frees_the_bus),
		TEST(a_board_without_block_has_the_ids_of_an_fx2),
		TEST(a_board_of_another_revision_keeps_its_pins),
		TEST(a_limit_of_an_old_block_is_stored_where_it_is_found),
		TEST(a_limit_goes_to_its_new_place_when_the_block_was_converted),
		TEST(to_remove_a_limit_leaves_the_supply),
		TEST(a_port_without_supply_has_no_pulls),
		TEST(pulls_wait_until_the_supply_has_risen),
		TEST(a_trip_current_below_the_load_is_reported),
		TEST(a_mask_with_ports_that_are_not_there_sets_none),
		TEST(a_read_of_no_registers_leaves_the_bus_free),
		TEST(a_bus_that_is_held_ends_commands_with_an_error),
		TEST(a_setting_that_comes_during_a_command_is_selected_after_it),
		TEST(debug_reads_ram_and_no_registers),
	};

	if (argc < 2)
		return 64;
	read_firmware(argv[1], &firmware);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
