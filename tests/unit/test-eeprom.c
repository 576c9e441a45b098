/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the EEPROM and its configuration block: decoded from any bytes, read
   and written by the public API, and kept in a file. */
#include "tests/support/clyde-test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/internal.h"

#define BLOCK_AT 12 /* Behind the FX2's header and its load record. */

static char path[64], uri[96];

/* A block as "glasgow factory" writes it: revision (C3 is 0x33, '3') and serial
   number; size and id of the bitstream; 4 unused bytes, limits; manufacturer
   and flags. */
static const uint8_t good[64] = "320230101T120000Z"
				"\xfc\x0f\x02\x00\1\2\3\4\5\6\7\x8"
				"\0\0\0\0\xe4\x0c\x08\x07\x7c\x15\x00\x00"
				"1bitSquared\0\0\0\0\0\0\0\0\0\0\0\x06";

static struct clyde_config config;

static int decode(const uint8_t *block)
{
	memset(&config, 0xee, sizeof(config));
	return clyde_config_decode(block, 64, &config);
}

/* Decodes the good block with one byte changed. */
static int decode_with(size_t at, uint8_t value)
{
	uint8_t block[64];

	memcpy(block, good, sizeof(block));
	block[at] = value;
	return decode(block);
}

static void a_block_is_decoded(void **state)
{
	(void)state;
	assert_int_equal(decode(good), 0);
	assert_string_equal(config.revision, "C3");
	assert_string_equal(config.serial, "20230101T120000Z");
	assert_string_equal(config.manufacturer, "1bitSquared");
	assert_int_equal(config.bitstream_size, 135164); /* 0x20ffc. */
	assert_memory_equal(config.bitstream_id, "\1\2\3\4\5\6\7\x8", 8);
	assert_int_equal(config.limit_mv[0], 3300);
	assert_int_equal(config.limit_mv[1], 1800);
	assert_int_equal(config.limit_mv[2], 5500);
	assert_int_equal(config.limit_mv[3], 0);
	assert_false(config.modified);
	assert_true(config.webusb);
	assert_int_equal(decode_with(63, 0x03), 0);
	assert_true(config.modified);
	assert_false(config.webusb);
}

/* Before API level 7 the id had 16 B, and two limits stood behind it. */
static void an_old_block_has_its_limits_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(decode_with(63, 0x00), 0);
	assert_int_equal(config.bitstream_size, 0);
	assert_memory_equal(config.bitstream_id, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(config.limit_mv[0], 5500);
	assert_int_equal(config.limit_mv[1], 0);
	assert_string_equal(config.serial, "20230101T120000Z");
}

static void assert_refused(int result, const char *part)
{
	struct clyde_config untouched;

	memset(&untouched, 0xee, sizeof(untouched));
	assert_int_equal(result, CLYDE_ERROR_CORRUPT);
	assert_says(part);
	assert_memory_equal(&config, &untouched, sizeof(config));
}

static void bytes_that_are_no_block_are_refused(void **state)
{
	uint8_t blank[64], zero[64] = {0};

	(void)state;
	memset(blank, 0xff, sizeof(blank));
	assert_refused(decode(blank), "blank");
	assert_refused(decode(zero), "revision");
	assert_refused(decode_with(0, 0x00), "revision");
	assert_refused(decode_with(0, 0x3a), "revision");
	/* The revision of a device that has none. */
	assert_refused(decode_with(0, 0xf9), "revision");
	assert_refused(decode_with(1, 0x00), "serial");
	/* The serial number has 15 characters. */
	assert_refused(decode_with(16, 0x00), "serial");
	assert_refused(decode_with(9, '\n'), "serial");
	assert_refused(decode_with(16, 0x80), "serial");
	assert_refused(decode_with(41, 0x07), "manufacturer");
	assert_refused(decode_with(45, 0xff), "manufacturer");
}

static void a_block_of_another_size_is_refused(void **state)
{
	(void)state;
	memset(&config, 0xee, sizeof(config));
	assert_refused(clyde_config_decode(good, 63, &config), "64");
	assert_refused(clyde_config_decode(good, 0, &config), "64");
	assert_refused(clyde_config_decode(good, 65, &config), "64");
	assert_int_equal(
		clyde_config_decode(good, 63, &config), CLYDE_ERROR_CORRUPT);
}

static void a_manufacturer_may_fill_its_field(void **state)
{
	uint8_t block[64];

	(void)state;
	memcpy(block, good, sizeof(block));
	memcpy(block + 41, "Sauchiehall Street Ltd", 22);
	assert_int_equal(decode(block), 0);
	assert_string_equal(config.manufacturer, "Sauchiehall Street Ltd");
	assert_int_equal(decode_with(41, 0), 0);
	assert_string_equal(config.manufacturer, "");
}

/* An erased EEPROM reads 0xff. */
static void assert_erased(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(data[i], 0xff);
}

#define READ(device, at, data, size) \
	assert_int_equal(clyde_eeprom_read(device, at, data, size), 0)
#define WRITE(device, at, data, size) \
	assert_int_equal(clyde_eeprom_write(device, at, data, size), 0)

/* Writes a range in the middle of erased bytes, and asserts that no other byte
   changed. */
static void assert_range(
	struct clyde_device *device, uint16_t start, size_t size)
{
	uint8_t data[200], back[512], erased[512];
	size_t at = start - 0x0f80;

	memset(erased, 0xff, sizeof(erased));
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i ^ 0x5a;
	WRITE(device, 0x0f80, erased, 512);
	WRITE(device, start, data, size);
	READ(device, 0x0f80, back, 512);
	assert_erased(back, at);
	assert_memory_equal(back + at, data, size);
	assert_erased(back + at + size, 512 - at - size);
	memset(back, 0, sizeof(back));
	READ(device, start, back, size);
	assert_memory_equal(back, data, size);
	assert_int_equal(back[size], 0);
}

/* Ranges around each kind of boundary: 32 B for a command, 64 B for a page of
   the chip. */
static void any_range_can_be_written_and_read(void **state)
{
	static const uint16_t starts[] = {
		0x1000, 0x101f, 0x1020, 0x103f, 0x1040, 0x1061};
	static const size_t sizes[] = {1, 2, 31, 32, 33, 63, 64, 65, 200};
	struct fixture fixture = open_uri("virtual:");

	(void)state;
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 9; j++)
			assert_range(fixture.device, starts[i], sizes[j]);
	close_fixture(&fixture);
}

static void the_eeprom_ends_at_32_kib(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	static uint8_t all[0x8001];
	uint8_t byte = 0x42;

	(void)state;
	READ(fixture.device, 0, all, 0x8000);
	assert_memory_equal(all, "\xc2\xb7\x20\xb1\x9d", 5); /* 20b7:9db1 */
	WRITE(fixture.device, 0x7fff, &byte, 1);
	READ(fixture.device, 0x7ffe, all, 2);
	assert_memory_equal(all, "\xff\x42", 2);
	READ(fixture.device, 0x8000, all, 0);
	assert_int_equal(clyde_eeprom_read(fixture.device, 0, all, 0x8001),
		CLYDE_ERROR_INVALID);
	assert_says("ends at 0x8000");
	assert_int_equal(clyde_eeprom_write(fixture.device, 0x7fff, all, 2),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_eeprom_read(fixture.device, 0xffff, all, 1),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_eeprom_read(fixture.device, 1, all, SIZE_MAX),
		CLYDE_ERROR_INVALID);
	READ(fixture.device, 0, all, 1);
	/* The write did not wrap around to the beginning. */
	assert_int_equal(all[0], 0xc2);
	close_fixture(&fixture);
}

static void the_block_of_a_device_can_be_read(void **state)
{
	struct fixture fixture = open_uri("virtual:revision=C1,modified=1,"
					  "serial=20240202T130000Z,limitB=3300,"
					  "manufacturer=Kelvingrove");

	(void)state;
	assert_int_equal(clyde_config_read(fixture.device, &config), 0);
	assert_string_equal(config.revision, "C1");
	assert_string_equal(config.serial, "20240202T130000Z");
	assert_string_equal(config.manufacturer, "Kelvingrove");
	assert_int_equal(config.limit_mv[0], 0);
	assert_int_equal(config.limit_mv[1], 3300);
	assert_true(config.modified);
	assert_int_equal(clyde_supply_limit_set(fixture.device, 1, 1800), 0);
	assert_int_equal(clyde_config_read(fixture.device, &config), 0);
	assert_int_equal(config.limit_mv[0], 1800);
	close_fixture(&fixture);
}

static void a_corrupt_block_is_reported_in_one_sentence(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	uint8_t none = 0xff;

	(void)state;
	WRITE(fixture.device, BLOCK_AT, &none, 1);
	assert_int_equal(clyde_config_read(fixture.device, &config),
		CLYDE_ERROR_CORRUPT);
	assert_says("blank");
	assert_says("clyde factory");
	close_fixture(&fixture);
}

static int make_path(void **state)
{
	int file;

	(void)state;
	strcpy(path, "/tmp/clyde-test-eeprom-XXXXXX");
	file = mkstemp(path);
	if (file < 0)
		return -1;
	close(file);
	unlink(path); /* The library must create the file. */
	snprintf(uri, sizeof(uri), "virtual:eeprom=%s", path);
	return 0;
}

static int remove_path(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void write_file(const void *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

/* The size of the file. */
static size_t read_file(void *data, size_t size)
{
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	size = fread(data, 1, size, file);
	fclose(file);
	return size;
}

static void a_file_keeps_the_eeprom(void **state)
{
	unsigned mv[CLYDE_PORT_COUNT];
	struct fixture fixture = open_uri(uri);
	uint8_t back[5];

	(void)state;
	WRITE(fixture.device, 0x6ffe, "hello", 5);
	assert_int_equal(clyde_supply_limit_set(fixture.device, 2, 3300), 0);
	close_fixture(&fixture);
	fixture = open_uri(uri);
	READ(fixture.device, 0x6ffe, back, 5);
	assert_memory_equal(back, "hello", 5);
	assert_int_equal(clyde_supply_limit_get(fixture.device, mv), 0);
	assert_int_equal(mv[1], 3300);
	assert_int_equal(
		clyde_supply_set(fixture.device, 2, 3400), CLYDE_ERROR_LIMIT);
	close_fixture(&fixture);
}

static void a_new_file_is_a_factory_image(void **state)
{
	char longer[160];
	static uint8_t image[0x8000];
	struct fixture fixture;
	FILE *file;

	(void)state;
	snprintf(longer, sizeof(longer), "%s,serial=20240202T130000Z", uri);
	fixture = open_uri(longer);
	assert_string_equal(
		info_of(fixture.device)->serial, "C3-20240202T130000Z");
	close_fixture(&fixture);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fread(image, 1, sizeof(image), file), 0x8000);
	assert_int_equal(fgetc(file), EOF);
	fclose(file);
	assert_int_equal(image[0], 0xc2);
	assert_memory_equal(image + BLOCK_AT, "320240202T130000Z", 17);
	assert_memory_equal(image + BLOCK_AT + 64, "\x80\x01\xe6\0\0", 5);
	assert_erased(image + BLOCK_AT + 69, 0x8000 - BLOCK_AT - 69);
}

/* 32 KiB of FX2_MEM, then 128 KiB of ICE_MEM, from which the FPGA is configured
   at power-up.  FX2_MEM has the bytes from 0x20000 on at 0x7000. */
static void a_file_keeps_a_stored_bitstream(void **state)
{
	static uint8_t image[0x28000], saved[0x28001];
	struct fixture fixture = open_uri(uri);
	uint32_t size = image_size;
	uint8_t back[8];

	(void)state;
	close_fixture(&fixture);
	assert_int_equal(read_file(image, sizeof(image)), 0x8000);
	memcpy(image + BLOCK_AT + 17, &size, 4);
	memcpy(image + BLOCK_AT + 21, image_id, 8);
	memcpy(image + 0x7000, image_bytes + 0x20000, image_size - 0x20000);
	memcpy(image + 0x8000, image_bytes, 0x20000);
	write_file(image, sizeof(image));
	fixture = open_uri(uri);
	assert_int_equal(clyde_fpga_status(fixture.device, back), 1);
	assert_memory_equal(back, image_id, 8);
	WRITE(fixture.device, 0x6000, "hello", 5);
	close_fixture(&fixture);
	memcpy(image + 0x6000, "hello", 5);
	assert_int_equal(read_file(saved, sizeof(saved)), sizeof(image));
	assert_memory_equal(saved, image, sizeof(image));
}

static void the_file_takes_precedence_over_the_other_options(void **state)
{
	static uint8_t image[0x8000] = {0xc2};
	struct fixture fixture;

	(void)state;
	memcpy(image + BLOCK_AT, good, sizeof(good));
	memset(image + BLOCK_AT + 17, 0, 12); /* No bitstream. */
	write_file(image, sizeof(image));
	fixture = open_uri(uri);
	assert_string_equal(
		info_of(fixture.device)->manufacturer, "1bitSquared");
	assert_int_equal(clyde_config_read(fixture.device, &config), 0);
	assert_int_equal(config.limit_mv[1], 1800);
	close_fixture(&fixture);
}

static void assert_no_device(int error, const char *part)
{
	struct clyde_context *context;
	struct clyde_device *device = NULL;

	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(clyde_device_open(context, uri, NULL, &device), error);
	assert_null(device);
	assert_says(part);
	clyde_context_close(context);
}

static void a_file_of_another_size_is_refused(void **state)
{
	static uint8_t image[0x8001] = {0xc0};

	(void)state;
	write_file(image, 0x7fff);
	assert_no_device(CLYDE_ERROR_CORRUPT, "32767 bytes");
	write_file(image, 0x8001);
	assert_no_device(CLYDE_ERROR_CORRUPT,
		"32769 bytes, an EEPROM image has "
		"32768 or 163840");
	write_file(image, 0);
	assert_no_device(CLYDE_ERROR_CORRUPT, "0 bytes");
}

static void a_file_of_nonsense_is_a_device_without_a_block(void **state)
{
	static uint8_t image[0x8000];

	(void)state;
	memset(image, 0xff, sizeof(image));
	write_file(image, sizeof(image));
	assert_no_device(CLYDE_ERROR_CORRUPT, "04b4:8613");
}

/* The FX2's boot ROM loads firmware if the first byte is C2. */
static void the_first_byte_of_a_file_decides_about_firmware(void **state)
{
	static uint8_t image[0x8000];
	struct fixture fixture = open_uri(uri);

	(void)state;
	close_fixture(&fixture);
	assert_int_equal(read_file(image, sizeof(image)), 0x8000);
	image[0] = 0xc0;
	write_file(image, sizeof(image));
	assert_no_device(CLYDE_ERROR_API_LEVEL, "no firmware");
	strcat(uri, ",api=9");
	fixture = open_uri(uri);
	close_fixture(&fixture);
	image[0] = 0xc2;
	write_file(image, sizeof(image));
	uri[strlen(uri) - 1] = '3';
	assert_no_device(CLYDE_ERROR_API_LEVEL, "level 3");
}

static void a_file_that_cannot_be_made_is_an_error(void **state)
{
	(void)state;
	strcpy(uri, "virtual:eeprom=/nonexistent/eeprom");
	assert_no_device(
		CLYDE_ERROR_INVALID, "/nonexistent/eeprom: No such file");
	strcpy(uri, "virtual:eeprom=/tmp");
	assert_no_device(CLYDE_ERROR_FILE, "/tmp");
}

#define FILE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, make_path, remove_path)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_decoded),
		cmocka_unit_test(an_old_block_has_its_limits_elsewhere),
		cmocka_unit_test(bytes_that_are_no_block_are_refused),
		cmocka_unit_test(a_block_of_another_size_is_refused),
		cmocka_unit_test(a_manufacturer_may_fill_its_field),
		cmocka_unit_test(any_range_can_be_written_and_read),
		cmocka_unit_test(the_eeprom_ends_at_32_kib),
		cmocka_unit_test(the_block_of_a_device_can_be_read),
		cmocka_unit_test(a_corrupt_block_is_reported_in_one_sentence),
		FILE_TEST(a_file_keeps_the_eeprom),
		FILE_TEST(a_new_file_is_a_factory_image),
		FILE_TEST(a_file_keeps_a_stored_bitstream),
		FILE_TEST(the_file_takes_precedence_over_the_other_options),
		FILE_TEST(a_file_of_another_size_is_refused),
		FILE_TEST(a_file_of_nonsense_is_a_device_without_a_block),
		FILE_TEST(the_first_byte_of_a_file_decides_about_firmware),
		FILE_TEST(a_file_that_cannot_be_made_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
