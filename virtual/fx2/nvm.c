/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The configuration block and the bitstream in the board's EEPROMs, as the
 * firmware's nvmem.c reads and writes them, and the contents of a new EEPROM.
 * virtual/fx2/boot.c, device.c, mgmt.c and ports.c call these functions.
 */
#include "internal.h"

#include <string.h>

#define FALLBACK_SERIAL "9999999999999999"

#define WRITE_CHUNK 64 /* B: divides the page of either EEPROM */

/* One transaction with a 24-series EEPROM: two address bytes, then data. */
static bool read_memory(struct device *device, uint8_t chip, uint16_t address,
	void *data, size_t size)
{
	uint8_t select[] = {address >> 8, address};

	return board_i2c(
		&device->board, chip, select, sizeof(select), data, size);
}

static bool write_memory(struct device *device, uint8_t chip, uint16_t address,
	const void *data, size_t size)
{
	uint8_t packet[2 + sizeof(struct config_block)];

	packet[0] = address >> 8;
	packet[1] = address;
	memcpy(packet + 2, data, size);
	return board_i2c(&device->board, chip, packet, 2 + size, NULL, 0);
}
_Static_assert(WRITE_CHUNK <= sizeof(struct config_block),
	"write_memory() takes a configuration block or a chunk");

/* A device without a valid block must still appear on the bus. */
static void fall_back(struct config_block *config)
{
	memset(config, 0, sizeof(*config));
	config->revision = REVISION_NONE;
	memcpy(config->serial, FALLBACK_SERIAL, sizeof(config->serial));
}

/* Convert the block of an older firmware, in RAM only: an older firmware must
   still find its own block in the EEPROM. */
static void upgrade(struct config_block *config)
{
	config->bitstream_size = 0;
	memset(config->bitstream_id, 0, sizeof(config->bitstream_id));
	config->vlimit_mv[0] = config->vlimit_mv[2];
	config->vlimit_mv[1] = config->vlimit_mv[3];
}

static bool read_config(struct device *device)
{
	uint8_t boot;

	if (!read_memory(device, BOARD_FX2_MEM, 0, &boot, sizeof(boot)))
		return false;
	/* With a C2 image the boot ROM loads the block, with a C0 header the
	   firmware does: the same bytes. */
	if (boot != EEPROM_BOOT_C0 && boot != EEPROM_BOOT_C2)
		return false;
	return read_memory(device, BOARD_FX2_MEM, CONFIG_ADDRESS,
		&device->config, sizeof(device->config));
}

void nvm_load_config(struct device *device)
{
	if (!read_config(device))
		fall_back(&device->config);
	else if (!(device->config.flags & CONFIG_API_LEVEL_7))
		upgrade(&device->config);
}

/* With a C2 image the block in RAM counts, which the boot ROM has loaded and the
   load of a bitstream has changed.  With a C0 header the firmware reads it. */
uint32_t nvm_stored_size(const struct device *device)
{
	const uint8_t *eeprom = device_eeprom(device);
	struct config_block config = device->config;

	if (eeprom[0] == EEPROM_BOOT_C0)
		memcpy(&config, eeprom + CONFIG_ADDRESS, sizeof(config));
	return config.flags & CONFIG_API_LEVEL_7 ? config.bitstream_size : 0;
}

bool nvm_save_config(struct device *device, size_t offset, size_t size)
{
	const uint8_t *block = (const uint8_t *)&device->config;

	return write_memory(device, BOARD_FX2_MEM, CONFIG_ADDRESS + offset,
		block + offset, size);
}

/*
 * A revC bitstream fills the 128 KiB of ICE_MEM, and the rest goes to the end
 * of the other EEPROM.  Addresses have 16 bits, as in the firmware: a bitstream
 * of more than 132 KiB wraps around onto the boot header.
 */
static bool locate(uint32_t offset, uint8_t *ret_chip, uint16_t *ret_address)
{
	switch (offset >> 16) {
	case 0:
		*ret_chip = BOARD_ICE_MEM_LOW;
		*ret_address = offset;
		return true;
	case 1:
		*ret_chip = BOARD_ICE_MEM_HIGH;
		*ret_address = offset;
		return true;
	case 2:
		*ret_chip = BOARD_FX2_MEM;
		*ret_address = offset + EEPROM_BITSTREAM_TAIL;
		return true;
	default:
		return false;
	}
}

/* The firmware's fpga.c, fpga_load_nvmem(): packets of 512 B, each read by two
   transactions, of the chip's address and that of the bytes, and of the chip's
   address and the bytes. */
tick nvm_read_cost(size_t size)
{
	tick packets = (size + USB_PACKET_SIZE - 1) / USB_PACKET_SIZE;

	return packets * (4 * I2C_BYTE_TICKS + 2 * I2C_STOP_TICKS) +
		size * I2C_BYTE_TICKS;
}

/* Every chunk is a transaction: the chip's address, that of the bytes, and the
   bytes.  Then the firmware polls until the chip has written them. */
tick nvm_write_cost(uint32_t offset, size_t size)
{
	tick chunks =
		(offset % WRITE_CHUNK + size + WRITE_CHUNK - 1) / WRITE_CHUNK;

	return chunks * (EEPROM_WRITE_TICKS + I2C_STOP_TICKS) +
		(3 * chunks + size) * I2C_BYTE_TICKS;
}

bool nvm_write_bitstream(struct device *device, uint32_t offset,
	const uint8_t *data, size_t size)
{
	uint8_t chip;
	uint16_t address;

	if (!locate(offset, &chip, &address))
		return false;

	while (size > 0) {
		size_t chunk = WRITE_CHUNK - address % WRITE_CHUNK;

		if (chunk > size)
			chunk = size;
		if (!write_memory(device, chip, address, data, chunk))
			return false;
		address += chunk;
		data += chunk;
		size -= chunk;
	}
	return true;
}

bool nvm_read_bitstream(
	struct device *device, uint32_t offset, uint8_t *data, size_t size)
{
	uint8_t chip;
	uint16_t address;

	return locate(offset, &chip, &address) &&
		read_memory(device, chip, address, data, size);
}

/* A load record's header (EZ-USB TRM 3.5). */
static void put_record(uint8_t *at, uint16_t size, uint16_t address)
{
	const uint8_t record[EEPROM_RECORD_SIZE] = {
		size >> 8, size & 0xff, address >> 8, address & 0xff};

	memcpy(at, record, sizeof(record));
}

/* What the host software of Glasgow writes: header, configuration block, and
   the last record.  There are no records with firmware, of which the model needs
   none: the first byte alone says that there is some. */
void device_format_eeprom(const struct device_options *options, uint8_t *eeprom)
{
	/* EZ-USB TRM 3.4, 3.5: a header holds VID, PID and DID, low byte first,
	   and a byte of settings. */
	const uint8_t header[] = {
		options->bare ? EEPROM_BOOT_C0 : EEPROM_BOOT_C2,
		USB_VID_QIHW & 0xff,
		USB_VID_QIHW >> 8,
		USB_PID_GLASGOW & 0xff,
		USB_PID_GLASGOW >> 8,
		options->revision,
		0,
		EEPROM_I2C_400KHZ | (options->bare ? 0 : EEPROM_DISCONNECT),
	};
	struct config_block config = {
		.revision = options->revision,
		.flags = options->flags | CONFIG_API_LEVEL_7 | CONFIG_WEBUSB,
	};
	uint8_t *last = eeprom + CONFIG_ADDRESS + sizeof(config);

	memcpy(config.serial, options->serial,
		strnlen(options->serial, sizeof(config.serial)));
	memcpy(config.manufacturer, options->manufacturer,
		strnlen(options->manufacturer, sizeof(config.manufacturer)));
	memcpy(config.vlimit_mv, options->vlimit_mv, sizeof(config.vlimit_mv));

	memset(eeprom, 0xff, EEPROM_SIZE);
	memcpy(eeprom, header, sizeof(header));
	put_record(eeprom + sizeof(header), sizeof(config), EEPROM_CONFIG_RAM);
	memcpy(eeprom + CONFIG_ADDRESS, &config, sizeof(config));
	put_record(last, EEPROM_RECORD_LAST | 1, USB_FX2_CPUCS);
	last[EEPROM_RECORD_SIZE] = 0;
}
