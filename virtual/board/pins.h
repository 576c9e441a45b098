/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The 16 pins of ports A and B, and what hangs on them: the FPGA behind the
 * port's buffers, pull resistors, wires from pin to pin, parts.  Bit n = pin
 * n: A0..A7 B0..B7.
 *
 * Pins that are wired together have one level: low if anything drives it
 * low, else high if anything drives it high; else as the pulls have it, low
 * again going first; and low if there are none.  Without a port's supply its
 * buffers neither drive nor pull, and what they give the FPGA is 0.
 */
#ifndef VIRTUAL_PINS_H
#define VIRTUAL_PINS_H

#include "virtual/board/parts/part.h"

#define PARTS_MAX 8

struct pins {
	tick now;
	tick next;               /* when a part next acts, or TICK_NEVER */
	unsigned changes;        /* counts up whenever anything did */
	uint16_t conflicts;      /* where drivers have met, high against low */
	uint16_t net[PIN_COUNT]; /* the pins that are one with this pin */
	unsigned parts_count;
	struct part *parts[PARTS_MAX];
	uint16_t powered;
	uint16_t fpga_levels, fpga_enables;
	uint16_t pull_down, pull_up;
	uint16_t levels; /* of the nets */
};

void pins_init(struct pins *pins);
/* Frees the parts as well. */
void pins_clear(struct pins *pins);

/* Make pins one. */
void pins_wire(struct pins *pins, uint16_t mask);
/* Hang on a part, which is the pins' from then on.  There is room for
   PARTS_MAX. */
void pins_add(struct pins *pins, struct part *part);

/* Let time pass for the parts, up to and with what is due now. */
void pins_run(struct pins *pins, tick now);

/* From now on the FPGA drives these pins, to these levels. */
void pins_drive(struct pins *pins, tick now, uint16_t levels, uint16_t enables);

/* From now on these pins have a port supply and are pulled. */
void pins_supply(struct pins *pins, uint16_t powered, uint16_t pull_down,
	uint16_t pull_up);

/* What comes through the ports' buffers. */
static inline uint16_t pins_levels(const struct pins *pins)
{
	return pins->levels & pins->powered;
}

#endif
