/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the link over libusb share.  link.c opens, closes and waits,
 * and has the bulk transfers; control.c endpoint 0 and interfaces; reenumerate.c
 * finds the device again that has left the bus to start new firmware; poll.c makes
 * one descriptor of all that libusb polls; enumerate.c lists and opens the devices
 * on this machine's buses; sysfs.c has what the kernel knows of a device's
 * descriptors; monitor.c reports devices that arrive and leave.
 *
 * No other folder of lib may include this header or <libusb.h>.
 */
#ifndef LIB_LINK_USB_H
#define LIB_LINK_USB_H

#include <libusb.h>

#include "lib/base/internal.h"

/* The longest path of ports that libusb reports.  USB 2.0 has seven tiers, and so
   at most six ports between the root hub and a device. */
#define USB_DEPTH_MAX 7

/* The port into which a device is plugged.  It stays the same while the device
   re-enumerates, unlike the address. */
struct usb_port {
	uint8_t bus, depth;
	uint8_t path[USB_DEPTH_MAX];
};

/*
 * A context of libusb's, with a count of users.  The places of an enumeration and
 * the link that is opened from one of them share it.  When the places are freed,
 * the link is the only user left, so that its wait() handles the events of this
 * link only.  The last user to leave ends it.
 */
struct usb_session {
	libusb_context *usb;
	unsigned users;
	LIST_ENTRY(usb_session) among_sessions;
};

/* The numbers by which lsusb names a device. */
struct usb_address {
	unsigned bus, address;
};

struct usb_link {
	struct link link; /* first */
	LIST_ENTRY(usb_link) among_open;
	struct usb_session *session;
	libusb_context *usb; /* the session's */
	libusb_hotplug_callback_handle hotplug;
	bool listens; /* the hotplug callback is registered */
	libusb_device_handle *handle;
	uint8_t alternate[USB_IFACE_COUNT];
	unsigned pending;    /* bulk transfers in flight */
	unsigned cancelling; /* those of them that were cancelled */
	unsigned handled;    /* completions, since wait() began */
	int poll;            /* see usb_poll_open(); negative: none yet */
	bool gone;           /* the device was unplugged */
	bool arrived; /* a device has, since find_and_adopt() cleared this */
	bool broken;  /* libusb_close() would abort the process */
	struct usb_port port; /* set by usb_claim_all() */
};

#define USB(pointer) ((struct usb_link *)(pointer))

/* The error of enum clyde_error for a negative result of libusb's; other results
   as they are. */
int usb_result(int result);

/* ---- enumerate.c ------------------------------------------------------ */

/* 0 for the ids of a Glasgow; 1 for the ids of an FX2, which a Glasgow without a
   configuration block has, as other boards with this chip have; -1 for any other
   device. */
int usb_rank(libusb_device *device);

/* Fill in the URI, the path of the device's file, and the speed. */
void usb_describe(libusb_device *device, struct clyde_device_info *info);

/* Parse what follows "usb:".  Returns 0 for "", which means all devices; 1 for
   "BUS:ADDRESS", which is written to *ret_address; or CLYDE_ERROR_INVALID. */
int usb_parse(const char *specification, struct usb_address *ret_address);

/* Start libusb.  CLYDE_ERROR_UNSUPPORTED, without a message, on a machine that
   has no USB. */
int usb_session_new(struct usb_session **ret_session);
struct usb_session *usb_session_share(struct usb_session *session);
void usb_session_leave(struct usb_session *session);

/* Start libusb and list all devices: their number.  On a machine that has no USB,
   that is 0 and *ret_session is NULL.  usb_survey_end() frees the list and leaves
   the session. */
int usb_survey(struct usb_session **ret_session, libusb_device ***ret_devices);
void usb_survey_end(struct usb_session *session, libusb_device **devices);

/* The link's busy(). */
int usb_busy(struct link *base);

/* ---- sysfs.c ---------------------------------------------------------- */

/* The link's recall(). */
int usb_recall(struct link *base, struct usb_device_descriptor *ret_descriptor,
	struct clyde_device_info *info);

/* ---- link.c ----------------------------------------------------------- */

/* Make a link of an open device.  After success the handle is the link's, and the
   link is a further user of the session. */
int usb_link_new(struct usb_session *session, libusb_device_handle *handle,
	const struct interrupt *interrupt, struct link **ret_link);

/* Close the link's handle, leave its session, and use these in their place. */
void usb_link_adopt(struct usb_link *link, struct usb_session *session,
	libusb_device_handle *handle);

/*
 * How long libusb waits for events before its caller looks at the flags that end
 * a wait.  A signal on the waiting thread ends libusb's poll() at once; a flag
 * that was raised by a signal on another thread is seen after this time.
 */
#define USB_SLICE_NS 20000000

/* Wait for an event of libusb's for this long at most, and handle those that have
   come: 0, or an error. */
int usb_session_handle(struct usb_session *session, uint64_t patience_ns);
int usb_handle(struct usb_link *link, uint64_t patience_ns);

/* Return the result, and mark the link as gone if it is CLYDE_ERROR_NO_DEVICE. */
int usb_note(struct usb_link *link, int result);
int usb_status_result(enum libusb_transfer_status status);

/* ---- control.c -------------------------------------------------------- */

int usb_control(struct link *base, const struct usb_setup *setup, void *data,
	uint64_t deadline_ns);
int usb_set_alternate(struct link *base, uint8_t interface, uint8_t alternate,
	uint64_t deadline_ns);

/* ---- poll.c ----------------------------------------------------------- */

/* A descriptor that is readable while libusb has an event to handle, or an
   error. */
int usb_poll_open(libusb_context *usb);
void usb_poll_close(libusb_context *usb, int all);

/* ---- reenumerate.c ---------------------------------------------------- */

int usb_claim_all(struct link *base);
int usb_await_return(struct link *base, uint64_t deadline_ns);

/* How often usb_await_return() lists the devices, in case the system sends no
   hotplug events. */
#define USB_LOOK_NS 500000000

/* ---- monitor.c -------------------------------------------------------- */

extern const struct link_monitor_ops usb_monitor_ops;

#endif
