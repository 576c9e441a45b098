/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* How the cells of the part flash25 change: a program clears bits, an erase sets
   them, and an interrupted one leaves some. */
#include "flash25.h"

#define ALL 65536 /* of a share */

uint8_t flash25_array_get(const struct flash25_array *array, uint32_t at)
{
	uint8_t byte = content_get(&array->content, at);

	return at == array->worn ? byte & ~1 : byte;
}

static void set(struct flash25_array *array, uint32_t at, uint8_t byte)
{
	content_set(&array->content, at, byte);
}

void flash25_array_program(struct flash25_array *array, uint32_t page,
	const uint8_t data[FLASH25_PAGE])
{
	for (uint32_t i = 0; i < FLASH25_PAGE; i++)
		set(array, page + i,
			flash25_array_get(array, page + i) & data[i]);
}

void flash25_array_erase(
	struct flash25_array *array, uint32_t from, uint32_t size)
{
	content_erase(&array->content, from, size);
}

/* ---- Interrupted operations ----------------------------------------------- */

/* A number of 32 bits that looks random, made from an address. */
static uint32_t scatter(uint32_t value)
{
	value ^= value >> 16;
	value *= 0x7feb352d;
	value ^= value >> 15;
	value *= 0x846ca68b;
	return value ^ value >> 16;
}

/* Which bits of the byte at this address have reached their new value.  A byte
   is early, late, or in the middle of its change. */
static uint8_t changed_bits(uint32_t at, uint32_t share)
{
	uint32_t random = scatter(at + share * ALL);
	uint32_t moment = random % ALL;

	if (share >= ALL || moment + ALL / 16 < share)
		return 0xff;
	return moment < share ? random >> 24 : 0;
}

void flash25_array_spoil_program(struct flash25_array *array, uint32_t page,
	const uint8_t data[FLASH25_PAGE], uint32_t share)
{
	for (uint32_t i = 0; i < FLASH25_PAGE; i++) {
		uint32_t at = page + i;

		set(array, at,
			flash25_array_get(array, at) &
				(data[i] | ~changed_bits(at, share)));
	}
}

void flash25_array_spoil_erase(struct flash25_array *array, uint32_t from,
	uint32_t size, uint32_t share)
{
	for (uint32_t i = 0; i < size; i++)
		set(array, from + i,
			flash25_array_get(array, from + i) |
				changed_bits(from + i, share));
}
