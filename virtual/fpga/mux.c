/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The pin multiplexer of the model: delays outputs of cores on their way to the
   pins, and levels of pins on their way to the cores.  The files of
   virtual/fpga's model call it. */
#include "model.h"

#include <string.h>

#define HALF_TICKS (TICKS_PER_CYCLE / 2)

/* ---- Delay ------------------------------------------------------------ */

/* From this half cycle on the pins are so, whatever was put for it before. */
static void put(struct mux_delay *line, uint64_t half, uint16_t levels,
	uint16_t enables)
{
	const struct mux_change *last;

	while (line->count > 0 && line->changes[line->count - 1].half >= half)
		line->count--;
	last = line->count ? &line->changes[line->count - 1] : &line->left;
	if (levels != last->levels || enables != last->enables)
		line->changes[line->count++] =
			(struct mux_change){half, levels, enables};
}

static bool take(
	struct mux_delay *line, uint64_t half, struct mux_change *ret_change)
{
	if (line->count == 0 || line->changes[0].half > half)
		return false;
	*ret_change = line->left = line->changes[0];
	line->count--;
	memmove(line->changes, line->changes + 1,
		line->count * sizeof(*line->changes));
	return true;
}

static uint64_t due(const struct mux_delay *line)
{
	return line->count ? line->changes[0].half : CORE_NEVER;
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

/* What the cores drive: pins, and those that turn in mid-cycle. */
struct driven {
	uint16_t levels, enables, turns;
};

static void drive_pin(
	const struct model *model, unsigned pin, struct driven *driven)
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
	driven->levels |= (level && enable) << pin;
	driven->enables |= enable << pin;
	driven->turns |= (enable && bit == 0 && core->turns) << pin;
}

static void gather_outputs(struct model *model, uint64_t cycle)
{
	struct driven driven = {0};
	uint64_t half = 2 * (cycle + MUX_OUT_CYCLES);

	for (unsigned pin = 0; pin < PIN_COUNT; pin++)
		if (model->mux.pins[pin] & PIN_FUNCTION)
			drive_pin(model, pin, &driven);
	put(&model->mux.out, half, driven.levels, driven.enables);
	if (driven.turns)
		put(&model->mux.out, half + 1, driven.levels ^ driven.turns,
			driven.enables);
}

static bool input_level(const struct mux *mux, uint16_t choices, unsigned input)
{
	uint8_t value = mux->inputs[input];
	bool level =
		value & INPUT_CONNECTED && choices >> (value & INPUT_PIN) & 1;

	return level != !!(value & INPUT_INVERT);
}

static uint32_t inputs_of(const struct model *model, unsigned index)
{
	const struct core_entry *entry = &core_table[index];
	const struct mux *mux = &model->mux;
	unsigned shift = entry->flags & CORE_PER_PIN ? PIN_COUNT : 0;
	uint32_t inputs = shift ? mux->levels : 0;
	uint16_t choices = model->slots[index].core->late ? mux->choices_late
							  : mux->choices;

	for (unsigned i = 0; i < entry->inputs; i++)
		inputs |= (uint32_t)input_level(
				  mux, choices, entry->first_input + i)
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

/* The pins at a half cycle.  Pads take levels that were there before an edge:
   for `levels` and `chosen` a rising edge, for `chosen_late` a falling one. */
static void move_pins(struct model *model, uint64_t half)
{
	struct mux *mux = &model->mux;
	struct mux_change change;
	uint16_t levels;

	if (take(&mux->out, half, &change))
		pins_drive(model->pins, half * HALF_TICKS, change.levels,
			change.enables);
	else
		pins_run(model->pins, half * HALF_TICKS);
	levels = pins_levels(model->pins);
	put(&mux->in, 2 * (half / 2 + MUX_LEVEL_CYCLES), levels, 0);
	put(&mux->chosen, 2 * (half / 2 + MUX_IN_CYCLES), levels, 0);
	put(&mux->chosen_late, 2 * ((half + 1) / 2 + MUX_IN_CYCLES - 1), levels,
		0);
}

/* Half a cycle ago nothing but pins could change, and that has had no effect on
   a core yet. */
void mux_update(struct model *model)
{
	struct mux *mux = &model->mux;
	struct mux_change change;
	uint64_t half = 2 * model->cycle;

	gather_outputs(model, model->cycle);
	if (half > 0 &&
		(due(&mux->out) < half ||
			model->pins->next <= (half - 1) * HALF_TICKS))
		move_pins(model, half - 1);
	move_pins(model, half);
	if (take(&mux->in, half, &change))
		mux->levels = change.levels;
	if (take(&mux->chosen, half, &change))
		mux->choices = change.levels;
	if (take(&mux->chosen_late, half, &change))
		mux->choices_late = change.levels;
	spread_inputs(model);
	gather_outputs(model, model->cycle);
	model->pins_changes = model->pins->changes;
}

void mux_flush(struct model *model, uint64_t cycle)
{
	struct mux_change change;

	gather_outputs(model, cycle);
	while (take(&model->mux.out, CORE_NEVER, &change))
		pins_drive(model->pins, change.half * HALF_TICKS, change.levels,
			change.enables);
}

void mux_reset(struct model *model)
{
	memset(&model->mux, 0, sizeof(model->mux));
	pins_drive(model->pins, model->cycle * TICKS_PER_CYCLE, 0, 0);
}

uint64_t mux_next(const struct model *model)
{
	tick part = model->pins->next;
	uint64_t next = least(least(due(&model->mux.out), due(&model->mux.in)),
		least(due(&model->mux.chosen), due(&model->mux.chosen_late)));

	if (next != CORE_NEVER)
		next = (next + 1) / 2;
	if (part == TICK_NEVER)
		return next;
	return least(next, (part + TICKS_PER_CYCLE - 1) / TICKS_PER_CYCLE);
}
