/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The session's list of requests, and the packets that answer completed
 * transfers.  plug/redir/session.c and plug/redir/transfer.c call these
 * functions.  Every request of the guest gets exactly one answer, unless the
 * device is unplugged before.
 */
#include "request.h"

#include <errno.h>
#include <stdlib.h>

/* More than any guest has in flight: usbfs stops at 16 MB. */
#define REQUESTS_MAX 4096
#define BYTES_MAX    (256u << 20)

static bool is_in(const struct request *request)
{
	return request->urb.endpoint & USB_DIR_IN;
}

/* ---- The list --------------------------------------------------------- */

struct request *request_new(struct session *session, enum kind kind,
	uint64_t id, uint8_t *data, uint32_t size)
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
	TAILQ_INSERT_TAIL(&session->requests, request, in_session);
	session->count++;
	session->controls += kind != KIND_BULK;
	session->bytes += size;
	return request;
}

static void release(struct session *session, struct request *request)
{
	TAILQ_REMOVE(&session->requests, request, in_session);
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
			resend_clear(&session->resend[i]);
}

void transfer_drop_all(struct session *session)
{
	struct request *request;

	TAILQ_FOREACH (request, &session->requests, in_session)
		bus_cancel(session->bus, &request->urb);
	while (bus_reap(session->bus))
		;
	while ((request = TAILQ_FIRST(&session->requests)))
		release(session, request); /* NOLINT: it takes it out */
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
		resend_dropped(&session->resend[describe_index(urb->endpoint)],
			request->data, length, ends);
	else
		resend_sent(&session->resend[describe_index(urb->endpoint)],
			request->id, request->data, length, ends);
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

/* The protocol wants the tables of interfaces and endpoints before the answer
   that says that the configuration is selected. */
static void answer_configuration(
	struct session *session, struct request *request)
{
	struct usb_redir_configuration_status_header header = {
		.status = status_of(request->urb.status),
		.configuration = request->kind == KIND_GET_CONFIGURATION
			? request->data[0]
			: request->urb.setup.wValue,
	};

	if (request->kind == KIND_SET_CONFIGURATION && request->urb.status == 0)
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

/* A request on endpoint 0 has succeeded.  If it selected a configuration or an
   alternate setting, bytes of its endpoints from before must not be sent. */
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
	describe_update(&session->description, setup);
}

void request_answer(struct session *session, struct request *request)
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
		request_answer(session, urb->user);
}
