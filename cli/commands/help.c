/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde help: prints the --help of a command or an applet, or the table of
   exit statuses. */
#include "cli/applet.h"

#include <stdlib.h>
#include <string.h>

static void print_statuses(void)
{
	enum status status;
	const char *meaning;

	for (size_t i = 0; (meaning = status_at(i, &status)); i++)
		printf("%3d  %s\n", status, meaning);
}

/* Run the command line that follows "help", with "--help" added. */
static void print_command_help(struct tool *tool, int argc, char **argv)
{
	char **line;

	if (tool->completion) {
		dispatch(tool, argc, argv);
		return;
	}
	line = calloc(argc + 2, sizeof(*line));
	if (line == NULL) {
		fail(tool, STATUS_MEMORY, "out of memory");
		return;
	}
	memcpy(line, argv, argc * sizeof(*line));
	line[argc] = "--help";
	dispatch(tool, argc + 1, line);
	free(line);
}

/* How many words may follow "help": "run" may have an applet's name, and that a
   verb. */
static int word_count(int argc, char **argv)
{
	const struct clyde_applet *applet;

	if (strcmp(argv[0], "run") != 0)
		return 1;
	applet = argc > 1 ? clyde_applet_find(argv[1]) : NULL;
	return applet && find_verb(applet->parameters) ? 3 : 2;
}

static const struct argp_child children[] = {
	{&global_argp, 0, "Options of every command:", 1},
	{0},
};

static const struct argp argp = {
	.args_doc = "[COMMAND... | statuses]",
	.doc = "Explain a command, as its --help does, or list the exit "
	       "statuses.",
	.children = children,
};

void command_help(struct tool *tool, int argc, char **argv)
{
	int at, count;

	if (!parse_word(tool, &argp, argc, argv, &at))
		return;
	count = at ? word_count(argc - at, argv + at) : 0;
	if (at && !tool->completion && argc - at > count)
		misuse(tool, "'%s' is one argument too many", argv[at + count]);
	else if (at && strcmp(argv[at], "statuses") == 0)
		print_statuses();
	else if (at)
		print_command_help(tool, argc - at + 1, argv + at - 1);
	else
		print_command_help(tool, 1, argv);
}
