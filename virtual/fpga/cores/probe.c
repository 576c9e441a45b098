/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The model of the probe core: takes commands of wire/stream.h and
 * wire/core-probe.h and carries them out.  virtual/fpga/model.c calls it.
 * edge() does what the module core_probe of gateware/cores/probe.v does at one
 * clock edge; quiet() is the number of edges that follow at which only counters
 * count, and skip() lets such edges pass in one step.  tests/gateware compares
 * the two.
 */
#include "probe.h"

#include <string.h>

#define PROBE(pointer) ((struct probe *)(pointer))

/* What PROBE_POLL does in turn. */
enum poll_part {
	PART_ENTER,
	PART_SKIP,
	PART_WINDOW,
	PART_TAIL,
	PART_EXIT,
	PART_IDLE,
	PART_JUDGE,
};

/* ---- Commands --------------------------------------------------------- */

static void set_opcode(struct probe *probe, uint8_t opcode)
{
	uint8_t kind = opcode & 0x70, flags = opcode & 0xf;
	bool is_vector = kind == PROBE_VECTOR, is_shift = kind == PROBE_SHIFT;

	probe->opcode = opcode;
	probe->command = (struct probe_command){
		.kind = kind,
		.flags = flags,
		.is_poll = kind == PROBE_POLL,
		.is_tms = kind == PROBE_TMS,
		.moves = kind >= PROBE_SHIFT && kind <= PROBE_RUN,
		.takes = is_vector || (is_shift && flags & PROBE_TDI),
		.gives = (is_vector || is_shift) && flags & PROBE_TDO,
	};
}

static unsigned operands_of(uint8_t opcode)
{
	switch (opcode & 0x70) {
	case 0:
		return opcode & 4 ? 5 : opcode == STREAM_DELAY ? 4 : 1;
	case PROBE_TMS:
		return 1;
	case PROBE_RUN:
		return 4;
	case PROBE_POLL:
		return 10;
	}
	return 3;
}

static bool is_unknown(uint8_t opcode)
{
	return opcode >= PROBE_OPCODE_SWD ||
		(opcode < STREAM_OPCODE_CORE && opcode > STREAM_WAIT_PIN);
}

/* A unit may start at this edge. */
static bool has_slot(const struct probe *probe)
{
	return probe_ready(probe) && probe->shift.left == 0 &&
		probe->edge >= probe->units.end;
}

/* A unit is being clocked. */
static bool is_clocking(const struct probe *probe)
{
	return probe->clock.active || probe->cycle < probe->units.end;
}

static bool has_more(
	const struct probe *probe, const struct probe_command *command)
{
	return command->is_tms || probe->count > 0;
}

static bool is_last_unit(
	const struct probe *probe, const struct probe_command *command)
{
	return command->is_tms || probe->count <= 8;
}

/* PROBE_VECTOR has its byte of TMS. */
static bool is_complete(
	const struct probe *probe, const struct probe_command *command)
{
	return command->kind != PROBE_VECTOR || probe->have;
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

static void give(struct probe *probe, struct streams *streams, uint8_t byte)
{
	streams->offered = true;
	if (!streams->ready)
		return;
	core_fifo_put(streams->in, &byte, 1);
	probe->unsent = true;
}

/* The command is over; its last clocks need not be. */
static void finish(struct probe *probe)
{
	probe->state = PROBE_FETCH;
	probe->index += !probe->failed;
}

static void fetch(struct probe *probe, struct streams *streams)
{
	uint8_t opcode = streams->byte;

	probe->count = 0;
	probe->have = false;
	if (!streams->valid) {
		if (probe->busy)
			return;
		probe->core.flush |= probe->unsent;
		probe->unsent = false;
		return;
	}
	streams->taken = true;
	set_opcode(probe, opcode);
	probe->step = 0;
	probe->part = PART_ENTER;
	if (is_unknown(opcode))
		probe->state = PROBE_LOST;
	else
		probe->state =
			opcode == STREAM_NOP ? PROBE_RUNS : PROBE_OPERAND;
}

static void push_operand(struct probe *probe, uint8_t byte)
{
	memmove(probe->operand + 1, probe->operand, sizeof(probe->operand) - 1);
	probe->operand[0] = byte;
}

/* The operand that follows is the last one, of a command that waits for the
   clocks of the one before it. */
static bool is_held(const struct probe *probe)
{
	return probe->step + 1u == operands_of(probe->opcode) &&
		!probe->command.moves && probe->busy;
}

static void take_operand(struct probe *probe, struct streams *streams)
{
	const struct probe_command *command = &probe->command;

	if (!streams->valid || is_held(probe))
		return;
	streams->taken = true;
	if (probe->step < 4 && !command->is_tms)
		probe->count |= (uint32_t)streams->byte << 8 * probe->step;
	push_operand(probe, streams->byte);
	if (++probe->step < operands_of(probe->opcode))
		return;
	probe->step = 0;
	probe->state =
		probe->opcode == STREAM_BARRIER ? PROBE_REPLY : PROBE_RUNS;
}

/* The TMS byte of PROBE_VECTOR's next unit, while the one before it may still
   be clocked. */
static bool take_tms(struct probe *probe, struct streams *streams,
	const struct probe_command *command)
{
	if (command->kind != PROBE_VECTOR || probe->have || probe->count == 0)
		return false;
	if (streams->valid) {
		streams->taken = true;
		push_operand(probe, streams->byte);
		probe->have = true;
	}
	return true;
}

/* Returns true if that was the last one. */
static bool use_unit(struct probe *probe, const struct probe_command *command)
{
	bool last = is_last_unit(probe, command);

	probe->count -= 8;
	probe->have = false;
	return last;
}

/* A failure has happened: take the data, and give fillers. */
static void run_skipped(struct probe *probe, struct streams *streams)
{
	const struct probe_command *command = &probe->command;
	bool gives = command->gives || command->is_poll;

	if (!(gives || command->takes) ||
		(!command->is_poll && probe->count == 0)) {
		finish(probe);
		return;
	}
	if (take_tms(probe, streams, command) ||
		(command->takes && !streams->valid))
		return;
	if (gives) {
		give(probe, streams, STREAM_FILLER);
		if (!streams->ready)
			return;
	}
	streams->taken = command->takes;
	if (use_unit(probe, command) || command->is_poll)
		finish(probe);
}

static bool pin_hit(const struct probe *probe)
{
	uint8_t pin = probe->operand[0];
	uint32_t inputs = probe->core.inputs & ((1 << PROBE_INPUT_COUNT) - 1);

	return (inputs >> (pin & 7) & 1) == !!(pin & STREAM_HIGH);
}

static void run_stream(struct probe *probe)
{
	bool hit;

	switch (probe->opcode) {
	case STREAM_DELAY:
		if (probe->count > 0)
			return;
		break;
	case STREAM_WAIT_PIN:
		hit = pin_hit(probe);
		if (!hit && probe->count > 0)
			return;
		finish(probe);
		probe->failed = !hit;
		probe->index -= !hit;
		return;
	case STREAM_PINS:
		probe->pins =
			probe->count & (PROBE_TRST_HIGH | PROBE_SRST_HIGH);
	}
	finish(probe);
}

static uint8_t ones(bool level)
{
	return level ? 0xff : 0;
}

static void run_clocks(
	struct probe *probe, struct streams *streams, struct probe_unit *unit)
{
	const struct probe_command *command = &probe->command;
	bool last = is_last_unit(probe, command);

	if (!has_more(probe, command)) {
		finish(probe);
		return;
	}
	if (take_tms(probe, streams, command) || !has_slot(probe) ||
		(command->takes && !streams->valid) ||
		(command->gives && !streams->room))
		return;
	streams->taken = command->takes;
	unit->start = true;
	unit->clocks = 7;
	if (command->is_tms)
		unit->clocks = command->flags & 7;
	else if (last)
		unit->clocks = probe->count - 1;
	unit->tdi = command->takes ? streams->byte
				   : ones(command->flags & PROBE_ONES);
	if (command->kind == PROBE_RUN)
		unit->tms = ones(command->flags & PROBE_HIGH);
	else if (command->kind != PROBE_SHIFT)
		unit->tms = probe->operand[0];
	unit->high_last = command->kind == PROBE_SHIFT &&
		command->flags & PROBE_LAST && last;
	unit->sampled = command->gives;
	if (use_unit(probe, command))
		finish(probe);
}

/* operand[] of struct probe_poll. */
enum poll_operand {
	POLL_VALUE,
	POLL_MASK,
	POLL_IDLE,
	POLL_TAIL,
	POLL_BITS,
	POLL_SKIP
};

static bool poll_hit(const struct probe *probe)
{
	return ((probe->receive.byte ^ probe->operand[POLL_VALUE]) &
		       probe->operand[POLL_MASK]) == 0;
}

static void poll_judge(struct probe *probe)
{
	bool hit = poll_hit(probe);

	if (probe->busy)
		return;
	probe->part = PART_ENTER;
	if (!hit && probe->count > 0)
		return;
	probe->state = PROBE_REPLY;
	probe->failed = !hit;
}

static void poll_unit(struct probe *probe, struct probe_unit *unit)
{
	bool ir = probe->opcode & PROBE_IR;

	unit->start = true;
	unit->tdi = ones(probe->opcode & PROBE_ONES);
	switch (probe->part) {
	case PART_ENTER:
		unit->clocks = ir ? 3 : 2;
		unit->tms = ir ? 3 : 1;
		probe->bits = probe->operand[POLL_SKIP];
		break;
	case PART_WINDOW:
		unit->clocks = (probe->operand[POLL_BITS] - 1) & 7;
		unit->sampled = true;
		probe->bits = probe->operand[POLL_TAIL];
		unit->high_last = probe->bits == 0;
		break;
	case PART_EXIT:
		unit->clocks = 1;
		unit->tms = 1;
		probe->bits = probe->operand[POLL_IDLE];
		break;
	default:
		unit->high_last = probe->part == PART_TAIL && probe->bits == 1;
		probe->bits--;
		return;
	}
	probe->part++;
}

static void run_poll(struct probe *probe, struct probe_unit *unit)
{
	bool counted = probe->part & 1;

	if (probe->part == PART_JUDGE)
		poll_judge(probe);
	else if (!has_slot(probe))
		return;
	else if (counted && probe->bits == 0)
		probe->part++;
	else
		poll_unit(probe, unit);
}

static void run(
	struct probe *probe, struct streams *streams, struct probe_unit *unit)
{
	uint8_t kind = probe->opcode & 0x70;

	if (probe->failed) {
		run_skipped(probe, streams);
	} else if (kind == 0) {
		run_stream(probe);
	} else if (kind == PROBE_CONFIG) {
		probe->period = probe->count & 0x7fff;
		probe->mode = probe->count >> 16 & PROBE_SAMPLE_DELAY;
		finish(probe);
	} else if (kind == PROBE_POLL) {
		run_poll(probe, unit);
	} else {
		run_clocks(probe, streams, unit);
	}
}

static void reply(struct probe *probe, struct streams *streams)
{
	struct stream_barrier barrier = {
		.tag = probe->count,
		.code = probe->failed ? STREAM_TIMEOUT : STREAM_OK,
		.index = probe->index,
	};
	bool is_barrier = probe->opcode == STREAM_BARRIER;

	give(probe, streams,
		is_barrier ? ((const uint8_t *)&barrier)[probe->step]
			   : probe->receive.byte);
	if (!streams->ready)
		return;
	if (!is_barrier) {
		finish(probe);
	} else if (++probe->step == sizeof(barrier)) {
		probe->state = PROBE_FETCH;
		probe->failed = false;
		probe->index = 0;
		probe->core.flush = true;
		probe->unsent = false;
	}
}

/* `count` is in us. */
static bool waits(const struct probe *probe)
{
	uint8_t kind = probe->opcode & 0x70;

	return !probe->failed && (kind == 0 || kind == PROBE_POLL);
}

static void edge(struct probe *probe, struct streams *streams)
{
	enum probe_state state = probe->state;
	bool counts = state == PROBE_RUNS && waits(probe);
	struct probe_unit unit = {
		.push = state != PROBE_RUNS ||
			(probe->opcode & 0x70) != PROBE_POLL,
	};

	if (probe->receive.came || probe_units_came(probe))
		give(probe, streams, probe->receive.byte);
	if (state == PROBE_FETCH)
		fetch(probe, streams);
	else if (state == PROBE_OPERAND)
		take_operand(probe, streams);
	else if (state == PROBE_RUNS)
		run(probe, streams, &unit);
	else if (state == PROBE_REPLY)
		reply(probe, streams);
	else
		streams->taken = streams->valid;
	if (unit.start && probe_units_start(probe, &unit))
		unit.start = false;
	probe_edge(probe, &unit);
	probe->units.busy &= probe->edge < probe->units.end;
	if (counts && probe->cycles == 47 && probe->count > 0)
		probe->count--;
	if (state == PROBE_RUNS && probe->cycles < 47)
		probe->cycles++;
	else
		probe->cycles = 0;
}

/* ---- Time ------------------------------------------------------------- */

/* Edges before the last us of a wait is over. */
static uint64_t wait_left(const struct probe *probe)
{
	if (probe->opcode != STREAM_DELAY &&
		(probe->opcode != STREAM_WAIT_PIN || pin_hit(probe)))
		return 0;
	return probe->count ? 48ull * probe->count - probe->cycles : 0;
}

/* The next unit, if there is one, cannot begin before a FIFO has changed. */
static bool is_stalled(const struct probe *probe, const struct core_fifo *out,
	const struct core_fifo *in)
{
	const struct probe_command *command = &probe->command;

	if (command->takes && !out->level)
		return true;
	if (!is_complete(probe, command))
		return false;
	if (probe->failed)
		return (command->gives || command->is_poll) &&
			!core_fifo_room(in);
	return command->gives && core_fifo_room(in) <= CORE_ROOM;
}

/* Of a command that makes clocks: the edges at which it does nothing. */
static uint64_t quiet_in_clocks(const struct probe *probe,
	const struct core_fifo *out, const struct core_fifo *in)
{
	const struct probe_command *command = &probe->command;

	if (command->is_poll)
		return is_clocking(probe) ? CORE_NEVER : 0;
	if (!has_more(probe, command))
		return 0;
	if (is_stalled(probe, out, in))
		return CORE_NEVER;
	if (!is_complete(probe, command))
		return 0;
	return is_clocking(probe) ? CORE_NEVER : 0;
}

static uint64_t quiet_in_run(const struct probe *probe,
	const struct core_fifo *out, const struct core_fifo *in)
{
	const struct probe_command *command = &probe->command;

	if (probe->failed) {
		bool data = command->is_poll ||
			((command->takes || command->gives) &&
				probe->count > 0);

		return data && is_stalled(probe, out, in) ? CORE_NEVER : 0;
	}
	if (command->kind == 0)
		return wait_left(probe);
	if (command->kind == PROBE_CONFIG)
		return 0;
	return quiet_in_clocks(probe, out, in);
}

/* How many edges follow at which only counters count, while no FIFO
   changes. */
static uint64_t quiet(const struct probe *probe, const struct core_fifo *out,
	const struct core_fifo *in)
{
	switch (probe->state) {
	case PROBE_FETCH:
		return out->level || (probe->unsent && !probe->busy)
			? 0
			: CORE_NEVER;
	case PROBE_OPERAND:
		return out->level && !is_held(probe) ? 0 : CORE_NEVER;
	case PROBE_LOST:
		return out->level ? 0 : CORE_NEVER;
	case PROBE_REPLY:
		return core_fifo_room(in) ? 0 : CORE_NEVER;
	case PROBE_RUNS:
		return quiet_in_run(probe, out, in);
	}
	return 0;
}

static void skip(struct probe *probe, uint64_t edges)
{
	uint64_t cycles = probe->cycles + edges;

	if (edges == 0)
		return;
	if (probe->clock.active)
		probe_clock_skip(probe, edges);
	if (probe->state != PROBE_RUNS)
		return;
	probe->cycles = cycles % 48;
	if (waits(probe))
		probe->count -=
			cycles / 48 < probe->count ? cycles / 48 : probe->count;
}

static uint64_t next_cycle(const struct probe *probe,
	const struct core_fifo *out, const struct core_fifo *in)
{
	uint64_t units = probe_units_next(probe);
	uint64_t edges = quiet(probe, out, in);

	if (probe_draining(probe))
		edges = 0;
	else if (probe->clock.active)
		edges = least(edges, probe_clock_left(probe));
	else if (probe->busy && units == CORE_NEVER)
		edges = 0;
	return edges < CORE_NEVER - probe->cycle - 1
		? least(probe->cycle + edges + 1, units)
		: units;
}

static uint64_t probe_run(struct core *core, uint64_t from, uint64_t until,
	struct core_fifo *out, struct core_fifo *in)
{
	struct probe *probe = PROBE(core);
	struct streams streams = {
		.out = out,
		.in = in,
		.valid = out->level > 0,
		.ready = core_fifo_room(in) > 0,
		.room = core_fifo_room(in) > CORE_ROOM,
		.byte = out->level ? out->data[out->head] : 0,
	};

	(void)from;
	if (until == probe->cycle)
		return 0;
	skip(probe, until - probe->cycle - 1);
	probe->edge = until;
	edge(probe, &streams);
	if (streams.taken)
		core_fifo_get(out, &streams.byte, 1);
	probe->cycle = until;
	if (!probe->units.busy)
		probe_drive(probe);
	core->next = next_cycle(probe, out, in);
	return streams.offered ? until : 0;
}

/* Only STREAM_WAIT_PIN looks at an input at any time. */
static void probe_inputs(struct core *core, uint64_t cycle)
{
	struct probe *probe = PROBE(core);

	if (probe->state == PROBE_RUNS && probe->opcode == STREAM_WAIT_PIN)
		core->next = cycle + 1;
}

static void probe_reset(struct core *core, uint64_t cycle)
{
	struct probe *probe = PROBE(core);

	*probe = (struct probe){
		.core = *core,
		.cycle = cycle,
		.period = PROBE_RESET_PERIOD,
		.pins = PROBE_TRST_HIGH | PROBE_SRST_HIGH,
		.shift = {.tms = 0xff, .tdi = 0xff},
	};
	core->next = cycle + 1;
	probe_drive(probe);
}

static uint32_t probe_read(
	const struct core *core, uint64_t cycle, unsigned offset)
{
	const struct probe *probe = (const struct probe *)core;
	bool busy = probe->state != PROBE_FETCH || probe->busy;

	(void)cycle;
	if (offset + CORE_BASE_PROBE != REG_PROBE_STATUS)
		return 0;
	return (busy ? PROBE_BUSY : 0) | (probe->failed ? PROBE_FAILED : 0) |
		(probe->state == PROBE_LOST ? PROBE_STREAM_LOST : 0) |
		(core->inputs & ((1 << PROBE_INPUT_COUNT) - 1)) << 8;
}

static void probe_write(
	struct core *core, uint64_t cycle, unsigned offset, uint8_t value)
{
	(void)core;
	(void)cycle;
	(void)offset;
	(void)value;
}

const struct core_ops core_probe_ops = {
	.size = sizeof(struct probe),
	.reset = probe_reset,
	.read = probe_read,
	.write = probe_write,
	.run = probe_run,
	.inputs = probe_inputs,
};
