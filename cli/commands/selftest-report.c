/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The lines and the document of clyde selftest.  The document is sent to other
 * people: unless the user asks for it, it must not contain what identifies the
 * device or the machine.
 */
#include "selftest.h"

#include <stdarg.h>
#include <string.h>
#include <sys/utsname.h>

static const char *const verdicts[] = {"ok", "failed", "skipped"};

/* ---- Verdicts --------------------------------------------------------- */

static void append(
	struct selftest_part *part, const char *format, va_list arguments)
{
	size_t used = strlen(part->text);

	if (used > 0 && used + 2 < sizeof(part->text)) {
		strcpy(part->text + used, "; ");
		used += 2;
	}
	vsnprintf(part->text + used, sizeof(part->text) - used, format,
		arguments);
}

int selftest_say(struct selftest_part *part, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	append(part, format, arguments);
	va_end(arguments);
	return 0;
}

int selftest_fail(struct selftest_part *part, const char *format, ...)
{
	va_list arguments;

	/* What was right until then is of no interest. */
	if (part->verdict != SELFTEST_FAILED)
		part->text[0] = '\0';
	part->verdict = SELFTEST_FAILED;
	va_start(arguments, format);
	append(part, format, arguments);
	va_end(arguments);
	return 0;
}

int selftest_skip(struct selftest_part *part, const char *format, ...)
{
	va_list arguments;

	part->verdict = SELFTEST_SKIPPED;
	va_start(arguments, format);
	append(part, format, arguments);
	va_end(arguments);
	return 0;
}

void selftest_figure(struct selftest_part *part, const char *name, double value)
{
	json_object_set_new(part->figures, name, json_real(value));
}

/* ---- The document ----------------------------------------------------- */

static json_t *json_versions(void)
{
	struct clyde_usb_library usb;
	struct utsname machine;

	clyde_usb_library(&usb);
	if (uname(&machine) < 0)
		memset(&machine, 0, sizeof(machine));
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "clyde", clyde_version(),
		"libusb", json_text(usb.version), "system",
		json_text(machine.sysname), "release",
		json_text(machine.release), "machine",
		json_text(machine.machine));
}

/* The serial number, and the path and the URI, which may contain it or a name
   of the user. */
static json_t *json_part_of_device(const struct selftest *test)
{
	static const char *const omitted[] = {
		"serial", "uri", "node", "state", "why"};
	json_t *device = json_device(&test->tool->info);

	for (size_t i = test->serial ? 1 : 0;
		i < sizeof(omitted) / sizeof(*omitted); i++)
		json_object_del(device, omitted[i]);
	return device;
}

void selftest_report_begin(struct selftest *test)
{
	struct tool *tool = test->tool;
	const char *link = clyde_device_link(tool->device);
	bool real = clyde_device_real_time(tool->device) > 0;

	output_line(&tool->output,
		"clyde %s, revision %s, API level %u, link %s%s",
		clyde_version(), tool->info.revision, tool->info.api_level,
		link ? link : "?",
		real ? "" : ": time is virtual, and so are the figures");
	output_put(&tool->output, "selftest", json_integer(1));
	output_put(&tool->output, "versions", json_versions());
	output_put(&tool->output, "device", json_part_of_device(test));
	output_put(&tool->output, "real_time", json_boolean(real));
	output_put(&tool->output, "asked", json_boolean(!test->yes));
}

void selftest_report_part(
	struct selftest *test, struct selftest_part *part, double ms)
{
	struct output *output = &test->tool->output;
	size_t used = strlen(test->failures);

	test->parts++;
	if (part->verdict == SELFTEST_FAILED) {
		test->failed++;
		snprintf(test->failures + used, sizeof(test->failures) - used,
			"%s%s", used ? ", " : "", part->name);
	}
	output_line(output, "%-7s  %-8s  %s", verdicts[part->verdict],
		part->name, part->text);
	output_append(output, "parts",
		json_pack("{s:o, s:s, s:o, s:f, s:O}", "part",
			json_text(part->name), "verdict",
			verdicts[part->verdict], "text", json_text(part->text),
			"ms", ms, "figures", part->figures));
}

void selftest_report_end(struct selftest *test)
{
	struct tool *tool = test->tool;

	if (test->failed > 0)
		fail(tool, STATUS_SELFTEST, "%u of %u parts failed: %s",
			test->failed, test->parts, test->failures);
	else if (tool->status == STATUS_OK)
		output_line(&tool->output, "no part failed");
	output_put(&tool->output, "passed",
		json_boolean(tool->status == STATUS_OK));
}
