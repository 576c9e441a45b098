/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the host's parsers of USB descriptors.  A descriptor comes from a
   device, so any bytes at all must give a result or an error. */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#include "lib/device/descriptor.h"

static const uint8_t device[18] = {18, 1, 0x10, 0x02, 0xff, 0xff, 0xff, 64,
	0xb7, 0x20, 0xb1, 0x9d, 0x33, 0x09, 1, 2, 3, 1};

static void a_device_descriptor_is_18_bytes_low_byte_first(void **state)
{
	struct usb_device_descriptor descriptor;
	uint8_t longer[20] = {0};

	(void)state;
	assert_int_equal(descriptor_parse_device(device, 18, &descriptor), 0);
	assert_int_equal(descriptor.idVendor, 0x20b7);
	assert_int_equal(descriptor.idProduct, 0x9db1);
	assert_int_equal(descriptor.bcdDevice, 0x0933);
	assert_int_equal(descriptor.iSerialNumber, 3);
	/* Bytes behind the descriptor are ignored. */
	memcpy(longer, device, 18);
	assert_int_equal(descriptor_parse_device(longer, 20, &descriptor), 0);
}

static void bytes_that_are_no_device_descriptor_are_a_protocol_error(
	void **state)
{
	struct usb_device_descriptor descriptor, before;
	uint8_t bytes[18];

	(void)state;
	memset(&descriptor, 0xee, sizeof(descriptor));
	before = descriptor;
	for (size_t size = 0; size < 18; size++)
		assert_int_equal(
			descriptor_parse_device(device, size, &descriptor),
			CLYDE_ERROR_PROTOCOL);
	/* Its length byte and its type byte. */
	for (size_t at = 0; at < 2; at++) {
		memcpy(bytes, device, 18);
		bytes[at]++;
		assert_int_equal(
			descriptor_parse_device(bytes, 18, &descriptor),
			CLYDE_ERROR_PROTOCOL);
	}
	assert_memory_equal(&descriptor, &before, sizeof(before));
}

static void assert_string(
	const char *bytes, size_t size, size_t room, const char *expected)
{
	char text[64];

	memset(text, 'x', sizeof(text));
	assert_int_equal(descriptor_parse_string(bytes, size, text, room),
		strlen(expected));
	assert_string_equal(text, expected);
	assert_int_equal(text[room], 'x');
}

static void a_string_is_turned_into_ascii(void **state)
{
	(void)state;
	assert_string("\x08\x03"
		      "C\0003\0-\0",
		8, 63, "C3-");
	assert_string("\x02\x03", 2, 63, "");
	/* U+00B5, U+4E2D, a tab, DEL, ~ */
	assert_string("\x0c\x03\xb5\0\x2d\x4e\x09\0\x7f\0~\0", 12, 63, "????~");
}

static void a_string_ends_at_its_length_or_a_nul(void **state)
{
	(void)state;
	assert_string("\x06\x03"
		      "a\0b\0c\0",
		8, 63, "ab");
	assert_string("\x08\x03"
		      "a\0\0\0c\0",
		8, 63, "a");
	assert_string("\x07\x03"
		      "a\0b\0c",
		7, 63, "ab"); /* Half of the letter c. */
	assert_string("\x03\x03"
		      "a",
		3, 63, "");
}

static void assert_ascii(const char *bytes, const char *expected)
{
	char text[64];

	strcpy(text, bytes);
	descriptor_make_ascii(text);
	assert_string_equal(text, expected);
}

/* The kernel shows the strings in UTF-8.  The library must show the same text
   for both. */
static void a_string_of_the_kernel_is_that_of_the_descriptor(void **state)
{
	(void)state;
	assert_ascii("C3-", "C3-");
	assert_ascii("", "");
	/* U+00B5, U+4E2D, a tab, DEL, ~ */
	assert_ascii("\xc2\xb5\xe4\xb8\xad\t\x7f~", "????~");
	/* U+1F600 is two units of UTF-16. */
	assert_ascii("\xf0\x9f\x98\x80~", "\?\?~");
	/* No character begins with these bytes. */
	assert_ascii("\x80\xbf~", "~");
	/* The last character was cut. */
	assert_ascii("~\xf0", "~?");
}

static void a_string_is_cut_to_the_size_of_the_buffer(void **state)
{
	(void)state;
	assert_string("\x08\x03"
		      "a\0b\0c\0",
		8, 4, "abc");
	assert_string("\x08\x03"
		      "a\0b\0c\0",
		8, 3, "ab");
	assert_string("\x08\x03"
		      "a\0b\0c\0",
		8, 1, "");
}

static void bytes_that_are_no_string_descriptor_are_a_protocol_error(
	void **state)
{
	char text[8] = "before";

	(void)state;
	assert_int_equal(
		descriptor_parse_string("", 0, text, 8), CLYDE_ERROR_PROTOCOL);
	assert_int_equal(descriptor_parse_string("\x02", 1, text, 8),
		CLYDE_ERROR_PROTOCOL);
	assert_int_equal(descriptor_parse_string("\x04\x03", 2, text, 8),
		CLYDE_ERROR_PROTOCOL);
	assert_int_equal(descriptor_parse_string("\x01\x03"
						 "a",
				 3, text, 8),
		CLYDE_ERROR_PROTOCOL);
	assert_int_equal(descriptor_parse_string("\x00\x03"
						 "a",
				 3, text, 8),
		CLYDE_ERROR_PROTOCOL);
	assert_int_equal(descriptor_parse_string("\x04\x02"
						 "a\0",
				 4, text, 8),
		CLYDE_ERROR_PROTOCOL);
	assert_string_equal(text, "before");
}

static void a_revision_is_a_letter_and_a_digit(void **state)
{
	static const struct {
		uint8_t byte;
		const char *text;
	} revisions[] = {{0x10, "A0"}, {0x20, "B0"}, {0x30, "C0"}, {0x31, "C1"},
		{0x32, "C2"}, {0x33, "C3"}, {0x40, "D0"}, {0x39, "C9"},
		{0x3a, "?"}, {0xf9, "?"}, {0xff, "?"}, {0x00, "?"},
		/* Before the nibbles existed, the byte was the letter alone. */
		{0x01, "A0"}, {0x02, "B0"}, {0x03, "C0"}};
	char text[8];

	(void)state;
	for (size_t i = 0; i < sizeof(revisions) / sizeof(*revisions); i++) {
		revision_text(revisions[i].byte, text);
		assert_string_equal(text, revisions[i].text);
	}
}

static void a_device_is_recognised_by_its_descriptors(void **state)
{
	struct fixture fixture = open_uri("virtual:revision=C2,modified=1,"
					  "manufacturer=Kelvingrove");
	const struct clyde_device_info *info = info_of(fixture.device);

	(void)state;
	assert_string_equal(info->serial, "C2-20230101T120000Z");
	assert_string_equal(info->manufacturer, "Kelvingrove");
	assert_string_equal(
		info->product, "Another Interface Explorer; git virtual");
	assert_string_equal(info->revision, "C2");
	assert_int_equal(info->api_level, 9);
	assert_true(info->modified);
	close_fixture(&fixture);

	fixture = open_uri("virtual:");
	info = info_of(fixture.device);
	assert_string_equal(info->manufacturer, "whitequark research");
	assert_false(info->modified);
	close_fixture(&fixture);
}

static bool shows_modified(const char *manufacturer, const char *serial)
{
	char uri[128];
	struct fixture fixture;
	bool modified;

	snprintf(uri, sizeof(uri),
		"virtual:modified=1,manufacturer=%s,serial=%s", manufacturer,
		serial);
	fixture = open_uri(uri);
	modified = info_of(fixture.device)->modified;
	close_fixture(&fixture);
	return modified;
}

/* The first and the last of the list, and neighbours of them. */
static void boards_that_are_modified_by_mistake_are_known(void **state)
{
	(void)state;
	assert_false(shows_modified("1BitSquared", "20240228T163008Z"));
	assert_false(shows_modified("1BitSquared", "20240307T163540Z"));
	assert_true(shows_modified("1BitSquared", "20240228T163009Z"));
	assert_true(shows_modified("1BitSquared", "20230228T163008Z"));
	assert_true(shows_modified("Kelvingrove", "20240228T163008Z"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_device_descriptor_is_18_bytes_low_byte_first),
		cmocka_unit_test(
			bytes_that_are_no_device_descriptor_are_a_protocol_error),
		cmocka_unit_test(a_string_is_turned_into_ascii),
		cmocka_unit_test(a_string_ends_at_its_length_or_a_nul),
		cmocka_unit_test(
			a_string_of_the_kernel_is_that_of_the_descriptor),
		cmocka_unit_test(a_string_is_cut_to_the_size_of_the_buffer),
		cmocka_unit_test(
			bytes_that_are_no_string_descriptor_are_a_protocol_error),
		cmocka_unit_test(a_revision_is_a_letter_and_a_digit),
		cmocka_unit_test(a_device_is_recognised_by_its_descriptors),
		cmocka_unit_test(boards_that_are_modified_by_mistake_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
