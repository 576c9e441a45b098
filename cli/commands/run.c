/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde run: one applet, or several at once on one device. */
#include "cli/applet.h"
#include "cli/progress.h"
#include "cli/record.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define RUNS_MAX  8
#define SEPARATOR "++"

struct slot {
	struct tool *tool;
	const struct clyde_applet *applet;
	struct clyde_run *run;
	pthread_t thread;
	int argc;
	char **argv; /* [0]: the applet's name */
};

struct runs {
	struct tool *tool;
	unsigned count;
	struct slot slots[RUNS_MAX];
	/* As all of them want it: text while there is no device. */
	const char *supply[RUNS_MAX];
};

/* ---- Command lines ---------------------------------------------------- */

/* "uart ... ++ gpio ..." */
static bool split(struct runs *runs, int argc, char **argv)
{
	int start = 0;

	for (int i = 0; i <= argc; i++) {
		struct slot *slot = &runs->slots[runs->count];

		if (i < argc && strcmp(argv[i], SEPARATOR) != 0)
			continue;
		if (i == start)
			return misuse(runs->tool,
				"an applet is missing beside " SEPARATOR);
		if (runs->count == RUNS_MAX)
			return misuse(runs->tool,
				"more than %d applets at once", RUNS_MAX);
		slot->tool = runs->tool;
		slot->argc = i - start;
		slot->argv = argv + start;
		slot->applet = clyde_applet_find(argv[start]);
		if (slot->applet == NULL)
			return misuse(runs->tool,
				"unknown applet '%s'; clyde run lists them",
				argv[start]);
		runs->count++;
		start = i + 1;
	}
	return true;
}

/* -V is each applet's own, as far as they do not contradict each other. */
static bool parse_slot(struct runs *runs, unsigned index)
{
	struct tool *tool = runs->tool;
	struct slot *slot = &runs->slots[index];
	struct clyde_supply supply[CLYDE_PORT_COUNT];

	snprintf(
		tool->place, sizeof(tool->place), "run %s", slot->applet->name);
	tool->supply = NULL;
	if (!succeeded(tool,
		    clyde_run_new(
			    tool->context, slot->applet->name, &slot->run)) ||
		!parse_applet(
			tool, slot->applet, slot->run, slot->argc, slot->argv))
		return false;
	runs->supply[index] = tool->supply;
	return tool->supply == NULL ||
		parse_supply(tool, tool->supply, PORTS_ANY, supply);
}

static bool parse_slots(struct runs *runs)
{
	for (unsigned i = 0; i < runs->count; i++)
		if (!parse_slot(runs, i))
			return false;
	return true;
}

static bool same(const struct clyde_supply *a, const struct clyde_supply *b)
{
	return a->sense == b->sense &&
		(a->sense >= 0 || a->supply_mv == b->supply_mv);
}

/* What all of them want, for the device's ports: NULL if nothing is. */
static bool join_supplies(struct runs *runs, struct clyde_supply *joined,
	const struct clyde_supply **ret_supply)
{
	struct tool *tool = runs->tool;
	struct clyde_supply supply[CLYDE_PORT_COUNT];

	*ret_supply = NULL;
	for (unsigned i = 0; i < runs->count; i++) {
		if (runs->supply[i] == NULL)
			continue;
		if (!parse_supply(tool, runs->supply[i],
			    clyde_device_ports(tool->device), supply))
			return false;
		*ret_supply = joined;
		for (unsigned port = 0; port < CLYDE_PORT_COUNT; port++) {
			if (!supply[port].given)
				continue;
			if (joined[port].given &&
				!same(&joined[port], &supply[port]))
				return misuse(tool,
					"-V gives port %c two voltages",
					'A' + port);
			joined[port] = supply[port];
		}
	}
	return true;
}

/* ---- What is printed first -------------------------------------------- */

/* A figure says where it comes from. */
static const char *origin(struct tool *tool)
{
	if (!clyde_device_real_time(tool->device))
		return ": time is virtual, and so are the figures";
	if (strstr(tool->info.product, "; git virtual"))
		return ": the device is virtual, and so are the figures";
	return "";
}

/* "uart ++ gpio" */
static void join_names(const struct runs *runs, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < runs->count && used < size; i++)
		used += snprintf(text + used, size - used, "%s%s",
			i ? " " SEPARATOR " " : "",
			runs->slots[i].applet->name);
}

static void print_heading(struct runs *runs)
{
	struct tool *tool = runs->tool;
	char names[128];

	join_names(runs, names, sizeof(names));
	output_line(&tool->output, "%s on %s, link %s%s", names,
		tool->info.serial, clyde_device_link(tool->device),
		origin(tool));
	output_put(&tool->output, "applet", json_text(names));
	output_put(&tool->output, "real_time",
		json_boolean(clyde_device_real_time(tool->device) > 0));
}

/* The lines go elsewhere if standard output is an applet's. */
static bool share_streams(struct runs *runs)
{
	struct tool *tool = runs->tool;
	bool taken = false;

	for (unsigned i = 0; i < runs->count; i++) {
		if (clyde_run_streams(runs->slots[i].run) <= 0)
			continue;
		if (taken)
			return misuse(tool,
				"two applets want the same terminal; give one "
				"of them pty or socket");
		taken = true;
		clyde_run_attach(
			runs->slots[i].run, STDIN_FILENO, STDOUT_FILENO);
	}
	if (taken && tool->json && strcmp(tool->json, "-") == 0)
		return misuse(tool,
			"standard output has the received bytes; give --json "
			"a file");
	if (taken || tool->output.lines == NULL)
		tool->output.lines = stderr;
	return true;
}

/* ---- The runs --------------------------------------------------------- */

static void *start(void *user)
{
	struct slot *slot = user;
	struct clyde_observer observer = record_observer(slot->tool);

	record_end(slot->tool,
		clyde_run_start(
			slot->run, slot->tool->device, NULL, &observer));
	return NULL;
}

/* The signals that interrupt are the first thread's. */
static void start_threads(struct runs *runs)
{
	unsigned started = 1;
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (started < runs->count &&
		pthread_create(&runs->slots[started].thread, NULL, start,
			&runs->slots[started]) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (started == runs->count)
		start(&runs->slots[0]);
	else
		clyde_context_interrupt(runs->tool->context);
	for (unsigned i = 1; i < started; i++)
		pthread_join(runs->slots[i].thread, NULL);
	if (started < runs->count)
		fail(runs->tool, STATUS_MEMORY, "no memory for a thread");
}

/* All that can be known of conflicts is, before anything is done. */
static bool claim(struct runs *runs)
{
	for (unsigned i = 0; i < runs->count; i++)
		if (!succeeded(runs->tool,
			    clyde_run_claim(
				    runs->slots[i].run, runs->tool->device)))
			return false;
	return true;
}

/* Nothing begins while another applet's pins would be dead. */
static bool check(struct runs *runs, const struct clyde_supply *supply)
{
	for (unsigned i = 0; i < runs->count; i++)
		if (!succeeded(runs->tool,
			    clyde_run_check(runs->slots[i].run, supply)))
			return false;
	return true;
}

static void run(struct runs *runs)
{
	struct tool *tool = runs->tool;
	struct clyde_supply joined[CLYDE_PORT_COUNT] = {0};
	const struct clyde_supply *supply;

	if (!open_device(tool) || !share_streams(runs) ||
		!join_supplies(runs, joined, &supply) || !claim(runs) ||
		!check(runs, supply))
		return;
	/* The lines are worth seeing while they come. */
	print_heading(runs);
	if (lines_written(tool) &&
		succeeded(tool, clyde_fpga_load_image(tool->device)) &&
		(supply == NULL ||
			succeeded(tool,
				clyde_supply_apply(tool->device, supply))))
		start_threads(runs);
	progress_clear();
	output_put(&tool->output, "interrupted",
		json_boolean(tool->status == STATUS_INTERRUPTED));
}

static void run_applets(struct tool *tool, int argc, char **argv)
{
	struct runs runs = {.tool = tool};

	if (split(&runs, argc, argv) && parse_slots(&runs))
		run(&runs);
	for (unsigned i = 0; i < runs.count; i++)
		clyde_run_close(runs.slots[i].run);
}

/* ---- Which applets ---------------------------------------------------- */

static const struct argp argp = {
	.args_doc = "[APPLET [ARGUMENT...] [++ APPLET [ARGUMENT...]]...]",
	.doc = "Run an applet, or several at once; without one, list them."
	       "\vclyde run APPLET --help explains an applet's own options.",
	.children = applet_children,
};

static void list_applets(void)
{
	const struct clyde_applet *applet;

	for (size_t i = 0; (applet = clyde_applet_at(i)); i++)
		printf("%-12s %s\n", applet->name, applet->help);
}

/* List what the last argument may become.  The applets before the last one
   make no difference to it. */
static void complete_last(struct tool *tool, int argc, char **argv)
{
	const struct clyde_applet *applet;
	int at;

	for (int i = argc - 2; i > 0; i--)
		if (strcmp(argv[i], SEPARATOR) == 0) {
			argv += i;
			argc -= i;
			break;
		}
	if (!parse_word(tool, &argp, argc, argv, &at))
		return;
	applet = clyde_applet_find(argv[at]);
	if (applet)
		parse_applet(tool, applet, NULL, argc - at, argv + at);
}

void command_run(struct tool *tool, int argc, char **argv)
{
	int at;

	if (tool->completion) {
		complete_last(tool, argc, argv);
		return;
	}
	if (!parse_word(tool, &argp, argc, argv, &at))
		return;
	if (at == 0)
		list_applets();
	else
		run_applets(tool, argc - at, argv + at);
}
