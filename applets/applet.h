/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What an applet is to the library: its public table and one function.  An
 * applet lives in one folder, uses clyde.h alone beside this, and is named in
 * applets/meson.build.
 */
#ifndef APPLETS_APPLET_H
#define APPLETS_APPLET_H

#include "clyde.h"

struct applet {
	struct clyde_applet table;
	/* 0, or -errno with the sentence in the context. */
	int (*run)(struct clyde_run *run);
};

/* Generated from applets/meson.build; ends with NULL. */
extern const struct applet *const applet_table[];

/* For the applet's function: what it was given. */
struct clyde_device *run_device(const struct clyde_run *run);
uint64_t run_value(const struct clyde_run *run, const char *name);
/* Whether a choice was made; one of which nothing was chosen has its
   initial ones. */
bool run_chosen(
	const struct clyde_run *run, const char *name, const char *choice);

/* And what it gives. */
void run_record(struct clyde_run *run, const struct clyde_record *record);
void run_progress(
	struct clyde_run *run, const char *what, uint64_t done, uint64_t total);
/* A failure's sentence; run_error() is the last one. */
const char *run_error(const struct clyde_run *run);
int run_fail(struct clyde_run *run, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
