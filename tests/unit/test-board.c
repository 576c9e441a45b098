/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the models of the board's I2C chips and EEPROMs, addressed as the FX2
 * firmware addresses them: the bytes they take, their answers and alerts, and
 * what the EEPROM's configuration block sets.
 */
#include "tests/support/board-test.h"

static const struct device_options factory = {
	.revision = REVISION_C3,
	.serial = "20230101T120000Z",
	.manufacturer = "clyde",
	.flags = CONFIG_MODIFIED_DESIGN,
	.vlimit_mv = {3600, 0x1234, 0, 0},
};

static bool answers(uint8_t address)
{
	return board_i2c(&device.board, address, NULL, 0, NULL, 0);
}

static bool put(uint8_t address, const char *bytes, size_t size)
{
	return board_i2c(
		&device.board, address, (const uint8_t *)bytes, size, NULL, 0);
}

/* Reads the two bytes that follow this command byte, the low one first. */
static unsigned read_word(uint8_t address, const char *command)
{
	uint8_t bytes[2];

	assert_true(board_i2c(&device.board, address, (const uint8_t *)command,
		command != NULL, bytes, 2));
	return bytes[0] | bytes[1] << 8;
}

/* Reads one byte of an EEPROM. */
static uint8_t peek(uint8_t chip, uint16_t at)
{
	uint8_t select[] = {at >> 8, at}, byte = 0;

	assert_true(board_i2c(&device.board, chip, select, 2, &byte, 1));
	return byte;
}

/* 09b0: the DAC uses 9b = 155, and 1650 + (255 - 155) * 15.2 = 3170 mV. */
static void the_dac_takes_the_high_byte_first(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	device.board.ports[0].enabled = true;
	assert_true(put(BOARD_DAC_A, "\x09\xb0", 2));
	assert_int_equal(board_supply_mv(&device.board, 0), 3170);
	assert_int_equal(read_word(BOARD_DAC_A, NULL), 0xb009);
	/* Bits 13 and 12 turn the output off, which is not modelled. */
	assert_true(put(BOARD_DAC_A, "\x39\xb0", 2));
	assert_int_equal(board_supply_mv(&device.board, 0), 3170);
}

/* 3300 mV * 256 / 6600 = 128.  The 8 bits stand at 11 to 4, high byte first.  A
   voltage above 6600 mV reads as full scale. */
static void the_adc081c_has_eight_bits(void **state)
{
	(void)state;
	power_up(REVISION_C0);
	device.board.ports[1].sense_mv = 3300;
	assert_int_equal(read_word(BOARD_ADC_B_OLD, "\x00"), 0x0008);
	device.board.ports[1].sense_mv = 65535;
	assert_int_equal(read_word(BOARD_ADC_B_OLD, "\x00"), 0xf00f);
	assert_true(put(BOARD_ADC_B_OLD, "\x02\x00", 2));
}

/* SBOS790, table 6-4: the defaults; limits keep bits 14 to 3. */
static void the_ina233_has_its_registers(void **state)
{
	(void)state;
	power_up(REVISION_C2);
	assert_true(put(BOARD_ADC_A, "\x12", 1));
	assert_int_equal(read_word(BOARD_ADC_A, "\x4a"), 0x7ff8);
	assert_int_equal(read_word(BOARD_ADC_A, "\x57"), 0x7ff8);
	assert_int_equal(read_word(BOARD_ADC_A, "\x58"), 0x0000);
	assert_int_equal(read_word(BOARD_ADC_A, "\x80") & 0xff, 0x20);
	assert_int_equal(read_word(BOARD_ADC_A, "\xd2") & 0xff, 0xf0);
	assert_int_equal(read_word(BOARD_ADC_A, "\xd4"), 0x0001);
	assert_int_equal(read_word(BOARD_ADC_A, "\xd5") & 0xff, 0x02);
	assert_true(put(BOARD_ADC_A, "\x4a\xff\xff", 3));
	assert_int_equal(read_word(BOARD_ADC_A, "\x4a"), 0x7ff8);
	assert_false(put(BOARD_ADC_A, "\x4a\xff", 2));
	assert_false(put(BOARD_ADC_A, "\x01\x00", 2));
}

/* 0.55 A * 0.15 ohm is above the shunt's full scale of 81.9 mV, which reads
   32767.  With a calibration of 1024 it reads half of that. */
static void the_current_saturates(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	device.board.ports[0].load_ua = UINT32_MAX;
	device.board.ports[0].enabled = true;
	assert_int_equal(read_word(BOARD_ADC_A, "\x8c"), 0x7fff);
	assert_true(put(BOARD_ADC_A, "\xd4\x00\x04", 3));
	assert_int_equal(read_word(BOARD_ADC_A, "\x8c"), 0x3fff);
}

/* The voltage is over 2 V with a window up to 1 V (800 = 0320).  The comments
   of upstream's port.c describe two properties: a fault that came while masked
   raises no alert later; CLEAR_FAULTS (03) does not release nALERT,
   RESTORE_DEFAULT_ALL (12) does. */
static void an_alert_is_raised_by_a_fault_and_stays(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	device.board.ports[0].sense_mv = 2000;
	assert_true(put(BOARD_ADC_A, "\x57\x20\x03", 3));
	board_check_alerts(&device.board);
	assert_int_equal(read_word(BOARD_ADC_A, "\x80") & 0x07, 0x02);
	assert_true(put(BOARD_ADC_A, "\xd2\x00", 2));
	board_check_alerts(&device.board);
	assert_false(board_alert(&device.board));
	assert_true(put(BOARD_ADC_A, "\x03", 1));
	assert_int_equal(read_word(BOARD_ADC_A, "\x80") & 0x07, 0x00);
	board_check_alerts(&device.board);
	assert_true(board_alert(&device.board));
	assert_true(put(BOARD_ADC_A, "\x03", 1));
	assert_true(board_alert(&device.board));
	assert_true(put(BOARD_ADC_A, "\x12", 1));
	assert_false(board_alert(&device.board));
}

/* PCA6408A registers: 1 output, 2 polarity of inputs, 3 configuration (1 =
   input). */
static void pins_follow_the_expander(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	assert_false(answers(BOARD_PULL_B));
	device.board.ports[1].enabled = true;
	assert_int_equal(read_word(BOARD_PULL_B, "\x01"), 0xffff);
	assert_int_equal(read_word(BOARD_PULL_B, "\x03"), 0xffff);
	assert_int_equal(board_levels(&device.board, 1), 0x00);
	assert_true(put(BOARD_PULL_B, "\x01\x3c", 2));
	assert_true(put(BOARD_PULL_B, "\x03\xf0", 2));
	assert_int_equal(board_levels(&device.board, 1), 0x0c);
	assert_true(put(BOARD_PULL_B, "\x02\x81", 2));
	assert_int_equal(read_word(BOARD_PULL_B, "\x00") & 0xff, 0x8c);
	assert_false(put(BOARD_PULL_B, "\x04\x00", 2));
	/* The expander loses its registers when the port is off for a while. */
	device.board.ports[1].enabled = false;
	assert_int_equal(board_levels(&device.board, 1), 0x00);
	board_check_alerts(&device.board);
	device.board.ports[1].enabled = true;
	assert_int_equal(read_word(BOARD_PULL_B, "\x02"), 0x0000);
	assert_int_equal(read_word(BOARD_PULL_B, "\x03"), 0xffff);
}

static void each_revision_has_its_own_addresses(void **state)
{
	(void)state;
	power_up(REVISION_C3);
	assert_true(answers(0x0e) && answers(0x40) && answers(0x41));
	assert_false(answers(0x0c) || answers(0x54) || answers(0x55));
	power_down(NULL);
	power_up(REVISION_C1);
	assert_true(answers(0x0c) && answers(0x54) && answers(0x55));
	assert_false(answers(0x0e) || answers(0x40) || answers(0x41));
}

static void an_eeprom_write_wraps_inside_its_page(void **state)
{
	(void)state;
	boot(REVISION_C3, NULL);
	assert_true(put(BOARD_FX2_MEM,
		"\x01\x3f"
		"ab",
		4));
	assert_int_equal(peek(BOARD_FX2_MEM, 0x013f), 'a');
	assert_int_equal(peek(BOARD_FX2_MEM, 0x0100), 'b');
	assert_int_equal(peek(BOARD_FX2_MEM, 0x0140), 0xff);
	assert_int_equal(peek(BOARD_ICE_MEM_LOW, 0), 0xff);
	assert_null(device.board.ice_mem);
	assert_true(put(BOARD_ICE_MEM_HIGH,
		"\x01\xff"
		"ab",
		4));
	assert_int_equal(peek(BOARD_ICE_MEM_HIGH, 0x0100), 'b');
	assert_int_equal(peek(BOARD_ICE_MEM_LOW, 0x0100), 0xff);
}

static void an_eeprom_read_wraps_at_the_end_of_the_chip(void **state)
{
	uint8_t select[] = {0x7f, 0xff}, bytes[2];

	(void)state;
	power_up(REVISION_C3);
	assert_true(
		board_i2c(&device.board, BOARD_FX2_MEM, select, 2, bytes, 2));
	assert_memory_equal(bytes, "\xff\xc2", 2);
}

/* Decode the load records as the boot ROM does: the number of records, with the
   last one, or 0. */
static unsigned decode(const uint8_t *eeprom, uint8_t *ram)
{
	for (unsigned at = 8, records = 1;; records++) {
		unsigned size = eeprom[at] << 8 | eeprom[at + 1];
		unsigned to = eeprom[at + 2] << 8 | eeprom[at + 3];
		bool last = size & 0x8000;

		size &= 0x7fff;
		at += 4;
		if (size == 0 || size > 1023 || at + size > EEPROM_SIZE)
			return 0;
		if (last)
			return size == 1 && to == 0xe600 ? records : 0;
		if (to + size > 0x4000)
			return 0;
		memcpy(ram + to, eeprom + at, size);
		at += size;
	}
}

static void the_factory_image_is_accepted_by_the_boot_rom(void **state)
{
	static const uint8_t start[] = {0xc2, 0xb7, 0x20, 0xb1, 0x9d, 0x33,
		0x00, 0x41, 0x00, 0x40, 0x3f, 0xc0, 0x33, '2', '0', '2'};
	uint8_t eeprom[EEPROM_SIZE], ram[0x4000] = {0};

	(void)state;
	device_format_eeprom(&factory, eeprom);
	assert_memory_equal(eeprom, start, sizeof(start));
	assert_memory_equal(eeprom + 53, "clyde\0", 6);
	/* The flag "modified", API level 7, WebUSB; then the last record. */
	assert_int_equal(eeprom[75], 0x07);
	assert_memory_equal(eeprom + 0x4c, "\x80\x01\xe6\x00\x00\xff", 6);
	assert_int_equal(decode(eeprom, ram), 2);
	assert_memory_equal(ram + 0x3fc0, eeprom + 12, 64);
	boot(REVISION_C3, eeprom);
	assert_memory_equal(device.config.serial, "20230101T120000Z", 16);
	assert_int_equal(device.config.vlimit_mv[0], 3600);
	assert_int_equal(device.config.vlimit_mv[1], 0x1234);
}

static void without_firmware_the_header_does_not_disconnect(void **state)
{
	struct device_options bare = factory;
	uint8_t eeprom[EEPROM_SIZE];

	(void)state;
	bare.bare = true;
	device_format_eeprom(&bare, eeprom);
	assert_memory_equal(eeprom, "\xc0\xb7\x20\xb1\x9d\x33\x00\x01", 8);
}

static void without_a_boot_header_there_is_no_revision(void **state)
{
	(void)state;
	boot(REVISION_C3, NULL);
	assert_int_equal(device.config.revision, REVISION_NONE);
	assert_memory_equal(device.config.serial, "9999999999999999", 16);
	assert_int_equal(device.config.bitstream_size, 0);
	power_down(NULL);
	boot(REVISION_C3, (const uint8_t[EEPROM_SIZE]){0x12});
	assert_int_equal(device.config.revision, REVISION_NONE);
}

static void a_block_from_before_level_7_is_read_in_its_own_layout(void **state)
{
	uint8_t eeprom[EEPROM_SIZE];

	(void)state;
	device_format_eeprom(&factory, eeprom);
	eeprom[0] = EEPROM_BOOT_C2;
	eeprom[29] = 1;                             /* bitstream_size */
	memcpy(eeprom + 49, "\xe4\x0c\x08\x07", 4); /* 3300, 1800 */
	eeprom[75] = 0;
	boot(REVISION_C3, eeprom);
	assert_int_equal(device.config.bitstream_size, 0);
	assert_int_equal(device.config.vlimit_mv[0], 3300);
	assert_int_equal(device.config.vlimit_mv[1], 1800);
	assert_int_equal(peek(BOARD_FX2_MEM, 45), 3600 & 0xff);
}

/* 64 KiB in each of the first two places, and the rest from 7000 on in the
   other EEPROM. */
static void a_bitstream_lies_in_three_places(void **state)
{
	uint8_t data[512], back[512];

	(void)state;
	power_up(REVISION_C3);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 7;
	assert_true(nvm_write_bitstream(&device, 0x0fe00, data, 512));
	assert_true(nvm_write_bitstream(&device, 0x10000, data, 512));
	assert_true(nvm_write_bitstream(&device, 0x20200, data, 100));
	assert_false(nvm_write_bitstream(&device, 0x30000, data, 512));
	assert_int_equal(peek(BOARD_ICE_MEM_LOW, 0xfeff), (uint8_t)(255 * 7));
	assert_int_equal(peek(BOARD_ICE_MEM_HIGH, 0x0001), 7);
	assert_int_equal(peek(BOARD_FX2_MEM, 0x7201), 7);
	assert_int_equal(peek(BOARD_FX2_MEM, 0x7264), 0xff);
	assert_true(nvm_read_bitstream(&device, 0x0fe00, back, 512));
	assert_memory_equal(back, data, 512);
	/* The firmware does not prevent a bitstream of more than 132 KiB from
	   overwriting the boot header. */
	assert_true(nvm_write_bitstream(&device, 0x21000, data, 1));
	assert_int_equal(peek(BOARD_FX2_MEM, 0), 0x00);
}

#define TEST(name) cmocka_unit_test_teardown(name, power_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_dac_takes_the_high_byte_first),
		TEST(the_adc081c_has_eight_bits),
		TEST(the_ina233_has_its_registers),
		TEST(the_current_saturates),
		TEST(pins_follow_the_expander),
		TEST(an_alert_is_raised_by_a_fault_and_stays),
		TEST(each_revision_has_its_own_addresses),
		TEST(an_eeprom_write_wraps_inside_its_page),
		TEST(an_eeprom_read_wraps_at_the_end_of_the_chip),
		TEST(the_factory_image_is_accepted_by_the_boot_rom),
		TEST(without_firmware_the_header_does_not_disconnect),
		TEST(without_a_boot_header_there_is_no_revision),
		TEST(a_block_from_before_level_7_is_read_in_its_own_layout),
		TEST(a_bitstream_lies_in_three_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
