/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the part avr-isp by edges on its pins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "virtual/board/pins.h"

#define US ((tick)TICKS_PER_US)
#define MS (1000 * US)

#define RESET  (1 << 0)
#define SCK    (1 << 1)
#define COPI   (1 << 2)
#define CIPO   (1 << 3)
#define PINS   "avr-isp@reset=A0:sck=A1:copi=A2:cipo=A3"
#define DRIVEN (RESET | SCK | COPI)

static struct pins pins;
static tick half; /* of a period of SCK */

static void drive(uint16_t set, uint16_t clear)
{
	pins_drive(&pins, pins.now, (pins.fpga_levels | set) & ~clear, DRIVEN);
}

static void pass(tick ticks)
{
	pins_run(&pins, pins.now + ticks);
}

static void add(const char *text)
{
	char why[PART_WHY_SIZE] = "";
	struct part *part = part_new(text, why);

	if (part == NULL)
		fail_msg("%s", why);
	pins_init(&pins);
	pins_supply(&pins, 0xffff, 0, 0);
	pins_add(&pins, part);
	half = 5 * US; /* 100 kHz */
	drive(RESET, 0);
	pass(MS);
}

static int tear_down(void **state)
{
	(void)state;
	pins_clear(&pins);
	return 0;
}

static uint8_t exchange_byte(uint8_t byte)
{
	uint8_t in = 0;

	for (unsigned i = 8; i-- > 0;) {
		drive(byte >> i & 1 ? COPI : 0, byte >> i & 1 ? 0 : COPI);
		pass(half);
		in = in << 1 | !!(pins_levels(&pins) & CIPO);
		drive(SCK, 0);
		pass(half);
		drive(0, SCK);
	}
	return in;
}

/* Sends an instruction; returns the bytes that came with it. */
static uint32_t instruct(uint32_t instruction)
{
	uint32_t in = 0;

	for (unsigned i = 4; i-- > 0;)
		in = in << 8 | exchange_byte(instruction >> 8 * i);
	return in;
}

static uint8_t ask(uint32_t instruction)
{
	return instruct(instruction);
}

static void enter(void)
{
	drive(0, RESET);
	pass(20 * MS);
	assert_int_equal(instruct(0xac530000) & 0xff00, 0x5300);
}

static void wait_ready(tick most)
{
	tick end = pins.now + most;

	while (ask(0xf0000000) & 1)
		assert_true(pins.now < end);
}

static void write_page(uint16_t word, const uint8_t *bytes, unsigned words)
{
	for (unsigned i = 0; i < words; i++) {
		instruct(0x40000000 | i << 8 | bytes[2 * i]);
		instruct(0x48000000 | i << 8 | bytes[2 * i + 1]);
	}
	instruct(0x4c000000 | word << 8);
	wait_ready(5 * MS);
}

static void program_enable_is_echoed_after_20_ms(void **state)
{
	(void)state;
	add(PINS);
	drive(0, RESET);
	pass(10 * MS);
	assert_int_not_equal(instruct(0xac530000) & 0xff00, 0x5300);
	assert_int_equal(ask(0x30000000), 0);
	pass(10 * MS);
	assert_int_equal(instruct(0xac530000) & 0xff00, 0x5300);
	assert_int_equal(ask(0x30000000), 0x1e);
	/* Without RESET nothing is heard, and CIPO is free. */
	drive(RESET, 0);
	pass(MS);
	assert_int_equal(ask(0x30000000), 0);
	assert_int_equal(pins.parts[0]->low | pins.parts[0]->high, 0);
	assert_int_equal(pins.conflicts, 0);
}

static void it_is_an_atmega328p_unless_told_otherwise(void **state)
{
	(void)state;
	add(PINS);
	enter();
	assert_int_equal(ask(0x30000000), 0x1e);
	assert_int_equal(ask(0x30000100), 0x95);
	assert_int_equal(ask(0x30000200), 0x0f);
	assert_int_equal(ask(0x38000000), 0x9a);
	assert_int_equal(ask(0x50000000), 0x62);
	assert_int_equal(ask(0x58080000), 0xd9);
	assert_int_equal(ask(0x50080000), 0xff);
	assert_int_equal(ask(0x58000000), 0xff);
	pins_clear(&pins);
	add(PINS ":signature=1e9307:flash=8K:page=64");
	enter();
	assert_int_equal(ask(0x30000100), 0x93);
	assert_int_equal(ask(0x30000200), 0x07);
}

static void a_byte_echoes_the_one_before(void **state)
{
	(void)state;
	add(PINS);
	enter();
	assert_int_equal(instruct(0x30000100) & 0xffff00, 0x300000);
}

static void a_page_is_loaded_written_and_read(void **state)
{
	uint8_t bytes[128];

	(void)state;
	add(PINS);
	enter();
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = i ^ 0x5a;
	write_page(0x0140, bytes, 64);
	for (unsigned i = 0; i < 64; i++) {
		uint32_t word = (0x140 + i) << 8;

		assert_int_equal(ask(0x20000000 | word), bytes[2 * i]);
		assert_int_equal(ask(0x28000000 | word), bytes[2 * i + 1]);
	}
	assert_int_equal(ask(0x20018000), 0xff);
	/* Without an erase, bits can only be cleared. */
	bytes[0] = 0xf0;
	write_page(0x0140, bytes, 1);
	assert_int_equal(ask(0x20014000), 0x50);
	assert_int_equal(ask(0x20014100), 0x02 ^ 0x5a);
	instruct(0xac800000);
	wait_ready(10 * MS);
	assert_int_equal(ask(0x20014000), 0xff);
}

static void while_busy_a_read_gives_ones_and_a_write_is_lost(void **state)
{
	tick begin;

	(void)state;
	add(PINS);
	enter();
	instruct(0xc0000542);
	begin = pins.now;
	assert_int_equal(ask(0xf0000000), 1);
	assert_int_equal(ask(0xa0000500), 0xff);
	instruct(0xc0000613);
	while (ask(0xf0000000) & 1)
		continue;
	assert_in_range(pins.now - begin, 3600 * US, 4300 * US);
	assert_int_equal(ask(0xa0000500), 0x42);
	assert_int_equal(ask(0xa0000600), 0xff);
	/* A page of the EEPROM. */
	instruct(0xc1000177);
	instruct(0xc2000400);
	wait_ready(5 * MS);
	assert_int_equal(ask(0xa0000500), 0x77);
	assert_int_equal(ask(0xa0000400), 0xff);
}

static void lock_bits_stop_writes_and_reads_until_an_erase(void **state)
{
	uint8_t bytes[2] = {0x12, 0x34};

	(void)state;
	add(PINS);
	enter();
	write_page(0, bytes, 1);
	instruct(0xaca000e2);
	wait_ready(5 * MS);
	assert_int_equal(ask(0x50000000), 0xe2);
	instruct(0xace000fe);
	wait_ready(5 * MS);
	bytes[0] = 0;
	write_page(0, bytes, 1);
	instruct(0xaca00062);
	assert_int_equal(ask(0x50000000), 0xe2);
	assert_int_equal(ask(0x20000000), 0x12);
	instruct(0xace000fc);
	wait_ready(5 * MS);
	assert_int_equal(ask(0x20000000), 0xff);
	instruct(0xac800000);
	wait_ready(10 * MS);
	assert_int_equal(ask(0x58000000), 0xff);
	assert_int_equal(ask(0x20000000), 0xff);
}

static void a_large_flash_has_an_extended_address(void **state)
{
	uint8_t bytes[2] = {0xaa, 0xbb};

	(void)state;
	add(PINS ":signature=1e9801:flash=256K:page=256");
	enter();
	instruct(0x4d000100);
	write_page(0x0080, bytes, 1);
	assert_int_equal(ask(0x28008000), 0xbb);
	instruct(0x4d000000);
	assert_int_equal(ask(0x28008000), 0xff);
}

static void a_clock_that_is_too_fast_is_not_followed(void **state)
{
	(void)state;
	add(PINS ":clock=1M");
	enter();
	half = 1 * US;
	assert_int_equal(ask(0x30000000), 0);
	/* A pulse of RESET helps. */
	half = 5 * US;
	drive(RESET, 0);
	pass(MS);
	enter();
	pins_clear(&pins);
	add(PINS ":clock=8M");
	half = 1 * US;
	enter();
	assert_int_equal(ask(0x30000000), 0x1e);
}

static void the_content_is_in_its_file(void **state)
{
	char path[] = "/tmp/clyde-avr-XXXXXX", text[PART_TEXT_SIZE];
	int descriptor = mkstemp(path);
	uint8_t bytes[2] = {0x12, 0x34};

	(void)state;
	assert_true(descriptor >= 0);
	close(descriptor);
	unlink(path);
	snprintf(text, sizeof(text), PINS ":file=%s", path);
	for (unsigned i = 0; i < 2; i++) {
		add(text);
		enter();
		if (i == 0)
			write_page(0, bytes, 1);
		assert_int_equal(ask(0x28000000), 0x34);
		if (i == 0)
			pins_clear(&pins);
	}
	unlink(path);
}

static void a_bad_description_is_refused_with_its_reason(void **state)
{
	static const char *const bad[][2] = {
		{"avr-isp@reset=A0", "avr-isp: sck is missing"},
		{PINS ":flash=3K",
			"avr-isp: flash=3K is not a power of two from 1K to "
			"256K"},
		{PINS ":page=512",
			"avr-isp: page=512 is not a power of two from 16 to "
			"256"},
		{PINS ":signature=1e95",
			"avr-isp: signature=1e95 is not 6 hexadecimal digits"},
		{PINS ":clock=0", "avr-isp: clock=0 is not in 1k..20M"},
		{"avr-isp@reset=A0:sck=A1:copi=A1:cipo=A3",
			"avr-isp: A1 is given twice"},
	};

	(void)state;
	pins_init(&pins);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char why[PART_WHY_SIZE] = "";

		assert_null(part_new(bad[i][0], why));
		assert_string_equal(why, bad[i][1]);
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(program_enable_is_echoed_after_20_ms),
		TEST(it_is_an_atmega328p_unless_told_otherwise),
		TEST(a_byte_echoes_the_one_before),
		TEST(a_page_is_loaded_written_and_read),
		TEST(while_busy_a_read_gives_ones_and_a_write_is_lost),
		TEST(lock_bits_stop_writes_and_reads_until_an_erase),
		TEST(a_large_flash_has_an_extended_address),
		TEST(a_clock_that_is_too_fast_is_not_followed),
		TEST(the_content_is_in_its_file),
		TEST(a_bad_description_is_refused_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
