/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The values of parameters: text as it was typed becomes a number, a choice,
 * words or pins.  run.c calls it for clyde_run_set().
 *
 * A refused text must never change the value that was there.  The message of the
 * error says which text would be accepted.
 */
#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/number.h"

/* ---- Numbers ---------------------------------------------------------- */

static const struct number_unit plain[] = {{"", 1}, {0}};
static const struct number_unit bytes[] = {{"", 1}, {"KiB", 1 << 10},
	{"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", UINT64_C(1) << 40}, {0}};
static const struct number_unit times[] = {
	{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {0}};

/* A bare number is kHz, as in upstream's command lines. */
static const struct number_unit frequencies[] = {{"", 1000}, {"Hz", 1},
	{"k", 1000}, {"kHz", 1000}, {"M", 1000000}, {"MHz", 1000000}, {0}};
static const struct number_unit hertz[] = {
	{"Hz", 1}, {"kHz", 1000}, {"MHz", 1000000}, {0}};

static const struct kind {
	const struct number_unit *units;
	const struct number_unit *shown; /* the units of bounds */
	unsigned fraction_digits;
	bool hexadecimal;
	const char *what;
} kinds[] = {
	[CLYDE_PARAMETER_SIZE] = {bytes, bytes, 0, true,
		"a size like 512, 64KiB, 8MiB or 1GiB"},
	[CLYDE_PARAMETER_INTEGER] = {plain, plain, 0, true, "a number"},
	[CLYDE_PARAMETER_TIME] = {times, times, NUMBER_DIGITS_ANY, false,
		"a time like 20us, 5ms or 1.5s"},
	[CLYDE_PARAMETER_FREQUENCY] = {frequencies, hertz, NUMBER_DIGITS_ANY,
		false, "a frequency like 100 (kHz), 400k, 12M or 100Hz"},
};

/* A bound, as text, in the largest unit of which it is a multiple. */
static void bound_text(
	uint64_t bound, const struct number_unit *units, char text[32])
{
	const struct number_unit *unit = units;

	for (; units->suffix; units++)
		if (bound > 0 && bound % units->factor == 0)
			unit = units;
	snprintf(text, 32, "%" PRIu64 "%s", bound / unit->factor, unit->suffix);
}

static int out_of_range(
	const struct clyde_parameter *parameter, const char *text, bool above)
{
	const struct number_unit *units = kinds[parameter->type].shown;
	char minimum[32], maximum[32];

	bound_text(parameter->minimum, units, minimum);
	bound_text(parameter->maximum, units, maximum);
	return set_error(CLYDE_ERROR_INVALID,
		"%s: %s is not in %s..%s; the nearest is %s", parameter->name,
		text, minimum, maximum, above ? maximum : minimum);
}

static int set_number(const struct clyde_parameter *parameter, const char *text,
	struct value *value)
{
	const struct kind *kind = &kinds[parameter->type];
	const struct number_form form = {
		.units = kind->units,
		.fraction_digits = kind->fraction_digits,
		.hexadecimal = kind->hexadecimal,
		.minimum = parameter->minimum,
		.maximum = parameter->maximum,
	};
	uint64_t number;
	enum number_result result = number_parse(text, &form, &number, NULL);

	if (result == NUMBER_RANGE)
		return out_of_range(
			parameter, text, number >= parameter->maximum);
	if (result != NUMBER_OK)
		return set_error(CLYDE_ERROR_INVALID, "%s: %s is not %s",
			parameter->name, text, kind->what);
	if (parameter->multiple && number % parameter->multiple)
		return set_error(CLYDE_ERROR_INVALID,
			"%s: %s is not a multiple of %llu", parameter->name,
			text, (unsigned long long)parameter->multiple);
	value->number = number;
	return 0;
}

/* ---- Names ------------------------------------------------------------ */

/* The bit of a word in a list of words; -1 if it is not there. */
static int choice_bit(const char *choices, const char *word, size_t size)
{
	for (int bit = 0; *choices; bit++) {
		size_t length = strcspn(choices, " ");

		if (length == size && memcmp(choices, word, size) == 0)
			return bit;
		choices += length + (choices[length] == ' ');
	}
	return -1;
}

static int set_choice(const struct clyde_parameter *parameter, const char *text,
	struct value *value)
{
	bool many = parameter->type == CLYDE_PARAMETER_CHOICE;
	uint64_t number = many ? value->number : 0;

	while (*text) {
		size_t size = many ? strcspn(text, " ") : strlen(text);
		int bit = choice_bit(parameter->choices, text, size);

		if (bit < 0)
			return set_error(CLYDE_ERROR_INVALID,
				"%s: %.*s is not one of %s", parameter->name,
				(int)size, text, parameter->choices);
		number |= UINT64_C(1) << bit;
		text += size + (text[size] == ' ');
	}
	value->number = number;
	return 0;
}

int parameter_chosen(const struct clyde_parameter *parameter,
	const struct value *value, const char *choice)
{
	size_t size = strlen(choice);
	int bit = choice_bit(parameter->choices, choice, size);

	if (bit < 0)
		return CLYDE_ERROR_INVALID;
	if (value->number == 0)
		return parameter->initial &&
			choice_bit(parameter->initial, choice, size) >= 0;
	return value->number >> bit & 1;
}

static int set_flag(const struct clyde_parameter *parameter, const char *text,
	struct value *value)
{
	bool yes = strcmp(text, "yes") == 0;

	if (!yes && strcmp(text, "no") != 0)
		return set_error(CLYDE_ERROR_INVALID, "%s: %s is not yes or no",
			parameter->name, text);
	value->number = yes;
	return 0;
}

/* ---- Texts ------------------------------------------------------------ */

static int set_words(const struct clyde_parameter *parameter, const char *text,
	struct value *value)
{
	char *copy = strdup(text);
	char **words = reallocarray(
		value->words, value->count + 1, sizeof(*value->words));

	if (words)
		value->words = words;
	if (copy == NULL || words == NULL) {
		free(copy);
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	}
	if (parameter->type == CLYDE_PARAMETER_TEXT && value->count > 0) {
		free(words[0]);
		value->count = 0;
	}
	words[value->count++] = copy;
	return 0;
}

void value_clear(struct value *value)
{
	while (value->words && value->count > 0)
		free(value->words[--value->count]);
	free(value->words);
	value->words = NULL;
}

/* ---- Pins ------------------------------------------------------------- */

static int set_pins(const struct clyde_parameter *parameter, const char *text,
	struct value *value)
{
	struct clyde_pin pins[CLYDE_PINS_MAX];
	int count = clyde_pins_parse(text, pins);

	if (count < 0)
		return set_error(count, "%s: '%s': %s", parameter->name, text,
			clyde_error_message());
	if (parameter->type == CLYDE_PARAMETER_PIN && count > 1)
		return set_error(CLYDE_ERROR_INVALID,
			"%s: '%s' are %d pins, and one is needed",
			parameter->name, text, count);
	memcpy(value->pins, pins, count * sizeof(*pins));
	value->count = count;
	return 0;
}

int parameter_set(const struct clyde_parameter *parameter, const char *text,
	struct value *value)
{
	static int (*const setters[])(const struct clyde_parameter *parameter,
		const char *text, struct value *value) = {
		[CLYDE_PARAMETER_SIZE] = set_number,
		[CLYDE_PARAMETER_INTEGER] = set_number,
		[CLYDE_PARAMETER_CHOICE] = set_choice,
		[CLYDE_PARAMETER_ONE_OF] = set_choice,
		[CLYDE_PARAMETER_FLAG] = set_flag,
		[CLYDE_PARAMETER_TIME] = set_number,
		[CLYDE_PARAMETER_TEXT] = set_words,
		[CLYDE_PARAMETER_WORDS] = set_words,
		[CLYDE_PARAMETER_PIN] = set_pins,
		[CLYDE_PARAMETER_PINS] = set_pins,
		[CLYDE_PARAMETER_FREQUENCY] = set_number,
		[CLYDE_PARAMETER_VERB] = set_choice,
	};
	int result = setters[parameter->type](parameter, text, value);

	if (result == 0)
		value->given = true;
	return result;
}

/* ---- Verbs ------------------------------------------------------------ */

/* "read, verify or write" */
static const char *list_words(const char *words, char text[256])
{
	size_t used = 0;

	text[0] = '\0';
	while (*words && used < 256) {
		int length = (int)strcspn(words, " ");
		const char *next = words + length + (words[length] == ' ');
		const char *between = " or ";

		if (!*next)
			between = "";
		else if (strchr(next, ' '))
			between = ", ";
		used += snprintf(text + used, 256 - used, "%.*s%s", length,
			words, between);
		words = next;
	}
	return text;
}

/* The index of the row of the verb; -1 if the applet has none. */
static int verb_row(const struct clyde_parameter *rows)
{
	for (int i = 0; rows[i].name; i++)
		if (rows[i].type == CLYDE_PARAMETER_VERB)
			return i;
	return -1;
}

/* Copy the word of the choice that was made. */
static void choice_text(const struct clyde_parameter *parameter,
	const struct value *value, char text[64])
{
	const char *word = parameter->choices;

	text[0] = '\0';
	if (value->number == 0)
		return;
	for (int bit = __builtin_ctzll(value->number); bit > 0; bit--)
		word = strchr(word, ' ') + 1;
	snprintf(text, 64, "%.*s", (int)strcspn(word, " "), word);
}

static int check_row(const struct clyde_parameter *row,
	const struct value *value, const char *applet, const char *verb)
{
	char words[256];

	if (row->verbs && choice_bit(row->verbs, verb, strlen(verb)) < 0)
		return value->set ? set_error(CLYDE_ERROR_INVALID,
					    "%s: %s belongs to %s, not to %s",
					    applet, row->name,
					    list_words(row->verbs, words), verb)
				  : 0;
	if (row->required && !value->given)
		return set_error(CLYDE_ERROR_INVALID, "%s%s%s: %s is missing",
			applet, *verb ? " " : "", verb, row->name);
	return 0;
}

int parameters_check(const struct clyde_run *run)
{
	const struct clyde_parameter *rows = run->applet->table.parameters;
	const char *applet = run->applet->table.name;
	char verb[64] = "", words[256];
	int at = verb_row(rows), result = 0;

	if (at >= 0)
		choice_text(&rows[at], &run->values[at], verb);
	if (at >= 0 && !*verb)
		return set_error(CLYDE_ERROR_INVALID, "%s: %s is missing: %s",
			applet, rows[at].name,
			list_words(rows[at].choices, words));
	for (int i = 0; rows[i].name && result == 0; i++)
		result = check_row(&rows[i], &run->values[i], applet, verb);
	return result;
}
