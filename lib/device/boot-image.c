/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Makes and reads boot images, see boot-image.h.
 *
 * A record must never have more than 1023 bytes: the boot ROM ignores the upper
 * bits of the length.
 */
#include "boot-image.h"

#include <string.h>

#define RECORD_MAX 1023

const uint8_t boot_config_record[EEPROM_RECORD_SIZE] = {0,
	sizeof(struct config_block), EEPROM_CONFIG_RAM >> 8,
	EEPROM_CONFIG_RAM & 0xff};

/* CPUCS gets 0, and the 8051 starts. */
static const uint8_t last_record[EEPROM_RECORD_SIZE + 1] = {
	EEPROM_RECORD_LAST >> 8, 1, USB_FX2_CPUCS >> 8, USB_FX2_CPUCS & 0xff,
	0};

static void append(
	struct boot_records *records, const uint8_t *bytes, size_t size)
{
	memcpy(records->bytes + records->size, bytes, size);
	records->size += size;
}

void boot_records_empty(struct boot_records *records)
{
	records->size = 0;
	append(records, last_record, sizeof(last_record));
}

static int check_places(const struct ihex *firmware)
{
	if (!firmware->used[0])
		return set_error(CLYDE_ERROR_CORRUPT,
			"the firmware file has nothing at address 0, where "
			"the 8051 starts");
	for (size_t at = EEPROM_CONFIG_RAM; at < IHEX_SIZE; at++)
		if (firmware->used[at])
			return set_error(CLYDE_ERROR_CORRUPT,
				"the firmware file has a byte at 0x%04zx, in "
				"the RAM of the configuration block",
				at);
	return 0;
}

int boot_records_of(const struct ihex *firmware, struct boot_records *records)
{
	const size_t room = sizeof(records->bytes) - sizeof(last_record);
	size_t at, size;
	int result = check_places(firmware);

	if (result < 0)
		return result;
	records->size = 0;
	for (size_t from = 0;
		(size = ihex_run(firmware, from, RECORD_MAX, &at)) > 0;
		from = at + size) {
		const uint8_t header[EEPROM_RECORD_SIZE] = {
			size >> 8, size, at >> 8, at};

		if (records->size + sizeof(header) + size > room)
			return set_error(CLYDE_ERROR_TOO_LARGE,
				"the firmware does not fit into the %zu bytes "
				"that the EEPROM has for it",
				sizeof(records->bytes));
		append(records, header, sizeof(header));
		append(records, firmware->data + at, size);
	}
	append(records, last_record, sizeof(last_record));
	return 0;
}

void boot_header(uint8_t revision, bool firmware, uint8_t *ret_header)
{
	const uint8_t header[BOOT_HEADER_SIZE] = {
		firmware ? EEPROM_BOOT_C2 : EEPROM_BOOT_C0,
		USB_VID_QIHW & 0xff,
		USB_VID_QIHW >> 8,
		USB_PID_GLASGOW & 0xff,
		USB_PID_GLASGOW >> 8,
		revision,
		0,
		EEPROM_I2C_400KHZ | (firmware ? EEPROM_DISCONNECT : 0),
	};

	memcpy(ret_header, header, sizeof(header));
}

/* ---- Reading ---------------------------------------------------------- */

static int corrupt(const char *why)
{
	return set_error(CLYDE_ERROR_CORRUPT, "%s", why);
}

/* The size of the records up to and with the last one, or 0 if they do not end
   before `end`. */
static size_t measure(const uint8_t *records, size_t end)
{
	size_t at = 0;

	while (at + EEPROM_RECORD_SIZE <= end) {
		unsigned length = records[at] << 8 | records[at + 1];
		bool last = length & EEPROM_RECORD_LAST;

		at += EEPROM_RECORD_SIZE + (length & ~EEPROM_RECORD_LAST);
		if (last && at <= end)
			return at;
	}
	return 0;
}

int boot_config_read(const uint8_t *eeprom, struct clyde_config *ret_config)
{
	int result;

	if (eeprom[0] != EEPROM_BOOT_C0 && eeprom[0] != EEPROM_BOOT_C2)
		return corrupt("its first byte is neither C0 nor C2");
	if (memcmp(eeprom + BOOT_HEADER_SIZE, boot_config_record,
		    sizeof(boot_config_record)) != 0)
		return corrupt("its first load record is no configuration "
			       "block");
	result = clyde_config_decode(eeprom + CONFIG_ADDRESS,
		sizeof(struct config_block), ret_config);
	return result < 0 ? result : eeprom[0] == EEPROM_BOOT_C2;
}

int boot_image_read(const uint8_t *eeprom, size_t size,
	struct clyde_config *ret_config, struct boot_records *ret_records)
{
	size_t end = size < BOOT_SIZE_MAX ? size : BOOT_SIZE_MAX;
	int result;

	if (size < BOOT_FIRMWARE_AT)
		return corrupt("it is cut short");
	result = boot_config_read(eeprom, ret_config);
	if (result < 0)
		return result;
	boot_records_empty(ret_records);
	if (result == 0)
		return 0;
	ret_records->size =
		measure(eeprom + BOOT_FIRMWARE_AT, end - BOOT_FIRMWARE_AT);
	if (ret_records->size == 0)
		return corrupt("its firmware has no end");
	memcpy(ret_records->bytes, eeprom + BOOT_FIRMWARE_AT,
		ret_records->size);
	return 1;
}
