/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Numbers in SVF: "100", "1.5E6", "1.00E-002".  No locale, and no double. */
#include "svf-internal.h"

#include <string.h>

#define EXPONENT_MAX 10000 /* beyond it nothing changes any more */

struct decimal {
	uint64_t mantissa;
	int exponent;
	bool full; /* there were more digits than the mantissa has room for */
	bool more; /* digits that are not in the mantissa, and are not zeros */
};

/* A digit that has no room any more only counts for the rounding. */
static void add_digit(struct decimal *decimal, unsigned digit, bool point)
{
	uint64_t mantissa;

	if (decimal->full ||
		__builtin_mul_overflow(decimal->mantissa, 10, &mantissa) ||
		__builtin_add_overflow(mantissa, digit, &mantissa)) {
		decimal->full = true;
		decimal->more |= digit != 0;
		decimal->exponent += !point;
		return;
	}
	decimal->mantissa = mantissa;
	decimal->exponent -= point;
}

/* Digits, perhaps with a point.  Returns what follows, or NULL: no digits. */
static const char *take_digits(const char *text, struct decimal *decimal)
{
	bool point = false, any = false;

	for (;; text++) {
		if (*text == '.' && !point) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			return any ? text : NULL;
		any = true;
		add_digit(decimal, *text - '0', point);
	}
}

/* "E", a sign, digits, and nothing else; or nothing. */
static bool take_exponent(const char *text, struct decimal *decimal)
{
	bool minus;
	int exponent = 0;

	if (*text == '\0')
		return true;
	if (*text++ != 'E')
		return false;
	minus = *text == '-';
	text += minus || *text == '+';
	if (*text == '\0')
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (exponent < EXPONENT_MAX)
			exponent = 10 * exponent + (*text - '0');
	}
	decimal->exponent += minus ? -exponent : exponent;
	return true;
}

bool svf_number(const char *text, unsigned scale, bool up, uint64_t *ret_number)
{
	struct decimal decimal = {0};

	text = take_digits(text, &decimal);
	if (text == NULL || !take_exponent(text, &decimal))
		return false;
	decimal.exponent += scale;
	if (decimal.full && decimal.exponent > 0)
		return false;
	for (; decimal.exponent > 0 && decimal.mantissa; decimal.exponent--)
		if (__builtin_mul_overflow(
			    decimal.mantissa, 10, &decimal.mantissa))
			return false;
	for (; decimal.exponent < 0 && decimal.mantissa; decimal.exponent++) {
		decimal.more |= decimal.mantissa % 10;
		decimal.mantissa /= 10;
	}
	*ret_number = decimal.mantissa + (up && decimal.more);
	return true;
}
