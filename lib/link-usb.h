/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the link over libusb share: link-usb.c is its life and
 * its bulk transfers, link-usb-control.c endpoint 0, link-usb-return.c how it
 * follows a device that leaves for new firmware, link-usb-poll.c its
 * descriptors, link-usb-find.c the devices on this machine's buses.
 */
#ifndef LIB_LINK_USB_H
#define LIB_LINK_USB_H

#include <libusb.h>

#include "internal.h"

/* USB 2.0 has no more than seven tiers: six ports below the root hub. */
#define USB_DEPTH_MAX 7

/* Where a device is plugged in. */
struct usb_port {
	uint8_t bus, depth;
	uint8_t path[USB_DEPTH_MAX];
};

struct usb_link {
	struct link link; /* first */
	libusb_context *usb;
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

/* ---- link-usb-find.c -------------------------------------------------- */

/* Glasgows are 0; 1 is what one shows that has no configuration block, which
   other boards with its chip show as well; -1 is anything else. */
int usb_rank(libusb_device *device);

/* Where a device's file is, and its speed. */
void usb_describe(libusb_device *device, struct clyde_device_info *info);

/* Start libusb and list what is there: their number, which is 0, without a
   context, where there is no USB at all. */
int usb_survey(libusb_context **ret_usb, libusb_device ***ret_devices);

/* A device came back as another one: on this thread, its old name means the
   new one from now on. */
void usb_moved(libusb_device *from, libusb_device *to);

/* ---- link-usb.c ------------------------------------------------------- */

/*
 * A link over an open device.  It takes both the handle and its libusb
 * context, which is its own: who handles events handles this link's only.
 */
int usb_link_new(libusb_context *usb, libusb_device_handle *handle,
	const atomic_bool *interrupt, struct link **ret_link);

/* Go on with another handle, and its context, in place of its own. */
void usb_link_adopt(struct usb_link *link, libusb_context *usb,
	libusb_device_handle *handle);

/*
 * How long events are waited for before the flags that end a wait are looked
 * at again.  A signal that arrives on the waiting thread ends the poll at
 * once; one that another thread takes is noticed after this.
 */
#define USB_SLICE_NS 20000000

/* Handle events until there is one, but not for longer than this: 0, or an
   error. */
int usb_handle(struct usb_link *link, uint64_t patience_ns);

/* What the rest of the library is told of a result; that the device is gone,
   the link keeps. */
int usb_note(struct usb_link *link, int result);
int usb_status_result(enum libusb_transfer_status status);

/* ---- link-usb-control.c ----------------------------------------------- */

int usb_control(struct link *base, const struct usb_setup *setup, void *data,
	uint64_t deadline_ns);
int usb_set_alternate(struct link *base, uint8_t interface, uint8_t alternate,
	uint64_t deadline_ns);

/* ---- link-usb-poll.c -------------------------------------------------- */

/* All that libusb polls as one descriptor, or an error. */
int usb_poll_open(libusb_context *usb);
void usb_poll_close(libusb_context *usb, int all);

/* ---- link-usb-return.c ------------------------------------------------ */

int usb_claim_all(struct link *base);
int usb_await_return(struct link *base, uint64_t deadline_ns);

#endif
