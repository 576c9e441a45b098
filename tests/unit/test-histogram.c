/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the histogram of durations: its percentiles against those of the sorted
   values, its mean and deviation against sums computed in another way. */
#include "tests/support/clyde-test.h"

#include <math.h>
#include <stdlib.h>

#include "applets/benchmark/histogram.h"

#define COUNT 20000

static struct histogram histogram;
static uint64_t values[COUNT];

static uint64_t random_u64(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	/* Xorshift64. */
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static double random_unit(void)
{
	return (random_u64() >> 11) * 0x1p-53;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void assert_near(double value, double expected, double error)
{
	if (!(fabs(value - expected) <= error * expected))
		fail_msg("%g is not within %g %% of %g", value, error * 100,
			expected);
}

/* Adds all values to a histogram, and compares each percentile with the sorted
   value of that rank. */
static void assert_percentiles(size_t count)
{
	static const double shares[] = {
		0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1};

	memset(&histogram, 0, sizeof(histogram));
	for (size_t i = 0; i < count; i++)
		histogram_add(&histogram, values[i]);
	qsort(values, count, sizeof(*values), compare);
	assert_true(histogram.min == values[0]);
	assert_true(histogram.max == values[count - 1]);
	assert_int_equal(histogram.count, count);
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
		size_t rank = ceil(shares[i] * count);
		uint64_t expected = values[rank > 0 ? rank - 1 : 0];
		uint64_t got = histogram_percentile(&histogram, shares[i]);

		assert_near(got, expected, 0.008);
		assert_true(got >= values[0] && got <= values[count - 1]);
	}
}

static void percentiles_of_a_uniform_distribution_are_close(void **state)
{
	(void)state;
	for (uint64_t span = 10; span < UINT64_C(1) << 60; span *= 1000) {
		for (size_t i = 0; i < COUNT; i++)
			values[i] = span + random_u64() % (9 * span);
		assert_percentiles(COUNT);
	}
}

static void percentiles_of_a_long_tail_are_close(void **state)
{
	(void)state;
	/* Exponential with mean 500 us, and log-uniform over nine decades. */
	for (size_t i = 0; i < COUNT; i++)
		values[i] = -500e3 * log(1 - random_unit());
	assert_percentiles(COUNT);
	for (size_t i = 0; i < COUNT; i++)
		values[i] = exp(log(1e9) * random_unit());
	assert_percentiles(COUNT);
}

static void percentiles_of_two_peaks_are_close(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		values[i] = (i % 100 ? 125000 : 89244000) + random_u64() % 900;
	assert_percentiles(COUNT);
}

static void percentiles_of_few_values_are_close(void **state)
{
	(void)state;
	for (size_t count = 1; count <= 20; count++) {
		for (size_t i = 0; i < count; i++)
			values[i] = random_u64() % 1000000;
		assert_percentiles(count);
	}
	values[0] = 0;
	assert_percentiles(1);
	values[0] = UINT64_MAX;
	assert_percentiles(1);
	values[0] = 0;
	values[1] = UINT64_MAX;
	assert_percentiles(2);
}

static void values_below_128_ns_are_exact(void **state)
{
	(void)state;
	for (uint64_t ns = 0; ns < 128; ns++) {
		memset(&histogram, 0, sizeof(histogram));
		histogram_add(&histogram, 1000000);
		histogram_add(&histogram, 0);
		histogram_add(&histogram, ns);
		assert_int_equal(histogram_percentile(&histogram, 0.5), ns);
	}
}

/* Values around every power of two, where the width of the buckets changes. */
static void no_value_is_more_than_a_bucket_from_its_own(void **state)
{
	(void)state;
	for (unsigned bit = 1; bit < 64; bit++)
		for (int offset = -3; offset <= 3; offset++) {
			uint64_t ns = (UINT64_C(1) << bit) + offset;

			memset(&histogram, 0, sizeof(histogram));
			histogram_add(&histogram, 0);
			histogram_add(&histogram, ns);
			histogram_add(&histogram, UINT64_MAX);
			assert_near(histogram_percentile(&histogram, 0.5), ns,
				0.008);
		}
}

static void buckets_are_in_order_and_begin_at_0(void **state)
{
	(void)state;
	assert_int_equal(histogram_floor(0), 0);
	for (size_t i = 1; i < HISTOGRAM_BUCKETS; i++)
		assert_true(histogram_floor(i) > histogram_floor(i - 1));
	/* 0 to 63, then 64 for each power of two: (64 + 36) << 3 = 800. */
	assert_int_equal(histogram_floor(63), 63);
	assert_int_equal(histogram_floor(64), 64);
	assert_int_equal(histogram_floor(64 + 3 * 64 + 36), 800);
}

static void each_value_is_in_the_bucket_that_begins_at_or_below_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t ns = random_u64() >> random_u64() % 64;
		size_t at = 0;

		memset(&histogram, 0, sizeof(histogram));
		histogram_add(&histogram, ns);
		while (histogram.bucket[at] == 0)
			at++;
		assert_true(histogram_floor(at) <= ns);
		if (at + 1 < HISTOGRAM_BUCKETS)
			assert_true(histogram_floor(at + 1) > ns);
	}
}

/* 2 4 4 4 5 5 7 9: mean 5, sum of squares 32, deviation 2. */
static void mean_and_deviation_are_those_of_the_values(void **state)
{
	static const uint64_t eight[] = {2, 4, 4, 4, 5, 5, 7, 9};

	(void)state;
	memset(&histogram, 0, sizeof(histogram));
	for (size_t i = 0; i < 8; i++)
		histogram_add(&histogram, eight[i]);
	assert_near(histogram.mean, 5, 1e-12);
	assert_near(histogram_stddev(&histogram), 2, 1e-12);
	/* The same values far from zero, where a sum of squares would lose the
	   deviation. */
	memset(&histogram, 0, sizeof(histogram));
	for (size_t i = 0; i < 8; i++)
		histogram_add(&histogram, 1000000000000 + eight[i]);
	assert_near(histogram_stddev(&histogram), 2, 1e-3);
	assert_near(histogram.mean, 1000000000005, 1e-12);
}

static void without_values_all_results_are_zero(void **state)
{
	(void)state;
	memset(&histogram, 0, sizeof(histogram));
	assert_int_equal(histogram_percentile(&histogram, 0.5), 0);
	assert_int_equal(histogram_percentile(&histogram, 1), 0);
	assert_true(histogram_stddev(&histogram) == 0);
	histogram_add(&histogram, 7);
	assert_true(histogram_stddev(&histogram) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			percentiles_of_a_uniform_distribution_are_close),
		cmocka_unit_test(percentiles_of_a_long_tail_are_close),
		cmocka_unit_test(percentiles_of_two_peaks_are_close),
		cmocka_unit_test(percentiles_of_few_values_are_close),
		cmocka_unit_test(values_below_128_ns_are_exact),
		cmocka_unit_test(no_value_is_more_than_a_bucket_from_its_own),
		cmocka_unit_test(buckets_are_in_order_and_begin_at_0),
		cmocka_unit_test(
			each_value_is_in_the_bucket_that_begins_at_or_below_it),
		cmocka_unit_test(mean_and_deviation_are_those_of_the_values),
		cmocka_unit_test(without_values_all_results_are_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
