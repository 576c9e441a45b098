/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What virtual/bus/bus.c (queues, unplug, resets) and virtual/bus/schedule.c
   (microframes) share.  No other file includes this header. */
#ifndef VIRTUAL_BUS_INTERNAL_H
#define VIRTUAL_BUS_INTERNAL_H

#include "virtual/faults/bus.h"
#include "transact.h"

#define QUEUES 32 /* 16 endpoints OUT, 16 IN */

struct queue {
	struct urbs urbs;
	bool ping; /* USB 2.0 8.5.1: send PING before the next OUT */
};

struct bus {
	struct function *function;
	unsigned packets_max;
	tick now; /* always the start of a microframe */
	struct queue queues[QUEUES];
	uint32_t queued; /* bit n: queue n has transfers */
	unsigned first;  /* the queue that the next round serves first */
	struct urbs done;
	bool unplugged;      /* for good */
	bool lost;           /* the device left; until bus_enumerate() */
	unsigned departures; /* of the function, as of bus_check_port() */
	uint64_t reaps_left; /* until the cable is unplugged; 0 = never */
	/* Consecutive microframes in which a packet moved.  0: the last one
	   moved none, and none will before the device's next event. */
	unsigned busy_frames;
	struct bus_stats stats;
	struct fault_bus *faults; /* NULL: none */
	tick blocked; /* until then a reset goes on: nothing is carried */
	unsigned resets;
};

/* A transfer that is in no queue has ended: bus_reap() returns it. */
void bus_finish(struct bus *bus, struct urb *urb, int status);

/* The first transfer of a queue has ended by itself.  A fault may withhold its
   completion. */
void bus_finish_head(struct bus *bus, struct queue *queue);

/* If the device has left the bus since the last call, set `lost` and fail all
   transfers, even if the device has come back meanwhile: a hub's port latches
   a disconnect. */
void bus_check_port(struct bus *bus);

/* Let the faults of a bus do what is due: withheld completions, a reset.  Only
   for a bus that has faults. */
void bus_apply_faults(struct bus *bus);

#endif
