/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The part of clyde virtual that serves a device on a socket; virtual.c calls
   it for --listen. */
#ifndef CLI_VIRTUAL_LISTEN_H
#define CLI_VIRTUAL_LISTEN_H

#include "cli/cli.h"
#include "plug/plug.h"

/*
 * Serve one virtual device until SIGINT or SIGTERM.  `where` is "redir:PATH",
 * `keys` are those of a "virtual:" URI.  The result is the tool's status.
 */
void virtual_listen(
	struct tool *tool, const char *where, const char *keys, enum pace pace);

#endif
