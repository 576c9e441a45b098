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

/* Bytes over SPI, with whole periods of SCK, which is at rest before and after
   them. */
struct part_spi {
	uint16_t sck,
		io[4]; /* the FPGA's pins, each a set of one, or of none */
	uint8_t mode;  /* bit 0: CPHA, bit 1: CPOL */
	uint8_t lanes; /* 1, 2 or 4 */
	tick begin;    /* of the first period */
	tick period;   /* the chip samples in the middle of it, */
	tick sample;   /* and the FPGA so much after its beginning */
	size_t bytes;
	const uint8_t *out; /* from the FPGA; NULL: it drives none of the
			       lanes */
	/* To the FPGA; NULL: it drives all of the lanes.  Set to what lanes
	   have that nothing drives. */
	uint8_t *in;
};

/* Up to 8 clocks of JTAG, with whole periods of TCK, which is low before and
   after them. */
struct part_jtag {
	uint16_t tck, tms, tdi, tdo; /* the FPGA's pins, each a set of one */
	tick begin;                  /* of the first period */
	tick period;                 /* TCK rises in the middle of it */
	tick sample;    /* the FPGA samples so much after its beginning */
	uint8_t clocks; /* in 1..8 */
	uint8_t out_tms, out_tdi; /* the first clock's in the lowest bit */
	bool sampled;             /* without, `in` need not be right */
	bool idle;                /* the level of TDO if no part drives it */
	uint8_t in; /* set by the part; above the clocks' bits 0 */
};

/* Whether each sample hits the bit that the chip gives so long after the
   beginning of a period, one bit at a time.  The FPGA sees what was there half a
   cycle before. */
static inline bool part_sample_fits(tick period, tick sample, tick valid)
{
	tick seen = sample - TICKS_PER_CYCLE / 2;

	return valid <= period && valid <= seen && seen < period + valid;
}

static inline bool part_spi_fits(const struct part_spi *spi, tick valid)
{
	return part_sample_fits(spi->period, spi->sample, valid);
}

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
	/*
	 * A shortcut; NULL: the part has none.  Do at once what the edges of
	 * these clocks would do, for as many bytes as possible, and return how
	 * many.  The others follow with edges, and so does all of it if the
	 * part is not selected, or in the middle of a byte, if its pins, mode or
	 * lanes are not those of the clocks, or if a sample does not hit the bit
	 * that belongs to it.  The function may set `next`, and must not change
	 * what the part drives.  After it, act() and changed() may be called
	 * with times from the end of the last byte on.
	 */
	size_t (*spi_bytes)(struct part *part, const struct part_spi *spi);
	/*
	 * A shortcut for a host that polls; NULL: the part has none.  Until when
	 * will the last transaction over SPI, done again and again from now on,
	 * have this answer, and change nothing?  The transaction may still be
	 * under way.  0: not at all, or the part does not know.
	 */
	tick (*spi_same)(struct part *part, uint8_t answer, tick now);
	/*
	 * A shortcut; NULL: the part has none.  Do at once what the edges of
	 * these clocks would do.  False, with nothing changed, if the part's
	 * pins are not those of the clocks, if it would do something at its
	 * other pins, or if a sample does not hit the bit that belongs to it.
	 * The function may set `next`, and must not change what the part
	 * drives.  After it, act() and changed() may be called with times from
	 * the end of the last clock on.
	 */
	bool (*jtag)(struct part *part, struct part_jtag *jtag);
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
	/* Set by part_plan(): `low` and `high` from `next` on */
	uint16_t next_low, next_high;
	/* Set by pins.c: levels, and the pins that have a port supply */
	uint16_t levels, powered;
};

extern const struct part_kind part_avr_isp;
extern const struct part_kind part_flash25;
extern const struct part_kind part_ice40;
extern const struct part_kind part_tap;
extern const struct part_kind part_uart_echo;

/* All kinds; the last is NULL. */
extern const struct part_kind *const part_kinds[];

/*
 * Make a part from its description.  NULL, and a sentence, if the description
 * is invalid; NULL, and an empty one, if there is no memory.
 */
struct part *part_new(const char *text, char ret_why[PART_WHY_SIZE]);
void part_free(struct part *part, tick now);

/* For a part whose only action is to drive its outputs anew: drive these pins at
   that time, and forget what was planned before.  part_drive_planned() is its
   act(). */
void part_plan(struct part *part, tick time, uint16_t low, uint16_t high);
void part_drive_planned(struct part *part, tick now);

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
