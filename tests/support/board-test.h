/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the tests of the board: cmocka, and a powered board without the bus
   and the FPGA around it. */
#ifndef TESTS_BOARD_TEST_H
#define TESTS_BOARD_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "virtual/fx2/internal.h"

static struct device device;

/* Powers up a board with an EEPROM of this image. */
static inline void boot(uint8_t revision, const uint8_t *eeprom)
{
	memset(&device, 0, sizeof(device));
	assert_int_equal(board_init(&device.board, revision, eeprom), 0);
	nvm_load_config(&device);
	ports_init(&device);
}

static inline void power_up(uint8_t revision)
{
	struct device_options options = {.revision = revision};
	uint8_t eeprom[EEPROM_SIZE];

	device_format_eeprom(&options, eeprom);
	boot(revision, eeprom);
}

static inline int power_down(void **state)
{
	(void)state;
	board_clear(&device.board);
	return 0;
}

#endif
