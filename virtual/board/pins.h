/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The 16 pins of ports A and B, and what is connected to them: the FPGA behind
 * the port's buffers, pull resistors, wires from pin to pin, parts.  Bit n =
 * pin n: A0..A7 B0..B7.  virtual/board/board.c sets supplies and pulls,
 * virtual/fpga drives and reads.
 *
 * Pins that are wired together have one level: low if anything drives it
 * low, else high if anything drives it high; else low if anything pulls it
 * down, else high if anything pulls it up; else low.  Without a port's supply
 * its buffers neither drive nor pull, and the FPGA reads 1 by the pull-up of its
 * own pin.  A board may have faults: a stuck pin has its level whatever drives
 * it.
 */
#ifndef VIRTUAL_PINS_H
#define VIRTUAL_PINS_H

#include "virtual/board/parts/part.h"
#include "virtual/board/recorder.h"

#define PARTS_MAX 8

/* Faults of the board: sets of pins */
struct pin_faults {
	uint16_t stuck_low,
		stuck_high; /* shorted to ground, or to the supply */
	uint16_t no_pull;   /* the pull resistor is missing */
	uint16_t no_drive;  /* the port's buffer does not drive */
};

struct pins {
	tick now;
	tick next;          /* when a part next acts, or TICK_NEVER */
	unsigned changes;   /* how often levels were computed */
	uint16_t conflicts; /* pins that were driven high and low at once */
	uint16_t net[PIN_COUNT]; /* the pins wired to this pin, and itself */
	struct pin_faults faults;
	unsigned parts_count;
	struct part *parts[PARTS_MAX];
	struct recorder *recorder; /* of the levels, or NULL */
	uint16_t powered;          /* pins whose port has a supply */
	uint16_t fpga_levels, fpga_enables;
	uint16_t pull_down, pull_up; /* by the expanders */
	uint16_t levels;             /* before the ports' buffers */
};

void pins_init(struct pins *pins);
/* Also frees the parts and the recorder. */
void pins_clear(struct pins *pins);

/* Wire these pins together. */
void pins_wire(struct pins *pins, uint16_t mask);
/* Add a part, which pins_clear() frees.  There is room for PARTS_MAX. */
void pins_add(struct pins *pins, struct part *part);

/* Whether one part has the pins for itself, and only the FPGA sees them: no
   wires, no faults, no record. */
bool pins_alone(const struct pins *pins);
/* A part has been changed by other calls than those from here: take over when it
   next acts. */
void pins_plan(struct pins *pins);
/* The part that has the pins for itself takes and gives bytes without edges: its
   kind's spi_bytes(), which it must have.  Returns how many. */
size_t pins_spi_bytes(struct pins *pins, const struct part_spi *spi);

/* With pins_alone(): the kind's spi_same(), or 0 if it has none. */
tick pins_spi_same(struct pins *pins, uint8_t answer, tick now);

/* The part that has the pins for itself does what clocks of JTAG would do, without
   edges: its kind's jtag(), which it must have, and which says whether it did.
   `first`: the clock before these had edges, or is long ago. */
bool pins_jtag(struct pins *pins, struct part_jtag *jtag, bool first);

/* Let time pass for the parts, including what is due at `now`. */
void pins_run(struct pins *pins, tick now);

/* From now on the FPGA drives these pins, to these levels. */
void pins_drive(struct pins *pins, tick now, uint16_t levels, uint16_t enables);

/* From now on these pins have a port supply, and these are pulled. */
void pins_supply(struct pins *pins, uint16_t powered, uint16_t pull_down,
	uint16_t pull_up);

/* The levels behind the ports' buffers, at the FPGA. */
static inline uint16_t pins_levels(const struct pins *pins)
{
	return pins->levels | ~pins->powered;
}

#endif
