/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * EP2, EP4, EP6 and EP8 (TRM 8.6, 9.3): two to four buffers, each of which
 * contains a packet of USB, of the firmware, or of the FIFO bus.  What the
 * FPGA sees of them is struct fifo; OUT packets that wait for the firmware are
 * in `held`, and so no FIFO bus sees them.
 *
 * Buffers of 1024 B, for isochronous transfers, have 512 B here: no bulk packet
 * is longer.
 */
#include "internal.h"

#include <string.h>

static uint8_t config(const struct chip *chip, unsigned index)
{
	return chip->registers[EP2CFG + index];
}

static bool is_in(const struct chip *chip, unsigned index)
{
	return config(chip, index) & CFG_IN;
}

static bool is_auto_out(const struct chip *chip, unsigned index)
{
	return chip->registers[EP2FIFOCFG + index] & FIFOCFG_AUTOOUT;
}

unsigned large_index(uint8_t endpoint)
{
	uint8_t number = endpoint & USB_ENDPOINT_MASK;

	return number >= 2 && number <= 8 && number % 2 == 0 ? number / 2 - 1
							     : FIFO_COUNT;
}

/* EPxCFG: EP4 and EP8 have two buffers; the others 4, 0 is reserved, 2 or 3. */
static uint8_t buffers_of(unsigned index, uint8_t value)
{
	static const uint8_t buffers[] = {4, 0, 2, 3};

	if (!(value & CFG_VALID))
		return 0;
	return index % 2 ? 2 : buffers[value & CFG_BUF];
}

static void empty(struct chip *chip, unsigned index, uint8_t armed)
{
	struct large_endpoint *endpoint = &chip->large[index];
	uint8_t buffers = buffers_of(index, config(chip, index));
	struct fifo *boards = &chip->on.fifos[index];

	fifo_reset(boards, 0);
	fifo_reset(&endpoint->own, 0);
	fifo_reset(&endpoint->held, buffers);
	endpoint->fifo = is_in(chip, index) == fifo_is_in(index)
		? boards
		: &endpoint->own;
	fifo_reset(endpoint->fifo, buffers);
	endpoint->armed = armed;
}

void large_reset(struct chip *chip)
{
	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		chip->large[i].stall = false;
		/* After power-up the USB may fill all buffers. */
		empty(chip, i, buffers_of(i, config(chip, i)));
	}
}

void large_configure(struct chip *chip, unsigned index, uint8_t before)
{
	uint8_t value = config(chip, index);

	if (value == before)
		return;
	chip_meet_fpga(chip);
	empty(chip, index, 0);
}

/* TRM 9.3 and Cypress's examples: the change of AUTOOUT from 0 to 1 gives all
   buffers to USB. */
void large_set_auto(struct chip *chip, unsigned index, uint8_t before)
{
	struct large_endpoint *endpoint = &chip->large[index];
	uint8_t after = chip->registers[EP2FIFOCFG + index];

	if (!(after & ~before & FIFOCFG_AUTOOUT) || is_in(chip, index))
		return;
	chip_meet_fpga(chip);
	endpoint->armed = endpoint->fifo->buffers;
	pins_update(chip);
}

void large_fiforeset(struct chip *chip, uint8_t value)
{
	unsigned index = large_index(value & USB_ENDPOINT_MASK);

	if (index >= FIFO_COUNT || is_auto_out(chip, index))
		return;
	chip_meet_fpga(chip);
	empty(chip, index, 0);
}

/* ---- Packets of the firmware ------------------------------------------------ */

/* Give the oldest OUT packet back to USB, or pass it on to the FIFO bus.
   Without a packet, a skip gives an empty buffer to USB. */
static void release(struct chip *chip, unsigned index, bool skip)
{
	struct large_endpoint *endpoint = &chip->large[index];
	uint16_t length;
	const uint8_t *data;

	if (is_in(chip, index) || is_auto_out(chip, index))
		return;
	chip_meet_fpga(chip);
	if (fifo_has_packet(&endpoint->held)) {
		data = fifo_peek(&endpoint->held, &length);
		if (!skip && length > 0)
			fifo_put(endpoint->fifo, data, length);
		fifo_drop(&endpoint->held);
		endpoint->armed++;
	} else if (skip && endpoint->armed < endpoint->fifo->buffers) {
		endpoint->armed++;
	}
}

void large_outpktend(struct chip *chip, uint8_t value)
{
	unsigned index = large_index(value & USB_ENDPOINT_MASK);

	if (index < FIFO_COUNT)
		release(chip, index, value & SKIP);
}

/* Close the packet that the FIFO bus has begun, or with SKIP drop it. */
void large_inpktend(struct chip *chip, uint8_t value)
{
	unsigned index = large_index(value & USB_ENDPOINT_MASK);
	struct fifo *fifo;

	if (index >= FIFO_COUNT || !is_in(chip, index))
		return;
	chip_meet_fpga(chip);
	fifo = chip->large[index].fifo;
	if (value & SKIP)
		fifo->fill = 0;
	else if (fifo_has_room(fifo))
		fifo_commit(fifo);
}

uint8_t large_read_count(struct chip *chip, unsigned index, bool high)
{
	const struct large_endpoint *endpoint = &chip->large[index];
	uint16_t length = 0;

	if (is_in(chip, index))
		length = endpoint->count_high << 8;
	else if (fifo_has_packet(&endpoint->held))
		fifo_peek(&endpoint->held, &length);
	return high ? length >> 8 : length;
}

void large_write_count(
	struct chip *chip, unsigned index, bool high, uint8_t value)
{
	struct large_endpoint *endpoint = &chip->large[index];
	uint16_t length = endpoint->count_high << 8 | value;

	if (high) {
		endpoint->count_high = value & 0x07;
		return;
	}
	if (!is_in(chip, index)) {
		release(chip, index, value & SKIP);
		return;
	}
	if (length > USB_PACKET_SIZE) {
		chip_refuse_value(chip, "EPxBCH", endpoint->count_high);
		return;
	}
	chip_meet_fpga(chip);
	if (fifo_has_room(endpoint->fifo))
		fifo_put(endpoint->fifo, endpoint->window, length);
}

uint8_t *large_window(struct chip *chip, unsigned index, uint16_t offset)
{
	struct large_endpoint *endpoint = &chip->large[index];

	if (offset >= USB_PACKET_SIZE)
		return NULL;
	return (is_in(chip, index) ? endpoint->window
				   : endpoint->held.data[endpoint->held.head]) +
		offset;
}

/* ---- State ------------------------------------------------------------------ */

/* Whether USB may fill another buffer. */
static bool has_room(const struct large_endpoint *endpoint)
{
	const struct fifo *fifo = endpoint->fifo;

	return endpoint->armed > fifo->count &&
		endpoint->held.count + fifo->count < fifo->buffers;
}

static unsigned packets(const struct chip *chip, unsigned index)
{
	const struct large_endpoint *endpoint = &chip->large[index];

	return endpoint->fifo->count +
		(is_in(chip, index) ? 0 : endpoint->held.count);
}

uint8_t large_status(const struct chip *chip, unsigned index)
{
	const struct large_endpoint *endpoint = &chip->large[index];
	unsigned count = packets(chip, index);
	bool full = is_in(chip, index) ? !fifo_has_room(endpoint->fifo)
				       : !has_room(endpoint);

	return count << 4 | (full ? 0x08 : 0) | (count == 0 ? 0x04 : 0) |
		(endpoint->stall ? CS_STALL : 0);
}

void large_write_status(struct chip *chip, unsigned index, uint8_t value)
{
	chip->large[index].stall = value & CS_STALL;
}

/* EPxFIFOFLGS: the programmable flag is not modelled, and reads as 0. */
uint8_t large_flags(const struct chip *chip, unsigned index)
{
	const struct fifo *fifo = chip->large[index].fifo;
	bool full = !fifo_has_room(fifo);
	bool none = is_in(chip, index) ? fifo->count == 0 && fifo->fill == 0
				       : fifo_readable(fifo) == 0;

	return (none ? 0x02 : 0) | (full ? 0x01 : 0);
}

uint16_t large_fifo_bytes(const struct chip *chip, unsigned index)
{
	const struct fifo *fifo = chip->large[index].fifo;
	uint16_t bytes = is_in(chip, index) ? fifo->fill : -fifo->fill;

	for (unsigned i = 0; i < fifo->count; i++)
		bytes += fifo->length[(fifo->head + i) % FIFO_BUFFERS_MAX];
	return bytes;
}

/* What all that a register shows of the endpoints follows from, but not bytes of
   a packet that the FIFO bus has begun.  It is looked at after every slice of
   time, so it has no calls. */
static uint64_t state(const struct chip *chip)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		const struct large_endpoint *endpoint = &chip->large[i];
		const struct fifo *fifo = endpoint->fifo;
		bool begun = is_in(chip, i) ? fifo->fill > 0
					    : fifo->count > 0 &&
				fifo->length[fifo->head] == fifo->fill;

		all = all << 16 | fifo->count << 13 | fifo->buffers << 10 |
			endpoint->armed << 7 | endpoint->held.count << 4 |
			endpoint->held.head << 2 | endpoint->stall << 1 | begun;
	}
	return all;
}
_Static_assert(FIFO_BUFFERS_MAX == 4, "a count has 3 bits, an index has 2");

void large_watch(struct chip *chip)
{
	if (chip->watches)
		return;
	chip->watches = true;
	chip->watched = state(chip);
}

void large_check(struct chip *chip)
{
	if (!chip->watches || state(chip) == chip->watched)
		return;
	chip->watches = false;
	chip_touch(chip);
}

/* ---- Packets of USB --------------------------------------------------------- */

/* ACK if the endpoint is there, in this direction, and takes part. */
static enum handshake check(struct chip *chip, unsigned index, bool in)
{
	const struct large_endpoint *endpoint = &chip->large[index];

	/* A real chip would not answer at all for an invalid endpoint. */
	if (endpoint->stall || endpoint->fifo->buffers == 0 ||
		is_in(chip, index) != in)
		return HANDSHAKE_STALL;
	return chip->registers[FIFORESET] & NAKALL ? HANDSHAKE_NAK
						   : HANDSHAKE_ACK;
}

enum handshake large_in(struct chip *chip, unsigned index,
	const uint8_t **ret_data, uint16_t *ret_length)
{
	const struct fifo *fifo = chip->large[index].fifo;
	enum handshake handshake = check(chip, index, true);

	if (handshake == HANDSHAKE_ACK && !fifo_has_packet(fifo))
		handshake = HANDSHAKE_NAK;
	if (handshake == HANDSHAKE_ACK)
		*ret_data = fifo_peek(fifo, ret_length);
	return handshake;
}

void large_acked(struct chip *chip, unsigned index)
{
	fifo_drop(chip->large[index].fifo);
	large_check(chip);
	interrupt_raise(chip, INT_EP2 << index);
}

enum handshake large_ping(struct chip *chip, unsigned index)
{
	enum handshake handshake = check(chip, index, false);

	if (handshake == HANDSHAKE_ACK && !has_room(&chip->large[index]))
		return HANDSHAKE_NAK;
	return handshake;
}

enum handshake large_out(
	struct chip *chip, unsigned index, const uint8_t *data, uint16_t length)
{
	struct large_endpoint *endpoint = &chip->large[index];

	if (!is_auto_out(chip, index)) {
		fifo_put(&endpoint->held, data, length);
		endpoint->armed--;
	} else if (length > 0) {
		/* The FIFO bus never sees an empty packet. */
		fifo_put(endpoint->fifo, data, length);
	}
	large_check(chip);
	interrupt_raise(chip, INT_EP2 << index);
	return has_room(endpoint) ? HANDSHAKE_ACK : HANDSHAKE_NYET;
}
