/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* A zip archive of runs, see zip.h. */
#include "zip.h"

#include <errno.h>
#include <string.h>

#define CRC_POLYNOMIAL 0xedb88320 /* bit 31 is x^0 */
#define CRC_X16        0x00008000 /* x^16 */

#define VERSION    20         /* of APPNOTE, for Deflate */
#define DEFLATE    8          /* the method */
#define FIRST_DATE 0x0021     /* 1980-01-01: equal runs make equal files */
#define OFFSET_MAX 0xf0000000 /* beyond it an entry's 32 bits might not do */

/* ---- CRC ------------------------------------------------------------------ */

static uint32_t add_to_crc(uint32_t crc, uint8_t byte)
{
	crc ^= byte;
	for (unsigned i = 0; i < 8; i++)
		crc = crc >> 1 ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
	return crc;
}

/* The product of two polynomials, modulo the CRC's. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (uint32_t bit = UINT32_C(1) << 31; bit; bit >>= 1) {
		if (a & bit)
			product ^= b;
		b = b >> 1 ^ (b & 1 ? CRC_POLYNOMIAL : 0);
	}
	return product;
}

/* To append two bytes is to multiply by x^16 and to add; n times is the same
   with another factor and sum, made by doubling. */
static uint32_t add_run_to_crc(uint32_t crc, uint16_t pair, uint64_t count)
{
	uint32_t factor = CRC_X16;
	uint32_t sum = add_to_crc(add_to_crc(0, pair & 0xff), pair >> 8);

	for (; count > 0; count >>= 1) {
		if (count & 1)
			crc = multiply(crc, factor) ^ sum;
		sum = multiply(sum, factor) ^ sum;
		factor = multiply(factor, factor);
	}
	return crc;
}

/* ---- Deflate -------------------------------------------------------------- */

static void fail(struct zip *zip, int error)
{
	if (zip->error == 0)
		zip->error = error;
}

static void put_byte(struct zip *zip, uint8_t byte)
{
	if (zip->error == 0 && putc(byte, zip->file) == EOF)
		fail(zip, errno);
}

static void put_bits(struct zip *zip, uint32_t value, unsigned count)
{
	zip->bits |= (uint64_t)value << zip->bits_count;
	zip->bits_count += count;
	for (; zip->bits_count >= 8; zip->bits_count -= 8) {
		put_byte(zip, zip->bits & 0xff);
		zip->bits >>= 8;
	}
}

/* A Huffman code goes from its highest bit on. */
static void put_code(struct zip *zip, uint32_t code, unsigned count)
{
	uint32_t reversed = 0;

	for (unsigned i = 0; i < count; i++)
		reversed |= (code >> i & 1) << (count - 1 - i);
	put_bits(zip, reversed, count);
}

/* RFC 1951, 3.2.6: the fixed codes. */
static void put_symbol(struct zip *zip, unsigned symbol)
{
	if (symbol < 144)
		put_code(zip, 0x30 + symbol, 8);
	else if (symbol < 256)
		put_code(zip, 0x190 + symbol - 144, 9);
	else if (symbol < 280)
		put_code(zip, symbol - 256, 7);
	else
		put_code(zip, 0xc0 + symbol - 280, 8);
}

#define END_OF_BLOCK 256
#define LENGTH_FIRST 257
#define LENGTH_MIN   3
#define LENGTH_MAX   258

/* The same bytes as two bytes ago, for a length from 3 to 258: RFC 1951,
   3.2.5. */
static void put_match(struct zip *zip, unsigned length)
{
	static const uint16_t bases[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15,
		17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
		195, 227, 258};
	unsigned index = sizeof(bases) / sizeof(*bases) - 1;

	while (bases[index] > length)
		index--;
	put_symbol(zip, LENGTH_FIRST + index);
	if (index >= 8 && length < LENGTH_MAX)
		put_bits(zip, length - bases[index], index / 4 - 1);
	put_code(zip, 1, 5); /* distance 2 */
}

static struct zip_entry *last(struct zip *zip)
{
	return &zip->entries[zip->count - 1];
}

void zip_text(struct zip *zip, const char *text)
{
	for (; *text; text++) {
		put_symbol(zip, (uint8_t)*text);
		zip->crc = add_to_crc(zip->crc, *text);
		last(zip)->size++;
	}
}

void zip_repeat(struct zip *zip, uint16_t pair, uint64_t count)
{
	uint64_t left = 2 * count;

	if (zip->error || count == 0)
		return;
	zip->crc = add_run_to_crc(zip->crc, pair, count);
	last(zip)->size += left;
	put_symbol(zip, pair & 0xff);
	put_symbol(zip, pair >> 8);
	left -= 2;
	for (; left >= LENGTH_MAX && !zip->error; left -= LENGTH_MAX)
		put_match(zip, LENGTH_MAX);
	if (left >= LENGTH_MIN) {
		put_match(zip, left);
	} else if (left > 0) {
		put_symbol(zip, pair & 0xff);
		put_symbol(zip, pair >> 8);
	}
}

/* ---- The archive ---------------------------------------------------------- */

static void put(struct zip *zip, uint32_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		put_byte(zip, value >> 8 * i);
}

/* What a local header and a row of the directory have in common. */
static void put_entry(struct zip *zip, const struct zip_entry *entry)
{
	put(zip, VERSION, 2);
	put(zip, 0, 2); /* flags */
	put(zip, DEFLATE, 2);
	put(zip, 0, 2); /* the time */
	put(zip, FIRST_DATE, 2);
	put(zip, entry->crc, 4);
	put(zip, entry->packed, 4);
	put(zip, entry->size, 4);
	put(zip, strlen(entry->name), 2);
	put(zip, 0, 2); /* no extra field */
}

static void put_name(struct zip *zip, const struct zip_entry *entry)
{
	for (const char *at = entry->name; *at; at++)
		put_byte(zip, *at);
}

static void put_header(struct zip *zip, const struct zip_entry *entry)
{
	put(zip, 0x04034b50, 4);
	put_entry(zip, entry);
	put_name(zip, entry);
}

static uint32_t position(struct zip *zip)
{
	off_t at = zip->error ? 0 : ftello(zip->file);

	if (at < 0)
		fail(zip, errno);
	else if (at > OFFSET_MAX)
		fail(zip, EFBIG);
	return at;
}

void zip_open(struct zip *zip, FILE *file)
{
	*zip = (struct zip){.file = file};
}

/* The header is written again by zip_end(), with the sizes. */
void zip_begin(struct zip *zip, const char *name)
{
	if (zip->count == ZIP_ENTRIES_MAX) {
		fail(zip, EFBIG);
		zip->count--;
	}
	zip->entries[zip->count++] =
		(struct zip_entry){.offset = position(zip)};
	snprintf(last(zip)->name, ZIP_NAME_SIZE, "%s", name);
	put_header(zip, last(zip));
	zip->crc = UINT32_MAX;
	zip->bits = zip->bits_count = 0;
	put_bits(zip, 1, 1); /* the last block, */
	put_bits(zip, 1, 2); /* with fixed codes */
}

void zip_end(struct zip *zip)
{
	struct zip_entry *entry = last(zip);
	uint32_t header = 30 + strlen(entry->name);

	put_symbol(zip, END_OF_BLOCK);
	if (zip->bits_count > 0)
		put_bits(zip, 0, 8 - zip->bits_count);
	entry->packed = position(zip) - entry->offset - header;
	entry->crc = ~zip->crc;
	if (zip->error == 0 && fseeko(zip->file, entry->offset, SEEK_SET) < 0)
		fail(zip, errno);
	put_header(zip, entry);
	if (zip->error == 0 && fseeko(zip->file, 0, SEEK_END) < 0)
		fail(zip, errno);
}

int zip_close(struct zip *zip)
{
	uint32_t begin = position(zip);
	uint32_t end;

	for (unsigned i = 0; i < zip->count; i++) {
		const struct zip_entry *entry = &zip->entries[i];

		put(zip, 0x02014b50, 4);
		put(zip, VERSION, 2);
		put_entry(zip, entry);
		put(zip, 0, 2); /* no comment, */
		put(zip, 0, 2); /* disk 0, */
		put(zip, 0, 2); /* attributes, inside */
		put(zip, 0, 4); /* and outside */
		put(zip, entry->offset, 4);
		put_name(zip, entry);
	}
	end = position(zip);
	put(zip, 0x06054b50, 4);
	put(zip, 0, 4); /* disks */
	put(zip, zip->count, 2);
	put(zip, zip->count, 2);
	put(zip, end - begin, 4);
	put(zip, begin, 4);
	put(zip, 0, 2); /* no comment */
	if (zip->error == 0 && fflush(zip->file) != 0)
		fail(zip, errno);
	return -zip->error;
}
