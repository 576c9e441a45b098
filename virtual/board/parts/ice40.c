/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The part ice40, an iCE40 HX8K that wants its bitstream: the configuration as a
 * target of SPI.  It is supplied by the port of its CRESET_B pin, and pulls that
 * pin and CDONE up, as its board does.
 *
 * Source: Lattice FPGA-TN-02001, "iCE40 Programming and Configuration", "SPI
 * Peripheral Configuration Interface".
 */
#include "part.h"

#include "virtual/board/bitstream.h"

#define RESET_TICKS 96                          /* CRESET_B is low for 200 ns */
#define CLEAR_TICKS (1200 * (tick)TICKS_PER_US) /* HX8K clears its memory */
#define WAKE_CLOCKS 49 /* after CDONE, until the pins of the design work */

struct ice40 {
	struct part part; /* first */
	/* Sets of one pin; `user`: or of none */
	uint16_t cs, sck, copi, reset, done, user;
	bool powered, reset_low, clock_high;
	tick fell;   /* CRESET_B, last */
	bool target; /* CS was low when CRESET_B rose */
	tick ready;  /* to take a bitstream */
	uint8_t shift, bits;
	unsigned wake; /* clocks since CDONE */
	struct bitstream bitstream;
};

#define ICE40(pointer) ((struct ice40 *)(pointer))

PART_PARSE_PIN(cs, struct ice40, cs)
PART_PARSE_PIN(sck, struct ice40, sck)
PART_PARSE_PIN(copi, struct ice40, copi)
PART_PARSE_PIN(reset, struct ice40, reset)
PART_PARSE_PIN(done, struct ice40, done)
PART_PARSE_PIN(user, struct ice40, user)

static const struct part_key keys[] = {
	{"cs", true, parse_cs, PART_A_PIN},
	{"sck", true, parse_sck, PART_A_PIN},
	{"copi", true, parse_copi, PART_A_PIN},
	{"reset", true, parse_reset, PART_A_PIN},
	{"done", true, parse_done, PART_A_PIN},
	{"user", false, parse_user, PART_A_PIN},
	{0},
};

static bool start(struct part *part, char why[PART_WHY_SIZE])
{
	struct ice40 *ice40 = ICE40(part);
	const uint16_t pins[] = {ice40->cs, ice40->sck, ice40->copi,
		ice40->reset, ice40->done, ice40->user};

	bitstream_reset(&ice40->bitstream);
	return part_check_pins(part, pins, 6, why);
}

/* CDONE is an open drain. */
static uint16_t wanted_low(const struct ice40 *ice40)
{
	bool done = bitstream_done(&ice40->bitstream);

	return ice40->powered && !done ? ice40->done : 0;
}

static uint16_t wanted_high(const struct ice40 *ice40)
{
	bool awake = ice40->powered && ice40->wake >= WAKE_CLOCKS;

	return awake ? ice40->user : 0;
}

static uint16_t wanted_pull(const struct ice40 *ice40)
{
	return ice40->powered ? ice40->reset | ice40->done : 0;
}

static void clear(struct ice40 *ice40)
{
	bitstream_reset(&ice40->bitstream);
	ice40->bits = 0;
	ice40->wake = 0;
	ice40->target = false;
}

/* A shorter low pulse is none. */
static void rise_of_reset(struct ice40 *ice40, tick now)
{
	if (now - ice40->fell < RESET_TICKS)
		return;
	clear(ice40);
	ice40->target = !(ice40->part.levels & ice40->cs);
	ice40->ready = now + CLEAR_TICKS;
}

/* Bits that come before the memory is clear are lost, and so are those while CS
   is high. */
static void rise_of_clock(struct ice40 *ice40, tick now)
{
	bool selected = !(ice40->part.levels & ice40->cs);

	if (bitstream_done(&ice40->bitstream)) {
		ice40->wake += ice40->wake < WAKE_CLOCKS;
		return;
	}
	if (!ice40->target || !selected || now < ice40->ready)
		return;
	ice40->shift = ice40->shift << 1 | !!(ice40->part.levels & ice40->copi);
	ice40->bits = (ice40->bits + 1) % 8;
	if (ice40->bits == 0)
		bitstream_feed(&ice40->bitstream, &ice40->shift, 1);
}

static void take_levels(struct ice40 *ice40, tick now)
{
	uint16_t levels = ice40->part.levels;
	bool reset_low = !(levels & ice40->reset);
	bool clock_high = levels & ice40->sck;
	bool rose = clock_high && !ice40->clock_high;

	ice40->clock_high = clock_high;
	if (reset_low && !ice40->reset_low)
		ice40->fell = now;
	if (!reset_low && ice40->reset_low)
		rise_of_reset(ice40, now);
	else if (!reset_low && rose)
		rise_of_clock(ice40, now);
	ice40->reset_low = reset_low;
}

/* Act at once if an output is to change, or when CRESET_B has been low for
   long enough. */
static void plan(struct ice40 *ice40, tick now)
{
	struct part *part = &ice40->part;

	part->next = TICK_NEVER;
	if (part->low != wanted_low(ice40) ||
		part->high != wanted_high(ice40) ||
		part->pull_up != wanted_pull(ice40))
		part->next = now + 1;
	else if (ice40->reset_low && ice40->fell + RESET_TICKS > now)
		part->next = ice40->fell + RESET_TICKS;
}

static void changed(struct part *part, tick now)
{
	struct ice40 *ice40 = ICE40(part);
	bool powered = part->powered & ice40->reset;

	if (powered != ice40->powered) {
		ice40->powered = powered;
		clear(ice40);
		/* Without a pulse of CRESET_B it looks for a flash of its own,
		   and finds none. */
		ice40->reset_low = !(part->levels & ice40->reset);
		ice40->fell = now;
	} else if (powered) {
		take_levels(ice40, now);
	}
	plan(ice40, now);
}

static void act(struct part *part, tick now)
{
	struct ice40 *ice40 = ICE40(part);

	if (ice40->reset_low && now - ice40->fell >= RESET_TICKS)
		clear(ice40);
	part->low = wanted_low(ice40);
	part->high = wanted_high(ice40);
	part->pull_up = wanted_pull(ice40);
	plan(ice40, now);
}

const struct part_kind part_ice40 = {
	.name = "ice40",
	.size = sizeof(struct ice40),
	.keys = keys,
	.start = start,
	.changed = changed,
	.act = act,
};
