/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The queues of the host controller: transfers enter, and leave when they
 * complete, when they are cancelled, or when the device is reset or leaves.
 * lib/link/virtual and plug call it.  Time does not pass here: that is
 * virtual/bus/schedule.c.
 */
#include "bus-internal.h"

#include <errno.h>
#include <stdlib.h>

/* 10 ms of reset and 10 ms of recovery, USB 2.0 sections 7.1.7.5 and 9.2.6.2;
   and 10 ms to enumerate the device again, an estimate. */
#define RESET_TICKS (30000 * (tick)TICKS_PER_US)

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
	TAILQ_INIT(&bus->done);
	for (unsigned i = 0; i < QUEUES; i++)
		TAILQ_INIT(&bus->queues[i].urbs);
	return bus;
}

void bus_free(struct bus *bus)
{
	if (bus == NULL)
		return;
	fault_bus_free(bus->faults);
	free(bus);
}

int bus_set_faults(struct bus *bus, const struct faults *faults)
{
	bus->faults = fault_bus_new(faults);
	return bus->faults ? 0 : -errno;
}

bool bus_refuses(const struct bus *bus)
{
	return bus->faults && fault_bus_refuses(bus->faults);
}

int bus_admit(struct bus *bus, uint8_t endpoint)
{
	return bus->faults ? fault_bus_admit(bus->faults, endpoint, bus->now)
			   : 0;
}

tick bus_now(const struct bus *bus)
{
	return bus->now;
}

void bus_stats(const struct bus *bus, struct bus_stats *ret_stats)
{
	*ret_stats = bus->stats;
}

void bus_finish(struct bus *bus, struct urb *urb, int status)
{
	urb->status = status;
	TAILQ_INSERT_TAIL(&bus->done, urb, next);
}

static void take(struct bus *bus, struct queue *queue, struct urb *urb)
{
	TAILQ_REMOVE(&queue->urbs, urb, next);
	if (TAILQ_EMPTY(&queue->urbs))
		bus->queued &= ~(UINT32_C(1) << (queue - bus->queues));
}

void bus_finish_head(struct bus *bus, struct queue *queue)
{
	struct urb *urb = TAILQ_FIRST(&queue->urbs);

	take(bus, queue, urb);
	if (bus->faults && urb->endpoint & USB_ENDPOINT_MASK &&
		fault_bus_withhold(bus->faults, urb, !TAILQ_EMPTY(&queue->urbs),
			bus->now + TICKS_PER_MICROFRAME))
		return;
	if (bus->faults && (urb->endpoint & USB_ENDPOINT_MASK) == 0 &&
		urb->status == 0)
		fault_bus_control_done(bus->faults, &urb->setup);
	bus_finish(bus, urb, urb->status);
}

void bus_submit(struct bus *bus, struct urb *urb)
{
	struct queue *queue = &bus->queues[queue_index(urb->endpoint)];

	urb->actual = 0;
	urb->stage = STAGE_SETUP;
	if (bus->unplugged || bus->lost) {
		bus_finish(bus, urb, -ENODEV);
		return;
	}
	TAILQ_INSERT_TAIL(&queue->urbs, urb, next);
	bus->queued |= UINT32_C(1) << (queue - bus->queues);
	if (bus->busy_frames == 0)
		bus->busy_frames = 1; /* the new transfer may move */
}

/* Report the withheld completions that are due. */
static void release(struct bus *bus)
{
	struct urb *urb;

	while ((urb = fault_bus_release(bus->faults, bus->now)))
		bus_finish(bus, urb, urb->status);
}

void bus_cancel(struct bus *bus, struct urb *urb)
{
	struct queue *queue = &bus->queues[queue_index(urb->endpoint)];
	struct urb *each;

	/* The transfer had ended already, and its completion is withheld: a
	   failure is reported instead of the cancellation. */
	if (bus->faults && fault_bus_recall(bus->faults, urb)) {
		bus_finish(
			bus, urb, urb->status < 0 ? urb->status : -ECANCELED);
		release(bus);
		return;
	}
	TAILQ_FOREACH (each, &queue->urbs, next)
		if (each == urb) {
			take(bus, queue, urb);
			bus_finish(bus, urb, -ECANCELED);
			return;
		}
}

static void drop_all(struct bus *bus, int status)
{
	struct urb *urb;

	while (bus->faults && (urb = fault_bus_drop(bus->faults)))
		bus_finish(bus, urb, status);
	for (unsigned i = 0; i < QUEUES; i++) {
		struct queue *queue = &bus->queues[i];

		while ((urb = TAILQ_FIRST(&queue->urbs))) {
			take(bus, queue, urb);
			bus_finish(bus, urb, status);
		}
		queue->ping = false;
	}
}

void bus_unplug(struct bus *bus)
{
	bus->unplugged = true;
	drop_all(bus, -ENODEV);
}

bool bus_unplugged(const struct bus *bus)
{
	return bus->unplugged;
}

void bus_unplug_after(struct bus *bus, uint64_t transfers)
{
	bus->reaps_left = transfers;
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

void bus_check_port(struct bus *bus)
{
	if (bus->departures == bus->function->departures)
		return;
	bus->departures = bus->function->departures;
	bus->lost = true;
	drop_all(bus, -ENODEV);
}

/*
 * The kernel resets the device, and selects its configuration again: the
 * transfers of all programs are cancelled, and all alternate settings are 0.
 * Nothing is carried for RESET_TICKS.
 */
void bus_reset(struct bus *bus)
{
	static const struct usb_setup configure = {
		.bRequest = USB_REQ_SET_CONFIGURATION, .wValue = 1};

	bus->resets++;
	drop_all(bus, -ECANCELED);
	if (bus->faults)
		fault_bus_open_all(bus->faults);
	if (bus->function->ops->reset)
		bus->function->ops->reset(bus->function, bus->now);
	else
		bus->function->ops->setup(bus->function, bus->now, &configure);
	bus->blocked = bus->now + RESET_TICKS;
}

unsigned bus_resets(const struct bus *bus)
{
	return bus->resets;
}

void bus_apply_faults(struct bus *bus)
{
	if (bus->unplugged || bus->lost)
		return;
	release(bus);
	if (fault_bus_reset(bus->faults, bus->now))
		bus_reset(bus);
}

struct urb *bus_reap(struct bus *bus)
{
	struct urb *urb = TAILQ_FIRST(&bus->done);

	if (urb == NULL)
		return NULL;
	TAILQ_REMOVE(&bus->done, urb, next);
	if (bus->reaps_left > 0 && --bus->reaps_left == 0)
		bus_unplug(bus);
	return urb;
}
