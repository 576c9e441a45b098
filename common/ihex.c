/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Parses Intel HEX, see ihex.h.
 */
#include "ihex.h"

#include <stdio.h>
#include <string.h>

#include "number.h"

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
	const struct ihex_memory *memory;
	uint32_t base; /* of the addresses of records */
	char *why;
	bool any, ended;
	uint8_t record[RECORD_MAX];
};

/* Always false. */
#define refuse(reader, format, ...)                                 \
	(snprintf((reader)->why, IHEX_WHY_SIZE, "line %u: " format, \
		 (reader)->line, ##__VA_ARGS__) < 0)

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

static bool read_byte(struct reader *reader, uint8_t *ret_byte)
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
	return true;
}

/* All bytes of a record sum up to 0. */
static bool check_sum(struct reader *reader, unsigned size)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < size - 1; i++)
		sum += reader->record[i];
	sum = -sum;
	if (sum == reader->record[size - 1])
		return true;
	return refuse(reader, "the checksum is 0x%02x, but should be 0x%02x",
		reader->record[size - 1], sum);
}

static bool read_record(struct reader *reader)
{
	unsigned size = 1;

	if (peek(reader) != ':')
		return refuse(reader,
			"byte 0x%02x, where a record begins "
			"with ':'",
			peek(reader));
	reader->at++;
	for (unsigned i = 0; i < size; i++) {
		if (!read_byte(reader, &reader->record[i]))
			return false;
		if (i == 0)
			size = HEADER_SIZE + reader->record[0] + 1;
	}
	if (!at_line_end(reader))
		return refuse(reader,
			"the record goes on after its %u bytes of data",
			reader->record[0]);
	return check_sum(reader, size);
}

static bool store(struct reader *reader)
{
	const struct ihex_memory *memory = reader->memory;
	unsigned length = reader->record[0];
	size_t address =
		reader->base + (reader->record[1] << 8 | reader->record[2]);

	if (address + length > memory->size)
		return refuse(reader,
			"address 0x%04zx is beyond %s, which ends at 0x%04zx",
			address + length - 1, memory->name, memory->size - 1);
	for (unsigned i = 0; i < length; i++) {
		if (memory->used[address + i])
			return refuse(reader,
				"address 0x%04zx is there a second time",
				address + i);
		memory->used[address + i] = true;
		memory->data[address + i] = reader->record[HEADER_SIZE + i];
		reader->any = true;
	}
	return true;
}

/* A base for the addresses of the records that follow: its upper 16 bits, or a
   segment of the 8086. */
static bool set_base(struct reader *reader)
{
	const uint8_t *record = reader->record;
	uint32_t base = record[HEADER_SIZE] << 8 | record[HEADER_SIZE + 1];

	if (record[0] != 2 || record[1] || record[2])
		return refuse(reader, "the record of a base is malformed");
	reader->base = base << (record[3] == RECORD_LINEAR ? 16 : 4);
	if (base &&
		(reader->memory->size <= 0x10000 ||
			reader->base >= reader->memory->size))
		return refuse(reader, "a base of 0x%04x is beyond %s", base,
			reader->memory->name);
	return true;
}

/* The start address of a program.  Its value is ignored: it is for a CPU that
   would be told where to begin. */
static bool check_start(struct reader *reader)
{
	const uint8_t *record = reader->record;

	if (record[0] != 4 || record[1] || record[2])
		return refuse(
			reader, "the record of a start address is malformed");
	return true;
}

static bool handle_record(struct reader *reader)
{
	const uint8_t *record = reader->record;

	switch (record[3]) {
	case RECORD_DATA:
		return store(reader);
	case RECORD_END:
		if (record[0] || record[1] || record[2])
			return refuse(reader, "the end record is malformed");
		reader->ended = true;
		return true;
	case RECORD_SEGMENT:
	case RECORD_LINEAR:
		return set_base(reader);
	case RECORD_SEGMENT_START:
	case RECORD_LINEAR_START:
		return check_start(reader);
	}
	return refuse(
		reader, "record type 0x%02x has no place in it", record[3]);
}

static bool read_all(struct reader *reader)
{
	for (skip_line_ends(reader); peek(reader) >= 0;
		skip_line_ends(reader)) {
		if (reader->ended && peek(reader) == TEXT_END) {
			reader->at++;
			continue;
		}
		if (reader->ended)
			return refuse(reader,
				"there is something after the end record");
		if (!read_record(reader) || !handle_record(reader))
			return false;
	}
	if (!reader->ended)
		return refuse(reader, "the end record is missing");
	if (!reader->any)
		return refuse(reader, "the file ends without any data");
	return true;
}

bool ihex_read(const void *text, size_t size, const struct ihex_memory *memory,
	char why[IHEX_WHY_SIZE])
{
	struct reader reader = {
		.text = text,
		.size = size,
		.line = 1,
		.memory = memory,
		.why = why,
	};

	return read_all(&reader);
}
