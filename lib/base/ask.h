/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Getters of clyde.h that return the value itself, for use in expressions.
 * Applets and tests call them on objects that are open.  A call that fails,
 * because the object is closed or being closed, returns zeros: a caller that
 * must notice a close uses the function of clyde.h.
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

/* All zero if the device is closed.  Valid until the thread's next call of this
   function. */
static inline const struct clyde_device_info *info_of(
	struct clyde_device *device)
{
	static _Thread_local struct clyde_device_info info;

	info = (struct clyde_device_info){0};
	clyde_device_info(device, &info);
	return &info;
}

#endif
