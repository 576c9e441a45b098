/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The bitstream of an ECP5, byte by byte: the device's id, the CRCs, and whether
 * the end is reached.  What is in the frames is not kept.  A compressed bitstream
 * is a wrong command.
 *
 * Sources: Lattice FPGA-TN-02039, "ECP5 sysCONFIG"; prjtrellis,
 * libtrellis/src/Bitstream.cpp and devices.json, for the order of bytes, what a
 * CRC covers, and the sizes of frames.
 */
#include "tap.h"

#define PREAMBLE 0xffffbdb3
#define POLY     0x8005

void tap_ecp5_byte(struct tap_config *config, uint8_t byte);

enum command {
	WRITE_DICTIONARY = 0x02,
	CONTROL = 0x22,
	RESET_CRC = 0x3b,
	INIT_ADDRESS = 0x46,
	DONE = 0x5e,
	SPI_MODE = 0x79,
	FRAMES = 0x82,
	EBR_WRITE = 0xb2,
	USERCODE = 0xc2,
	SECURITY = 0xce,
	VERIFY_ID = 0xe2,
	EBR_ADDRESS = 0xf6,
	DUMMY = 0xff,
};

enum { CRC_THERE = 0x80, CRC_AT_END = 0x40, DUMMY_BYTES = 0x0f };

/* With the CRC's own bytes in it, the sum of right bytes is 0. */
static void add(struct tap_config *config, uint8_t byte)
{
	for (unsigned i = 8; i-- > 0;) {
		bool out = config->crc & 0x8000;

		config->crc = (config->crc << 1 | (byte >> i & 1)) & 0xffff;
		if (out)
			config->crc ^= POLY;
	}
}

/* How many bytes a command has; 0: it is not known. */
static unsigned command_size(uint8_t command)
{
	switch (command) {
	case RESET_CRC:
	case INIT_ADDRESS:
	case DONE:
	case SPI_MODE:
	case FRAMES:
	case EBR_WRITE:
	case SECURITY:
		return 4;
	case CONTROL:
	case USERCODE:
	case VERIFY_ID:
	case EBR_ADDRESS:
		return 8;
	case WRITE_DICTIONARY:
		return 12;
	}
	return 0;
}

/* LFE5U-12F and -25F, -45F, -85F */
static uint32_t frame_bytes(uint32_t idcode)
{
	switch (idcode >> 12 & 0xf) {
	case 2:
		return 106;
	case 3:
		return 142;
	}
	return 74;
}

static void begin_data(
	struct tap_config *config, uint32_t units, uint32_t unit_bytes)
{
	uint8_t how = config->command[1];

	config->units = units;
	config->unit_bytes = unit_bytes;
	config->crc_last = how & CRC_THERE;
	config->crc_each = (how & CRC_THERE) && !(how & CRC_AT_END);
	config->dummy_bytes = how & DUMMY_BYTES;
	config->position = 0;
}

static void carry_out(struct tap_config *config)
{
	const uint8_t *in = config->command;
	uint32_t count = in[2] << 8 | in[3];
	uint32_t value =
		(uint32_t)in[4] << 24 | in[5] << 16 | in[6] << 8 | in[7];

	switch (in[0]) {
	case RESET_CRC:
		config->crc = 0;
		break;
	case VERIFY_ID:
		if (value != config->idcode)
			config->wrong = TAP_WRONG_ID;
		break;
	case USERCODE:
		config->usercode = value;
		begin_data(config, in[1] & CRC_THERE ? 1 : 0, 0);
		break;
	case WRITE_DICTIONARY:
		begin_data(config, in[1] & CRC_THERE ? 1 : 0, 0);
		break;
	case FRAMES:
		begin_data(config, count, frame_bytes(config->idcode));
		break;
	case EBR_WRITE:
		begin_data(config, 1, 9 * count);
		config->crc_each = true;
		break;
	case DONE:
		config->loaded = true;
		break;
	}
	config->have = config->want = 0;
}

static void take_command(struct tap_config *config, uint8_t byte)
{
	if (config->have == 0) {
		if (byte == DUMMY)
			return;
		config->want = command_size(byte);
		if (config->want == 0) {
			config->wrong = TAP_WRONG_COMMAND;
			return;
		}
	}
	add(config, byte);
	config->command[config->have++] = byte;
	if (config->have == config->want)
		carry_out(config);
}

static void take_data(struct tap_config *config, uint8_t byte)
{
	bool crc = config->crc_each || (config->crc_last && config->units == 1);
	uint32_t crc_end = config->unit_bytes + (crc ? 2 : 0);

	add(config, byte);
	config->position++;
	if (crc && config->position == crc_end) {
		if (config->crc != 0)
			config->wrong = TAP_WRONG_CRC;
		config->crc = 0;
	}
	if (config->position >= crc_end + config->dummy_bytes) {
		config->position = 0;
		config->units--;
	}
}

void tap_ecp5_byte(struct tap_config *config, uint8_t byte)
{
	if (!config->enabled)
		return;
	if (!config->synchronised) {
		config->synchronised = (uint32_t)config->last == PREAMBLE;
		config->crc = 0;
	} else if (config->units > 0) {
		take_data(config, byte);
	} else {
		take_command(config, byte);
	}
}
