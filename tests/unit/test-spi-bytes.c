/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Compares two models of the image, each with a chip on its SPI core, over random
   batches drawn from a seed.  One makes every edge on the pins; the other may
   pass bytes, and polls, without edges.  Streams must be equal at any time, and
   what the chips heard, and when. */
#include "tests/support/two-models.h"
#include "wire/core-spi.h"

#define SEEDS    25
#define BATCHES  6
#define COMMANDS 12
#define OFF      4 /* Ticks from the end of a selection to released lines. */
#define HEARD    (1 << 16)

#define SCK   (1 << 0)
#define IO(n) (1 << (1 + (n)))
#define CS    (1 << 5)

/* ---- A chip ------------------------------------------------------------- */

/* The first byte after a selection says what follows: bits 0 and 1 are enum
   spi_lanes, with bit 2 the chip gives bytes and does not take them.  STATUS
   gives a status that changes with time only. */
#define STATUS 0xfc

struct chip {
	struct part part;
	tick valid; /* From an edge to the bit. */
	tick epoch; /* How long a status lasts. */
	bool selected, gives, clock_high;
	bool polled; /* This transaction, or the last one, is STATUS. */
	uint8_t lanes;
	uint8_t byte, bits; /* That is taken; of it. */
	uint8_t given, out, out_bits;
	uint16_t low, high; /* From `next` on. */
	unsigned number;    /* Of bytes that were given. */
	unsigned heard;
	struct {
		tick time;
		uint8_t byte;
	} log[HEARD];
	unsigned shortcuts, rests;
};

#define CHIP(pointer) ((struct chip *)(pointer))

static void hear(struct chip *chip, uint8_t byte, tick time)
{
	if (chip->lanes == 0)
		chip->polled = byte == STATUS;
	if (chip->polled) {
		chip->lanes = 1;
		chip->gives = true;
		return;
	}
	assert_true(chip->heard < HEARD);
	chip->log[chip->heard].time = time;
	chip->log[chip->heard++].byte = byte;
	if (chip->lanes)
		return;
	chip->lanes = (byte & 3) == SPI_THREE_WIRE ? 1 : 1 << (byte & 3);
	chip->gives = byte & 4;
}

static void plan(struct chip *chip, tick due, uint16_t low, uint16_t high)
{
	chip->low = low;
	chip->high = high;
	chip->part.next = due;
}

static void give_bits(struct chip *chip, tick time)
{
	uint16_t low = 0, high = 0;

	if (chip->out_bits == 0) {
		chip->out = chip->given = chip->polled
			? time / chip->epoch
			: chip->number++ * 89 + 7;
		chip->out_bits = 8;
	}
	for (unsigned i = 0; i < chip->lanes; i++) {
		uint16_t pin = IO(chip->lanes == 1 ? 1 : i);

		if (chip->out >> (8 - chip->lanes + i) & 1)
			high |= pin;
		else
			low |= pin;
	}
	chip->out <<= chip->lanes;
	chip->out_bits -= chip->lanes;
	plan(chip, time + chip->valid, low, high);
}

static void take_bits(struct chip *chip, tick time)
{
	unsigned lanes = chip->lanes ? chip->lanes : 1;

	for (unsigned i = lanes; i-- > 0;)
		chip->byte = chip->byte << 1 | !!(chip->part.levels & IO(i));
	chip->bits += lanes;
	if (chip->bits < 8)
		return;
	chip->bits = 0;
	hear(chip, chip->byte, time);
}

static void chip_changed(struct part *part, tick time)
{
	struct chip *chip = CHIP(part);
	bool selected = part->powered && !(part->levels & CS);
	bool high = part->levels & SCK;

	if (selected != chip->selected) {
		chip->selected = selected;
		chip->lanes = chip->bits = chip->out_bits = 0;
		chip->gives = false;
		plan(chip, time + OFF, 0, 0);
	} else if (selected && high && !chip->clock_high && !chip->gives) {
		take_bits(chip, time);
	} else if (selected && !high && chip->clock_high && chip->gives) {
		give_bits(chip, time);
	}
	chip->clock_high = high;
}

static void chip_act(struct part *part, tick time)
{
	(void)time;
	part->low = CHIP(part)->low;
	part->high = CHIP(part)->high;
	part->next = TICK_NEVER;
}

static size_t chip_spi_bytes(struct part *part, const struct part_spi *spi)
{
	struct chip *chip = CHIP(part);
	unsigned clocks = 8 / spi->lanes;
	tick end = spi->begin + clocks * spi->period;

	if (!chip->selected || spi->mode || spi->sck != SCK ||
		(part->levels & SCK) || chip->bits ||
		spi->lanes != (chip->lanes ? chip->lanes : 1))
		return 0;
	for (unsigned i = 0; i < 4; i++)
		if (spi->io[i] != IO(i))
			return 0;
	if (chip->gives) {
		if (!spi->in || chip->out_bits != 8 - chip->lanes ||
			!part_spi_fits(spi, chip->valid))
			return 0;
		*spi->in = chip->given;
		chip->out_bits = 0;
	} else {
		if (!spi->out)
			return 0;
		hear(chip, *spi->out, end - spi->period / 2);
	}
	if (chip->gives)
		give_bits(chip, end);
	chip->shortcuts++;
	return 1;
}

static tick chip_spi_same(struct part *part, uint8_t answer, tick time)
{
	struct chip *chip = CHIP(part);
	tick epoch = time / chip->epoch;

	if (!chip->polled || answer != chip->given || answer != (uint8_t)epoch)
		return 0;
	chip->rests++;
	return (epoch + 1) * chip->epoch;
}

static const struct part_kind kind = {
	.name = "chip",
	.size = sizeof(struct chip),
	.changed = chip_changed,
	.act = chip_act,
	.spi_bytes = chip_spi_bytes,
	.spi_same = chip_spi_same,
};

/* ---- Two sides ---------------------------------------------------------- */

static struct chip *chips[2];

static struct part *new_chip(unsigned i, tick valid, tick epoch)
{
	chips[i] = calloc(1, sizeof(*chips[i]));
	assert_non_null(chips[i]);
	chips[i]->part.kind = &kind;
	chips[i]->part.next = TICK_NEVER;
	chips[i]->valid = valid;
	chips[i]->epoch = epoch;
	return &chips[i]->part;
}

static void open_sides(void)
{
	tick valid = 1 + draw(20);
	tick epoch = (500 + draw(30000)) * TICKS_PER_CYCLE;

	now = 0;
	for (unsigned i = 0; i < 2; i++)
		open_side(i, new_chip(i, valid, epoch));
	for (unsigned i = 0; i < 6; i++)
		write_register(REG_PIN + i, OUTPUT_SPI + i, 1);
	for (unsigned i = 0; i < 4; i++)
		write_register(REG_INPUT + INPUT_SPI + i,
			INPUT_CONNECTED | (i + 1), 1);
	connect_core(CORE_SPI);
}

static void compare(void)
{
	const struct chip *a = chips[0], *b = chips[1];
	unsigned count = a->heard < b->heard ? a->heard : b->heard;

	assert_memory_equal(a->log, b->log, count * sizeof(*a->log));
}

/* ---- Batches ------------------------------------------------------------ */

static void add_transfer(uint8_t flags, unsigned count)
{
	ADD(SPI_TRANSFER | flags, count, count >> 8, 0);
	if (flags & SPI_OUT)
		while (count-- > 0)
			ADD(draw(256));
}

/* A selection that the chip understands, most of the time. */
static void add_session(void)
{
	uint8_t lanes = draw(3), command = draw(256) & ~3;

	ADD(SPI_SELECT | (draw(8) ? 0 : 1));
	ADD(SPI_TRANSFER | SPI_OUT, 1, 0, 0, command | lanes);
	if (draw(8) == 0)
		lanes = draw(4);
	if (draw(8) == 0)
		ADD(SPI_DUMMY | lanes, draw(20), 0);
	for (unsigned i = draw(3); i < 3; i++) {
		uint8_t direction = command & 4 ? SPI_IN : SPI_OUT;

		if (draw(6) == 0)
			direction = draw(4) << 2;
		add_transfer(lanes | direction, draw(draw(4) ? 30 : 1500));
	}
	if (draw(8))
		ADD(SPI_DESELECT);
}

/* A wait until the two low bits of the status are these; the limit is often
   reached before.  With SPI_HELD, as a read of the status that goes on. */
static void add_wait(void)
{
	unsigned us = draw(draw(2) ? 2000 : 100);
	bool held = draw(2);

	ADD(SPI_SELECT);
	if (held)
		ADD(SPI_TRANSFER | SPI_OUT, 1, 0, 0, STATUS);
	ADD(SPI_POLL | (held ? SPI_HELD : 0), us, us >> 8, 0, 0, 3, draw(4),
		STATUS);
	ADD(SPI_DESELECT);
}

static void add_config(void)
{
	unsigned period = 1 + draw(draw(3) ? 4 : 40);

	ADD(SPI_CONFIG, period, 0,
		(draw(6) ? 0 : draw(4)) | draw(8) << SPI_SAMPLE_DELAY_SHIFT);
}

static void add_command(void)
{
	switch (draw(10)) {
	case 0:
		add_config();
		break;
	case 1:
		ADD(STREAM_BARRIER, draw(256));
		break;
	case 2:
		ADD(SPI_BITS | SPI_OUT | SPI_IN, 1 + draw(8), draw(256));
		break;
	case 3:
		ADD(SPI_POLL | draw(3), draw(30), 0, 0, 0, draw(256), draw(256),
			draw(256));
		break;
	case 4:
		ADD(STREAM_DELAY, draw(20), 0, 0, 0);
		break;
	case 5:
		add_wait();
		break;
	default:
		add_session();
	}
}

static void bytes_without_edges_have_the_same_result(void **state)
{
	unsigned shortcuts = 0, bytes = 0, rests = 0;

	(void)state;
	for (unsigned number = 1; number <= SEEDS; number++) {
		seed = number * 2654435761u + 1;
		open_sides();
		for (unsigned n = 0; n < BATCHES; n++) {
			size = 0;
			add_config();
			for (unsigned i = 0; i < COMMANDS; i++)
				add_command();
			ADD(SPI_DESELECT, STREAM_BARRIER, n);
			run_batch(compare);
		}
		assert_int_equal(chips[0]->heard, chips[1]->heard);
		assert_int_equal(chips[1]->shortcuts, 0);
		assert_int_equal(chips[1]->rests, 0);
		shortcuts += chips[0]->shortcuts;
		rests += chips[0]->rests;
		bytes += chips[0]->heard + chips[0]->number;
		close_sides();
	}
	print_message(
		"%u of about %u bytes; %u rests\n", shortcuts, bytes, rests);
	assert_true(shortcuts > bytes / 4);
	assert_true(rests > SEEDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_without_edges_have_the_same_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
