/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The part of "clyde virtual" that lends a device to a client that connects. */
#ifndef CLI_VIRTUAL_LISTEN_H
#define CLI_VIRTUAL_LISTEN_H

#include "cli/cli.h"
#include "plug/plug.h"

/*
 * Serve one virtual device until a signal ends it.  `where` is "redir:PATH",
 * `keys` are those of a "virtual:" URI.
 */
void virtual_listen(
	struct tool *tool, const char *where, const char *keys, enum pace pace);

#endif
