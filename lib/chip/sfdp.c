/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * See sfdp.h.  The layout is that of JESD216F; bits that the standard does not
 * explain publicly are as the Linux kernel reads them
 * (drivers/mtd/spi-nor/sfdp.c and sfdp.h).
 */
#include "sfdp.h"

#include <string.h>

/* Words of the basic table, counted from 1 as in the standard. */
enum { WORDS_MINIMUM = 9, WORDS_MAXIMUM = 23 };

struct words {
	uint32_t word[WORDS_MAXIMUM + 1];
	unsigned count;
};

static uint32_t get_u32(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 |
		(uint32_t)bytes[3] << 24;
}

bool sfdp_find(const uint8_t *headers, size_t size, enum sfdp_id id,
	struct sfdp_table *ret_table)
{
	struct sfdp_table best = {0};
	bool found = false;

	if (size < 16 || memcmp(headers, "SFDP", 4) != 0 || headers[5] != 1)
		return false;
	for (size_t i = 0; i <= headers[6] && 16 + 8 * i <= size; i++) {
		const uint8_t *at = headers + 8 + 8 * i;
		unsigned this = at[0] | at[7] << 8;

		/* JESD216 has a basic table with the upper byte of the id
		   undefined, which is FFh in practice; the first header is
		   always that table's. */
		if (this != id && !(id == SFDP_BASIC && i == 0))
			continue;
		/* Of several tables of a kind the newest counts; a table of
		   another major version has another layout. */
		if (at[2] != 1 || (found && at[1] < best.minor))
			continue;
		found = true;
		best = (struct sfdp_table){
			.major = at[2],
			.minor = at[1],
			.address = get_u32(at + 4) & 0xffffff,
			.size = at[3] * 4u,
		};
	}
	if (found)
		*ret_table = best;
	return found;
}

static bool parse_size(uint32_t word, uint64_t *ret_size)
{
	uint64_t bits = (uint64_t)word + 1;

	if (word & 1u << 31) {
		unsigned power = word & ~(1u << 31);

		/* A 2^N for which addresses of 4 bytes do not suffice cannot
		   be read anyway. */
		if (power < 3 || power > 35)
			return false;
		bits = 1ull << power;
	}
	*ret_size = bits / 8;
	return bits >= 8;
}

static void parse_reads(const struct words *table, struct sfdp *sfdp)
{
	/* The bit of word 1 that says that the chip has the read; where it is
	   described. */
	static const struct {
		uint8_t bit, word, shift;
	} where[SFDP_READ_COUNT] = {
		[SFDP_READ_112] = {16, 4, 0},
		[SFDP_READ_122] = {20, 4, 16},
		[SFDP_READ_114] = {22, 3, 16},
		[SFDP_READ_144] = {21, 3, 0},
	};

	for (unsigned i = 0; i < SFDP_READ_COUNT; i++) {
		uint32_t half = table->word[where[i].word] >> where[i].shift;

		if (table->word[1] >> where[i].bit & 1)
			sfdp->reads[i] = (struct sfdp_fast_read){
				.opcode = half >> 8,
				.mode = half >> 5 & 7,
				.dummy = half & 0x1f,
			};
	}
}

static void parse_erases(const struct words *table, struct sfdp *sfdp)
{
	static const uint32_t units_us[4] = {1000, 16000, 128000, 1000000};
	uint32_t times = table->word[10];
	uint32_t factor = 2 * ((times & 0xf) + 1);

	for (unsigned i = 0; i < SFDP_ERASES; i++) {
		uint32_t half = table->word[8 + i / 2] >> (16 * (i % 2));
		uint32_t time = times >> (4 + 7 * i);
		struct sfdp_erase *erase = &sfdp->erases[i];

		/* 2^N bytes; larger ones than all of 4-byte addresses are
		   nonsense. */
		if ((half & 0xff) == 0 || (half & 0xff) > 31)
			continue;
		erase->size = 1u << (half & 0xff);
		erase->opcode = half >> 8;
		if (table->count < 10)
			continue;
		erase->typical_us =
			((time & 0x1f) + 1) * units_us[time >> 5 & 3];
		erase->maximum_us = factor * erase->typical_us;
	}
}

static void parse_times(const struct words *table, struct sfdp *sfdp)
{
	static const uint32_t units_us[4] = {16000, 256000, 4000000, 64000000};
	uint32_t word = table->word[11];
	uint64_t factor = 2 * ((table->word[10] & 0xf) + 1);

	sfdp->page_size = 256;
	if (table->count < 11)
		return;
	/* A page of a few bytes would be none; of 2^N with N up to 15. */
	if ((word >> 4 & 0xf) >= 4)
		sfdp->page_size = 1u << (word >> 4 & 0xf);
	sfdp->program_us = ((word >> 8 & 0x1f) + 1) * (word & 1 << 13 ? 64 : 8);
	sfdp->program_maximum_us = 2 * ((word & 0xf) + 1) * sfdp->program_us;
	sfdp->chip_us =
		(uint64_t)((word >> 24 & 0x1f) + 1) * units_us[word >> 29 & 3];
	sfdp->chip_maximum_us = factor * sfdp->chip_us;
}

static void parse_modes(const struct words *table, struct sfdp *sfdp)
{
	uint32_t word = table->word[16];

	sfdp->qer = SFDP_QER_UNKNOWN;
	if (table->count >= 15)
		sfdp->qer = table->word[15] >> 20 & 7;
	if (sfdp->qer > 6)
		sfdp->qer = SFDP_QER_UNKNOWN;
	if (table->count < 16)
		return;
	sfdp->modes = SFDP_MODE_KNOWN;
	if (word & 1u << 24 || word & 1u << 25)
		sfdp->modes |= SFDP_MODE_ENTER;
	if (word & 1u << 25 && !(word & 1u << 24))
		sfdp->modes |= SFDP_MODE_ENTER_WREN;
	if (word & 1u << 15 && !(word & 1u << 14))
		sfdp->modes |= SFDP_MODE_LEAVE_WREN;
	if (word & 1u << 29)
		sfdp->modes |= SFDP_MODE_INSTRUCTIONS;
	if (word & 1u << 2 || word & 1u << 3)
		sfdp->modes |= SFDP_MODE_VOLATILE;
	if (word & 1u << 12)
		sfdp->modes |= SFDP_MODE_RESET;
	if (word & 1u << 30)
		sfdp->address = SFDP_ADDRESS_4;
}

const char *sfdp_basic(const struct sfdp_table *table, const uint8_t *bytes,
	size_t size, struct sfdp *ret_sfdp)
{
	struct words words = {.count = size / 4};
	struct sfdp sfdp = {.major = table->major, .minor = table->minor};
	uint32_t kind;

	if (size > table->size)
		words.count = table->size / 4;
	if (words.count < WORDS_MINIMUM)
		return "the basic table of its SFDP is too short";
	if (words.count > WORDS_MAXIMUM)
		words.count = WORDS_MAXIMUM;
	for (unsigned i = 0; i < words.count; i++)
		words.word[i + 1] = get_u32(bytes + (size_t)i * 4);
	if (!parse_size(words.word[2], &sfdp.size))
		return "the size in its SFDP is impossible";
	kind = words.word[1] >> 17 & 3;
	if (kind == 3)
		return "the size of addresses in its SFDP is reserved";
	sfdp.address = (enum sfdp_address)kind;
	parse_reads(&words, &sfdp);
	parse_erases(&words, &sfdp);
	parse_times(&words, &sfdp);
	parse_modes(&words, &sfdp);
	*ret_sfdp = sfdp;
	return NULL;
}

void sfdp_four_bytes(const uint8_t *bytes, size_t size, struct sfdp *sfdp)
{
	if (size < SFDP_FOUR_SIZE)
		return;
	sfdp->four = get_u32(bytes) & 0xffff;
	for (unsigned i = 0; i < SFDP_ERASES; i++)
		if (sfdp->four & SFDP_FOUR_ERASE_1 << i)
			sfdp->erases[i].opcode4 = bytes[4 + i];
}
