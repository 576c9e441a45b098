/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A virtual device in real time: decides how far its bus runs, and when the
 * device is unplugged or comes back.  plug/redir and plug/usbfs call it.
 * No other file of plug/ lets time pass on a bus that programs use.
 */
#include "plug.h"

#include <errno.h>

#include "virtual/fx2/device.h"

#define MICROFRAME_NS 125000
#define NS_PER_S      UINT64_C(1000000000)
#define YEAR_S        (UINT64_C(365) * 24 * 60 * 60)

/* How far an unpaced bus runs in one call: 80 microframes, at most a
   millisecond of work.  Then the caller handles sockets and other devices. */
#define SLICE_TICKS (80 * (tick)TICKS_PER_MICROFRAME)

uint64_t plug_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

struct timespec plug_time_left(uint64_t due_ns)
{
	uint64_t now_ns = due_ns ? plug_now_ns() : 0;
	uint64_t left_ns = due_ns > now_ns ? due_ns - now_ns : 0;

	if (left_ns > YEAR_S * NS_PER_S)
		left_ns = YEAR_S * NS_PER_S;
	return (struct timespec){left_ns / NS_PER_S, left_ns % NS_PER_S};
}

static uint64_t time_of(const struct plug *plug, uint64_t us)
{
	return us < (PLUG_NEVER - plug->epoch_ns) / 1000
		? plug->epoch_ns + us * 1000
		: PLUG_NEVER;
}

int plug_in(struct plug *plug, struct device *device, unsigned packets_max,
	enum pace pace, uint64_t unplug_us)
{
	struct bus *bus = bus_new(device_function(device), packets_max);

	if (bus == NULL)
		return -ENOMEM;
	*plug = (struct plug){
		.device = device,
		.bus = bus,
		.pace = pace,
		.epoch_ns = plug_now_ns(),
		.packets_max = packets_max,
		.return_ns = PLUG_NEVER,
	};
	plug->unplug_ns = time_of(plug, unplug_us);
	return 0;
}

void plug_plan_return(struct plug *plug, uint64_t return_us,
	struct device *(*make)(void *maker, struct device *before), void *maker)
{
	plug->return_ns = time_of(plug, return_us);
	plug->make = make;
	plug->maker = maker;
}

bool plug_return(struct plug *plug)
{
	struct device *device;
	struct bus *bus = NULL;

	if (!plug->gone || plug_now_ns() < plug->return_ns)
		return false;
	plug->return_ns = PLUG_NEVER;
	device = plug->make(plug->maker, plug->device);
	if (device)
		bus = bus_new(device_function(device), plug->packets_max);
	if (bus == NULL) {
		device_free(device);
		return false;
	}
	bus_free(plug->bus);
	device_free(plug->device);
	plug->bus = bus;
	plug->device = device;
	plug->epoch_ns = plug_now_ns();
	plug->unplug_ns = PLUG_NEVER;
	plug->gone = false;
	plug->foreign = 0;
	return true;
}

void plug_free(struct plug *plug)
{
	if (plug->device == NULL)
		return;
	bus_free(plug->bus);
	device_free(plug->device);
	*plug = (struct plug){0};
}

void plug_unplug(struct plug *plug)
{
	if (plug->gone)
		return;
	plug->gone = true;
	bus_unplug(plug->bus);
}

/*
 * A microframe is carried when it is over in real time.  A transfer that was
 * queued within the microframe counts as queued at its start, so that a
 * transfer which is queued right after a completion can complete one microframe
 * later, and not two.
 */
static bool run_paced(struct plug *plug, uint64_t now_ns)
{
	tick until = (now_ns - plug->epoch_ns) / MICROFRAME_NS *
		TICKS_PER_MICROFRAME;

	if (bus_now(plug->bus) >= until)
		return false;
	bus_run(plug->bus, until);
	return true;
}

static bool run_unpaced(struct plug *plug)
{
	tick due = bus_due(plug->bus);
	tick until = bus_now(plug->bus) + SLICE_TICKS;

	if (due == TICK_NEVER)
		return false;
	bus_run(plug->bus, due > until ? due : until);
	return true;
}

static void tell_foreign(struct plug *plug)
{
	unsigned count = device_foreign_count(plug->device);

	if (plug->note && count != plug->foreign)
		plug->note(DEVICE_FOREIGN);
	plug->foreign = count;
}

bool plug_run(struct plug *plug)
{
	uint64_t now_ns;
	tick elapsed;

	tell_foreign(plug);
	if (plug->gone)
		return false;
	if (bus_unplugged(plug->bus)) {
		plug->gone = true;
		return true;
	}
	if (plug->pace == PACE_OFF && plug->unplug_ns == PLUG_NEVER)
		return run_unpaced(plug);
	now_ns = plug_now_ns();
	elapsed = bus_now(plug->bus);
	if (now_ns >= plug->unplug_ns ||
		(plug->unplug_ns != PLUG_NEVER &&
			tick_to_ns(elapsed) >=
				plug->unplug_ns - plug->epoch_ns)) {
		plug_unplug(plug);
		return true;
	}
	return plug->pace == PACE_OFF ? run_unpaced(plug)
				      : run_paced(plug, now_ns);
}

uint64_t plug_due_ns(const struct plug *plug)
{
	tick due;
	uint64_t due_ns;

	if (plug->gone)
		return plug->return_ns;
	if (bus_unplugged(plug->bus))
		return 0;
	due = bus_due(plug->bus);
	if (due == TICK_NEVER)
		return plug->unplug_ns;
	if (plug->pace == PACE_OFF)
		return 0;
	due_ns = plug->epoch_ns + tick_to_ns(due);
	return due_ns < plug->unplug_ns ? due_ns : plug->unplug_ns;
}
