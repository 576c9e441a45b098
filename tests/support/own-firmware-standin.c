/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Stands in for Clyde's own firmware in tests, so that they do not depend on
 * what the build contains: LJMP 0003h, and there SJMP to itself, which the model
 * accepts as firmware.
 */
#include "lib/device/own-firmware.h"

static const uint8_t code[] = {0x02, 0x00, 0x03, 0x80, 0xfe};

const struct own_firmware own_firmware = {
	.data = code,
	.size = sizeof(code),
	.id = {0x57, 0xa4, 0xd1, 0x4, 0, 0, 0, 1},
};
