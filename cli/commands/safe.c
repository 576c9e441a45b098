/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde safe: switches supplies and pull resistors off, and clears windows and
   alerts. */
#include "cli/cli.h"

static const struct argp_child children[] = {
	{&global_argp, 0, "Options of every command:", 1},
	{0},
};

void command_safe(struct tool *tool, int argc, char **argv)
{
	if (parse_plain(tool, children,
		    "Switch the port supplies off, take the pull resistors "
		    "away, forget the windows and the alerts.",
		    argc, argv) &&
		open_device(tool) &&
		succeeded(tool, clyde_device_safe(tool->device)))
		output_line(&tool->output, "all ports are safe");
}
