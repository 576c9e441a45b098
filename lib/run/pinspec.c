/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes pins as Glasgow's users write them, gives their numbers. */
#include "lib/base/internal.h"

#include <string.h>
#include <strings.h>

#include "common/number.h"

#define PORT_PINS 8

static const char misspelt[] = "a pin is like A0, B7# or A0:3, several are "
			       "like A0,B1, and NC is none";
static const char nowhere[] = "ports are A to D, and their pins 0 to 7";

/* What is left of a text. */
struct reader {
	const char *at, *end;
};

static bool take(struct reader *reader, char character)
{
	if (reader->at == reader->end || *reader->at != character)
		return false;
	reader->at++;
	return true;
}

/* A number that is too large for a pin is still a number: the error says that
   there is no such pin. */
static int take_number(struct reader *reader, uint64_t *ret_number)
{
	static const struct number_form form = {.maximum = UINT64_MAX};

	if (number_parse(reader->at, &form, ret_number, &reader->at) ==
		NUMBER_NONE)
		return CLYDE_ERROR_INVALID;
	return 0;
}

static bool unconnected(const char *text, size_t size)
{
	return size == 0 || (size == 1 && *text == '-') ||
		(size == 2 && strncasecmp(text, "NC", 2) == 0);
}

struct clause {
	uint8_t port;
	uint64_t first, last;
	bool invert;
};

/* "A0", "A0:3", "B7:4#" */
static int parse_clause(
	const char *text, size_t size, struct clause *ret_clause)
{
	struct reader reader = {text + 1, text + size};
	struct clause clause = {.port = *text - 'A'};
	int result;

	if (*text < 'A' || *text > 'Z')
		return CLYDE_ERROR_INVALID;
	result = take_number(&reader, &clause.first);
	clause.last = clause.first;
	if (result == 0 && take(&reader, ':'))
		result = take_number(&reader, &clause.last);
	clause.invert = take(&reader, '#');
	if (result < 0 || reader.at < reader.end)
		return CLYDE_ERROR_INVALID;
	if (clause.port >= CLYDE_PORT_COUNT || clause.first >= PORT_PINS ||
		clause.last >= PORT_PINS)
		return CLYDE_ERROR_NO_PIN;
	*ret_clause = clause;
	return 0;
}

/* A range may go down. */
static int add(const struct clause *clause,
	struct clyde_pin pins[CLYDE_PINS_MAX], int count)
{
	int step = clause->last < clause->first ? -1 : 1;

	for (int number = clause->first;; number += step) {
		if (count == CLYDE_PINS_MAX)
			return CLYDE_ERROR_EXHAUSTED;
		pins[count++] = (struct clyde_pin){
			clause->port, number, clause->invert};
		if (number == (int)clause->last)
			return count;
	}
}

static int parse_pins(const char *text, struct clyde_pin *pins)
{
	int count = 0;

	for (;;) {
		size_t size = strcspn(text, ",");
		struct clause clause;
		int result = 0;

		if (!unconnected(text, size)) {
			result = parse_clause(text, size, &clause);
			if (result == 0)
				result = count = add(&clause, pins, count);
		}
		if (result < 0)
			return result;
		if (text[size] == '\0')
			return count;
		text += size + 1;
	}
}

CLYDE_API int clyde_pins_parse(
	const char *text, struct clyde_pin ret_pins[CLYDE_PINS_MAX])
{
	struct clyde_pin pins[CLYDE_PINS_MAX];
	int count;

	if (check_given("text", text) < 0)
		return CLYDE_ERROR_INVALID;
	count = parse_pins(text, pins);
	if (count == CLYDE_ERROR_INVALID)
		return set_error(count, "%s", misspelt);
	if (count == CLYDE_ERROR_NO_PIN)
		return set_error(count, "%s", nowhere);
	if (count < 0)
		return set_error(CLYDE_ERROR_INVALID,
			"these are more than %d pins", CLYDE_PINS_MAX);
	memcpy(ret_pins, pins, count * sizeof(*pins));
	return count;
}
