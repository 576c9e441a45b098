/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A pipe, for the two files that implement it: pipe.c opens, resets and closes
 * it, pipe-io.c moves its bytes.
 */
#ifndef LIB_PIPE_H
#define LIB_PIPE_H

#include "engine.h"

struct clyde_pipe {
	struct object object;
	struct clyde_device *device;
	enum clyde_pipe_id id;
	struct engine *engine;
	uint8_t alternate;
	uint32_t depth; /* as asked for; the engine's may be lower */
	bool acquired;
	size_t acquired_size; /* while `acquired` */
	unsigned breaks;      /* how often a reset, or a cancel of OUT, dropped
			    bytes */
	uint64_t offset;      /* IN: bytes delivered */
	uint64_t stalls, wakeups; /* see struct clyde_pipe_stats */
};

/* A pipe without a handle, for an object of lib/core, which moves the bytes by
   the pipe's engine.  The tree is locked.  pipe_free() accepts NULL. */
int pipe_new(struct clyde_device *device, enum clyde_pipe_id id,
	const struct clyde_pipe_options *options, struct clyde_pipe **ret_pipe);
void pipe_free(struct clyde_pipe *pipe);

/* Whether a pipe can be opened: it is not open, and the pipe that shares its
   buffers has not taken them. */
bool pipe_is_free(const struct clyde_device *device, enum clyde_pipe_id id);

const char *pipe_name(const struct clyde_pipe *pipe);
bool pipe_is_in(const struct clyde_pipe *pipe);

/* The offset up to which no byte of the stream is missing. */
unsigned long long pipe_position(const struct clyde_pipe *pipe);

/* If the system has no memory for the depth, leave a notice for
   clyde_context_notice(), once. */
void pipe_check_depth(struct clyde_pipe *pipe);

/* Set and log the message for an error of the stream; returns the error. */
int pipe_failed(struct clyde_pipe *pipe, int error);

#endif
