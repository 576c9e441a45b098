/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What may come of a step: takes results, bytes, offsets and times, and
 * violates the run where they are not what a caller was promised.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"
#include "lib/base/ask.h"

/* A wait ends with a microframe, and one is allowed for handling. */
#define SLACK_NS 250000

/* A stream that fails cancels its other transfers, a microframe each; so many
   of both directions. */
#define FAILING_NS (6 * 125000)

/* Nobody notices that the cable is pulled before that. */
#define UNPLUG_NS 1000000

void violate(struct world *world, const char *format, ...)
{
	struct outcome *outcome = world->outcome;
	va_list arguments;

	if (outcome->violation[0])
		return;
	va_start(arguments, format);
	vsnprintf(outcome->violation, sizeof(outcome->violation), format,
		arguments);
	va_end(arguments);
	outcome->step =
		world->step ? (int)(world->step - world->program->step) : -1;
}

void trace(struct world *world, uint64_t value)
{
	uint64_t digest = world->outcome->digest ^ value;

	digest *= 0x9fb21c651e98df25;
	world->outcome->digest = digest ^ digest >> 29;
}

void allow(struct world *world, int error)
{
	world->allowed[-error] = true;
}

void bound_ms(struct world *world, int timeout_ms)
{
	if (timeout_ms < 0)
		world->bound_ns = UINT64_MAX;
	else if (world->bound_ns != UINT64_MAX)
		world->bound_ns = UINT64_C(1000000) * timeout_ms;
}

/* ---- Results ---- */

const char *error_name(int error)
{
	const struct clyde_error_info *info;

	for (size_t i = 0; (info = clyde_error_at(i)); i++)
		if (info->value == error)
			return info->name;
	return "an error without a name";
}

static bool allowed(
	const struct world *world, const struct target *target, int error)
{
	if (-error >= ERRORS || world->allowed[-error])
		return -error < ERRORS;
	if (error == CLYDE_ERROR_INTERRUPTED)
		return world->interrupted;
	for (unsigned i = 0; i < target->plan->faults; i++) {
		unsigned bit = FAULT_BIT(target->index, i);
		const int *errors = target->plan->fault[i].errors;

		if (!(world->program->kept_faults >> bit & 1))
			continue;
		for (unsigned at = 0; at < ERRORS_MAX; at++)
			if (errors[at] == error)
				return true;
	}
	return false;
}

/* "good up to byte 0x12" is what offset_of() says. */
static void judge_sentence(
	struct world *world, struct target *target, int result)
{
	const char *text = clyde_error_message();
	const char *good = strstr(text, "good up to byte ");
	struct stream *stream = &target->stream[world->step->pipe];

	if (text[0] == '\0' || strchr(text, '\n'))
		violate(world, "%s is not a line that says what is wrong: %s",
			error_name(result), text);
	if (good == NULL || stream->pipe == NULL ||
		world->step->kind == STEP_APPLET)
		return;
	if (strtoull(good + strlen("good up to byte "), NULL, 16) !=
		offset_of(stream->pipe))
		violate(world, "\"%s\", but the offset is %#llx", text,
			(unsigned long long)offset_of(stream->pipe));
}

static void judge_time(struct world *world, struct target *target, long result)
{
	uint64_t now = now_ns(target->device);
	uint64_t gone = target->gone_ns, begun = world->begun_ns;
	uint64_t slack =
		SLACK_NS + (target->effects & BREAKS_STREAM ? FAILING_NS : 0);

	trace(world, now);
	if (now < begun) {
		violate(world, "time went back");
	} else if (world->bound_ns != UINT64_MAX &&
		now - begun > world->bound_ns + slack) {
		violate(world, "took %.3f ms of at most %.3f",
			(now - begun) / 1e6, world->bound_ns / 1e6);
	} else if (now > gone && now - gone > UNPLUG_NS &&
		now - begun > UNPLUG_NS && begun < gone) {
		violate(world,
			"ended %.3f ms after the cable was pulled, with %ld",
			(now - gone) / 1e6, result);
	}
}

void judge(struct world *world, struct target *target, long result)
{
	trace(world, result);
	if (result < 0) {
		world->tally->errors[-result < ERRORS ? -result : 0]++;
		if (!allowed(world, target, result))
			violate(world, "failed for no reason: %s: %s",
				error_name(result), clyde_error_message());
		if (world->context)
			judge_sentence(world, target, result);
	}
	if (target->device)
		judge_time(world, target, result);
}

/* ---- Streams ---- */

bool goes_in(unsigned pipe)
{
	return pipe == CLYDE_PIPE_EP6_IN || pipe == CLYDE_PIPE_EP8_IN;
}

struct stream *stream_in(struct target *target)
{
	return &target->stream[target->plan->in];
}

struct stream *stream_out(struct target *target)
{
	return &target->stream[target->plan->out];
}

static bool attached(const struct target *target, unsigned pipe)
{
	const struct device_plan *plan = target->plan;

	if (!target->used)
		return false;
	return pipe == plan->in
		? plan->mode != BENCH_SINK
		: pipe == plan->out && plan->mode != BENCH_SOURCE;
}

/* The core is held while a pipe at it is reset, so what it echoes begins anew;
   what was under way in the other pipe is left in it. */
static void echo_begins(struct target *target, unsigned pipe)
{
	struct stream *in = stream_in(target), *out = stream_out(target);

	if (goes_in(pipe)) {
		in->known = out->written == 0;
		in->phase = out->phase;
	} else if (in->pipe) {
		in->known = in->known && out->written == 0;
		in->phase = out->phase;
	}
}

void stream_begins(struct world *world, struct target *target, unsigned pipe)
{
	struct stream *stream = &target->stream[pipe];
	const struct device_plan *plan = target->plan;
	uint64_t before = stream->written;

	*stream = (struct stream){.pipe = stream->pipe, .quad = stream->quad};
	if (!attached(target, pipe)) {
		stream->known = !target->unknown;
		return;
	}
	if (plan->mode != BENCH_LOOPBACK) {
		stream->known = true;
		return;
	}
	if (!goes_in(pipe)) {
		stream->phase = world->outcome->digest % SEQUENCE_PERIOD;
		/* What is left of the stream before may still come. */
		stream_in(target)->known &= before == 0;
	}
	echo_begins(target, pipe);
}

void stream_ends(struct target *target, unsigned pipe)
{
	struct stream *stream = &target->stream[pipe];
	uint64_t written = stream->written;

	*stream = (struct stream){.written = written};
}

static bool quiet(const struct world *world)
{
	return world->interrupted;
}

uint64_t stream_owed(const struct world *world, struct target *target,
	const struct stream *stream)
{
	const struct stream *out = stream_out(target);
	unsigned pipe = stream - target->stream;

	if (quiet(world) || !stream->known || stream->cancelled ||
		stream->broken || !attached(target, pipe))
		return 0;
	if (target->effects & (BREAKS_STREAM | ENDS_NOTHING))
		return 0;
	if (target->plan->mode == BENCH_SOURCE)
		return UINT64_MAX;
	if (out->pipe == NULL || out->broken || out->pushed < stream->offset)
		return 0;
	return out->pushed - stream->offset;
}

bool stream_flows(const struct world *world, struct target *target,
	const struct stream *stream)
{
	return target->plan->mode == BENCH_SOURCE && stream->known &&
		!stream->cancelled && !stream->held && !quiet(world) &&
		attached(target, stream - target->stream) &&
		!(target->effects & ENDS_NOTHING);
}

bool patient(int timeout_ms)
{
	return timeout_ms < 0 || timeout_ms >= 100;
}

/* How far an IN pipe may have come. */
static uint64_t limit(struct target *target, const struct stream *stream)
{
	unsigned pipe = stream - target->stream;

	if (!attached(target, pipe))
		return 0;
	if (target->plan->mode == BENCH_SOURCE)
		return UINT64_MAX;
	return stream_out(target)->written;
}

/* Up to where it is sure what an echo is: what was sent behind a failed
   transfer comes back as well, without a word in this direction. */
static uint64_t sure(struct target *target, const struct stream *stream)
{
	const struct stream *out = stream_out(target);

	if (!stream->known)
		return 0;
	if (target->plan->mode != BENCH_LOOPBACK ||
		!(target->effects & BREAKS_STREAM))
		return UINT64_MAX;
	return out->pipe ? offset_of(out->pipe) : 0;
}

void check_bytes(struct world *world, struct target *target,
	struct stream *stream, const uint8_t *data, size_t size)
{
	unsigned pipe = stream - target->stream;
	uint64_t end = sure(target, stream);

	world->tally->read += size;
	if (stream->known && stream->offset + size > limit(target, stream))
		violate(world, "pipe %u: %zu bytes at %#llx, of %#llx", pipe,
			size, (unsigned long long)stream->offset,
			(unsigned long long)limit(target, stream));
	for (size_t i = 0; i < size && stream->offset + i < end; i++) {
		uint64_t offset = stream->offset + i;
		uint8_t right =
			sequence[stream->phase + offset % SEQUENCE_PERIOD];

		if (data[i] == right)
			continue;
		violate(world, "pipe %u: the byte at %#llx is %02x, not %02x",
			pipe, (unsigned long long)offset, data[i], right);
		break;
	}
}

void check_offset(
	struct world *world, struct target *target, struct stream *stream)
{
	unsigned pipe = stream - target->stream;
	uint64_t offset = offset_of(stream->pipe);

	trace(world, offset);
	if (goes_in(pipe)) {
		if (offset != stream->offset)
			violate(world, "pipe %u: offset %#llx, after %#llx",
				pipe, (unsigned long long)offset,
				(unsigned long long)stream->offset);
		return;
	}
	if (offset < stream->offset || offset > stream->written)
		violate(world, "pipe %u: offset %#llx, between %#llx and %#llx",
			pipe, (unsigned long long)offset,
			(unsigned long long)stream->offset,
			(unsigned long long)stream->written);
	stream->offset = offset;
}

void bury(struct world *world, clyde_token token)
{
	world->graves[world->buried++ % GRAVES] = token;
}
