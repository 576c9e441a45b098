/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The Verilated core, for compare.c. */
#include "compare.h"

#include "Vcore.h"
#include "Vcore___024root.h"

static Vcore *core;

static void apply(const struct sim_inputs *inputs)
{
	core->rst = inputs->rst;
	core->reg_addr = inputs->reg_addr;
	core->reg_write = inputs->reg_write;
	core->reg_data = inputs->reg_data;
	core->out_data = inputs->out_data;
	core->out_valid = inputs->out_valid;
	core->in_ready = inputs->in_ready;
#ifdef COMMANDS
	core->in_room = inputs->in_room;
#endif
	core->pin_i = inputs->pin_i;
}

void sim_init(uint32_t clock)
{
	const struct sim_inputs inputs = {};

	delete core;
	core = new Vcore;
	core->clk = 0;
	apply(&inputs);
	core->eval();
#ifdef CLOCK
	core->rootp->CLOCK = clock;
#endif
	(void)clock;
}

void sim_cycle(const struct sim_inputs *inputs, struct sim_outputs *outputs)
{
	apply(inputs);
	core->eval();
	outputs->reg_q = core->reg_q;
	outputs->out_ready = core->out_ready;
	outputs->in_data = core->in_data;
	outputs->in_valid = core->in_valid;
	outputs->pin_o = core->pin_o;
	outputs->pin_oe = core->pin_oe;
#ifdef COMMANDS
	outputs->in_flush = core->in_flush;
#endif
#ifdef CLOCK_CORE
	outputs->clock_turn = core->clock_turn;
	outputs->clock_late = core->clock_late;
#endif
	core->clk = 1;
	core->eval();
	core->clk = 0;
	core->eval();
}
