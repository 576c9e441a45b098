/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the applets memory-25q and memory-25x share: memory.c opens the chip and
 * has the operations, memory-file.c reads and writes the user's files.  The applets'
 * files have their parameter tables and choose.
 *
 * No file may be left under the name that the user gave unless it is complete.
 */
#ifndef APPLETS_SHARED_MEMORY_H
#define APPLETS_SHARED_MEMORY_H

#include <stdio.h>

#include "lib/core/applet.h"
#include "lib/run/applet.h"

/* ---- memory-file.c: no device ------------------------------------------------ */

/* Bytes that the user gave; `what` names them in messages. */
struct source {
	uint8_t *data;
	size_t size;
	const char *what;
};

/* CLYDE_ERROR_INVALID unless exactly one of the parameters "data", hex digits,
   and "file" is given.  For claim(). */
int source_check(struct clyde_run *run);
/* Read the bytes or the file.  source_free() frees it. */
int source_load(struct clyde_run *run, struct source *source);
void source_free(struct source *source);

/* A file that gets its name when it is complete. */
struct sink {
	const char *name;
	char *temporary; /* NULL: not a regular file, written at once */
	FILE *stream;
};

/* The file of the parameter "file". */
int sink_open(struct clyde_run *run, struct sink *sink);
/* Write all of it if `result` is 0, otherwise leave nothing; return the
   result. */
int sink_close(struct sink *sink, int result, const uint8_t *data, size_t size);

/* ---- memory.c --------------------------------------------------------- */

struct memory_options {
	bool takes_bytes; /* the verb has "data" and "file" as a source */
	struct clyde_flash_options chip;
};

struct memory {
	struct clyde_run *run;
	struct source source;
	struct clyde_spi *spi;
	struct clyde_flash *flash;
	struct clyde_flash_info info;
	struct clyde_observer observer;
};

/* Claim the pins of the parameters cs, sck and io, and refuse what is wrong
   whatever the chip is. */
int m25_claim(struct clyde_run *run, const struct memory_options *options);
/* Read the user's bytes, report the pins, and open the SPI core and the chip. */
int m25_open(struct clyde_run *run, const struct memory_options *options,
	struct memory *memory);
void m25_close(struct memory *memory);

/* CLYDE_ERROR_INVALID if the chip has not all of the range; `what` is its
   length's name. */
int m25_check_range(struct memory *memory, const char *what, uint64_t address,
	uint64_t length);
/* Each is an operation of the applets, and reports its result. */
int m25_identify(struct memory *memory);
int m25_read(struct memory *memory, uint64_t address, uint64_t length);
int m25_verify(struct memory *memory, uint64_t address);
int m25_erase(struct memory *memory, uint64_t address, uint64_t length);
int m25_erase_all(struct memory *memory);
int m25_program(struct memory *memory, uint64_t address);
int m25_write(struct memory *memory, uint64_t address);
/* Read the block protection bits, or write those of the parameter "bits", one
   to four binary digits. */
int m25_protect(struct memory *memory);
/* The first size of an erase that is at least this; otherwise the largest. */
uint32_t m25_erase_size(const struct memory *memory, uint32_t least);

/* The rows that both tables have */
#define MEMORY_PINS(cs_pin, sck_pin, io_pins)                               \
	{                                                                   \
		.name = "cs",                                               \
		.type = CLYDE_PARAMETER_PIN,                                \
		.initial = cs_pin,                                          \
		.help = "Chip select",                                      \
	},                                                                  \
		{                                                           \
			.name = "sck",                                      \
			.type = CLYDE_PARAMETER_PIN,                        \
			.initial = sck_pin,                                 \
			.help = "Clock",                                    \
		},                                                          \
		{                                                           \
			.name = "io",                                       \
			.type = CLYDE_PARAMETER_PINS,                       \
			.initial = io_pins,                                 \
			.help = "Data, in this order: COPI, CIPO, WP#, "    \
				"HOLD#; the "                               \
				"last two may be left out",                 \
		},                                                          \
		{                                                           \
			.name = "frequency",                                \
			.key = 'f',                                         \
			.type = CLYDE_PARAMETER_FREQUENCY,                  \
			.minimum = CLYDE_SPI_RATE_MIN,                      \
			.maximum = CLYDE_SPI_RATE_MAX,                      \
			.initial = "12M",                                   \
			.help = "Clock; a number alone is kHz",             \
		},                                                          \
	{                                                                   \
		.name = "reset", .type = CLYDE_PARAMETER_FLAG,              \
		.help = "Leave QPI and continuous read, wake the chip and " \
			"reset it first",                                   \
	}

#endif
