/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The observer of a run: writes an applet's records as lines and JSON, and
   shows its progress.  Both functions may be called on any thread. */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include "cli.h"

struct clyde_observer record_observer(struct tool *tool);

/* Record the end of a run with this result.  Call it on the run's thread, which
   has the library's message. */
void record_end(struct tool *tool, int result);

#endif
