/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests which sentence clyde_error_message() returns: that of the last failed
 * call of the thread, whatever succeeds after it and whatever a callback does.
 * Also tests which calls a log callback must not make.
 */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#include "lib/base/inside.h"
#include "lib/base/internal.h"

#define OWN "a sentence of its own"

static int fail_with(const char *sentence, int error)
{
	return sentence ? set_error(error, "%s", sentence) : error;
}

static int fail_and_succeed(void)
{
	set_error(CLYDE_ERROR_IO, "what was tried first");
	return 0;
}

static int fail_inside(struct clyde_context *handle)
{
	return CALL(context, handle, fail_with(OWN, CLYDE_ERROR_IO));
}

static int fail_and_tidy_up(
	struct clyde_context *handle, struct clyde_device *other)
{
	int result = fail_inside(handle);
	int64_t now;

	assert_int_equal(clyde_device_now(other, &now), 0);
	return result;
}

static void a_sentence_stays_until_a_call_fails(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	int64_t now;

	(void)state;
	assert_int_equal(
		clyde_device_open(fixture.context, "nonesuch:", NULL, NULL),
		CLYDE_ERROR_INVALID);
	assert_says("nonesuch");
	assert_int_equal(clyde_device_now(fixture.device, &now), 0);
	assert_says("nonesuch");
	assert_int_equal(CALL(context, fixture.context, fail_and_succeed()), 0);
	assert_says("nonesuch");
	clyde_device_close(fixture.device);
	clyde_device_close(fixture.device);
	assert_says("nonesuch");
	close_fixture(&fixture);
	assert_says("nonesuch");
	assert_int_equal(
		clyde_close_token(clyde_context_token(fixture.context)),
		CLYDE_ERROR_CLOSED);
	assert_string_equal(clyde_error_message(), "it is closed");
}

static void a_failure_does_not_get_the_sentence_of_an_earlier_one(void **state)
{
	struct fixture fixture = open_uri("virtual:");

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(CALL(context, fixture.context,
					 fail_with(OWN, CLYDE_ERROR_STALL)),
			CLYDE_ERROR_STALL);
		assert_string_equal(clyde_error_message(), OWN);
		assert_int_equal(CALL(context, fixture.context,
					 fail_with(NULL, CLYDE_ERROR_STALL)),
			CLYDE_ERROR_STALL);
		assert_string_equal(
			clyde_error_message(), "the endpoint stalled");
		assert_int_equal(PINNED(context, fixture.context,
					 fail_with(OWN, CLYDE_ERROR_IO)),
			CLYDE_ERROR_IO);
		assert_int_equal(PINNED(context, fixture.context,
					 fail_with(NULL, CLYDE_ERROR_IO)),
			CLYDE_ERROR_IO);
		assert_string_equal(
			clyde_error_message(), error_text(CLYDE_ERROR_IO));
	}
	/* Nor does it get the sentence of the failure before that. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(CALL(context, fixture.context,
					 fail_with(OWN, CLYDE_ERROR_STALL)),
			CLYDE_ERROR_STALL);
	assert_int_equal(CALL(context, fixture.context,
				 fail_with(NULL, CLYDE_ERROR_STALL)),
		CLYDE_ERROR_STALL);
	assert_string_equal(clyde_error_message(), "the endpoint stalled");
	close_fixture(&fixture);
}

/* An applet's calls are made inside clyde_run_start(). */
static void a_call_inside_a_call_keeps_the_sentence_of_an_earlier_one(
	void **state)
{
	struct fixture fixture = open_uri("virtual:");

	(void)state;
	assert_int_equal(
		PINNED(context, fixture.context,
			fail_and_tidy_up(fixture.context, fixture.device)),
		CLYDE_ERROR_IO);
	assert_string_equal(clyde_error_message(), OWN);
	close_fixture(&fixture);
}

/* ---- Log callbacks ---------------------------------------------------- */

static struct {
	struct fixture fixture, other;
	struct clyde_run *run;
	unsigned lines;
	unsigned calls; /* Calls that were not refused. */
} log_state;

static void count_if_not_refused(ssize_t result)
{
	if (result != CLYDE_ERROR_INSIDE || clyde_error_message()[0] == '\0')
		log_state.calls++;
}

static void call_back(void *user, enum clyde_log_level level, int64_t time_ns,
	const char *line)
{
	struct clyde_device *device;
	struct clyde_run *run;
	int64_t now;

	(void)user;
	(void)level;
	(void)time_ns;
	(void)line;
	log_state.lines++;
	count_if_not_refused(
		clyde_run_claim(log_state.run, log_state.fixture.device));
	count_if_not_refused(clyde_run_start(
		log_state.run, log_state.fixture.device, NULL, NULL));
	count_if_not_refused(clyde_run_check(log_state.run, NULL));
	count_if_not_refused(clyde_run_set(log_state.run, "count", "1KiB"));
	count_if_not_refused(
		clyde_run_new(log_state.fixture.context, "benchmark", &run));
	count_if_not_refused(clyde_device_now(log_state.fixture.device, &now));
	count_if_not_refused(clyde_device_real_time(log_state.fixture.device));
	/* The other context's callback may be waiting for this context. */
	count_if_not_refused(clyde_device_now(log_state.other.device, &now));
	count_if_not_refused(clyde_device_open(
		log_state.other.context, "virtual:", NULL, &device));
	count_if_not_refused(clyde_close_token(
		clyde_context_token(log_state.other.context)));
}

static void open_log(const char *uri, enum clyde_log_level level)
{
	memset(&log_state, 0, sizeof(log_state));
	log_state.fixture = open_uri(uri);
	log_state.other = open_uri("virtual:");
	assert_int_equal(clyde_run_new(log_state.fixture.context, "benchmark",
				 &log_state.run),
		0);
	assert_int_equal(clyde_context_log(log_state.fixture.context, level,
				 call_back, NULL),
		0);
}

static void close_log(void)
{
	assert_true(log_state.lines > 0);
	assert_int_equal(log_state.calls, 0);
	assert_int_equal(clyde_context_log(log_state.fixture.context,
				 CLYDE_LOG_OFF, NULL, NULL),
		0);
	clyde_context_close(log_state.other.context);
	close_fixture(&log_state.fixture);
}

static void a_log_callback_cannot_call_into_any_context(void **state)
{
	(void)state;
	open_log("virtual:", CLYDE_LOG_TRACE);
	assert_int_equal(clyde_fpga_load_image(log_state.fixture.device), 1);
	assert_int_equal(clyde_run_set(log_state.run, "count", "16KiB"), 0);
	assert_int_equal(clyde_run_start(log_state.run,
				 log_state.fixture.device, NULL, NULL),
		0);
	close_log();
}

static void a_failure_keeps_its_sentence_over_a_log_callback(void **state)
{
	struct clyde_pipe *pipe;
	uint8_t byte;

	(void)state;
	open_log("virtual:configured=1,fault=halt@t1/0x86", CLYDE_LOG_ERROR);
	assert_int_equal(clyde_pipe_open(log_state.fixture.device,
				 CLYDE_PIPE_EP6_IN, NULL, &pipe),
		0);
	assert_true(clyde_pipe_read(pipe, &byte, 1, 1000) < 0);
	assert_says("good up to byte");
	close_log();
}

/* clyde_run_claim() and clyde_run_start() must be refused for every reason for
   which the thread holds the lock. */
static void a_call_that_holds_the_lock_does_not_lose_it(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	struct clyde_context *context = fixture.context;
	struct clyde_run *run;

	(void)state;
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	assert_int_equal(object_enter(&context), 0);
	assert_int_equal(object_lock(&context->object), CLYDE_ERROR_INSIDE);
	assert_int_equal(
		clyde_run_claim(run, fixture.device), CLYDE_ERROR_INSIDE);
	assert_int_equal(clyde_run_start(run, fixture.device, NULL, NULL),
		CLYDE_ERROR_INSIDE);
	assert_says("it would wait for itself");
	assert_int_equal(inside()->runs, 0);
	assert_int_equal(pthread_mutex_lock(&context->tree.lock), EDEADLK);
	object_leave(&context->object);
	assert_int_equal(clyde_run_claim(run, fixture.device), 0);
	close_fixture(&fixture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentence_stays_until_a_call_fails),
		cmocka_unit_test(
			a_failure_does_not_get_the_sentence_of_an_earlier_one),
		cmocka_unit_test(
			a_call_inside_a_call_keeps_the_sentence_of_an_earlier_one),
		cmocka_unit_test(a_log_callback_cannot_call_into_any_context),
		cmocka_unit_test(
			a_failure_keeps_its_sentence_over_a_log_callback),
		cmocka_unit_test(a_call_that_holds_the_lock_does_not_lose_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
