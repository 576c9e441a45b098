/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Makes argp's options and help from an applet's parameter table, so that a new
 * parameter needs no line here.  The library checks the values: only it knows
 * their ranges.
 */
#include "applet.h"
#include "complete.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* argp's key of the parameter with index 0, if it has no letter */
#define KEY_FIRST 0x1000

struct parser {
	struct tool *tool;
	const struct clyde_parameter *parameters;
	const struct clyde_parameter *positional; /* the next to set, or NULL */
	struct clyde_run *run;
	struct argp_option *options; /* their strings are allocated too */
	char *words;                 /* "[MODE...]" */
};

/* ---- Values ----------------------------------------------------------- */

/* The library's sentence begins with the parameter's name; "--" in front makes
   it the option that the user typed. */
static error_t set_parameter(struct parser *parser,
	const struct clyde_parameter *parameter, const char *value)
{
	int result = clyde_run_set(parser->run, parameter->name, value);

	if (result == CLYDE_ERROR_INVALID)
		misuse(parser->tool, "%s%s", parameter->positional ? "" : "--",
			clyde_error_message());
	else
		succeeded(parser->tool, result);
	return -result;
}

static bool is_repeatable(const struct clyde_parameter *parameter)
{
	return parameter->type == CLYDE_PARAMETER_CHOICE ||
		parameter->type == CLYDE_PARAMETER_WORDS;
}

/* The first positional parameter at or after `from`, or NULL. */
static const struct clyde_parameter *find_positional(
	const struct clyde_parameter *from)
{
	while (from->name && !from->positional)
		from++;
	return from->name ? from : NULL;
}

static error_t set_positional(struct parser *parser, const char *value)
{
	const struct clyde_parameter *parameter = parser->positional;

	if (parameter == NULL) {
		misuse(parser->tool, "'%s' is one argument too many", value);
		return EINVAL;
	}
	if (!is_repeatable(parameter))
		parser->positional = find_positional(parameter + 1);
	return set_parameter(parser, parameter, value);
}

static int key_of(const struct parser *parser, unsigned index)
{
	char key = parser->parameters[index].key;

	return key ? key : KEY_FIRST + (int)index;
}

static error_t parse_argument(int key, char *argument, struct argp_state *state)
{
	struct parser *parser = state->input;

	if (key == ARGP_KEY_INIT) {
		share_tool(state, parser->tool);
		return 0;
	}
	if (key == ARGP_KEY_ARG)
		return set_positional(parser, argument);
	for (unsigned i = 0; parser->parameters[i].name; i++)
		if (!parser->parameters[i].positional &&
			key == key_of(parser, i))
			return set_parameter(parser, &parser->parameters[i],
				argument ? argument : "yes");
	return ARGP_ERR_UNKNOWN;
}

/* ---- Help ------------------------------------------------------------- */

static const struct unit {
	const char *name;
	uint64_t factor;
} plain[] = {{"", 1}, {0}},
  sizes[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	  {0}},
  times[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {0}};

/* A number in the largest unit of which it is a multiple. */
static void format_number(const struct clyde_parameter *parameter,
	uint64_t number, char *text, size_t size)
{
	const struct unit *unit = parameter->type == CLYDE_PARAMETER_SIZE
		? sizes
		: parameter->type == CLYDE_PARAMETER_TIME ? times
							  : plain;
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
	case CLYDE_PARAMETER_PIN:
		return strdup("PIN");
	case CLYDE_PARAMETER_PINS:
		return strdup("PINS");
	default:
		return upper_case(parameter->name);
	}
}

static bool fill_option(
	const struct parser *parser, unsigned index, struct argp_option *option)
{
	const struct clyde_parameter *parameter = &parser->parameters[index];

	option->doc = describe(parameter);
	if (parameter->positional) {
		option->name = upper_case(parameter->name);
		option->flags = OPTION_DOC;
		return option->doc && option->name;
	}
	option->name = strdup(parameter->name);
	option->key = key_of(parser, index);
	if (parameter->type != CLYDE_PARAMETER_FLAG)
		option->arg = placeholder(parameter);
	return option->doc && option->name &&
		(option->arg || parameter->type == CLYDE_PARAMETER_FLAG);
}

/* "[MODE...]", one word for each positional parameter */
static bool fill_words(struct parser *parser)
{
	size_t size;
	FILE *stream = open_memstream(&parser->words, &size);
	const char *space = "";
	bool written;

	if (stream == NULL)
		return false;
	for (const struct clyde_parameter *at =
			find_positional(parser->parameters);
		at; at = find_positional(at + 1)) {
		char *name = upper_case(at->name);

		fprintf(stream, "%s[%s%s]", space, name ? name : "?",
			is_repeatable(at) ? "..." : "");
		free(name);
		space = " ";
	}
	written = !ferror(stream);
	return fclose(stream) == 0 && written;
}

static bool fill_options(struct parser *parser)
{
	unsigned count = 0;

	while (parser->parameters[count].name)
		count++;
	parser->options = calloc(count + 1, sizeof(*parser->options));
	if (parser->options == NULL)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!fill_option(parser, i, &parser->options[i]))
			return false;
	return fill_words(parser);
}

static void free_options(struct parser *parser)
{
	for (struct argp_option *option = parser->options;
		option && option->name; option++) {
		free((void *)option->name);
		free((void *)option->arg);
		free((void *)option->doc);
	}
	free(parser->options);
	free(parser->words);
}

/* ---- Parsing ---------------------------------------------------------- */

bool parse_applet(struct tool *tool, const struct clyde_applet *applet,
	struct clyde_run *run, int argc, char **argv)
{
	struct parser parser = {
		.tool = tool,
		.parameters = applet->parameters,
		.positional = find_positional(applet->parameters),
		.run = run,
	};
	struct argp argp = {
		.parser = parse_argument,
		.doc = applet->help,
		.children = applet_children,
	};
	bool parsed;

	if (tool->completion)
		tool->completion->parameters = applet->parameters;
	if (fill_options(&parser)) {
		argp.options = parser.options;
		argp.args_doc = parser.words;
		parsed = parse(tool, &argp, argc, argv, &parser);
	} else {
		parsed = fail(tool, STATUS_MEMORY, "out of memory");
	}
	free_options(&parser);
	return parsed;
}
