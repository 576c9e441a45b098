/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Identifies, writes, reads and erases a part flash25 by edges on its pins, and
 * records these:
 *
 *	flash25-record FILE
 *
 * tests/cli/test_pins_file.py lets sigrok's decoder read the record.
 */
#include "flash25-test.h"

int main(int argc, char **argv)
{
	static struct flash_rig rig;
	char why[PART_WHY_SIZE];
	uint8_t in[4];

	if (argc != 2 ||
		!flash_open(
			&rig, FLASH25_PINS ":t-pp=20us:t-se=30us", false, why))
		return 1;
	rig.pins.recorder = recorder_new(argv[1], TICKS_PER_CYCLE);
	FLASH_EXCHANGE(&rig, in, 3, 0x9f);
	FLASH_COMMAND(&rig, 0x06);
	FLASH_COMMAND(&rig, 0x02, 0, 1, 0, 0xde, 0xad, 0xbe, 0xef);
	flash_wait(&rig, 30 * TICKS_PER_US);
	FLASH_EXCHANGE(&rig, in, 4, 0x03, 0, 1, 0);
	FLASH_EXCHANGE(&rig, in, 4, 0x0b, 0, 1, 0, 0);
	FLASH_COMMAND(&rig, 0x06);
	FLASH_COMMAND(&rig, 0x20, 0, 0, 0);
	flash_wait(&rig, 40 * TICKS_PER_US);
	FLASH_EXCHANGE(&rig, in, 4, 0x03, 0, 1, 0);
	flash_close(&rig);
	return 0;
}
