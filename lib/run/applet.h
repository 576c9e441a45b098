/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What an applet is to the library: its public table and a function or two.
 * An applet lives in one folder, uses clyde.h, wire/ and common/ beside this,
 * and is named in applets/meson.build.
 */
#ifndef APPLETS_APPLET_H
#define APPLETS_APPLET_H

#include "clyde.h"
#include "lib/base/ask.h"
#include "lib/base/error.h"
#include "wire/cores.h"

struct applet {
	struct clyde_applet table;
	/* Check the values, and claim with run_claim_...() what they need;
	   it has a device, to ask what it is.  NULL: there is nothing to. */
	int (*claim)(struct clyde_run *run);
	/* 0, or an error that set_error() has put into words. */
	int (*run)(struct clyde_run *run);
	/* clyde_run_streams(); NULL: it does not. */
	bool (*streams)(const struct clyde_run *run);
};

/* Generated from applets/meson.build; ends with NULL. */
extern const struct applet *const applet_table[];

/* ---- What it was given ------------------------------------------------ */

/*
 * A name that the applet's table lacks, a parameter of another type, or a
 * choice that the parameter lacks is a mistake in the applet: the process is
 * aborted, with a sentence on standard error.
 */

struct clyde_device *run_device(const struct clyde_run *run);
/* Of a size, integer, flag or time, which is in ns. */
uint64_t run_value(const struct clyde_run *run, const char *name);
/* Whether it was set, or has an initial value. */
bool run_given(const struct clyde_run *run, const char *name);
/* Whether a choice was made; one of which nothing was chosen has its
   initial ones. */
bool run_chosen(
	const struct clyde_run *run, const char *name, const char *choice);
/* NULL if it was not given. */
const char *run_text(const struct clyde_run *run, const char *name);
unsigned run_words(
	const struct clyde_run *run, const char *name, char *const **ret_words);
unsigned run_pins(const struct clyde_run *run, const char *name,
	const struct clyde_pin **ret_pins);
/* The descriptors of clyde_run_attach(); -1 if there are none. */
int run_input(const struct clyde_run *run);
int run_output(const struct clyde_run *run);
/* CLYDE_ERROR_INTERRUPTED or CLYDE_ERROR_CANCELED if the run has to end now. */
int run_stopped(struct clyde_run *run);

/* ---- What it claims, in its claim() ----------------------------------- */

enum pin_use {
	PIN_OUTPUT, /* the core's; an input of it as well, if connected */
	PIN_INPUT,
	PIN_SEEN, /* whatever another core does with it */
};

/*
 * A core, with the streams (enum core_flag) that this run uses: CLYDE_ERROR_CORE_TAKEN if
 * another run has it.  And a pin: for an output `function` is enum
 * core_output, and PIN_OPEN_DRAIN; for an input it is enum core_input.
 * CLYDE_ERROR_PIN_TAKEN if it has a function, CLYDE_ERROR_NO_PIN if the device has no such pin.  `what`
 * is whose pin it is, "tx"; it must live as long as the run.
 */
int run_claim_core(
	struct clyde_run *run, enum core_place core, unsigned streams);
int run_claim_pin(struct clyde_run *run, const char *what,
	const struct clyde_pin *pin, enum pin_use use, unsigned function);

/* ---- What it does with that, in its run() ----------------------------- */

/*
 * When run() begins, the image is there and has the core, and the ports of the
 * pins have supplies.  When it ends, however it does, what follows is undone.
 */

/* Switch the stream of one way, and open its pipe; it has all buffers if the
   run is alone. */
int run_pipe(struct clyde_run *run, enum core_flag way,
	const struct clyde_pipe_options *options, struct clyde_pipe **ret_pipe);

/* Connect the pins that were claimed. */
int run_connect(struct clyde_run *run);

enum pull { PULL_NONE, PULL_DOWN, PULL_UP };

int run_pull(struct clyde_run *run, const struct clyde_pin *pin, enum pull how);

/* Read registers, though the run may have been interrupted: for what there is
   to tell in the end. */
int run_read_last(
	struct clyde_run *run, uint8_t address, void *data, size_t size);

/* Pins and pulls stay as they are when the run ends. */
void run_keep(struct clyde_run *run);

/* ---- And what it gives ------------------------------------------------ */

/* The rows of a record: {COUNT_FIELD("bytes", 3), END_FIELD} */
#define TEXT_FIELD(n, v)                                       \
	{                                                      \
		.name = n, .type = CLYDE_FIELD_TEXT, .text = v \
	}
#define COUNT_FIELD(n, v)                                        \
	{                                                        \
		.name = n, .type = CLYDE_FIELD_COUNT, .count = v \
	}
#define REAL_FIELD(n, v)                                       \
	{                                                      \
		.name = n, .type = CLYDE_FIELD_REAL, .real = v \
	}
#define FLAG_FIELD(n, v)                                       \
	{                                                      \
		.name = n, .type = CLYDE_FIELD_FLAG, .flag = v \
	}
#define END_FIELD                       \
	{                               \
		.type = CLYDE_FIELD_END \
	}

/* One of this group, with these rows: its line, and its fields. */
void run_tell(struct clyde_run *run, const char *group,
	const struct clyde_field *fields, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void run_record(struct clyde_run *run, const struct clyde_record *record);
void run_progress(
	struct clyde_run *run, const char *what, uint64_t done, uint64_t total);

#endif
