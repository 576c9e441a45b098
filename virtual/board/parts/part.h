/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A part: a chip or device on the port pins of the virtual Glasgow.
 * virtual/board/pins.c calls its functions, with a time in ticks that never
 * goes back.  A part acts on its pins only in act(), at a time that it has
 * announced in `next`.  A part of kind NAME is described by
 * "NAME@KEY=VALUE:KEY=VALUE..."; its code is parts/NAME.c.
 */
#ifndef VIRTUAL_PARTS_PART_H
#define VIRTUAL_PARTS_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtual/bus/tick.h"
#include "wire/regs.h"

#define PART_WHY_SIZE  320
#define PART_TEXT_SIZE 256 /* of a description */
#define PART_A_PIN     "a pin, A0..A7 or B0..B7"

struct part;

/* A key of a part's description.  parse() returns false for an invalid value;
   `says` is the end of the sentence then, after "is not". */
struct part_key {
	const char *name;
	bool required;
	bool (*parse)(struct part *part, const char *value);
	const char *says;
};

struct part_kind {
	const char *name;
	size_t size; /* of the part's own struct, which starts as zeros */
	const struct part_key *keys; /* the last has no name */
	/* All keys are parsed: false, and a sentence, if they do not go
	   together. */
	bool (*start)(struct part *part, char why[PART_WHY_SIZE]);
	/* `levels` or `powered` have changed.  The function may set `next`,
	   and must not change what the part drives or pulls. */
	void (*changed)(struct part *part, tick now);
	/* `next` is reached.  The function may change what the part drives and
	   pulls, and must set `next` to a later time. */
	void (*act)(struct part *part, tick now);
	/* The part ends, as if its supply did; also after start() has failed.
	   NULL: nothing is to be done. */
	void (*end)(struct part *part, tick now);
};

/* The first member of a part's own struct.  Bit n = pin n: A0..A7 B0..B7. */
struct part {
	const struct part_kind *kind;
	tick next; /* when it acts, or TICK_NEVER */
	/* Set by the part: the pins that it drives, and pulls */
	uint16_t low, high;
	uint16_t pull_down, pull_up;
	/* Set by pins.c: levels, and the pins that have a port supply */
	uint16_t levels, powered;
};

extern const struct part_kind part_avr_isp;
extern const struct part_kind part_flash25;
extern const struct part_kind part_ice40;
extern const struct part_kind part_uart_echo;

/* All kinds; the last is NULL. */
extern const struct part_kind *const part_kinds[];

/*
 * Make a part from its description.  NULL, and a sentence, if the description
 * is invalid or there is no memory.
 */
struct part *part_new(const char *text, char ret_why[PART_WHY_SIZE]);
void part_free(struct part *part, tick now);

/* "A0".."A7", "B0".."B7": the pin's number, or -1. */
int part_pin(const char *text);

/* For the keys of parts.  A pin, as a set of one. */
bool part_parse_pin(const char *value, uint16_t *ret_pin);
/* parse_NAME() for a field of a part of this type. */
#define PART_PARSE_PIN(name, type, field)                              \
	static bool parse_##name(struct part *part, const char *value) \
	{                                                              \
		return part_parse_pin(value, &((type *)part)->field);  \
	}
/* A number with a unit from ns to s, at least 1 ns, rounded up to ticks. */
bool part_parse_time(const char *value, uint64_t maximum_ns, tick *ret_time);
/* Pairs of hexadecimal digits: how many, or 0 if they are not 1 to `most`. */
unsigned part_parse_hex(const char *value, uint8_t *bytes, unsigned most);
/* False, and a sentence, if a pin is in two of these sets. */
bool part_check_pins(const struct part *part, const uint16_t *pins,
	unsigned count, char why[PART_WHY_SIZE]);

#endif
