/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde run: runs one applet, or several at once on one device: the first on
 * the main thread, each other on a thread of its own.  Arguments, claims and
 * supplies are checked for all applets first: nothing may happen to the device
 * if one of them cannot run.
 */
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
	/* Each applet's -V; parsed once the device's ports are known. */
	const char *supply[RUNS_MAX];
};

/* ---- Command lines ---------------------------------------------------- */

/* Split "uart ... ++ gpio ..." into slots. */
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

/* Each applet has a -V of its own; join_supplies() refuses contradictions.
   PORTS_ANY finds errors that do not depend on the device. */
static bool parse_slot(struct runs *runs, unsigned index)
{
	struct tool *tool = runs->tool;
	struct slot *slot = &runs->slots[index];
	struct clyde_supply supply[CLYDE_PORT_COUNT];

	snprintf(tool->command_name, sizeof(tool->command_name), "run %s",
		slot->applet->name);
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

static bool is_same_supply(
	const struct clyde_supply *a, const struct clyde_supply *b)
{
	return a->sense == b->sense &&
		(a->sense >= 0 || a->supply_mv == b->supply_mv);
}

/* Join the supplies of all applets; *ret_supply is NULL if no applet has -V.
   False if two of them want different voltages at one port. */
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
				!is_same_supply(&joined[port], &supply[port]))
				return misuse(tool,
					"-V gives port %c two voltages",
					'A' + port);
			joined[port] = supply[port];
		}
	}
	return true;
}

/* ---- Heading ---------------------------------------------------------- */

/* A reader of the figures must see that they are not a real device's. */
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

/* Give standard input and output to the applet that uses them, if any.  The
   tool's lines go to standard error then. */
static bool attach_streams(struct runs *runs)
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

/* The threads block all signals, so that those that interrupt reach the main
   thread, which runs the first applet. */
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

/* Claim for all applets before any starts, so that a conflict changes nothing
   on the device. */
static bool claim(struct runs *runs)
{
	for (unsigned i = 0; i < runs->count; i++)
		if (!succeeded(runs->tool,
			    clyde_run_claim(
				    runs->slots[i].run, runs->tool->device)))
			return false;
	return true;
}

/* Check for all applets, before any starts, that their pins have a supply. */
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

	if (!open_device(tool) || !attach_streams(runs) ||
		!join_supplies(runs, joined, &supply) || !claim(runs) ||
		!check(runs, supply))
		return;
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

/* ---- Arguments -------------------------------------------------------- */

enum { KEY_RELOAD = 0x200, KEY_PREBUILT };

/* Upstream's options that say where the bitstream comes from.  Here it is always
   the same, and it is loaded if the FPGA does not run it. */
static const struct argp_option upstream_options[] = {
	{"reload", KEY_RELOAD, NULL, 0,
		"Accepted, as upstream has it; the image is loaded if the FPGA "
		"does not run it",
		0},
	{"prebuilt", KEY_PREBUILT, NULL, 0,
		"Accepted, as upstream has it; the image is always built", 0},
	{0},
};

static error_t parse_upstream(int key, char *argument, struct argp_state *state)
{
	(void)argument;
	(void)state;
	return key == KEY_RELOAD || key == KEY_PREBUILT ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp upstream_argp = {
	.options = upstream_options,
	.parser = parse_upstream,
};

static const struct argp_child children[] = {
	{&upstream_argp, 0, NULL, 0},
	{&applet_argp, 0, "Options of every applet:", 2},
	{&global_argp, 0, "Options of every command:", 3},
	{0},
};

static const struct argp argp = {
	.args_doc = "[APPLET [ARGUMENT...] [++ APPLET [ARGUMENT...]]...]",
	.doc = "Run an applet, or several at once; without one, list them."
	       "\vclyde run APPLET --help explains an applet's own options.",
	.children = children,
};

/* "memory-25q (25q)"; returns its length. */
static int names_of(const struct clyde_applet *applet, char *text, size_t size)
{
	return snprintf(text, size, applet->aliases ? "%s (%s)" : "%s",
		applet->name, applet->aliases);
}

/* The column of names is as wide as the longest one. */
static void list_applets(void)
{
	const struct clyde_applet *applet;
	char names[128];
	int width = 0;

	for (size_t i = 0; (applet = clyde_applet_at(i)); i++) {
		int length = names_of(applet, names, sizeof(names));

		width = length > width ? length : width;
	}
	for (size_t i = 0; (applet = clyde_applet_at(i)); i++) {
		names_of(applet, names, sizeof(names));
		printf("%-*s %s\n", width, names, applet->help);
	}
}

/* List what the last argument may become.  Only the last applet matters. */
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
