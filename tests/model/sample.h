/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A sample library on top of lib/base/handle.c: objects whose wake() and
 * destroy() do what those of contexts, devices, pipes and runs do, and calls
 * that enter and wait as the library's calls do.  Every step checks the rules.
 */
#ifndef MODEL_SAMPLE_H
#define MODEL_SAMPLE_H

#include <stdbool.h>

#include "explorer.h"

/* The objects that sample_begin() makes: a context, its devices, their pipes, a
   run. */
enum sample_id {
	CONTEXT,
	DEVICE,
	OTHER_DEVICE,
	PIPE,  /* Of DEVICE. */
	OTHER, /* Of DEVICE, too. */
	RUN,   /* Of CONTEXT. */
	SAMPLE_COUNT,
};

/* Makes these objects (1 << id) anew, parents first. */
void sample_begin(unsigned objects);

/* Closes what is left, and asserts that no object remains. */
void sample_end(void);

/* Closes an object with clyde_close_token(), whether it is open or not. */
void sample_close(enum sample_id id);

/* Makes a call that does not wait. */
void sample_call(enum sample_id id);

/* Makes a call that waits without end, until a close ends it.  The wait returns
   by the link's flags only, or also by slices of time. */
void sample_wait(enum sample_id id, bool slices);

/* sample_read() waits for the device's one completion; sample_handle() handles
   a completion that is there. */
void sample_read(enum sample_id id);
void sample_handle(void);

/* Runs use their device twice, or until they are stopped.  The second one then
   closes a pipe of its own; the third has a callback that tries to close this
   object. */
void sample_run(void);
void sample_run_and_close(enum sample_id pipe);
void sample_run_and_call_back(enum sample_id id);

/* Makes a call whose callback tries to close another object, or the call's
   own. */
void sample_call_back(enum sample_id id, enum sample_id closed);

/* Opens this object inside a call on its parent. */
void sample_open(enum sample_id id);

extern const struct model_memory sample_memory[];
const char *sample_describe(const void *at);
void sample_touch(const void *at);

/* ---- From objects-model.c ----------------------------------------------- */

extern const struct model_memory object_memory[3];
void object_reset(void);
const char *object_describe(const void *at);

#endif
