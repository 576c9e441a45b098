/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The answers of an FX2 without firmware to standard requests.  The chip and
 * the model of the firmware (virtual/fx2/control.c) call it.
 */
#ifndef VIRTUAL_CHIP_BARE_H
#define VIRTUAL_CHIP_BARE_H

#include <stdbool.h>

#include "wire/config.h"
#include "wire/usb.h"

struct bare {
	const uint8_t *eeprom; /* whose header has the ids */
	uint8_t configuration, alternate;
	uint8_t *data; /* of the answer: room for 256 B */
	uint16_t length;
};

/* False: the request is refused. */
bool bare_request(struct bare *bare, const struct usb_setup *setup);

#endif
