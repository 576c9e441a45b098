/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the files of the bus share: bus.c has its queues and its plug,
   virtual/bus/schedule.c its microframes. */
#ifndef VIRTUAL_BUS_INTERNAL_H
#define VIRTUAL_BUS_INTERNAL_H

#include "virtual/faults/bus.h"
#include "transact.h"

#define QUEUES 32 /* 16 endpoints OUT, 16 IN */

struct queue {
	struct urbs urbs;
	bool ping; /* USB 2.0 8.5.1: ask before the next OUT */
};

struct bus {
	struct function *function;
	unsigned packets_max;
	tick now; /* always the start of a microframe */
	struct queue queues[QUEUES];
	uint32_t queued; /* those that have transfers, by bit */
	unsigned first;  /* served first in the next round */
	struct urbs done;
	bool unplugged;      /* for good */
	bool lost;           /* left by itself, until bus_enumerate() */
	unsigned departures; /* those that were noticed */
	uint64_t reaps_left; /* until it is unplugged; 0 = never */
	/* Microframes in a row in which something moved; 0 = and nothing
	   will before the device's next event. */
	unsigned streak;
	struct bus_stats stats;
	/* What goes wrong; NULL: nothing */
	struct fault_bus *faults;
	tick blocked; /* a reset goes on until then */
	unsigned resets;
};

/* A transfer has ended; it is seen from now on. */
void bus_finish(struct bus *bus, struct urb *urb, int status);

/* The first of a queue has ended by itself. */
void bus_finish_head(struct bus *bus, struct queue *queue);

/* The hub's port latches that its device left, if it came back or not. */
void bus_watch_port(struct bus *bus);

/* Let the faults do what is due now. */
void bus_err(struct bus *bus);

#endif
