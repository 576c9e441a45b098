/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Batches for a flash chip: how their steps are made, and a queue of those that
 * are on their way.  Called by all files of lib/chip that use a chip.
 *
 * No call may return while a batch is on its way, since the memory that it
 * receives into is the caller's.
 */
#include "nor.h"

#include <stdio.h>

#include "lib/base/wait.h"
#include "lib/core/spi.h"

/* How long one wait for a batch takes: between two of them a close of the chip
   is seen. */
#define SLICE_MS 100

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

/* A wait that is over is begun again: every step has a limit of its own. */
static int wait_for(struct clyde_flash *flash, uint64_t ticket)
{
	int result;

	do {
		result = clyde_spi_collect(flash->spi, ticket, SLICE_MS);
		if (result == CLYDE_ERROR_TIMEOUT && check_open(flash) < 0)
			result = CLYDE_ERROR_CANCELED;
	} while (result == CLYDE_ERROR_TIMEOUT);
	return result;
}

static int submit(struct clyde_flash *flash, const struct nor_batch *batch,
	unsigned flags, uint64_t *ret_ticket)
{
	int result;

	do {
		result = clyde_spi_submit(flash->spi, flash->options.chip,
			batch->steps, batch->count, flags, ret_ticket,
			SLICE_MS);
		if (result == CLYDE_ERROR_TIMEOUT && check_open(flash) < 0)
			result = CLYDE_ERROR_CANCELED;
	} while (result == CLYDE_ERROR_TIMEOUT);
	return result;
}

int nor_submit(struct clyde_flash *flash, const struct nor_batch *batch,
	unsigned flags, unsigned depth, uint64_t end, uint64_t *ret_done)
{
	struct nor_queue *queue = &flash->queue;
	int result = nor_collect_to(flash, depth - 1, ret_done);
	uint64_t ticket = 0;
	unsigned at;

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
	queue->addresses[at] = batch->address;
	queue->busy_steps[at] = batch->busy_step;
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
	int result = wait_for(flash, queue->tickets[queue->first]);

	if (result == 0)
		*ret_done = queue->ends[queue->first];
	if (result == CLYDE_ERROR_LIMIT_PASSED) {
		queue->failed_step = find_failed(flash);
		queue->failed_address = queue->addresses[queue->first];
		queue->failed_busy_step = queue->busy_steps[queue->first];
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

/* Wait for all batches; false if they are lost, since the device is gone or
   being closed, which ends all of them. */
static bool collect_all(struct clyde_flash *flash, uint64_t *ret_done)
{
	while (flash->queue.count > 0) {
		int result = nor_collect(flash, ret_done);

		if (result < 0 && result != CLYDE_ERROR_LIMIT_PASSED)
			return false;
	}
	return true;
}

void nor_abandon(struct clyde_flash *flash, uint64_t *ret_done)
{
	struct nor_queue before = flash->queue;
	struct nor_batch end = {.count = 0}, leave = {.count = 0};
	char why[ERROR_SIZE];
	uint8_t status;
	int result = 0;

	snprintf(why, sizeof(why), "%s", clyde_error_message());
	nor_keep_going(flash, true);
	/* A chain ends with a batch that does nothing. */
	nor_poll(&end, 0, 0, 0, &status);
	nor_leave(&leave, flash);
	if (collect_all(flash, ret_done))
		result = exchange(flash, &end);
	if (leave.count > 0 &&
		(result == 0 || result == CLYDE_ERROR_LIMIT_PASSED))
		exchange(flash, &leave);
	nor_keep_going(flash, false);
	flash->queue.count = 0;
	/* Those of the failure itself. */
	flash->queue.failed_step = before.failed_step;
	flash->queue.failed_address = before.failed_address;
	flash->queue.failed_busy_step = before.failed_busy_step;
	set_error(CLYDE_ERROR_CANCELED, "%s", why);
}

int nor_exchange(struct clyde_flash *flash, const struct nor_batch *batch)
{
	uint64_t done = 0;
	int result = exchange(flash, batch);

	if (result < 0)
		nor_abandon(flash, &done);
	return result;
}
