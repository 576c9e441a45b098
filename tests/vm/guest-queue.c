/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Implements guest-queue.h: keeps transfers in flight on an endpoint, in
   order. */
#include "guest-queue.h"

#include <stdlib.h>
#include <string.h>

static uint8_t sequence[SEQUENCE_PERIOD + SIZE];

const uint8_t *sequence_at(uint64_t offset)
{
	if (sequence[0] == 0) {
		sequence_generate(sequence);
		memcpy(sequence + SEQUENCE_PERIOD, sequence, SIZE);
	}
	return sequence + offset % SEQUENCE_PERIOD;
}

static bool is_in(const struct libusb_transfer *transfer)
{
	return transfer->endpoint & LIBUSB_ENDPOINT_IN;
}

static void submit(struct stream *stream, struct libusb_transfer *transfer)
{
	uint64_t left = stream->end - stream->queued;
	int result;

	if (stream->stopping || stream->failure)
		return;
	if (!is_in(transfer)) {
		if (left == 0)
			return;
		transfer->length = left < SIZE ? left : SIZE;
		memcpy(transfer->buffer, sequence_at(stream->queued),
			transfer->length);
		stream->queued += transfer->length;
	}
	result = libusb_submit_transfer(transfer);
	if (result == LIBUSB_ERROR_NO_DEVICE)
		stream->failure = LIBUSB_TRANSFER_NO_DEVICE;
	else
		check(result, "submit");
	stream->in_flight += result == 0;
}

/* Returns where in the sequence these bytes are, or -1.  Eight bytes occur only
   once in it. */
static long locate(const uint8_t *data)
{
	for (long at = 0; at < SEQUENCE_PERIOD; at++)
		if (memcmp(sequence + at, data, 8) == 0)
			return at;
	return -1;
}

static void verify(struct stream *stream, struct libusb_transfer *transfer)
{
	const uint8_t *expected = sequence_at(stream->moved);
	int i = 0;

	while (i < transfer->actual_length &&
		transfer->buffer[i] == expected[i])
		i++;
	if (i == transfer->actual_length)
		return;
	die("byte %llu, %d of %d with status %d, is not that at %llu of the "
	    "sequence but that at %ld",
		(unsigned long long)stream->moved + i, i,
		transfer->actual_length, transfer->status,
		(unsigned long long)(stream->moved + i) % SEQUENCE_PERIOD,
		i + 8 <= transfer->actual_length ? locate(transfer->buffer + i)
						 : -1);
}

static void LIBUSB_CALL complete(struct libusb_transfer *transfer)
{
	struct stream *stream = transfer->user_data;

	stream->in_flight--;
	stream->completions++;
	if (transfer->actual_length > 0)
		stream->last = seconds();
	if (is_in(transfer))
		verify(stream, transfer);
	stream->moved += transfer->actual_length;
	if (transfer->status == LIBUSB_TRANSFER_CANCELLED) {
		stream->cancelled++;
	} else if (transfer->status != LIBUSB_TRANSFER_COMPLETED) {
		if (stream->failed == 0)
			stream->failed = seconds();
		stream->failure = transfer->status;
	}
	if (stream->moved >= stream->end)
		stream->stopping = true;
	if (!stream->draining)
		submit(stream, transfer);
}

void stream_start(struct stream *stream, struct guest *guest, uint8_t endpoint,
	uint64_t end)
{
	*stream = (struct stream){.guest = guest, .end = end};
	for (int i = 0; i < DEPTH; i++) {
		uint8_t *data = malloc(SIZE);

		stream->transfers[i] = libusb_alloc_transfer(0);
		if (data == NULL || stream->transfers[i] == NULL)
			die("out of memory");
		libusb_fill_bulk_transfer(stream->transfers[i], guest->handle,
			endpoint, data, SIZE, complete, stream, 0);
		stream->transfers[i]->flags = LIBUSB_TRANSFER_FREE_BUFFER;
		submit(stream, stream->transfers[i]);
	}
}

void stream_pump(struct guest *guest)
{
	struct timeval timeout = {.tv_sec = 10};
	double before = seconds();

	check(libusb_handle_events_timeout(guest->context, &timeout), "events");
	if (seconds() - before > 9)
		die("nothing has completed for 10 s");
}

void stream_drain(struct stream *stream)
{
	stream->draining = true;
	for (int i = 0; i < DEPTH; i++)
		libusb_cancel_transfer(stream->transfers[i]);
	while (stream->in_flight > 0)
		stream_pump(stream->guest);
	stream->draining = false;
}

void stream_resume(struct stream *stream)
{
	for (int i = 0; i < DEPTH; i++)
		submit(stream, stream->transfers[i]);
}

void stream_stop(struct stream *stream)
{
	stream->stopping = true;
	stream_drain(stream);
	for (int i = 0; i < DEPTH; i++)
		libusb_free_transfer(stream->transfers[i]);
}

void stream_check(const struct stream *stream)
{
	if (stream->failure)
		die("transfer status %d after %llu B", stream->failure,
			(unsigned long long)stream->moved);
}
