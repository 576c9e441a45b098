/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The library put through random use and random faults, by seed: a program is
 * drawn from the seed, run on virtual devices under virtual time, and judged
 * by an oracle that knows every byte.  The same seed is the same run.
 */
#ifndef SIMULATION_H
#define SIMULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "clyde.h"

#define DEVICES    2
#define STEPS_MAX  64
#define FAULTS_MAX 3 /* of a device */

enum step_kind {
	STEP_OPEN,
	STEP_LOAD,
	STEP_USE, /* attach the benchmark core, in the device's mode */
	STEP_OPEN_PIPE,
	STEP_READ,
	STEP_READ_SOME,
	STEP_ACQUIRE,
	STEP_RELEASE,
	STEP_WRITE,
	STEP_PUSH,
	STEP_FLUSH,
	STEP_CANCEL,
	STEP_RESUME,
	STEP_RESET,
	STEP_IDLE,
	STEP_REGISTER,
	STEP_COUNTER,
	STEP_SUPPLY,
	STEP_ALERTS,
	STEP_EEPROM,
	STEP_SLEEP,
	STEP_INTERRUPT,
	STEP_STALE,
	STEP_APPLET,
	STEP_DRAIN,
	STEP_CLOSE_PIPE,
	STEP_CLOSE_DEVICE,
	STEP_CLOSE_CONTEXT,
	STEP_KINDS,
};

struct step {
	enum step_kind kind;
	uint8_t device;
	uint8_t pipe; /* enum clyde_pipe_id */
	uint8_t choice;
	uint32_t amount;
	int timeout_ms;
};

/* What a fault may do to the calls that meet it. */
enum effect {
	BREAKS_STREAM = 1 << 0,
	BREAKS_COMMAND = 1 << 1, /* opening as well */
	ENDS_DEVICE = 1 << 2,    /* for good */
	ENDS_NOTHING = 1 << 3,   /* a completion stays away */
	WITHHOLDS = 1 << 4,      /* memory */
	CORRUPTS = 1 << 5,       /* which only an applet's check finds */
};

#define ERRORS_MAX 8
#define ERRORS     64 /* more than enum clyde_error has */

struct fault_plan {
	char text[48];
	unsigned effects;
	int errors[ERRORS_MAX];  /* that calls may return; 0 = none */
	uint64_t gone_ns;        /* when the cable is pulled; 0 = is not */
	uint32_t offset, amount; /* of what corrupts */
};

struct device_plan {
	bool configured;
	uint8_t mode; /* enum bench_mode */
	uint8_t out, in;
	unsigned faults;
	struct fault_plan fault[FAULTS_MAX];
};

struct program {
	uint64_t seed;
	struct device_plan device[DEVICES];
	unsigned steps;
	struct step step[STEPS_MAX];
	/* What of it is carried out: bits, by step; by device and fault. */
	uint64_t kept_steps;
	uint32_t kept_faults;
};

#define FAULT_BIT(device, fault) ((device)*FAULTS_MAX + (fault))

/* Draw a program from its seed, with all of it kept. */
void program_draw(struct program *program, uint64_t seed);
void program_print(const struct program *program, FILE *file);
const char *step_name(enum step_kind kind);
/* "BUSY", for CLYDE_ERROR_BUSY. */
const char *error_name(int error);

/* Random numbers, SplitMix64. */
struct random {
	uint64_t state;
};

uint64_t random_next(struct random *random);
uint32_t draw(struct random *random, uint32_t count); /* 0..count - 1 */

/* Draw the faults of one device. */
void faults_draw(struct random *random, struct device_plan *plan);

/* Draw the one that corrupts what the benchmark applet moves. */
void faults_draw_corruption(struct random *random, struct device_plan *plan);

struct tally {
	uint64_t steps[STEP_KINDS];
	uint64_t errors[ERRORS]; /* results, by -error */
	uint64_t read, written;
	uint64_t link_ns;
};

struct outcome {
	uint64_t digest; /* of the trace: every result, and when */
	char violation[320];
	int step; /* at which, or -1: in the end */
};

/* Run it, in a process that runs nothing else.  True if nothing was
   violated.  Each step is told to a file that is not NULL. */
bool simulate(const struct program *program, struct outcome *ret_outcome,
	struct tally *tally, FILE *log);

/* Take away what the violation does not need.  Returns the runs it took. */
unsigned shrink(struct program *program, struct outcome *outcome);

/* Allocations that are alive, of the library and of this program. */
size_t allocations(void);

#endif
