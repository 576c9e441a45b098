/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Batches for a flash chip: how their steps are made, and a queue of those that
 * are on their way.  Called by all files of lib/chip that use a chip.
 *
 * No call may return while a batch is on its way, since the memory that it
 * receives into is the caller's.  If the device has lost bytes of commands or
 * replies, a wait would never end: so each has a limit, behind which batches are
 * forgotten.
 */
#include "nor.h"

#include <stdio.h>

#include "lib/base/wait.h"
#include "lib/core/spi.h"

/* How long one wait for a batch takes: between two of them a close of the chip
   is seen. */
#define SLICE_MS 100

/* How much longer than its steps' own limits and its clocks the replies of a
   batch may take: the device and this machine may be slow. */
#define SLACK_MS 10000

/* ---- Steps ------------------------------------------------------------- */

static struct clyde_spi_step *add(struct nor_batch *batch)
{
	struct clyde_spi_step *step = &batch->steps[batch->count++];

	*step = (struct clyde_spi_step){.lanes = 1};
	return step;
}

static uint8_t *take(struct nor_batch *batch, unsigned size)
{
	uint8_t *bytes = batch->bytes + batch->used;

	batch->used += size;
	return bytes;
}

void nor_command(struct nor_batch *batch, uint8_t opcode)
{
	struct clyde_spi_step *step = add(batch);
	uint8_t *bytes = take(batch, 1);

	*bytes = opcode;
	step->flags = CLYDE_SPI_DESELECT;
	step->size = 1;
	step->out = bytes;
}

/* The address, then mode bytes: FFh, which never means continuous read. */
static unsigned put_address(const struct clyde_flash *flash, uint8_t *bytes,
	uint64_t address, unsigned mode)
{
	unsigned size = flash->address_size;

	for (unsigned i = 0; i < size; i++)
		bytes[i] = address >> 8 * (size - 1 - i);
	for (unsigned i = 0; i < mode; i++)
		bytes[size + i] = 0xff;
	return size + mode;
}

void nor_address(struct nor_batch *batch, const struct clyde_flash *flash,
	uint8_t opcode, uint64_t address)
{
	struct clyde_spi_step *step = add(batch);
	uint8_t *bytes = take(batch, 1 + flash->address_size);

	bytes[0] = opcode;
	step->size = 1 + put_address(flash, bytes + 1, address, 0);
	step->out = bytes;
}

void nor_add_read(struct nor_batch *batch, const struct clyde_flash *flash,
	uint64_t address, void *data, uint32_t size)
{
	const struct nor_read *read = &flash->read;
	struct clyde_spi_step *step = add(batch);
	uint8_t *bytes = take(batch, 1 + flash->address_size + read->mode);

	bytes[0] = read->opcode;
	step->out = bytes;
	step->size = 1;
	if (read->address_lanes > 1) {
		step = add(batch);
		step->lanes = read->address_lanes;
		step->out = bytes + 1;
	}
	step->size += put_address(flash, bytes + 1, address, read->mode);
	/* All lanes are released during the dummy clocks: the chip may drive
	   them from the last one on. */
	if (read->dummy) {
		step = add(batch);
		step->lanes = read->data_lanes;
		step->dummy = read->dummy;
	}
	step = add(batch);
	step->flags = CLYDE_SPI_DESELECT;
	step->lanes = read->data_lanes;
	step->size = size;
	step->in = data;
}

void nor_poll(struct nor_batch *batch, uint8_t mask, uint8_t value,
	uint64_t limit_us, uint8_t *ret_status)
{
	struct clyde_spi_step *step = add(batch);

	step->kind = CLYDE_SPI_POLL;
	step->flags = CLYDE_SPI_DESELECT;
	step->command = 0x05;
	step->mask = mask;
	step->value = value;
	step->limit_us = limit_us < UINT32_MAX ? limit_us : UINT32_MAX;
	step->in = ret_status;
}

static void change_mode(struct nor_batch *batch,
	const struct clyde_flash *flash, uint8_t opcode)
{
	if (flash->mode == NOR_MODE_NONE)
		return;
	if (flash->mode == NOR_MODE_B7_WREN)
		nor_command(batch, 0x06);
	nor_command(batch, opcode);
	if (flash->mode == NOR_MODE_B7_WREN)
		nor_command(batch, 0x04);
}

void nor_enter(struct nor_batch *batch, const struct clyde_flash *flash)
{
	change_mode(batch, flash, 0xb7);
}

void nor_leave(struct nor_batch *batch, const struct clyde_flash *flash)
{
	change_mode(batch, flash, 0xe9);
}

/* ---- The queue --------------------------------------------------------- */

/* Whether the call has to end because its chip is being closed. */
static int check_open(struct clyde_flash *flash)
{
	if (!object_closing(&flash->object))
		return 0;
	return set_error(CLYDE_ERROR_CANCELED, "it is being closed");
}

/* How long the replies of a batch take at most. */
static int get_limit(struct clyde_flash *flash, const struct nor_batch *batch,
	uint64_t *ret_ms)
{
	uint64_t clocks = 0, limits_us = 0;
	int rate = spi_rate(flash->spi);

	if (rate < 0)
		return rate;
	for (unsigned i = 0; i < batch->count; i++) {
		const struct clyde_spi_step *step = &batch->steps[i];

		clocks += 8 * (uint64_t)step->size + step->dummy;
		limits_us += step->limit_us;
	}
	*ret_ms = SLACK_MS + limits_us / 1000 + clocks * 1000 / rate;
	return 0;
}

/* After a part of a wait: its result; or CLYDE_ERROR_TIMEOUT if the wait goes on,
   and *ret_ended is false. */
static int go_on(struct clyde_flash *flash, int result, uint64_t limit_ms,
	uint64_t *waited_ms, bool *ret_ended)
{
	*ret_ended = true;
	if (result != CLYDE_ERROR_TIMEOUT)
		return result;
	if (check_open(flash) < 0)
		return CLYDE_ERROR_CANCELED;
	*waited_ms += SLICE_MS;
	if (*waited_ms >= limit_ms && !flash->queue.silent) {
		flash->queue.silent = true;
		set_error(result,
			"the SPI core has not replied for %g s; close it and "
			"open it again",
			*waited_ms / 1e3);
	}
	*ret_ended = flash->queue.silent;
	return result;
}

static int wait_for(struct clyde_flash *flash, unsigned at)
{
	const struct nor_queue *queue = &flash->queue;
	uint64_t waited_ms = 0;
	bool ended;
	int result;

	do {
		result = clyde_spi_collect(
			flash->spi, queue->tickets[at], SLICE_MS);
		result = go_on(flash, result, queue->limits_ms[at], &waited_ms,
			&ended);
	} while (!ended);
	return result;
}

static int submit(struct clyde_flash *flash, const struct nor_batch *batch,
	unsigned flags, uint64_t *ret_ticket)
{
	const struct nor_queue *queue = &flash->queue;
	uint64_t waited_ms = 0, limit_ms = SLACK_MS;
	bool ended;
	int result;

	for (unsigned i = 0; i < queue->count; i++)
		limit_ms += queue->limits_ms[(queue->first + i) % NOR_DEPTH];
	do {
		result = clyde_spi_submit(flash->spi, flash->options.chip,
			batch->steps, batch->count, flags, ret_ticket,
			SLICE_MS);
		result = go_on(flash, result, limit_ms, &waited_ms, &ended);
	} while (!ended);
	return result;
}

int nor_submit(struct clyde_flash *flash, const struct nor_batch *batch,
	unsigned flags, unsigned depth, uint64_t end, uint64_t *ret_done)
{
	struct nor_queue *queue = &flash->queue;
	int result = flash->going_on ? 0 : check_open(flash);
	uint64_t ticket = 0, limit_ms = 0;
	unsigned at;

	if (result == 0)
		result = get_limit(flash, batch, &limit_ms);
	if (result == 0)
		result = nor_collect_to(flash, depth - 1, ret_done);
	if (result == 0)
		result = submit(flash, batch, flags, &ticket);
	/* Bytes of an erased sector may be known to this call only, so it is
	   tried again when the memory of other batches is free. */
	if (result == CLYDE_ERROR_NO_MEMORY &&
		nor_collect_to(flash, 0, ret_done) == 0)
		result = submit(flash, batch, flags, &ticket);
	if (result < 0)
		return result;
	at = (queue->first + queue->count) % NOR_DEPTH;
	queue->tickets[at] = ticket;
	queue->ends[at] = end;
	queue->limits_ms[at] = limit_ms;
	queue->changes[at] = batch->change;
	queue->count++;
	return 0;
}

static void remove_first(struct nor_queue *queue)
{
	queue->first = (queue->first + 1) % NOR_DEPTH;
	queue->count--;
}

/* The step that failed in the batch that was collected last; -1: none. */
static int find_failed(struct clyde_flash *flash)
{
	size_t step;

	return clyde_spi_failed(flash->spi, &step) == 1 ? (int)step : -1;
}

/* A batch whose step has failed is collected, one of which the wait ended is
   not. */
int nor_collect(struct clyde_flash *flash, uint64_t *ret_done)
{
	struct nor_queue *queue = &flash->queue;
	int result = wait_for(flash, queue->first);
	uint64_t end = queue->ends[queue->first];

	if (result == 0 && end != NOR_NO_CHANGE)
		*ret_done = end;
	if (result == CLYDE_ERROR_LIMIT_PASSED) {
		queue->failed_step = find_failed(flash);
		queue->failed = queue->changes[queue->first];
	}
	if (result == 0 || result == CLYDE_ERROR_LIMIT_PASSED)
		remove_first(queue);
	return result;
}

int nor_collect_to(
	struct clyde_flash *flash, unsigned count, uint64_t *ret_done)
{
	int result = 0;

	while (result == 0 && flash->queue.count > count)
		result = nor_collect(flash, ret_done);
	return result;
}

void nor_keep_going(struct clyde_flash *flash, bool on)
{
	flash->going_on = on;
	spi_uninterruptible(flash->spi, on);
}

int nor_check_stopped(struct clyde_flash *flash)
{
	int result = check_open(flash);

	if (result == 0)
		result = object_lock(&flash->object);
	if (result < 0)
		return result;
	result = device_stopped(flash->device);
	object_unlock(&flash->object);
	return result;
}

static int exchange(struct clyde_flash *flash, const struct nor_batch *batch)
{
	uint64_t done;
	int result = nor_submit(flash, batch, 0, NOR_DEPTH, 0, &done);

	if (result == 0)
		result = nor_collect_to(flash, 0, &done);
	return result;
}

/* Wait for all batches; false if they do not end: the device is gone, or the chip
   is being closed. */
static bool collect_all(struct clyde_flash *flash, uint64_t *ret_done)
{
	while (flash->queue.count > 0) {
		int result = nor_collect(flash, ret_done);

		if (result < 0 && result != CLYDE_ERROR_LIMIT_PASSED)
			return false;
	}
	return true;
}

/* The core may still send replies to what is on its way: they are not for the
   caller's memory any more.  The chain ends, since the next batch of the core is
   another caller's. */
static void forget_all(struct clyde_flash *flash, const struct nor_batch *end)
{
	struct nor_queue *queue = &flash->queue;
	uint64_t none;

	nor_submit(flash, end, 0, NOR_DEPTH, 0, &none);
	for (; queue->count > 0; remove_first(queue))
		spi_forget(flash->spi, queue->tickets[queue->first]);
}

int nor_abandon(struct clyde_flash *flash, int failure, uint64_t *ret_done)
{
	struct nor_queue before = flash->queue;
	struct nor_batch end = {.count = 0}, leave = {.count = 0};
	char why[ERROR_SIZE];
	uint8_t status;
	int result;

	snprintf(why, sizeof(why), "%s", clyde_error_message());
	nor_keep_going(flash, true);
	/* A chain ends with a batch that does nothing. */
	nor_poll(&end, 0, 0, 0, &status);
	nor_leave(&leave, flash);
	result = collect_all(flash, ret_done) ? exchange(flash, &end)
					      : CLYDE_ERROR_CANCELED;
	if (leave.count > 0 &&
		(result == 0 || result == CLYDE_ERROR_LIMIT_PASSED))
		exchange(flash, &leave);
	if (flash->queue.count > 0)
		forget_all(flash, &end);
	nor_keep_going(flash, false);
	/* Those of the failure itself. */
	flash->queue.failed_step = before.failed_step;
	flash->queue.failed = before.failed;
	return set_error(failure, "%s", why);
}

int nor_exchange(struct clyde_flash *flash, const struct nor_batch *batch)
{
	uint64_t done = 0;
	int result = exchange(flash, batch);

	return result < 0 ? nor_abandon(flash, result, &done) : 0;
}
