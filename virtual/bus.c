/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A high-speed host controller: takes transfers, carries their packets to a
 * function microframe by microframe, gives transfers back when they are done.
 */
#include "bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * What a transaction costs beside its data, in bytes.  USB 2.0 table 5-10:
 * 55 B for bulk (SYNC, PID, address, CRC16 and the gaps of three packets), so
 * that 13 transactions of 512 B fit a microframe.  A token that is answered
 * by a handshake alone has two packets: 36 B by the same count.
 */
#define DATA_OVERHEAD  55
#define TOKEN_OVERHEAD 36
#define TICKS_PER_BYTE 8
/* SOF: SYNC 4, PID 1, frame number and CRC 2, EOP and gap 12. */
#define SOF_BYTES 19

/* How many microframes bus_due() looks ahead: a millisecond. */
#define FRAMES_AHEAD_MAX 8

#define QUEUES 32 /* 16 endpoints OUT, 16 IN */

enum stage { STAGE_SETUP, STAGE_DATA, STAGE_STATUS };
enum outcome { MOVED, FINISHED, REFUSED, NO_TIME };

struct queue {
	struct urb *head, **tail;
	bool ping; /* USB 2.0 8.5.1: ask before the next OUT */
};

struct bus {
	struct function *function;
	unsigned packets_max;
	tick now; /* always the start of a microframe */
	struct queue queues[QUEUES];
	unsigned first; /* served first in the next round */
	struct urb *done, **done_tail;
	bool unplugged;
	/* Microframes in a row in which something moved; 0 = and nothing
	   will before the device's next event. */
	unsigned streak;
	struct bus_stats stats;
};

/* One microframe in the making. */
struct frame {
	tick now, end;
	unsigned packets;
	bool moved;
};

static tick data_ticks(unsigned size)
{
	return (DATA_OVERHEAD + size) * TICKS_PER_BYTE;
}

static tick token_ticks(void)
{
	return TOKEN_OVERHEAD * TICKS_PER_BYTE;
}

static unsigned queue_index(uint8_t endpoint)
{
	return (endpoint & USB_ENDPOINT_MASK) |
		(endpoint & USB_DIR_IN ? 16 : 0);
}

struct bus *bus_new(struct function *function, unsigned packets_max)
{
	struct bus *bus = calloc(1, sizeof(*bus));

	if (bus == NULL)
		return NULL;
	bus->function = function;
	bus->packets_max = packets_max;
	bus->done_tail = &bus->done;
	for (unsigned i = 0; i < QUEUES; i++)
		bus->queues[i].tail = &bus->queues[i].head;
	return bus;
}

void bus_free(struct bus *bus)
{
	free(bus);
}

tick bus_now(const struct bus *bus)
{
	return bus->now;
}

void bus_stats(const struct bus *bus, struct bus_stats *ret_stats)
{
	*ret_stats = bus->stats;
}

static void finish(struct bus *bus, struct urb *urb, int status)
{
	urb->status = status;
	urb->next = NULL;
	*bus->done_tail = urb;
	bus->done_tail = &urb->next;
}

static void finish_head(struct bus *bus, struct queue *queue, int status)
{
	struct urb *urb = queue->head;

	queue->head = urb->next;
	if (queue->head == NULL)
		queue->tail = &queue->head;
	finish(bus, urb, status);
}

void bus_submit(struct bus *bus, struct urb *urb)
{
	struct queue *queue = &bus->queues[queue_index(urb->endpoint)];

	urb->actual = 0;
	urb->stage = STAGE_SETUP;
	urb->next = NULL;
	if (bus->unplugged) {
		finish(bus, urb, -ENODEV);
		return;
	}
	*queue->tail = urb;
	queue->tail = &urb->next;
	if (bus->streak == 0)
		bus->streak = 1; /* it may move */
}

void bus_cancel(struct bus *bus, struct urb *urb)
{
	struct queue *queue = &bus->queues[queue_index(urb->endpoint)];

	for (struct urb **at = &queue->head; *at; at = &(*at)->next) {
		if (*at != urb)
			continue;
		*at = urb->next;
		if (*at == NULL)
			queue->tail = at;
		finish(bus, urb, -ECANCELED);
		return;
	}
}

void bus_unplug(struct bus *bus)
{
	bus->unplugged = true;
	for (unsigned i = 0; i < QUEUES; i++)
		while (bus->queues[i].head)
			finish_head(bus, &bus->queues[i], -ENODEV);
}

struct urb *bus_reap(struct bus *bus)
{
	struct urb *urb = bus->done;

	if (urb == NULL)
		return NULL;
	bus->done = urb->next;
	if (bus->done == NULL)
		bus->done_tail = &bus->done;
	return urb;
}

static enum outcome refuse(struct bus *bus, struct urb *urb,
	enum handshake handshake, struct frame *frame)
{
	frame->now += token_ticks();
	if (handshake == HANDSHAKE_STALL) {
		urb->status = -EPIPE;
		return FINISHED;
	}
	bus->stats.naks++;
	return REFUSED;
}

static enum outcome carry_in(struct bus *bus, struct urb *urb, uint8_t endpoint,
	unsigned packet_size, struct frame *frame)
{
	struct function *function = bus->function;
	uint32_t room = urb->length - urb->actual;
	const uint8_t *data;
	uint16_t length;
	enum handshake handshake;

	if (frame->now + data_ticks(packet_size) > frame->end)
		return NO_TIME;
	handshake = function->ops->in(
		function, frame->now, endpoint, &data, &length);
	if (handshake != HANDSHAKE_ACK)
		return refuse(bus, urb, handshake, frame);
	if (room > 0)
		memcpy(urb->data + urb->actual, data,
			length < room ? length : room);
	urb->actual += length < room ? length : room;
	frame->now += data_ticks(length);
	function->ops->acked(function, frame->now, endpoint);
	urb->status = length > room ? -EOVERFLOW : 0;
	if (length >= room || length < packet_size)
		return FINISHED;
	return MOVED;
}

static enum outcome carry_out(struct bus *bus, struct urb *urb,
	uint8_t endpoint, unsigned packet_size, bool *ping, struct frame *frame)
{
	struct function *function = bus->function;
	uint32_t left = urb->length - urb->actual;
	uint16_t length = left < packet_size ? left : packet_size;
	enum handshake handshake;

	if (frame->now + token_ticks() + data_ticks(packet_size) > frame->end)
		return NO_TIME;
	if (*ping) {
		handshake = function->ops->ping(function, frame->now, endpoint);
		if (handshake != HANDSHAKE_ACK)
			return refuse(bus, urb, handshake, frame);
		frame->now += token_ticks();
	}
	frame->now += data_ticks(length);
	handshake = function->ops->out(function, frame->now, endpoint,
		urb->data + urb->actual, length);
	*ping = handshake != HANDSHAKE_ACK;
	if (handshake == HANDSHAKE_NAK || handshake == HANDSHAKE_STALL)
		return refuse(bus, urb, handshake, frame);
	urb->actual += length;
	urb->status = 0;
	return urb->actual == urb->length ? FINISHED : MOVED;
}

static enum outcome carry_setup(
	struct bus *bus, struct urb *urb, struct frame *frame)
{
	struct function *function = bus->function;

	if (frame->now + data_ticks(sizeof(urb->setup)) > frame->end)
		return NO_TIME;
	frame->now += data_ticks(sizeof(urb->setup));
	function->ops->setup(function, frame->now, &urb->setup);
	urb->stage = urb->length ? STAGE_DATA : STAGE_STATUS;
	return MOVED;
}

/* A control transfer has three stages; the last is an empty packet the other
   way. */
static enum outcome carry_control(
	struct bus *bus, struct urb *urb, bool *ping, struct frame *frame)
{
	uint8_t nothing;
	struct urb empty = {.data = &nothing};
	bool data = urb->stage == STAGE_DATA;
	struct urb *stage = data ? urb : &empty;
	bool read = urb->setup.bmRequestType & USB_DIR_IN;
	bool in = read == data;
	enum outcome outcome;

	if (urb->stage == STAGE_SETUP)
		return carry_setup(bus, urb, frame);
	if (in)
		outcome = carry_in(
			bus, stage, USB_DIR_IN, USB_EP0_PACKET_SIZE, frame);
	else
		outcome = carry_out(
			bus, stage, 0, USB_EP0_PACKET_SIZE, ping, frame);
	if (outcome == FINISHED && data && urb->status == 0) {
		urb->stage = STAGE_STATUS;
		return MOVED;
	}
	if (outcome == FINISHED)
		urb->status = stage->status;
	return outcome;
}

static enum outcome transact(
	struct bus *bus, struct queue *queue, struct frame *frame)
{
	struct urb *urb = queue->head;
	enum outcome outcome;

	if ((urb->endpoint & USB_ENDPOINT_MASK) == 0) {
		outcome = carry_control(bus, urb, &queue->ping, frame);
	} else {
		if (frame->packets == bus->packets_max)
			return NO_TIME;
		if (urb->endpoint & USB_DIR_IN)
			outcome = carry_in(bus, urb, urb->endpoint,
				USB_PACKET_SIZE, frame);
		else
			outcome = carry_out(bus, urb, urb->endpoint,
				USB_PACKET_SIZE, &queue->ping, frame);
		if (outcome == MOVED || outcome == FINISHED) {
			frame->packets++;
			bus->stats.packets++;
		}
	}
	if (outcome == FINISHED)
		finish_head(bus, queue, urb->status);
	return outcome;
}

/* One turn for every endpoint that has a transfer.  False when the
   microframe has no room, or the bus nothing to do. */
static bool carry_round(struct bus *bus, struct frame *frame)
{
	tick start = frame->now;
	unsigned refused = 0;
	bool moved = false;

	for (unsigned i = 0; i < QUEUES; i++) {
		unsigned at = (bus->first + i) % QUEUES;

		if (bus->queues[at].head == NULL)
			continue;
		switch (transact(bus, &bus->queues[at], frame)) {
		case MOVED:
		case FINISHED:
			moved = true;
			break;
		case REFUSED:
			refused++;
			break;
		case NO_TIME:
			break;
		}
	}
	bus->first = (bus->first + 1) % QUEUES;
	frame->moved |= moved;
	if (moved || refused == 0)
		return moved;
	/* All were refused: as many rounds of the same follow as fit before
	   something changes in the device. */
	tick round = frame->now - start;
	tick event = bus->function->ops->advance(bus->function, frame->now);
	tick until = event < frame->end ? event : frame->end;
	if (until > frame->now) {
		uint64_t rounds = (until - frame->now + round - 1) / round;

		frame->now += rounds * round;
		bus->stats.naks += rounds * refused;
	}
	return frame->now < frame->end;
}

/* False if nothing moved, and nothing happened in the device meanwhile: what
   came up after the last token of an endpoint is still to be asked for. */
static bool carry_microframe(struct bus *bus)
{
	tick event = bus->function->ops->advance(bus->function, bus->now);
	struct frame frame = {
		.now = bus->now + SOF_BYTES * TICKS_PER_BYTE,
		.end = bus->now + TICKS_PER_MICROFRAME,
	};

	while (carry_round(bus, &frame))
		;
	bus->now += TICKS_PER_MICROFRAME;
	bus->stats.microframes++;
	if (frame.moved)
		bus->streak++;
	else
		bus->streak = event < bus->now;
	return bus->streak > 0;
}

/* Nothing moved: go to the microframe in which something may. */
static bool skip(struct bus *bus, tick until)
{
	tick event = bus->function->ops->advance(bus->function, bus->now);
	tick target = event < until ? event : until;

	if (target == TICK_NEVER)
		return false;
	if (target > bus->now) {
		uint64_t count = (target - bus->now) / TICKS_PER_MICROFRAME;

		bus->now += count * TICKS_PER_MICROFRAME;
		bus->stats.microframes += count;
	}
	return true;
}

static bool idle(const struct bus *bus)
{
	for (unsigned i = 0; i < QUEUES; i++)
		if (bus->queues[i].head)
			return false;
	return true;
}

bool bus_run(struct bus *bus, tick until)
{
	while (bus->done == NULL && bus->now < until) {
		if (bus->unplugged || idle(bus)) {
			if (until == TICK_NEVER)
				return false;
			bus->now +=
				(until - bus->now + TICKS_PER_MICROFRAME - 1) /
				TICKS_PER_MICROFRAME * TICKS_PER_MICROFRAME;
			break;
		}
		if (!carry_microframe(bus) && bus->done == NULL &&
			!skip(bus, until))
			return false;
	}
	if (!bus->unplugged)
		bus->function->ops->advance(bus->function, bus->now);
	return true;
}

/* How many microframes the first transfer of a queue needs at least. */
static unsigned frames_needed(const struct bus *bus, const struct queue *queue)
{
	const struct urb *urb = queue->head;
	uint32_t left = urb->length - urb->actual;
	unsigned frames = left / (USB_PACKET_SIZE * bus->packets_max);

	if ((urb->endpoint & USB_ENDPOINT_MASK) == 0)
		return 1;
	/* What has streamed for a while will go on. */
	if (urb->endpoint & USB_DIR_IN && frames > bus->streak / 4)
		frames = bus->streak / 4;
	return frames > 0 ? frames : 1;
}

tick bus_due(const struct bus *bus)
{
	unsigned frames = FRAMES_AHEAD_MAX;
	tick event;

	if (bus->done)
		return bus->now;
	if (bus->unplugged || idle(bus))
		return TICK_NEVER;
	if (bus->streak == 0) {
		event = bus->function->ops->advance(bus->function, bus->now);
		if (event == TICK_NEVER)
			return TICK_NEVER;
		return (event / TICKS_PER_MICROFRAME + 1) *
			TICKS_PER_MICROFRAME;
	}
	for (unsigned i = 0; i < QUEUES; i++) {
		if (bus->queues[i].head == NULL)
			continue;
		unsigned needed = frames_needed(bus, &bus->queues[i]);
		if (needed < frames)
			frames = needed;
	}
	return bus->now + frames * TICKS_PER_MICROFRAME;
}
