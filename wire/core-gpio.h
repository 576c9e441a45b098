/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Registers of the GPIO core.  The core has an output for each pin, all
 * selected by OUTPUT_GPIO, and sees the levels of all pins.
 *
 * OUTPUT, ENABLE and WATCH have two bytes.  A write of the low byte is stored;
 * a write of the high byte changes the register, to this byte and the low byte
 * that was stored last.  The three registers survive a pipe reset.
 *
 * Up to 255 records wait for the stream.  A record for which there is no room
 * is lost and counted; as soon as there is room, another record follows, so
 * that the host always learns the last levels.
 */
#ifndef WIRE_CORE_GPIO_H
#define WIRE_CORE_GPIO_H

#include "cores.h"

enum reg_gpio {
	REG_GPIO_OUTPUT = CORE_BASE_GPIO,     /* rw  u16: levels */
	REG_GPIO_ENABLE = CORE_BASE_GPIO + 2, /* rw  u16: 1 = driven */
	REG_GPIO_LEVELS = CORE_BASE_GPIO + 4, /* r   u16 */
	REG_GPIO_WATCH = CORE_BASE_GPIO + 6,  /* rw  u16: pins of which a change
						 puts a record into the stream;
						 not 0: one now, and one when
						 the clock's bit 31 changes */
	REG_GPIO_LOST = CORE_BASE_GPIO + 8,   /* r   u16: records that found no
						 room; stays at the highest */
};

struct gpio_record {
	uint32_t cycle; /* of 48 MHz, of a clock that starts at a pipe reset */
	uint16_t levels;
	uint16_t lost; /* records that should stand before this one */
} PACKED;
_Static_assert(sizeof(struct gpio_record) == 8, "gpio_record");

#endif
