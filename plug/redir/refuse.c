/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Answers to usbredir's packets for endpoints that a function on this bus
 * cannot have: isochronous, interrupt, streams.  Each is refused.  The parser
 * calls callbacks without a check for NULL, so all of them must be set.
 */
#include "session.h"

#include <stdlib.h>

static struct usbredirparser *parser_of(void *user)
{
	return ((struct session *)user)->parser;
}

static void refuse_iso(void *user, uint64_t id, uint8_t endpoint)
{
	struct usb_redir_iso_stream_status_header header = {
		.status = usb_redir_inval, .endpoint = endpoint};

	usbredirparser_send_iso_stream_status(parser_of(user), id, &header);
}

static void on_start_iso(void *user, uint64_t id,
	struct usb_redir_start_iso_stream_header *header)
{
	refuse_iso(user, id, header->endpoint);
}

static void on_stop_iso(void *user, uint64_t id,
	struct usb_redir_stop_iso_stream_header *header)
{
	refuse_iso(user, id, header->endpoint);
}

static void refuse_interrupt(void *user, uint64_t id, uint8_t endpoint)
{
	struct usb_redir_interrupt_receiving_status_header header = {
		.status = usb_redir_inval, .endpoint = endpoint};

	usbredirparser_send_interrupt_receiving_status(
		parser_of(user), id, &header);
}

static void on_start_interrupt(void *user, uint64_t id,
	struct usb_redir_start_interrupt_receiving_header *header)
{
	refuse_interrupt(user, id, header->endpoint);
}

static void on_stop_interrupt(void *user, uint64_t id,
	struct usb_redir_stop_interrupt_receiving_header *header)
{
	refuse_interrupt(user, id, header->endpoint);
}

static void refuse_streams(void *user, uint64_t id, uint32_t endpoints)
{
	struct usb_redir_bulk_streams_status_header header = {
		.endpoints = endpoints, .status = usb_redir_inval};

	usbredirparser_send_bulk_streams_status(parser_of(user), id, &header);
}

static void on_alloc_streams(void *user, uint64_t id,
	struct usb_redir_alloc_bulk_streams_header *header)
{
	refuse_streams(user, id, header->endpoints);
}

static void on_free_streams(void *user, uint64_t id,
	struct usb_redir_free_bulk_streams_header *header)
{
	refuse_streams(user, id, header->endpoints);
}

static void refuse_receiving(
	void *user, uint64_t id, uint8_t endpoint, uint32_t stream)
{
	struct usb_redir_bulk_receiving_status_header header = {
		.stream_id = stream,
		.endpoint = endpoint,
		.status = usb_redir_inval,
	};

	usbredirparser_send_bulk_receiving_status(parser_of(user), id, &header);
}

static void on_start_receiving(void *user, uint64_t id,
	struct usb_redir_start_bulk_receiving_header *header)
{
	refuse_receiving(user, id, header->endpoint, header->stream_id);
}

static void on_stop_receiving(void *user, uint64_t id,
	struct usb_redir_stop_bulk_receiving_header *header)
{
	refuse_receiving(user, id, header->endpoint, header->stream_id);
}

/* The protocol has no answer to an isochronous packet. */
static void on_iso(void *user, uint64_t id,
	struct usb_redir_iso_packet_header *header, uint8_t *data, int size)
{
	(void)user;
	(void)id;
	(void)header;
	(void)size;
	free(data);
}

static void on_interrupt(void *user, uint64_t id,
	struct usb_redir_interrupt_packet_header *header, uint8_t *data,
	int size)
{
	struct usb_redir_interrupt_packet_header answer = {
		.endpoint = header->endpoint, .status = usb_redir_inval};

	(void)size;
	free(data);
	usbredirparser_send_interrupt_packet(
		parser_of(user), id, &answer, NULL, 0);
}

void refuse_callbacks(struct usbredirparser *parser)
{
	parser->start_iso_stream_func = on_start_iso;
	parser->stop_iso_stream_func = on_stop_iso;
	parser->start_interrupt_receiving_func = on_start_interrupt;
	parser->stop_interrupt_receiving_func = on_stop_interrupt;
	parser->alloc_bulk_streams_func = on_alloc_streams;
	parser->free_bulk_streams_func = on_free_streams;
	parser->start_bulk_receiving_func = on_start_receiving;
	parser->stop_bulk_receiving_func = on_stop_receiving;
	parser->iso_packet_func = on_iso;
	parser->interrupt_packet_func = on_interrupt;
}
