/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The pin multiplexer of the model: outputs of cores to pins, pins to inputs
 * of cores, as REG_PIN and REG_INPUT say.  From a core to the pin takes
 * MUX_OUT_CYCLES: two registers in gateware/pinmux.v and the pad's.  From the
 * pin to a core that sees all pins takes MUX_LEVEL_CYCLES, and to an input
 * MUX_IN_CYCLES, by one more register behind the multiplexer.
 */
#ifndef VIRTUAL_FPGA_MUX_H
#define VIRTUAL_FPGA_MUX_H

#include <stdint.h>

#include "wire/cores.h"

#define MUX_OUT_CYCLES   3
#define MUX_LEVEL_CYCLES 2
#define MUX_IN_CYCLES    3

/* The state of all pins from a cycle on. */
struct mux_change {
	uint64_t cycle;
	uint16_t levels, enables;
};

/* A delay line.  There is at most one change a cycle, so four changes are
   enough for delays of up to three cycles. */
struct mux_delay {
	unsigned count;
	struct mux_change changes[4];
	struct mux_change last; /* the last that entered; zeros at first */
};

struct mux {
	uint8_t pins[PIN_COUNT];     /* REG_PIN */
	uint8_t inputs[INPUT_COUNT]; /* REG_INPUT */
	struct mux_delay out, in, chosen;
	uint16_t levels;  /* of the pins, for cores that see all pins */
	uint16_t choices; /* of the pins, one cycle later, for inputs */
};

struct model;

/* Pass on the changes that are due.  To be called when mux_next() is reached,
   and after an output of a core, a register or a pin may have changed. */
void mux_update(struct model *model);

/* Drive no pin, and drop all changes in the delay lines. */
void mux_reset(struct model *model);

/* The cycle of the next mux_update() that is due by itself, or CORE_NEVER. */
uint64_t mux_next(const struct model *model);

#endif
