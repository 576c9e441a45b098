/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the link over libusb share: lib/link/usb/link.c is its life and
 * its bulk transfers, lib/link/usb/control.c endpoint 0, lib/link/usb/reenumerate.c how it
 * follows a device that leaves for new firmware, lib/link/usb/poll.c its
 * descriptors, lib/link/usb/enumerate.c the devices on this machine's buses,
 * lib/link/usb/monitor.c when one of those comes or goes.
 */
#ifndef LIB_LINK_USB_H
#define LIB_LINK_USB_H

#include <libusb.h>

#include "lib/base/internal.h"

/* USB 2.0 has no more than seven tiers: six ports below the root hub. */
#define USB_DEPTH_MAX 7

/* Where a device is plugged in. */
struct usb_port {
	uint8_t bus, depth;
	uint8_t path[USB_DEPTH_MAX];
};

/*
 * A context of libusb's.  Those who list devices and then open one of them
 * share it; after that it is the link's own, so that who handles events
 * handles this link's only.  It ends with its last user.
 */
struct usb_session {
	libusb_context *usb;
	unsigned users;
};

/* What lsusb calls a device, too. */
struct usb_address {
	unsigned bus, address;
};

struct usb_link {
	struct link link; /* first */
	LIST_ENTRY(usb_link) among_open;
	struct usb_session *session;
	libusb_context *usb; /* the session's */
	libusb_hotplug_callback_handle hotplug;
	bool listens; /* by that */
	libusb_device_handle *handle;
	uint8_t alternate[USB_IFACE_COUNT];
	unsigned pending;    /* bulk transfers in flight */
	unsigned cancelling; /* of which are to come back soon */
	unsigned handled;    /* completions, since wait() began */
	int poll;            /* its descriptor, or -1 */
	bool gone;
	bool arrived;         /* some device, since this was last cleared */
	bool broken;          /* libusb could not close it */
	struct usb_port port; /* once all is claimed */
};

#define USB(pointer) ((struct usb_link *)(pointer))

/* The error for a negative result of libusb's. */
int usb_result(int result);

/* ---- lib/link/usb/enumerate.c -------------------------------------------------- */

/* Glasgows are 0; 1 is what one shows that has no configuration block, which
   other boards with its chip show as well; -1 is anything else. */
int usb_rank(libusb_device *device);

/* A device's URI, where its file is, and its speed. */
void usb_describe(libusb_device *device, struct clyde_device_info *info);

/* "" is all, 0; "BUS:ADDRESS" is one, 1; else CLYDE_ERROR_INVALID. */
int usb_parse(const char *specification, struct usb_address *ret_address);

/* Start libusb; CLYDE_ERROR_UNSUPPORTED, without a sentence, where there is no
   USB at all. */
int usb_session_new(struct usb_session **ret_session);
struct usb_session *usb_session_share(struct usb_session *session);
void usb_session_leave(struct usb_session *session);

/* Start libusb and list what is there: their number, which is 0, without a
   session, where there is no USB at all. */
int usb_survey(struct usb_session **ret_session, libusb_device ***ret_devices);
void usb_survey_end(struct usb_session *session, libusb_device **devices);

/* The link's busy(). */
int usb_busy(struct link *base);

/* ---- lib/link/usb/link.c ------------------------------------------------------- */

/* A link over an open device.  It takes the handle, and shares its session. */
int usb_link_new(struct usb_session *session, libusb_device_handle *handle,
	const atomic_bool *interrupt, struct link **ret_link);

/* Go on with another handle, and its session, in place of its own. */
void usb_link_adopt(struct usb_link *link, struct usb_session *session,
	libusb_device_handle *handle);

/*
 * How long events are waited for before the flags that end a wait are looked
 * at again.  A signal that arrives on the waiting thread ends the poll at
 * once; one that another thread takes is noticed after this.
 */
#define USB_SLICE_NS 20000000

/* Handle events until there is one, but not for longer than this: 0, or an
   error. */
int usb_session_handle(struct usb_session *session, uint64_t patience_ns);
int usb_handle(struct usb_link *link, uint64_t patience_ns);

/* What the rest of the library is told of a result; that the device is gone,
   the link keeps. */
int usb_note(struct usb_link *link, int result);
int usb_status_result(enum libusb_transfer_status status);

/* ---- lib/link/usb/control.c ----------------------------------------------- */

int usb_control(struct link *base, const struct usb_setup *setup, void *data,
	uint64_t deadline_ns);
int usb_set_alternate(struct link *base, uint8_t interface, uint8_t alternate,
	uint64_t deadline_ns);

/* ---- lib/link/usb/poll.c -------------------------------------------------- */

/* All that libusb polls as one descriptor, or an error. */
int usb_poll_open(libusb_context *usb);
void usb_poll_close(libusb_context *usb, int all);

/* ---- lib/link/usb/reenumerate.c ------------------------------------------------ */

int usb_claim_all(struct link *base);
int usb_await_return(struct link *base, uint64_t deadline_ns);

/* Where events do not tell of devices, the buses are looked at this often. */
#define USB_LOOK_NS 500000000

/* ---- lib/link/usb/monitor.c ----------------------------------------------- */

extern const struct link_monitor_ops usb_monitor_ops;

#endif
