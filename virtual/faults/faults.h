/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Faults by script: what goes wrong, where, and how much of it.  Their texts
 * are "KIND", "KIND@POSITION:AMOUNT" and, of the bus, "KIND@WHERE/EP:AMOUNT";
 * clyde-virtual(7) has them all.  virtual/faults/text.c reads and writes them,
 * virtual/faults/seed.c draws them, faults.c has those of the device and of its data,
 * virtual/faults/bus.c and virtual/faults/held.c those of the bus.
 */
#ifndef VIRTUAL_FAULTS_H
#define VIRTUAL_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
	/* Of the data, at an offset of the FIFO bus */
	FAULT_DROP,
	FAULT_FLIP,
	FAULT_REPEAT,
	/* Of a management command */
	FAULT_ERROR,
	FAULT_WAIT,
	FAULT_SERIAL,
	FAULT_MUTE,
	FAULT_SHORT,
	FAULT_ALERT,
	FAULT_DELAY,
	FAULT_TWICE,
	FAULT_JUNK,
	FAULT_TRIP,
	/* Of the FPGA */
	FAULT_DONE,
	FAULT_HEALTH,
	FAULT_NACK,
	FAULT_CORE,
	FAULT_VERSION,
	/* Of the cable, and of who else is there */
	FAULT_UNPLUG,
	FAULT_PULL,
	FAULT_REPLUG,
	FAULT_SWAP,
	FAULT_BUSY,
	FAULT_STALL,
	FAULT_DESCRIPTOR,
	FAULT_GARBLE,
	FAULT_RAM,
	FAULT_LOST,
	FAULT_DENIED,
	FAULT_SLOW,
	/* Of the bus */
	FAULT_HALT,
	FAULT_CUT,
	FAULT_ZLP,
	FAULT_NAK,
	FAULT_BABBLE,
	FAULT_FAIL,
	FAULT_NOMEM,
	FAULT_REFUSE,
	FAULT_LATE,
	FAULT_BURST,
	FAULT_NEVER,
	FAULT_RESET,
	FAULT_KINDS,
};

#define FAULTS_DATA                                              \
	(UINT64_C(1) << FAULT_DROP | UINT64_C(1) << FAULT_FLIP | \
		UINT64_C(1) << FAULT_REPEAT)

/* What a position of a fault of the bus counts. */
enum fault_where {
	WHERE_PLAIN, /* as the kind says */
	WHERE_TRANSFER,
	WHERE_PACKET,
	WHERE_BYTE,
	WHERE_TIME, /* us */
};

#define FAULTS_MAX      32
#define FAULT_TEXT_SIZE 64
#define FAULTS_EVER     UINT64_MAX /* so often, unless it is told how often */
#define FAULTS_DRAWN    3          /* by a seed, unless it is told how many */

struct fault {
	enum fault_kind kind;
	enum fault_where where;
	uint8_t endpoint; /* 0: those of the pipes together */
	bool drawn;       /* by a seed */
	uint64_t position;
	uint64_t amount;
	uint64_t left; /* how often it is still to strike */
	/* Of the faults of the data: the stream that met it first. */
	const void *stream;
};

struct faults {
	unsigned count;
	uint64_t kinds; /* that are there, by bit */
	struct fault list[FAULTS_MAX];
};

/* Add one by its text, or all that a seed draws: 0, -EINVAL, -ENOSPC. */
int faults_add(struct faults *faults, const char *text);

/* Why faults_add() found a text to be none: a static clause. */
const char *faults_why(const char *text);

/* The text of a fault, into FAULT_TEXT_SIZE bytes. */
void fault_text(const struct fault *fault, char *text);

/*
 * Draw so many from this seed, always the same: of those that a caller is
 * told of; or, to corrupt, of those that change data without a word.
 */
void faults_draw(
	struct faults *faults, uint64_t seed, unsigned count, bool corrupt);

static inline bool faults_have(
	const struct faults *faults, enum fault_kind kind)
{
	return faults->kinds >> kind & 1;
}

/* The fault of this kind at this position, or NULL. */
const struct fault *faults_at(
	const struct faults *faults, enum fault_kind kind, uint64_t position);

/* The same if it is to strike once more, which is counted. */
const struct fault *faults_strike(
	struct faults *faults, enum fault_kind kind, uint64_t position);

/* The first of this kind, or NULL. */
const struct fault *faults_find(
	const struct faults *faults, enum fault_kind kind);

/* The lowest position of a fault of this kind that is still to strike;
   UINT64_MAX if there is none. */
uint64_t faults_first(const struct faults *faults, enum fault_kind kind);

/*
 * How many bytes of a write to the FPGA's registers, the first of which is an
 * address, it acknowledges.
 */
size_t faults_acknowledge(
	struct faults *faults, const uint8_t *data, size_t size);

/* What a byte of the image's table of cores reads as. */
uint8_t faults_entry(const struct faults *faults, unsigned place, unsigned byte,
	uint8_t value);

/*
 * Pass `size` bytes of a stream at an offset through the faults of the data,
 * in place.  A stream is told by any address of its own.  Returns how many
 * bytes are left.
 */
unsigned faults_pass(struct faults *faults, const void *stream, uint64_t offset,
	uint8_t *data, unsigned size);

/* How often the packet is to come again that has these bytes in it. */
uint64_t faults_repeats(struct faults *faults, uint64_t offset, unsigned size);

#endif
