/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the parser of the configuration block with any bytes.  The block is
 * decoded into printable texts that end, or it is refused with a sentence and
 * nothing is changed.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "clyde.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_text(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	check(length < size);
	for (size_t i = 0; i < length; i++)
		check(isprint((unsigned char)text[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct clyde_config config, before;

	memset(&config, 0xee, sizeof(config));
	before = config;
	if (clyde_config_decode(data, size, &config) < 0) {
		check(*clyde_error_message() &&
			!strchr(clyde_error_message(), '\n'));
		check(memcmp(&config, &before, sizeof(config)) == 0);
		return 0;
	}
	check(size == CLYDE_CONFIG_SIZE);
	check_text(config.revision, sizeof(config.revision));
	check(config.revision[0] >= 'A' && config.revision[0] <= 'N');
	check_text(config.serial, sizeof(config.serial));
	check(strlen(config.serial) == 16);
	check(memcmp(config.serial, data + 1, 16) == 0);
	check_text(config.manufacturer, sizeof(config.manufacturer));
	for (unsigned port = 0; port < CLYDE_PORT_COUNT; port++)
		check(config.limit_mv[port] <= UINT16_MAX);
	return 0;
}
