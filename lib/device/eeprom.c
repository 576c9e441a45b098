/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The EEPROM: the calls of clyde.h that read and write it, and that decode its
 * configuration block.
 *
 * A write must never cross a block of 32 bytes; and any bytes at all may be
 * given to the decoder.
 */
#include "lib/base/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "descriptor.h"

static int corrupt(const char *why)
{
	return set_error(CLYDE_ERROR_CORRUPT, "%s", why);
}

/* Text up to a NUL or the field's end; printable only. */
static bool copy_text(char *text, const char *field, size_t size)
{
	size_t length = strnlen(field, size);

	for (size_t i = 0; i < length; i++)
		if (!isprint((unsigned char)field[i]))
			return false;
	memcpy(text, field, length);
	text[length] = '\0';
	return true;
}

CLYDE_API int clyde_config_decode(
	const void *data, size_t size, struct clyde_config *ret_config)
{
	struct clyde_config config = {0};
	struct config_block block;
	bool current;

	if (size != sizeof(block))
		return corrupt("it is not 64 bytes long");
	memcpy(&block, data, sizeof(block));
	revision_text(block.revision, config.revision);
	if (block.revision == 0xff)
		return corrupt("it is blank");
	if (block.revision >> 4 == 0 || config.revision[0] == '?')
		return corrupt("its revision byte is none");
	if (!copy_text(config.serial, block.serial, sizeof(block.serial)) ||
		strlen(config.serial) != sizeof(block.serial))
		return corrupt("its serial number is not text");
	if (!copy_text(config.manufacturer, block.manufacturer,
		    sizeof(block.manufacturer)))
		return corrupt("its manufacturer is not text");
	/* An older block has no valid bitstream, and the limits of ports A and
	   B at the indices 2 and 3. */
	current = block.flags & CONFIG_API_LEVEL_7;
	if (current) {
		config.bitstream_size = block.bitstream_size;
		memcpy(config.bitstream_id, block.bitstream_id, FPGA_ID_SIZE);
	}
	for (unsigned port = 0; port < PORT_COUNT; port++)
		config.limit_mv[port] =
			block.vlimit_mv[current || port > 1 ? port : port + 2];
	config.modified = block.flags & CONFIG_MODIFIED_DESIGN;
	config.webusb = block.flags & CONFIG_WEBUSB;
	*ret_config = config;
	return 0;
}

static int check_range(uint16_t address, size_t size)
{
	if (size <= EEPROM_SIZE && address + size <= EEPROM_SIZE)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"EEPROM %#06x + %zu bytes: it ends at %#x", address, size,
		EEPROM_SIZE);
}

int eeprom_read(struct clyde_device *device, uint16_t address, uint8_t *data,
	size_t size)
{
	int result = check_range(address, size);

	if (result == 0)
		result = check_buffer("data", data, size);
	while (size > 0 && result == 0) {
		struct mgmt_eeprom_read request = {.address = address,
			.length =
				size < MGMT_DATA_SIZE ? size : MGMT_DATA_SIZE};

		result = mgmt_command(device, MGMT_READ_EEPROM, &request,
			sizeof(request), data, request.length);
		address += request.length;
		data += request.length;
		size -= request.length;
	}
	return result;
}

/* A command writes at most 32 bytes, inside one block of 32 bytes: beyond the
   end of its page the chip would wrap around. */
int eeprom_write(struct clyde_device *device, uint16_t address,
	const uint8_t *data, size_t size)
{
	int result = check_range(address, size);

	if (result == 0)
		result = check_buffer("data", data, size);
	while (size > 0 && result == 0) {
		struct mgmt_eeprom_write request = {.address = address};
		size_t chunk = MGMT_DATA_SIZE - address % MGMT_DATA_SIZE;

		if (chunk > size)
			chunk = size;
		memcpy(request.data, data, chunk);
		result = mgmt_command(device, MGMT_WRITE_EEPROM, &request,
			sizeof(request.address) + chunk, NULL, 0);
		address += chunk;
		data += chunk;
		size -= chunk;
	}
	return result;
}

CLYDE_API int clyde_eeprom_read(
	struct clyde_device *handle, uint16_t address, void *data, size_t size)
{
	return CALL(device, handle, eeprom_read(device, address, data, size));
}

CLYDE_API int clyde_eeprom_write(struct clyde_device *handle, uint16_t address,
	const void *data, size_t size)
{
	return CALL(device, handle, eeprom_write(device, address, data, size));
}

static int read_config(
	struct clyde_device *device, struct clyde_config *ret_config)
{
	struct config_block block;
	int result = eeprom_read(
		device, CONFIG_ADDRESS, (uint8_t *)&block, sizeof(block));

	if (result == 0 &&
		clyde_config_decode(&block, sizeof(block), ret_config) < 0)
		result = set_error(CLYDE_ERROR_CORRUPT,
			"the configuration block is corrupt: %s; clyde "
			"factory writes it anew",
			clyde_error_message());
	return result;
}

CLYDE_API int clyde_config_read(
	struct clyde_device *handle, struct clyde_config *ret_config)
{
	return CALL(device, handle, read_config(device, ret_config));
}
