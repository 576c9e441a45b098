/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A core of the universal image as a model in C: registers, at most one byte
 * a cycle out of an OUT FIFO and one into an IN FIFO, outputs and inputs.
 * core-NAME.c is one; the model of the image calls it as said below.
 *
 * Cycles are those of the 48 MHz clock, counted from the start of the world,
 * and never go back.  "At cycle n" is just after the n-th rising edge: what a
 * core shows at n is what its flip-flops hold from that edge on.
 *
 * A core changes `outputs`, `enables` and `next` in any of its functions, and
 * the model looks at them after each call.  What changed in a call has
 * changed at the cycle that the call was given (run(): at `until`), so an edge
 * is exact if its cycle was announced: the model runs no core past its
 * `next`.  A transmitter, say: idle, run() finds a byte in the OUT FIFO,
 * takes it, lowers its output and says next = until + a bit time.  It is run
 * with until == next, shows the next bit, says when that ends, and so on; with
 * the last stop bit over it takes the next byte in the same call, or says
 * CORE_NEVER.  A receiver starts from inputs(), says the middle of the first
 * bit as its next, and looks at `inputs` in run() when that is reached.
 *
 * An input follows an output that a pin connects it to 6 cycles later, the
 * levels of all pins do after 5, see virtual/fpga/mux.h; the core has nothing to do
 * with that.
 */
#ifndef VIRTUAL_CORE_H
#define VIRTUAL_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtual/fx2/ring.h"
#include "wire/cores.h"

#define CORE_NEVER UINT64_MAX

struct core;

struct core_burst {
	uint64_t from, until;
	unsigned size; /* bytes, the first of them at once */
	struct ring *out, *in;
};

struct core_ops {
	size_t size; /* of the core's own struct */
	/*
	 * A pipe reset: called when it begins, and again when it ends; the
	 * cycle of the latter is where a clock starts.  In between neither
	 * run() nor inputs() is called, `next` is not looked at, and registers
	 * are read and written as always.  At power-up it is called once, with
	 * all of the core zero but `ops` and `next`, which is CORE_NEVER.
	 */
	void (*reset)(struct core *core, uint64_t cycle);
	/* The four registers from this offset (a multiple of 4) on, lowest
	   in the lowest byte; what is not a register is 0.  No side effects.
	   All that was to happen up to this cycle has. */
	uint32_t (*read)(
		const struct core *core, uint64_t cycle, unsigned offset);
	/* One register, by its offset from the core's first. */
	void (*write)(struct core *core, uint64_t cycle, unsigned offset,
		uint8_t value);
	/*
	 * Let the cycles from `from` to `until` pass, and do what is due at
	 * `until`, which is at most `next`.  It is called for every stretch of
	 * time while a pipe is attached to the core, and at `next` in any case.
	 * A stream without a pipe is a FIFO that is always empty, or full.
	 * While data flows the stretches are short, 64 cycles at most, and the
	 * bridge moves the bytes of a stretch before it: a core that takes or
	 * gives a byte now and then does so at `until`.  An IN byte that
	 * finds no room is kept until run() is called with room.
	 *
	 * Returns the cycle after which it last offered a byte to the IN FIFO,
	 * taken or not; 0 if it did not.  It restarts the pipe's idle time.
	 */
	uint64_t (*run)(struct core *core, uint64_t from, uint64_t until,
		struct ring *out, struct ring *in);
	/* `inputs` is new at this cycle.  Called after run() if both are due
	   at one cycle.  NULL: the core has none. */
	void (*inputs)(struct core *core, uint64_t cycle);
	/* Bytes that it would take from, or give to, the bridge in the course
	   of a burst, beyond what the FIFO has.  NULL: it is not one to move
	   a byte in every cycle. */
	unsigned (*absorbs)(const struct core *core, const struct ring *in);
	unsigned (*supplies)(const struct core *core, const struct ring *out);
	/*
	 * A burst in one go, if that comes to the same: what run() and the
	 * bridge would do from the burst's first cycle to its end, with these
	 * bytes out of, or into, the FX2's buffer.  False, and nothing has
	 * happened, if it is not that simple.  NULL: it never is.
	 */
	bool (*burst_out)(struct core *core, const struct core_burst *burst,
		const uint8_t *data, uint64_t *ret_offered);
	bool (*burst_in)(struct core *core, const struct core_burst *burst,
		uint8_t *data, uint64_t *ret_offered);
};

/* The first member of a core's own struct. */
struct core {
	const struct core_ops *ops;
	/* Bit n = output n of the core; with CORE_PER_PIN, that for pin n. */
	uint16_t outputs; /* levels */
	uint16_t enables; /* 1 = driven */
	/* The model's: bit n = input n, through the multiplexer; with
	   CORE_PER_PIN, the levels of all pins, and the inputs from bit 16
	   on.  Right in every call, also after a reset. */
	uint32_t inputs;
	uint64_t next; /* cycle at which run() must be called, or CORE_NEVER */
};

/* By the names of wire/cores.h: core_NAME_ops is in core-NAME.c. */
#define X(NAME, name, ...) extern const struct core_ops core_##name##_ops;
CORE_TABLE(X)
#undef X

#endif
