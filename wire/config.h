/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The contents of the FX2's EEPROM: the boot header, then the configuration
 * block.  The layout is that of the public firmware and must not change.
 *
 * Source: GlasgowEmbedded/glasgow firmware/fx2/{glasgow_config.h,nvmem.c}.
 */
#ifndef WIRE_CONFIG_H
#define WIRE_CONFIG_H

#include "packed.h"

#define EEPROM_SIZE      0x8000 /* BL24C256A */
#define EEPROM_PAGE_SIZE 64     /* a write wraps inside one page */

/* First byte of the EEPROM: how the FX2's boot ROM uses the rest. */
#define EEPROM_BOOT_C0    0xc0 /* ids only: no firmware inside */
#define EEPROM_BOOT_C2    0xc2 /* firmware and configuration */
#define EEPROM_BOOT_BLANK 0xff

/* Byte 7 of the header (EZ-USB TRM 3.5). */
#define EEPROM_I2C_400KHZ 0x01
#define EEPROM_DISCONNECT 0x40 /* from the bus, until the firmware connects */

/* Load records follow the header of 8 B: size and address, high byte first,
   then the bytes.  The configuration block is the first record; the last one
   writes CPUCS, which starts the 8051. */
#define EEPROM_RECORD_SIZE 4
#define EEPROM_RECORD_LAST 0x8000 /* in the size of the last record */
#define EEPROM_CONFIG_RAM  0x3fc0
#define CONFIG_ADDRESS     (0x0008 + EEPROM_RECORD_SIZE)

/* Address of the end of a revC bitstream, beyond the 128 KiB of ICE_MEM. */
#define EEPROM_BITSTREAM_TAIL 0x7000

enum revision {
	REVISION_A0 = 0x10,
	REVISION_B0 = 0x20,
	REVISION_C0 = 0x30,
	REVISION_C1 = 0x31,
	REVISION_C2 = 0x32,
	REVISION_C3 = 0x33,
	REVISION_D0 = 0x40,
	REVISION_NONE = 0xf9, /* no valid configuration block */
};

enum config_flag {
	CONFIG_MODIFIED_DESIGN = 1 << 0,
	/* Without this flag bitstream_size and bitstream_id are not valid, and
	   the limits of ports A and B are in vlimit_mv[2] and [3]. */
	CONFIG_API_LEVEL_7 = 1 << 1,
	CONFIG_WEBUSB = 1 << 2,
};

#define PORT_COUNT         4
#define CONFIG_SERIAL_SIZE 16
#define CONFIG_MAKER_SIZE  22
#define FPGA_ID_SIZE       8

struct config_block {
	uint8_t revision; /* enum revision */
	char serial[CONFIG_SERIAL_SIZE];
	uint32_t bitstream_size; /* of the bitstream in the EEPROM, 0 = none */
	uint8_t bitstream_id[FPGA_ID_SIZE];
	uint32_t unused;
	uint16_t vlimit_mv[PORT_COUNT]; /* 0 = no limit */
	char manufacturer[CONFIG_MAKER_SIZE];
	uint8_t flags; /* enum config_flag */
} PACKED;
_Static_assert(sizeof(struct config_block) == 64,
	"glasgow_config.h: 64 B at the end of the FX2's RAM");

#endif
