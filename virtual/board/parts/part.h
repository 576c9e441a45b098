/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A part that hangs on the port pins of the virtual Glasgow.  virtual/board/pins.c
 * calls it, with the time in ticks of tick.h, which never goes back; it says
 * what it does to its pins.  One of a kind NAME is described by
 * "NAME@KEY=VALUE:KEY=VALUE...", and lives in parts/NAME.c.
 */
#ifndef VIRTUAL_PARTS_PART_H
#define VIRTUAL_PARTS_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtual/bus/tick.h"
#include "wire/regs.h"

#define PART_WHY_SIZE  160
#define PART_TEXT_SIZE 128 /* of a description */

struct part;

/* A key of a part's description.  parse() returns false for a value that is
   none; `says` is what it should have been. */
struct part_key {
	const char *name;
	bool required;
	bool (*parse)(struct part *part, const char *value);
	const char *says;
};

struct part_kind {
	const char *name;
	size_t size; /* of its own struct, which begins as zeros */
	const struct part_key *keys; /* the last has no name */
	/* All keys are parsed: false, and a sentence, if they do not go
	   together. */
	bool (*start)(struct part *part, char why[PART_WHY_SIZE]);
	/* `levels` or `powered` are new.  It may set `next`, and leaves its
	   drive as it is: what a part does it does later. */
	void (*changed)(struct part *part, tick now);
	/* `next` is reached.  It may change its drive, and sets `next` to a
	   later time. */
	void (*act)(struct part *part, tick now);
};

/* The first member of a part's own struct.  Bit n = pin n: A0..A7 B0..B7. */
struct part {
	const struct part_kind *kind;
	tick next; /* when it acts, or TICK_NEVER */
	/* What it does to pins: drive them, or pull weakly. */
	uint16_t low, high;
	uint16_t pull_down, pull_up;
	/* What the pins are: levels, and which have a port supply. */
	uint16_t levels, powered;
};

extern const struct part_kind part_uart_echo;

/* All of them; the last is NULL. */
extern const struct part_kind *const part_kinds[];

/*
 * A part by its description: NULL, and a sentence, if there is none such.
 * To be freed by free().
 */
struct part *part_new(const char *text, char ret_why[PART_WHY_SIZE]);

/* "A0".."A7", "B0".."B7": the pin's number, or -1. */
int part_pin(const char *text);

#endif
