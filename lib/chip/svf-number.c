/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Numbers in SVF: "100", "1.5E6", "1.00E-002".  No locale, and no double. */
#include "svf-internal.h"

#include <string.h>

#define EXPONENT_MAX 10000 /* beyond it nothing changes any more */
#define MANTISSA_MAX (UINT64_MAX / 10 - 1)

struct decimal {
	uint64_t mantissa;
	int exponent;
	bool more; /* digits that are not in the mantissa, and are not zeros */
};

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
		if (decimal->mantissa <= MANTISSA_MAX) {
			decimal->mantissa =
				10 * decimal->mantissa + (*text - '0');
			decimal->exponent -= point;
		} else {
			decimal->more |= *text != '0';
			decimal->exponent += !point;
		}
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
