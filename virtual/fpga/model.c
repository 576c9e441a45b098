/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The universal image as a model in C: the stream switch, and the time of
 * bridge and cores.  It implements struct fpga_ops, which virtual/fx2 calls.
 * No core may run past its announced `next`, and time never goes back.
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define X(NAME, ...) [CORE_##NAME] = CORE_ENTRY(NAME, __VA_ARGS__),
const struct core_entry core_table[CORE_END] = {CORE_TABLE(X)};
#undef X

#define X(NAME, name, ...) [CORE_##NAME] = &core_##name##_ops,
static const struct core_ops *const core_ops[CORE_END] = {CORE_TABLE(X)};
#undef X

bool model_done(const struct model *model)
{
	return bitstream_done(&model->bitstream) &&
		!faults_at(model->faults, FAULT_DONE, 0);
}

bool model_running(const struct model *model)
{
	return model_done(model) && !model->foreign.runs;
}

/* ---- Streams ---------------------------------------------------------- */

struct slot *model_slot_of(struct model *model, enum fifo_index index)
{
	struct slot *slot = &model->slots[model->stream[index]];
	const void *pipe = fifo_is_in(index)
		? (const void *)&model->in[index - FIFO_EP6]
		: (const void *)&model->out[index];

	return slot->core && (slot->in_pipe == pipe || slot->out_pipe == pipe)
		? slot
		: NULL;
}

/* Find the pipes of a core, and whether one of them is in reset, which resets
   the core. */
static void connect(struct model *model, unsigned index)
{
	struct slot *slot = &model->slots[index];
	bool reset = false;

	slot->out_pipe = NULL;
	slot->in_pipe = NULL;
	for (unsigned i = FIFO_COUNT; i-- > 0;) {
		if (model->stream[i] != index)
			continue;
		reset |= in_reset(model, i);
		if (fifo_is_in(i) && core_table[index].flags & CORE_GIVES)
			slot->in_pipe = &model->in[i - FIFO_EP6];
		if (!fifo_is_in(i) && core_table[index].flags & CORE_TAKES)
			slot->out_pipe = &model->out[i];
	}
	slot->out = slot->out_pipe ? &slot->out_pipe->fifo : &model->empty;
	slot->in = slot->in_pipe ? &slot->in_pipe->fifo : &model->full;
	if (reset != slot->reset)
		slot->core->ops->reset(slot->core, model->cycle);
	slot->reset = reset;
}

static void connect_all(struct model *model)
{
	for (unsigned i = 1; i < CORE_END; i++)
		if (model->slots[i].core)
			connect(model, i);
	mux_update(model);
	model_update_event(model);
}

void model_switch(struct model *model, enum fifo_index index, uint8_t core)
{
	model->stream[index] = core < CORE_END ? core : CORE_NONE;
	connect_all(model);
}

void model_reset_pipes(struct model *model, uint8_t reset)
{
	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		uint16_t idle;

		if (!(reset >> i & 1))
			continue;
		if (model->burst.pipe == i)
			model->burst.busy = false;
		if (fifo_is_in(i)) {
			idle = model->in[i - FIFO_EP6].idle;
			model->in[i - FIFO_EP6] = (struct in_pipe){
				.idle = idle, .quiet = model->cycle};
		} else {
			model->out[i] = (struct out_pipe){0};
		}
	}
	model->reset = reset;
	connect_all(model);
}

/* ---- Time ------------------------------------------------------------- */

void model_update_event(struct model *model)
{
	model->event = mux_next(model);
	for (unsigned i = 1; i < CORE_END; i++) {
		const struct slot *slot = &model->slots[i];

		if (slot->core && !slot->reset)
			model->event = least(model->event, slot->core->next);
	}
}

static void run_core(struct slot *slot, uint64_t from, uint64_t until)
{
	uint64_t offered = slot->core->ops->run(
		slot->core, from, until, slot->out, slot->in);

	if (offered && slot->in_pipe)
		slot->in_pipe->quiet = offered;
	if (slot->core->flush && slot->in_pipe)
		in_pipe_flush(slot->in_pipe);
	slot->core->flush = false;
}

/* True if an output of any core has changed, or the time of its inputs. */
static bool run_cores(struct model *model, uint64_t until)
{
	bool changed = false;

	for (unsigned i = 1; i < CORE_END; i++) {
		struct slot *slot = &model->slots[i];
		struct core *core = slot->core;
		uint16_t outputs, enables;
		bool late, turned;

		if (core == NULL || slot->reset)
			continue;
		if (!slot->out_pipe && !slot->in_pipe && core->next != until)
			continue;
		outputs = core->outputs;
		enables = core->enables;
		late = core->late;
		turned = core->turns;
		run_core(slot, model->cycle, until);
		changed |= outputs != core->outputs ||
			enables != core->enables || turned || core->turns ||
			late != core->late;
	}
	return changed;
}

/* From outside the FPGA, or by a shortcut. */
static bool has_new_levels(const struct model *model)
{
	return model->pins->changes != model->pins_changes;
}

static void check_pins(struct model *model)
{
	if (!has_new_levels(model))
		return;
	mux_update(model);
	model_update_event(model);
}

void model_run(struct model *model, uint64_t until)
{
	while (model->cycle < until) {
		uint64_t next = least(until, model->event);
		bool changed = run_cores(model, next);

		model->cycle = next;
		if (changed || next >= mux_next(model) || has_new_levels(model))
			mux_update(model);
		model_update_event(model);
	}
}

static tick model_advance(struct fpga *fpga, tick now)
{
	struct model *model = MODEL(fpga);
	uint64_t target = now / TICKS_PER_CYCLE;
	uint64_t next;

	if (!model_running(model)) {
		model->cycle = target;
		pins_run(model->pins, target * TICKS_PER_CYCLE);
		return TICK_NEVER;
	}
	check_pins(model);
	for (;;) {
		if (model->burst.busy && model->burst.end > target)
			return model->burst.end * TICKS_PER_CYCLE;
		if (model->burst.busy) {
			bridge_run(model, model->burst.end);
			continue;
		}
		if (bridge_grant(model))
			continue;
		next = least(bridge_next(model), model->event);
		if (model->cycle >= target)
			break;
		model_run(model, least(target, next));
	}
	return next == CORE_NEVER ? TICK_NEVER : next * TICKS_PER_CYCLE;
}

static void model_catch_up(struct fpga *fpga, tick now)
{
	struct model *model = MODEL(fpga);

	model_advance(fpga, now);
	if (model_running(model) && model->burst.busy)
		bridge_run(model, now / TICKS_PER_CYCLE);
}

/* ---- From the FX2 ----------------------------------------------------- */

static void start_core(struct model *model, unsigned index)
{
	struct core *core = model->slots[index].core;

	if (core == NULL)
		return;
	memset(core, 0, core_ops[index]->size);
	core->ops = core_ops[index];
	core->next = CORE_NEVER;
	core->model = model;
	core->spi_bytes = model_spi_bytes;
	core->spi_same = model_spi_same;
	core->jtag = model_jtag;
	core->ops->reset(core, model->cycle);
	model->slots[index].reset = false;
}

/* The state of the image right after configuration. */
static void power_up(struct model *model)
{
	model->burst.busy = false;
	model->alerts = 0;
	model->table_index = 0;
	memset(model->stream, 0, sizeof(model->stream));
	mux_reset(model);
	for (unsigned i = 1; i < CORE_END; i++)
		start_core(model, i);
	for (unsigned i = 0; i < 2; i++)
		model->in[i].idle = REG_IDLE_DEFAULT;
	model_reset_pipes(model, 0xf);
}

static void model_reset(struct fpga *fpga, tick now)
{
	struct model *model = MODEL(fpga);

	bitstream_reset(&model->bitstream);
	model->foreign.runs = false;
	model->cycle = now / TICKS_PER_CYCLE;
	model->burst.busy = false;
	mux_reset(model);
}

/* The caller has advanced the FPGA to the present.  No core has run before:
   until now the FPGA was not configured. */
static void model_restore(struct fpga *fpga, const struct bitstream *port)
{
	struct model *model = MODEL(fpga);
	bool before = bitstream_done(&model->bitstream);

	model->bitstream = *port;
	if (before || !bitstream_done(port))
		return;
	if (bitstream_is_image(port)) {
		power_up(model);
		return;
	}
	foreign_power_up(&model->foreign);
	fpga->foreign_count++;
}

static void model_configure(struct fpga *fpga, const uint8_t *data, size_t size)
{
	struct bitstream port = MODEL(fpga)->bitstream;

	bitstream_feed(&port, data, size);
	model_restore(fpga, &port);
}

static bool is_done(const struct fpga *fpga)
{
	return model_done(MODEL(fpga));
}

static bool model_alert(const struct fpga *fpga)
{
	return model_running(MODEL(fpga)) && MODEL(fpga)->alerts != 0;
}

static void model_destroy(struct fpga *fpga)
{
	for (unsigned i = 1; i < CORE_END; i++)
		free(MODEL(fpga)->slots[i].core);
	free(fpga);
}

static const struct fpga_ops ops = {
	.reset = model_reset,
	.configure = model_configure,
	.restore = model_restore,
	.done = is_done,
	.i2c_write = model_i2c_write,
	.i2c_read = model_i2c_read,
	.alert = model_alert,
	.advance = model_advance,
	.catch_up = model_catch_up,
	.destroy = model_destroy,
};

struct fpga *fpga_model_new(
	struct fifo fifos[FIFO_COUNT], struct pins *pins, struct faults *faults)
{
	struct model *model = calloc(1, sizeof(*model));

	if (model == NULL)
		return NULL;
	model->fpga.ops = &ops;
	model->fifos = fifos;
	model->pins = pins;
	model->faults = faults;
	model->full.level = CORE_FIFO_SIZE;
	for (unsigned i = 1; i < CORE_END; i++) {
		if (core_ops[i] == NULL)
			continue;
		model->slots[i].core = calloc(1, core_ops[i]->size);
		if (model->slots[i].core == NULL) {
			model_destroy(&model->fpga);
			return NULL;
		}
	}
	model_reset(&model->fpga, 0);
	return &model->fpga;
}

void fpga_model_step(struct fpga *fpga)
{
	MODEL(fpga)->stepped = true;
}
