/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The SPI core as an object of clyde.h: spi.c opens, configures and closes it,
 * spi-encode.c makes commands of wire/core-spi.h from steps, spi-queue.c sends
 * them and takes the replies.  lib/chip uses spi_uninterruptible() and
 * spi_transfer_last() beside the calls of clyde.h.
 */
#ifndef LIB_CORE_SPI_H
#define LIB_CORE_SPI_H

#include <sys/queue.h>

#include "lib/base/internal.h"
#include "lib/run/claim.h"
#include "wire/core-spi.h"

/* What the core and its lines are, as far as the library knows it. */
struct spi_known {
	bool settings, pins; /* are those that were sent last */
	bool line;           /* `selected` is known */
	bool selected;
	int last; /* the chip that was selected last; -1: not known */
};

/* A step of a batch that was sent. */
struct spi_sent {
	struct clyde_spi_step step; /* `in` is NULL if nobody wants the reply */
	uint32_t reply;             /* B */
	uint64_t command; /* of SPI_POLL and STREAM_WAIT_PIN: commands between
			     the last barrier and this one */
	bool can_fail;
	bool waited; /* a STREAM_WAIT_PIN is before it in its chain */
	uint8_t got; /* the byte that was received last */
};

/* Why a batch failed. */
struct spi_fault {
	size_t step;
	bool earlier; /* the step is of a batch before this one in its chain */
	struct clyde_spi_step what;
	uint8_t got;
};

struct spi_batch {
	STAILQ_ENTRY(spi_batch) next;
	uint64_t ticket;
	unsigned flags;
	uint8_t tag;       /* of the barrier at its end */
	uint64_t commands; /* before the barrier */
	bool can_fail;     /* it, or a batch before it in its chain */
	bool done, failed;
	bool chain_over; /* the barrier's reply has come */
	bool collected;
	struct spi_fault fault;
	size_t at, at_byte; /* what of the replies has come */
	uint8_t barrier[sizeof(struct stream_barrier)];
	size_t count;
	struct spi_sent sent[];
};

STAILQ_HEAD(spi_batches, spi_batch);

struct clyde_spi {
	struct object object;
	struct clyde_device *device;
	struct claim own; /* of an application; a run has its own */
	bool owned;
	struct clyde_pipe *out, *in;
	uint16_t outputs, inputs; /* those that have pins, by enum spi_output
				     and enum spi_input */
	bool three_wire;
	bool busy; /* a call is inside */
	bool uninterruptible;
	/* A failure of a pipe or of the protocol ends everything. */
	int error;
	char why[ERROR_SIZE];

	/* Settings for the next batch, and what is known of the core. */
	struct spi_config config;
	uint8_t pins;
	struct spi_config sent_config;
	uint8_t sent_pins;
	struct spi_known known;
	bool in_chain; /* the next batch belongs to the chain of the last */
	int kept;      /* the chip that CLYDE_SPI_KEEP left selected; or -1 */
	bool chain_waits, chain_can_fail;
	uint64_t commands; /* since the last barrier */
	uint8_t tag;
	unsigned doubtful; /* chains on their way that may fail */

	/* What is to be sent. */
	uint8_t *outbox;
	size_t size, done, capacity;

	/* Batches whose replies are expected, or that are not collected. */
	struct spi_batches batches;
	struct spi_batch *reading;      /* NULL: all replies have come */
	struct spi_batch *chain;        /* the first batch of its chain */
	struct spi_batch *chain_failed; /* of that chain, by a poll; or NULL */
	uint64_t last_ticket, collected;
	/* Of the batch that was collected last. */
	bool has_failed;
	size_t failed_step;
};

/* ---- spi-encode.c ----------------------------------------------------- */

/* CLYDE_ERROR_INVALID, with the sentence, if the core cannot do it. */
int spi_check(const struct clyde_spi *spi, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, unsigned flags);

/* How many bytes the commands of a batch take at most. */
size_t spi_size(const struct clyde_spi_step *steps, size_t count);

/* Append the commands of a batch to the outbox, which has room for them, and
   note in the batch what replies to expect. */
void spi_encode(struct clyde_spi *spi, unsigned chip, struct spi_batch *batch);

/* The sentence of a failure. */
int spi_report(const struct spi_fault *fault);

/* ---- spi-queue.c ------------------------------------------------------ */

/* The calls of clyde.h, with the tree locked. */
int spi_submit(struct clyde_spi *spi, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, unsigned flags,
	uint64_t *ret_ticket, int timeout_ms);
int spi_collect(struct clyde_spi *spi, uint64_t ticket, int timeout_ms);
int spi_transfer(struct clyde_spi *spi, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, int timeout_ms);
void spi_drop_batches(struct clyde_spi *spi);

/* ---- For lib/chip ----------------------------------------------------- */

/* While this is set, no interrupt ends a call of this object, nor of its
   device: every call needs a limit. */
int spi_uninterruptible(struct clyde_spi *handle, bool uninterruptible);

/* As clyde_spi_transfer(), for an object that the caller has got by
   object_pin(), even if it is interrupted or being closed: a chip is left out of
   a mode.  What was submitted before is waited for, too. */
int spi_transfer_last(struct clyde_spi *pinned, unsigned chip,
	const struct clyde_spi_step *steps, size_t count, int timeout_ms);

#endif
