/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Firmware files, see ihex.h.  lib/device/firmware.c calls these functions.
 *
 * A file that breaks the format anywhere must be refused as a whole: the device
 * runs what is in it.
 */
#include "ihex.h"

#include <string.h>

#include "common/ihex.h"

int ihex_parse(const void *text, size_t size, struct ihex *ret_ihex)
{
	const struct ihex_memory memory = {
		.name = "the FX2's RAM",
		.data = ret_ihex->data,
		.used = ret_ihex->used,
		.size = IHEX_SIZE,
	};
	char why[IHEX_WHY_SIZE];

	memset(ret_ihex, 0, sizeof(*ret_ihex));
	if (ihex_read(text, size, &memory, why))
		return 0;
	return set_error(CLYDE_ERROR_CORRUPT, "the firmware file, %s", why);
}

size_t ihex_run(
	const struct ihex *ihex, size_t from, size_t limit, size_t *ret_at)
{
	size_t size = 0;

	while (from < IHEX_SIZE && !ihex->used[from])
		from++;
	while (size < limit && from + size < IHEX_SIZE &&
		ihex->used[from + size])
		size++;
	*ret_at = from;
	return size;
}
