/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Completion of a command line for shells.  While tool->completion is set, the
 * functions of options.c that parse arguments call complete.c instead.  It
 * reads the same tables and lists the candidates for the last word.  Then the
 * parsers return false, so that the command ends before it has any effect.
 * complete-values.c has the values.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "cli.h"

struct completion {
	struct tool *tool;
	/* Of the applet whose arguments are completed, or NULL */
	const struct clyde_parameter *parameters;
	const char *verb; /* behind which the last word stands, or NULL */
	/* The last word: the part before the value, like "--log="; the value */
	const char *prefix;
	int prefix_size;
	const char *value;
	unsigned offered;
};

/*
 * List the candidates for the last argument, by these tables.  With `in_order`
 * the first word that is no option ends the options.
 */
void complete(struct tool *tool, const struct argp *argp, bool in_order,
	int argc, char **argv);

/*
 * The same for a parser that stops at the name of a command or an applet.  If
 * that name is not the last word, nothing is listed; returns true and gives its
 * index in argv, and the caller passes the rest to the next parser.
 */
bool complete_word(struct tool *tool, const struct argp *argp, int argc,
	char **argv, int *ret_at);

/* ---- complete-values.c ------------------------------------------------ */

/* List a candidate if it begins with the value.  help is its meaning, or
   NULL. */
void offer(struct completion *completion, const char *word, const char *help);

/* Tell the shell to complete file names, or to complete the last `words` words
   as a command line of their own. */
void offer_files(struct completion *completion);
void offer_command(struct completion *completion, int words);

/*
 * List the candidates for a placeholder of a usage line: "FILE", a name of the
 * table of placeholders; "off", a literal word; "off|link", alternatives.
 */
void offer_placeholder(
	struct completion *completion, const char *text, size_t size);

/* List the values of a parameter of the applet. */
void offer_parameter(
	struct completion *completion, const struct clyde_parameter *parameter);

/* List the levels of --log. */
void offer_levels(struct completion *completion);

#endif
