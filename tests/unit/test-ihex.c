/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The parser of firmware files: what it takes, and how it refuses the rest. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/device/ihex.h"

#define END ":00000001FF\n"

static struct ihex ihex;

static int parse(const char *text)
{
	return ihex_parse(text, strlen(text), &ihex);
}

static void assert_refused(const char *text, const char *why)
{
	assert_int_equal(parse(text), CLYDE_ERROR_CORRUPT);
	if (strstr(clyde_error_message(), why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", clyde_error_message(),
			why);
}

static size_t used(void)
{
	size_t count = 0;

	for (size_t i = 0; i < IHEX_SIZE; i++)
		count += ihex.used[i];
	return count;
}

static void data_lands_at_its_address(void **state)
{
	(void)state;
	assert_int_equal(parse(":03000000020003F8\n"
			       ":01001000AB44\n" END),
		0);
	assert_int_equal(used(), 4);
	assert_memory_equal(ihex.data, "\x02\x00\x03", 3);
	assert_true(ihex.used[2] && !ihex.used[3] && ihex.used[0x10]);
	assert_int_equal(ihex.data[0x10], 0xab);
}

static void line_ends_may_be_any_and_the_last_may_be_missing(void **state)
{
	(void)state;
	assert_int_equal(parse(":01000000AB54\r\n:00000001FF\r\n"), 0);
	assert_int_equal(parse(":01000000AB54\r:00000001FF"), 0);
	assert_int_equal(parse("\n\r\n:01000000AB54\n\n" END "\r\n\n"), 0);
}

static void digits_may_be_small(void **state)
{
	(void)state;
	assert_int_equal(parse(":01000000ab54\n:00000001ff\n"), 0);
	assert_int_equal(ihex.data[0], 0xab);
}

static void order_of_records_does_not_matter(void **state)
{
	(void)state;
	assert_int_equal(parse(":01000100AA54\n:01000000BB44\n" END), 0);
	assert_memory_equal(ihex.data, "\xbb\xaa", 2);
}

static void base_of_zero_is_fine_and_another_is_refused(void **state)
{
	(void)state;
	assert_int_equal(parse(":020000040000FA\n:01000000AB54\n" END), 0);
	assert_int_equal(parse(":020000020000FC\n:01000000AB54\n" END), 0);
	assert_refused(":020000040001F9\n" END, "line 1: a base of 0x0001");
	assert_refused(":020000021000EC\n" END, "line 1: a base of 0x1000");
	assert_refused(":0100000400FB\n" END, "line 1: the record of a base");
	assert_refused(":020001040000F9\n" END, "line 1: the record of a base");
}

static void wrong_checksum_is_refused_with_the_right_one(void **state)
{
	(void)state;
	assert_refused(":01000000AB54\n\n:01000100AB54\n" END,
		"line 3: the checksum is 0x54, but should be 0x53");
}

static void record_of_another_length_than_it_says_is_refused(void **state)
{
	(void)state;
	assert_refused(":02000000AB53\n" END, "line 1: the record is cut");
	assert_refused(":01000000AB5400\n" END, "line 1: the record goes on");
	assert_refused(":01000000AB5\n" END, "line 1: the record is cut");
	assert_refused(":01000000AB", "line 1: the record is cut");
	assert_refused(":", "line 1: the record is cut");
	assert_refused(":\n", "line 1: the record is cut");
}

static void unknown_types_are_refused(void **state)
{
	(void)state;
	assert_refused(":00000006FA\n" END, "line 1: record type 0x06");
	assert_refused(":000000FF01\n" END, "line 1: record type 0xff");
}

static void start_addresses_load_nothing(void **state)
{
	(void)state;
	assert_int_equal(parse(":0400000300003800C1\n:01000000AB54\n"
			       ":04000005000000CD2A\n" END),
		0);
	for (size_t at = 1; at < IHEX_SIZE; at++)
		assert_false(ihex.used[at]);
	assert_refused(
		":020000030000FB\n" END, "line 1: the record of a start");
	assert_refused(
		":0400010500000000F6\n" END, "line 1: the record of a start");
}

static void the_end_of_a_dos_text_is_passed_over(void **state)
{
	(void)state;
	assert_int_equal(parse(":01000000AB54\n" END "\x1a"), 0);
	assert_int_equal(parse(":01000000AB54\r\n" END "\r\n\x1a\x1a\r\n"), 0);
	assert_refused("\x1a:01000000AB54\n" END, "line 1: byte 0x1a");
	assert_refused(":01000000AB54\n\x1a" END, "line 2: byte 0x1a");
	assert_refused(":01000000AB54\n" END "\x1a:", "after the end record");
}

static void foreign_bytes_are_refused(void **state)
{
	(void)state;
	assert_refused("x", "line 1: byte 0x78");
	assert_refused(" :01000000AB54\n" END, "line 1: byte 0x20");
	assert_refused(":01000000AB54 \n" END, "line 1: the record goes on");
	assert_refused(":0100000GAB54\n" END, "line 1: byte 0x47");
	assert_refused(":01000000AB54\n# comment\n" END, "line 2: byte 0x23");
	assert_int_equal(ihex_parse(":01\0", 4, &ihex), CLYDE_ERROR_CORRUPT);
	assert_non_null(strstr(clyde_error_message(), "byte 0x00"));
	assert_int_equal(ihex_parse("\xff", 1, &ihex), CLYDE_ERROR_CORRUPT);
	assert_non_null(strstr(clyde_error_message(), "byte 0xff"));
}

static void same_address_twice_is_refused(void **state)
{
	(void)state;
	assert_refused(":020000000102FB\n:0100010003FB\n" END,
		"line 2: address 0x0001 is there a second time");
	assert_refused(
		":0100010003FB\n:0100010003FB\n" END, "line 2: address 0x0001");
}

static void ram_may_be_filled_to_its_last_byte_and_no_further(void **state)
{
	(void)state;
	assert_int_equal(parse(":013FFF00AB16\n" END), 0);
	assert_true(ihex.used[IHEX_SIZE - 1]);
	assert_refused(
		":01400000AB14\n" END, "line 1: address 0x4000 is beyond");
	assert_refused(":023FFF00ABAB6A\n" END, "line 1: address 0x4000");
	assert_refused(":01FFFF00AB56\n" END, "line 1: address 0xffff");
	assert_refused(":02FFFF00ABABAA\n" END, "line 1: address 0x10000");
}

static void the_end_must_be_there_once_and_last(void **state)
{
	(void)state;
	assert_refused("", "line 1: the end record is missing");
	assert_refused(":01000000AB54\n", "line 2: the end record is missing");
	assert_refused(":01000000AB54\n" END ":01000100AB53\n",
		"line 3: there is something after");
	assert_refused(":01000000AB54\n" END END, "line 3: there is something");
	assert_refused(":01000000AB54\n" END "x", "line 3: there is something");
	assert_refused(
		":0100000100FE\n", "line 1: the end record is malformed");
	assert_refused(":00000101FE\n", "line 1: the end record is malformed");
}

static void file_without_data_is_refused(void **state)
{
	(void)state;
	assert_refused(END, "the file ends without any data");
	assert_refused(":00000000"
		       "00\n" END,
		"the file ends without any data");
}

static void runs_are_what_stands_together_up_to_a_limit(void **state)
{
	size_t at;

	(void)state;
	assert_int_equal(parse(":03000000020003F8\n:01000300AB51\n"
			       ":013FFF00AB16\n" END),
		0);
	assert_int_equal(ihex_run(&ihex, 0, 3, &at), 3);
	assert_int_equal(at, 0);
	assert_int_equal(ihex_run(&ihex, 3, 3, &at), 1);
	assert_int_equal(at, 3);
	assert_int_equal(ihex_run(&ihex, 4, 4096, &at), 1);
	assert_int_equal(at, IHEX_SIZE - 1);
	assert_int_equal(ihex_run(&ihex, IHEX_SIZE, 4096, &at), 0);
}

/* Cut anywhere, or with any one byte changed: no good file comes of it. */
static void no_single_change_passes(void **state)
{
	static const char good[] = ":03000000020003F8\n:01001000AB44\n" END;
	char text[sizeof(good)];
	size_t last = strlen(good) - 1; /* the last line's end may go */

	(void)state;
	for (size_t at = 0; at < last; at++) {
		assert_int_equal(
			ihex_parse(good, at, &ihex), CLYDE_ERROR_CORRUPT);
		for (int byte = 0; byte < 256; byte++) {
			memcpy(text, good, sizeof(good));
			if (byte == text[at] ||
				(text[at] == '\n' && byte == '\r'))
				continue;
			if (byte == (text[at] | 0x20) && text[at] >= 'A')
				continue;
			text[at] = byte;
			assert_int_equal(ihex_parse(text, last + 1, &ihex),
				CLYDE_ERROR_CORRUPT);
			assert_non_null(strstr(clyde_error_message(), "line "));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_lands_at_its_address),
		cmocka_unit_test(
			line_ends_may_be_any_and_the_last_may_be_missing),
		cmocka_unit_test(digits_may_be_small),
		cmocka_unit_test(order_of_records_does_not_matter),
		cmocka_unit_test(base_of_zero_is_fine_and_another_is_refused),
		cmocka_unit_test(wrong_checksum_is_refused_with_the_right_one),
		cmocka_unit_test(
			record_of_another_length_than_it_says_is_refused),
		cmocka_unit_test(unknown_types_are_refused),
		cmocka_unit_test(start_addresses_load_nothing),
		cmocka_unit_test(the_end_of_a_dos_text_is_passed_over),
		cmocka_unit_test(foreign_bytes_are_refused),
		cmocka_unit_test(same_address_twice_is_refused),
		cmocka_unit_test(
			ram_may_be_filled_to_its_last_byte_and_no_further),
		cmocka_unit_test(the_end_must_be_there_once_and_last),
		cmocka_unit_test(file_without_data_is_refused),
		cmocka_unit_test(runs_are_what_stands_together_up_to_a_limit),
		cmocka_unit_test(no_single_change_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
