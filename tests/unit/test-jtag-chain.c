/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The discovery of scan chains: chains are drawn from seeds, and shifted bit by
 * bit here; all splits of short captures are tried one by one.  Arguments: SEED
 * COUNT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/chip/jtag-chain.h"

static uint64_t random_state, first_seed = 1;
static unsigned chains = 500;

static unsigned draw(unsigned below)
{
	random_state = random_state * UINT64_C(6364136223846793005) +
		UINT64_C(1442695040888963407);
	return (random_state >> 33) % below;
}

#define REGISTER_MAX (32 * JTAG_CHAIN_TAPS)

/* Bits that wait to come out, the next one first; then what goes in. */
struct delay {
	size_t size;
	bool bits[REGISTER_MAX];
	uint8_t out[2 * REGISTER_MAX];
	size_t out_size;
};

static void load(struct delay *delay, uint64_t value, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		delay->bits[delay->size++] = value >> i & 1;
}

static void shift(struct delay *delay, size_t count, bool in)
{
	for (size_t i = 0; i < count; i++) {
		bool out = delay->size ? delay->bits[0] : in;

		if (delay->size) {
			memmove(delay->bits, delay->bits + 1,
				(delay->size - 1) * sizeof(bool));
			delay->bits[delay->size - 1] = in;
		}
		delay->out[delay->out_size / 8] |= out << delay->out_size % 8;
		delay->out_size++;
	}
}

static uint32_t draw_idcode(void)
{
	for (;;) {
		uint32_t idcode = draw(1 << 16) << 16 | draw(1 << 16) | 1;

		if ((idcode >> 1 & 0x7ff) != 0x7f && idcode != UINT32_MAX)
			return idcode;
	}
}

static void a_chain_is_found_by_its_captured_bits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < chains; i++) {
		static struct delay delay;
		static uint32_t idcodes[JTAG_CHAIN_TAPS];
		struct jtag_chain chain;
		unsigned count;

		random_state = first_seed + i;
		count = 1 + draw(i % 10 ? 6 : JTAG_CHAIN_TAPS);
		memset(&delay, 0, sizeof(delay));
		for (unsigned j = 0; j < count; j++) {
			idcodes[j] = draw(3) ? draw_idcode() : 0;
			load(&delay, idcodes[j], idcodes[j] ? 32 : 1);
		}
		shift(&delay, JTAG_CHAIN_CLOCKS, true);
		assert_int_equal(jtag_chain_devices(
					 delay.out, JTAG_CHAIN_CLOCKS, &chain),
			JTAG_CHAIN_OK);
		assert_int_equal(chain.count, count);
		for (unsigned j = 0; j < count; j++) {
			assert_int_equal(chain.taps[j].idcode, idcodes[j]);
			assert_int_equal(chain.taps[j].ir_bits, 0);
		}
	}
}

static enum jtag_chain_result devices(
	const uint8_t *bits, size_t size, unsigned *ret_count)
{
	struct jtag_chain chain;
	enum jtag_chain_result result = jtag_chain_devices(bits, size, &chain);

	*ret_count = chain.count;
	return result;
}

static void a_chain_that_does_not_answer_is_told_apart(void **state)
{
	static struct delay delay;
	unsigned count;
	uint8_t bits[100];

	(void)state;
	memset(bits, 0, sizeof(bits));
	assert_int_equal(devices(bits, 800, &count), JTAG_CHAIN_ALL_ZEROS);
	memset(bits, 0xff, sizeof(bits));
	assert_int_equal(devices(bits, 800, &count), JTAG_CHAIN_ALL_ONES);
	/* An IDCODE, and TDI stuck at 0 behind it. */
	load(&delay, 0x4ba00477, 32);
	shift(&delay, JTAG_CHAIN_CLOCKS, false);
	assert_int_equal(devices(delay.out, JTAG_CHAIN_CLOCKS, &count),
		JTAG_CHAIN_NO_END);
	/* An IDCODE without a manufacturer, behind a right one. */
	memset(&delay, 0, sizeof(delay));
	load(&delay, 0x4ba00477, 32);
	load(&delay, 0x000000ff, 32);
	shift(&delay, JTAG_CHAIN_CLOCKS, true);
	assert_int_equal(devices(delay.out, JTAG_CHAIN_CLOCKS, &count),
		JTAG_CHAIN_BAD_IDCODE);
	assert_int_equal(count, 1);
	/* Ones that end again. */
	memset(bits, 0xff, sizeof(bits));
	bits[50] = 0xfe;
	assert_int_equal(devices(bits, 800, &count), JTAG_CHAIN_BAD_IDCODE);
	/* More TAPs than there is room for. */
	memset(&delay, 0, sizeof(delay));
	for (unsigned i = 0; i <= JTAG_CHAIN_TAPS; i++)
		load(&delay, 0, 1);
	shift(&delay, JTAG_CHAIN_CLOCKS, true);
	assert_int_equal(devices(delay.out, JTAG_CHAIN_CLOCKS, &count),
		JTAG_CHAIN_NO_END);
	assert_int_equal(count, JTAG_CHAIN_TAPS);
	/* Too few bits for anything. */
	bits[0] = 2;
	assert_int_equal(devices(bits, 2, &count), JTAG_CHAIN_NO_END);
}

static void a_length_is_a_delay(void **state)
{
	(void)state;
	for (unsigned i = 0; i < chains; i++) {
		static struct delay delay;
		unsigned length, zeros = 200;
		size_t found = 1000;

		random_state = first_seed + i;
		length = draw(zeros + 20);
		memset(&delay, 0, sizeof(delay));
		for (unsigned j = 0; j < length; j++)
			load(&delay, draw(2), 1);
		shift(&delay, zeros, false);
		shift(&delay, zeros, true);
		if (length >= zeros) {
			/* Not a one has come out that went in. */
			assert_int_not_equal(
				jtag_chain_length(delay.out, zeros, &found),
				JTAG_CHAIN_OK);
			continue;
		}
		assert_int_equal(jtag_chain_length(delay.out, zeros, &found),
			JTAG_CHAIN_OK);
		assert_int_equal(found, length);
		/* A zero that comes out as a one. */
		length += draw(zeros - 1);
		delay.out[length / 8] ^= 1 << length % 8;
		assert_int_equal(jtag_chain_length(delay.out, zeros, &found),
			JTAG_CHAIN_NOT_A_DELAY);
	}
}

static void a_length_without_an_answer_is_none(void **state)
{
	uint8_t bits[10] = {0};
	size_t length;

	(void)state;
	assert_int_equal(
		jtag_chain_length(bits, 40, &length), JTAG_CHAIN_ALL_ZEROS);
	bits[2] = 0x10;
	assert_int_equal(
		jtag_chain_length(bits, 40, &length), JTAG_CHAIN_NO_END);
	memset(bits, 0xff, sizeof(bits));
	assert_int_equal(
		jtag_chain_length(bits, 40, &length), JTAG_CHAIN_ALL_ONES);
	bits[2] = 0xef;
	assert_int_equal(
		jtag_chain_length(bits, 40, &length), JTAG_CHAIN_NO_ZEROS);
}

/* ---- Splits --------------------------------------------------------------- */

static bool bit(const uint8_t *bits, size_t at)
{
	return bits[at / 8] >> at % 8 & 1;
}

/* Tries every length of every TAP; keeps the first way.  Returns how many ways
   there are. */
static unsigned try_all(const uint8_t *bits, size_t from, size_t length,
	const struct jtag_chain *chain, unsigned tap, unsigned *lengths,
	unsigned *ret_lengths, unsigned ways)
{
	if (tap == chain->count) {
		if (from != length)
			return ways;
		if (ways == 0)
			memcpy(ret_lengths, lengths,
				chain->count * sizeof(*lengths));
		return ways + 1;
	}
	for (unsigned size = 2; from + size <= length; size++) {
		unsigned known = chain->taps[tap].ir_bits;

		if (!bit(bits, from) || bit(bits, from + 1) ||
			(known && known != size))
			continue;
		lengths[tap] = size;
		ways = try_all(bits, from + size, length, chain, tap + 1,
			lengths, ret_lengths, ways);
	}
	return ways;
}

static void irs_are_split_if_there_is_one_way(void **state)
{
	unsigned results[3] = {0};

	(void)state;
	for (unsigned i = 0; i < 4 * chains; i++) {
		uint8_t bits[16] = {0};
		struct jtag_chain chain = {0};
		unsigned lengths[8], wanted[8] = {0}, ways;
		size_t length = 0;
		enum jtag_chain_result result;

		random_state = first_seed + i;
		chain.count = 1 + draw(4);
		for (unsigned j = 0; j < chain.count; j++) {
			unsigned size = 2 + draw(8);

			chain.taps[j].ir_bits = draw(4) ? 0 : size;
			bits[length / 8] |= 1 << length % 8;
			for (unsigned k = 2; k < size; k++)
				if (draw(4) == 0)
					bits[(length + k) / 8] |= 1
						<< (length + k) % 8;
			length += size;
		}
		if (draw(4) == 0)
			bits[draw(length) / 8] ^= 1 << draw(8);
		ways = try_all(bits, 0, length, &chain, 0, lengths, wanted, 0);
		result = jtag_chain_split(bits, length, &chain);
		assert_int_equal(result,
			ways == 0          ? JTAG_CHAIN_NO_SPLIT
				: ways > 1 ? JTAG_CHAIN_SEVERAL_SPLITS
					   : JTAG_CHAIN_OK);
		results[ways > 2 ? 2 : ways]++;
		for (unsigned j = 0; j < chain.count && ways == 1; j++)
			assert_int_equal(chain.taps[j].ir_bits, wanted[j]);
	}
	assert_true(chains < 100 || (results[0] && results[1] && results[2]));
}

static void a_split_has_its_limits(void **state)
{
	static uint8_t bits[JTAG_CHAIN_IR / 8 + 1];
	struct jtag_chain chain = {0};

	(void)state;
	assert_int_equal(
		jtag_chain_split(bits, 4, &chain), JTAG_CHAIN_NO_SPLIT);
	chain.count = 1;
	bits[0] = 1;
	assert_int_equal(jtag_chain_split(bits, JTAG_CHAIN_IR + 1, &chain),
		JTAG_CHAIN_NO_SPLIT);
	assert_int_equal(
		jtag_chain_split(bits, JTAG_CHAIN_IR, &chain), JTAG_CHAIN_OK);
	assert_int_equal(chain.taps[0].ir_bits, JTAG_CHAIN_IR);
	/* As many as there can be, of 16 bits each. */
	chain = (struct jtag_chain){.count = JTAG_CHAIN_TAPS};
	for (unsigned i = 0; i < JTAG_CHAIN_TAPS; i++)
		bits[2 * i] = 1;
	assert_int_equal(
		jtag_chain_split(bits, JTAG_CHAIN_IR, &chain), JTAG_CHAIN_OK);
	assert_int_equal(chain.taps[63].ir_bits, 16);
}

static void each_result_has_its_sentence(void **state)
{
	(void)state;
	assert_string_equal(jtag_chain_says(JTAG_CHAIN_OK), "");
	for (unsigned i = JTAG_CHAIN_OK + 1; i <= JTAG_CHAIN_SEVERAL_SPLITS;
		i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(
				jtag_chain_says(i), jtag_chain_says(j));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_is_found_by_its_captured_bits),
		cmocka_unit_test(a_chain_that_does_not_answer_is_told_apart),
		cmocka_unit_test(a_length_is_a_delay),
		cmocka_unit_test(a_length_without_an_answer_is_none),
		cmocka_unit_test(irs_are_split_if_there_is_one_way),
		cmocka_unit_test(a_split_has_its_limits),
		cmocka_unit_test(each_result_has_its_sentence),
	};

	if (argc > 1)
		first_seed = strtoull(argv[1], NULL, 0);
	if (argc > 2)
		chains = strtoul(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
