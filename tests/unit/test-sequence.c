/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the benchmark's byte sequence against one that is computed in another
   way, and the explanation of a stream that differs from it. */
#include "tests/support/clyde-test.h"

#include <stdlib.h>

#include "applets/benchmark/sequence.h"

#define PERIOD 131070 /* 2 B for each state of 16 bits but zero. */

static struct sequence *sequence;
static uint8_t stream[2 * PERIOD];

/*
 * Computes the stream bit by bit as a Fibonacci LFSR with taps 16, 15, 13 and
 * 4: each bit is the xor of those 16, 15, 13 and 4 before it.  A state is the
 * last 16 bits, with the newest lowest, and the first state is 1.
 */
static int set_up(void **state)
{
	static uint8_t bits[16 + 2 * PERIOD];

	(void)state;
	bits[15] = 1;
	for (size_t i = 16; i < sizeof(bits); i++)
		bits[i] = bits[i - 16] ^ bits[i - 15] ^ bits[i - 13] ^
			bits[i - 4];
	for (size_t n = 0; n < PERIOD; n++) {
		unsigned word = 0;

		for (size_t i = 0; i < 16; i++)
			word = word << 1 | bits[n + i];
		stream[2 * n] = word & 0xff;
		stream[2 * n + 1] = word >> 8;
	}
	sequence = sequence_new();
	return sequence == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	free(sequence);
	return 0;
}

/*
 * 0001 0002 0004 0008, where tap 4 is set: 0011 0022 0044 0088, again: 0111
 * 0222 0444 0888, again: 1111; taps 13 and 4 are 1 and 0: 2223; tap 13 is 0:
 * 4446; tap 15: 888d; taps 16 and 4 cancel: 111a.
 */
static void the_sequence_begins_as_computed_by_hand(void **state)
{
	static const uint8_t first[] = {0x01, 0x00, 0x02, 0x00, 0x04, 0x00,
		0x08, 0x00, 0x11, 0x00, 0x22, 0x00, 0x44, 0x00, 0x88, 0x00,
		0x11, 0x01, 0x22, 0x02, 0x44, 0x04, 0x88, 0x08, 0x11, 0x11,
		0x23, 0x22, 0x46, 0x44, 0x8d, 0x88, 0x1a, 0x11};
	uint8_t data[sizeof(first)];

	(void)state;
	sequence_fill(sequence, 0, data, sizeof(data));
	assert_memory_equal(data, first, sizeof(first));
	assert_memory_equal(stream, first, sizeof(first));
}

static void the_sequence_is_the_bits_of_the_register_for_its_whole_period(
	void **state)
{
	static uint8_t data[2 * PERIOD];

	(void)state;
	sequence_fill(sequence, 0, data, sizeof(data));
	assert_memory_equal(data, stream, sizeof(data));
}

/* 65535 = 3 * 5 * 17 * 257: a shorter period would be a divisor without one of
   these. */
static void the_period_is_131070_bytes_and_no_less(void **state)
{
	static const unsigned primes[] = {3, 5, 17, 257};

	(void)state;
	assert_memory_equal(stream, stream + PERIOD, PERIOD);
	for (size_t i = 0; i < 4; i++)
		assert_true(
			memcmp(stream, stream + PERIOD / primes[i], 64) != 0);
}

static const uint64_t offsets[] = {0, 1, 2, 511, 512, 513, 65535, 65536,
	PERIOD - 65, PERIOD - 64, PERIOD - 3, PERIOD - 2, PERIOD - 1, PERIOD,
	PERIOD + 1, 2 * PERIOD - 1, UINT32_MAX, UINT64_C(1) << 32,
	UINT64_C(0xffffffffffff)};

#define OFFSETS (sizeof(offsets) / sizeof(*offsets))

static void any_piece_of_the_sequence_can_be_written(void **state)
{
	static uint8_t data[PERIOD + 1];

	(void)state;
	for (size_t i = 0; i < OFFSETS; i++)
		for (size_t size = 0; size <= PERIOD; size = 2 * size + 1) {
			data[size] = 0xee;
			sequence_fill(sequence, offsets[i], data, size);
			assert_memory_equal(
				data, stream + offsets[i] % PERIOD, size);
			assert_int_equal(data[size], 0xee);
		}
}

static void matching_ends_at_the_first_wrong_byte(void **state)
{
	static uint8_t data[3 * PERIOD];
	static const size_t places[] = {0, 1, 63, 64, PERIOD - 1, PERIOD,
		PERIOD + 1, 2 * PERIOD, 3 * PERIOD - 1};

	(void)state;
	for (size_t i = 0; i < OFFSETS; i++) {
		sequence_fill(sequence, offsets[i], data, sizeof(data));
		assert_int_equal(sequence_match(sequence, offsets[i], data,
					 sizeof(data)),
			sizeof(data));
		assert_int_equal(
			sequence_match(sequence, offsets[i], data, 0), 0);
		for (size_t j = 0; j < 9; j++) {
			data[places[j]] ^= 1;
			assert_int_equal(sequence_match(sequence, offsets[i],
						 data, sizeof(data)),
				places[j]);
			data[places[j]] ^= 1;
		}
	}
}

/*
 * Explains a stream that is good up to this offset and continues from another
 * place of the sequence.  The first wrong byte is where the two first differ.
 */
static struct mismatch explain(uint64_t offset, uint64_t from, size_t size)
{
	struct mismatch mismatch;
	uint8_t data[EVIDENCE_MAX + 64];
	size_t good;

	sequence_fill(sequence, from, data, sizeof(data));
	good = sequence_match(sequence, offset, data, sizeof(data));
	assert_in_range(good, 0, 63);
	memset(&mismatch, 0xee, sizeof(mismatch));
	sequence_explain(sequence, offset + good, data + good, size, &mismatch);
	assert_true(mismatch.offset == offset + good);
	assert_int_equal(mismatch.got, data[good]);
	assert_int_equal(mismatch.expected, stream[(offset + good) % PERIOD]);
	return mismatch;
}

static void assert_gap(uint64_t offset, int32_t gap)
{
	struct mismatch mismatch =
		explain(offset + PERIOD, offset + PERIOD + gap, EVIDENCE_MAX);

	assert_true(mismatch.resumed);
	assert_int_equal(mismatch.bad, 0);
	assert_int_equal(mismatch.gap, gap);
}

/* Half a period back and half a period on are the same place, so the nearer way
   counts. */
static void a_gap_and_a_repeat_are_reported_with_their_size(void **state)
{
	static const int32_t gaps[] = {1, 2, 3, 63, 64, 511, 512, 1024, 4096,
		65534, -1, -2, -3, -512, -4096, -65534};

	(void)state;
	for (size_t i = 0; i < OFFSETS; i++)
		for (size_t j = 0; j < sizeof(gaps) / sizeof(*gaps); j++)
			assert_gap(offsets[i], gaps[j]);
	for (uint64_t offset = 0; offset < PERIOD; offset += 4001)
		for (size_t j = 0; j < sizeof(gaps) / sizeof(*gaps); j++)
			assert_gap(offset, gaps[j]);
	/* Across the end of the period, from either side. */
	for (uint64_t offset = PERIOD - 70; offset < PERIOD + 70; offset++) {
		assert_gap(offset, 512);
		assert_gap(offset, -512);
	}
}

/* The sink keeps 8 B. */
static void eight_bytes_are_enough_to_find_a_gap(void **state)
{
	(void)state;
	for (uint64_t offset = 0; offset < PERIOD; offset += 997) {
		struct mismatch mismatch =
			explain(offset + PERIOD, offset + PERIOD + 512, 8);

		assert_true(mismatch.resumed);
		assert_int_equal(mismatch.bad, 0);
		assert_int_equal(mismatch.gap, 512);
	}
}

/* The same bytes occur at another place of the sequence, farther away. */
static void of_several_places_the_nearest_is_reported(void **state)
{
	struct mismatch mismatch = explain(2828, 2828 + 723, 8);

	(void)state;
	assert_true(mismatch.resumed);
	assert_int_equal(mismatch.gap, 723);
}

/* Asserts the explanation of bytes that are xored with a mask, and then
   continue as before. */
static void assert_flip(uint64_t offset, const char *mask, unsigned bad)
{
	struct mismatch mismatch;
	uint8_t data[EVIDENCE_MAX];

	sequence_fill(sequence, offset, data, sizeof(data));
	for (size_t i = 0; mask[i]; i++)
		data[i] ^= mask[i];
	sequence_explain(sequence, offset, data, sizeof(data), &mismatch);
	assert_true(mismatch.offset == offset);
	assert_int_equal(mismatch.expected, stream[offset % PERIOD]);
	assert_int_equal(
		mismatch.got, stream[offset % PERIOD] ^ (uint8_t)mask[0]);
	assert_true(mismatch.resumed);
	assert_int_equal(mismatch.bad, bad);
	assert_int_equal(mismatch.gap, 0);
}

static void a_flipped_byte_is_not_reported_as_a_gap(void **state)
{
	(void)state;
	for (size_t i = 0; i < OFFSETS; i++) {
		assert_flip(offsets[i], "\x10", 1);
		assert_flip(offsets[i], "\x01", 1);
		assert_flip(offsets[i], "\xff", 1);
		assert_flip(offsets[i], "\x10\x10\x10", 3);
	}
	for (uint64_t offset = 0; offset < PERIOD; offset += 1009)
		assert_flip(offset, "\x10", 1);
	for (uint64_t offset = PERIOD - 8; offset < PERIOD + 8; offset++)
		assert_flip(offset, "\x10", 1);
}

/* Wrong bytes, and behind them the sequence from another place. */
static void a_gap_may_follow_bytes_that_fit_nowhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < OFFSETS; i++) {
		struct mismatch mismatch;
		uint8_t data[EVIDENCE_MAX];

		sequence_fill(sequence, offsets[i] + 100, data, sizeof(data));
		memcpy(data, "\xde\xad\xbe\xef\xde", 5);
		sequence_explain(
			sequence, offsets[i], data, sizeof(data), &mismatch);
		assert_true(mismatch.resumed);
		assert_int_equal(mismatch.bad, 5);
		assert_int_equal(mismatch.gap, 100);
	}
}

static void bytes_that_fit_nowhere_do_not_resume(void **state)
{
	struct mismatch mismatch;
	uint8_t data[EVIDENCE_MAX];

	(void)state;
	/* Zero is not a state of the register. */
	memset(data, 0, sizeof(data));
	sequence_explain(sequence, 100, data, sizeof(data), &mismatch);
	assert_false(mismatch.resumed);
	assert_int_equal(mismatch.got, 0);
	for (size_t size = 1; size < EVIDENCE_MIN; size++) {
		sequence_fill(sequence, 612, data, sizeof(data));
		sequence_explain(sequence, 100, data, size, &mismatch);
		/* There are too few bytes to decide. */
		assert_false(mismatch.resumed);
	}
}

static void assert_says_of(const struct mismatch *mismatch, const char *text)
{
	char whole[256], part[16];

	mismatch_text(mismatch, whole, sizeof(whole));
	assert_string_equal(whole, text);
	/* The text is cut to any size. */
	for (size_t size = 1; size <= sizeof(part); size++) {
		memset(part, 'x', sizeof(part));
		mismatch_text(mismatch, part, size);
		assert_int_equal(strnlen(part, size), size - 1);
		assert_memory_equal(part, whole, size - 1);
	}
}

static void each_kind_of_mismatch_has_its_own_text(void **state)
{
	struct mismatch mismatch = {.offset = 0x1234,
		.expected = 0x1b,
		.got = 0x36,
		.resumed = true,
		.gap = 512};

	(void)state;
#define BEGIN "first bad byte at offset 0x1234: expected 0x1b, got 0x36; "
	assert_says_of(&mismatch,
		BEGIN "the sequence resumes at 0x1434: a gap "
		      "of 0x200 bytes");
	mismatch.gap = -512;
	assert_says_of(&mismatch,
		BEGIN "the sequence resumes at 0x1034: 0x200 "
		      "bytes came twice");
	mismatch.gap = 0;
	mismatch.bad = 1;
	assert_says_of(&mismatch,
		BEGIN "the sequence goes on after 1 bad byte,"
		      " nothing is missing");
	mismatch.bad = 3;
	assert_says_of(&mismatch,
		BEGIN "the sequence goes on after 3 bad "
		      "bytes, nothing is missing");
	mismatch.resumed = false;
	assert_says_of(&mismatch,
		BEGIN "the sequence does not resume in what "
		      "follows");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sequence_begins_as_computed_by_hand),
		cmocka_unit_test(
			the_sequence_is_the_bits_of_the_register_for_its_whole_period),
		cmocka_unit_test(the_period_is_131070_bytes_and_no_less),
		cmocka_unit_test(any_piece_of_the_sequence_can_be_written),
		cmocka_unit_test(matching_ends_at_the_first_wrong_byte),
		cmocka_unit_test(
			a_gap_and_a_repeat_are_reported_with_their_size),
		cmocka_unit_test(eight_bytes_are_enough_to_find_a_gap),
		cmocka_unit_test(of_several_places_the_nearest_is_reported),
		cmocka_unit_test(a_flipped_byte_is_not_reported_as_a_gap),
		cmocka_unit_test(a_gap_may_follow_bytes_that_fit_nowhere),
		cmocka_unit_test(bytes_that_fit_nowhere_do_not_resume),
		cmocka_unit_test(each_kind_of_mismatch_has_its_own_text),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
