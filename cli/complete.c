/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Reads a command line up to its last word by argp's tables, as argp itself
 * would, and lists the candidates for that word.  options.c calls it in place
 * of argp while tool->completion is set.  It must have no effect other than
 * lines on standard output: a shell calls it at any press of a key.
 */
#include "complete.h"

#include "applet.h"

#include <ctype.h>
#include <string.h>

#define OPTIONS_MAX 64

struct table {
	const struct argp_option *options[OPTIONS_MAX];
	unsigned count;
};

/* The position of the last word */
struct position {
	const struct argp_option *option; /* whose value it is, or NULL */
	bool ended;                       /* options ended before it */
	int first; /* index of the first word that is no option, or 0 */
	int words; /* number of such words before the last word */
};

/* ---- Tables ----------------------------------------------------------- */

static void collect_options(struct table *table, const struct argp *argp)
{
	const struct argp_option *option = argp->options;
	const struct argp_child *child = argp->children;

	for (; option && (option->name || option->key || option->doc); option++)
		if (!(option->flags & (OPTION_DOC | OPTION_HIDDEN)) &&
			option->key && table->count < OPTIONS_MAX)
			table->options[table->count++] = option;
	for (; child && child->argp; child++)
		collect_options(table, child->argp);
}

static const struct argp_option *find_key(const struct table *table, int key)
{
	for (unsigned i = 0; i < table->count; i++)
		if (table->options[i]->key == key)
			return table->options[i];
	return NULL;
}

/* As getopt does, also accept the beginning of a name if it is unambiguous. */
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

/*
 * The option of a word like "-c4" or "-bc": the first that takes a value, and
 * that value, or NULL if the value is the next word.  Without such a letter,
 * the option of the last letter, which may be NULL.
 */
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

/* The option of a word, or NULL, and its value if it is in the same word. */
static const struct argp_option *read_option(
	const struct table *table, const char *word, const char **ret_value)
{
	const char *end = strchrnul(word, '=');

	if (word[1] != '-')
		return read_letters(table, word, ret_value);
	*ret_value = *end ? end + 1 : NULL;
	return find_long(table, word + 2, end - word - 2);
}

static bool is_option(const struct position *position, const char *word)
{
	return !position->ended && word[0] == '-' && word[1];
}

/* The candidates for --serial depend on a --device before it. */
static void set_device(
	struct tool *tool, const struct argp_option *option, const char *value)
{
	if (option->name && strcmp(option->name, "device") == 0)
		tool->uri = value;
}

/* Read all words before the last one. */
static struct position find_position(struct tool *tool,
	const struct table *table, bool in_order, int argc, char **argv)
{
	struct position position = {0};

	for (int i = 1; i < argc - 1; i++) {
		const struct argp_option *option;
		const char *value;

		if (!is_option(&position, argv[i])) {
			position.first = position.first ? position.first : i;
			position.words++;
			/* With in_order the rest is for another parser. */
			position.ended |= in_order;
			if (in_order)
				break;
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			position.ended = true;
			continue;
		}
		option = read_option(table, argv[i], &value);
		if (option == NULL || option->arg == NULL)
			continue;
		if (value == NULL && i + 1 == argc - 1) {
			position.option = option;
			break;
		}
		set_device(tool, option, value ? value : argv[++i]);
	}
	return position;
}

/* ---- Candidates ------------------------------------------------------- */

/* A list of candidates has little room, so show only the beginning of the
   option's help, up to a semicolon, parenthesis or colon. */
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

		/* Of options with one letter the first has it. */
		if (letters && option->key < 0x80 && isgraph(option->key) &&
			!(option->flags & OPTION_ALIAS) &&
			find_key(table, option->key) == option) {
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

/* Whether a positional word of this row can stand here: the verb itself up to
   the verb, words of the verb behind it. */
static bool is_due(const struct completion *completion,
	const struct clyde_parameter *parameter)
{
	if (parameter->type == CLYDE_PARAMETER_VERB)
		return completion->verb == NULL;
	return row_fits(parameter, completion->verb);
}

/* The candidates for the index-th positional word of an applet.  A parameter
   that may be repeated takes all further words. */
static void offer_positional(struct completion *completion, int index)
{
	const struct clyde_parameter *parameter = completion->parameters;

	if (completion->value[0] == '+')
		offer(completion, "++", "Another applet at the same time");
	for (; parameter->name; parameter++) {
		if (!parameter->positional || !is_due(completion, parameter))
			continue;
		if (index == 0 || parameter->type == CLYDE_PARAMETER_CHOICE ||
			parameter->type == CLYDE_PARAMETER_WORDS) {
			offer_parameter(completion, parameter);
			return;
		}
		index--;
	}
}

/* The candidates for the index-th word of one alternative of a usage line like
   "COMMAND... | statuses".  A word with dots also stands for all later ones. */
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

/* The candidates for a command's index-th word, by the usage line of its
   help. */
static void offer_usage(
	struct completion *completion, const char *usage, int index)
{
	while (usage && *usage) {
		size_t size = strcspn(usage, "|");

		offer_alternative(completion, usage, size, index);
		usage += size + (usage[size] == '|');
	}
}

/* The candidates for the last word if it is no option. */
static void offer_word(struct completion *completion, const struct argp *argp,
	const struct position *position, int argc)
{
	static const char another[] = "-- COMMAND";
	const char *usage = argp->args_doc;

	if (completion->parameters)
		offer_positional(completion, position->words);
	else if (usage && strncmp(usage, another, strlen(another)) == 0)
		offer_command(completion,
			position->first ? argc - position->first : 1);
	else
		offer_usage(completion, usage, position->words);
}

static void offer_all(struct completion *completion, const struct argp *argp,
	const struct table *table, const struct position *position, int argc,
	const char *word)
{
	const struct argp_option *option = position->option;
	const char *value = NULL;

	completion->prefix = completion->value = word;
	if (option == NULL && is_option(position, word))
		option = read_option(table, word, &value);
	if (position->option || (option && option->arg && value)) {
		completion->value = value ? value : word;
		completion->prefix_size = (int)(completion->value - word);
		offer_value(completion, option);
	} else if (!position->ended && word[0] == '-') {
		offer_options(completion, table);
	} else {
		offer_word(completion, argp, position, argc);
		/* If no word is possible here, list the options. */
		if (!completion->offered && !*word && !position->ended)
			offer_options(completion, table);
	}
}

void complete(struct tool *tool, const struct argp *argp, bool in_order,
	int argc, char **argv)
{
	struct table table = {0};
	struct position position;

	collect_options(&table, argp);
	position = find_position(tool, &table, in_order, argc, argv);
	offer_all(tool->completion, argp, &table, &position, argc,
		argv[argc - 1]);
}

bool complete_word(struct tool *tool, const struct argp *argp, int argc,
	char **argv, int *ret_at)
{
	struct table table = {0};
	struct position position;

	collect_options(&table, argp);
	position = find_position(tool, &table, true, argc, argv);
	*ret_at = position.first;
	if (position.first)
		return true;
	offer_all(tool->completion, argp, &table, &position, argc,
		argv[argc - 1]);
	return false;
}
