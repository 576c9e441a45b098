/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * EP1 IN and EP1 OUT (TRM 8.6): a buffer each, which belongs either to the
 * firmware or, while it is busy, to USB.
 */
#include "internal.h"

#include <string.h>

/* While NAKALL is set, all bulk endpoints answer NAK. */
static bool held_off(const struct chip *chip)
{
	return chip->registers[FIFORESET] & NAKALL;
}

enum handshake small_in(
	struct chip *chip, const uint8_t **ret_data, uint16_t *ret_length)
{
	const struct small_endpoint *endpoint = &chip->ep1_in;

	if (endpoint->stall || !(chip->registers[EP1INCFG] & CFG_VALID))
		return HANDSHAKE_STALL;
	if (held_off(chip) || !endpoint->busy)
		return HANDSHAKE_NAK;
	*ret_data = endpoint->buffer;
	*ret_length = endpoint->count;
	return HANDSHAKE_ACK;
}

void small_acked(struct chip *chip)
{
	chip->ep1_in.busy = false;
	chip_touch(chip);
	interrupt_raise(chip, INT_EP1IN);
}

enum handshake small_ping(struct chip *chip)
{
	const struct small_endpoint *endpoint = &chip->ep1_out;

	if (endpoint->stall || !(chip->registers[EP1OUTCFG] & CFG_VALID))
		return HANDSHAKE_STALL;
	return held_off(chip) || !endpoint->busy ? HANDSHAKE_NAK
						 : HANDSHAKE_ACK;
}

enum handshake small_out(
	struct chip *chip, const uint8_t *data, uint16_t length)
{
	struct small_endpoint *endpoint = &chip->ep1_out;

	/* A real chip would not answer at all. */
	if (length > USB_EP1_PACKET_SIZE)
		return HANDSHAKE_STALL;
	if (length > 0)
		memcpy(endpoint->buffer, data, length);
	endpoint->count = length;
	endpoint->busy = false;
	chip_touch(chip);
	interrupt_raise(chip, INT_EP1OUT);
	return HANDSHAKE_NYET;
}

uint8_t small_read(struct chip *chip, uint8_t offset)
{
	const struct small_endpoint *endpoint =
		offset == EP1OUTBC || offset == EP1OUTCS ? &chip->ep1_out
							 : &chip->ep1_in;

	if (offset == EP1OUTBC || offset == EP1INBC)
		return endpoint->count;
	return (endpoint->busy ? CS_BUSY : 0) |
		(endpoint->stall ? CS_STALL : 0);
}

void small_write(struct chip *chip, uint8_t offset, uint8_t value)
{
	struct small_endpoint *endpoint =
		offset == EP1OUTBC || offset == EP1OUTCS ? &chip->ep1_out
							 : &chip->ep1_in;

	switch (offset) {
	case EP1OUTBC: /* any value */
		endpoint->busy = true;
		break;
	case EP1INBC:
		endpoint->count = value < USB_EP1_PACKET_SIZE
			? value
			: USB_EP1_PACKET_SIZE;
		endpoint->busy = true;
		break;
	default:
		/* A 1 in BUSY takes the buffer back: Glasgow's firmware,
		   mgmt.c. */
		endpoint->stall = value & CS_STALL;
		if (value & CS_BUSY)
			endpoint->busy = false;
	}
}
