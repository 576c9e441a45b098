/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Examines one device for clyde doctor: permission, use by other programs,
 * firmware and configuration, speed, and whether it answers.  A device is only
 * opened if its permission, use and firmware allow it.
 */
#include "doctor.h"

#include <errno.h>
#include <string.h>

#include "doctor-linux.h"
#include "wire/usb.h"

#define HIGH_SPEED 480000

static const char *name_of(const struct clyde_device_info *info)
{
	return info->serial[0] ? info->serial : "the device";
}

/* ---- Permission ------------------------------------------------------- */

static bool check_permission(
	struct doctor *doctor, const struct clyde_device_info *info)
{
	int result = info->node[0] ? try_node(info->node) : 0;

	if (result == -EACCES || result == -EPERM)
		doctor_report(doctor, VERDICT_FIX, "permission", info->uri,
			NULL,
			doctor->rule ? "plug it in again for the udev rule to "
				       "take hold; over a network that needs "
				       "a group, see PERMISSIONS in clyde(1)"
				     : "install the udev rule, see "
				       "PERMISSIONS in clyde(1), and plug the "
				       "device in again",
			"no permission to open %s", info->node);
	else if (result == -ENOENT)
		doctor_report(doctor, VERDICT_FIX, "permission", info->uri,
			NULL,
			"pass it on to this container, or plug it in "
			"again",
			"its file %s is not here", info->node);
	else if (result < 0)
		doctor_report(doctor, VERDICT_FIX, "permission", info->uri,
			NULL, "plug it in again", "cannot open %s: %s",
			info->node, strerror(-result));
	return result == 0;
}

/* ---- Use by programs and drivers -------------------------------------- */

static json_t *json_holders(const struct holders *holders)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < holders->count && i < HOLDERS_MAX; i++)
		json_array_append_new(list,
			json_pack("{s:i, s:o}", "pid",
				(int)holders->list[i].pid, "name",
				json_text(holders->list[i].name)));
	return json_pack(
		"{s:o, s:b}", "holders", list, "hidden", holders->hidden);
}

/* "libusb-stream (pid 4711), python3 (pid 4712)" */
static void list_holders(const struct holders *holders, char *text, size_t size)
{
	size_t used = 0;

	for (unsigned i = 0; i < holders->count && used < size; i++) {
		if (i == HOLDERS_MAX) {
			snprintf(text + used, size - used, ", ...");
			break;
		}
		used += snprintf(text + used, size - used, "%s%s (pid %d)",
			i ? ", " : "", holders->list[i].name,
			(int)holders->list[i].pid);
	}
}

static void report_program(
	struct doctor *doctor, const struct clyde_device_info *info)
{
	char text[HOLDERS_MAX * 64] = "a program that cannot be seen from here";
	const char *fix = "end it, in whatever container or machine it runs";
	struct holders holders;

	find_holders(info->node, &holders);
	if (holders.count > 0) {
		list_holders(&holders, text, sizeof(text));
		fix = "end it, or wait for its end";
	} else if (holders.hidden) {
		strcpy(text, "another user's program");
		fix = "clyde doctor shows it to root";
	}
	doctor_report(doctor, VERDICT_FIX, "busy", info->uri,
		json_holders(&holders), fix, "%s is in use by %s",
		name_of(info), text);
}

static void report_driver(struct doctor *doctor,
	const struct clyde_device_info *info, const struct driver *driver)
{
	char fix[160];

	snprintf(fix, sizeof(fix),
		"as root: echo %s > /sys/bus/usb/drivers/%s/unbind",
		driver->folder, driver->name);
	doctor_report(doctor, VERDICT_FIX, "driver", info->uri,
		json_pack("{s:i, s:s}", "interface", (int)driver->interface,
			"driver", driver->name),
		fix, "interface %u of %s is taken by the kernel's driver %s",
		driver->interface, name_of(info), driver->name);
}

static bool check_use(
	struct doctor *doctor, const struct clyde_device_info *info)
{
	struct driver drivers[DRIVERS_MAX];
	int count = 0;
	bool program = false;

	if (info->node[0])
		count = find_drivers(DEVICES_FOLDER, info->node, drivers);
	for (int i = 0; i < count; i++) {
		if (strcmp(drivers[i].name, "usbfs") != 0)
			report_driver(doctor, info, &drivers[i]);
		else
			program = true;
	}
	if (program)
		report_program(doctor, info);
	return count <= 0;
}

/* ---- Firmware and configuration --------------------------------------- */

static void report_configuration(
	struct doctor *doctor, const struct clyde_device_info *info)
{
	if (info->configured)
		doctor_report(doctor, VERDICT_FIX, "configuration", info->uri,
			NULL, "clyde factory writes it anew",
			"shows no serial number: its configuration "
			"block is missing or corrupt");
	else
		/* An FX2 without a configuration may be another product.  If a
		   Glasgow was found too, it is likely to be, so only note it. */
		doctor_report(doctor,
			doctor->glasgow_found ? VERDICT_NOTE : VERDICT_FIX,
			"configuration", info->uri, NULL,
			"if it is a Glasgow, clyde factory writes it anew",
			"%s", info->product);
}

/* Whether commands load Clyde's own firmware into such a device: with --firmware
   keep they do not. */
static bool gets_own_firmware(const struct doctor *doctor,
	const struct clyde_device_info *info, char *ret_fix, size_t size)
{
	uint8_t id[CLYDE_FPGA_ID_SIZE];
	int used;

	if (doctor->tool->firmware || !clyde_firmware_own(id) ||
		strcmp(info->revision, "C0") < 0 ||
		strcmp(info->revision, "C3") > 0)
		return false;
	used = snprintf(ret_fix, size, "commands load Clyde's own, ");
	for (unsigned i = 0; i < sizeof(id); i++)
		used += snprintf(ret_fix + used, size - used, "%02x", id[i]);
	snprintf(ret_fix + used, size - used,
		", into its RAM; clyde flash stores it");
	return true;
}

static void report_firmware(
	struct doctor *doctor, const struct clyde_device_info *info)
{
	json_t *details = json_pack("{s:i, s:i}", "api_level", info->api_level,
		"needed", USB_API_LEVEL);
	bool none = info->api_level == 0;
	char fix[128];
	bool own = gets_own_firmware(doctor, info, fix, sizeof(fix));
	enum verdict verdict = own ? VERDICT_NOTE : VERDICT_FIX;

	if (!own)
		snprintf(fix, sizeof(fix),
			"load %s: clyde --firmware FILE.ihex list",
			none ? "some" : "another");
	if (none)
		doctor_report(doctor, verdict, "firmware", info->uri, details,
			fix, "%s has no firmware", name_of(info));
	else
		doctor_report(doctor, verdict, "firmware", info->uri, details,
			fix, "the firmware of %s speaks API level %u, not %u",
			name_of(info), info->api_level, USB_API_LEVEL);
}

static bool check_firmware(
	struct doctor *doctor, const struct clyde_device_info *info)
{
	if (!info->configured) {
		report_configuration(doctor, info);
		return false;
	}
	if (info->api_level != USB_API_LEVEL)
		report_firmware(doctor, info);
	return info->api_level == USB_API_LEVEL;
}

static void check_speed(
	struct doctor *doctor, const struct clyde_device_info *info)
{
	if (info->speed_kbit_per_s == 0 || info->speed_kbit_per_s >= HIGH_SPEED)
		return;
	doctor_report(doctor, VERDICT_FIX, "speed", info->uri,
		json_pack("{s:i}", "speed_kbit_per_s",
			(int)info->speed_kbit_per_s),
		"try another cable, another port, and no hub between",
		"%s runs at %s, %g Mb/s, not at the 480 of high speed",
		name_of(info),
		info->speed_kbit_per_s < 12000 ? "low speed" : "full speed",
		info->speed_kbit_per_s / 1000.0);
}

/* ---- Answer ----------------------------------------------------------- */

static const char *check_of(int error)
{
	switch (error) {
	case CLYDE_ERROR_ACCESS:
		return "permission";
	case CLYDE_ERROR_BUSY:
		return "busy";
	case CLYDE_ERROR_CORRUPT:
		return "configuration";
	default:
		return "device";
	}
}

/* What the device boots with.  An error here is one that check_answer() has
   found as well. */
static void report_flashed(struct doctor *doctor,
	const struct clyde_device_info *info, struct clyde_device *device)
{
	static const char *const facts[] = {
		[CLYDE_FLASHED_NONE] = "no firmware",
		[CLYDE_FLASHED_OWN] = "Clyde's firmware",
		[CLYDE_FLASHED_OTHER] = "other firmware than Clyde's",
	};
	int flashed = clyde_flash_holds(device);

	if (flashed < 0)
		return;
	doctor_report(doctor,
		flashed == CLYDE_FLASHED_NONE ? VERDICT_NOTE : VERDICT_OK,
		"flash", info->uri, json_pack("{s:i}", "flashed", flashed),
		flashed == CLYDE_FLASHED_NONE ? "clyde flash stores some"
					      : NULL,
		"%s has %s in its EEPROM", name_of(info), facts[flashed]);
}

/* Open the device, and read its FPGA's status.  False if interrupted. */
static bool check_answer(
	struct doctor *doctor, const struct clyde_device_info *info)
{
	struct tool *tool = doctor->tool;
	struct clyde_device *device = NULL;
	uint8_t id[CLYDE_FPGA_ID_SIZE];
	int result = clyde_device_open(tool->context, info->uri, NULL, &device);

	if (result == 0)
		result = clyde_fpga_status(device, id);
	if (result == CLYDE_ERROR_INTERRUPTED)
		return succeeded(tool, result);
	if (result < 0)
		doctor_report(doctor, VERDICT_FIX, check_of(result), info->uri,
			NULL, NULL, "%s", clyde_error_message());
	else
		doctor_report(doctor, VERDICT_OK, "device", info->uri, NULL,
			NULL, "%s, revision %s, API level %u, answers%s",
			name_of(info), info->revision, info->api_level,
			info->speed_kbit_per_s >= HIGH_SPEED ? " at high speed"
							     : "");
	if (result >= 0)
		report_flashed(doctor, info, device);
	clyde_device_close(device);
	return true;
}

bool doctor_examine(struct doctor *doctor, struct clyde_device_info *info)
{
	bool usable;

	output_append(&doctor->tool->output, "devices", json_device(info));
	usable = check_permission(doctor, info);
	usable &= check_use(doctor, info);
	usable &= check_firmware(doctor, info);
	check_speed(doctor, info);
	if (!usable)
		return true;
	if (info->readable && info->serial[0] == '\0') {
		report_configuration(doctor, info);
		return true;
	}
	return check_answer(doctor, info);
}
