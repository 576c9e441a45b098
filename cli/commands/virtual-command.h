/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Examines COMMAND of `clyde virtual`.  virtual.c calls it before it starts
   COMMAND. */
#ifndef CLI_VIRTUAL_COMMAND_H
#define CLI_VIRTUAL_COMMAND_H

#include "cli/cli.h"

/* Whether COMMAND will load the shim, and so see the virtual devices.  If not,
   the failure is recorded in the tool.  True for a COMMAND that cannot be
   found. */
bool takes_shim(struct tool *tool, const char *command);

#endif
