/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The parser of numbers, see number.h. */
#include "number.h"

#include <stddef.h>
#include <string.h>

#define BILLION 1000000000

unsigned number_digit(int character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'a' && character <= 'f')
		return character - 'a' + 10;
	if (character >= 'A' && character <= 'F')
		return character - 'A' + 10;
	return 16;
}

/* Step over "0x"; a "0" that means octal is left, as a digit. */
static unsigned take_base(const struct number_form *form, const char **text)
{
	if (**text != '0' || (!form->c_prefixes && !form->hexadecimal))
		return 10;
	if (((*text)[1] != 'x' && (*text)[1] != 'X') ||
		number_digit((*text)[2]) == 16)
		return form->c_prefixes ? 8 : 10;
	*text += 2;
	return 16;
}

/* Step over all digits, also if their number has more than 64 bits: false
   then. */
static bool take_digits(const char **text, unsigned base, uint64_t *ret_number)
{
	uint64_t number = 0;
	bool fits = true;

	for (; number_digit(**text) < base; (*text)++)
		fits = fits && !__builtin_mul_overflow(number, base, &number) &&
			!__builtin_add_overflow(
				number, number_digit(**text), &number);
	*ret_number = number;
	return fits;
}

/* A point without a digit behind it does not belong to the number. */
static uint64_t take_billionths(const char **text, unsigned digits_max)
{
	uint64_t billionths = 0, scale = BILLION;

	if (digits_max == 0 || **text != '.' || number_digit((*text)[1]) > 9)
		return 0;
	(*text)++;
	for (; digits_max > 0 && number_digit(**text) <= 9; digits_max--) {
		scale /= 10;
		billionths += number_digit(*(*text)++) * scale;
	}
	return billionths;
}

/* The unit with the longest suffix that follows; NULL if no suffix does. */
static const struct number_unit *take_unit(
	const char **text, const struct number_unit *units)
{
	static const struct number_unit none[] = {{"", 1}, {0}};
	const struct number_unit *unit = NULL;
	size_t longest = 0;

	for (units = units ? units : none; units->suffix; units++) {
		size_t size = strlen(units->suffix);

		if (strncmp(*text, units->suffix, size) != 0 ||
			(unit && size < longest))
			continue;
		unit = units;
		longest = size;
	}
	*text += longest;
	return unit;
}

enum number_result number_parse(const char *text,
	const struct number_form *form, uint64_t *ret_number,
	const char **ret_end)
{
	const struct number_unit *unit;
	uint64_t number, billionths;
	unsigned base;
	bool fits;

	if (number_digit(*text) > 9)
		return NUMBER_NONE;
	base = take_base(form, &text);
	fits = take_digits(&text, base, &number);
	billionths = take_billionths(&text, form->fraction_digits);
	unit = take_unit(&text, form->units);
	if (ret_end)
		*ret_end = text;
	if (fits && (unit == NULL || (ret_end == NULL && *text)))
		return NUMBER_REST;
	fits = fits && !__builtin_mul_overflow(number, unit->factor, &number) &&
		!__builtin_add_overflow(
			number, billionths * unit->factor / BILLION, &number);
	*ret_number = fits ? number : UINT64_MAX;
	if (!fits || number < form->minimum || number > form->maximum)
		return NUMBER_RANGE;
	return NUMBER_OK;
}
