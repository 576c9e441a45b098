/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The states that were met, the steps from one to the next, and the branches
   that are left to try.  Called by explorer.c. */
#ifndef MODEL_GRAPH_H
#define MODEL_GRAPH_H

#include "explorer.h"

void graph_clear(void);

/* Records that this execution is in a state with a choice, and its schedule so
   far.  Returns false if the state was met before. */
bool graph_arrive(uint64_t hash, const char *schedule, size_t length);

/* Records that these threads are still to be tried at this place of the
   schedule. */
void graph_branch(size_t length, unsigned threads);

/* Records that this execution has ended without breaking a rule. */
void graph_end(void);

/* Writes the schedule of the next branch; returns its length, 0 if none is
   left. */
size_t graph_next(char *schedule);

uint64_t graph_states(void);

/* Returns the schedule of a state from which no end can be reached, or NULL;
   called once all branches were tried. */
const char *graph_trap(void);

#endif
