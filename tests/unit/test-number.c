/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Numbers as users type them: what they are, and which end they have. */
#include "tests/support/clyde-test.h"

#include <locale.h>

#include "common/number.h"

static const struct number_unit times[] = {
	{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {0}};
static const struct number_unit bytes[] = {
	{"", 1}, {"K", 1 << 10}, {"KiB", 1 << 10}, {0}};

static const struct number_form any = {.maximum = UINT64_MAX};
static const struct number_form c_like = {
	.c_prefixes = true, .maximum = UINT64_MAX};
static const struct number_form a_time = {
	.units = times,
	.fraction_digits = NUMBER_DIGITS_ANY,
	.maximum = UINT64_MAX,
};
static const struct number_form a_size = {
	.units = bytes, .maximum = UINT64_MAX};

static const struct number_form hexadecimal = {
	.hexadecimal = true, .maximum = UINT64_MAX};

static void assert_is(
	const char *text, const struct number_form *form, uint64_t expected)
{
	uint64_t number = ~expected;

	if (number_parse(text, form, &number, NULL) != NUMBER_OK)
		fail_msg("'%s' is refused", text);
	assert_int_equal(number, expected);
}

/* What is not RANGE leaves the number as it was. */
static void assert_refused(const char *text, const struct number_form *form,
	enum number_result expected)
{
	uint64_t number = 42;

	if (number_parse(text, form, &number, NULL) != expected)
		fail_msg("'%s' is not refused so", text);
	assert_true(expected == NUMBER_RANGE || number == 42);
}

static void assert_ends(const char *text, const struct number_form *form,
	uint64_t expected, const char *rest)
{
	const char *end = NULL;
	uint64_t number;

	assert_int_equal(number_parse(text, form, &number, &end), NUMBER_OK);
	assert_int_equal(number, expected);
	assert_string_equal(end, rest);
}

static void digits_are_decimal_with_zeros_before_them_too(void **state)
{
	(void)state;
	assert_is("0", &any, 0);
	assert_is("7", &any, 7);
	assert_is("0012", &any, 12);
	assert_is("18446744073709551615", &any, UINT64_MAX);
	assert_is("000000000000000000000000000001", &any, 1);
}

static void a_text_that_does_not_begin_with_a_digit_is_no_number(void **state)
{
	static const char *const texts[] = {"", " 1", "\t1", "\n1", "-1", "+1",
		"--1", "x", ".5", ",5", "ns", "\xb2", "\xd9\xa1", "inf", "nan"};
	const char *end = "untouched";
	uint64_t number;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_refused(texts[i], &any, NUMBER_NONE);
		assert_refused(texts[i], &c_like, NUMBER_NONE);
		assert_refused(texts[i], &a_time, NUMBER_NONE);
		assert_int_equal(number_parse(texts[i], &any, &number, &end),
			NUMBER_NONE);
		assert_string_equal(end, "untouched");
	}
}

static void what_stands_behind_a_number_is_refused_or_left(void **state)
{
	static const char *const texts[] = {
		"1 ", "1x", "1,5", "1.5", "1e3", "0x10", "1_000", "1'000"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_refused(texts[i], &any, NUMBER_REST);
		assert_ends(texts[i], &any, texts[i][0] - '0', texts[i] + 1);
	}
}

static void a_comma_is_never_a_part_of_a_number(void **state)
{
	(void)state;
	setlocale(LC_ALL, "de_DE.UTF-8"); /* if the machine has it */
	assert_refused("1,5s", &a_time, NUMBER_REST);
	assert_refused("1,000", &any, NUMBER_REST);
	assert_ends("1,5", &any, 1, ",5");
	assert_ends("0x1f,5", &c_like, 31, ",5");
	assert_is("1.5s", &a_time, 1500000000);
	setlocale(LC_ALL, "C");
}

static void prefixes_are_those_of_c_and_only_where_asked_for(void **state)
{
	(void)state;
	assert_is("0x10", &c_like, 16);
	assert_is("0XfF", &c_like, 255);
	assert_is("010", &c_like, 8);
	assert_is("10", &c_like, 10);
	assert_is("0", &c_like, 0);
	assert_is("010", &any, 10);
	assert_is("0xffffffffffffffff", &c_like, UINT64_MAX);
	assert_refused("0x10000000000000000", &c_like, NUMBER_RANGE);
	assert_refused("0b1", &c_like, NUMBER_REST);
}

static void a_prefix_without_digits_is_a_zero_and_a_rest(void **state)
{
	(void)state;
	assert_refused("0x", &c_like, NUMBER_REST);
	assert_ends("0x", &c_like, 0, "x");
	assert_ends("0xg", &c_like, 0, "xg");
	assert_ends("08", &c_like, 0, "8");
	assert_ends("0xfg", &c_like, 15, "g");
}

static void a_number_of_more_than_64_bits_is_out_of_range(void **state)
{
	static const char *const texts[] = {"18446744073709551616",
		"18446744073709551620", "99999999999999999999999999999999"};
	const char *end;
	uint64_t number = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_refused(texts[i], &any, NUMBER_RANGE);
	assert_int_equal(
		number_parse("99999999999999999999:1", &any, &number, &end),
		NUMBER_RANGE);
	assert_int_equal(number, UINT64_MAX);
	assert_string_equal(end, ":1");
	/* also with a rest, or without a unit that is needed */
	assert_refused("99999999999999999999x", &any, NUMBER_RANGE);
	assert_refused("99999999999999999999", &a_time, NUMBER_RANGE);
}

static void a_unit_can_make_a_number_too_large(void **state)
{
	(void)state;
	assert_is("18446744073s", &a_time, UINT64_C(18446744073000000000));
	assert_is("18446744073.709551615s", &a_time, UINT64_MAX);
	assert_refused("18446744073.709551616s", &a_time, NUMBER_RANGE);
	assert_refused("18446744074s", &a_time, NUMBER_RANGE);
	assert_refused("18014398509481984KiB", &a_size, NUMBER_RANGE);
	assert_refused("18446744074x", &a_time, NUMBER_REST);
}

static void bounds_belong_to_the_range(void **state)
{
	const struct number_form form = {.minimum = 2, .maximum = 5};
	uint64_t number;

	(void)state;
	assert_is("2", &form, 2);
	assert_is("5", &form, 5);
	assert_refused("1", &form, NUMBER_RANGE);
	assert_refused("6", &form, NUMBER_RANGE);
	assert_refused("6x", &form, NUMBER_REST);
	assert_int_equal(number_parse("6", &form, &number, NULL), NUMBER_RANGE);
	assert_int_equal(number, 6);
}

static void a_unit_multiplies_and_the_longest_one_counts(void **state)
{
	(void)state;
	assert_is("12us", &a_time, 12000);
	assert_is("3", &a_size, 3);
	assert_is("3K", &a_size, 3072);
	assert_is("3KiB", &a_size, 3072);
	assert_ends("3KiBs", &a_size, 3072, "s");
	assert_ends("3Ki", &a_size, 3072, "i");
	assert_refused("3", &a_time, NUMBER_REST);
	assert_refused("3 s", &a_time, NUMBER_REST);
	assert_refused("3S", &a_time, NUMBER_REST);
	assert_refused("3kib", &a_size, NUMBER_REST);
}

static void a_fraction_is_exact_down_to_a_billionth(void **state)
{
	(void)state;
	assert_is("1.5s", &a_time, 1500000000);
	assert_is("0.000000001s", &a_time, 1);
	assert_is("0.0000000019s", &a_time, 1);
	assert_is("1.9999999999999999999999999s", &a_time, 1999999999);
	assert_is("2.25us", &a_time, 2250);
	assert_is("0.9ns", &a_time, 0);
}

static void a_fraction_has_no_more_digits_than_it_may(void **state)
{
	static const struct number_unit volts[] = {{"", 1000}, {0}};
	static const struct number_form form = {
		.units = volts, .fraction_digits = 3, .maximum = 5500};

	(void)state;
	assert_is("3", &form, 3000);
	assert_is("3.3", &form, 3300);
	assert_is("3.305", &form, 3305);
	assert_is("5.500", &form, 5500);
	assert_refused("5.501", &form, NUMBER_RANGE);
	assert_refused("3.3050", &form, NUMBER_REST);
	assert_ends("3.3050", &form, 3305, "0");
}

static void a_point_without_a_digit_behind_it_is_rest(void **state)
{
	(void)state;
	assert_refused("1.", &a_time, NUMBER_REST);
	assert_refused("1.s", &a_time, NUMBER_REST);
	assert_refused("1.as", &a_time, NUMBER_REST);
	assert_refused("1..5s", &a_time, NUMBER_REST);
	assert_refused("1.5.5s", &a_time, NUMBER_REST);
	assert_refused("1.5", &a_size, NUMBER_REST);
}

static void a_zero_in_front_is_octal_only_where_c_is_followed(void **state)
{
	(void)state;
	assert_is("010", &c_like, 8);
	assert_is("010", &hexadecimal, 10);
	assert_is("010", &any, 10);
	assert_is("0x10", &hexadecimal, 16);
	assert_is("0XfF", &hexadecimal, 255);
	assert_refused("0x", &hexadecimal, NUMBER_REST);
	assert_refused("0x10", &any, NUMBER_REST);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_zero_in_front_is_octal_only_where_c_is_followed),
		cmocka_unit_test(digits_are_decimal_with_zeros_before_them_too),
		cmocka_unit_test(
			a_text_that_does_not_begin_with_a_digit_is_no_number),
		cmocka_unit_test(
			what_stands_behind_a_number_is_refused_or_left),
		cmocka_unit_test(a_comma_is_never_a_part_of_a_number),
		cmocka_unit_test(
			prefixes_are_those_of_c_and_only_where_asked_for),
		cmocka_unit_test(a_prefix_without_digits_is_a_zero_and_a_rest),
		cmocka_unit_test(a_number_of_more_than_64_bits_is_out_of_range),
		cmocka_unit_test(a_unit_can_make_a_number_too_large),
		cmocka_unit_test(bounds_belong_to_the_range),
		cmocka_unit_test(a_unit_multiplies_and_the_longest_one_counts),
		cmocka_unit_test(a_fraction_is_exact_down_to_a_billionth),
		cmocka_unit_test(a_fraction_has_no_more_digits_than_it_may),
		cmocka_unit_test(a_point_without_a_digit_behind_it_is_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
