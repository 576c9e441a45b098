/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests clyde report's statistics against an enumeration of all ways to choose,
   its verdicts, and its reader of JSON: what it accepts and how it refuses the
   rest. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/report/report.h"

static void assert_near(double a, double b, double within)
{
	if (!(fabs(a - b) <= within))
		fail_msg("%.17g and %.17g", a, b);
}

/* ---- Statistics ------------------------------------------------------- */

/* Returns twice U of the values whose bits are set, against the others. */
static int doubled_u(const double *values, unsigned count, unsigned chosen)
{
	int u = 0;

	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < count; j++)
			if (chosen >> i & 1 && !(chosen >> j & 1))
				u += values[i] > values[j]       ? 2
					: values[i] == values[j] ? 1
								 : 0;
	return u;
}

/* Returns the share of all ways to choose a_count values that are at least as
   extreme as the first a_count values. */
static double enumerated(const double *values, unsigned count, unsigned a_count)
{
	int middle = a_count * (count - a_count);
	int off = abs(doubled_u(values, count, (1u << a_count) - 1) - middle);
	unsigned all = 0, far = 0;

	for (unsigned chosen = 0; chosen < 1u << count; chosen++) {
		if ((unsigned)__builtin_popcount(chosen) != a_count)
			continue;
		all++;
		far += abs(doubled_u(values, count, chosen) - middle) >= off;
	}
	return (double)far / all;
}

static void p_is_the_share_of_all_ways_to_choose_with_and_without_ties(
	void **state)
{
	double values[10];

	(void)state;
	srandom(1);
	for (unsigned i = 0; i < 300; i++) {
		unsigned a_count = 1 + random() % 5;
		unsigned count = a_count + 1 + random() % 5;
		unsigned distinct = 1 + random() % 12;

		for (unsigned j = 0; j < count; j++)
			values[j] = random() % distinct;
		assert_near(report_mann_whitney(values, a_count,
				    values + a_count, count - a_count),
			enumerated(values, count, a_count), 1e-12);
	}
}

static void p_of_five_against_five_apart_is_2_of_252(void **state)
{
	const double low[] = {1, 2, 3, 4, 5}, high[] = {6, 7, 8, 9, 10};

	(void)state;
	assert_near(report_mann_whitney(low, 5, high, 5), 2.0 / 252, 1e-12);
	assert_near(report_mann_whitney(low, 5, low, 5), 1, 1e-12);
}

static void the_approximation_for_many_repeats_continues_the_exact_values(
	void **state)
{
	double a[24], b[24];

	(void)state;
	for (unsigned i = 0; i < 24; i++) {
		a[i] = i;
		b[i] = i + 6.5;
	}
	/* 20 and 20 values are computed exactly, 21 and 21 are not. */
	assert_near(report_mann_whitney(a, 20, b, 20),
		report_mann_whitney(a, 21, b, 21), 0.01);
	assert_true(report_mann_whitney(a, 24, b, 24) < 0.05);
}

static struct report_row row(
	enum report_kind kind, bool virtual, double *values, size_t count)
{
	return (struct report_row){
		.kind = kind,
		.virtual = virtual,
		.values = values,
		.count = count,
		.median = report_median(values, count),
	};
}

static enum report_verdict verdict(
	enum report_kind kind, bool virtual, double shift, size_t count)
{
	double a[] = {10, 11, 12, 13, 14, 15, 16};
	double b[] = {10 + shift, 11 + shift, 12 + shift, 13 + shift,
		14 + shift, 15 + shift, 16 + shift};
	struct report_row before = row(kind, virtual, a, count);
	struct report_row after = row(kind, virtual, b, count);

	return report_compare(&before, &after).verdict;
}

static void a_verdict_depends_on_which_direction_is_better(void **state)
{
	(void)state;
	assert_int_equal(verdict(REPORT_RATE, false, 9, 7), REPORT_FASTER);
	assert_int_equal(verdict(REPORT_RATE, false, -9, 7), REPORT_SLOWER);
	assert_int_equal(verdict(REPORT_LATENCY, false, 9, 7), REPORT_SLOWER);
	assert_int_equal(verdict(REPORT_LATENCY, false, -9, 7), REPORT_FASTER);
	assert_int_equal(verdict(REPORT_RATE, false, 0.5, 7), REPORT_NOISE);
}

static void four_repeats_are_too_few_and_five_are_enough(void **state)
{
	(void)state;
	assert_int_equal(verdict(REPORT_RATE, false, 9, 4), REPORT_FEW);
	assert_int_equal(verdict(REPORT_RATE, false, 9, 5), REPORT_FASTER);
}

static void in_virtual_time_one_run_is_enough(void **state)
{
	(void)state;
	assert_int_equal(verdict(REPORT_RATE, true, 0, 1), REPORT_SAME);
	assert_int_equal(verdict(REPORT_RATE, true, 0.01, 1), REPORT_FASTER);
}

/* ---- The reader ------------------------------------------------------- */

static int read_text(const char *text, char why[REPORT_WHY_SIZE])
{
	struct report report = {0};
	int result = report_read(&report, "it", text, strlen(text), why);

	report_free(&report);
	return result;
}

#define RATE(more)                                                   \
	"{\"applet\":\"benchmark\",\"modes\":[{\"mode\":\"source\"," \
	"\"errors\":0,\"ceiling_mib_per_s\":45.2,\"mib_per_s\":" more "}]}"

static void a_rate_is_read(void **state)
{
	char why[REPORT_WHY_SIZE];

	(void)state;
	assert_int_equal(read_text(RATE("45.1"), why), 0);
}

static void a_refused_text_is_reported_with_its_place(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "not JSON"},
		{"{", "not JSON"},
		{RATE("NaN"), "not JSON"},
		{RATE("1e999"), "not JSON"},
		{"{\"a\":1,\"a\":2}", "not JSON"},
		{"\"text\"", "not JSON"},
		{"{}", "neither"},
		{"{\"applet\":\"uart\"}", "neither"},
		{"[]", "nothing was measured"},
		{"[1]", "entry[0]: host is missing"},
		{"{\"applet\":\"benchmark\"}", "modes is missing"},
		{"{\"applet\":\"benchmark\",\"modes\":3}",
			"modes is not a list"},
		{"{\"applet\":\"benchmark\",\"modes\":[]}",
			"nothing was measured"},
		{"{\"applet\":\"benchmark\",\"modes\":[{}]}",
			"modes[0]: mode is missing"},
		{RATE("\"fast\""), "modes[0]: mib_per_s is not a number"},
		{RATE("null"), "modes[0]: mib_per_s is missing"},
		{RATE("-1"), "modes[0]: mib_per_s is out of range"},
		{RATE("1e300"), "modes[0]: mib_per_s is out of range"},
		{RATE("1,\"complete\":7"),
			"modes[0]: complete is neither true nor false"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char why[REPORT_WHY_SIZE];

		assert_int_equal(
			read_text(rows[i].text, why), CLYDE_ERROR_CORRUPT);
		if (strstr(why, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].text, why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			p_is_the_share_of_all_ways_to_choose_with_and_without_ties),
		cmocka_unit_test(p_of_five_against_five_apart_is_2_of_252),
		cmocka_unit_test(
			the_approximation_for_many_repeats_continues_the_exact_values),
		cmocka_unit_test(
			a_verdict_depends_on_which_direction_is_better),
		cmocka_unit_test(four_repeats_are_too_few_and_five_are_enough),
		cmocka_unit_test(in_virtual_time_one_run_is_enough),
		cmocka_unit_test(a_rate_is_read),
		cmocka_unit_test(a_refused_text_is_reported_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
