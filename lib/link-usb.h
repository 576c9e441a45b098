/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What link-usb.c, the life of a link over libusb, link-usb-poll.c, its
 * descriptors, and link-usb-find.c, the devices on this machine's buses, share.
 */
#ifndef LIB_LINK_USB_H
#define LIB_LINK_USB_H

#include <libusb.h>

#include "internal.h"

/* Where a device's file is, and its speed. */
void usb_describe(libusb_device *device, struct clyde_device_info *info);

/* A negative result of libusb's as -errno. */
int usb_result(int result);

/*
 * A link over an open device.  It takes both the handle and its libusb
 * context, which is its own: who handles events handles this link's only.
 */
int usb_link_new(libusb_context *usb, libusb_device_handle *handle,
	const atomic_bool *interrupt, struct link **ret_link);

/* All that libusb polls as one descriptor, or -errno. */
int usb_poll_open(libusb_context *usb);
void usb_poll_close(libusb_context *usb, int all);

#endif
