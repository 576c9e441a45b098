/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The options that several commands have, and the functions by which a command
 * parses its arguments with argp.  argp and getopt print their own errors;
 * neither may print a usage after them, nor exit.
 */
#include "complete.h"

#include <errno.h>

enum {
	KEY_VERSION = 0x100,
	KEY_FIRMWARE,
	KEY_JSON,
	KEY_LOG,
	KEY_CAPTURE,
	KEY_TRACE,
	KEY_WAIT
};

/* ---- Options of every command ----------------------------------------- */

static void print_help(struct argp_state *state, const char *place)
{
	char name[80];

	snprintf(name, sizeof(name), "clyde%s%s", *place ? " " : "", place);
	state->name = name;
	argp_state_help(state, stdout,
		ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC);
}

/* Leave out argp's note that an argument of a long option is also one of the
   short option. */
static char *drop_note(int key, const char *text, void *input)
{
	(void)input;
	return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)text;
}

static error_t parse_global(int key, char *argument, struct argp_state *state)
{
	struct tool *tool = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		/* Without a stream, argp prints no usage after getopt's
		   error. */
		state->err_stream = NULL;
		return 0;
	case 'd':
		tool->uri = argument;
		return 0;
	case 's':
		tool->serial = argument;
		return 0;
	case KEY_FIRMWARE:
		tool->firmware = argument;
		return 0;
	case KEY_LOG:
		return set_log(tool, argument) ? 0 : EINVAL;
	case KEY_CAPTURE:
		tool->capture = argument;
		return 0;
	case KEY_TRACE:
		tool->trace = argument;
		return 0;
	case KEY_WAIT:
		return set_wait(tool, argument) ? 0 : EINVAL;
	case 'h':
	case '?':
		print_help(state, tool->command_name);
		return ECANCELED;
	case KEY_VERSION:
		printf("clyde %s\n", clyde_version());
		return ECANCELED;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option global_options[] = {
	{"device", 'd', "URI", 0,
		"Where the device is; \"virtual:\" is one that is not there "
		"(default: plugged into this machine)",
		0},
	{"serial", 's', "SERIAL", 0, "Which device, if there are several", 0},
	{"firmware", KEY_FIRMWARE, "FILE|keep", 0,
		"If the device's firmware is of another API level, or "
		"missing, load this Intel HEX file first, not Clyde's own; "
		"keep: load none",
		0},
	{"wait", KEY_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
		"Wait until the device is plugged in, for so long at most", 0},
	{"log", KEY_LOG, "LEVEL", 0,
		"Tell on standard error what happens: error, warning, info, "
		"debug or trace",
		0},
	{"capture", KEY_CAPTURE, "FILE", 0,
		"Write every USB transfer to a pcap file, for Wireshark", 0},
	{"trace", KEY_TRACE, "FILE", 0,
		"Run the virtual device with the FPGA's gateware itself, and "
		"write its waveform as an FST file, for GTKWave",
		0},
	{"help", 'h', NULL, 0, "Print this help", 0},
	{NULL, '?', NULL, OPTION_ALIAS, NULL, 0},
	{"version", KEY_VERSION, NULL, 0, "Print the version", 0},
	{0},
};

const struct argp global_argp = {
	.options = global_options,
	.parser = parse_global,
};

/* ---- Options of some commands ----------------------------------------- */

static error_t parse_json(int key, char *argument, struct argp_state *state)
{
	struct tool *tool = state->input;

	if (key != KEY_JSON)
		return ARGP_ERR_UNKNOWN;
	tool->json = argument;
	return 0;
}

static const struct argp_option json_options[] = {
	{"json", KEY_JSON, "FILE", 0,
		"Write the results as JSON; \"-\" is standard output", 0},
	{0},
};

const struct argp json_argp = {
	.options = json_options,
	.parser = parse_json,
};

static error_t parse_supply_option(
	int key, char *argument, struct argp_state *state)
{
	struct tool *tool = state->input;

	if (key != 'V')
		return ARGP_ERR_UNKNOWN;
	tool->supply = argument;
	return 0;
}

static const struct argp_option supply_options[] = {
	{"voltage", 'V', "SPEC", 0,
		"Set the port supplies: 3.3, A=3.3, AB=1.8, A=5.0,B=3.3, "
		"A=SB (what port B senses), A=off",
		0},
	{0},
};

const struct argp supply_argp = {
	.options = supply_options,
	.parser = parse_supply_option,
};

/* ---- Applets ---------------------------------------------------------- */

static const struct argp_child applet_options[] = {
	{&supply_argp, 0, NULL, 0},
	{&json_argp, 0, NULL, 0},
	{0},
};

static error_t parse_applet_options(
	int key, char *argument, struct argp_state *state)
{
	(void)argument;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	state->child_inputs[1] = state->input;
	return 0;
}

const struct argp applet_argp = {
	.parser = parse_applet_options,
	.children = applet_options,
};

/* The headings of an applet with verbs are groups from 1 on. */
const struct argp_child applet_children[] = {
	{&applet_argp, 0, "Options of every applet:", 90},
	{&global_argp, 0, "Options of every command:", 91},
	{0},
};

/* ---- Parsing ---------------------------------------------------------- */

void share_tool(struct argp_state *state, struct tool *tool)
{
	const struct argp_child *children = state->root_argp->children;

	for (unsigned i = 0; children && children[i].argp; i++)
		state->child_inputs[i] = tool;
}

static bool parse_flags(struct tool *tool, struct argp argp, unsigned flags,
	int argc, char **argv, void *input)
{
	char *first = argv[0];
	char name[80];
	error_t error;

	if (tool->completion) {
		complete(tool, &argp, flags & ARGP_IN_ORDER, argc, argv);
		return false;
	}
	/* getopt begins its error messages with argv[0]. */
	snprintf(name, sizeof(name), "clyde%s%s",
		tool->command_name[0] ? ": " : "", tool->command_name);
	argv[0] = name;
	argp.help_filter = drop_note;
	error = argp_parse(&argp, argc, argv,
		flags | ARGP_NO_HELP | ARGP_NO_EXIT, NULL, input);
	argv[0] = first;
	if (error == 0 || error == ECANCELED)
		return error == 0;
	if (error == ENOMEM)
		return fail(tool, STATUS_MEMORY, "out of memory");
	if (tool->status == STATUS_OK)
		tool->status = STATUS_USAGE; /* getopt has printed why */
	return false;
}

bool parse(struct tool *tool, const struct argp *argp, int argc, char **argv,
	void *input)
{
	return parse_flags(tool, *argp, 0, argc, argv, input);
}

bool parse_in_order(struct tool *tool, const struct argp *argp, int argc,
	char **argv, void *input)
{
	return parse_flags(tool, *argp, ARGP_IN_ORDER, argc, argv, input);
}

static error_t refuse_arguments(
	int key, char *argument, struct argp_state *state)
{
	struct tool *tool = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		share_tool(state, tool);
		return 0;
	case ARGP_KEY_ARG:
		misuse(tool, "'%s' is one argument too many", argument);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

bool parse_plain(struct tool *tool, const struct argp_child *children,
	const char *help, int argc, char **argv)
{
	struct argp argp = {
		.parser = refuse_arguments,
		.doc = help,
		.children = children,
	};

	return parse(tool, &argp, argc, argv, tool);
}

struct word {
	struct tool *tool;
	int at;
};

static error_t find_word(int key, char *argument, struct argp_state *state)
{
	struct word *word = state->input;

	(void)argument;
	switch (key) {
	case ARGP_KEY_INIT:
		share_tool(state, word->tool);
		return 0;
	case ARGP_KEY_ARG:
		word->at = state->next - 1;
		state->next = state->argc; /* another parser reads the rest */
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

bool parse_word(struct tool *tool, const struct argp *argp, int argc,
	char **argv, int *ret_at)
{
	struct word word = {.tool = tool};
	struct argp with_parser = *argp;

	if (tool->completion)
		return complete_word(tool, argp, argc, argv, ret_at);
	with_parser.parser = find_word;
	if (!parse_flags(tool, with_parser, ARGP_IN_ORDER, argc, argv, &word))
		return false;
	*ret_at = word.at;
	return true;
}
