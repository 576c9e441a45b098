/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the file of a virtual EEPROM: the first byte is its size, then come
 * changes of a factory image, an address and a byte each.  The device that
 * boots from the file works, or the file is refused.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/ask.h"
#include "clyde.h"
#include "fuzz.h"
#include "virtual/fx2/device.h"

static int file = -1;
static char uri[64];

static void set_up(void)
{
	file = memfd_create("eeprom", MFD_CLOEXEC);
	check(file >= 0);
	snprintf(uri, sizeof(uri), "virtual:eeprom=/proc/self/fd/%d", file);
}

/* The address is near the header and the configuration, unless it is given in
   full. */
static void change(uint8_t *image, struct input *input)
{
	uint8_t where = take_byte(input);
	uint16_t address = where < 8
		? where
		: CONFIG_ADDRESS + where % sizeof(struct config_block);

	if (where == 0xff)
		address = take_word(input) % EEPROM_SIZE;
	image[address] = take_byte(input);
}

static void use_device(struct clyde_device *device)
{
	const struct clyde_device_info *info = info_of(device);
	struct clyde_config config;
	uint8_t id[CLYDE_FPGA_ID_SIZE], boot;
	unsigned limit_mv[CLYDE_PORT_COUNT];

	check(strlen(info->serial) < sizeof(info->serial));
	/* The header alone may say that the firmware is of our API level.  The
	   boot loader has no strings, and no commands. */
	if (info->product[0] == '\0') {
		check(clyde_fpga_status(device, id) == CLYDE_ERROR_STALL);
		return;
	}
	check(clyde_eeprom_read(device, 0, &boot, 1) == 0);
	check(clyde_fpga_status(device, id) >= 0);
	check(clyde_supply_limit_get(device, limit_mv) == 0);
	if (clyde_config_read(device, &config) < 0)
		check(clyde_error_message()[0] != '\0');
	else
		check(strlen(config.serial) == 16);
}

static void boot(size_t size)
{
	struct clyde_context *context;
	struct clyde_device *device;
	int result;

	check(clyde_context_new(&context) == 0);
	result = clyde_device_open(context, uri, NULL, &device);
	if (result == 0) {
		check(size == EEPROM_SIZE);
		use_device(device);
	} else {
		check(clyde_error_message()[0] != '\0');
		check(result == CLYDE_ERROR_CORRUPT ||
			result == CLYDE_ERROR_API_LEVEL);
	}
	clyde_context_close(context);
	check(clyde_live_objects() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct device_options options = {
		.revision = REVISION_C3, .serial = "20230101T120000Z"};
	struct input input = {data, size};
	uint8_t image[EEPROM_SIZE + 16] = {0};
	uint8_t kind = take_byte(&input);
	size_t length = EEPROM_SIZE;

	if (file < 0)
		set_up();
	if (kind & 1)
		length = kind & 2 ? EEPROM_SIZE + (kind >> 4)
				  : EEPROM_SIZE - (kind >> 2);
	device_format_eeprom(&options, image);
	while (input.size > 0)
		change(image, &input);
	check(ftruncate(file, length) == 0);
	check(pwrite(file, image, length, 0) == (ssize_t)length);
	boot(length);
	return 0;
}
