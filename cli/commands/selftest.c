/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde selftest: tests a board part by part, prints a line for each, and
 * writes a report.
 *
 * Nothing may be driven, and no port supplied, that may be connected to
 * something, unless the user agrees.  However the test ends, pins, pulls and
 * supplies must be off afterwards.
 */
#include "selftest.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { KEY_REPORT = 0x200, KEY_SERIAL };

/* ---- Arguments -------------------------------------------------------- */

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct selftest *test = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		share_tool(state, test->tool);
		return 0;
	case 'y':
		test->yes = true;
		return 0;
	case KEY_REPORT:
		test->report = argument;
		return 0;
	case KEY_SERIAL:
		test->serial = true;
		return 0;
	case ARGP_KEY_ARG:
		misuse(test->tool, "'%s' is one argument too many", argument);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"yes", 'y', NULL, 0,
		"Do not ask before a pin is driven, or a port supplied, to "
		"which something may be connected",
		0},
	{"report", KEY_REPORT, "FILE", 0,
		"Write the results as JSON, to send to the developers; \"-\" "
		"is standard output",
		0},
	{"serial-in-report", KEY_SERIAL, NULL, 0,
		"Write the serial number into the report", 0},
	{0},
};

static const struct argp_child children[] = {
	{&global_argp, 0, "Options of every command:", 2},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = "Test a board to which nothing but USB is connected: its "
	       "EEPROM, FPGA, link, supplies, alerts and pins.",
	.children = children,
};

/* ---- Asking ----------------------------------------------------------- */

/* Wait for a line on standard input.  poll() ends at a signal, where read()
   would go on.  False at a signal or at the end of the input. */
static bool read_answer(char *answer, size_t size)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	ssize_t got = 0;

	while (!interrupted() && poll(&input, 1, 200) <= 0)
		;
	if (!interrupted())
		got = read(STDIN_FILENO, answer, size - 1);
	answer[got > 0 ? got : 0] = '\0';
	return got > 0;
}

bool selftest_agreed(struct selftest *test, const char *format, ...)
{
	char what[SELFTEST_TEXT_SIZE], answer[80];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	if (test->yes)
		return true;
	if (isatty(STDIN_FILENO)) {
		fprintf(stderr, "%s.  Continue? [y/N] ", what);
		if (read_answer(answer, sizeof(answer)) &&
			(answer[0] == 'y' || answer[0] == 'Y'))
			return true;
	}
	if (interrupted())
		return fail(test->tool, STATUS_INTERRUPTED, "interrupted");
	return fail(test->tool, STATUS_CONNECTED,
		"%s; disconnect everything, or say --yes", what);
}

/* ---- The parts -------------------------------------------------------- */

enum need {
	NEEDS_QUIET = 1 << 0,
	NEEDS_FPGA = 1 << 1,
	NEEDS_SUPPLY = 1 << 2, /* at its port, or at any */
};

static const struct row {
	const char *name;
	bool each_port;
	unsigned needs;
	selftest_function *run;
} rows[] = {
	{"safe", false, 0, selftest_safe},
	{"identity", false, 0, selftest_identity},
	{"eeprom", false, 0, selftest_eeprom},
	{"fpga", false, 0, selftest_fpga},
	{"source", false, NEEDS_FPGA, selftest_source},
	{"sink", false, NEEDS_FPGA, selftest_sink},
	{"loopback", false, NEEDS_FPGA, selftest_loopback},
	{"latency", false, NEEDS_FPGA, selftest_latency},
	{"supply", true, NEEDS_QUIET, selftest_supply},
	{"alerts", true, NEEDS_SUPPLY, selftest_alerts},
	{"pulls", true, NEEDS_FPGA | NEEDS_SUPPLY, selftest_pulls},
	{"bridges", false, NEEDS_FPGA | NEEDS_SUPPLY, selftest_bridges},
	{"pins", true, NEEDS_FPGA | NEEDS_SUPPLY, selftest_drive},
};

bool selftest_is_over(int result)
{
	return result == CLYDE_ERROR_INTERRUPTED ||
		result == CLYDE_ERROR_NO_DEVICE ||
		result == CLYDE_ERROR_CANCELED ||
		result == CLYDE_ERROR_CLOSED || result == CLYDE_ERROR_RESET ||
		result == CLYDE_ERROR_NO_MEMORY;
}

/* An alert that the part did not expect is a failure of the part. */
static void add_alerts(struct selftest *test, struct selftest_part *part)
{
	struct clyde_alerts alerts;
	char names[ALERT_TEXT_SIZE];

	if (clyde_alerts_take(test->tool->device, &alerts) <= 0)
		return;
	for (unsigned i = 0; i < CLYDE_PORT_COUNT; i++) {
		if (alerts.ports[i] == 0)
			continue;
		alert_text(alerts.ports[i], names);
		selftest_fail(part,
			"%s at port %c, and the device switched its supply off",
			names, 'A' + i);
		test->powered &= ~(1 << i);
	}
}

static bool run_part(struct selftest *test, const struct row *row,
	struct selftest_part *part)
{
	clyde_ports ports = row->each_port ? 1 << part->port : test->ports;

	if (row->needs & NEEDS_FPGA && !test->fpga) {
		selftest_skip(part, "the FPGA failed");
	} else if (row->needs & NEEDS_QUIET && !test->quiet) {
		selftest_skip(
			part, "the FPGA may drive pins: it was not reset");
	} else if (row->needs & NEEDS_SUPPLY && !(test->powered & ports)) {
		selftest_skip(part, "the supply is off");
	} else {
		int result = row->run(test, part);

		if (selftest_is_over(result))
			return succeeded(test->tool, result);
		if (result < 0)
			selftest_fail(part, "%s", clyde_error_message());
		add_alerts(test, part);
	}
	return test->tool->status == STATUS_OK;
}

static bool run_row(struct selftest *test, const struct row *row, unsigned port)
{
	struct selftest_part part = {.port = port};
	int64_t start = 0, end = 0;
	bool going;

	snprintf(part.name, sizeof(part.name), row->each_port ? "%s %c" : "%s",
		row->name, 'A' + port);
	part.figures = json_object();
	clyde_device_now(test->tool->device, &start);
	going = run_part(test, row, &part);
	clyde_device_now(test->tool->device, &end);
	if (going)
		selftest_report_part(test, &part, (end - start) / 1e6);
	json_decref(part.figures);
	/* Without a reader the test has no use. */
	return going && lines_written(test->tool);
}

static bool run_rows(struct selftest *test)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (unsigned port = 0; port < CLYDE_PORT_COUNT; port++) {
			if (rows[i].each_port && !(test->ports & 1 << port))
				continue;
			if (!run_row(test, &rows[i], port))
				return false;
			if (!rows[i].each_port)
				break;
		}
	return true;
}

/* ---- The end ---------------------------------------------------------- */

static int restore_trips(struct selftest *test)
{
	int result = 0;

	for (unsigned i = 0; i < CLYDE_PORT_COUNT && test->tripped; i++)
		if (test->ports & 1 << i && result == 0)
			result = clyde_supply_current_limit_set(
				test->tool->device, 1 << i, test->trip_ua[i]);
	return result;
}

/* A step of switching off has failed: the next steps follow nevertheless. */
static void note_step(struct selftest_part *part, int result, int *first)
{
	if (result >= 0)
		return;
	if (*first == 0)
		*first = result;
	selftest_fail(part, "%s", clyde_error_message());
}

static int switch_off(struct selftest *test, struct selftest_part *part)
{
	struct clyde_device *device = test->tool->device;
	unsigned supply_mv[CLYDE_PORT_COUNT] = {0};
	int first = 0;

	selftest_say(part, "supplies, pulls and pins are off");
	note_step(part, selftest_release(test), &first);
	note_step(part, clyde_device_safe(device), &first);
	note_step(part, restore_trips(test), &first);
	note_step(part, clyde_supply_get(device, supply_mv), &first);
	for (unsigned i = 0; i < CLYDE_PORT_COUNT; i++)
		if (supply_mv[i] > 0 && clyde_supply_set(device, 1 << i, 0) < 0)
			selftest_fail(part,
				"port %c stays on: unplug the device", 'A' + i);
	return first;
}

/* Signals wait until all is off; a second one would end the process. */
static void finish_test(struct selftest *test)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct selftest_part part = {.name = "off", .figures = json_object()};
	struct clyde_alerts alerts;
	sigset_t held, old;
	int result;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaddset(&held, numbers[i]);
	sigprocmask(SIG_BLOCK, &held, &old);
	clyde_context_resume(test->tool->context);
	result = switch_off(test, &part);
	if (selftest_is_over(result))
		succeeded(test->tool, result);
	else
		selftest_report_part(test, &part, 0);
	/* Those that came during a part are in its line. */
	clyde_alerts_take(test->tool->device, &alerts);
	json_decref(part.figures);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static bool prepare(struct selftest *test)
{
	struct tool *tool = test->tool;
	int ports;

	tool->json = test->report;
	if (!open_device(tool))
		return false;
	selftest_report_begin(test);
	ports = clyde_device_ports(tool->device);
	if (!succeeded(tool, ports))
		return false;
	/* The image has the pins of A and B. */
	test->ports = ports & 3;
	test->measures = strcmp(tool->info.revision, "C2") >= 0;
	return true;
}

void command_selftest(struct tool *tool, int argc, char **argv)
{
	struct selftest test = {.tool = tool};

	if (!parse(tool, &argp, argc, argv, &test) || !prepare(&test))
		return;
	run_rows(&test);
	finish_test(&test);
	selftest_report_end(&test);
}
