/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A virtual device in the real world's time: takes a device and its bus,
 * says when they want to be run next, runs them.  The mouths that speak to
 * other processes sit on it; one thread at a time.
 */
#ifndef VIRTUAL_WORLD_H
#define VIRTUAL_WORLD_H

#include <time.h>

#include "virtual/bus/bus.h"

enum pace {
	PACE_OFF,  /* bus time passes as fast as transfers come */
	PACE_LINK, /* bus time is the machine's */
};

#define WORLD_NEVER UINT64_MAX

struct device;

/* One device in its socket. */
struct plug {
	struct device *device;
	struct bus *bus;
	enum pace pace;
	uint64_t epoch_ns;  /* when it was plugged in */
	uint64_t unplug_ns; /* when it goes, or WORLD_NEVER */
	bool gone;
	/* When a device is there again, or WORLD_NEVER, and who makes it from
	   the one that went. */
	uint64_t return_ns;
	struct device *(*make)(void *maker, struct device *before);
	void *maker;
	unsigned packets_max;
	bool denied; /* nobody may open it */
	bool taken;  /* its interfaces are another program's */
	bool slow;   /* it is shown at full speed */
};

/* CLOCK_MONOTONIC */
uint64_t world_now_ns(void);

/* How long to sleep until then; a year if it is more, which a time_t of 32 bits
   has room for. */
struct timespec world_left(uint64_t due_ns);

/*
 * Plug a device in.  It is the caller's until this succeeds; unplug_us is
 * after how many microseconds the cable is pulled, UINT64_MAX = never.
 */
int plug_in(struct plug *plug, struct device *device, unsigned packets_max,
	enum pace pace, uint64_t unplug_us);
void plug_free(struct plug *plug);

/* Once it is gone, have one there again so many microseconds after the first
   was plugged in; UINT64_MAX = never. */
void plug_plan_return(struct plug *plug, uint64_t return_us,
	struct device *(*make)(void *maker, struct device *before),
	void *maker);

/*
 * Once all that the device gone had queued has been reaped: plug in what comes
 * back, if it is time.  It is another device, on another bus.
 */
bool plug_return(struct plug *plug);

/* Pull the cable: whatever is queued completes with -ENODEV. */
void plug_pull(struct plug *plug);

/*
 * Let bus time pass until a transfer has completed or the present is
 * reached; to be called before a transfer is queued as well.  True while
 * there is more to do at once: reap, and call again.
 */
bool plug_run(struct plug *plug);

/* When to run it next if nothing is queued until then, or WORLD_NEVER. */
uint64_t plug_due_ns(const struct plug *plug);

#endif
