/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The step that runs the benchmark applet.  The applet must find corrupted
   bytes, with their exact offset. */
#include <stdlib.h>
#include <string.h>

#include "session.h"

struct report {
	uint64_t errors, bad_offset;
	int64_t gap;
	bool resumed;
};

static void take_record(void *user, const struct clyde_record *record)
{
	struct report *report = user;

	for (const struct clyde_field *field = record->fields;
		field && field->type != CLYDE_FIELD_END; field++) {
		if (strcmp(field->name, "errors") == 0)
			report->errors += field->count;
		else if (strcmp(field->name, "bad_offset") == 0)
			report->bad_offset = field->count;
		else if (strcmp(field->name, "gap") == 0)
			report->gap = field->real;
		else if (strcmp(field->name, "resumed") == 0)
			report->resumed = field->flag;
	}
}

/* Returns the fault that corrupts, if there is one and it has not struck
   yet. */
static const struct fault_plan *corruption(
	const struct session *session, const struct target *target)
{
	for (unsigned i = 0; i < target->plan->faults && !target->corrupted;
		i++)
		if (target->plan->fault[i].effects & CORRUPTS &&
			session->program->kept_faults >>
					FAULT_BIT(target->index, i) &
				1)
			return &target->plan->fault[i];
	return NULL;
}

/* Returns the first byte of the stream that differs from what was sent. */
static uint64_t first_wrong(const struct fault_plan *fault)
{
	uint64_t at = fault->offset;

	if (fault->text[0] == 'f')
		return at;
	while (sequence[at] == sequence[at + fault->amount])
		at++;
	return at;
}

/* Of the wrong bytes that the sink finds, the core keeps eight, and these may
   occur at another place of the sequence, too. */
static bool looks_like(const struct target *target, const struct report *report,
	uint64_t offset, int64_t gap)
{
	uint64_t place = offset + report->gap;

	if (report->gap == gap || target->plan->mode != BENCH_SINK)
		return report->gap == gap;
	return memcmp(sequence + place % SEQUENCE_PERIOD,
		       sequence + (offset + gap) % SEQUENCE_PERIOD,
		       BENCH_WINDOW_SIZE) == 0;
}

static void judge_report(struct session *session, struct target *target,
	const struct report *report, long result)
{
	const struct fault_plan *fault = corruption(session, target);
	int64_t gap;

	if (fault == NULL) {
		if (report->errors)
			violate(session, "wrong data at %#llx, and none is",
				(unsigned long long)report->bad_offset);
		return;
	}
	allow(session, CLYDE_ERROR_WRONG_DATA);
	target->corrupted = true;
	gap = fault->text[0] == 'f' ? 0 : fault->amount;
	if (result != CLYDE_ERROR_WRONG_DATA || report->errors != 1)
		violate(session, "%s was not found: %ld", fault->text, result);
	else if (report->bad_offset != first_wrong(fault))
		violate(session, "%s was found at %#llx", fault->text,
			(unsigned long long)report->bad_offset);
	else if (!report->resumed ||
		!looks_like(target, report, first_wrong(fault), gap))
		violate(session, "%s was taken for a gap of %lld", fault->text,
			(long long)report->gap);
}

static void set(struct session *session, struct clyde_run *run,
	const char *name, const char *value)
{
	if (clyde_run_set(run, name, value) < 0)
		violate(session, "%s", clyde_error_message());
}

/* The applet must have detached its streams. */
static long check_released(struct session *session, struct target *target)
{
	uint8_t cores[4];
	long result = clyde_register_read(
		target->device, REG_STREAM, cores, sizeof(cores));

	for (unsigned i = 0; result == 0 && i < sizeof(cores); i++)
		if (cores[i] != 0 &&
			!(has_spi(target) && cores[i] == CORE_SPI) &&
			!(has_core(target) && cores[i] == CORE_PROBE))
			violate(session, "pipe %u is left at core %u", i,
				cores[i]);
	return result;
}

long step_applet(
	struct session *session, struct target *target, const struct step *step)
{
	static const char *const modes[] = {"", "source", "sink", "loopback"};
	static const char *const sizes[] = {"512", "1KiB", "4KiB", "64KiB"};
	struct report report = {0};
	const struct clyde_observer observer = {
		.record = take_record, .user = &report};
	struct clyde_run *run;
	long result;

	session->bound_ns = UINT64_MAX;
	for (unsigned i = 0; i < CLYDE_PIPE_COUNT; i++)
		if (target->stream[i].pipe) {
			allow(session, CLYDE_ERROR_BUSY);
			allow(session, CLYDE_ERROR_CORE_TAKEN);
		}
	if (has_core(target)) {
		allow(session, CLYDE_ERROR_BUSY);
		allow(session, CLYDE_ERROR_CORE_TAKEN);
	}
	result = clyde_run_new(session->context, "benchmark", &run);
	if (result < 0)
		return result;
	set(session, run, "modes", modes[target->plan->mode]);
	set(session, run, "count", "8KiB");
	set(session, run, "transfer-size", sizes[step->choice % 4]);
	result = clyde_run_start(run, target->device, NULL, &observer);
	clyde_run_close(run);
	if (result == CLYDE_ERROR_BUSY || result == CLYDE_ERROR_CORE_TAKEN)
		return result;
	/* The applet has taken the core from the pipes that used it without a
	   claim. */
	for (unsigned i = 0; i < CLYDE_PIPE_COUNT; i++)
		target->stream[i].known = false;
	target->loaded |= result == 0;
	target->used = false;
	target->unknown = result < 0 && result != CLYDE_ERROR_WRONG_DATA;
	if (result == 0 || result == CLYDE_ERROR_WRONG_DATA)
		judge_report(session, target, &report, result);
	return result == 0 ? check_released(session, target) : result;
}
