/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A host controller with one high-speed port, and time.  Transfers are
 * queued; each step is one microframe, in which the controller carries their
 * packets; what completed is seen at the microframe's end.
 */
#ifndef VIRTUAL_BUS_H
#define VIRTUAL_BUS_H

#include <sys/queue.h>

#include "function.h"

/* A transfer as the controller's driver queues it: owned by the caller from
   bus_reap() on, and before bus_submit(). */
struct urb {
	uint8_t endpoint; /* 0 = control, by setup */
	struct usb_setup setup;
	uint8_t *data;
	uint32_t length;
	uint32_t actual;
	int status; /* 0, -EPIPE, -EOVERFLOW, -EPROTO, -ECANCELED, -ENODEV */
	void *user;

	/* The controller's */
	uint8_t stage;
	bool gathered; /* it is to come with others... */
	tick seen;     /* ...or then */
	TAILQ_ENTRY(urb) next;
};

TAILQ_HEAD(urbs, urb);

struct bus;
struct faults;

struct bus *bus_new(struct function *function, unsigned packets_max);
void bus_free(struct bus *bus);

/* Before anything is queued: what goes wrong on it.  0 or -ENOMEM. */
int bus_faults(struct bus *bus, const struct faults *faults);

tick bus_now(const struct bus *bus);

/* Whether any may ever be refused by bus_admit(). */
bool bus_refuses(const struct bus *bus);

/* Whether a bulk transfer may be queued on this endpoint, which counts as an
   attempt: 0; -ENOMEM or -EIO, by a fault. */
int bus_admit(struct bus *bus, uint8_t endpoint);

/* Queue a transfer; it is served from the next microframe on. */
void bus_submit(struct bus *bus, struct urb *urb);

/* Take a transfer out; it completes at once with what it has. */
void bus_cancel(struct bus *bus, struct urb *urb);

/* The same as a kernel does it, which waits until the controller has let go of
   it: the others go on for a microframe. */
void bus_kill(struct bus *bus, struct urb *urb);

/* Pull the plug: everything queued completes, nothing more is carried. */
void bus_unplug(struct bus *bus);
bool bus_unplugged(const struct bus *bus);

/* Have it pulled when so many transfers have been reaped, 0 = never. */
void bus_unplug_after(struct bus *bus, uint64_t transfers);

/* A program has the kernel reset the device: by USBDEVFS_RESET, or the fault
   reset@. */
void bus_reset(struct bus *bus);

/* How often another program has reset the device: whatever was queued came
   back with -ECANCELED, and all alternate settings are 0. */
unsigned bus_resets(const struct bus *bus);

/*
 * Whether the device has left by itself.  What was queued has completed then,
 * and what is submitted fails, until the host enumerates the device that came
 * back: false as long as there is none.
 */
bool bus_lost(const struct bus *bus);
bool bus_enumerate(struct bus *bus);

/* The next completed transfer, in the order of completion; or NULL. */
struct urb *bus_reap(struct bus *bus);

/*
 * Carry microframes until a transfer completes or the time is reached.
 * False if neither can ever happen: nothing is under way, and `until` is
 * TICK_NEVER.
 */
bool bus_run(struct bus *bus, tick until);

/*
 * The end of the first microframe in which a queued transfer may complete, or
 * the device may leave or come back, if nothing is queued until then: nobody
 * need look before.  While data flows into a transfer IN, a short packet may
 * end it earlier, and is then seen up to a few microframes late.  TICK_NEVER
 * if nothing can happen.
 */
tick bus_due(const struct bus *bus);

struct bus_stats {
	uint64_t microframes;
	uint64_t packets; /* bulk, either way */
	uint64_t naks;    /* those of skipped idle time included */
};

void bus_stats(const struct bus *bus, struct bus_stats *ret_stats);

#endif
