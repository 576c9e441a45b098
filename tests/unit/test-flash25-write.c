/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the part flash25 by edges on its pins: how its array and its status
   registers change, and when they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- Programming and erasing ---------------------------------------------- */

static void a_program_clears_bits_and_wraps_in_its_page(void **state)
{
	uint8_t bytes[3] = {0xf0, 0x3c, 0x00};

	(void)state;
	flash_open_with(&rig, ":t-pp=700us");
	flash_set_cells(&rig, 0x1200, 1, 0x55);
	flash_program(&rig, 0x12fe, bytes, 3);
	assert_int_equal(flash_status(&rig, 0x05), 0x03);
	assert_true(flash_ready(&rig, 700 * US));
	assert_int_equal(flash_status(&rig, 0x05), 0x00);
	assert_int_equal(flash_byte(&rig, 0x12fe), 0xf0);
	assert_int_equal(flash_byte(&rig, 0x12ff), 0x3c);
	assert_int_equal(flash_byte(&rig, 0x1200), 0x00);
	assert_int_equal(flash_byte(&rig, 0x1201), 0xff);
	assert_int_equal(flash_byte(&rig, 0x1300), 0xff);
	/* A bit that is 0 stays 0. */
	bytes[0] = 0xcf;
	flash_program(&rig, 0x12fe, bytes, 1);
	assert_true(flash_ready(&rig, 700 * US));
	assert_int_equal(flash_byte(&rig, 0x12fe), 0xc0);
}

static void of_more_bytes_than_a_page_has_the_last_ones_count(void **state)
{
	uint8_t bytes[FLASH25_PAGE + 2];

	(void)state;
	flash_open_with(&rig, "");
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = i < 2 ? 0x11 : 0x22 + i;
	flash_program(&rig, 0x000000, bytes, sizeof(bytes));
	assert_true(flash_ready(&rig, MS));
	assert_int_equal(flash_cell(&rig, 0), (uint8_t)(0x22 + FLASH25_PAGE));
	assert_int_equal(
		flash_cell(&rig, 1), (uint8_t)(0x22 + FLASH25_PAGE + 1));
	assert_int_equal(flash_cell(&rig, 2), 0x24);
	assert_int_equal(flash_cell(&rig, FLASH25_PAGE), 0xff);
}

static void quad_and_4_byte_programs_are_programs(void **state)
{
	(void)state;
	flash_open_with(&rig, ":qe=1:size=32M");
	FLASH_COMMAND(&rig, 0x06);
	flash_select(&rig);
	flash_put(&rig, 1, 0x32);
	for (unsigned i = 0; i < 3; i++)
		flash_put(&rig, 1, 0);
	flash_put(&rig, 4, 0x96);
	flash_deselect(&rig);
	assert_true(flash_ready(&rig, MS));
	assert_int_equal(flash_cell(&rig, 0), 0x96);
	FLASH_COMMAND(&rig, 0x06);
	FLASH_COMMAND(&rig, 0x12, 1, 0, 0, 2, 0x69);
	assert_true(flash_ready(&rig, MS));
	assert_int_equal(flash_cell(&rig, 0x1000002), 0x69);
	FLASH_COMMAND(&rig, 0x06);
	flash_select(&rig);
	flash_put(&rig, 1, 0x34);
	for (unsigned i = 0; i < 4; i++)
		flash_put(&rig, 1, i == 0);
	flash_put(&rig, 4, 0x5a);
	flash_deselect(&rig);
	assert_true(flash_ready(&rig, MS));
	assert_int_equal(flash_cell(&rig, 0x1000000), 0x5a);
}

static void nothing_is_written_without_write_enable(void **state)
{
	uint8_t byte = 0;

	(void)state;
	flash_open_with(&rig, "");
	FLASH_COMMAND(&rig, 0x02, 0, 0, 0, 0);
	assert_int_equal(flash_status(&rig, 0x05), 0x00);
	FLASH_COMMAND(&rig, 0x06);
	assert_int_equal(flash_status(&rig, 0x05), 0x02);
	FLASH_COMMAND(&rig, 0x04);
	assert_int_equal(flash_status(&rig, 0x05), 0x00);
	FLASH_COMMAND(&rig, 0x20, 0, 0, 0);
	FLASH_COMMAND(&rig, 0xc7);
	FLASH_COMMAND(&rig, 0x01, 0x1c);
	assert_int_equal(flash_status(&rig, 0x05), 0x00);
	assert_int_equal(flash_cell(&rig, 0), 0xff);
	/* The latch falls with the end of each operation. */
	flash_program(&rig, 0, &byte, 1);
	assert_true(flash_ready(&rig, MS));
	FLASH_COMMAND(&rig, 0x02, 0, 0, 1, 0);
	assert_int_equal(flash_status(&rig, 0x05), 0x00);
	assert_int_equal(flash_cell(&rig, 1), 0xff);
}

static void a_command_of_another_length_is_not_carried_out(void **state)
{
	(void)state;
	flash_open_with(&rig, "");
	FLASH_COMMAND(&rig, 0x06, 0x00);
	assert_int_equal(flash_status(&rig, 0x05), 0x00);
	FLASH_COMMAND(&rig, 0x06);
	/* No data; a byte that is not whole; an address that is not. */
	FLASH_COMMAND(&rig, 0x02, 0, 0, 0);
	flash_select(&rig);
	for (unsigned i = 0; i < 5; i++)
		flash_put(&rig, 1, i == 0 ? 0x02 : 0);
	flash_bits(&rig, 3);
	flash_deselect(&rig);
	FLASH_COMMAND(&rig, 0x20, 0, 0);
	FLASH_COMMAND(&rig, 0x20, 0, 0, 0, 0);
	flash_select(&rig);
	flash_put(&rig, 1, 0xc7);
	flash_bits(&rig, 7);
	flash_deselect(&rig);
	FLASH_COMMAND(&rig, 0x01, 0, 0, 0);
	assert_int_equal(flash_status(&rig, 0x05), 0x02);
	assert_int_equal(flash_cell(&rig, 0), 0xff);
}

/* Erases at 0x3abcd of zeros, and returns what was erased. */
static void assert_erases(uint8_t opcode, unsigned address_size, uint32_t from,
	uint32_t size, tick time)
{
	const uint32_t all = 1 << 20; /* of a larger chip, its begin */
	uint8_t bytes[5] = {opcode, 0, 0x03, 0xab, 0xcd};

	if (address_size == 3)
		memmove(bytes + 1, bytes + 2, 3);
	flash_set_cells(&rig, 0, all, 0x00);
	FLASH_COMMAND(&rig, 0x06);
	flash_command(&rig, bytes, 1 + address_size);
	flash_wait(&rig, time - 200 * US);
	assert_int_equal(flash_status(&rig, 0x05) & 1, 1);
	flash_wait(&rig, 200 * US);
	assert_int_equal(flash_status(&rig, 0x05) & 1, 0);
	for (uint32_t i = 0; i < all; i++)
		if (flash_cell(&rig, i) !=
			(i >= from && i - from < size ? 0xff : 0x00))
			fail_msg("%02x: %x is %02x", opcode, i,
				flash_cell(&rig, i));
}

static void every_erase_has_its_size_and_its_time(void **state)
{
	(void)state;
	flash_open_with(&rig, ":size=1M:t-se=45ms:t-be=150ms:t-ce=2s");
	assert_erases(0x20, 3, 0x3a000, 0x1000, 45 * MS);
	assert_erases(0x52, 3, 0x38000, 0x8000, 120 * MS);
	assert_erases(0xd8, 3, 0x30000, 0x10000, 150 * MS);
	assert_erases(0xc7, 0, 0, 0x100000, 2000 * MS);
	assert_erases(0x60, 0, 0, 0x100000, 2000 * MS);
	flash_close(&rig);
	flash_open_with(&rig, ":size=32M:t-se=45ms:t-be=150ms");
	assert_erases(0x21, 4, 0x3a000, 0x1000, 45 * MS);
	assert_erases(0xdc, 4, 0x30000, 0x10000, 150 * MS);
}

static void while_busy_only_the_status_is_answered(void **state)
{
	uint8_t id[3], byte = 0;

	(void)state;
	flash_open_with(&rig, "");
	flash_set_cells(&rig, 0x1000, 1, 0x77);
	flash_program(&rig, 0, &byte, 1);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\0\0\0", 3);
	assert_int_equal(flash_byte(&rig, 0x1000), 0);
	FLASH_COMMAND(&rig, 0x04);
	FLASH_COMMAND(&rig, 0xb9);
	assert_int_equal(flash_status(&rig, 0x05), 0x03);
	assert_true(flash_ready(&rig, MS));
	assert_int_equal(flash_byte(&rig, 0x1000), 0x77);
}

static void with_busy_race_the_write_latch_falls_later_than_busy(void **state)
{
	uint8_t byte = 0;

	(void)state;
	flash_open_with(&rig, ":t-pp=100us:busy-race=50us");
	flash_program(&rig, 0, &byte, 1);
	flash_wait(&rig, 110 * US);
	assert_int_equal(flash_status(&rig, 0x05), 0x02);
	/* A write enable at this moment is lost. */
	FLASH_COMMAND(&rig, 0x06);
	flash_wait(&rig, 50 * US);
	assert_int_equal(flash_status(&rig, 0x05), 0x00);
}

static void a_worn_byte_keeps_a_bit_at_0(void **state)
{
	(void)state;
	flash_open_with(&rig, ":worn=0x1001:t-se=1ms");
	assert_int_equal(flash_byte(&rig, 0x1001), 0xfe);
	FLASH_COMMAND(&rig, 0x06);
	FLASH_COMMAND(&rig, 0x20, 0, 0x10, 0);
	assert_true(flash_ready(&rig, 2 * MS));
	assert_int_equal(flash_byte(&rig, 0x1000), 0xff);
	assert_int_equal(flash_byte(&rig, 0x1001), 0xfe);
}

/* ---- Protection ----------------------------------------------------------- */

/* W25Q128JV, "Status Register Memory Protection". */
static void block_protect_bits_protect_their_part(void **state)
{
	static const struct {
		uint8_t sr1, sr2;
		uint32_t from, end;
	} rows[] = {{0x00, 0x00, 0, 0}, {0x04, 0, 0xfc0000, 0x1000000},
		{0x08, 0, 0xf80000, 0x1000000}, {0x18, 0, 0x800000, 0x1000000},
		{0x1c, 0, 0, 0x1000000}, {0x24, 0, 0, 0x040000},
		{0x38, 0, 0, 0x800000}, {0x44, 0, 0xfff000, 0x1000000},
		{0x4c, 0, 0xffc000, 0x1000000}, {0x50, 0, 0xff8000, 0x1000000},
		{0x64, 0, 0, 0x001000}, {0x70, 0, 0, 0x008000},
		{0x00, 0x40, 0, 0x1000000}, {0x04, 0x40, 0, 0xfc0000},
		{0x24, 0x40, 0x040000, 0x1000000}, {0x1c, 0x40, 0, 0}};

	(void)state;
	flash_open_with(&rig, ":t-w=100us");
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t from = rows[i].from, end = rows[i].end;

		flash_write_status(&rig, 0x01, rows[i].sr1);
		flash_write_status(&rig, 0x31, rows[i].sr2);
		assert_int_equal(flash_status(&rig, 0x05), rows[i].sr1);
		assert_int_equal(flash_status(&rig, 0x35), rows[i].sr2);
		for (uint32_t at = 0; at < 0x1000000; at += 0x1000)
			if (flash25_protects(rig.chip, at, 0x1000) !=
				(at >= from && at < end))
				fail_msg("row %zu: %x", i, at);
	}
}

static void a_protected_page_is_not_changed(void **state)
{
	uint8_t byte = 0;

	(void)state;
	flash_open_with(&rig, ":wp=soft");
	flash_program(&rig, 0x123456, &byte, 1);
	assert_int_equal(flash_status(&rig, 0x05), 0x1e);
	FLASH_COMMAND(&rig, 0x20, 0, 0, 0);
	FLASH_COMMAND(&rig, 0xc7);
	assert_int_equal(flash_status(&rig, 0x05), 0x1e);
	assert_int_equal(flash_cell(&rig, 0x123456), 0xff);
	flash_write_status(&rig, 0x01, 0x00);
	flash_program(&rig, 0x123456, &byte, 1);
	assert_true(flash_ready(&rig, MS));
	assert_int_equal(flash_cell(&rig, 0x123456), 0x00);
	/* A chip erase needs all of the chip. */
	flash_write_status(&rig, 0x01, 0x04);
	FLASH_COMMAND(&rig, 0x06);
	FLASH_COMMAND(&rig, 0xc7);
	assert_int_equal(flash_status(&rig, 0x05), 0x06);
}

static void wp_low_protects_the_status_register(void **state)
{
	(void)state;
	flash_open_with(&rig, ":wp=hard");
	/* The pin is high at the host. */
	assert_int_equal(flash_status(&rig, 0x05), 0x9c);
	flash_write_status(&rig, 0x01, 0x80);
	assert_int_equal(flash_status(&rig, 0x05), 0x80);
	flash_close(&rig);
	/* Without the pin, WP# is low on the part's board. */
	assert_true(
		flash_open(&rig, "flash25@cs=A5:sck=A1:io0=A2:io1=A4:wp=hard",
			false, (char[PART_WHY_SIZE]){0}));
	FLASH_COMMAND(&rig, 0x06);
	FLASH_COMMAND(&rig, 0x01, 0x00);
	assert_int_equal(flash_status(&rig, 0x05), 0x9e);
}

static void volatile_status_lasts_until_power_down(void **state)
{
	(void)state;
	flash_open_with(&rig, "");
	FLASH_COMMAND(&rig, 0x50);
	FLASH_COMMAND(&rig, 0x01, 0x1c);
	assert_int_equal(flash_status(&rig, 0x05), 0x1c);
	flash_supply(&rig, false);
	flash_wait(&rig, MS);
	flash_supply(&rig, true);
	flash_wait(&rig, 10 * MS);
	assert_int_equal(flash_status(&rig, 0x05), 0x00);
	/* SRL, too, but it locks until then. */
	flash_write_status(&rig, 0x31, 0x01);
	FLASH_COMMAND(&rig, 0x06);
	FLASH_COMMAND(&rig, 0x01, 0x1c);
	assert_int_equal(flash_status(&rig, 0x05), 0x02);
	flash_supply(&rig, false);
	flash_wait(&rig, MS);
	flash_supply(&rig, true);
	flash_wait(&rig, 10 * MS);
	assert_int_equal(flash_status(&rig, 0x35), 0x00);
}

static void every_quad_enable_requirement_has_its_bit(void **state)
{
	static const struct {
		const char *keys;
		uint8_t bytes[3], size, read, value;
	} rows[] = {{":qer=1", {0x01, 0x00, 0x02}, 3, 0x35, 0x02},
		{":qer=2", {0x01, 0x40}, 2, 0x05, 0x40},
		{":qer=3", {0x3e, 0x80}, 2, 0x3f, 0x80},
		{":qer=4", {0x01, 0x00, 0x02}, 3, 0, 0},
		{":qer=5", {0x01, 0x00, 0x02}, 3, 0x35, 0x02},
		{":qer=5", {0x31, 0x02}, 2, 0x35, 0x02},
		{":qer=6", {0x31, 0x02}, 2, 0x35, 0x02}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		flash_open_with(&rig, rows[i].keys);
		assert_false(flash25_quad(rig.chip));
		FLASH_COMMAND(&rig, 0x06);
		flash_command(&rig, rows[i].bytes, rows[i].size);
		assert_true(flash_ready(&rig, 20 * MS));
		assert_true(flash25_quad(rig.chip));
		if (rows[i].read)
			assert_int_equal(flash_status(&rig, rows[i].read),
				rows[i].value);
		/* One byte of 01h clears the bit with QER 1 only, or where the
		   bit is in SR1. */
		flash_write_status(&rig, 0x01, 0x00);
		assert_int_equal(flash25_quad(rig.chip), i > 1 && i != 1);
		flash_close(&rig);
	}
	rig.part = NULL;
}

static void hold_low_stops_the_chip(void **state)
{
	uint16_t hold = FLASH25_IO[3];
	uint8_t id[3];

	(void)state;
	/* A clip without HOLD#, with a pull-down at the host. */
	flash_open_with(&rig, "");
	pins_wire(&rig.pins, hold | 1 << 15);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\xef\x40\x18", 3);
	rig.pins.faults.stuck_low = hold;
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\0\0\0", 3);
	flash_close(&rig);
	/* With QE the pin is a lane. */
	flash_open_with(&rig, ":qe=1");
	rig.pins.faults.stuck_low = hold;
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\xef\x40\x18", 3);
}

/* ---- Interruptions -------------------------------------------------------- */

static void an_erase_can_be_suspended_and_resumed(void **state)
{
	uint8_t byte = 0x5a;

	(void)state;
	flash_open_with(&rig, ":t-se=40ms");
	flash_set_cells(&rig, 0, 0x2000, 0x00);
	flash_set_cells(&rig, 0x2000, 1, 0x77);
	FLASH_COMMAND(&rig, 0x06);
	FLASH_COMMAND(&rig, 0x20, 0, 0, 0);
	flash_wait(&rig, 10 * MS);
	FLASH_COMMAND(&rig, 0x75);
	assert_int_equal(flash_status(&rig, 0x05) & 1, 1);
	flash_wait(&rig, 20 * US);
	assert_int_equal(flash_status(&rig, 0x05) & 1, 0);
	assert_int_equal(flash_status(&rig, 0x35), 0x80);
	assert_int_equal(flash_byte(&rig, 0x2000), 0x77);
	assert_int_not_equal(flash_byte(&rig, 0x0000), 0x00);
	/* Other pages can be programmed; nothing can be erased. */
	flash_program(&rig, 0x3000, &byte, 1);
	assert_true(flash_ready(&rig, MS));
	assert_int_equal(flash_cell(&rig, 0x3000), 0x5a);
	flash_program(&rig, 0x0100, &byte, 1);
	assert_int_equal(flash_status(&rig, 0x05) & 1, 0);
	FLASH_COMMAND(&rig, 0x20, 0, 0x10, 0);
	assert_int_equal(flash_status(&rig, 0x05) & 1, 0);
	flash_wait(&rig, 100 * MS);
	FLASH_COMMAND(&rig, 0x7a);
	assert_int_equal(flash_status(&rig, 0x35), 0x00);
	flash_wait(&rig, 29 * MS);
	assert_int_equal(flash_status(&rig, 0x05) & 1, 1);
	flash_wait(&rig, 1 * MS);
	assert_int_equal(flash_status(&rig, 0x05), 0);
	assert_int_equal(flash_cell(&rig, 0x0fff), 0xff);
	assert_int_equal(flash_cell(&rig, 0x1000), 0x00);
}

/* How many bytes of a range have this value. */
static unsigned count_of(uint32_t from, uint32_t size, uint8_t value)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < size; i++)
		count += flash_cell(&rig, from + i) == value;
	return count;
}

static void power_loss_in_mid_erase_leaves_a_mix(void **state)
{
	uint8_t id[3];

	(void)state;
	flash_open_with(&rig, ":t-se=40ms");
	flash_set_cells(&rig, 0, 0x2000, 0x00);
	FLASH_COMMAND(&rig, 0x06);
	FLASH_COMMAND(&rig, 0x20, 0, 0, 0);
	flash_wait(&rig, 20 * MS);
	flash_supply(&rig, false);
	assert_in_range(count_of(0, 0x1000, 0xff), 1024, 2560);
	assert_in_range(count_of(0, 0x1000, 0x00), 1024, 2560);
	assert_int_equal(count_of(0x1000, 0x1000, 0x00), 0x1000);
	flash_wait(&rig, 20 * MS);
	assert_in_range(count_of(0, 0x1000, 0x00), 1024, 2560);
	/* It starts again; and writes only after 5 ms. */
	flash_supply(&rig, true);
	flash_wait(&rig, 10 * US);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\0\0\0", 3);
	flash_wait(&rig, 100 * US);
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_memory_equal(id, "\xef\x40\x18", 3);
	FLASH_COMMAND(&rig, 0x06);
	assert_int_equal(flash_status(&rig, 0x05), 0x00);
	flash_wait(&rig, 5 * MS);
	FLASH_COMMAND(&rig, 0x06);
	assert_int_equal(flash_status(&rig, 0x05), 0x02);
}

static void power_loss_in_mid_program_leaves_a_mix(void **state)
{
	uint8_t bytes[FLASH25_PAGE] = {0};

	(void)state;
	flash_open_with(&rig, ":t-pp=1ms");
	flash_program(&rig, 0, bytes, sizeof(bytes));
	flash_wait(&rig, 500 * US);
	flash_supply(&rig, false);
	assert_in_range(count_of(0, FLASH25_PAGE, 0x00), 32, 224);
	assert_in_range(count_of(0, FLASH25_PAGE, 0xff), 32, 224);
	assert_int_equal(flash_cell(&rig, FLASH25_PAGE), 0xff);
}

/* ---- Polls ---------------------------------------------------------------- */

static unsigned draw(unsigned *seed, unsigned limit)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % limit;
}

/* Something that changes a status register, now or later. */
static void act(unsigned *seed)
{
	switch (draw(seed, 7)) {
	case 0:
		FLASH_COMMAND(&rig, 0x06);
		break;
	case 1:
		FLASH_COMMAND(&rig, 0x06);
		FLASH_COMMAND(&rig, 0x02, 0, draw(seed, 256), 0, 0);
		break;
	case 2:
		FLASH_COMMAND(&rig, 0x06);
		FLASH_COMMAND(&rig, 0x20, 0, draw(seed, 256), 0);
		break;
	case 3:
		FLASH_COMMAND(&rig, 0x06);
		FLASH_COMMAND(&rig, 0x31, draw(seed, 2) << 6);
		break;
	case 4:
		FLASH_COMMAND(&rig, draw(seed, 2) ? 0x75 : 0x7a);
		break;
	case 5:
		FLASH_COMMAND(&rig, 0x66);
		FLASH_COMMAND(&rig, 0x99);
		break;
	}
}

static void a_status_stays_as_long_as_the_chip_says(void **state)
{
	static const uint8_t opcodes[] = {0x05, 0x05, 0x35, 0x15};
	unsigned seed = 20, answers = 0;

	(void)state;
	flash_open_with(&rig, ":t-pp=90us:t-se=400us:t-w=60us:busy-race=15us");
	for (unsigned round = 0; round < 4000; round++) {
		uint8_t opcode = opcodes[draw(&seed, COUNT(opcodes))], status;
		tick until;

		act(&seed);
		flash_wait(&rig, draw(&seed, 50) * US);
		status = flash_status(&rig, opcode);
		until = part_flash25.spi_same(rig.part, status, rig.now);
		assert_int_equal(
			part_flash25.spi_same(rig.part, status ^ 0x80, rig.now),
			0);
		if (until == 0)
			continue;
		answers++;
		if (until > rig.now + 500 * US)
			until = rig.now + 500 * US;
		/* A read takes less than 1 us. */
		while (rig.now + 2 * US < until && draw(&seed, 16)) {
			assert_int_equal(flash_status(&rig, opcode), status);
			flash_wait(&rig, draw(&seed, 20) * US / 2);
		}
	}
	/* Where a status changed while it was read, and in resets. */
	assert_in_range(answers, 3000, 3999);
}

static void what_is_no_status_is_not_polled(void **state)
{
	uint8_t id[3];

	(void)state;
	flash_open_with(&rig, "");
	FLASH_EXCHANGE(&rig, id, 3, 0x9f);
	assert_int_equal(part_flash25.spi_same(rig.part, id[2], rig.now), 0);
	assert_int_equal(flash_status(&rig, 0x05), 0);
	assert_true(part_flash25.spi_same(rig.part, 0, rig.now) == TICK_NEVER);
	FLASH_COMMAND(&rig, 0x06);
	assert_int_equal(part_flash25.spi_same(rig.part, 0, rig.now), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_program_clears_bits_and_wraps_in_its_page),
		TEST(of_more_bytes_than_a_page_has_the_last_ones_count),
		TEST(quad_and_4_byte_programs_are_programs),
		TEST(nothing_is_written_without_write_enable),
		TEST(a_command_of_another_length_is_not_carried_out),
		TEST(every_erase_has_its_size_and_its_time),
		TEST(while_busy_only_the_status_is_answered),
		TEST(with_busy_race_the_write_latch_falls_later_than_busy),
		TEST(a_worn_byte_keeps_a_bit_at_0),
		TEST(block_protect_bits_protect_their_part),
		TEST(a_protected_page_is_not_changed),
		TEST(wp_low_protects_the_status_register),
		TEST(volatile_status_lasts_until_power_down),
		TEST(every_quad_enable_requirement_has_its_bit),
		TEST(hold_low_stops_the_chip),
		TEST(an_erase_can_be_suspended_and_resumed),
		TEST(power_loss_in_mid_erase_leaves_a_mix),
		TEST(power_loss_in_mid_program_leaves_a_mix),
		TEST(a_status_stays_as_long_as_the_chip_says),
		TEST(what_is_no_status_is_not_polled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
