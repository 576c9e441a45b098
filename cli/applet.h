/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* An applet's parameter table as options of the command line. */
#ifndef CLI_APPLET_H
#define CLI_APPLET_H

#include "cli.h"

/* Parse an applet's arguments into a run of it. */
bool parse_applet(struct tool *tool, const struct clyde_applet *applet,
	struct clyde_run *run, int argc, char **argv);

#endif
