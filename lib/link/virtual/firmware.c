/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The firmware that a virtual FX2 executes: the key `firmware` of the URI, and
 * what the other keys must not say then.  uri.c calls these functions.
 */
#include "uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/number.h"
#include "lib/device/ihex.h"
#include "virtual/mcs51/debug.h"

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

int virtual_firmware_check(struct virtual_options *options)
{
	const struct faults *faults = &options->faults;
	char text[FAULT_TEXT_SIZE];

	if (!options->device.chip) {
		if (!options->symbols_path[0] && !options->break_at[0] &&
			!options->profile_path[0] &&
			!options->instructions_path[0])
			return 0;
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: symbols=, break=, profile= and instructions= "
			"need firmware=FILE or firmware=eeprom");
	}
	if (options->devices > 1 &&
		(options->profile_path[0] || options->instructions_path[0]))
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: profile= and instructions= are for one "
			"device");
	if (options->api)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: api= is for firmware=model");
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
	/* A new EEPROM has no firmware, unless it is as if FILE were in it. */
	options->device.bare = !options->firmware_path[0];
	return 0;
}

/* ---- Files ---------------------------------------------------------------- */

static int parse_image(
	struct virtual_options *options, const char *text, size_t size)
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

static int parse_symbols(
	struct virtual_options *options, const char *text, size_t size)
{
	options->symbols = mcs51_symbols_parse(text, size);
	if (options->symbols == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	if (options->symbols->count > 0)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"virtual: symbols=%s is no .map or .cdb file of SDCC",
		options->symbols_path);
}

static int read_file(struct virtual_options *options, const char *path,
	int (*parse)(
		struct virtual_options *options, const char *text, size_t size))
{
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

/* ---- For people who write firmware ------------------------------------------ */

static int find_breakpoint(struct virtual_options *options)
{
	static const struct number_form form = {
		.c_prefixes = true, .maximum = CHIP_RAM_SIZE - 1};
	const char *at = options->break_at;
	const struct mcs51_symbol *symbol = options->symbols
		? mcs51_symbol_named(options->symbols, at)
		: NULL;
	uint64_t address;

	if (symbol)
		address = symbol->address;
	else if (number_parse(at, &form, &address, NULL) != NUMBER_OK)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: break=%s is neither an address up to 0x3fff "
			"nor a name in symbols=",
			at);
	options->device.breaks = true;
	options->device.breakpoint = address;
	return 0;
}

int virtual_firmware_load(struct virtual_options *options)
{
	int result = 0;

	if (options->firmware_path[0])
		result =
			read_file(options, options->firmware_path, parse_image);
	if (result == 0 && options->symbols_path[0])
		result = read_file(
			options, options->symbols_path, parse_symbols);
	if (result == 0 && options->break_at[0])
		result = find_breakpoint(options);
	options->device.observed = options->break_at[0] ||
		options->profile_path[0] || options->instructions_path[0];
	return result;
}

static bool write_seen(const char *path, const struct mcs51_debug *debug,
	const struct mcs51_symbols *symbols,
	void (*print)(const struct mcs51_debug *debug,
		const struct mcs51_symbols *symbols, FILE *out))
{
	FILE *file;

	if (*path == '\0')
		return true;
	file = fopen(path, "w");
	if (file == NULL)
		return false;
	print(debug, symbols, file);
	return fclose(file) == 0;
}

const char *virtual_firmware_report(
	const struct virtual_options *options, const struct device *device)
{
	const struct mcs51_debug *debug = device_debug(device);

	if (debug == NULL)
		return NULL;
	if (!write_seen(options->profile_path, debug, options->symbols,
		    mcs51_print_profile))
		return options->profile_path;
	if (!write_seen(options->instructions_path, debug, options->symbols,
		    mcs51_print_trace))
		return options->instructions_path;
	return NULL;
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
