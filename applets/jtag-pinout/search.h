/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Finds out which pins are TCK, TMS, TDI, TDO and TRST# of a test access port, by
 * trying: the algorithm, on pins that its caller drives and reads.
 * jtag-pinout.c calls it.
 *
 * Only pins of the set are driven, at most four at once, and every call ends with
 * none of them driven, unless the port has failed.
 */
#ifndef JTAG_PINOUT_SEARCH_H
#define JTAG_PINOUT_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

/* What the search works on; a bit for each pin.  Functions return 0, or an error,
   which ends the search. */
struct search_port {
	/* Drive these pins to these levels, and no others; half a period of TCK
	   passes. */
	int (*drive)(void *user, uint16_t driven, uint16_t levels);
	int (*read)(void *user, uint16_t *ret_levels);
	/* For progress: a pair of TCK and TMS was tried, of so many. */
	void (*tried)(void *user, unsigned done, unsigned total);
	void *user;
};

/* Pins by their bits' numbers. */
struct search_found {
	uint8_t tck, tms, tdi, tdo;
	int8_t trst;     /* -1: none */
	uint8_t ir_bits; /* of all TAPs of the chain */
};

#define SEARCH_FOUND_MAX 16

struct search {
	const struct search_port *port;
	uint16_t pins;
	/* Those that are high by themselves, and those that are low even if they
	   are pulled up: TRST# is more likely one or the other. */
	uint16_t high, low;
	unsigned count; /* of what was found */
	struct search_found found[SEARCH_FOUND_MAX];
};

/* Returns 0, with `count` of 0 if there is no port, or an error. */
int search_run(struct search *search);

#endif
