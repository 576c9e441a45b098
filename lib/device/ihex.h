/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A firmware file: Intel HEX for the RAM of an FX2.  firmware.c calls these
 * functions.
 */
#ifndef LIB_IHEX_H
#define LIB_IHEX_H

#include "lib/base/internal.h"

#define IHEX_SIZE 0x4000 /* the FX2's program and data RAM */

struct ihex {
	uint8_t data[IHEX_SIZE];
	bool used[IHEX_SIZE]; /* by the file */
};

/*
 * Parse a file, any bytes at all.  CLYDE_ERROR_CORRUPT, with a sentence that
 * names the line, if the file breaks Intel's format or has data outside the
 * RAM.
 */
int ihex_parse(const void *text, size_t size, struct ihex *ret_ihex);

/* The next contiguous bytes at or after `from`, at most `limit` of them: their
   number and address; 0 if no byte follows. */
size_t ihex_run(
	const struct ihex *ihex, size_t from, size_t limit, size_t *ret_at);

#endif
