/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The EEPROMs: the configuration block, and bitstreams in ICE_MEM.  Source:
 * GlasgowEmbedded/glasgow firmware/fx2/nvmem.c.
 */
#include "firmware.h"

#define READ_TRIES 3
/* Times that a memory is asked whether it has written, some 60 us each: it may
   take 5 ms (BL24C256A, CAT24M01). */
#define WRITE_TRIES 400
#define WRITE_CHUNK 64 /* B: divides the page of either memory */

/* The block is that of a firmware before API level 7: the EEPROM has the limits
   of ports A and B in the places of C and D. */
static bool old_layout;

static bool read_memory(
	uint8_t chip, uint16_t address, __xdata uint8_t *data, uint16_t size)
{
	i2c_head[0] = address >> 8;
	i2c_head[1] = address;
	return i2c_read(chip, 2, data, size);
}

/* A memory does not answer while it writes. */
static bool write_memory(uint8_t chip, uint16_t address,
	__xdata const uint8_t *data, uint8_t size)
{
	uint16_t tries = WRITE_TRIES;

	i2c_head[0] = address >> 8;
	i2c_head[1] = address;
	if (!i2c_write_headed(chip, 2, data, size))
		return false;
	while (!i2c_write(chip, data, 0)) {
		if (--tries == 0)
			return false;
		usb_poll();
	}
	return true;
}

enum mgmt_result nvm_write_eeprom(void)
{
	if (request_size < sizeof(uint16_t) ||
		request_size > sizeof(struct mgmt_eeprom_write))
		return MGMT_ERROR;
	return write_memory(CHIP_FX2_MEM, request.data.eeprom_write.address,
		       request.data.eeprom_write.data,
		       request_size - sizeof(uint16_t))
		? MGMT_ACK
		: MGMT_ERROR;
}

enum mgmt_result nvm_read_eeprom(void)
{
	uint8_t size = request.data.eeprom_read.length;

	if (size > MGMT_DATA_SIZE)
		return MGMT_ERROR;
	reply_size = size;
	return read_memory(CHIP_FX2_MEM, request.data.eeprom_read.address,
		       reply.data.bytes, size)
		? MGMT_ACK
		: MGMT_ERROR;
}

static bool read_config(void)
{
	__xdata uint8_t *block = (__xdata uint8_t *)&config;

	if (!read_memory(CHIP_FX2_MEM, 0, block, 1))
		return false;
	if (*block != EEPROM_BOOT_C0 && *block != EEPROM_BOOT_C2)
		return false;
	return read_memory(CHIP_FX2_MEM, CONFIG_ADDRESS, block, sizeof(config));
}

/* A device without a block must still appear on the bus. */
static void fall_back(void)
{
	__xdata uint8_t *block = (__xdata uint8_t *)&config;
	uint8_t i;

	for (i = 0; i < sizeof(config); i++)
		block[i] = 0;
	for (i = 0; i < CONFIG_SERIAL_SIZE; i++)
		config.serial[i] = '9';
	config.revision = REVISION_NONE;
}

/* Convert the block in RAM only: the older firmware, which may be flashed, must
   still find its own. */
static void upgrade(void)
{
	uint8_t i;

	config.bitstream_size = 0;
	for (i = 0; i < FPGA_ID_SIZE; i++)
		config.bitstream_id[i] = 0;
	config.vlimit_mv[0] = config.vlimit_mv[2];
	config.vlimit_mv[1] = config.vlimit_mv[3];
	old_layout = true;
}

void nvm_load_config(void)
{
	uint8_t tries = READ_TRIES;

	old_layout = false;
	while (!read_config()) {
		if (--tries == 0) {
			fall_back();
			return;
		}
	}
	if (!(config.flags & CONFIG_API_LEVEL_7))
		upgrade();
}

bool nvm_save_config(uint8_t offset, uint8_t size)
{
	__xdata const uint8_t *from = (__xdata const uint8_t *)&config + offset;

	if (old_layout && offset >= offsetof(struct config_block, vlimit_mv))
		offset += 2 * sizeof(uint16_t);
	return write_memory(CHIP_FX2_MEM, CONFIG_ADDRESS + offset, from, size);
}

/* Where a byte of a bitstream is: the address in `place`. */
static uint16_t place;

static uint8_t locate(uint32_t offset)
{
	uint8_t half = offset >> 16;

	place = offset;
	if (half < 2)
		return CHIP_ICE_MEM + half;
	place += EEPROM_BITSTREAM_TAIL;
	/* Beyond the memory's end is the boot header. */
	return half == 2 && place >= EEPROM_BITSTREAM_TAIL &&
			place < EEPROM_SIZE
		? CHIP_FX2_MEM
		: 0;
}

bool nvm_configure(uint32_t offset, uint16_t size)
{
	uint8_t chip = locate(offset);

	return chip != 0 && read_memory(chip, place, NULL, size);
}

bool nvm_write(uint32_t offset, __xdata const uint8_t *data, uint16_t size)
{
	uint8_t chip = locate(offset);
	uint8_t chunk;

	if (chip == 0)
		return false;
	while (size > 0) {
		chunk = WRITE_CHUNK - place % WRITE_CHUNK;
		if (chunk > size)
			chunk = size;
		if (!write_memory(chip, place, data, chunk))
			return false;
		place += chunk;
		data += chunk;
		size -= chunk;
	}
	return true;
}
