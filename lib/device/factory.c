/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde_factory(): writes the whole boot image of a board whose configuration
 * block is lost, by firmware that is loaded into RAM first.
 *
 * A valid configuration block must never be overwritten unless the caller says
 * so.  The byte that makes the block valid, its revision, is written last.
 */
#include "descriptor.h"
#include "flash.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/wait.h"

#define REVISION_ADDRESS \
	(CONFIG_ADDRESS + offsetof(struct config_block, revision))

/* A board on the way to its boot image. */
struct making {
	struct clyde_context *context;
	const struct clyde_factory *factory;
	struct ihex firmware;
	struct boot_records records;
	struct clyde_device device; /* never an object of the application */
	struct flash *flash;
	struct config_block block; /* to be written */
};

/* ---- What is asked for ------------------------------------------------ */

static bool is_given(const char *text)
{
	return text && text[0];
}

static int parse_revision(const char *text, uint8_t *ret_revision)
{
	for (unsigned revision = REVISION_C0; revision <= REVISION_C3;
		revision++) {
		char name[8];

		revision_text(revision, name);
		if (strcmp(text, name) == 0) {
			*ret_revision = revision;
			return 0;
		}
	}
	return set_error(CLYDE_ERROR_REVISION,
		"revision %.8s: this is for boards of revision C0, C1, C2 or "
		"C3",
		text);
}

static int parse_serial(const char *text, char *ret_serial)
{
	bool good = strlen(text) == CONFIG_SERIAL_SIZE;

	for (const char *at = text; *at; at++)
		good = good && isalnum((unsigned char)*at);
	if (!good)
		return set_error(CLYDE_ERROR_INVALID,
			"serial number '%.40s': it has %d letters and digits, "
			"as 20230101T120000Z",
			text, CONFIG_SERIAL_SIZE);
	memcpy(ret_serial, text, CONFIG_SERIAL_SIZE);
	return 0;
}

static int parse_manufacturer(const char *text, char *ret_manufacturer)
{
	size_t size = strlen(text);
	bool good = size <= CONFIG_MAKER_SIZE;

	for (const char *at = text; *at; at++)
		good = good && isprint((unsigned char)*at);
	if (!good)
		return set_error(CLYDE_ERROR_INVALID,
			"manufacturer '%.40s': it has up to %d printable "
			"characters of ASCII",
			text, CONFIG_MAKER_SIZE);
	memset(ret_manufacturer, 0, CONFIG_MAKER_SIZE);
	memcpy(ret_manufacturer, text, strnlen(text, CONFIG_MAKER_SIZE));
	return 0;
}

/* Put what is given into a block, and leave the rest. */
static int fill(const struct clyde_factory *factory, struct config_block *block)
{
	int result = 0;

	if (is_given(factory->revision))
		result = parse_revision(factory->revision, &block->revision);
	if (result == 0 && is_given(factory->serial))
		result = parse_serial(factory->serial, block->serial);
	if (result == 0 && is_given(factory->manufacturer))
		result = parse_manufacturer(
			factory->manufacturer, block->manufacturer);
	if (factory->modified >= 0) {
		block->flags &= ~CONFIG_MODIFIED_DESIGN;
		if (factory->modified)
			block->flags |= CONFIG_MODIFIED_DESIGN;
	}
	return result;
}

/* Whether the block that was read is valid.  An error of its decoder is the
   reason why the board is here. */
static bool has_block(const struct flash *flash)
{
	struct clyde_config config;
	char why[CLYDE_WHY_SIZE];
	int result = CLYDE_ERROR_CORRUPT;

	if (memcmp(flash->held + BOOT_HEADER_SIZE, boot_config_record,
		    sizeof(boot_config_record)) == 0)
		result = clyde_config_decode(flash->held + CONFIG_ADDRESS,
			sizeof(struct config_block), &config);
	else
		set_error(result, "no block");
	if (result < 0)
		error_take(result, why);
	return result == 0;
}

static int plan_anew(struct making *making)
{
	struct config_block *block = flash_block(making->flash);
	char revision[8];

	revision_text(block->revision, revision);
	if (!making->factory->reinitialize)
		return set_error(CLYDE_ERROR_CONFIGURED,
			"the board has a valid configuration block, %s-%.16s; "
			"--reinitialize writes it anew",
			revision, block->serial);
	making->block = *block;
	return 0;
}

static int plan_first(struct making *making)
{
	const struct clyde_factory *factory = making->factory;

	if (!is_given(factory->revision) || !is_given(factory->serial))
		return set_error(CLYDE_ERROR_INVALID,
			"the board has no valid configuration block, so its "
			"revision and its serial number must be given");
	making->block = (struct config_block){
		.flags = CONFIG_API_LEVEL_7 | CONFIG_WEBUSB};
	return 0;
}

static int plan(struct making *making)
{
	int result = flash_read(making->flash, 0, BOOT_FIRMWARE_AT);

	if (result == 0)
		result = has_block(making->flash) ? plan_anew(making)
						  : plan_first(making);
	if (result == 0)
		result = fill(making->factory, &making->block);
	if (result == 0)
		result = check_revision(making->block.revision, "the board");
	return result;
}

/* ---- Writing ---------------------------------------------------------- */

/* The header without byte 0, which stays what it is: the FX2 takes its ids from
   the header if that is C0, its own for any other value. */
static int write_header(struct making *making)
{
	struct flash *flash = making->flash;
	uint8_t header[BOOT_HEADER_SIZE];

	if (flash->held[0] == EEPROM_BOOT_C0 ||
		flash->held[0] == EEPROM_BOOT_C2)
		return flash_disarm(flash, making->block.revision);
	boot_header(making->block.revision, false, header);
	return flash_write(flash, 1, header + 1, sizeof(header) - 1);
}

static int write_block(struct making *making)
{
	struct flash *flash = making->flash;
	const struct config_block *block = &making->block;
	int result = 0;

	if (memcmp(flash_block(flash), block, sizeof(*block)) != 0)
		result = flash_write_byte(flash, REVISION_ADDRESS, 0xff);
	if (result == 0)
		result = flash_write(flash, BOOT_HEADER_SIZE,
			boot_config_record, sizeof(boot_config_record));
	if (result == 0)
		result = flash_write(flash, REVISION_ADDRESS + 1,
			(const uint8_t *)block + 1, sizeof(*block) - 1);
	if (result == 0)
		result = flash_write_byte(
			flash, REVISION_ADDRESS, block->revision);
	return result;
}

static int write_all(struct making *making)
{
	struct flash *flash = making->flash;
	const struct boot_records *records = &making->records;
	int result = flash_read(flash, BOOT_FIRMWARE_AT, records->size);

	if (result == 0)
		result = write_header(making);
	if (result == 0)
		result = flash_write(
			flash, BOOT_FIRMWARE_AT, records->bytes, records->size);
	if (result == 0)
		result = write_block(making);
	return result == 0 ? flash_arm(flash) : result;
}

/* ---- The board -------------------------------------------------------- */

static int work(struct making *making, const struct clyde_observer *observer)
{
	struct clyde_device *device = &making->device;
	int result = device_start(device);

	if (result < 0)
		return result;
	making->flash = flash_new(device, observer);
	if (making->flash == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	result = plan(making);
	if (result < 0)
		return result;
	set_uninterruptible(device, true);
	result = write_all(making);
	set_uninterruptible(device, false);
	return result;
}

/* The firmware that is going to be stored does the work, so it runs. */
static int start(struct making *making)
{
	struct clyde_device *device = &making->device;

	return firmware_start(making->context, device->link, &device->info,
		&making->firmware);
}

static int make(struct making *making, const char *uri,
	const struct clyde_observer *observer)
{
	struct clyde_device *device = &making->device;
	int result = device_find_named(making->context, uri, &device->link,
		&device->info, &device->revision);

	if (result < 0)
		return result;
	device->context = making->context;
	result = start(making);
	if (result == 0)
		result = work(making, observer);
	mgmt_free(device);
	device->link->ops->close(device->link);
	free(making->flash);
	return result;
}

static int prepare(struct making *making, const struct clyde_factory *factory)
{
	struct config_block unused = {0};
	int result = fill(factory, &unused);

	making->factory = factory;
	if (result == 0)
		result = firmware_given(factory->firmware,
			factory->firmware_size, &making->firmware);
	if (result == 0)
		result = boot_records_of(&making->firmware, &making->records);
	return result;
}

static int prepare_and_make(struct clyde_context *context, const char *uri,
	const struct clyde_factory *factory,
	const struct clyde_observer *observer)
{
	struct making *making = calloc(1, sizeof(*making));
	int result = check_given("factory", factory);

	if (making == NULL)
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	if (result == 0) {
		making->context = context;
		result = prepare(making, factory);
	}
	if (result == 0)
		result = make(making, uri, observer);
	free(making);
	return result;
}

CLYDE_API int clyde_factory(struct clyde_context *handle, const char *uri,
	const struct clyde_factory *factory,
	const struct clyde_observer *observer)
{
	return CALL(context, handle,
		prepare_and_make(context, uri, factory, observer));
}
