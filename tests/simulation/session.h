/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A simulated run of a program: what is open, and what the oracle knows.
 * session.c carries the steps out, step-*.c says what each step does, oracle.c
 * says which results are right.
 */
#ifndef SIMULATION_SESSION_H
#define SIMULATION_SESSION_H

#include <errno.h>

#include "simulation.h"
#include "wire/core-benchmark.h"
#include "wire/sequence.h"

#define DATA_MAX   8192
#define CLOSED_MAX 8

/* The longest time of a command: WAIT is paused for 10 ms, and asked for once
   more at the deadline. */
#define COMMAND_MS 1012

/* A pipe, as the oracle knows it. */
struct stream {
	struct clyde_pipe *pipe; /* NULL: closed */
	bool quad;
	bool cancelled;
	/* An error has ended the stream, until the pipe is reset. */
	bool broken;
	/* The offset that the library must report, or has reported last. */
	uint64_t offset;
	uint64_t written; /* OUT: bytes that the library has taken. */
	/* OUT: bytes that it has sent, whatever happens next. */
	uint64_t pushed;
	uint32_t phase; /* Where in the sequence the stream begins. */
	/* IN: the bytes at `offset` are those of the sequence from `phase`
	   on. */
	bool known;
	const uint8_t *held; /* Acquired region, or NULL. */
	size_t held_size;
};

struct bus;
struct probe;

struct target {
	const struct device_plan *plan;
	unsigned index;
	struct clyde_device *device; /* NULL: closed */
	bool loaded;                 /* The image is in the FPGA. */
	bool used;      /* The core is attached, in the plan's mode. */
	bool unknown;   /* The core may be attached. */
	bool corrupted; /* The fault that corrupts has struck. */
	unsigned effects;
	uint64_t gone_ns; /* UINT64_MAX: never, or unknown. */
	struct stream stream[CLYDE_PIPE_COUNT];
	struct bus *bus;     /* NULL: the program does not use the SPI core */
	struct probe *probe; /* NULL: it does not use the probe core */
};

struct session {
	const struct program *program;
	struct outcome *outcome;
	struct tally *tally;
	FILE *log;
	struct clyde_context *context;
	bool interrupted;
	struct target target[DEVICES];
	clyde_token closed_tokens[CLOSED_MAX]; /* Tokens of closed objects. */
	unsigned closed_count;
	/* Of the current step. */
	const struct step *step;
	bool allowed[ERRORS]; /* By -error. */
	uint64_t begun_ns, bound_ns;
};

typedef long step_action(struct session *session, struct target *target,
	const struct step *step);

extern step_action step_applet;

/* Opens a target, and its context if there is none. */
extern step_action open_device;

/* NULL where a step needs no open device. */
extern step_action *const stream_actions[STEP_KINDS];
extern step_action *const device_actions[STEP_KINDS];
/* Of targets that have a bus. */
extern step_action *const spi_actions[STEP_KINDS];
extern step_action *const flash_actions[STEP_KINDS];
/* Of targets that have a probe. */
extern step_action *const jtag_actions[STEP_KINDS];

/* Whether a target's SPI core is open. */
bool has_spi(const struct target *target);
/* Whether its SPI core or its probe core is. */
bool has_core(const struct target *target);

/* Two periods of the benchmark's sequence. */
extern uint8_t sequence[2 * SEQUENCE_PERIOD];

/* ---- The oracle ---- */

/* Records a violation; only the first one of a run is kept. */
void violate(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* This step may return this error. */
void allow(struct session *session, int error);

/* This step may take this long. */
void bound_ms(struct session *session, int timeout_ms);

/* Judges what a step returned, and when. */
void judge(struct session *session, struct target *target, long result);

/* Adds a value to the digest of the run. */
void trace(struct session *session, uint64_t value);

bool is_in(unsigned pipe);
struct stream *stream_in(struct target *target);
struct stream *stream_out(struct target *target);

/* The pipe was opened or reset, with success. */
void stream_begins(
	struct session *session, struct target *target, unsigned pipe);

/* The pipe is closed, or in an unknown state. */
void stream_ends(struct target *target, unsigned pipe);

/* Returns how many bytes must come from an IN pipe if a read waits for long
   enough. */
uint64_t stream_owed(const struct session *session, struct target *target,
	const struct stream *stream);

/* Returns whether an IN pipe must have bytes or an error at any time. */
bool stream_flows(const struct session *session, struct target *target,
	const struct stream *stream);

/* Returns whether a wait of this length is long enough. */
bool is_long_enough(int timeout_ms);

/* Checks bytes that an IN pipe delivered: in order, once, unchanged. */
void check_bytes(struct session *session, struct target *target,
	struct stream *stream, const uint8_t *data, size_t size);

/* Checks the offset that the library reports. */
void check_offset(
	struct session *session, struct target *target, struct stream *stream);

/* Forgets a handle, and keeps its token as that of a closed object. */
void remember_closed(struct session *session, clyde_token token);

#endif
