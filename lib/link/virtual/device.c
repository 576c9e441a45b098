/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The virtual device that parsed options describe, and the file that stands for
 * its EEPROMs.  Called by the virtual link, and by plug/devices.c for devices that
 * other processes use.
 */
#include "netlist.h"
#include "uri.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The device ----------------------------------------------------------- */

/* The parser's state at the end of the library's image.  Parsed once in a process,
   since that takes longer than all else that an open does. */
static struct bitstream image_port;

static void parse_image(void)
{
	bitstream_reset(&image_port);
	bitstream_feed(&image_port, image_bytes, image_size);
}

const struct bitstream *virtual_image_port(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, parse_image);
	return &image_port;
}

static void preload(struct device *device, const struct netlist *netlist)
{
	if (netlist)
		device_preload(
			device, &netlist->port, netlist->size, netlist->id);
	else
		device_preload(
			device, virtual_image_port(), image_size, image_id);
}

struct device *virtual_device_new(const struct virtual_options *options)
{
	struct device_options described = options->device;
	struct device *device;

	if (options->trace_path[0])
		described.trace = options->trace_path;
	if (options->record_path[0])
		described.record = options->record_path;
	device = device_new(&described, &options->faults);
	if (device && options->configured)
		preload(device, options->netlist);
	return device;
}

int virtual_record_finish(
	const struct virtual_options *options, struct device *device)
{
	int result = device ? device_finish_record(device) : 0;

	if (result < 0)
		return set_error(CLYDE_ERROR_FILE,
			"the pins were not written to %s: %s",
			options->record_path, strerror(-result));
	return 0;
}

/* ---- The file of the EEPROMs ---------------------------------------------- */

static int write_file(const struct virtual_options *options,
	const uint8_t *eeprom, const uint8_t *ice_mem)
{
	char path[CLYDE_URI_SIZE + 8];
	FILE *file;
	int error = 0;

	snprintf(path, sizeof(path), "%s.new", options->eeprom_path);
	file = fopen(path, "wb");
	if (file == NULL)
		return -errno;
	if (fwrite(eeprom, 1, EEPROM_SIZE, file) != EEPROM_SIZE ||
		(ice_mem &&
			fwrite(ice_mem, 1, BOARD_ICE_MEM_SIZE, file) !=
				BOARD_ICE_MEM_SIZE))
		error = errno;
	if (fclose(file) != 0 && error == 0)
		error = errno;
	if (error == 0 && rename(path, options->eeprom_path) < 0)
		error = errno;
	if (error)
		unlink(path);
	return -error;
}

/* The folder of the path does not exist: the URI is wrong. */
static int file_error(int error)
{
	return error == ENOENT ? CLYDE_ERROR_INVALID : error_from_errno(error);
}

static int create(struct virtual_options *options)
{
	int result;

	device_format_eeprom(&options->device, options->eeprom);
	result = write_file(options, options->eeprom, NULL);
	if (result < 0)
		return set_error(file_error(-result), "%s: %s",
			options->eeprom_path, strerror(-result));
	return 0;
}

void virtual_options_obey(
	struct virtual_options *options, const uint8_t *eeprom)
{
	if (!options->api)
		options->device.bare = eeprom[0] != EEPROM_BOOT_C2;
}

int virtual_eeprom_load(struct virtual_options *options)
{
	const char *path = options->eeprom_path;
	FILE *file = fopen(path, "r+b");
	size_t size;

	if (file == NULL && errno != ENOENT)
		return set_error(
			file_error(errno), "%s: %s", path, strerror(errno));
	options->eeprom = malloc(VIRTUAL_EEPROM_SIZE + 1);
	if (options->eeprom == NULL) {
		if (file)
			fclose(file);
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	}
	if (file == NULL)
		return create(options);
	size = fread(options->eeprom, 1, VIRTUAL_EEPROM_SIZE + 1, file);
	fclose(file);
	options->ice_mem = size == VIRTUAL_EEPROM_SIZE;
	if (size == EEPROM_SIZE || options->ice_mem)
		return 0;
	return set_error(CLYDE_ERROR_CORRUPT,
		"%s: %zu bytes%s, an EEPROM image has %d or %d", path, size,
		size > VIRTUAL_EEPROM_SIZE ? " or more" : "", EEPROM_SIZE,
		VIRTUAL_EEPROM_SIZE);
}

static bool is_saved(const struct virtual_options *options,
	const uint8_t *eeprom, const uint8_t *ice_mem)
{
	const uint8_t *saved = options->eeprom;

	if (memcmp(eeprom, saved, EEPROM_SIZE) != 0)
		return false;
	if (ice_mem == NULL || !options->ice_mem)
		return ice_mem == NULL;
	return memcmp(ice_mem, saved + EEPROM_SIZE, BOARD_ICE_MEM_SIZE) == 0;
}

int virtual_eeprom_save(
	struct virtual_options *options, const struct device *device)
{
	const uint8_t *eeprom = device_eeprom(device);
	const uint8_t *ice_mem = device_ice_mem(device);
	int result;

	if (is_saved(options, eeprom, ice_mem))
		return 0;
	result = write_file(options, eeprom, ice_mem);
	/* After a failure, the next call finds the difference again and writes
	   once more. */
	if (result < 0)
		return set_error(CLYDE_ERROR_FILE,
			"the EEPROM was not written to %s: %s",
			options->eeprom_path, strerror(-result));
	memcpy(options->eeprom, eeprom, EEPROM_SIZE);
	options->ice_mem = ice_mem;
	if (ice_mem)
		memcpy(options->eeprom + EEPROM_SIZE, ice_mem,
			BOARD_ICE_MEM_SIZE);
	return 0;
}
