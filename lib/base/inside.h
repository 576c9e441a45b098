/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the calling thread is inside of that a close would wait for.  The counts
 * are raised around each callback of the application, by log.c and applet.c,
 * and around each run, by applet.c; lib/base/handle.c asks before a close waits.
 *
 * A callback that is called without being counted could close its own object,
 * and hang.
 */
#ifndef LIB_INSIDE_H
#define LIB_INSIDE_H

struct inside {
	unsigned callbacks;
	unsigned runs; /* whose device this thread keeps from being destroyed */
};

struct inside *inside(void);

#endif
