/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The transfers of a usbredir connection: takes the packets in which the
 * guest asks for them, gives the packets that answer.
 */
#include "redir-session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More than any guest has in flight: usbfs stops at 16 MB. */
#define REQUESTS_MAX 4096
#define BYTES_MAX    (256u << 20)

enum kind {
	KIND_CONTROL,
	KIND_BULK,
	KIND_SET_CONFIGURATION,
	KIND_GET_CONFIGURATION,
	KIND_SET_ALTERNATE,
	KIND_GET_ALTERNATE,
	KIND_RESET, /* ours: nobody waits for an answer */
};

struct request {
	struct urb urb;
	struct request *previous, *next;
	enum kind kind;
	uint64_t id;
	uint32_t stream;
	uint8_t *data;   /* from malloc(), or from the parser, which is that */
	uint32_t served; /* of an IN: what it began with, before the bus */
	uint32_t size;
	bool cancelled;
};

static bool is_in(const struct request *request)
{
	return request->urb.endpoint & USB_DIR_IN;
}

static struct keep *keep_of(struct session *session, uint8_t endpoint)
{
	return &session->keep[describe_index(endpoint)];
}

/* ---- The list --------------------------------------------------------- */

/* Takes the data, which may be NULL. */
static struct request *add(struct session *session, enum kind kind, uint64_t id,
	uint8_t *data, uint32_t size)
{
	struct request *request = NULL;

	if (session->count >= REQUESTS_MAX || session->bytes + size > BYTES_MAX)
		session_fail(session, "more transfers than can be in flight");
	else
		request = calloc(1, sizeof(*request));
	if (request && data == NULL) {
		data = malloc(size ? size : 1);
		if (data == NULL) {
			free(request);
			request = NULL;
		}
	}
	if (request == NULL) {
		session_fail(session, "out of memory");
		free(data);
		return NULL;
	}
	request->kind = kind;
	request->id = id;
	request->data = data;
	request->size = size;
	request->urb.user = request;
	request->urb.data = data;
	request->urb.length = size;
	request->previous = session->last;
	if (session->last)
		session->last->next = request;
	else
		session->first = request;
	session->last = request;
	session->count++;
	session->controls += kind != KIND_BULK;
	session->bytes += size;
	return request;
}

static void release(struct session *session, struct request *request)
{
	if (request->previous)
		request->previous->next = request->next;
	else
		session->first = request->next;
	if (request->next)
		request->next->previous = request->previous;
	else
		session->last = request->previous;
	session->count--;
	session->controls -= request->kind != KIND_BULK;
	session->bytes -= request->size;
	free(request->data);
	free(request);
}

static void forget_bytes(struct session *session, uint32_t endpoints)
{
	for (unsigned i = 0; i < SESSION_ENDPOINTS; i++)
		if (endpoints >> i & 1)
			keep_clear(&session->keep[i]);
}

void transfer_drop_all(struct session *session)
{
	bus_unplug(session->bus);
	while (bus_reap(session->bus))
		;
	while (session->first)
		release(session, session->first);
	forget_bytes(session, UINT32_MAX);
}

/* ---- Answers ---------------------------------------------------------- */

static uint8_t status_of(int status)
{
	switch (status) {
	case 0:
		return usb_redir_success;
	case -ECANCELED:
		return usb_redir_cancelled;
	case -EPIPE:
		return usb_redir_stall;
	case -EOVERFLOW:
		return usb_redir_babble;
	case -EINVAL:
		return usb_redir_inval;
	}
	return usb_redir_ioerror;
}

static void answer_bulk(struct session *session, struct request *request)
{
	struct urb *urb = &request->urb;
	uint32_t length = request->served + urb->actual;
	uint32_t given = length;
	bool dropped = request->cancelled && is_in(request);
	bool ends = urb->status == 0 && length < request->size;
	struct usb_redir_bulk_packet_header header = {
		.endpoint = urb->endpoint,
		.status = request->cancelled ? usb_redir_cancelled
					     : status_of(urb->status),
		.stream_id = request->stream,
	};

	if (dropped)
		given = 0;
	header.length = given & 0xffff;
	header.length_high = given >> 16;
	if (!is_in(request)) {
		usbredirparser_send_bulk_packet(
			session->parser, request->id, &header, NULL, 0);
		return;
	}
	usbredirparser_send_bulk_packet(
		session->parser, request->id, &header, request->data, given);
	if (length == 0 && !ends)
		return;
	if (dropped)
		keep_dropped(keep_of(session, urb->endpoint), request->data,
			length, ends);
	else
		keep_sent(keep_of(session, urb->endpoint), request->id,
			request->data, length, ends);
	request->data = NULL;
}

static void answer_control(struct session *session, struct request *request)
{
	const struct usb_setup *setup = &request->urb.setup;
	bool in = setup->bmRequestType & USB_DIR_IN;
	struct usb_redir_control_packet_header header = {
		.endpoint = setup->bmRequestType & USB_DIR_IN,
		.request = setup->bRequest,
		.requesttype = setup->bmRequestType,
		.status = status_of(request->urb.status),
		.value = setup->wValue,
		.index = setup->wIndex,
		.length = request->urb.actual,
	};

	usbredirparser_send_control_packet(session->parser, request->id,
		&header, in ? request->data : NULL,
		in ? (int)request->urb.actual : 0);
}

/* The guest learns what is selected before it learns that it is. */
static void answer_configuration(
	struct session *session, struct request *request)
{
	struct usb_redir_configuration_status_header header = {
		.status = status_of(request->urb.status),
		.configuration = request->kind == KIND_GET_CONFIGURATION
			? request->data[0]
			: request->urb.setup.wValue,
	};

	if (request->kind == KIND_SET_CONFIGURATION &&
		request->urb.status == 0)
		session_describe(session);
	usbredirparser_send_configuration_status(
		session->parser, request->id, &header);
}

static void answer_alternate(struct session *session, struct request *request)
{
	struct usb_redir_alt_setting_status_header header = {
		.status = status_of(request->urb.status),
		.interface = request->urb.setup.wIndex,
		.alt = request->kind == KIND_GET_ALTERNATE
			? request->data[0]
			: request->urb.setup.wValue,
	};

	if (request->kind == KIND_SET_ALTERNATE && request->urb.status == 0)
		session_describe(session);
	usbredirparser_send_alt_setting_status(
		session->parser, request->id, &header);
}

/* A request on endpoint 0 took effect: what it selected begins anew, and has
   no bytes from before. */
static void take_effect(struct session *session, const struct usb_setup *setup)
{
	if (setup->bmRequestType == USB_RECIP_DEVICE &&
		setup->bRequest == USB_REQ_SET_CONFIGURATION)
		forget_bytes(session, UINT32_MAX);
	if (setup->bmRequestType == USB_RECIP_INTERFACE &&
		setup->bRequest == USB_REQ_SET_INTERFACE)
		forget_bytes(session,
			describe_endpoints(
				&session->description, setup->wIndex));
	describe_note(&session->description, setup);
}

static void answer(struct session *session, struct request *request)
{
	if (request->kind != KIND_BULK && request->urb.status == 0)
		take_effect(session, &request->urb.setup);
	switch (request->kind) {
	case KIND_CONTROL:
		answer_control(session, request);
		break;
	case KIND_BULK:
		answer_bulk(session, request);
		break;
	case KIND_SET_CONFIGURATION:
	case KIND_GET_CONFIGURATION:
		answer_configuration(session, request);
		break;
	case KIND_SET_ALTERNATE:
	case KIND_GET_ALTERNATE:
		answer_alternate(session, request);
		break;
	case KIND_RESET:
		break;
	}
	release(session, request);
}

void session_reap(struct session *session)
{
	struct urb *urb;

	while (session->bus && (urb = bus_reap(session->bus)))
		answer(session, urb->user);
}

/* ---- Questions -------------------------------------------------------- */

/* What comes for a device that is gone is not answered. */
static bool deaf(const struct session *session)
{
	return session->bus == NULL || !session->announced;
}

static void ask(struct session *session, enum kind kind, uint64_t id,
	struct usb_setup setup)
{
	struct request *request;

	if (deaf(session))
		return;
	request = add(session, kind, id, NULL, setup.wLength);
	if (request == NULL)
		return;
	memset(request->data, 0, setup.wLength);
	request->urb.setup = setup;
	bus_submit(session->bus, &request->urb);
}

static void on_set_configuration(void *user, uint64_t id,
	struct usb_redir_set_configuration_header *header)
{
	ask(user, KIND_SET_CONFIGURATION, id,
		(struct usb_setup){
			.bRequest = USB_REQ_SET_CONFIGURATION,
			.wValue = header->configuration,
		});
}

static void on_get_configuration(void *user, uint64_t id)
{
	ask(user, KIND_GET_CONFIGURATION, id,
		(struct usb_setup){
			.bmRequestType = USB_DIR_IN,
			.bRequest = USB_REQ_GET_CONFIGURATION,
			.wLength = 1,
		});
}

static void on_set_alternate(void *user, uint64_t id,
	struct usb_redir_set_alt_setting_header *header)
{
	ask(user, KIND_SET_ALTERNATE, id,
		(struct usb_setup){
			.bmRequestType = USB_RECIP_INTERFACE,
			.bRequest = USB_REQ_SET_INTERFACE,
			.wValue = header->alt,
			.wIndex = header->interface,
		});
}

static void on_get_alternate(void *user, uint64_t id,
	struct usb_redir_get_alt_setting_header *header)
{
	ask(user, KIND_GET_ALTERNATE, id,
		(struct usb_setup){
			.bmRequestType = USB_DIR_IN | USB_RECIP_INTERFACE,
			.bRequest = USB_REQ_GET_INTERFACE,
			.wIndex = header->interface,
			.wLength = 1,
		});
}

/* A device that is reset forgets its configuration; the FX2 keeps the FPGA's. */
void transfer_reset(struct session *session)
{
	if (deaf(session))
		return;
	for (struct request *request = session->first; request;
		request = request->next)
		bus_cancel(session->bus, &request->urb);
	session_reap(session);
	ask(session, KIND_RESET, 0,
		(struct usb_setup){.bRequest = USB_REQ_SET_CONFIGURATION});
}

static void on_control(void *user, uint64_t id,
	struct usb_redir_control_packet_header *header, uint8_t *data, int size)
{
	struct session *session = user;
	struct request *request;
	bool in = header->requesttype & USB_DIR_IN;

	if (deaf(session)) {
		free(data);
		return;
	}
	if (!in && size != header->length) {
		free(data);
		session_fail(session, "a control packet of a wrong length");
		return;
	}
	if (in) { /* the parser has seen to it that there is none */
		free(data);
		data = NULL;
	}
	request = add(session, KIND_CONTROL, id, data, header->length);
	if (request == NULL)
		return;
	request->urb.setup = (struct usb_setup){
		.bmRequestType = header->requesttype,
		.bRequest = header->request,
		.wValue = header->value,
		.wIndex = header->index,
		.wLength = header->length,
	};
	bus_submit(session->bus, &request->urb);
}

/* An IN transfer begins with what its endpoint has kept. */
static void submit_in(struct session *session, struct request *request)
{
	struct urb *urb = &request->urb;
	bool done = keep_serve(keep_of(session, urb->endpoint), request->data,
		request->size, &request->served);

	if (done) {
		answer(session, request);
		return;
	}
	urb->data += request->served;
	urb->length -= request->served;
	bus_submit(session->bus, urb);
}

static void on_bulk(void *user, uint64_t id,
	struct usb_redir_bulk_packet_header *header, uint8_t *data, int size)
{
	struct session *session = user;
	struct request *request;
	uint32_t length = header->length;
	bool in = header->endpoint & USB_DIR_IN;

	if (usbredirparser_peer_has_cap(
		    session->parser, usb_redir_cap_32bits_bulk_length))
		length |= (uint32_t)header->length_high << 16;
	if (deaf(session)) {
		free(data);
		return;
	}
	if ((header->endpoint & USB_ENDPOINT_MASK) == 0 ||
		header->endpoint & ~(USB_DIR_IN | USB_ENDPOINT_MASK) ||
		(in ? size != 0 : (uint32_t)size != length)) {
		free(data);
		session_fail(session, "a bulk packet that is none");
		return;
	}
	request = add(session, KIND_BULK, id, data, length);
	if (request == NULL)
		return;
	request->stream = header->stream_id;
	request->urb.endpoint = header->endpoint;
	if (in)
		submit_in(session, request);
	else
		bus_submit(session->bus, &request->urb);
}

/* The answer may be on its way: then the guest drops it when it arrives. */
static void on_cancel(void *user, uint64_t id)
{
	struct session *session = user;
	struct request *request = session->first;

	if (deaf(session))
		return;
	while (request && (request->id != id || request->kind == KIND_RESET))
		request = request->next;
	if (request == NULL) {
		for (unsigned i = 0; i < SESSION_ENDPOINTS; i++)
			keep_recall(&session->keep[i], id);
		return;
	}
	request->cancelled = true;
	bus_cancel(session->bus, &request->urb);
	session_reap(session);
}

void transfer_callbacks(struct usbredirparser *parser)
{
	parser->set_configuration_func = on_set_configuration;
	parser->get_configuration_func = on_get_configuration;
	parser->set_alt_setting_func = on_set_alternate;
	parser->get_alt_setting_func = on_get_alternate;
	parser->control_packet_func = on_control;
	parser->bulk_packet_func = on_bulk;
	parser->cancel_data_packet_func = on_cancel;
}
