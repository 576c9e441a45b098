/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The steps on the probe core: batches are submitted, collected out of order, given
   up, and left on their way when the core or its device is closed. */
#include <string.h>

#include "jtag.h"
#include "lib/base/ask.h"

#define POISON  0x5a
#define LONG_MS 10000 /* longer than anything that is on its way */

/* A limit, and a delay, may end so much too soon by their own unit. */
#define SOON_NS 3000

static const struct layout {
	const char *tck, *tms, *tdi, *middle, *tdo, *trst;
} layouts[] = {
	{"A0", "A1", "A2", "A4", "A3", "A5"},
	{"A5", "A4", "A1", "A2", "A0", "A3"},
};

static const struct layout *layout_of(const struct device_plan *plan)
{
	return &layouts[plan->part & 1];
}

static bool has_trst(const struct device_plan *plan)
{
	return plan->part & 2 && jtag_packages(plan) == 1;
}

/* TDO comes so late that the core must sample it later at 24 MHz. */
bool jtag_is_slow(const struct device_plan *plan)
{
	return plan->part & 4;
}

/* TDO of one comes too late for TDI of another one. */
unsigned jtag_packages(const struct device_plan *plan)
{
	return jtag_is_slow(plan) || plan->part & 8 ? 1 : 2;
}

/* A URI has some 250 characters at most. */
static int name_tap(const struct tap *tap, char *text, size_t size)
{
	int used = snprintf(text, size, ":ir=%u", tap->ir_bits);

	if (tap->capture != 1)
		used += snprintf(
			text + used, size - used, ":capture=%x", tap->capture);
	if (tap->usercode != UINT32_MAX)
		used += snprintf(text + used, size - used, ":usercode=%08x",
			tap->usercode);
	if (tap->idcode)
		used += snprintf(
			text + used, size - used, ":idcode=%08x", tap->idcode);
	return used;
}

static int name_chain(
	const struct chain *chain, unsigned from, char *text, size_t size)
{
	int used = 0;

	for (unsigned i = from; i < chain->count && !chain->taps[i].first;
		i++) {
		const struct tap *tap = &chain->taps[i];

		used += snprintf(text + used, size - used, "%s%u",
			i == from ? ":chain=" : "-", tap->ir_bits);
		if (tap->idcode)
			used += snprintf(
				text + used, size - used, "/%08x", tap->idcode);
	}
	return used;
}

int jtag_name_parts(const struct device_plan *plan, char *text, size_t size)
{
	const struct layout *layout = layout_of(plan);
	struct chain chain;
	unsigned packages = jtag_packages(plan), package = 0;
	int used = 0;

	chain_begin(&chain, plan);
	for (unsigned i = 0; i < chain.count; i++) {
		if (!chain.taps[i].first)
			continue;
		used += snprintf(text + used, size - used,
			",part=tap@tck=%s:tms=%s:tdi=%s:tdo=%s", layout->tck,
			layout->tms, package ? layout->middle : layout->tdi,
			package + 1 < packages ? layout->middle : layout->tdo);
		if (has_trst(plan))
			used += snprintf(text + used, size - used, ":trst=%s",
				layout->trst);
		if (jtag_is_slow(plan))
			used += snprintf(
				text + used, size - used, ":t-tdo=41ns");
		used += name_tap(&chain.taps[i], text + used, size - used);
		used += name_chain(&chain, i + 1, text + used, size - used);
		package++;
	}
	return used;
}

struct random jtag_random(
	const struct session *session, const struct step *step)
{
	return (struct random){
		session->program->seed * 64 + (step - session->program->step)};
}

bool has_jtag(const struct target *target)
{
	return target->probe && target->probe->jtag;
}

/* ---- What is on its way ---- */

bool jtag_is_sane(const struct target *target)
{
	for (unsigned i = 0; i < target->plan->faults; i++)
		if (target->plan->fault[i].text[0] == 'a' ||
			target->plan->fault[i].text[0] == 't')
			return false;
	return true;
}

static struct jtag_record *record_at(struct probe *probe, unsigned at)
{
	return &probe->records[(probe->first + at) % JTAG_RECORDS];
}

void jtag_note(struct target *target, long result)
{
	switch (result) {
	case CLYDE_ERROR_TIMEOUT:
	case CLYDE_ERROR_DEADLOCK:
	case CLYDE_ERROR_INTERRUPTED:
	case CLYDE_ERROR_LIMIT_PASSED:
	case CLYDE_ERROR_INVALID:
		return;
	}
	target->probe->broken |= result < 0;
}

static void poison(struct jtag_record *record)
{
	memset(record->in, POISON, record->size);
}

/* The library must not have written to the memory of a transfer that was given
   up. */
static void check_lent(struct session *session, struct probe *probe)
{
	struct jtag_record *lent = &probe->lent;

	for (size_t i = 0; i < lent->size; i++)
		if (lent->in[i] != POISON) {
			violate(session,
				"memory is written when its call is over");
			break;
		}
	lent->size = 0;
}

static void close_jtag(
	struct session *session, struct probe *probe, bool by_token)
{
	clyde_token token = clyde_jtag_token(probe->jtag);

	if (probe->jtag == NULL)
		return;
	if (!by_token)
		clyde_jtag_close(probe->jtag);
	else if (clyde_close_token(token) != 0)
		violate(session, "a probe core that is open cannot be closed");
	if (clyde_close_token(token) != CLYDE_ERROR_CLOSED)
		violate(session, "a probe core is closed twice");
	remember_closed(session, token);
	probe->jtag = NULL;
	probe->broken = false;
	probe->count = 0;
	check_lent(session, probe);
	jtag_plan_begin(&probe->plan);
}

void jtag_lost(struct session *session, struct target *target)
{
	struct probe *probe = target->probe;

	if (probe == NULL)
		return;
	if (probe->jtag)
		remember_closed(session, clyde_jtag_token(probe->jtag));
	probe->jtag = NULL;
	check_lent(session, probe);
}

void jtag_begin(struct target *target)
{
	struct probe *probe = target->probe;

	if (probe == NULL)
		return;
	probe->jtag = NULL;
	probe->broken = false;
	probe->first = probe->count = 0;
	probe->lent.size = 0;
	probe->busy_until_ns = 0;
	probe->has_trst = has_trst(target->plan);
	chain_begin(&probe->plan.chain, target->plan);
	jtag_plan_begin(&probe->plan);
}

void jtag_check_state(struct session *session, const struct target *target)
{
	struct probe *probe = target->probe;
	int state, right = jtag_plan_state(&probe->plan);

	if (probe->plan.vague)
		return;
	state = clyde_jtag_state(probe->jtag);
	if (state != right)
		violate(session, "the TAPs are in state %d, not %d", right,
			state);
}

/* ---- Replies ---- */

static void check_reply(struct session *session, const struct target *target,
	const struct jtag_record *record)
{
	session->tally->read += record->size;
	for (size_t i = 0; i < record->size && jtag_is_sane(target); i++) {
		if (((record->in[i] ^ record->right[i]) & record->mask[i]) == 0)
			continue;
		violate(session,
			"batch %llu: the byte %zu is %02x, not %02x under %02x",
			(unsigned long long)record->ticket, i, record->in[i],
			record->right[i], record->mask[i]);
		break;
	}
}

static void check_time(struct session *session, const struct target *target,
	const struct jtag_record *record)
{
	int64_t now = now_ns(target->device);

	if (record->over_ns && now + SOON_NS < record->over_ns &&
		jtag_is_sane(target))
		violate(session, "batch %llu is over %.3f ms too soon",
			(unsigned long long)record->ticket,
			(record->over_ns - now) / 1e6);
}

static void check_failed(struct session *session, const struct target *target,
	const struct jtag_record *last)
{
	size_t step = 0;
	int failed = clyde_jtag_failed(target->probe->jtag, &step);

	if (!jtag_is_sane(target))
		return;
	if (failed != (last->step >= 0) ||
		(failed == 1 && (int)step != last->step))
		violate(session, "step %d of batch %llu failed, not %d (%d)",
			last->step, (unsigned long long)last->ticket, (int)step,
			failed);
}

/* All batches of the ring up to `count`, and then `single` if that is not NULL,
   were collected with this result. */
static void judge_batches(struct session *session, struct target *target,
	unsigned count, const struct jtag_record *single, long result)
{
	struct probe *probe = target->probe;
	const struct jtag_record *last =
		single ? single : record_at(probe, count - 1);
	bool fails = single && single->fails;

	for (unsigned i = 0; i < count; i++) {
		fails |= record_at(probe, i)->fails;
		check_reply(session, target, record_at(probe, i));
	}
	if (single)
		check_reply(session, target, single);
	probe->first = (probe->first + count) % JTAG_RECORDS;
	probe->count -= count;
	check_time(session, target, last);
	check_failed(session, target, last);
	if (fails || !jtag_is_sane(target))
		allow(session, CLYDE_ERROR_LIMIT_PASSED);
	if (fails && result == 0 && jtag_is_sane(target))
		violate(session, "a limit has passed, and no call says so");
}

/* ---- Calls ---- */

/* Whether a wait for all batches must end with them. */
static bool must_end(const struct session *session, const struct target *target,
	unsigned count, const struct jtag_record *single, int timeout_ms)
{
	double us = single ? single->us : 0;

	for (unsigned i = 0; i < count; i++)
		us += record_at(target->probe, i)->us;
	return !session->interrupted && !target->probe->broken &&
		!(target->effects & (BREAKS_STREAM | ENDS_NOTHING)) &&
		jtag_is_sane(target) &&
		(timeout_ms < 0 || (timeout_ms >= 1000 && us < 300000));
}

static void allow_unended(struct session *session, const struct target *target,
	unsigned count, const struct jtag_record *single, int timeout_ms)
{
	if (!must_end(session, target, count, single, timeout_ms))
		allow(session,
			timeout_ms < 0 ? CLYDE_ERROR_DEADLOCK
				       : CLYDE_ERROR_TIMEOUT);
}

static void add_bound(struct session *session, int timeout_ms)
{
	if (timeout_ms < 0)
		session->bound_ns = UINT64_MAX;
	else if (session->bound_ns != UINT64_MAX)
		session->bound_ns += UINT64_C(1000000) * timeout_ms;
}

/* Collects the oldest `count` batches. */
static long collect(struct session *session, struct target *target,
	unsigned count, int timeout_ms)
{
	struct probe *probe = target->probe;
	long result;

	add_bound(session, timeout_ms);
	allow_unended(session, target, count, NULL, timeout_ms);
	result = clyde_jtag_collect(
		probe->jtag, record_at(probe, count - 1)->ticket, timeout_ms);
	jtag_note(target, result);
	if (result == 0 || result == CLYDE_ERROR_LIMIT_PASSED)
		judge_batches(session, target, count, NULL, result);
	return result;
}

/* Waits for all batches.  Returns 0 if nothing is on its way. */
long jtag_settle(struct session *session, struct target *target)
{
	struct probe *probe = target->probe;
	long result = 0;

	if (probe->count > 0)
		result = collect(session, target, probe->count, LONG_MS);
	return result == CLYDE_ERROR_LIMIT_PASSED ? 0 : result;
}

/* The batch is on its way, which began at this time or later. */
static void expect_end(struct probe *probe, struct jtag_record *record,
	int64_t begun_ns, bool chained)
{
	if (probe->busy_until_ns < begun_ns)
		probe->busy_until_ns = begun_ns;
	probe->busy_until_ns += (int64_t)(record->us * 1000);
	record->over_ns = chained ? 0 : probe->busy_until_ns;
}

/* Sends a batch.  If the call does not wait for long enough, it is made again;
   then the next batch of the job can still be submitted. */
static long submit(struct session *session, struct target *target,
	struct jtag_batch *batch, int timeout_ms)
{
	struct probe *probe = target->probe;
	struct jtag_record *record = batch->record;
	int64_t begun_ns = now_ns(target->device);
	long result;

	poison(record);
	add_bound(session, timeout_ms);
	result = clyde_jtag_submit(probe->jtag, batch->steps, batch->count,
		batch->flags, &record->ticket, timeout_ms);
	if (result == CLYDE_ERROR_TIMEOUT || result == CLYDE_ERROR_DEADLOCK) {
		add_bound(session, LONG_MS);
		allow_unended(session, target, probe->count, NULL, LONG_MS);
		result = clyde_jtag_submit(probe->jtag, batch->steps,
			batch->count, batch->flags, &record->ticket, LONG_MS);
	}
	jtag_note(target, result);
	memset(batch->out, 0xee, batch->used);
	memset(batch->steps, 0xee, sizeof(batch->steps));
	if (result < 0) {
		/* Neither this one nor the rest is ever sent. */
		probe->plan = batch->before;
		return result;
	}
	probe->plan = batch->after;
	if (record->ticket <= probe->last_ticket)
		violate(session, "a ticket is not greater than before");
	probe->last_ticket = record->ticket;
	probe->ticket_known = true;
	probe->count++;
	expect_end(probe, record, begun_ns, batch->flags & CLYDE_JTAG_CHAIN);
	jtag_check_state(session, target);
	return 0;
}

bool jtag_is_ready(const struct probe *probe)
{
	return probe->jtag && !probe->broken && probe->count < JTAG_RECORDS;
}

static long step_submit(
	struct session *session, struct target *target, const struct step *step)
{
	struct random random = jtag_random(session, step);
	struct probe *probe = target->probe;
	static struct jtag_job job;
	long result = 0;

	if (!jtag_is_ready(probe))
		return 0;
	jtag_job_draw(probe, &random, JTAG_RECORDS - probe->count, NULL, &job);
	for (unsigned i = 0; i < job.count && result == 0; i++) {
		session->tally->written += job.batch[i].used;
		result = submit(
			session, target, &job.batch[i], step->timeout_ms);
	}
	return result;
}

static long step_collect(
	struct session *session, struct target *target, const struct step *step)
{
	struct probe *probe = target->probe;

	if (probe->jtag == NULL || probe->count == 0)
		return 0;
	return collect(session, target, 1 + step->choice % probe->count,
		step->timeout_ms);
}

/* A transfer was given up: by the ticket of the next batch, whether it was sent. */
static void find_out(struct session *session, struct target *target,
	const struct jtag_batch *batch)
{
	static const struct clyde_jtag_step none;
	struct probe *probe = target->probe;
	struct jtag_record *record = record_at(probe, probe->count);
	uint64_t ticket = 0;
	long result = clyde_jtag_submit(probe->jtag, &none, 0, 0, &ticket, 0);

	jtag_note(target, result);
	if (result < 0 || !probe->ticket_known) {
		probe->broken = true;
		return;
	}
	probe->plan =
		ticket == probe->last_ticket + 2 ? batch->after : batch->before;
	if (ticket != probe->last_ticket + 2 &&
		ticket != probe->last_ticket + 1)
		violate(session, "the ticket after %llu is %llu",
			(unsigned long long)probe->last_ticket,
			(unsigned long long)ticket);
	jtag_plan_batch(&probe->plan);
	jtag_plan_end(&probe->plan, false);
	record->ticket = probe->last_ticket = ticket;
	record->fails = probe->plan.failed;
	record->step = -1;
	record->us = 0;
	record->over_ns = 0;
	record->size = 0;
	probe->count++;
	jtag_check_state(session, target);
}

/* After a call that was given up, the library must not write to the memory any
   more. */
static long step_transfer(
	struct session *session, struct target *target, const struct step *step)
{
	struct random random = jtag_random(session, step);
	struct probe *probe = target->probe;
	struct jtag_record *lent = &probe->lent;
	static struct jtag_job job;
	int64_t begun_ns = now_ns(target->device);
	long result;

	if (!jtag_is_ready(probe))
		return 0;
	check_lent(session, probe);
	add_bound(session, step->timeout_ms);
	jtag_job_draw(probe, &random, 1, lent, &job);
	memset(lent->in, 0, lent->size);
	expect_end(probe, lent, begun_ns, false);
	allow_unended(session, target, probe->count, lent, step->timeout_ms);
	result = clyde_jtag_transfer(probe->jtag, job.batch[0].steps,
		job.batch[0].count, step->timeout_ms);
	jtag_note(target, result);
	if (result == 0 || result == CLYDE_ERROR_LIMIT_PASSED) {
		probe->last_ticket++;
		lent->ticket = probe->last_ticket;
		judge_batches(session, target, probe->count, lent, result);
		lent->size = 0;
		jtag_check_state(session, target);
		return result;
	}
	poison(lent);
	if (!probe->broken)
		find_out(session, target, &job.batch[0]);
	return result;
}

/* A delay that is right, in ns. */
static int delay_of(
	const struct device_plan *plan, uint32_t rate_hz, uint8_t choice)
{
	static const int8_t fast[] = {0, -1}, slow[] = {0, 10, 20, 30};

	if (!jtag_is_slow(plan))
		return fast[choice % 2];
	return rate_hz < 24000000 ? slow[choice % 4] : 10 + choice % 20;
}

static long step_configure(
	struct session *session, struct target *target, const struct step *step)
{
	static const uint32_t rates[] = {
		1000000, 5000000, 6000000, 12000000, 24000000};
	struct probe *probe = target->probe;
	uint32_t rate = rates[step->amount % 5];
	uint32_t period = (48000000 + rate - 1) / rate, found = 0;
	long result;

	if (probe->jtag == NULL)
		return 0;
	bound_ms(session, 0);
	result = clyde_jtag_configure(probe->jtag, rate,
		delay_of(target->plan, rate, step->choice), &found);
	if (result == 0 && found != 48000000 / period)
		violate(session, "a rate of %u Hz became %u", rate, found);
	if (result == 0)
		probe->plan.chain.period = period;
	return result;
}

/* ---- Opening and closing ---- */

static void allow_taken(struct session *session, const struct target *target)
{
	for (unsigned i = 0; i < CLYDE_PIPE_COUNT; i++)
		if (target->stream[i].pipe) {
			allow(session, CLYDE_ERROR_BUSY);
			allow(session, CLYDE_ERROR_CORE_TAKEN);
		}
	if (!target->loaded || target->unknown) {
		allow(session, CLYDE_ERROR_NO_CORE);
		allow(session, CLYDE_ERROR_REFUSED);
		allow(session, CLYDE_ERROR_STALL);
	}
	if (!jtag_is_sane(target))
		allow(session, CLYDE_ERROR_NO_SUPPLY);
}

static long open_jtag(
	struct session *session, struct target *target, const struct step *step)
{
	const struct layout *layout = layout_of(target->plan);
	uint32_t rate = step->choice & 1 ? 24000000 : 6000000;
	const struct clyde_jtag_options options = {
		.tck = layout->tck,
		.tms = layout->tms,
		.tdi = layout->tdi,
		.tdo = layout->tdo,
		.trst = has_trst(target->plan) ? layout->trst : NULL,
		.rate_hz = rate,
		.sample_delay_ns =
			delay_of(target->plan, rate, step->choice >> 2),
	};
	struct probe *probe = target->probe;
	long result = clyde_supply_set(target->device, 1, 3300);

	if (result < 0)
		return result;
	allow_taken(session, target);
	result = clyde_jtag_open(target->device, &options, &probe->jtag);
	if (result < 0) {
		probe->jtag = NULL;
		return result;
	}
	probe->broken = false;
	probe->last_ticket = 0;
	probe->ticket_known = true;
	jtag_plan_begin(&probe->plan);
	probe->plan.chain.period = 48000000 / rate;
	probe->busy_until_ns = 0;
	jtag_check_state(session, target);
	return 0;
}

static long step_open(
	struct session *session, struct target *target, const struct step *step)
{
	struct probe *probe = target->probe;

	bound_ms(session, 50 * COMMAND_MS);
	if (probe->jtag && probe->broken)
		close_jtag(session, probe, step->choice & 2);
	return probe->jtag ? 0 : open_jtag(session, target, step);
}

/* Without a fault of a command, its pins are inputs again. */
static long check_free(struct session *session, struct target *target)
{
	uint8_t pins[16];
	long result = clyde_register_read(
		target->device, REG_PIN, pins, sizeof(pins));

	for (unsigned i = 0; i < 8 && result == 0; i++)
		if (pins[i] != 0 && !(target->effects & BREAKS_COMMAND))
			violate(session, "pin A%u is left at %#x", i, pins[i]);
	return result;
}

static long step_close(
	struct session *session, struct target *target, const struct step *step)
{
	struct probe *probe = target->probe;

	if (probe->jtag == NULL)
		return 0;
	bound_ms(session, 20 * COMMAND_MS);
	close_jtag(session, probe, step->choice % 2);
	return check_free(session, target);
}

step_action *const jtag_actions[STEP_KINDS] = {
	[STEP_JTAG_OPEN] = step_open,
	[STEP_JTAG_CONFIGURE] = step_configure,
	[STEP_JTAG_SUBMIT] = step_submit,
	[STEP_JTAG_COLLECT] = step_collect,
	[STEP_JTAG_TRANSFER] = step_transfer,
	[STEP_JTAG_CHAIN] = step_jtag_chain,
	[STEP_JTAG_SVF] = step_jtag_svf,
	[STEP_JTAG_CLOSE] = step_close,
	[STEP_JTAG_CHECK] = step_jtag_check,
};
