/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* See boot-rom.h. */
#include "boot-rom.h"

#include <string.h>

static const uint8_t ids[4] = {0xb7, 0x20, 0xb1, 0x9d};

/* Loads the records; false if they run out of the EEPROM or of the RAM, or do
   not end with a start of the 8051. */
static bool load_records(const uint8_t *eeprom, struct program *program)
{
	size_t at = 8;

	while (at + 4 <= FX2_MEM_SIZE) {
		size_t length = (eeprom[at] & 0x7f) << 8 | eeprom[at + 1];
		size_t address = eeprom[at + 2] << 8 | eeprom[at + 3];
		bool last = eeprom[at] & 0x80;

		at += 4;
		if (length > 0x3ff || at + length > FX2_MEM_SIZE)
			return false;
		if (last)
			return length == 1 && address == 0xe600 &&
				eeprom[at] == 0;
		if (address + length > RAM_SIZE)
			return false;
		memcpy(program->bytes + address, eeprom + at, length);
		memset(program->used + address, true, length);
		at += length;
	}
	return false;
}

enum boot boot_rom(const struct memory *memory, struct program *program)
{
	const uint8_t *eeprom = memory->fx2;
	bool disconnected = eeprom[7] & 0x40;

	memset(program, 0, sizeof(*program));
	if (eeprom[0] == 0xc0) {
		bool known = memcmp(eeprom + 1, ids, sizeof(ids)) == 0;

		return known && !disconnected ? BOOT_BARE : BOOT_LOST;
	}
	if (eeprom[0] != 0xc2)
		return BOOT_NO_IDS;
	if (!load_records(eeprom, program) || !program->used[0])
		return BOOT_LOST;
	for (size_t i = 0; i < BLOCK_SIZE; i++)
		if (!program->used[BLOCK_RAM + i] ||
			program->bytes[BLOCK_RAM + i] != eeprom[BLOCK_AT + i])
			return BOOT_LOST;
	return BOOT_FIRMWARE;
}

bool same_program(const struct program *a, const struct program *b)
{
	return memcmp(a->used, b->used, BLOCK_RAM) == 0 &&
		memcmp(a->bytes, b->bytes, BLOCK_RAM) == 0;
}

static uint16_t word(const uint8_t *at)
{
	return at[0] | at[1] << 8;
}

struct settings read_settings(const struct memory *memory)
{
	const uint8_t *block = memory->fx2 + BLOCK_AT;
	uint8_t flags = block[63];
	struct settings settings = {
		.revision = block[0],
		.modified = flags & 1,
		.webusb = flags & 4,
	};

	memcpy(settings.serial, block + 1, sizeof(settings.serial));
	memcpy(settings.manufacturer, block + 41,
		sizeof(settings.manufacturer));
	if (flags & 2) {
		settings.limit_mv[0] = word(block + 33);
		settings.limit_mv[1] = word(block + 35);
		settings.bitstream_size =
			word(block + 17) | (uint32_t)word(block + 19) << 16;
		memcpy(settings.bitstream_id, block + 21,
			sizeof(settings.bitstream_id));
	} else {
		settings.limit_mv[0] = word(block + 37);
		settings.limit_mv[1] = word(block + 39);
	}
	return settings;
}

void read_bitstream(const struct memory *memory, uint8_t *bytes, size_t size)
{
	size_t first = size < ICE_MEM_SIZE ? size : ICE_MEM_SIZE;

	memcpy(bytes, memory->ice, first);
	memcpy(bytes + first, memory->fx2 + 0x7000, size - first);
}
