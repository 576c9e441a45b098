/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the part flash25 by edges on its pins: what it answers, in which mode, and
   which descriptions it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/flash25-test.h"

#define US ((tick)TICKS_PER_US)
#define MS (1000 * US)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct flash_rig rig;

static int set_up(void **state)
{
	(void)state;
	memset(&rig, 0, sizeof(rig));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (rig.part)
		flash_close(&rig);
	return 0;
}

/* ---- Identity ------------------------------------------------------------- */

static void it_identifies_itself_as_a_w25q128(void **state)
{
	uint8_t id[6], ids[4], device[2], unique[8], again[8];

	(void)state;
	flash_open_with(&rig, "");
	FLASH_EXCHANGE(&rig, id, 6, 0x9f);
	assert_memory_equal(id, "\xef\x40\x18\xef\x40\x18", 6);
	FLASH_EXCHANGE(&rig, ids, 4, 0x90, 0, 0, 0);
	assert_memory_equal(ids, "\xef\x17\xef\x17", 4);
	FLASH_EXCHANGE(&rig, ids, 2, 0x90, 0, 0, 1);
	assert_memory_equal(ids, "\x17\xef", 2);
	FLASH_EXCHANGE(&rig, device, 2, 0xab, 0, 0, 0);
	assert_memory_equal(device, "\x17\x17", 2);
	FLASH_EXCHANGE(&rig, unique, 8, 0x4b, 0, 0, 0, 0);
	FLASH_EXCHANGE(&rig, again, 8, 0x4b, 0, 0, 0, 0);
	assert_memory_equal(unique, again, 8);
	assert_int_equal(rig.pins.conflicts, 0);
}

static void it_works_in_mode_3_too(void **state)
{
	uint8_t id[3];

	(void)state;
	flash_open_with(&rig, "");
	rig.mode_3 = true;
	rig.levels |= FLASH25_SCK;
	flash_wait(&rig, 100);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\xef\x40\x18", 3);
	FLASH_COMMAND(&rig, 0x06);
	assert_int_equal(flash_status(&rig, 0x05), 0x02);
}

static void the_key_id_replaces_the_id(void **state)
{
	static const struct {
		const char *keys;
		uint8_t id[3];
	} rows[] = {{":size=64K", {0xef, 0x40, 0x10}},
		{":size=64M", {0xef, 0x40, 0x20}},
		{":size=32MiB", {0xef, 0x40, 0x19}},
		{":size=1048576:id=C220", {0xc2, 0x20, 0x14}},
		{":id=00ffA5", {0x00, 0xff, 0xa5}}};
	uint8_t id[3];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		flash_open_with(&rig, rows[i].keys);
		FLASH_EXCHANGE(&rig, id, 3, 0x9f);
		assert_memory_equal(id, rows[i].id, 3);
		flash_close(&rig);
	}
	rig.part = NULL;
}

/* A word of a table of SFDP. */
static uint32_t word_at(uint8_t address)
{
	uint8_t bytes[4];

	FLASH_EXCHANGE(&rig, bytes, 4, 0x5a, 0, 0, address, 0);
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 |
		(uint32_t)bytes[3] << 24;
}

static void sfdp_1_6_describes_the_chip(void **state)
{
	(void)state;
	flash_open_with(
		&rig, ":t-pp=700us:t-se=45ms:t-be=150ms:t-ce=40s:qer=4");
	assert_int_equal(word_at(0), 0x50444653);
	assert_int_equal(word_at(4), 0xff000106);
	assert_int_equal(word_at(8), 0x10010600);
	assert_int_equal(word_at(12), 0xff000080);
	assert_int_equal(word_at(0x80), 0xfff120e5);
	assert_int_equal(word_at(0x84), 0x07ffffff);
	assert_int_equal(word_at(0x88), 0x6b08eb44);
	assert_int_equal(word_at(0x9c), 0x520f200c);
	/* 3 * 16 ms, 8 * 16 ms and 10 * 16 ms; up to 8 times as long */
	assert_int_equal(word_at(0xa4) & 0x1ffffff,
		3 | 0x22 << 4 | 0x27 << 11 | 0x29 << 18);
	/* 11 * 64 us; 10 * 4 s; a page of 256 bytes */
	assert_int_equal(
		word_at(0xa8) & 0x7f003ff0, 0x49 << 24 | 0x2a << 8 | 8 << 4);
	assert_int_equal(word_at(0xb8) >> 20 & 7, 4);
}

static void sfdp_1_0_has_9_words_and_large_chips_a_second_table(void **state)
{
	uint8_t byte;

	(void)state;
	flash_open_with(&rig, ":sfdp=1.0:size=32M");
	assert_int_equal(word_at(4), 0xff000100);
	assert_int_equal(word_at(8), 0x09010000);
	assert_int_equal(word_at(0xa4), 0xffffffff);
	flash_close(&rig);
	flash_open_with(&rig, ":size=32M");
	assert_int_equal(word_at(4), 0xff010106);
	assert_int_equal(word_at(0x10), 0x02010084);
	assert_int_equal(word_at(0x14), 0xff0000d0);
	assert_int_equal(word_at(0x80) >> 17 & 3, 1);
	assert_int_equal(word_at(0xd4), 0xffdcff21);
	FLASH_EXCHANGE(&rig, &byte, 1, 0x5a, 0xff, 0xff, 0xff, 0);
	assert_int_equal(byte, 0xff);
	flash_close(&rig);
	/* Nothing drives IO1 then. */
	flash_open_with(&rig, ":sfdp=none");
	assert_int_equal(word_at(0), 0);
}

/* ---- Reading -------------------------------------------------------------- */

static void data_is_valid_a_time_after_the_falling_edge(void **state)
{
	tick fall;

	(void)state;
	flash_open_with(&rig, ":t-v=12ns");
	flash_select(&rig);
	flash_put(&rig, 1, 0x9f);
	fall = rig.now;
	/* EFh: IO1 is driven high 12 ns, 5.76 ticks, after the edge. */
	assert_false(rig.pins.levels & FLASH25_IO[1]);
	pins_run(&rig.pins, fall + 5);
	assert_false(rig.pins.levels & FLASH25_IO[1]);
	pins_run(&rig.pins, fall + 6);
	assert_true(rig.pins.levels & FLASH25_IO[1]);
	rig.now = fall + 10;
	flash_deselect(&rig);
	flash_wait(&rig, 10);
	assert_false(rig.pins.levels & FLASH25_IO[1]);
	assert_true(rig.pins.next == TICK_NEVER);
}

struct read_row {
	uint8_t opcode, address, address_lanes, mode, dummy, lanes;
};

static void assert_reads(const struct read_row *row, const uint8_t *expected)
{
	flash_select(&rig);
	flash_put(&rig, 1, row->opcode);
	for (unsigned i = row->address; i-- > 0;)
		flash_put(&rig, row->address_lanes, i == 0 ? 0xfe : 0);
	if (row->mode)
		flash_put(&rig, row->address_lanes, 0xff);
	if (row->dummy)
		flash_dummy(&rig, row->dummy);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(flash_get(&rig, row->lanes), expected[i]);
	flash_deselect(&rig);
}

static const struct read_row reads[] = {{0x03, 3, 1, 0, 0, 1},
	{0x0b, 3, 1, 0, 8, 1}, {0x3b, 3, 1, 0, 8, 2}, {0xbb, 3, 2, 1, 0, 2},
	{0x6b, 3, 1, 0, 8, 4}, {0xeb, 3, 4, 1, 4, 4}};
static const struct read_row long_reads[] = {{0x13, 4, 1, 0, 0, 1},
	{0x0c, 4, 1, 0, 8, 1}, {0x3c, 4, 1, 0, 8, 2}, {0xbc, 4, 2, 1, 0, 2},
	{0x6c, 4, 1, 0, 8, 4}, {0xec, 4, 4, 1, 4, 4}};

static void every_read_gives_the_same_bytes(void **state)
{
	static const uint8_t content[4] = {0x12, 0xa5, 0xf0, 0x7e};

	(void)state;
	flash_open_with(&rig, ":qe=1");
	flash_fill(&rig, 0xfe, content, 4);
	for (size_t i = 0; i < COUNT(reads); i++)
		assert_reads(&reads[i], content);
	flash_close(&rig);
	flash_open_with(&rig, ":qe=1:size=64M");
	flash_fill(&rig, 0xfe, content, 4);
	for (size_t i = 0; i < COUNT(long_reads); i++)
		assert_reads(&long_reads[i], content);
	assert_int_equal(rig.pins.conflicts, 0);
}

static void without_qe_a_quad_read_is_ignored(void **state)
{
	static const uint8_t content[4] = {0x12, 0xa5, 0xf0, 0x7e};
	static const uint8_t nothing[4] = {0};

	(void)state;
	flash_open_with(&rig, "");
	flash_fill(&rig, 0xfe, content, 4);
	assert_reads(&reads[4], nothing);
	assert_reads(&reads[5], nothing);
	flash_close(&rig);
	/* QER 0 is a chip without QE. */
	flash_open_with(&rig, ":qer=0");
	flash_fill(&rig, 0xfe, content, 4);
	assert_reads(&reads[4], content);
	flash_close(&rig);
	/* A chip of 16 MiB has no instructions with 4 bytes. */
	flash_open_with(&rig, ":qe=1");
	flash_set_cells(&rig, 0, 0x200, 0x55);
	assert_reads(&long_reads[0], nothing);
	rig.part = NULL;
	pins_clear(&rig.pins);
}

static void a_read_goes_on_at_the_start_behind_the_end(void **state)
{
	uint8_t bytes[2];

	(void)state;
	flash_open_with(&rig, ":size=64K");
	flash_set_cells(&rig, 0xffff, 1, 0x11);
	flash_set_cells(&rig, 0, 1, 0x22);
	FLASH_EXCHANGE(&rig, bytes, 2, 0x03, 0xaa, 0xff, 0xff);
	assert_memory_equal(bytes, "\x11\x22", 2);
}

static void continuous_read_mode_needs_no_instruction(void **state)
{
	static const uint8_t content[4] = {0x12, 0xa5, 0xf0, 0x7e};
	uint8_t id[3];

	(void)state;
	flash_open_with(&rig, ":qe=1");
	flash_fill(&rig, 0, content, 4);
	flash_select(&rig);
	flash_put(&rig, 1, 0xeb);
	for (unsigned i = 0; i < 3; i++)
		flash_put(&rig, 4, 0);
	flash_put(&rig, 4, 0xa0);
	flash_dummy(&rig, 4);
	assert_int_equal(flash_get(&rig, 4), 0x12);
	flash_deselect(&rig);
	/* The next transaction is an address. */
	flash_select(&rig);
	for (unsigned i = 0; i < 3; i++)
		flash_put(&rig, 4, i);
	flash_put(&rig, 4, 0x20);
	flash_dummy(&rig, 4);
	assert_int_equal(flash_get(&rig, 4), flash_cell(&rig, 0x000102));
	flash_deselect(&rig);
	/* 8 clocks of ones are an address and mode bits that end the mode. */
	flash_select(&rig);
	for (unsigned i = 0; i < 4; i++)
		flash_put(&rig, 4, 0xff);
	flash_deselect(&rig);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\xef\x40\x18", 3);
}

static void addresses_have_4_bytes_in_4_byte_mode(void **state)
{
	uint8_t byte;

	(void)state;
	flash_open_with(&rig, ":size=32M");
	flash_set_cells(&rig, 0x1000001, 1, 0x42);
	flash_set_cells(&rig, 0x000001, 1, 0x24);
	assert_int_equal(flash_byte(&rig, 1), 0x24);
	FLASH_COMMAND(&rig, 0xb7);
	assert_int_equal(flash_status(&rig, 0x15), 0x01);
	FLASH_EXCHANGE(&rig, &byte, 1, 0x03, 1, 0, 0, 1);
	assert_int_equal(byte, 0x42);
	/* SFDP keeps 3 bytes. */
	assert_int_equal(word_at(0), 0x50444653);
	FLASH_COMMAND(&rig, 0xe9);
	assert_int_equal(flash_status(&rig, 0x15), 0x00);
	assert_int_equal(flash_byte(&rig, 1), 0x24);
	flash_close(&rig);
	/* A small chip has no such mode. */
	flash_open_with(&rig, "");
	FLASH_COMMAND(&rig, 0xb7);
	assert_int_equal(flash_status(&rig, 0x15), 0x00);
}

/* ---- Modes ---------------------------------------------------------------- */

static void in_qpi_all_bytes_go_on_4_lanes(void **state)
{
	uint8_t id[3];

	(void)state;
	flash_open_with(&rig, ":qe=1");
	flash_set_cells(&rig, 0x000100, 1, 0x3c);
	FLASH_COMMAND(&rig, 0x38);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\0\0\0", 3);
	flash_select(&rig);
	flash_put(&rig, 4, 0x9f);
	for (unsigned i = 0; i < 3; i++)
		id[i] = flash_get(&rig, 4);
	flash_deselect(&rig);
	assert_memory_equal(id, "\xef\x40\x18", 3);
	/* 0Bh with 2 dummies, and with 8 after C0h. */
	for (unsigned dummy = 2; dummy <= 8; dummy += 6) {
		flash_select(&rig);
		flash_put(&rig, 4, 0x0b);
		for (unsigned i = 0; i < 3; i++)
			flash_put(&rig, 4, i == 1);
		flash_dummy(&rig, dummy);
		assert_int_equal(flash_get(&rig, 4), 0x3c);
		flash_deselect(&rig);
		flash_select(&rig);
		flash_put(&rig, 4, 0xc0);
		flash_put(&rig, 4, 0x30);
		flash_deselect(&rig);
	}
	flash_select(&rig);
	flash_put(&rig, 4, 0xff);
	flash_deselect(&rig);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\xef\x40\x18", 3);
}

static void a_reset_needs_both_bytes_and_ends_all_modes(void **state)
{
	uint8_t id[3];

	(void)state;
	flash_open_with(&rig, ":qe=1:size=32M");
	FLASH_COMMAND(&rig, 0xb7);
	FLASH_COMMAND(&rig, 0x06);
	FLASH_COMMAND(&rig, 0x99);
	FLASH_COMMAND(&rig, 0x66);
	assert_int_equal(flash_status(&rig, 0x05), 0x02);
	FLASH_COMMAND(&rig, 0x99);
	assert_int_equal(flash_status(&rig, 0x15), 0x01);
	FLASH_COMMAND(&rig, 0x66);
	FLASH_COMMAND(&rig, 0x99);
	/* For 30 us the chip does not answer. */
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\0\0\0", 3);
	flash_wait(&rig, 30 * US);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\xef\x40\x19", 3);
	assert_int_equal(flash_status(&rig, 0x05), 0x00);
	assert_int_equal(flash_status(&rig, 0x15), 0x00);
	/* In QPI it goes on 4 lanes. */
	FLASH_COMMAND(&rig, 0x38);
	for (unsigned i = 0; i < 2; i++) {
		flash_select(&rig);
		flash_put(&rig, 4, i ? 0x99 : 0x66);
		flash_deselect(&rig);
	}
	flash_wait(&rig, 30 * US);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\xef\x40\x19", 3);
}

static void in_deep_power_down_only_the_release_is_heard(void **state)
{
	uint8_t id[3];

	(void)state;
	flash_open_with(&rig, "");
	FLASH_COMMAND(&rig, 0xb9);
	flash_wait(&rig, 3 * US);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\0\0\0", 3);
	FLASH_COMMAND(&rig, 0x06);
	FLASH_COMMAND(&rig, 0xab);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\0\0\0", 3);
	flash_wait(&rig, 3 * US);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\xef\x40\x18", 3);
	assert_int_equal(flash_status(&rig, 0x05), 0x00);
}

static void a_host_that_drives_against_the_chip_is_a_conflict(void **state)
{
	(void)state;
	flash_open_with(&rig, "");
	flash_select(&rig);
	flash_put(&rig, 1, 0x9f);
	assert_int_equal(rig.pins.conflicts, 0);
	/* Eight more bits on two lanes, while the chip drives IO1. */
	flash_put(&rig, 2, 0x00);
	flash_put(&rig, 2, 0x00);
	flash_deselect(&rig);
	assert_int_equal(rig.pins.conflicts, FLASH25_IO[1]);
}

/* ---- The file ------------------------------------------------------------- */

static void the_content_is_in_its_file(void **state)
{
	char path[] = "/tmp/clyde-flash25-XXXXXX", keys[64];
	int descriptor = mkstemp(path);
	uint8_t byte = 0x42;

	(void)state;
	assert_true(descriptor >= 0);
	unlink(path);
	snprintf(keys, sizeof(keys), ":size=64K:file=%s", path);
	flash_open_with(&rig, keys);
	assert_int_equal(flash_byte(&rig, 0x1234), 0xff);
	flash_program(&rig, 0x1234, &byte, 1);
	assert_true(flash_ready(&rig, MS));
	flash_close(&rig);
	flash_open_with(&rig, keys);
	assert_int_equal(flash_byte(&rig, 0x1234), 0x42);
	flash_close(&rig);
	rig.part = NULL;
	close(descriptor);
	unlink(path);
}

static void a_file_of_another_size_is_refused(void **state)
{
	char path[] = "/tmp/clyde-flash25-XXXXXX";
	char text[PART_TEXT_SIZE], why[PART_WHY_SIZE], expected[128];
	int descriptor = mkstemp(path);

	(void)state;
	assert_int_equal(write(descriptor, "four", 4), 4);
	close(descriptor);
	snprintf(text, sizeof(text), FLASH25_PINS ":file=%s", path);
	snprintf(expected, sizeof(expected),
		"flash25: %s has 4 bytes, not 16777216", path);
	assert_null(part_new(text, why));
	assert_string_equal(why, expected);
	unlink(path);
	assert_null(part_new(FLASH25_PINS ":file=/no/folder/file", why));
	assert_string_equal(why,
		"flash25: cannot write /no/folder/file: No such file or "
		"directory");
}

static void a_bad_description_is_refused_with_its_reason(void **state)
{
	static const char *const bad[][2] = {
		{"flash25", "flash25: cs is missing"},
		{"flash25@cs=A5:sck=A1:io0=A2", "flash25: io1 is missing"},
		{"flash25@cs=A9",
			"flash25: cs=A9 is not a pin, A0..A7 or "
			"B0..B7"},
		{FLASH25_PINS ":cs=A0", "flash25: cs is given twice"},
		{"flash25@cs=A5:sck=A5:io0=A2:io1=A4",
			"flash25: A5 is given twice"},
		{FLASH25_PINS ":size=100K",
			"flash25: size=100K is not a power of two from 64K to "
			"64M"},
		{FLASH25_PINS ":size=128M",
			"flash25: size=128M is not a power of two from 64K to "
			"64M"},
		{FLASH25_PINS ":id=EF401",
			"flash25: id=EF401 is not 4 or 6 hexadecimal digits"},
		{FLASH25_PINS ":id=EF4g",
			"flash25: id=EF4g is not 4 or 6 hexadecimal digits"},
		{FLASH25_PINS ":sfdp=1.5",
			"flash25: sfdp=1.5 is not one of 1.6 1.0 none"},
		{FLASH25_PINS ":t-pp=400",
			"flash25: t-pp=400 is not a time with a unit, from 1ns "
			"to 1000s"},
		{FLASH25_PINS ":t-v=2us",
			"flash25: t-v=2us is not a time with a unit, from 1ns "
			"to 1us"},
		{FLASH25_PINS ":qer=7", "flash25: qer=7 is not in 0..6"},
		{FLASH25_PINS ":qe=yes", "flash25: qe=yes is not 0 or 1"},
		{FLASH25_PINS ":wp=1",
			"flash25: wp=1 is not one of none soft hard"},
		{FLASH25_PINS ":worn=64M",
			"flash25: worn=64M is not an address below 64 MiB"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char why[PART_WHY_SIZE] = "";

		assert_null(part_new(bad[i][0], why));
		assert_string_equal(why, bad[i][1]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_identifies_itself_as_a_w25q128),
		TEST(it_works_in_mode_3_too),
		TEST(the_key_id_replaces_the_id),
		TEST(sfdp_1_6_describes_the_chip),
		TEST(sfdp_1_0_has_9_words_and_large_chips_a_second_table),
		TEST(data_is_valid_a_time_after_the_falling_edge),
		TEST(every_read_gives_the_same_bytes),
		TEST(without_qe_a_quad_read_is_ignored),
		TEST(a_read_goes_on_at_the_start_behind_the_end),
		TEST(continuous_read_mode_needs_no_instruction),
		TEST(addresses_have_4_bytes_in_4_byte_mode),
		TEST(in_qpi_all_bytes_go_on_4_lanes),
		TEST(a_reset_needs_both_bytes_and_ends_all_modes),
		TEST(in_deep_power_down_only_the_release_is_heard),
		TEST(a_host_that_drives_against_the_chip_is_a_conflict),
		TEST(the_content_is_in_its_file),
		TEST(a_file_of_another_size_is_refused),
		TEST(a_bad_description_is_refused_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
