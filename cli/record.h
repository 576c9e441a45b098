/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What applets report, from any thread, as lines and as JSON. */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include "cli.h"

struct clyde_observer record_observer(struct tool *tool);

/* A run is over, with this result of its thread's. */
void record_end(struct tool *tool, int result);

#endif
