/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The AVR chips that the applet program-avr-spi knows.
 *
 * Sources: Glasgow's software/glasgow/database/microchip/avr.py, and the chips'
 * datasheets: "Signature Bytes", "Page Size", and "Minimum Wait Delay Before
 * Writing the Next Flash or EEPROM Location".
 */
#include "avr.h"

#include <stddef.h>
#include <string.h>

/* tWD_FLASH, tWD_EEPROM, tWD_ERASE and tWD_FUSE. */
#define TIMES(eeprom)                                              \
	.flash_us = 4500, .eeprom_us = (eeprom), .erase_us = 9000, \
	.fuse_us = 4500
/* Chips that have no RDY/BSY, and write single bytes of the EEPROM. */
#define BLIND                                                   \
	.no_poll = true, .flash_us = 15000, .eeprom_us = 15000, \
	.erase_us = 15000, .fuse_us = 15000

#define TINY(n, b, c, f, p, e)                                               \
	{                                                                    \
		.name = "ATtiny" n, .signature = {0x1e, b, c}, .flash = (f), \
		.flash_page = (p), .eeprom = (e), .eeprom_page = 4,          \
		.fuses = 3, .calibration = 2, TIMES(4000)                    \
	}
#define MEGA(n, b, c, f, p, e, ep, t)                                        \
	{                                                                    \
		.name = "ATmega" n, .signature = {0x1e, b, c}, .flash = (f), \
		.flash_page = (p), .eeprom = (e), .eeprom_page = (ep),       \
		.fuses = 3, .calibration = 1, TIMES(t)                       \
	}
#define K 1024

static const struct avr_chip chips[] = {
	{
		.name = "ATtiny13A",
		.signature = {0x1e, 0x90, 0x07},
		.flash = 1 * K,
		.flash_page = 32,
		.eeprom = 64,
		.eeprom_page = 4,
		.fuses = 2,
		.calibration = 2,
		TIMES(4000),
	},
	TINY("25", 0x91, 0x08, 2 * K, 32, 128),
	{
		.name = "ATtiny26",
		.signature = {0x1e, 0x91, 0x09},
		.flash = 2 * K,
		.flash_page = 32,
		.eeprom = 128,
		.eeprom_page = 0,
		.fuses = 2,
		.calibration = 4,
		BLIND,
	},
	TINY("45", 0x92, 0x06, 4 * K, 64, 256),
	TINY("85", 0x93, 0x0b, 8 * K, 64, 512),
	TINY("1634", 0x94, 0x12, 16 * K, 32, 256),
	{
		.name = "ATmega8",
		.signature = {0x1e, 0x93, 0x07},
		.flash = 8 * K,
		.flash_page = 64,
		.eeprom = 512,
		.eeprom_page = 0,
		.fuses = 2,
		.calibration = 4,
		BLIND,
	},
	MEGA("48", 0x92, 0x05, 4 * K, 64, 256, 4, 3600),
	MEGA("48P", 0x92, 0x0a, 4 * K, 64, 256, 4, 3600),
	MEGA("88", 0x93, 0x0a, 8 * K, 64, 512, 4, 3600),
	MEGA("88P", 0x93, 0x0f, 8 * K, 64, 512, 4, 3600),
	MEGA("168", 0x94, 0x06, 16 * K, 128, 512, 4, 3600),
	MEGA("168P", 0x94, 0x0b, 16 * K, 128, 512, 4, 3600),
	MEGA("328", 0x95, 0x14, 32 * K, 128, 1 * K, 4, 3600),
	MEGA("328P", 0x95, 0x0f, 32 * K, 128, 1 * K, 4, 3600),
	MEGA("16U4", 0x94, 0x88, 16 * K, 128, 512, 4, 9000),
	MEGA("32U4", 0x95, 0x87, 32 * K, 128, 1 * K, 4, 9000),
	MEGA("640", 0x96, 0x08, 64 * K, 256, 4 * K, 8, 9000),
	MEGA("1280", 0x97, 0x03, 128 * K, 256, 4 * K, 8, 9000),
	MEGA("1281", 0x97, 0x04, 128 * K, 256, 4 * K, 8, 9000),
	MEGA("2560", 0x98, 0x01, 256 * K, 256, 4 * K, 8, 9000),
	MEGA("2561", 0x98, 0x02, 256 * K, 256, 4 * K, 8, 9000),
};

const struct avr_chip *avr_chip_find(const uint8_t signature[3])
{
	for (size_t i = 0; i < sizeof(chips) / sizeof(*chips); i++)
		if (memcmp(chips[i].signature, signature, 3) == 0)
			return &chips[i];
	return NULL;
}
