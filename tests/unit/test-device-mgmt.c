/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the management protocol of the virtual Glasgow on EP1, packet by
 * packet: valid and invalid requests, one reply for each and in order, and
 * alerts, which come without a request.
 */
#include "tests/support/support.h"

#include <errno.h>
#include <string.h>

static struct rig rig;
static struct mgmt_packet reply;

static int tear_down(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static void open_with(uint8_t revision, const char *fault)
{
	struct device_options options = rig_c3;

	options.revision = revision;
	rig_open(&rig, &options, fault);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
}

static int set_up(void **state)
{
	(void)state;
	open_with(REVISION_C3, NULL);
	return 0;
}

static void reopen(uint8_t revision, const char *fault)
{
	rig_close(&rig);
	open_with(revision, fault);
}

/* Sends these bytes and asserts the reply. */
static void assert_answer(const char *request, size_t size,
	const char *expected, size_t expected_size)
{
	uint8_t out[64], in[64];

	memcpy(out, request, size);
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, out, size), size);
	assert_int_equal(rig_transfer(&rig, USB_EP1_IN, in, 64), expected_size);
	assert_memory_equal(in, expected, expected_size);
}

/* Asserts a reply that is an error, with as many zeros as the reply has
   data. */
static void assert_refused(
	uint8_t code, const void *data, size_t size, size_t zeros)
{
	static const uint8_t none[64];

	assert_int_equal(rig_ask(&rig, code, data, size, &reply), 2 + zeros);
	assert_int_equal(reply.serial, 0x5a);
	assert_int_equal(reply.code, 0xff);
	assert_memory_equal(reply.data.bytes, none, zeros);
}

static void assert_done(uint8_t code, const void *data, size_t size)
{
	assert_int_equal(rig_ask(&rig, code, data, size, &reply), 2);
	assert_int_equal(reply.code, MGMT_ACK);
}

static void the_reply_carries_the_serial_of_its_request(void **state)
{
	static const uint8_t none[12];

	(void)state;
	for (unsigned serial = 1; serial <= 255; serial += 127) {
		char request[2] = {serial, 0x22}, expected[14] = {serial, 0};

		memcpy(expected + 2, none, 12);
		assert_answer(request, 2, expected, 14);
	}
}

static void serial_0_is_refused(void **state)
{
	(void)state;
	assert_answer("\x00\x22", 2, "\x00\xff", 2);
	/* The refused request does not affect the next one. */
	assert_answer("\x01\x3c", 2, "\x01\x00\x03\x00\x00\x00\x00", 7);
}

static void a_request_of_one_byte_is_refused(void **state)
{
	(void)state;
	assert_answer("\x07", 1, "\x07\xff", 2);
}

/* The firmware looks at the buffer, in which the packet before it still is. */
static void an_empty_request_is_refused_with_the_serial_of_the_last(
	void **state)
{
	(void)state;
	assert_answer("", 0, "\x00\xff", 2);
	assert_answer("\x05\x22\x33", 3, "\x05\xff", 2);
	assert_answer("", 0, "\x05\xff", 2);
	assert_answer("\x06", 1, "\x06\xff", 2);
	assert_answer("\x07\x00", 2, "\x07\xff", 2);
}

/* Of the fault's command is only the packet that asked for it. */
static void an_empty_request_is_not_that_of_the_last_packet(void **state)
{
	(void)state;
	reopen(REVISION_C3, "mute@0x22:2");
	assert_int_equal(
		rig_transfer(&rig, USB_EP1_OUT, (uint8_t[]){5, 0x22}, 2), 2);
	assert_answer("", 0, "\x05\xff", 2);
}

static void an_unknown_command_is_refused(void **state)
{
	static const uint8_t codes[] = {0x00, 0x02, 0x12, 0x23, 0x2a, 0x3d,
		0x9f, 0xa2, 0xef, 0xf3, 0xff};
	static const uint8_t data[62];

	(void)state;
	for (size_t i = 0; i < sizeof(codes); i++) {
		assert_refused(codes[i], NULL, 0, 0);
		assert_refused(codes[i], data, 62, 0);
	}
}

static void a_request_of_the_wrong_length_is_refused(void **state)
{
	static const struct {
		uint8_t code, right;
	} commands[] = {{0x01, 2}, {0x40, 3}, {0x11, 3}, {0x20, 12}, {0x21, 12},
		{0x22, 0}, {0x29, 2}, {0x30, 9}, {0x31, 0}, {0x32, 9},
		{0x33, 0}, {0x34, 17}, {0x35, 0}, {0x36, 9}, {0x37, 0},
		{0x38, 0}, {0x39, 0}, {0x3a, 9}, {0x3b, 0}, {0x3c, 0},
		{0xa0, 0}, {0xa1, 6}, {0xf0, 2}, {0xf1, 4}, {0xf2, 2}};
	static const uint8_t data[62];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		unsigned right = commands[i].right;

		assert_refused(commands[i].code, data, right + 1, 0);
		assert_refused(commands[i].code, data, 62, 0);
		if (right > 0)
			assert_refused(commands[i].code, data, right - 1, 0);
	}
}

static void an_error_keeps_the_length_of_its_reply_and_no_data(void **state)
{
	(void)state;
	reopen(REVISION_C1, NULL); /* Revision C1 has no INA233. */
	assert_refused(MGMT_GET_IALERT, NULL, 0, 9);
	assert_refused(MGMT_GET_ISUPPLY, NULL, 0, 9);
	/* Nor has any revision C an analog frontend. */
	assert_refused(MGMT_NAFE_SINGLE, "\1\2\3", 3, 5);
	reopen(REVISION_C3, "error@0x38");
	assert_refused(MGMT_GET_VSENSE, NULL, 0, 9);
}

static void an_error_of_a_variable_length_reply_has_no_data(void **state)
{
	(void)state;
	assert_refused(MGMT_READ_EEPROM, "\0\0\x21", 3, 0); /* 33 B. */
	assert_refused(MGMT_FPGA_GET_REG, "\0\x21", 2, 0);
}

static void the_command_debug_answers_with_32_bytes_of_ram(void **state)
{
	static const char text[] = "thirty-two bytes of the FX2's ram";

	(void)state;
	assert_int_equal(rig_control(&rig, USB_TYPE_VENDOR, 0xa0, 0xe1e0, 0,
				 (void *)text, 32),
		32);
	assert_int_equal(rig_ask(&rig, 0x01, "\xe0\xe1", 2, &reply), 2 + 32);
	assert_int_equal(reply.code, MGMT_ACK);
	assert_memory_equal(reply.data.bytes, text, 32);
	/* The last 16 bytes, and 16 in which the model has none. */
	assert_int_equal(rig_ask(&rig, 0x01, "\xf0\xe1", 2, &reply), 2 + 32);
	assert_memory_equal(reply.data.bytes, text + 16, 16);
}

static void the_eeprom_is_read_by_up_to_32_bytes(void **state)
{
	(void)state;
	assert_int_equal(
		rig_ask(&rig, MGMT_READ_EEPROM, "\x0d\x00\x20", 3, &reply), 34);
	assert_int_equal(reply.code, MGMT_ACK);
	assert_memory_equal(reply.data.bytes, "20230101T120000Z", 16);
	assert_done(MGMT_READ_EEPROM, "\x00\x00\x00", 3);
}

static void the_eeprom_is_written_by_up_to_32_bytes(void **state)
{
	uint8_t request[35] = {0x40, 0x70}; /* At 0x7040. */
	const uint8_t *eeprom = device_eeprom(rig.device);

	(void)state;
	memset(request + 2, 'x', 33);
	assert_done(MGMT_WRITE_EEPROM, request, 34);
	assert_memory_equal(eeprom + 0x7040, request + 2, 32);
	assert_int_equal(eeprom[0x703f], 0xff);
	assert_int_equal(eeprom[0x7060], 0xff);
	assert_refused(MGMT_WRITE_EEPROM, request, 35, 0);
	assert_refused(MGMT_WRITE_EEPROM, request, 1, 0);
}

static void registers_up_to_2_belong_to_the_firmware(void **state)
{
	(void)state;
	rig_configure(&rig);
	for (uint8_t reg = 0; reg <= 2; reg++)
		assert_refused(MGMT_FPGA_SET_REG, (uint8_t[]){reg, 0x5a}, 2, 0);
	assert_int_equal(rig_read_register(&rig, 0, 1), 0xa5);
	assert_int_equal(rig_read_register(&rig, 1, 1), 0x0f);
	assert_done(MGMT_FPGA_SET_REG, "\x04\xc0\x00", 3);
	assert_int_equal(rig_read_register(&rig, 4, 2), 192);
	/* The write has no effect. */
	assert_done(MGMT_FPGA_SET_REG, "\x10", 1);
	assert_refused(MGMT_FPGA_SET_REG, NULL, 0, 0);
	assert_refused(MGMT_FPGA_SET_REG, (uint8_t[34]){3}, 34, 0);
}

static void a_read_of_no_registers_hangs_the_i2c_bus_until_the_next_load(
	void **state)
{
	(void)state;
	rig_configure(&rig);
	/* The highest bit of the health register is 1. */
	assert_done(MGMT_FPGA_GET_REG, "\x00\x00", 2);
	assert_int_equal(rig_read_register(&rig, 0, 1), 0xa5);
	assert_done(MGMT_FPGA_GET_REG, "\x0c\x00", 2);
	assert_refused(MGMT_FPGA_GET_REG, "\x00\x01", 2, 1);
	assert_refused(MGMT_GET_VSENSE, NULL, 0, 9);
	assert_refused(MGMT_READ_EEPROM, "\x00\x00\x01", 3, 1);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP6IN, USB_ALT_2X), -EPIPE);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP2OUT, USB_ALT_CFG), 0);
	rig_do(&rig, MGMT_GET_VSENSE, NULL, 0, &reply);
}

static void without_an_fpga_there_are_no_registers(void **state)
{
	(void)state;
	assert_refused(MGMT_FPGA_SET_REG, "\x10\x00", 2, 0);
	/* The reply has the requested length. */
	assert_refused(MGMT_FPGA_GET_REG, "\x00\x04", 2, 4);
}

/* All three requests are queued at once: EP1 holds one request and one
   reply. */
static void requests_are_answered_in_order(void **state)
{
	static const uint8_t codes[3] = {
		MGMT_WRITE_EEPROM, MGMT_GET_STATE, MGMT_FPGA_STATUS};
	struct urb out[3], in[3];
	struct mgmt_packet requests[3], replies[3];

	(void)state;
	memset(requests, 0, sizeof(requests));
	for (size_t i = 0; i < 3; i++) {
		requests[i].serial = 10 - i;
		requests[i].code = codes[i];
		out[i] = (struct urb){.endpoint = USB_EP1_OUT,
			.data = (uint8_t *)&requests[i],
			.length = i == 0 ? 2 + 34 : 2};
		in[i] = (struct urb){.endpoint = USB_EP1_IN,
			.data = (uint8_t *)&replies[i],
			.length = 64};
		bus_submit(rig.bus, &out[i]);
		bus_submit(rig.bus, &in[i]);
	}
	for (size_t i = 0; i < 3; i++)
		rig_wait(&rig, &in[i]);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(replies[i].serial, 10 - i);
		assert_int_equal(replies[i].code, MGMT_ACK);
	}
	assert_int_equal(in[0].actual, 2);
	assert_int_equal(in[1].actual, 2 + 5);
	assert_int_equal(in[2].actual, 2 + 12);
}

/* A request of EP6 IN's alternate setting in the middle of a command. */
static void disturb(uint8_t code, unsigned clashes, uint8_t result)
{
	uint8_t request[] = {7, code};

	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, request, 2), 2);
	assert_int_equal(rig_select(&rig, USB_IFACE_EP6IN, USB_ALT_2X), 0);
	assert_true(rig_transfer(&rig, USB_EP1_IN, &reply, 64) >= 2);
	assert_int_equal(reply.serial, 7);
	assert_int_equal(reply.code, result);
	assert_int_equal(device_i2c_clashes(rig.device), clashes);
}

static void an_alternate_setting_spoils_a_command_that_uses_i2c(void **state)
{
	(void)state;
	reopen(REVISION_C3, "delay@0x31:1000");
	rig_configure(&rig);
	disturb(MGMT_FPGA_STATUS, 0, MGMT_ACK);
	disturb(MGMT_GET_VSUPPLY, 1, MGMT_ERROR);
	rig_do(&rig, MGMT_GET_VSUPPLY, NULL, 0, &reply);
	assert_int_equal(device_i2c_clashes(rig.device), 1);
}

static void selecting_the_interface_again_discards_the_current_request(
	void **state)
{
	uint8_t request[] = {1, MGMT_FPGA_STATUS};

	(void)state;
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, request, 2), 2);
	bus_run(rig.bus, bus_now(rig.bus) + 480000);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	assert_answer("\x02\x3c", 2, "\x02\x00\x03\x00\x00\x00\x00", 7);
}

static void selecting_the_interface_again_does_not_end_a_command_under_way(
	void **state)
{
	uint8_t request[] = {7, MGMT_GET_STATE};

	(void)state;
	reopen(REVISION_C3, "delay@0x3c:1000");
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, request, 2), 2);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	assert_int_equal(rig_transfer(&rig, USB_EP1_IN, &reply, 64), 7);
	assert_int_equal(reply.serial, 7);
	rig_do(&rig, MGMT_FPGA_STATUS, NULL, 0, &reply);
}

static void an_interface_that_is_off_does_not_answer(void **state)
{
	uint8_t request[] = {1, MGMT_FPGA_STATUS};

	(void)state;
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_OFF), 0);
	assert_int_equal(rig_transfer(&rig, USB_EP1_OUT, request, 2), 2);
	assert_int_equal(rig_transfer(&rig, USB_EP1_IN, reply.data.bytes, 62),
		-ETIMEDOUT);
}

/* 0x04: overcurrent at port A.  It is of this session, so the first byte is
   1. */
static void an_alert_is_sent_before_the_reply_of_the_current_request(
	void **state)
{
	(void)state;
	reopen(REVISION_C3, "alert@0x3c");
	assert_answer("\x01\x22", 2, "\x01\x00\0\0\0\0\0\0\0\0\0\0\0\0", 14);
	assert_answer("\x02\x3c", 2, "\x00\x02\x01\x04\x00\x00\x00\x00", 8);
	assert_int_equal(rig_transfer(&rig, USB_EP1_IN, &reply, 64), 7);
	assert_memory_equal(&reply, "\x02\x00\x03\x00\x00\x00\x00", 7);
}

/* mgmt_poll() records the session as soon as it has no alert to report, and not
   only at a request. */
static void an_alert_is_of_this_session_before_the_first_request(void **state)
{
	(void)state;
	reopen(REVISION_C3, "alert@0x3c");
	assert_answer("\x02\x3c", 2, "\x00\x02\x01\x04\x00\x00\x00\x00", 8);
}

static void an_alert_waits_until_the_reply_before_it_is_read(void **state)
{
	struct device_options options = rig_c3;
	struct mgmt_values on = {2, {0, 3300}};

	(void)state;
	rig_close(&rig);
	options.load_ua[1] = 200000; /* Above the default limit of 100 mA. */
	rig_open(&rig, &options, NULL);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	assert_done(MGMT_SET_VSUPPLY, &on, sizeof(on));
	assert_int_equal(rig_transfer(&rig, USB_EP1_IN, &reply, 64), 8);
	assert_memory_equal(&reply, "\x00\x02\x01\x00\x04\x00\x00\x00", 8);
	rig_do(&rig, MGMT_GET_VSUPPLY, NULL, 0, &reply);
	assert_int_equal(reply.data.values.value[1], 0);
	assert_int_equal(rig_ask(&rig, MGMT_GET_ALERTS, NULL, 0, &reply), 8);
	assert_memory_equal(&reply.data, "\x01\x00\x04\x00\x00\x00", 6);
	/* Clearing affects only the bits that are set. */
	assert_done(MGMT_CLR_ALERTS, "\x00\xff\x03\xff\xff\xff", 6);
	assert_int_equal(rig_ask(&rig, MGMT_GET_ALERTS, NULL, 0, &reply), 8);
	assert_memory_equal(&reply.data, "\x01\x00\x04\x00\x00\x00", 6);
	assert_done(MGMT_CLR_ALERTS, "\x00\x00\x04\x00\x00\x00", 6);
	assert_int_equal(rig_ask(&rig, MGMT_GET_ALERTS, NULL, 0, &reply), 8);
	assert_memory_equal(&reply.data, "\x01\x00\x00\x00\x00\x00", 6);
}

/* The INA233 of port A is at 0x40; VIN is register 0x88, in units of 1.25 mV:
   3300 mV = 0x0a50. */
static void the_smbus_can_be_used_directly(void **state)
{
	struct device_options options = rig_c3;

	(void)state;
	rig_close(&rig);
	options.sense_mv[0] = 3300;
	rig_open(&rig, &options, NULL);
	assert_int_equal(rig_select(&rig, USB_IFACE_MGMT, USB_ALT_ON), 0);
	assert_int_equal(
		rig_ask(&rig, MGMT_READ_SMBUS, "\x40\x88", 2, &reply), 4);
	assert_memory_equal(&reply, "\x5a\x00\x50\x0a", 4);
	/* IOUT_OC_WARN_LIMIT is 0x4a. */
	assert_done(MGMT_WRITE_SMBUS, "\x40\x4a\x08\x10", 4);
	rig_do(&rig, MGMT_GET_IALERT, NULL, 0, &reply);
	assert_int_equal(reply.data.values.value[0], 0x1008);
	/* No chip has address 0x77. */
	assert_refused(MGMT_READ_SMBUS, "\x77\x00", 2, 2);
	assert_refused(MGMT_WRITE_SMBUS, "\x77\x00\x00\x00", 4, 0);
	assert_done(MGMT_TEST_LEDS, "\x01\x07", 2);
}

static void a_fault_affects_only_its_command(void **state)
{
	static const char *const faults[] = {
		"wait@0x3c", "serial@0x3c", "short@0x3c", "error@0x3c"};
	static const char answers[][3] = {
		"\x09\x01", "\x0a\x00", "\x09", "\x09\xff"};
	static const uint8_t sizes[] = {7, 7, 1, 7};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		uint8_t request[] = {9, 0x3c}, in[64];

		reopen(REVISION_C3, faults[i]);
		assert_done(MGMT_TEST_LEDS, "\x00\x00", 2);
		assert_int_equal(
			rig_transfer(&rig, USB_EP1_OUT, request, 2), 2);
		assert_int_equal(
			rig_transfer(&rig, USB_EP1_IN, in, 64), sizes[i]);
		assert_memory_equal(in, answers[i], sizes[i] < 2 ? 1 : 2);
		assert_done(MGMT_TEST_LEDS, "\x00\x00", 2);
	}
}

static void a_command_with_the_fault_mute_is_never_answered(void **state)
{
	(void)state;
	reopen(REVISION_C3, "mute@0x3c");
	assert_int_equal(
		rig_ask(&rig, MGMT_GET_STATE, NULL, 0, &reply), -ETIMEDOUT);
	assert_done(MGMT_TEST_LEDS, "\x00\x00", 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_reply_carries_the_serial_of_its_request),
		TEST(serial_0_is_refused),
		TEST(a_request_of_one_byte_is_refused),
		TEST(an_empty_request_is_refused_with_the_serial_of_the_last),
		TEST(an_empty_request_is_not_that_of_the_last_packet),
		TEST(an_unknown_command_is_refused),
		TEST(a_request_of_the_wrong_length_is_refused),
		TEST(an_error_keeps_the_length_of_its_reply_and_no_data),
		TEST(an_error_of_a_variable_length_reply_has_no_data),
		TEST(the_command_debug_answers_with_32_bytes_of_ram),
		TEST(the_eeprom_is_read_by_up_to_32_bytes),
		TEST(the_eeprom_is_written_by_up_to_32_bytes),
		TEST(registers_up_to_2_belong_to_the_firmware),
		TEST(a_read_of_no_registers_hangs_the_i2c_bus_until_the_next_load),
		TEST(without_an_fpga_there_are_no_registers),
		TEST(requests_are_answered_in_order),
		TEST(an_alternate_setting_spoils_a_command_that_uses_i2c),
		TEST(selecting_the_interface_again_discards_the_current_request),
		TEST(selecting_the_interface_again_does_not_end_a_command_under_way),
		TEST(an_interface_that_is_off_does_not_answer),
		TEST(an_alert_is_sent_before_the_reply_of_the_current_request),
		TEST(an_alert_is_of_this_session_before_the_first_request),
		TEST(an_alert_waits_until_the_reply_before_it_is_read),
		TEST(the_smbus_can_be_used_directly),
		TEST(a_fault_affects_only_its_command),
		TEST(a_command_with_the_fault_mute_is_never_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
