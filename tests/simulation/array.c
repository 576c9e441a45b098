/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the flash chip holds, as far as the oracle knows it. */
#include <string.h>

#include "spi.h"

void array_begin(struct array *array, const struct device_plan *plan)
{
	/* A chip of 32 MiB has addresses of 4 bytes, and a window on both sides
	   of what 3 bytes reach. */
	array->wide = spi_is_wide(plan);
	array->base = array->wide ? 0x1000000 - ARRAY_WINDOW / 2 : 0;
	array->quad = plan->part & 8;
	array->wild = false;
	memset(array->bytes, 0xff, sizeof(array->bytes));
	memset(array->known, true, sizeof(array->known));
	memset(array->touched, false, sizeof(array->touched));
}

void array_touch(struct array *array, uint32_t address, size_t size)
{
	size_t from = address - array->base;

	for (size_t at = from / ARRAY_PAGE; at * ARRAY_PAGE < from + size; at++)
		array->touched[at] = true;
}

void array_program(
	struct array *array, uint32_t address, const uint8_t *data, size_t size)
{
	array_touch(array, address, size);
	for (size_t i = 0; i < size; i++)
		array->bytes[address - array->base + i] &= data[i];
}

void array_erase(struct array *array, uint32_t address, size_t size)
{
	array_touch(array, address, size);
	memset(array->bytes + (address - array->base), 0xff, size);
	memset(array->known + (address - array->base), true, size);
}

void array_forget(struct array *array, uint32_t address, size_t size)
{
	array_touch(array, address, size);
	memset(array->known + (address - array->base), false, size);
}

void array_check(struct session *session, struct array *array, uint32_t address,
	const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		size_t at = address - array->base + i;

		if (array->known[at] && array->bytes[at] != data[i]) {
			violate(session,
				"the flash chip has %02x at %#zx, not %02x",
				data[i], at + array->base, array->bytes[at]);
			return;
		}
		array->bytes[at] = data[i];
		array->known[at] = true;
	}
}
