/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Parameters as they are typed: what is taken, and what is said of the rest. */
#include "clyde-test.h"

#include <stdio.h>

#include "lib/run.h"

static const struct clyde_parameter duration = {
	.name = "for",
	.type = CLYDE_PARAMETER_TIME,
	.minimum = 1,
	.maximum = UINT64_C(86400000000000),
};

static uint64_t time_of(const char *text)
{
	struct value value = {0};

	if (parameter_set(&duration, text, &value) < 0)
		fail_msg("%s", clyde_error_message());
	assert_true(value.given);
	return value.number;
}

static void a_time_is_in_nanoseconds(void **state)
{
	(void)state;
	assert_int_equal(time_of("1ns"), 1);
	assert_int_equal(time_of("20us"), 20000);
	assert_int_equal(time_of("5ms"), 5000000);
	assert_int_equal(time_of("2s"), 2000000000);
	assert_int_equal(time_of("86400s"), 86400000000000);
}

static void a_fraction_of_a_time_is_exact(void **state)
{
	(void)state;
	assert_int_equal(time_of("1.5s"), 1500000000);
	assert_int_equal(time_of("0.000000001s"), 1);
	assert_int_equal(time_of("1.25us"), 1250);
	/* There is nothing below a nanosecond. */
	assert_int_equal(time_of("1.9ns"), 1);
	assert_int_equal(time_of("1.0000000009s"), 1000000000);
}

static void assert_refused(const struct clyde_parameter *parameter,
	const char *text, const char *sentence)
{
	struct value value = {0};

	assert_int_equal(
		parameter_set(parameter, text, &value), CLYDE_ERROR_INVALID);
	assert_string_equal(clyde_error_message(), sentence);
	assert_false(value.given);
	value_clear(&value);
}

static void what_is_no_time_is_told_with_what_is(void **state)
{
	static const char *const words[] = {"", "5", "ms", "5 ms", "5m", "-5ms",
		"1.ms", ".5s", "1.5.5s", "0x5s", "1e3s", "5mss"};
	char sentence[128];

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		snprintf(sentence, sizeof(sentence),
			"for: %s is not a time like 20us, 5ms or 1.5s",
			words[i]);
		assert_refused(&duration, words[i], sentence);
	}
}

static void a_time_out_of_range_is_told_with_the_nearest(void **state)
{
	(void)state;
	assert_refused(&duration, "0s",
		"for: 0s is not in 1ns..86400s; the nearest is 1ns");
	assert_refused(&duration, "86401s",
		"for: 86401s is not in 1ns..86400s; the nearest is 86400s");
	assert_refused(&duration, "18446744073709551615s",
		"for: 18446744073709551615s is not in 1ns..86400s; the nearest "
		"is 86400s");
	assert_refused(&duration, "99999999999999999999ns",
		"for: 99999999999999999999ns is not in 1ns..86400s; the "
		"nearest is 86400s");
}

static void words_are_kept_in_their_order(void **state)
{
	static const struct clyde_parameter words = {
		.name = "action", .type = CLYDE_PARAMETER_WORDS};
	struct value value = {0};

	(void)state;
	assert_int_equal(parameter_set(&words, "set", &value), 0);
	assert_int_equal(parameter_set(&words, "", &value), 0);
	assert_int_equal(parameter_set(&words, "A0 A1", &value), 0);
	assert_int_equal(value.count, 3);
	assert_string_equal(value.words[0], "set");
	assert_string_equal(value.words[1], "");
	assert_string_equal(value.words[2], "A0 A1");
	value_clear(&value);
	assert_null(value.words);
}

static void the_last_text_is_the_one(void **state)
{
	static const struct clyde_parameter text = {
		.name = "endpoint", .type = CLYDE_PARAMETER_TEXT};
	struct value value = {0};

	(void)state;
	assert_int_equal(parameter_set(&text, "one", &value), 0);
	assert_int_equal(parameter_set(&text, "two", &value), 0);
	assert_int_equal(value.count, 1);
	assert_string_equal(value.words[0], "two");
	value_clear(&value);
}

static void a_number_out_of_range_is_told_with_the_nearest(void **state)
{
	static const struct clyde_parameter baud = {
		.name = "baud",
		.type = CLYDE_PARAMETER_INTEGER,
		.minimum = 46,
		.maximum = 12000000,
	};

	(void)state;
	assert_refused(&baud, "45",
		"baud: 45 is not in 46..12000000; the nearest is 46");
	assert_refused(&baud, "12000001",
		"baud: 12000001 is not in 46..12000000; the nearest is "
		"12000000");
	assert_refused(&baud, "fast", "baud: fast is not a number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_is_in_nanoseconds),
		cmocka_unit_test(a_fraction_of_a_time_is_exact),
		cmocka_unit_test(what_is_no_time_is_told_with_what_is),
		cmocka_unit_test(a_time_out_of_range_is_told_with_the_nearest),
		cmocka_unit_test(words_are_kept_in_their_order),
		cmocka_unit_test(the_last_text_is_the_one),
		cmocka_unit_test(
			a_number_out_of_range_is_told_with_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
