/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The SPI core and the flash chip behind it, as the oracle knows them.  array.c
 * has the content of the chip, spi-job.c draws batches and the replies that are
 * right, step-spi.c and step-flash.c carry the steps out.
 */
#ifndef SIMULATION_SPI_H
#define SIMULATION_SPI_H

#include "session.h"

/* The part of the chip that the steps use. */
#define ARRAY_WINDOW 0x4000
#define ARRAY_SECTOR 0x1000
#define ARRAY_PAGE   0x100

struct array {
	uint32_t base; /* address of the window */
	bool wide;     /* addresses have 4 bytes */
	bool quad;     /* the chip takes commands on four lanes */
	/* Any command may have reached the chip, so it may be in any mode. */
	bool wild;
	uint8_t bytes[ARRAY_WINDOW];
	/* A byte of which this is not set may be any, until it is read. */
	bool known[ARRAY_WINDOW];
	/* What a step may have changed since it was compared. */
	bool touched[ARRAY_WINDOW / ARRAY_PAGE];
};

/* ---- array.c ---- */

/* A new chip, which is erased. */
void array_begin(struct array *array, const struct device_plan *plan);
void array_program(struct array *array, uint32_t address, const uint8_t *data,
	size_t size);
void array_erase(struct array *array, uint32_t address, size_t size);
void array_forget(struct array *array, uint32_t address, size_t size);
void array_touch(struct array *array, uint32_t address, size_t size);

/* Checks what was read, and learns what was not known. */
void array_check(struct session *session, struct array *array, uint32_t address,
	const uint8_t *data, size_t size);

/* ---- Batches ---- */

#define RECORDS     12
#define REPLY_MAX   1200
#define JOB_BATCHES 4 /* at most, of a job */

/* Whether a batch reaches a limit.  A wait that reaches one is reported with
   its batch or with the last batch of the chain. */
enum fails { FAILS_NEVER, FAILS_PERHAPS, FAILS_SURELY };

/* A batch on its way. */
struct record {
	uint64_t ticket;
	enum fails fails;
	int step; /* that fails; -1: none of this batch */
	/* What the batch, or one of its chain, may change in the chip. */
	uint32_t address, changed;
	double us; /* how long it takes at least */
	size_t size;
	uint8_t in[REPLY_MAX];
	uint8_t right[REPLY_MAX], mask[REPLY_MAX];
};

struct batch {
	struct clyde_spi_step steps[16];
	unsigned count, flags;
	struct record *record;
	uint8_t out[ARRAY_PAGE + 32];
	size_t used;
};

/* Batches that belong together: those of a chain, or of a command that goes on
   in the next batch. */
struct job {
	unsigned count;
	struct batch batch[JOB_BATCHES];
};

struct bus {
	struct clyde_spi *spi;     /* NULL: closed */
	struct clyde_flash *flash; /* NULL: closed */
	bool broken;               /* by an error that ends all batches */
	uint32_t rate_hz;
	struct array array;
	struct record records[RECORDS]; /* a ring, the oldest first */
	unsigned first, count;
	/* Of a transfer: the library must not write to it when the call has
	   returned. */
	struct record lent;
	/* Of calls for the chip, and of the last one that failed. */
	uint8_t data[ARRAY_WINDOW], given_up[ARRAY_WINDOW];
	size_t given_up_size;
};

/* ---- spi-job.c ---- */

/* Draws a job of at most so many batches, and changes the oracle's chip as it
   does.  The records are those from `records` on, in the ring, or `single`. */
void job_draw(struct bus *bus, struct random *random, unsigned most,
	struct record *single, struct job *job);

/* ---- step-spi.c ---- */

/* Whether the chip has more bytes than addresses of 3 bytes reach. */
bool spi_is_wide(const struct device_plan *plan);

/* The URI's part, with a comma before it. */
int spi_name_part(const struct device_plan *plan, char *text, size_t size);

struct random spi_random(
	const struct session *session, const struct step *step);

/* Waits for all batches.  Returns 0 if nothing is on its way. */
long spi_settle(struct session *session, struct target *target);

/* Whether chip and core do what they should: no fault has taken the chip's
   supply, or made up commands. */
bool spi_is_sane(const struct target *target);

/* The call with `given_up` has failed, and must not write to it any more. */
void spi_give_up(struct bus *bus, size_t size);

/* Checks that, before the memory is used again. */
void spi_check_given_up(struct session *session, struct bus *bus);

/* Notes an error that ends all batches; called for every result. */
void spi_note(struct target *target, long result);

/* The device is closed, and all below it. */
void spi_forget(struct session *session, struct target *target);

#endif
