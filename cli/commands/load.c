/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde load: loads a bitstream file, or Clyde's own image, into the FPGA.  A
   malformed file or id is reported before a device is opened. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No bitstream of revC's iCE40 is larger.  The limit also ends the reading of
   files without an end, such as /dev/zero. */
#define FILE_MAX (1 << 20)

struct request {
	struct tool *tool;
	const char *path;
	const char *id;
};

static const struct argp_option options[] = {
	{"id", 'i', "HEX", 0,
		"The id under which the device remembers it, 16 hexadecimal "
		"digits; otherwise made from what is in FILE",
		0},
	{0},
};

static const struct argp_child children[] = {
	{&global_argp, 0, "Options of every command:", 1},
	{0},
};

static error_t parse_load(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		share_tool(state, request->tool);
		return 0;
	case 'i':
		request->id = argument;
		return 0;
	case ARGP_KEY_ARG:
		if (request->path == NULL) {
			request->path = argument;
			return 0;
		}
		misuse(request->tool, "one FILE at a time");
		return EINVAL;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {options, parse_load, "[FILE]",
	"Make the FPGA run the bitstream in FILE, or Clyde's image without "
	"one. What runs there already is not loaded again.",
	children, NULL, NULL};

static bool parse_id(const struct request *request, uint8_t *id)
{
	const char *text = request->id;

	if (strlen(text) != 2 * CLYDE_FPGA_ID_SIZE ||
		strspn(text, "0123456789abcdefABCDEF") != strlen(text))
		return misuse(request->tool,
			"--id %s: an id is %d hexadecimal digits", text,
			2 * CLYDE_FPGA_ID_SIZE);
	for (unsigned i = 0; i < CLYDE_FPGA_ID_SIZE; i++)
		sscanf(text + 2 * i, "%2hhx", &id[i]);
	return true;
}

/* FNV-1a of 64 bits, so that files of different contents get different ids. */
static void make_id(const uint8_t *data, size_t size, uint8_t *id)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 0x100000001b3;
	for (unsigned i = 0; i < CLYDE_FPGA_ID_SIZE; i++)
		id[i] = hash >> 8 * i;
}

static bool read_bitstream(
	const struct request *request, uint8_t *data, size_t *ret_size)
{
	FILE *file = fopen(request->path, "rb");
	size_t size;
	int error;

	if (file) {
		size = fread(data, 1, FILE_MAX + 1, file);
		error = ferror(file) ? errno : 0;
		fclose(file);
	} else {
		size = 0;
		error = errno;
	}
	if (error)
		return fail(request->tool, STATUS_INPUT, "cannot read %s: %s",
			request->path, strerror(error));
	if (size == 0 || size > FILE_MAX)
		return fail(request->tool, STATUS_CORRUPT,
			"%s is %s: no bitstream", request->path,
			size ? "longer than 1 MiB" : "empty");
	*ret_size = size;
	return true;
}

static void load(const struct request *request, const uint8_t *data,
	size_t size, const uint8_t *id)
{
	struct tool *tool = request->tool;
	int result;

	if (!open_device(tool))
		return;
	result = data ? clyde_fpga_load(tool->device, data, size, id)
		      : clyde_fpga_load_image(tool->device);
	if (succeeded(tool, result))
		output_line(&tool->output, "%s",
			result ? "loaded" : "the FPGA runs it already");
}

void command_load(struct tool *tool, int argc, char **argv)
{
	struct request request = {.tool = tool};
	uint8_t id[CLYDE_FPGA_ID_SIZE];
	uint8_t *data;
	size_t size = 0;

	if (!parse(tool, &argp, argc, argv, &request))
		return;
	if (request.path == NULL) {
		if (request.id)
			misuse(tool, "--id is the id of a FILE");
		else
			load(&request, NULL, 0, NULL);
		return;
	}
	data = malloc(FILE_MAX + 1);
	if (data == NULL) {
		fail(tool, STATUS_MEMORY, "out of memory");
		return;
	}
	if (read_bitstream(&request, data, &size)) {
		make_id(data, size, id);
		if (request.id == NULL || parse_id(&request, id))
			load(&request, data, size, id);
	}
	free(data);
}
