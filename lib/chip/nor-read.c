/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Reads of a flash chip, and comparisons.  Large batches, several in flight, so
 * that the clock never stops for the host.
 */
#include "nor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 0x10000 /* B in a batch */
#define DEPTH 6       /* batches in flight: 2.7 ms each at 4 x 48 MHz */

/* Read a range; a failure is not told yet. */
static int read_range(struct clyde_flash *flash, uint64_t address,
	uint8_t *data, size_t size, const char *what, uint64_t base,
	uint64_t total, const struct clyde_observer *observer)
{
	uint64_t done = 0, told = 0;
	size_t at = 0;
	int result = 0;

	while (at < size && result == 0) {
		struct nor_batch batch = {.count = 0};
		uint32_t piece = size - at < PIECE ? size - at : PIECE;

		nor_enter(&batch, flash);
		nor_add_read(&batch, flash, address + at, data + at, piece);
		nor_leave(&batch, flash);
		at += piece;
		result = nor_submit(flash, &batch, 0, DEPTH, at, &done);
		if (result == 0 && done != told) {
			told = done;
			observer_progress(observer, what, base + done, total);
		}
	}
	if (result == 0)
		result = nor_collect_to(flash, 0, &done);
	if (result < 0)
		return nor_abandon(flash, result, &done);
	if (size > 0)
		observer_progress(observer, what, base + size, total);
	return result;
}

int nor_read(struct clyde_flash *flash, uint64_t address, uint8_t *data,
	size_t size, const struct clyde_observer *observer)
{
	return read_range(
		flash, address, data, size, "read", 0, size, observer);
}

int nor_compare(uint64_t address, const uint8_t *found, const uint8_t *expected,
	size_t size)
{
	size_t at = 0;

	if (memcmp(found, expected, size) == 0)
		return 0;
	while (found[at] == expected[at])
		at++;
	return set_error(CLYDE_ERROR_VERIFY,
		"at 0x%06" PRIx64 ": expected 0x%02x, found 0x%02x",
		address + at, expected[at], found[at]);
}

/* A megabyte at a time, so that memory is bounded. */
#define CHUNK 0x100000

int nor_verify(struct clyde_flash *flash, uint64_t address, const uint8_t *data,
	size_t size, const struct clyde_observer *observer)
{
	uint8_t *found;
	int result = 0;

	found = malloc(size < CHUNK ? size + 1 : CHUNK);
	if (found == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	for (size_t at = 0; at < size && result == 0; at += CHUNK) {
		size_t piece = size - at < CHUNK ? size - at : CHUNK;

		result = read_range(flash, address + at, found, piece, "verify",
			at, size, observer);
		if (result == 0)
			result = nor_compare(
				address + at, found, data + at, piece);
	}
	free(found);
	return result;
}
