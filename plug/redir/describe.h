/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The packets in which usbredir describes a device: its ids, and the interfaces
 * and endpoints of the selected settings.  All of it is read from the
 * descriptors, as a host does.  plug/redir/session.c, answer.c and transfer.c
 * call these functions.
 */
#ifndef PLUG_REDIR_DESCRIBE_H
#define PLUG_REDIR_DESCRIBE_H

#include <usbredirparser.h>

#include "virtual/bus/bus.h"

#define DESCRIPTION_INTERFACES 32 /* the protocol's limit */

struct description {
	struct usb_device_descriptor device;
	uint8_t config[1024];
	uint16_t config_size;
	uint8_t configuration; /* 0 = none selected */
	uint8_t alternate[DESCRIPTION_INTERFACES];
};

/* Read the descriptors of the function on this bus: 0 or -errno. */
int describe_read(struct bus *bus, struct description *ret_description);

/* Update the description after a control transfer that has succeeded. */
void describe_update(
	struct description *description, const struct usb_setup *setup);

/* An endpoint's index in the protocol's tables, and in masks of endpoints. */
static inline unsigned describe_index(uint8_t endpoint)
{
	return (endpoint & USB_ENDPOINT_MASK) |
		(endpoint & USB_DIR_IN ? 16 : 0);
}

/* The endpoints of all alternate settings of an interface, as a mask. */
uint32_t describe_endpoints(
	const struct description *description, uint8_t interface);

void describe_device(const struct description *description,
	struct usb_redir_device_connect_header *ret_device);
void describe_interfaces(const struct description *description,
	struct usb_redir_interface_info_header *ret_interfaces);
void describe_selected(const struct description *description,
	struct usb_redir_ep_info_header *ret_endpoints);

#endif
