/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the chip of the part flash25 with any sequence of its calls: it must
 * never leave its arrays, and must end ready for the next transaction.
 */
#include "fuzz.h"
#include "virtual/board/parts/flash25.h"

#define US ((tick)TICKS_PER_US)

static struct flash25_options options_from(struct input *input)
{
	uint8_t kind = take_byte(input);
	struct flash25_options options = {
		.size = kind & 1 ? 2 * FLASH25_3_BYTES_MAX : 0x20000,
		.id = {0xef, 0x40, 0x11},
		.sfdp = (kind >> 1 & 3) % 3,
		.wp = (kind >> 3 & 3) % 3,
		.qer = (kind >> 5) % 7,
		.qe = take_byte(input) & 1,
		.pp = 100 * US,
		.se = 300 * US,
		.be32 = 400 * US,
		.be = 500 * US,
		.ce = 900 * US,
		.w = 50 * US,
		.race = take_byte(input) * US,
		.worn = take_word(input),
	};

	return options;
}

/* What the chip asks for, with a byte of the input. */
static void follow(struct flash25_chip *chip, struct input *input, tick now)
{
	switch (chip->phase.direction) {
	case FLASH25_IN:
		check(chip->phase.lanes == 1 || chip->phase.lanes == 2 ||
			chip->phase.lanes == 4);
		flash25_put(chip, take_byte(input), now);
		break;
	case FLASH25_DUMMY:
		check(chip->phase.clocks > 0);
		flash25_pause(chip);
		break;
	case FLASH25_OUT:
		flash25_get(chip, now);
		break;
	case FLASH25_DEAF:
		take_byte(input);
		break;
	}
}

/* Any call, also one that the phase does not ask for. */
static void stray(struct flash25_chip *chip, uint8_t kind, tick now)
{
	switch (kind & 7) {
	case 0:
		flash25_select(chip, now);
		break;
	case 1:
		flash25_put(chip, kind, now);
		break;
	case 2:
		flash25_get(chip, now);
		break;
	case 3:
		flash25_pause(chip);
		break;
	case 4:
		flash25_power(chip, kind & 8, now);
		break;
	case 5:
		chip->wp_low = kind & 8;
		break;
	default:
		flash25_deselect(chip, kind & 8, now);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct flash25_options options = options_from(&input);
	unsigned transactions = 0;
	struct flash25_chip chip;
	tick now = 0;

	flash25_init(&chip, &options);
	flash25_power(&chip, true, now);
	now += 6000 * US;
	while (input.size > 0 && transactions++ < 256) {
		uint8_t kind = take_byte(&input);

		if (kind >= 0xf0) {
			stray(&chip, take_byte(&input), now);
			continue;
		}
		flash25_select(&chip, now);
		for (unsigned i = 0; i < kind % 16; i++)
			follow(&chip, &input, now++);
		flash25_deselect(&chip, kind % 5 > 0, now);
		now += (kind >> 4) * (kind >> 4) * 2 * US;
	}
	flash25_settle(&chip, now + 10000 * US);
	check(!flash25_busy(&chip));
	flash25_clear(&chip, now + 10000 * US);
	return 0;
}
