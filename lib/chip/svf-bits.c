/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Bits of a scan: as they are read, most significant digit first, and compared
 * with what came back.
 */
#include "svf-internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

static size_t bytes_of(uint32_t bits)
{
	return ((size_t)bits + 7) / 8;
}

/* Double the room, up to what the bits need. */
static bool grow(struct svf_vector *vector, size_t needed)
{
	size_t room = vector->room ? 2 * vector->room : ROOM_FIRST;
	uint8_t *bytes;

	if (room > needed)
		room = needed;
	bytes = realloc(vector->bytes, room);
	if (bytes == NULL)
		return false;
	vector->bytes = bytes;
	vector->room = room;
	return true;
}

static unsigned get_digit(const struct svf_vector *vector, size_t at)
{
	return vector->bytes[at / 2] >> 4 * (at % 2) & 0xf;
}

static void set_digit(struct svf_vector *vector, size_t at, unsigned digit)
{
	uint8_t *byte = &vector->bytes[at / 2];

	*byte = at % 2 ? (*byte & 0x0f) | digit << 4 : (*byte & 0xf0) | digit;
}

/* The first digit is put first for now: how many come is not known. */
bool svf_vector_digit(struct svf_vector *vector, unsigned digit, uint32_t bits,
	int *ret_error)
{
	size_t most = ((size_t)bits + 3) / 4;

	*ret_error = 0;
	if (digit == 0 && vector->digits == 0)
		return true;
	if (vector->digits == most ||
		(vector->digits == 0 && bits < 4 && digit >> bits))
		return false;
	if (vector->digits / 2 >= vector->room &&
		!grow(vector, bytes_of(bits))) {
		*ret_error = -ENOMEM;
		return false;
	}
	set_digit(vector, vector->digits++, digit);
	return true;
}

int svf_vector_end(struct svf_vector *vector, uint32_t bits)
{
	size_t digits = vector->digits, used = (digits + 1) / 2;
	size_t most = ((size_t)bits + 3) / 4;

	if (digits == most && bits % 4 && get_digit(vector, 0) >> bits % 4)
		return -EINVAL;
	while (vector->room < bytes_of(bits))
		if (!grow(vector, bytes_of(bits)))
			return -ENOMEM;
	for (size_t i = 0; i < digits / 2; i++) {
		unsigned first = get_digit(vector, i);

		set_digit(vector, i, get_digit(vector, digits - 1 - i));
		set_digit(vector, digits - 1 - i, first);
	}
	if (digits % 2)
		set_digit(vector, digits, 0);
	if (bytes_of(bits) > used)
		memset(vector->bytes + used, 0, bytes_of(bits) - used);
	vector->given = true;
	return 0;
}

/* ---- Comparison ----------------------------------------------------------- */

static bool bit(const uint8_t *bits, uint64_t at)
{
	return bits[at / 8] >> at % 8 & 1;
}

/* Up to 64 bits from `at` on. */
static uint64_t window(const uint8_t *bits, uint64_t at, unsigned count)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < count; i++)
		value |= (uint64_t)(bits == NULL || bit(bits, at + i)) << i;
	return value;
}

/* Bytes that have no difference are not looked at bit by bit. */
static uint32_t first_difference(
	const struct svf_bits *piece, const uint8_t *got, uint64_t offset)
{
	for (uint32_t i = 0; i < piece->count; i++) {
		if (i % 8 == 0 && offset % 8 == 0 && piece->count - i >= 8) {
			unsigned mask = piece->mask ? piece->mask[i / 8] : 0xff;

			if (!((got[(offset + i) / 8] ^ piece->tdo[i / 8]) &
				    mask)) {
				i += 7;
				continue;
			}
		}
		if (bit(got, offset + i) != bit(piece->tdo, i) &&
			(piece->mask == NULL || bit(piece->mask, i)))
			return i;
	}
	return piece->count;
}

static void describe(const struct svf_scan *scan, unsigned which,
	const uint8_t *got, uint64_t offset, uint32_t at,
	char why[SVF_WHY_SIZE])
{
	const struct svf_bits *piece = &scan->pieces[which];
	uint32_t from = at / 64 * 64;
	unsigned count = piece->count - from < 64 ? piece->count - from : 64;
	int digits = (count + 3) / 4;
	char place[64] = "";

	if (piece->count > 64)
		snprintf(place, sizeof(place),
			" in bits %" PRIu32 " to %" PRIu32, from,
			from + count - 1);
	snprintf(why, SVF_WHY_SIZE,
		"line %" PRIu64 ": %s: bit %" PRIu64 " is %d and not %d; "
		"expected %0*" PRIx64 ", mask %0*" PRIx64 ", got %0*" PRIx64
		"%s",
		scan->line, scan->ir ? "SIR" : "SDR", offset + at,
		bit(got, offset + at), bit(piece->tdo, at), digits,
		window(piece->tdo, from, count), digits,
		window(piece->mask, from, count), digits,
		window(got, offset + from, count), place);
}

bool svf_compare(const struct svf_scan *scan, const uint8_t *got,
	char ret_why[SVF_WHY_SIZE])
{
	uint64_t offset = 0;

	for (unsigned i = 0; i < scan->pieces_count; i++) {
		const struct svf_bits *piece = &scan->pieces[i];
		uint32_t at = piece->tdo ? first_difference(piece, got, offset)
					 : piece->count;

		if (at < piece->count) {
			describe(scan, i, got, offset, at, ret_why);
			return false;
		}
		offset += piece->count;
	}
	return true;
}
