/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde list: one line a device. */
#include "cli.h"

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
	output_line(&tool->output, "%-19s  %-2s  %-5s  %s, by %s  %s",
		or_dash(info->serial), info->revision, firmware,
		or_dash(info->product), or_dash(info->manufacturer), info->uri);
	output_append(&tool->output, "devices", json_device(info));
}

static void none(struct tool *tool)
{
	if (tool->serial)
		fail(tool, STATUS_NO_SERIAL,
			"no device has the serial number %s; see clyde list",
			tool->serial);
	else
		fail(tool, STATUS_NO_DEVICE,
			"no Glasgow found; plug one in, or use the virtual "
			"one: clyde -d virtual:");
}

void command_list(struct tool *tool, int argc, char **argv)
{
	struct clyde_device_info *list;
	int shown = 0;
	int count;

	if (!parse_plain(tool, children,
		    "List the devices: serial number, revision, API level, "
		    "product and manufacturer, URI.",
		    argc, argv) ||
		!open_output(tool) || !open_capture(tool) ||
		!load_firmware(tool))
		return;
	count = clyde_device_list(tool->context, tool->uri, &list);
	if (!succeeded(tool, count))
		return;
	output_put(&tool->output, "devices", json_array());
	tool->output.worth = true;
	for (int i = 0; i < count; i++) {
		if (tool->serial && strcmp(tool->serial, list[i].serial) != 0)
			continue;
		show(tool, &list[i]);
		shown++;
	}
	clyde_device_list_free(list);
	if (shown == 0)
		none(tool);
}
