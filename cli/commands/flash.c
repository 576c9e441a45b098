/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde flash: writes firmware, the boot bitstream and settings into a device's
 * own EEPROMs.  The options have upstream's names.
 *
 * Every file is read and checked, and the backup written, before the first byte
 * of an EEPROM is.
 */
#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/progress.h"

#define EEPROM_SIZE 32768

enum {
	KEY_REMOVE_FIRMWARE = 0x200,
	KEY_BITSTREAM,
	KEY_REMOVE_BITSTREAM,
	KEY_WEBUSB,
	KEY_BACKUP,
	KEY_RESTORE,
};

/* A file's content. */
struct content {
	uint8_t *data;
	size_t size;
};

struct request {
	struct tool *tool;
	bool remove_firmware;
	bool remove_bitstream;
	const char *bitstream;
	const char *applet;
	const char *webusb;
	const char *backup;
	const char *restore;
	/* As read */
	struct content firmware_file;
	struct content bitstream_file;
	struct content restore_file;
	uint8_t id[CLYDE_FPGA_ID_SIZE];
	size_t id_size; /* of the id in front of the bitstream, or 0 */
	bool stores_firmware;
	bool written;
};

/* ---- Arguments -------------------------------------------------------- */

static error_t parse_flash(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		share_tool(state, request->tool);
		return 0;
	case KEY_REMOVE_FIRMWARE:
		request->remove_firmware = true;
		return 0;
	case KEY_BITSTREAM:
		request->bitstream = argument;
		return 0;
	case KEY_REMOVE_BITSTREAM:
		request->remove_bitstream = true;
		return 0;
	case KEY_WEBUSB:
		request->webusb = argument;
		return 0;
	case KEY_BACKUP:
		request->backup = argument;
		return 0;
	case KEY_RESTORE:
		request->restore = argument;
		return 0;
	case ARGP_KEY_ARG:
		if (request->applet == NULL) {
			request->applet = argument;
			return 0;
		}
		misuse(request->tool, "'%s' is one argument too many",
			argument);
		return EINVAL;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{"remove-firmware", KEY_REMOVE_FIRMWARE, NULL, 0,
		"Remove the firmware: the device boots without any", 0},
	{"bitstream", KEY_BITSTREAM, "FILE", 0,
		"Store this bitstream, which the FPGA gets at power-up", 0},
	{"remove-bitstream", KEY_REMOVE_BITSTREAM, NULL, 0,
		"Remove the stored bitstream", 0},
	{"advertise-webusb", KEY_WEBUSB, "yes|no", 0,
		"Whether browsers show a notification with the WebUSB page", 0},
	{"backup", KEY_BACKUP, "FILE", 0,
		"First write the content of the FX2's EEPROM to a new file", 0},
	{"restore", KEY_RESTORE, "FILE", 0,
		"Store the firmware that a backup of this device holds", 0},
	{0},
};

static const struct argp_child children[] = {
	{&global_argp, 0, "Options of every command:", 1},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse_flash,
	.args_doc = "[APPLET]",
	.doc = "Store firmware in the device: that of --firmware FILE, else "
	       "Clyde's own; --firmware keep stores none. With the name of an "
	       "APPLET, Clyde's image becomes the bitstream that the FPGA "
	       "gets at power-up.",
	.children = children,
};

static bool is_applet(const char *name)
{
	const struct clyde_applet *applet;

	for (size_t i = 0; (applet = clyde_applet_at(i)); i++)
		if (strcmp(applet->name, name) == 0)
			return true;
	return false;
}

/* Two that exclude each other */
static bool check_pair(struct tool *tool, const char *first, bool first_given,
	const char *second, bool second_given)
{
	if (!first_given || !second_given)
		return true;
	return misuse(tool, "%s and %s: give one of them", first, second);
}

static bool check(const struct request *request)
{
	struct tool *tool = request->tool;
	const char *webusb = request->webusb;
	bool file = names_firmware(tool), restore = request->restore;
	bool bitstream = request->bitstream;

	if (webusb && strcmp(webusb, "yes") != 0 && strcmp(webusb, "no") != 0)
		return misuse(tool, "--advertise-webusb %s: yes or no", webusb);
	if (request->applet && !is_applet(request->applet))
		return misuse(tool, "there is no applet '%s'; see clyde run",
			request->applet);
	return check_pair(tool, "--firmware FILE", file && restore, "--restore",
		       restore) &&
		check_pair(tool, "--remove-firmware", request->remove_firmware,
			"--restore", restore) &&
		check_pair(tool, "--advertise-webusb", webusb, "--restore",
			restore) &&
		check_pair(tool, "--bitstream", bitstream, "--remove-bitstream",
			request->remove_bitstream) &&
		check_pair(tool, "APPLET", request->applet, "--bitstream",
			bitstream) &&
		check_pair(tool, "APPLET", request->applet,
			"--remove-bitstream", request->remove_bitstream);
}

/* Whether firmware is to be stored. */
static bool stores_firmware(const struct request *request)
{
	uint8_t id[CLYDE_FPGA_ID_SIZE];

	if (request->remove_firmware || request->restore)
		return false;
	if (request->tool->firmware)
		return names_firmware(request->tool);
	return clyde_firmware_own(id);
}

static bool asks_for_anything(const struct request *request)
{
	return request->stores_firmware || request->remove_firmware ||
		request->restore || request->bitstream || request->applet ||
		request->remove_bitstream || request->webusb || request->backup;
}

/* ---- Files ------------------------------------------------------------ */

/* Each bitstream of an iCE40 has this near its beginning. */
static const uint8_t preamble[] = {0x7e, 0xaa, 0x99, 0x7e};

static bool begins_bitstream(const uint8_t *data, size_t size)
{
	return size > sizeof(preamble) &&
		((data[0] == 0xff && data[1] == 0x00) ||
			memcmp(data, preamble, sizeof(preamble)) == 0);
}

/* Upstream's "glasgow build" writes the id in front of the bitstream, icepack
   writes the bitstream alone. */
static bool read_bitstream(struct request *request)
{
	struct content *file = &request->bitstream_file;
	struct tool *tool = request->tool;
	const size_t limit = 1 << 20;

	if (request->bitstream == NULL)
		return true;
	if (!read_whole(
		    tool, request->bitstream, limit, &file->data, &file->size))
		return false;
	if (begins_bitstream(file->data, file->size)) {
		make_bitstream_id(file->data, file->size, request->id);
		return true;
	}
	request->id_size = CLYDE_FPGA_ID_SIZE;
	if (file->size <= request->id_size ||
		!begins_bitstream(file->data + request->id_size,
			file->size - request->id_size))
		return fail(tool, STATUS_CORRUPT,
			"%s is no bitstream for an iCE40", request->bitstream);
	memcpy(request->id, file->data, request->id_size);
	return true;
}

static bool read_files(struct request *request)
{
	struct tool *tool = request->tool;
	struct content *firmware = &request->firmware_file;
	struct content *restore = &request->restore_file;

	return (!request->stores_firmware || !names_firmware(tool) ||
		       read_firmware(tool, &firmware->data, &firmware->size)) &&
		(request->restore == NULL ||
			read_whole(tool, request->restore, EEPROM_SIZE,
				&restore->data, &restore->size)) &&
		read_bitstream(request);
}

static bool write_all(
	struct tool *tool, const char *path, int fd, const uint8_t *data)
{
	size_t done = 0;

	while (done < EEPROM_SIZE) {
		ssize_t count = write(fd, data + done, EEPROM_SIZE - done);

		if (count < 0)
			break;
		done += count;
	}
	if (done == EEPROM_SIZE && fsync(fd) < 0 && errno != EINVAL)
		done = 0;
	if (close(fd) == 0 && done == EEPROM_SIZE)
		return true;
	return fail(tool, STATUS_OUTPUT, "cannot write %s: %s", path,
		strerror(errno));
}

/* A backup is never replaced: it may hold what the device holds no more. */
static bool back_up(struct request *request)
{
	static uint8_t data[EEPROM_SIZE];
	struct tool *tool = request->tool;
	const char *path = request->backup;
	int fd;

	if (path == NULL)
		return true;
	if (!succeeded(tool,
		    clyde_eeprom_read(tool->device, 0, data, sizeof(data))))
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail(tool, STATUS_OUTPUT, "cannot write %s: %s", path,
			strerror(errno));
	if (!write_all(tool, path, fd, data))
		return false;
	output_line(&tool->output, "%-13s %s", "backup", path);
	return true;
}

/* ---- Writing ---------------------------------------------------------- */

static void show_progress(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	(void)user;
	progress_show(what, done, total);
}

static const struct clyde_observer observer = {.progress = show_progress};

/* Show the result of a part: 1 written, 0 there already; or an error. */
static bool tell(struct request *request, const char *part, int result,
	const char *written, const char *already)
{
	struct tool *tool = request->tool;

	progress_clear();
	if (!succeeded(tool, result))
		return false;
	request->written |= result > 0;
	output_line(&tool->output, "%-13s %s", part,
		result > 0 ? written : already);
	return true;
}

static bool flash_firmware(struct request *request)
{
	struct clyde_device *device = request->tool->device;
	const struct content *restore = &request->restore_file;
	const struct content *file = &request->firmware_file;

	if (request->remove_firmware)
		return tell(request, "firmware",
			clyde_flash_remove_firmware(device, &observer),
			"removed", "there was none");
	if (request->restore)
		return tell(request, "firmware",
			clyde_flash_restore(device, restore->data,
				restore->size, &observer),
			"that of the backup written and verified",
			"that of the backup was there already");
	if (!request->stores_firmware)
		return true;
	return tell(request, "firmware",
		clyde_flash_firmware(device, file->data, file->size, &observer),
		"written and verified", "was there already");
}

static bool flash_bitstream(struct request *request)
{
	struct clyde_device *device = request->tool->device;
	const struct content *file = &request->bitstream_file;
	int result;

	if (request->remove_bitstream)
		return tell(request, "bitstream",
			clyde_flash_remove_bitstream(device), "removed",
			"there was none");
	if (request->bitstream == NULL && request->applet == NULL)
		return true;
	if (request->applet)
		result =
			clyde_flash_bitstream(device, NULL, 0, NULL, &observer);
	else
		result = clyde_flash_bitstream(device,
			file->data + request->id_size,
			file->size - request->id_size, request->id, &observer);
	return tell(
		request, "bitstream", result, "written", "was there already");
}

static bool flash_webusb(struct request *request)
{
	bool advertise = request->webusb && request->webusb[0] == 'y';

	if (request->webusb == NULL)
		return true;
	return tell(request, "WebUSB",
		clyde_flash_webusb(request->tool->device, advertise),
		advertise ? "advertised from now on"
			  : "not advertised from now on",
		advertise ? "was advertised already"
			  : "was not advertised already");
}

static void carry_out(struct request *request)
{
	struct tool *tool = request->tool;

	/* Firmware that does not run, or never connects, must not be stored:
	   the board could not be reached any more. */
	tool->proves_firmware = request->stores_firmware;
	if (!open_device(tool) || !back_up(request) ||
		!flash_firmware(request) || !flash_bitstream(request) ||
		!flash_webusb(request))
		return;
	if (request->written)
		output_line(&tool->output,
			"unplug the device and plug it in "
			"again to use what was written");
}

void command_flash(struct tool *tool, int argc, char **argv)
{
	struct request request = {.tool = tool};

	if (!parse(tool, &argp, argc, argv, &request) || !check(&request))
		return;
	request.stores_firmware = stores_firmware(&request);
	if (!asks_for_anything(&request))
		misuse(tool,
			"this build has no firmware of its own; name a "
			"file with --firmware FILE");
	else if (read_files(&request))
		carry_out(&request);
	free(request.firmware_file.data);
	free(request.bitstream_file.data);
	free(request.restore_file.data);
}
