/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Boards for the tests of clyde_flash_*() and clyde_factory(): a virtual device
 * with given EEPROMs, a journal of what is written to them, and random programs.
 * A test that includes this is linked with -Wl,--wrap=board_i2c.
 */
#ifndef TESTS_FLASH_BOARD_H
#define TESTS_FLASH_BOARD_H

#include "boot-rom.h"
#include "clyde-test.h"

#define CHIP_FX2_MEM 0x51
#define WRITE_MAX    64
#define WRITES_MAX   4096
#define TEXT_MAX     (RAM_SIZE * 14 + 16)

struct random {
	unsigned seed, state;
};

/* Xorshift, which draws the same on every machine. */
unsigned draw(struct random *random, unsigned limit);
void draw_bytes(struct random *random, uint8_t *bytes, size_t size);

/* A write that a chip has acknowledged. */
struct write {
	uint8_t chip; /* its I2C address */
	uint16_t address;
	size_t size;
	uint8_t bytes[WRITE_MAX];
};

struct journal {
	bool open;
	size_t count;
	size_t refused; /* index of the write that no chip acknowledges */
	struct write writes[WRITES_MAX];
};

extern struct journal journal;

/* Forget the writes, and record those that follow; stop that. */
void journal_begin(void);
void journal_end(void);

void eeproms_apply(struct memory *memory, const struct write *write);

/* The file of the EEPROMs, one at a time: write it, read it back, remove it. */
const char *eeproms_file(const struct memory *memory);
void eeproms_read(struct memory *ret_memory);
void eeproms_remove(void);

/* A device with firmware of the right level in RAM and this content of its
   EEPROMs. */
struct fixture power_up(const struct memory *memory);
void power_down(struct fixture *fixture);

/* A program below the configuration block that begins at 0. */
void draw_program(struct random *random, struct program *ret_program);

/* Its file, in Intel HEX, of up to TEXT_MAX bytes. */
void write_text(const struct program *program, char *text);

/* The boot image, without the bytes of the block, for a program or for none. */
void write_boot(uint8_t *eeprom, const struct program *program);

#endif
