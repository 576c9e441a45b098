/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes parsed options, reads and writes the file that stands for the
   EEPROM. */
#include "uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int write_file(
	const struct virtual_options *options, const uint8_t *eeprom)
{
	char path[CLYDE_URI_SIZE + 8];
	FILE *file;
	bool written;

	snprintf(path, sizeof(path), "%s.new", options->eeprom_path);
	file = fopen(path, "wb");
	if (file == NULL)
		return -errno;
	written = fwrite(eeprom, 1, EEPROM_SIZE, file) == EEPROM_SIZE;
	written &= fclose(file) == 0;
	if (written && rename(path, options->eeprom_path) == 0)
		return 0;
	unlink(path);
	return -EIO;
}

/* A path that leads nowhere is a mistake in the URI. */
static int file_error(int error)
{
	return error == ENOENT ? CLYDE_ERROR_INVALID : error_from_errno(error);
}

static int create(struct virtual_options *options)
{
	int result;

	device_format_eeprom(&options->device, options->eeprom);
	result = write_file(options, options->eeprom);
	if (result < 0)
		return set_error(file_error(-result), "%s: %s",
			options->eeprom_path, strerror(-result));
	return 0;
}

int virtual_eeprom_load(struct virtual_options *options)
{
	const char *path = options->eeprom_path;
	FILE *file = fopen(path, "r+b");
	size_t size;

	if (file == NULL && errno != ENOENT)
		return set_error(
			file_error(errno), "%s: %s", path, strerror(errno));
	options->eeprom = malloc(EEPROM_SIZE + 1);
	if (options->eeprom == NULL) {
		if (file)
			fclose(file);
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	}
	if (file == NULL)
		return create(options);
	size = fread(options->eeprom, 1, EEPROM_SIZE + 1, file);
	fclose(file);
	if (size == EEPROM_SIZE)
		return 0;
	return set_error(CLYDE_ERROR_CORRUPT,
		"%s: %zu bytes%s, an EEPROM image has %d", path, size,
		size > EEPROM_SIZE ? " or more" : "", EEPROM_SIZE);
}

int virtual_eeprom_save(struct virtual_options *options, const uint8_t *eeprom)
{
	int result;

	if (memcmp(eeprom, options->eeprom, EEPROM_SIZE) == 0)
		return 0;
	result = write_file(options, eeprom);
	/* Until it is in the file, the next command tries again. */
	if (result == 0)
		memcpy(options->eeprom, eeprom, EEPROM_SIZE);
	return result;
}
