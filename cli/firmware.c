/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * --firmware: loads an Intel HEX file into the device before a command opens
 * it.  The device gets a new URI by that, which replaces tool->uri.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 16 KiB with one byte a line are 224 KiB of text.  The limit also ends the
   reading of files without an end, such as /dev/zero. */
#define FILE_MAX (1 << 20)

static bool read_file(
	struct tool *tool, FILE *file, char *data, size_t *ret_size)
{
	const char *path = tool->firmware;
	size_t size = fread(data, 1, FILE_MAX + 1, file);

	if (ferror(file))
		return fail(tool, STATUS_INPUT, "cannot read %s: %s", path,
			strerror(errno));
	if (size > FILE_MAX)
		return fail(tool, STATUS_CORRUPT,
			"%s has more than %d bytes, which is not FX2 firmware",
			path, FILE_MAX);
	*ret_size = size;
	return true;
}

static bool load_from(struct tool *tool, FILE *file)
{
	char *data = malloc(FILE_MAX + 1);
	size_t size = 0;
	bool loaded;

	if (data == NULL)
		return fail(tool, STATUS_MEMORY, "out of memory");
	loaded = read_file(tool, file, data, &size) &&
		succeeded(tool,
			clyde_firmware_load(tool->context, tool->uri,
				tool->serial, data, size, tool->loaded_uri));
	if (loaded)
		tool->uri = tool->loaded_uri;
	free(data);
	return loaded;
}

bool load_firmware(struct tool *tool)
{
	FILE *file;
	bool loaded;

	if (tool->firmware == NULL)
		return true;
	file = fopen(tool->firmware, "rb");
	if (file == NULL)
		return fail(tool, STATUS_INPUT, "cannot read %s: %s",
			tool->firmware, strerror(errno));
	loaded = load_from(tool, file);
	fclose(file);
	return loaded;
}
