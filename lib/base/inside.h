/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Counts, for the calling thread, the callbacks and runs that it is inside of
 * and that a close on this thread would wait for.  callback_begin() counts each
 * callback of the application, lib/run/run.c each run; handle.c reads the
 * counts before a close waits, and before a call begins.
 *
 * A callback that is called without being counted could close its own object,
 * and would hang.
 */
#ifndef LIB_INSIDE_H
#define LIB_INSIDE_H

struct inside {
	unsigned callbacks;
	unsigned logs; /* callbacks that are log callbacks */
	unsigned runs; /* a run keeps its device from being destroyed */
};

struct inside *inside(void);

#endif
