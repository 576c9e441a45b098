/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde info: shows a device's identity, the bitstream in its FPGA, and its
   configuration block.  It only reads. */
#include "cli/cli.h"

#include <stdio.h>

#define ID_TEXT_SIZE (2 * CLYDE_FPGA_ID_SIZE + 1)

static const struct argp_child children[] = {
	{&json_argp, 0, NULL, 1},
	{&global_argp, 0, "Options of every command:", 2},
	{0},
};

static void row(struct tool *tool, const char *name, const char *value)
{
	output_line(&tool->output, "%-13s %s", name, value[0] ? value : "-");
}

static void format_id(
	const uint8_t id[CLYDE_FPGA_ID_SIZE], char ret_text[ID_TEXT_SIZE])
{
	for (unsigned i = 0; i < CLYDE_FPGA_ID_SIZE; i++)
		sprintf(ret_text + 2 * i, "%02x", id[i]);
}

static void show_identity(struct tool *tool)
{
	const struct clyde_device_info *info = &tool->info;
	char level[8];

	snprintf(level, sizeof(level), "%u", info->api_level);
	row(tool, "uri", info->uri);
	row(tool, "serial", info->serial);
	row(tool, "product", info->product);
	row(tool, "manufacturer", info->manufacturer);
	row(tool, "revision", info->revision);
	row(tool, "API level", level);
	row(tool, "design",
		info->modified ? "modified by its maker" : "as published");
}

static bool show_fpga(struct tool *tool)
{
	uint8_t id[CLYDE_FPGA_ID_SIZE];
	char text[ID_TEXT_SIZE];
	int configured = clyde_fpga_status(tool->device, id);

	if (!succeeded(tool, configured))
		return false;
	if (configured)
		format_id(id, text);
	output_line(&tool->output, "%-13s %s%s", "FPGA",
		configured ? "runs bitstream " : "not configured",
		configured ? text : "");
	output_put(&tool->output, "fpga",
		json_pack("{s:b, s:o}", "configured", configured,
			"bitstream_id",
			configured ? json_string(text) : json_null()));
	return true;
}

static void show_stored(struct tool *tool, const struct clyde_config *config)
{
	char text[ID_TEXT_SIZE];

	if (config->bitstream_size == 0) {
		row(tool, "stored image", "none");
		output_put(&tool->output, "stored_image", json_null());
		return;
	}
	format_id(config->bitstream_id, text);
	output_line(&tool->output, "%-13s %u bytes, id %s", "stored image",
		config->bitstream_size, text);
	output_put(&tool->output, "stored_image",
		json_pack("{s:I, s:s}", "size",
			(json_int_t)config->bitstream_size, "bitstream_id",
			text));
}

static void show_limits(struct tool *tool, const struct clyde_config *config)
{
	clyde_ports ports = clyde_device_ports(tool->device);
	char volts[VOLTS_SIZE];
	char text[80] = "";
	int used = 0;

	for (unsigned i = 0; i < CLYDE_PORT_COUNT; i++) {
		if ((ports & 1 << i) == 0)
			continue;
		used += snprintf(text + used, sizeof(text) - used, "%s%c %s",
			used ? ", " : "", 'A' + i,
			format_volts(config->limit_mv[i], "none", volts));
		output_append(&tool->output, "limits",
			json_pack("{s:s%, s:i}", "port", &"ABCD"[i], 1,
				"limit_mv", config->limit_mv[i]));
	}
	row(tool, "limits", text);
}

static bool show_config(struct tool *tool)
{
	struct clyde_config config;

	if (!succeeded(tool, clyde_config_read(tool->device, &config)))
		return false;
	show_stored(tool, &config);
	show_limits(tool, &config);
	row(tool, "WebUSB", config.webusb ? "advertised" : "not advertised");
	output_put(&tool->output, "webusb", json_boolean(config.webusb));
	return true;
}

void command_info(struct tool *tool, int argc, char **argv)
{
	if (!parse_plain(tool, children,
		    "Show what a device is: its identity, what runs in its "
		    "FPGA, what its EEPROM holds.",
		    argc, argv) ||
		!open_device(tool))
		return;
	show_identity(tool);
	if (show_fpga(tool))
		show_config(tool);
}
