/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the parser of remote_bitbang: what clocks, samples, resets and delays the
   characters of a client are, however they are cut into pieces. */
#include "tests/support/clyde-test.h"

#include "applets/jtag-openocd/bitbang.h"

static struct bitbang bitbang;
static struct bitbang_batch batch;

static int begin(void **state)
{
	(void)state;
	bitbang_init(&bitbang);
	bitbang_clear(&batch);
	return 0;
}

static enum bitbang_result take(const char *text, size_t expected)
{
	enum bitbang_result result;

	assert_int_equal(bitbang_take(&bitbang, &batch, (const uint8_t *)text,
				 strlen(text), &result),
		expected);
	return result;
}

/* All characters are taken, one at a time. */
static void feed(const char *text)
{
	for (; *text; text++) {
		const char one[2] = {*text};

		assert_int_equal(take(one, 1), BITBANG_MORE);
	}
}

static void assert_bits(const uint8_t *bits, const char *expected)
{
	assert_int_equal(batch.clocks, strlen(expected));
	for (size_t i = 0; expected[i]; i++)
		assert_int_equal(bits[i / 8] >> i % 8 & 1, expected[i] - '0');
}

static void a_clock_is_a_rising_edge(void **state)
{
	(void)state;
	assert_true(bitbang_is_empty(&batch));
	/* Levels without an edge, and changes while TCK is high, are none. */
	feed("0123"
	     "15"
	     "4567"
	     "26"
	     "37"
	     "04"
	     "1"
	     "3"
	     "15");
	assert_bits(batch.tms, "01100");
	assert_bits(batch.tdi, "10101");
	assert_true(batch.high);
	feed("0");
	assert_false(batch.high);
	assert_false(bitbang_is_empty(&batch));
}

static void samples_are_of_the_clock_around_which_tdo_is_steady(void **state)
{
	static const uint8_t tdo[] = {0x05};
	uint8_t answers[6];

	(void)state;
	/* As OpenOCD scans: a sample while TCK is low, then the edge. */
	feed("0R4"
	     "0R4"
	     "1R5");
	assert_int_equal(batch.samples_count, 3);
	bitbang_answer(&batch, tdo, false, false, answers);
	assert_memory_equal(answers, "101", 3);
	assert_false(bitbang_asks_now(&batch));
	/* While it is high, before and after the falling edge. */
	feed("R"
	     "0R"
	     "R");
	assert_int_equal(batch.samples_count, 6);
	assert_true(bitbang_asks_now(&batch));
	bitbang_answer(&batch, tdo, false, false, answers);
	assert_memory_equal(answers, "101100", 6);
	bitbang_answer(&batch, tdo, true, false, answers);
	assert_memory_equal(answers, "101111", 6);
}

static void a_sample_may_be_of_the_batch_before(void **state)
{
	uint8_t answer;

	(void)state;
	feed("04");
	assert_true(batch.high);
	bitbang_clear(&batch);
	assert_true(bitbang_is_empty(&batch));
	feed("R");
	assert_true(bitbang_asks_before(&batch));
	assert_false(bitbang_asks_now(&batch));
	bitbang_answer(&batch, NULL, false, true, &answer);
	assert_int_equal(answer, '1');
	bitbang_answer(&batch, NULL, true, false, &answer);
	assert_int_equal(answer, '0');
}

static void resets_and_delays_close_a_batch(void **state)
{
	(void)state;
	feed("04"
	     "t"
	     "ZZz");
	assert_true(batch.resets && batch.trst && !batch.srst);
	assert_int_equal(batch.delay_us, 2001);
	/* What is behind them belongs to the next batch; levels do not. */
	assert_int_equal(take("0R", 1), BITBANG_FULL);
	assert_int_equal(take("4", 0), BITBANG_FULL);
	assert_int_equal(take("r", 0), BITBANG_FULL);
	bitbang_clear(&batch);
	feed("s");
	assert_true(batch.resets && !batch.trst && batch.srst);
	assert_int_equal(take("u", 0), BITBANG_FULL);
	bitbang_clear(&batch);
	feed("u");
	assert_true(batch.resets && batch.trst && batch.srst);
	bitbang_clear(&batch);
	feed("r");
	assert_true(batch.resets && !batch.trst && !batch.srst);
}

static void delays_have_a_limit(void **state)
{
	(void)state;
	for (unsigned i = 0; i < BITBANG_DELAY_MAX_US / 1000; i++)
		feed("Z");
	assert_int_equal(batch.delay_us, BITBANG_DELAY_MAX_US);
	assert_int_equal(take("z", 0), BITBANG_FULL);
	bitbang_clear(&batch);
	feed("z");
}

static void a_batch_has_so_many_clocks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < BITBANG_CLOCKS_MAX; i++)
		feed("15");
	assert_int_equal(batch.clocks, BITBANG_CLOCKS_MAX);
	/* A sample of the last clock fits, one of the next does not. */
	feed("R");
	assert_int_equal(take("0R4", 1), BITBANG_FULL);
	assert_int_equal(take("4", 0), BITBANG_FULL);
	bitbang_clear(&batch);
	feed("R4");
	assert_int_equal(batch.clocks, 1);
}

static void a_batch_has_so_many_samples(void **state)
{
	(void)state;
	for (unsigned i = 0; i < BITBANG_SAMPLES_MAX; i++)
		feed("R");
	assert_int_equal(take("R", 0), BITBANG_FULL);
	assert_int_equal(batch.samples_count, BITBANG_SAMPLES_MAX);
}

static void what_openocd_has_not_sent_yet_is_known(void **state)
{
	(void)state;
	feed("B");
	assert_int_equal(bitbang.gathered, 0);
	for (unsigned i = 0; i < BITBANG_SEND_SIZE / 2; i++)
		feed("04");
	assert_int_equal(bitbang.gathered, BITBANG_SEND_SIZE);
	feed("04b");
	assert_int_equal(bitbang.gathered, 0);
}

static void a_client_leaves_or_sends_what_it_must_not(void **state)
{
	(void)state;
	assert_int_equal(take("04Q04", 3), BITBANG_QUIT);
	assert_int_equal(batch.clocks, 1);
	assert_int_equal(take("0GET", 2), BITBANG_UNKNOWN);
	assert_int_equal(bitbang.unknown, 'G');
	assert_int_equal(take("\n", 1), BITBANG_UNKNOWN);
	assert_int_equal(take("", 0), BITBANG_MORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_clock_is_a_rising_edge, begin),
		cmocka_unit_test_setup(
			samples_are_of_the_clock_around_which_tdo_is_steady,
			begin),
		cmocka_unit_test_setup(
			a_sample_may_be_of_the_batch_before, begin),
		cmocka_unit_test_setup(resets_and_delays_close_a_batch, begin),
		cmocka_unit_test_setup(delays_have_a_limit, begin),
		cmocka_unit_test_setup(a_batch_has_so_many_clocks, begin),
		cmocka_unit_test_setup(a_batch_has_so_many_samples, begin),
		cmocka_unit_test_setup(
			what_openocd_has_not_sent_yet_is_known, begin),
		cmocka_unit_test_setup(
			a_client_leaves_or_sends_what_it_must_not, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
