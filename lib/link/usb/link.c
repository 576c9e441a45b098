/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The link to a Glasgow on this machine's USB: bulk transfers, waiting, opening
 * and closing.  The layers above call it through struct link_ops.  Bulk transfers
 * are libusb's asynchronous ones; their completions are handled in wait(), and in
 * control(), on the thread that makes that call.
 *
 * No bulk transfer may have a timeout of libusb's: it would end a slow stream and
 * lose the bytes that the transfer has moved.
 */
#include "usb.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long a wait() lasts at most while cancelled transfers have not come back,
   in place of USB_SLICE_NS.  The flags that end a wait do not shorten it: a drain
   goes on in spite of them, and would use all of a CPU. */
#define CANCEL_SLICE_NS 1000000

struct usb_transfer {
	struct transfer transfer; /* first */
	struct usb_link *link;
	struct libusb_transfer *usb;
	bool queued, cancelled;
};

int usb_status_result(enum libusb_transfer_status status)
{
	switch (status) {
	case LIBUSB_TRANSFER_COMPLETED:
		return 0;
	case LIBUSB_TRANSFER_TIMED_OUT:
		return CLYDE_ERROR_TIMEOUT;
	case LIBUSB_TRANSFER_CANCELLED:
		return CLYDE_ERROR_CANCELED;
	case LIBUSB_TRANSFER_STALL:
		return CLYDE_ERROR_STALL;
	case LIBUSB_TRANSFER_NO_DEVICE:
		return CLYDE_ERROR_NO_DEVICE;
	case LIBUSB_TRANSFER_OVERFLOW:
		return CLYDE_ERROR_BABBLE;
	case LIBUSB_TRANSFER_ERROR:
		break;
	}
	return CLYDE_ERROR_IO;
}

int usb_note(struct usb_link *link, int result)
{
	link->gone |= result == CLYDE_ERROR_NO_DEVICE;
	return result;
}

static uint64_t usb_now(struct link *base)
{
	struct timespec now;

	(void)base;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int usb_session_handle(struct usb_session *session, uint64_t patience_ns)
{
	struct timeval timeout = {
		.tv_sec = patience_ns / 1000000000,
		.tv_usec = (patience_ns % 1000000000 + 999) / 1000,
	};
	int result = usb_result(libusb_handle_events_timeout_completed(
		session->usb, &timeout, NULL));

	return result == CLYDE_ERROR_INTERRUPTED ? 0 : result;
}

int usb_handle(struct usb_link *link, uint64_t patience_ns)
{
	return usb_session_handle(link->session, patience_ns);
}

/* How long libusb may wait for events before wait() returns and its caller looks
   at the flags that end a wait. */
static uint64_t patience(struct usb_link *link, uint64_t deadline_ns)
{
	uint64_t now = usb_now(&link->link);
	uint64_t slice = USB_SLICE_NS;

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
	if (base->lost || (link->pending == 0 && link->gone))
		return CLYDE_ERROR_NO_DEVICE;
	if (link->pending == 0 && deadline_ns == LINK_FOREVER)
		return CLYDE_ERROR_DEADLOCK;
	result = usb_handle(link, patience(link, deadline_ns));
	link_woken(base);
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
	mine->transfer.status = usb_note(link, usb_status_result(usb->status));
	/* When another program resets the device, the kernel cancels our
	   transfers, and libusb reports them as completed.  A write that
	   completes short cannot be anything else: report the loss. */
	if (mine->transfer.status == 0 && !(usb->endpoint & USB_DIR_IN) &&
		mine->transfer.actual < mine->transfer.size)
		mine->transfer.status = CLYDE_ERROR_RESET;
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

	if (base->lost || link->gone)
		return CLYDE_ERROR_NO_DEVICE;
	if (interface >= USB_IFACE_COUNT ||
		link->alternate[interface] == USB_ALT_OFF)
		return CLYDE_ERROR_ENDPOINT_OFF;
	libusb_fill_bulk_transfer(mine->usb, link->handle, transfer->endpoint,
		transfer->data, transfer->size, bulk_done, mine, 0);
	result = usb_note(link, usb_result(libusb_submit_transfer(mine->usb)));
	/* The kernel has no such endpoint (ENOENT), which libusb reports as
	   LIBUSB_ERROR_IO: another program has changed the alternate setting
	   or reset the device. */
	if (result == CLYDE_ERROR_IO)
		return CLYDE_ERROR_RESET;
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
	/* LIBUSB_ERROR_NOT_FOUND is no failure: the transfer has completed, and
	   its completion is not handled yet. */
	libusb_cancel_transfer(mine->usb);
	mine->cancelled = true;
	USB(base)->cancelling++;
}

/* ---- Opening and closing ---------------------------------------------- */

/* A device has arrived or left, on any bus.  While no transfer is in flight, only
   this event shows that the link's device was unplugged. */
static int LIBUSB_CALL plugged(libusb_context *usb, libusb_device *device,
	libusb_hotplug_event event, void *user)
{
	struct usb_link *link = user;

	(void)usb;
	if (event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED)
		link->arrived = true;
	else if (device == libusb_get_device(link->handle))
		link->gone = true;
	return 0;
}

/* Without hotplug events, an unplug is noticed when the next transfer fails, and
   a return of the device when usb_await_return() looks at the buses again. */
static void listen_for_plugs(struct usb_link *link)
{
	link->listens = libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG) &&
		libusb_hotplug_register_callback(link->usb,
			LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED |
				LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT,
			0, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
			LIBUSB_HOTPLUG_MATCH_ANY, plugged, link,
			&link->hotplug) == 0;
}

/* Close libusb's handle and leave the session.  A handle that libusb cannot close
   stays open until the process ends, and so does its session, because
   libusb_close() would abort the process, see unlocks_twice(). */
static void let_go(struct usb_link *link)
{
	if (link->poll >= 0)
		usb_poll_close(link->usb, link->poll);
	link->poll = -1;
	/* The session may have other users, and call back after this link is
	   freed. */
	if (link->listens)
		libusb_hotplug_deregister_callback(link->usb, link->hotplug);
	link->listens = false;
	if (link->broken)
		return;
	libusb_close(link->handle);
	usb_session_leave(link->session);
}

/* The links of this process, so that a caller can say who uses a device. */
static pthread_mutex_t open_links_lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, usb_link) open_links = LIST_HEAD_INITIALIZER(open_links);

static void lock_open_links(void)
{
	pthread_mutex_lock(&open_links_lock);
}

static void unlock_open_links(void)
{
	pthread_mutex_unlock(&open_links_lock);
}

/* The child of a fork has none of them. */
static void forget_open_links(void)
{
	LIST_INIT(&open_links);
	unlock_open_links();
}

__attribute__((constructor)) static void expect_forks(void)
{
	pthread_atfork(lock_open_links, unlock_open_links, forget_open_links);
}

bool link_is_open_twice(const struct link *link)
{
	const struct usb_link *other;
	bool found = false;

	while (link->inner)
		link = link->inner;
	lock_open_links();
	LIST_FOREACH (other, &open_links, among_open)
		found |= &other->link != link && link->address.address != 0 &&
			other->link.address.bus == link->address.bus &&
			other->link.address.address == link->address.address;
	unlock_open_links();
	return found;
}

static void set_address(struct usb_link *link)
{
	libusb_device *device = libusb_get_device(link->handle);

	lock_open_links();
	link->link.address =
		(struct link_address){libusb_get_bus_number(device),
			libusb_get_device_address(device)};
	unlock_open_links();
}

void usb_link_adopt(struct usb_link *link, struct usb_session *session,
	libusb_device_handle *handle)
{
	let_go(link);
	link->session = usb_session_share(session);
	link->usb = session->usb;
	link->handle = handle;
	memset(link->alternate, 0, sizeof(link->alternate));
	link->gone = link->broken = false;
	set_address(link);
	listen_for_plugs(link);
}

static void usb_close(struct link *base)
{
	struct usb_link *link = USB(base);

	for (unsigned i = 0; i < USB_IFACE_COUNT; i++)
		usb_set_alternate(base, i, USB_ALT_OFF, LINK_FOREVER);
	let_go(link);
	lock_open_links();
	LIST_REMOVE(link, among_open);
	unlock_open_links();
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
	.claim_all = usb_claim_all,
	.await_return = usb_await_return,
	.describe = describe,
	.descriptor = usb_descriptor,
	.recall = usb_recall,
	.busy = usb_busy,
};

int usb_link_new(struct usb_session *session, libusb_device_handle *handle,
	const struct interrupt *interrupt, struct link **ret_link)
{
	struct usb_link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	link->link.ops = &usb_ops;
	link->link.interrupt = interrupt;
	link->session = usb_session_share(session);
	link->usb = session->usb;
	link->handle = handle;
	set_address(link);
	listen_for_plugs(link);
	link->poll = -1;
	lock_open_links();
	LIST_INSERT_HEAD(&open_links, link, among_open);
	unlock_open_links();
	*ret_link = &link->link;
	return 0;
}
