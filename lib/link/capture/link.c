/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The link that captures: it stands between the device and another link, passes
 * every call on to that link, and writes every transfer to a capture, as it is
 * submitted and as it ends.  find.c puts it there while a context captures.
 *
 * A result or a byte must never differ from what the inner link gave.
 *
 * Every call of struct link_ops but wake() has a function here, since
 * link_wake() finds the inner link by itself; tests/unit/test-link-capture.c fails
 * when one is missing.
 */
#include "lib/base/internal.h"

#include <stdlib.h>

struct capture_link {
	struct link link;    /* first */
	struct link_ops ops; /* with the inner link's name and clock */
	struct capture *capture;
	struct link_address address; /* the inner link's, or one made up */
};

/* The transfer that the caller has; the inner link has one of its own. */
struct captured_transfer {
	struct transfer transfer; /* first */
	struct transfer *inner;
	struct capture_link *link;
	uint64_t id;
};

#define CAPTURING(pointer) ((struct capture_link *)(pointer))
#define CAPTURED(pointer)  ((struct captured_transfer *)(pointer))

/* Packets carry the bus and the address of lsusb and usbmon.  The virtual link
   has neither: its devices are on bus 1, numbered in the order of opening. */
static void join(struct capture_link *link)
{
	uint8_t number = capture_join(link->capture);

	link->address = link->link.inner->address;
	if (link->address.address == 0)
		link->address = (struct link_address){1, number};
}

/* ---- Control ---------------------------------------------------------- */

static struct capture_event control_event(
	const struct capture_link *link, const struct usb_setup *setup)
{
	return (struct capture_event){
		.id = capture_next_id(link->capture),
		.bus = link->address.bus,
		.address = link->address.address,
		.endpoint = setup->bmRequestType & USB_DIR_IN,
		.size = setup->wLength,
		.setup = setup,
	};
}

/* How a control transfer ended: bytes moved, or an error. */
static void write_control_end(struct capture_link *link,
	struct capture_event *event, const void *data, int result)
{
	event->type = CAPTURE_COMPLETE;
	event->status = result < 0 ? result : 0;
	event->size = result < 0 ? 0 : result;
	event->data =
		event->endpoint & USB_DIR_IN && event->size > 0 ? data : NULL;
	capture_write(link->capture, &link->link, event);
}

static int capture_control(struct link *base, const struct usb_setup *setup,
	void *data, uint64_t deadline_ns)
{
	struct capture_link *link = CAPTURING(base);
	struct link *inner = base->inner;
	struct capture_event event = control_event(link, setup);
	int result;

	if (!(event.endpoint & USB_DIR_IN) && event.size > 0)
		event.data = data;
	capture_write(link->capture, base, &event);
	result = inner->ops->control(inner, setup, data, deadline_ns);
	write_control_end(link, &event, data, result);
	return result;
}

static int capture_set_alternate(struct link *base, uint8_t interface,
	uint8_t alternate, uint64_t deadline_ns)
{
	struct capture_link *link = CAPTURING(base);
	struct link *inner = base->inner;
	/* The request that the inner link sends for it */
	struct usb_setup setup = {
		.bmRequestType = USB_RECIP_INTERFACE,
		.bRequest = USB_REQ_SET_INTERFACE,
		.wValue = alternate,
		.wIndex = interface,
	};
	struct capture_event event = control_event(link, &setup);
	int result;

	capture_write(link->capture, base, &event);
	result = inner->ops->set_alternate(
		inner, interface, alternate, deadline_ns);
	write_control_end(link, &event, NULL, result);
	return result;
}

/* ---- Bulk ------------------------------------------------------------- */

static void write_bulk(const struct captured_transfer *transfer,
	enum capture_type type, int status, uint32_t size)
{
	struct capture_link *link = transfer->link;
	bool in = transfer->transfer.endpoint & USB_DIR_IN;
	bool travels = size > 0 && in == (type == CAPTURE_COMPLETE);

	capture_write(link->capture, &link->link,
		&(struct capture_event){
			.type = type,
			.id = transfer->id,
			.bus = link->address.bus,
			.address = link->address.address,
			.endpoint = transfer->transfer.endpoint,
			.status = status,
			.size = size,
			.data = travels ? transfer->transfer.data : NULL,
		});
}

static void completed(struct transfer *inner)
{
	struct captured_transfer *transfer = inner->user;

	transfer->transfer.actual = inner->actual;
	transfer->transfer.status = inner->status;
	write_bulk(transfer, CAPTURE_COMPLETE, inner->status, inner->actual);
	transfer->transfer.complete(&transfer->transfer);
}

static struct transfer *capture_transfer_new(struct link *base)
{
	struct captured_transfer *transfer = calloc(1, sizeof(*transfer));

	if (transfer == NULL)
		return NULL;
	transfer->link = CAPTURING(base);
	transfer->inner = base->inner->ops->transfer_new(base->inner);
	if (transfer->inner)
		return &transfer->transfer;
	free(transfer);
	return NULL;
}

static void capture_transfer_free(struct link *base, struct transfer *transfer)
{
	base->inner->ops->transfer_free(base->inner, CAPTURED(transfer)->inner);
	free(transfer);
}

static int capture_submit(struct link *base, struct transfer *transfer)
{
	struct captured_transfer *mine = CAPTURED(transfer);
	int result;

	mine->inner->endpoint = transfer->endpoint;
	mine->inner->data = transfer->data;
	mine->inner->size = transfer->size;
	mine->inner->complete = completed;
	mine->inner->user = mine;
	mine->id = capture_next_id(mine->link->capture);
	write_bulk(mine, CAPTURE_SUBMIT, 0, transfer->size);
	result = base->inner->ops->submit(base->inner, mine->inner);
	if (result < 0)
		write_bulk(mine, CAPTURE_ERROR, result, 0);
	return result;
}

static void capture_cancel(struct link *base, struct transfer *transfer)
{
	base->inner->ops->cancel(base->inner, CAPTURED(transfer)->inner);
}

/* ---- The rest --------------------------------------------------------- */

static int capture_wait(struct link *base, uint64_t deadline_ns)
{
	int result = base->inner->ops->wait(base->inner, deadline_ns);

	/* The wait has handled nothing, or was interrupted: the file now gets the
	   packets that led to it, even if a second signal ends the process. */
	if (result <= 0)
		capture_flush(CAPTURING(base)->capture, base);
	return result;
}

static int capture_claim_all(struct link *base)
{
	struct link *inner = base->inner;

	return inner->ops->claim_all(inner);
}

/* The device that comes back has another address on the bus. */
static int capture_await_return(struct link *base, uint64_t deadline_ns)
{
	struct capture_link *link = CAPTURING(base);
	int result = base->inner->ops->await_return(base->inner, deadline_ns);

	if (result == 0) {
		capture_leave(link->capture);
		join(link);
	}
	return result;
}

static void capture_describe(struct link *base, struct clyde_device_info *info)
{
	if (base->inner->ops->describe)
		base->inner->ops->describe(base->inner, info);
}

static int capture_recall(struct link *base,
	struct usb_device_descriptor *ret_descriptor,
	struct clyde_device_info *info)
{
	return base->inner->ops->recall(base->inner, ret_descriptor, info);
}

static int capture_busy_elsewhere(struct link *base)
{
	return base->inner->ops->busy(base->inner);
}

static uint64_t capture_now(struct link *base)
{
	return base->inner->ops->now(base->inner);
}

static int capture_descriptor(struct link *base)
{
	return base->inner->ops->descriptor(base->inner);
}

static void capture_end(struct link *base)
{
	base->inner->ops->close(base->inner);
	capture_leave(CAPTURING(base)->capture);
	free(base);
}

struct link *capture_unwrap(struct link *base)
{
	struct link *inner = base->inner;

	capture_leave(CAPTURING(base)->capture);
	free(base);
	return inner;
}

int capture_wrap(
	struct capture *capture, struct link *inner, struct link **ret_link)
{
	struct capture_link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	link->ops = (struct link_ops){
		.name = inner->ops->name,
		.real_time = inner->ops->real_time,
		.owns_device = inner->ops->owns_device,
		.close = capture_end,
		.control = capture_control,
		.set_alternate = capture_set_alternate,
		.transfer_new = capture_transfer_new,
		.transfer_free = capture_transfer_free,
		.submit = capture_submit,
		.cancel = capture_cancel,
		.wait = capture_wait,
		.now = capture_now,
		.descriptor = capture_descriptor,
		.claim_all = inner->ops->claim_all ? capture_claim_all : NULL,
		.await_return =
			inner->ops->await_return ? capture_await_return : NULL,
		.describe = capture_describe,
		.recall = inner->ops->recall ? capture_recall : NULL,
		.busy = capture_busy_elsewhere,
	};
	link->link.ops = &link->ops;
	link->link.interrupt = inner->interrupt;
	link->link.inner = inner;
	link->link.kept = inner->kept;
	link->link.log = inner->log;
	link->capture = capture;
	join(link);
	*ret_link = &link->link;
	return 0;
}
