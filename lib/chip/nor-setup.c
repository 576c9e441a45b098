/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * From what a chip says of itself to the commands that it gets: reads, erases,
 * programs, addresses, times.  Sends nothing.  Called by nor-identify.c.
 */
#include "nor.h"

#include <string.h>

/* JEDEC's JEP106, of manufacturers that make SPI NOR flash: the byte without
   the continuation codes, which no chip sends. */
static const struct {
	uint8_t id;
	const char *name;
} makers[] = {
	{0x01, "Infineon (Spansion)"},
	{0x0b, "XTX"},
	{0x1c, "EON"},
	{0x1f, "Renesas (Adesto, Atmel)"},
	{0x20, "Micron (XMC, ST)"},
	{0x25, "Dosilicon"},
	{0x37, "AMIC"},
	{0x5e, "Zbit"},
	{0x68, "Boya"},
	{0x85, "Puya"},
	{0x8c, "ESMT"},
	{0x9d, "ISSI"},
	{0xa1, "Fudan"},
	{0xba, "Zetta"},
	{0xbf, "Microchip (SST)"},
	{0xc2, "Macronix"},
	{0xc8, "GigaDevice"},
	{0xef, "Winbond"},
};

const char *nor_maker(uint8_t id)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++)
		if (makers[i].id == id)
			return makers[i].name;
	return NULL;
}

/* Times of chips whose tables have none: typical ones of common datasheets, and
   the longest of the slowest chips (MX25L3205D, W25Q32, S25FL). */
#define PROGRAM_US         700
#define PROGRAM_MAXIMUM_US 10000
#define CHIP_US_PER_MIB    2500000

static struct sfdp_erase guess_times(uint32_t size)
{
	struct sfdp_erase erase = {
		.size = size,
		.typical_us = 45000,
		.maximum_us = 1000000,
	};

	if (size > 4096) {
		erase.typical_us = 150000;
		erase.maximum_us = 4000000;
	}
	return erase;
}

/* ---- Without tables ---------------------------------------------------- */

/* The third byte of a JEDEC identification is the size's power of two for nearly
   all chips: 10h is 64 KiB, 18h 16 MiB, and 20h, where BCD would go on, 64
   MiB. */
static uint64_t size_of_code(uint8_t code)
{
	if (code >= 0x10 && code <= 0x19)
		return 1ull << code;
	if (code >= 0x20 && code <= 0x22)
		return 1ull << (code - 6);
	return 0;
}

/* Those of the options, or else the two that nearly all chips have. */
static void make_erases(
	const struct clyde_flash_options *options, struct sfdp *sfdp)
{
	static const uint32_t sizes[] = {0x1000, 0x8000, 0x10000};
	static const uint8_t usual[] = {0x20, 0, 0xd8};
	const uint8_t *given = options->erase_opcodes;
	const uint8_t *opcodes = given[0] | given[1] | given[2] ? given : usual;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		if (opcodes[i] == 0)
			continue;
		sfdp->erases[i] = guess_times(sizes[i]);
		sfdp->erases[i].opcode = opcodes[i];
	}
}

static int make_table(struct clyde_flash *flash, struct sfdp *sfdp)
{
	const struct clyde_flash_options *options = &flash->options;
	const uint8_t *id = flash->info.jedec;

	*sfdp = (struct sfdp){
		.size = size_of_code(id[2]),
		.page_size = options->page_size ? options->page_size : 256,
		.qer = SFDP_QER_UNKNOWN,
	};
	if (options->address_size == 4)
		sfdp->address = SFDP_ADDRESS_4;
	if (options->size)
		sfdp->size = options->size;
	if (sfdp->size == 0)
		return set_error(CLYDE_ERROR_UNSUPPORTED,
			"the chip %02x %02x %02x has no SFDP tables, and its "
			"identification does not tell its size: give the size, "
			"or look at the wires if it is another chip",
			id[0], id[1], id[2]);
	make_erases(options, sfdp);
	return 0;
}

/* ---- Sizes and addresses ----------------------------------------------- */

/* Whether the chip has 4-byte instructions for all that is needed. */
static bool has_instructions(const struct sfdp *sfdp)
{
	unsigned needed = SFDP_FOUR_FAST_READ | SFDP_FOUR_PROGRAM;
	bool erases = false;

	for (unsigned i = 0; i < SFDP_ERASES; i++)
		if (sfdp->erases[i].size && sfdp->erases[i].opcode4)
			erases = true;
	return (sfdp->four & needed) == needed && erases;
}

/* Word 16 says that the chip has 4-byte instructions, and no table says which:
   the usual ones. */
static void assume_instructions(struct sfdp *sfdp)
{
	sfdp->four = SFDP_FOUR_FAST_READ | SFDP_FOUR_112 | SFDP_FOUR_122 |
		SFDP_FOUR_114 | SFDP_FOUR_144 | SFDP_FOUR_PROGRAM;
	for (unsigned i = 0; i < SFDP_ERASES; i++) {
		struct sfdp_erase *erase = &sfdp->erases[i];

		if (erase->opcode == 0x20)
			erase->opcode4 = 0x21;
		else if (erase->opcode == 0xd8)
			erase->opcode4 = 0xdc;
	}
}

/* Returns whether opcodes of their own have the 4-byte addresses. */
static bool choose_addresses(struct clyde_flash *flash, struct sfdp *sfdp)
{
	flash->address_size = 3;
	flash->mode = NOR_MODE_NONE;
	if (sfdp->address == SFDP_ADDRESS_4) {
		flash->address_size = 4;
		return false;
	}
	if (flash->info.size <= NOR_3_BYTES_MAX)
		return false;
	flash->address_size = 4;
	if (sfdp->four == 0 && sfdp->modes & SFDP_MODE_INSTRUCTIONS)
		assume_instructions(sfdp);
	if (has_instructions(sfdp))
		return true;
	flash->mode = NOR_MODE_B7;
	if (sfdp->modes & (SFDP_MODE_ENTER_WREN | SFDP_MODE_LEAVE_WREN))
		flash->mode = NOR_MODE_B7_WREN;
	return false;
}

/* ---- Erases ------------------------------------------------------------ */

/* Insert by size; of two commands for one size, the first counts. */
static void add_erase(struct clyde_flash *flash, const struct sfdp_erase *erase,
	uint8_t opcode)
{
	struct plan_sizes *sizes = &flash->sizes;
	unsigned at = 0;

	while (at < sizes->count && sizes->size[at] < erase->size)
		at++;
	if (at < sizes->count && sizes->size[at] == erase->size)
		return;
	for (unsigned i = sizes->count; i > at; i--) {
		sizes->size[i] = sizes->size[i - 1];
		flash->erases[i] = flash->erases[i - 1];
	}
	sizes->size[at] = erase->size;
	flash->erases[at] = (struct nor_erase){
		opcode, erase->typical_us, erase->maximum_us};
	sizes->count++;
}

static int choose_erases(
	struct clyde_flash *flash, const struct sfdp *sfdp, bool instructions)
{
	for (unsigned i = 0; i < SFDP_ERASES; i++) {
		struct sfdp_erase erase = sfdp->erases[i];
		uint8_t opcode = instructions ? erase.opcode4 : erase.opcode;

		/* Larger ones than a window of nor-write.c are those of chips
		   with smaller ones as well. */
		if (erase.size < 256 || erase.size > 0x40000 || opcode == 0)
			continue;
		if (erase.maximum_us == 0) {
			struct sfdp_erase times = guess_times(erase.size);

			erase.typical_us = times.typical_us;
			erase.maximum_us = times.maximum_us;
		}
		add_erase(flash, &erase, opcode);
	}
	if (flash->sizes.count == 0)
		return set_error(CLYDE_ERROR_UNSUPPORTED,
			"the chip's SFDP has no erase command that Clyde can "
			"use");
	if (flash->info.size % flash->sizes.size[0] != 0)
		return set_error(CLYDE_ERROR_INVALID,
			"a size of %llu B is no multiple of the %u B that the "
			"chip erases at once",
			(unsigned long long)flash->info.size,
			flash->sizes.size[0]);
	for (unsigned i = 0; i < flash->sizes.count; i++)
		flash->info.erases[i] = (struct clyde_flash_erase){
			flash->sizes.size[i], flash->erases[i].typical_us,
			flash->erases[i].maximum_us};
	return 0;
}

/* ---- Reads ------------------------------------------------------------- */

/* QE of chips whose table does not say where it is: by manufacturer. */
static uint8_t guess_qer(const struct clyde_flash *flash)
{
	switch (flash->info.jedec[0]) {
	case 0xef:
	case 0xc8:
		return 5;
	case 0xc2:
	case 0x9d:
		return 2;
	case 0x20:
		return 0;
	default:
		return SFDP_QER_UNKNOWN;
	}
}

struct choice {
	enum sfdp_read read;
	uint8_t lanes, address_lanes, opcode4;
	unsigned four;
};

/* The best first. */
static const struct choice choices[] = {
	{SFDP_READ_144, 4, 4, 0xec, SFDP_FOUR_144},
	{SFDP_READ_114, 4, 1, 0x6c, SFDP_FOUR_114},
	{SFDP_READ_122, 2, 2, 0xbc, SFDP_FOUR_122},
	{SFDP_READ_112, 2, 1, 0x3c, SFDP_FOUR_112},
};

static bool can_read(const struct clyde_flash *flash, const struct sfdp *sfdp,
	const struct choice *choice, bool instructions)
{
	const struct sfdp_fast_read *read = &sfdp->reads[choice->read];

	if (read->opcode == 0 || choice->lanes > flash->options.lanes)
		return false;
	if (choice->lanes == 4 && flash->qer == SFDP_QER_UNKNOWN)
		return false;
	if (instructions && !(sfdp->four & choice->four))
		return false;
	/* Mode clocks are sent as whole bytes FFh. */
	return read->mode * choice->address_lanes % 8 == 0;
}

static void choose_read(
	struct clyde_flash *flash, const struct sfdp *sfdp, bool instructions)
{
	flash->read = (struct nor_read){
		.opcode = instructions ? 0x0c : 0x0b,
		.address_lanes = 1,
		.data_lanes = 1,
		.dummy = 8,
	};
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
		const struct choice *choice = &choices[i];
		const struct sfdp_fast_read *read = &sfdp->reads[choice->read];

		if (!can_read(flash, sfdp, choice, instructions))
			continue;
		flash->read = (struct nor_read){
			.opcode = instructions ? choice->opcode4 : read->opcode,
			.address_lanes = choice->address_lanes,
			.data_lanes = choice->lanes,
			.mode = read->mode * choice->address_lanes / 8,
			.dummy = read->dummy,
		};
		return;
	}
}

/* ---- All --------------------------------------------------------------- */

static void choose_times(struct clyde_flash *flash, const struct sfdp *sfdp)
{
	uint64_t chip_us = sfdp->chip_us;

	flash->info.program_us = sfdp->program_us;
	flash->program_maximum_us = sfdp->program_maximum_us;
	if (sfdp->program_us == 0) {
		flash->info.program_us = PROGRAM_US;
		flash->program_maximum_us = PROGRAM_MAXIMUM_US;
	}
	flash->chip_maximum_us = sfdp->chip_maximum_us;
	if (chip_us == 0) {
		chip_us = (flash->info.size / 0x100000 + 1) * CHIP_US_PER_MIB;
		flash->chip_maximum_us = 8 * chip_us;
	}
	flash->info.chip_erase_ms = chip_us / 1000;
}

int nor_setup(struct clyde_flash *flash, const struct sfdp *sfdp)
{
	struct sfdp own;
	bool instructions;
	int result = 0;

	if (sfdp == NULL)
		result = make_table(flash, &own);
	else
		own = *sfdp;
	if (result < 0)
		return result;
	flash->info.size = flash->options.size ? flash->options.size : own.size;
	flash->info.page_size = own.page_size;
	flash->info.sfdp = sfdp != NULL;
	flash->info.sfdp_major = own.major;
	flash->info.sfdp_minor = own.minor;
	flash->qer = own.qer;
	if (flash->qer == SFDP_QER_UNKNOWN)
		flash->qer = guess_qer(flash);
	flash->volatile_status = own.modes & SFDP_MODE_VOLATILE;
	instructions = choose_addresses(flash, &own);
	choose_read(flash, &own, instructions);
	choose_times(flash, &own);
	flash->program = instructions ? 0x12 : 0x02;
	flash->info.maker = nor_maker(flash->info.jedec[0]);
	flash->info.address_size = flash->address_size;
	flash->info.lanes = flash->read.data_lanes;
	return choose_erases(flash, &own, instructions);
}
