/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The bridge of the model, after gateware/bridge.v: moves bursts between the
 * FX2's buffers and the FIFOs of the image, one byte a cycle and a few cycles
 * of arbitration a burst, the pipes in turn.  virtual/fpga/model.c calls it.
 * A shortcut for a whole burst must never give another result, in bytes or in
 * cycles, than the burst step by step.
 */
#include "model.h"

/*
 * The arbitration of gateware/bridge.v, in cycles of 48 MHz beside the data:
 * SWITCH, DRIVE, SETUP and the cycle that ends a burst.  For FLAG_CYCLES more
 * the flag of the burst's pipe is stale, and only other pipes are granted.  If
 * the flag of an OUT pipe has fallen, the gateware ends the burst when it sees
 * that: these cycles are part of the burst, and no pipe is granted in them.
 */
#define BURST_CYCLES 4
#define FLAG_CYCLES  2

#define BURST_MAX 512 /* strobes of an OUT burst, of any number of packets */

/* Bridge and core work at the same time, one byte a cycle each.  The model
   alternates between them, in steps that are short compared with a FIFO. */
#define STEP_CYCLES 64

/* How many bytes a burst on this pipe could move now, and whether there is
   anything to do. */
static bool wants_out(
	struct model *model, enum fifo_index index, uint16_t *ret_burst)
{
	struct slot *slot = model_slot_of(model, index);
	unsigned room = core_fifo_room(&model->out[index].fifo);

	if (slot && !slot->reset && slot->core->ops->absorbs)
		room += slot->core->ops->absorbs(slot->core, slot->in);
	*ret_burst = least(room, fifo_readable(&model->fifos[index]));
	return *ret_burst > 0;
}

static bool flag_is_stale(const struct model *model, enum fifo_index index)
{
	return model->cycle < model->burst.flag_valid &&
		(model->burst.fell || index == model->burst.pipe);
}

static bool expired(const struct model *model, const struct in_pipe *pipe)
{
	return pipe->pending && pipe->fifo.level == 0 &&
		(pipe->flush || model->cycle - pipe->quiet >= pipe->idle);
}

static bool wants_in(
	struct model *model, enum fifo_index index, uint16_t *ret_burst)
{
	struct in_pipe *pipe = &model->in[index - FIFO_EP6];
	struct slot *slot = model_slot_of(model, index);
	unsigned level = pipe->fifo.level;

	if (!fifo_has_room(&model->fifos[index]))
		return false;
	if (slot && !slot->reset && slot->core->ops->supplies)
		level += slot->core->ops->supplies(slot->core, slot->out);
	*ret_burst = least(level, USB_PACKET_SIZE - pipe->queued);
	return level > 0 || expired(model, pipe);
}

/* A core that takes single bytes must see each byte at its cycle. */
static uint16_t step_of(struct model *model, enum fifo_index index)
{
	const struct slot *slot = model_slot_of(model, index);

	return !fifo_is_in(index) && slot && !slot->core->ops->absorbs
		? 1
		: STEP_CYCLES;
}

bool bridge_grant(struct model *model)
{
	for (unsigned i = 1; i <= FIFO_COUNT; i++) {
		enum fifo_index index = (model->burst.pipe + i) % FIFO_COUNT;
		uint16_t size;
		bool in = fifo_is_in(index);

		if (in_reset(model, index) || flag_is_stale(model, index))
			continue;
		if (!(in ? wants_in : wants_out)(model, index, &size))
			continue;
		model->burst = (struct burst){
			.busy = true,
			.pipe = index,
			.left = size,
			.end = model->cycle + size + BURST_CYCLES,
			.step = step_of(model, index),
		};
		return true;
	}
	return false;
}

/* Copy bytes of the FX2's oldest packet, which is released at the end of the
   burst. */
static void move_out(struct model *model)
{
	struct burst *burst = &model->burst;
	struct out_pipe *pipe = &model->out[burst->pipe];
	struct fifo *fifo = &model->fifos[burst->pipe];
	uint8_t data[STEP_CYCLES];
	unsigned size = least(
		least(burst->left, burst->step), core_fifo_room(&pipe->fifo));
	unsigned kept;

	fifo_copy(fifo, burst->moved, data, size);
	fifo_repeat_taken(
		fifo, faults_repeats(model->faults, pipe->offset, size));
	kept = faults_pass(model->faults, pipe, pipe->offset, data, size);
	core_fifo_put(&pipe->fifo, data, kept);
	pipe->offset += size;
	burst->moved += size;
	burst->left -= size;
}

static void move_in(struct model *model)
{
	struct burst *burst = &model->burst;
	struct in_pipe *pipe = &model->in[burst->pipe - FIFO_EP6];
	struct fifo *fifo = &model->fifos[burst->pipe];
	uint8_t data[STEP_CYCLES];
	unsigned size =
		least(least(burst->left, burst->step), pipe->fifo.level);
	unsigned kept;

	core_fifo_get(&pipe->fifo, data, size);
	fifo_repeat_put(
		fifo, faults_repeats(model->faults, pipe->offset, size));
	kept = faults_pass(model->faults, pipe, pipe->offset, data, size);
	fifo_write(fifo, data, kept);
	pipe->offset += size;
	pipe->queued += kept;
	pipe->pending |= size > 0;
	burst->left -= size;
}

static void move(struct model *model)
{
	if (model->burst.left == 0)
		return;
	if (fifo_is_in(model->burst.pipe))
		move_in(model);
	else
		move_out(model);
}

static void close_packet(
	struct model *model, struct in_pipe *pipe, struct fifo *fifo)
{
	bool full = pipe->queued == USB_PACKET_SIZE;

	if (!full && !expired(model, pipe))
		return;
	fifo_commit(fifo);
	pipe->queued = 0;
	/* A full packet does not end a transfer: a short one must follow. */
	if (!full) {
		pipe->pending = false;
		pipe->flush = false;
	}
}

/* The packet is empty.  If another packet follows, the flag has not fallen and
   the burst continues: true. */
static bool continue_burst(struct model *model, struct fifo *fifo)
{
	struct burst *burst = &model->burst;
	uint16_t size;

	burst->strobes += burst->moved;
	fifo_skip(fifo, burst->moved);
	burst->moved = 0;
	burst->fell = fifo_readable(fifo) == 0;
	if (burst->fell || burst->strobes >= BURST_MAX ||
		!wants_out(model, burst->pipe, &size))
		return false;
	burst->left = least(size, BURST_MAX - burst->strobes);
	burst->end += burst->left;
	burst->begun = false;
	return true;
}

static void finish(struct model *model)
{
	struct burst *burst = &model->burst;
	struct fifo *fifo = &model->fifos[burst->pipe];

	move(model);
	if (fifo_is_in(burst->pipe))
		close_packet(model, &model->in[burst->pipe - FIFO_EP6], fifo);
	else if (continue_burst(model, fifo))
		return;
	burst->busy = false;
	burst->flag_valid = burst->end + FLAG_CYCLES;
}

/* Whether nothing but this core can act before the burst ends. */
static bool alone(const struct model *model, const struct slot *slot)
{
	for (unsigned i = 1; i < CORE_END; i++) {
		const struct slot *other = &model->slots[i];

		if (other != slot && !other->reset &&
			(other->out_pipe || other->in_pipe))
			return false;
	}
	return model->event > model->burst.end;
}

static bool run_core_at_once(struct model *model, struct slot *slot)
{
	enum fifo_index index = model->burst.pipe;
	struct fifo *fifo = &model->fifos[index];
	const struct core_ops *ops = slot->core->ops;
	struct core_burst burst = {
		.from = model->cycle,
		.until = model->burst.end,
		.size = model->burst.left,
		.out = slot->out,
		.in = slot->in,
	};
	uint64_t offered;
	bool done;

	if (fifo_is_in(index))
		done = ops->burst_in &&
			ops->burst_in(
				slot->core, &burst, fifo_open(fifo), &offered);
	else
		done = ops->burst_out &&
			ops->burst_out(
				slot->core, &burst, fifo_rest(fifo), &offered);
	if (!done)
		return false;
	if (offered && slot->in_pipe)
		slot->in_pipe->quiet = offered;
	return true;
}

/* Carry the whole burst out in one step, if that gives the same result. */
static void run_at_once(struct model *model)
{
	enum fifo_index index = model->burst.pipe;
	struct slot *slot = model_slot_of(model, index);
	unsigned size = model->burst.left;

	if (model->stepped || size == 0 || model->burst.begun || !slot ||
		slot->reset || model->faults->kinds & FAULTS_DATA ||
		!alone(model, slot) || !run_core_at_once(model, slot))
		return;
	if (fifo_is_in(index)) {
		fifo_fill(&model->fifos[index], size);
		slot->in_pipe->offset += size;
		slot->in_pipe->queued += size;
		slot->in_pipe->pending = true;
	} else {
		slot->out_pipe->offset += size;
		model->burst.moved = size;
	}
	model->burst.left = 0;
	model->cycle = model->burst.end;
}

void bridge_run(struct model *model, uint64_t until)
{
	if (until == model->burst.end)
		run_at_once(model);
	model->burst.begun = true;
	while (model->cycle < until) {
		move(model);
		model_run(
			model, least(until, model->cycle + model->burst.step));
	}
	if (until == model->burst.end)
		finish(model);
}

uint64_t bridge_next(const struct model *model)
{
	uint64_t next = CORE_NEVER;

	for (unsigned i = 0; i < 2; i++) {
		const struct in_pipe *pipe = &model->in[i];
		uint64_t cycle =
			pipe->flush ? model->cycle : pipe->quiet + pipe->idle;

		if (cycle < model->burst.flag_valid &&
			flag_is_stale(model, FIFO_EP6 + i))
			cycle = model->burst.flag_valid;
		if (!in_reset(model, FIFO_EP6 + i) && pipe->pending &&
			pipe->fifo.level == 0 &&
			fifo_has_room(&model->fifos[FIFO_EP6 + i]))
			next = least(next, cycle);
	}
	if (model->cycle < model->burst.flag_valid)
		next = least(next, model->burst.flag_valid);
	return next;
}
