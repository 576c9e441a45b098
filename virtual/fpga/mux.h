/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The pin multiplexer of the model: outputs of cores to pins, pins to inputs
 * of cores, as REG_PIN and REG_INPUT say.  From a core to the pin takes
 * MUX_OUT_CYCLES: two registers in gateware/pinmux.v and the pad's.  From the
 * pin to a core that sees all pins takes MUX_LEVEL_CYCLES, and to an input
 * MUX_IN_CYCLES, by one more register behind the multiplexer; to an input that
 * is sampled late, at the falling edge, half a cycle less.
 *
 * Time is in half cycles, as a clock may turn in the middle of a cycle.  What a
 * part does between two half cycles counts from the later one on.
 */
#ifndef VIRTUAL_FPGA_MUX_H
#define VIRTUAL_FPGA_MUX_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/cores.h"

#define MUX_OUT_CYCLES   3
#define MUX_LEVEL_CYCLES 2
#define MUX_IN_CYCLES    3

/* The state of all pins from a half cycle on. */
struct mux_change {
	uint64_t half;
	uint16_t levels, enables;
};

/* A delay line of up to three cycles, with at most one change in half a cycle:
   those of the cycle that is put, and of as many half cycles as pass before the
   first of them is taken. */
struct mux_delay {
	unsigned count;
	struct mux_change changes[2 * MUX_OUT_CYCLES + 3];
	struct mux_change left; /* the last that came out; zeros at first */
};

struct mux {
	uint8_t pins[PIN_COUNT];     /* REG_PIN */
	uint8_t inputs[INPUT_COUNT]; /* REG_INPUT */
	struct mux_delay out, in, chosen, chosen_late;
	uint16_t levels;  /* of the pins, for cores that see all pins */
	uint16_t choices; /* of the pins, one cycle later, for inputs */
	uint16_t choices_late;
};

struct model;

/* Pass on the changes that are due.  To be called when mux_next() is reached,
   and after an output of a core, a register or a pin may have changed. */
void mux_update(struct model *model);

/* Let the pins be now what the outputs of the cores at this cycle want, without
   their way. */
void mux_flush(struct model *model, uint64_t cycle);

/* Drive no pin, and drop all changes in the delay lines. */
void mux_reset(struct model *model);

/* The cycle of the next mux_update() that is due by itself, or CORE_NEVER. */
uint64_t mux_next(const struct model *model);

#endif
