/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A claim: a core, its streams and its pins, which a run has for itself, or an
 * object of lib/core that an application has opened.  claim.c records claims on
 * the host, core.c carries them out in the FPGA.
 *
 * All functions are called with the tree locked.
 */
#ifndef LIB_CLAIM_H
#define LIB_CLAIM_H

#include "lib/base/internal.h"
#include "applet.h"

struct pin_claim {
	const char *what; /* the pin's name in messages; NULL: unclaimed */
	enum pin_use use;
	uint8_t route; /* REG_PIN, of an output */
};

struct claim {
	/* These stay when the claim is dropped. */
	const char *name;      /* whose claim it is, in messages */
	struct clyde_run *run; /* NULL: an application's */
	/* These are cleared. */
	LIST_ENTRY(claim) in_context;
	clyde_token device; /* 0: nothing is claimed */
	enum core_place core;
	uint8_t streams;             /* enum core_flag */
	enum clyde_pipe_id ids[2];   /* out, in */
	struct clyde_pipe *pipes[2]; /* those that are open */
	clyde_token user; /* the object of lib/core that uses a run's claim, and
			     is closed with the run; or 0 */
	struct pin_claim pins[PIN_COUNT];
	uint8_t inputs[INPUT_COUNT]; /* REG_INPUT */
	uint16_t pulled;             /* pins whose pull was changed */
	uint16_t down, up;           /* the pulls of all pins before that */
	bool attached;               /* the core is this claim's in the FPGA */
	bool connected;              /* core_connect() was called */
	bool kept;                   /* run_keep() was called */
};

/* Begin a claim of this device, and drop what was claimed before. */
void claim_begin(struct claim *claim, struct clyde_device *device);
void claim_drop(struct claim *claim);

/* As run_claim_core() and run_claim_pin(). */
int claim_core(struct claim *claim, const struct clyde_device *device,
	enum core_place core, unsigned streams);
int claim_pin(struct claim *claim, struct clyde_device *device,
	const char *what, const struct clyde_pin *pin, enum pin_use use,
	unsigned function);
/* A pin that is this output of the core, and this input as well. */
int claim_both(struct claim *claim, struct clyde_device *device,
	const char *what, const struct clyde_pin *pin, unsigned output,
	unsigned input);

/* Whether another claim has a pipe of the same device. */
bool claim_has_pipe(const struct claim *claim,
	const struct clyde_device *device, enum clyde_pipe_id id);

/* The claim of this core or this pipe of the device; or NULL. */
struct claim *claim_of_core(
	const struct clyde_device *device, enum core_place core);
const struct claim *claim_of_pipe(
	const struct clyde_device *device, enum clyde_pipe_id id);

/* CLYDE_ERROR_NO_SUPPLY if a pin's port would have no supply.  Sets *ret_loaded
   to true if it finds that the FPGA runs the image already. */
int core_check_supplies(struct clyde_device *device, const struct claim *claim,
	const struct clyde_supply *supply, bool *ret_loaded);
void core_restore_pulls(struct clyde_device *device, const struct claim *claim);

/* Check that the image has the claimed core, and make the core the claim's. */
int core_attach(struct clyde_device *device, struct claim *claim);

/* Connect the core's streams of these directions, whose pipes the caller opens
   next, because opening a pipe also resets the core.  Nothing else may come in
   between: a write of the streams for another claim would disconnect these,
   whose pipes are not open yet. */
int core_open_streams(
	struct clyde_device *device, const struct claim *claim, uint8_t ways);

/* Whether a pipe of the claim may have quad buffers: no other claim and no
   application has the other pipe of the pair. */
bool core_pipe_is_alone(const struct clyde_device *device,
	const struct claim *claim, enum clyde_pipe_id id);

/* Connect the claimed pins, and undo that and the pulls.  The latter does
   nothing the second time. */
int core_connect(struct clyde_device *device, struct claim *claim);
int core_disconnect(struct clyde_device *device, struct claim *claim);

/* Give the core back.  Its pipes are closed already. */
int core_detach(struct clyde_device *device, struct claim *claim);

/* Switch the streams to what is attached and what is claimed. */
int core_write_streams(struct clyde_device *device);

#endif
