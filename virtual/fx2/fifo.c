/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The FX2's endpoint buffers.  virtual/fx2/device.c moves whole packets, the
   models of the FPGA move bytes. */
#include "fifo.h"

#include <string.h>

static uint8_t tail(const struct fifo *fifo)
{
	return (fifo->head + fifo->count) % FIFO_BUFFERS_MAX;
}

static uint16_t min_u16(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

void fifo_reset(struct fifo *fifo, uint8_t buffers)
{
	fifo->buffers = buffers;
	fifo->head = 0;
	fifo->count = 0;
	fifo->fill = 0;
	memset(fifo->repeats, 0, sizeof(fifo->repeats));
}

bool fifo_has_room(const struct fifo *fifo)
{
	return fifo->count < fifo->buffers;
}

bool fifo_has_packet(const struct fifo *fifo)
{
	return fifo->count > 0;
}

void fifo_put(struct fifo *fifo, const uint8_t *data, uint16_t length)
{
	uint8_t at = tail(fifo);

	if (length > 0)
		memcpy(fifo->data[at], data, length);
	fifo->length[at] = length;
	fifo->count++;
}

const uint8_t *fifo_peek(const struct fifo *fifo, uint16_t *ret_length)
{
	*ret_length = fifo->length[fifo->head];
	return fifo->data[fifo->head];
}

void fifo_drop(struct fifo *fifo)
{
	if (fifo->repeats[fifo->head] > 0) {
		fifo->repeats[fifo->head]--;
		return;
	}
	fifo->head = (fifo->head + 1) % FIFO_BUFFERS_MAX;
	fifo->count--;
}

uint16_t fifo_readable(const struct fifo *fifo)
{
	return fifo->count ? fifo->length[fifo->head] - fifo->fill : 0;
}

void fifo_copy(
	const struct fifo *fifo, uint16_t offset, uint8_t *data, uint16_t size)
{
	memcpy(data, fifo->data[fifo->head] + fifo->fill + offset, size);
}

void fifo_skip(struct fifo *fifo, uint16_t size)
{
	/* Firmware may have emptied the FIFO in the middle of a burst. */
	if (fifo->count == 0)
		return;
	fifo->fill += size;
	if (fifo->fill >= fifo->length[fifo->head]) {
		fifo->fill = 0;
		fifo_drop(fifo);
	}
}

uint16_t fifo_writable(const struct fifo *fifo)
{
	return fifo_has_room(fifo) ? USB_PACKET_SIZE - fifo->fill : 0;
}

uint16_t fifo_write(struct fifo *fifo, const uint8_t *data, uint16_t size)
{
	size = min_u16(size, fifo_writable(fifo));
	memcpy(fifo->data[tail(fifo)] + fifo->fill, data, size);
	fifo->fill += size;
	return size;
}

void fifo_commit(struct fifo *fifo)
{
	fifo->length[tail(fifo)] = fifo->fill;
	fifo->fill = 0;
	fifo->count++;
}

static void add_times(uint32_t *repeats, uint64_t times)
{
	*repeats =
		times > UINT32_MAX - *repeats ? UINT32_MAX : *repeats + times;
}

void fifo_repeat_taken(struct fifo *fifo, uint64_t times)
{
	add_times(&fifo->repeats[fifo->head], times);
}

void fifo_repeat_put(struct fifo *fifo, uint64_t times)
{
	add_times(&fifo->repeats[tail(fifo)], times);
}
