/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The calls of clyde.h that move a pipe's bytes: by copy or in place, waiting
 * on the link while the engine has no bytes or no room.
 *
 * A failure must never hide bytes that have moved: their number is returned
 * first, and the next call returns the failure.
 */
#include "pipe.h"

#include <string.h>

#include "lib/base/wait.h"

/* The wait of one call.  Its deadline is that of the call, not of each
   transfer, whatever completes on other pipes meanwhile. */
struct pipe_wait {
	struct wait wait;
	unsigned breaks; /* of the pipe, when the call began */
};

static struct pipe_wait begin(const struct clyde_pipe *pipe, int timeout_ms)
{
	struct pipe_wait wait = {
		.wait = wait_begin(pipe->device, timeout_ms),
		.breaks = pipe->breaks,
	};

	wait.wait.yields = true;
	return wait;
}

/* Let the link handle completions, of all pipes of the device.  After 0 the
   caller must look again for bytes or room: there may be some, also because the
   calls of other threads, which had the lock meanwhile, have handled
   completions. */
static int wait_for_transfer(struct clyde_pipe *pipe, struct pipe_wait *wait)
{
	int result = object_stopped(&pipe->object, false);

	if (result == 0)
		result = wait_check(&wait->wait);
	if (result == CLYDE_ERROR_TIMEOUT)
		return set_error(CLYDE_ERROR_TIMEOUT,
			"%s: %s before the deadline; good up to byte %#llx",
			pipe_name(pipe),
			pipe_is_in(pipe) ? "no data"
					 : "the device has not taken the data",
			pipe_position(pipe));
	if (result < 0)
		return result;
	pipe_check_depth(pipe);
	pipe->wakeups++;
	result = wait_look(&wait->wait);
	return result < 0 ? pipe_failed(pipe, result) : 0;
}

/* Called before each wait of wait_for_bytes() or wait_for_room().  Before the
   first, count a stall and let other calls have the lock: true if they had it,
   and the caller must look again before it waits. */
static bool yield_once(struct clyde_pipe *pipe, bool *stalled)
{
	bool first = !*stalled;

	pipe->stalls += first;
	*stalled = true;
	return first && object_yield(&pipe->object);
}

static int check_acquired(const struct clyde_pipe *pipe)
{
	if (pipe->acquired)
		return set_error(CLYDE_ERROR_BUSY,
			"%s: an acquired region is not released",
			pipe_name(pipe));
	return 0;
}

/* While a call waited, the lock was released, and another thread may have
   dropped bytes of this stream. */
static int check_breaks(
	const struct clyde_pipe *pipe, const struct pipe_wait *wait)
{
	if (pipe->breaks != wait->breaks)
		return set_error(CLYDE_ERROR_CANCELED,
			"%s: another thread has cancelled or reset the pipe",
			pipe_name(pipe));
	return 0;
}

/* Whether the call may still move bytes: another thread may also have acquired
   a region. */
static int check_unchanged(
	const struct clyde_pipe *pipe, const struct pipe_wait *wait)
{
	int result = check_breaks(pipe, wait);

	return result < 0 ? result : check_acquired(pipe);
}

/* Wait for bytes: the oldest that are unread. */
static ssize_t wait_for_bytes(
	struct clyde_pipe *pipe, uint8_t **ret_data, struct pipe_wait *wait)
{
	bool stalled = false;

	for (;;) {
		int result = check_unchanged(pipe, wait);
		size_t size;

		if (result < 0)
			return result;
		size = engine_next(pipe->engine, ret_data);
		result = engine_error(pipe->engine);
		if (size > 0)
			return size;
		if (result < 0 && engine_in_flight(pipe->engine) == 0)
			return pipe_failed(pipe, result);
		if (yield_once(pipe, &stalled))
			continue;
		result = wait_for_transfer(pipe, wait);
		if (result < 0)
			return result;
	}
}

/* Wait for room in the open buffer. */
static ssize_t wait_for_room(
	struct clyde_pipe *pipe, uint8_t **ret_data, struct pipe_wait *wait)
{
	bool stalled = false;

	for (;;) {
		int result = check_unchanged(pipe, wait);
		size_t size;

		if (result < 0)
			return result;
		size = engine_room(pipe->engine, ret_data);
		result = engine_error(pipe->engine);
		if (result < 0)
			return pipe_failed(pipe, result);
		if (size > 0)
			return size;
		if (yield_once(pipe, &stalled))
			continue;
		result = wait_for_transfer(pipe, wait);
		if (result < 0)
			return result;
	}
}

/* Whether a call may move bytes in this direction now. */
static int check_use(const struct clyde_pipe *pipe, bool in)
{
	if (pipe_is_in(pipe) != in)
		return set_error(CLYDE_ERROR_INVALID, "%s goes the other way",
			pipe_name(pipe));
	return check_acquired(pipe);
}

static ssize_t read_bytes(struct clyde_pipe *pipe, uint8_t *data, size_t size,
	bool some, struct pipe_wait wait)
{
	size_t done = 0;

	while (done < size && !(some && done > 0)) {
		uint8_t *bytes;
		ssize_t ready = wait_for_bytes(pipe, &bytes, &wait);

		if (ready < 0)
			return done > 0 ? (ssize_t)done : ready;
		if ((size_t)ready > size - done)
			ready = size - done;
		memcpy(data + done, bytes, ready);
		engine_consume(pipe->engine, ready);
		pipe->offset += ready;
		done += ready;
	}
	return done;
}

static ssize_t read_checked(struct clyde_pipe *pipe, void *data, size_t size,
	bool some, int timeout_ms)
{
	ssize_t result = check_buffer("data", data, size);

	if (result == 0)
		result = check_use(pipe, true);
	if (result == 0)
		result = read_bytes(
			pipe, data, size, some, begin(pipe, timeout_ms));
	return result;
}

static ssize_t enter_read(struct clyde_pipe *handle, void *data, size_t size,
	bool some, int timeout_ms)
{
	return CALL(
		pipe, handle, read_checked(pipe, data, size, some, timeout_ms));
}

CLYDE_API ssize_t clyde_pipe_read(
	struct clyde_pipe *pipe, void *data, size_t size, int timeout_ms)
{
	return enter_read(pipe, data, size, false, timeout_ms);
}

CLYDE_API ssize_t clyde_pipe_read_some(
	struct clyde_pipe *pipe, void *data, size_t size, int timeout_ms)
{
	return enter_read(pipe, data, size, true, timeout_ms);
}

static ssize_t write_bytes(struct clyde_pipe *pipe, const uint8_t *data,
	size_t size, struct pipe_wait wait)
{
	size_t done = 0;

	while (done < size) {
		uint8_t *bytes;
		ssize_t free = wait_for_room(pipe, &bytes, &wait);

		if (free < 0)
			return done > 0 ? (ssize_t)done : free;
		if ((size_t)free > size - done)
			free = size - done;
		memcpy(bytes, data + done, free);
		done += free;
		if (engine_fill(pipe->engine, free) < 0)
			break; /* the next call says why */
	}
	return done;
}

static ssize_t write_checked(
	struct clyde_pipe *pipe, const void *data, size_t size, int timeout_ms)
{
	ssize_t result = check_buffer("data", data, size);

	if (result == 0)
		result = check_use(pipe, false);
	if (result == 0)
		result = write_bytes(pipe, data, size, begin(pipe, timeout_ms));
	return result;
}

CLYDE_API ssize_t clyde_pipe_write(struct clyde_pipe *handle, const void *data,
	size_t size, int timeout_ms)
{
	return CALL(pipe, handle, write_checked(pipe, data, size, timeout_ms));
}

/* Submit the open buffer.  That needs no deadline: submitting does not wait. */
static int push(struct clyde_pipe *pipe)
{
	int result = engine_push(pipe->engine);

	return result < 0 ? pipe_failed(pipe, result) : 0;
}

static int flush(struct clyde_pipe *pipe, struct pipe_wait wait)
{
	int result = push(pipe);

	while (result == 0 && engine_in_flight(pipe->engine) > 0) {
		result = wait_for_transfer(pipe, &wait);
		if (result == 0)
			result = check_breaks(pipe, &wait);
	}
	if (result == 0 && engine_error(pipe->engine) < 0)
		return pipe_failed(pipe, engine_error(pipe->engine));
	return result;
}

static int flush_checked(struct clyde_pipe *pipe, int timeout_ms)
{
	int result = check_use(pipe, false);

	if (result == 0)
		result = flush(pipe, begin(pipe, timeout_ms));
	return result;
}

CLYDE_API int clyde_pipe_flush(struct clyde_pipe *handle, int timeout_ms)
{
	return CALL(pipe, handle, flush_checked(pipe, timeout_ms));
}

static int push_checked(struct clyde_pipe *pipe)
{
	int result = check_use(pipe, false);

	return result < 0 ? result : push(pipe);
}

CLYDE_API int clyde_pipe_push(struct clyde_pipe *handle)
{
	return CALL(pipe, handle, push_checked(pipe));
}

static ssize_t acquire(struct clyde_pipe *pipe, void **ret_data, int timeout_ms)
{
	struct pipe_wait wait = begin(pipe, timeout_ms);
	uint8_t *data;
	ssize_t result;

	if (pipe_is_in(pipe))
		result = wait_for_bytes(pipe, &data, &wait);
	else
		result = wait_for_room(pipe, &data, &wait);
	if (result > 0) {
		pipe->acquired = true;
		pipe->acquired_size = result;
		*ret_data = data;
	}
	return result;
}

CLYDE_API ssize_t clyde_pipe_acquire(
	struct clyde_pipe *handle, void **ret_data, int timeout_ms)
{
	return CALL(pipe, handle, acquire(pipe, ret_data, timeout_ms));
}

static int release(struct clyde_pipe *pipe, size_t size)
{
	int result;

	if (!pipe->acquired)
		return set_error(CLYDE_ERROR_INVALID, "%s: nothing is acquired",
			pipe_name(pipe));
	if (size > pipe->acquired_size)
		return set_error(CLYDE_ERROR_INVALID,
			"%s: %zu bytes released, %zu acquired", pipe_name(pipe),
			size, pipe->acquired_size);
	pipe->acquired = false;
	if (pipe_is_in(pipe)) {
		result = engine_consume(pipe->engine, size);
		/* The link has returned the acquired transfer a second time,
		   and the engine has dropped its bytes. */
		if (result < 0 && engine_error(pipe->engine) < 0)
			result = engine_error(pipe->engine);
		if (result == 0)
			pipe->offset += size;
	} else {
		result = engine_fill(pipe->engine, size);
	}
	return result < 0 ? pipe_failed(pipe, result) : 0;
}

CLYDE_API int clyde_pipe_release(struct clyde_pipe *handle, size_t size)
{
	return CALL(pipe, handle, release(pipe, size));
}
