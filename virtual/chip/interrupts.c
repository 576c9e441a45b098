/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The interrupts of USB, INT2 of the 8051 (TRM 4.4).  Each has a request bit,
 * an enable bit and a vector.  When the firmware clears a request and another
 * one waits, INT2 is requested again.
 */
#include "internal.h"

/* From one vector to the next. */
#define VECTOR_GAP 4

static uint32_t enabled(const struct chip *chip)
{
	return chip->registers[USBIE] | chip->registers[EPIE] << 8 |
		(uint32_t)chip->registers[NAKIE] << 16;
}

static void request_int2(struct chip *chip)
{
	mcs51_request(&chip->cpu, MCS51_INT2, true);
	mcs51_request(&chip->cpu, MCS51_INT2, false);
}

void interrupt_update(struct chip *chip)
{
	if (chip->requests & enabled(chip))
		request_int2(chip);
}

void interrupt_raise(struct chip *chip, uint32_t requests)
{
	bool waiting = chip->requests & enabled(chip);

	if ((requests & ~chip->requests) == 0)
		return;
	chip_catch_up(chip);
	chip_touch(chip);
	chip->requests |= requests;
	/* INT2 is an edge: there is none while another request waits. */
	if (!waiting)
		interrupt_update(chip);
}

void interrupt_clear(struct chip *chip, uint32_t requests)
{
	chip_touch(chip);
	chip->requests &= ~requests;
	interrupt_update(chip);
}

#define NO_REQUEST 32

/* The first request that is enabled, in the order of the vectors. */
static unsigned first(const struct chip *chip)
{
	uint32_t waiting = chip->requests & enabled(chip);

	return waiting ? (unsigned)__builtin_ctz(waiting) : NO_REQUEST;
}

uint8_t interrupt_vector(const struct chip *chip)
{
	unsigned bit = first(chip);

	return bit == NO_REQUEST ? 0 : bit * VECTOR_GAP;
}
_Static_assert(INT_EP0IN == 1 << 0x20 / VECTOR_GAP &&
		INT_IBN == 1 << 0x40 / VECTOR_GAP &&
		INT_EP0PING == 1 << 0x48 / VECTOR_GAP,
	"TRM table 4-6");

void interrupt_clear_current(struct chip *chip)
{
	unsigned bit = first(chip);

	if (bit != NO_REQUEST)
		interrupt_clear(chip, 1 << bit);
}

/* As a bit of IBNIE, and of NAKIE from INT_EP0PING on. */
static unsigned nak_bit(uint8_t endpoint)
{
	unsigned number = endpoint & USB_ENDPOINT_MASK;

	return number < 2 ? number : number / 2 + 1;
}

void interrupt_nak(struct chip *chip, uint8_t endpoint)
{
	uint8_t bit = 1 << nak_bit(endpoint);

	if (!(endpoint & USB_DIR_IN)) {
		interrupt_raise(chip, INT_EP0PING << nak_bit(endpoint));
		return;
	}
	if (!(chip->registers[IBNIRQ] & bit)) {
		chip_catch_up(chip);
		chip_touch(chip);
	}
	chip->registers[IBNIRQ] |= bit;
	if (chip->registers[IBNIE] & bit)
		interrupt_raise(chip, INT_IBN);
}

/* ---- Start of frame ----------------------------------------------------- */

/* Without its interrupt no start-of-frame packet is an event. */
tick interrupt_due(const struct chip *chip)
{
	if (!(chip->registers[USBIE] & INT_SOF) ||
		chip->port.step <= PORT_DEBOUNCE)
		return TICK_NEVER;
	return (chip->sof / TICKS_PER_MICROFRAME + 1) * TICKS_PER_MICROFRAME;
}

void interrupt_frames(struct chip *chip)
{
	tick now = chip_time(chip);

	if (now / TICKS_PER_MICROFRAME == chip->sof / TICKS_PER_MICROFRAME)
		return;
	chip->sof = now;
	if (chip->port.step > PORT_DEBOUNCE)
		interrupt_raise(chip, INT_SOF);
}
