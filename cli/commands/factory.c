/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde factory: writes the boot image of a board whose configuration block is
 * lost.  The options have upstream's names.  --serial, which chooses a device
 * for other commands, is the serial number to write here: -d chooses the board.
 */
#include "cli/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/progress.h"

enum {
	KEY_REVISION = 0x200,
	KEY_MANUFACTURER,
	KEY_MODIFIED,
	KEY_REINITIALIZE,
};

struct request {
	struct tool *tool;
	struct clyde_factory factory;
	char serial[40];
	const char *modified;
	uint8_t *firmware;
};

static error_t parse_factory(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		share_tool(state, request->tool);
		return 0;
	case KEY_REVISION:
		request->factory.revision = argument;
		return 0;
	case KEY_MANUFACTURER:
		request->factory.manufacturer = argument;
		return 0;
	case KEY_MODIFIED:
		request->modified = argument;
		return 0;
	case KEY_REINITIALIZE:
		request->factory.reinitialize = true;
		return 0;
	case ARGP_KEY_ARG:
		misuse(request->tool, "'%s' is one argument too many",
			argument);
		return EINVAL;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{"rev", KEY_REVISION, "REV", 0, "The board's revision, C0 to C3", 0},
	{"manufacturer", KEY_MANUFACTURER, "TEXT", 0,
		"Who made the board, up to 22 characters", 0},
	{"using-modified-design-files", KEY_MODIFIED, "yes|no", 0,
		"Whether the board was made from modified design files", 0},
	{"reinitialize", KEY_REINITIALIZE, NULL, 0,
		"Write a board anew that has a valid configuration block; what "
		"is not given stays",
		0},
	{0},
};

static const struct argp_child children[] = {
	{&global_argp, 0, "Options of every command:", 1},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse_factory,
	.doc = "Give a board whose configuration block is lost a new one, and "
	       "firmware: that of --firmware FILE, else Clyde's own. Needs -d "
	       "usb:BUS:ADDRESS, and for a new block --rev and "
	       "--using-modified-design-files. --serial is the serial number "
	       "to write, 16 letters and digits; the present time without it.",
	.children = children,
};

/* The serial number as the block has it: clyde list shows "C3-" before it. */
static void take_serial(struct request *request)
{
	const char *given = request->tool->serial;
	const char *hyphen = given ? strchr(given, '-') : NULL;
	time_t now = time(NULL);
	struct tm utc;

	if (given)
		snprintf(request->serial, sizeof(request->serial), "%s",
			hyphen == given + 2 ? hyphen + 1 : given);
	else if (!request->factory.reinitialize)
		strftime(request->serial, sizeof(request->serial),
			"%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
	request->factory.serial = request->serial;
}

static bool check(struct request *request)
{
	struct tool *tool = request->tool;
	const char *modified = request->modified;
	struct clyde_factory *factory = &request->factory;

	factory->modified = -1;
	if (modified && strcmp(modified, "yes") != 0 &&
		strcmp(modified, "no") != 0)
		return misuse(tool,
			"--using-modified-design-files %s: yes or no",
			modified);
	if (modified)
		factory->modified = modified[0] == 'y';
	if (factory->reinitialize)
		return true;
	if (factory->revision == NULL)
		return misuse(tool, "--rev is needed: C0, C1, C2 or C3");
	if (modified == NULL)
		return misuse(tool,
			"--using-modified-design-files is needed: yes or no");
	return true;
}

static bool take_firmware(struct request *request)
{
	struct clyde_factory *factory = &request->factory;

	if (!names_firmware(request->tool))
		return true;
	if (!read_firmware(
		    request->tool, &request->firmware, &factory->firmware_size))
		return false;
	factory->firmware = request->firmware;
	return true;
}

static void show_progress(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	(void)user;
	progress_show(what, done, total);
}

static void make(struct request *request)
{
	static const struct clyde_observer observer = {
		.progress = show_progress};
	struct tool *tool = request->tool;
	int result;

	if (!open_output(tool) || !open_capture(tool))
		return;
	result = clyde_factory(
		tool->context, tool->uri, &request->factory, &observer);
	progress_clear();
	if (!succeeded(tool, result))
		return;
	output_line(&tool->output,
		"written and verified; unplug the board and plug it in again");
}

void command_factory(struct tool *tool, int argc, char **argv)
{
	struct request request = {.tool = tool};

	if (!parse(tool, &argp, argc, argv, &request) || !check(&request))
		return;
	take_serial(&request);
	if (take_firmware(&request))
		make(&request);
	free(request.firmware);
}
