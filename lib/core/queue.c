/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Batches on their way: sends the commands that an encoder has made, such as
 * spi-encode.c, and gives the replies to the batches.  spi.c and jtag.c call it
 * with the tree locked.
 *
 * A call that waits takes replies while it waits, whatever it waits for: the core
 * stops while its replies are not taken, and takes no commands then.
 */
#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/wait.h"
#include "lib/stream/pipe.h"

/* ---- Failures --------------------------------------------------------- */

static int check_failed(const struct core_object *core)
{
	return core->error < 0 ? set_error(core->error, "%s", core->why) : 0;
}

/* No batch can go on: keep the sentence that was set last. */
static int fail(struct core_object *core, int error)
{
	core->error = error;
	snprintf(core->why, sizeof(core->why), "%s", clyde_error_message());
	return error;
}

static int fail_protocol(struct core_object *core, const char *what)
{
	return fail(core,
		set_error(CLYDE_ERROR_PROTOCOL,
			"%s replied %s; close it and open it again",
			core->kind->long_name, what));
}

static void set_fault(
	struct core_batch *batch, const struct core_batch *of, size_t step)
{
	const struct core_sent *sent = &of->sent[step];

	batch->failed = true;
	batch->fault = (struct core_fault){.step = step,
		.earlier = batch != of,
		.what = sent->step,
		.got = sent->got};
}

/* ---- Replies ---------------------------------------------------------- */

static bool poll_missed(const struct core_sent *sent)
{
	return sent->polls && (sent->got & sent->mask) != sent->value;
}

/* Find the step of the command that failed.  Its index is known modulo 65536: a
   poll whose byte is not what was waited for is preferred. */
static bool find_failed(struct core_object *core, const struct core_batch *last,
	uint16_t index, struct core_batch **ret_batch, size_t *ret_step)
{
	struct core_batch *batch = core->chain;
	bool found = false;

	for (;; batch = STAILQ_NEXT(batch, next)) {
		for (size_t i = 0; i < batch->count; i++) {
			const struct core_sent *sent = &batch->sent[i];

			if (!sent->can_fail || (uint16_t)sent->command != index)
				continue;
			if (found && !poll_missed(sent))
				continue;
			*ret_batch = batch;
			*ret_step = i;
			found = true;
			if (poll_missed(sent))
				return true;
		}
		if (batch == last)
			return found;
	}
}

static int fail_chain(
	struct core_object *core, struct core_batch *last, uint16_t index)
{
	struct core_batch *batch, *of;
	size_t step;

	if (!find_failed(core, last, index, &of, &step))
		return fail_protocol(
			core, "that a command failed that cannot fail");
	for (batch = core->chain; batch; batch = STAILQ_NEXT(batch, next)) {
		batch->failed = false;
		if (batch == of)
			break;
	}
	for (batch = of;; batch = STAILQ_NEXT(batch, next)) {
		set_fault(batch, of, step);
		if (batch == last)
			break;
	}
	core->lost = true;
	return 0;
}

static void forget_collected(struct core_object *core)
{
	struct core_batch *batch;

	while ((batch = STAILQ_FIRST(&core->batches)) && batch->done &&
		batch->collected && batch->chain_over) {
		STAILQ_REMOVE_HEAD(&core->batches, next);
		free(batch);
	}
}

/* The reply to the barrier at the end of a batch has come. */
static int end_chain(struct core_object *core, struct core_batch *last)
{
	struct stream_barrier barrier;
	struct core_batch *batch = core->chain;
	int result = 0;

	memcpy(&barrier, last->barrier, sizeof(barrier));
	if (barrier.tag != last->tag)
		return fail_protocol(core, "with the number of another batch");
	if (barrier.code == STREAM_TIMEOUT)
		result = fail_chain(core, last, barrier.index);
	else if (barrier.code != STREAM_OK ||
		barrier.index != (uint16_t)last->commands)
		result = fail_protocol(core, "with a wrong count of commands");
	if (result < 0)
		return result;
	core->doubtful -= last->can_fail;
	for (;; batch = STAILQ_NEXT(batch, next)) {
		batch->chain_over = true;
		if (batch == last)
			break;
	}
	core->chain = STAILQ_NEXT(last, next);
	core->chain_failed = NULL;
	return 0;
}

/* Go to the next batch: this one has all of its replies. */
static int finish_batch(struct core_object *core, struct core_batch *batch)
{
	int result = 0;

	if (!batch->chained)
		result = end_chain(core, batch);
	else if (core->chain_failed && !batch->failed)
		set_fault(batch, core->chain_failed,
			core->chain_failed->fault.step);
	if (result < 0)
		return result;
	batch->done = true;
	core->reading = STAILQ_NEXT(batch, next);
	return 0;
}

/* A poll's byte that is not what was waited for is a failure, unless the poll may
   have been skipped. */
static void look_at_poll(
	struct core_object *core, struct core_batch *batch, size_t index)
{
	struct core_sent *sent = &batch->sent[index];

	if (core->chain_failed || !poll_missed(sent) ||
		(sent->waited && sent->got == STREAM_FILLER))
		return;
	set_fault(batch, batch, index);
	core->chain_failed = batch;
}

/* Give bytes to the step, or the barrier, that they belong to: how many it has
   taken. */
static size_t give(struct core_batch *batch, const uint8_t *bytes, size_t size)
{
	struct core_sent *sent = &batch->sent[batch->at];
	bool barrier = batch->at == batch->count;
	size_t whole = barrier ? sizeof(batch->barrier) : sent->reply;
	size_t part = whole - batch->at_byte;

	if (part > size)
		part = size;
	if (barrier)
		memcpy(batch->barrier + batch->at_byte, bytes, part);
	else if (sent->in)
		memcpy((uint8_t *)sent->in + batch->at_byte, bytes, part);
	if (!barrier && part > 0)
		sent->got = bytes[part - 1];
	batch->at_byte += part;
	return part;
}

/* Go over what expects no more bytes.  1 if something of the batch that is read
   expects bytes, 0 if no batch does. */
static int settle(struct core_object *core)
{
	struct core_batch *batch;

	while ((batch = core->reading)) {
		bool barrier = batch->at == batch->count;
		int result;

		if (barrier && !batch->chained &&
			batch->at_byte < sizeof(batch->barrier))
			return 1;
		if (barrier) {
			result = finish_batch(core, batch);
			if (result < 0)
				return result;
		} else if (batch->at_byte < batch->sent[batch->at].reply) {
			return 1;
		} else {
			if (batch->sent[batch->at].polls)
				look_at_poll(core, batch, batch->at);
			batch->at++;
			batch->at_byte = 0;
		}
	}
	return 0;
}

/* Take what has come. */
static int receive(struct core_object *core)
{
	struct engine *engine = core->in->engine;
	uint8_t *bytes;
	size_t size;
	int result = settle(core);

	while (result >= 0 && (size = engine_next(engine, &bytes)) > 0) {
		if (result == 0)
			return fail_protocol(core, "to nothing");
		size = give(core->reading, bytes, size);
		engine_consume(engine, size);
		core->in->offset += size;
		result = settle(core);
	}
	if (result < 0)
		return result;
	result = engine_error(engine);
	return result < 0 && engine_in_flight(engine) == 0
		? fail(core, pipe_failed(core->in, result))
		: 0;
}

/* ---- Commands --------------------------------------------------------- */

int core_check_poll(size_t step, uint8_t mask, uint8_t value)
{
	if ((value & ~mask) == 0)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"step %zu waits for 0x%02x under the mask 0x%02x: no byte is "
		"that",
		step, value, mask);
}

void core_put(struct core_object *core, const void *bytes, size_t size)
{
	memcpy(core->outbox + core->size, bytes, size);
	core->size += size;
}

void core_command(struct core_object *core, uint8_t opcode,
	const void *operands, size_t size)
{
	core_put(core, &opcode, 1);
	core_put(core, operands, size);
	core->commands++;
}

bool core_begin_chain(struct core_object *core)
{
	bool unknown = core->doubtful > 0 || core->lost;

	core->lost = false;
	core->chain_waits = core->chain_can_fail = false;
	return unknown;
}

void core_end_batch(struct core_object *core, struct core_batch *batch)
{
	batch->can_fail = core->chain_can_fail;
	batch->commands = core->commands;
	core->in_chain = batch->chained;
	if (core->in_chain)
		return;
	batch->tag = ++core->tag;
	core_command(core, STREAM_BARRIER, &batch->tag, 1);
	core->commands = 0;
	core->doubtful += batch->can_fail;
}

/* Send what there is room for. */
static int send_commands(struct core_object *core)
{
	struct engine *engine = core->out->engine;
	uint8_t *room;
	size_t size;
	int result = engine_error(engine);

	while (result >= 0 && core->done < core->size &&
		(size = engine_room(engine, &room)) > 0) {
		if (size > core->size - core->done)
			size = core->size - core->done;
		memcpy(room, core->outbox + core->done, size);
		core->done += size;
		result = engine_fill(engine, size);
		if (result >= 0 && core->done == core->size)
			result = engine_push(engine);
	}
	return result < 0 ? fail(core, pipe_failed(core->out, result)) : 0;
}

/* ---- Waiting ---------------------------------------------------------- */

/* Behind a failed transfer the core takes other bytes for commands, so its
   replies mean nothing. */
static int check_sent(struct core_object *core)
{
	int result = engine_error(core->out->engine);

	return result < 0 ? fail(core, pipe_failed(core->out, result)) : 0;
}

static int advance(struct core_object *core)
{
	int result = check_failed(core);

	if (result == 0)
		result = check_sent(core);
	if (result == 0)
		result = receive(core);
	if (result == 0)
		result = send_commands(core);
	return result;
}

static int wait_once(struct core_object *core, struct wait *wait)
{
	int result = core->uninterruptible
		? 0
		: object_stopped(&core->object, false);

	if (result == 0)
		result = wait_check(wait);
	if (result == CLYDE_ERROR_TIMEOUT)
		return set_error(result, "%s: %s before the deadline",
			core->kind->name,
			core->done < core->size
				? "the core has not taken the commands"
				: "the batch is not over");
	if (result < 0)
		return result;
	result = wait_look(wait);
	if (result >= 0)
		return 0;
	return pipe_failed(core->in, result);
}

static struct wait begin(const struct core_object *core, int timeout_ms)
{
	struct wait wait = wait_begin(core->device, timeout_ms);

	wait.yields = true;
	return wait;
}

/* ---- One call at a time ------------------------------------------------- */

int core_begin_call(struct core_object *core)
{
	if (core->busy)
		return set_error(CLYDE_ERROR_BUSY,
			"another thread is in a call of %s",
			core->kind->short_name);
	core->busy = true;
	return 0;
}

/* The sentence of a pipe has an offset in it, which says nothing about steps. */
int core_end_call(struct core_object *core, int result)
{
	core->busy = false;
	if (result == CLYDE_ERROR_NO_DEVICE)
		set_error(result, "%s", error_text(result));
	return result;
}

/* ---- Submitting ------------------------------------------------------- */

static int reserve(struct core_object *core, size_t size)
{
	uint8_t *outbox;

	if (size <= core->capacity)
		return 0;
	outbox = malloc(size);
	if (outbox == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY,
			"no memory for a batch of %zu bytes", size);
	free(core->outbox);
	core->outbox = outbox;
	core->capacity = size;
	return 0;
}

static struct core_batch *new_batch(
	const struct core_kind *kind, const struct core_request *request)
{
	const char *steps = request->steps;
	struct core_batch *batch;
	size_t size;

	if (__builtin_mul_overflow(
		    request->count, sizeof(*batch->sent), &size) ||
		__builtin_add_overflow(size, sizeof(*batch), &size))
		return NULL;
	batch = calloc(1, size);
	if (batch == NULL)
		return NULL;
	batch->chained = request->flags & kind->chain_flag;
	batch->count = request->count;
	for (size_t i = 0; i < request->count; i++)
		memcpy(&batch->sent[i].step, steps + i * kind->step_size,
			kind->step_size);
	return batch;
}

/* Wait until all commands of the batches before are in the pipe. */
static int wait_for_outbox(struct core_object *core, struct wait *wait)
{
	int result = advance(core);

	while (result == 0 && core->done < core->size) {
		result = wait_once(core, wait);
		if (result == 0)
			result = advance(core);
	}
	return result;
}

static int enqueue(struct core_object *core, const struct core_request *request,
	struct core_batch **ret_batch)
{
	int result = reserve(core, core->kind->size(request));
	struct core_batch *batch;

	if (result < 0)
		return result;
	batch = new_batch(core->kind, request);
	if (batch == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	core->size = core->done = 0;
	core->kind->encode(core, request, batch);
	batch->ticket = ++core->last_ticket;
	STAILQ_INSERT_TAIL(&core->batches, batch, next);
	if (core->reading == NULL)
		core->reading = batch;
	if (core->chain == NULL)
		core->chain = batch;
	*ret_batch = batch;
	/* Whatever fails now, the batch is submitted. */
	send_commands(core);
	return 0;
}

static int submit(struct core_object *core, const struct core_request *request,
	struct wait *wait, struct core_batch **ret_batch)
{
	int result = check_failed(core);

	if (result == 0)
		result = core->kind->check(core, request);
	if (result == 0)
		result = wait_for_outbox(core, wait);
	if (result == 0)
		result = enqueue(core, request, ret_batch);
	return result;
}

static int submit_ticket(struct core_object *core,
	const struct core_request *request, uint64_t *ret_ticket,
	int timeout_ms)
{
	struct wait wait = begin(core, timeout_ms);
	struct core_batch *batch;
	int result = submit(core, request, &wait, &batch);

	if (result == 0)
		*ret_ticket = batch->ticket;
	return result;
}

/* ---- Collecting ------------------------------------------------------- */

static struct core_batch *find(struct core_object *core, uint64_t ticket)
{
	struct core_batch *batch;

	STAILQ_FOREACH (batch, &core->batches, next)
		if (batch->ticket == ticket)
			break;
	return batch;
}

static int await(struct core_object *core, const struct core_batch *batch,
	struct wait *wait)
{
	int result = advance(core);

	while (result == 0 && !batch->done) {
		result = wait_once(core, wait);
		if (result == 0)
			result = advance(core);
	}
	return result;
}

/* All batches up to this one are over: the failure of the last that failed. */
static int take_result(struct core_object *core, const struct core_batch *last)
{
	struct core_fault fault = {0};
	struct core_batch *batch;
	bool failed = false;

	core->has_failed = last->failed && !last->fault.earlier;
	core->failed_step = last->fault.step;
	STAILQ_FOREACH (batch, &core->batches, next) {
		if (batch->failed && !batch->collected) {
			fault = batch->fault;
			failed = true;
		}
		batch->collected = true;
		if (batch == last)
			break;
	}
	core->collected = last->ticket;
	forget_collected(core);
	return failed ? core->kind->report(&fault) : 0;
}

static int collect(struct core_object *core, const struct core_batch *batch,
	struct wait *wait)
{
	int result = await(core, batch, wait);

	return result < 0 ? result : take_result(core, batch);
}

static int collect_ticket(
	struct core_object *core, uint64_t ticket, int timeout_ms)
{
	struct wait wait = begin(core, timeout_ms);
	int result = check_failed(core);

	if (result < 0)
		return result;
	if (ticket == 0 || ticket > core->last_ticket)
		return set_error(CLYDE_ERROR_INVALID,
			"no batch has the ticket %llu",
			(unsigned long long)ticket);
	if (ticket <= core->collected)
		return 0;
	return collect(core, find(core, ticket), &wait);
}

/* The caller's memory is not valid any more. */
static void abandon(struct core_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->sent[i].in = NULL;
	batch->collected = true;
}

static int transfer(struct core_object *core,
	const struct core_request *request, int timeout_ms)
{
	struct wait wait = begin(core, timeout_ms);
	struct core_batch *batch = NULL;
	int result = submit(core, request, &wait, &batch);

	if (batch == NULL)
		return result;
	result = await(core, batch, &wait);
	if (result == 0)
		return take_result(core, batch);
	abandon(batch);
	return result;
}

void core_abandon(struct core_object *core, uint64_t ticket)
{
	struct core_batch *batch = find(core, ticket);

	if (batch)
		abandon(batch);
}

/* The memory of all callers is not valid any more. */
void core_abandon_all(struct core_object *core)
{
	struct core_batch *batch;

	STAILQ_FOREACH (batch, &core->batches, next)
		abandon(batch);
}

void core_drop_batches(struct core_object *core)
{
	struct core_batch *batch;

	while ((batch = STAILQ_FIRST(&core->batches))) {
		STAILQ_REMOVE_HEAD(&core->batches, next);
		free(batch);
	}
	free(core->outbox);
}

int core_failed(const struct core_object *core, size_t *ret_step)
{
	int result = check_given("ret_step", ret_step);

	if (result < 0 || !core->has_failed)
		return result;
	*ret_step = core->failed_step;
	return 1;
}

/* ---- The calls -------------------------------------------------------- */

int core_submit(struct core_object *core, const struct core_request *request,
	uint64_t *ret_ticket, int timeout_ms)
{
	int result = check_given("ret_ticket", ret_ticket);

	if (result == 0)
		result = core_begin_call(core);
	return result < 0
		? result
		: core_end_call(core,
			  submit_ticket(core, request, ret_ticket, timeout_ms));
}

int core_collect(struct core_object *core, uint64_t ticket, int timeout_ms)
{
	int result = core_begin_call(core);

	return result < 0
		? result
		: core_end_call(core, collect_ticket(core, ticket, timeout_ms));
}

int core_transfer(struct core_object *core, const struct core_request *request,
	int timeout_ms)
{
	int result = core_begin_call(core);

	return result < 0
		? result
		: core_end_call(core, transfer(core, request, timeout_ms));
}

int core_transfer_last(struct core_object *core,
	const struct core_request *request, int timeout_ms)
{
	int result;

	core_set_uninterruptible(core, true);
	result = core_transfer(core, request, timeout_ms);
	core_set_uninterruptible(core, false);
	return result;
}
