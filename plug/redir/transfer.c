/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes the guest's packets, gives transfers to the bus. */
#include "request.h"

#include <stdlib.h>
#include <string.h>

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
	request = request_new(session, kind, id, NULL, setup.wLength);
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
	struct request *request;

	if (deaf(session))
		return;
	TAILQ_FOREACH (request, &session->requests, in_session)
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
	request = request_new(session, KIND_CONTROL, id, data, header->length);
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
	struct keep *keep = &session->keep[describe_index(urb->endpoint)];
	bool done;

	keep_forget(keep, request->id);
	done = keep_serve(keep, request->data, request->size, &request->served);
	if (done) {
		request_answer(session, request);
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
	request = request_new(session, KIND_BULK, id, data, length);
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
	struct request *request;

	if (deaf(session))
		return;
	TAILQ_FOREACH (request, &session->requests, in_session)
		if (request->id == id && request->kind != KIND_RESET)
			break;
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
