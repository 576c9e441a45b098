/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Steps of clyde.h as commands of wire/core-spi.h.  queue.c calls it.
 *
 * A step that fails leaves the lines as they are, and skips the settings behind
 * it.  So the library never assumes that something was carried out that may have
 * been skipped: while a chain that can fail is on its way, a chain begins with
 * all settings.
 */
#include "spi.h"

#include <string.h>

#define LENGTH_MAX 0xffffffu /* u24 */

static const char *const input_names[SPI_INPUT_COUNT] = {
	"io0", "io1", "io2", "io3", "the side input"};

/* ---- Checks ----------------------------------------------------------- */

static unsigned lanes_of(const struct clyde_spi_step *step)
{
	return step->lanes ? step->lanes : 1;
}

/* The lines that a step needs: bits of enum spi_output. */
static unsigned lines_of(
	const struct clyde_spi *spi, const struct clyde_spi_step *step)
{
	unsigned lanes = lanes_of(step), lines = 0;
	bool poll = step->kind == CLYDE_SPI_POLL;
	bool sends = poll ? !(step->flags & CLYDE_SPI_HELD) : !!step->out;
	bool receives = poll || step->in;

	if (!sends && !receives)
		return 0;
	if (lanes > 1)
		return ((1u << lanes) - 1) << SPI_OUTPUT_IO0;
	if (sends || spi->three_wire)
		lines |= 1 << SPI_OUTPUT_IO0;
	if (receives && !spi->three_wire)
		lines |= 1 << SPI_OUTPUT_IO1;
	return lines;
}

static int check_lanes(const struct clyde_spi *spi, size_t index,
	const struct clyde_spi_step *step)
{
	unsigned lanes = lanes_of(step), missing;

	if (lanes != 1 && lanes != 2 && lanes != 4)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu: %u lanes: 1, 2 or 4 are possible", index,
			lanes);
	if (lanes > 1 && spi->three_wire)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu: three-wire SPI has one lane, not %u", index,
			lanes);
	missing = lines_of(spi, step) & ~spi->core.outputs;
	for (unsigned i = 0; i < 4; i++)
		if (missing >> (SPI_OUTPUT_IO0 + i) & 1)
			return set_error(CLYDE_ERROR_INVALID,
				"step %zu needs io%u, which has no pin", index,
				i);
	return 0;
}

static int check_directions(const struct clyde_spi *spi, size_t index,
	const struct clyde_spi_step *step)
{
	if (step->out == NULL || step->in == NULL)
		return 0;
	if (lanes_of(step) > 1)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu sends and receives on %u lanes at once: that "
			"is for one lane",
			index, lanes_of(step));
	if (spi->three_wire)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu sends and receives at once, and three-wire "
			"SPI has one line for both",
			index);
	return 0;
}

static int check_bits(size_t index, const struct clyde_spi_step *step)
{
	if (step->bits < 1 || step->bits > 8 || step->bits % lanes_of(step))
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu: %u bits on %u lanes: 1 to 8 are possible, "
			"in whole clocks",
			index, step->bits, lanes_of(step));
	return 0;
}

static int check_wait(const struct clyde_spi *spi, size_t index,
	const struct clyde_spi_step *step)
{
	if (step->command >= SPI_INPUT_COUNT || step->value > 1)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu waits for input %u to be %u: inputs 0 to %d "
			"can be 0 or 1",
			index, step->command, step->value, SPI_INPUT_COUNT - 1);
	if (!(spi->core.inputs >> step->command & 1))
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu waits for %s, which has no pin", index,
			input_names[step->command]);
	return 0;
}

static int check_step(const struct clyde_spi *spi, size_t index,
	const struct clyde_spi_step *step)
{
	unsigned flags = CLYDE_SPI_DESELECT |
		(step->kind == CLYDE_SPI_POLL ? CLYDE_SPI_HELD : 0);
	int result = 0;

	if (step->kind > CLYDE_SPI_WAIT)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu is of kind %u: there are kinds 0 to %d",
			index, step->kind, CLYDE_SPI_WAIT);
	if (step->flags & ~flags)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu has a flag %#x that its kind has not", index,
			step->flags & ~flags);
	if (step->kind == CLYDE_SPI_TRANSFER && step->size > 0 &&
		step->out == NULL && step->in == NULL)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu moves %u bytes, and out and in are NULL",
			index, step->size);
	if (step->kind == CLYDE_SPI_PINS && step->pins > 15)
		return set_error(CLYDE_ERROR_INVALID,
			"step %zu: pins %#x: bits 0 to 3 are possible", index,
			step->pins);
	if (step->kind == CLYDE_SPI_WAIT)
		return check_wait(spi, index, step);
	if (step->kind == CLYDE_SPI_PINS)
		return 0;
	if (step->kind == CLYDE_SPI_POLL)
		result = core_check_poll(index, step->mask, step->value);
	if (result == 0)
		result = check_lanes(spi, index, step);
	if (result == 0 && step->kind != CLYDE_SPI_POLL)
		result = check_directions(spi, index, step);
	if (result == 0 && step->kind == CLYDE_SPI_BITS)
		result = check_bits(index, step);
	return result;
}

/* An object without any chip select has chip 0. */
static bool has_chip(const struct clyde_spi *spi, unsigned chip)
{
	unsigned selects = spi->core.outputs >> SPI_OUTPUT_CS0 & 15;

	return selects ? chip < 4 && selects >> chip & 1 : chip == 0;
}

int spi_check(
	const struct core_object *core, const struct core_request *request)
{
	const struct clyde_spi *spi = (const struct clyde_spi *)core;
	unsigned flags = request->flags & ~(CLYDE_SPI_KEEP | CLYDE_SPI_CHAIN);
	const struct clyde_spi_step *steps = request->steps;
	int result = check_buffer("steps", steps, request->count);

	if (result == 0 && !has_chip(spi, request->chip))
		return set_error(CLYDE_ERROR_INVALID,
			"chip %u has no pin for its chip select",
			request->chip);
	if (result == 0 && flags)
		return set_error(
			CLYDE_ERROR_INVALID, "a batch has no flag %#x", flags);
	for (size_t i = 0; i < request->count && result == 0; i++)
		result = check_step(spi, i, &steps[i]);
	return result;
}

/* ---- Commands --------------------------------------------------------- */

/* The opcodes and operands of a step without those of its pieces, and of a
   batch beside its steps. */
#define STEP_MAX  32
#define BATCH_MAX 32

size_t spi_size(const struct core_request *request)
{
	const struct clyde_spi_step *steps = request->steps;
	size_t size = BATCH_MAX;

	for (size_t i = 0; i < request->count; i++) {
		size += STEP_MAX + 4 * (steps[i].size / LENGTH_MAX);
		if (steps[i].kind == CLYDE_SPI_TRANSFER && steps[i].out)
			size += steps[i].size;
	}
	return size;
}

static void command(struct clyde_spi *spi, uint8_t opcode, const void *operands,
	size_t size)
{
	core_command(&spi->core, opcode, operands, size);
}

static void deselect(struct clyde_spi *spi)
{
	if (spi->known.line && !spi->known.selected)
		return;
	command(spi, SPI_DESELECT, "", 0);
	spi->known.line = true;
	spi->known.selected = false;
}

static void select_chip(struct clyde_spi *spi, unsigned chip)
{
	struct spi_known *known = &spi->known;

	if (known->line && known->selected && known->last == (int)chip)
		return;
	command(spi, SPI_SELECT | chip, "", 0);
	*known = (struct spi_known){
		known->settings, known->pins, true, true, (int)chip};
}

static uint8_t lane_bits(
	const struct clyde_spi *spi, const struct clyde_spi_step *step)
{
	switch (lanes_of(step)) {
	case 2:
		return SPI_TWO;
	case 4:
		return SPI_FOUR;
	}
	return spi->three_wire ? SPI_THREE_WIRE : SPI_ONE;
}

static uint8_t direction(const struct clyde_spi_step *step)
{
	return (step->out ? SPI_OUT : 0) | (step->in ? SPI_IN : 0);
}

static void transfer(struct clyde_spi *spi, const struct clyde_spi_step *step)
{
	uint8_t lanes = lane_bits(spi, step);
	uint32_t left = step->size;
	const uint8_t *out = step->out;

	while (left > 0) {
		uint32_t piece = left < LENGTH_MAX ? left : LENGTH_MAX;

		command(spi, SPI_TRANSFER | direction(step) | lanes, &piece, 3);
		if (out)
			core_put(&spi->core, out, piece);
		out = out ? out + piece : NULL;
		left -= piece;
	}
	if (step->dummy)
		command(spi, SPI_DUMMY | lanes, &step->dummy,
			sizeof(step->dummy));
}

static void bits(struct clyde_spi *spi, const struct clyde_spi_step *step)
{
	uint8_t operands[2] = {step->bits / lanes_of(step)};

	if (step->out)
		operands[1] = *(const uint8_t *)step->out;
	command(spi, SPI_BITS | direction(step) | lane_bits(spi, step),
		operands, step->out ? 2 : 1);
}

/* SPI_POLL selects the chip that was selected last, and begins with a change of
   the chip select only if no chip is selected. */
static void poll_chip(
	struct clyde_spi *spi, unsigned chip, const struct clyde_spi_step *step)
{
	struct spi_poll operands = {
		step->limit_us, step->mask, step->value, step->command};
	bool held = step->flags & CLYDE_SPI_HELD;

	if (!held && spi->known.last != (int)chip)
		select_chip(spi, chip);
	if (!held)
		deselect(spi);
	command(spi, SPI_POLL | lane_bits(spi, step) | (held ? SPI_HELD : 0),
		&operands, sizeof(operands));
}

static void wait_pin(struct clyde_spi *spi, const struct clyde_spi_step *step)
{
	struct stream_wait_pin operands = {step->limit_us,
		step->command | (step->value ? STREAM_HIGH : 0)};

	command(spi, STREAM_WAIT_PIN, &operands, sizeof(operands));
}

static void put_pins(struct clyde_spi *spi)
{
	if (spi->known.pins && spi->sent_pins == spi->pins)
		return;
	command(spi, STREAM_PINS, &spi->pins, 1);
	spi->sent_pins = spi->pins;
	spi->known.pins = true;
}

static void put_config(struct clyde_spi *spi)
{
	if (spi->known.settings &&
		memcmp(&spi->sent_config, &spi->config, sizeof(spi->config)) ==
			0)
		return;
	command(spi, SPI_CONFIG, &spi->config, sizeof(spi->config));
	spi->sent_config = spi->config;
	spi->known.settings = true;
}

static uint32_t reply_size(const struct clyde_spi_step *step)
{
	switch (step->kind) {
	case CLYDE_SPI_POLL:
		return 1;
	case CLYDE_SPI_BITS:
		return step->in ? 1 : 0;
	case CLYDE_SPI_TRANSFER:
		return step->in ? step->size : 0;
	}
	return 0;
}

/* What to expect of the step.  The command that can fail is the last that was
   put. */
static void note(struct core_object *core, struct core_sent *sent)
{
	const struct clyde_spi_step *step = &sent->step.spi;
	bool waits = step->kind == CLYDE_SPI_WAIT;

	sent->in = step->in;
	sent->reply = reply_size(step);
	sent->polls = step->kind == CLYDE_SPI_POLL;
	sent->mask = step->mask;
	sent->value = step->value;
	sent->waited = core->chain_waits;
	sent->can_fail = sent->polls || waits;
	sent->command = core->commands - 1;
	core->chain_can_fail |= sent->can_fail;
	core->chain_waits |= waits;
}

static void encode_step(
	struct clyde_spi *spi, unsigned chip, struct core_sent *sent)
{
	const struct clyde_spi_step *step = &sent->step.spi;

	switch (step->kind) {
	case CLYDE_SPI_TRANSFER:
		select_chip(spi, chip);
		transfer(spi, step);
		break;
	case CLYDE_SPI_BITS:
		select_chip(spi, chip);
		bits(spi, step);
		break;
	case CLYDE_SPI_POLL:
		poll_chip(spi, chip, step);
		break;
	case CLYDE_SPI_PINS:
		spi->pins = step->pins | SPI_IO2_DRIVEN | SPI_IO3_DRIVEN;
		put_pins(spi);
		break;
	case CLYDE_SPI_WAIT:
		wait_pin(spi, step);
		break;
	}
	note(&spi->core, sent);
	if (step->flags & CLYDE_SPI_DESELECT)
		deselect(spi);
	if (step->delay_us)
		command(spi, STREAM_DELAY, &step->delay_us,
			sizeof(step->delay_us));
}

/* The beginning of a chain.  Its settings, and a chip select that is high, unless
   the chain before it left the chip selected. */
static void begin_chain(struct clyde_spi *spi, unsigned chip)
{
	if (core_begin_chain(&spi->core))
		spi->known = (struct spi_known){.last = -1};
	if (spi->kept != (int)chip)
		deselect(spi);
	else if (!spi->known.line)
		select_chip(spi, chip);
}

void spi_encode(struct core_object *core, const struct core_request *request,
	struct core_batch *batch)
{
	struct clyde_spi *spi = (struct clyde_spi *)core;
	unsigned chip = request->chip;

	if (!core->in_chain)
		begin_chain(spi, chip);
	else if (spi->kept != (int)chip)
		deselect(spi);
	put_config(spi);
	put_pins(spi);
	for (size_t i = 0; i < batch->count; i++)
		encode_step(spi, chip, &batch->sent[i]);
	if (!(request->flags & CLYDE_SPI_KEEP))
		deselect(spi);
	spi->kept = request->flags & CLYDE_SPI_KEEP ? (int)chip : -1;
	core_end_batch(core, batch);
}

/* ---- Failures --------------------------------------------------------- */

int spi_report(const struct core_fault *fault)
{
	const struct clyde_spi_step *step = &fault->what.spi;
	const char *of =
		fault->earlier ? " of a batch before it in its chain" : "";

	if (step->kind == CLYDE_SPI_WAIT)
		return set_error(CLYDE_ERROR_LIMIT_PASSED,
			"step %zu%s: %s did not become %s in %u us",
			fault->step, of, input_names[step->command],
			step->value ? "high" : "low", step->limit_us);
	if (step->flags & CLYDE_SPI_HELD)
		return set_error(CLYDE_ERROR_LIMIT_PASSED,
			"step %zu%s: a poll received 0x%02x last, and not "
			"0x%02x "
			"under the mask 0x%02x in %u us",
			fault->step, of, fault->got, step->value, step->mask,
			step->limit_us);
	return set_error(CLYDE_ERROR_LIMIT_PASSED,
		"step %zu%s: the answer to command 0x%02x was 0x%02x last, and "
		"not 0x%02x under the mask 0x%02x in %u us",
		fault->step, of, step->command, fault->got, step->value,
		step->mask, step->limit_us);
}
