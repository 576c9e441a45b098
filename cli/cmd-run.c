/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde run: an applet, its records as lines and as JSON. */
#include "applet.h"
#include "progress.h"

#include <math.h>
#include <string.h>

/* ---- Records ---------------------------------------------------------- */

/* JSON knows no other number than a finite one. */
static json_t *json_number(double number)
{
	if (!isfinite(number))
		return json_null();
	if (number == trunc(number) && fabs(number) < 1LL << 53)
		return json_integer((json_int_t)number);
	return json_real(number);
}

static json_t *json_pairs(const double *pairs, uint64_t count)
{
	json_t *list = json_array();

	for (uint64_t i = 0; i < count; i++)
		if (json_array_append_new(list,
			    json_pack("[o, o]", json_number(pairs[2 * i]),
				    json_number(pairs[2 * i + 1]))) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *json_field(const struct clyde_field *field)
{
	switch (field->type) {
	case CLYDE_FIELD_TEXT:
		return json_text(field->text);
	case CLYDE_FIELD_COUNT:
		return json_integer((json_int_t)field->count);
	case CLYDE_FIELD_REAL:
		return isfinite(field->real) ? json_real(field->real)
					     : json_null();
	case CLYDE_FIELD_FLAG:
		return json_boolean(field->flag);
	case CLYDE_FIELD_PAIRS:
		return json_pairs(field->pairs, field->count);
	default:
		return json_null();
	}
}

static void take_record(void *user, const struct clyde_record *record)
{
	struct tool *tool = user;
	struct output *output = &tool->output;
	json_t *object = json_object();

	if (record->text)
		output_line(output, "%s", record->text);
	for (const struct clyde_field *field = record->fields;
		field && field->type != CLYDE_FIELD_END; field++)
		output_add(output, object, field->name, json_field(field));
	output_append(output, record->group, object);
	/* On a full disk there is no reason to go on for hours. */
	if (!lines_written(tool))
		clyde_context_interrupt(tool->context);
}

static void take_progress(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	(void)user;
	progress_show(what, done, total);
}

/* A figure says where it comes from. */
static const char *origin(struct tool *tool)
{
	if (!clyde_device_real_time(tool->device))
		return ": time is virtual, and so are the figures";
	if (strstr(clyde_device_info(tool->device)->product, "; git virtual"))
		return ": the device is virtual, and so are the figures";
	return "";
}

static void print_heading(struct tool *tool, const struct clyde_applet *applet)
{
	output_line(&tool->output, "%s on %s, link %s%s", applet->name,
		clyde_device_info(tool->device)->serial,
		clyde_device_link(tool->device), origin(tool));
	output_put(&tool->output, "applet", json_text(applet->name));
	output_put(&tool->output, "real_time",
		json_boolean(clyde_device_real_time(tool->device)));
}

/* ---- The run ---------------------------------------------------------- */

static void start(struct tool *tool, struct clyde_run *run)
{
	struct clyde_observer observer = {take_record, take_progress, tool};
	struct clyde_supply supply[CLYDE_PORT_COUNT];

	if (tool->supply &&
		!parse_supply(tool, tool->supply,
			clyde_device_ports(tool->device), supply))
		return;
	succeeded(tool,
		clyde_run_start(run, tool->device, tool->supply ? supply : NULL,
			&observer));
	progress_clear();
	output_put(&tool->output, "interrupted",
		json_boolean(tool->status == STATUS_INTERRUPTED));
}

static void run_applet(struct tool *tool, const struct clyde_applet *applet,
	int argc, char **argv)
{
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	struct clyde_run *run;

	snprintf(tool->place, sizeof(tool->place), "run %s", applet->name);
	if (!succeeded(tool, clyde_run_new(tool->context, applet->name, &run)))
		return;
	if (parse_applet(tool, applet, run, argc, argv) &&
		(tool->supply == NULL ||
			parse_supply(tool, tool->supply, PORTS_ANY, supply)) &&
		open_device(tool)) {
		/* The lines are worth seeing while they come. */
		if (tool->output.lines == NULL)
			tool->output.lines = stderr;
		print_heading(tool, applet);
		if (lines_written(tool))
			start(tool, run);
	}
	clyde_run_close(run);
}

/* ---- Which applet ----------------------------------------------------- */

static const struct argp argp = {
	.args_doc = "[APPLET [ARGUMENT...]]",
	.doc = "Run an applet; without one, list them.\vclyde run APPLET "
	       "--help explains an applet's own options.",
	.children = applet_children,
};

static void list_applets(void)
{
	const struct clyde_applet *applet;

	for (size_t i = 0; (applet = clyde_applet_at(i)); i++)
		printf("%-12s %s\n", applet->name, applet->help);
}

void command_run(struct tool *tool, int argc, char **argv)
{
	const struct clyde_applet *applet;
	int at;

	if (!parse_word(tool, &argp, argc, argv, &at))
		return;
	if (at == 0) {
		list_applets();
		return;
	}
	applet = clyde_applet_find(argv[at]);
	if (applet)
		run_applet(tool, applet, argc - at, argv + at);
	else
		misuse(tool, "unknown applet '%s'; clyde run lists them",
			argv[at]);
}
