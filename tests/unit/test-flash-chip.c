/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Flash chips over the SPI core, on a virtual device with the part flash25: its
   options say what the calls must find, and its faults what they must report.
   All times are those of the virtual clock. */
#include "tests/support/flash-chip.h"

#define QUICK ":size=1M:t-pp=50us:t-se=300us:t-be=1ms:t-ce=3ms:t-w=100us"

static uint8_t model[CHIP_SIZE], bytes[CHIP_SIZE], found[CHIP_SIZE];

static void assert_holds(struct chip *chip, uint32_t from, uint32_t size)
{
	OK(clyde_flash_read(chip->flash, from, found, size, NULL));
	assert_memory_equal(found, model + from, size);
}

/* ---- What it is -------------------------------------------------------- */

static void a_chip_says_what_it_is(void **state)
{
	struct chip chip = chip_open("");

	(void)state;
	assert_memory_equal(chip.info.jedec, "\xef\x40\x18", 3);
	assert_string_equal(chip.info.maker, "Winbond");
	assert_int_equal(chip.info.size, 16 << 20);
	assert_int_equal(chip.info.page_size, 256);
	assert_int_equal(chip.info.address_size, 3);
	assert_int_equal(chip.info.lanes, 1);
	assert_true(chip.info.sfdp);
	assert_int_equal(chip.info.sfdp_minor, 6);
	assert_int_equal(chip.info.erases[0].size, 4096);
	assert_int_equal(chip.info.erases[2].size, 65536);
	assert_int_equal(chip.info.erases[3].size, 0);
	assert_in_range(chip.info.program_us, 700, 704);
	assert_int_equal(chip.info.chip_erase_ms, 40000);
	chip_close(&chip);
}

static void a_chip_is_identified_within_a_millisecond(void **state)
{
	static const uint32_t rates[] = {12000000, 24000000, 48000000};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct chip chip = chip_open_at("", 1, rates[i]);

		print_message("identify at %u MHz: %.3f ms\n",
			rates[i] / 1000000, chip.opened_ns / 1e6);
		assert_true(chip.opened_ns < 1000000);
		chip_close(&chip);
	}
}

static void a_chip_without_tables_is_known_by_its_code(void **state)
{
	struct chip chip = chip_open(":sfdp=none:size=2M");

	(void)state;
	assert_false(chip.info.sfdp);
	assert_int_equal(chip.info.size, 2 << 20);
	assert_int_equal(chip.info.erases[0].size, 4096);
	assert_int_equal(chip.info.erases[1].size, 65536);
	chip_close(&chip);
}

static void a_chip_of_unknown_size_needs_one(void **state)
{
	struct clyde_flash_options options = {.chip = 0};
	struct chip chip =
		chip_wire(NULL, ":sfdp=none:size=1M:id=204005", 24000000);

	(void)state;
	assert_int_equal(
		chip_identify(&chip, &options), CLYDE_ERROR_UNSUPPORTED);
	assert_says("the chip 20 40 05 has no SFDP tables");
	assert_says("give the size");
	options.size = 1 << 20;
	OK(chip_identify(&chip, &options));
	assert_int_equal(chip.info.size, 1 << 20);
	chip_close(&chip);
}

static void without_a_chip_the_pin_to_look_at_is_named(void **state)
{
	struct chip chip = chip_wire("", "", 24000000);
	struct clyde_flash_options options = {.lanes = 1};

	(void)state;
	assert_int_equal(clyde_pulls_set(chip.fixture.device, 1, 0, 1 << 4), 0);
	assert_int_equal(chip_identify(&chip, &options), CLYDE_ERROR_NO_CHIP);
	assert_says("CIPO (IO1) is always high");
	assert_says("CS#");
	assert_int_equal(clyde_pulls_set(chip.fixture.device, 1, 1 << 4, 0), 0);
	assert_int_equal(chip_identify(&chip, &options), CLYDE_ERROR_NO_CHIP);
	assert_says("CIPO (IO1) is always low");
	chip_close(&chip);
}

static void options_and_ranges_are_checked(void **state)
{
	struct clyde_flash_options options = {.lanes = 3};
	struct chip chip = chip_open(QUICK);
	struct clyde_flash *other;

	(void)state;
	assert_int_equal(clyde_flash_open(chip.spi, &options, &other),
		CLYDE_ERROR_INVALID);
	assert_says("1, 2 or 4 lanes, not on 3");
	assert_int_equal(
		clyde_flash_read(chip.flash, CHIP_SIZE, found, 1, NULL),
		CLYDE_ERROR_INVALID);
	assert_says("1 B from 0x100000 on are not in the chip, which has "
		    "1048576 B");
	assert_int_equal(
		clyde_flash_read(chip.flash, UINT64_MAX, found, 1, NULL),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_flash_erase(chip.flash, 0, 4097, NULL),
		CLYDE_ERROR_INVALID);
	assert_says("are not whole sectors of 4096 B");
	assert_int_equal(clyde_flash_write(chip.flash, 0, NULL, 1, NULL),
		CLYDE_ERROR_INVALID);
	assert_int_equal(clyde_flash_protection_set(chip.flash, 16),
		CLYDE_ERROR_INVALID);
	OK(clyde_flash_read(chip.flash, CHIP_SIZE, NULL, 0, NULL));
	OK(clyde_flash_write(chip.flash, 0, NULL, 0, NULL));
	chip_close(&chip);
}

/* ---- Reads ------------------------------------------------------------- */

/* In 4-byte mode, and in each kind of quad enable. */
static void a_chip_is_read_on_all_lanes(void **state)
{
	static const char *const kinds[] = {QUICK, QUICK ":sfdp=1.0",
		QUICK ":sfdp=none", QUICK ":qer=1", QUICK ":qer=2",
		QUICK ":qer=3", QUICK ":qer=4", QUICK ":qer=6",
		":size=32M:t-pp=50us:t-se=300us",
		":size=32M:t-pp=50us:t-se=300us:sfdp=1.0"};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (unsigned lanes = 1; lanes <= 4; lanes *= 2) {
			struct chip chip =
				chip_open_at(kinds[i], lanes, 48000000);
			uint64_t at = chip.info.size - 5000;

			if (chip.info.sfdp)
				assert_int_equal(chip.info.lanes, lanes);
			chip_fill(bytes, 5000, i);
			OK(clyde_flash_write(
				chip.flash, at, bytes, 5000, NULL));
			OK(clyde_flash_verify(
				chip.flash, at, bytes, 5000, NULL));
			OK(clyde_flash_read(chip.flash, at, found, 5000, NULL));
			assert_memory_equal(found, bytes, 5000);
			chip_close(&chip);
		}
}

/* B7h is undone: another opening finds the chip with addresses of 3 bytes. */
static void a_chip_is_not_left_in_4_byte_mode(void **state)
{
	uint8_t out[] = {0x15}, in = 0xff;
	struct clyde_spi_step steps[] = {{.size = 1, .out = out},
		{.size = 1, .in = &in, .flags = CLYDE_SPI_DESELECT}};
	struct chip chip = chip_open(":size=32M:sfdp=1.0:t-pp=50us:t-se=1s");

	(void)state;
	assert_int_equal(chip.info.address_size, 4);
	OK(clyde_flash_program(chip.flash, 0x1fffff0, "abcd", 4, NULL));
	OK(clyde_flash_read(chip.flash, 0x1fffff0, found, 4, NULL));
	assert_memory_equal(found, "abcd", 4);
	OK(clyde_spi_transfer(chip.spi, 0, steps, 2, 1000));
	assert_int_equal(in & 1, 0);
	clyde_context_interrupt(chip.fixture.context);
	assert_int_equal(clyde_flash_read(chip.flash, 0, found, 70000, NULL),
		CLYDE_ERROR_INTERRUPTED);
	clyde_context_resume(chip.fixture.context);
	OK(clyde_spi_transfer(chip.spi, 0, steps, 2, 1000));
	assert_int_equal(in & 1, 0);
	chip_close(&chip);
}

static void a_chip_in_qpi_is_reset(void **state)
{
	uint8_t out[] = {0x38};
	struct clyde_spi_step step = {
		.size = 1, .out = out, .flags = CLYDE_SPI_DESELECT};
	struct clyde_flash_options options = {.lanes = 4};
	struct chip chip = chip_wire(NULL, QUICK ":qe=1", 24000000);

	(void)state;
	OK(clyde_spi_transfer(chip.spi, 0, &step, 1, 1000));
	assert_int_equal(chip_identify(&chip, &options), CLYDE_ERROR_NO_CHIP);
	options.reset = true;
	OK(chip_identify(&chip, &options));
	chip_close(&chip);
}

/* ---- Changes ----------------------------------------------------------- */

static void blank_pages_are_skipped(void **state)
{
	struct chip chip = chip_open(":size=1M:t-pp=2ms");
	int64_t begun;

	(void)state;
	memset(bytes, 0xff, 0x10000);
	bytes[0x8000] = 0;
	begun = now_ns(chip.fixture.device);
	OK(clyde_flash_program(chip.flash, 0, bytes, 0x10000, NULL));
	assert_true(now_ns(chip.fixture.device) - begun < 10000000);
	OK(clyde_flash_verify(chip.flash, 0, bytes, 0x10000, NULL));
	chip_close(&chip);
}

/* The sector erases that a write of these bytes needs, each of 4 KiB. */
static unsigned sectors_to_erase(uint32_t from, uint32_t size)
{
	unsigned count = 0;

	for (uint32_t at = from & ~4095u; at < from + size; at += 4096)
		for (uint32_t i = 0; i < 4096; i++) {
			uint32_t byte = at + i;

			if (byte >= from && byte < from + size &&
				~model[byte] & bytes[byte - from]) {
				count++;
				break;
			}
		}
	return count;
}

/*
 * Random ranges get random bytes, some of which only clear bits.  An erase of
 * 4 KiB takes 20 ms, an erase of 32 or of 64 KiB more than so many sectors of it
 * in any case, and everything else much less: so time counts erases.
 */
static void writes_equal_a_model_and_erase_what_they_must(void **state)
{
	struct chip chip = chip_open_at(
		":size=1M:t-pp=2us:t-se=20ms:t-be=320ms", 4, 48000000);
	uint64_t seed = 88172645463325252;

	(void)state;
	memset(model, 0xff, sizeof(model));
	OK(clyde_flash_program(chip.flash, 0, "\xff", 1, NULL));
	for (unsigned i = 0; i < 24; i++) {
		uint32_t size = chip_draw(&seed) % (i % 3 ? 3000 : 30000);
		uint32_t from = chip_draw(&seed) % 0x30000;
		int64_t begun;
		unsigned sectors, erased;

		chip_fill(bytes, size, i);
		if (i % 2)
			for (uint32_t at = 0; at < size; at++)
				bytes[at] &= model[from + at];
		sectors = sectors_to_erase(from, size);
		begun = now_ns(chip.fixture.device);
		OK(clyde_flash_write(chip.flash, from, bytes, size, NULL));
		erased = (now_ns(chip.fixture.device) - begun) / 20000000;
		memcpy(model + from, bytes, size);
		assert_int_equal(erased, sectors);
		assert_holds(&chip, from & ~4095u, size + 8192);
	}
	assert_holds(&chip, 0, 0x40000);
	chip_close(&chip);
}

static void erases_use_the_largest_blocks(void **state)
{
	struct chip chip = chip_open(":size=1M:t-se=10ms:t-be=20ms:t-ce=50ms");
	int64_t begun;

	(void)state;
	memset(bytes, 0, 0x100);
	OK(clyde_flash_program(chip.flash, 0xf000, bytes, 0x100, NULL));
	begun = now_ns(chip.fixture.device);
	OK(clyde_flash_erase(chip.flash, 0xf000, 0x21000, NULL));
	/* 4 KiB, and twice 64 KiB */
	assert_in_range(
		now_ns(chip.fixture.device) - begun, 50000000, 52000000);
	memset(model, 0xff, 0x1000);
	OK(clyde_flash_read(chip.flash, 0xf000, found, 0x1000, NULL));
	assert_memory_equal(found, model, 0x1000);
	OK(clyde_flash_erase_chip(chip.flash, NULL));
	chip_close(&chip);
}

static void a_latch_that_falls_late_is_waited_for(void **state)
{
	struct chip chip = chip_open(QUICK ":busy-race=30us");

	(void)state;
	chip_fill(bytes, 5000, 5);
	OK(clyde_flash_write(chip.flash, 100, bytes, 5000, NULL));
	OK(clyde_flash_verify(chip.flash, 100, bytes, 5000, NULL));
	chip_close(&chip);
}

/* ---- Failures ---------------------------------------------------------- */

static void a_protected_chip_says_so(void **state)
{
	struct chip chip = chip_open(QUICK ":wp=soft");
	unsigned bits = 0;

	(void)state;
	OK(clyde_flash_protection_get(chip.flash, &bits));
	assert_int_equal(bits, 7);
	assert_int_equal(clyde_flash_program(chip.flash, 0x1200, "a", 1, NULL),
		CLYDE_ERROR_PROTECTED);
	assert_says("the chip ignores the program at 0x001200: it is write "
		    "protected there (block protection bits 0111)");
	assert_int_equal(clyde_flash_erase(chip.flash, 0x1000, 0x1000, NULL),
		CLYDE_ERROR_PROTECTED);
	assert_int_equal(clyde_flash_erase_chip(chip.flash, NULL),
		CLYDE_ERROR_PROTECTED);
	assert_int_equal(clyde_flash_write(chip.flash, 0x1200, "a", 1, NULL),
		CLYDE_ERROR_PROTECTED);
	OK(clyde_flash_protection_set(chip.flash, 0));
	OK(clyde_flash_write(chip.flash, 0x1200, "a", 1, NULL));
	OK(clyde_flash_protection_set(chip.flash, 5));
	OK(clyde_flash_protection_get(chip.flash, &bits));
	assert_int_equal(bits, 5);
	chip_close(&chip);
}

static void a_locked_status_register_says_so(void **state)
{
	struct clyde_flash_options options = {.lanes = 1};
	struct chip chip =
		chip_wire("part=flash25@cs=A5:sck=A1:io0=A2:io1=A4:wp=hard", "",
			24000000);

	(void)state;
	OK(chip_identify(&chip, &options));
	assert_int_equal(clyde_flash_protection_set(chip.flash, 0),
		CLYDE_ERROR_PROTECTED);
	assert_says("locked");
	chip_close(&chip);
}

static void a_worn_byte_is_found(void **state)
{
	struct chip chip = chip_open(QUICK ":worn=0x1234");

	(void)state;
	memset(bytes, 0xff, 0x2000);
	bytes[0] = 0;
	assert_int_equal(
		clyde_flash_write(chip.flash, 0x1000, bytes, 0x1000, NULL),
		CLYDE_ERROR_VERIFY);
	assert_says("at 0x001234: expected 0xff, found 0xfe");
	assert_int_equal(
		clyde_flash_verify(chip.flash, 0x1100, bytes + 1, 0x1000, NULL),
		CLYDE_ERROR_VERIFY);
	chip_close(&chip);
}

static void interrupt_at(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	(void)what;
	(void)total;
	if (done >= 0x8000)
		clyde_context_interrupt(user);
}

static void an_interrupted_call_says_what_it_has_done(void **state)
{
	struct chip chip = chip_open(QUICK);
	struct clyde_observer observer = {
		.progress = interrupt_at, .user = chip.fixture.context};
	unsigned bits;

	(void)state;
	chip_fill(bytes, sizeof(bytes), 7);
	assert_int_equal(clyde_flash_program(
				 chip.flash, 0x100, bytes, 0x20000, &observer),
		CLYDE_ERROR_INTERRUPTED);
	assert_says("B from 0x000100 on are programmed");
	clyde_context_resume(chip.fixture.context);
	/* The chip is idle. */
	OK(clyde_flash_verify(chip.flash, 0x100, bytes, 0x8000, NULL));
	assert_int_equal(clyde_flash_erase(chip.flash, 0, 0x100000, &observer),
		CLYDE_ERROR_INTERRUPTED);
	assert_says("B from 0x000000 on are erased");
	clyde_context_resume(chip.fixture.context);
	OK(clyde_flash_protection_get(chip.flash, &bits));
	chip_close(&chip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chip_says_what_it_is),
		cmocka_unit_test(a_chip_is_identified_within_a_millisecond),
		cmocka_unit_test(a_chip_without_tables_is_known_by_its_code),
		cmocka_unit_test(a_chip_of_unknown_size_needs_one),
		cmocka_unit_test(without_a_chip_the_pin_to_look_at_is_named),
		cmocka_unit_test(options_and_ranges_are_checked),
		cmocka_unit_test(a_chip_is_read_on_all_lanes),
		cmocka_unit_test(a_chip_is_not_left_in_4_byte_mode),
		cmocka_unit_test(a_chip_in_qpi_is_reset),
		cmocka_unit_test(blank_pages_are_skipped),
		cmocka_unit_test(writes_equal_a_model_and_erase_what_they_must),
		cmocka_unit_test(erases_use_the_largest_blocks),
		cmocka_unit_test(a_latch_that_falls_late_is_waited_for),
		cmocka_unit_test(a_protected_chip_says_so),
		cmocka_unit_test(a_locked_status_register_says_so),
		cmocka_unit_test(a_worn_byte_is_found),
		cmocka_unit_test(an_interrupted_call_says_what_it_has_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
