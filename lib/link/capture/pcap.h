/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Captures: a file of what crosses the seam, and the link that writes it.
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
 * Close the file.  If it ended early, this is where it is told: -errno, and
 * the file holds what came before.  NULL is fine.
 */
int capture_close(struct capture *capture);

/* Whether a link writes to it. */
bool capture_busy(const struct capture *capture);

/* End the capturing link around a link, which goes on: returns that link. */
struct link *capture_unwrap(struct link *link);

/* Wrap a link.  On failure it stays as it was. */
int capture_wrap(
	struct capture *capture, struct link *inner, struct link **ret_link);

/* ---- Between lib/link/capture/pcap.c and lib/link/capture/link.c ----------------------------- */

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

/* A link begins and ends.  Returns an address for a device that has none. */
uint8_t capture_join(struct capture *capture);
void capture_leave(struct capture *capture);

/* The number of a new transfer. */
uint64_t capture_next_id(struct capture *capture);

/* Write an event at the link's time, which is now. */
void capture_write(struct capture *capture, struct link *link,
	const struct capture_event *event);

/* Have all of it in the file now. */
void capture_flush(struct capture *capture, struct link *link);

#endif
