/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Parses a firmware file, Intel HEX, see ihex.h.  lib/device/firmware.c calls
 * these functions.
 *
 * A file that breaks the format anywhere must be refused as a whole: the device
 * runs what is in it.
 */
#include "ihex.h"

#include <string.h>

#include "common/number.h"

enum record_type {
	RECORD_DATA = 0x00,
	RECORD_END = 0x01,
	RECORD_SEGMENT = 0x02,
	RECORD_SEGMENT_START = 0x03,
	RECORD_LINEAR = 0x04,
	RECORD_LINEAR_START = 0x05,
};

/* Ctrl-Z, which ends a text under DOS; tools that pad a file to a whole block
   repeat it.  Allowed after the end record. */
#define TEXT_END 0x1a

/* Length, address (2), type; then the data, then the checksum. */
#define HEADER_SIZE 4
#define RECORD_MAX  (HEADER_SIZE + UINT8_MAX + 1)

struct reader {
	const uint8_t *text;
	size_t size, at;
	unsigned line;
	struct ihex *ihex;
	bool any, ended;
	uint8_t record[RECORD_MAX];
};

#define refuse(reader, format, ...)                                           \
	set_error(CLYDE_ERROR_CORRUPT, "the firmware file, line %u: " format, \
		(reader)->line, ##__VA_ARGS__)

static int peek(const struct reader *reader)
{
	return reader->at < reader->size ? reader->text[reader->at] : -1;
}

/* Step over the ends of lines, and over empty lines, and count them. */
static void skip_line_ends(struct reader *reader)
{
	for (;; reader->at++) {
		if (peek(reader) == '\n')
			reader->line++;
		else if (peek(reader) != '\r')
			return;
	}
}

static bool at_line_end(const struct reader *reader)
{
	int byte = peek(reader);

	return byte < 0 || byte == '\n' || byte == '\r';
}

static int read_byte(struct reader *reader, uint8_t *ret_byte)
{
	unsigned byte = 0;

	for (unsigned i = 0; i < 2; i++, reader->at++) {
		unsigned value = number_digit(peek(reader));

		if (at_line_end(reader))
			return refuse(reader, "the record is cut short");
		if (value > 15)
			return refuse(reader,
				"byte 0x%02x is not a hexadecimal digit",
				peek(reader));
		byte = byte << 4 | value;
	}
	*ret_byte = byte;
	return 0;
}

/* All bytes of a record sum up to 0. */
static int check_sum(struct reader *reader, unsigned size)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < size - 1; i++)
		sum += reader->record[i];
	sum = -sum;
	if (sum == reader->record[size - 1])
		return 0;
	return refuse(reader, "the checksum is 0x%02x, but should be 0x%02x",
		reader->record[size - 1], sum);
}

static int read_record(struct reader *reader)
{
	unsigned size = 1;

	if (peek(reader) != ':')
		return refuse(reader,
			"byte 0x%02x, where a record begins "
			"with ':'",
			peek(reader));
	reader->at++;
	for (unsigned i = 0; i < size; i++) {
		int result = read_byte(reader, &reader->record[i]);

		if (result < 0)
			return result;
		if (i == 0)
			size = HEADER_SIZE + reader->record[0] + 1;
	}
	if (!at_line_end(reader))
		return refuse(reader,
			"the record goes on after its %u bytes of data",
			reader->record[0]);
	return check_sum(reader, size);
}

static int store(struct reader *reader)
{
	struct ihex *ihex = reader->ihex;
	unsigned length = reader->record[0];
	unsigned address = reader->record[1] << 8 | reader->record[2];

	if (address + length > IHEX_SIZE)
		return refuse(reader,
			"address 0x%04x is beyond the FX2's RAM, which ends "
			"at 0x%04x",
			address + length - 1, IHEX_SIZE - 1);
	for (unsigned i = 0; i < length; i++) {
		if (ihex->used[address + i])
			return refuse(reader,
				"address 0x%04x is there a second time",
				address + i);
		ihex->used[address + i] = true;
		ihex->data[address + i] = reader->record[HEADER_SIZE + i];
		reader->any = true;
	}
	return 0;
}

/* A base address for the records that follow.  Firmware for 16 KiB of RAM needs
   none, so only a base of 0 is taken. */
static int check_base(struct reader *reader)
{
	const uint8_t *record = reader->record;

	if (record[0] != 2 || record[1] || record[2])
		return refuse(reader, "the record of a base is malformed");
	if (record[HEADER_SIZE] || record[HEADER_SIZE + 1])
		return refuse(reader,
			"a base of 0x%02x%02x is beyond the FX2's RAM",
			record[HEADER_SIZE], record[HEADER_SIZE + 1]);
	return 0;
}

/* The start address of a program.  Its value is ignored: the 8051 always begins
   at 0. */
static int check_start(struct reader *reader)
{
	const uint8_t *record = reader->record;

	if (record[0] != 4 || record[1] || record[2])
		return refuse(
			reader, "the record of a start address is malformed");
	return 0;
}

static int handle_record(struct reader *reader)
{
	const uint8_t *record = reader->record;

	switch (record[3]) {
	case RECORD_DATA:
		return store(reader);
	case RECORD_END:
		if (record[0] || record[1] || record[2])
			return refuse(reader, "the end record is malformed");
		reader->ended = true;
		return 0;
	case RECORD_SEGMENT:
	case RECORD_LINEAR:
		return check_base(reader);
	case RECORD_SEGMENT_START:
	case RECORD_LINEAR_START:
		return check_start(reader);
	}
	return refuse(reader, "record type 0x%02x has no place in firmware",
		record[3]);
}

static int read_all(struct reader *reader)
{
	int result = 0;

	for (skip_line_ends(reader); peek(reader) >= 0 && result == 0;
		skip_line_ends(reader)) {
		if (reader->ended && peek(reader) == TEXT_END) {
			reader->at++;
			continue;
		}
		if (reader->ended)
			return refuse(reader,
				"there is something after the end record");
		result = read_record(reader);
		if (result == 0)
			result = handle_record(reader);
	}
	if (result < 0)
		return result;
	if (!reader->ended)
		return refuse(reader, "the end record is missing");
	if (!reader->any)
		return refuse(reader, "the file ends without any data");
	return 0;
}

int ihex_parse(const void *text, size_t size, struct ihex *ret_ihex)
{
	struct reader reader = {
		.text = text,
		.size = size,
		.line = 1,
		.ihex = ret_ihex,
	};

	memset(ret_ihex, 0, sizeof(*ret_ihex));
	return read_all(&reader);
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
