/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A program under way: what is open, and what the oracle knows of it.  Files:
 * world.c the run, step-*.c what each step does, oracle.c what may come of it.
 */
#ifndef SIMULATION_WORLD_H
#define SIMULATION_WORLD_H

#include <errno.h>

#include "simulation.h"
#include "wire/core-benchmark.h"
#include "wire/sequence.h"

#define DATA_MAX 8192
#define GRAVES   8

/* How long a command takes at most: WAIT is paused for 10 ms, and asked for
   once more at the deadline. */
#define COMMAND_MS 1012

/* A pipe, as the oracle sees it. */
struct stream {
	struct clyde_pipe *pipe; /* NULL: closed */
	bool quad;
	bool cancelled;
	bool broken;      /* an error ended it, until it is reset */
	uint64_t offset;  /* as the library must say it, or has said it last */
	uint64_t written; /* OUT: what it took from us... */
	uint64_t pushed;  /* ...and has sent, whatever follows */
	uint32_t phase;   /* where in the sequence it begins */
	bool known;       /* IN: what comes is phase and offset's */
	const uint8_t *held; /* acquired */
	size_t held_size;
};

struct target {
	const struct device_plan *plan;
	unsigned index;
	struct clyde_device *device; /* NULL: closed */
	bool loaded;                 /* the image is in the FPGA */
	bool used;      /* the core is attached, in the plan's mode */
	bool unknown;   /* or it may be */
	bool corrupted; /* the fault that does so has hit */
	unsigned effects;
	uint64_t gone_ns; /* UINT64_MAX: never, or nobody knows */
	struct stream stream[CLYDE_PIPE_COUNT];
};

struct world {
	const struct program *program;
	struct outcome *outcome;
	struct tally *tally;
	FILE *log;
	struct clyde_context *context;
	bool interrupted;
	struct target target[DEVICES];
	clyde_token graves[GRAVES]; /* of what was closed */
	unsigned buried;
	/* Of the step under way */
	const struct step *step;
	bool allowed[ERRORS]; /* by -error */
	uint64_t begun_ns, bound_ns;
};

typedef long step_action(
	struct world *world, struct target *target, const struct step *step);

extern step_action step_applet;

/* Open a target; its context as well, if there is none. */
extern step_action open_device;

/* NULL where a step does not need an open device; carried out for nothing
   else. */
extern step_action *const stream_actions[STEP_KINDS];
extern step_action *const device_actions[STEP_KINDS];

/* Two periods of the benchmark's sequence. */
extern uint8_t sequence[2 * SEQUENCE_PERIOD];

/* ---- The oracle ---- */

/* Note a violation; the first counts. */
void violate(struct world *world, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* This step may fail so. */
void allow(struct world *world, int error);

/* It may take so long, at most. */
void bound_ms(struct world *world, int timeout_ms);

/* Judge what a step returned, and when. */
void judge(struct world *world, struct target *target, long result);

/* Part of the trace. */
void trace(struct world *world, uint64_t value);

bool goes_in(unsigned pipe);
struct stream *stream_in(struct target *target);
struct stream *stream_out(struct target *target);

/* A pipe was opened or reset, with success. */
void stream_begins(struct world *world, struct target *target, unsigned pipe);

/* It is closed, or in an unknown state. */
void stream_ends(struct target *target, unsigned pipe);

/* How many bytes must come from an IN pipe, if one waits long enough. */
uint64_t stream_owed(const struct world *world, struct target *target,
	const struct stream *stream);

/* Whether an IN pipe has bytes or an error at any time. */
bool stream_flows(const struct world *world, struct target *target,
	const struct stream *stream);

/* Whether a wait of this length is long enough. */
bool patient(int timeout_ms);

/* Bytes that an IN pipe gave: in order, once, unchanged. */
void check_bytes(struct world *world, struct target *target,
	struct stream *stream, const uint8_t *data, size_t size);

/* The offset that the library names. */
void check_offset(
	struct world *world, struct target *target, struct stream *stream);

/* Forget a handle, and remember that it is closed. */
void bury(struct world *world, clyde_token token);

#endif
