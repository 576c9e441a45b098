/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Monitors report the devices behind a URI that arrive or leave; clyde.h's
 * clyde_monitor_...() are here.  Hotplug events of the link's provider only
 * trigger an enumeration; the changes are the differences between its result
 * and the list of known devices.
 *
 * There is no queue of events: a known device with an unreported change is the
 * event, so that an enumeration that fails half way loses no event.
 */
#include "lib/base/internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/base/wait.h"

/*
 * The devices are enumerated every LOOK_NS, in case the system sends no hotplug
 * events, and every HELD_LOOK_NS while the arrival of a device is held back
 * because it may not be opened yet: for up to HOLD_NS, in which udev can set
 * its permissions.
 */
#define LOOK_NS      UINT64_C(500000000)
#define HELD_LOOK_NS UINT64_C(100000000)
#define HOLD_NS      UINT64_C(1000000000)

struct known {
	STAILQ_ENTRY(known) next;
	struct clyde_device_info info;
	uint64_t since_ns;
	bool seen; /* by the present enumeration */
	bool gone;
	bool told; /* its arrival was reported */
};

struct clyde_monitor {
	struct object object; /* first */
	struct clyde_context *context;
	const struct link_provider *provider;
	struct link_monitor *link; /* NULL: nothing ever changes */
	char specification[CLYDE_URI_SIZE];
	STAILQ_HEAD(, known) known; /* in the order of their arrival */
	uint64_t look_ns;           /* time of the next enumeration */
	bool stale;                 /* enumerate now */
	/* For an event loop, or -1: the epoll descriptor, and a timer in it. */
	int all, timer;
};

static uint64_t now_of(const struct clyde_monitor *monitor)
{
	return monitor->link ? monitor->provider->monitor->now(monitor->link)
			     : 0;
}

/* ---- What is there ---------------------------------------------------- */

static struct known *find(
	const struct clyde_monitor *monitor, const struct link_place *place)
{
	size_t scheme = strlen(place->provider->scheme) + 1;
	struct known *each;

	STAILQ_FOREACH (each, &monitor->known, next)
		if (!each->gone &&
			strcmp(each->info.uri + scheme, place->name) == 0)
			return each;
	return NULL;
}

/* Whether the device's arrival is held back: it may not be opened, and udev has
   perhaps not set its permissions yet. */
static bool is_held(
	const struct clyde_monitor *monitor, const struct known *known)
{
	return monitor->link && !known->told && !known->gone &&
		known->info.state == CLYDE_ERROR_ACCESS &&
		now_of(monitor) - known->since_ns < HOLD_NS;
}

static int add(struct clyde_monitor *monitor, struct link_place *place)
{
	struct known *known = calloc(1, sizeof(*known));
	int result;

	if (known == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	result = device_inspect(monitor->context, place, &known->info);
	if (result < 0) {
		free(known);
		return result;
	}
	known->since_ns = now_of(monitor);
	known->seen = true;
	STAILQ_INSERT_TAIL(&monitor->known, known, next);
	return 0;
}

/* An enumeration has found this device: add it if it is not known, and inspect it
   again while its arrival is held back. */
static int meet(struct clyde_monitor *monitor, struct link_place *place)
{
	struct known *known = find(monitor, place);
	int result = 0;

	if (known == NULL) {
		result = add(monitor, place);
	} else {
		known->seen = true;
		if (is_held(monitor, known))
			result = device_inspect(
				monitor->context, place, &known->info);
	}
	/* The device left after the enumeration: the next one sees that. */
	return result == CLYDE_ERROR_NO_DEVICE ? 0 : result;
}

static uint64_t next_look(const struct clyde_monitor *monitor)
{
	uint64_t after = LOOK_NS;
	struct known *each;

	STAILQ_FOREACH (each, &monitor->known, next)
		if (is_held(monitor, each))
			after = HELD_LOOK_NS;
	return now_of(monitor) + after;
}

/* Enumerate, and mark the known devices that have left. */
static int look(struct clyde_monitor *monitor)
{
	struct link_places places;
	struct link_place *place;
	struct known *each;
	int result =
		monitor->provider->enumerate(monitor->specification, &places);

	/* The device that the URI names is not plugged in. */
	if (result == CLYDE_ERROR_NO_DEVICE)
		result = 0;
	if (result < 0)
		return result;
	STAILQ_FOREACH (each, &monitor->known, next)
		each->seen = false;
	result = 0;
	for (place = STAILQ_FIRST(&places); place && result == 0;
		place = STAILQ_NEXT(place, next))
		result = meet(monitor, place);
	link_places_free(&places);
	if (result < 0)
		return result;
	STAILQ_FOREACH (each, &monitor->known, next)
		each->gone |= !each->seen;
	monitor->stale = false;
	monitor->look_ns = next_look(monitor);
	return 0;
}

/* ---- News ------------------------------------------------------------- */

static void drop(struct clyde_monitor *monitor, struct known *known)
{
	STAILQ_REMOVE(&monitor->known, known, known, next);
	free(known);
}

/* Drop the devices that left before their arrival was reported. */
static void forget(struct clyde_monitor *monitor)
{
	struct known *known, *next;

	for (known = STAILQ_FIRST(&monitor->known); known; known = next) {
		next = STAILQ_NEXT(known, next);
		if (known->gone && !known->told)
			drop(monitor, known);
	}
}

/* The next device to report.  Departures come first, since another device may
   have arrived at the same address. */
static struct known *news(const struct clyde_monitor *monitor)
{
	struct known *each;

	STAILQ_FOREACH (each, &monitor->known, next)
		if (each->gone && each->told)
			return each;
	STAILQ_FOREACH (each, &monitor->known, next)
		if (!each->gone && !each->told && !is_held(monitor, each))
			return each;
	return NULL;
}

static bool take(
	struct clyde_monitor *monitor, struct clyde_monitor_event *ret_event)
{
	struct known *known;

	forget(monitor);
	known = news(monitor);
	if (known == NULL)
		return false;
	ret_event->change =
		known->gone ? CLYDE_MONITOR_LEFT : CLYDE_MONITOR_ARRIVED;
	ret_event->info = known->info;
	known->told = !known->gone;
	return true;
}

/* ---- Waiting ---------------------------------------------------------- */

static int stopped(const struct clyde_monitor *monitor)
{
	bool interrupted = interrupt_raised(monitor->context->interrupt);

	return object_stopped(&monitor->object, interrupted);
}

/* Wait for a hotplug event, without the tree's lock, so that other calls in the
   context are not held up. */
static int await(struct clyde_monitor *monitor, uint64_t until_ns)
{
	uint64_t now = now_of(monitor);
	int result;

	object_unlock(&monitor->object);
	result = monitor->provider->monitor->wait(
		monitor->link, until_ns > now ? until_ns - now : 0);
	object_lock(&monitor->object);
	if (result < 0)
		return set_error(result, "cannot watch for devices: %s",
			error_text(result));
	monitor->stale |= result > 0;
	return 0;
}

static int look_if_due(struct clyde_monitor *monitor)
{
	int result = monitor->link ? await(monitor, 0) : 0;

	if (result == 0)
		result = stopped(monitor);
	if (result == 0 &&
		(monitor->stale ||
			(monitor->link && now_of(monitor) >= monitor->look_ns)))
		result = look(monitor);
	return result;
}

/* The deadline of a call.  On a provider without a monitor nothing ever changes, so
   that a call with a timeout need not wait: the deadline is now. */
static uint64_t until(const struct clyde_monitor *monitor, int timeout_ms)
{
	if (timeout_ms < 0)
		return LINK_FOREVER;
	if (monitor->link == NULL)
		return 0;
	return now_of(monitor) + timeout_ms * UINT64_C(1000000);
}

static int wait_for_news(struct clyde_monitor *monitor,
	struct clyde_monitor_event *ret_event, int timeout_ms)
{
	uint64_t deadline = until(monitor, timeout_ms);
	int result = 0;

	while (result == 0) {
		result = look_if_due(monitor);
		if (result == 0 && take(monitor, ret_event))
			return 1;
		if (result == 0 && monitor->link == NULL && timeout_ms < 0)
			return set_error(CLYDE_ERROR_DEADLOCK,
				"virtual devices neither come nor go, and all "
				"are told");
		if (result == 0 && now_of(monitor) >= deadline)
			return set_error(CLYDE_ERROR_TIMEOUT,
				"no device has come or gone");
		if (result == 0)
			result = await(monitor,
				deadline < monitor->look_ns ? deadline
							    : monitor->look_ns);
	}
	return result;
}

/* ---- An event loop ---------------------------------------------------- */

/* Make the descriptor readable now, if there is an event, or at the time of the
   next enumeration. */
static void set_timer(struct clyde_monitor *monitor)
{
	struct itimerspec time = {0};
	uint64_t now, left = 1;

	if (monitor->timer < 0)
		return;
	now = now_of(monitor);
	if (!monitor->stale && news(monitor) == NULL) {
		if (monitor->link == NULL)
			left = 0; /* never */
		else if (monitor->look_ns > now)
			left = monitor->look_ns - now;
	}
	time.it_value.tv_sec = left / 1000000000;
	time.it_value.tv_nsec = left % 1000000000;
	timerfd_settime(monitor->timer, 0, &time, NULL);
}

static int next(struct clyde_monitor *monitor,
	struct clyde_monitor_event *ret_event, int timeout_ms)
{
	int result = wait_for_news(monitor, ret_event, timeout_ms);

	set_timer(monitor);
	return result;
}

static int watch(struct clyde_monitor *monitor, int descriptor)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(monitor->all, EPOLL_CTL_ADD, descriptor, &event) < 0
		? error_from_errno(errno)
		: 0;
}

static void close_loop(struct clyde_monitor *monitor)
{
	if (monitor->all >= 0)
		close(monitor->all);
	if (monitor->timer >= 0)
		close(monitor->timer);
	monitor->all = monitor->timer = -1;
}

static int open_loop(struct clyde_monitor *monitor)
{
	int result, descriptor = CLYDE_ERROR_UNSUPPORTED;

	if (monitor->link)
		descriptor =
			monitor->provider->monitor->descriptor(monitor->link);
	if (descriptor < 0 && descriptor != CLYDE_ERROR_UNSUPPORTED)
		return descriptor;
	monitor->all = epoll_create1(EPOLL_CLOEXEC);
	monitor->timer =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (monitor->all < 0 || monitor->timer < 0)
		return error_from_errno(errno);
	result = watch(monitor, monitor->timer);
	if (result == 0 && descriptor >= 0)
		result = watch(monitor, descriptor);
	return result;
}

static int poll_fd(struct clyde_monitor *monitor)
{
	int result = monitor->all < 0 ? open_loop(monitor) : 0;

	if (result < 0) {
		close_loop(monitor);
		return set_error(result, "no descriptor for an event loop: %s",
			error_text(result));
	}
	set_timer(monitor);
	return monitor->all;
}

/* ---- Opening and closing ---------------------------------------------- */

static void wake(struct object *object)
{
	struct clyde_monitor *monitor = (struct clyde_monitor *)object;

	if (monitor->link)
		monitor->provider->monitor->wake(monitor->link);
}

static void end(struct clyde_monitor *monitor)
{
	struct known *known;

	close_loop(monitor);
	if (monitor->link)
		monitor->provider->monitor->close(monitor->link);
	while ((known = STAILQ_FIRST(&monitor->known))) {
		STAILQ_REMOVE_HEAD(&monitor->known, next);
		free(known);
	}
}

static void destroy(struct object *object)
{
	end((struct clyde_monitor *)object);
}

/* Enumerates once, so that an error in the URI fails clyde_monitor_new(). */
static int start(struct clyde_monitor *monitor, const char *specification)
{
	int result = 0;

	if (strlen(specification) >= sizeof(monitor->specification))
		return set_error(CLYDE_ERROR_INVALID,
			"a URI of more than %d characters", CLYDE_URI_SIZE - 1);
	strcpy(monitor->specification, specification);
	if (monitor->provider->monitor)
		result = monitor->provider->monitor->open(&monitor->link);
	return result < 0 ? result : look(monitor);
}

int monitor_make(struct clyde_context *context,
	const struct link_provider *provider, const char *specification,
	struct clyde_monitor **ret_monitor)
{
	struct clyde_monitor *monitor = calloc(1, sizeof(*monitor));
	int result;

	if (monitor == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	monitor->context = context;
	monitor->provider = provider;
	monitor->all = monitor->timer = -1;
	STAILQ_INIT(&monitor->known);
	result = start(monitor, specification);
	if (result == 0)
		result = object_init(&monitor->object, OBJECT_MONITOR,
			&context->object, &context->tree, wake, destroy);
	if (result < 0) {
		end(monitor);
		free(monitor);
		return result;
	}
	*ret_monitor = object_handle(&monitor->object);
	return 0;
}

static int make_for_uri(struct clyde_context *context, const char *uri,
	struct clyde_monitor **ret_monitor)
{
	const struct link_provider *provider;
	const char *rest;
	int result = provider_find(uri, &provider, &rest);

	return result < 0 ? result
			  : monitor_make(context, provider, rest, ret_monitor);
}

CLYDE_API int clyde_monitor_new(struct clyde_context *handle, const char *uri,
	struct clyde_monitor **ret_monitor)
{
	return CALL(context, handle, make_for_uri(context, uri, ret_monitor));
}

CLYDE_API void clyde_monitor_close(struct clyde_monitor *monitor)
{
	object_close(monitor);
}

CLYDE_API clyde_token clyde_monitor_token(const struct clyde_monitor *monitor)
{
	return object_token(monitor);
}

CLYDE_API int clyde_monitor_next(struct clyde_monitor *handle,
	struct clyde_monitor_event *ret_event, int timeout_ms)
{
	return CALL(monitor, handle, next(monitor, ret_event, timeout_ms));
}

CLYDE_API int clyde_monitor_poll_fd(struct clyde_monitor *handle)
{
	return CALL(monitor, handle, poll_fd(monitor));
}
