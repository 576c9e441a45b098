/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Waits for libusb's hotplug events: a device has arrived on one of this machine's
 * buses, or left it.  lib/link/monitor.c calls it through usb_monitor_ops, and
 * enumerates after an event.
 *
 * wait() runs without the tree's lock and on several threads at once, so what it
 * shares with the callback must be atomic.
 */
#include "usb.h"

#include <stdlib.h>
#include <time.h>

struct usb_monitor {
	struct usb_session *session; /* NULL: a machine without USB */
	int poll;            /* see usb_poll_open(); negative: none yet */
	atomic_bool changed; /* an event has come since the last wait() */
	atomic_bool woken;   /* by wake(); read where session is NULL */
};

#define MONITOR(pointer) ((struct usb_monitor *)(pointer))

static int LIBUSB_CALL plugged(libusb_context *usb, libusb_device *device,
	libusb_hotplug_event event, void *user)
{
	struct usb_monitor *monitor = user;

	(void)usb;
	(void)device;
	(void)event;
	atomic_store(&monitor->changed, true);
	return 0;
}

static void monitor_close(struct link_monitor *base)
{
	struct usb_monitor *monitor = MONITOR(base);

	if (monitor->poll >= 0)
		usb_poll_close(monitor->session->usb, monitor->poll);
	usb_session_leave(monitor->session);
	free(monitor);
}

/* Without events, lib/link/monitor.c notices a change when it next
   enumerates. */
static void listen_for_plugs(struct usb_monitor *monitor)
{
	if (libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG))
		libusb_hotplug_register_callback(monitor->session->usb,
			LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED |
				LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT,
			0, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
			LIBUSB_HOTPLUG_MATCH_ANY, plugged, monitor, NULL);
}

static int monitor_open(struct link_monitor **ret_monitor)
{
	struct usb_monitor *monitor = calloc(1, sizeof(*monitor));
	int result;

	if (monitor == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	monitor->poll = -1;
	result = usb_session_new(&monitor->session);
	if (result < 0 && result != CLYDE_ERROR_UNSUPPORTED) {
		free(monitor);
		return result;
	}
	if (result == 0)
		listen_for_plugs(monitor);
	*ret_monitor = (struct link_monitor *)monitor;
	return 0;
}

static uint64_t monitor_now(struct link_monitor *base)
{
	struct timespec now;

	(void)base;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Waits for USB_SLICE_NS at most, so that the caller looks at the flags that end
   its wait. */
static int monitor_wait(struct link_monitor *base, uint64_t patience_ns)
{
	struct usb_monitor *monitor = MONITOR(base);
	uint64_t slice =
		patience_ns < USB_SLICE_NS ? patience_ns : USB_SLICE_NS;
	int result = 0;

	if (monitor->session)
		result = usb_session_handle(monitor->session, slice);
	else if (!atomic_exchange(&monitor->woken, false))
		nanosleep(&(struct timespec){.tv_nsec = slice}, NULL);
	if (atomic_exchange(&monitor->changed, false))
		return 1;
	return result;
}

static void monitor_wake(struct link_monitor *base)
{
	struct usb_monitor *monitor = MONITOR(base);

	atomic_store(&monitor->woken, true);
	if (monitor->session)
		libusb_interrupt_event_handler(monitor->session->usb);
}

static int monitor_descriptor(struct link_monitor *base)
{
	struct usb_monitor *monitor = MONITOR(base);

	if (monitor->session == NULL)
		return CLYDE_ERROR_UNSUPPORTED;
	if (monitor->poll < 0)
		monitor->poll = usb_poll_open(monitor->session->usb);
	return monitor->poll;
}

const struct link_monitor_ops usb_monitor_ops = {
	.open = monitor_open,
	.close = monitor_close,
	.now = monitor_now,
	.wait = monitor_wait,
	.wake = monitor_wake,
	.descriptor = monitor_descriptor,
};
