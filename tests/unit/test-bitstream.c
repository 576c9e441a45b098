/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the model of the iCE40's configuration port.  A valid stream for the
 * HX8K configures it, whole or in pieces.  A stream that differs in a byte that
 * matters must not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/internal.h"
#include "virtual/board/bitstream.h"
#include "wire/regs.h"

#define CRAM_BYTES 29648 /* 872 * 272 / 8 */
#define BRAM_BYTES 2048  /* 128 * 128 / 8, half a bank */

/* Positions in the stream that build() makes. */
enum place {
	AT_PREAMBLE = 0,
	AT_FREQUENCY = 4,
	AT_RESET_CRC = 6,
	AT_BOOT_MODE = 8,
	AT_WIDTH = 11,
	AT_HEIGHT = 14,
	AT_OFFSET = 17,
	AT_BANK = 20,
	AT_DATA = 24,
	AT_DATA_END = AT_DATA + CRAM_BYTES,
};

struct stream {
	uint8_t bytes[140000];
	size_t size;
	uint16_t crc;
};

static struct stream good;

/* CRC-16-CCITT bit by bit, as IceStorm's documentation describes it. */
static void put_byte(struct stream *stream, uint8_t byte)
{
	stream->bytes[stream->size++] = byte;
	for (int bit = 7; bit >= 0; bit--) {
		bool carry = stream->crc >> 15 ^ (byte >> bit & 1);

		stream->crc = stream->crc << 1 ^ (carry ? 0x1021 : 0);
	}
}

static void put(struct stream *stream, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		put_byte(stream, bytes[i]);
}

static void put_data(struct stream *stream, size_t size)
{
	for (size_t i = 0; i < size + 2; i++)
		put_byte(stream, 0);
}

static void put_head(struct stream *stream)
{
	stream->size = 0;
	put(stream, "\x7e\xaa\x99\x7e\x51\x00\x01\x05", 8);
	stream->crc = 0xffff;
	put(stream, "\x92\x00\x00", 3);
}

static void put_tail(struct stream *stream)
{
	uint16_t crc;

	put_byte(stream, 0x22);
	crc = stream->crc;
	put_byte(stream, crc >> 8);
	put_byte(stream, crc);
	put(stream, "\x01\x06\x00", 3);
}

/* The stream that icepack writes for an HX8K whose memory is all zero. */
static int build(void **state)
{
	(void)state;
	put_head(&good);
	put(&good, "\x62\x03\x67\x72\x01\x10\x82\x00\x00", 9);
	for (int bank = 0; bank < 4; bank++) {
		put(&good, (char[]){0x11, bank, 0x01, 0x01}, 4);
		put_data(&good, CRAM_BYTES);
	}
	put(&good, "\x62\x00\x7f\x72\x00\x80", 6);
	for (int bank = 0; bank < 4; bank++) {
		put(&good, (char[]){0x11, bank}, 2);
		put(&good, "\x82\x00\x00\x01\x03", 5);
		put_data(&good, BRAM_BYTES);
		put(&good, "\x82\x00\x80\x01\x03", 5);
		put_data(&good, BRAM_BYTES);
	}
	put_tail(&good);
	return 0;
}

/* ---- Clyde's image -------------------------------------------------------- */

/* The lower half of the bank of block RAMs in which the library's image has its
   registers: after its preamble, the command to write, 01 03, and data that
   begin with the registers' first word in one of eight places. */
static const uint8_t *registers_of_image(unsigned *ret_ram)
{
	static const uint8_t command[] = {0x82, 0, 0, 0x01, 0x03};

	for (size_t i = 0; i + BRAM_BYTES < image_size; i++) {
		const uint8_t *data = image_bytes + i + sizeof(command);

		if (memcmp(image_bytes + i, command, sizeof(command)) != 0)
			continue;
		for (unsigned ram = 0; ram < 8; ram++)
			if (data[2 * ram] == 0x44 &&
				data[2 * ram + 1] == 0x11) {
				*ret_ram = ram;
				return data;
			}
	}
	fail_msg("the image has no registers");
	return NULL;
}

/* A bitstream with this bank, and nothing else. */
static bool is_image(unsigned bank, const uint8_t *data)
{
	static struct stream stream;
	struct bitstream bitstream;

	put_head(&stream);
	put(&stream, "\x62\x00\x7f\x72\x00\x80\x82\x00\x00", 9);
	put(&stream, (char[]){0x11, bank, 0x01, 0x03}, 4);
	put(&stream, (const char *)data, BRAM_BYTES);
	put(&stream, "\0\0", 2);
	put_tail(&stream);
	bitstream_reset(&bitstream);
	bitstream_feed(&bitstream, stream.bytes, stream.size);
	assert_true(bitstream_done(&bitstream));
	return bitstream_is_image(&bitstream);
}

static void the_image_is_recognised_by_its_registers(void **state)
{
	struct bitstream bitstream;
	unsigned ram;
	uint8_t data[BRAM_BYTES];

	(void)state;
	bitstream_reset(&bitstream);
	bitstream_feed(&bitstream, image_bytes, image_size);
	assert_true(bitstream_is_image(&bitstream));
	memcpy(data, registers_of_image(&ram), sizeof(data));
	for (unsigned bank = 0; bank < 4; bank++)
		assert_true(is_image(bank, data));
	/* Every bit of the registers counts, but not those of REG_CORE_COUNT,
	   whose bits are the odd ones of its word. */
	assert_int_equal(REG_CORE_COUNT % 2, 1);
	for (unsigned i = 2 * ram; i < 128 * 16; i += i % 2 ? 15 : 1) {
		data[i] ^= 0x80;
		assert_int_equal(
			is_image(1, data), i / 16 == REG_CORE_COUNT / 2);
		data[i] ^= 0x80 ^ 0x40;
		assert_false(is_image(1, data));
		data[i] ^= 0x40;
	}
	/* What other block RAMs contain does not count. */
	for (unsigned i = 0; i < sizeof(data); i++)
		if (ram != i % 16 / 2)
			data[i] = ~data[i];
	assert_true(is_image(1, data));
}

static void other_bitstreams_are_not_the_image(void **state)
{
	static const uint8_t zeros[BRAM_BYTES];
	struct bitstream bitstream;

	(void)state;
	assert_false(is_image(0, zeros));
	bitstream_reset(&bitstream);
	bitstream_feed(&bitstream, good.bytes, good.size);
	assert_true(bitstream_done(&bitstream));
	assert_false(bitstream_is_image(&bitstream));
}

static uint64_t digest_of(const uint8_t *bytes, size_t size)
{
	struct bitstream bitstream;

	bitstream_reset(&bitstream);
	bitstream_feed(&bitstream, bytes, size);
	return bitstream.digest;
}

static void the_digest_is_that_of_the_memories_content(void **state)
{
	static uint8_t bytes[sizeof(good.bytes) + 8];
	uint64_t digest = digest_of(good.bytes, good.size);

	(void)state;
	/* Neither what comes before the preamble nor what follows the end. */
	memcpy(bytes, "\xff\0\x01\xff", 4);
	memcpy(bytes + 4, good.bytes, good.size);
	memset(bytes + 4 + good.size, 0xff, 4);
	assert_int_equal(digest_of(bytes, good.size + 8), digest);
	bytes[4 + AT_DATA] ^= 1;
	assert_int_not_equal(digest_of(bytes, good.size + 8), digest);
	bytes[4 + AT_DATA] ^= 1;
	bytes[4 + AT_BANK + 1] = 1;
	assert_int_not_equal(digest_of(bytes, good.size + 8), digest);
}

static void says(const uint8_t *bytes, size_t size, const char *why)
{
	struct bitstream bitstream;

	bitstream_reset(&bitstream);
	bitstream_feed(&bitstream, bytes, size);
	if (why)
		assert_string_equal(bitstream_why(&bitstream), why);
	else
		assert_null(bitstream_why(&bitstream));
}

static void the_reason_why_a_bitstream_does_not_configure_is_told(void **state)
{
	static uint8_t bytes[sizeof(good.bytes)];

	(void)state;
	memcpy(bytes, good.bytes, good.size);
	says(bytes, good.size, NULL);
	says(bytes, 3, "has no preamble");
	says(bytes, good.size / 2, "ends too early");
	bytes[AT_DATA] ^= 1;
	says(bytes, good.size, "has a wrong CRC");
	bytes[AT_DATA] ^= 1;
	bytes[AT_DATA_END] = 1;
	says(bytes, good.size, "is damaged");
	memcpy(bytes + AT_WIDTH, "\x62\x01\x4b", 3); /* an HX1K's */
	says(bytes, good.size, "is for another FPGA than the iCE40HX8K");
}

static enum bitstream_state feed(const uint8_t *bytes, size_t size)
{
	struct bitstream bitstream;

	bitstream_reset(&bitstream);
	bitstream_feed(&bitstream, bytes, size);
	return bitstream.state;
}

/* Feeds a small stream that consists of one command, with a right CRC. */
static enum bitstream_state feed_with(const char *bytes, size_t size)
{
	static struct stream stream;

	put_head(&stream);
	put(&stream, bytes, size);
	put_tail(&stream);
	return feed(stream.bytes, stream.size);
}

/* Feeds a small stream with one write: the commands that set it up, and its
   data. */
static enum bitstream_state write_row(
	const char *setup, size_t size, size_t bytes)
{
	static struct stream stream;

	put_head(&stream);
	put(&stream, setup, size);
	put_data(&stream, bytes);
	put_tail(&stream);
	return feed(stream.bytes, stream.size);
}

/* Feeds the good stream with one byte changed and returns the state after
   it. */
static enum bitstream_state corrupt(size_t at, uint8_t value)
{
	enum bitstream_state state;
	uint8_t before = good.bytes[at];

	good.bytes[at] = value;
	state = feed(good.bytes, good.size);
	good.bytes[at] = before;
	return state;
}

static void a_valid_stream_configures(void **state)
{
	(void)state;
	/* IceStorm's example_8k.bin has 135100 B, of which 4 are a comment. */
	assert_int_equal(good.size, 135096);
	assert_int_equal(feed(good.bytes, good.size), BITSTREAM_DONE);
}

static void a_stream_in_pieces_of_any_size_configures(void **state)
{
	struct bitstream bitstream;

	(void)state;
	bitstream_reset(&bitstream);
	for (size_t i = 0; i < good.size - 2; i++) {
		bitstream_feed(&bitstream, &good.bytes[i], 1);
		assert_false(bitstream_done(&bitstream));
	}
	/* The last byte but one is WAKEUP's payload. */
	bitstream_feed(&bitstream, &good.bytes[good.size - 2], 1);
	assert_true(bitstream_done(&bitstream));
}

static void a_comment_before_the_preamble_is_skipped(void **state)
{
	static const char comment[] = "\xff\x00 7E AA \x7e\xaa\x99\x00\xff";
	struct bitstream bitstream;

	(void)state;
	bitstream_reset(&bitstream);
	bitstream_feed(&bitstream, (const uint8_t *)comment, sizeof(comment));
	bitstream_feed(&bitstream, good.bytes, good.size);
	assert_true(bitstream_done(&bitstream));
}

static void bytes_after_the_wakeup_are_ignored(void **state)
{
	struct bitstream bitstream;

	(void)state;
	bitstream_reset(&bitstream);
	bitstream_feed(&bitstream, good.bytes, good.size);
	bitstream_feed(&bitstream, good.bytes, good.size - 5);
	assert_true(bitstream_done(&bitstream));
}

static void a_reset_discards_what_was_received(void **state)
{
	struct bitstream bitstream;

	(void)state;
	bitstream_reset(&bitstream);
	bitstream_feed(&bitstream, good.bytes, good.size);
	bitstream_reset(&bitstream);
	assert_false(bitstream_done(&bitstream));
	bitstream_feed(&bitstream, good.bytes + 4, good.size - 4);
	assert_false(bitstream_done(&bitstream));
}

static void a_stream_that_ends_early_does_not_configure(void **state)
{
	(void)state;
	for (size_t size = 0; size < good.size - 1; size += 4099)
		assert_int_not_equal(feed(good.bytes, size), BITSTREAM_DONE);
	assert_int_not_equal(feed(good.bytes, good.size - 2), BITSTREAM_DONE);
}

/* Changes each byte that the CRC covers, the commands around them, and the
   preamble. */
static void a_wrong_byte_does_not_configure(void **state)
{
	static const size_t places[] = {AT_PREAMBLE, AT_PREAMBLE + 3,
		AT_RESET_CRC, AT_RESET_CRC + 1, AT_BOOT_MODE, AT_BOOT_MODE + 2,
		AT_WIDTH, AT_WIDTH + 1, AT_WIDTH + 2, AT_HEIGHT, AT_HEIGHT + 1,
		AT_HEIGHT + 2, AT_OFFSET, AT_OFFSET + 2, AT_BANK, AT_BANK + 1,
		AT_BANK + 2, AT_BANK + 3, AT_DATA, AT_DATA + 12345,
		AT_DATA_END - 1, AT_DATA_END, AT_DATA_END + 1, AT_DATA_END + 2,
		AT_DATA_END + 3};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint8_t right = good.bytes[places[i]];

		for (unsigned wrong = 0; wrong < 256; wrong++) {
			if (wrong == right)
				continue;
			assert_int_not_equal(
				corrupt(places[i], wrong), BITSTREAM_DONE);
		}
	}
	/* CRC CHECK with its payload, and WAKEUP. */
	for (size_t i = 2; i <= 6; i++) {
		for (unsigned flip = 1; flip < 256; flip++)
			assert_int_not_equal(
				corrupt(good.size - i,
					good.bytes[good.size - i] ^ flip),
				BITSTREAM_DONE);
	}
}

/* The first command stands before the CRC begins.  Another frequency range of
   the oscillator is valid too, and so is a bank that is set again later.  The
   last byte is padding. */
static void a_byte_that_no_check_covers_may_differ(void **state)
{
	(void)state;
	assert_int_equal(corrupt(AT_FREQUENCY + 1, 1), BITSTREAM_DONE);
	assert_int_equal(corrupt(AT_FREQUENCY + 1, 2), BITSTREAM_DONE);
	assert_int_equal(corrupt(AT_FREQUENCY + 1, 3), BITSTREAM_FAILED);
	assert_int_equal(corrupt(AT_FREQUENCY, 0x11), BITSTREAM_DONE);
	assert_int_equal(corrupt(good.size - 1, 0xa5), BITSTREAM_DONE);
}

static void a_wakeup_without_a_crc_check_fails(void **state)
{
	static struct stream stream;

	(void)state;
	put_head(&stream);
	put(&stream, "\x01\x06", 2);
	assert_int_equal(feed(stream.bytes, stream.size), BITSTREAM_FAILED);

	/* The same with a CRC CHECK that does not cover the last write. */
	put_head(&stream);
	put_tail(&stream);
	stream.size -= 3;
	put(&stream, "\x62\x00\x7f\x72\x00\x01\x01\x03", 8);
	put_data(&stream, 16);
	put(&stream, "\x01\x06", 2);
	assert_int_equal(feed(stream.bytes, stream.size), BITSTREAM_FAILED);
}

static void a_command_that_no_valid_stream_has_fails(void **state)
{
	(void)state;
	assert_int_equal(feed_with("", 0), BITSTREAM_DONE);
	assert_int_equal(feed_with("\x92\x00\x31", 3), BITSTREAM_DONE);
	assert_int_equal(feed_with("\x92\x00\x40", 3), BITSTREAM_FAILED);
	assert_int_equal(feed_with("\x11\x03", 2), BITSTREAM_DONE);
	assert_int_equal(feed_with("\x11\x04", 2), BITSTREAM_FAILED);
	assert_int_equal(feed_with("\x12\x00\x00", 3), BITSTREAM_FAILED);
	assert_int_equal(feed_with("\x00", 1), BITSTREAM_FAILED);
	assert_int_equal(feed_with("\x01\x02", 2), BITSTREAM_FAILED);
	assert_int_equal(feed_with("\x01\x08", 2), BITSTREAM_FAILED);
	assert_int_equal(
		feed_with("\x44\x03\x00\x00\x00", 5), BITSTREAM_FAILED);
}

/* Rows of 872 / 8 = 109 and 128 / 8 = 16 B; the highest are 271 and 255. */
static void only_the_hx8ks_memories_can_be_written(void **state)
{
	(void)state;
#define ROW(setup, bytes) write_row(setup, sizeof(setup) - 1, bytes)
	assert_int_equal(
		ROW("\x62\x03\x67\x72\x00\x01\x82\x01\x0f\x01\x01", 109),
		BITSTREAM_DONE);
	assert_int_equal(
		ROW("\x62\x03\x67\x72\x00\x01\x82\x01\x10\x01\x01", 109),
		BITSTREAM_FAILED);
	assert_int_equal(
		ROW("\x62\x00\x7f\x72\x00\x01\x82\x00\xff\x01\x03", 16),
		BITSTREAM_DONE);
	assert_int_equal(
		ROW("\x62\x00\x7f\x72\x00\x02\x82\x00\xff\x01\x03", 32),
		BITSTREAM_FAILED);
	/* The HX1K's CRAM, which is 332 bits wide; a row of CRAM into BRAM; no
	   rows. */
	assert_int_equal(
		ROW("\x62\x01\x4b\x72\x00\x02\x01\x01", 83), BITSTREAM_FAILED);
	assert_int_equal(
		ROW("\x62\x03\x67\x72\x00\x01\x01\x03", 109), BITSTREAM_FAILED);
	assert_int_equal(ROW("\x62\x03\x67\x01\x01", 0), BITSTREAM_FAILED);
#undef ROW
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_valid_stream_configures),
		cmocka_unit_test(a_stream_in_pieces_of_any_size_configures),
		cmocka_unit_test(a_comment_before_the_preamble_is_skipped),
		cmocka_unit_test(bytes_after_the_wakeup_are_ignored),
		cmocka_unit_test(a_reset_discards_what_was_received),
		cmocka_unit_test(a_stream_that_ends_early_does_not_configure),
		cmocka_unit_test(a_wrong_byte_does_not_configure),
		cmocka_unit_test(a_byte_that_no_check_covers_may_differ),
		cmocka_unit_test(a_wakeup_without_a_crc_check_fails),
		cmocka_unit_test(a_command_that_no_valid_stream_has_fails),
		cmocka_unit_test(only_the_hx8ks_memories_can_be_written),
		cmocka_unit_test(the_image_is_recognised_by_its_registers),
		cmocka_unit_test(other_bitstreams_are_not_the_image),
		cmocka_unit_test(the_digest_is_that_of_the_memories_content),
		cmocka_unit_test(
			the_reason_why_a_bitstream_does_not_configure_is_told),
	};

	return cmocka_run_group_tests(tests, build, NULL);
}
