/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Single transactions on bulk endpoints and on EP0, without faults.  A
   transaction that does not fit into the rest of the microframe must not reach
   the function at all. */
#include "transact.h"

#include <errno.h>
#include <string.h>

/*
 * The time of a transaction beside its data, in bytes.  USB 2.0 table 5-10:
 * 55 B for bulk (SYNC, PID, address, CRC16 and the gaps of three packets), so
 * that 13 transactions of 512 B fit a microframe.  A token that is answered
 * by a handshake alone has two packets: 36 B by the same count.
 */
#define DATA_OVERHEAD  55
#define TOKEN_OVERHEAD 36

tick transact_ticks(unsigned size)
{
	return (DATA_OVERHEAD + size) * TICKS_PER_BYTE;
}

tick transact_token_ticks(void)
{
	return TOKEN_OVERHEAD * TICKS_PER_BYTE;
}

enum outcome transact_refuse(struct frame *frame)
{
	frame->now += transact_token_ticks();
	frame->naks++;
	return REFUSED;
}

static enum outcome refuse(
	struct urb *urb, enum handshake handshake, struct frame *frame)
{
	if (handshake != HANDSHAKE_STALL)
		return transact_refuse(frame);
	frame->now += transact_token_ticks();
	urb->status = -EPIPE;
	return FINISHED;
}

static enum outcome carry_in(struct function *function, struct urb *urb,
	uint8_t endpoint, unsigned packet_size, struct frame *frame)
{
	uint32_t room = urb->length - urb->actual;
	const uint8_t *data;
	uint16_t length;
	enum handshake handshake;

	if (frame->now + transact_ticks(packet_size) > frame->end)
		return NO_TIME;
	handshake = function->ops->in(
		function, frame->now, endpoint, &data, &length);
	if (handshake != HANDSHAKE_ACK)
		return refuse(urb, handshake, frame);
	if (room > 0)
		memcpy(urb->data + urb->actual, data,
			length < room ? length : room);
	urb->actual += length < room ? length : room;
	frame->now += transact_ticks(length);
	function->ops->acked(function, frame->now, endpoint);
	urb->status = length > room ? -EOVERFLOW : 0;
	if (length >= room || length < packet_size)
		return FINISHED;
	return MOVED;
}

static enum outcome carry_out(struct function *function, struct urb *urb,
	uint8_t endpoint, unsigned packet_size, bool *ping, struct frame *frame)
{
	uint32_t left = urb->length - urb->actual;
	uint16_t length = left < packet_size ? left : packet_size;
	const uint8_t *data = length ? urb->data + urb->actual : NULL;
	enum handshake handshake;

	if (frame->now + transact_token_ticks() + transact_ticks(packet_size) >
		frame->end)
		return NO_TIME;
	if (*ping) {
		handshake = function->ops->ping(function, frame->now, endpoint);
		if (handshake != HANDSHAKE_ACK)
			return refuse(urb, handshake, frame);
		frame->now += transact_token_ticks();
	}
	frame->now += transact_ticks(length);
	handshake = function->ops->out(
		function, frame->now, endpoint, data, length);
	*ping = handshake != HANDSHAKE_ACK;
	if (handshake == HANDSHAKE_NAK || handshake == HANDSHAKE_STALL)
		return refuse(urb, handshake, frame);
	urb->actual += length;
	urb->status = 0;
	return urb->actual == urb->length ? FINISHED : MOVED;
}

static enum outcome carry_setup(
	struct function *function, struct urb *urb, struct frame *frame)
{
	if (frame->now + transact_ticks(sizeof(urb->setup)) > frame->end)
		return NO_TIME;
	frame->now += transact_ticks(sizeof(urb->setup));
	function->ops->setup(function, frame->now, &urb->setup);
	urb->stage = urb->length ? STAGE_DATA : STAGE_STATUS;
	return MOVED;
}

/* A control transfer has three stages; the last is an empty packet the other
   way. */
static enum outcome carry_control(struct function *function, struct urb *urb,
	bool *ping, struct frame *frame)
{
	struct urb empty = {.status = 0};
	bool data = urb->stage == STAGE_DATA;
	struct urb *stage = data ? urb : &empty;
	bool read = urb->setup.bmRequestType & USB_DIR_IN;
	/* Without a data stage the status is always IN: USB 2.0 8.5.3. */
	bool in = data ? read : !read || urb->length == 0;
	enum outcome outcome;

	if (urb->stage == STAGE_SETUP)
		return carry_setup(function, urb, frame);
	if (in)
		outcome = carry_in(function, stage, USB_DIR_IN,
			USB_EP0_PACKET_SIZE, frame);
	else
		outcome = carry_out(
			function, stage, 0, USB_EP0_PACKET_SIZE, ping, frame);
	if (outcome == FINISHED && data && urb->status == 0) {
		urb->stage = STAGE_STATUS;
		return MOVED;
	}
	if (outcome == FINISHED)
		urb->status = stage->status;
	return outcome;
}

enum outcome transact(struct function *function, struct urb *urb, bool *ping,
	struct frame *frame)
{
	if ((urb->endpoint & USB_ENDPOINT_MASK) == 0)
		return carry_control(function, urb, ping, frame);
	if (urb->endpoint & USB_DIR_IN)
		return carry_in(
			function, urb, urb->endpoint, USB_PACKET_SIZE, frame);
	return carry_out(
		function, urb, urb->endpoint, USB_PACKET_SIZE, ping, frame);
}
