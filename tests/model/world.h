/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A small library on top of lib/base/handle.c: objects whose wake() and destroy()
 * do what context.c, device.c, pipe.c and applet.c do, and calls that enter
 * and wait as theirs.  Every step says so if it breaks a rule.
 */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

#include <stdbool.h>

#include "explorer.h"

/* Made by world_begin(): a context, its devices, their pipes, a run. */
enum world_id {
	CONTEXT,
	DEVICE,
	OTHER_DEVICE,
	PIPE,  /* the device's */
	OTHER, /* likewise */
	RUN,   /* the context's */
	WORLD_COUNT,
};

/* A new world with these objects (1 << id); parents first. */
void world_begin(unsigned objects);

/* Close what is left, and see that nothing is. */
void world_end(void);

/* clyde_close_token() of an object, closed or not. */
void world_close(enum world_id id);

/* A call that does not wait. */
void world_call(enum world_id id);

/* A call that waits for what never comes, until it is ended: by the link's
   flags alone, or also by slices of time. */
void world_wait(enum world_id id, bool slices);

/* A call that waits for the device's one completion, and one that handles what
   there is. */
void world_read(enum world_id id);
void world_handle(void);

/* A run that uses its device until it is stopped, or twice; then closes a pipe
   of its own, or has a callback that tries to close this. */
void world_run(void);
void world_run_and_close(enum world_id pipe);
void world_run_and_call_back(enum world_id id);

/* A call whose callback tries to close another object, or its own. */
void world_call_back(enum world_id id, enum world_id closed);

/* Open this object inside a call on its parent. */
void world_open(enum world_id id);

extern const struct model_memory world_memory[];
const char *world_describe(const void *at);
void world_touch(const void *at);

/* ---- From objects-model.c ----------------------------------------------- */

extern const struct model_memory object_memory[3];
void object_reset(void);
const char *object_describe(const void *at);

#endif
