/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the benchmark's repeats, interval rows and sweeps on the virtual link:
   how many rows there are, and that they add up to the whole exactly. */
#include "tests/support/benchmark-test.h"

#define RUN(uri, ...) run(uri, (const char *const[]){__VA_ARGS__, NULL})

static size_t count(const struct outcome *outcome, const char *group)
{
	size_t rows = 0;

	for (size_t i = 0; i < outcome->count; i++)
		rows += strcmp(outcome->rows[i].group, group) == 0;
	return rows;
}

static const struct row *find(
	const struct outcome *outcome, const char *group, const char *mode)
{
	for (size_t i = 0; i < outcome->count; i++)
		if (strcmp(outcome->rows[i].group, group) == 0 &&
			strcmp(outcome->rows[i].mode, mode) == 0)
			return &outcome->rows[i];
	fail_msg("no %s of %s", group, mode);
	return NULL;
}

/* ---- Repeats ---------------------------------------------------------- */

static void repeats_alternate_between_modes_and_end_with_medians(void **state)
{
	static const char *const order[] = {
		"source", "latency", "source", "latency", "source", "latency"};
	struct outcome *outcome = RUN("virtual:", "modes", "source latency",
		"repeat", "3", "count", "64KiB");
	const struct row *summary = find(outcome, "summaries", "source");

	(void)state;
	assert_int_equal(outcome->result, 0);
	assert_int_equal(outcome->count, 8);
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(outcome->rows[i].group, "modes");
		assert_string_equal(outcome->rows[i].mode, order[i]);
		assert_true(outcome->rows[i].repeat == 1 + i / 2);
	}
	assert_true(summary->mib_per_s == outcome->rows[0].mib_per_s);
	assert_true(summary->minimum == summary->mib_per_s);
	assert_true(summary->maximum == summary->mib_per_s);
	assert_true(find(outcome, "summaries", "latency")->p50_us == 125);
	free(outcome);
}

static void one_run_has_no_summary(void **state)
{
	struct outcome *outcome =
		RUN("virtual:", "modes", "source", "count", "64KiB");

	(void)state;
	assert_int_equal(outcome->count, 1);
	free(outcome);
}

static void an_unplug_keeps_the_rounds_that_are_complete(void **state)
{
	struct outcome *outcome =
		RUN("virtual:configured=1,fault=unplug@100000", "modes",
			"source", "repeat", "50", "count", "1MiB");
	size_t modes = count(outcome, "modes");

	(void)state;
	assert_int_equal(outcome->result, CLYDE_ERROR_NO_DEVICE);
	assert_true(modes > 2 && modes < 50);
	assert_true(find(outcome, "summaries", "source")->mib_per_s > 40);
	free(outcome);
}

static void wrong_data_fails_the_run_and_not_the_other_rounds(void **state)
{
	struct outcome *outcome = RUN("virtual:fault=flip@70001", "modes",
		"source", "repeat", "3", "count", "1MiB");

	(void)state;
	assert_int_equal(outcome->result, CLYDE_ERROR_WRONG_DATA);
	assert_int_equal(count(outcome, "modes"), 3);
	free(outcome);
}

/* ---- Intervals -------------------------------------------------------- */

static void assert_rows_add_up(const char *mode, const char *omit)
{
	struct outcome *outcome = RUN("virtual:", "modes", mode, "interval",
		"20", "count", "4MiB", "omit", omit);
	const struct row *whole = find(outcome, "modes", mode);
	double bytes = 0, trips = 0, end = 0;

	assert_int_equal(outcome->result, 0);
	assert_true(count(outcome, "intervals") >= 3);
	for (size_t i = 0; i < outcome->count; i++) {
		const struct row *row = &outcome->rows[i];

		if (strcmp(row->group, "intervals") != 0)
			continue;
		assert_true(fabs(row->start_s - end) < 1e-12);
		end = row->start_s + row->seconds;
		bytes += row->bytes;
		trips += row->round_trips;
	}
	assert_true(fabs(end - whole->seconds) < 1e-9);
	assert_true(bytes == whole->bytes);
	assert_true(trips == whole->round_trips);
	free(outcome);
}

static void interval_rows_add_up_to_the_whole(void **state)
{
	static const char *const modes[] = {
		"source", "sink", "loopback", "latency"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_rows_add_up(modes[i], "0");
		assert_rows_add_up(modes[i], "2MiB");
	}
}

static void a_row_has_its_actual_duration(void **state)
{
	struct outcome *outcome = RUN("virtual:", "modes", "source", "interval",
		"1", "count", "1MiB", "depth", "1");

	(void)state;
	/* A transfer of 64 KiB takes 1.4 ms, so a row has one or two of
	   them. */
	assert_true(count(outcome, "intervals") >= 8);
	for (size_t i = 0; i + 1 < outcome->count; i++) {
		const struct row *row = &outcome->rows[i];

		assert_true(row->seconds > 0.0012 && row->seconds < 0.0032);
		assert_true(fabs(row->bytes / 1048576 / row->seconds -
				    row->mib_per_s) < 1e-9);
	}
	free(outcome);
}

/* ---- Sweeps ----------------------------------------------------------- */

static void a_sweep_has_the_figures_of_single_runs(void **state)
{
	struct outcome *sweep = RUN("virtual:", "modes", "source", "sweep",
		"yes", "count", "256KiB");
	struct outcome *single = RUN("virtual:", "modes", "source", "count",
		"256KiB", "transfer-size", "4KiB", "depth", "2");
	const struct row *row = &sweep->rows[7];

	(void)state;
	assert_int_equal(count(sweep, "modes"), 25);
	assert_int_equal(count(sweep, "sweeps"), 5);
	assert_true(row->transfer_size == 4096 && row->depth == 2);
	assert_false(row->said);
	assert_true(row->mib_per_s == single->rows[0].mib_per_s);
	assert_true(find(sweep, "sweeps", "source")->pairs == 5);
	assert_true(sweep->rows[5].last_pair == sweep->rows[4].mib_per_s);
	free(sweep);
	free(single);
}

static void latency_is_not_swept_and_keeps_its_settings(void **state)
{
	struct outcome *outcome = RUN("virtual:", "sweep", "yes", "count",
		"16KiB", "depth", "3", "repeat", "2");

	(void)state;
	assert_int_equal(outcome->result, 0);
	assert_int_equal(count(outcome, "modes"), 2 * (3 * 25 + 1));
	assert_int_equal(count(outcome, "summaries"), 3 * 25 + 1);
	assert_int_equal(count(outcome, "sweeps"), 3 * 3 * 5);
	assert_true(find(outcome, "modes", "latency")->depth == 3);
	assert_true(find(outcome, "summaries", "latency")->depth == 3);
	free(outcome);
}

static void a_flag_is_yes_or_no(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	struct clyde_run *applet;

	(void)state;
	assert_int_equal(
		clyde_run_new(fixture.context, "benchmark", &applet), 0);
	assert_int_equal(clyde_run_set(applet, "sweep", "no"), 0);
	assert_int_equal(
		clyde_run_set(applet, "sweep", "perhaps"), CLYDE_ERROR_INVALID);
	assert_says("yes");
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			repeats_alternate_between_modes_and_end_with_medians),
		cmocka_unit_test(one_run_has_no_summary),
		cmocka_unit_test(an_unplug_keeps_the_rounds_that_are_complete),
		cmocka_unit_test(
			wrong_data_fails_the_run_and_not_the_other_rounds),
		cmocka_unit_test(interval_rows_add_up_to_the_whole),
		cmocka_unit_test(a_row_has_its_actual_duration),
		cmocka_unit_test(a_sweep_has_the_figures_of_single_runs),
		cmocka_unit_test(latency_is_not_swept_and_keeps_its_settings),
		cmocka_unit_test(a_flag_is_yes_or_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
