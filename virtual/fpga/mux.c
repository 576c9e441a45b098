/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The pin multiplexer of the model: delays outputs of cores on their way to the
   pins, and levels of pins on their way to the cores.  The files of
   virtual/fpga's model call it. */
#include "model.h"

#include <string.h>

/* ---- Delay ------------------------------------------------------------ */

/* Two changes in one cycle are one. */
static void put(struct mux_delay *line, uint64_t cycle, uint16_t levels,
	uint16_t enables)
{
	struct mux_change change = {cycle, levels, enables};

	if (levels == line->last.levels && enables == line->last.enables)
		return;
	if (line->count == 0 || line->last.cycle != cycle)
		line->count++;
	line->changes[line->count - 1] = change;
	line->last = change;
}

static bool take(
	struct mux_delay *line, uint64_t cycle, struct mux_change *ret_change)
{
	if (line->count == 0 || line->changes[0].cycle > cycle)
		return false;
	*ret_change = line->changes[0];
	line->count--;
	memmove(line->changes, line->changes + 1,
		line->count * sizeof(*line->changes));
	return true;
}

static uint64_t due(const struct mux_delay *line)
{
	return line->count ? line->changes[0].cycle : CORE_NEVER;
}

/* ---- Cores ------------------------------------------------------------ */

/* The core that has this output, and which of its bits; or NULL. */
static const struct core *core_with_output(
	const struct model *model, unsigned output, unsigned *ret_bit)
{
	for (unsigned i = 1; i < CORE_END; i++) {
		const struct core_entry *entry = &core_table[i];

		if (entry->outputs == 0 || output < entry->first_output ||
			output >= entry->first_output + entry->outputs)
			continue;
		*ret_bit = output - entry->first_output;
		if (entry->flags & CORE_PER_PIN)
			*ret_bit = PIN_COUNT;
		return model->slots[i].core;
	}
	return NULL;
}

static void drive_pin(const struct model *model, unsigned pin, uint16_t *levels,
	uint16_t *enables)
{
	uint8_t value = model->mux.pins[pin];
	unsigned bit;
	const struct core *core =
		core_with_output(model, value & PIN_FUNCTION, &bit);
	bool level, enable;

	if (core == NULL)
		return;
	if (bit == PIN_COUNT)
		bit = pin;
	level = core->outputs >> bit & 1;
	enable = core->enables >> bit & 1;
	if (value & PIN_INVERT)
		level = !level;
	if (value & PIN_OPEN_DRAIN && level)
		enable = false;
	*levels |= (level && enable) << pin;
	*enables |= enable << pin;
}

static void gather_outputs(struct model *model)
{
	uint16_t levels = 0, enables = 0;

	for (unsigned pin = 0; pin < PIN_COUNT; pin++)
		if (model->mux.pins[pin] & PIN_FUNCTION)
			drive_pin(model, pin, &levels, &enables);
	put(&model->mux.out, model->cycle + MUX_OUT_CYCLES, levels, enables);
}

static bool input_level(const struct mux *mux, unsigned input)
{
	uint8_t value = mux->inputs[input];
	bool level = value & INPUT_CONNECTED &&
		mux->choices >> (value & INPUT_PIN) & 1;

	return level != !!(value & INPUT_INVERT);
}

static uint32_t inputs_of(const struct model *model, unsigned index)
{
	const struct core_entry *entry = &core_table[index];
	unsigned shift = entry->flags & CORE_PER_PIN ? PIN_COUNT : 0;
	uint32_t inputs = shift ? model->mux.levels : 0;

	for (unsigned i = 0; i < entry->inputs; i++)
		inputs |= (uint32_t)input_level(
				  &model->mux, entry->first_input + i)
			<< (shift + i);
	return inputs;
}

static void spread_inputs(struct model *model)
{
	for (unsigned i = 1; i < CORE_END; i++) {
		struct slot *slot = &model->slots[i];
		uint32_t inputs;

		if (slot->core == NULL)
			continue;
		inputs = inputs_of(model, i);
		if (inputs == slot->core->inputs)
			continue;
		slot->core->inputs = inputs;
		if (!slot->reset && slot->core->ops->inputs)
			slot->core->ops->inputs(slot->core, model->cycle);
	}
}

/* ---- Pins ------------------------------------------------------------- */

void mux_update(struct model *model)
{
	struct mux *mux = &model->mux;
	struct mux_change change;
	tick now = model->cycle * TICKS_PER_CYCLE;

	gather_outputs(model);
	if (take(&mux->out, model->cycle, &change))
		pins_drive(model->pins, now, change.levels, change.enables);
	else
		pins_run(model->pins, now);
	put(&mux->in, model->cycle + MUX_LEVEL_CYCLES, pins_levels(model->pins),
		0);
	put(&mux->chosen, model->cycle + MUX_IN_CYCLES,
		pins_levels(model->pins), 0);
	if (take(&mux->in, model->cycle, &change))
		mux->levels = change.levels;
	if (take(&mux->chosen, model->cycle, &change))
		mux->choices = change.levels;
	spread_inputs(model);
	gather_outputs(model);
	model->pins_changes = model->pins->changes;
}

void mux_reset(struct model *model)
{
	memset(&model->mux, 0, sizeof(model->mux));
	pins_drive(model->pins, model->cycle * TICKS_PER_CYCLE, 0, 0);
}

uint64_t mux_next(const struct model *model)
{
	tick part = model->pins->next;
	uint64_t next = least(due(&model->mux.out),
		least(due(&model->mux.in), due(&model->mux.chosen)));

	if (part == TICK_NEVER)
		return next;
	return least(next, (part + TICKS_PER_CYCLE - 1) / TICKS_PER_CYCLE);
}
