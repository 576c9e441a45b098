/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests, by the public API, devices whose firmware has another API level than
 * the library's: what a list shows of them, how firmware is loaded, and the
 * failures of a load.
 */
#include <stdio.h>

#include "tests/support/clyde-test.h"

/* LJMP 0003h; at 0003h SJMP to itself: the model accepts it as firmware. */
#define GOOD ":03000000020003F8\n:0200030080FE7D\n:00000001FF\n"
/* The reset vector is not a jump. */
#define WRONG  ":03000000000003FA\n:00000001FF\n"
#define SECOND (1000 * 1000000ll)

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

static int load(const char *uri, const char *text)
{
	return clyde_firmware_load(
		context, uri, NULL, text, strlen(text), NULL);
}

static int level_of(const char *uri)
{
	struct clyde_device_info *list;
	int level;

	assert_int_equal(clyde_device_list(context, uri, &list), 1);
	level = list[0].api_level;
	clyde_device_list_free(list);
	return level;
}

static void a_bare_device_shows_its_revision_and_no_strings(void **state)
{
	struct clyde_device_info *list;

	(void)state;
	assert_int_equal(
		clyde_device_list(context, "virtual:api=0,revision=C2", &list),
		1);
	assert_int_equal(list[0].api_level, 0);
	assert_string_equal(list[0].revision, "C2");
	assert_string_equal(list[0].serial, "");
	assert_string_equal(list[0].manufacturer, "");
	assert_string_equal(list[0].product, "");
	assert_false(list[0].modified);
	clyde_device_list_free(list);
}

static void opening_a_device_of_another_level_names_the_level_and_the_remedy(
	void **state)
{
	struct clyde_device *device;

	(void)state;
	assert_int_equal(
		clyde_device_open(context, "virtual:api=3", NULL, &device),
		CLYDE_ERROR_API_LEVEL);
	assert_says("C3-20230101T120000Z speaks API level 3, not 9");
	assert_says("clyde --firmware FILE.ihex");
	assert_int_equal(
		clyde_device_open(context, "virtual:api=0", NULL, &device),
		CLYDE_ERROR_API_LEVEL);
	assert_says("no firmware (API level 0)");
	assert_says("clyde --firmware FILE.ihex");
	assert_int_equal(
		clyde_device_open(context, "virtual:api=10", NULL, &device),
		CLYDE_ERROR_API_LEVEL);
	assert_says("level 10, not 9");
}

static void load_and_use(const char *uri)
{
	struct clyde_device *device;
	uint8_t id[CLYDE_FPGA_ID_SIZE];

	assert_int_equal(load(uri, GOOD), 1);
	assert_int_equal(clyde_device_open(context, uri, NULL, &device), 0);
	assert_int_equal(info_of(device)->api_level, 9);
	assert_string_equal(info_of(device)->serial, "C3-20230101T120000Z");
	/* The device was away for a second of the link's time. */
	assert_in_range(now_ns(device), SECOND, SECOND + SECOND / 10);
	assert_int_equal(clyde_fpga_status(device, id), 0);
	assert_int_equal(clyde_fpga_load_image(device), 1);
}

static void firmware_is_loaded_into_a_bare_device_which_then_works(void **state)
{
	(void)state;
	load_and_use("virtual:api=0");
}

static void firmware_is_loaded_into_an_outdated_device_which_then_works(
	void **state)
{
	(void)state;
	load_and_use("virtual:api=3");
}

static void a_second_load_does_nothing(void **state)
{
	(void)state;
	assert_int_equal(load("virtual:", GOOD), 0);
	assert_int_equal(load("virtual:api=3", GOOD), 1);
	assert_int_equal(level_of("virtual:api=3"), 9);
	assert_int_equal(load("virtual:api=3", GOOD), 0);
	assert_int_equal(load("virtual:api=3", WRONG), 0);
	assert_int_equal(level_of("virtual:api=3"), 9);
}

static void each_of_several_devices_keeps_its_firmware(void **state)
{
	static const char uri[] = "virtual:api=4,devices=2";
	static const char *const serials[] = {
		"C3-20230101T120000Z", "C3-20230101T120001Z"};
	struct clyde_device *device;

	(void)state;
	assert_int_equal(load(uri, GOOD), CLYDE_ERROR_AMBIGUOUS);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(clyde_firmware_load(context, uri, serials[i],
					 GOOD, strlen(GOOD), NULL),
			1);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
			clyde_device_open(context, uri, serials[i], &device),
			0);
}

/* The URI is returned also if there was nothing to load. */
static void the_uri_that_a_load_returns_opens_the_device(void **state)
{
	static const char *const uris[] = {"virtual:devices=2,1.api=0",
		"virtual:devices=2,0.api=3,1.fault=denied", "virtual:"};
	static const int loaded[] = {1, 1, 0};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		char uri[CLYDE_URI_SIZE] = "untouched";
		const char *first =
			i == 0 ? "virtual:devices=2,1.api=0,index=1" : uris[i];
		struct clyde_device *device;

		assert_int_equal(clyde_firmware_load(context, first, NULL, GOOD,
					 strlen(GOOD), uri),
			loaded[i]);
		assert_int_equal(
			clyde_device_open(context, uri, NULL, &device), 0);
		assert_string_equal(info_of(device)->uri, uri);
		clyde_device_close(device);
	}
}

static void a_load_that_fails_returns_no_uri(void **state)
{
	char uri[CLYDE_URI_SIZE] = "untouched";

	(void)state;
	assert_int_equal(clyde_firmware_load(context, "virtual:api=3", NULL,
				 WRONG, strlen(WRONG), uri),
		CLYDE_ERROR_API_LEVEL);
	assert_string_equal(uri, "untouched");
}

static void devices_without_serial_numbers_cannot_be_chosen(void **state)
{
	struct clyde_device *device;

	(void)state;
	assert_int_equal(
		load("virtual:api=0,devices=2", GOOD), CLYDE_ERROR_AMBIGUOUS);
	assert_says("without serial numbers");
	assert_int_equal(clyde_device_open(context, "virtual:api=0",
				 "C3-20230101T120000Z", &device),
		CLYDE_ERROR_NO_SERIAL);
	assert_says("they show none");
}

static void a_virtual_device_keeps_its_firmware_until_it_is_closed(void **state)
{
	struct clyde_device *device;

	(void)state;
	assert_int_equal(load("virtual:api=3", GOOD), 1);
	assert_int_equal(
		clyde_device_open(context, "virtual:api=3", NULL, &device), 0);
	clyde_device_close(device);
	assert_int_equal(level_of("virtual:api=3"), 3);
}

static void a_broken_file_is_refused_before_a_device_is_opened(void **state)
{
	(void)state;
	assert_int_equal(
		load("virtual:api=3", ":00000001FE\n"), CLYDE_ERROR_CORRUPT);
	assert_says("line 1");
	assert_int_equal(load("virtual:", ""), CLYDE_ERROR_CORRUPT);
	/* No device is looked for. */
	assert_int_equal(load("carrier-pigeon:", "x"), CLYDE_ERROR_CORRUPT);
	assert_int_equal(level_of("virtual:api=3"), 3);
}

static void a_device_that_does_not_come_back_is_a_timeout(void **state)
{
	(void)state;
	assert_int_equal(
		load("virtual:api=3,fault=lost", GOOD), CLYDE_ERROR_TIMEOUT);
	assert_says("did not come back");
	assert_says("10 s");
}

static void a_busy_device_is_not_reloaded(void **state)
{
	(void)state;
	assert_int_equal(
		load("virtual:api=3,fault=busy", GOOD), CLYDE_ERROR_BUSY);
	assert_says("in use");
	assert_int_equal(
		load("virtual:api=0,fault=busy", GOOD), CLYDE_ERROR_BUSY);
}

static void a_file_without_firmware_leaves_the_device_bare(void **state)
{
	(void)state;
	assert_int_equal(load("virtual:api=3", WRONG), CLYDE_ERROR_API_LEVEL);
	assert_says("does not start as firmware");
}

static void a_byte_that_arrives_wrong_prevents_the_firmware_from_running(
	void **state)
{
	(void)state;
	assert_int_equal(
		load("virtual:api=3,fault=ram@4", GOOD), CLYDE_ERROR_IO);
	assert_says("did not arrive");
	/* A byte that the file does not contain does not matter. */
	assert_int_equal(load("virtual:api=3,fault=ram@5", GOOD), 1);
}

/* The unplug times cover the load from its first request until the device is
   back. */
static void an_unplug_at_any_moment_is_an_error_and_never_hangs(void **state)
{
	(void)state;
	for (unsigned us = 125; us < 1100000; us += us < 8000 ? 125 : 91000) {
		char uri[64];
		int result;

		snprintf(uri, sizeof(uri), "virtual:api=0,fault=unplug@%u", us);
		result = load(uri, GOOD);
		if (result != CLYDE_ERROR_NO_DEVICE &&
			result != CLYDE_ERROR_TIMEOUT && result != 1)
			fail_msg("%s: %d, %s", uri, result,
				clyde_error_message());
		assert_true(result < 0 || us > 900000);
	}
}

static void an_interrupt_ends_the_load(void **state)
{
	(void)state;
	clyde_context_interrupt(context);
	assert_int_equal(load("virtual:api=3", GOOD), CLYDE_ERROR_INTERRUPTED);
	clyde_context_resume(context);
	assert_int_equal(load("virtual:api=3", GOOD), 1);
}

static void a_loaded_device_that_is_not_opened_is_freed(void **state)
{
	(void)state;
	assert_int_equal(load("virtual:api=3", GOOD), 1);
	assert_int_equal(load("virtual:api=4", GOOD), 1);
	assert_int_equal(level_of("virtual:api=4"), 9);
	/* If the device is not freed, LeakSanitizer fails this test. */
}

static void a_file_that_fills_the_ram_is_sent_in_many_requests(void **state)
{
	static char text[0x1000 * 21 + 16];
	size_t used = 0;

	(void)state;
	for (unsigned at = 0; at < 0x4000; at += 4) {
		/* LJMP 0003h at every fourth byte, and a byte that differs. */
		uint8_t data[] = {0x02, 0x00, 0x03, at >> 4};
		uint8_t sum = 4 + (at >> 8) + at;

		for (unsigned i = 0; i < 4; i++)
			sum += data[i];
		used += sprintf(text + used, ":04%04X00020003%02X%02X\n", at,
			data[3], (uint8_t)-sum);
	}
	sprintf(text + used, ":00000001FF\n");
	assert_int_equal(load("virtual:api=3", text), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_bare_device_shows_its_revision_and_no_strings),
		TEST(opening_a_device_of_another_level_names_the_level_and_the_remedy),
		TEST(firmware_is_loaded_into_a_bare_device_which_then_works),
		TEST(firmware_is_loaded_into_an_outdated_device_which_then_works),
		TEST(a_second_load_does_nothing),
		TEST(each_of_several_devices_keeps_its_firmware),
		TEST(the_uri_that_a_load_returns_opens_the_device),
		TEST(a_load_that_fails_returns_no_uri),
		TEST(devices_without_serial_numbers_cannot_be_chosen),
		TEST(a_virtual_device_keeps_its_firmware_until_it_is_closed),
		TEST(a_broken_file_is_refused_before_a_device_is_opened),
		TEST(a_device_that_does_not_come_back_is_a_timeout),
		TEST(a_busy_device_is_not_reloaded),
		TEST(a_file_without_firmware_leaves_the_device_bare),
		TEST(a_byte_that_arrives_wrong_prevents_the_firmware_from_running),
		TEST(an_unplug_at_any_moment_is_an_error_and_never_hangs),
		TEST(an_interrupt_ends_the_load),
		TEST(a_loaded_device_that_is_not_opened_is_freed),
		TEST(a_file_that_fills_the_ram_is_sent_in_many_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
