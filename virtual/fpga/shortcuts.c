/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The model's half of three shortcuts: a core hands whole bytes of SPI, or clocks
 * of JTAG, to the part on the pins, without edges, or polls the part without any
 * transaction.  The SPI core and the probe core call it through struct core.  It
 * must refuse where anything else could see the edges, or does not see the pins as
 * the core does.
 */
#include "model.h"

/* The pin that shows this output as it is; 0 if there is none, or more than
   one. */
static uint16_t pin_of_output(const struct mux *mux, unsigned output)
{
	uint16_t found = 0;

	for (unsigned pin = 0; pin < PIN_COUNT; pin++) {
		if ((mux->pins[pin] & PIN_FUNCTION) != output)
			continue;
		if (found || mux->pins[pin] != output)
			return 0;
		found = 1 << pin;
	}
	return found;
}

/* Whether the input is this pin, as it is; without a pin, whether it is 0. */
static bool input_is(const struct mux *mux, unsigned input, uint16_t pin)
{
	uint8_t value = mux->inputs[input];

	if (pin == 0)
		return value == 0;
	return (value & ~INPUT_PIN) == INPUT_CONNECTED &&
		1 << (value & INPUT_PIN) == pin;
}

/* SCK and the IO lines are the first outputs of the core, and the IO lines its
   first inputs.  Lanes without a pin are those of a chip with fewer. */
static void find_route(struct model *model, const struct core_entry *entry)
{
	struct spi_route *route = &model->spi_route;
	const struct mux *mux = &model->mux;

	*route = (struct spi_route){.known = true};
	route->sck = pin_of_output(mux, entry->first_output);
	route->good = route->sck && route->sck & model->pins->powered;
	for (unsigned i = 0; i < 4; i++) {
		route->io[i] = pin_of_output(mux, entry->first_output + 1 + i);
		route->good &=
			input_is(mux, entry->first_input + i, route->io[i]) &&
			!(route->io[i] & ~model->pins->powered);
	}
}

/* The table's row of the core, if no other core has a stream. */
static const struct core_entry *only_core(
	const struct model *model, const struct core *core)
{
	const struct core_entry *entry = NULL;

	for (unsigned i = 1; i < CORE_END; i++) {
		const struct slot *slot = &model->slots[i];

		if (slot->core == core)
			entry = &core_table[i];
		else if (slot->out_pipe || slot->in_pipe)
			return NULL;
	}
	return entry;
}

/* Nothing but this core and a part sees the pins. */
static bool is_alone(const struct model *model, const struct core_entry *entry)
{
	return !model->stepped && entry && pins_alone(model->pins);
}

static uint8_t idle_level(const struct model *model, uint16_t pin)
{
	return pins_levels(model->pins) & pin ? 0xff : 0;
}

/* The pin that the input shows as it is, if no core drives it; 0 if there is
   none. */
static uint16_t pin_of_input(const struct mux *mux, unsigned input)
{
	uint8_t value = mux->inputs[input];
	unsigned pin = value & INPUT_PIN;

	if ((value & ~INPUT_PIN) != INPUT_CONNECTED ||
		mux->pins[pin] & PIN_FUNCTION)
		return 0;
	return 1 << pin;
}

static void find_jtag_route(struct model *model, const struct core_entry *entry)
{
	struct jtag_route *route = &model->jtag_route;
	const struct mux *mux = &model->mux;
	unsigned output = entry->first_output;

	*route = (struct jtag_route){
		.known = true,
		.tck = pin_of_output(mux, output),
		.tms = pin_of_output(mux, output + 1),
		.tdi = pin_of_output(mux, output + 2),
		.tdo = pin_of_input(mux, entry->first_input),
	};
	route->good = route->tck && route->tms && route->tdi && route->tdo;
}

size_t model_spi_bytes(
	const struct core *core, struct part_spi *spi, bool lines)
{
	struct model *model = core->model;
	const struct core_entry *entry = only_core(model, core);
	struct spi_route *route = &model->spi_route;

	if (!is_alone(model, entry) || !model->pins->parts[0]->kind->spi_bytes)
		return 0;
	if (!route->known)
		find_route(model, entry);
	if (!route->good)
		return 0;
	if (lines)
		mux_flush(model, model->cycle);
	spi->begin += MUX_OUT_CYCLES * TICKS_PER_CYCLE;
	spi->sck = route->sck;
	for (unsigned i = 0; i < 4; i++)
		spi->io[i] = route->io[i];
	if (spi->in && spi->lanes == 1)
		for (size_t i = 0; i < spi->bytes; i++)
			spi->in[i] = idle_level(model, route->io[1]);
	return pins_spi_bytes(model->pins, spi);
}

uint64_t model_spi_same(const struct core *core, uint8_t answer, uint64_t cycle)
{
	struct model *model = core->model;
	tick until;

	if (!is_alone(model, only_core(model, core)))
		return 0;
	until = pins_spi_same(model->pins, answer, cycle * TICKS_PER_CYCLE);
	return until == TICK_NEVER ? CORE_NEVER : until / TICKS_PER_CYCLE;
}

bool model_jtag(const struct core *core, struct part_jtag *jtag, bool lines)
{
	struct model *model = core->model;
	const struct core_entry *entry = only_core(model, core);
	struct jtag_route *route = &model->jtag_route;

	if (!is_alone(model, entry) || !model->pins->parts[0]->kind->jtag)
		return false;
	if (!route->known)
		find_jtag_route(model, entry);
	jtag->tck = route->tck;
	jtag->tms = route->tms;
	jtag->tdi = route->tdi;
	jtag->tdo = route->tdo;
	if (!route->good ||
		(route->tck | route->tms | route->tdi | route->tdo) &
			~model->pins->powered)
		return false;
	if (lines)
		mux_flush(model, jtag->begin / TICKS_PER_CYCLE);
	jtag->begin += MUX_OUT_CYCLES * TICKS_PER_CYCLE;
	return pins_jtag(model->pins, jtag, lines);
}
