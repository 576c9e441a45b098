/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A plug: a virtual device and its bus, offered to other processes, and their
 * time.  plug/usbfs and plug/redir serve plugs; plug/devices.c makes them.  A
 * plug must be used by one thread at a time.
 */
#ifndef PLUG_PLUG_H
#define PLUG_PLUG_H

#include <time.h>

#include "virtual/bus/bus.h"

enum pace {
	PACE_OFF,  /* virtual time passes as fast as transfers are carried */
	PACE_LINK, /* virtual time follows CLOCK_MONOTONIC */
};

#define PLUG_NEVER UINT64_MAX

struct device;

/* One device and its bus. */
struct plug {
	struct device *device;
	struct bus *bus;
	enum pace pace;
	uint64_t epoch_ns;  /* when it was plugged in */
	uint64_t unplug_ns; /* when it is unplugged, or PLUG_NEVER */
	bool gone;          /* it was unplugged */
	/* When a device is plugged in again, or PLUG_NEVER; and the function
	   that makes that device from the unplugged one. */
	uint64_t return_ns;
	struct device *(*make)(void *maker, struct device *before);
	void *maker;
	unsigned packets_max;
	/* By faults; only plug/usbfs heeds them */
	bool denied; /* opening the device is not permitted */
	bool taken;  /* another program has claimed all interfaces */
	bool slow;   /* the device is shown at full speed */
	/* What takes a sentence for the user, or NULL; and how much of
	   device_foreign_count() has been told. */
	void (*note)(const char *sentence);
	unsigned foreign;
};

/* CLOCK_MONOTONIC */
uint64_t plug_now_ns(void);

/* How long to sleep until a time; at most a year, so that a time_t of 32 bits
   has room for it. */
struct timespec plug_time_left(uint64_t due_ns);

/*
 * Plug a device in.  The plug owns the device if this succeeds: 0 or -ENOMEM.
 * The cable is unplugged after `unplug_us`, UINT64_MAX = never.
 */
int plug_in(struct plug *plug, struct device *device, unsigned packets_max,
	enum pace pace, uint64_t unplug_us);
void plug_free(struct plug *plug);

/* Plug in another device `return_us` after the first was plugged in, but not
   before that one is unplugged; UINT64_MAX = never. */
void plug_plan_return(struct plug *plug, uint64_t return_us,
	struct device *(*make)(void *maker, struct device *before),
	void *maker);

/*
 * If it is time, replace the unplugged device by the one that comes back, with
 * a new bus: true.  To be called when all transfers of the old bus have been
 * reaped.
 */
bool plug_return(struct plug *plug);

/* Unplug the cable: all queued transfers fail with -ENODEV. */
void plug_unplug(struct plug *plug);

/*
 * Let virtual time pass until a transfer has completed or the present is
 * reached.  With PACE_LINK, also to be called before a transfer is queued.
 * True if there is more to do: reap, and call again.
 */
bool plug_run(struct plug *plug);

/* When to call plug_run() next if nothing is queued until then, or
   PLUG_NEVER. */
uint64_t plug_due_ns(const struct plug *plug);

#endif
