/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the parser of firmware files with any bytes.  A refused file has a
 * sentence of one line.  An accepted file must be the same after it is written
 * out and read again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/device/ihex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX (IHEX_SIZE * 14 + 16)

static size_t write_out(const struct ihex *ihex, char *text)
{
	size_t at, size, used = 0;

	for (size_t from = 0; (size = ihex_run(ihex, from, 32, &at)) > 0;
		from = at + size) {
		uint8_t sum = size + (at >> 8) + at;

		used += sprintf(text + used, ":%02zX%04zX00", size, at);
		for (size_t i = 0; i < size; i++) {
			used += sprintf(
				text + used, "%02X", ihex->data[at + i]);
			sum += ihex->data[at + i];
		}
		used += sprintf(text + used, "%02X\n", (uint8_t)-sum);
	}
	return used + sprintf(text + used, ":00000001FF\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ihex first, second;
	static char text[TEXT_MAX];
	int result = ihex_parse(data, size, &first);

	if (result < 0) {
		if (result != CLYDE_ERROR_CORRUPT ||
			clyde_error_message()[0] == '\0' ||
			strchr(clyde_error_message(), '\n'))
			abort();
		return 0;
	}
	if (ihex_parse(text, write_out(&first, text), &second) < 0)
		abort();
	if (memcmp(first.data, second.data, sizeof(first.data)) ||
		memcmp(first.used, second.used, sizeof(first.used)))
		abort();
	return 0;
}
