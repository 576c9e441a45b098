/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the FX2's boot ROM, and then the public firmware, make of a board's
 * EEPROMs at power-up: written from EZ-USB TRM 3.4 and 3.5 and from the firmware's
 * config_init(), without the library's code, so that tests of clyde_flash_*() do
 * not share its mistakes.
 */
#ifndef TESTS_BOOT_ROM_H
#define TESTS_BOOT_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FX2_MEM_SIZE  0x8000
#define ICE_MEM_SIZE  0x20000
#define BITSTREAM_MAX (ICE_MEM_SIZE + 0x1000)
#define RAM_SIZE      0x4000
#define BLOCK_AT      12
#define BLOCK_SIZE    64
#define BLOCK_RAM     0x3fc0

struct memory {
	uint8_t fx2[FX2_MEM_SIZE];
	uint8_t ice[ICE_MEM_SIZE];
};

/* Bytes in the FX2's RAM. */
struct program {
	uint8_t bytes[RAM_SIZE];
	bool used[RAM_SIZE];
};

enum boot {
	BOOT_LOST,     /* the board never appears, or runs what is no program */
	BOOT_BARE,     /* the boot ROM answers, with a Glasgow's ids */
	BOOT_NO_IDS,   /* the boot ROM answers, with the chip's own ids */
	BOOT_FIRMWARE, /* the program runs */
};

enum boot boot_rom(const struct memory *memory, struct program *ret_program);

/* Whether two programs are the same but for the configuration block. */
bool same_program(const struct program *a, const struct program *b);

/* What firmware of API level 7 and later makes of the block. */
struct settings {
	uint8_t revision;
	char serial[16];
	char manufacturer[22];
	uint16_t limit_mv[2]; /* of ports A and B */
	uint32_t bitstream_size;
	uint8_t bitstream_id[8];
	bool modified, webusb;
};

struct settings read_settings(const struct memory *memory);

/* The first bytes of the stored bitstream, across the chips. */
void read_bitstream(const struct memory *memory, uint8_t *bytes, size_t size);

#endif
