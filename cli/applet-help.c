/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Makes argp's options and help from an applet's parameter table, for applet.c.
 * What it shows must be what applet.c and the library accept.
 */
#include "applet.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* argp's key of the parameter with index 0, if it has no letter */
#define KEY_FIRST 0x1000

bool is_repeatable(const struct clyde_parameter *parameter)
{
	return parameter->type == CLYDE_PARAMETER_CHOICE ||
		parameter->type == CLYDE_PARAMETER_WORDS;
}

/* ---- Values ----------------------------------------------------------- */

static const struct unit {
	const char *name;
	uint64_t factor;
} plain[] = {{"", 1}, {0}},
  sizes[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	  {0}},
  times[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {0}},
  hertz[] = {{"Hz", 1}, {"kHz", 1000}, {"MHz", 1000000}, {0}};

static const struct unit *units_of(const struct clyde_parameter *parameter)
{
	switch (parameter->type) {
	case CLYDE_PARAMETER_SIZE:
		return sizes;
	case CLYDE_PARAMETER_TIME:
		return times;
	case CLYDE_PARAMETER_FREQUENCY:
		return hertz;
	default:
		return plain;
	}
}

/* A number in the largest unit of which it is a multiple. */
static void format_number(const struct clyde_parameter *parameter,
	uint64_t number, char *text, size_t size)
{
	const struct unit *unit = units_of(parameter);
	const struct unit *best = unit;

	for (; unit->name; unit++)
		if (number && number % unit->factor == 0)
			best = unit;
	snprintf(
		text, size, "%" PRIu64 "%s", number / best->factor, best->name);
}

/* "512..4MiB, a multiple of 512" */
static void format_range(
	const struct clyde_parameter *parameter, char *text, size_t size)
{
	char minimum[32];
	char maximum[32];
	char multiple[32];
	int used;

	format_number(parameter, parameter->minimum, minimum, sizeof(minimum));
	format_number(parameter, parameter->maximum, maximum, sizeof(maximum));
	format_number(
		parameter, parameter->multiple, multiple, sizeof(multiple));
	used = snprintf(text, size, "%s..%s", minimum, maximum);
	if (parameter->multiple > 1)
		snprintf(text + used, size - used, ", a multiple of %s",
			multiple);
}

/* The values of a parameter: a range, a list of names, or an example. */
static void format_values(
	const struct clyde_parameter *parameter, char *text, size_t size)
{
	switch (parameter->type) {
	case CLYDE_PARAMETER_CHOICE:
		snprintf(text, size, "any of: %s", parameter->choices);
		break;
	case CLYDE_PARAMETER_ONE_OF:
	case CLYDE_PARAMETER_VERB:
		snprintf(text, size, "one of: %s", parameter->choices);
		break;
	case CLYDE_PARAMETER_PIN:
		snprintf(text, size, "A0, or A0# if it is inverted");
		break;
	case CLYDE_PARAMETER_PINS:
		snprintf(text, size, "A0, A0:3, A0,B1#");
		break;
	case CLYDE_PARAMETER_FLAG:
	case CLYDE_PARAMETER_TEXT:
	case CLYDE_PARAMETER_WORDS:
		*text = '\0';
		break;
	default:
		format_range(parameter, text, size);
	}
}

static char *describe(const struct clyde_parameter *parameter)
{
	const char *initial = parameter->initial ? parameter->initial : "";
	char values[128];
	char *text;
	bool any;

	format_values(parameter, values, sizeof(values));
	any = values[0] || initial[0];
	if (asprintf(&text, "%s%s%s%s%s%s%s", parameter->help, any ? " (" : "",
		    values, values[0] && initial[0] ? "; " : "",
		    initial[0] ? "default " : "", initial, any ? ")" : "") < 0)
		return NULL;
	return text;
}

static char *upper_case(const char *text)
{
	char *copy = strdup(text);

	for (char *at = copy; at && *at; at++)
		*at = toupper((unsigned char)*at);
	return copy;
}

/* The placeholder of the value in a usage line: its unit, or its name. */
static char *placeholder(const struct clyde_parameter *parameter)
{
	switch (parameter->type) {
	case CLYDE_PARAMETER_SIZE:
		return strdup("SIZE");
	case CLYDE_PARAMETER_INTEGER:
		return parameter->unit ? upper_case(parameter->unit)
				       : strdup("N");
	case CLYDE_PARAMETER_TIME:
		return strdup("TIME");
	case CLYDE_PARAMETER_FREQUENCY:
		return strdup("FREQ");
	case CLYDE_PARAMETER_PIN:
		return strdup("PIN");
	case CLYDE_PARAMETER_PINS:
		return strdup("PINS");
	default:
		return upper_case(parameter->name);
	}
}

/* ---- Keys ------------------------------------------------------------- */

/* Rows with the same letter: a row of the verb comes before one of the applet,
   and that before a row of other verbs. */
static int rank(const struct applet_argp *argp, unsigned index)
{
	const struct clyde_parameter *row = &argp->rows[index];

	return !row_fits(row, argp->verb) ? 0 : row->verbs ? 2 : 1;
}

/* Whether an option of every applet or command has this letter. */
static bool is_common(const struct argp_child *children, int key)
{
	for (; children && children->argp; children++) {
		const struct argp_option *option = children->argp->options;

		for (; option && (option->name || option->key); option++)
			if (option->key == key)
				return true;
		if (is_common(children->argp->children, key))
			return true;
	}
	return false;
}

/* Whether the letter of a row means something else here. */
static bool is_shadowed(const struct applet_argp *argp, unsigned index)
{
	const struct clyde_parameter *rows = argp->rows;
	int own = rank(argp, index);

	for (unsigned i = 0; rows[i].name; i++)
		if (i != index && !rows[i].positional &&
			rows[i].key == rows[index].key &&
			(rank(argp, i) > own ||
				(rank(argp, i) == own && i < index)))
			return true;
	return own == 0 && is_common(applet_children, rows[index].key);
}

int applet_argp_key(const struct applet_argp *argp, unsigned index)
{
	int key = (unsigned char)argp->rows[index].key;

	return key && !is_shadowed(argp, index) ? key : KEY_FIRST + (int)index;
}

/* ---- Options ---------------------------------------------------------- */

static bool fill_option(const struct applet_argp *argp, unsigned index,
	struct argp_option *option)
{
	const struct clyde_parameter *row = &argp->rows[index];
	bool flag = row->type == CLYDE_PARAMETER_FLAG;

	option->doc = describe(row);
	if (row->positional) {
		option->name = upper_case(row->name);
		option->flags = OPTION_DOC;
		return option->doc && option->name;
	}
	option->name = strdup(row->name);
	option->key = applet_argp_key(argp, index);
	/* An option of other verbs is refused with a sentence of its own. */
	if (!row_fits(row, argp->verb))
		option->flags = OPTION_HIDDEN;
	if (!flag)
		option->arg = placeholder(row);
	return option->doc && option->name && (option->arg || flag);
}

/* The rows that argp parses, and the positional ones that can be given. */
static bool fill_rows(struct applet_argp *argp, struct argp_option **at)
{
	for (unsigned i = 0; argp->rows[i].name; i++) {
		const struct clyde_parameter *row = &argp->rows[i];

		if (row->type == CLYDE_PARAMETER_VERB ||
			(row->positional &&
				(!row_fits(row, argp->verb) ||
					(argp->verb == NULL &&
						find_verb(argp->rows)))))
			continue;
		if (!fill_option(argp, i, (*at)++))
			return false;
	}
	return true;
}

/* ---- The help of an applet with verbs --------------------------------- */

void choice_help(const struct clyde_parameter *parameter, const char *choice,
	char *text, size_t size)
{
	const char *word = parameter->choices, *line = parameter->choices_help;
	size_t length = strlen(choice);

	text[0] = '\0';
	while (line && *word && *line) {
		size_t end = strcspn(word, " ");
		size_t line_end = strcspn(line, "\n");

		if (end == length && memcmp(word, choice, length) == 0) {
			snprintf(text, size, "%.*s", (int)line_end, line);
			return;
		}
		word += end + (word[end] == ' ');
		line += line_end + (line[line_end] == '\n');
	}
}

/* A heading, and below it a line for each verb. */
static bool fill_verbs(
	const struct clyde_parameter *verb, struct argp_option **at)
{
	char help[256];

	if (asprintf((char **)&(*at)->doc, "%s:", verb->help) < 0) {
		(*at)->doc = NULL;
		return false;
	}
	(*at)++;
	for (const char *word = verb->choices; *word;) {
		size_t length = strcspn(word, " ");
		struct argp_option *option = (*at)++;

		option->name = strndup(word, length);
		if (option->name)
			choice_help(verb, option->name, help, sizeof(help));
		option->doc = option->name ? strdup(help) : NULL;
		option->flags = OPTION_DOC;
		if (option->doc == NULL)
			return false;
		word += length + (word[length] == ' ');
	}
	return true;
}

/* "-f, --file=FILE", as argp itself shows options: argp would not show a letter
   that another option has, too. */
static char *option_text(const struct clyde_parameter *row)
{
	char *value = placeholder(row), *text = NULL;
	char key[8] = "    ";

	if (value && row->key)
		snprintf(key, sizeof(key), "-%c, ", row->key);
	if (value &&
		asprintf(&text, "%s--%s%s%s", key, row->name,
			row->type == CLYDE_PARAMETER_FLAG ? "" : "=",
			row->type == CLYDE_PARAMETER_FLAG ? "" : value) < 0)
		text = NULL;
	free(value);
	return text;
}

/* Whether a row before this one belongs to the same verbs. */
static bool is_listed(const struct clyde_parameter *rows, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (rows[i].verbs &&
			strcmp(rows[i].verbs, rows[index].verbs) == 0)
			return true;
	return false;
}

/* A heading, and below it the rows of the same verbs as this row's. */
static bool fill_group(const struct clyde_parameter *rows, unsigned first,
	struct argp_option **at)
{
	char words[160];

	list_words(rows[first].verbs, words, sizeof(words));
	if (asprintf((char **)&(*at)->doc, "With %s:", words) < 0) {
		(*at)->doc = NULL;
		return false;
	}
	(*at)++;
	for (unsigned i = first; rows[i].name; i++) {
		struct argp_option *option = *at;

		if (rows[i].verbs == NULL ||
			strcmp(rows[i].verbs, rows[first].verbs) != 0)
			continue;
		(*at)++;
		option->doc = describe(&rows[i]);
		option->name = rows[i].positional ? upper_case(rows[i].name)
						  : option_text(&rows[i]);
		option->flags = OPTION_DOC;
		if (option->doc == NULL || option->name == NULL)
			return false;
	}
	return true;
}

static bool fill_groups(
	const struct clyde_parameter *rows, struct argp_option **at)
{
	for (unsigned i = 0; rows[i].name; i++)
		if (rows[i].verbs && !is_listed(rows, i) &&
			!fill_group(rows, i, at))
			return false;
	return true;
}

/* ---- Usage ------------------------------------------------------------ */

/* "ADDRESS [MODE...]", one word for each positional parameter */
static void write_words(FILE *stream, const struct clyde_parameter *rows,
	const char *verb, const char *space)
{
	for (; rows->name; rows++) {
		char *name;

		if (!rows->positional || rows->type == CLYDE_PARAMETER_VERB ||
			!row_fits(rows, verb))
			continue;
		name = upper_case(rows->name);
		fprintf(stream, "%s%s%s%s%s", space, rows->required ? "" : "[",
			name ? name : "?", is_repeatable(rows) ? "..." : "",
			rows->required ? "" : "]");
		free(name);
		space = " ";
	}
}

/* Without a verb, a line for each verb. */
static void write_usage(FILE *stream, const struct applet_argp *argp)
{
	const struct clyde_parameter *row = find_verb(argp->rows);
	const char *word = row && !argp->verb ? row->choices : "";
	char verb[64];

	if (!*word)
		write_words(stream, argp->rows, argp->verb, "");
	while (*word) {
		int length = (int)strcspn(word, " ");

		snprintf(verb, sizeof(verb), "%.*s", length, word);
		fputs(verb, stream);
		write_words(stream, argp->rows, verb, " ");
		word += length + (word[length] == ' ');
		if (*word)
			fputc('\n', stream);
	}
}

static bool fill_words(struct applet_argp *argp)
{
	size_t size;
	FILE *stream = open_memstream(&argp->words, &size);
	bool written;

	if (stream == NULL)
		return false;
	write_usage(stream, argp);
	written = !ferror(stream);
	return fclose(stream) == 0 && written;
}

/* ---- All of it -------------------------------------------------------- */

/* Enough for an option and a line of help for each row, a heading for each, the
   words of a verb, its heading and an end. */
static unsigned count_options(const struct clyde_parameter *rows)
{
	unsigned count = 0;

	while (rows[count].name)
		count++;
	return 3 * count + 64 + 2;
}

bool applet_argp_fill(struct applet_argp *argp)
{
	const struct clyde_parameter *verb = find_verb(argp->rows);
	struct argp_option *at =
		calloc(count_options(argp->rows), sizeof(*argp->options));

	argp->options = at;
	if (at == NULL || !fill_rows(argp, &at))
		return false;
	if (verb && !argp->verb &&
		(!fill_verbs(verb, &at) || !fill_groups(argp->rows, &at)))
		return false;
	return fill_words(argp);
}

void applet_argp_free(struct applet_argp *argp)
{
	for (struct argp_option *option = argp->options;
		option && (option->name || option->doc || option->arg);
		option++) {
		free((void *)option->name);
		free((void *)option->arg);
		free((void *)option->doc);
	}
	free(argp->options);
	free(argp->words);
}
