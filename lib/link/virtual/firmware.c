/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The firmware that a virtual FX2 executes: the key `firmware` of the URI, and
 * what the other keys must not say then.  uri.c calls these functions.
 */
#include "uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/device/ihex.h"

/* An ihex file for 16 KiB of RAM has some 50 kB. */
#define FILE_SIZE_MAX 0x100000

/* Faults of the model of the firmware: no other firmware has them. */
static bool is_models(enum fault_kind kind)
{
	switch (kind) {
	case FAULT_ERROR:
	case FAULT_WAIT:
	case FAULT_SERIAL:
	case FAULT_MUTE:
	case FAULT_SHORT:
	case FAULT_ALERT:
	case FAULT_DELAY:
	case FAULT_TWICE:
	case FAULT_JUNK:
	case FAULT_TRIP:
	case FAULT_STALL:
	case FAULT_DESCRIPTOR:
	case FAULT_GARBLE:
		return true;
	default:
		return false;
	}
}

int virtual_firmware_check(const struct virtual_options *options)
{
	const struct faults *faults = &options->faults;
	char text[FAULT_TEXT_SIZE];

	if (!options->device.chip)
		return 0;
	if (options->api)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: api= is for firmware=model");
	if (options->device.twin)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: fpga=twin is for firmware=model");
	if (options->device.misread.left > 0)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: misread= is for firmware=model");
	for (unsigned i = 0; i < faults->count; i++) {
		if (!is_models(faults->list[i].kind))
			continue;
		fault_text(&faults->list[i], text);
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: fault=%s is for firmware=model", text);
	}
	return 0;
}

static int parse(struct virtual_options *options, const char *text, size_t size)
{
	struct ihex *ihex = malloc(sizeof(*ihex));
	struct chip_image *image = malloc(sizeof(*image));
	int result = CLYDE_ERROR_NO_MEMORY;

	_Static_assert(CHIP_RAM_SIZE == IHEX_SIZE, "the same RAM");
	if (ihex == NULL || image == NULL)
		set_error(result, "out of memory");
	else
		result = ihex_parse(text, size, ihex);
	if (result == 0) {
		memcpy(image->data, ihex->data, sizeof(image->data));
		memcpy(image->used, ihex->used, sizeof(image->used));
		options->firmware = image;
		options->device.firmware = image;
	} else {
		free(image);
	}
	free(ihex);
	return result;
}

int virtual_firmware_load(struct virtual_options *options)
{
	const char *path = options->firmware_path;
	FILE *file = fopen(path, "rb");
	char *text = malloc(FILE_SIZE_MAX);
	size_t size = 0;
	int result;

	if (file && text)
		size = fread(text, 1, FILE_SIZE_MAX, file);
	if (text == NULL)
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	else if (file == NULL || ferror(file))
		result = set_error(CLYDE_ERROR_FILE, "cannot read %s: %s", path,
			strerror(errno));
	else
		result = parse(options, text, size);
	if (file)
		fclose(file);
	free(text);
	return result;
}

int virtual_firmware_started(
	const struct virtual_options *options, struct device *device)
{
	const char *fault = device_fault(device);

	if (!device_function(device)->detached)
		return 0;
	if (fault)
		return set_error(CLYDE_ERROR_NO_DEVICE, "virtual: %s", fault);
	return set_error(CLYDE_ERROR_NO_DEVICE,
		"virtual: the firmware of %s does not connect to the bus",
		options->firmware_path[0] ? options->firmware_path
					  : "the EEPROM");
}
