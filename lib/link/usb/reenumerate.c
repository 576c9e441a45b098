/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A device that leaves the bus to start new firmware, and comes back to the same
 * port with another address.  Through the link interface, lib/device/firmware.c
 * calls usb_claim_all() before it loads the firmware and usb_await_return() after
 * that, which opens the device that has come back and puts it into the link.
 *
 * A hotplug event of libusb's ends the wait.  The devices are listed every half
 * second all the same, because a system without udev, such as a container, sends
 * no such events.
 *
 * A device in another port must never be taken for the one that has left.
 */
#include "usb.h"

#include <string.h>

static bool find_port(libusb_device *device, struct usb_port *ret_port)
{
	struct usb_port port = {.bus = libusb_get_bus_number(device)};
	int depth = libusb_get_port_numbers(device, port.path, USB_DEPTH_MAX);

	if (depth <= 0)
		return false;
	port.depth = depth;
	*ret_port = port;
	return true;
}

static int claim_each(
	struct usb_link *link, const struct libusb_config_descriptor *config)
{
	int result = 0;

	for (unsigned i = 0; i < config->bNumInterfaces && result == 0; i++) {
		const struct libusb_interface *interface =
			&config->interface[i];

		if (interface->num_altsetting > 0)
			result = usb_result(libusb_claim_interface(link->handle,
				interface->altsetting[0].bInterfaceNumber));
	}
	link->gone |= result == CLYDE_ERROR_NO_DEVICE;
	return result;
}

int usb_claim_all(struct link *base)
{
	struct usb_link *link = USB(base);
	libusb_device *device = libusb_get_device(link->handle);
	struct libusb_config_descriptor *config;
	int result;

	/* Without a port, the device could not be recognised when it comes
	   back. */
	if (!find_port(device, &link->port))
		return CLYDE_ERROR_UNSUPPORTED;
	result = libusb_get_active_config_descriptor(device, &config);
	if (result == LIBUSB_ERROR_NOT_FOUND)
		return 0; /* not configured: no program can use it */
	if (result < 0)
		return usb_result(result);
	result = claim_each(link, config);
	libusb_free_config_descriptor(config);
	return result;
}

/* ---- The way back ----------------------------------------------------- */

/* Whether this is the device that has come back: it is in the same port, and its
   address is not that of the device that is about to leave. */
static bool is_back(const struct usb_link *link, libusb_device *device)
{
	libusb_device *old = libusb_get_device(link->handle);
	struct usb_port port;

	return usb_rank(device) >= 0 && find_port(device, &port) &&
		memcmp(&port, &link->port, sizeof(port)) == 0 &&
		libusb_get_device_address(device) !=
		libusb_get_device_address(old);
}

static int open_back(struct usb_link *link, libusb_device *const *devices,
	int count, libusb_device_handle **ret_handle)
{
	for (int i = 0; i < count; i++)
		if (is_back(link, devices[i]))
			return usb_result(libusb_open(devices[i], ret_handle));
	return CLYDE_ERROR_NO_DEVICE;
}

/*
 * Look for the device on all buses, with a new session of libusb, since the
 * link's own one may have missed events, and put it into the link.  CLYDE_ERROR_NO_DEVICE if the device
 * is not there, CLYDE_ERROR_ACCESS if it may not be opened, or not yet.
 */
static int find_and_adopt(struct usb_link *link)
{
	struct usb_session *session;
	libusb_device **devices;
	libusb_device_handle *handle;
	int count, result;

	link->arrived = false;
	count = usb_survey(&session, &devices);
	if (count < 0)
		return count;
	result = open_back(link, devices, count, &handle);
	if (result == 0)
		usb_link_adopt(link, session, handle);
	usb_survey_end(session, devices);
	return result;
}

int usb_await_return(struct link *base, uint64_t deadline_ns)
{
	struct usb_link *link = USB(base);

	for (;;) {
		int result = find_and_adopt(link);
		uint64_t now = base->ops->now(base), next = now + USB_LOOK_NS;

		if (result != CLYDE_ERROR_NO_DEVICE &&
			result != CLYDE_ERROR_ACCESS)
			return result;
		if (now >= deadline_ns)
			return result == CLYDE_ERROR_ACCESS
				? result
				: CLYDE_ERROR_TIMEOUT;
		if (next > deadline_ns)
			next = deadline_ns;
		for (; !link->arrived && now < next;
			now = base->ops->now(base)) {
			uint64_t left = next - now;

			if (link_stopped(base))
				return CLYDE_ERROR_INTERRUPTED;
			result = usb_handle(link,
				left < USB_SLICE_NS ? left : USB_SLICE_NS);
			if (result < 0)
				return result;
		}
	}
}
