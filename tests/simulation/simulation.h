/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Random use of the library under random faults, by seed.  A program is drawn
 * from the seed, run on virtual devices in virtual time, and judged by an
 * oracle that knows every byte.  The same seed is the same run.
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
#define FAULTS_MAX 3 /* Of a device. */

enum step_kind {
	STEP_OPEN,
	STEP_LOAD,
	STEP_USE, /* Attaches the benchmark core, in the device's mode. */
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
	STEP_SPI_OPEN,
	STEP_SPI_CONFIGURE,
	STEP_SPI_SUBMIT,
	STEP_SPI_COLLECT,
	STEP_SPI_TRANSFER,
	STEP_SPI_CLOSE,
	STEP_FLASH_OPEN,
	STEP_FLASH_READ,
	STEP_FLASH_WRITE,
	STEP_FLASH_ERASE,
	STEP_FLASH_CLOSE,
	STEP_SPI_CHECK, /* All that is on its way, and the whole chip. */
	STEP_JTAG_OPEN,
	STEP_JTAG_CONFIGURE,
	STEP_JTAG_SUBMIT,
	STEP_JTAG_COLLECT,
	STEP_JTAG_TRANSFER,
	STEP_JTAG_CHAIN, /* Finds the TAPs, or the delay of TDO. */
	STEP_JTAG_SVF,
	STEP_JTAG_CLOSE,
	STEP_JTAG_CHECK, /* All that is on its way, and the TAPs. */
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

/* Effects of a fault on the calls that meet it. */
enum effect {
	BREAKS_STREAM = 1 << 0,
	BREAKS_COMMAND = 1 << 1, /* Opening, too. */
	ENDS_DEVICE = 1 << 2,    /* The device never comes back. */
	ENDS_NOTHING = 1 << 3,   /* A completion never comes. */
	WITHHOLDS = 1 << 4,      /* Memory. */
	CORRUPTS = 1 << 5,       /* Only an applet's check finds it. */
};

#define ERRORS_MAX 8
#define ERRORS     64 /* More than enum clyde_error has. */

struct fault_plan {
	char text[48];
	unsigned effects;
	int errors[ERRORS_MAX];  /* Errors that calls may return; 0 = none. */
	uint64_t gone_ns;        /* When the cable is pulled; 0 = never. */
	uint32_t offset, amount; /* Of the corrupted bytes. */
};

struct device_plan {
	bool configured;
	bool executed; /* firmware, in place of the model of it */
	bool spi;      /* a flash chip is on the pins */
	bool jtag;     /* TAPs are on the pins */
	uint8_t part;  /* which ones, see spi_name_part(), jtag_name_parts() */
	uint8_t mode;  /* enum bench_mode */
	uint8_t out, in;
	unsigned faults;
	struct fault_plan fault[FAULTS_MAX];
};

struct program {
	uint64_t seed;
	struct device_plan device[DEVICES];
	unsigned steps;
	struct step step[STEPS_MAX];
	/* The parts that are carried out, as bits: of a step, and of a device's
	   fault. */
	uint64_t kept_steps;
	uint32_t kept_faults;
};

#define FAULT_BIT(device, fault) ((device)*FAULTS_MAX + (fault))

/* Draws a program from its seed, with all of its parts kept. */
void program_draw(struct program *program, uint64_t seed);
void program_print(const struct program *program, FILE *file);
const char *step_name(enum step_kind kind);
/* Returns "BUSY" for CLYDE_ERROR_BUSY. */
const char *error_name(int error);

/* Random numbers of SplitMix64. */
struct random {
	uint64_t state;
};

uint64_t random_next(struct random *random);
uint32_t draw(struct random *random, uint32_t count); /* 0..count - 1. */

/* Draws the faults of one device. */
void faults_draw(struct random *random, struct device_plan *plan);

/* Removes the faults that only the model of the firmware has. */
void faults_keep_executed(struct device_plan *plan);

/* Draws a fault that corrupts what the benchmark applet moves. */
void faults_draw_corruption(struct random *random, struct device_plan *plan);

struct tally {
	uint64_t steps[STEP_KINDS];
	uint64_t errors[ERRORS]; /* Results, by -error. */
	uint64_t read, written;
	uint64_t link_ns;
};

struct outcome {
	uint64_t digest; /* A hash of every result and its time. */
	char violation[320];
	int step; /* The step that violated, or -1: the end. */
};

/* Runs a program, in a process that runs nothing else.  Returns true if there
   was no violation.  Each step is printed to the file, unless it is NULL. */
bool simulate(const struct program *program, struct outcome *ret_outcome,
	struct tally *tally, FILE *log);

/* Removes what the violation does not need.  Returns the number of runs that
   this took. */
unsigned shrink(struct program *program, struct outcome *outcome);

/* Returns the number of allocations that are not freed, of the library and this
   program. */
size_t allocations(void);

#endif
