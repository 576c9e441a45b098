/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the record of the pins against a reader of zip archives and Deflate of
 * its own: each run of samples, of any length, comes back, with its CRC.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "virtual/board/recorder.h"

#define FILE_MAX (1 << 20)

static char path[] = "/tmp/clyde-recorder-XXXXXX";
static uint8_t file[FILE_MAX];
static size_t file_size;

static int set_up(void **state)
{
	int descriptor;

	(void)state;
	strcpy(path, "/tmp/clyde-recorder-XXXXXX");
	descriptor = mkstemp(path);
	assert_true(descriptor >= 0);
	close(descriptor);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void load(void)
{
	FILE *stream = fopen(path, "rb");

	assert_non_null(stream);
	file_size = fread(file, 1, sizeof(file), stream);
	assert_true(file_size < sizeof(file));
	fclose(stream);
}

static uint32_t number_at(size_t at, unsigned size)
{
	uint32_t number = 0;

	assert_true(at + size <= file_size);
	for (unsigned i = size; i-- > 0;)
		number = number << 8 | file[at + i];
	return number;
}

/* ---- Deflate, fixed codes only -------------------------------------------- */

struct reader {
	size_t bit, end;
	uint8_t *out;
	size_t size, room;
};

static unsigned take_bit(struct reader *reader)
{
	size_t at = reader->bit++;

	assert_true(at < reader->end);
	return file[at / 8] >> at % 8 & 1;
}

static unsigned take_bits(struct reader *reader, unsigned count)
{
	unsigned value = 0;

	for (unsigned i = 0; i < count; i++)
		value |= take_bit(reader) << i;
	return value;
}

/* RFC 1951, 3.2.6, by the first bits of each code. */
static unsigned take_symbol(struct reader *reader)
{
	unsigned code = 0;

	for (unsigned i = 0; i < 7; i++)
		code = code << 1 | take_bit(reader);
	if (code < 0x18)
		return 256 + code;
	code = code << 1 | take_bit(reader);
	if (code < 0xc0)
		return code - 0x30;
	if (code < 0xc8)
		return 280 + code - 0xc0;
	code = code << 1 | take_bit(reader);
	return 144 + code - 0x190;
}

static void copy_match(struct reader *reader, unsigned symbol)
{
	static const uint8_t extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2,
		2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
	static const uint16_t bases[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15,
		17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
		195, 227, 258};
	unsigned length =
		bases[symbol - 257] + take_bits(reader, extra[symbol - 257]);
	unsigned distance = 0;

	for (unsigned i = 0; i < 5; i++)
		distance = distance << 1 | take_bit(reader);
	assert_int_equal(distance, 1); /* two bytes back */
	assert_true(reader->size + length <= reader->room);
	for (; length > 0; length--, reader->size++)
		reader->out[reader->size] = reader->out[reader->size - 2];
}

static void inflate(struct reader *reader)
{
	assert_int_equal(take_bits(reader, 3), 3);
	for (;;) {
		unsigned symbol = take_symbol(reader);

		if (symbol == 256)
			return;
		if (symbol > 256) {
			copy_match(reader, symbol);
			continue;
		}
		assert_true(reader->size < reader->room);
		reader->out[reader->size++] = symbol;
	}
}

static uint32_t crc_of(const uint8_t *bytes, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* Returns an entry's content, found by the directory, in memory of its own. */
static uint8_t *extract(const char *name, size_t *ret_size)
{
	size_t end = file_size - 22;
	size_t row = number_at(end + 16, 4);

	assert_int_equal(number_at(end, 4), 0x06054b50);
	for (unsigned i = number_at(end + 10, 2); i > 0; i--) {
		size_t length = number_at(row + 28, 2);
		size_t at = number_at(row + 42, 4);
		struct reader reader = {.room = number_at(row + 24, 4)};

		assert_int_equal(number_at(row, 4), 0x02014b50);
		assert_int_equal(number_at(at, 4), 0x04034b50);
		assert_memory_equal(file + row + 16, file + at + 14, 12);
		reader.bit = 8 * (at + 30 + length);
		reader.end = reader.bit + 8 * (size_t)number_at(row + 20, 4);
		if (length != strlen(name) ||
			memcmp(file + row + 46, name, length) != 0) {
			row += 46 + length;
			continue;
		}
		reader.out = malloc(reader.room);
		assert_non_null(reader.out);
		inflate(&reader);
		assert_int_equal(reader.size, reader.room);
		assert_int_equal(crc_of(reader.out, reader.size),
			number_at(row + 16, 4));
		*ret_size = reader.size;
		return reader.out;
	}
	fail_msg("no entry %s", name);
	return NULL;
}

/* ---- Tests ---------------------------------------------------------------- */

/* Records runs of these lengths, in samples, with levels that differ; returns
   the samples. */
static uint16_t *record(const unsigned *runs, unsigned count, size_t *ret_size)
{
	struct recorder *recorder = recorder_new(path, 10);
	tick now = 0;

	assert_non_null(recorder);
	for (unsigned i = 0; i < count; i++) {
		recorder_change(recorder, now, 0x8001 + 0x0f37 * i);
		now += 10 * (tick)runs[i];
	}
	recorder_change(recorder, now, 0x1234);
	assert_int_equal(recorder_finish(recorder), 0);
	recorder_free(recorder);
	load();
	return (uint16_t *)extract("logic-1-1", ret_size);
}

static void runs_of_any_length_come_back(void **state)
{
	unsigned runs[700];
	size_t size, at = 0;
	uint16_t *samples;

	(void)state;
	for (unsigned i = 0; i < 700; i++)
		runs[i] = i < 600 ? i + 1 : 1 + i % 3;
	samples = record(runs, 700, &size);
	for (unsigned i = 0; i < 700; i++)
		for (unsigned j = 0; j < runs[i]; j++, at++)
			assert_int_equal(
				samples[at], (uint16_t)(0x8001 + 0x0f37 * i));
	/* 10 ms of the last levels */
	assert_int_equal(size, 2 * (at + 480000));
	for (; at < size / 2; at++)
		assert_int_equal(samples[at], 0x1234);
	free(samples);
}

static void a_sample_has_the_levels_after_the_changes_up_to_its_time(
	void **state)
{
	struct recorder *recorder = recorder_new(path, 10);
	uint16_t *samples;
	size_t size;

	(void)state;
	recorder_change(recorder, 10, 1);
	recorder_change(recorder, 11, 2);
	recorder_change(recorder, 19, 3);
	recorder_change(recorder, 20, 4);
	recorder_change(recorder, 20, 5);
	recorder_change(recorder, 31, 6);
	recorder_change(recorder, 39, 5);
	assert_int_equal(recorder_finish(recorder), 0);
	recorder_free(recorder);
	load();
	samples = (uint16_t *)extract("logic-1-1", &size);
	assert_int_equal(samples[0], 0);
	assert_int_equal(samples[1], 1);
	assert_int_equal(samples[2], 5);
	assert_int_equal(samples[3], 5);
	assert_int_equal(samples[4], 5);
	free(samples);
}

/* 2 GiB and a bit of samples, in three entries, take 13 bits for 258 bytes. */
static void a_long_record_is_in_several_entries(void **state)
{
	struct recorder *recorder = recorder_new(path, 5);
	uint8_t end[22];
	FILE *stream;

	(void)state;
	recorder_change(recorder, 0, 1);
	recorder_change(recorder, 5 * ((UINT64_C(2) << 29) + 7), 0);
	recorder_free(recorder);
	stream = fopen(path, "rb");
	assert_non_null(stream);
	assert_int_equal(fseek(stream, -22, SEEK_END), 0);
	assert_int_equal(fread(end, 1, sizeof(end), stream), sizeof(end));
	assert_in_range(ftell(stream), 13000000, 14000000);
	fclose(stream);
	/* version, metadata, logic-1-1 to logic-1-3 */
	assert_memory_equal(end, "PK\5\6", 4);
	assert_int_equal(end[10], 5);
}

static void a_folder_that_does_not_exist_is_reported(void **state)
{
	struct recorder *recorder = recorder_new("/nope/file", 10);

	(void)state;
	assert_int_equal(recorder_finish(recorder), 0);
	recorder_change(recorder, 10, 1);
	recorder_change(recorder, 20, 0);
	assert_int_equal(recorder_finish(recorder), -2); /* ENOENT */
	recorder_free(recorder);
	recorder_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(runs_of_any_length_come_back),
		TEST(a_sample_has_the_levels_after_the_changes_up_to_its_time),
		TEST(a_long_record_is_in_several_entries),
		TEST(a_folder_that_does_not_exist_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
