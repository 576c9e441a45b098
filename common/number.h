/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The parser of every number that a user types: in parameters, pins, voltages,
 * URIs, faults and options.  lib, applets, virtual and cli call it.
 *
 * It must never depend on the locale, and never return the number at the start
 * of a text for the whole text.  It returns what is wrong; the caller makes the
 * error message.
 */
#ifndef COMMON_NUMBER_H
#define COMMON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

struct number_unit {
	const char *suffix; /* "" is a number without a unit */
	uint64_t factor;    /* at most 10^9 where there is a fraction */
};

#define NUMBER_DIGITS_ANY (~0u)

struct number_form {
	const struct number_unit *units; /* ends with {0}; NULL: none */
	/* The largest number of digits behind a point; 0: no point is taken.
	   Digits beyond the ninth are taken, and do not change the number. */
	unsigned fraction_digits;
	bool c_prefixes;  /* 0x means hexadecimal and 0 octal, as in C */
	bool hexadecimal; /* 0x means hexadecimal, and 0 is only a digit */
	uint64_t minimum, maximum;
};

enum number_result {
	NUMBER_OK,
	/* The text does not begin with a digit. */
	NUMBER_NONE,
	/* None of the units follows; or something follows the number that may
	   not. */
	NUMBER_REST,
	/* Less than the minimum, more than the maximum, or digits of more than
	   64 bits, whatever stands behind these. */
	NUMBER_RANGE,
};

/*
 * Parse the number at the start of a text.  If RET_END is NULL, nothing may
 * follow the number.  Otherwise anything may, and RET_END is set, except for
 * NUMBER_NONE.  RET_NUMBER is set for NUMBER_OK and NUMBER_RANGE: the number
 * times the unit's factor, or UINT64_MAX if that has more than 64 bits.
 */
enum number_result number_parse(const char *text,
	const struct number_form *form, uint64_t *ret_number,
	const char **ret_end);

/* The value of a digit, decimal or hexadecimal; or 16, which is no digit in any
   base. */
unsigned number_digit(int character);

#endif
