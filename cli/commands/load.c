/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde load: loads a bitstream file, or Clyde's own image, into the FPGA.  A
   malformed file or id is reported before a device is opened. */
#include "cli/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No bitstream of revC's iCE40 is larger. */
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

static bool read_bitstream(
	const struct request *request, uint8_t **ret_data, size_t *ret_size)
{
	struct tool *tool = request->tool;

	if (!read_whole(tool, request->path, FILE_MAX, ret_data, ret_size))
		return false;
	if (*ret_size > 0 && *ret_size <= FILE_MAX)
		return true;
	return fail(tool, STATUS_CORRUPT, "%s is %s: no bitstream",
		request->path, *ret_size ? "longer than 1 MiB" : "empty");
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
	uint8_t *data = NULL;
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
	if (read_bitstream(&request, &data, &size)) {
		make_bitstream_id(data, size, id);
		if (request.id == NULL || parse_id(&request, id))
			load(&request, data, size, id);
	}
	free(data);
}
