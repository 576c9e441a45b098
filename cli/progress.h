/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * How far a run is: one line on stderr that rewrites itself, where stderr is
 * a terminal; nothing anywhere else.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

/* Show it, unless it was shown just now.  total 0: unknown. */
void progress_show(const char *what, uint64_t done, uint64_t total);

/* Take the line away, so that something else can be printed. */
void progress_clear(void);

#endif
