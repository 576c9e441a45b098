/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The parser of remote_bitbang; see bitbang.h. */
#include "bitbang.h"

void bitbang_init(struct bitbang *bitbang)
{
	*bitbang = (struct bitbang){.tms = true};
}

void bitbang_clear(struct bitbang_batch *batch)
{
	batch->clocks = batch->samples_count = batch->delay_us = 0;
	batch->resets = batch->high = false;
}

bool bitbang_is_empty(const struct bitbang_batch *batch)
{
	return batch->clocks == 0 && batch->samples_count == 0 &&
		!batch->resets && batch->delay_us == 0;
}

/* Whether something is to be done after the clocks: no clock can be added. */
static bool is_closed(const struct bitbang_batch *batch)
{
	return batch->resets || batch->delay_us > 0;
}

/* ---- Characters: each returns false if the batch has no room for it ------- */

static void set_bit(uint8_t *bits, uint32_t at, bool value)
{
	uint8_t bit = 1 << at % 8;

	bits[at / 8] = value ? bits[at / 8] | bit : bits[at / 8] & ~bit;
}

/* '0' to '7': the levels of TCK, TMS and TDI. */
static bool take_levels(
	struct bitbang *bitbang, struct bitbang_batch *batch, unsigned levels)
{
	bool tck = levels & 4, tms = levels & 2, tdi = levels & 1;

	if (tck && !bitbang->tck) {
		if (is_closed(batch) || batch->clocks == BITBANG_CLOCKS_MAX)
			return false;
		set_bit(batch->tms, batch->clocks, tms);
		set_bit(batch->tdi, batch->clocks, tdi);
		batch->clocks++;
	}
	bitbang->tck = tck;
	bitbang->tms = tms;
	bitbang->tdi = tdi;
	return true;
}

static bool take_sample(
	const struct bitbang *bitbang, struct bitbang_batch *batch)
{
	uint16_t clock = batch->clocks;

	/* A clock that may follow has to be of the same batch. */
	if (is_closed(batch) || batch->samples_count == BITBANG_SAMPLES_MAX ||
		(!bitbang->tck && batch->clocks == BITBANG_CLOCKS_MAX))
		return false;
	if (bitbang->tck)
		clock = batch->clocks ? clock - 1 : BITBANG_BEFORE;
	batch->samples[batch->samples_count++] = clock;
	return true;
}

/* 'r' to 'u': bit 0 is SRST, bit 1 TRST. */
static bool take_resets(struct bitbang_batch *batch, unsigned active)
{
	if (is_closed(batch))
		return false;
	batch->resets = true;
	batch->srst = active & 1;
	batch->trst = active & 2;
	return true;
}

static bool take_delay(struct bitbang_batch *batch, uint32_t delay_us)
{
	if (batch->delay_us + delay_us > BITBANG_DELAY_MAX_US)
		return false;
	batch->delay_us += delay_us;
	return true;
}

static enum bitbang_result take_one(
	struct bitbang *bitbang, struct bitbang_batch *batch, uint8_t one)
{
	bool taken = true;

	if (one >= '0' && one <= '7')
		taken = take_levels(bitbang, batch, one - '0');
	else if (one >= 'r' && one <= 'u')
		taken = take_resets(batch, one - 'r');
	else if (one == 'R')
		taken = take_sample(bitbang, batch);
	else if (one == 'Z')
		taken = take_delay(batch, 1000);
	else if (one == 'z')
		taken = take_delay(batch, 1);
	else if (one == 'Q')
		return BITBANG_QUIT;
	else if (one != 'B' && one != 'b') {
		bitbang->unknown = one;
		return BITBANG_UNKNOWN;
	}
	return taken ? BITBANG_MORE : BITBANG_FULL;
}

size_t bitbang_take(struct bitbang *bitbang, struct bitbang_batch *batch,
	const uint8_t *data, size_t size, enum bitbang_result *ret_result)
{
	size_t taken = 0;

	*ret_result = BITBANG_MORE;
	while (taken < size && *ret_result == BITBANG_MORE) {
		*ret_result = take_one(bitbang, batch, data[taken]);
		if (*ret_result == BITBANG_FULL)
			break;
		/* OpenOCD sends all that it has with a B or b. */
		bitbang->gathered = data[taken] == 'B' || data[taken] == 'b'
			? 0
			: bitbang->gathered + 1;
		taken++;
	}
	batch->high = bitbang->tck;
	return taken;
}

/* ---- Answers -------------------------------------------------------------- */

/* The last sample is that of the latest clock, the first that of the earliest. */
bool bitbang_asks_now(const struct bitbang_batch *batch)
{
	return batch->samples_count > 0 &&
		batch->samples[batch->samples_count - 1] == batch->clocks;
}

bool bitbang_asks_before(const struct bitbang_batch *batch)
{
	return batch->samples_count > 0 && batch->samples[0] == BITBANG_BEFORE;
}

void bitbang_answer(const struct bitbang_batch *batch, const uint8_t *tdo,
	bool now, bool before, uint8_t *ret_answers)
{
	for (uint32_t i = 0; i < batch->samples_count; i++) {
		uint16_t at = batch->samples[i];
		bool level = now;

		if (at == BITBANG_BEFORE)
			level = before;
		else if (at < batch->clocks)
			level = tdo[at / 8] >> at % 8 & 1;
		ret_answers[i] = level ? '1' : '0';
	}
}
