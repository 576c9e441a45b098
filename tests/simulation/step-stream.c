/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The steps on the bytes of a pipe, and what the oracle learns from them. */
#include <string.h>

#include "session.h"
#include "lib/base/ask.h"

static uint8_t data[DATA_MAX];

/* Allows the errors that any call on a stream in this state may return. */
static void allow_states(struct session *session, const struct stream *stream)
{
	if (stream->cancelled)
		allow(session, CLYDE_ERROR_CANCELED);
	if (stream->held)
		allow(session, CLYDE_ERROR_BUSY);
}

/* Notes an error that ends the stream until the pipe is reset.  Every failure
   of the stream must say up to where it is good; the others are refusals of the
   call, or asked for. */
static void note_error(struct session *session, struct target *target,
	struct stream *stream, long result)
{
	switch (result) {
	case CLYDE_ERROR_INTERRUPTED:
	case CLYDE_ERROR_BUSY:
	case CLYDE_ERROR_INVALID:
	case CLYDE_ERROR_CANCELED:
		return;
	}
	if (strstr(clyde_error_message(), "; good up to byte 0") == NULL)
		violate(session, "no offset in \"%s\"", clyde_error_message());
	if (result == CLYDE_ERROR_TIMEOUT || result == CLYDE_ERROR_DEADLOCK)
		return;
	stream->broken = true;
	/* Bytes behind the failure may have been sent. */
	if (!is_in(stream - target->stream))
		stream_in(target)->known = false;
}

/* Returns 1 if the step is to be carried out.  On a closed pipe nothing
   happens; a pipe of the other direction must refuse the call. */
static long enter(struct session *session, const struct target *target,
	const struct step *step, bool in)
{
	const struct stream *stream = &target->stream[step->pipe];

	if (stream->pipe == NULL)
		return 0;
	bound_ms(session, step->timeout_ms);
	allow_states(session, stream);
	if (is_in(step->pipe) != in)
		allow(session, CLYDE_ERROR_INVALID);
	return 1;
}

/* Checks that nothing is lost: if the call waits for long enough, the owed
   bytes come. */
static void judge_owed(struct session *session, const struct step *step,
	uint64_t owed, uint64_t wanted, long result)
{
	uint64_t due = owed < wanted ? owed : wanted;

	if (!is_long_enough(step->timeout_ms) || due == 0) {
		allow(session,
			step->timeout_ms < 0 ? CLYDE_ERROR_DEADLOCK
					     : CLYDE_ERROR_TIMEOUT);
		return;
	}
	if (result < (long)due)
		violate(session, "pipe %u: %ld bytes came, %llu were owed",
			step->pipe, result, (unsigned long long)due);
}

static long read_bytes(struct session *session, struct target *target,
	const struct step *step, bool some)
{
	struct stream *stream = &target->stream[step->pipe];
	size_t size = step->amount < DATA_MAX ? step->amount : DATA_MAX;
	uint64_t owed;
	long result = enter(session, target, step, true);

	if (result == 0)
		return 0;
	owed = stream->held ? 0 : stream_owed(session, target, stream);
	result = (some ? clyde_pipe_read_some : clyde_pipe_read)(
		stream->pipe, data, size, step->timeout_ms);
	if (!is_in(step->pipe))
		return result;
	if (some && size > 0)
		size = 1;
	if (result == CLYDE_ERROR_TIMEOUT && is_long_enough(step->timeout_ms) &&
		stream_flows(session, target, stream))
		violate(session, "pipe %u: nothing came, and no error",
			step->pipe);
	judge_owed(session, step, owed, size, result);
	if (result > 0) {
		check_bytes(session, target, stream, data, result);
		stream->offset += result;
	} else if (result < 0) {
		note_error(session, target, stream, result);
	}
	check_offset(session, target, stream);
	return result;
}

static long step_read(
	struct session *session, struct target *target, const struct step *step)
{
	return read_bytes(session, target, step, false);
}

static long step_read_some(
	struct session *session, struct target *target, const struct step *step)
{
	return read_bytes(session, target, step, true);
}

/* Writes bytes, until the call must wait for room. */
static long put(
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	size_t size = step->amount < DATA_MAX ? step->amount : DATA_MAX;
	const uint8_t *bytes =
		sequence + stream->phase + stream->written % SEQUENCE_PERIOD;
	bool sinks = target->plan->mode == BENCH_SINK && target->used &&
		step->pipe == target->plan->out && !stream->cancelled &&
		!stream->broken && !stream->held && !session->interrupted &&
		!(target->effects & (BREAKS_STREAM | ENDS_NOTHING));
	long result = enter(session, target, step, false);

	if (result == 0)
		return 0;
	allow(session,
		step->timeout_ms < 0 ? CLYDE_ERROR_DEADLOCK
				     : CLYDE_ERROR_TIMEOUT);
	memcpy(data, bytes, size);
	result = clyde_pipe_write(stream->pipe, data, size, step->timeout_ms);
	memset(data, 0xee, size); /* The memory belongs to the caller again. */
	if (is_in(step->pipe))
		return result;
	if (result > 0) {
		stream->written += result;
		session->tally->written += result;
	} else if (result < 0) {
		note_error(session, target, stream, result);
	}
	if (sinks && is_long_enough(step->timeout_ms) && result != (long)size)
		violate(session, "pipe %u: %ld of %zu bytes were taken",
			step->pipe, result, size);
	check_offset(session, target, stream);
	return result;
}

/* The region is released now or by a later step. */
static long step_acquire(
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	bool in = is_in(step->pipe);
	void *region;
	uint64_t owed;
	long result = enter(session, target, step, in);

	if (result == 0)
		return 0;
	owed = in && !stream->held ? stream_owed(session, target, stream) : 0;
	result = clyde_pipe_acquire(stream->pipe, &region, step->timeout_ms);
	if (result == 0)
		violate(session, "a region of no bytes");
	judge_owed(session, step, owed, 1, result);
	if (result < 0) {
		note_error(session, target, stream, result);
		return result;
	}
	if (in)
		check_bytes(session, target, stream, region, result);
	stream->held = region;
	stream->held_size = result;
	return result;
}

static long step_release(
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	bool in = is_in(step->pipe);
	size_t size = stream->held_size;
	long result;

	if (stream->pipe == NULL)
		return 0;
	bound_ms(session, 0);
	if (step->amount < size || step->choice % 8 == 0)
		size = step->amount;
	if (stream->held == NULL || size > stream->held_size) {
		allow(session, CLYDE_ERROR_INVALID);
		result = clyde_pipe_release(stream->pipe, size);
		if (result == 0)
			violate(session, "what is not held was released");
		return result;
	}
	if (in)
		check_bytes(session, target, stream, stream->held, size);
	else
		memcpy((void *)stream->held,
			sequence + stream->phase +
				stream->written % SEQUENCE_PERIOD,
			size);
	result = clyde_pipe_release(stream->pipe, size);
	stream->held = NULL;
	if (result < 0)
		note_error(session, target, stream, result);
	else if (in)
		stream->offset += size;
	else
		stream->written += size;
	check_offset(session, target, stream);
	return result;
}

static long step_push(
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	long result = enter(session, target, step, false);

	if (result == 0)
		return 0;
	result = clyde_pipe_push(stream->pipe);
	if (result == 0 && !stream->cancelled)
		stream->pushed = stream->written;
	else if (result < 0)
		note_error(session, target, stream, result);
	return result;
}

static long step_flush(
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	long result = enter(session, target, step, false);

	if (result == 0)
		return 0;
	allow(session,
		step->timeout_ms < 0 ? CLYDE_ERROR_DEADLOCK
				     : CLYDE_ERROR_TIMEOUT);
	result = clyde_pipe_flush(stream->pipe, step->timeout_ms);
	if (is_in(step->pipe))
		return result;
	check_offset(session, target, stream);
	if (result == 0 && stream->offset != stream->written)
		violate(session, "pipe %u: flushed, but at %llu of %llu",
			step->pipe, (unsigned long long)stream->offset,
			(unsigned long long)stream->written);
	if (result == 0)
		stream->pushed = stream->written;
	else
		note_error(session, target, stream, result);
	return result;
}

static long step_cancel(
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	struct clyde_pipe_stats stats;
	long result;

	if (stream->pipe == NULL)
		return 0;
	bound_ms(session, 10);
	result = clyde_pipe_cancel(stream->pipe);
	stream->held = NULL;
	stream->cancelled = true;
	if (clyde_pipe_stats(stream->pipe, &stats) == 0 && stats.in_flight > 0)
		violate(session, "%u in flight after a cancel",
			stats.in_flight);
	check_offset(session, target, stream);
	/* Bytes that had not been sent are dropped. */
	if (is_in(step->pipe))
		return result;
	stream->written = stream->pushed = stream->offset;
	/* The stream may have failed before, and have sent bytes behind the
	   failure. */
	if (target->effects & BREAKS_STREAM)
		stream_in(target)->known = false;
	return result;
}

static long step_resume(
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	long result;

	(void)target;
	if (stream->pipe == NULL)
		return 0;
	bound_ms(session, 0);
	result = clyde_pipe_resume(stream->pipe);
	if (result == 0)
		stream->cancelled = false;
	else
		note_error(session, target, stream, result);
	return result;
}

static long step_reset(
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	long result;

	if (stream->pipe == NULL)
		return 0;
	bound_ms(session, 1000);
	result = clyde_pipe_reset(stream->pipe);
	if (result == 0) {
		stream_begins(session, target, step->pipe);
		check_offset(session, target, stream);
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
	struct session *session, struct target *target, const struct step *step)
{
	struct stream *stream = &target->stream[step->pipe];
	unsigned us = step->amount % 300;
	uint16_t cycles;
	long result;

	if (stream->pipe == NULL)
		return 0;
	bound_ms(session, 2 * COMMAND_MS);
	if (!is_in(step->pipe))
		allow(session, CLYDE_ERROR_INVALID);
	result = clyde_pipe_set_idle_flush(stream->pipe, 1000 * us);
	if (result == 0)
		result = clyde_register_read(target->device,
			REG_IDLE_FLUSH + 2 * (step->pipe - CLYDE_PIPE_EP6_IN),
			&cycles, sizeof(cycles));
	if (result == 0 && cycles != 48 * us)
		violate(session, "pipe %u flushes after %u cycles, not %u us",
			step->pipe, cycles, us);
	return result;
}

/* All bytes that are on their way arrive. */
static long step_drain(
	struct session *session, struct target *target, const struct step *step)
{
	struct step read = *step, push = *step;
	struct stream *in = stream_in(target), *out = stream_out(target);
	uint64_t owed;

	session->bound_ns = UINT64_MAX;
	read.pipe = target->plan->in;
	push.pipe = target->plan->out;
	read.timeout_ms = 1000;
	if (out->pipe && !out->held)
		step_push(session, target, &push);
	owed = in->pipe && !in->held ? stream_owed(session, target, in) : 0;
	if (owed > DATA_MAX)
		owed = 2000;
	read.amount = owed;
	session->bound_ns = 0;
	return owed ? read_bytes(session, target, &read, false) : 0;
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
