/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The guest's packets that become transfers on the bus, and the guest's
 * cancellations.  The parser calls these callbacks.  The packets are foreign
 * input: a size that does not fit ends the session.
 */
#include "request.h"

#include <stdlib.h>
#include <string.h>

/* Packets for a device that is gone are not answered. */
static bool has_no_device(const struct session *session)
{
	return session->bus == NULL || !session->announced;
}

static void submit_standard(struct session *session, enum kind kind,
	uint64_t id, struct usb_setup setup)
{
	struct request *request;

	if (has_no_device(session))
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
	submit_standard(user, KIND_SET_CONFIGURATION, id,
		(struct usb_setup){
			.bRequest = USB_REQ_SET_CONFIGURATION,
			.wValue = header->configuration,
		});
}

static void on_get_configuration(void *user, uint64_t id)
{
	submit_standard(user, KIND_GET_CONFIGURATION, id,
		(struct usb_setup){
			.bmRequestType = USB_DIR_IN,
			.bRequest = USB_REQ_GET_CONFIGURATION,
			.wLength = 1,
		});
}

static void on_set_alternate(void *user, uint64_t id,
	struct usb_redir_set_alt_setting_header *header)
{
	submit_standard(user, KIND_SET_ALTERNATE, id,
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
	submit_standard(user, KIND_GET_ALTERNATE, id,
		(struct usb_setup){
			.bmRequestType = USB_DIR_IN | USB_RECIP_INTERFACE,
			.bRequest = USB_REQ_GET_INTERFACE,
			.wIndex = header->interface,
			.wLength = 1,
		});
}

/* After a reset a device is not configured.  The FPGA keeps its bitstream. */
void transfer_reset(struct session *session)
{
	struct request *request;

	if (has_no_device(session))
		return;
	TAILQ_FOREACH (request, &session->requests, in_session)
		bus_cancel(session->bus, &request->urb);
	session_reap(session);
	submit_standard(session, KIND_RESET, 0,
		(struct usb_setup){.bRequest = USB_REQ_SET_CONFIGURATION});
}

static void on_control(void *user, uint64_t id,
	struct usb_redir_control_packet_header *header, uint8_t *data, int size)
{
	struct session *session = user;
	struct request *request;
	bool in = header->requesttype & USB_DIR_IN;

	if (has_no_device(session)) {
		free(data);
		return;
	}
	if (!in && size != header->length) {
		free(data);
		session_fail(session, "a control packet of a wrong length");
		return;
	}
	if (in) { /* the parser accepts no data with an IN packet */
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

/* An IN transfer begins with the bytes of its endpoint that QEMU has dropped.
   */
static void submit_in(struct session *session, struct request *request)
{
	struct urb *urb = &request->urb;
	struct resend *resend = &session->resend[describe_index(urb->endpoint)];
	bool done;

	resend_forget(resend, request->id);
	done = resend_serve(
		resend, request->data, request->size, &request->served);
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
	if (has_no_device(session)) {
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

/* If the transfer was answered already, QEMU drops that answer when it
   arrives. */
static void on_cancel(void *user, uint64_t id)
{
	struct session *session = user;
	struct request *request;

	if (has_no_device(session))
		return;
	TAILQ_FOREACH (request, &session->requests, in_session)
		if (request->id == id && request->kind != KIND_RESET)
			break;
	if (request == NULL) {
		for (unsigned i = 0; i < SESSION_ENDPOINTS; i++)
			resend_recall(&session->resend[i], id);
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
