/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Clyde's own firmware for the FX2, which the build puts into the library.
 * firmware.c loads it into RAM, flash.c and factory.c store it.  A build without
 * it has a `size` of 0: calls that need it then fail, and nothing is loaded by
 * itself.
 */
#ifndef LIB_OWN_FIRMWARE_H
#define LIB_OWN_FIRMWARE_H

#include <stdint.h>

#define OWN_FIRMWARE_ID_SIZE 8

/* Contiguous bytes of the FX2's RAM. */
struct own_firmware {
	const uint8_t *data;
	uint16_t size;
	uint16_t address;
	uint8_t id[OWN_FIRMWARE_ID_SIZE];
};

extern const struct own_firmware own_firmware;

#endif
