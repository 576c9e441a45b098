/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the tests of runs: a run on a virtual device with A0 wired to A1,
   the state of the device while the applet runs, and the assertion that the run
   has released everything. */
#ifndef TESTS_RUN_TEST_H
#define TESTS_RUN_TEST_H

#include "clyde-test.h"

#include <unistd.h>

#include "wire/core-gpio.h"

struct run_fixture {
	struct fixture fixture;
	struct clyde_run *run;
	/* When the run was started, and when its first record came. */
	int64_t begun_ns, first_record_ns;
	int64_t baud; /* As the applet reported it. */
	uint8_t pins[PIN_COUNT], stream[4], input;
	bool interrupt;
};

/* Records the state of the device when the applet reports its first record. */
static inline void record_state(void *user, const struct clyde_record *record)
{
	struct run_fixture *bench = user;

	(void)record;
	if (bench->first_record_ns)
		return;
	bench->first_record_ns = now_ns(bench->fixture.device);
	clyde_register_read(
		bench->fixture.device, REG_PIN, bench->pins, PIN_COUNT);
	clyde_register_read(
		bench->fixture.device, REG_STREAM, bench->stream, 4);
	clyde_register_read(bench->fixture.device, REG_INPUT + INPUT_UART,
		&bench->input, 1);
	if (bench->interrupt)
		clyde_context_interrupt(bench->fixture.context);
}

static inline void set(struct run_fixture *bench, const char *const *settings)
{
	for (; *settings; settings += 2)
		if (clyde_run_set(bench->run, settings[0], settings[1]) < 0)
			fail_msg("%s", clyde_error_message());
}

static inline void power(struct fixture *fixture)
{
	assert_int_equal(clyde_fpga_load_image(fixture->device), 1);
	assert_int_equal(clyde_supply_set(fixture->device, 3, 3300), 0);
}

static inline struct run_fixture prepare(
	const char *applet, const char *const *settings)
{
	struct run_fixture bench = {.fixture = open_uri("virtual:wire=A0-A1")};

	power(&bench.fixture);
	assert_int_equal(
		clyde_run_new(bench.fixture.context, applet, &bench.run), 0);
	set(&bench, settings);
	return bench;
}

#define PREPARE(applet, ...) \
	prepare(applet, (const char *const[]){__VA_ARGS__, NULL})

/* Starts the run with an empty input and an output that is not read.  Other
   threads than the main one call it, so it must not assert. */
static inline int start(struct run_fixture *bench)
{
	struct clyde_observer observer = {
		.record = record_state, .user = bench};
	int in[2], out[2], result;

	if (pipe(in) < 0 || pipe(out) < 0)
		return -errno;
	close(in[1]);
	clyde_run_attach(bench->run, in[0], out[1]);
	bench->first_record_ns = 0;
	bench->begun_ns = now_ns(bench->fixture.device);
	result = clyde_run_start(
		bench->run, bench->fixture.device, NULL, &observer);
	close(in[0]);
	close(out[0]);
	close(out[1]);
	return result;
}

static inline void assert_released(struct run_fixture *bench)
{
	static const uint8_t zeros[PIN_COUNT];
	uint8_t pins[PIN_COUNT], stream[4], input, down[4], up[4];
	struct clyde_device *device = bench->fixture.device;

	clyde_context_resume(bench->fixture.context);
	assert_int_equal(clyde_register_read(device, REG_PIN, pins, 16), 0);
	assert_int_equal(clyde_register_read(device, REG_STREAM, stream, 4), 0);
	assert_int_equal(
		clyde_register_read(device, REG_INPUT + INPUT_UART, &input, 1),
		0);
	assert_int_equal(clyde_pulls_get(device, down, up), 0);
	assert_memory_equal(pins, zeros, sizeof(pins));
	assert_memory_equal(stream, zeros, sizeof(stream));
	assert_int_equal(input, 0);
	assert_int_equal(up[0] | down[0], 0);
	close_fixture(&bench->fixture);
}

#endif
