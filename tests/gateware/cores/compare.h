/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A core of the universal image twice, side by side: its model in C, and its
 * Verilog behind a shim of two functions.  compare.c runs both and looks for
 * the first edge at which they differ; compare-NAME.c is the world of a core.
 */
#ifndef TESTS_GATEWARE_COMPARE_H
#define TESTS_GATEWARE_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

struct sim_inputs {
	uint8_t rst;
	uint8_t reg_addr, reg_write, reg_data;
	uint8_t out_data, out_valid;
	uint8_t in_ready;
	uint16_t pin_i;
};

struct sim_outputs {
	uint32_t reg_q;
	uint8_t out_ready;
	uint8_t in_data, in_valid;
	uint16_t pin_o, pin_oe;
};

#ifdef __cplusplus
extern "C" {
#endif

/* After power-up; a core with a clock begins at this one. */
void sim_init(uint32_t clock);
/* What it shows before the next edge with these inputs; and then the edge. */
void sim_cycle(const struct sim_inputs *inputs, struct sim_outputs *outputs);

#ifdef __cplusplus
}
#endif

struct core_ops;

/* What happens around a core. */
struct world {
	const struct core_ops *ops;
	uint32_t clock; /* the cycle after power-up */
	uint16_t pins;  /* what the core sees from the last edge on */
	bool write;     /* a register at the next edge */
	uint8_t addr, value;
	unsigned offers, takes; /* percent of the edges, of each stream */
	unsigned resets;        /* one in so many edges; 0 = none */
	/* Bits of the word at this offset that tell of the OUT stream, which
	   the model sees when it runs only. */
	unsigned status_offset;
	uint32_t status_mask;
};

/* One core's: a new world, and an edge of it. */
void world_begin(struct world *world);
void world_step(struct world *world, uint16_t outputs);

/* Repeats by the seed. */
uint32_t pick(uint32_t below);
bool percent(unsigned chance);

#endif
