/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the reader of backups with any bytes: the first two are the size of the
 * file, the others its beginning, and 0xff follows.  A refused backup has a
 * sentence of one line.  The records of an accepted one end with the last record,
 * and read the same when they are put into an image again.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/device/boot-image.h"

static uint8_t image[EEPROM_SIZE];
static struct boot_records records, again;

static void read_again(const struct clyde_config *config)
{
	struct clyde_config second;

	memset(image + BOOT_FIRMWARE_AT, 0xff,
		sizeof(image) - BOOT_FIRMWARE_AT);
	memcpy(image + BOOT_FIRMWARE_AT, records.bytes, records.size);
	check(boot_image_read(image, sizeof(image), &second, &again) >= 0);
	check(strcmp(config->serial, second.serial) == 0);
	check(records.size == again.size);
	check(memcmp(records.bytes, again.bytes, again.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct clyde_config config;
	size_t length;
	int result;

	if (size < 2)
		return 0;
	length = data[0] | data[1] << 8;
	if (length > sizeof(image))
		length = sizeof(image);
	memset(image, 0xff, sizeof(image));
	size -= 2;
	memcpy(image, data + 2, size < length ? size : length);
	result = boot_image_read(image, length, &config, &records);
	if (result < 0) {
		check(result == CLYDE_ERROR_CORRUPT);
		check(clyde_error_message()[0] &&
			!strchr(clyde_error_message(), '\n'));
		return 0;
	}
	check(records.size >= EEPROM_RECORD_SIZE + (result == 0));
	check(records.size <= sizeof(records.bytes));
	read_again(&config);
	return 0;
}
