/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The transactions of the part flash25: from CS# low to CS# high, byte by byte.
 * What a command means is in flash25-command.c.  No byte may lead out of an
 * array, whatever the sequence of calls.
 */
#include "flash25.h"

#include <string.h>

#define READ_MODE_MASK       0x30 /* M5 and M4: */
#define READ_MODE_CONTINUOUS 0x20

static void enter(struct flash25_chip *chip, enum flash25_stage stage,
	enum flash25_direction direction, uint8_t lanes, uint8_t clocks)
{
	chip->stage = stage;
	chip->phase = (struct flash25_phase){direction, lanes, clocks};
}

static uint8_t lanes_of(const struct flash25_chip *chip, uint8_t lanes)
{
	return chip->qpi ? 4 : lanes;
}

static void ignore(struct flash25_chip *chip)
{
	chip->command = NULL;
	enter(chip, FLASH25_IGNORE, FLASH25_DEAF, 1, 0);
}

static uint8_t dummy_clocks(const struct flash25_chip *chip)
{
	const struct flash25_command *command = chip->command;

	if (!chip->qpi || !(command->address && command->give) ||
		command->dummy == 0)
		return command->dummy;
	return chip->qpi_dummy - (command->flags & FLASH25_FEWER ? 2 : 0);
}

static void enter_data(struct flash25_chip *chip)
{
	const struct flash25_command *command = chip->command;

	enter(chip, FLASH25_DATA, command->give ? FLASH25_OUT : FLASH25_IN,
		lanes_of(chip, command->data_lanes), 0);
}

static void enter_wait(struct flash25_chip *chip)
{
	uint8_t clocks = dummy_clocks(chip);

	if (clocks > 0)
		enter(chip, FLASH25_WAIT, FLASH25_DUMMY, 1, clocks);
	else
		enter_data(chip);
}

static void enter_address(struct flash25_chip *chip)
{
	const struct flash25_command *command = chip->command;
	uint8_t lanes = lanes_of(chip, command->address_lanes);

	chip->address = 0;
	chip->address_left = command->address;
	if (command->address == FLASH25_ADDRESS_BY_MODE)
		chip->address_left = chip->four_bytes ? 4 : 3;
	if (chip->address_left > 0)
		enter(chip, FLASH25_ADDRESS, FLASH25_IN, lanes, 0);
	else
		enter_wait(chip);
}

void flash25_select(struct flash25_chip *chip, tick now)
{
	flash25_settle(chip, now);
	chip->count = 0;
	chip->command = NULL;
	if (!chip->powered || now < chip->deaf_until) {
		ignore(chip);
	} else if (chip->continuous) {
		chip->command = chip->continuous;
		memset(chip->data, 0xff, sizeof(chip->data));
		enter_address(chip);
	} else {
		enter(chip, FLASH25_INSTRUCTION, FLASH25_IN, lanes_of(chip, 1),
			0);
	}
}

/* RSTEN is forgotten unless the reset itself follows at once. */
static void take_instruction(struct flash25_chip *chip, uint8_t opcode)
{
	bool was_enabled = chip->reset_enabled;

	chip->command = flash25_find(chip, opcode);
	chip->reset_enabled = was_enabled && opcode == 0x99;
	if (chip->command == NULL) {
		ignore(chip);
		return;
	}
	memset(chip->data, 0xff, sizeof(chip->data));
	enter_address(chip);
}

static void take_address(struct flash25_chip *chip, uint8_t byte)
{
	chip->address = chip->address << 8 | byte;
	chip->address_left--;
	if (chip->address_left > 0)
		return;
	if (chip->command->mode)
		enter(chip, FLASH25_MODE, FLASH25_IN, chip->phase.lanes, 0);
	else
		enter_wait(chip);
}

static void take_mode(struct flash25_chip *chip, uint8_t byte)
{
	bool more = (byte & READ_MODE_MASK) == READ_MODE_CONTINUOUS;

	chip->continuous = more ? chip->command : NULL;
	enter_wait(chip);
}

/* Of more bytes than a page has, the last ones are programmed. */
static void take_data(struct flash25_chip *chip, uint8_t byte)
{
	uint32_t at = chip->count;

	if (chip->command->flags & FLASH25_PAGED)
		at = (chip->address + at) % FLASH25_PAGE;
	if (at < FLASH25_PAGE)
		chip->data[at] = byte;
	if (chip->count < UINT32_MAX)
		chip->count++;
}

void flash25_put(struct flash25_chip *chip, uint8_t byte, tick now)
{
	flash25_settle(chip, now);
	if (chip->phase.direction != FLASH25_IN)
		return;
	switch (chip->stage) {
	case FLASH25_INSTRUCTION:
		take_instruction(chip, byte);
		break;
	case FLASH25_ADDRESS:
		take_address(chip, byte);
		break;
	case FLASH25_MODE:
		take_mode(chip, byte);
		break;
	case FLASH25_DATA:
		take_data(chip, byte);
		break;
	case FLASH25_WAIT:
	case FLASH25_IGNORE:
		break;
	}
}

void flash25_pause(struct flash25_chip *chip)
{
	if (chip->stage == FLASH25_WAIT)
		enter_data(chip);
}

uint8_t flash25_get(struct flash25_chip *chip, tick now)
{
	uint8_t byte;

	if (chip->phase.direction != FLASH25_OUT)
		return 0xff;
	flash25_settle(chip, now);
	byte = chip->command->give(chip, now);
	chip->count++;
	chip->given = byte;
	return byte;
}

tick flash25_same_until(struct flash25_chip *chip, uint8_t result, tick now)
{
	const struct flash25_command *command =
		chip->command ? chip->command : chip->polled;
	tick until = TICK_NEVER;

	flash25_settle(chip, now);
	if (!command || !(command->flags & FLASH25_POLLED) ||
		now < chip->deaf_until || !chip->powered ||
		result != chip->given || result != command->give(chip, now))
		return 0;
	if (flash25_busy(chip))
		until = chip->job.end;
	if (chip->wel_end < until)
		until = chip->wel_end;
	return chip->suspend_at < until ? chip->suspend_at : until;
}

static bool is_complete(const struct flash25_chip *chip, bool whole)
{
	const struct flash25_command *command = chip->command;

	if (command->flags & FLASH25_ANYHOW)
		return true;
	return whole && chip->stage == FLASH25_DATA &&
		chip->count >= command->least &&
		(command->most == UINT8_MAX || chip->count <= command->most);
}

void flash25_deselect(struct flash25_chip *chip, bool whole, tick now)
{
	const struct flash25_command *command = chip->command;

	flash25_settle(chip, now);
	if (command && command->finish && is_complete(chip, whole))
		command->finish(chip, now);
	chip->polled =
		command && command->flags & FLASH25_POLLED ? command : NULL;
	ignore(chip);
}

/* ---- From supply to supply ------------------------------------------------ */

void flash25_init(
	struct flash25_chip *chip, const struct flash25_options *options)
{
	enum { PROTECT_ALL = 0x1c, PROTECT_ALL_LARGE = 0x3c, SRP = 0x80 };
	bool large = options->size > FLASH25_3_BYTES_MAX;

	*chip = (struct flash25_chip){.options = *options};
	chip->array.content.size = options->size;
	chip->array.worn = options->worn;
	flash25_sfdp(options, chip->sfdp);
	if (options->wp != FLASH25_WP_NONE)
		chip->kept[FLASH25_SR1] |=
			large ? PROTECT_ALL_LARGE : PROTECT_ALL;
	if (options->wp == FLASH25_WP_HARD)
		chip->kept[FLASH25_SR1] |= SRP;
	chip->wp_low = options->wp == FLASH25_WP_HARD;
	if (options->qe)
		flash25_enable_quad(chip);
	chip->wel_end = chip->suspend_at = TICK_NEVER;
	ignore(chip);
}

void flash25_clear(struct flash25_chip *chip, tick now)
{
	flash25_power(chip, false, now);
	content_close(&chip->array.content);
}
