/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The interrupts of USB, INT2 of the 8051 (TRM 4.4).  Each has a request bit,
 * an enable bit and a vector.  When the firmware clears a request and another
 * one waits, INT2 is requested again.
 */
#include "internal.h"

/* From one vector to the next. */
#define VECTOR_GAP 4
/* Between the vectors of EP0ACK and EP0IN one is reserved. */
#define VECTORS_OF_USB 8

static uint16_t enabled(const struct chip *chip)
{
	return chip->registers[USBIE] | chip->registers[EPIE] << 8;
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

void interrupt_raise(struct chip *chip, uint16_t requests)
{
	if (requests & ~chip->requests)
		chip_touch(chip);
	chip->requests |= requests;
	if (requests & enabled(chip))
		request_int2(chip);
}

void interrupt_clear(struct chip *chip, uint16_t requests)
{
	chip_touch(chip);
	chip->requests &= ~requests;
	interrupt_update(chip);
}

/* The first request that is enabled, in the order of the vectors; or 16. */
static unsigned first(const struct chip *chip)
{
	unsigned waiting = chip->requests & enabled(chip);
	/* SUDAV, SOF, SUTOK and on: the order of the vectors is that of the
	   bits. */
	return waiting ? (unsigned)__builtin_ctz(waiting) : 16;
}

uint8_t interrupt_vector(const struct chip *chip)
{
	unsigned bit = first(chip);

	return bit < 16 ? bit * VECTOR_GAP : 0;
}
_Static_assert(INT_EP0IN == 1 << VECTORS_OF_USB,
	"the vector of EP0IN is 0x20, TRM table 4-6");

void interrupt_clear_current(struct chip *chip)
{
	unsigned bit = first(chip);

	if (bit < 16)
		interrupt_clear(chip, 1 << bit);
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
