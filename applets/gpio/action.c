/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Parses the words of the command line into actions, for gpio.c.  No call here
 * uses the device, because claim() parses as well.
 */
#include "gpio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *verb;
	enum action_kind kind;
} verbs[] = {
	{"read", ACTION_READ},
	{"set", ACTION_HIGH},
	{"clear", ACTION_LOW},
	{"float", ACTION_FLOAT},
	{"watch", ACTION_WATCH},
};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

static bool find_verb(const char *word, enum action_kind *ret_kind)
{
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].verb, word) != 0)
			continue;
		*ret_kind = verbs[i].kind;
		return true;
	}
	return false;
}

static bool find_level(const char *text, enum action_kind *ret_kind)
{
	static const char letters[] = "01LHZ";
	const char *letter = strchr(letters, *text);

	if (*text == '\0' || letter == NULL || text[1])
		return false;
	*ret_kind = ACTION_LOW + (letter - letters);
	return true;
}

static int fail_word(const char *word, const char *why)
{
	return set_error(CLYDE_ERROR_INVALID, "gpio: '%s': %s", word, why);
}

/* "A0", "A0:3", "A0,B1=1" */
static int parse_pins(const char *word, struct action *action)
{
	const char *equals = strchr(word, '=');
	char pins[256];
	int result;

	if (equals && !find_level(equals + 1, &action->kind))
		return fail_word(word,
			"behind the = stands 0 or 1 to drive, L or H to pull, "
			"or Z for neither");
	if (snprintf(pins, sizeof(pins), "%.*s",
		    equals ? (int)(equals - word) : (int)strlen(word),
		    word) >= (int)sizeof(pins))
		return fail_word("...", "too long for a list of pins");
	result = clyde_pins_parse(pins, action->pins);
	if (result == CLYDE_ERROR_NO_PIN)
		return set_error(CLYDE_ERROR_NO_PIN, "gpio: '%s': %s", word,
			clyde_error_message());
	if (result <= 0)
		return fail_word(word,
			"neither read, set, clear, float or watch, nor pins "
			"like A0, A0:3 or A0=1");
	action->count = result;
	return 0;
}

static bool among(const struct clyde_pin *pin, const struct clyde_pin *pins,
	unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (pin->port == pins[i].port && pin->number == pins[i].number)
			return true;
	return false;
}

/* If --pins is given, an action may name only pins of it. */
static int check_pins(struct clyde_run *run, const struct action *action)
{
	const struct clyde_pin *pins;
	unsigned count = run_pins(run, "pins", &pins);

	for (unsigned i = 0; i < action->count && count > 0; i++)
		if (!among(&action->pins[i], pins, count))
			return set_error(CLYDE_ERROR_INVALID,
				"gpio: '%s': pin %c%u is not among --pins",
				action->word, 'A' + action->pins[i].port,
				action->pins[i].number);
	return 0;
}

/* A verb without pins means those of --pins. */
static int use_all_pins(struct clyde_run *run, struct action *action)
{
	const struct clyde_pin *pins;

	action->count = run_pins(run, "pins", &pins);
	if (action->count == 0)
		return set_error(CLYDE_ERROR_INVALID,
			"gpio: %s which pins? name them behind it, or with "
			"--pins",
			action->word);
	memcpy(action->pins, pins, action->count * sizeof(*pins));
	return 0;
}

static int add_word(struct clyde_run *run, char *const *words, unsigned index,
	unsigned count, struct action **at)
{
	enum action_kind kind = ACTION_READ, unused;
	struct action *action = *at;
	int result;

	action->word = words[index];
	if (find_verb(words[index], &action->kind)) {
		if (index + 1 < count &&
			!find_verb(words[index + 1], &unused)) {
			action->word = NULL; /* its pins follow */
			return 0;
		}
		result = use_all_pins(run, action);
	} else {
		for (unsigned i = 0; i < index; i++)
			find_verb(words[i], &kind);
		action->kind = kind;
		result = parse_pins(words[index], action);
		if (result == 0)
			result = check_pins(run, action);
	}
	(*at)++;
	return result;
}

int actions_parse(struct clyde_run *run, struct action **ret_actions)
{
	char *const *words;
	unsigned count = run_words(run, "action", &words);
	struct action *actions = calloc(count + 1, sizeof(*actions));
	struct action *at = actions;
	int result = 0;

	if (actions == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	if (count == 0)
		result = set_error(CLYDE_ERROR_INVALID,
			"gpio: what shall it do? read, set, clear, float or "
			"watch pins, or A0=1");
	for (unsigned i = 0; i < count && result == 0; i++)
		result = add_word(run, words, i, count, &at);
	if (result == 0)
		*ret_actions = actions;
	else
		free(actions);
	return result;
}
