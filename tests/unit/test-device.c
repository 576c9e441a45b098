/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests EP0 of the virtual Glasgow.  Its descriptors must be byte for byte
   those of the public firmware's main.c and libfx2's usb.c. */
#include "tests/support/support.h"

#include <errno.h>
#include <string.h>

static struct rig rig;
static uint8_t data[512];

static int tear_down(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

/* GET_DESCRIPTOR: returns the size, or -errno. */
static int get(uint8_t type, uint8_t index, uint16_t length)
{
	memset(data, 0xee, sizeof(data));
	return rig_control(&rig, USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
		type << 8 | index, 0, data, length);
}

/* A vendor request to read: returns the size, or -errno. */
static int ask(uint8_t request, uint16_t value, uint16_t index)
{
	memset(data, 0xee, sizeof(data));
	return rig_control(&rig, USB_DIR_IN | USB_TYPE_VENDOR, request, value,
		index, data, 255);
}

/* Asserts that the string of this index is this ASCII text in UTF-16. */
static void assert_text(uint8_t index, const char *text)
{
	size_t length = strlen(text);

	assert_int_equal(get(USB_DESC_STRING, index, 255), 2 + 2 * length);
	assert_int_equal(data[0], 2 + 2 * length);
	assert_int_equal(data[1], 3);
	for (size_t i = 0; i < length; i++) {
		assert_int_equal(data[2 + 2 * i], text[i]);
		assert_int_equal(data[3 + 2 * i], 0);
	}
}

static void the_device_descriptor_is_the_firmwares(void **state)
{
	static const uint8_t expected[] = {18, 1, 0x10, 0x02, /* USB 2.1 */
		0xff, 0xff, 0xff, 64,   /* vendor's class; EP0 */
		0xb7, 0x20, 0xb1, 0x9d, /* 20b7:9db1 */
		0x33, 0x09,             /* revision C3, API level 9 */
		1, 2, 3, 1};

	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(get(USB_DESC_DEVICE, 0, 64), sizeof(expected));
	assert_memory_equal(data, expected, sizeof(expected));
}

static void the_revision_is_in_bcd_device_and_serial_number(void **state)
{
	static const char *const serials[] = {"C0-20230101T120000Z",
		"C1-20230101T120000Z", "C2-20230101T120000Z",
		"C3-20230101T120000Z"};

	(void)state;
	for (unsigned digit = 0; digit < 4; digit++) {
		struct device_options options = rig_c3;

		if (digit > 0)
			rig_close(&rig);
		options.revision = 0x30 + digit;
		rig_open(&rig, &options, NULL);
		assert_int_equal(get(USB_DESC_DEVICE, 0, 18), 18);
		assert_int_equal(data[12], 0x30 + digit);
		assert_text(3, serials[digit]);
	}
}

static void a_read_of_a_descriptor_may_be_shorter(void **state)
{
	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(get(USB_DESC_DEVICE, 0, 8), 8);
	assert_memory_equal(data, "\x12\x01\x10\x02\xff\xff\xff\x40\xee", 9);
	/* 205 B: three full packets and a short one. */
	assert_int_equal(get(USB_DESC_CONFIGURATION, 0, 192), 192);
	assert_int_equal(data[192], 0xee);
}

/* The descriptors of an interface setting (number, alternate, endpoints,
   string), and of an endpoint (bulk, 512 B, no interval). */
#define SETTING(number, alternate, count, string) \
	9, 4, number, alternate, count, 0xff, 0xff, 0xff, string
#define ENDPOINT(address) 7, 5, address, 2, 0x00, 0x02, 0

static void the_configuration_has_five_interfaces_and_14_settings(void **state)
{
	/* 9 + 14 * 9 + 10 * 7 = 205; bus-powered, 250 * 2 mA */
	static const uint8_t expected[] = {9, 2, 205, 0, 5, 1, 0, 0x80, 250,
		SETTING(0, 0, 0, 0),                 /* EP1 off */
		SETTING(0, 1, 2, 0), ENDPOINT(0x01), /* EP1 on */
		ENDPOINT(0x81),                      /* EP1 IN. */
		SETTING(1, 0, 0, 0),                 /* EP2 off */
		SETTING(1, 1, 1, 4), ENDPOINT(0x02), /* EP2 2X */
		SETTING(1, 2, 1, 5), ENDPOINT(0x02), /* EP2 4X */
		SETTING(1, 3, 1, 6), ENDPOINT(0x02), /* EP2 CFG */
		SETTING(1, 4, 1, 7), ENDPOINT(0x02), /* EP2 NVM */
		SETTING(2, 0, 0, 0),                 /* EP4 off */
		SETTING(2, 1, 1, 4), ENDPOINT(0x04), /* EP4 2X */
		SETTING(3, 0, 0, 0),                 /* EP6 off */
		SETTING(3, 1, 1, 4), ENDPOINT(0x86), /* EP6 2X */
		SETTING(3, 2, 1, 5), ENDPOINT(0x86), /* EP6 4X */
		SETTING(4, 0, 0, 0),                 /* EP8 off */
		SETTING(4, 1, 1, 4), ENDPOINT(0x88)};

	(void)state;
	_Static_assert(sizeof(expected) == 205, "as wTotalLength says");
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(get(USB_DESC_CONFIGURATION, 0, 512), 205);
	assert_memory_equal(data, expected, sizeof(expected));
	assert_int_equal(get(USB_DESC_CONFIGURATION, 1, 512), -EPIPE);
}

static void the_qualifier_has_no_other_configuration(void **state)
{
	static const uint8_t expected[] = {10, 6, 0x00, 0x02, 0, 0, 0, 8, 0, 0};

	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(get(USB_DESC_QUALIFIER, 0, 64), sizeof(expected));
	assert_memory_equal(data, expected, sizeof(expected));
}

static void the_strings_are_the_firmwares(void **state)
{
	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(get(USB_DESC_STRING, 0, 255), 4);
	assert_memory_equal(data, "\x04\x03\x09\x04", 4); /* English, US */
	assert_text(1, "whitequark research");
	assert_text(2, "Glasgow Interface Explorer; git virtual");
	assert_text(3, "C3-20230101T120000Z");
	assert_text(4, "2X");
	assert_text(5, "4X");
	assert_text(6, "CFG");
	assert_text(7, "NVM");
	assert_int_equal(get(USB_DESC_STRING, 8, 255), -EPIPE);
}

static void the_configuration_block_sets_the_manufacturer_string(void **state)
{
	struct device_options options = rig_c3;

	(void)state;
	/* All of the 22 characters of the field. */
	strcpy(options.manufacturer, "Sauchiehall Street Ltd");
	options.flags = CONFIG_MODIFIED_DESIGN;
	rig_open(&rig, &options, NULL);
	assert_text(1, "Sauchiehall Street Ltd");
	assert_text(2, "Another Interface Explorer; git virtual");
}

static void the_microsoft_string_names_the_vendor_request(void **state)
{
	static const uint8_t expected[] = {18, 3, 'M', 0, 'S', 0, 'F', 0, 'T',
		0, '1', 0, '0', 0, '0', 0, 0xc0, 0};

	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(get(USB_DESC_STRING, 0xee, 255), sizeof(expected));
	assert_memory_equal(data, expected, sizeof(expected));
}

static void the_compatible_id_descriptor_names_winusb(void **state)
{
	static const uint8_t ids[40] = {40, 0, 0, 0, 0x00, 0x01, 4, 0,
		1,                             /* one function: */
		0, 0, 0, 0, 0, 0, 0,           /* reserved */
		0, 1,                          /* First interface 0. */
		'W', 'I', 'N', 'U', 'S', 'B'}; /* And zeros. */
	static const uint8_t properties[10] = {10, 0, 0, 0, 0x00, 0x01, 5};

	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(ask(0xc0, 0, 4), sizeof(ids));
	assert_memory_equal(data, ids, sizeof(ids));
	assert_int_equal(ask(0xc0, 0, 5), sizeof(properties));
	assert_memory_equal(data, properties, sizeof(properties));
	assert_int_equal(ask(0xc0, 0, 6), -EPIPE);
}

static void the_bos_has_the_webusb_capability(void **state)
{
	/* {3408b638-09a9-47a0-8bfd-a0768815b665}, version 1.0, request 0xd0,
	   landing page 1 */
	static const uint8_t expected[] = {5, 15, 29, 0, 1, 24, 16, 5, 0, 0x38,
		0xb6, 0x08, 0x34, 0xa9, 0x09, 0xa0, 0x47, 0x8b, 0xfd, 0xa0,
		0x76, 0x88, 0x15, 0xb6, 0x65, 0x00, 0x01, 0xd0, 1};

	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(get(USB_DESC_BOS, 0, 255), sizeof(expected));
	assert_memory_equal(data, expected, sizeof(expected));
}

static void the_landing_page_is_offered_only_if_the_flag_is_set(void **state)
{
	static const char url[] = "webusb.glasgow-embedded.org";
	struct device_options options = rig_c3;
	uint8_t eeprom[EEPROM_SIZE];

	(void)state;
	device_format_eeprom(&options, eeprom);
	eeprom[75] &= ~CONFIG_WEBUSB;
	options.eeprom = eeprom;
	rig_open(&rig, &options, NULL);
	assert_int_equal(ask(0xd0, 1, 2), -EPIPE);
	rig_close(&rig);
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(ask(0xd0, 1, 2), 30);        /* 3 + 27 */
	assert_memory_equal(data, "\x1e\x03\x01", 3); /* a URL, https */
	assert_memory_equal(data + 3, url, 27);
	assert_int_equal(ask(0xd0, 2, 2), -EPIPE);
	assert_int_equal(ask(0xd0, 1, 3), -EPIPE);
}

/* usb_serve_descriptor() requires index 0 of all descriptors but strings. */
static void a_descriptor_of_another_index_stalls(void **state)
{
	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(get(USB_DESC_INTERFACE, 0, 255), -EPIPE);
	assert_int_equal(get(7, 0, 255), -EPIPE); /* other speed */
	assert_int_equal(get(USB_DESC_DEVICE, 1, 255), -EPIPE);
	assert_int_equal(get(USB_DESC_QUALIFIER, 1, 255), -EPIPE);
	assert_int_equal(get(USB_DESC_BOS, 1, 255), -EPIPE);
}

static void without_a_configuration_block_the_ids_are_those_of_a_bare_fx2(
	void **state)
{
	static const uint8_t blank[EEPROM_SIZE] = {0xff, 0xff};
	struct device_options options = rig_c3;

	(void)state;
	options.eeprom = blank;
	rig_open(&rig, &options, NULL);
	assert_int_equal(get(USB_DESC_DEVICE, 0, 18), 18);
	/* 04b4:8613, bcdDevice 0. */
	assert_memory_equal(data + 8, "\xb4\x04\x13\x86\x00\x00", 6);
	/* config_init() sets revision and serial number to 0xf9 each. */
	assert_text(3, "O9-9999999999999999");
	assert_text(1, "whitequark research");
}

static void status_and_configuration_can_be_read(void **state)
{
	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	assert_int_equal(rig_control(&rig, USB_DIR_IN,
				 USB_REQ_GET_CONFIGURATION, 0, 0, data, 1),
		1);
	assert_int_equal(data[0], 0);
	assert_int_equal(
		rig_control(&rig, 0, USB_REQ_SET_CONFIGURATION, 1, 0, NULL, 0),
		0);
	rig_control(&rig, USB_DIR_IN, USB_REQ_GET_CONFIGURATION, 0, 0, data, 1);
	assert_int_equal(data[0], 1);
	assert_int_equal(rig_control(&rig, USB_DIR_IN, USB_REQ_GET_STATUS, 0, 0,
				 data, 2),
		2);
	assert_memory_equal(data, "\x00\x00", 2);
	assert_int_equal(
		rig_control(&rig, 0, USB_REQ_SET_ADDRESS, 5, 0, NULL, 0), 0);
	assert_int_equal(rig_control(&rig, 0, 12, 0, 0, NULL, 0), -EPIPE);
	/* A class request, and a vendor request that does not exist. */
	assert_int_equal(rig_control(&rig, 0x20, 0, 0, 0, NULL, 0), -EPIPE);
	assert_int_equal(ask(0xb0, 0, 0), -EPIPE);
}

/* Only request 0xa0 has data to write, to the address in wValue; CPUCS is
   0xe600. */
static void only_the_boot_rom_writes_to_the_8051(void **state)
{
	uint8_t hold = 1, byte = 0x5a;

	(void)state;
	rig_open(&rig, &rig_c3, NULL);
	rig_control(&rig, 0, USB_REQ_SET_CONFIGURATION, 0x1001, 0, &byte, 1);
	assert_int_equal(rig_control(&rig, USB_DIR_IN | USB_TYPE_VENDOR, 0xa0,
				 0x1001, 0, data, 1),
		1);
	assert_int_equal(data[0], 0);
	rig_control(&rig, 0, USB_REQ_SET_CONFIGURATION, 0xe600, 0, &hold, 1);
	assert_int_equal(get(USB_DESC_DEVICE, 0, 18), 18);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_device_descriptor_is_the_firmwares),
		TEST(the_revision_is_in_bcd_device_and_serial_number),
		TEST(a_read_of_a_descriptor_may_be_shorter),
		TEST(the_configuration_has_five_interfaces_and_14_settings),
		TEST(the_qualifier_has_no_other_configuration),
		TEST(the_strings_are_the_firmwares),
		TEST(the_configuration_block_sets_the_manufacturer_string),
		TEST(the_microsoft_string_names_the_vendor_request),
		TEST(the_compatible_id_descriptor_names_winusb),
		TEST(the_bos_has_the_webusb_capability),
		TEST(the_landing_page_is_offered_only_if_the_flag_is_set),
		TEST(a_descriptor_of_another_index_stalls),
		TEST(without_a_configuration_block_the_ids_are_those_of_a_bare_fx2),
		TEST(status_and_configuration_can_be_read),
		TEST(only_the_boot_rom_writes_to_the_8051),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
