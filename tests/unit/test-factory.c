/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests clyde_factory() on virtual boards whose EEPROM is blank, damaged or
 * valid: what it writes, what it refuses, and that a board on which it was cut
 * off boots, and is made by the next call.
 */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#include "tests/support/boot-rom.h"
#include "tests/support/flash-board.h"

#define SERIAL "20240202T130000Z"

static struct memory memory;
static struct program program, loaded;
static char text[TEXT_MAX];
static struct random draws = {1, 12345};

static struct clyde_factory order;

static int set_up(void **state)
{
	(void)state;
	memset(&memory, 0xff, sizeof(memory));
	draw_program(&draws, &program);
	write_text(&program, text);
	order = (struct clyde_factory){
		.revision = "C2",
		.serial = SERIAL,
		.manufacturer = "Kelvingrove",
		.modified = 0,
		.firmware = text,
		.firmware_size = strlen(text),
	};
	return 0;
}

/* A board of another maker's, with limits. */
static void make_valid(void)
{
	uint8_t *block = memory.fx2 + BLOCK_AT;

	memset(block, 0, BLOCK_SIZE);
	block[0] = 0x33;
	memcpy(block + 1, "20230101T120000Z", 16);
	block[33] = 0xe4;
	block[34] = 0x0c; /* 3300 mV */
	memcpy(block + 41, "1bitSquared", 11);
	block[63] = 3;
	write_boot(memory.fx2, NULL);
}

static int make_at(const char *uri)
{
	struct clyde_context *context;
	int result;

	assert_int_equal(clyde_context_new(&context), 0);
	journal_begin();
	result = clyde_factory(context, uri, &order, NULL);
	journal_end();
	clyde_context_close(context);
	assert_int_equal(clyde_live_objects(), 0);
	return result;
}

/* Power up a board with what is in `memory`, and make it; `memory` is then what
   it holds. */
static int make(void)
{
	char uri[128];
	int result;

	snprintf(uri, sizeof(uri), "virtual:eeprom=%s", eeproms_file(&memory));
	result = make_at(uri);
	eeproms_read(&memory);
	eeproms_remove();
	return result;
}

static void assert_made(const char *serial, uint8_t revision)
{
	struct settings settings = read_settings(&memory);

	assert_int_equal(boot_rom(&memory, &loaded), BOOT_FIRMWARE);
	assert_true(same_program(&loaded, &program));
	assert_int_equal(memory.fx2[7], 0x41);
	assert_int_equal(settings.revision, revision);
	assert_memory_equal(settings.serial, serial, 16);
}

static void a_blank_board_gets_its_whole_boot_image(void **state)
{
	struct settings settings;

	(void)state;
	assert_int_equal(make(), 0);
	assert_made(SERIAL, 0x32);
	settings = read_settings(&memory);
	assert_memory_equal(settings.manufacturer, "Kelvingrove", 12);
	assert_int_equal(settings.limit_mv[0], 0);
	assert_int_equal(settings.bitstream_size, 0);
	assert_true(settings.webusb);
	assert_false(settings.modified);
	/* Nothing behind the firmware was written. */
	assert_int_equal(memory.fx2[0x7000], 0xff);
}

static void a_made_board_can_be_opened(void **state)
{
	struct fixture fixture;

	(void)state;
	assert_int_equal(make(), 0);
	fixture = power_up(&memory);
	assert_string_equal(info_of(fixture.device)->serial, "C2-" SERIAL);
	assert_string_equal(
		info_of(fixture.device)->manufacturer, "Kelvingrove");
	power_down(&fixture);
}

static void a_board_with_a_valid_block_is_refused_and_not_written(void **state)
{
	(void)state;
	make_valid();
	assert_int_equal(make(), CLYDE_ERROR_CONFIGURED);
	assert_says("C3-20230101T120000Z");
	assert_says("--reinitialize");
	assert_int_equal(journal.count, 0);
}

static void reinitialize_changes_what_is_given(void **state)
{
	struct settings settings;

	(void)state;
	make_valid();
	order.reinitialize = true;
	order.revision = order.serial = NULL;
	order.modified = -1;
	assert_int_equal(make(), 0);
	assert_made("20230101T120000Z", 0x33);
	settings = read_settings(&memory);
	assert_memory_equal(settings.manufacturer, "Kelvingrove", 12);
	assert_int_equal(settings.limit_mv[0], 3300);
	assert_true(settings.modified);
	assert_false(settings.webusb);
}

/* A write of the first byte that lost its power leaves the block behind. */
static void a_board_that_lost_only_its_first_byte_keeps_its_block(void **state)
{
	(void)state;
	make_valid();
	memory.fx2[0] = 0xff;
	assert_int_equal(make(), CLYDE_ERROR_CONFIGURED);
	order.reinitialize = true;
	order.revision = order.serial = order.manufacturer = NULL;
	order.modified = -1;
	assert_int_equal(make(), 0);
	assert_made("20230101T120000Z", 0x33);
	assert_int_equal(read_settings(&memory).limit_mv[0], 3300);
}

static void a_board_boots_wherever_it_was_cut_off(void **state)
{
	static struct memory before, cut;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		size_t count;

		set_up(NULL);
		if (i % 2)
			make_valid();
		memory.fx2[BLOCK_AT] = 0xff;
		before = memory;
		assert_int_equal(make(), 0);
		cut = before;
		for (size_t n = 0; n < journal.count; n++) {
			enum boot boot = boot_rom(&cut, &loaded);

			assert_true(boot == BOOT_BARE || boot == BOOT_NO_IDS ||
				(boot == BOOT_FIRMWARE &&
					same_program(&loaded, &program)));
			eeproms_apply(&cut, &journal.writes[n]);
		}
		assert_memory_equal(&cut, &memory, sizeof(cut));
		/* And from one of these moments it is made again. */
		memory = before;
		count = draw(&draws, journal.count);
		for (size_t n = 0; n < count; n++)
			eeproms_apply(&memory, &journal.writes[n]);
		order.reinitialize = true;
		assert_int_equal(make(), 0);
		assert_made(SERIAL, 0x32);
	}
}

static void assert_refused(int error, const char *part)
{
	assert_int_equal(make(), error);
	assert_says(part);
	assert_int_equal(journal.count, 0);
}

static void wrong_values_are_refused_before_anything_is_written(void **state)
{
	(void)state;
	order.revision = "D0";
	assert_refused(CLYDE_ERROR_REVISION, "revision D0");
	order.revision = "C2";
	order.serial = "2024";
	assert_refused(CLYDE_ERROR_INVALID, "16 letters and digits");
	order.serial = "20240202T13000-Z";
	assert_refused(CLYDE_ERROR_INVALID, "16 letters and digits");
	order.serial = SERIAL;
	order.manufacturer = "Sauchiehall Street Ltd.";
	assert_refused(CLYDE_ERROR_INVALID, "22");
	order.manufacturer = NULL;
	order.serial = NULL;
	assert_refused(CLYDE_ERROR_INVALID, "serial number must be given");
	order.serial = SERIAL;
	order.firmware = "hello";
	order.firmware_size = 5;
	assert_refused(CLYDE_ERROR_CORRUPT, "line 1");
}

static void the_board_must_be_named(void **state)
{
	(void)state;
	assert_int_equal(make_at(NULL), CLYDE_ERROR_INVALID);
	assert_says("-d usb:BUS:ADDRESS");
	assert_int_equal(make_at("usb:"), CLYDE_ERROR_INVALID);
	assert_int_equal(make_at("virtual:devices=2"), CLYDE_ERROR_AMBIGUOUS);
}

static void a_write_that_fails_is_reported(void **state)
{
	(void)state;
	journal.refused = 3;
	assert_int_equal(make(), CLYDE_ERROR_REFUSED);
	journal.refused = SIZE_MAX;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			a_blank_board_gets_its_whole_boot_image, set_up),
		cmocka_unit_test_setup(a_made_board_can_be_opened, set_up),
		cmocka_unit_test_setup(
			a_board_with_a_valid_block_is_refused_and_not_written,
			set_up),
		cmocka_unit_test_setup(
			reinitialize_changes_what_is_given, set_up),
		cmocka_unit_test_setup(
			a_board_that_lost_only_its_first_byte_keeps_its_block,
			set_up),
		cmocka_unit_test_setup(
			a_board_boots_wherever_it_was_cut_off, set_up),
		cmocka_unit_test_setup(
			wrong_values_are_refused_before_anything_is_written,
			set_up),
		cmocka_unit_test_setup(the_board_must_be_named, set_up),
		cmocka_unit_test_setup(a_write_that_fails_is_reported, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
