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
	uint64_t queued; /* OUT: up to where the sequence is queued */
	uint64_t moved;  /* in order, and right */
	uint64_t end;    /* stop at this many */
	unsigned in_flight;
	unsigned completions, cancelled;
	bool draining; /* nothing is queued until all have come back */
	bool stopping;
	int failure;         /* enum libusb_transfer_status */
	double last, failed; /* when something moved; when it first failed */
};

/* The sequence from an offset on, for at least SIZE bytes. */
const uint8_t *sequence_at(uint64_t offset);

/* Queue transfers until so many bytes have moved. */
void stream_start(struct stream *stream, struct guest *guest, uint8_t endpoint,
	uint64_t end);

/* Handle what has completed; dies if nothing does for 10 s. */
void stream_pump(struct guest *guest);

/* Cancel what is queued and wait for all of it; then queue it again, or end. */
void stream_drain(struct stream *stream);
void stream_resume(struct stream *stream);
void stream_stop(struct stream *stream);

/* Die if a transfer has failed. */
void stream_check(const struct stream *stream);

#endif
