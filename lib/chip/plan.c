/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* See plan.h. */
#include "plan.h"

#include <string.h>

unsigned plan_largest(
	const struct plan_sizes *sizes, uint64_t address, uint64_t end)
{
	unsigned best = 0;

	for (unsigned i = 1; i < sizes->count; i++)
		if (address % sizes->size[i] == 0 &&
			sizes->size[i] <= end - address)
			best = i;
	return best;
}

bool plan_needs_erase(const uint8_t *now, const uint8_t *wanted, size_t size)
{
	size_t i = 0;

	for (; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
		uint64_t from, to;

		memcpy(&from, now + i, sizeof(from));
		memcpy(&to, wanted + i, sizeof(to));
		if (~from & to)
			return true;
	}
	for (; i < size; i++)
		if (~now[i] & wanted[i])
			return true;
	return false;
}

bool plan_is_blank(const uint8_t *bytes, size_t size)
{
	/* Each byte equals the one before it, and the first is FFh. */
	return size == 0 ||
		(bytes[0] == 0xff && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Whether each of the smallest sectors in this piece needs an erase. */
static bool all_need(const struct plan_sizes *sizes, const uint8_t *now,
	const uint8_t *wanted, size_t size)
{
	size_t sector = sizes->size[0];

	for (size_t at = 0; at < size; at += sector)
		if (!plan_needs_erase(now + at, wanted + at, sector))
			return false;
	return true;
}

int plan_next_erase(const struct plan_sizes *sizes, uint64_t address,
	const uint8_t *now, const uint8_t *wanted, size_t size, size_t *offset)
{
	size_t sector = sizes->size[0], at = *offset;

	while (at < size && !plan_needs_erase(now + at, wanted + at, sector))
		at += sector;
	if (at >= size)
		return -1;
	*offset = at;
	for (unsigned i = sizes->count - 1; i > 0; i--)
		if ((address + at) % sizes->size[i] == 0 &&
			sizes->size[i] <= size - at &&
			all_need(sizes, now + at, wanted + at, sizes->size[i]))
			return i;
	return 0;
}
