/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the tests of one core: its model alone, with a FIFO at each end. */
#ifndef TESTS_CORE_TEST_H
#define TESTS_CORE_TEST_H

#include "support.h"
#include "virtual/fpga/core.h"

struct core_rig {
	struct core *core;
	uint64_t cycle;
	struct core_fifo out, in;
};

/* Powers up. */
void core_rig_open(struct core_rig *rig, const struct core_ops *ops);
void core_rig_close(struct core_rig *rig);

/* Writes a register, the lowest byte first. */
void core_rig_set(
	struct core_rig *rig, unsigned offset, uint32_t value, unsigned size);
uint32_t core_rig_get(struct core_rig *rig, unsigned offset);

/* Runs up to this cycle, and stops at each cycle that the core announces. */
void core_rig_run(struct core_rig *rig, uint64_t until);
void core_rig_input(struct core_rig *rig, uint32_t inputs);
void core_rig_reset(struct core_rig *rig);

#endif
