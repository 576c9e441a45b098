/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Reads whole files, see file.h. */
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool cannot_read(struct tool *tool, const char *path, int error)
{
	return fail(tool, STATUS_INPUT, "cannot read %s: %s", path,
		strerror(error));
}

static bool read_all(struct tool *tool, const char *path, FILE *file,
	size_t limit, uint8_t **ret_data, size_t *ret_size)
{
	uint8_t *data = malloc(limit + 1);

	if (data == NULL)
		return fail(tool, STATUS_MEMORY, "out of memory");
	*ret_size = fread(data, 1, limit + 1, file);
	if (ferror(file)) {
		free(data);
		return cannot_read(tool, path, errno);
	}
	*ret_data = data;
	return true;
}

bool read_whole(struct tool *tool, const char *path, size_t limit,
	uint8_t **ret_data, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	bool done;

	if (file == NULL)
		return cannot_read(tool, path, errno);
	done = read_all(tool, path, file, limit, ret_data, ret_size);
	fclose(file);
	return done;
}

void make_bitstream_id(
	const uint8_t *data, size_t size, uint8_t ret_id[CLYDE_FPGA_ID_SIZE])
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 0x100000001b3;
	for (unsigned i = 0; i < CLYDE_FPGA_ID_SIZE; i++)
		ret_id[i] = hash >> 8 * i;
}
