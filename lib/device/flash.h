/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Writing of the FX2's EEPROM in an order in which the board boots at any
 * moment, see "The order of writes" in docs/decisions.md.  flash.c and factory.c
 * are made of these functions.
 */
#ifndef LIB_FLASH_H
#define LIB_FLASH_H

#include "boot-image.h"

struct flash {
	struct clyde_device *device;
	const struct clyde_observer *observer; /* or NULL */
	uint8_t held[EEPROM_SIZE]; /* of the EEPROM, where it was read */
	size_t written;            /* bytes */
};

/* The configuration block in held[]. */
static inline struct config_block *flash_block(struct flash *flash)
{
	return (struct config_block *)(flash->held + CONFIG_ADDRESS);
}

/* A struct flash to be freed, or NULL. */
struct flash *flash_new(
	struct clyde_device *device, const struct clyde_observer *observer);

/* Read a range into held[]. */
int flash_read(struct flash *flash, uint16_t address, size_t size);

/*
 * Make a range that was read hold these bytes: write those that differ, in
 * ascending order, then read the range and compare.  CLYDE_ERROR_VERIFY if it
 * holds others.
 */
int flash_write(
	struct flash *flash, uint16_t address, const void *bytes, size_t size);
int flash_write_byte(struct flash *flash, uint16_t address, uint8_t byte);

/*
 * flash_disarm(): from now on the FX2 boots no firmware, and shows the ids of a
 * board of this revision.  flash_arm(): it boots the firmware in the EEPROM.
 * The header must have been read.
 */
int flash_disarm(struct flash *flash, uint8_t revision);
int flash_arm(struct flash *flash);

/* The firmware that a caller has given, or Clyde's own for NULL and 0; and its
   records. */
int firmware_given(const void *data, size_t size, struct ihex *ret_ihex);
int firmware_records(
	const void *data, size_t size, struct boot_records *ret_records);

/* Load firmware into RAM over a link that no device uses, and start it: the
   link is then as after open().  The claim fails if a program uses the
   device. */
int firmware_start(struct clyde_context *context, struct link *link,
	const struct clyde_device_info *info, const struct ihex *firmware);

/* CLYDE_ERROR_REVISION unless it is C0 to C3. */
int check_revision(uint8_t revision, const char *name);

#endif
