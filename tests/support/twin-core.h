/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Shared by the tests that compare a core with CORE_COMMANDS in the model of the
 * image with the one in its twin: the same random batches, drawn from a seed,
 * must give the same replies, and take the same virtual time to 0.1 %.
 */
#ifndef TESTS_TWIN_CORE_H
#define TESTS_TWIN_CORE_H

#include "clyde-test.h"

#define BATCH_SIZE (1 << 16)

struct twin_core {
	enum clyde_core core;
	void (*make_batch)(void);
	/* Connects pins and inputs: the values of REG_PIN from A0 on, and of
	   REG_INPUT from the core's first input on. */
	void (*connect)(uint8_t pins[8], uint8_t *inputs, unsigned number);
	unsigned first_input, inputs;
};

/* The batch that is being made. */
extern struct batch {
	uint8_t bytes[BATCH_SIZE];
	unsigned size, replies;
} batch;

unsigned draw(unsigned limit);
void add(uint8_t byte);
void add_number(uint32_t value, unsigned size);
void add_noise(unsigned size);
void add_barrier(void);

/* With [FIRST-SEED [COUNT]]. */
int twin_core_main(int argc, char **argv, const struct twin_core *core);

#endif
