/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The model of the SPI core: takes commands of wire/stream.h and
 * wire/core-spi.h and carries them out.  virtual/fpga/model.c calls it.  edge()
 * does what the module core_spi of gateware/cores/spi.v does at one clock edge;
 * quiet() is the number of edges that follow at which only counters count, and
 * skip() lets such edges pass in one step.  tests/gateware compares the two.
 */
#include "spi.h"

#include <string.h>

#define SPI(pointer) ((struct spi *)(pointer))

enum poll_part { PART_SELECT, PART_SEND, PART_RECEIVE, PART_DESELECT };

/* ---- Commands --------------------------------------------------------- */

static void set_opcode(struct spi *spi, uint8_t opcode)
{
	uint8_t kind = opcode & 0x70, flags = opcode & 0xf;
	bool moves = kind == SPI_TRANSFER || kind == SPI_BITS;
	bool is_poll = kind == SPI_POLL;

	spi->opcode = opcode;
	spi->command = (struct spi_command){
		.kind = kind,
		.is_poll = is_poll,
		.held = flags & SPI_HELD,
		.waits = is_poll || kind == 0,
		.single = kind & 0x10,
		.has_data = moves || is_poll,
		.takes = moves && flags & SPI_OUT,
		.gives = moves && flags & SPI_IN,
	};
}

static uint8_t clocks_of_unit(const struct spi *spi, bool silent)
{
	switch (silent ? SPI_SELECT : spi->opcode & 0x70) {
	case SPI_SELECT:
		return 1;
	case SPI_BITS:
		return (spi->operand - 1) & 7;
	case SPI_DUMMY:
		return 0;
	}
	switch (spi->opcode & 3) {
	case SPI_TWO:
		return 3;
	case SPI_FOUR:
		return 1;
	}
	return 7;
}

static unsigned operands_of(uint8_t opcode)
{
	switch (opcode & 0x70) {
	case 0:
		return opcode & 4 ? 5 : opcode == STREAM_DELAY ? 4 : 1;
	case SPI_BITS:
		return 1;
	case SPI_DUMMY:
		return 2;
	case SPI_POLL:
		return 7;
	}
	return 3;
}

static bool is_unknown(uint8_t opcode)
{
	return opcode >= 0x70 || (opcode < 0x10 && opcode > STREAM_WAIT_PIN);
}

/* ---- One edge --------------------------------------------------------- */

/* The streams before an edge, and what is done with them at the edge. */
struct streams {
	struct core_fifo *out, *in;
	bool valid, ready, room;
	uint8_t byte; /* the first of OUT */
	bool taken;
	bool offered;
};

static void give(struct spi *spi, struct streams *streams, uint8_t byte)
{
	streams->offered = true;
	if (!streams->ready)
		return;
	core_fifo_put(streams->in, &byte, 1);
	spi->unsent = true;
}

/* The command is over. */
static void finish(struct spi *spi)
{
	spi->state = SPI_FETCH;
	spi->index += !spi->failed;
	spi->bytes.busy = false;
}

static void fetch(struct spi *spi, struct streams *streams)
{
	uint8_t opcode = streams->byte;

	spi->count = 0;
	spi->rest = (struct spi_rest){0};
	if (!streams->valid) {
		spi->core.flush |= spi->unsent;
		spi->unsent = false;
		return;
	}
	streams->taken = true;
	set_opcode(spi, opcode);
	spi->begun = false;
	spi->step = 0;
	spi->part = opcode & SPI_HELD ? PART_RECEIVE : PART_SELECT;
	if (is_unknown(opcode))
		spi->state = SPI_LOST;
	else if ((opcode & 0x70) == SPI_SELECT || opcode == STREAM_NOP)
		spi->state = SPI_RUN;
	else
		spi->state = SPI_OPERAND;
	if ((opcode & 0xf0) != SPI_SELECT || spi->failed)
		return;
	spi->selected = !(opcode & 4);
	if (spi->selected)
		spi->chip = opcode & 3;
}

static void take_operand(
	struct spi *spi, struct streams *streams, struct spi_lines *lines)
{
	const struct spi_command *command = &spi->command;
	uint8_t byte = streams->byte;
	bool last = spi->step + 1u == operands_of(spi->opcode);

	if (!streams->valid)
		return;
	streams->taken = true;
	if (spi->step < 4 && command->kind != SPI_BITS)
		spi->count |= (uint32_t)byte << 8 * spi->step;
	if (spi->step == 5)
		spi->mask = spi->operand;
	if (spi->step != 6)
		spi->operand = byte;
	spi->step++;
	if (!last)
		return;
	spi->step = 0;
	spi->state = spi->opcode == STREAM_BARRIER ? SPI_REPLY : SPI_RUN;
	if (command->is_poll && !command->held && !spi->failed) {
		spi->selected = true;
		lines->load = true;
		lines->data = byte;
	}
}

static bool has_more(const struct spi *spi, const struct spi_command *command)
{
	return command->single ? !spi->begun : spi->count > 0;
}

static void use_unit(struct spi *spi, const struct spi_command *command)
{
	spi->begun = true;
	if (!command->single)
		spi->count--;
}

/* A failure has happened: take the data, and give fillers. */
static void run_skipped(struct spi *spi, struct streams *streams)
{
	const struct spi_command *command = &spi->command;
	bool gives = command->gives || command->is_poll;

	if (!command->has_data || !has_more(spi, command)) {
		finish(spi);
		return;
	}
	if (command->takes && !streams->valid)
		return;
	if (gives)
		give(spi, streams, STREAM_FILLER);
	if (gives && !streams->ready)
		return;
	streams->taken = command->takes;
	use_unit(spi, command);
}

/* The pin that STREAM_WAIT_PIN names has the level. */
static bool pin_hit(const struct spi *spi)
{
	unsigned pin = spi->operand & 7;
	bool level = pin < SPI_INPUT_COUNT && spi->core.inputs >> pin & 1;

	return level == !!(spi->operand & STREAM_HIGH);
}

static void run_stream(struct spi *spi)
{
	bool hit = pin_hit(spi);

	switch (spi->opcode) {
	case STREAM_DELAY:
		if (spi->count == 0)
			finish(spi);
		return;
	case STREAM_WAIT_PIN:
		if (!hit && spi->count > 0)
			return;
		finish(spi);
		spi->failed = !hit;
		spi->index -= !hit;
		return;
	case STREAM_PINS:
		spi->pins = spi->count;
	}
	finish(spi);
}

/* A part of SPI_POLL is over. */
static void poll_next(struct spi *spi, bool held)
{
	bool hit = (spi->receive.byte & spi->mask) == spi->operand;

	spi->begun = false;
	if (!held)
		spi->selected = spi->part != PART_RECEIVE;
	if (!held && spi->part != PART_DESELECT) {
		spi->part++;
	} else if (hit || spi->count == 0) {
		spi->state = SPI_REPLY;
		spi->selected &= held;
		spi->failed |= !hit;
	} else {
		if (!held)
			spi->part = PART_SELECT;
		spi_rest(spi);
	}
}

/* With the last clock of a command over, it is not: samples are under way. */
static bool is_under_way(
	const struct spi *spi, const struct spi_lines *lines, bool is_poll)
{
	const struct spi_bytes *bytes = &spi->bytes;
	bool active = bytes->busy ? spi->edge <= bytes->end : spi->clock.active;

	return spi_draining(spi) || bytes->count ||
		spi->edge < bytes->drained ||
		(active && (lines->receives || is_poll));
}

static void run_clocks(
	struct spi *spi, struct streams *streams, struct spi_lines *lines)
{
	const struct spi_command *command = &spi->command;
	bool next_unit = spi->send.left == 0;
	bool more = has_more(spi, command);
	bool waits = (command->takes && !streams->valid) ||
		(lines->receives && !streams->room);

	if (spi->bytes.busy ? spi->edge < spi->bytes.end : !spi_ready(spi))
		return;
	if (!next_unit || (more && !waits)) {
		lines->start = true;
		lines->rotate =
			lines->silent ? spi->part == PART_DESELECT : !next_unit;
	}
	if (!next_unit)
		return;
	if (lines->start) {
		use_unit(spi, command);
		lines->load = streams->taken = command->takes;
		lines->data = streams->byte;
		if (spi_bytes_unit(spi, lines))
			lines->start = lines->load = lines->rotate = false;
		return;
	}
	if (more || is_under_way(spi, lines, command->is_poll))
		return;
	if (command->is_poll)
		poll_next(spi, command->held);
	else
		finish(spi);
}

static void run(
	struct spi *spi, struct streams *streams, struct spi_lines *lines)
{
	uint8_t kind = spi->opcode & 0x70;

	if (spi->failed) {
		run_skipped(spi, streams);
	} else if (kind == 0) {
		run_stream(spi);
	} else if (kind == SPI_CONFIG) {
		spi->period = spi->count & 0x7fff;
		spi->mode = spi->count >> 16 &
			(SPI_CPHA | SPI_CPOL | SPI_SAMPLE_DELAY);
		finish(spi);
	} else {
		run_clocks(spi, streams, lines);
	}
}

static void reply(struct spi *spi, struct streams *streams)
{
	struct stream_barrier barrier = {
		.tag = spi->count,
		.code = spi->failed ? STREAM_TIMEOUT : STREAM_OK,
		.index = spi->index,
	};
	bool is_barrier = spi->opcode == STREAM_BARRIER;

	give(spi, streams,
		is_barrier ? ((const uint8_t *)&barrier)[spi->step]
			   : spi->receive.byte);
	if (!streams->ready)
		return;
	if (!is_barrier) {
		finish(spi);
	} else if (++spi->step == sizeof(barrier)) {
		spi->state = SPI_FETCH;
		spi->failed = false;
		spi->index = 0;
		spi->core.flush = true;
		spi->unsent = false;
	}
}

/* A us of a command that waits passes, also in parts of it that do not look at
   the limit. */
static void count_us(struct spi *spi)
{
	bool us = spi->cycles == 47;

	if (us && !spi->failed && spi->command.waits && spi->count > 0)
		spi->count--;
	spi->cycles = us ? 0 : spi->cycles + 1;
}

static void begin_lines(const struct spi *spi, struct spi_lines *lines)
{
	const struct spi_command *command = &spi->command;

	lines->silent = command->kind == SPI_SELECT ||
		(command->is_poll &&
			(spi->part == PART_SELECT ||
				spi->part == PART_DESELECT));
	lines->sends =
		command->takes || (command->is_poll && spi->part == PART_SEND);
	lines->receives = command->gives ||
		(command->is_poll && spi->part == PART_RECEIVE);
	lines->push = !command->is_poll;
	lines->unit = clocks_of_unit(spi, lines->silent);
	lines->lanes = spi->opcode & 3;
}

static void edge(struct spi *spi, struct streams *streams)
{
	struct spi_lines lines = {0};
	enum spi_state state = spi->state;

	begin_lines(spi, &lines);
	if (spi->receive.came || spi_bytes_came(spi))
		give(spi, streams, spi->receive.byte);
	if (state == SPI_FETCH)
		fetch(spi, streams);
	else if (state == SPI_OPERAND)
		take_operand(spi, streams, &lines);
	else if (state == SPI_RUN)
		run(spi, streams, &lines);
	else if (state == SPI_REPLY)
		reply(spi, streams);
	else
		streams->taken = streams->valid;
	spi_edge(spi, &lines);
	if (state == SPI_OPERAND)
		spi->receive.byte = 0;
	if (state == SPI_RUN)
		count_us(spi);
	else
		spi->cycles = 0;
}

/* ---- Time ------------------------------------------------------------- */

/* Edges before the last us of a wait is over. */
static uint64_t wait_left(const struct spi *spi)
{
	if (spi->opcode != STREAM_DELAY &&
		(spi->opcode != STREAM_WAIT_PIN || pin_hit(spi)))
		return 0;
	return spi->count ? 48ull * spi->count - spi->cycles : 0;
}

/* A unit cannot begin before a FIFO has changed. */
static bool is_stalled(const struct spi *spi, const struct core_fifo *out,
	const struct core_fifo *in)
{
	const struct spi_command *command = &spi->command;
	bool receives = command->gives ||
		(command->is_poll && spi->part == PART_RECEIVE);

	if (!has_more(spi, command))
		return false;
	if (command->takes && !out->level)
		return true;
	if (spi->failed)
		return (command->gives || command->is_poll) &&
			!core_fifo_room(in);
	return receives && core_fifo_room(in) <= CORE_ROOM;
}

static uint64_t quiet_in_run(const struct spi *spi, const struct core_fifo *out,
	const struct core_fifo *in)
{
	if (!spi->failed && spi->opcode < STREAM_OPCODE_CORE)
		return wait_left(spi);
	if (spi->clock.active)
		return spi_clock_left(spi);
	return spi->send.left == 0 && is_stalled(spi, out, in) ? CORE_NEVER : 0;
}

/* How many edges follow at which only counters count, while no FIFO
   changes. */
static uint64_t quiet(const struct spi *spi, const struct core_fifo *out,
	const struct core_fifo *in)
{
	if (spi_draining(spi))
		return 0;
	switch (spi->state) {
	case SPI_FETCH:
		return out->level || spi->unsent ? 0 : CORE_NEVER;
	case SPI_OPERAND:
	case SPI_LOST:
		return out->level ? 0 : CORE_NEVER;
	case SPI_REPLY:
		return core_fifo_room(in) ? 0 : CORE_NEVER;
	case SPI_RUN:
		return quiet_in_run(spi, out, in);
	}
	return 0;
}

static void skip(struct spi *spi, uint64_t edges)
{
	uint64_t cycles = spi->cycles + edges;

	if (edges == 0 || spi->state != SPI_RUN)
		return;
	spi->cycles = cycles % 48;
	if (spi->command.waits && !spi->failed)
		spi->count -=
			cycles / 48 < spi->count ? cycles / 48 : spi->count;
	if (spi->clock.active)
		spi_clock_skip(spi, edges);
}

static uint64_t next_cycle(const struct spi *spi, const struct core_fifo *out,
	const struct core_fifo *in)
{
	const struct spi_command *command = &spi->command;
	uint64_t next = CORE_NEVER, edges;

	if (spi->rest.until)
		return spi->rest.until;
	if (spi->bytes.busy || spi->bytes.count)
		next = spi_bytes_next(
			spi, is_stalled(spi, out, in), has_more(spi, command));
	if (spi->bytes.busy)
		return next;
	edges = quiet(spi, out, in);
	if (edges < next - spi->cycle - 1)
		return spi->cycle + edges + 1;
	return next;
}

/* At rest, only time passes. */
static void pass_rest(struct spi *spi, uint64_t until)
{
	skip(spi, until - spi->cycle);
	spi->edge = spi->cycle = until;
	if (until == spi->rest.until)
		spi_rest(spi);
}

static uint64_t spi_run(struct core *core, uint64_t from, uint64_t until,
	struct core_fifo *out, struct core_fifo *in)
{
	struct spi *spi = SPI(core);
	struct streams streams = {
		.out = out,
		.in = in,
		.valid = out->level > 0,
		.ready = core_fifo_room(in) > 0,
		.room = core_fifo_room(in) > CORE_ROOM,
		.byte = out->level ? out->data[out->head] : 0,
	};

	(void)from;
	if (until == spi->cycle)
		return 0;
	if (spi->rest.until) {
		pass_rest(spi, until);
		core->next = next_cycle(spi, out, in);
		return 0;
	}
	skip(spi, until - spi->cycle - 1);
	spi->edge = until;
	edge(spi, &streams);
	if (streams.taken)
		core_fifo_get(out, &streams.byte, 1);
	spi->cycle = until;
	if (!spi->bytes.busy)
		spi_drive(spi);
	core->next = next_cycle(spi, out, in);
	return streams.offered ? until : 0;
}

/* Only STREAM_WAIT_PIN looks at an input at any time. */
static void spi_inputs(struct core *core, uint64_t cycle)
{
	struct spi *spi = SPI(core);

	if (spi->state == SPI_RUN && spi->opcode == STREAM_WAIT_PIN)
		core->next = cycle + 1;
}

static void spi_reset(struct core *core, uint64_t cycle)
{
	struct spi *spi = SPI(core);

	*spi = (struct spi){
		.core = *core,
		.cycle = cycle,
		.period = SPI_RESET_PERIOD,
		.pins = SPI_SIDE0_HIGH | SPI_SIDE1_HIGH | SPI_IO2_HIGH |
			SPI_IO3_HIGH,
	};
	set_opcode(spi, STREAM_NOP);
	core->next = cycle + 1;
	spi_drive(spi);
}

static uint32_t spi_read(
	const struct core *core, uint64_t cycle, unsigned offset)
{
	const struct spi *spi = (const struct spi *)core;

	(void)cycle;
	if (offset + CORE_BASE_SPI != REG_SPI_STATUS)
		return 0;
	return (spi->state != SPI_FETCH ? SPI_BUSY : 0) |
		(spi->failed ? SPI_FAILED : 0) |
		(spi->state == SPI_LOST ? SPI_STREAM_LOST : 0) |
		(core->inputs & 0x1f) << 8;
}

static void spi_write(
	struct core *core, uint64_t cycle, unsigned offset, uint8_t value)
{
	(void)core;
	(void)cycle;
	(void)offset;
	(void)value;
}

const struct core_ops core_spi_ops = {
	.size = sizeof(struct spi),
	.reset = spi_reset,
	.read = spi_read,
	.write = spi_write,
	.run = spi_run,
	.inputs = spi_inputs,
};
