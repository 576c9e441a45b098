/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes a plugged-in device, does what a host's kernel does with it first. */
#include "usbfs-internal.h"

#include <errno.h>
#include <string.h>

struct wait {
	struct job job; /* first */
	bool done;
};

static void wait_done(struct job *job, struct urb *urb)
{
	(void)urb;
	((struct wait *)job)->done = true;
}

bool device_reap(struct host_device *device)
{
	bool any = false;
	struct urb *urb;

	while ((urb = bus_reap(device->plug->bus))) {
		struct job *job = urb->user;

		any = true;
		job->done(job, urb);
	}
	return any;
}

/* A control transfer before the clock runs. */
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

int device_enumerate(struct host_device *device)
{
	struct usb_device_descriptor *descriptor = (void *)device->descriptors;
	uint8_t *config = device->descriptors + sizeof(*descriptor);
	size_t room = sizeof(device->descriptors) - sizeof(*descriptor);
	int size = get(
		device, USB_DESC_DEVICE, 0, descriptor, sizeof(*descriptor));

	if (size != sizeof(*descriptor))
		return -EIO;
	size = get(device, USB_DESC_CONFIGURATION, 0, config, room);
	if (size < (int)sizeof(struct usb_config_descriptor))
		return -EIO;
	device->descriptors_size = sizeof(*descriptor) + size;
	for (uint8_t i = USB_STRING_MANUFACTURER; i <= USB_STRING_SERIAL; i++)
		get_string(device, i);
	device->configuration =
		((struct usb_config_descriptor *)config)->bConfigurationValue;
	size = control(device,
		(struct usb_setup){
			.bRequest = USB_REQ_SET_CONFIGURATION,
			.wValue = device->configuration,
		},
		NULL);
	/* Its clock is the machine's from now on. */
	device->plug->epoch_ns =
		world_now_ns() - tick_to_ns(bus_now(device->plug->bus));
	return size < 0 ? size : 0;
}
