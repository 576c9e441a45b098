/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A core with a command stream (wire/stream.h) as an object of clyde.h: what SPI
 * and JTAG have in common.  open.c opens and closes it, queue.c moves batches of
 * steps.  A struct core_kind has what differs.
 *
 * All functions are called with the tree locked.
 */
#ifndef LIB_CORE_CORE_H
#define LIB_CORE_CORE_H

#include <sys/queue.h>

#include "lib/base/internal.h"
#include "lib/run/claim.h"
#include "wire/stream.h"

/* ---- Batches ---------------------------------------------------------- */

/* A step of a batch of any core. */
union core_step {
	struct clyde_spi_step spi;
	struct clyde_jtag_step jtag;
};

/* A step of a batch that was sent.  The encoder sets what the core will reply to
   it. */
struct core_sent {
	union core_step step;
	void *in;       /* NULL: the reply is not wanted */
	uint32_t reply; /* B */
	/* It polls: it has failed if the reply's byte is not so. */
	bool polls;
	uint8_t mask, value;
	bool can_fail;
	uint64_t command; /* if it can fail: commands between the last barrier
			     and the one that can */
	bool waited;      /* a STREAM_WAIT_PIN is before it in its chain */
	uint8_t got;      /* the byte that was received last */
};

/* Why a batch failed. */
struct core_fault {
	size_t step;
	bool earlier; /* the step is of a batch before this one in its chain */
	union core_step what;
	uint8_t got;
};

struct core_batch {
	STAILQ_ENTRY(core_batch) next;
	uint64_t ticket;
	bool chained;      /* the next batch belongs to its chain */
	uint8_t tag;       /* of the barrier at its end */
	uint64_t commands; /* before the barrier */
	bool can_fail;     /* it, or a batch before it in its chain */
	bool done, failed;
	bool chain_over; /* the barrier's reply has come */
	bool collected;
	struct core_fault fault;
	size_t at, at_byte; /* what of the replies has come */
	uint8_t barrier[sizeof(struct stream_barrier)];
	size_t count;
	struct core_sent sent[];
};

STAILQ_HEAD(core_batches, core_batch);

/* What a call of clyde.h asks for. */
struct core_request {
	const void *steps; /* of the kind's type */
	size_t count;
	unsigned flags;
	unsigned chip; /* of SPI */
};

/* ---- The object ------------------------------------------------------- */

struct core_object;

struct core_kind {
	const char *name;       /* "SPI" */
	const char *long_name;  /* "the SPI core" */
	const char *short_name; /* "this SPI core" */
	enum object_kind object;
	enum core_place place;
	size_t step_size;
	unsigned
		chain_flag; /* the batch's that has the next one in its chain */
	/* CLYDE_ERROR_INVALID, with the sentence, if the core cannot do it. */
	int (*check)(const struct core_object *core,
		const struct core_request *request);
	/* How many bytes the commands of a batch take at most, with the
	   barrier. */
	size_t (*size)(const struct core_request *request);
	/* Append the commands of a batch to the outbox, which has room for
	   them, and note in `sent` what replies to expect. */
	void (*encode)(struct core_object *core,
		const struct core_request *request, struct core_batch *batch);
	/* The sentence of a failure. */
	int (*report)(const struct core_fault *fault);
};

struct core_object {
	struct object object; /* first, and this is the first of its kind */
	const struct core_kind *kind;
	struct clyde_device *device;
	struct claim own; /* of an application; a run has its own */
	bool owned;
	struct clyde_pipe *out, *in;
	uint16_t outputs, inputs; /* those that have pins, from the core's first
				     on */
	bool busy;                /* a call is inside */
	bool uninterruptible;
	/* A failure of a pipe or of the protocol ends everything. */
	int error;
	char why[ERROR_SIZE];

	/* The chain that is submitted. */
	bool in_chain; /* the next batch belongs to the chain of the last */
	bool chain_waits, chain_can_fail;
	uint64_t commands; /* since the last barrier */
	uint8_t tag;
	unsigned doubtful; /* chains on their way that may fail */
	bool lost; /* commands were skipped since a chain began: what was sent
		      before is not known to be carried out */

	/* What is to be sent. */
	uint8_t *outbox;
	size_t size, done, capacity;

	/* Batches whose replies are expected, or that are not collected. */
	struct core_batches batches;
	struct core_batch *reading;      /* NULL: all replies have come */
	struct core_batch *chain;        /* the first batch of its chain */
	struct core_batch *chain_failed; /* of that chain, by a poll; or NULL */
	uint64_t last_ticket, collected;
	/* Of the batch that was collected last. */
	bool has_failed;
	size_t failed_step;
};

/* ---- open.c ----------------------------------------------------------- */

/* The pins of an application, as text. */
#define CORE_PINS 12
struct core_pins {
	struct clyde_pin memory[CORE_PINS];
	unsigned count;
};

/* The one pin that a text says, or none. */
int core_parse_pin(struct core_pins *pins, const char *what, const char *text,
	const struct clyde_pin **ret_pin);

/* A pin that the core drives. */
struct core_line {
	const char *what;
	const struct clyde_pin *pin; /* NULL: none */
	unsigned output;             /* of the core, from 0 */
};

int core_claim_outputs(struct claim *claim, struct clyde_device *device,
	enum core_place place, const struct core_line *outputs, size_t count);

/* Memory for an object of this size.  It is not open yet. */
void *core_new(
	const struct core_kind *kind, struct clyde_device *device, size_t size);

/*
 * Open an object of core_new(), which is given up if that fails: for an
 * application, whose claim is made by `make_claim`, or with the claim that a run
 * has made.
 */
int core_open(struct core_object *core,
	int (*make_claim)(struct claim *claim, struct clyde_device *device,
		const void *pins),
	const void *pins);
int core_open_claimed(struct core_object *core, struct claim *claim);
/* Give up an object that is not open. */
int core_give_up(struct core_object *core, int result);
/* CLYDE_ERROR_BUSY if an object uses the run's claim already. */
int core_check_unused(const struct core_kind *kind, const struct claim *claim);

/* Neither an interrupt nor a close ends a call of this object, nor of its
   device. */
void core_set_uninterruptible(struct core_object *core, bool uninterruptible);

/* ---- Rates ------------------------------------------------------------ */

/* The period in cycles of 48 MHz; CLYDE_ERROR_INVALID if it cannot be. */
int core_period(uint32_t rate_hz, uint32_t fallback_hz, uint16_t *ret_period);
/* A delay of a sample in half cycles: negative is none. */
int core_delay(int delay_ns, int fallback_ns, unsigned *ret_delay);

#define CORE_CLOCK_HZ 48000000

/* ---- For encoders ----------------------------------------------------- */

/* CLYDE_ERROR_INVALID, with the sentence, if no byte under the mask can be the
   value that a poll waits for. */
int core_check_poll(size_t step, uint8_t mask, uint8_t value);

/* Append data; a command with its operands, which are little endian, as the host
   is; the barrier that ends a chain, unless the batch is chained. */
void core_put(struct core_object *core, const void *bytes, size_t size);
void core_command(struct core_object *core, uint8_t opcode,
	const void *operands, size_t size);
void core_end_batch(struct core_object *core, struct core_batch *batch);

/* At the beginning of a chain: whether what was sent before may not have been
   carried out. */
bool core_begin_chain(struct core_object *core);

/* ---- queue.c ---------------------------------------------------------- */

/* The calls of clyde.h.  One call at a time: a call that waits lets other threads
   have the lock. */
int core_submit(struct core_object *core, const struct core_request *request,
	uint64_t *ret_ticket, int timeout_ms);
int core_collect(struct core_object *core, uint64_t ticket, int timeout_ms);
int core_transfer(struct core_object *core, const struct core_request *request,
	int timeout_ms);
/* As core_transfer(), even if the object is interrupted or being closed. */
int core_transfer_last(struct core_object *core,
	const struct core_request *request, int timeout_ms);
/* A batch that will not be collected: its memory may not be valid any more. */
void core_abandon(struct core_object *core, uint64_t ticket);
/* No batch of those that were submitted writes to memory that it was given. */
void core_abandon_all(struct core_object *core);
int core_failed(const struct core_object *core, size_t *ret_step);
void core_drop_batches(struct core_object *core);

int core_begin_call(struct core_object *core);
int core_end_call(struct core_object *core, int result);

#endif
