/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* COMMAND of `clyde virtual`, looked at before it is started. */
#ifndef CLI_VIRTUAL_COMMAND_H
#define CLI_VIRTUAL_COMMAND_H

#include "cli/cli.h"

/* Whether it will see the virtual devices; if not, the command has failed, with
   a sentence.  True for a command that cannot be found. */
bool takes_shim(struct tool *tool, const char *command);

#endif
