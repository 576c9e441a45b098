/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Endpoint 0 of a device on this machine's USB: control transfers, the
 * configuration and alternate settings.  link.c has these calls in its struct
 * link_ops.
 *
 * A configuration and an alternate setting must be set by the kernel's own calls,
 * never by a control transfer: the kernel would not know of the change.
 */
#include "usb.h"

#include <stdlib.h>
#include <string.h>

/* ---- Control ---------------------------------------------------------- */

static void LIBUSB_CALL control_done(struct libusb_transfer *usb)
{
	*(bool *)usb->user_data = true;
}

/* Wait for a control transfer, cancelling it at its deadline. */
static int finish_control(struct usb_link *link, struct libusb_transfer *usb,
	const bool *done, uint64_t deadline_ns)
{
	bool late = false;
	int result;

	while (!*done) {
		uint64_t now = link->link.ops->now(&link->link),
			 slice = USB_SLICE_NS;

		if (!late && now >= deadline_ns) {
			late = true;
			libusb_cancel_transfer(usb);
		}
		if (!late && deadline_ns - now < slice)
			slice = deadline_ns - now;
		usb_handle(link, slice);
	}
	result = usb_status_result(usb->status);
	if (result == CLYDE_ERROR_CANCELED)
		return CLYDE_ERROR_TIMEOUT;
	return result < 0 ? usb_note(link, result) : usb->actual_length;
}

/* Set the configuration, unless the device has it, as nearly always: to set it
   again would reset the interfaces that other programs use. */
static int configure(struct usb_link *link, int wanted)
{
	int current;
	int result = libusb_get_configuration(link->handle, &current);

	if (result == 0 && current != wanted)
		result = libusb_set_configuration(link->handle, wanted);
	return usb_note(link, usb_result(result));
}

int usb_control(struct link *base, const struct usb_setup *setup, void *data,
	uint64_t deadline_ns)
{
	struct usb_link *link = USB(base);
	bool in = setup->bmRequestType & USB_DIR_IN, done = false;
	struct libusb_transfer *usb;
	unsigned char *buffer;
	int result;

	if (base->lost)
		return CLYDE_ERROR_NO_DEVICE;
	if (setup->bmRequestType == 0 &&
		setup->bRequest == USB_REQ_SET_CONFIGURATION)
		return configure(link, setup->wValue);
	usb = libusb_alloc_transfer(0);
	buffer = malloc(LIBUSB_CONTROL_SETUP_SIZE + setup->wLength);
	result = usb && buffer ? 0 : CLYDE_ERROR_NO_MEMORY;
	if (result == 0) {
		libusb_fill_control_setup(buffer, setup->bmRequestType,
			setup->bRequest, setup->wValue, setup->wIndex,
			setup->wLength);
		if (!in && setup->wLength > 0)
			memcpy(buffer + LIBUSB_CONTROL_SETUP_SIZE, data,
				setup->wLength);
		libusb_fill_control_transfer(
			usb, link->handle, buffer, control_done, &done, 0);
		result =
			usb_note(link, usb_result(libusb_submit_transfer(usb)));
	}
	if (result == 0)
		result = finish_control(link, usb, &done, deadline_ns);
	if (result > 0 && in)
		memcpy(data, buffer + LIBUSB_CONTROL_SETUP_SIZE, result);
	free(buffer);
	libusb_free_transfer(usb);
	return result;
}

/* ---- Interfaces ------------------------------------------------------- */

/*
 * Up to 1.0.26, libusb_set_interface_alt_setting() unlocks a lock that it did
 * not take if it finds the device unplugged, and libusb_close() aborts on it
 * later (libusb#1199).
 */
static bool unlocks_twice(void)
{
	const struct libusb_version *version = libusb_get_version();

	return version->major == 1 && version->minor == 0 &&
		version->micro <= 26;
}

/* The kernel sets the alternate setting, since it enables and disables the
   endpoints with it.  It waits for five seconds at most, whatever the deadline of
   the call. */
static int select_alternate(
	struct usb_link *link, uint8_t interface, uint8_t alternate)
{
	int result;

	errno = 0;
	result = libusb_set_interface_alt_setting(
		link->handle, interface, alternate);
	if (result == LIBUSB_ERROR_NO_DEVICE && unlocks_twice())
		link->broken = true;
	/* A device that refuses the setting answers with a stall, and a device
	   whose firmware does not run never does.  libusb returns
	   LIBUSB_ERROR_OTHER for both. */
	if (result == LIBUSB_ERROR_OTHER)
		return errno == ETIMEDOUT ? CLYDE_ERROR_TIMEOUT
					  : CLYDE_ERROR_STALL;
	return usb_result(result);
}

/* The kernel sets alternate setting 0 when an interface is released. */
static int release(struct usb_link *link, uint8_t interface)
{
	link->alternate[interface] = USB_ALT_OFF;
	return usb_result(libusb_release_interface(link->handle, interface));
}

int usb_set_alternate(struct link *base, uint8_t interface, uint8_t alternate,
	uint64_t deadline_ns)
{
	struct usb_link *link = USB(base);
	bool claimed;
	int result;

	(void)deadline_ns;
	if (interface >= USB_IFACE_COUNT)
		return CLYDE_ERROR_INVALID;
	claimed = link->alternate[interface] != USB_ALT_OFF;
	if (alternate == USB_ALT_OFF)
		return claimed ? usb_note(link, release(link, interface)) : 0;
	/* Claim the interface even if it is claimed, which does nothing: on an
	   unplugged device this fails, and select_alternate(), which would break
	   libusb's handle, is not called. */
	result = usb_result(libusb_claim_interface(link->handle, interface));
	if (result < 0)
		return usb_note(link, result);
	result = select_alternate(link, interface, alternate);
	if (result == 0)
		link->alternate[interface] = alternate;
	else if (!claimed)
		release(link, interface);
	return usb_note(link, result);
}
