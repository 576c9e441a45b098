/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Any text as a number: the first byte chooses the form.  What the digits are
 * is compared with the C library, where that takes the same text.
 */
#include <errno.h>

#include "common/number.h"
#include "fuzz.h"

static const struct number_unit units[] = {
	{"", 1}, {"%", 1000}, {"ms", 1000000}, {"s", 1000000000}, {0}};

static void check_digits(const char *text, bool c_prefixes)
{
	const struct number_form form = {
		.c_prefixes = c_prefixes, .maximum = UINT64_MAX};
	const char *end = NULL;
	char *expected_end;
	uint64_t number = 0, expected;
	enum number_result result = number_parse(text, &form, &number, &end);

	check((result == NUMBER_NONE) == (*text < '0' || *text > '9'));
	/* strtoull() of some C libraries knows 0b as well. */
	if (result == NUMBER_NONE ||
		(text[0] == '0' && (text[1] | 0x20) == 'b'))
		return;
	errno = 0;
	expected = strtoull(text, &expected_end, c_prefixes ? 0 : 10);
	check(end == expected_end);
	check(number == expected);
	check(result == (errno ? NUMBER_RANGE : NUMBER_OK));
}

static void check_form(const char *text, const struct number_form *form)
{
	const char *end = NULL;
	uint64_t number, again;
	enum number_result result = number_parse(text, form, &number, &end);
	enum number_result alone = number_parse(text, form, &again, NULL);

	check((result == NUMBER_NONE) == (end == NULL));
	if (result == NUMBER_OK)
		check(number >= form->minimum && number <= form->maximum);
	if (result == NUMBER_RANGE)
		check(number < form->minimum || number > form->maximum ||
			number == UINT64_MAX);
	if (end && *end)
		check(alone == NUMBER_REST || alone == NUMBER_RANGE);
	else
		check(alone == result);
	if (alone == NUMBER_OK)
		check(again == number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint8_t shape = take_byte(&input);
	struct number_form form = {
		.units = shape & 1 ? units : NULL,
		.fraction_digits = shape & 2 ? shape >> 4
					     : (shape & 1) * NUMBER_DIGITS_ANY,
		.c_prefixes = shape & 4,
		.hexadecimal = !(shape & 4),
		.minimum = shape & 8 ? 10 : 0,
		.maximum = shape & 8 ? 1000000 : UINT64_MAX,
	};
	char *text = take_text(&input);

	check_digits(text, false);
	check_digits(text, true);
	check_form(text, &form);
	free(text);
	return 0;
}
