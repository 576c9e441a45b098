/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The oracle: checks the results, bytes, offsets and times of a step, and
   records a violation where the library broke a promise. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "lib/base/ask.h"

/* A wait ends at the end of a microframe, and one more is allowed for
   handling. */
#define SLACK_NS 250000

/* A stream that fails cancels its other transfers, a microframe each.  This is
   as many as both directions have. */
#define FAILING_NS (6 * 125000)
/* Likewise, of the SPI core and the probe core. */
#define CORE_FAILING_NS (32 * 125000)

/* The host does not report a pulled cable before this time. */
#define UNPLUG_NS 1000000

void violate(struct session *session, const char *format, ...)
{
	struct outcome *outcome = session->outcome;
	va_list arguments;

	if (outcome->violation[0])
		return;
	va_start(arguments, format);
	vsnprintf(outcome->violation, sizeof(outcome->violation), format,
		arguments);
	va_end(arguments);
	outcome->step = session->step
		? (int)(session->step - session->program->step)
		: -1;
}

void trace(struct session *session, uint64_t value)
{
	uint64_t digest = session->outcome->digest ^ value;

	digest *= 0x9fb21c651e98df25;
	session->outcome->digest = digest ^ digest >> 29;
}

void allow(struct session *session, int error)
{
	session->allowed[-error] = true;
}

void bound_ms(struct session *session, int timeout_ms)
{
	if (timeout_ms < 0)
		session->bound_ns = UINT64_MAX;
	else if (session->bound_ns != UINT64_MAX)
		session->bound_ns = UINT64_C(1000000) * timeout_ms;
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

static bool uses_core(const struct target *target)
{
	return target->bus || target->probe;
}

static bool allowed(
	const struct session *session, const struct target *target, int error)
{
	if (-error >= ERRORS || session->allowed[-error])
		return -error < ERRORS;
	if (error == CLYDE_ERROR_INTERRUPTED)
		return session->interrupted;
	/* Another fault may withhold the failure of a transfer to a core with a
	   command stream, which then takes other bytes for commands. */
	if (error == CLYDE_ERROR_PROTOCOL && uses_core(target) &&
		target->effects & BREAKS_STREAM && target->plan->faults > 1)
		return true;
	for (unsigned i = 0; i < target->plan->faults; i++) {
		unsigned bit = FAULT_BIT(target->index, i);
		const int *errors = target->plan->fault[i].errors;

		if (!(session->program->kept_faults >> bit & 1))
			continue;
		for (unsigned at = 0; at < ERRORS_MAX; at++)
			if (errors[at] == error)
				return true;
	}
	return false;
}

/* The text must be that of offset_of(): "good up to byte 0x12". */
static void judge_sentence(
	struct session *session, struct target *target, int result)
{
	const char *text = clyde_error_message();
	const char *good = strstr(text, "good up to byte ");
	struct stream *stream = &target->stream[session->step->pipe];

	if (text[0] == '\0' || strchr(text, '\n'))
		violate(session, "%s is not a line that says what is wrong: %s",
			error_name(result), text);
	if (good == NULL || stream->pipe == NULL ||
		session->step->kind == STEP_APPLET || uses_core(target))
		return;
	if (strtoull(good + strlen("good up to byte "), NULL, 16) !=
		offset_of(stream->pipe))
		violate(session, "\"%s\", but the offset is %#llx", text,
			(unsigned long long)offset_of(stream->pipe));
}

static void judge_time(
	struct session *session, struct target *target, long result)
{
	uint64_t now = now_ns(target->device);
	uint64_t gone = target->gone_ns, begun = session->begun_ns;
	uint64_t slack = SLACK_NS;

	if (target->effects & BREAKS_STREAM)
		slack += uses_core(target) ? CORE_FAILING_NS : FAILING_NS;
	trace(session, now);
	if (now < begun) {
		violate(session, "time went back");
	} else if (session->bound_ns != UINT64_MAX &&
		now - begun > session->bound_ns + slack) {
		violate(session, "took %.3f ms of at most %.3f",
			(now - begun) / 1e6, session->bound_ns / 1e6);
	} else if (now > gone && now - gone > UNPLUG_NS &&
		now - begun > UNPLUG_NS && begun < gone) {
		violate(session,
			"ended %.3f ms after the cable was pulled, with %ld",
			(now - gone) / 1e6, result);
	}
}

void judge(struct session *session, struct target *target, long result)
{
	trace(session, result);
	if (result < 0) {
		session->tally->errors[-result < ERRORS ? -result : 0]++;
		if (!allowed(session, target, result))
			violate(session, "failed for no reason: %s: %s",
				error_name(result), clyde_error_message());
		if (session->context)
			judge_sentence(session, target, result);
	}
	if (target->device)
		judge_time(session, target, result);
}

/* ---- Streams ---- */

bool is_in(unsigned pipe)
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

/* The core is held while one of its pipes is reset, so its echo begins anew.
   The bytes that were in the other pipe stay there. */
static void echo_begins(struct target *target, unsigned pipe)
{
	struct stream *in = stream_in(target), *out = stream_out(target);

	if (is_in(pipe)) {
		in->known = out->written == 0;
		in->phase = out->phase;
	} else if (in->pipe) {
		in->known = in->known && out->written == 0;
		in->phase = out->phase;
	}
}

void stream_begins(
	struct session *session, struct target *target, unsigned pipe)
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
	if (!is_in(pipe)) {
		stream->phase = session->outcome->digest % SEQUENCE_PERIOD;
		/* Bytes of the stream before may still come. */
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

static bool is_interrupted(const struct session *session)
{
	return session->interrupted;
}

uint64_t stream_owed(const struct session *session, struct target *target,
	const struct stream *stream)
{
	const struct stream *out = stream_out(target);
	unsigned pipe = stream - target->stream;

	if (is_interrupted(session) || !stream->known || stream->cancelled ||
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

bool stream_flows(const struct session *session, struct target *target,
	const struct stream *stream)
{
	return target->plan->mode == BENCH_SOURCE && stream->known &&
		!stream->cancelled && !stream->held &&
		!is_interrupted(session) &&
		attached(target, stream - target->stream) &&
		!(target->effects & ENDS_NOTHING);
}

bool is_long_enough(int timeout_ms)
{
	return timeout_ms < 0 || timeout_ms >= 100;
}

/* Returns how far an IN pipe may have come. */
static uint64_t limit(struct target *target, const struct stream *stream)
{
	unsigned pipe = stream - target->stream;

	if (!attached(target, pipe))
		return 0;
	if (target->plan->mode == BENCH_SOURCE)
		return UINT64_MAX;
	return stream_out(target)->written;
}

/* Returns up to which offset the bytes of an echo are certain.  Bytes that were
   sent behind a failed transfer come back too, and no error of the IN pipe says
   so. */
static uint64_t certain_up_to(
	struct target *target, const struct stream *stream)
{
	const struct stream *out = stream_out(target);

	if (!stream->known)
		return 0;
	if (target->plan->mode != BENCH_LOOPBACK ||
		!(target->effects & BREAKS_STREAM))
		return UINT64_MAX;
	return out->pipe ? offset_of(out->pipe) : 0;
}

void check_bytes(struct session *session, struct target *target,
	struct stream *stream, const uint8_t *data, size_t size)
{
	unsigned pipe = stream - target->stream;
	uint64_t end = certain_up_to(target, stream);

	session->tally->read += size;
	if (stream->known && stream->offset + size > limit(target, stream))
		violate(session, "pipe %u: %zu bytes at %#llx, of %#llx", pipe,
			size, (unsigned long long)stream->offset,
			(unsigned long long)limit(target, stream));
	for (size_t i = 0; i < size && stream->offset + i < end; i++) {
		uint64_t offset = stream->offset + i;
		uint8_t right =
			sequence[stream->phase + offset % SEQUENCE_PERIOD];

		if (data[i] == right)
			continue;
		violate(session, "pipe %u: the byte at %#llx is %02x, not %02x",
			pipe, (unsigned long long)offset, data[i], right);
		break;
	}
}

void check_offset(
	struct session *session, struct target *target, struct stream *stream)
{
	unsigned pipe = stream - target->stream;
	uint64_t offset = offset_of(stream->pipe);

	trace(session, offset);
	if (is_in(pipe)) {
		if (offset != stream->offset)
			violate(session, "pipe %u: offset %#llx, after %#llx",
				pipe, (unsigned long long)offset,
				(unsigned long long)stream->offset);
		return;
	}
	if (offset < stream->offset || offset > stream->written)
		violate(session,
			"pipe %u: offset %#llx, between %#llx and %#llx", pipe,
			(unsigned long long)offset,
			(unsigned long long)stream->offset,
			(unsigned long long)stream->written);
	stream->offset = offset;
}

void remember_closed(struct session *session, clyde_token token)
{
	session->closed_tokens[session->closed_count++ % CLOSED_MAX] = token;
}
