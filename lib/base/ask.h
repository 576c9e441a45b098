/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Getters of clyde.h for use in expressions, by applets and tests: without
 * the result, which is a failure only if the object is closed.
 */
#ifndef LIB_ASK_H
#define LIB_ASK_H

#include "clyde.h"

/* 0 if the device is closed. */
static inline int64_t now_ns(struct clyde_device *device)
{
	int64_t now = 0;

	clyde_device_now(device, &now);
	return now;
}

/* 0 if the pipe is closed. */
static inline uint64_t offset_of(struct clyde_pipe *pipe)
{
	uint64_t offset = 0;

	clyde_pipe_offset(pipe, &offset);
	return offset;
}

/* All zero if the device is closed.  Valid until the thread's next call. */
static inline const struct clyde_device_info *info_of(
	struct clyde_device *device)
{
	static _Thread_local struct clyde_device_info info;

	info = (struct clyde_device_info){0};
	clyde_device_info(device, &info);
	return &info;
}

#endif
