/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A high-speed host controller: takes transfers, carries their packets to a
 * function microframe by microframe, gives transfers back when they are done.
 */
#include "bus.h"

#include <errno.h>
#include <stdlib.h>

#include "transact.h"

/* SOF: SYNC 4, PID 1, frame number and CRC 2, EOP and gap 12. */
#define SOF_BYTES 19

/* How many microframes bus_due() looks ahead: a millisecond. */
#define FRAMES_AHEAD_MAX 8

#define QUEUES 32 /* 16 endpoints OUT, 16 IN */

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
	bool unplugged;      /* for good */
	bool lost;           /* left by itself, until bus_enumerate() */
	unsigned departures; /* those that were noticed */
	/* Microframes in a row in which something moved; 0 = and nothing
	   will before the device's next event. */
	unsigned streak;
	struct bus_stats stats;
};

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
	if (bus->unplugged || bus->lost) {
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

static void drop_all(struct bus *bus)
{
	for (unsigned i = 0; i < QUEUES; i++) {
		while (bus->queues[i].head)
			finish_head(bus, &bus->queues[i], -ENODEV);
		bus->queues[i].ping = false;
	}
}

void bus_unplug(struct bus *bus)
{
	bus->unplugged = true;
	drop_all(bus);
}

bool bus_lost(const struct bus *bus)
{
	return bus->lost;
}

bool bus_enumerate(struct bus *bus)
{
	if (bus->unplugged || bus->function->detached)
		return false;
	bus->lost = false;
	return true;
}

/* The hub's port latches that its device left, if it came back or not. */
static void watch_port(struct bus *bus)
{
	if (bus->departures == bus->function->departures)
		return;
	bus->departures = bus->function->departures;
	bus->lost = true;
	drop_all(bus);
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

/* The next packet of an endpoint's first transfer. */
static enum outcome serve(
	struct bus *bus, struct queue *queue, struct frame *frame)
{
	struct urb *urb = queue->head;
	bool bulk = urb->endpoint & USB_ENDPOINT_MASK;
	enum outcome outcome;

	if (bulk && frame->packets == bus->packets_max)
		return NO_TIME;
	outcome = transact(bus->function, urb, &queue->ping, frame);
	if (bulk && (outcome == MOVED || outcome == FINISHED)) {
		frame->packets++;
		bus->stats.packets++;
	}
	if (outcome == FINISHED)
		finish_head(bus, queue, urb->status);
	return outcome;
}

static uint32_t rotate(uint32_t bits, unsigned count)
{
	return bits >> count | bits << (-count % 32);
}

static uint32_t queued(const struct bus *bus)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < QUEUES; i++)
		if (bus->queues[i].head)
			bits |= UINT32_C(1) << i;
	return bits;
}

/* One turn for every endpoint that has a transfer.  False when the
   microframe has no room, or the bus nothing to do. */
static bool carry_round(struct bus *bus, struct frame *frame)
{
	tick start = frame->now;
	unsigned refused = 0, next = bus->first;
	bool moved = false;

	/* From the first in turn on, and around. */
	for (uint32_t left = rotate(frame->queued, bus->first); left;
		left &= left - 1) {
		unsigned at = (bus->first + __builtin_ctz(left)) % QUEUES;

		if (bus->queues[at].head == NULL)
			continue;
		switch (serve(bus, &bus->queues[at], frame)) {
		case MOVED:
		case FINISHED:
			moved = true;
			next = at + 1;
			break;
		case REFUSED:
			refused++;
			break;
		case NO_TIME:
			break;
		}
	}
	bus->first = next % QUEUES;
	frame->moved |= moved;
	if (moved || refused == 0) {
		frame->change = 0;
		return moved;
	}
	/* All were refused, and nothing has changed in the device meanwhile: as
	   many rounds of the same follow as fit before something does. */
	tick round = frame->now - start;
	tick change = frame->change;
	frame->change = bus->function->ops->advance(bus->function, frame->now);
	tick until = change < frame->end ? change : frame->end;
	if (until > frame->now) {
		uint64_t rounds = (until - frame->now + round - 1) / round;

		frame->now += rounds * round;
		frame->naks += rounds * refused;
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
		.queued = queued(bus),
	};

	while (carry_round(bus, &frame))
		;
	bus->now += TICKS_PER_MICROFRAME;
	bus->stats.microframes++;
	bus->stats.naks += frame.naks;
	if (frame.moved)
		bus->streak++;
	else
		bus->streak = event < bus->now;
	return bus->streak > 0;
}

/*
 * Nothing moved: go to the microframe in which something may.  What became
 * ready too late in a microframe is met in the next, so only a second idle one
 * says that the device has nothing, and how often it says so.
 */
static bool skip(struct bus *bus, tick until, uint64_t naks)
{
	tick event = bus->function->ops->advance(bus->function, bus->now);
	tick target = event < until ? event : until;

	if (target == TICK_NEVER)
		return false;
	if (target > bus->now) {
		uint64_t count = (target - bus->now) / TICKS_PER_MICROFRAME;

		bus->now += count * TICKS_PER_MICROFRAME;
		bus->stats.microframes += count;
		bus->stats.naks += count * naks;
	}
	return true;
}

/* The clock runs on without a packet, to the microframe's end. */
static void run_idle(struct bus *bus, tick until)
{
	tick left = until - bus->now + TICKS_PER_MICROFRAME - 1;

	bus->now += left / TICKS_PER_MICROFRAME * TICKS_PER_MICROFRAME;
}

bool bus_run(struct bus *bus, tick until)
{
	unsigned quiet = 0; /* microframes in which nothing moved */

	while (bus->done == NULL && bus->now < until) {
		uint64_t naks = bus->stats.naks;

		if (bus->unplugged || queued(bus) == 0) {
			if (until == TICK_NEVER)
				return false;
			run_idle(bus, until);
			break;
		}
		quiet = carry_microframe(bus) ? 0 : quiet + 1;
		if (quiet > 1 && bus->done == NULL &&
			!skip(bus, until, bus->stats.naks - naks))
			return false;
		watch_port(bus);
	}
	if (!bus->unplugged)
		bus->function->ops->advance(bus->function, bus->now);
	watch_port(bus);
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
	if (bus->unplugged || queued(bus) == 0)
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
