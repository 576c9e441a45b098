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

/* What all pins are, and from which cycle on. */
struct mux_change {
	uint64_t cycle;
	uint16_t levels, enables;
};

/* Changes on their way: at most one a cycle, so there is room. */
struct mux_line {
	unsigned count;
	struct mux_change changes[4];
	struct mux_change last; /* put in, or the initial zeros */
};

struct mux {
	uint8_t pins[PIN_COUNT];     /* REG_PIN */
	uint8_t inputs[INPUT_COUNT]; /* REG_INPUT */
	struct mux_line out, in, chosen;
	uint16_t levels;  /* of the pins, for cores that see all... */
	uint16_t choices; /* ...and for inputs */
};

struct model;

/* A cycle has come, a core has done something, a register was written, or
   the outside may have changed: pass on what is due. */
void mux_update(struct model *model);

/* Nothing is driven and nothing under way. */
void mux_reset(struct model *model);

/* The cycle at which it has next to be updated, or CORE_NEVER. */
uint64_t mux_next(const struct model *model);

#endif
