/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The universal image as a model in C: takes the FX2's buffers on one side
 * and the benchmark core on the other, and moves bursts between them as the
 * bridge would, one byte a cycle and a few cycles of arbitration a burst.
 */
#include "fpga-model.h"

#include <stdlib.h>
#include <string.h>

/*
 * Arbitration, in cycles of 48 MHz beside the data.  IN: SWITCH, DRIVE,
 * SETUP, PKTEND, and two until the FX2's flag has followed: 518 for a packet
 * of 512 B.  OUT: SWITCH, DRIVE, SETUP, and the five that the strobe, the
 * registered flags and the read pipeline take to run dry: 520.  From the
 * prototype's bridge, and upstream's gateware/fx2_crossbar.py.
 */
#define IN_CYCLES  6
#define OUT_CYCLES 8

bool model_running(const struct model *model)
{
	return bitstream_done(&model->bitstream) &&
		!faults_at(model->faults, FAULT_DONE, 0);
}

static bool in_reset(const struct model *model, enum fifo_index index)
{
	return model->reset >> index & 1;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The benchmark core sits on EP2 and EP6. */
static struct bench_core *core_at(struct model *model, enum fifo_index index)
{
	return index == FIFO_EP2 || index == FIFO_EP6 ? &model->bench : NULL;
}

/* What a burst on this pipe could move now, and whether it has a reason. */
static bool wants_out(
	struct model *model, enum fifo_index index, uint16_t *ret_burst)
{
	struct out_pipe *pipe = &model->out[index];
	struct bench_core *core = core_at(model, index);
	unsigned room = ring_room(&pipe->ring);

	if (core)
		room += bench_absorbs(core, &model->in[0].ring);
	*ret_burst = least(room, fifo_readable(&model->fifos[index]));
	return *ret_burst > 0;
}

static bool expired(const struct model *model, const struct in_pipe *pipe)
{
	return pipe->pending && pipe->ring.level == 0 &&
		(pipe->flush || model->cycle - pipe->quiet >= pipe->idle);
}

static bool wants_in(
	struct model *model, enum fifo_index index, uint16_t *ret_burst)
{
	struct in_pipe *pipe = &model->in[index - FIFO_EP6];
	struct bench_core *core = core_at(model, index);
	unsigned level = pipe->ring.level;

	if (!fifo_has_room(&model->fifos[index]))
		return false;
	if (core)
		level += bench_supplies(core, &model->out[0].ring);
	*ret_burst = least(level, USB_PACKET_SIZE - pipe->queued);
	return level > 0 || expired(model, pipe);
}

/* The next pipe in turn that wants a burst. */
static bool grant(struct model *model)
{
	for (unsigned i = 1; i <= FIFO_COUNT; i++) {
		enum fifo_index index = (model->granted + i) % FIFO_COUNT;
		uint16_t burst;
		bool in = fifo_is_in(index);

		if (in_reset(model, index))
			continue;
		if (!(in ? wants_in : wants_out)(model, index, &burst))
			continue;
		model->busy = true;
		model->granted = index;
		model->burst = burst;
		model->burst_start = model->cycle;
		model->burst_end =
			model->cycle + burst + (in ? IN_CYCLES : OUT_CYCLES);
		return true;
	}
	return false;
}

/* The core runs unless a pipe that its mode needs is held in reset. */
static bool core_held(const struct model *model)
{
	switch (model->bench.mode) {
	case BENCH_SOURCE:
		return in_reset(model, FIFO_EP6);
	case BENCH_SINK:
		return in_reset(model, FIFO_EP2);
	case BENCH_LOOPBACK:
		return in_reset(model, FIFO_EP2) || in_reset(model, FIFO_EP6);
	}
	return true;
}

static void run_to(struct model *model, uint64_t cycle)
{
	struct in_pipe *in = &model->in[0];
	uint64_t offered = 0;

	if (!core_held(model))
		offered = bench_run(&model->bench, cycle - model->cycle,
			&model->out[0].ring, &in->ring);
	if (offered)
		in->quiet = model->cycle + offered;
	model->cycle = cycle;
}

/* Bridge and core move at the same time, one byte a cycle each: in steps that
   are small beside a FIFO.  False when the burst has no cycle left. */
#define STEP_CYCLES 64

static bool step(struct model *model)
{
	uint64_t left = model->burst_end - model->cycle;

	run_to(model, model->cycle + least(left, STEP_CYCLES));
	return left > 0;
}

static void finish_out(struct model *model)
{
	struct out_pipe *pipe = &model->out[model->granted];
	struct fifo *fifo = &model->fifos[model->granted];
	uint8_t data[STEP_CYCLES];
	unsigned left = model->burst;

	do {
		unsigned part =
			least(least(left, STEP_CYCLES), ring_room(&pipe->ring));
		unsigned size = fifo_read(fifo, data, part);
		unsigned kept = faults_pass(
			model->faults, pipe, pipe->offset, data, size);

		ring_put(&pipe->ring, data, kept);
		pipe->offset += size;
		left -= part;
	} while (step(model) && left > 0);
	run_to(model, model->burst_end);
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

static void finish_in(struct model *model)
{
	struct in_pipe *pipe = &model->in[model->granted - FIFO_EP6];
	struct fifo *fifo = &model->fifos[model->granted];
	uint8_t data[STEP_CYCLES];
	unsigned left = model->burst;

	do {
		unsigned part =
			least(least(left, STEP_CYCLES), pipe->ring.level);
		unsigned kept;

		ring_get(&pipe->ring, data, part);
		kept = faults_pass(
			model->faults, pipe, pipe->offset, data, part);
		fifo_write(fifo, data, kept);
		pipe->offset += part;
		pipe->queued += kept;
		pipe->pending |= part > 0;
		left -= part;
	} while (step(model) && left > 0);
	run_to(model, model->burst_end);
	close_packet(model, pipe, fifo);
}

/* The cycle at which an idle time ends and a packet closes. */
static uint64_t next_flush(const struct model *model)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < 2; i++) {
		const struct in_pipe *pipe = &model->in[i];
		uint64_t cycle =
			pipe->flush ? model->cycle : pipe->quiet + pipe->idle;

		if (!in_reset(model, FIFO_EP6 + i) && pipe->pending &&
			pipe->ring.level == 0 &&
			fifo_has_room(&model->fifos[FIFO_EP6 + i]))
			next = least(next, cycle);
	}
	return next;
}

static tick model_advance(struct fpga *fpga, tick now)
{
	struct model *model = MODEL(fpga);
	uint64_t target = now / TICKS_PER_CYCLE;
	uint64_t next;

	if (!model_running(model)) {
		model->cycle = target;
		return TICK_NEVER;
	}
	for (;;) {
		if (model->busy && model->burst_end > target)
			return model->burst_end * TICKS_PER_CYCLE;
		if (model->busy) {
			(fifo_is_in(model->granted) ? finish_in : finish_out)(
				model);
			model->busy = false;
		}
		if (grant(model))
			continue;
		next = next_flush(model);
		if (model->cycle >= target)
			break;
		run_to(model, least(target, next));
	}
	return next == UINT64_MAX ? TICK_NEVER : next * TICKS_PER_CYCLE;
}

static void model_reset(struct fpga *fpga, tick now)
{
	struct model *model = MODEL(fpga);

	bitstream_reset(&model->bitstream);
	model->cycle = now / TICKS_PER_CYCLE;
	model->busy = false;
	model->alerts = 0;
	memset(&model->bench, 0, sizeof(model->bench));
	for (unsigned i = 0; i < 2; i++)
		model->in[i].idle = REG_IDLE_DEFAULT;
	model->reset = 0;
	model_reset_pipes(model, 0xf);
}

static void model_configure(struct fpga *fpga, const uint8_t *data, size_t size)
{
	bitstream_feed(&MODEL(fpga)->bitstream, data, size);
}

static bool model_done(const struct fpga *fpga)
{
	return model_running(MODEL(fpga));
}

static bool model_alert(const struct fpga *fpga)
{
	return model_running(MODEL(fpga)) && MODEL(fpga)->alerts != 0;
}

static void model_destroy(struct fpga *fpga)
{
	free(fpga);
}

static const struct fpga_ops ops = {
	.reset = model_reset,
	.configure = model_configure,
	.done = model_done,
	.i2c_write = model_i2c_write,
	.i2c_read = model_i2c_read,
	.alert = model_alert,
	.advance = model_advance,
	.destroy = model_destroy,
};

struct fpga *fpga_model_new(
	struct fifo fifos[FIFO_COUNT], struct faults *faults)
{
	struct model *model = calloc(1, sizeof(*model));

	if (model == NULL)
		return NULL;
	model->fpga.ops = &ops;
	model->fifos = fifos;
	model->faults = faults;
	model_reset(&model->fpga, 0);
	return &model->fpga;
}
