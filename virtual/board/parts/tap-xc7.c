/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The bitstream of a 7 series FPGA, word by word: the device's id, the CRC, and
 * whether the command START is there.  What is in the frames is not kept.
 *
 * Sources: Xilinx UG470, "7 Series FPGAs Configuration", chapter 5; prjxray,
 * lib/include/prjxray/xilinx/xc7series/crc.h, for what the CRC covers.
 */
#include "tap.h"

#define SYNC_WORD  0xaa995566
#define POLY       0x82f63b78 /* CRC-32C, reflected */
#define ANY_DEVICE 0xf0000000 /* bits of the id that are its version */

void tap_xc7_byte(struct tap_config *config, uint8_t byte);

enum { CRC = 0, CMD = 4, IDCODE = 12, AXSS = 13 };
enum { CMD_START = 5, CMD_RCRC = 7, CMD_DESYNC = 13 };

/* 32 bits of the word and 5 of the register's address, from bit 0 on. */
static void add(struct tap_config *config, uint32_t word)
{
	uint64_t bits = (uint64_t)config->address << 32 | word;

	for (unsigned i = 0; i < 37; i++) {
		bool odd = (config->crc ^ bits >> i) & 1;

		config->crc = config->crc >> 1 ^ (odd ? POLY : 0);
	}
}

static void command(struct tap_config *config, uint32_t word)
{
	if ((word & 0x1f) == CMD_START)
		config->loaded = true;
	else if ((word & 0x1f) == CMD_RCRC)
		config->crc = 0;
	else if ((word & 0x1f) == CMD_DESYNC)
		config->synchronised = false;
}

static void write(struct tap_config *config, uint32_t word)
{
	if (config->address == CRC) {
		if (word != config->crc)
			config->wrong = TAP_WRONG_CRC;
		config->crc = 0;
		return;
	}
	add(config, word);
	if (config->address == CMD)
		command(config, word);
	else if (config->address == AXSS)
		config->usercode = word;
	else if (config->address == IDCODE &&
		((word ^ config->idcode) & ~ANY_DEVICE))
		config->wrong = TAP_WRONG_ID;
}

static void take_word(struct tap_config *config, uint32_t word)
{
	if (config->words > 0) {
		config->words--;
		if (config->writes)
			write(config, word);
		return;
	}
	config->writes = (word >> 27 & 3) == 2;
	switch (word >> 29) {
	case 1:
		config->address = word >> 13 & 0x1f;
		config->words = word & 0x7ff;
		break;
	case 2: /* of the register of the packet before */
		config->words = word & 0x7ffffff;
		break;
	default:
		config->wrong = TAP_WRONG_COMMAND;
		break;
	}
	/* A packet that reads is followed by none of its words. */
	if (!config->writes)
		config->words = 0;
}

void tap_xc7_byte(struct tap_config *config, uint8_t byte)
{
	if (!config->synchronised) {
		config->synchronised = (uint32_t)config->last == SYNC_WORD;
		config->have = 0;
		config->words = 0;
		return;
	}
	config->command[config->have++] = byte;
	if (config->have < 4)
		return;
	config->have = 0;
	take_word(config, (uint32_t)config->last);
}
