/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the benchmark applet on the virtual link, from the application to the
   core's model and back.  Time is virtual there, so exact figures are
   asserted. */
#include "tests/support/benchmark-test.h"

/* Runs modes and returns only what they reported. */
static struct outcome run_modes(const char *uri, const char *const *settings)
{
	struct outcome *outcome = run(uri, settings), copy = *outcome;

	free(outcome);
	for (size_t i = 0; i < copy.count; i++)
		assert_string_equal(copy.rows[i].group, "modes");
	return copy;
}

#define RUN(uri, ...) run_modes(uri, (const char *const[]){__VA_ARGS__, NULL})

static double rate(const char *mode, const char *depth, const char *size)
{
	struct outcome outcome = RUN("virtual:", "modes", mode, "depth", depth,
		"transfer-size", size);

	assert_int_equal(outcome.result, 0);
	assert_int_equal(outcome.rows[0].errors, 0);
	assert_true(outcome.rows[0].complete);
	return outcome.rows[0].mib_per_s;
}

static void the_default_run_reaches_the_rate_of_the_fifo_bus(void **state)
{
	struct outcome outcome =
		run_modes("virtual:", (const char *const[]){NULL});

	(void)state;
	assert_int_equal(outcome.result, 0);
	assert_int_equal(outcome.count, 4);
	/* 518 cycles for 512 B at 48 MHz are 45.246 MiB/s, 516: 45.421. */
	assert_string_equal(outcome.rows[0].mode, "source");
	assert_true(outcome.rows[0].mib_per_s >= 45.2);
	assert_true(fabs(outcome.rows[0].ceiling - 45.246) < 0.001);
	assert_string_equal(outcome.rows[1].mode, "sink");
	/* A register read ends the sink's time. */
	assert_true(outcome.rows[1].mib_per_s >= 45.1);
	assert_true(fabs(outcome.rows[1].ceiling - 45.246) < 0.001);
	assert_string_equal(outcome.rows[2].mode, "loopback");
	assert_true(outcome.rows[2].mib_per_s >= 45.4);
	assert_true(fabs(outcome.rows[2].ceiling - 45.421) < 0.001);
	for (size_t i = 0; i < 3; i++) {
		assert_true(
			outcome.rows[i].mib_per_s < outcome.rows[i].ceiling);
		assert_int_equal(outcome.rows[i].bytes, 8 << 20);
		assert_int_equal(outcome.rows[i].errors, 0);
		assert_true(isnan(outcome.rows[i].cpu_share));
	}
	assert_string_equal(outcome.rows[3].mode, "latency");
	assert_int_equal(outcome.rows[3].round_trips, 8192);
}

static void a_round_trip_takes_one_microframe(void **state)
{
	struct outcome outcome = RUN("virtual:", "modes", "latency");

	(void)state;
	assert_true(outcome.rows[0].p50_us == 125.0);
	assert_true(outcome.rows[0].max_us == 125.0);
}

static void an_idle_flush_of_125_us_costs_another_microframe(void **state)
{
	struct outcome outcome =
		RUN("virtual:", "modes", "latency", "idle-flush", "125");

	(void)state;
	assert_true(outcome.rows[0].p50_us == 250.0);
}

static void the_queue_decides_the_rate(void **state)
{
	double packet = rate("source", "1", "512");
	double one = rate("source", "1", "64KiB");
	double two = rate("source", "2", "64KiB");

	(void)state;
	/* One packet a microframe is 3.9 MiB/s. */
	assert_true(packet < 5 && packet > 3.8);
	assert_true(one > packet && one < 45);
	assert_true(two > one);
}

static void a_host_that_fits_fewer_packets_is_slower(void **state)
{
	struct outcome eleven = RUN("virtual:packets=11", "modes", "source");
	struct outcome ten = RUN("virtual:packets=10", "modes", "source");

	(void)state;
	/* 11 and 10 packets of 512 B in 125 us. */
	assert_true(fabs(eleven.rows[0].mib_per_s - 42.97) < 0.05);
	assert_true(fabs(ten.rows[0].mib_per_s - 39.06) < 0.05);
}

static void no_rate_exceeds_the_ceiling(void **state)
{
	static const char *const counts[] = {
		"1", "512", "513", "64KiB", "100000", "1MiB", "1000003"};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct outcome outcome = RUN("virtual:", "count", counts[i]);

		assert_int_equal(outcome.result, 0);
		for (size_t j = 0; j < 3; j++)
			assert_true(outcome.rows[j].mib_per_s <=
				outcome.rows[j].ceiling);
	}
}

static void warm_up_is_not_counted(void **state)
{
	struct outcome outcome =
		RUN("virtual:", "count", "1MiB", "omit", "1MiB");

	(void)state;
	assert_int_equal(outcome.result, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(outcome.rows[i].bytes, 1 << 20);
		assert_true(outcome.rows[i].mib_per_s > 43.5);
	}
	assert_int_equal(outcome.rows[3].round_trips, 1024);
}

static void the_same_run_gives_the_same_figures(void **state)
{
	struct outcome first =
		run_modes("virtual:", (const char *const[]){NULL});
	struct outcome second =
		run_modes("virtual:", (const char *const[]){NULL});

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(first.rows[i].text, second.rows[i].text);
}

static void a_gap_is_reported_with_its_place_and_size(void **state)
{
	static const char *const modes[] = {"source", "sink", "loopback"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct outcome outcome = RUN(
			"virtual:fault=drop@0x4000:0x400", "modes", modes[i]);

		assert_int_equal(outcome.result, CLYDE_ERROR_WRONG_DATA);
		assert_int_equal(outcome.rows[0].errors, 1);
		assert_int_equal(outcome.rows[0].bad_offset, 0x4000);
		assert_int_equal(outcome.rows[0].gap, 0x400);
		assert_false(outcome.rows[0].complete);
		assert_non_null(strstr(outcome.error, modes[i]));
		assert_non_null(strstr(outcome.error, "offset 0x4000"));
		assert_non_null(strstr(outcome.error, "gap of 0x400 bytes"));
	}
}

static void a_flipped_bit_is_not_reported_as_a_gap(void **state)
{
	static const char *const modes[] = {
		"source", "sink", "loopback", "latency"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct outcome outcome =
			RUN("virtual:fault=flip@70001", "modes", modes[i]);

		assert_int_equal(outcome.result, CLYDE_ERROR_WRONG_DATA);
		assert_int_equal(outcome.rows[0].bad_offset, 70001);
		assert_int_equal(outcome.rows[0].gap, 0);
		assert_non_null(strstr(outcome.error, "after 1 bad byte,"));
	}
}

static void a_repeated_packet_is_reported_with_its_place_and_size(void **state)
{
	static const char *const modes[] = {"source", "sink", "loopback"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct outcome outcome =
			RUN("virtual:fault=repeat@0x4100", "modes", modes[i]);

		assert_int_equal(outcome.result, CLYDE_ERROR_WRONG_DATA);
		assert_int_equal(outcome.rows[0].errors, 1);
		assert_true(outcome.rows[0].bad_offset == 0x4200);
		assert_true(outcome.rows[0].gap == -0x200);
		assert_non_null(strstr(outcome.error,
			"offset 0x4200: expected 0x39, got 0xbe; the sequence "
			"resumes at 0x4000: 0x200 bytes came twice"));
	}
}

/* The applet must also find bytes that come after the last expected one. */
static void a_repeat_of_the_last_packet_is_reported(void **state)
{
	static const char *const modes[] = {"sink", "loopback"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct outcome outcome = RUN("virtual:fault=repeat@0xffff",
			"modes", modes[i], "count", "64KiB");

		assert_int_equal(outcome.result, CLYDE_ERROR_WRONG_DATA);
		assert_true(outcome.rows[0].bad_offset == 0x10000);
		assert_true(outcome.rows[0].gap == -0x200);
	}
}

static void a_gap_beyond_4_gib_is_reported_with_its_place(void **state)
{
	/* The sink's counters have 32 bits; the reported offset must have
	   more. */
	struct outcome outcome = RUN("virtual:fault=drop@4294970000:5", "modes",
		"sink", "count", "4200MiB");

	(void)state;
	assert_int_equal(outcome.result, CLYDE_ERROR_WRONG_DATA);
	assert_true(outcome.rows[0].bad_offset == 4294970000.0);
	assert_int_equal(outcome.rows[0].gap, 5);
}

static void unplugging_ends_with_a_partial_result(void **state)
{
	static const char *const modes[] = {
		"source", "sink", "loopback", "latency"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct outcome outcome =
			RUN("virtual:configured=1,fault=unplug@50000", "modes",
				modes[i]);

		assert_int_equal(outcome.result, CLYDE_ERROR_NO_DEVICE);
		assert_int_equal(outcome.count, 1);
		assert_false(outcome.rows[0].complete);
		assert_true(outcome.rows[0].bytes > 1000000 ||
			outcome.rows[0].round_trips > 300);
		assert_non_null(strstr(outcome.error, "unplugged"));
	}
}

static void bad_settings_are_refused_with_the_right_values(void **state)
{
	static const struct {
		const char *name, *value, *says;
	} bad[] = {
		{"count", "0", "1.."},
		{"count", "12x", "8MiB"},
		{"count", "-1", "8MiB"},
		{"count", "", "8MiB"},
		{"count", "18446744073709551616", "1.."},
		{"count", "17179869184GiB", "1.."},
		{"depth", "0", "1..1024"},
		{"depth", "100000", "1..1024"},
		{"depth", "1KiB", "not a number"},
		{"transfer-size", "513", "multiple of 512"},
		{"transfer-size", "8MiB", "512..4MiB"},
		{"modes", "sauce", "source sink loopback latency"},
		{"idle-flush", "1366", "0..1365"},
		{"speed", "9", "no parameter"},
	};
	struct fixture fixture = open_uri("virtual:");
	struct clyde_run *applet;

	(void)state;
	assert_int_equal(clyde_run_new(fixture.context, "bench", &applet),
		CLYDE_ERROR_INVALID);
	assert_int_equal(
		clyde_run_new(fixture.context, "benchmark", &applet), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(
			clyde_run_set(applet, bad[i].name, bad[i].value),
			CLYDE_ERROR_INVALID);
		assert_says(bad[i].says);
	}
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_default_run_reaches_the_rate_of_the_fifo_bus),
		cmocka_unit_test(a_round_trip_takes_one_microframe),
		cmocka_unit_test(
			an_idle_flush_of_125_us_costs_another_microframe),
		cmocka_unit_test(the_queue_decides_the_rate),
		cmocka_unit_test(a_host_that_fits_fewer_packets_is_slower),
		cmocka_unit_test(no_rate_exceeds_the_ceiling),
		cmocka_unit_test(warm_up_is_not_counted),
		cmocka_unit_test(the_same_run_gives_the_same_figures),
		cmocka_unit_test(a_gap_is_reported_with_its_place_and_size),
		cmocka_unit_test(a_flipped_bit_is_not_reported_as_a_gap),
		cmocka_unit_test(
			a_repeated_packet_is_reported_with_its_place_and_size),
		cmocka_unit_test(a_repeat_of_the_last_packet_is_reported),
		cmocka_unit_test(a_gap_beyond_4_gib_is_reported_with_its_place),
		cmocka_unit_test(unplugging_ends_with_a_partial_result),
		cmocka_unit_test(
			bad_settings_are_refused_with_the_right_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
