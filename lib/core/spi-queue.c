/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Batches on their way: sends the commands that spi-encode.c has made, and gives
 * the replies to the batches.  spi.c calls it with the tree locked.
 *
 * A call that waits takes replies while it waits, whatever it waits for: the core
 * stops while its replies are not taken, and takes no commands then.
 */
#include "spi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/wait.h"
#include "lib/stream/pipe.h"

/* ---- Failures --------------------------------------------------------- */

static int check_failed(const struct clyde_spi *spi)
{
	return spi->error < 0 ? set_error(spi->error, "%s", spi->why) : 0;
}

/* No batch can go on: keep the sentence that was set last. */
static int fail(struct clyde_spi *spi, int error)
{
	spi->error = error;
	snprintf(spi->why, sizeof(spi->why), "%s", clyde_error_message());
	return error;
}

static int fail_protocol(struct clyde_spi *spi, const char *what)
{
	return fail(spi,
		set_error(CLYDE_ERROR_PROTOCOL,
			"the SPI core replied %s; close it and open it again",
			what));
}

static void set_fault(
	struct spi_batch *batch, const struct spi_batch *of, size_t step)
{
	const struct spi_sent *sent = &of->sent[step];

	batch->failed = true;
	batch->fault = (struct spi_fault){.step = step,
		.earlier = batch != of,
		.what = sent->step,
		.got = sent->got};
}

/* ---- Replies ---------------------------------------------------------- */

static bool poll_missed(const struct spi_sent *sent)
{
	return sent->step.kind == CLYDE_SPI_POLL &&
		(sent->got & sent->step.mask) != sent->step.value;
}

/* Find the step of the command that failed.  Its index is known modulo 65536: a
   poll whose byte is not what was waited for is preferred. */
static bool find_failed(struct clyde_spi *spi, const struct spi_batch *last,
	uint16_t index, struct spi_batch **ret_batch, size_t *ret_step)
{
	struct spi_batch *batch = spi->chain;
	bool found = false;

	for (;; batch = STAILQ_NEXT(batch, next)) {
		for (size_t i = 0; i < batch->count; i++) {
			const struct spi_sent *sent = &batch->sent[i];

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
	struct clyde_spi *spi, struct spi_batch *last, uint16_t index)
{
	struct spi_batch *batch, *of;
	size_t step;

	if (!find_failed(spi, last, index, &of, &step))
		return fail_protocol(
			spi, "that a command failed that cannot fail");
	for (batch = spi->chain; batch; batch = STAILQ_NEXT(batch, next)) {
		batch->failed = false;
		if (batch == of)
			break;
	}
	for (batch = of;; batch = STAILQ_NEXT(batch, next)) {
		set_fault(batch, of, step);
		if (batch == last)
			break;
	}
	spi->known = (struct spi_known){.last = -1};
	return 0;
}

static void forget_collected(struct clyde_spi *spi)
{
	struct spi_batch *batch;

	while ((batch = STAILQ_FIRST(&spi->batches)) && batch->done &&
		batch->collected && batch->chain_over) {
		STAILQ_REMOVE_HEAD(&spi->batches, next);
		free(batch);
	}
}

/* The reply to the barrier at the end of a batch has come. */
static int end_chain(struct clyde_spi *spi, struct spi_batch *last)
{
	struct stream_barrier barrier;
	struct spi_batch *batch = spi->chain;
	int result = 0;

	memcpy(&barrier, last->barrier, sizeof(barrier));
	if (barrier.tag != last->tag)
		return fail_protocol(spi, "with the number of another batch");
	if (barrier.code == STREAM_TIMEOUT)
		result = fail_chain(spi, last, barrier.index);
	else if (barrier.code != STREAM_OK ||
		barrier.index != (uint16_t)last->commands)
		result = fail_protocol(spi, "with a wrong count of commands");
	if (result < 0)
		return result;
	spi->doubtful -= last->can_fail;
	for (;; batch = STAILQ_NEXT(batch, next)) {
		batch->chain_over = true;
		if (batch == last)
			break;
	}
	spi->chain = STAILQ_NEXT(last, next);
	spi->chain_failed = NULL;
	return 0;
}

/* Go to the next batch: this one has all of its replies. */
static int finish_batch(struct clyde_spi *spi, struct spi_batch *batch)
{
	int result = 0;

	if (!(batch->flags & CLYDE_SPI_CHAIN))
		result = end_chain(spi, batch);
	else if (spi->chain_failed && !batch->failed)
		set_fault(batch, spi->chain_failed,
			spi->chain_failed->fault.step);
	if (result < 0)
		return result;
	batch->done = true;
	spi->reading = STAILQ_NEXT(batch, next);
	return 0;
}

/* A poll's byte that is not what was waited for is a failure, unless the poll may
   have been skipped. */
static void look_at_poll(
	struct clyde_spi *spi, struct spi_batch *batch, size_t index)
{
	struct spi_sent *sent = &batch->sent[index];

	if (spi->chain_failed || !poll_missed(sent) ||
		(sent->waited && sent->got == STREAM_FILLER))
		return;
	set_fault(batch, batch, index);
	spi->chain_failed = batch;
}

/* Give bytes to the step, or the barrier, that they belong to: how many it has
   taken. */
static size_t give(struct spi_batch *batch, const uint8_t *bytes, size_t size)
{
	struct spi_sent *sent = &batch->sent[batch->at];
	bool barrier = batch->at == batch->count;
	size_t whole = barrier ? sizeof(batch->barrier) : sent->reply;
	size_t part = whole - batch->at_byte;

	if (part > size)
		part = size;
	if (barrier)
		memcpy(batch->barrier + batch->at_byte, bytes, part);
	else if (sent->step.in)
		memcpy((uint8_t *)sent->step.in + batch->at_byte, bytes, part);
	if (!barrier && part > 0)
		sent->got = bytes[part - 1];
	batch->at_byte += part;
	return part;
}

/* Go over what expects no more bytes.  1 if something of the batch that is read
   expects bytes, 0 if no batch does. */
static int settle(struct clyde_spi *spi)
{
	struct spi_batch *batch;

	while ((batch = spi->reading)) {
		bool barrier = batch->at == batch->count;
		bool chained = batch->flags & CLYDE_SPI_CHAIN;
		int result;

		if (barrier && !chained &&
			batch->at_byte < sizeof(batch->barrier))
			return 1;
		if (barrier) {
			result = finish_batch(spi, batch);
			if (result < 0)
				return result;
		} else if (batch->at_byte < batch->sent[batch->at].reply) {
			return 1;
		} else {
			if (batch->sent[batch->at].step.kind == CLYDE_SPI_POLL)
				look_at_poll(spi, batch, batch->at);
			batch->at++;
			batch->at_byte = 0;
		}
	}
	return 0;
}

/* Take what has come. */
static int receive(struct clyde_spi *spi)
{
	struct engine *engine = spi->in->engine;
	uint8_t *bytes;
	size_t size;
	int result = settle(spi);

	while (result >= 0 && (size = engine_next(engine, &bytes)) > 0) {
		if (result == 0)
			return fail_protocol(spi, "to nothing");
		size = give(spi->reading, bytes, size);
		engine_consume(engine, size);
		spi->in->offset += size;
		result = settle(spi);
	}
	if (result < 0)
		return result;
	result = engine_error(engine);
	return result < 0 && engine_in_flight(engine) == 0
		? fail(spi, pipe_failed(spi->in, result))
		: 0;
}

/* ---- Commands --------------------------------------------------------- */

/* Send what there is room for. */
static int send_commands(struct clyde_spi *spi)
{
	struct engine *engine = spi->out->engine;
	uint8_t *room;
	size_t size;
	int result = engine_error(engine);

	while (result >= 0 && spi->done < spi->size &&
		(size = engine_room(engine, &room)) > 0) {
		if (size > spi->size - spi->done)
			size = spi->size - spi->done;
		memcpy(room, spi->outbox + spi->done, size);
		spi->done += size;
		result = engine_fill(engine, size);
		if (result >= 0 && spi->done == spi->size)
			result = engine_push(engine);
	}
	return result < 0 ? fail(spi, pipe_failed(spi->out, result)) : 0;
}

/* ---- Waiting ---------------------------------------------------------- */

/* Behind a failed transfer the core takes other bytes for commands, so its
   replies mean nothing. */
static int check_sent(struct clyde_spi *spi)
{
	int result = engine_error(spi->out->engine);

	return result < 0 ? fail(spi, pipe_failed(spi->out, result)) : 0;
}

static int advance(struct clyde_spi *spi)
{
	int result = check_failed(spi);

	if (result == 0)
		result = check_sent(spi);
	if (result == 0)
		result = receive(spi);
	if (result == 0)
		result = send_commands(spi);
	return result;
}

static int wait_once(struct clyde_spi *spi, struct wait *wait)
{
	int result =
		spi->uninterruptible ? 0 : object_stopped(&spi->object, false);

	if (result == 0)
		result = wait_check(wait);
	if (result == CLYDE_ERROR_TIMEOUT)
		return set_error(result, "SPI: %s before the deadline",
			spi->done < spi->size
				? "the core has not taken the commands"
				: "the batch is not over");
	if (result < 0)
		return result;
	result = wait_look(wait);
	if (result >= 0)
		return 0;
	return pipe_failed(spi->in, result);
}

static struct wait begin(const struct clyde_spi *spi, int timeout_ms)
{
	struct wait wait = wait_begin(spi->device, timeout_ms);

	wait.yields = true;
	return wait;
}

/* ---- Submitting ------------------------------------------------------- */

static int reserve(struct clyde_spi *spi, size_t size)
{
	uint8_t *outbox;

	if (size <= spi->capacity)
		return 0;
	outbox = malloc(size);
	if (outbox == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY,
			"no memory for a batch of %zu bytes", size);
	free(spi->outbox);
	spi->outbox = outbox;
	spi->capacity = size;
	return 0;
}

static struct spi_batch *new_batch(
	const struct clyde_spi_step *steps, size_t count, unsigned flags)
{
	struct spi_batch *batch;
	size_t size;

	if (__builtin_mul_overflow(count, sizeof(*batch->sent), &size) ||
		__builtin_add_overflow(size, sizeof(*batch), &size))
		return NULL;
	batch = calloc(1, size);
	if (batch == NULL)
		return NULL;
	batch->flags = flags;
	batch->count = count;
	for (size_t i = 0; i < count; i++)
		batch->sent[i].step = steps[i];
	return batch;
}

/* Wait until all commands of the batches before are in the pipe. */
static int wait_for_outbox(struct clyde_spi *spi, struct wait *wait)
{
	int result = advance(spi);

	while (result == 0 && spi->done < spi->size) {
		result = wait_once(spi, wait);
		if (result == 0)
			result = advance(spi);
	}
	return result;
}

static int enqueue(struct clyde_spi *spi, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, unsigned flags,
	struct spi_batch **ret_batch)
{
	int result = reserve(spi, spi_size(steps, count));
	struct spi_batch *batch;

	if (result < 0)
		return result;
	batch = new_batch(steps, count, flags);
	if (batch == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	spi->size = spi->done = 0;
	spi_encode(spi, chip, batch);
	batch->ticket = ++spi->last_ticket;
	STAILQ_INSERT_TAIL(&spi->batches, batch, next);
	if (spi->reading == NULL)
		spi->reading = batch;
	if (spi->chain == NULL)
		spi->chain = batch;
	*ret_batch = batch;
	/* Whatever fails now, the batch is submitted. */
	send_commands(spi);
	return 0;
}

static int submit(struct clyde_spi *spi, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, unsigned flags,
	struct wait *wait, struct spi_batch **ret_batch)
{
	int result = check_failed(spi);

	if (result == 0)
		result = spi_check(spi, chip, steps, count, flags);
	if (result == 0)
		result = wait_for_outbox(spi, wait);
	if (result == 0)
		result = enqueue(spi, chip, steps, count, flags, ret_batch);
	return result;
}

int spi_submit(struct clyde_spi *spi, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, unsigned flags,
	uint64_t *ret_ticket, int timeout_ms)
{
	struct wait wait = begin(spi, timeout_ms);
	struct spi_batch *batch;
	int result = submit(spi, chip, steps, count, flags, &wait, &batch);

	if (result == 0)
		*ret_ticket = batch->ticket;
	return result;
}

/* ---- Collecting ------------------------------------------------------- */

static struct spi_batch *find(struct clyde_spi *spi, uint64_t ticket)
{
	struct spi_batch *batch;

	STAILQ_FOREACH (batch, &spi->batches, next)
		if (batch->ticket == ticket)
			break;
	return batch;
}

static int await(
	struct clyde_spi *spi, const struct spi_batch *batch, struct wait *wait)
{
	int result = advance(spi);

	while (result == 0 && !batch->done) {
		result = wait_once(spi, wait);
		if (result == 0)
			result = advance(spi);
	}
	return result;
}

/* All batches up to this one are over: the failure of the last that failed. */
static int take_result(struct clyde_spi *spi, const struct spi_batch *last)
{
	struct spi_fault fault = {0};
	struct spi_batch *batch;
	bool failed = false;

	spi->has_failed = last->failed && !last->fault.earlier;
	spi->failed_step = last->fault.step;
	STAILQ_FOREACH (batch, &spi->batches, next) {
		if (batch->failed && !batch->collected) {
			fault = batch->fault;
			failed = true;
		}
		batch->collected = true;
		if (batch == last)
			break;
	}
	spi->collected = last->ticket;
	forget_collected(spi);
	return failed ? spi_report(&fault) : 0;
}

static int collect(
	struct clyde_spi *spi, const struct spi_batch *batch, struct wait *wait)
{
	int result = await(spi, batch, wait);

	return result < 0 ? result : take_result(spi, batch);
}

int spi_collect(struct clyde_spi *spi, uint64_t ticket, int timeout_ms)
{
	struct wait wait = begin(spi, timeout_ms);
	int result = check_failed(spi);

	if (result < 0)
		return result;
	if (ticket == 0 || ticket > spi->last_ticket)
		return set_error(CLYDE_ERROR_INVALID,
			"no batch has the ticket %llu",
			(unsigned long long)ticket);
	if (ticket <= spi->collected)
		return 0;
	return collect(spi, find(spi, ticket), &wait);
}

/* The caller's memory is not valid any more. */
static void abandon(struct spi_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->sent[i].step.in = NULL;
	batch->collected = true;
}

int spi_transfer(struct clyde_spi *spi, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, int timeout_ms)
{
	struct wait wait = begin(spi, timeout_ms);
	struct spi_batch *batch = NULL;
	int result = submit(spi, chip, steps, count, 0, &wait, &batch);

	if (batch == NULL)
		return result;
	result = await(spi, batch, &wait);
	if (result == 0)
		return take_result(spi, batch);
	abandon(batch);
	return result;
}

void spi_drop_batches(struct clyde_spi *spi)
{
	struct spi_batch *batch;

	while ((batch = STAILQ_FIRST(&spi->batches))) {
		STAILQ_REMOVE_HEAD(&spi->batches, next);
		free(batch);
	}
	free(spi->outbox);
}
