/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * An applet's parameter table as options of the command line; run.c parses
 * each applet's arguments by it.
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

#endif
