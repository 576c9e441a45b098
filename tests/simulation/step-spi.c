/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The steps on the SPI core: batches are submitted, collected out of order, and
   left on their way when the core or its device is closed. */
#include <math.h>
#include <string.h>

#include "lib/base/ask.h"
#include "spi.h"

#define POISON  0x5a
#define LONG_MS 10000 /* longer than anything that is on its way */

static const struct {
	const char *part;
	const char *sck, *io[4], *cs;
} layouts[] = {
	{"cs=A5:sck=A1:io0=A2:io1=A4:io2=A3:io3=A0", "A1",
		{"A2", "A4", "A3", "A0"}, "A5"},
	{"cs=A4:sck=A5:io0=A0:io1=A1:io2=A2:io3=A3", "A5",
		{"A0", "A1", "A2", "A3"}, "A4"},
};

static unsigned layout_of(const struct device_plan *plan)
{
	return plan->part >> 4 & 1;
}

bool spi_is_wide(const struct device_plan *plan)
{
	return plan->part % 4 == 3;
}

int spi_name_part(const struct device_plan *plan, char *text, size_t size)
{
	static const char *const tables[] = {"1.6", "1.6", "1.0", "none"};

	return snprintf(text, size,
		",part=flash25@%s:size=%s:sfdp=%s:qe=%u:t-pp=5us:"
		"t-se=20us:t-be=40us:t-ce=200us:t-w=20us",
		layouts[layout_of(plan)].part,
		spi_is_wide(plan) ? "32M" : "64K", tables[plan->part >> 6],
		plan->part >> 3 & 1);
}

struct random spi_random(const struct session *session, const struct step *step)
{
	return (struct random){
		session->program->seed * 64 + (step - session->program->step)};
}

/* ---- What is on its way ---- */

static bool may_lose_supply(const struct target *target)
{
	for (unsigned i = 0; i < target->plan->faults; i++)
		if (target->plan->fault[i].text[0] == 'a' ||
			target->plan->fault[i].text[0] == 't')
			return true;
	return false;
}

bool spi_is_sane(const struct target *target)
{
	return !target->bus->array.wild && !may_lose_supply(target);
}

static struct record *record_at(struct bus *bus, unsigned at)
{
	return &bus->records[(bus->first + at) % RECORDS];
}

static void forget_change(struct bus *bus, const struct record *record)
{
	if (record->changed)
		array_forget(&bus->array, record->address, record->changed);
}

/* Any number of the batches has been carried out. */
static void forget_batches(struct bus *bus)
{
	for (unsigned i = 0; i < bus->count; i++)
		forget_change(bus, record_at(bus, i));
	bus->count = 0;
}

/* Bytes that were sent behind a failed transfer are commands as well. */
void spi_note(struct target *target, long result)
{
	switch (result) {
	case CLYDE_ERROR_TIMEOUT:
	case CLYDE_ERROR_DEADLOCK:
	case CLYDE_ERROR_INTERRUPTED:
	case CLYDE_ERROR_LIMIT_PASSED:
	case CLYDE_ERROR_INVALID:
		return;
	}
	if (result >= 0)
		return;
	target->bus->broken = true;
	target->bus->array.wild |= (target->effects & BREAKS_STREAM) != 0;
}

/* Memory that the library must not write to any more. */
static void check_poisoned(
	struct session *session, const uint8_t *bytes, size_t *size)
{
	for (size_t i = 0; i < *size; i++)
		if (bytes[i] != POISON) {
			violate(session,
				"memory is written when its call is over");
			break;
		}
	*size = 0;
}

static void poison(uint8_t *bytes, size_t size)
{
	memset(bytes, POISON, size);
}

void spi_check_given_up(struct session *session, struct bus *bus)
{
	check_poisoned(session, bus->lent.in, &bus->lent.size);
	check_poisoned(session, bus->given_up, &bus->given_up_size);
}

void spi_give_up(struct bus *bus, size_t size)
{
	poison(bus->given_up, size);
	bus->given_up_size = size;
}

static void close_spi(struct session *session, struct bus *bus, bool by_token)
{
	clyde_token token = clyde_spi_token(bus->spi);

	if (bus->spi == NULL)
		return;
	if (bus->flash)
		remember_closed(session, clyde_flash_token(bus->flash));
	bus->flash = NULL;
	if (!by_token)
		clyde_spi_close(bus->spi);
	else if (clyde_close_token(token) != 0)
		violate(session, "an SPI core that is open cannot be closed");
	if (clyde_close_token(token) != CLYDE_ERROR_CLOSED)
		violate(session, "an SPI core is closed twice");
	remember_closed(session, token);
	bus->spi = NULL;
	bus->broken = false;
	spi_check_given_up(session, bus);
	forget_batches(bus);
}

void spi_forget(struct session *session, struct target *target)
{
	struct bus *bus = target->bus;

	if (bus == NULL)
		return;
	if (bus->flash)
		remember_closed(session, clyde_flash_token(bus->flash));
	if (bus->spi)
		remember_closed(session, clyde_spi_token(bus->spi));
	bus->flash = NULL;
	bus->spi = NULL;
	spi_check_given_up(session, bus);
}

/* ---- Replies ---- */

static void check_reply(struct session *session, const struct target *target,
	const struct record *record)
{
	for (size_t i = 0; i < record->size && spi_is_sane(target); i++) {
		if (((record->in[i] ^ record->right[i]) & record->mask[i]) == 0)
			continue;
		violate(session,
			"batch %llu: the byte %zu is %02x, not %02x under %02x",
			(unsigned long long)record->ticket, i, record->in[i],
			record->right[i], record->mask[i]);
		break;
	}
	session->tally->read += record->size;
}

/* All batches of the ring up to `count`, and then `single` if that is not NULL,
   were collected with this result. */
static void judge_batches(struct session *session, struct target *target,
	unsigned count, const struct record *single, long result)
{
	struct bus *bus = target->bus;
	const struct record *last = single ? single : record_at(bus, count - 1);
	bool surely = single && single->fails, perhaps = false;
	size_t step = 0;
	int failed = clyde_spi_failed(bus->spi, &step);

	for (unsigned i = 0; i < count; i++) {
		surely |= record_at(bus, i)->fails == FAILS_SURELY;
		perhaps |= record_at(bus, i)->fails == FAILS_PERHAPS;
		check_reply(session, target, record_at(bus, i));
	}
	if (single)
		check_reply(session, target, single);
	bus->first = (bus->first + count) % RECORDS;
	bus->count -= count;
	if (!spi_is_sane(target)) {
		allow(session, CLYDE_ERROR_LIMIT_PASSED);
		return;
	}
	if (surely || perhaps)
		allow(session, CLYDE_ERROR_LIMIT_PASSED);
	if (surely && result == 0)
		violate(session, "a limit has passed, and no call says so");
	if (last->fails == FAILS_PERHAPS && failed == 0)
		return;
	if (failed != (last->step >= 0) ||
		(failed == 1 && (int)step != last->step))
		violate(session, "step %d of batch %llu failed, not %d (%d)",
			last->step, (unsigned long long)last->ticket, (int)step,
			failed);
}

/* ---- Calls ---- */

/* Whether a wait for all batches must end with them. */
static bool must_end(const struct session *session, const struct target *target,
	unsigned count, const struct record *single, int timeout_ms)
{
	double us = single ? single->us : 0;

	for (unsigned i = 0; i < count; i++)
		us += record_at(target->bus, i)->us;
	return !session->interrupted && !target->bus->broken &&
		!(target->effects & (BREAKS_STREAM | ENDS_NOTHING)) &&
		(timeout_ms < 0 || (timeout_ms >= 1000 && us < 300000));
}

static void allow_unended(struct session *session, const struct target *target,
	unsigned count, const struct record *single, int timeout_ms)
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
	struct bus *bus = target->bus;
	long result;

	add_bound(session, timeout_ms);
	allow_unended(session, target, count, NULL, timeout_ms);
	result = clyde_spi_collect(
		bus->spi, record_at(bus, count - 1)->ticket, timeout_ms);
	spi_note(target, result);
	if (result == 0 || result == CLYDE_ERROR_LIMIT_PASSED)
		judge_batches(session, target, count, NULL, result);
	return result;
}

long spi_settle(struct session *session, struct target *target)
{
	struct bus *bus = target->bus;
	long result = 0;

	if (bus->count > 0)
		result = collect(session, target, bus->count, LONG_MS);
	return result == CLYDE_ERROR_LIMIT_PASSED ? 0 : result;
}

/* Sends a batch.  If the call does not wait for long enough, it is made again;
   then the next batch of the job can still be submitted. */
static long submit(struct session *session, struct target *target,
	struct batch *batch, int timeout_ms)
{
	struct bus *bus = target->bus;
	struct record *record = batch->record;
	long result;

	poison(record->in, record->size);
	add_bound(session, timeout_ms);
	result = clyde_spi_submit(bus->spi, 0, batch->steps, batch->count,
		batch->flags, &record->ticket, timeout_ms);
	if (result == CLYDE_ERROR_TIMEOUT || result == CLYDE_ERROR_DEADLOCK) {
		add_bound(session, LONG_MS);
		allow_unended(session, target, bus->count, NULL, LONG_MS);
		result = clyde_spi_submit(bus->spi, 0, batch->steps,
			batch->count, batch->flags, &record->ticket, LONG_MS);
	}
	spi_note(target, result);
	memset(batch->out, 0xee, batch->used);
	memset(batch->steps, 0xee, sizeof(batch->steps));
	return result;
}

static long step_submit(
	struct session *session, struct target *target, const struct step *step)
{
	struct random random = spi_random(session, step);
	struct bus *bus = target->bus;
	struct job job;
	long result = 0;

	if (bus->spi == NULL || bus->flash || bus->count == RECORDS)
		return 0;
	job_draw(bus, &random, RECORDS - bus->count, NULL, &job);
	for (unsigned i = 0; i < job.count && result == 0; i++) {
		result = submit(
			session, target, &job.batch[i], step->timeout_ms);
		bus->count += result == 0;
		if (result < 0) {
			/* The rest is never sent. */
			forget_change(bus, job.batch[i].record);
			bus->broken = true;
		}
	}
	session->tally->written += job.batch[0].used;
	return result;
}

static long step_collect(
	struct session *session, struct target *target, const struct step *step)
{
	struct bus *bus = target->bus;

	if (bus->spi == NULL || bus->count == 0)
		return 0;
	return collect(session, target, 1 + step->choice % bus->count,
		step->timeout_ms);
}

/* After a call that was given up, the library must not write to the memory any
   more. */
static long step_transfer(
	struct session *session, struct target *target, const struct step *step)
{
	struct random random = spi_random(session, step);
	struct bus *bus = target->bus;
	struct record *lent = &bus->lent;
	struct job job;
	long result;

	if (bus->spi == NULL || bus->flash)
		return 0;
	spi_check_given_up(session, bus);
	add_bound(session, step->timeout_ms);
	job_draw(bus, &random, 1, lent, &job);
	memset(lent->in, 0, lent->size);
	allow_unended(session, target, bus->count, lent, step->timeout_ms);
	result = clyde_spi_transfer(bus->spi, 0, job.batch[0].steps,
		job.batch[0].count, step->timeout_ms);
	spi_note(target, result);
	if (result == 0 || result == CLYDE_ERROR_LIMIT_PASSED) {
		judge_batches(session, target, bus->count, lent, result);
		lent->size = 0;
		return result;
	}
	forget_change(bus, lent);
	poison(lent->in, lent->size);
	return result;
}

static long step_configure(
	struct session *session, struct target *target, const struct step *step)
{
	static const uint32_t rates[] = {
		1000000, 6000000, 12000000, 24000000, 48000000};
	struct bus *bus = target->bus;
	uint32_t rate = rates[step->amount % 5], found = 0;
	long result;

	if (bus->spi == NULL)
		return 0;
	bound_ms(session, 0);
	result = clyde_spi_configure(
		bus->spi, rate, step->choice % 2 ? 3 : 0, 0, &found);
	if (result == 0 && found != rate)
		violate(session, "a rate of %u Hz became %u", rate, found);
	if (result == 0)
		bus->rate_hz = rate;
	return result;
}

/* ---- Opening and closing ---- */

/* Waits for the end of what the chip was doing when the core was closed. */
static long wait_for_chip(struct session *session, struct target *target)
{
	const struct clyde_spi_step steps[] = {
		{.flags = CLYDE_SPI_DESELECT},
		{.kind = CLYDE_SPI_POLL,
			.command = 0x05,
			.mask = 0x01,
			.limit_us = 1000},
		{.size = 1, .out = "\x04", .flags = CLYDE_SPI_DESELECT},
	};
	long result;

	if (!spi_is_sane(target))
		allow(session, CLYDE_ERROR_LIMIT_PASSED);
	if (target->effects & ENDS_NOTHING)
		allow(session, CLYDE_ERROR_TIMEOUT);
	result = clyde_spi_transfer(target->bus->spi, 0, steps, 3, LONG_MS);
	spi_note(target, result);
	return result;
}

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
	if (!spi_is_sane(target))
		allow(session, CLYDE_ERROR_NO_SUPPLY);
}

static long open_spi(
	struct session *session, struct target *target, const struct step *step)
{
	unsigned layout = layout_of(target->plan);
	const struct clyde_spi_options options = {
		.sck = layouts[layout].sck,
		.io = {layouts[layout].io[0], layouts[layout].io[1],
			layouts[layout].io[2], layouts[layout].io[3]},
		.cs = {layouts[layout].cs},
		.rate_hz = step->choice % 2 ? 24000000 : 12000000,
	};
	struct bus *bus = target->bus;
	/* The chip takes writes 5 ms after it has its supply. */
	long result = clyde_supply_set(target->device, 1, 3300);

	if (result == 0)
		result = clyde_device_sleep(target->device, 6);
	if (result < 0)
		return result;
	allow_taken(session, target);
	result = clyde_spi_open(target->device, &options, &bus->spi);
	if (result < 0) {
		bus->spi = NULL;
		return result;
	}
	bus->rate_hz = options.rate_hz;
	bus->broken = false;
	return wait_for_chip(session, target);
}

static long step_open(
	struct session *session, struct target *target, const struct step *step)
{
	struct bus *bus = target->bus;
	long result;

	bound_ms(session, 50 * COMMAND_MS);
	if (bus->spi && bus->broken)
		close_spi(session, bus, step->choice & 2);
	if (bus->spi)
		return 0;
	result = open_spi(session, target, step);
	if (result < 0)
		close_spi(session, bus, step->choice & 2);
	return result;
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
	struct bus *bus = target->bus;

	if (bus->spi == NULL)
		return 0;
	bound_ms(session, 20 * COMMAND_MS);
	close_spi(session, bus, step->choice % 2);
	return check_free(session, target);
}

step_action *const spi_actions[STEP_KINDS] = {
	[STEP_SPI_OPEN] = step_open,
	[STEP_SPI_CONFIGURE] = step_configure,
	[STEP_SPI_SUBMIT] = step_submit,
	[STEP_SPI_COLLECT] = step_collect,
	[STEP_SPI_TRANSFER] = step_transfer,
	[STEP_SPI_CLOSE] = step_close,
};
