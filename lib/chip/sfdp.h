/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The parser of Serial Flash Discoverable Parameters (JESD216 to JESD216F):
 * what an SPI NOR flash chip says of itself.  nor-identify.c reads the headers
 * from the chip, looks tables up in them with sfdp_find(), reads these, and has
 * them parsed.
 *
 * All bytes are foreign.  No byte beyond a given size may be read, and no value
 * of a table may lead to a shift, a size or a time that was not checked.
 */
#ifndef LIB_CHIP_SFDP_H
#define LIB_CHIP_SFDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SFDP_HEADERS      8 /* that are looked at */
#define SFDP_HEADERS_SIZE (8 + 8 * SFDP_HEADERS)
#define SFDP_BASIC_SIZE   (23 * 4) /* JESD216F: 23 words */
#define SFDP_FOUR_SIZE    (2 * 4)

enum sfdp_id {
	SFDP_BASIC = 0xff00,
	SFDP_FOUR_BYTES = 0xff84,
};

/* Where a table is. */
struct sfdp_table {
	uint8_t major, minor;
	uint32_t address, size; /* B */
};

/* Kinds of reads: lanes of opcode, address, and data. */
enum sfdp_read {
	SFDP_READ_112,
	SFDP_READ_122,
	SFDP_READ_114,
	SFDP_READ_144,
	SFDP_READ_COUNT,
};

struct sfdp_fast_read {
	uint8_t opcode; /* 0: the chip has no such read */
	uint8_t mode;   /* clocks */
	uint8_t dummy;  /* clocks after these */
};

#define SFDP_ERASES 4

struct sfdp_erase {
	uint32_t size; /* B; 0: none */
	uint8_t opcode;
	uint8_t opcode4; /* with addresses of 4 bytes; 0: none */
	uint32_t typical_us, maximum_us; /* 0: not known */
};

/* Bits of struct sfdp.four: word 1 of the table of 4-byte instructions. */
enum sfdp_four {
	SFDP_FOUR_READ = 1 << 0,      /* 13h */
	SFDP_FOUR_FAST_READ = 1 << 1, /* 0Ch */
	SFDP_FOUR_112 = 1 << 2,       /* 3Ch */
	SFDP_FOUR_122 = 1 << 3,       /* BCh */
	SFDP_FOUR_114 = 1 << 4,       /* 6Ch */
	SFDP_FOUR_144 = 1 << 5,       /* ECh */
	SFDP_FOUR_PROGRAM = 1 << 6,   /* 12h */
	SFDP_FOUR_ERASE_1 = 1 << 9,   /* and the next bits, of the four types */
};

enum sfdp_address { SFDP_ADDRESS_3, SFDP_ADDRESS_3_OR_4, SFDP_ADDRESS_4 };

/* The quad enable requirement is not known. */
#define SFDP_QER_UNKNOWN 0xff

/* How 4-byte addresses are entered and left: word 16. */
enum sfdp_mode {
	SFDP_MODE_KNOWN = 1 << 0,        /* the chip has word 16 */
	SFDP_MODE_ENTER_WREN = 1 << 1,   /* B7h only after 06h */
	SFDP_MODE_LEAVE_WREN = 1 << 2,   /* E9h only after 06h */
	SFDP_MODE_INSTRUCTIONS = 1 << 3, /* it has 4-byte instructions */
	SFDP_MODE_VOLATILE = 1 << 4, /* 50h enables a volatile write of SR */
	SFDP_MODE_RESET = 1 << 5,    /* 66h 99h resets */
	SFDP_MODE_ENTER = 1 << 6,    /* B7h */
};

struct sfdp {
	uint8_t major, minor;
	uint64_t size; /* B */
	enum sfdp_address address;
	struct sfdp_fast_read reads[SFDP_READ_COUNT];
	struct sfdp_erase erases[SFDP_ERASES]; /* as in the table, by type */
	uint32_t page_size;
	uint32_t program_us, program_maximum_us; /* 0: not known */
	uint64_t chip_us, chip_maximum_us;
	uint8_t qer;    /* quad enable requirement, 0 to 6 */
	unsigned modes; /* enum sfdp_mode */
	unsigned four;  /* enum sfdp_four */
};

/* Find a table in the headers at address 0, of which `size` bytes are known;
   false if there is no such table, or no SFDP at all. */
bool sfdp_find(const uint8_t *headers, size_t size, enum sfdp_id id,
	struct sfdp_table *ret_table);

/* Parse the basic table.  Returns NULL, or what is wrong with it in words; then
   *ret_sfdp has no meaning. */
const char *sfdp_basic(const struct sfdp_table *table, const uint8_t *bytes,
	size_t size, struct sfdp *ret_sfdp);

/* Parse the table of 4-byte instructions into what sfdp_basic() has left. */
void sfdp_four_bytes(const uint8_t *bytes, size_t size, struct sfdp *sfdp);

#endif
