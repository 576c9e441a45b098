/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * --firmware: loads an Intel HEX file into the device before a command opens
 * it; and without that option Clyde's own firmware, if the device needs some.
 * The device gets a new URI by that, which replaces tool->uri.
 */
#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 16 KiB with one byte a line are 224 KiB of text. */
#define FILE_MAX (1 << 20)

bool names_firmware(const struct tool *tool)
{
	return tool->firmware && strcmp(tool->firmware, "keep") != 0;
}

bool read_firmware(struct tool *tool, uint8_t **ret_data, size_t *ret_size)
{
	if (!read_whole(tool, tool->firmware, FILE_MAX, ret_data, ret_size))
		return false;
	if (*ret_size <= FILE_MAX)
		return true;
	return fail(tool, STATUS_CORRUPT,
		"%s has more than %d bytes, which is not FX2 firmware",
		tool->firmware, FILE_MAX);
}

static bool load(struct tool *tool, const void *data, size_t size)
{
	int result;

	if (tool->proves_firmware)
		result = clyde_firmware_try(tool->context, tool->uri,
			tool->serial, data, size, tool->loaded_uri);
	else
		result = clyde_firmware_load(tool->context, tool->uri,
			tool->serial, data, size, tool->loaded_uri);
	if (!succeeded(tool, result))
		return false;
	tool->uri = tool->loaded_uri;
	return true;
}

bool load_firmware(struct tool *tool)
{
	uint8_t *data = NULL;
	size_t size;
	bool loaded;

	if (!names_firmware(tool))
		return !tool->proves_firmware || load(tool, NULL, 0);
	loaded = read_firmware(tool, &data, &size) && load(tool, data, size);
	free(data);
	return loaded;
}

bool load_own_firmware(struct tool *tool)
{
	if (!load(tool, NULL, 0))
		return false;
	fputs("clyde: note: the device had no firmware of this API level, so "
	      "Clyde's own was loaded into its RAM, until it loses power; "
	      "clyde "
	      "flash stores it\n",
		stderr);
	return true;
}
