/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests lists of virtual devices that differ from each other: the keys of one
   device of several, the state that a list reports of each device, and the
   choice of one device. */
#include "tests/support/clyde-test.h"

#include <string.h>

#include "lib/base/ask.h"
#include "lib/link/virtual/uri.h"

static struct virtual_options parse(const char *text, unsigned index)
{
	struct virtual_options options;

	if (virtual_options_parse(text, index, &options) < 0)
		fail_msg("%s: %s", text, clyde_error_message());
	virtual_options_clear(&options);
	return options;
}

static void a_key_with_an_index_is_for_that_device_only(void **state)
{
	static const char keys[] = "1.api=3,devices=3,2.revision=C0,api=7";

	(void)state;
	assert_int_equal(parse(keys, 0).device.api_level, 7);
	assert_int_equal(parse(keys, 0).device.revision, REVISION_C3);
	assert_int_equal(parse(keys, 2).device.revision, REVISION_C0);
	/* Of two equal keys the last counts. */
	assert_int_equal(parse(keys, 1).device.api_level, 7);
	assert_int_equal(
		parse("devices=3,api=7,1.api=3", 1).device.api_level, 3);
	/* index= selects the described device, wherever it stands. */
	assert_int_equal(
		parse("devices=3,2.api=4,index=2", 0).device.api_level, 4);
	assert_int_equal(
		parse("index=2,devices=3,2.api=4", 0).device.api_level, 4);
}

static void a_key_for_a_device_that_does_not_exist_is_refused(void **state)
{
	static const struct {
		const char *text, *part;
	} bad[] = {
		{"1.api=3", "device 1, but devices=1"},
		{"devices=3,3.api=3", "device 3, but devices=3"},
		{"devices=3,2.api=x", "api=x is not in"},
		{"devices=3,1.devices=3", "'1.devices' is not a key"},
		{"devices=3,1.index=1", "'1.index' is not a key"},
		{"devices=8,8.api=3", "'8.api' is not a key"},
		{"-1.api=3", "'-1.api' is not a key"},
		{"0.", "not KEY=VALUE"},
		{"0.0.api=3", "'0.api' is not a key"},
		{".api=3", "'.api' is not a key"},
	};
	struct virtual_options options;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(
			virtual_options_parse(bad[i].text, 0, &options),
			CLYDE_ERROR_INVALID);
		if (strstr(clyde_error_message(), bad[i].part) == NULL)
			fail_msg("%s: %s", bad[i].text, clyde_error_message());
	}
}

static void the_longest_text_has_room_after_a_selection(void **state)
{
	char text[CLYDE_URI_SIZE - sizeof("virtual:") + 1];
	struct virtual_options options;

	(void)state;
	memset(text, ',', sizeof(text));
	memcpy(text, "api=4", 5);
	memcpy(text + sizeof(text) - 6, "api=3", 6);
	options = parse(text, 0);
	assert_int_equal(options.device.api_level, 3);
}

/* ---- Lists ------------------------------------------------------------ */

#define FIRST  "C3-20230101T120000Z"
#define SECOND "C3-20230101T120001Z"

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

static struct clyde_device_info *list_of(const char *uri, int count)
{
	struct clyde_device_info *list;
	int result = clyde_device_list(context, uri, &list);

	if (result < 0)
		fail_msg("%s: %s", uri, clyde_error_message());
	assert_int_equal(result, count);
	return list;
}

static void a_device_without_permission_hides_no_other(void **state)
{
	struct clyde_device_info *list;

	(void)state;
	assert_int_equal(clyde_close_token(0), CLYDE_ERROR_CLOSED);
	list = list_of("virtual:devices=3,1.fault=denied,0.fault=slow", 3);
	assert_int_equal(list[0].state, 0);
	assert_string_equal(list[0].why, "");
	assert_string_equal(list[0].serial, FIRST);
	assert_int_equal(list[0].speed_kbit_per_s, 12000);
	assert_int_equal(list[1].state, CLYDE_ERROR_ACCESS);
	assert_non_null(strstr(list[1].why, "no permission"));
	assert_false(list[1].readable);
	assert_string_equal(list[1].serial, "");
	assert_string_equal(list[1].product, "");
	/* What is known without opening the device. */
	assert_int_equal(list[1].speed_kbit_per_s, 480000);
	assert_int_equal(list[1].api_level, 9);
	assert_string_equal(list[1].revision, "C3");
	assert_true(list[2].readable && list[2].state == 0);
	clyde_device_list_free(list);
	/* The list did not fail, so the sentence is still that of the last
	   failed call. */
	assert_string_equal(clyde_error_message(), "it is closed");
}

/* A row has the error and the sentence that opening the device gives. */
static void the_state_of_a_device_is_the_result_of_opening_it(void **state)
{
	static const struct {
		const char *uri;
		int state;
		bool readable, same;
	} rows[] = {
		{"virtual:", 0, true, true},
		{"virtual:fault=denied", CLYDE_ERROR_ACCESS, false, true},
		{"virtual:fault=busy", CLYDE_ERROR_BUSY, true, false},
		{"virtual:api=3", CLYDE_ERROR_API_LEVEL, true, true},
		{"virtual:api=0", CLYDE_ERROR_API_LEVEL, true, true},
		{"virtual:fault=garble@3", CLYDE_ERROR_PROTOCOL, false, true},
		{"virtual:fault=descriptor@1:8", CLYDE_ERROR_PROTOCOL, false,
			true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct clyde_device_info *list = list_of(rows[i].uri, 1);
		struct clyde_device *device;
		int result =
			clyde_device_open(context, list[0].uri, NULL, &device);

		assert_int_equal(list[0].state, rows[i].state);
		assert_int_equal(result, rows[i].state);
		assert_int_equal(list[0].readable, rows[i].readable);
		assert_int_equal(list[0].why[0] != '\0', rows[i].state < 0);
		if (result < 0 && rows[i].same)
			assert_string_equal(list[0].why, clyde_error_message());
		if (result == 0)
			clyde_device_close(device);
		clyde_device_list_free(list);
	}
}

static void a_serial_number_skips_devices_that_cannot_be_read(void **state)
{
	static const char uri[] = "virtual:devices=3,1.fault=denied";
	struct clyde_device *device;

	(void)state;
	assert_int_equal(clyde_device_open(context, uri, FIRST, &device), 0);
	assert_string_equal(info_of(device)->serial, FIRST);
	/* The device that cannot be read might have this serial number. */
	assert_int_equal(clyde_device_open(context, uri, SECOND, &device),
		CLYDE_ERROR_NO_SERIAL);
	assert_says(SECOND);
	assert_says("index=1 cannot be: no permission");
	assert_int_equal(
		clyde_device_open(context, "virtual:devices=2,fault=denied",
			FIRST, &device),
		CLYDE_ERROR_ACCESS);
	assert_says("no permission");
}

static void without_a_serial_number_the_only_usable_device_is_opened(
	void **state)
{
	static const struct {
		const char *uri;
		int result;
		const char *says; /* Or the serial number. */
	} rows[] = {
		{"virtual:devices=2,1.fault=denied", 0, FIRST},
		{"virtual:devices=2,0.fault=garble@3", 0, SECOND},
		{"virtual:devices=3,2.fault=denied", CLYDE_ERROR_AMBIGUOUS,
			"2 devices found; choose one with -s " FIRST
			" or the other"},
		{"virtual:devices=2,fault=denied", CLYDE_ERROR_ACCESS,
			"no permission"},
		/* The bare device is found, but it shows no serial number by
		   which it could be chosen. */
		{"virtual:devices=2,0.api=0,1.fault=denied", CLYDE_ERROR_ACCESS,
			"no permission"},
		/* A busy device counts: opening the other one silently could be
		   the wrong choice. */
		{"virtual:devices=2,1.fault=busy", CLYDE_ERROR_AMBIGUOUS,
			"2 devices found"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct clyde_device *device;

		assert_int_equal(
			clyde_device_open(context, rows[i].uri, NULL, &device),
			rows[i].result);
		if (rows[i].result < 0) {
			assert_says(rows[i].says);
			continue;
		}
		assert_string_equal(info_of(device)->serial, rows[i].says);
		clyde_device_close(device);
	}
}

static void a_list_of_a_uri_without_devices_is_refused(void **state)
{
	struct clyde_device_info *list;

	(void)state;
	assert_int_equal(
		clyde_device_list(context, "nil:", &list), CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_device_list(context, "usb:1", &list),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_device_list(context, "usb:999:127", &list),
		CLYDE_ERROR_NO_DEVICE);
	assert_says("no Glasgow at usb:999:127");
}

static void a_device_that_leaves_during_a_list_is_not_in_it(void **state)
{
	struct clyde_device_info *list;

	(void)state;
	clyde_device_list_free(list_of("virtual:fault=unplug@0", 0));
	list = list_of("virtual:devices=2,0.fault=unplug@0", 1);
	assert_string_equal(list[0].serial, SECOND);
	clyde_device_list_free(list);
}

static void the_version_of_libusb_can_be_read(void **state)
{
	struct clyde_usb_library library;

	(void)state;
	clyde_usb_library(&library);
	assert_memory_equal(library.version, "1.0.", 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_with_an_index_is_for_that_device_only),
		cmocka_unit_test(
			a_key_for_a_device_that_does_not_exist_is_refused),
		cmocka_unit_test(the_longest_text_has_room_after_a_selection),
		TEST(a_device_without_permission_hides_no_other),
		TEST(the_state_of_a_device_is_the_result_of_opening_it),
		TEST(a_serial_number_skips_devices_that_cannot_be_read),
		TEST(without_a_serial_number_the_only_usable_device_is_opened),
		TEST(a_list_of_a_uri_without_devices_is_refused),
		TEST(a_device_that_leaves_during_a_list_is_not_in_it),
		cmocka_unit_test(the_version_of_libusb_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
