/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Compares the two implementations of a core: its model in C, and its Verilog
 * behind a shim of two functions. compare.c runs both and looks for the first
 * edge at which they differ; compare-NAME.c makes the stimulus of a core.
 */
#ifndef TESTS_GATEWARE_COMPARE_H
#define TESTS_GATEWARE_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

struct sim_inputs {
	uint8_t rst;
	uint8_t reg_addr, reg_write, reg_data;
	uint8_t out_data, out_valid;
	uint8_t in_ready, in_room;
	uint16_t pin_i;
};

struct sim_outputs {
	uint32_t reg_q;
	uint8_t out_ready;
	uint8_t in_data, in_valid;
	uint16_t pin_o, pin_oe;
	/* Of a core with CORE_COMMANDS, and of one with CORE_CLOCK. */
	uint8_t in_flush, clock_turn, clock_late;
};

#ifdef __cplusplus
extern "C" {
#endif

/* Powers the Verilog up; a core with a clock starts at this count. */
void sim_init(uint32_t clock);
/* Returns the outputs before the next edge with these inputs, then makes the
   edge. */
void sim_cycle(const struct sim_inputs *inputs, struct sim_outputs *outputs);

#ifdef __cplusplus
}
#endif

struct core_ops;

/* The inputs of both implementations. */
struct stimulus {
	const struct core_ops *ops;
	uint32_t clock; /* The cycle after power-up. */
	uint16_t pins;  /* The pins that the core sees from the last edge on. */
	bool write;     /* A register is written at the next edge. */
	uint8_t addr, value;
	unsigned offers, takes; /* In percent of the edges, for each stream. */
	/* The byte that follows in the OUT stream; NULL: any. */
	uint8_t (*next_byte)(void);
	/* A reset comes once in this many edges; 0 = never. */
	unsigned resets;
	/* Bits of the word at this offset that depend on the OUT stream, which
	   the model sees only when it runs. */
	unsigned status_offset;
	uint32_t status_mask;
};

/* Of one core: a new stimulus, and its inputs for an edge. */
void stimulus_begin(struct stimulus *stimulus);
void stimulus_step(struct stimulus *stimulus, uint16_t outputs);

/* Returns a random number, which the seed repeats. */
uint32_t pick(uint32_t below);
bool percent(unsigned chance);

#endif
