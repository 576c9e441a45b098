/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* A build without firmware of its own, see own-firmware.h. */
#include "own-firmware.h"

const struct own_firmware own_firmware = {0};
