/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The part flash25, an SPI NOR flash: its keys, and its pins.  It takes bits at
 * rising edges of SCK and gives them tV after falling ones, as SPI modes 0 and 3
 * want; flash25.h has the chip behind the pins.  It is supplied by the port of
 * its CS# pin.
 */
#include "flash25.h"

#include <stdio.h>
#include <string.h>

#include "common/number.h"

#define LANES 4

#define TIME_MAX_NS  UINT64_C(1000000000000)
#define VALID_MAX_NS 1000
#define OFF_TICKS    4    /* tSHQZ, 7 ns */
#define CODE_64MIB   0x20 /* after 19h for 32 MiB, W25Q512JV */

/* Typical times, and the longest tV: W25Q128JV, AC characteristics. */
#define PP_US   700
#define SE_US   45000
#define BE32_US 120000
#define BE_US   150000
#define CE_US   40000000
#define W_US    10000
#define V_TICKS 3 /* tCLQV, 6 ns */

struct flash25 {
	struct part part; /* first */
	struct flash25_options options;
	struct flash25_chip chip;
	unsigned id_size; /* bytes that the key `id` gave */
	unsigned qer;     /* the key's value and one */
	uint32_t worn;    /* likewise */
	tick valid;       /* tV */
	/* Sets of one pin, or of none */
	uint16_t cs, sck, io[LANES];
	bool cs_high, clock_high, selected, held;
	uint8_t shift, bits;   /* of a byte that is taken */
	uint8_t clocks;        /* dummy clocks that have passed */
	uint8_t given;         /* the last byte that the chip gave, and */
	uint8_t out, out_bits; /* what is left of it */
	uint16_t low, high;    /* what the bits that were given last drive */
};

#define FLASH(pointer) ((struct flash25 *)(pointer))

/* ---- Keys ----------------------------------------------------------------- */

#define TIME(name, field, maximum_ns)                                  \
	static bool parse_##name(struct part *part, const char *value) \
	{                                                              \
		return part_parse_time(                                \
			value, maximum_ns, &FLASH(part)->field);       \
	}

PART_PARSE_PIN(cs, struct flash25, cs)
PART_PARSE_PIN(sck, struct flash25, sck)
PART_PARSE_PIN(io0, struct flash25, io[0])
PART_PARSE_PIN(io1, struct flash25, io[1])
PART_PARSE_PIN(io2, struct flash25, io[2])
PART_PARSE_PIN(io3, struct flash25, io[3])
TIME(pp, options.pp, TIME_MAX_NS)
TIME(se, options.se, TIME_MAX_NS)
TIME(be, options.be, TIME_MAX_NS)
TIME(ce, options.ce, TIME_MAX_NS)
TIME(w, options.w, TIME_MAX_NS)
TIME(race, options.race, TIME_MAX_NS)
TIME(v, valid, VALID_MAX_NS)

static bool parse_size(struct part *part, const char *value)
{
	static const struct number_unit units[] = {{"", 1}, {"K", 1 << 10},
		{"M", 1 << 20}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {0}};
	static const struct number_form form = {.units = units,
		.minimum = FLASH25_SIZE_MIN,
		.maximum = FLASH25_SIZE_MAX};
	uint64_t size;

	if (number_parse(value, &form, &size, NULL) != NUMBER_OK ||
		(size & (size - 1)))
		return false;
	FLASH(part)->options.size = size;
	return true;
}

static bool parse_id(struct part *part, const char *value)
{
	struct flash25 *flash = FLASH(part);

	flash->id_size = part_parse_hex(value, flash->options.id, 3);
	return flash->id_size >= 2;
}

static bool choose(
	const char *value, const char *const *names, unsigned *ret_index)
{
	for (unsigned i = 0; names[i]; i++) {
		if (strcmp(value, names[i]) != 0)
			continue;
		*ret_index = i;
		return true;
	}
	return false;
}

static bool parse_sfdp(struct part *part, const char *value)
{
	static const char *const names[] = {"1.6", "1.0", "none", NULL};
	unsigned index;
	bool good = choose(value, names, &index);

	if (good)
		FLASH(part)->options.sfdp = index;
	return good;
}

static bool parse_wp(struct part *part, const char *value)
{
	static const char *const names[] = {"none", "soft", "hard", NULL};
	unsigned index;
	bool good = choose(value, names, &index);

	if (good)
		FLASH(part)->options.wp = index;
	return good;
}

static bool parse_qe(struct part *part, const char *value)
{
	static const char *const names[] = {"0", "1", NULL};
	unsigned index;
	bool good = choose(value, names, &index);

	if (good)
		FLASH(part)->options.qe = index;
	return good;
}

static bool parse_qer(struct part *part, const char *value)
{
	static const char *const names[] = {
		"0", "1", "2", "3", "4", "5", "6", NULL};
	unsigned index;
	bool good = choose(value, names, &index);

	if (good)
		FLASH(part)->qer = index + 1;
	return good;
}

static bool parse_worn(struct part *part, const char *value)
{
	static const struct number_form form = {
		.c_prefixes = true, .maximum = FLASH25_SIZE_MAX - 1};
	uint64_t at;

	if (number_parse(value, &form, &at, NULL) != NUMBER_OK)
		return false;
	FLASH(part)->worn = at + 1;
	return true;
}

static bool parse_file(struct part *part, const char *value)
{
	char *path = FLASH(part)->options.path;

	snprintf(path, PART_TEXT_SIZE, "%s", value);
	return *path;
}

#define A_TIME "a time with a unit, from 1ns to 1000s"

static const struct part_key keys[] = {
	{"cs", true, parse_cs, PART_A_PIN},
	{"sck", true, parse_sck, PART_A_PIN},
	{"io0", true, parse_io0, PART_A_PIN},
	{"io1", true, parse_io1, PART_A_PIN},
	{"io2", false, parse_io2, PART_A_PIN},
	{"io3", false, parse_io3, PART_A_PIN},
	{"size", false, parse_size, "a power of two from 64K to 64M"},
	{"id", false, parse_id, "4 or 6 hexadecimal digits"},
	{"sfdp", false, parse_sfdp, "one of 1.6 1.0 none"},
	{"file", false, parse_file, "a file name"},
	{"t-pp", false, parse_pp, A_TIME},
	{"t-se", false, parse_se, A_TIME},
	{"t-be", false, parse_be, A_TIME},
	{"t-ce", false, parse_ce, A_TIME},
	{"t-w", false, parse_w, A_TIME},
	{"t-v", false, parse_v, "a time with a unit, from 1ns to 1us"},
	{"busy-race", false, parse_race, A_TIME},
	{"qe", false, parse_qe, "0 or 1"},
	{"qer", false, parse_qer, "in 0..6"},
	{"wp", false, parse_wp, "one of none soft hard"},
	{"worn", false, parse_worn, "an address below 64 MiB"},
	{0},
};

static void set_default(tick *time, tick us)
{
	if (*time == 0)
		*time = us * TICKS_PER_US;
}

/* The last byte of an id is the size as a power of two. */
static void complete_id(struct flash25_options *options, unsigned given)
{
	if (given == 0) {
		options->id[0] = 0xef;
		options->id[1] = 0x40;
	}
	if (given < 3)
		options->id[2] = options->size == FLASH25_SIZE_MAX
			? CODE_64MIB
			: __builtin_ctz(options->size);
}

static bool start(struct part *part, char why[PART_WHY_SIZE])
{
	struct flash25 *flash = FLASH(part);
	struct flash25_options *options = &flash->options;
	const uint16_t pins[] = {flash->cs, flash->sck, flash->io[0],
		flash->io[1], flash->io[2], flash->io[3]};

	if (options->size == 0)
		options->size = FLASH25_3_BYTES_MAX;
	complete_id(options, flash->id_size);
	options->qer = flash->qer ? flash->qer - 1 : 5;
	options->worn = flash->worn ? flash->worn - 1 : FLASH25_NOT_WORN;
	/* The datasheet's 32 KiB take four fifths of the time of 64 KiB. */
	options->be32 = options->be / 5 * 4;
	set_default(&options->pp, PP_US);
	set_default(&options->se, SE_US);
	set_default(&options->be32, BE32_US);
	set_default(&options->be, BE_US);
	set_default(&options->ce, CE_US);
	set_default(&options->w, W_US);
	if (flash->valid == 0)
		flash->valid = V_TICKS;
	flash25_init(&flash->chip, options);
	return part_check_pins(part, pins, 6, why) &&
		content_check(part, options->path, options->size, why);
}

static void end(struct part *part, tick now)
{
	flash25_clear(&FLASH(part)->chip, now);
}

/* ---- Outputs -------------------------------------------------------------- */

static void release(struct flash25 *flash, tick due)
{
	part_plan(&flash->part, due, 0, 0);
}

/* The next bits of a byte, the highest one on the highest lane; a single lane is
   IO1. */
static void give_bits(struct flash25 *flash, tick now)
{
	unsigned lanes = flash->chip.phase.lanes;

	if (flash->out_bits == 0) {
		flash->out = flash->given = flash25_get(&flash->chip, now);
		flash->out_bits = 8;
	}
	flash->low = flash->high = 0;
	for (unsigned i = 0; i < lanes; i++) {
		uint16_t pin = flash->io[lanes == 1 ? 1 : i];

		if (flash->out >> (8 - lanes + i) & 1)
			flash->high |= pin;
		else
			flash->low |= pin;
	}
	flash->out <<= lanes;
	flash->out_bits -= lanes;
	part_plan(&flash->part, now + flash->valid, flash->low, flash->high);
}

/* ---- Inputs --------------------------------------------------------------- */

/* A lane without a pin is pulled up on the part's board. */
static bool level(const struct flash25 *flash, unsigned lane)
{
	return !flash->io[lane] || flash->part.levels & flash->io[lane];
}

static void take_bits(struct flash25 *flash, tick now)
{
	unsigned lanes = flash->chip.phase.lanes;

	for (unsigned i = lanes; i-- > 0;)
		flash->shift = flash->shift << 1 | level(flash, i);
	flash->bits += lanes;
	if (flash->bits < 8)
		return;
	flash->bits = 0;
	flash25_put(&flash->chip, flash->shift, now);
}

static void rise(struct flash25 *flash, tick now)
{
	switch (flash->chip.phase.direction) {
	case FLASH25_IN:
		take_bits(flash, now);
		break;
	case FLASH25_DUMMY:
		flash->clocks++;
		if (flash->clocks < flash->chip.phase.clocks)
			break;
		flash->clocks = 0;
		flash25_pause(&flash->chip);
		break;
	case FLASH25_OUT:
	case FLASH25_DEAF:
		break;
	}
}

static void select(struct flash25 *flash, bool selected, tick now)
{
	flash->selected = selected;
	if (selected) {
		flash25_select(&flash->chip, now);
		flash->bits = flash->clocks = flash->out_bits = 0;
		flash->low = flash->high = 0;
		return;
	}
	flash25_deselect(&flash->chip, flash->bits == 0, now);
	release(flash, now + OFF_TICKS);
}

/* Whether all lanes are the command's now, also in the clocks before its data, in
   which nobody drives them. */
static bool has_lanes(const struct flash25_chip *chip)
{
	if (chip->phase.direction == FLASH25_DEAF)
		return false;
	return chip->phase.lanes == LANES ||
		(chip->stage == FLASH25_WAIT &&
			chip->command->data_lanes == LANES);
}

/* WP# and HOLD# are IO2 and IO3 unless QE is set or the command has the lanes: a
   chip without QE, of QER 0, knows by the command. */
static void update_wp_and_hold(struct flash25 *flash, tick now)
{
	bool alone = !has_lanes(&flash->chip) && !flash25_quad(&flash->chip);
	bool held = flash->selected && alone && !level(flash, 3);

	if (flash->io[2])
		flash->chip.wp_low = !level(flash, 2);
	if (held && !flash->held)
		release(flash, now + OFF_TICKS);
	else if (flash->held && !held && flash->selected)
		part_plan(
			&flash->part, now + OFF_TICKS, flash->low, flash->high);
	flash->held = held;
}

static void lose_supply(struct flash25 *flash, tick now)
{
	flash25_power(&flash->chip, false, now);
	flash->selected = flash->cs_high = flash->held = false;
	release(flash, now + 1);
}

/* At power-up CS# counts as low, so that it has to rise before it can fall. */
static void changed(struct part *part, tick now)
{
	struct flash25 *flash = FLASH(part);
	bool cs_high = part->levels & flash->cs;
	bool clock_high = part->levels & flash->sck;
	bool rose = clock_high && !flash->clock_high;
	bool fell = !clock_high && flash->clock_high;

	flash->clock_high = clock_high;
	if (!(part->powered & flash->cs)) {
		lose_supply(flash, now);
		return;
	}
	flash25_power(&flash->chip, true, now);
	if (flash->selected && cs_high)
		select(flash, false, now);
	else if (!flash->selected && flash->cs_high && !cs_high)
		select(flash, true, now);
	flash->cs_high = cs_high;
	update_wp_and_hold(flash, now);
	if (!flash->selected || flash->held)
		return;
	if (rose)
		rise(flash, now);
	else if (fell && flash->chip.phase.direction == FLASH25_OUT)
		give_bits(flash, now);
}

/* ---- The shortcut --------------------------------------------------------- */

/* Whether the next byte can go without edges: no byte is under way, and the
   chip's lanes are the host's. */
static bool can_clock(
	const struct flash25 *flash, const struct flash25_clocks *clocks)
{
	const struct flash25_phase *phase = &flash->chip.phase;
	unsigned left = phase->clocks - flash->clocks;

	switch (phase->direction) {
	case FLASH25_IN:
		return clocks->out && flash->bits == 0 &&
			phase->lanes == clocks->lanes;
	case FLASH25_DUMMY:
		return left >= 8 / clocks->lanes;
	case FLASH25_OUT:
		return clocks->in && phase->lanes == clocks->lanes &&
			flash->out_bits == 8 - clocks->lanes;
	case FLASH25_DEAF:
		return false;
	}
	return false;
}

/* As rise() and give_bits() do, the latter at the end of the byte. */
static void clock_byte(
	struct flash25 *flash, const struct flash25_clocks *clocks, size_t at)
{
	struct flash25_chip *chip = &flash->chip;
	unsigned count = 8 / clocks->lanes;
	tick end = clocks->begin + (at + 1) * count * clocks->period;

	switch (chip->phase.direction) {
	case FLASH25_IN:
		flash25_put(chip, clocks->out[at], end - clocks->period / 2);
		break;
	case FLASH25_DUMMY:
		flash->clocks += count;
		if (flash->clocks < chip->phase.clocks)
			break;
		flash->clocks = 0;
		flash25_pause(chip);
		break;
	case FLASH25_OUT:
		clocks->in[at] = flash->given;
		flash->out_bits = 0;
		break;
	case FLASH25_DEAF:
		break;
	}
	if (chip->phase.direction == FLASH25_OUT)
		give_bits(flash, end);
}

size_t flash25_clock_bytes(
	struct part *part, const struct flash25_clocks *clocks)
{
	struct flash25 *flash = FLASH(part);
	size_t at = 0;

	if (part->kind != &part_flash25 || !flash->selected || flash->held ||
		flash->clock_high || flash->valid > clocks->period / 2)
		return 0;
	for (; at < clocks->bytes && can_clock(flash, clocks); at++)
		clock_byte(flash, clocks, at);
	return at;
}

/* Modes but 0 go with edges, and so does what another chip's pins are for. */
static size_t spi_bytes(struct part *part, const struct part_spi *spi)
{
	const struct flash25 *flash = FLASH(part);
	const struct flash25_clocks clocks = {
		.begin = spi->begin,
		.period = spi->period,
		.lanes = spi->lanes,
		.bytes = spi->bytes,
		.out = spi->out,
		.in = spi->in,
	};

	if (spi->mode || spi->sck != flash->sck ||
		!part_spi_fits(spi, flash->valid) ||
		memcmp(spi->io, flash->io, sizeof(spi->io)) != 0)
		return 0;
	return flash25_clock_bytes(part, &clocks);
}

static tick spi_same(struct part *part, uint8_t answer, tick now)
{
	return flash25_same_until(&FLASH(part)->chip, answer, now);
}

struct flash25_chip *flash25_chip_of(struct part *part)
{
	return part->kind == &part_flash25 ? &FLASH(part)->chip : NULL;
}

const struct part_kind part_flash25 = {
	.name = "flash25",
	.size = sizeof(struct flash25),
	.keys = keys,
	.start = start,
	.changed = changed,
	.act = part_drive_planned,
	.spi_bytes = spi_bytes,
	.spi_same = spi_same,
	.end = end,
};
