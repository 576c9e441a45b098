/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Reads a command line up to its last word by argp's tables, as argp itself
 * would, and lists what that word may become.  options.c calls it in place of
 * argp while tool->completion is set.  Nothing here may have an effect beyond
 * standard output: a shell calls it at any key press.
 */
#include "complete.h"

#include <ctype.h>
#include <string.h>

#define OPTIONS_MAX 64

struct table {
	const struct argp_option *options[OPTIONS_MAX];
	unsigned count;
};

/* Where the last word stands. */
struct place {
	const struct argp_option *option; /* it is this one's value */
	bool ended;                       /* "--" came before */
	int first;                        /* index of the first word, or 0 */
	int words;                        /* how many came before */
};

/* ---- Tables ----------------------------------------------------------- */

static void flatten(struct table *table, const struct argp *argp)
{
	const struct argp_option *option = argp->options;
	const struct argp_child *child = argp->children;

	for (; option && (option->name || option->key || option->doc); option++)
		if (!(option->flags & OPTION_DOC) && option->key &&
			table->count < OPTIONS_MAX)
			table->options[table->count++] = option;
	for (; child && child->argp; child++)
		flatten(table, child->argp);
}

static const struct argp_option *find_key(const struct table *table, int key)
{
	for (unsigned i = 0; i < table->count; i++)
		if (table->options[i]->key == key)
			return table->options[i];
	return NULL;
}

/* getopt takes the beginning of a name too, if only one begins so. */
static const struct argp_option *find_long(
	const struct table *table, const char *name, size_t size)
{
	const struct argp_option *found = NULL;

	for (unsigned i = 0; i < table->count; i++) {
		const struct argp_option *option = table->options[i];

		if (!option->name || strncmp(option->name, name, size) != 0)
			continue;
		if (option->name[size] == '\0')
			return option;
		if (found)
			return NULL;
		found = option;
	}
	return found;
}

/* ---- Words ------------------------------------------------------------ */

/* "-c4", "-bc", "-": the option that takes a value, with that value or NULL
   if it is the next word. */
static const struct argp_option *read_letters(
	const struct table *table, const char *word, const char **ret_value)
{
	const struct argp_option *option = NULL;

	*ret_value = NULL;
	for (const char *at = word + 1; *at; at++) {
		option = find_key(table, (unsigned char)*at);
		if (option && option->arg) {
			*ret_value = at[1] ? at + 1 : NULL;
			return option;
		}
	}
	return option;
}

/* An option's word: which it is, or NULL, and the value in the same word. */
static const struct argp_option *read_option(
	const struct table *table, const char *word, const char **ret_value)
{
	const char *end = strchrnul(word, '=');

	if (word[1] != '-')
		return read_letters(table, word, ret_value);
	*ret_value = *end ? end + 1 : NULL;
	return find_long(table, word + 2, end - word - 2);
}

static bool is_option(const struct place *place, const char *word)
{
	return !place->ended && word[0] == '-' && word[1];
}

/* Which devices --serial chooses from depends on --device before it. */
static void note_device(
	struct tool *tool, const struct argp_option *option, const char *value)
{
	if (option->name && strcmp(option->name, "device") == 0)
		tool->uri = value;
}

/* Read what stands before the last word. */
static struct place find_place(struct tool *tool, const struct table *table,
	bool in_order, int argc, char **argv)
{
	struct place place = {0};

	for (int i = 1; i < argc - 1; i++) {
		const struct argp_option *option;
		const char *value;

		if (!is_option(&place, argv[i])) {
			place.first = place.first ? place.first : i;
			place.words++;
			/* The rest is not this command's. */
			place.ended |= in_order;
			if (in_order)
				break;
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			place.ended = true;
			continue;
		}
		option = read_option(table, argv[i], &value);
		if (option == NULL || option->arg == NULL)
			continue;
		if (value == NULL && i + 1 == argc - 1) {
			place.option = option;
			break;
		}
		note_device(tool, option, value ? value : argv[++i]);
	}
	return place;
}

/* ---- Candidates ------------------------------------------------------- */

/* "Where the device is; \"virtual:\" is ..." up to the semicolon: a list of
   candidates has little room. */
static void offer_option(
	struct completion *completion, const char *text, const char *doc)
{
	char help[160];
	size_t size;

	if (doc == NULL)
		doc = "";
	size = strcspn(doc, ";(:");
	while (size > 0 && doc[size - 1] == ' ')
		size--;
	snprintf(help, sizeof(help), "%.*s", (int)size, doc);
	offer(completion, text, help);
}

static void offer_options(
	struct completion *completion, const struct table *table)
{
	bool letters = strcmp(completion->value, "-") == 0;

	for (unsigned i = 0; i < table->count; i++) {
		const struct argp_option *option = table->options[i];
		char text[64];

		if (letters && option->key < 0x80 && isgraph(option->key) &&
			!(option->flags & OPTION_ALIAS)) {
			snprintf(text, sizeof(text), "-%c", option->key);
			offer_option(completion, text, option->doc);
		}
		if (option->name == NULL)
			continue;
		snprintf(text, sizeof(text), "--%s", option->name);
		offer_option(completion, text, option->doc);
	}
}

static const struct clyde_parameter *find_parameter(
	const struct completion *completion, const char *name)
{
	const struct clyde_parameter *parameter = completion->parameters;

	for (; parameter && parameter->name; parameter++)
		if (!parameter->positional &&
			strcmp(parameter->name, name) == 0)
			return parameter;
	return NULL;
}

static void offer_value(
	struct completion *completion, const struct argp_option *option)
{
	const struct clyde_parameter *parameter =
		find_parameter(completion, option->name);

	if (parameter)
		offer_parameter(completion, parameter);
	else if (strcmp(option->name, "log") == 0)
		offer_levels(completion);
	else
		offer_placeholder(completion, option->arg, strlen(option->arg));
}

/* The index-th word that an applet takes without an option's name; what may
   be given many times takes all that follow. */
static void offer_positional(struct completion *completion, int index)
{
	const struct clyde_parameter *parameter = completion->parameters;

	if (completion->value[0] == '+')
		offer(completion, "++", "Another applet at the same time");
	for (; parameter->name; parameter++) {
		if (!parameter->positional)
			continue;
		if (index == 0 || parameter->type == CLYDE_PARAMETER_CHOICE ||
			parameter->type == CLYDE_PARAMETER_WORDS) {
			offer_parameter(completion, parameter);
			return;
		}
		index--;
	}
}

/* One of "COMMAND... | statuses": its index-th word, the last one over and
   over if dots follow. */
static void offer_alternative(
	struct completion *completion, const char *text, size_t size, int index)
{
	const char *end = text + size;

	while (text < end) {
		const char *word = text + strspn(text, " [");
		size_t length = strcspn(word, " []|\n");

		if (word >= end || length == 0)
			return;
		bool many =
			length > 3 && strncmp(word + length - 3, "...", 3) == 0;

		if (index-- == 0 || many) {
			offer_placeholder(completion, word, length);
			return;
		}
		text = word + length;
	}
}

/* A word of a command, by the usage line that its help prints. */
static void offer_usage(
	struct completion *completion, const char *usage, int index)
{
	while (usage && *usage) {
		size_t size = strcspn(usage, "|");

		offer_alternative(completion, usage, size, index);
		usage += size + (usage[size] == '|');
	}
}

/* What the last word may be if it is no option. */
static void offer_word(struct completion *completion, const struct argp *argp,
	const struct place *place, int argc)
{
	static const char another[] = "-- COMMAND";
	const char *usage = argp->args_doc;

	if (completion->parameters)
		offer_positional(completion, place->words);
	else if (usage && strncmp(usage, another, strlen(another)) == 0)
		offer_command(
			completion, place->first ? argc - place->first : 1);
	else
		offer_usage(completion, usage, place->words);
}

static void offer_all(struct completion *completion, const struct argp *argp,
	const struct table *table, const struct place *place, int argc,
	const char *word)
{
	const struct argp_option *option = place->option;
	const char *value = NULL;

	completion->prefix = completion->value = word;
	if (option == NULL && is_option(place, word))
		option = read_option(table, word, &value);
	if (place->option || (option && option->arg && value)) {
		completion->value = value ? value : word;
		completion->prefix_size = (int)(completion->value - word);
		offer_value(completion, option);
	} else if (!place->ended && word[0] == '-') {
		offer_options(completion, table);
	} else {
		offer_word(completion, argp, place, argc);
		/* Where no word fits, options do. */
		if (!completion->offered && !*word && !place->ended)
			offer_options(completion, table);
	}
}

void complete(struct tool *tool, const struct argp *argp, bool in_order,
	int argc, char **argv)
{
	struct table table = {0};
	struct place place;

	flatten(&table, argp);
	place = find_place(tool, &table, in_order, argc, argv);
	offer_all(tool->completion, argp, &table, &place, argc, argv[argc - 1]);
}

bool complete_word(struct tool *tool, const struct argp *argp, int argc,
	char **argv, int *ret_at)
{
	struct table table = {0};
	struct place place;

	flatten(&table, argp);
	place = find_place(tool, &table, true, argc, argv);
	*ret_at = place.first;
	if (place.first)
		return true;
	offer_all(tool->completion, argp, &table, &place, argc, argv[argc - 1]);
	return false;
}
