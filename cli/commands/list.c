/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde list: prints a line for each device that can be read, and on standard
 * error a note for each that cannot.  The document has all of them, with their
 * states.  Without a command, clyde runs this one.
 */
#include "cli/cli.h"

#include <string.h>

static const struct argp_child children[] = {
	{&json_argp, 0, NULL, 1},
	{&global_argp, 0, "Options of every command:", 2},
	{0},
};

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

static void show(struct tool *tool, const struct clyde_device_info *info)
{
	char firmware[16] = "no firmware";

	if (info->api_level)
		snprintf(firmware, sizeof(firmware), "API %u", info->api_level);
	output_line(&tool->output, "%-19s  %-2s  %-5s  %s, by %s  %s%s",
		or_dash(info->serial), info->revision, firmware,
		or_dash(info->product), or_dash(info->manufacturer), info->uri,
		info->state == CLYDE_ERROR_BUSY ? "  in use" : "");
}

static void print_note(const struct clyde_device_info *info)
{
	char line[sizeof(info->uri) + sizeof(info->why) + 32];

	snprintf(line, sizeof(line), "%s cannot be read: %s", info->uri,
		info->why);
	make_printable(line);
	fprintf(stderr, "clyde: note: %s\n", line);
}

static void fail_without_device(
	struct tool *tool, const struct clyde_device_info *unread)
{
	if (unread)
		fail(tool, status_of(unread->state, false), "%s", unread->why);
	else if (tool->serial)
		fail(tool, STATUS_NO_SERIAL,
			"no device has the serial number %s; see clyde list",
			tool->serial);
	else
		fail(tool, STATUS_NO_DEVICE,
			"no Glasgow found; plug one in, or use the virtual "
			"one: clyde -d virtual:");
}

/*
 * The first device that cannot be read is the reason of the failure if no
 * device can be read; otherwise it gets a note like the others.  With --serial,
 * notes are printed only if no device has the number: a device that cannot be
 * read may be the one.
 */
static void show_all(
	struct tool *tool, const struct clyde_device_info *list, int count)
{
	const struct clyde_device_info *unread = NULL;
	int readable = 0, shown = 0;

	for (int i = 0; i < count; i++) {
		const struct clyde_device_info *info = &list[i];

		readable += info->readable;
		if (tool->serial && info->readable &&
			strcmp(tool->serial, info->serial) != 0)
			continue;
		output_append(&tool->output, "devices", json_device(info));
		shown += info->readable;
		if (info->readable)
			show(tool, info);
		else if (unread == NULL)
			unread = info;
	}
	if (readable > 0)
		unread = NULL;
	if (shown == 0)
		fail_without_device(tool, unread);
	if (tool->serial && shown > 0)
		return;
	for (int i = 0; i < count; i++)
		if (!list[i].readable && &list[i] != unread)
			print_note(&list[i]);
}

void command_list(struct tool *tool, int argc, char **argv)
{
	struct clyde_device_info *list;
	int count;

	if (!parse_plain(tool, children,
		    "List the devices: serial number, revision, API level, "
		    "product and manufacturer, URI.",
		    argc, argv) ||
		!open_output(tool) || !open_capture(tool) ||
		!await_device(tool) || !load_firmware(tool))
		return;
	count = clyde_device_list(tool->context, tool->uri, &list);
	if (!succeeded(tool, count))
		return;
	output_put(&tool->output, "devices", json_array());
	tool->output.has_results = true;
	show_all(tool, list, count);
	clyde_device_list_free(list);
}
