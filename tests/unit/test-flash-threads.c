/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* A flash chip whose call is inside on one thread while another thread closes the
   chip, or calls it.  Apart from test-flash-faults, whose tests take too long
   under TSan. */
#include "tests/support/flash-chip.h"

#include <pthread.h>

/* The chip is busy for longer than any of these tests lasts. */
#define KEYS ":size=64K:sfdp=1.0:t-ce=1000s:t-se=1000s"

static void *erase_chip(void *user)
{
	const struct chip *chip = user;

	return (void *)(intptr_t)clyde_flash_erase_chip(chip->flash, NULL);
}

static void *erase(void *user)
{
	const struct chip *chip = user;

	return (void *)(intptr_t)clyde_flash_erase(
		chip->flash, 0, 0x4000, NULL);
}

/* Start a call, and return when it waits: virtual time passes only then. */
static pthread_t start(struct chip *chip, void *(*call)(void *user))
{
	int64_t begun = now_ns(chip->fixture.device);
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, call, chip), 0);
	while (now_ns(chip->fixture.device) == begun)
		continue;
	return thread;
}

static void assert_ended(pthread_t thread)
{
	void *result;

	pthread_join(thread, &result);
	assert_true((intptr_t)result == CLYDE_ERROR_CANCELED ||
		(intptr_t)result == CLYDE_ERROR_CLOSED);
}

static void a_close_ends_the_call_that_is_inside(void **state)
{
	static void *(*const calls[])(void *user) = {erase_chip, erase};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct chip chip = chip_open_at(KEYS, 1, 20000);
		pthread_t thread = start(&chip, calls[i]);

		clyde_flash_close(chip.flash);
		assert_ended(thread);
		chip_close(&chip);
	}
}

static void a_close_of_what_is_above_the_chip_ends_the_call(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct chip chip = chip_open_at(KEYS, 1, 20000);
		pthread_t thread = start(&chip, erase);

		if (i == 0)
			clyde_spi_close(chip.spi);
		else
			clyde_device_close(chip.fixture.device);
		assert_ended(thread);
		chip_close(&chip);
	}
}

static uint8_t memory[0x2000];

static void *read_all(void *user)
{
	const struct chip *chip = user;

	return (void *)(intptr_t)clyde_flash_read(
		chip->flash, 0, memory, sizeof(memory), NULL);
}

/* The batch takes 3 s, and its bytes come after the call has returned. */
static void a_call_that_a_close_has_ended_writes_no_memory(void **state)
{
	struct chip chip = chip_open_at(":size=64K", 1, 20000);
	const struct clyde_flash_options options = {.lanes = 1};
	pthread_t thread = start(&chip, read_all);

	(void)state;
	clyde_flash_close(chip.flash);
	assert_ended(thread);
	memset(memory, 0x5a, sizeof(memory));
	OK(chip_identify(&chip, &options));
	for (size_t i = 0; i < sizeof(memory); i++)
		assert_int_equal(memory[i], 0x5a);
	chip_close(&chip);
}

static void a_second_thread_is_refused_meanwhile(void **state)
{
	struct chip chip = chip_open_at(KEYS, 1, 20000);
	pthread_t thread = start(&chip, erase);
	uint8_t byte;

	(void)state;
	assert_int_equal(clyde_flash_read(chip.flash, 0, &byte, 1, NULL),
		CLYDE_ERROR_BUSY);
	assert_says("another call with this flash chip is under way");
	clyde_flash_close(chip.flash);
	assert_ended(thread);
	chip_close(&chip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_close_ends_the_call_that_is_inside),
		cmocka_unit_test(
			a_close_of_what_is_above_the_chip_ends_the_call),
		cmocka_unit_test(
			a_call_that_a_close_has_ended_writes_no_memory),
		cmocka_unit_test(a_second_thread_is_refused_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
