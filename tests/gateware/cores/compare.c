/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Runs a core's model in C and its Verilog on the same random stimulus, and
 * compares pins, streams and registers at every edge.  For half of the seeds
 * the model runs single edges.  For the others it runs in stretches up to the
 * cycle that it announced, so an edge that it failed to announce is a
 * difference.
 *
 *	compare-NAME [SEEDS [FIRST]]
 */
#include "compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "virtual/fpga/core.h"

#define CYCLES  120000 /* Long enough to fill a counter of 16 bits. */
#define STRETCH 64     /* As in virtual/fpga/core.h. */

static uint64_t random_state;

uint32_t pick(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 32) * below >> 32;
}

bool percent(unsigned chance)
{
	return pick(100) < chance;
}

struct both {
	struct stimulus stimulus;
	struct core *core;
	uint64_t cycle, from; /* Of the Verilog and of the model. */
	bool stretches;
	bool failed;
	struct sim_inputs inputs;
	struct sim_outputs outputs;
	bool offered; /* At an edge since `from`. */
	bool flushed;
	bool waiting;        /* A byte was offered when the model ran last. */
	uint32_t word, mask; /* Of the registers, expected at the next edge. */
};

static void same(
	struct both *both, const char *what, uint32_t model, uint32_t verilog)
{
	if (model == verilog)
		return;
	if (!both->failed)
		printf("cycle %" PRIu64 ": %s: model %" PRIx32
		       ", Verilog %" PRIx32 "\n",
			both->cycle, what, model, verilog);
	both->failed = true;
}

/* A register that is read now is output at the next edge. */
static void expect_word(struct both *both)
{
	unsigned offset = both->inputs.reg_addr & ~3u;

	both->word = both->core->ops->read(both->core, both->cycle, offset);
	both->mask = UINT32_MAX;
	if (offset == both->stimulus.status_offset &&
		both->waiting != both->inputs.out_valid)
		both->mask = ~both->stimulus.status_mask;
}

static void verilog_edge(struct both *both)
{
	struct core *core = both->core;
	uint32_t word = both->word, mask = both->mask;

	both->inputs.pin_i = both->stimulus.pins;
	expect_word(both);
	sim_cycle(&both->inputs, &both->outputs);
	same(both, "outputs", core->outputs, both->outputs.pin_o);
	same(both, "enables", core->enables, both->outputs.pin_oe);
	same(both, "registers", word & mask, both->outputs.reg_q & mask);
	same(both, "turn", core->turns, both->outputs.clock_turn);
	same(both, "late", core->late, both->outputs.clock_late);
	both->offered |= both->outputs.in_valid;
	both->flushed |= both->outputs.in_flush;
	both->cycle++;
}

/* The bytes in the IN FIFO, which has more room than these tell. */
static unsigned level_of(const struct sim_inputs *inputs)
{
	if (!inputs->in_ready)
		return CORE_FIFO_SIZE;
	return inputs->in_room ? 0 : CORE_FIFO_SIZE - CORE_ROOM;
}

static void model_run(struct both *both)
{
	const struct sim_inputs *inputs = &both->inputs;
	const struct sim_outputs *outputs = &both->outputs;
	struct core_fifo out = {.level = inputs->out_valid};
	struct core_fifo in = {.level = level_of(inputs)};
	uint64_t offered;

	out.data[0] = inputs->out_data;
	offered = both->core->ops->run(
		both->core, both->from, both->cycle, &out, &in);
	same(both, "a byte is offered", !!offered, both->offered);
	same(both, "a byte is taken", inputs->out_valid && !out.level,
		inputs->out_valid && outputs->out_ready);
	same(both, "flush", both->core->flush, both->flushed);
	both->core->flush = false;
	if (inputs->in_ready) {
		same(both, "a byte is given", in.level - level_of(inputs),
			outputs->in_valid);
		if (outputs->in_valid)
			same(both, "the byte", in.data[level_of(inputs)],
				outputs->in_data);
	}
	if (inputs->reg_write)
		both->core->ops->write(both->core, both->cycle,
			inputs->reg_addr, inputs->reg_data);
	both->waiting = out.level;
	both->from = both->cycle;
	both->offered = both->flushed = false;
}

static void stream_inputs(struct both *both, bool open)
{
	struct sim_inputs *inputs = &both->inputs;
	struct stimulus *stimulus = &both->stimulus;

	if (!stimulus->next_byte)
		inputs->out_data = pick(256);
	else if (inputs->out_valid && both->outputs.out_ready)
		inputs->out_data = stimulus->next_byte();
	inputs->out_valid = open && percent(stimulus->offers);
	inputs->in_ready = open && percent(stimulus->takes);
	inputs->in_room = inputs->in_ready && percent(80);
}

static void reset(struct both *both)
{
	both->inputs.rst = 1;
	for (unsigned edges = 1 + pick(20); edges > 0; edges--) {
		stream_inputs(both, true);
		both->inputs.reg_addr = pick(32);
		verilog_edge(both);
		both->core->ops->reset(both->core, both->cycle);
		both->waiting = false;
	}
	both->inputs.rst = 0;
	both->outputs.out_ready = 1; /* The stream begins anew. */
	both->inputs.out_valid = 1;
	both->from = both->cycle;
	both->offered = both->flushed = false;
}

static void step(struct both *both)
{
	struct stimulus *stimulus = &both->stimulus;
	struct core *core = both->core;
	uint16_t pins = stimulus->pins;
	bool due = both->cycle + 1 == core->next;
	bool open = !both->stretches || due || percent(10);

	stream_inputs(both, open);
	both->inputs.reg_write = stimulus->write;
	both->inputs.reg_addr = stimulus->write ? stimulus->addr : pick(32);
	both->inputs.reg_data = stimulus->value;
	verilog_edge(both);
	stimulus->write = false;
	stimulus_step(stimulus, core->outputs);
	if (open || both->inputs.reg_write || stimulus->pins != pins ||
		both->cycle == both->from + STRETCH)
		model_run(both);
	both->inputs.reg_write = 0;
	if (stimulus->pins != pins) {
		core->inputs = stimulus->pins;
		if (core->ops->inputs)
			core->ops->inputs(core, both->cycle);
	}
	if (both->cycle == both->from && stimulus->resets &&
		!pick(stimulus->resets))
		reset(both);
}

static bool begin(struct both *both, uint64_t seed)
{
	*both = (struct both){0};
	random_state = (seed + 1) * 0x9e3779b97f4a7c15;
	stimulus_begin(&both->stimulus);
	both->stretches = seed % 2;
	both->core = calloc(1, both->stimulus.ops->size);
	if (both->core == NULL)
		return false;
	both->core->ops = both->stimulus.ops;
	both->core->next = CORE_NEVER;
	both->core->inputs = both->stimulus.pins;
	both->core->ops->reset(both->core, 0);
	both->cycle = both->from = both->stimulus.clock;
	both->inputs.out_valid = both->outputs.out_ready = 1;
	sim_init(both->stimulus.clock);
	return true;
}

static bool agree(uint64_t seed)
{
	struct both both;

	if (!begin(&both, seed))
		return false;
	for (unsigned i = 0; i < CYCLES && !both.failed; i++)
		step(&both);
	if (both.failed)
		printf("seed %" PRIu64 "%s\n", seed,
			both.stretches ? ", in stretches" : "");
	free(both.core);
	return !both.failed;
}

int main(int argc, char **argv)
{
	uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 0) : 100;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	uint64_t failures = 0;

	for (uint64_t seed = first; seed < first + seeds; seed++)
		failures += !agree(seed);
	printf("%" PRIu64 " of %" PRIu64 " runs of %d cycles agree\n",
		seeds - failures, seeds, CYCLES);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
