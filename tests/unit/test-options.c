/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the options behind "virtual:", by their parser and by the public API:
 * one device or several, their properties, and how wrong options are refused.
 */
#include "tests/support/clyde-test.h"

#include "wire/core-benchmark.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/link/virtual/uri.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A file-scope variable, since tear_down() closes the context that a failed
   test leaves open. */
static struct fixture fixture;

static int tear_down(void **state)
{
	(void)state;
	clyde_context_close(fixture.context);
	fixture.context = NULL;
	return 0;
}

static void open_context(void)
{
	assert_int_equal(clyde_context_new(&fixture.context), 0);
}

static struct virtual_options parse(const char *text, unsigned index)
{
	struct virtual_options options;

	if (virtual_options_parse(text, index, &options) < 0)
		fail_msg("%s: %s", text, clyde_error_message());
	assert_null(options.eeprom);
	virtual_options_clear(&options);
	return options;
}

static void assert_refused(const char *text, const char *part)
{
	struct virtual_options options, before;

	memset(&options, 0xee, sizeof(options));
	before = options;
	if (virtual_options_parse(text, 0, &options) != CLYDE_ERROR_INVALID)
		fail_msg("%s: not refused", text);
	if (strstr(clyde_error_message(), part) == NULL)
		fail_msg("%s: %s", text, clyde_error_message());
	assert_memory_equal(&options, &before, sizeof(options));
}

static void no_options_are_one_c3_that_stays_plugged_in(void **state)
{
	struct virtual_options options = parse("", 0);

	(void)state;
	assert_int_equal(options.devices, 1);
	assert_int_equal(options.only, -1);
	assert_int_equal(options.packets, 13);
	assert_true(options.unplug_us == UINT64_MAX);
	assert_false(options.configured);
	assert_int_equal(options.device.revision, 0x33);
	assert_string_equal(options.device.serial, "20230101T120000Z");
	assert_string_equal(options.device.manufacturer, "");
	assert_int_equal(options.device.flags, 0);
	assert_int_equal(options.device.rise_us, 300);
	assert_int_equal(options.faults.count, 0);
}

static void every_key_has_its_effect(void **state)
{
	struct virtual_options options = parse(
		"packets=10,revision=C1,serial=20240202T130000Z,"
		"manufacturer=A Maker,modified=1,configured=1,limitA=3300,"
		"limitB=1800,senseA=2500,senseB=5000,loadA=1000,loadB=1000000,"
		"rise=700,start=3600000,away=10000,fault=flip@7,"
		"fault=unplug@99",
		0);

	(void)state;
	assert_int_equal(options.packets, 10);
	assert_int_equal(options.device.revision, 0x31);
	assert_string_equal(options.device.serial, "20240202T130000Z");
	assert_string_equal(options.device.manufacturer, "A Maker");
	assert_int_equal(options.device.flags, CONFIG_MODIFIED_DESIGN);
	assert_true(options.configured);
	assert_int_equal(options.device.vlimit_mv[0], 3300);
	assert_int_equal(options.device.vlimit_mv[1], 1800);
	assert_int_equal(options.device.sense_mv[0], 2500);
	assert_int_equal(options.device.sense_mv[1], 5000);
	assert_int_equal(options.device.load_ua[0], 1000);
	assert_int_equal(options.device.load_ua[1], 1000000);
	assert_int_equal(options.device.rise_us, 700);
	assert_int_equal(options.device.start_us, 3600000);
	assert_int_equal(options.device.away_us, 10000);
	assert_int_equal(options.faults.count, 2);
	assert_true(options.unplug_us == 99);
}

static void wires_that_share_a_pin_are_one_wire(void **state)
{
	struct virtual_options options =
		parse("wire=A0-A1,wire=B0-B7-A7,wire=A2-A3,wire=A1-A3", 0);

	(void)state;
	assert_int_equal(options.device.wires[0], 0x8180);
	assert_int_equal(options.device.wires[1], 0x000f);
	assert_int_equal(options.device.wires[2], 0);
}

static void faults_of_the_board_are_sets_of_pins(void **state)
{
	struct virtual_options options =
		parse("stuck=A3:0,stuck=B7:1,stuck=A0:0,nopull=B2,nodrive=A5,"
		      "weak=B:10,senseA=supply",
			0);
	const struct pin_faults *faults = &options.device.pin_faults;

	(void)state;
	assert_int_equal(faults->stuck_low, 0x0009);
	assert_int_equal(faults->stuck_high, 0x8000);
	assert_int_equal(faults->no_pull, 0x0400);
	assert_int_equal(faults->no_drive, 0x0020);
	assert_int_equal(options.device.weak[0], 0);
	assert_int_equal(options.device.weak[1], 10);
	assert_int_equal(options.device.misread.left, 0);
	options = parse("misread=0x20", 0);
	assert_int_equal(options.device.misread.address, 0x20);
	assert_true(options.device.misread.left == UINT64_MAX);
	options = parse("misread=9:2,senseA=supply", 0);
	assert_int_equal(options.device.misread.address, 9);
	assert_int_equal(options.device.misread.left, 2);
	assert_true(options.device.sense_joined[0]);
	assert_false(options.device.sense_joined[1]);
}

static void malformed_faults_of_the_board_are_refused(void **state)
{
	(void)state;
	assert_refused("stuck=A3", "is not a pin with a level");
	assert_refused("stuck=A3:2", "is not a pin with a level");
	assert_refused("stuck=C3:1", "is not a pin with a level");
	assert_refused("nopull=A8", "is not a pin");
	assert_refused("nodrive=", "is not a pin");
	assert_refused("weak=C:10", "is not a port with a percentage");
	assert_refused("weak=A:91", "is not in 0..90");
	assert_refused("senseA=supplied", "is not in 0..6000");
	assert_refused("misread=0x8000", "is not an address");
	assert_refused("misread=1x", "is not an address");
	assert_refused("misread=1:0", "is not in 1..4294967295");
}

static void at_most_eight_parts_are_kept_in_order(void **state)
{
	char text[512] = "";
	struct virtual_options options;

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		strcat(text, ",part=uart-echo@rx=A0:tx=A1");
	options = parse(text + 1, 0);
	assert_string_equal(options.device.parts[7], "uart-echo@rx=A0:tx=A1");
	strcat(text, ",part=uart-echo@rx=A0:tx=A1");
	assert_refused(text + 1, "more than 8 parts");
}

static void the_last_of_equal_keys_counts(void **state)
{
	struct virtual_options options =
		parse("packets=1,,packets=2,revision=C0,revision=C2,", 0);

	(void)state;
	assert_int_equal(options.packets, 2);
	assert_int_equal(options.device.revision, 0x32);
}

static void a_text_that_is_no_option_is_refused(void **state)
{
	static const struct {
		const char *text, *part;
	} bad[] = {{"revision", "not KEY=VALUE"}, {"colour=red", "not a key"},
		{"Revision=C3", "not a key"}, {" revision=C3", "not a key"},
		{"=C3", "not a key"}, {"revision=C4", "C0 C1 C2 C3"},
		{"revision=D0", "C0 C1 C2 C3"}, {"revision=c3", "C3"},
		{"revision=C30", "C3"}, {"revision=", "C3"},
		{"devices=0", "1..8"}, {"devices=9", "1..8"},
		{"devices=two", "1..8"}, {"devices=", "1..8"},
		{"index=1", "devices=1"}, {"index=8", "0..7"},
		{"devices=2,index=2", "devices=2"}, {"packets=0", "1..13"},
		{"packets=14", "1..13"}, {"packets=-1", "1..13"},
		{"packets= 1", "1..13"}, {"packets=1x", "1..13"},
		{"packets=18446744073709551617", "1..13"},
		{"serial=20230101T120000", "16 characters"},
		{"serial=20230101T120000ZZ", "16 characters"},
		{"manufacturer=12345678901234567890123", "22 characters"},
		{"modified=2", "0..1"}, {"configured=yes", "0..1"},
		{"limitA=6001", "0..6000"}, {"limitC=3300", "not a key"},
		{"senseB=-5", "0..6000"}, {"loadA=1000001", "0..1000000"},
		{"fault=", "not a fault"}, {"fault=drop", "not a fault"},
		{"fault=drop@", "not a fault: a number is missing"},
		{"fault=cut@p1", "not a fault: this kind needs an amount"},
		{"fault=seed@1:33", "a seed draws 1 to 32 faults"},
		{"revision=C3;", "C3"}, {"wire=", "two ends"},
		{"wire=A0", "two ends"},
		{"wire=A0-A0", "A0 is wired to itself"},
		{"wire=A0-A8", "A8 is not a pin"},
		{"wire=A0-a1", "a1 is not a pin"},
		{"wire=A0-A1-A0", "A0 is wired to itself"},
		{"part=", "is not a part"},
		{"part=led@A0", "led is not a part"},
		{"part=uart-echo@rx=A0", "tx is missing"},
		{"part=uart-echo@rx=A0:tx=C1", "is not a pin"}};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(bad[i].text, bad[i].part);
}

static void more_faults_than_there_is_room_for_are_refused(void **state)
{
	char text[256] = "fault=flip@1";

	(void)state;
	for (unsigned i = 1; i < 16; i++)
		strcat(text, ",fault=flip@1");
	strcat(text, ",fault=seed@1:16");
	assert_int_equal(parse(text, 0).faults.count, 32);
	strcat(text, ",fault=done");
	assert_refused(text, "32 faults");
}

static void a_text_that_is_too_long_is_refused(void **state)
{
	char text[512];

	(void)state;
	memset(text, ',', sizeof(text));
	text[511] = '\0';
	assert_refused(text, "longer than");
}

/* The first serial number, counted on in its digits. */
static void several_devices_have_different_serial_numbers(void **state)
{
	static const struct {
		const char *first;
		unsigned index;
		const char *expected;
	} serials[] = {{"20230101T120000Z", 0, "20230101T120000Z"},
		{"20230101T120000Z", 1, "20230101T120001Z"},
		{"20230101T120000Z", 7, "20230101T120007Z"},
		{"20230101T120009Z", 1, "20230101T120010Z"},
		{"20230101T999999Z", 1, "20230102T000000Z"},
		{"abcdefghijklmnop", 3, "abcdefghijklmnop"}};

	(void)state;
	for (size_t i = 0; i < COUNT(serials); i++) {
		char text[64];

		snprintf(text, sizeof(text), "devices=8,serial=%s",
			serials[i].first);
		assert_string_equal(parse(text, serials[i].index).device.serial,
			serials[i].expected);
	}
	/* index= stands for the selected device. */
	assert_string_equal(parse("devices=8,index=3", 0).device.serial,
		"20230101T120003Z");
}

static void a_list_opens_each_of_its_devices(void **state)
{
	struct clyde_device_info *list;
	struct clyde_device *device;

	(void)state;
	open_context();
	assert_int_equal(
		clyde_device_list(fixture.context, "virtual:devices=3", &list),
		3);
	for (unsigned i = 0; i < 3; i++) {
		char serial[] = "C3-20230101T120000Z";

		serial[17] += i;
		assert_string_equal(list[i].serial, serial);
		assert_int_equal(clyde_device_open(fixture.context, list[i].uri,
					 NULL, &device),
			0);
		assert_string_equal(info_of(device)->serial, serial);
		assert_string_equal(info_of(device)->uri, list[i].uri);
		clyde_device_close(device);
		/* It can also be opened by its serial number. */
		assert_int_equal(clyde_device_open(fixture.context,
					 "virtual:devices=3", serial, &device),
			0);
		assert_string_equal(info_of(device)->serial, serial);
		clyde_device_close(device);
	}
	clyde_device_list_free(list);
}

/* Asserts that the URI is refused, or opens exactly the device that it
   names. */
static void assert_opens_what_it_names(const char *uri)
{
	struct clyde_device_info *list, second;
	struct clyde_device *device;
	int count = clyde_device_list(fixture.context, uri, &list);

	if (count < 0)
		return;
	assert_int_equal(count, 2);
	second = list[1];
	clyde_device_list_free(list);
	assert_string_equal(second.serial, "C3-20240202T130001Z");
	if (clyde_device_open(fixture.context, second.uri, NULL, &device) < 0)
		fail_msg("%zu: %s", strlen(uri), clyde_error_message());
	assert_string_equal(info_of(device)->serial, "C3-20240202T130001Z");
	clyde_device_close(device);
}

static void a_long_uri_opens_what_it_names_or_is_refused(void **state)
{
	static const char head[] = "virtual:devices=2,";
	static const char tail[] = "serial=20240202T130000Z";
	char uri[CLYDE_URI_SIZE + 32];

	(void)state;
	open_context();
	for (size_t size = 100; size < sizeof(uri); size++) {
		memset(uri, ',', sizeof(uri));
		memcpy(uri, head, sizeof(head) - 1);
		memcpy(uri + size - sizeof(tail), tail, sizeof(tail));
		assert_opens_what_it_names(uri);
	}
}

/* A value that looks like a key is not a key. */
static void a_uri_names_its_device_whatever_the_values_are(void **state)
{
	(void)state;
	open_context();
	assert_opens_what_it_names("virtual:devices=2,manufacturer=index=,"
				   "serial=20240202T130000Z");
}

static void one_of_several_devices_must_be_chosen(void **state)
{
	struct clyde_device *device = NULL;

	(void)state;
	open_context();
	assert_int_equal(clyde_device_open(fixture.context, "virtual:devices=2",
				 NULL, &device),
		CLYDE_ERROR_AMBIGUOUS);
	assert_says("C3-20230101T120000Z");
	assert_int_equal(clyde_device_open(fixture.context, "virtual:devices=2",
				 "C3-20990101T120000Z", &device),
		CLYDE_ERROR_NO_SERIAL);
	assert_says("C3-20990101T120000Z");
	assert_int_equal(clyde_device_open(fixture.context,
				 "virtual:packets=99", NULL, &device),
		CLYDE_ERROR_INVALID);
	assert_says("packets=99");
	assert_null(device);
}

static void devices_of_one_context_do_not_affect_each_other(void **state)
{
	unsigned mv[CLYDE_PORT_COUNT];
	struct clyde_device *other;
	uint8_t id[8], mode = 3;
	int64_t before;

	(void)state;
	fixture = open_uri("virtual:devices=2,index=0,configured=1");
	assert_int_equal(clyde_device_open(fixture.context,
				 "virtual:devices=2,index=1", NULL, &other),
		0);
	assert_int_equal(clyde_supply_set(fixture.device, 3, 3300), 0);
	assert_int_equal(clyde_supply_get(other, mv), 0);
	assert_int_equal(mv[0], 0);
	assert_int_equal(clyde_fpga_status(fixture.device, id), 1);
	assert_int_equal(clyde_fpga_status(other, id), 0);
	assert_int_equal(
		clyde_register_write(fixture.device, REG_BENCH_MODE, &mode, 1),
		0);
	/* Each device has a time of its own. */
	before = now_ns(other);
	assert_int_equal(clyde_device_sleep(fixture.device, 1000), 0);
	assert_int_equal(now_ns(other), before);
	clyde_device_close(other);
	assert_int_equal(
		clyde_register_read(fixture.device, REG_BENCH_MODE, &mode, 1),
		0);
	assert_int_equal(mode, 3);
}

static void the_cable_is_pulled_at_the_given_time(void **state)
{
	unsigned mv[CLYDE_PORT_COUNT];
	int result = 0;

	(void)state;
	fixture = open_uri("virtual:fault=unplug@50000");
	while (now_ns(fixture.device) < 49000000 && result == 0)
		result = clyde_supply_get(fixture.device, mv);
	assert_int_equal(result, 0);
	while (now_ns(fixture.device) < 51000000 && result == 0)
		result = clyde_supply_get(fixture.device, mv);
	assert_int_equal(result, CLYDE_ERROR_NO_DEVICE);
	assert_says("unplugged");
}

/* 2^64 / 480 and one: the product must not wrap around to a moment that is
   near. */
static void a_cable_that_is_pulled_in_a_thousand_years_stays_in(void **state)
{
	(void)state;
	open_context();
	if (clyde_device_open(fixture.context,
		    "virtual:fault=unplug@38430716820228234", NULL,
		    &fixture.device) < 0)
		fail_msg("%s", clyde_error_message());
	assert_int_equal(clyde_device_sleep(fixture.device, 1000), 0);
	assert_int_equal(clyde_supply_set(fixture.device, 1, 0), 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_options_are_one_c3_that_stays_plugged_in),
		TEST(every_key_has_its_effect),
		TEST(wires_that_share_a_pin_are_one_wire),
		TEST(faults_of_the_board_are_sets_of_pins),
		TEST(malformed_faults_of_the_board_are_refused),
		TEST(at_most_eight_parts_are_kept_in_order),
		TEST(the_last_of_equal_keys_counts),
		TEST(a_text_that_is_no_option_is_refused),
		TEST(more_faults_than_there_is_room_for_are_refused),
		TEST(a_text_that_is_too_long_is_refused),
		TEST(several_devices_have_different_serial_numbers),
		TEST(a_list_opens_each_of_its_devices),
		TEST(a_long_uri_opens_what_it_names_or_is_refused),
		TEST(a_uri_names_its_device_whatever_the_values_are),
		TEST(one_of_several_devices_must_be_chosen),
		TEST(devices_of_one_context_do_not_affect_each_other),
		TEST(the_cable_is_pulled_at_the_given_time),
		TEST(a_cable_that_is_pulled_in_a_thousand_years_stays_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
