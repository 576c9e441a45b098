/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The SPI core's object when two threads use it.  Apart from test-spi, whose
   tests take too long under TSan. */
#include "tests/support/clyde-test.h"

#include <pthread.h>

struct rig {
	struct fixture fixture;
	struct clyde_spi *spi;
};

static struct rig open_rig(void)
{
	static const struct clyde_spi_options options = {
		.sck = "A1", .io = {"A2", "A4"}, .cs = {"A5"}};
	struct rig rig = {.fixture = open_uri("virtual:configured=1")};

	assert_true(clyde_fpga_load_image(rig.fixture.device) >= 0);
	assert_int_equal(clyde_supply_set(rig.fixture.device, 1, 3300), 0);
	assert_int_equal(
		clyde_spi_open(rig.fixture.device, &options, &rig.spi), 0);
	return rig;
}

static int64_t now(const struct rig *rig)
{
	int64_t ns;

	assert_int_equal(clyde_device_now(rig->fixture.device, &ns), 0);
	return ns;
}

static void *collect_for_ever(void *user)
{
	const struct rig *rig = user;
	const struct clyde_spi_step step = {
		.size = 1, .out = "\x9f", .delay_us = UINT32_MAX};

	int result = 0;

	while (result == 0)
		result = clyde_spi_transfer(rig->spi, 0, &step, 1, -1);
	return (void *)(intptr_t)result;
}

static void a_close_on_another_thread_ends_a_transfer(void **state)
{
	struct rig rig = open_rig();
	int64_t start = now(&rig);
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(
		pthread_create(&thread, NULL, collect_for_ever, &rig), 0);
	/* Virtual time passes only while the other thread waits. */
	while (now(&rig) == start)
		continue;
	clyde_spi_close(rig.spi);
	pthread_join(thread, &result);
	assert_true((intptr_t)result == CLYDE_ERROR_CANCELED ||
		(intptr_t)result == CLYDE_ERROR_CLOSED);
	close_fixture(&rig.fixture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_close_on_another_thread_ends_a_transfer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
