/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde doctor: finds out what keeps devices from working, and says how to fix
 * it.  This file examines the machine, doctor-device.c each device.
 */
#include "doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/file.h"
#include "doctor-linux.h"

#define MIB (1 << 20)

/* MiB in flight with the library's defaults, in both directions */
#define MEMORY_NEEDED \
	(2L * CLYDE_DEPTH_DEFAULT * CLYDE_TRANSFER_SIZE_DEFAULT / MIB)

#define NO_USB                                                            \
	"use a machine that has it, pass " NODES_FOLDER " on to this "    \
	"container or virtual machine, or try the virtual device: clyde " \
	"-d virtual:"

static const char *const verdicts[] = {"ok", "note", "fix"};

void doctor_report(struct doctor *doctor, enum verdict verdict,
	const char *check, const char *about, json_t *details, const char *fix,
	const char *format, ...)
{
	struct output *output = &doctor->tool->output;
	va_list arguments;
	char *fact;
	json_t *finding;

	va_start(arguments, format);
	if (vasprintf(&fact, format, arguments) < 0)
		fact = NULL;
	va_end(arguments);
	doctor->fixes += verdict == VERDICT_FIX;
	output_line(output, "%-4s  %-8s  %s%s%s", verdicts[verdict], about,
		fact ? fact : "", fix ? "; " : "", fix ? fix : "");
	finding = json_pack("{s:s, s:s, s:o, s:o, s:o}", "verdict",
		verdicts[verdict], "check", check, "about", json_text(about),
		"fact", fact ? json_text(fact) : NULL, "fix",
		fix ? json_text(fix) : json_null());
	if (details && json_object_update(finding, details) < 0)
		output->incomplete = true;
	json_decref(details);
	output_append(output, "findings", finding);
	free(fact);
}

/* ---- The machine ------------------------------------------------------ */

static void check_library(struct doctor *doctor)
{
	struct clyde_usb_library library;

	clyde_usb_library(&library);
	doctor_report(doctor, library.hotplug ? VERDICT_OK : VERDICT_NOTE,
		"libusb", "libusb",
		json_pack("{s:s, s:b, s:b}", "version", library.version,
			"hotplug", library.hotplug, "detach", library.detach),
		library.hotplug ? NULL : "build libusb with udev",
		"%s, %s devices come and go, %s detach kernel drivers",
		library.version,
		library.hotplug ? "tells when" : "does not tell when",
		library.detach ? "can" : "cannot");
}

/* False if the machine has no device files, so that no check can follow. */
static bool check_bus(struct doctor *doctor)
{
	bool sys = access(DEVICES_FOLDER, F_OK) == 0;
	bool nodes = access(NODES_FOLDER, F_OK) == 0;

	if (!sys && !nodes)
		doctor_report(doctor, VERDICT_FIX, "usb", "usb:", NULL, NO_USB,
			"this machine shows no USB, neither " DEVICES_FOLDER
			" nor " NODES_FOLDER);
	else if (!nodes)
		doctor_report(doctor, VERDICT_FIX, "usb", "usb:", NULL, NO_USB,
			"there is USB, but its device files are not here: "
			"no " NODES_FOLDER);
	return nodes;
}

static void check_memory(struct doctor *doctor)
{
	int limit = read_memory_limit(MEMORY_SETTING);
	json_t *details = json_pack("{s:i, s:i}", "limit_mb", limit,
		"needed_mb", (int)MEMORY_NEEDED);

	if (limit < 0)
		doctor_report(doctor, VERDICT_NOTE, "memory", "memory", NULL,
			NULL,
			"how much USB transfers may take is not "
			"known: " MEMORY_SETTING ": %s",
			strerror(-limit));
	else if (limit == 0)
		doctor_report(doctor, VERDICT_OK, "memory", "memory",
			json_incref(details), NULL,
			"USB transfers may take any amount");
	else
		/* Not >=: the kernel also counts its own part of each transfer
		   against the limit. */
		doctor_report(doctor,
			limit > MEMORY_NEEDED ? VERDICT_OK : VERDICT_FIX,
			"memory", "memory", json_incref(details),
			limit > MEMORY_NEEDED
				? NULL
				: "as root: echo 16 > " MEMORY_SETTING,
			"%d MB for the USB transfers of all programs; Clyde's "
			"defaults take a little over %ld",
			limit, MEMORY_NEEDED);
	json_decref(details);
}

static void check_rule(struct doctor *doctor, bool reachable)
{
	struct rule rule;

	doctor->rule = find_rule(rule_folders, &rule);
	if (doctor->rule && rule.uaccess && rule.skips_bind)
		doctor_report(doctor, VERDICT_FIX, "rule", "udev",
			json_pack("{s:o, s:b}", "path", json_text(rule.path),
				"uaccess", true),
			"replace it by that of this version: make install, or "
			"see PERMISSIONS in clyde(1)",
			"%s skips the event \"bind\", so Glasgows that were "
			"plugged in before a login cannot be opened",
			rule.path);
	else if (doctor->rule)
		doctor_report(doctor, VERDICT_OK, "rule", "udev",
			json_pack("{s:o, s:b}", "path", json_text(rule.path),
				"uaccess", rule.uaccess),
			NULL, "%s lets %s use Glasgows", rule.path,
			rule.uaccess ? "whoever sits at this machine"
				     : "those that it names");
	else
		doctor_report(doctor,
			reachable || geteuid() == 0 ? VERDICT_NOTE
						    : VERDICT_FIX,
			"rule", "udev", NULL,
			"make install, or see PERMISSIONS in clyde(1)",
			"no udev rule names Glasgows, so they are root's");
}

/* ---- The devices ------------------------------------------------------ */

static void check_none(struct doctor *doctor)
{
	doctor_report(doctor, VERDICT_FIX, "devices", "usb:", NULL,
		"is it plugged in, its green light on, by a cable that carries "
		"data, straight into the machine?  See lsusb and dmesg",
		"no Glasgow found");
}

static bool examine_all(
	struct doctor *doctor, struct clyde_device_info *list, int count)
{
	struct tool *tool = doctor->tool;
	bool on = true, found = tool->serial == NULL;

	for (int i = 0; i < count && on; i++) {
		if (tool->serial && list[i].serial[0] &&
			strcmp(tool->serial, list[i].serial) != 0)
			continue;
		found |= list[i].serial[0] != '\0';
		on = doctor_examine(doctor, &list[i]);
	}
	if (on && !found)
		return fail(tool, STATUS_NO_SERIAL,
			"no device shows the serial number %s", tool->serial);
	return on;
}

static bool check_devices(struct doctor *doctor, bool usb)
{
	struct tool *tool = doctor->tool;
	struct clyde_device_info *list;
	int count = clyde_device_list(tool->context, tool->uri, &list);
	bool reachable = false, on;

	if (!succeeded(tool, count))
		return false;
	for (int i = 0; i < count; i++) {
		doctor->glasgow_found |= list[i].configured;
		reachable |= list[i].node[0] && try_node(list[i].node) == 0;
	}
	if (usb)
		check_rule(doctor, reachable);
	if (count == 0)
		check_none(doctor);
	on = examine_all(doctor, list, count);
	clyde_device_list_free(list);
	return on;
}

/* ---- The command ------------------------------------------------------ */

static const struct argp_child children[] = {
	{&json_argp, 0, NULL, 1},
	{&global_argp, 0, "Options of every command:", 2},
	{0},
};

static bool examine(struct doctor *doctor)
{
	struct tool *tool = doctor->tool;
	bool usb = tool->uri == NULL || strncmp(tool->uri, "usb:", 4) == 0;

	if (usb) {
		check_library(doctor);
		if (!check_bus(doctor))
			return true;
		check_memory(doctor);
	}
	return check_devices(doctor, usb);
}

void command_doctor(struct tool *tool, int argc, char **argv)
{
	struct doctor doctor = {.tool = tool};

	if (!parse_plain(tool, children,
		    "Find out what keeps devices from working: one line for "
		    "each thing that was looked at, and how to fix it.",
		    argc, argv) ||
		!open_output(tool) || !open_capture(tool) ||
		!await_device(tool))
		return;
	if (names_firmware(tool)) {
		misuse(tool,
			"nothing is changed here; clyde --firmware %s "
			"list loads it",
			tool->firmware);
		return;
	}
	output_put(&tool->output, "devices", json_array());
	output_put(&tool->output, "findings", json_array());
	tool->output.has_results = true;
	if (examine(&doctor) && doctor.fixes > 0)
		fail(tool, STATUS_UNFIT, "%u thing%s to fix", doctor.fixes,
			doctor.fixes == 1 ? "" : "s");
}
