/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The probe core, as a controller for JTAG, as an object of clyde.h: jtag.c
 * opens, configures and closes it, jtag-encode.c makes commands of
 * wire/core-probe.h from steps.  lib/chip uses the functions at the end beside
 * the calls of clyde.h.
 */
#ifndef LIB_CORE_JTAG_H
#define LIB_CORE_JTAG_H

#include "core.h"
#include "jtag-state.h"
#include "wire/core-probe.h"

struct clyde_jtag {
	union {
		struct object object;
		struct core_object core;
	};

	/* Settings for the next batch, and what was sent last, if that is
	   known. */
	struct probe_config config;
	uint8_t pins;
	struct probe_config sent_config;
	uint8_t sent_pins;
	bool config_known, pins_known;
	/* The states in which the TAPs may be behind all that was submitted, one
	   bit each. */
	uint16_t states;
};

extern const struct core_kind jtag_kind;

/* ---- jtag-encode.c ---------------------------------------------------- */

/* Functions of the struct core_kind. */
int jtag_check(
	const struct core_object *core, const struct core_request *request);
size_t jtag_size(const struct core_request *request);
void jtag_encode(struct core_object *core, const struct core_request *request,
	struct core_batch *batch);
int jtag_report(const struct core_fault *fault);

/* The state if only one is possible; JTAG_STATES if not. */
unsigned jtag_state_of(const struct clyde_jtag *jtag);

/* ---- For lib/chip ----------------------------------------------------- */

/* With the tree locked, for an object itself. */
int jtag_transfer(struct clyde_jtag *jtag, const struct clyde_jtag_step *steps,
	size_t count, int timeout_ms);
bool jtag_has(const struct clyde_jtag *jtag, enum probe_output output);

/*
 * For an object that the caller has got by object_pin(): carry out steps even if
 * it is interrupted or being closed, wait for what was submitted before, and in
 * any case let no batch write to the memory that it was given.
 */
int jtag_transfer_last(struct clyde_jtag *pinned,
	const struct clyde_jtag_step *steps, size_t count, int timeout_ms);

#endif
