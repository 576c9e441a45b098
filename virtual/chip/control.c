/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * EP0 (TRM 2.3, 8.3 to 8.7).  The chip handles request 0xA0, SET_ADDRESS, and
 * without RENUM the standard requests; all others the firmware, by EP0BUF or
 * by the table that SUDPTR points to.  The host's packets come from chip.c, the
 * firmware's accesses from registers.c.
 */
#include "bare.h"
#include "internal.h"

#include <string.h>

/* ---- The chip's own requests ---------------------------------------------- */

static bool own_request(struct chip *chip, const struct usb_setup *setup)
{
	uint8_t type = setup->bmRequestType & USB_TYPE_MASK;

	bool renum = chip->registers[USBCS] & USBCS_RENUM;

	if (type == USB_TYPE_VENDOR)
		return setup->bRequest == USB_REQ_FX2_RAM ||
			(!renum && chip->held);
	if (setup->bmRequestType == USB_RECIP_DEVICE &&
		setup->bRequest == USB_REQ_SET_ADDRESS)
		return true;
	return !renum;
}

static void answer(struct chip *chip, const struct usb_setup *setup)
{
	struct ep0 *ep0 = &chip->ep0;
	struct bare bare = {
		.eeprom = chip->on.board->fx2_mem,
		.configuration = chip->port.configuration,
		.alternate = chip->port.alternate,
		.data = ep0->data,
	};

	ep0->left = 0;
	if ((setup->bmRequestType & USB_TYPE_MASK) == USB_TYPE_VENDOR) {
		ep0->refused = setup->bRequest != USB_REQ_FX2_RAM ||
			!boot_request(chip, setup);
		ep0->left = setup->wLength;
		return;
	}
	if (setup->bRequest == USB_REQ_SET_ADDRESS)
		chip->registers[FNADDR] = setup->wValue & 0x7f;
	ep0->refused =
		(setup->bmRequestType & USB_TYPE_MASK) != USB_TYPE_STANDARD ||
		!bare_request(&bare, setup);
	ep0->left = bare.length < setup->wLength ? bare.length : setup->wLength;
	chip->port.configuration = bare.configuration;
	chip->port.alternate = bare.alternate;
}

void control_setup(struct chip *chip, const struct usb_setup *setup)
{
	struct ep0 *ep0 = &chip->ep0;

	ep0->setup = *setup;
	ep0->stall = false;
	ep0->busy = false;
	ep0->table = false;
	ep0->refused = false;
	ep0->sent = 0;
	ep0->status = false;
	ep0->own = own_request(chip, setup);
	chip_touch(chip);
	if (ep0->own) {
		answer(chip, setup);
		return;
	}
	ep0->hsnak = true;
	interrupt_raise(chip, INT_SUTOK | INT_SUDAV);
}

/* ---- Packets ---------------------------------------------------------------- */

static bool is_read(const struct ep0 *ep0)
{
	return ep0->setup.bmRequestType & USB_DIR_IN && ep0->setup.wLength > 0;
}

static uint16_t packet_size(uint16_t left)
{
	return left < USB_EP0_PACKET_SIZE ? left : USB_EP0_PACKET_SIZE;
}

/* The next packet of a table in memory. */
static void fetch(struct chip *chip)
{
	struct ep0 *ep0 = &chip->ep0;

	chip_catch_up(chip);
	for (unsigned i = 0; i < ep0->packet; i++)
		ep0->buffer[i] = memory_read(chip, ep0->pointer + i);
	chip_touch(chip);
}

static enum handshake data_in(
	struct chip *chip, const uint8_t **ret_data, uint16_t *ret_length)
{
	struct ep0 *ep0 = &chip->ep0;

	if (!ep0->own && !ep0->busy)
		return HANDSHAKE_NAK;
	*ret_data = ep0->buffer;
	if (ep0->own) {
		ep0->packet = packet_size(ep0->left);
		*ret_data = ep0->data + ep0->sent;
	} else if (ep0->table) {
		ep0->packet = packet_size(ep0->left);
		fetch(chip);
	} else {
		ep0->packet = packet_size(chip->registers[EP0BCL]);
	}
	*ret_length = ep0->packet;
	return HANDSHAKE_ACK;
}

enum handshake control_in(
	struct chip *chip, const uint8_t **ret_data, uint16_t *ret_length)
{
	struct ep0 *ep0 = &chip->ep0;

	if (ep0->own ? ep0->refused : ep0->stall)
		return HANDSHAKE_STALL;
	ep0->status = !is_read(ep0);
	if (!ep0->status)
		return data_in(chip, ret_data, ret_length);
	if (!ep0->own && ep0->hsnak)
		return HANDSHAKE_NAK;
	*ret_data = ep0->buffer;
	*ret_length = 0;
	return HANDSHAKE_ACK;
}

/* The packet of a table that follows is ready at once. */
static void data_sent(struct chip *chip)
{
	struct ep0 *ep0 = &chip->ep0;

	ep0->sent += ep0->packet;
	ep0->pointer += ep0->packet;
	if (ep0->own || ep0->table)
		ep0->left -= ep0->packet;
	if (ep0->own)
		return;
	if (!ep0->table ||
		(ep0->left == 0 && ep0->packet < USB_EP0_PACKET_SIZE))
		ep0->busy = false;
	interrupt_raise(chip, INT_EP0IN);
}

void control_acked(struct chip *chip)
{
	chip_touch(chip);
	if (!chip->ep0.status)
		data_sent(chip);
	else if (!chip->ep0.own)
		interrupt_raise(chip, INT_EP0ACK);
}

enum handshake control_ping(struct chip *chip)
{
	const struct ep0 *ep0 = &chip->ep0;

	if (ep0->own)
		return ep0->refused ? HANDSHAKE_STALL : HANDSHAKE_ACK;
	if (ep0->stall)
		return HANDSHAKE_STALL;
	if (is_read(ep0))
		/* TRM 2.3.4.1: with SUDPTR the chip answers this stage. */
		return ep0->hsnak && !ep0->table ? HANDSHAKE_NAK
						 : HANDSHAKE_ACK;
	return ep0->busy ? HANDSHAKE_ACK : HANDSHAKE_NAK;
}

enum handshake control_out(
	struct chip *chip, const uint8_t *data, uint16_t length)
{
	struct ep0 *ep0 = &chip->ep0;

	chip_touch(chip);
	if (is_read(ep0)) { /* the status stage */
		ep0->busy = false;
		if (!ep0->own)
			interrupt_raise(chip, INT_EP0ACK);
		return HANDSHAKE_ACK;
	}
	if (ep0->own) {
		if (ep0->setup.bRequest == USB_REQ_FX2_RAM)
			boot_write(chip, ep0->setup.wValue + ep0->sent, data,
				length);
		ep0->sent += length;
		return HANDSHAKE_ACK;
	}
	if (length > 0)
		memcpy(ep0->buffer, data, length);
	chip->registers[EP0BCH] = 0;
	chip->registers[EP0BCL] = length;
	ep0->sent += length;
	ep0->busy = false;
	interrupt_raise(chip, INT_EP0OUT);
	return HANDSHAKE_ACK;
}

bool control_answered(const struct chip *chip)
{
	const struct ep0 *ep0 = &chip->ep0;

	return ep0->own || ep0->stall || !ep0->hsnak;
}

/* ---- Registers -------------------------------------------------------------- */

static uint16_t word_at(struct chip *chip, uint16_t address)
{
	return memory_read(chip, address) | memory_read(chip, address + 1) << 8;
}

/* TRM 8.7: with SDPAUTO the length is that of the descriptor, at most that of
   the request; without, EP0BC says it. */
static void start_table(struct chip *chip)
{
	struct ep0 *ep0 = &chip->ep0;
	const uint8_t *registers = chip->registers;
	uint16_t address = registers[SUDPTRH] << 8 | registers[SUDPTRL];
	uint16_t length = registers[EP0BCH] << 8 | registers[EP0BCL];

	if (registers[SUDPTRCTL] & SDPAUTO) {
		uint8_t type = memory_read(chip, address + 1);

		length = memory_read(chip, address);
		/* A configuration, or one of the other speed. */
		if (type == USB_DESC_CONFIGURATION || type == 7)
			length = word_at(chip, address + 2);
	}
	if (length > ep0->setup.wLength)
		length = ep0->setup.wLength;
	ep0->table = true;
	ep0->pointer = address;
	ep0->left = length;
	ep0->busy = true;
}

uint8_t control_read(struct chip *chip, uint8_t offset)
{
	const struct ep0 *ep0 = &chip->ep0;

	if (offset >= SETUPDAT)
		return ((const uint8_t *)&ep0->setup)[offset - SETUPDAT];
	if (offset == EP0CS)
		return (ep0->hsnak ? CS_HSNAK : 0) | (ep0->busy ? CS_BUSY : 0) |
			(ep0->stall ? CS_STALL : 0);
	return chip->registers[offset];
}

void control_write(struct chip *chip, uint8_t offset, uint8_t value)
{
	struct ep0 *ep0 = &chip->ep0;

	switch (offset) {
	case EP0CS:
		ep0->stall = value & CS_STALL;
		if (value & CS_HSNAK)
			ep0->hsnak = false;
		break;
	case EP0BCH:
		chip->registers[offset] = value;
		break;
	case EP0BCL:
		chip->registers[offset] = value;
		/* With SDPAUTO=0 the count is SUDPTR's, which follows. */
		if (is_read(ep0) && !(chip->registers[SUDPTRCTL] & SDPAUTO))
			break;
		ep0->table = false;
		ep0->busy = true;
		break;
	case SUDPTRL:
		chip->registers[offset] = value & 0xfe;
		start_table(chip);
		break;
	}
}
