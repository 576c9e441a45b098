/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests Clyde's own firmware as the library loads and stores it, on a stand-in,
 * support/own-firmware-standin.c: which devices get it, and which do not.
 */
#include "tests/support/clyde-test.h"

#include <stdio.h>

static struct clyde_context *context;

static int set_up(void **state)
{
	(void)state;
	return clyde_context_new(&context);
}

static int tear_down(void **state)
{
	(void)state;
	clyde_context_close(context);
	return clyde_live_objects() > 0;
}

static int load(const char *uri)
{
	return clyde_firmware_load(context, uri, NULL, NULL, 0, NULL);
}

static void the_library_knows_its_own_firmware(void **state)
{
	uint8_t id[CLYDE_FPGA_ID_SIZE];

	(void)state;
	assert_int_equal(clyde_firmware_own(id), 1);
	assert_memory_equal(id, "\x57\xa4\xd1\4\0\0\0\1", sizeof(id));
}

static void it_is_loaded_into_c0_to_c3_of_another_level(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned level = 0; level < 12; level++) {
			char uri[64];
			struct clyde_device *device;

			snprintf(uri, sizeof(uri),
				"virtual:revision=C%u,api=%u", i, level);
			assert_int_equal(load(uri), level != 9);
			assert_int_equal(
				clyde_device_open(context, uri, NULL, &device),
				0);
			assert_int_equal(info_of(device)->api_level, 9);
			clyde_device_close(device);
		}
}

static void it_is_tried_whatever_the_level(void **state)
{
	(void)state;
	assert_int_equal(
		clyde_firmware_try(context, "virtual:", NULL, NULL, 0, NULL),
		1);
	assert_int_equal(clyde_firmware_try(context, "virtual:fault=lost", NULL,
				 NULL, 0, NULL),
		CLYDE_ERROR_TIMEOUT);
}

static void it_is_never_loaded_into_a_busy_device(void **state)
{
	(void)state;
	assert_int_equal(load("virtual:api=3,fault=busy"), CLYDE_ERROR_BUSY);
}

static void it_is_stored_if_no_file_is_given(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	uint8_t bytes[14];

	(void)state;
	assert_int_equal(
		clyde_flash_holds(fixture.device), CLYDE_FLASHED_OTHER);
	assert_int_equal(
		clyde_flash_firmware(fixture.device, NULL, 0, NULL), 1);
	assert_int_equal(clyde_flash_holds(fixture.device), CLYDE_FLASHED_OWN);
	assert_int_equal(
		clyde_flash_firmware(fixture.device, NULL, 0, NULL), 0);
	assert_int_equal(clyde_eeprom_read(fixture.device, 0x4c, bytes, 14), 0);
	assert_memory_equal(
		bytes, "\0\5\0\0\x02\0\3\x80\xfe\x80\1\xe6\0\0", 14);
	assert_int_equal(clyde_flash_remove_firmware(fixture.device, NULL), 1);
	assert_int_equal(clyde_flash_holds(fixture.device), CLYDE_FLASHED_NONE);
	clyde_context_close(fixture.context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_library_knows_its_own_firmware),
		cmocka_unit_test(it_is_loaded_into_c0_to_c3_of_another_level),
		cmocka_unit_test(it_is_tried_whatever_the_level),
		cmocka_unit_test(it_is_never_loaded_into_a_busy_device),
		cmocka_unit_test(it_is_stored_if_no_file_is_given),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
