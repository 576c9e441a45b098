/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A model of a USB host controller with one high-speed port, and its time.
 * lib/link/virtual and plug queue transfers.  Each step is one microframe, in
 * which the controller carries packets of the queued transfers; a completion is
 * visible at the end of its microframe.
 *
 * Time passes only inside bus_run() and bus_kill().  Nothing here may read a
 * real clock or start a thread: equal calls give equal results.
 */
#ifndef VIRTUAL_BUS_H
#define VIRTUAL_BUS_H

#include <sys/queue.h>

#include "function.h"

/* A transfer, owned by the bus from bus_submit() until bus_reap() returns
   it. */
struct urb {
	uint8_t endpoint; /* 0 = control transfer; `setup` has its direction */
	struct usb_setup setup;
	uint8_t *data;
	uint32_t length;
	uint32_t actual;
	int status; /* 0, -EPIPE, -EOVERFLOW, -EPROTO, -ECANCELED, -ENODEV */
	void *user;

	/* The bus's own */
	uint8_t stage; /* enum stage, of a control transfer */
	bool gathered; /* by a fault, reported together with others... */
	tick seen;     /* ...at this time at the latest */
	TAILQ_ENTRY(urb) next;
};

TAILQ_HEAD(urbs, urb);

struct bus;
struct faults;

struct bus *bus_new(struct function *function, unsigned packets_max);
void bus_free(struct bus *bus);

/* Set the faults of the bus, before anything is queued: 0 or -ENOMEM. */
int bus_set_faults(struct bus *bus, const struct faults *faults);

tick bus_now(const struct bus *bus);

/* Whether bus_admit() may ever refuse a transfer. */
bool bus_refuses(const struct bus *bus);

/* Ask before each bus_submit() of a bulk transfer: 0, or by a fault -ENOMEM or
   -EIO.  Each call counts as one submit. */
int bus_admit(struct bus *bus, uint8_t endpoint);

/* Queue a transfer.  Its first packet moves in the next microframe at the
   earliest. */
void bus_submit(struct bus *bus, struct urb *urb);

/* Cancel a transfer: it completes at once with -ECANCELED, and `actual` bytes
   are valid. */
void bus_cancel(struct bus *bus, struct urb *urb);

/* bus_cancel(), followed by one microframe for the other transfers: a kernel
   waits until the controller has stopped using the transfer. */
void bus_kill(struct bus *bus, struct urb *urb);

/* Unplug the cable: all queued transfers fail with -ENODEV, and so does every
   later one. */
void bus_unplug(struct bus *bus);
bool bus_unplugged(const struct bus *bus);

/* Unplug the cable when this many more transfers were reaped, 0 = never. */
void bus_unplug_after(struct bus *bus, uint64_t transfers);

/* A program makes the kernel reset the device: by USBDEVFS_RESET, or the fault
   reset@. */
void bus_reset(struct bus *bus);

/* How often the device was reset by bus_reset().  At each reset all queued
   transfers fail with -ECANCELED, and all alternate settings become 0. */
unsigned bus_resets(const struct bus *bus);

/*
 * Whether the device has left the bus by itself.  All queued transfers have
 * failed then, and later ones fail, until bus_enumerate() succeeds.
 * bus_enumerate() fails as long as the device has not come back.
 */
bool bus_lost(const struct bus *bus);
bool bus_enumerate(struct bus *bus);

/* The next completed transfer, in the order of completion; or NULL. */
struct urb *bus_reap(struct bus *bus);

/*
 * Carry microframes until a transfer completes or the time `until` is reached.
 * False if neither can ever happen: no transfer can complete any more, and
 * `until` is TICK_NEVER.
 */
bool bus_run(struct bus *bus, tick until);

/*
 * The end of the first microframe in which a queued transfer may complete, or
 * the device may leave or come back, if nothing is submitted until then.  A
 * caller that waits in real time need not call bus_run() before.  An IN
 * transfer into which data flows may end earlier, by a short packet; its
 * completion is then noticed up to a few microframes late.  TICK_NEVER if
 * nothing can happen.
 */
tick bus_due(const struct bus *bus);

struct bus_stats {
	uint64_t microframes;
	uint64_t packets; /* bulk, either way */
	uint64_t naks;    /* including those of skipped idle time */
};

void bus_stats(const struct bus *bus, struct bus_stats *ret_stats);

#endif
