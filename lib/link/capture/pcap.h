/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Captures: a pcap file of the transfers of a context's links.  pcap.c writes the
 * file, link.c is the link that writes to it; context.c opens and closes a
 * capture, find.c wraps links.
 *
 *	device, engine, ... -- capturing link -- the link to the device
 *	                             |
 *	                          capture
 *
 * A capture belongs to a context and outlives the links that write to it.
 */
#ifndef LIB_CAPTURE_H
#define LIB_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/usb.h"

struct capture;
struct link;

/* Create or replace the file. */
int capture_open(const char *path, struct capture **ret_capture);

/*
 * Close the file.  Fails if a write has failed since capture_open(): the capture
 * has ended there, and the file has the packets before that.  NULL is fine.
 */
int capture_close(struct capture *capture);

/* Whether a link writes to it. */
bool capture_busy(const struct capture *capture);

/* End the capturing link around a link, which goes on: returns that link. */
struct link *capture_unwrap(struct link *link);

/* Wrap a link.  On failure it stays as it was. */
int capture_wrap(
	struct capture *capture, struct link *inner, struct link **ret_link);

/* ---- Between pcap.c and link.c ---------------------------------------- */

enum capture_type { CAPTURE_SUBMIT, CAPTURE_COMPLETE, CAPTURE_ERROR };

struct capture_event {
	enum capture_type type;
	uint64_t id;  /* of the transfer, from submission to completion */
	uint16_t bus; /* of the device, as is its address */
	uint8_t address;
	uint8_t endpoint; /* with its direction */
	int status;
	uint32_t size;                 /* B asked for, or moved */
	const void *data;              /* B that travel with this event */
	const struct usb_setup *setup; /* of a control transfer, always */
};

/* A link begins to write to the capture, and ends.  capture_join() returns an
   address for a device that has none. */
uint8_t capture_join(struct capture *capture);
void capture_leave(struct capture *capture);

/* The number of a new transfer. */
uint64_t capture_next_id(struct capture *capture);

/* Write an event, with the present time of the link's clock. */
void capture_write(struct capture *capture, struct link *link,
	const struct capture_event *event);

/* Write all pending packets to the file. */
void capture_flush(struct capture *capture, struct link *link);

#endif
