/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The table that the part flash25 answers to 5Ah: Serial Flash Discoverable
 * Parameters after JESD216 (1.0, 9 words) or JESD216B (1.6, 16 words, and for
 * chips over 16 MiB the table of 4-byte instructions).  Made from the part's
 * options, so that a host that believes the table waits as long as the chip
 * takes.  Words 12 to 16 are those of W25Q64JW and W25Q512JV as the Linux
 * mailing list has them (linux-mtd, "Dump SFDP data", January 2022; "winbond:
 * add support for W25Q512NW", December 2024), where nothing else is said.
 */
#include "flash25.h"

#include <string.h>

#define TICKS_PER_MS (1000 * (tick)TICKS_PER_US)

#define BASIC      0x80 /* where the tables are */
#define FOUR_BYTES 0xd0

enum { WORDS_1_0 = 9, WORDS_1_6 = 16 };

/* A time as a count of one of several units. */
struct unit {
	tick ticks;
	uint32_t code;
};

static const struct unit erase_units[] = {{TICKS_PER_MS, 0},
	{16 * TICKS_PER_MS, 1}, {128 * TICKS_PER_MS, 2},
	{1000 * TICKS_PER_MS, 3}, {0, 0}};
static const struct unit chip_units[] = {{16 * TICKS_PER_MS, 0},
	{256 * TICKS_PER_MS, 1}, {4000 * TICKS_PER_MS, 2},
	{64000 * TICKS_PER_MS, 3}, {0, 0}};
static const struct unit page_units[] = {
	{8 * TICKS_PER_US, 0}, {64 * TICKS_PER_US, 1}, {0, 0}};

/* 5 bits of a count less one, below a unit: the shortest time that can be
   expressed and is not shorter than this. */
static uint32_t encode(tick time, const struct unit *units)
{
	uint64_t count;

	for (;; units++) {
		count = (time + units->ticks - 1) / units->ticks;
		if (count <= 32 || units[1].ticks == 0)
			break;
	}
	count = count < 1 ? 1 : count > 32 ? 32 : count;
	return (count - 1) | units->code << 5;
}

/* Word 10: the typical times of the erases, and the factor of the longest
   ones. */
static uint32_t erase_times(const struct flash25_options *options)
{
	return 3 | encode(options->se, erase_units) << 4 |
		encode(options->be32, erase_units) << 11 |
		encode(options->be, erase_units) << 18;
}

/* Word 11: times of a page program, of single bytes (30 us, and 2.5 us for each
   more: datasheet, AC characteristics) and of a chip erase; a page has 2^8
   bytes. */
static uint32_t program_times(const struct flash25_options *options)
{
	return 2 | 8 << 4 | encode(options->pp, page_units) << 8 | 0x13u << 14 |
		2 << 19 | encode(options->ce, chip_units) << 24 | 1u << 31;
}

/* Word 15.  4-4-4: entered by 38h after QE, left by FFh or a reset. */
static uint32_t quad_word(const struct flash25_options *options)
{
	return 0xff0df619 | options->qer << 20;
}

/* Word 16: how 4-byte mode is entered (B7h; or with instructions of its own)
   and left (E9h, reset, power), 66h 99h, and that 06h and 50h precede a write of
   a status register. */
static uint32_t mode_word(bool large)
{
	return large ? 0xa1f870e9 : 0x80f830e9;
}

static void put_words(uint8_t *at, const uint32_t *words, unsigned count)
{
	for (unsigned i = 0; i < 4 * count; i++)
		at[i] = words[i / 4] >> 8 * (i % 4);
}

static void put_basic(const struct flash25_options *options, uint8_t *table,
	unsigned count, bool large)
{
	uint32_t words[WORDS_1_6] = {
		/* 4 KiB by 20h, 3-byte addresses or both kinds, fast reads */
		large ? 0xfff320e5 : 0xfff120e5,
		options->size * 8 - 1,
		/* EBh: 2 clocks of mode, 4 dummies; 6Bh: 8; 3Bh: 8; BBh: 2
		   and 2; 4-4-4 by EBh: 2 and 0 */
		0x6b08eb44,
		0xbb423b08,
		0xfffffffe,
		0x0000ffff,
		0xeb40ffff,
		/* 20h 4 KiB, 52h 32 KiB, D8h 64 KiB */
		0x520f200c,
		0x0000d810,
		erase_times(options),
		program_times(options),
		/* Suspend by 75h within 20 us, resume by 7Ah */
		0x337663e9,
		0x757a757a,
		/* B9h, ABh and 3 us; BUSY is bit 0 of 05h */
		0x5cd5a2f7,
		quad_word(options),
		mode_word(large),
	};

	put_words(table + BASIC, words, count);
}

static void put_header(
	uint8_t *at, uint8_t id, uint8_t minor, uint8_t words, uint8_t pointer)
{
	const uint8_t header[8] = {id, minor, 1, words, pointer, 0, 0, 0xff};

	memcpy(at, header, sizeof(header));
}

void flash25_sfdp(
	const struct flash25_options *options, uint8_t table[FLASH25_SFDP_SIZE])
{
	static const uint8_t magic[4] = {'S', 'F', 'D', 'P'};
	bool large = options->size > FLASH25_3_BYTES_MAX;
	bool full = options->sfdp == FLASH25_SFDP_1_6;
	uint8_t minor = full ? 6 : 0;
	unsigned words = full ? WORDS_1_6 : WORDS_1_0;
	/* 13h 0Ch 3Ch BCh 6Ch ECh 12h 34h, and erases of types 1 and 3 */
	static const uint32_t four_bytes[] = {0xfff00aff, 0xffdcff21};

	memset(table, 0xff, FLASH25_SFDP_SIZE);
	if (options->sfdp == FLASH25_SFDP_NONE)
		return;
	memcpy(table, magic, sizeof(magic));
	table[4] = minor;
	table[5] = 1;
	table[6] = full && large ? 1 : 0; /* headers, less one */
	put_header(table + 8, 0, minor, words, BASIC);
	put_basic(options, table, words, large);
	if (full && large) {
		put_header(table + 16, 0x84, 0, 2, FOUR_BYTES);
		put_words(table + FOUR_BYTES, four_bytes, 2);
	}
}
