/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Reads the descriptors of a function, and makes usbredir's tables of them.
 * Descriptors may be garbled by a fault, so each size in them is checked.
 */
#include "describe.h"

#include <errno.h>
#include <string.h>

/* How long to wait for a descriptor: a second, in virtual time. */
#define ANSWER_TICKS (1000000 * (tick)TICKS_PER_US)

/* Read one descriptor.  No other transfer is queued on the bus yet. */
static int get_descriptor(
	struct bus *bus, uint8_t type, void *data, uint16_t size)
{
	struct urb urb = {
		.setup =
			{
				.bmRequestType = USB_DIR_IN,
				.bRequest = USB_REQ_GET_DESCRIPTOR,
				.wValue = type << 8,
				.wLength = size,
			},
		.data = data,
		.length = size,
	};

	bus_submit(bus, &urb);
	bus_run(bus, bus_now(bus) + ANSWER_TICKS);
	if (bus_reap(bus) == NULL) {
		bus_cancel(bus, &urb);
		bus_reap(bus);
	}
	return urb.status < 0 ? urb.status : (int)urb.actual;
}

int describe_read(struct bus *bus, struct description *ret_description)
{
	struct description description = {0};
	int size = get_descriptor(bus, USB_DESC_DEVICE, &description.device,
		sizeof(description.device));

	if (size < (int)sizeof(description.device))
		return size < 0 ? size : -EPROTO;
	size = get_descriptor(bus, USB_DESC_CONFIGURATION, description.config,
		sizeof(description.config));
	if (size < (int)sizeof(struct usb_config_descriptor))
		return size < 0 ? size : -EPROTO;
	description.config_size = size;
	*ret_description = description;
	return 0;
}

void describe_update(
	struct description *description, const struct usb_setup *setup)
{
	if (setup->bmRequestType == USB_RECIP_DEVICE &&
		setup->bRequest == USB_REQ_SET_CONFIGURATION) {
		description->configuration = setup->wValue;
		memset(description->alternate, 0,
			sizeof(description->alternate));
	}
	if (setup->bmRequestType == USB_RECIP_INTERFACE &&
		setup->bRequest == USB_REQ_SET_INTERFACE &&
		setup->wIndex < DESCRIPTION_INTERFACES)
		description->alternate[setup->wIndex] = setup->wValue;
}

/* ---- Walking the configuration ---------------------------------------- */

struct walk {
	uint16_t at;
	struct usb_interface_descriptor interface; /* the last one passed */
	uint8_t type;
	const uint8_t *data;
	uint8_t size;
};

/* Go to the next descriptor; false at the end, or at an invalid size. */
static bool step(const struct description *description, struct walk *walk)
{
	uint16_t left = description->config_size - walk->at;

	if (left < 2)
		return false;
	walk->data = description->config + walk->at;
	walk->size = walk->data[0];
	walk->type = walk->data[1];
	if (walk->size < 2 || walk->size > left)
		return false;
	walk->at += walk->size;
	if (walk->type == USB_DESC_INTERFACE &&
		walk->size >= sizeof(walk->interface))
		memcpy(&walk->interface, walk->data, sizeof(walk->interface));
	return true;
}

static bool is_endpoint(
	const struct walk *walk, struct usb_endpoint_descriptor *ret_endpoint)
{
	if (walk->type != USB_DESC_ENDPOINT ||
		walk->size < sizeof(*ret_endpoint))
		return false;
	memcpy(ret_endpoint, walk->data, sizeof(*ret_endpoint));
	return true;
}

static bool selected(
	const struct description *description, const struct walk *walk)
{
	uint8_t number = walk->interface.bInterfaceNumber;

	return number < DESCRIPTION_INTERFACES &&
		description->alternate[number] ==
		walk->interface.bAlternateSetting;
}

uint32_t describe_endpoints(
	const struct description *description, uint8_t interface)
{
	struct walk walk = {0};
	struct usb_endpoint_descriptor endpoint;
	uint32_t endpoints = 0;

	while (step(description, &walk))
		if (is_endpoint(&walk, &endpoint) &&
			walk.interface.bInterfaceNumber == interface)
			endpoints |= UINT32_C(1)
				<< describe_index(endpoint.bEndpointAddress);
	return endpoints;
}

/* ---- The protocol's tables -------------------------------------------- */

void describe_device(const struct description *description,
	struct usb_redir_device_connect_header *ret_device)
{
	const struct usb_device_descriptor *device = &description->device;

	*ret_device = (struct usb_redir_device_connect_header){
		.speed = usb_redir_speed_high,
		.device_class = device->bDeviceClass,
		.device_subclass = device->bDeviceSubClass,
		.device_protocol = device->bDeviceProtocol,
		.vendor_id = device->idVendor,
		.product_id = device->idProduct,
		.device_version_bcd = device->bcdDevice,
	};
}

/* QEMU decides by the interfaces whether to redirect the device, also before a
   configuration is selected.  So this always lists those of the one
   configuration that the device has. */
void describe_interfaces(const struct description *description,
	struct usb_redir_interface_info_header *ret_interfaces)
{
	struct walk walk = {0};
	uint32_t count = 0;

	memset(ret_interfaces, 0, sizeof(*ret_interfaces));
	while (step(description, &walk) && count < DESCRIPTION_INTERFACES) {
		const struct usb_interface_descriptor *interface =
			&walk.interface;

		if (walk.type != USB_DESC_INTERFACE ||
			!selected(description, &walk))
			continue;
		ret_interfaces->interface[count] = interface->bInterfaceNumber;
		ret_interfaces->interface_class[count] =
			interface->bInterfaceClass;
		ret_interfaces->interface_subclass[count] =
			interface->bInterfaceSubClass;
		ret_interfaces->interface_protocol[count] =
			interface->bInterfaceProtocol;
		count++;
	}
	ret_interfaces->interface_count = count;
}

void describe_selected(const struct description *description,
	struct usb_redir_ep_info_header *ret_endpoints)
{
	struct walk walk = {0};
	struct usb_endpoint_descriptor endpoint;

	memset(ret_endpoints, 0, sizeof(*ret_endpoints));
	memset(ret_endpoints->type, usb_redir_type_invalid,
		sizeof(ret_endpoints->type));
	ret_endpoints->type[describe_index(0)] = usb_redir_type_control;
	ret_endpoints->type[describe_index(USB_DIR_IN)] =
		usb_redir_type_control;
	ret_endpoints->max_packet_size[describe_index(0)] = USB_EP0_PACKET_SIZE;
	ret_endpoints->max_packet_size[describe_index(USB_DIR_IN)] =
		USB_EP0_PACKET_SIZE;
	while (step(description, &walk)) {
		unsigned i;

		if (!is_endpoint(&walk, &endpoint) ||
			!selected(description, &walk))
			continue;
		i = describe_index(endpoint.bEndpointAddress);
		ret_endpoints->type[i] = endpoint.bmAttributes & 3;
		ret_endpoints->interval[i] = endpoint.bInterval;
		ret_endpoints->interface[i] = walk.interface.bInterfaceNumber;
		ret_endpoints->max_packet_size[i] = endpoint.wMaxPacketSize;
	}
}
