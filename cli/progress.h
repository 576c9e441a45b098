/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The progress of a run: one line that is rewritten in place, if standard error
 * is a terminal; otherwise nothing.  record.c shows it; everything that prints
 * clears it first.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

/* Show the line, at most every 100 ms.  total is 0 if it is not known. */
void progress_show(const char *what, uint64_t done, uint64_t total);

/* Erase the line, so that something else can be printed. */
void progress_clear(void);

#endif
