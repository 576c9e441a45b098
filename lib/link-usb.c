/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The link to a Glasgow on this machine's USB: takes what the seam asks,
 * gives it to libusb as asynchronous transfers, and handles their completions
 * on the thread that waits.
 */
#include "link-usb.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * How long events are waited for before the flags that end a wait are looked
 * at again.  A signal that arrives on the waiting thread ends the poll at
 * once; one that another thread takes is noticed after this.
 */
#define SLICE_NS 20000000

/* The same while cancelled transfers are on their way back, which nothing
   may interrupt. */
#define CANCEL_SLICE_NS 1000000

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
	bool broken; /* libusb could not close it */
};

struct usb_transfer {
	struct transfer transfer; /* first */
	struct usb_link *link;
	struct libusb_transfer *usb;
	bool queued, cancelled;
};

#define USB(pointer) ((struct usb_link *)(pointer))

static int status_result(enum libusb_transfer_status status)
{
	switch (status) {
	case LIBUSB_TRANSFER_COMPLETED:
		return 0;
	case LIBUSB_TRANSFER_TIMED_OUT:
		return -ETIMEDOUT;
	case LIBUSB_TRANSFER_CANCELLED:
		return -ECANCELED;
	case LIBUSB_TRANSFER_STALL:
		return -EPIPE;
	case LIBUSB_TRANSFER_NO_DEVICE:
		return -ENODEV;
	case LIBUSB_TRANSFER_OVERFLOW:
		return -EOVERFLOW;
	case LIBUSB_TRANSFER_ERROR:
		break;
	}
	return -EIO;
}

/* What the rest of the library is told; that the device is gone, the link
   keeps. */
static int note(struct usb_link *link, int result)
{
	link->gone |= result == -ENODEV;
	return result;
}

static uint64_t usb_now(struct link *base)
{
	struct timespec now;

	(void)base;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Handle events until there is one, but not for longer than this. */
static int handle(struct usb_link *link, uint64_t patience_ns)
{
	struct timeval timeout = {
		.tv_sec = patience_ns / 1000000000,
		.tv_usec = (patience_ns % 1000000000 + 999) / 1000,
	};
	int result = usb_result(libusb_handle_events_timeout_completed(
		link->usb, &timeout, NULL));

	return result == -EINTR ? 0 : result;
}

/* How long the flags may stay unseen. */
static uint64_t patience(struct usb_link *link, uint64_t deadline_ns)
{
	uint64_t now = usb_now(&link->link);
	uint64_t slice = SLICE_NS;

	if (link->cancelling > 0)
		slice = CANCEL_SLICE_NS;
	else if (link_stopped(&link->link))
		slice = 0;
	if (deadline_ns <= now)
		return 0;
	return deadline_ns - now < slice ? deadline_ns - now : slice;
}

static int usb_wait(struct link *base, uint64_t deadline_ns)
{
	struct usb_link *link = USB(base);
	int result;

	link->handled = 0;
	if (link->pending == 0 && link->gone)
		return -ENODEV;
	if (link->pending == 0 && deadline_ns == LINK_FOREVER)
		return -EDEADLK;
	result = handle(link, patience(link, deadline_ns));
	atomic_store(&base->wake, false);
	return link->handled > 0 ? (int)link->handled : result;
}

static void usb_wake(struct link *base)
{
	libusb_interrupt_event_handler(USB(base)->usb);
}

static int usb_descriptor(struct link *base)
{
	struct usb_link *link = USB(base);

	if (link->poll < 0)
		link->poll = usb_poll_open(link->usb);
	return link->poll;
}

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
		uint64_t now = usb_now(&link->link), slice = SLICE_NS;

		if (!late && now >= deadline_ns) {
			late = true;
			libusb_cancel_transfer(usb);
		}
		if (!late && deadline_ns - now < slice)
			slice = deadline_ns - now;
		handle(link, slice);
	}
	result = status_result(usb->status);
	if (result == -ECANCELED)
		return -ETIMEDOUT;
	return result < 0 ? note(link, result) : usb->actual_length;
}

/*
 * The kernel has its own book of configurations, which a control transfer
 * would go behind.  And nearly always it has chosen this one already: then
 * asking again would only reset what is being used by others.
 */
static int configure(struct usb_link *link, int wanted)
{
	int current;
	int result = libusb_get_configuration(link->handle, &current);

	if (result == 0 && current != wanted)
		result = libusb_set_configuration(link->handle, wanted);
	return note(link, usb_result(result));
}

static int usb_control(struct link *base, const struct usb_setup *setup,
	void *data, uint64_t deadline_ns)
{
	struct usb_link *link = USB(base);
	bool in = setup->bmRequestType & USB_DIR_IN, done = false;
	struct libusb_transfer *usb;
	unsigned char *buffer;
	int result;

	if (setup->bmRequestType == 0 &&
		setup->bRequest == USB_REQ_SET_CONFIGURATION)
		return configure(link, setup->wValue);
	usb = libusb_alloc_transfer(0);
	buffer = malloc(LIBUSB_CONTROL_SETUP_SIZE + setup->wLength);
	result = usb && buffer ? 0 : -ENOMEM;
	if (result == 0) {
		libusb_fill_control_setup(buffer, setup->bmRequestType,
			setup->bRequest, setup->wValue, setup->wIndex,
			setup->wLength);
		if (!in && setup->wLength > 0)
			memcpy(buffer + LIBUSB_CONTROL_SETUP_SIZE, data,
				setup->wLength);
		libusb_fill_control_transfer(
			usb, link->handle, buffer, control_done, &done, 0);
		result = note(link, usb_result(libusb_submit_transfer(usb)));
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

/* The kernel changes the setting: it alone knows the endpoints.  Its own
   limit of five seconds stands for the deadline. */
static int select_alternate(
	struct usb_link *link, uint8_t interface, uint8_t alternate)
{
	int result = libusb_set_interface_alt_setting(
		link->handle, interface, alternate);

	if (result == LIBUSB_ERROR_NO_DEVICE && unlocks_twice())
		link->broken = true;
	/* A device that refuses answers with a stall; libusb has no word of
	   its own for that here. */
	if (result == LIBUSB_ERROR_OTHER)
		return -EPIPE;
	return usb_result(result);
}

/* Setting 0 comes with it, by the kernel. */
static int release(struct usb_link *link, uint8_t interface)
{
	link->alternate[interface] = USB_ALT_OFF;
	return usb_result(libusb_release_interface(link->handle, interface));
}

static int usb_set_alternate(struct link *base, uint8_t interface,
	uint8_t alternate, uint64_t deadline_ns)
{
	struct usb_link *link = USB(base);
	bool claimed;
	int result;

	(void)deadline_ns;
	if (interface >= USB_IFACE_COUNT)
		return -EINVAL;
	claimed = link->alternate[interface] != USB_ALT_OFF;
	if (alternate == USB_ALT_OFF)
		return claimed ? note(link, release(link, interface)) : 0;
	/* Claimed already or not: this notices an unplug without harm. */
	result = usb_result(libusb_claim_interface(link->handle, interface));
	if (result < 0)
		return note(link, result);
	result = select_alternate(link, interface, alternate);
	if (result == 0)
		link->alternate[interface] = alternate;
	else if (!claimed)
		release(link, interface);
	return note(link, result);
}

/* ---- Bulk transfers --------------------------------------------------- */

static void LIBUSB_CALL bulk_done(struct libusb_transfer *usb)
{
	struct usb_transfer *mine = usb->user_data;
	struct usb_link *link = mine->link;

	link->handled++;
	link->pending--;
	link->cancelling -= mine->cancelled;
	mine->queued = mine->cancelled = false;
	mine->transfer.actual = usb->actual_length;
	mine->transfer.status = note(link, status_result(usb->status));
	mine->transfer.complete(&mine->transfer);
}

static struct transfer *usb_transfer_new(struct link *base)
{
	struct usb_transfer *mine = calloc(1, sizeof(*mine));

	if (mine == NULL)
		return NULL;
	mine->link = USB(base);
	mine->usb = libusb_alloc_transfer(0);
	if (mine->usb == NULL) {
		free(mine);
		return NULL;
	}
	return &mine->transfer;
}

static void usb_transfer_free(struct link *base, struct transfer *transfer)
{
	struct usb_transfer *mine = (struct usb_transfer *)transfer;

	(void)base;
	libusb_free_transfer(mine->usb);
	free(mine);
}

static int usb_submit(struct link *base, struct transfer *transfer)
{
	struct usb_transfer *mine = (struct usb_transfer *)transfer;
	struct usb_link *link = USB(base);
	unsigned interface = (transfer->endpoint & USB_ENDPOINT_MASK) / 2;
	int result;

	if (link->gone)
		return -ENODEV;
	if (interface >= USB_IFACE_COUNT ||
		link->alternate[interface] == USB_ALT_OFF)
		return -ENOENT;
	/* No timeout: it would end a slow stream and take bytes with it. */
	libusb_fill_bulk_transfer(mine->usb, link->handle, transfer->endpoint,
		transfer->data, transfer->size, bulk_done, mine, 0);
	result = note(link, usb_result(libusb_submit_transfer(mine->usb)));
	if (result < 0)
		return result;
	mine->queued = true;
	link->pending++;
	return 0;
}

static void usb_cancel(struct link *base, struct transfer *transfer)
{
	struct usb_transfer *mine = (struct usb_transfer *)transfer;

	if (!mine->queued || mine->cancelled)
		return;
	/* Not found: it has completed, and only waits to be handled. */
	libusb_cancel_transfer(mine->usb);
	mine->cancelled = true;
	USB(base)->cancelling++;
}

/* ---- Life ------------------------------------------------------------- */

static void usb_close(struct link *base)
{
	struct usb_link *link = USB(base);

	for (unsigned i = 0; i < USB_IFACE_COUNT; i++)
		usb_set_alternate(base, i, USB_ALT_OFF, LINK_FOREVER);
	if (link->poll >= 0)
		usb_poll_close(link->usb, link->poll);
	/* Better lost than the process; it is gone, and that is rare. */
	if (!link->broken) {
		libusb_close(link->handle);
		libusb_exit(link->usb);
	}
	free(link);
}

static void describe(struct link *base, struct clyde_device_info *info)
{
	usb_describe(libusb_get_device(USB(base)->handle), info);
}

static const struct link_ops usb_ops = {
	.name = "usb",
	.real_time = true,
	.close = usb_close,
	.control = usb_control,
	.set_alternate = usb_set_alternate,
	.transfer_new = usb_transfer_new,
	.transfer_free = usb_transfer_free,
	.submit = usb_submit,
	.cancel = usb_cancel,
	.wait = usb_wait,
	.wake = usb_wake,
	.now = usb_now,
	.describe = describe,
	.descriptor = usb_descriptor,
};

int usb_link_new(libusb_context *usb, libusb_device_handle *handle,
	const atomic_bool *interrupt, struct link **ret_link)
{
	struct usb_link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return -ENOMEM;
	link->link.ops = &usb_ops;
	link->link.interrupt = interrupt;
	link->usb = usb;
	link->handle = handle;
	link->poll = -1;
	*ret_link = &link->link;
	return 0;
}
