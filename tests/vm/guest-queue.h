/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* A queue of libusb transfers on one endpoint, every byte of which is verified
   against the benchmark's sequence. */
#ifndef TESTS_VM_GUEST_QUEUE_H
#define TESTS_VM_GUEST_QUEUE_H

#include "guest-usb.h"

#define DEPTH 16
#define SIZE  65536

struct stream {
	struct guest *guest;
	struct libusb_transfer *transfers[DEPTH];
	uint64_t queued; /* OUT: the sequence is queued up to here. */
	uint64_t moved;  /* Bytes moved, in order and right. */
	uint64_t end;    /* The number of bytes to move. */
	unsigned in_flight;
	unsigned completions, cancelled;
	/* Nothing is queued until all transfers have come back. */
	bool draining;
	bool stopping;
	int failure; /* enum libusb_transfer_status */
	/* When bytes moved last, and when a transfer failed first. */
	double last, failed;
};

/* Returns the sequence from an offset on, at least SIZE bytes of it. */
const uint8_t *sequence_at(uint64_t offset);

/* Queues transfers until this many bytes have moved. */
void stream_start(struct stream *stream, struct guest *guest, uint8_t endpoint,
	uint64_t end);

/* Handles completions; dies if none comes for 10 s. */
void stream_pump(struct guest *guest);

/* Cancels the queued transfers and waits for all of them. stream_resume()
   queues them again; stream_stop() ends the stream. */
void stream_drain(struct stream *stream);
void stream_resume(struct stream *stream);
void stream_stop(struct stream *stream);

/* Dies if a transfer has failed. */
void stream_check(const struct stream *stream);

#endif
