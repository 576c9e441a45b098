/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The boot image in the FX2's EEPROM: a header of 8 bytes, then load records
 * (EZ-USB TRM 3.4 and 3.5).  The first record is the configuration block; the
 * records with firmware follow, if there is any, and the last record starts the
 * 8051.  flash.c and factory.c call these functions, which know nothing of a
 * device; a test and a fuzz target call them too.
 */
#ifndef LIB_BOOT_IMAGE_H
#define LIB_BOOT_IMAGE_H

#include "ihex.h"
#include "wire/config.h"

#define BOOT_HEADER_SIZE 8
/* Behind the configuration block, and up to the bitstream's last part. */
#define BOOT_FIRMWARE_AT (CONFIG_ADDRESS + sizeof(struct config_block))
#define BOOT_SIZE_MAX    EEPROM_BITSTREAM_TAIL

/* The records behind the configuration block, with the last one. */
struct boot_records {
	uint8_t bytes[BOOT_SIZE_MAX - BOOT_FIRMWARE_AT];
	size_t size;
};

/* The last record alone. */
void boot_records_empty(struct boot_records *ret_records);

/*
 * Records that put this firmware into RAM, and start it.  CLYDE_ERROR_CORRUPT if
 * it has no byte at address 0, where the 8051 starts, or has one in the RAM of
 * the configuration block; CLYDE_ERROR_TOO_LARGE if it does not fit into the
 * EEPROM.
 */
int boot_records_of(
	const struct ihex *firmware, struct boot_records *ret_records);

/* The header of a configured board: its ids, and how it boots. */
void boot_header(uint8_t revision, bool firmware, uint8_t *ret_header);

/* The header of the record with the configuration block. */
extern const uint8_t boot_config_record[EEPROM_RECORD_SIZE];

/*
 * Read the first BOOT_FIRMWARE_AT bytes of an EEPROM.  Returns 1 if the FX2
 * boots firmware from it, 0 if it boots none; CLYDE_ERROR_CORRUPT, with a
 * sentence about "it", if they are no header and no configuration block.
 */
int boot_config_read(const uint8_t *eeprom, struct clyde_config *ret_config);

/* The same of an EEPROM of `size` bytes, and the records behind the block.
   CLYDE_ERROR_CORRUPT also if it is cut short. */
int boot_image_read(const uint8_t *eeprom, size_t size,
	struct clyde_config *ret_config, struct boot_records *ret_records);

#endif
