/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The steps that all commands share, and the end of a command.  The first
 * failure decides the exit status and begins the message; later findings, such
 * as alerts, are appended to it.
 */
#include "cli.h"
#include "progress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void set_failure(struct tool *tool, enum status status,
	bool name_command, const char *format, va_list arguments)
{
	int used = 0;

	if (tool->status != STATUS_OK)
		return;
	tool->status = status;
	if (name_command && tool->command_name[0])
		used = snprintf(tool->message, sizeof(tool->message),
			"%s: ", tool->command_name);
	vsnprintf(tool->message + used, sizeof(tool->message) - used, format,
		arguments);
}

bool fail(struct tool *tool, enum status status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_failure(tool, status, false, format, arguments);
	va_end(arguments);
	return false;
}

/*
 * Append a failed write to the message.  The results are missing then, so the
 * status becomes STATUS_OUTPUT, except after a signal, whose status the caller
 * expects.  Only the first failed write is reported: later ones have the same
 * cause.
 */
static bool fail_to_write(struct tool *tool, const char *name, int error)
{
	size_t used = strlen(tool->message);

	if (tool->write_failed)
		return false;
	tool->write_failed = true;
	snprintf(tool->message + used, sizeof(tool->message) - used,
		"%scannot write %s: %s", used ? "; " : "", name,
		strerror(error));
	if (tool->status < STATUS_HUNG_UP)
		tool->status = STATUS_OUTPUT;
	return false;
}

bool misuse(struct tool *tool, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_failure(tool, STATUS_USAGE, true, format, arguments);
	va_end(arguments);
	return false;
}

bool succeeded(struct tool *tool, int result)
{
	const char *sentence = clyde_error_message();

	if (result >= 0)
		return true;
	/* A call may say what it has done: "interrupted; 4096 B ...".  Which
	   transfer the interrupt has met is nothing that the user did. */
	if (result == CLYDE_ERROR_INTERRUPTED &&
		strncmp(sentence, "interrupted", strlen("interrupted")) != 0)
		sentence = "interrupted";
	return fail(
		tool, status_of(result, tool->device != NULL), "%s", sentence);
}

bool open_output(struct tool *tool)
{
	int result = output_open(&tool->output, tool->json);

	if (result == 0)
		return true;
	if (tool->json == NULL)
		return fail(tool, STATUS_MEMORY, "out of memory");
	return fail_to_write(tool, tool->json, -result);
}

bool open_capture(struct tool *tool)
{
	/* Standard output has the results. */
	if (tool->capture && strcmp(tool->capture, "-") == 0)
		return misuse(tool,
			"--capture -: a capture is a file; ./- is one of that "
			"name");
	if (tool->capture == NULL ||
		clyde_context_capture(tool->context, tool->capture) == 0)
		return true;
	return fail(tool, STATUS_OUTPUT, "%s", clyde_error_message());
}

/* With --trace: add the keys that write a waveform to the URI, which must be
   that of a virtual device. */
static bool open_trace(struct tool *tool)
{
	int size;

	if (tool->trace == NULL)
		return true;
	if (tool->trace[0] == '\0')
		return misuse(tool, "--trace= has no file name");
	if (tool->uri == NULL || strncmp(tool->uri, "virtual:", 8) != 0)
		return misuse(tool,
			"--trace is for a virtual device: "
			"-d virtual:");
	if (strchr(tool->trace, ','))
		return misuse(tool, "--trace %s: no comma in its name, please",
			tool->trace);
	size = snprintf(tool->trace_uri, sizeof(tool->trace_uri),
		"%s%s%strace=%s", tool->uri, tool->uri[8] ? "," : "",
		strstr(tool->uri, "fpga=netlist:") ? "" : "fpga=twin,",
		tool->trace);
	if (size >= (int)sizeof(tool->trace_uri))
		return misuse(
			tool, "--trace %s: the name is too long", tool->trace);
	tool->uri = tool->trace_uri;
	return true;
}

/* Open the device.  One whose firmware has another API level, or that has none,
   gets Clyde's own first, unless --firmware says otherwise. */
static bool open_link(struct tool *tool)
{
	int result = clyde_device_open(
		tool->context, tool->uri, tool->serial, &tool->device);

	if (result != CLYDE_ERROR_API_LEVEL || tool->firmware)
		return succeeded(tool, result);
	return load_own_firmware(tool) &&
		succeeded(tool,
			clyde_device_open(tool->context, tool->uri,
				tool->serial, &tool->device));
}

bool open_device(struct tool *tool)
{
	if (!open_trace(tool) || !open_output(tool) || !open_capture(tool) ||
		!await_device(tool) || !load_firmware(tool) ||
		!open_link(tool) ||
		!succeeded(tool, clyde_device_info(tool->device, &tool->info)))
		return false;
	output_put(&tool->output, "device", json_device(&tool->info));
	output_put(&tool->output, "link",
		json_text(clyde_device_link(tool->device)));
	tool->output.has_results = true;
	return true;
}

static const char *error_name(int error)
{
	const struct clyde_error_info *info = clyde_error_find(error);

	return info ? info->name : "OK";
}

json_t *json_device(const struct clyde_device_info *info)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:i, s:b, s:b, s:o, s:o, s:o, "
			 "s:s, s:o}",
		"serial", json_text(info->serial), "revision",
		json_text(info->revision), "manufacturer",
		json_text(info->manufacturer), "product",
		json_text(info->product), "api_level", info->api_level,
		"modified", info->modified, "configured", info->configured,
		"speed_kbit_per_s",
		info->speed_kbit_per_s ? json_integer(info->speed_kbit_per_s)
				       : json_null(),
		"node", info->node[0] ? json_text(info->node) : json_null(),
		"uri", json_text(info->uri), "state", error_name(info->state),
		"why", info->why[0] ? json_text(info->why) : json_null());
}

bool parse_supply(struct tool *tool, const char *text, clyde_ports ports,
	struct clyde_supply ret_supply[CLYDE_PORT_COUNT])
{
	if (clyde_supply_parse(text, ports, ret_supply) == 0)
		return true;
	return misuse(tool, "'%s': %s", text, clyde_error_message());
}

/* ---- Alerts ----------------------------------------------------------- */

static const char *const alert_names[] = {
	"undervoltage",
	"overvoltage",
	"overcurrent",
};

void alert_text(uint8_t alerts, char ret_text[ALERT_TEXT_SIZE])
{
	int used = 0;

	snprintf(ret_text, ALERT_TEXT_SIZE, alerts ? "alert 0x%02x" : "none",
		alerts);
	for (unsigned i = 0; i < 3; i++)
		if (alerts & 1 << i)
			used += snprintf(ret_text + used,
				ALERT_TEXT_SIZE - used, "%s%s",
				used ? ", " : "", alert_names[i]);
}

/* "port A: overcurrent; the device switched its supply off" */
static void describe_alerts(
	const struct clyde_alerts *alerts, char *text, size_t size)
{
	char names[ALERT_TEXT_SIZE];
	size_t used = 0;
	int ports = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < CLYDE_PORT_COUNT; i++) {
		if (alerts->ports[i] == 0)
			continue;
		alert_text(alerts->ports[i], names);
		used += snprintf(text + used, size - used, "%sport %c: %s",
			ports++ ? "; " : "", 'A' + i, names);
	}
	if (ports)
		used += snprintf(text + used, size - used,
			"; the device switched %s off",
			ports == 1 ? "its supply" : "their supplies");
	if (alerts->fpga)
		snprintf(text + used, size - used,
			"%sthe FPGA raised alert 0x%02x", ports ? "; " : "",
			alerts->fpga);
}

/* Append the device's alerts to the message.  A command that succeeded gets
   STATUS_ALERT. */
static void add_alerts(struct tool *tool)
{
	struct clyde_alerts alerts;
	char text[320];
	size_t used = strlen(tool->message);

	if (clyde_alerts_take(tool->device, &alerts) <= 0)
		return;
	describe_alerts(&alerts, text, sizeof(text));
	if (tool->status == STATUS_OK)
		fail(tool, STATUS_ALERT, "%s", text);
	else
		snprintf(tool->message + used, sizeof(tool->message) - used,
			"; %s", text);
}

/* ---- The end ---------------------------------------------------------- */

bool lines_written(struct tool *tool)
{
	int error = tool->output.error;

	return error == 0 || fail_to_write(tool, "the output", error);
}

static void close_output(struct tool *tool)
{
	bool file = tool->json && strcmp(tool->json, "-") != 0;
	int result;

	lines_written(tool);
	if (tool->status != STATUS_OK)
		output_put(&tool->output, "error", json_text(tool->message));
	result = output_close(&tool->output);
	if (result == -ENOMEM)
		fail(tool, STATUS_MEMORY, "out of memory");
	else if (result < 0)
		fail_to_write(tool, file ? tool->json : "the output", -result);
	/* Lines that were printed without output_line(), such as --help's */
	if (fflush(stdout) == EOF)
		fail_to_write(tool, "the output", errno);
}

/* Closing the capture writes its rest, and reports what could not be written
   during the whole command. */
static void close_capture(struct tool *tool)
{
	const char *sentence;
	size_t used = strlen(tool->message);

	if (clyde_context_capture(tool->context, NULL) == 0)
		return;
	sentence = clyde_error_message();
	if (tool->status == STATUS_OK)
		fail(tool, STATUS_OUTPUT, "%s", sentence);
	else
		snprintf(tool->message + used, sizeof(tool->message) - used,
			"%s%s", used ? "; " : "", sentence);
}

enum status finish(struct tool *tool)
{
	char notice[320];
	bool noticed;

	if (tool->device)
		add_alerts(tool);
	clyde_device_close(tool->device);
	close_capture(tool);
	close_output(tool);
	noticed =
		clyde_context_notice(tool->context, notice, sizeof(notice)) > 0;
	clyde_context_close(tool->context);
	progress_clear();
	if (noticed && tool->status == STATUS_OK)
		fprintf(stderr, "clyde: note: %s\n", notice);
	make_printable(tool->message);
	if (tool->message[0])
		fprintf(stderr, "clyde: %s\n", tool->message);
	return tool->status;
}
