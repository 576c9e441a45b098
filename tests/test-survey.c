/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Several virtual devices that are not alike, and a look at them all. */
#include "clyde-test.h"

#include <string.h>

#include "lib/virtual-options.h"

static struct virtual_options parse(const char *text, unsigned index)
{
	struct virtual_options options;

	if (virtual_options_parse(text, index, &options) < 0)
		fail_msg("%s: %s", text, clyde_error_message());
	virtual_options_clear(&options);
	return options;
}

static void key_with_an_index_is_for_that_device_alone(void **state)
{
	static const char keys[] = "1.api=3,devices=3,2.revision=C0,api=7";

	(void)state;
	assert_int_equal(parse(keys, 0).device.api_level, 7);
	assert_int_equal(parse(keys, 0).device.revision, REVISION_C3);
	assert_int_equal(parse(keys, 2).device.revision, REVISION_C0);
	/* of two, the last */
	assert_int_equal(parse(keys, 1).device.api_level, 7);
	assert_int_equal(
		parse("devices=3,api=7,1.api=3", 1).device.api_level, 3);
	/* index= stands for the one that is asked for, wherever it stands */
	assert_int_equal(
		parse("devices=3,2.api=4,index=2", 0).device.api_level, 4);
	assert_int_equal(
		parse("index=2,devices=3,2.api=4", 0).device.api_level, 4);
}

static void key_for_a_device_that_is_not_there_is_refused(void **state)
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

static void longest_text_has_room_when_it_is_selected(void **state)
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

static void survey_shows_what_may_not_be_opened(void **state)
{
	const char *uri = "virtual:devices=2,1.fault=denied,0.fault=slow";
	struct clyde_context *context;
	struct clyde_device_info *list;
	struct clyde_device *device;

	(void)state;
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(
		clyde_device_list(context, uri, &list), CLYDE_ERROR_ACCESS);
	assert_int_equal(clyde_device_survey(context, uri, &list), 2);
	assert_int_equal(list[0].speed_kbit_per_s, 12000);
	assert_int_equal(list[1].speed_kbit_per_s, 480000);
	assert_string_equal(list[1].revision, "C3");
	assert_int_equal(clyde_device_open(context, list[1].uri, NULL, &device),
		CLYDE_ERROR_ACCESS);
	assert_int_equal(
		clyde_device_open(context, list[0].uri, NULL, &device), 0);
	clyde_device_list_free(list);
	clyde_context_close(context);
}

static void survey_of_no_device_uri_is_refused(void **state)
{
	struct clyde_context *context;
	struct clyde_device_info *list;

	(void)state;
	assert_int_equal(clyde_context_new(&context), 0);
	assert_int_equal(clyde_device_survey(context, "nil:", &list),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_device_survey(context, "usb:1", &list),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_device_survey(context, "usb:999:127", &list),
		CLYDE_ERROR_NO_DEVICE);
	clyde_context_close(context);
	assert_int_equal(
		clyde_device_survey(context, NULL, &list), CLYDE_ERROR_CLOSED);
}

static void library_beneath_usb_tells_its_version(void **state)
{
	struct clyde_usb_library library;

	(void)state;
	clyde_usb_library(&library);
	assert_memory_equal(library.version, "1.0.", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_with_an_index_is_for_that_device_alone),
		cmocka_unit_test(key_for_a_device_that_is_not_there_is_refused),
		cmocka_unit_test(longest_text_has_room_when_it_is_selected),
		cmocka_unit_test(survey_shows_what_may_not_be_opened),
		cmocka_unit_test(survey_of_no_device_uri_is_refused),
		cmocka_unit_test(library_beneath_usb_tells_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
