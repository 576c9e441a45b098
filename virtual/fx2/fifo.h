/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * An FX2 endpoint buffer, in the TRM's words a slave FIFO: two or four packets
 * of 512 B between the USB and the FIFO bus (EZ-USB TRM, chapter 9).  For OUT,
 * the USB puts packets in and the FIFO bus takes bytes out; for IN, the other
 * way round.  The FIFOs inside the FPGA are struct core_fifo.
 */
#ifndef VIRTUAL_FIFO_H
#define VIRTUAL_FIFO_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/usb.h"

#define FIFO_COUNT       4 /* EP2 EP4 EP6 EP8 */
#define FIFO_BUFFERS_MAX 4

enum fifo_index { FIFO_EP2, FIFO_EP4, FIFO_EP6, FIFO_EP8 };

struct fifo {
	uint8_t buffers; /* 0 = off, 2, 4 */
	uint8_t head;    /* oldest committed packet */
	uint8_t count;   /* committed packets */
	uint16_t fill;   /* bytes taken from the head, or put past the tail */
	uint16_t length[FIFO_BUFFERS_MAX];
	uint32_t repeats[FIFO_BUFFERS_MAX]; /* by a fault, still to come */
	uint8_t data[FIFO_BUFFERS_MAX][USB_PACKET_SIZE];
};

static inline bool fifo_is_in(enum fifo_index index)
{
	return index >= FIFO_EP6;
}

/* Empty the FIFO, and give it this many buffers. */
void fifo_reset(struct fifo *fifo, uint8_t buffers);

/* Whole packets: the side of USB and of the 8051. */
bool fifo_has_room(const struct fifo *fifo);
bool fifo_has_packet(const struct fifo *fifo);
void fifo_put(struct fifo *fifo, const uint8_t *data, uint16_t length);
const uint8_t *fifo_peek(const struct fifo *fifo, uint16_t *ret_length);
void fifo_drop(struct fifo *fifo);

/* Bytes: the side of the FIFO bus.  fifo_copy() reads the oldest OUT packet
   without taking bytes, fifo_skip() takes them; an emptied packet is dropped.
   fifo_commit() ends an IN packet. */
uint16_t fifo_readable(const struct fifo *fifo);
void fifo_copy(
	const struct fifo *fifo, uint16_t offset, uint8_t *data, uint16_t size);
void fifo_skip(struct fifo *fifo, uint16_t size);
uint16_t fifo_writable(const struct fifo *fifo);
uint16_t fifo_write(struct fifo *fifo, const uint8_t *data, uint16_t size);
void fifo_commit(struct fifo *fifo);

/* By a fault, the packet that bytes are taken from, or put into, comes this
   many times more. */
void fifo_repeat_taken(struct fifo *fifo, uint64_t times);
void fifo_repeat_put(struct fifo *fifo, uint64_t times);

/* Access in place: the rest of the oldest OUT packet; the room at the end of
   the open IN packet; and to count bytes that were written there. */
static inline const uint8_t *fifo_rest(const struct fifo *fifo)
{
	return fifo->data[fifo->head] + fifo->fill;
}

static inline uint8_t *fifo_open(struct fifo *fifo)
{
	return fifo->data[(fifo->head + fifo->count) % FIFO_BUFFERS_MAX] +
		fifo->fill;
}

static inline void fifo_fill(struct fifo *fifo, uint16_t size)
{
	fifo->fill += size;
}

#endif
