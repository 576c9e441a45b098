/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Enumeration of a plugged-in device, as a host's kernel does it, and the
 * completions of its bus.  plug/usbfs/host.c and make.c call it.  Descriptors
 * may be garbled by a fault, so each size in them is checked.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

#define ADDRESS_MAX 127

struct wait {
	struct completion completion; /* first */
	bool done;
};

static void wait_done(struct completion *completion, struct urb *urb)
{
	(void)urb;
	((struct wait *)completion)->done = true;
}

bool device_reap(struct host_device *device)
{
	bool any = false;
	struct urb *urb;

	while ((urb = bus_reap(device->plug->bus))) {
		struct completion *completion = urb->user;

		any = true;
		completion->done(completion, urb);
	}
	/* Last: a SET_INTERFACE that was completed before the reset counts no
	   more. */
	if (device->resets != bus_resets(device->plug->bus)) {
		device->resets = bus_resets(device->plug->bus);
		device_unclaim(device);
	}
	return any;
}

/* A control transfer of the enumeration.  Virtual time runs ahead here; the
   plug's epoch is corrected afterwards. */
static int control(
	struct host_device *device, struct usb_setup setup, void *data)
{
	struct wait wait = {{wait_done}, false};
	struct urb urb = {
		.setup = setup,
		.data = data,
		.length = setup.wLength,
		.user = &wait,
	};

	bus_submit(device->plug->bus, &urb);
	while (!wait.done) {
		if (!bus_run(device->plug->bus, TICK_NEVER))
			bus_cancel(device->plug->bus, &urb);
		device_reap(device);
	}
	return urb.status < 0 ? urb.status : (int)urb.actual;
}

static int get(struct host_device *device, uint8_t type, uint8_t index,
	void *data, uint16_t size)
{
	return control(device,
		(struct usb_setup){
			.bmRequestType = USB_DIR_IN,
			.bRequest = USB_REQ_GET_DESCRIPTOR,
			.wValue = type << 8 | index,
			.wIndex =
				type == USB_DESC_STRING ? USB_LANG_ENGLISH : 0,
			.wLength = size,
		},
		data);
}

static void get_string(struct host_device *device, uint8_t index)
{
	uint8_t data[255];
	int size = get(device, USB_DESC_STRING, index, data, sizeof(data));
	char *text = device->strings[index];

	for (int i = 2; i + 1 < size && i + 1 < data[0]; i += 2)
		*text++ = data[i + 1] == 0 && data[i] ? data[i] : '?';
}

/* ---- Descriptors ------------------------------------------------------ */

static void add_interface(struct usbfs_map *map, const uint8_t *data)
{
	struct usb_interface_descriptor interface;
	uint8_t *alternates;

	memcpy(&interface, data, sizeof(interface));
	if (interface.bInterfaceNumber >= USB_IFACE_COUNT)
		return;
	alternates = &map->alternates[interface.bInterfaceNumber];
	if (interface.bAlternateSetting >= *alternates &&
		interface.bAlternateSetting < UINT8_MAX)
		*alternates = interface.bAlternateSetting + 1;
}

static void add_endpoint(struct usbfs_map *map, uint8_t interface,
	uint8_t alternate, const uint8_t *data)
{
	struct usb_endpoint_descriptor endpoint;
	uint8_t *owner;

	memcpy(&endpoint, data, sizeof(endpoint));
	if (interface >= USB_IFACE_COUNT)
		return;
	owner = &map->owners[usbfs_endpoint_index(endpoint.bEndpointAddress)];
	*owner = (*owner & USBFS_AT_ZERO) | (interface + 1) |
		(alternate == 0 ? USBFS_AT_ZERO : 0);
}

/* Like the kernel, use the descriptors up to the first with an invalid size. */
static struct usbfs_map read_map(const uint8_t *config, unsigned size)
{
	struct usbfs_map map = {0};
	uint8_t interface = UINT8_MAX, alternate = 0, length;

	for (unsigned at = 0; at + 2 <= size; at += length) {
		const uint8_t *data = config + at;

		length = data[0];
		if (length < 2 || length > size - at)
			break;
		if (data[1] == USB_DESC_INTERFACE &&
			length >= sizeof(struct usb_interface_descriptor)) {
			interface = data[2];
			alternate = data[3];
			add_interface(&map, data);
		} else if (data[1] == USB_DESC_ENDPOINT &&
			length >= sizeof(struct usb_endpoint_descriptor)) {
			add_endpoint(&map, interface, alternate, data);
		}
	}
	return map;
}

/* Read the device descriptor, then the configuration. */
static int read_descriptors(struct host_device *device)
{
	struct usb_device_descriptor *descriptor = (void *)device->descriptors;
	struct usb_config_descriptor *config =
		(void *)(device->descriptors + sizeof(*descriptor));
	uint16_t room = sizeof(device->descriptors) - sizeof(*descriptor);
	int size = get(
		device, USB_DESC_DEVICE, 0, descriptor, sizeof(*descriptor));

	if (size != sizeof(*descriptor) ||
		descriptor->bLength != sizeof(*descriptor) ||
		descriptor->bDescriptorType != USB_DESC_DEVICE)
		return -EPROTO;
	size = get(device, USB_DESC_CONFIGURATION, 0, config, room);
	if (size < (int)sizeof(*config) || config->bLength < sizeof(*config) ||
		config->bDescriptorType != USB_DESC_CONFIGURATION ||
		config->wTotalLength != size)
		return -EPROTO;
	device->descriptors_size = sizeof(*descriptor) + size;
	device->map = read_map((uint8_t *)config, size);
	device->configuration = config->bConfigurationValue;
	return 0;
}

/* ---- Enumeration ------------------------------------------------------ */

static bool is_given(const struct usbfs_host *host, unsigned address)
{
	for (unsigned i = 0; i < host->count; i++)
		if (host->devices[i].address == address)
			return true;
	return false;
}

/* The next free address in turn, as a kernel gives them: an address is not used
   again for a while. */
static unsigned give_address(struct usbfs_host *host)
{
	unsigned address;

	do
		address = USBFS_ADDRESS +
			host->addresses++ % (ADDRESS_MAX - USBFS_ADDRESS + 1);
	while (is_given(host, address));
	return address;
}

int device_enumerate(struct host_device *device)
{
	int result;

	device->address = give_address(device->host);
	memset(device->alternate, 0, sizeof(device->alternate));
	memset(device->claims, 0, sizeof(device->claims));
	memset(device->strings, 0, sizeof(device->strings));
	result = read_descriptors(device);
	if (result < 0)
		return result;
	for (unsigned i = USB_STRING_MANUFACTURER; i <= USB_STRING_SERIAL; i++)
		get_string(device, i);
	result = control(device,
		(struct usb_setup){
			.bRequest = USB_REQ_SET_CONFIGURATION,
			.wValue = device->configuration,
		},
		NULL);
	/* From now on the device's virtual time follows real time. */
	device->plug->epoch_ns =
		plug_now_ns() - tick_to_ns(bus_now(device->plug->bus));
	return result < 0 ? result : 0;
}
