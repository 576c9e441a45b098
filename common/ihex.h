/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The parser of Intel HEX, for a memory of any size.  lib/device/ihex.c reads
 * firmware with it, and applets read the files for the memories of chips.
 *
 * A file that breaks the format anywhere must be refused as a whole.  The
 * parser returns what is wrong; the caller makes the error message.
 */
#ifndef COMMON_IHEX_H
#define COMMON_IHEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IHEX_WHY_SIZE 128

struct ihex_memory {
	const char *name; /* "the FX2's RAM", for messages */
	uint8_t *data;
	bool *used; /* the bytes of data that the file has */
	size_t size;
};

/*
 * Parse a file, any bytes at all, into memory whose `used` is false everywhere.
 * Returns false if the file breaks Intel's format, or has data outside the
 * memory or twice for an address; `why` then begins with the line's number.  A
 * memory of up to 64 KiB needs no base: a base must be 0 there.
 */
bool ihex_read(const void *text, size_t size, const struct ihex_memory *memory,
	char why[IHEX_WHY_SIZE]);

#endif
