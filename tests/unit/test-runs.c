/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests two runs at once on one device, each on a thread of its own. */
#include "tests/support/run-test.h"

#include <pthread.h>

struct pair {
	struct run_fixture one, other;
	pthread_barrier_t ready;
	int result; /* The result of the other run. */
};

static void *start_second(void *user)
{
	struct pair *pair = user;

	pthread_barrier_wait(&pair->ready);
	pair->result = start(&pair->other);
	return NULL;
}

/* Starts both runs; returns the result of the first. */
static int start_pair(struct pair *pair)
{
	pthread_t thread;
	int result;

	assert_int_equal(
		clyde_run_claim(pair->one.run, pair->one.fixture.device), 0);
	assert_int_equal(
		clyde_run_claim(pair->other.run, pair->one.fixture.device), 0);
	assert_int_equal(pthread_create(&thread, NULL, start_second, pair), 0);
	pthread_barrier_wait(&pair->ready);
	result = start(&pair->one);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return result;
}

static struct pair prepare_pair(
	const char *const *settings, const char *const *watch)
{
	struct pair pair = {.one = prepare("uart", settings)};

	pair.other.fixture = pair.one.fixture;
	assert_int_equal(clyde_run_new(pair.one.fixture.context, "gpio",
				 &pair.other.run),
		0);
	set(&pair.other, watch);
	pthread_barrier_init(&pair.ready, NULL, 2);
	return pair;
}

static void runs_that_begin_at_the_same_time_all_have_their_streams(
	void **state)
{
	struct pair pair = prepare_pair(
		(const char *const[]){"tx", "A0", "rx", "A1", NULL},
		(const char *const[]){"action", "watch", "action", "A1", "for",
			"100us", NULL});

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(start_pair(&pair), 0);
		assert_int_equal(pair.result, 0);
		assert_int_equal(pair.one.stream[0], CORE_UART);
		assert_int_equal(pair.one.stream[2], CORE_UART);
	}
	pthread_barrier_destroy(&pair.ready);
	close_fixture(&pair.one.fixture);
}

static void an_interrupt_ends_both_of_two_runs(void **state)
{
	struct pair pair = prepare_pair((const char *const[]){"tx", "A0", "rx",
						"A1", "stream", "yes", NULL},
		(const char *const[]){"action", "watch", "action", "A1", NULL});

	(void)state;
	pair.other.interrupt = true;
	assert_int_equal(start_pair(&pair), CLYDE_ERROR_INTERRUPTED);
	assert_int_equal(pair.result, CLYDE_ERROR_INTERRUPTED);
	pthread_barrier_destroy(&pair.ready);
	assert_released(&pair.one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			runs_that_begin_at_the_same_time_all_have_their_streams),
		cmocka_unit_test(an_interrupt_ends_both_of_two_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
