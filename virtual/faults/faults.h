/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Faults: what goes wrong in a virtual device, where, and how often.  The text
 * of a fault is "KIND" or "KIND@POSITION:AMOUNT", of the bus
 * "KIND@WHERE/EP:AMOUNT"; clyde-virtual(7) lists all of them.
 *
 * virtual/faults/text.c reads and writes texts, virtual/faults/seed.c draws
 * faults by a seed, virtual/faults/faults.c has the faults of the device and
 * of its data, virtual/faults/bus.c and virtual/faults/completions.c those of
 * the bus.  The same faults and the same calls must always give the same
 * misbehaviour: no clock, no chance.
 */
#ifndef VIRTUAL_FAULTS_H
#define VIRTUAL_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
	/* Of the data; the position is an offset in a stream */
	FAULT_DROP,
	FAULT_FLIP,
	FAULT_REPEAT,
	/* Of a management command; the position is its code */
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
	/* Of the cable, of other programs, and of the device as a whole */
	FAULT_UNPLUG,
	FAULT_UNPLUG_AFTER,
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

/* The unit of a fault's position.  All but WHERE_PLAIN are for faults of the
   bus. */
enum fault_where {
	WHERE_PLAIN, /* the kind decides */
	WHERE_TRANSFER,
	WHERE_PACKET,
	WHERE_BYTE,
	WHERE_TIME, /* us */
};

#define FAULTS_MAX      32
#define FAULT_TEXT_SIZE 64
#define FAULTS_EVER     UINT64_MAX /* `left` of a fault without a count */
#define FAULTS_DRAWN    3          /* by a seed without a count */

struct fault {
	enum fault_kind kind;
	enum fault_where where;
	uint8_t endpoint; /* 0: the endpoints of the pipes together */
	bool drawn;       /* by a seed */
	uint64_t position;
	uint64_t amount;
	uint64_t left; /* how often it is still to happen */
	/* A fault of the data affects one stream, the first that reaches its
	   position; NULL until then. */
	const void *stream;
};

struct faults {
	unsigned count;
	uint64_t kinds; /* bit n: `list` has a fault of kind n */
	struct fault list[FAULTS_MAX];
};

/* Add the fault of this text, or all faults that its seed draws: 0, -EINVAL,
   -ENOSPC. */
int faults_add(struct faults *faults, const char *text);

/* Why faults_add() refuses this text: a static clause.  NULL if the text is
   valid. */
const char *faults_why(const char *text);

/* The text of a fault, into FAULT_TEXT_SIZE bytes. */
void fault_text(const struct fault *fault, char *text);

/*
 * Add `count` faults drawn from this seed, always the same ones.  They are of
 * kinds that a call of the library reports; with `corrupt`, of the kinds that
 * change data and that nothing reports.  The caller has checked that there is
 * room.
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

/* The same, if the fault has occurrences left; this takes one of them. */
const struct fault *faults_strike(
	struct faults *faults, enum fault_kind kind, uint64_t position);

/* The first of this kind, or NULL. */
const struct fault *faults_find(
	const struct faults *faults, enum fault_kind kind);

/* The lowest position of a fault of this kind that has occurrences left;
   UINT64_MAX if there is none. */
uint64_t faults_first(const struct faults *faults, enum fault_kind kind);

/*
 * How many bytes of an I2C write to the FPGA's registers are acknowledged.
 * The first byte is the register's address.
 */
size_t faults_acknowledge(
	struct faults *faults, const uint8_t *data, size_t size);

/* What byte `byte` of a core's entry in the image's table reads as, instead of
   `value`. */
uint8_t faults_entry(const struct faults *faults, unsigned core, unsigned byte,
	uint8_t value);

/*
 * Apply the faults of the data to `size` bytes of a stream at an offset, in
 * place.  `stream` identifies the stream; it is any address that no other
 * stream passes.  Returns how many bytes are left.
 */
unsigned faults_pass(struct faults *faults, const void *stream, uint64_t offset,
	uint8_t *data, unsigned size);

/* How many more times the packet with these bytes is sent. */
uint64_t faults_repeats(struct faults *faults, uint64_t offset, unsigned size);

#endif
