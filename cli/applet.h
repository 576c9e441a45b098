/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * An applet's parameter table as options of the command line; run.c parses
 * each applet's arguments by it.  applet.c parses, applet-help.c makes argp's
 * tables, of which argp's help consists too.
 */
#ifndef CLI_APPLET_H
#define CLI_APPLET_H

#include "cli.h"

/*
 * Parse an applet's arguments, argv[0] being its name, and set the parameters
 * of the run.  False if that failed, or if --help or a completion was printed;
 * run may be NULL while tool->completion is set.
 */
bool parse_applet(struct tool *tool, const struct clyde_applet *applet,
	struct clyde_run *run, int argc, char **argv);

/* The row of an applet's verb, or NULL. */
const struct clyde_parameter *find_verb(const struct clyde_parameter *rows);

/* Whether a list like "read verify" has this word. */
bool list_has(const char *list, const char *word);

/* Make "read, verify or write" of "read verify write". */
void list_words(const char *list, char *text, size_t size);

/* Whether a row can be given with this verb; NULL: before any verb. */
bool row_fits(const struct clyde_parameter *row, const char *verb);

/* ---- applet-help.c ---------------------------------------------------- */

/* What argp needs for a part of the command line: its options and help. */
struct applet_argp {
	const struct clyde_parameter *rows;
	const char *verb;            /* NULL: the part up to the verb */
	struct argp_option *options; /* their strings are allocated too */
	char *words;                 /* "[MODE...]" */
};

/* False if memory is out; free in both cases. */
bool applet_argp_fill(struct applet_argp *argp);
void applet_argp_free(struct applet_argp *argp);

/* argp's key of a row: its letter, or a number beyond letters. */
int applet_argp_key(const struct applet_argp *argp, unsigned index);

bool is_repeatable(const struct clyde_parameter *parameter);

/* Copy the line of a choice in choices_help; empty if there is none. */
void choice_help(const struct clyde_parameter *parameter, const char *choice,
	char *text, size_t size);

#endif
