/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * How long calls for flash chips take, by the link's clock:
 *	test-flash-times [twin]
 * With `twin` the model and the twin of the image take the same time for 64 KiB.
 */
#include "tests/support/flash-chip.h"

static uint8_t bytes[CHIP_SIZE], found[CHIP_SIZE];

/* The table says 128 ms at most, and the chip takes 1000 s: such a table has to
   be without times, whose limits are those of the slowest chips. */
static void a_chip_that_is_busy_for_ever_ends_the_call(void **state)
{
	struct chip chip = chip_open(":size=1M:sfdp=1.0:t-se=1000s");

	(void)state;
	assert_int_equal(clyde_flash_erase(chip.flash, 0x3000, 0x2000, NULL),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_says("still busy 1000 ms after the erase at 0x003000 has begun, "
		    "its longest time");
	assert_int_equal(clyde_flash_erase(chip.flash, 0x3000, 0x2000, NULL),
		CLYDE_ERROR_LIMIT_PASSED);
	assert_says("the chip is busy");
	chip_close(&chip);
}

static void a_write_takes_the_chips_time_and_the_bits(void **state)
{
	struct chip chip = chip_open(":t-pp=400us:t-se=45ms:t-be=150ms");
	double page_ns = 400000 + (8 + 32 + 2048 + 3 * 16) / 0.024;
	double least_ns = 2 * 150e6 + 512 * page_ns + 2 * 0x20000 * 8 / 0.024;
	int64_t took;

	(void)state;
	memset(bytes, 0, 0x20000);
	OK(clyde_flash_program(chip.flash, 0x100000, bytes, 256, NULL));
	OK(clyde_flash_program(chip.flash, 0x30000, bytes, 0x20000, NULL));
	chip_fill(bytes, 0x20000, 4);
	took = now_ns(chip.fixture.device);
	OK(clyde_flash_write(chip.flash, 0x30000, bytes, 0x20000, NULL));
	took = now_ns(chip.fixture.device) - took;
	print_message("write 128 KiB at 24 MHz: %.2f ms; chip and bits %.2f "
		      "ms\n",
		took / 1e6, least_ns / 1e6);
	assert_true(took < least_ns * 1.03);
	chip_close(&chip);
}

/* 64 KiB stand for 16 MiB: each page takes as long.  The chip refuses a write
   enable for 5 ms after power-up, so a page goes first. */
static void programs_take_the_chips_time_and_the_bits(void **state)
{
	struct chip chip = chip_open(":t-pp=400us");
	int64_t begun, programmed, verified;
	/* 8 bits of 06h, 32 of opcode and address, a page, three polls. */
	double page_ns = 400000 + (8 + 32 + 2048 + 3 * 16) / 0.024;

	(void)state;
	chip_fill(bytes, 0x10100, 3);
	OK(clyde_flash_program(chip.flash, 0x100000, bytes, 256, NULL));
	begun = now_ns(chip.fixture.device);
	OK(clyde_flash_program(chip.flash, 0, bytes, 0x10000, NULL));
	programmed = now_ns(chip.fixture.device) - begun;
	OK(clyde_flash_verify(chip.flash, 0, bytes, 0x10000, NULL));
	verified = now_ns(chip.fixture.device) - begun;
	print_message("program 64 KiB at 24 MHz: %.2f ms, and verify: %.2f ms; "
		      "16 MiB: %.1f s; chip and bits %.2f ms\n",
		programmed / 1e6, verified / 1e6, verified * 256 / 1e9,
		page_ns * 256 / 1e6);
	assert_true(programmed < page_ns * 256 * 1.03);
	assert_true(verified * 256 < 40e9);
	chip_close(&chip);
}

/* Of a MiB, at the cable's pace. */
static void reads_are_as_fast_as_the_clock(void **state)
{
	static const struct {
		unsigned lanes;
		uint32_t rate_hz;
		double least; /* MiB/s */
	} rates[] = {{1, 24000000, 2.83}, {1, 48000000, 5.66},
		{4, 24000000, 11.2}, {4, 48000000, 22.4}};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct chip chip =
			chip_open_at("", rates[i].lanes, rates[i].rate_hz);
		int64_t begun = now_ns(chip.fixture.device);
		double speed;

		OK(clyde_flash_read(chip.flash, 0, found, sizeof(found), NULL));
		speed = 1e9 / (now_ns(chip.fixture.device) - begun);
		print_message("read of 1 MiB, %u lanes, %u MHz: %.2f MiB/s\n",
			rates[i].lanes, rates[i].rate_hz / 1000000, speed);
		assert_true(speed >= rates[i].least);
		chip_close(&chip);
	}
}

#define TWIN_SIZE 0x10000

/* Program 16 pages with one clock; read with each clock, on each number of
   lanes. */
static void measure_ns(const char *keys, int64_t times[5])
{
	static const uint32_t rates[] = {24000000, 48000000};

	for (unsigned i = 0; i < 4; i++) {
		struct chip chip =
			chip_open_at(keys, i & 2 ? 4 : 1, rates[i & 1]);

		times[i] = -now_ns(chip.fixture.device);
		OK(clyde_flash_read(chip.flash, 0, found, TWIN_SIZE, NULL));
		times[i] += now_ns(chip.fixture.device);
		if (i == 0) {
			times[4] = -now_ns(chip.fixture.device);
			OK(clyde_flash_program(
				chip.flash, 0x8000, bytes, 0x1000, NULL));
			times[4] += now_ns(chip.fixture.device);
		}
		chip_close(&chip);
	}
}

static void the_twin_takes_the_models_time(void **state)
{
	int64_t model[5], twin[5];

	(void)state;
	chip_fill(bytes, 0x1000, 5);
	measure_ns(":t-pp=400us", model);
	measure_ns(":t-pp=400us,fpga=twin", twin);
	for (unsigned i = 0; i < 5; i++) {
		print_message("model %.3f ms, twin %.3f ms\n", model[i] / 1e6,
			twin[i] / 1e6);
		assert_int_equal(model[i], twin[i]);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest twin_tests[] = {
		cmocka_unit_test(the_twin_takes_the_models_time),
	};
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chip_that_is_busy_for_ever_ends_the_call),
		cmocka_unit_test(a_write_takes_the_chips_time_and_the_bits),
		cmocka_unit_test(programs_take_the_chips_time_and_the_bits),
		cmocka_unit_test(reads_are_as_fast_as_the_clock),
	};

	if (argc > 1 && strcmp(argv[1], "twin") == 0)
		return cmocka_run_group_tests(twin_tests, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
