/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the parser of pins as a user types them: what is accepted, and with
   which error the rest is refused. */
#include "tests/support/clyde-test.h"

static void assert_reads(const char *text, const char *pins)
{
	struct clyde_pin pin[CLYDE_PINS_MAX];
	int count = clyde_pins_parse(text, pin);
	char seen[4 * CLYDE_PINS_MAX + 1] = "";

	assert_true(count >= 0);
	for (int i = 0; i < count; i++) {
		char one[4] = {'A' + pin[i].port, '0' + pin[i].number,
			pin[i].invert ? '#' : ' '};

		strcat(seen, one);
	}
	assert_string_equal(seen, pins);
}

static void assert_refuses(const char *text, int error)
{
	struct clyde_pin pin[CLYDE_PINS_MAX], before[CLYDE_PINS_MAX];

	memset(pin, 0xee, sizeof(pin));
	memcpy(before, pin, sizeof(pin));
	assert_int_equal(clyde_pins_parse(text, pin), error);
	assert_true(clyde_error_message()[0]);
	assert_memory_equal(pin, before, sizeof(pin));
}

static void pins_are_read_in_each_form_that_upstream_accepts(void **state)
{
	(void)state;
	assert_reads("A0", "A0 ");
	assert_reads("B7#", "B7#");
	assert_reads("A0:3", "A0 A1 A2 A3 ");
	assert_reads("A3:1#", "A3#A2#A1#");
	assert_reads("A0,B1#,D7", "A0 B1#D7 ");
	assert_reads("A00", "A0 ");
}

static void the_absence_of_a_pin_can_be_written_in_several_ways(void **state)
{
	(void)state;
	assert_reads("", "");
	assert_reads("-", "");
	assert_reads("nc", "");
	assert_reads("A0,NC,A1", "A0 A1 ");
}

static void a_pin_out_of_range_has_another_error_than_a_malformed_one(
	void **state)
{
	(void)state;
	assert_refuses("A8", CLYDE_ERROR_NO_PIN);
	assert_refuses("E0", CLYDE_ERROR_NO_PIN);
	assert_refuses("A0:8", CLYDE_ERROR_NO_PIN);
	assert_refuses("A99999999999999999999", CLYDE_ERROR_NO_PIN);
	assert_refuses("a0", CLYDE_ERROR_INVALID);
	assert_refuses("A", CLYDE_ERROR_INVALID);
	assert_refuses("A#", CLYDE_ERROR_INVALID);
	assert_refuses("A0##", CLYDE_ERROR_INVALID);
	assert_refuses("A0#:3", CLYDE_ERROR_INVALID);
	assert_refuses("A0 ", CLYDE_ERROR_INVALID);
	assert_refuses("A0;A1", CLYDE_ERROR_INVALID);
	assert_refuses("A-1", CLYDE_ERROR_INVALID);
	assert_refuses("A0:", CLYDE_ERROR_INVALID);
}

static void more_than_all_pins_are_refused(void **state)
{
	(void)state;
	assert_reads("A0:7,B0:7,C0:7,D0:7",
		"A0 A1 A2 A3 A4 A5 A6 A7 B0 B1 B2 B3 B4 B5 B6 B7 "
		"C0 C1 C2 C3 C4 C5 C6 C7 D0 D1 D2 D3 D4 D5 D6 D7 ");
	assert_refuses("A0:7,B0:7,C0:7,D0:7,A0", CLYDE_ERROR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			pins_are_read_in_each_form_that_upstream_accepts),
		cmocka_unit_test(
			the_absence_of_a_pin_can_be_written_in_several_ways),
		cmocka_unit_test(
			a_pin_out_of_range_has_another_error_than_a_malformed_one),
		cmocka_unit_test(more_than_all_pins_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
