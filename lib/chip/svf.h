/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A player of Serial Vector Format, revision E of the specification of ASSET
 * InterTech.  The caller feeds a file in pieces of any size; the player calls an
 * interface that clocks the TAPs: struct svf_port.  It keeps the bits of one
 * scan, and those of headers and trailers, and nothing else of the file.
 *
 * All bytes are foreign.  No call of the port may be made for a statement that is
 * not complete and right.  Nothing here compares what comes back: a port may
 * shift ahead, and calls svf_compare() when the bits are there.
 */
#ifndef LIB_CHIP_SVF_H
#define LIB_CHIP_SVF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/core/jtag-state.h"

#define SVF_WHY_SIZE 512
#define SVF_BITS_MAX (UINT32_C(1) << 30) /* of a scan */

/* Bits of a scan, the first is bit 0 of byte 0.  They are the player's until the
   call returns. */
struct svf_bits {
	uint32_t count;
	const uint8_t *tdi;
	const uint8_t *tdo;  /* expected; NULL: nothing is compared */
	const uint8_t *mask; /* of `tdo`, 1 is compared; NULL: all ones */
};

/* Header, body, trailer: those that have bits. */
#define SVF_PIECES 3

struct svf_scan {
	uint64_t line; /* of the file, from 1 on */
	bool ir;
	unsigned pieces_count; /* 1 to SVF_PIECES */
	struct svf_bits pieces[SVF_PIECES];
};

/* To stay in a stable state for so many clocks, and for so long. */
struct svf_run {
	uint64_t line;
	enum jtag_state state;
	uint32_t clocks; /* of TCK */
	/* Of the target's own clock, which runs by itself; 0: none are asked
	   for */
	uint32_t system_clocks;
	uint64_t minimum_ns, maximum_ns; /* UINT64_MAX: none */
};

enum svf_trst { SVF_TRST_ON, SVF_TRST_OFF, SVF_TRST_Z, SVF_TRST_ABSENT };

/*
 * What the player plays on.  Each function returns 0, or a negative number, which
 * svf_feed() returns then: nothing is called after it.
 */
struct svf_port {
	/* Clocks without a shift.  `from` is the state, unless the path leads to
	   RESET: then the TAPs may be in any. */
	int (*move)(
		void *user, enum jtag_state from, const struct jtag_path *path);
	/* From Shift-IR or Shift-DR, the last bit with TMS at 1, to Exit1. */
	int (*shift)(void *user, const struct svf_scan *scan);
	int (*run)(void *user, const struct svf_run *run);
	/* With ON, TAPs are in RESET. */
	int (*trst)(void *user, enum svf_trst trst, uint64_t line);
	/* At most so fast; 0: as fast as before the first FREQUENCY. */
	int (*frequency)(void *user, uint64_t hz, uint64_t line);
};

struct svf;

/* NULL: no memory.  The player may be given less than SVF_BITS_MAX. */
struct svf *svf_new(const struct svf_port *port, void *user, uint32_t bits_max);
void svf_free(struct svf *svf);

/*
 * Play the next bytes, and say that there are no more.  Return 0; -EINVAL and
 * -ENOMEM with a sentence; or what a function of the port has returned.  After an
 * error both return the same again.
 */
int svf_feed(struct svf *svf, const void *bytes, size_t size);
int svf_end(struct svf *svf);

/* "line 7: ..."; "" if the error is not the player's. */
const char *svf_why(const struct svf *svf);
/* The line of the last byte that was fed. */
uint64_t svf_line(const struct svf *svf);

/*
 * Compare what came back, all pieces as one run of bits.  False: the first bit
 * that differs, and expected bits, mask and bits around it, in a sentence without
 * a full stop.
 */
bool svf_compare(const struct svf_scan *scan, const uint8_t *got,
	char ret_why[SVF_WHY_SIZE]);

#endif
