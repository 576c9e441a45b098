/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Drives the part flash25 in tests: by edges on the pins, as a core does at
 * 24 MHz, or by bytes, as the chip behind the pins takes them.  Both take the
 * same time.
 */
#ifndef TESTS_FLASH25_TEST_H
#define TESTS_FLASH25_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtual/board/parts/flash25.h"
#include "virtual/board/pins.h"

/* A5, A1, and IO0 to IO3 on A2 A4 A3 A0: upstream's default pins. */
#define FLASH25_PINS "flash25@cs=A5:sck=A1:io0=A2:io1=A4:io2=A3:io3=A0"

#define FLASH25_CS  (1 << 5)
#define FLASH25_SCK (1 << 1)
#define FLASH25_IO  ((const uint16_t[4]){1 << 2, 1 << 4, 1 << 3, 1 << 0})

#define FLASH25_HALF 10 /* ticks: half a period of 24 MHz */

struct flash_rig {
	struct pins pins;
	struct part *part;
	struct flash25_chip *chip;
	bool by_bytes;
	bool shortcut; /* whole bytes by flash25_clock_bytes(), where it can */
	unsigned shortcuts;
	tick now;
	uint16_t levels, enables; /* what the host drives */
	bool mode_3;              /* SCK idles high */
	unsigned partial;         /* clocks since the last whole byte */
};

/* Makes the part, and gives it a supply; returns false, and why, if the
   description is wrong.  10 ms later the part is ready for writes. */
bool flash_open(struct flash_rig *rig, const char *text, bool by_bytes,
	char why[PART_WHY_SIZE]);
void flash_close(struct flash_rig *rig);

void flash_wait(struct flash_rig *rig, tick ticks);
void flash_supply(struct flash_rig *rig, bool on);
void flash_select(struct flash_rig *rig);
void flash_deselect(struct flash_rig *rig);
void flash_put(struct flash_rig *rig, unsigned lanes, uint8_t byte);
/* Clocks without data; and single bits, which end in the middle of a byte. */
void flash_dummy(struct flash_rig *rig, unsigned clocks);
void flash_bits(struct flash_rig *rig, unsigned count);
uint8_t flash_get(struct flash_rig *rig, unsigned lanes);

/* An instruction with so many bytes behind it, on one lane; and the same, then
   bytes from the chip. */
void flash_command(struct flash_rig *rig, const uint8_t *bytes, size_t size);
void flash_exchange(struct flash_rig *rig, const uint8_t *out, size_t out_size,
	uint8_t *in, size_t in_size);
#define FLASH_COMMAND(rig, ...)                            \
	flash_command(rig, (const uint8_t[]){__VA_ARGS__}, \
		sizeof((const uint8_t[]){__VA_ARGS__}))
#define FLASH_EXCHANGE(rig, in, in_size, ...)               \
	flash_exchange(rig, (const uint8_t[]){__VA_ARGS__}, \
		sizeof((const uint8_t[]){__VA_ARGS__}), in, in_size)

uint8_t flash_status(struct flash_rig *rig, uint8_t opcode);
/* Polls by 05h until BUSY is 0, at most so long; returns whether it is. */
bool flash_ready(struct flash_rig *rig, tick most);
uint8_t flash_byte(struct flash_rig *rig, uint32_t address);
/* The same, with keys behind the pins, each after a colon; fails the test. */
void flash_open_with(struct flash_rig *rig, const char *keys);
/* 06h, and 02h with an address of 3 bytes. */
void flash_program(struct flash_rig *rig, uint32_t address,
	const uint8_t *bytes, size_t size);
/* Writes a status register, and waits for the end. */
void flash_write_status(struct flash_rig *rig, uint8_t opcode, uint8_t value);
/* A byte of the array, not by commands. */
uint8_t flash_cell(const struct flash_rig *rig, uint32_t address);
void flash_set_cells(
	struct flash_rig *rig, uint32_t from, uint32_t size, uint8_t byte);
/* Writes these bytes into the array, not by commands. */
void flash_fill(struct flash_rig *rig, uint32_t from, const uint8_t *bytes,
	size_t size);

#endif
