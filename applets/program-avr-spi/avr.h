/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the applet program-avr-spi share.  avr.c has the table, the
 * claims and the verbs; isp.c the instructions of serial programming; chips.c
 * the table of chips; file.c the files; serve.c avrdude's door, and stk500.c
 * its protocol.
 */
#ifndef PROGRAM_AVR_SPI_AVR_H
#define PROGRAM_AVR_SPI_AVR_H

#include "lib/core/applet.h"
#include "lib/run/applet.h"

/* Sizes are in B, times in us. */
struct avr_chip {
	const char *name;
	uint8_t signature[3];
	uint32_t flash, flash_page;
	uint32_t eeprom, eeprom_page;
	uint8_t fuses;       /* 1 to 3 */
	uint8_t calibration; /* bytes */
	/* The chip has no instruction that says whether it is busy. */
	bool no_poll;
	uint32_t flash_us, eeprom_us, erase_us, fuse_us;
};

/* NULL if it is not in the table. */
const struct avr_chip *avr_chip_find(const uint8_t signature[3]);

#define AVR_FLASH_MAX  0x40000
#define AVR_EEPROM_MAX 0x1000

/* ---- isp.c ------------------------------------------------------------ */

struct isp {
	struct clyde_run *run;
	struct clyde_spi *spi;
	const struct avr_chip *chip; /* NULL: not known yet */
	uint32_t rate_hz;
};

struct avr_memory {
	const char *name; /* "flash" */
	uint32_t size, page;
	uint32_t write_us;
	bool eeprom;
};

struct avr_memory isp_flash(const struct avr_chip *chip);
struct avr_memory isp_eeprom(const struct avr_chip *chip);

/* Reset the chip and enable programming, CLYDE_ERROR_NO_CHIP if its echo is
   wrong each time.  isp_leave() ends the reset, also after an interrupt of the
   run if the library lets it. */
int isp_enter(struct isp *isp);
void isp_leave(struct isp *isp);

/* An instruction of four bytes; its answer is what came with the fourth. */
int isp_instruction(struct isp *isp, uint32_t instruction, uint8_t *ret_answer);
/* The same with an answer for each, in one batch. */
int isp_instructions(struct isp *isp, const uint32_t *instructions,
	size_t count, uint8_t *ret_answers);
/* An instruction that keeps the chip busy for a time. */
int isp_change(struct isp *isp, uint32_t instruction, uint32_t us);

int isp_read(struct isp *isp, const struct avr_memory *memory, uint32_t address,
	void *data, uint32_t size);
/* Write the pages that have bytes which are used. */
int isp_write(struct isp *isp, const struct avr_memory *memory,
	const uint8_t *data, const bool *used);

/* ---- file.c ----------------------------------------------------------- */

/* The content of a file for a memory; free() releases both arrays. */
struct image {
	uint8_t *data;
	bool *used;
	uint32_t size;  /* of the arrays */
	uint32_t bytes; /* used */
};

/* CLYDE_ERROR_INVALID if the name has none of the extensions .bin, .hex, .ihx
   and .ihex. */
int image_check_name(const char *path);
/* CLYDE_ERROR_FILE, CLYDE_ERROR_CORRUPT, or CLYDE_ERROR_TOO_LARGE. */
int image_load(const char *path, const struct avr_memory *memory,
	struct image *ret_image);
void image_free(struct image *image);
int image_save(const char *path, const uint8_t *data, uint32_t size);

/* ---- serve.c ---------------------------------------------------------- */

/* Whether the parameter "endpoint" is one.  For claim(). */
int serve_check(struct clyde_run *run);
/* Serve clients until the run ends; with --once, one client. */
int serve(struct isp *isp);

#endif
