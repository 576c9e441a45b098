/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The schedule of the host controller: carries the packets of queued transfers,
 * microframe by microframe, and skips microframes in which nothing can move.
 * bus_run() and bus_kill() are the only places where the time of a bus passes.
 * Skipping must never change a result, only the real time that it takes.
 */
#include "bus-internal.h"

/* SOF: SYNC 4, PID 1, frame number and CRC 2, EOP and gap 12. */
#define SOF_BYTES 19

/* How many microframes bus_due() looks ahead: a millisecond. */
#define FRAMES_AHEAD_MAX 8

static tick earliest(tick a, tick b)
{
	return a < b ? a : b;
}

/* Carry the next packet of a queue's first transfer. */
static enum outcome serve(
	struct bus *bus, struct queue *queue, struct frame *frame)
{
	struct urb *urb = TAILQ_FIRST(&queue->urbs);
	bool bulk = urb->endpoint & USB_ENDPOINT_MASK;
	enum outcome outcome;

	if (bulk && frame->packets == bus->packets_max)
		return NO_TIME;
	if (__builtin_expect(bus->faults != NULL, false) && bulk)
		outcome = fault_bus_transact(
			bus->faults, bus->function, urb, &queue->ping, frame);
	else
		outcome = transact(bus->function, urb, &queue->ping, frame);
	if (bulk && (outcome == MOVED || outcome == FINISHED)) {
		frame->packets++;
		bus->stats.packets++;
	}
	if (outcome == FINISHED)
		bus_finish_head(bus, queue);
	return outcome;
}

static uint32_t rotate(uint32_t bits, unsigned count)
{
	return bits >> count | bits << (-count % 32);
}

/* One packet for every endpoint that has a transfer.  False if no further
   round can move a packet in this microframe. */
static bool carry_round(struct bus *bus, struct frame *frame)
{
	tick start = frame->now;
	unsigned refused = 0, next = bus->first;
	bool moved = false;

	/* Round robin, from bus->first on. */
	for (uint32_t left = rotate(frame->queued, bus->first); left;
		left &= left - 1) {
		unsigned at = (bus->first + __builtin_ctz(left)) % QUEUES;

		if (TAILQ_EMPTY(&bus->queues[at].urbs))
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
	/* All tokens were answered by NAK.  If nothing changes in the device
	   until `change`, the same round repeats until then: count its tokens
	   and skip them. */
	tick round = frame->now - start;
	tick change = frame->change;
	frame->change = bus->function->ops->advance(bus->function, frame->now);
	if (bus->faults)
		frame->change = earliest(
			frame->change, fault_bus_due(bus->faults, frame->now));
	tick until = change < frame->end ? change : frame->end;
	if (until > frame->now) {
		uint64_t rounds = (until - frame->now + round - 1) / round;

		frame->now += rounds * round;
		frame->naks += rounds * refused;
	}
	return frame->now < frame->end;
}

/* False if no packet moved and nothing happened in the device during the
   microframe.  If something happened, the next microframe must still be
   carried: data may have become ready after the endpoint's last token. */
static bool carry_microframe(struct bus *bus)
{
	tick event = bus->function->ops->advance(bus->function, bus->now);
	struct frame frame = {
		.now = bus->now + SOF_BYTES * TICKS_PER_BYTE,
		.end = bus->now + TICKS_PER_MICROFRAME,
		.queued = bus->now < bus->blocked ? 0 : bus->queued,
	};

	while (carry_round(bus, &frame))
		;
	bus->now += TICKS_PER_MICROFRAME;
	bus->stats.microframes++;
	bus->stats.naks += frame.naks;
	if (frame.moved)
		bus->busy_frames++;
	else
		bus->busy_frames = event < bus->now;
	return bus->busy_frames > 0;
}

/* When a fault next acts on the bus, or a reset is over; TICK_NEVER if neither
   will be. */
static tick own_due(const struct bus *bus)
{
	tick due =
		bus->faults ? fault_bus_due(bus->faults, bus->now) : TICK_NEVER;

	if (bus->unplugged || bus->lost)
		return TICK_NEVER;
	return bus->blocked > bus->now ? earliest(due, bus->blocked) : due;
}

/*
 * Go to the microframe in which the device's next event is, or to `until`.
 * Call this only after two idle microframes in a row: data that becomes ready
 * late in a microframe moves in the next one.  `naks` are the NAKs of one idle
 * microframe.  False if nothing will ever happen.
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

/* Let time pass without packets, to the end of the microframe of `until`. */
static void run_idle(struct bus *bus, tick until)
{
	tick left = until - bus->now + TICKS_PER_MICROFRAME - 1;

	bus->now += left / TICKS_PER_MICROFRAME * TICKS_PER_MICROFRAME;
}

static tick limit(const struct bus *bus, tick until)
{
	return earliest(until, own_due(bus));
}

static bool run(struct bus *bus, tick until)
{
	unsigned quiet = 0; /* microframes in which nothing moved */

	while (TAILQ_EMPTY(&bus->done) && bus->now < until) {
		uint64_t naks = bus->stats.naks;

		if (bus->unplugged || bus->queued == 0) {
			if (limit(bus, until) == TICK_NEVER)
				return false;
			run_idle(bus, limit(bus, until));
		} else {
			tick due = limit(bus, TICK_NEVER);

			/* If a NAK storm ended during this microframe, the
			   transfer can move in the next one, so this one does
			   not count as quiet. */
			quiet = carry_microframe(bus) || due <= bus->now
				? 0
				: quiet + 1;
			if (quiet > 1 && TAILQ_EMPTY(&bus->done) &&
				!skip(bus, limit(bus, until),
					bus->stats.naks - naks))
				return false;
			bus_check_port(bus);
		}
		if (bus->faults)
			bus_apply_faults(bus);
	}
	if (!bus->unplugged)
		bus->function->ops->advance(bus->function, bus->now);
	bus_check_port(bus);
	return true;
}

bool bus_run(struct bus *bus, tick until)
{
	tick due;
	bool alive;

	if (bus->faults)
		bus_apply_faults(bus);
	due = own_due(bus);
	alive = run(bus, until);
	if (bus->now >= due && bus->busy_frames == 0)
		bus->busy_frames = 1; /* a transfer may move again */
	return alive;
}

void bus_kill(struct bus *bus, struct urb *urb)
{
	bus_cancel(bus, urb);
	if (!bus->unplugged && bus->queued != 0)
		carry_microframe(bus);
	if (bus->faults)
		bus_apply_faults(bus);
}

/* The number of microframes after which the first transfer of a queue may be
   complete. */
static unsigned frames_needed(const struct bus *bus, const struct queue *queue)
{
	const struct urb *urb = TAILQ_FIRST(&queue->urbs);
	uint32_t left = urb->length - urb->actual;
	unsigned frames = left / (USB_PACKET_SIZE * bus->packets_max);

	if ((urb->endpoint & USB_ENDPOINT_MASK) == 0)
		return 1;
	/* A short packet may end an IN transfer at any time.  The longer data
	   has flowed without a pause, the longer it is assumed to go on. */
	if (urb->endpoint & USB_DIR_IN && frames > bus->busy_frames / 4)
		frames = bus->busy_frames / 4;
	return frames > 0 ? frames : 1;
}

/* The end of the microframe in which the event is. */
static tick end_of_frame(tick event)
{
	if (event == TICK_NEVER)
		return TICK_NEVER;
	return (event / TICKS_PER_MICROFRAME + 1) * TICKS_PER_MICROFRAME;
}

static tick device_due(const struct bus *bus)
{
	struct function *function = bus->function;
	unsigned frames = FRAMES_AHEAD_MAX;

	if (bus->queued == 0)
		return end_of_frame(function->port_due);
	if (bus->busy_frames == 0)
		return end_of_frame(function->ops->advance(function, bus->now));
	for (unsigned i = 0; i < QUEUES; i++) {
		if (TAILQ_EMPTY(&bus->queues[i].urbs))
			continue;
		unsigned needed = frames_needed(bus, &bus->queues[i]);
		if (needed < frames)
			frames = needed;
	}
	return bus->now + frames * TICKS_PER_MICROFRAME;
}

tick bus_due(const struct bus *bus)
{
	tick due;

	if (!TAILQ_EMPTY(&bus->done))
		return bus->now;
	if (bus->unplugged)
		return TICK_NEVER;
	due = device_due(bus);
	return earliest(due, end_of_frame(own_due(bus)));
}
