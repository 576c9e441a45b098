/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What steps do with the bytes of a pipe, and what the oracle learns. */
#include <string.h>

#include "world.h"
#include "lib/base/ask.h"

static uint8_t data[DATA_MAX];

/* What any call on a stream in this state may return. */
static void allow_states(struct world *world, const struct stream *stream)
{
	if (stream->cancelled)
		allow(world, CLYDE_ERROR_CANCELED);
	if (stream->held)
		allow(world, CLYDE_ERROR_BUSY);
}

/* An error that ends the stream: it stays until the pipe is reset. */
static void note_error(
	struct target *target, struct stream *stream, long result)
{
	switch (result) {
	case CLYDE_ERROR_TIMEOUT:
	case CLYDE_ERROR_DEADLOCK:
	case CLYDE_ERROR_INTERRUPTED:
	case CLYDE_ERROR_BUSY:
	case CLYDE_ERROR_INVALID:
	case CLYDE_ERROR_CANCELED:
		return;
	}
	stream->broken = true;
	/* What is behind the failure may have been sent. */
	if (!goes_in(stream - target->stream))
		stream_in(target)->known = false;
}

/* The wrong way, or not open: nothing happens.  1 to go on. */
static long enter(struct world *world, const struct target *target,
	const struct step *step, bool in)
{
	const struct stream *stream = &target->stream[step->pipe];

	if (stream->pipe == NULL)
		return 0;
	bound_ms(world, step->timeout_ms);
	allow_states(world, stream);
	if (goes_in(step->pipe) != in)
		allow(world, CLYDE_ERROR_INVALID);
	return 1;
}

/* Nothing is lost: what is owed comes, if one waits. */
static void judge_patience(struct world *world, const struct step *step,
	uint64_t owed, uint64_t wanted, long result)
{
	uint64_t due = owed < wanted ? owed : wanted;

	if (!patient(step->timeout_ms) || due == 0) {
		allow(world,
			step->timeout_ms < 0 ? CLYDE_ERROR_DEADLOCK
					     : CLYDE_ERROR_TIMEOUT);
		return;
	}
	if (result < (long)due)
		violate(world, "pipe %u: %ld bytes came, %llu were owed",
			step->pipe, result, (unsigned long long)due);
}

static long take(struct world *world, struct target *target,
	const struct step *step, bool some)
{
	struct stream *stream = &target->stream[step->pipe];
	size_t size = step->amount < DATA_MAX ? step->amount : DATA_MAX;
	uint64_t owed;
	long result = enter(world, target, step, true);

	if (result == 0)
		return 0;
	owed = stream->held ? 0 : stream_owed(world, target, stream);
	result = (some ? clyde_pipe_read_some : clyde_pipe_read)(
		stream->pipe, data, size, step->timeout_ms);
	if (!goes_in(step->pipe))
		return result;
	if (some && size > 0)
		size = 1;
	if (result == CLYDE_ERROR_TIMEOUT && patient(step->timeout_ms) &&
		stream_flows(world, target, stream))
		violate(world, "pipe %u: nothing came, and no error",
			step->pipe);
	judge_patience(world, step, owed, size, result);
	if (result > 0) {
		check_bytes(world, target, stream, data, result);
		stream->offset += result;
	} else if (result < 0) {
		note_error(target, stream, result);
	}
	check_offset(world, target, stream);
	return result;
}

static long step_read(
	struct world *world, struct target *target, const struct step *step)
{
	return take(world, target, step, false);
}

static long step_read_some(
	struct world *world, struct target *target, const struct step *step)
{
	return take(world, target, step, true);
}

/* Written, until somebody has to wait for room. */
static long put(
	struct world *world, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	size_t size = step->amount < DATA_MAX ? step->amount : DATA_MAX;
	const uint8_t *bytes =
		sequence + stream->phase + stream->written % SEQUENCE_PERIOD;
	bool sinks = target->plan->mode == BENCH_SINK && target->used &&
		step->pipe == target->plan->out && !stream->cancelled &&
		!stream->broken && !stream->held && !world->interrupted &&
		!(target->effects & (BREAKS_STREAM | ENDS_NOTHING));
	long result = enter(world, target, step, false);

	if (result == 0)
		return 0;
	allow(world,
		step->timeout_ms < 0 ? CLYDE_ERROR_DEADLOCK
				     : CLYDE_ERROR_TIMEOUT);
	memcpy(data, bytes, size);
	result = clyde_pipe_write(stream->pipe, data, size, step->timeout_ms);
	memset(data, 0xee, size); /* it is the caller's again */
	if (goes_in(step->pipe))
		return result;
	if (result > 0) {
		stream->written += result;
		world->tally->written += result;
	} else if (result < 0) {
		note_error(target, stream, result);
	}
	if (sinks && patient(step->timeout_ms) && result != (long)size)
		violate(world, "pipe %u: %ld of %zu bytes were taken",
			step->pipe, result, size);
	check_offset(world, target, stream);
	return result;
}

/* In place, to be released now or later. */
static long step_acquire(
	struct world *world, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	bool in = goes_in(step->pipe);
	void *region;
	uint64_t owed;
	long result = enter(world, target, step, in);

	if (result == 0)
		return 0;
	owed = in && !stream->held ? stream_owed(world, target, stream) : 0;
	result = clyde_pipe_acquire(stream->pipe, &region, step->timeout_ms);
	if (result == 0)
		violate(world, "a region of no bytes");
	judge_patience(world, step, owed, 1, result);
	if (result < 0) {
		note_error(target, stream, result);
		return result;
	}
	if (in)
		check_bytes(world, target, stream, region, result);
	stream->held = region;
	stream->held_size = result;
	return result;
}

static long step_release(
	struct world *world, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	bool in = goes_in(step->pipe);
	size_t size = stream->held_size;
	long result;

	if (stream->pipe == NULL)
		return 0;
	bound_ms(world, 0);
	if (step->amount < size || step->choice % 8 == 0)
		size = step->amount;
	if (stream->held == NULL || size > stream->held_size) {
		allow(world, CLYDE_ERROR_INVALID);
		result = clyde_pipe_release(stream->pipe, size);
		if (result == 0)
			violate(world, "what is not held was released");
		return result;
	}
	if (in)
		check_bytes(world, target, stream, stream->held, size);
	else
		memcpy((void *)stream->held,
			sequence + stream->phase +
				stream->written % SEQUENCE_PERIOD,
			size);
	result = clyde_pipe_release(stream->pipe, size);
	stream->held = NULL;
	if (result < 0)
		note_error(target, stream, result);
	else if (in)
		stream->offset += size;
	else
		stream->written += size;
	check_offset(world, target, stream);
	return result;
}

static long step_push(
	struct world *world, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	long result = enter(world, target, step, false);

	if (result == 0)
		return 0;
	result = clyde_pipe_push(stream->pipe);
	if (result == 0 && !stream->cancelled)
		stream->pushed = stream->written;
	else if (result < 0)
		note_error(target, stream, result);
	return result;
}

static long step_flush(
	struct world *world, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	long result = enter(world, target, step, false);

	if (result == 0)
		return 0;
	allow(world,
		step->timeout_ms < 0 ? CLYDE_ERROR_DEADLOCK
				     : CLYDE_ERROR_TIMEOUT);
	result = clyde_pipe_flush(stream->pipe, step->timeout_ms);
	if (goes_in(step->pipe))
		return result;
	check_offset(world, target, stream);
	if (result == 0 && stream->offset != stream->written)
		violate(world, "pipe %u: flushed, but at %llu of %llu",
			step->pipe, (unsigned long long)stream->offset,
			(unsigned long long)stream->written);
	if (result == 0)
		stream->pushed = stream->written;
	else
		note_error(target, stream, result);
	return result;
}

static long step_cancel(
	struct world *world, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	struct clyde_pipe_stats stats;
	long result;

	if (stream->pipe == NULL)
		return 0;
	bound_ms(world, 10);
	result = clyde_pipe_cancel(stream->pipe);
	stream->held = NULL;
	stream->cancelled = true;
	if (clyde_pipe_stats(stream->pipe, &stats) == 0 && stats.in_flight > 0)
		violate(world, "%u in flight after a cancel", stats.in_flight);
	check_offset(world, target, stream);
	/* What had not left is dropped. */
	if (goes_in(step->pipe))
		return result;
	stream->written = stream->pushed = stream->offset;
	/* It may have failed before, and sent what was behind that. */
	if (target->effects & BREAKS_STREAM)
		stream_in(target)->known = false;
	return result;
}

static long step_resume(
	struct world *world, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	long result;

	(void)target;
	if (stream->pipe == NULL)
		return 0;
	bound_ms(world, 0);
	result = clyde_pipe_resume(stream->pipe);
	if (result == 0)
		stream->cancelled = false;
	else
		note_error(target, stream, result);
	return result;
}

static long step_reset(
	struct world *world, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	long result;

	if (stream->pipe == NULL)
		return 0;
	bound_ms(world, 1000);
	result = clyde_pipe_reset(stream->pipe);
	if (result == 0) {
		stream_begins(world, target, step->pipe);
		check_offset(world, target, stream);
		return 0;
	}
	stream->broken = true;
	stream->known = false;
	stream->held = NULL;
	stream_in(target)->known = false;
	stream->offset = offset_of(stream->pipe);
	return result;
}

static long step_idle(
	struct world *world, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	unsigned us = step->amount % 300;
	uint16_t cycles;
	long result;

	if (stream->pipe == NULL)
		return 0;
	bound_ms(world, 2 * COMMAND_MS);
	if (!goes_in(step->pipe))
		allow(world, CLYDE_ERROR_INVALID);
	result = clyde_pipe_set_idle_flush(stream->pipe, 1000 * us);
	if (result == 0)
		result = clyde_register_read(target->device,
			REG_IDLE_FLUSH + 2 * (step->pipe - CLYDE_PIPE_EP6_IN),
			&cycles, sizeof(cycles));
	if (result == 0 && cycles != 48 * us)
		violate(world, "pipe %u flushes after %u cycles, not %u us",
			step->pipe, cycles, us);
	return result;
}

/* All that is under way arrives. */
static long step_drain(
	struct world *world, struct target *target, const struct step *step)
{
	struct step read = *step, push = *step;
	struct stream *in = stream_in(target), *out = stream_out(target);
	uint64_t owed;

	world->bound_ns = UINT64_MAX;
	read.pipe = target->plan->in;
	push.pipe = target->plan->out;
	read.timeout_ms = 1000;
	if (out->pipe && !out->held)
		step_push(world, target, &push);
	owed = in->pipe && !in->held ? stream_owed(world, target, in) : 0;
	if (owed > DATA_MAX)
		owed = 2000;
	read.amount = owed;
	world->bound_ns = 0;
	return owed ? take(world, target, &read, false) : 0;
}

step_action *const stream_actions[STEP_KINDS] = {
	[STEP_READ] = step_read,
	[STEP_READ_SOME] = step_read_some,
	[STEP_ACQUIRE] = step_acquire,
	[STEP_RELEASE] = step_release,
	[STEP_WRITE] = put,
	[STEP_PUSH] = step_push,
	[STEP_FLUSH] = step_flush,
	[STEP_CANCEL] = step_cancel,
	[STEP_RESUME] = step_resume,
	[STEP_RESET] = step_reset,
	[STEP_IDLE] = step_idle,
	[STEP_DRAIN] = step_drain,
};
