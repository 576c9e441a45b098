/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Parses an applet's arguments by its parameter table, so that a new parameter
 * needs no line here.  The library checks the values: only it knows their
 * ranges.
 *
 * With verbs, argp is called twice: for the words before the verb, and for those
 * behind it, where other rows of the table count.
 */
#include "applet.h"
#include "complete.h"

#include <errno.h>
#include <string.h>

struct parser {
	struct tool *tool;
	struct applet_argp argp;
	const struct clyde_parameter *positional; /* the next to set, or NULL */
	struct clyde_run *run;
	int verb_at; /* index of the verb in argv; 0: none was found yet */
};

/* ---- Rows ------------------------------------------------------------- */

const struct clyde_parameter *find_verb(const struct clyde_parameter *rows)
{
	for (; rows->name; rows++)
		if (rows->type == CLYDE_PARAMETER_VERB)
			return rows;
	return NULL;
}

bool list_has(const char *list, const char *word)
{
	size_t size = strlen(word);

	while (list && *list) {
		size_t length = strcspn(list, " ");

		if (length == size && memcmp(list, word, size) == 0)
			return true;
		list += length + (list[length] == ' ');
	}
	return false;
}

void list_words(const char *list, char *text, size_t size)
{
	size_t used = 0;

	for (const char *at = list; *at && used < size;) {
		int length = (int)strcspn(at, " ");
		const char *next = at + length + (at[length] == ' ');
		const char *between = " or ";

		if (!*next)
			between = "";
		else if (strchr(next, ' '))
			between = ", ";
		used += snprintf(text + used, size - used, "%.*s%s", length, at,
			between);
		at = next;
	}
}

bool row_fits(const struct clyde_parameter *row, const char *verb)
{
	return row->verbs == NULL || (verb && list_has(row->verbs, verb));
}

/* The first positional parameter at or after `from` that can be given now, or
   NULL. */
static const struct clyde_parameter *find_positional(
	const struct clyde_parameter *from, const char *verb)
{
	while (from->name && !(from->positional && row_fits(from, verb)))
		from++;
	return from->name ? from : NULL;
}

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

static error_t set_positional(
	struct parser *parser, const char *value, struct argp_state *state)
{
	const struct clyde_parameter *parameter = parser->positional;

	if (parameter == NULL) {
		misuse(parser->tool, "'%s' is one argument too many", value);
		return EINVAL;
	}
	if (!is_repeatable(parameter))
		parser->positional =
			find_positional(parameter + 1, parser->argp.verb);
	if (parameter->type == CLYDE_PARAMETER_VERB) {
		parser->verb_at = state->next - 1;
		state->next = state->argc; /* parse_verb() reads the rest */
	}
	return set_parameter(parser, parameter, value);
}

/* An option of verbs that was given before the verb, or behind another. */
static error_t refuse_row(
	struct parser *parser, const struct clyde_parameter *parameter)
{
	const char *verb = parser->argp.verb;
	char words[160];

	list_words(parameter->verbs, words, sizeof(words));
	if (verb)
		misuse(parser->tool, "--%s belongs to %s, not to %s",
			parameter->name, words, verb);
	else
		misuse(parser->tool, "--%s belongs to %s, and comes behind it",
			parameter->name, words);
	return EINVAL;
}

static error_t parse_argument(int key, char *argument, struct argp_state *state)
{
	struct parser *parser = state->input;
	const struct clyde_parameter *rows = parser->argp.rows;

	if (key == ARGP_KEY_INIT) {
		share_tool(state, parser->tool);
		return 0;
	}
	if (key == ARGP_KEY_ARG)
		return set_positional(parser, argument, state);
	for (unsigned i = 0; rows[i].name; i++) {
		if (rows[i].positional ||
			key != applet_argp_key(&parser->argp, i))
			continue;
		if (!row_fits(&rows[i], parser->argp.verb))
			return refuse_row(parser, &rows[i]);
		return set_parameter(
			parser, &rows[i], argument ? argument : "yes");
	}
	return ARGP_ERR_UNKNOWN;
}

/* ---- Parsing ---------------------------------------------------------- */

typedef bool parse_function(struct tool *tool, const struct argp *argp,
	int argc, char **argv, void *input);

static bool parse_part(struct parser *parser, const char *help,
	parse_function *how, int argc, char **argv)
{
	struct tool *tool = parser->tool;
	struct argp argp = {
		.parser = parse_argument,
		.doc = help,
		.children = applet_children,
	};
	bool parsed;

	if (tool->completion) {
		tool->completion->parameters = parser->argp.rows;
		tool->completion->verb = parser->argp.verb;
	}
	if (applet_argp_fill(&parser->argp)) {
		argp.options = parser->argp.options;
		argp.args_doc = parser->argp.words;
		/* A completion of a word behind the verb is not listed here. */
		parsed = tool->completion && how == parse_in_order
			? complete_word(
				  tool, &argp, argc, argv, &parser->verb_at)
			: how(tool, &argp, argc, argv, parser);
	} else {
		parsed = fail(tool, STATUS_MEMORY, "out of memory");
	}
	applet_argp_free(&parser->argp);
	return parsed;
}

/* Parse a verb, which is argv[0], and its arguments. */
static bool parse_verb(struct tool *tool, const struct clyde_parameter *row,
	const struct clyde_parameter *rows, struct clyde_run *run, int argc,
	char **argv)
{
	struct parser parser = {
		.tool = tool,
		.argp = {.rows = rows, .verb = argv[0]},
		.positional = find_positional(row + 1, argv[0]),
		.run = run,
	};
	size_t used = strlen(tool->command_name);
	char help[256];

	/* No candidates stand behind a word that is no verb. */
	if (!list_has(row->choices, argv[0]))
		return false;
	snprintf(tool->command_name + used, sizeof(tool->command_name) - used,
		" %s", argv[0]);
	choice_help(row, argv[0], help, sizeof(help));
	return parse_part(&parser, help, parse, argc, argv);
}

bool parse_applet(struct tool *tool, const struct clyde_applet *applet,
	struct clyde_run *run, int argc, char **argv)
{
	const struct clyde_parameter *rows = applet->parameters;
	const struct clyde_parameter *verb = find_verb(rows);
	struct parser parser = {
		.tool = tool,
		.argp = {.rows = rows},
		.positional = find_positional(rows, NULL),
		.run = run,
	};
	int at;

	if (!parse_part(&parser, applet->help, verb ? parse_in_order : parse,
		    argc, argv))
		return false;
	at = parser.verb_at;
	return verb == NULL || at == 0 ||
		parse_verb(tool, verb, rows, run, argc - at, argv + at);
}
