/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The parser of every number that a user types: in parameters, pins, voltages,
 * URIs, faults and options.  lib, applets, virtual and cli call it.
 *
 * It must never depend on the locale, and never give a part of a text as the
 * number of all of it.  It says what is wrong, and leaves the sentence to its
 * caller.
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
	/* Digits behind a point, at most; 0: no point.  What is less than a
	   billionth counts for nothing. */
	unsigned fraction_digits;
	bool c_prefixes; /* 0x means hexadecimal and 0 octal, as in C */
	uint64_t minimum, maximum;
};

enum number_result {
	NUMBER_OK,
	/* The text does not begin with a digit. */
	NUMBER_NONE,
	/* None of the units follows; or more than the number is there. */
	NUMBER_REST,
	/* Less than the minimum, more than the maximum, or digits of more than
	   64 bits, whatever stands behind these. */
	NUMBER_RANGE,
};

/*
 * Parse the number at the start of a text.  With RET_END, which is set unless
 * there is no number, anything may follow; without, nothing may.  RET_NUMBER
 * has the unit's factor in it, and is UINT64_MAX if it has more than 64 bits.
 * It is set by NUMBER_OK and NUMBER_RANGE.
 */
enum number_result number_parse(const char *text,
	const struct number_form *form, uint64_t *ret_number,
	const char **ret_end);

#endif
