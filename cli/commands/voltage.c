/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde voltage: sets and shows the port supplies and their limits.  A
   malformed argument is reported before a device is opened. */
#include "cli/cli.h"

#include <errno.h>
#include <string.h>

enum { KEY_LIMIT = 0x200 };

struct request {
	struct tool *tool;
	const char *words[2];
	unsigned count;
	const char *limit;
};

/* All values of a device's ports */
struct table {
	unsigned supply_mv[CLYDE_PORT_COUNT];
	unsigned limit_mv[CLYDE_PORT_COUNT];
	unsigned sense_mv[CLYDE_PORT_COUNT];
	struct clyde_alerts alerts;
	/* Of revisions that measure: C2 and later */
	bool measured;
	int current_ua[CLYDE_PORT_COUNT];
	unsigned trip_ua[CLYDE_PORT_COUNT];
	unsigned low_mv[CLYDE_PORT_COUNT];
	unsigned high_mv[CLYDE_PORT_COUNT];
};

/* ---- Arguments -------------------------------------------------------- */

static error_t parse_voltage(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		share_tool(state, request->tool);
		return 0;
	case KEY_LIMIT:
		request->limit = argument;
		return 0;
	case ARGP_KEY_ARG:
		if (request->count < 2) {
			request->words[request->count++] = argument;
			return 0;
		}
		misuse(request->tool, "'%s' is one argument too many",
			argument);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"limit", KEY_LIMIT, "SPEC", 0,
		"Set the limit that no supply may exceed, and that the device "
		"remembers; off = none",
		0},
	{0},
};

static const struct argp_child children[] = {
	{&supply_argp, 0, NULL, 0},
	{&json_argp, 0, NULL, 0},
	{&global_argp, 0, "Options of every command:", 2},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse_voltage,
	.args_doc = "[PORTS VOLTS | SPEC]",
	.doc = "Show the port supplies, after setting those that are "
	       "given.\vExamples: clyde voltage; clyde voltage AB 3.3; "
	       "clyde voltage A=3.3,B=1.8; clyde voltage --limit A=3.6",
	.children = children,
};

/* "AB" "3.3" becomes "AB=3.3"; a single word is a specification as -V has. */
static bool join_words(struct request *request, char *spec, size_t size)
{
	struct tool *tool = request->tool;
	int used;

	if (request->count == 0)
		return true;
	if (tool->supply)
		return misuse(tool, "'%s' and -V %s: give one of them",
			request->words[0], tool->supply);
	used = snprintf(spec, size, "%s%s%s", request->words[0],
		request->count == 2 ? "=" : "",
		request->count == 2 ? request->words[1] : "");
	if (used >= (int)size)
		return misuse(tool, "the specification is too long");
	tool->supply = spec;
	return true;
}

static bool parse_limit(struct tool *tool, const char *text, clyde_ports ports,
	struct clyde_supply ret_limit[CLYDE_PORT_COUNT])
{
	if (!parse_supply(tool, text, ports, ret_limit))
		return false;
	for (unsigned i = 0; i < CLYDE_PORT_COUNT; i++)
		if (ret_limit[i].given && ret_limit[i].sense >= 0)
			return misuse(
				tool, "--limit %s: a limit is a voltage", text);
	return true;
}

/* Parse the arguments.  Before a device is open, `ports` is PORTS_ANY. */
static bool check(const struct request *request, clyde_ports ports,
	struct clyde_supply ret_supply[CLYDE_PORT_COUNT],
	struct clyde_supply ret_limit[CLYDE_PORT_COUNT])
{
	struct tool *tool = request->tool;

	return (tool->supply == NULL ||
		       parse_supply(tool, tool->supply, ports, ret_supply)) &&
		(request->limit == NULL ||
			parse_limit(tool, request->limit, ports, ret_limit));
}

/* ---- Setting ---------------------------------------------------------- */

static bool set_limits(
	struct tool *tool, const struct clyde_supply limit[CLYDE_PORT_COUNT])
{
	for (unsigned i = 0; i < CLYDE_PORT_COUNT; i++)
		if (limit[i].given &&
			!succeeded(tool,
				clyde_supply_limit_set(tool->device, 1 << i,
					limit[i].supply_mv)))
			return false;
	return true;
}

/* Limits are set first, since the supplies must obey the new ones. */
static bool set(const struct request *request)
{
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	struct clyde_supply limit[CLYDE_PORT_COUNT];
	struct tool *tool = request->tool;

	return check(request, clyde_device_ports(tool->device), supply,
		       limit) &&
		(request->limit == NULL || set_limits(tool, limit)) &&
		(tool->supply == NULL ||
			succeeded(tool,
				clyde_supply_apply(tool->device, supply)));
}

/* ---- Showing ---------------------------------------------------------- */

static bool read_measures(struct tool *tool, struct table *table)
{
	const char *revision = tool->info.revision;
	int result = clyde_supply_current_get(tool->device, table->current_ua);

	/* Revisions before C2 have no chip that measures. */
	if (result == CLYDE_ERROR_REFUSED && strcmp(revision, "C2") < 0)
		return true;
	table->measured = true;
	return succeeded(tool, result) &&
		succeeded(tool,
			clyde_supply_current_limit_get(
				tool->device, table->trip_ua)) &&
		succeeded(tool,
			clyde_supply_window_get(
				tool->device, table->low_mv, table->high_mv));
}

static bool read_table(struct tool *tool, struct table *table)
{
	struct clyde_device *device = tool->device;

	return succeeded(tool, clyde_supply_get(device, table->supply_mv)) &&
		succeeded(tool,
			clyde_supply_limit_get(device, table->limit_mv)) &&
		succeeded(tool, clyde_sense_get(device, table->sense_mv)) &&
		succeeded(tool, clyde_alerts_get(device, &table->alerts)) &&
		read_measures(tool, table);
}

static const char *format_current(int microamperes, char text[VOLTS_SIZE])
{
	snprintf(text, VOLTS_SIZE, "%.2f mA", microamperes / 1000.0);
	return text;
}

/* The columns Isupply, Itrip and window, which depend on the revision */
struct cells {
	char current[VOLTS_SIZE];
	char trip[VOLTS_SIZE];
	char window[2 * VOLTS_SIZE + 4];
};

static void format_measures(
	const struct table *table, unsigned port, struct cells *ret_cells)
{
	char low[VOLTS_SIZE];
	char high[VOLTS_SIZE];

	if (!table->measured) {
		strcpy(ret_cells->current, "n/a");
		strcpy(ret_cells->trip, "n/a");
		strcpy(ret_cells->window, "n/a");
		return;
	}
	format_current(table->current_ua[port], ret_cells->current);
	if (table->trip_ua[port])
		format_current(table->trip_ua[port], ret_cells->trip);
	else
		strcpy(ret_cells->trip, "none");
	if (table->low_mv[port] || table->high_mv[port])
		snprintf(ret_cells->window, sizeof(ret_cells->window), "%s..%s",
			format_volts(table->low_mv[port], "", low),
			format_volts(table->high_mv[port], "", high));
	else
		strcpy(ret_cells->window, "none");
}

static void print_port(
	struct tool *tool, const struct table *table, unsigned port)
{
	char supply[VOLTS_SIZE];
	char limit[VOLTS_SIZE];
	char sense[VOLTS_SIZE];
	char faults[ALERT_TEXT_SIZE];
	struct cells cells;

	alert_text(table->alerts.ports[port], faults);
	format_measures(table, port, &cells);
	output_line(&tool->output,
		"%-4c  %-7s  %-7s  %-9s  %-9s  %-7s  %-16s  %s", 'A' + port,
		format_volts(table->supply_mv[port], "off", supply),
		format_volts(table->limit_mv[port], "none", limit),
		cells.current, cells.trip,
		format_volts(table->sense_mv[port], "0.000 V", sense),
		cells.window, faults);
}

static json_t *json_port(const struct table *table, unsigned port)
{
	char faults[ALERT_TEXT_SIZE];
	bool measured = table->measured;

	alert_text(table->alerts.ports[port], faults);
	return json_pack("{s:s%, s:i, s:i, s:o, s:o, s:i, s:o, s:o, s:s}",
		"port", &"ABCD"[port], 1, "supply_mv", table->supply_mv[port],
		"limit_mv", table->limit_mv[port], "current_ua",
		measured ? json_integer(table->current_ua[port]) : json_null(),
		"trip_ua",
		measured ? json_integer(table->trip_ua[port]) : json_null(),
		"sense_mv", table->sense_mv[port], "window_low_mv",
		measured ? json_integer(table->low_mv[port]) : json_null(),
		"window_high_mv",
		measured ? json_integer(table->high_mv[port]) : json_null(),
		"faults", faults);
}

static void show(struct tool *tool, const struct table *table)
{
	clyde_ports ports = clyde_device_ports(tool->device);

	output_line(&tool->output,
		"%-4s  %-7s  %-7s  %-9s  %-9s  %-7s  %-16s  %s", "port",
		"Vsupply", "Vlimit", "Isupply", "Itrip", "Vsense", "window",
		"faults");
	for (unsigned i = 0; i < CLYDE_PORT_COUNT; i++) {
		if ((ports & 1 << i) == 0)
			continue;
		print_port(tool, table, i);
		output_append(&tool->output, "ports", json_port(table, i));
	}
}

void command_voltage(struct tool *tool, int argc, char **argv)
{
	struct request request = {.tool = tool};
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	struct clyde_supply limit[CLYDE_PORT_COUNT];
	struct table table = {0};
	char spec[64];

	if (parse(tool, &argp, argc, argv, &request) &&
		join_words(&request, spec, sizeof(spec)) &&
		check(&request, PORTS_ANY, supply, limit) &&
		open_device(tool) && set(&request) && read_table(tool, &table))
		show(tool, &table);
}
