/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A core of the universal image as a model in C: registers, at most one byte a
 * cycle out of an OUT FIFO and one into an IN FIFO, outputs and inputs.
 * virtual/fpga/cores/NAME.c is one; virtual/fpga/model.c calls its functions.
 *
 * Cycles are those of the 48 MHz clock, counted from the start of virtual time,
 * and never go back.  "At cycle n" is just after the n-th rising edge: the
 * outputs of a core at n are what its flip-flops hold from that edge on.
 *
 * A core may change `outputs`, `enables` and `next` in any of its functions;
 * the model reads them after each call.  A change in a call happens at the
 * cycle that the call was given (run(): at `until`).  The model runs no core
 * past its `next`, so an edge is exact if its cycle was announced.
 *
 * Example, a transmitter: idle, run() finds a byte in the OUT FIFO, takes the
 * byte, lowers the output and sets next = until + a bit time.  The model calls
 * run() with until == next, which outputs the next bit and sets `next` to its
 * end, and so on.  At the end of the last stop bit, run() takes the next byte
 * in the same call, or sets `next` to CORE_NEVER.  A receiver starts in
 * inputs(), sets `next` to the middle of the first bit, and samples `inputs` in
 * run() when `next` is reached.
 *
 * If a pin connects an output to an input, the input follows 6 cycles later; a
 * core that sees the levels of all pins sees them after 5.  virtual/fpga/mux.c
 * makes these delays, no core does.
 */
#ifndef VIRTUAL_CORE_H
#define VIRTUAL_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtual/board/parts/part.h"
#include "virtual/fpga/core-fifo.h"
#include "wire/cores.h"

#define CORE_NEVER UINT64_MAX

/* Of two cycles the earlier one; of two numbers of cycles the smaller one. */
static inline uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct core;
struct model;

/* A burst that a core may carry out in one call. */
struct core_burst {
	uint64_t from, until;
	unsigned size; /* bytes, one a cycle from the first cycle on */
	struct core_fifo *out, *in;
};

struct core_ops {
	size_t size; /* of the core's own struct */
	/*
	 * A pipe reset: called when the reset begins, and again when it ends;
	 * the core's time counts from the end.  In between neither run() nor
	 * inputs() is called, `next` is ignored, and registers are read and
	 * written as usual.  At power-up reset() is called once, with all of
	 * the core zero but `ops`, and `next`, which is CORE_NEVER.
	 */
	void (*reset)(struct core *core, uint64_t cycle);
	/* The four registers from this offset (a multiple of 4) on, the first
	   in the lowest byte; a byte that is no register is 0.  No side
	   effects.  run() was called up to this cycle. */
	uint32_t (*read)(
		const struct core *core, uint64_t cycle, unsigned offset);
	/* One register, by its offset from the core's first register. */
	void (*write)(struct core *core, uint64_t cycle, unsigned offset,
		uint8_t value);
	/*
	 * Let the cycles from `from` to `until` pass, and do what is due at
	 * `until`, which is at most `next`.  run() is called for every stretch
	 * of time while a pipe is attached to the core, and at `next` in any
	 * case.  A stream without a pipe is a FIFO that is always empty (OUT)
	 * or always full (IN).
	 *
	 * While data flows the stretches are short, at most 64 cycles, and the
	 * bridge moves the bytes of a stretch before run() is called for it.
	 * A core that takes or gives single bytes does so at `until`.  An IN
	 * byte for which there is no room stays in the core until run() is
	 * called with room.
	 *
	 * Returns the cycle after which the core last offered a byte to the IN
	 * FIFO, taken or not; 0 if it offered none.  The pipe's idle time
	 * restarts at that cycle.
	 */
	uint64_t (*run)(struct core *core, uint64_t from, uint64_t until,
		struct core_fifo *out, struct core_fifo *in);
	/* `inputs` has changed at this cycle.  If run() is due at the same
	   cycle, run() is called first.  NULL: the core has no inputs. */
	void (*inputs)(struct core *core, uint64_t cycle);
	/* How many bytes the core takes from, or gives to, the bridge in the
	   course of a burst, beyond the room or the level of the FIFO at its
	   start.  NULL: the core does not move a byte in every cycle. */
	unsigned (*absorbs)(
		const struct core *core, const struct core_fifo *in);
	unsigned (*supplies)(
		const struct core *core, const struct core_fifo *out);
	/*
	 * A shortcut: do in one call what run() and the bridge would do from
	 * the burst's first cycle to its end, with these bytes out of, or into,
	 * the FX2's buffer.  The result must be the same.  False, with nothing
	 * changed, if this burst has to be run step by step.  NULL: all have.
	 */
	bool (*burst_out)(struct core *core, const struct core_burst *burst,
		const uint8_t *data, uint64_t *ret_offered);
	bool (*burst_in)(struct core *core, const struct core_burst *burst,
		uint8_t *data, uint64_t *ret_offered);
};

/* The first member of a core's own struct. */
struct core {
	const struct core_ops *ops;
	/* Bit n = output n of the core; with CORE_PER_PIN, its signal for
	   pin n. */
	uint16_t outputs; /* levels */
	uint16_t enables; /* 1 = driven */
	/* With CORE_CLOCK.  The clock, output 0, turns in the middle of the
	   cycle that begins now; `next` must be the cycle after it then. */
	bool turns;
	/* With CORE_CLOCK.  `inputs` are the levels of half a cycle later than
	   without. */
	bool late;
	/* Set by run(), and cleared by the model: close the packet of the IN
	   pipe when the bytes that were given until now are in it. */
	bool flush;
	/* Set by the model: bit n = input n, through the multiplexer; with
	   CORE_PER_PIN, the levels of all pins, and the inputs from bit 16
	   on.  Valid in every call, also after a reset. */
	uint32_t inputs;
	uint64_t next; /* cycle at which run() must be called, or CORE_NEVER */
	/*
	 * Set by the model, or NULL.  A core that would begin with bytes over
	 * SPI, its clock the first output, calls it to hand them to a part
	 * without edges.  The core says in `io` which output and which input
	 * each lane is, and in `begin` when its outputs would begin; the model
	 * fills in the pins and adds the way there.  `lines`: `outputs` or
	 * `enables` have changed since the last call.  Returns the bytes that
	 * are done; for the others the core makes edges.
	 */
	size_t (*spi_bytes)(
		const struct core *core, struct part_spi *spi, bool lines);
	/*
	 * Set by the model, or NULL.  A core that polls a chip over SPI asks up
	 * to which cycle the chip will give this answer, which it gave last.  0:
	 * the part does not know, so the core makes edges.
	 */
	uint64_t (*spi_same)(
		const struct core *core, uint8_t answer, uint64_t cycle);
	/*
	 * Set by the model, or NULL.  A core that would begin with clocks of
	 * JTAG, with TCK, TMS and TDI its first outputs and TDO its first
	 * input, calls it to hand them to a part without edges.  The core says
	 * in `begin` when its outputs would begin; the model fills in the pins
	 * and adds the way there.  `lines`: `outputs` have changed since the
	 * last call, or change now, to those before the first clock.  False:
	 * the core makes edges.
	 */
	bool (*jtag)(
		const struct core *core, struct part_jtag *jtag, bool lines);
	struct model *model; /* for the model's use */
};

/* A core with CORE_COMMANDS starts to receive a byte only if the IN FIFO has
   room for all bytes that may be on their way, gateware/in_pipe.v. */
#define CORE_ROOM 32

/* One for each name of wire/cores.h: core_NAME_ops is in cores/NAME.c. */
#define X(NAME, name, ...) extern const struct core_ops core_##name##_ops;
CORE_TABLE(X)
#undef X

#endif
