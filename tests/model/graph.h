/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The states that were seen and what leads from one to the next; which
   branches are left to try.  For explorer.c. */
#ifndef MODEL_GRAPH_H
#define MODEL_GRAPH_H

#include "explorer.h"

void graph_clear(void);

/* This execution is in a state where there is a choice; its schedule so far.
   False if it was there before. */
bool graph_arrive(uint64_t hash, const char *schedule, size_t length);

/* From there, these threads are yet to be tried at this place. */
void graph_branch(size_t length, unsigned threads);

/* This execution came to a good end. */
void graph_end(void);

/* Make the schedule that of the next branch: how long it is, 0 = none is
   left. */
size_t graph_next(char *schedule);

uint64_t graph_states(void);

/* The schedule of a state from which no end can be reached, or NULL; once
   all branches were tried. */
const char *graph_trap(void);

#endif
