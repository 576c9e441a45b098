/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Any bytes as those of a client of remote_bitbang.  A target that echoes TDI
 * after eight clocks answers the samples of the batches: the answers must be
 * those of the same target that follows the characters one by one, and the same
 * for the whole input and for pieces whose sizes the input chooses.
 */
#include "applets/jtag-openocd/bitbang.h"
#include "fuzz.h"

#define ANSWERS_MAX 65536

struct target {
	uint8_t shift; /* bit 0 is TDO */
	uint32_t clocks, ones;
};

static void clock_target(struct target *target, bool tms, bool tdi)
{
	target->shift = target->shift >> 1 | tdi << 7;
	target->clocks++;
	target->ones += tms;
}

struct answers {
	size_t count;
	uint8_t list[ANSWERS_MAX];
};

/* The target as the characters drive its pins.  Returns how many characters were
   good. */
static size_t follow(const uint8_t *data, size_t size, struct target *target,
	struct answers *answers)
{
	bool tck = false, tdo = false;
	size_t at;

	for (at = 0; at < size; at++) {
		uint8_t one = data[at];

		if (one >= '0' && one <= '7') {
			bool rises = !tck && one & 4;

			/* TDO changes with the falling edge. */
			if (tck && !(one & 4))
				tdo = target->shift & 1;
			if (rises)
				clock_target(target, one & 2, one & 1);
			tck = one & 4;
		} else if (one == 'R') {
			if (answers->count < ANSWERS_MAX)
				answers->list[answers->count++] = '0' + tdo;
		} else if (one == '\0' || !strchr("BbZzrstu", one)) {
			break;
		}
	}
	return at;
}

/* Carry out a batch, as session.c does. */
static void carry_out(struct bitbang_batch *batch, struct target *target,
	bool *before, struct answers *answers)
{
	static uint8_t tdo[BITBANG_CLOCKS_MAX / 8], list[BITBANG_SAMPLES_MAX];

	check(batch->clocks <= BITBANG_CLOCKS_MAX);
	check(batch->samples_count <= BITBANG_SAMPLES_MAX);
	check(batch->delay_us <= BITBANG_DELAY_MAX_US);
	memset(tdo, 0, sizeof(tdo));
	for (uint32_t i = 0; i < batch->clocks; i++) {
		tdo[i / 8] |= (target->shift & 1) << i % 8;
		clock_target(target, batch->tms[i / 8] >> i % 8 & 1,
			batch->tdi[i / 8] >> i % 8 & 1);
	}
	for (uint32_t i = 0; i < batch->samples_count; i++)
		check(batch->samples[i] <= batch->clocks ||
			batch->samples[i] == BITBANG_BEFORE);
	bitbang_answer(batch, tdo, target->shift & 1, *before, list);
	for (uint32_t i = 0; i < batch->samples_count; i++)
		if (answers->count < ANSWERS_MAX)
			answers->list[answers->count++] = list[i];
	if (batch->clocks > 0)
		*before = tdo[(batch->clocks - 1) / 8] >>
				(batch->clocks - 1) % 8 &
			1;
	bitbang_clear(batch);
}

/* Returns how many characters were good. */
static size_t parse(const uint8_t *data, size_t size, size_t piece,
	struct target *target, struct answers *answers)
{
	static struct bitbang_batch batch;
	struct bitbang bitbang;
	bool before = false;
	size_t at = 0;

	bitbang_init(&bitbang);
	bitbang_clear(&batch);
	while (at < size) {
		size_t rest = size - at;
		size_t given = piece && piece < rest ? piece : rest;
		enum bitbang_result result;
		size_t taken = bitbang_take(
			&bitbang, &batch, data + at, given, &result);

		check(taken <= given);
		check(result != BITBANG_MORE || taken == given);
		/* An empty batch has room for anything. */
		check(result != BITBANG_FULL || !bitbang_is_empty(&batch));
		at += taken;
		if (result != BITBANG_MORE || piece)
			carry_out(&batch, target, &before, answers);
		if (result == BITBANG_QUIT || result == BITBANG_UNKNOWN)
			return at - 1;
	}
	carry_out(&batch, target, &before, answers);
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answers expected, answers;
	struct input input = {data, size};
	size_t piece = 1 + take_byte(&input) % 64;
	struct target target = {0};
	size_t good;

	expected.count = 0;
	good = follow(input.data, input.size, &target, &expected);
	for (unsigned i = 0; i < 2; i++) {
		struct target other = {0};

		answers.count = 0;
		check(parse(input.data, input.size, i ? piece : 0, &other,
			      &answers) == good);
		check(other.clocks == target.clocks &&
			other.ones == target.ones &&
			other.shift == target.shift);
		check(answers.count == expected.count &&
			memcmp(answers.list, expected.list, answers.count) ==
				0);
	}
	return 0;
}
