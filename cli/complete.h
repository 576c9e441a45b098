/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Completion of a command line for shells.  While tool->completion is set,
 * the functions of options.c that parse arguments call complete.c instead:
 * it reads the same tables, lists what the last word may become, and the
 * command ends before it does anything.  complete-values.c has the values.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "cli.h"

struct completion {
	struct tool *tool;
	/* Of the applet whose arguments are completed; NULL: of none. */
	const struct clyde_parameter *parameters;
	/* The last word: what is in front of the value, "--log="; the value. */
	const char *prefix;
	int prefix_size;
	const char *value;
	unsigned offered;
};

/*
 * List the candidates for the last argument, by these tables.  `in_order`:
 * the first word ends the options.
 */
void complete(struct tool *tool, const struct argp *argp, bool in_order,
	int argc, char **argv);

/*
 * The same where a word chooses who parses the rest.  If that word is not the
 * last one, nothing is listed: true, and its index in argv.
 */
bool complete_word(struct tool *tool, const struct argp *argp, int argc,
	char **argv, int *ret_at);

/* ---- complete-values.c ------------------------------------------------ */

/* A candidate, and what it means or NULL; listed if it begins as the value
   does. */
void offer(struct completion *completion, const char *word, const char *help);

/* Leave it to the shell: names of files, or the command line that the last
   `words` words are. */
void offer_files(struct completion *completion);
void offer_command(struct completion *completion, int words);

/*
 * What a usage line has in a value's place: "FILE", a name of the table of
 * placeholders; "off", a word as it stands; "off|link", one of several.
 */
void offer_placeholder(
	struct completion *completion, const char *text, size_t size);

/* The values of a parameter of the applet. */
void offer_parameter(
	struct completion *completion, const struct clyde_parameter *parameter);

/* Levels of --log. */
void offer_levels(struct completion *completion);

#endif
