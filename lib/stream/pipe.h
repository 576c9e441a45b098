/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What pipe.c, the life of a pipe, and pipe-io.c, its bytes, share. */
#ifndef LIB_PIPE_H
#define LIB_PIPE_H

#include "engine.h"

struct clyde_pipe {
	struct object object;
	struct clyde_device *device;
	enum clyde_pipe_id id;
	struct engine *engine;
	uint8_t alternate;
	uint32_t depth; /* as asked for */
	bool acquired;
	size_t acquired_size;
	unsigned breaks; /* bytes dropped, by a reset or a cancel of OUT */
	uint64_t offset; /* IN: delivered */
	uint64_t stalls, wakeups;
};

/* Whether it is closed, and so are its buffers in the pair's other pipe. */
bool pipe_is_free(const struct clyde_device *device, enum clyde_pipe_id id);

const char *pipe_name(const struct clyde_pipe *pipe);
bool pipe_is_in(const struct clyde_pipe *pipe);

/* Say once, if it is so, that the system has no memory for the depth. */
void pipe_check_depth(struct clyde_pipe *pipe);

/* Write the sentence for an error of the stream, and return it. */
int pipe_failed(struct clyde_pipe *pipe, int error);

#endif
