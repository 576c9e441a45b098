/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of lib/run share.  run.c makes, starts and closes runs,
 * parameter.c parses their parameters, claim.c records their claims, core.c
 * carries the claims out in the FPGA, core-table.c checks the image for a core,
 * core-ports.c handles supplies and pulls, wait.c waits for an applet, cores.c
 * is for applications without applets.
 */
#ifndef LIB_RUN_H
#define LIB_RUN_H

#include "lib/base/internal.h"
#include "applet.h"
#include "claim.h"

/* ---- Values ----------------------------------------------------------- */

struct value {
	uint64_t number; /* a choice is a set of bits */
	bool given;
	bool set;       /* given, and not by the table */
	unsigned count; /* of pins or words */
	struct clyde_pin pins[CLYDE_PINS_MAX];
	char **words;
};

int parameter_set(const struct clyde_parameter *parameter, const char *text,
	struct value *value);
/* 1 if the choice was made, 0 if not; CLYDE_ERROR_INVALID if the parameter has
   no such choice. */
int parameter_chosen(const struct clyde_parameter *parameter,
	const struct value *value, const char *choice);
void value_clear(struct value *value);
/* CLYDE_ERROR_INVALID if the verb or a required value is missing, or if a value
   was set that belongs to another verb. */
int parameters_check(const struct clyde_run *run);

/* ---- Runs ------------------------------------------------------------- */

struct clyde_run {
	struct object object;
	struct clyde_context *context;
	const struct applet *applet;
	struct clyde_device *device; /* the handle */
	struct clyde_device *held;   /* the device, after run_hold() */
	struct clyde_observer observer;
	int in_fd, out_fd; /* -1: not attached */
	/* Of run_wait() */
	/* Readable when another run has handled completions, or this run is
	   being closed; -1: not needed yet. */
	atomic_int wake_fd;
	int64_t ask_ns;   /* core_idle() is not called before this moment */
	int64_t still_ns; /* the core was idle at this moment; -1: never */
	struct claim claim;
	struct value values[]; /* by parameter */
};

int claim_make(struct clyde_run *run, struct clyde_device *device);

/*
 * Reserve a run for this thread until run_let_go(): no other thread can change
 * it meanwhile.  CLYDE_ERROR_BUSY if another thread has reserved it.  A close
 * of the device waits until run_let_go(), because the applet uses the memory of
 * its pipes between two calls, and has to restore its pins at its end.
 */
int run_hold(struct clyde_run *run, struct clyde_device *device);
void run_let_go(struct clyde_run *run);

/* The cores that the image should have, by enum core_place.  core_check()
   returns CLYDE_ERROR_NO_CORE if a core is missing; it also reads the device's
   routes. */
extern const struct core_entry core_entries[];
extern const char *const core_names[];
int core_check(struct clyde_device *device, enum core_place core);

/* CLYDE_ERROR_NO_CORE if the FPGA does not run Clyde's image. */
int core_check_loaded(struct clyde_device *device);

/* core_check_supplies() and core_attach() for a run.  run_release() undoes all
   that the run has done to the device, which is held, and may be in a close. */
int run_check_supplies(struct clyde_run *run, const struct clyde_supply *supply,
	bool *ret_loaded);
int run_attach(struct clyde_run *run);
int run_release(struct clyde_run *run);

#endif
