/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The calls of clyde.h that store firmware, a bitstream and settings in a
 * board's EEPROMs.
 *
 * After any write, whatever of it has arrived, the board must boot the old or
 * the new firmware or none, and must have its serial number and its limits; see
 * "The order of writes" in docs/decisions.md.
 */
#include "flash.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/wait.h"

#define ICE_MEM_SIZE  0x20000
#define BITSTREAM_MAX (ICE_MEM_SIZE + EEPROM_SIZE - EEPROM_BITSTREAM_TAIL)
#define BLOCK(member) offsetof(struct config_block, member)
#define STORED_SIZE   (BLOCK(unused) - BLOCK(bitstream_size))

/* ---- The configuration block ------------------------------------------ */

static int write_field(
	struct flash *flash, size_t offset, const void *bytes, size_t size)
{
	return flash_write(flash, CONFIG_ADDRESS + offset, bytes, size);
}

static int write_flags(struct flash *flash, uint8_t flags)
{
	return write_field(flash, BLOCK(flags), &flags, sizeof(flags));
}

/* Ports A and B; revC has no others. */
#define LIMITS_SIZE (2 * sizeof(uint16_t))

/* The limits of ports A and B as firmware reads them: without the flag they are
   behind those of the flag. */
static void get_limits(struct flash *flash, uint8_t *ret_limits)
{
	size_t offset = BLOCK(vlimit_mv) +
		(flash_block(flash)->flags & CONFIG_API_LEVEL_7 ? 0
								: LIMITS_SIZE);

	memcpy(ret_limits, flash->held + CONFIG_ADDRESS + offset, LIMITS_SIZE);
}

static int write_limits(
	struct flash *flash, bool current, const uint8_t *limits)
{
	return write_field(flash,
		BLOCK(vlimit_mv) + (current ? 0 : LIMITS_SIZE), limits,
		LIMITS_SIZE);
}

/* Convert the block of an older firmware, as upstream's tool does.  The flag
   that makes the new fields valid is written last. */
static int upgrade(struct flash *flash)
{
	static const uint8_t none[STORED_SIZE];
	uint8_t flags = flash_block(flash)->flags, limits[LIMITS_SIZE];
	int result;

	if (flags & CONFIG_API_LEVEL_7)
		return 0;
	get_limits(flash, limits);
	result = write_field(flash, BLOCK(bitstream_size), none, sizeof(none));
	if (result == 0)
		result = write_limits(flash, true, limits);
	if (result == 0)
		result = write_flags(flash, flags | CONFIG_API_LEVEL_7);
	return result;
}

/* ---- Firmware --------------------------------------------------------- */

static bool holds(
	struct flash *flash, const struct boot_records *records, bool firmware)
{
	bool disconnect = flash->held[7] & EEPROM_DISCONNECT;

	return memcmp(flash->held + BOOT_FIRMWARE_AT, records->bytes,
		       records->size) == 0 &&
		flash->held[0] ==
		(firmware ? EEPROM_BOOT_C2 : EEPROM_BOOT_C0) &&
		disconnect == firmware;
}

/* A write that failed after flash_disarm() */
static int without_firmware(struct flash *flash, int result)
{
	char why[CLYDE_WHY_SIZE];

	if (result >= 0 || flash->held[0] != EEPROM_BOOT_C0)
		return result;
	error_take(result, why);
	return set_error(result,
		"%s; until clyde flash is repeated, the board starts without "
		"firmware",
		why);
}

static int write_boot(
	struct flash *flash, const struct boot_records *records, bool firmware)
{
	int result = flash_read(flash, BOOT_FIRMWARE_AT, records->size);

	if (result < 0 || holds(flash, records, firmware))
		return result;
	/* A few seconds in which an interrupt would leave a board without
	   firmware. */
	set_uninterruptible(flash->device, true);
	result = flash_disarm(flash, flash_block(flash)->revision);
	if (result == 0)
		result = flash_write(
			flash, BOOT_FIRMWARE_AT, records->bytes, records->size);
	if (result == 0 && firmware)
		result = upgrade(flash);
	if (result == 0 && firmware)
		result = flash_arm(flash);
	set_uninterruptible(flash->device, false);
	return without_firmware(flash, result);
}

int firmware_records(
	const void *data, size_t size, struct boot_records *ret_records)
{
	struct ihex *ihex = malloc(sizeof(*ihex));
	int result;

	ret_records->size = 0;
	if (ihex == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	result = firmware_given(data, size, ihex);
	if (result == 0)
		result = boot_records_of(ihex, ret_records);
	free(ihex);
	return result;
}

/* ---- Bitstream -------------------------------------------------------- */

static bool stores(struct flash *flash, const struct mgmt_bitstream *bitstream)
{
	const struct config_block *block = flash_block(flash);

	if (!(block->flags & CONFIG_API_LEVEL_7))
		return bitstream->size == 0;
	return block->bitstream_size == bitstream->size &&
		(bitstream->size == 0 ||
			memcmp(block->bitstream_id, bitstream->id,
				FPGA_ID_SIZE) == 0);
}

/* The device has written size and id itself, and the bitstream; of the
   bitstream, only the part in the FX2's EEPROM can be read. */
static int verify_bitstream(struct flash *flash,
	const struct mgmt_bitstream *bitstream, const uint8_t *bytes)
{
	struct clyde_device *device = flash->device;
	size_t tail = bitstream->size > ICE_MEM_SIZE
		? bitstream->size - ICE_MEM_SIZE
		: 0;
	int result =
		flash_read(flash, CONFIG_ADDRESS, sizeof(struct config_block));

	if (result == 0)
		result = flash_read(flash, EEPROM_BITSTREAM_TAIL, tail);
	if (result < 0)
		return result;
	if (memcmp(&flash_block(flash)->bitstream_size, bitstream,
		    sizeof(*bitstream)) != 0)
		return set_error(CLYDE_ERROR_VERIFY,
			"the EEPROM of %s does not verify: it holds another "
			"size or id than that of the bitstream",
			device_name(&device->info));
	if (tail > 0 &&
		memcmp(flash->held + EEPROM_BITSTREAM_TAIL,
			bytes + ICE_MEM_SIZE, tail) != 0)
		return set_error(CLYDE_ERROR_VERIFY,
			"the EEPROM of %s does not verify: the end of the "
			"bitstream, from address 0x%04x on, differs",
			device_name(&device->info), EEPROM_BITSTREAM_TAIL);
	return 0;
}

/*
 * While the flag is clear, the firmware ignores size and id of the bitstream,
 * which the device writes itself, and takes the limits from their old place.
 */
static int write_bitstream(struct flash *flash,
	const struct mgmt_bitstream *bitstream, const uint8_t *bytes)
{
	const struct config_block old = *flash_block(flash);
	bool current = old.flags & CONFIG_API_LEVEL_7;
	uint8_t limits[LIMITS_SIZE];
	int result = 0;

	get_limits(flash, limits);
	if (current) {
		result = write_limits(flash, false, limits);
		if (result == 0)
			result = write_flags(
				flash, old.flags & ~CONFIG_API_LEVEL_7);
	}
	if (result == 0)
		result = fpga_store(
			flash->device, bitstream, bytes, flash->observer);
	if (result == 0)
		result = verify_bitstream(flash, bitstream, bytes);
	if (result == 0)
		result = write_limits(flash, true, limits);
	if (result == 0)
		result = write_flags(flash, old.flags | CONFIG_API_LEVEL_7);
	/* What was there for ports that revC does not have */
	if (result == 0 && current)
		result = write_field(flash, BLOCK(vlimit_mv) + LIMITS_SIZE,
			&old.vlimit_mv[2], LIMITS_SIZE);
	flash->written += result == 0;
	return result;
}

/* ---- Calls ------------------------------------------------------------ */

/* Read header and block, which must be valid: a write must not turn a board
   that needs clyde factory into one that seems not to. */
static int begin(struct flash *flash, struct clyde_config *ret_config)
{
	struct clyde_device *device = flash->device;
	char why[CLYDE_WHY_SIZE];
	int result =
		check_revision(device->revision, device_name(&device->info));

	if (result == 0)
		result = flash_read(flash, 0, BOOT_FIRMWARE_AT);
	if (result < 0)
		return result;
	result = boot_config_read(flash->held, ret_config);
	if (result >= 0)
		return 0;
	error_take(result, why);
	return set_error(result,
		"the boot image in the EEPROM of %s is corrupt: %s; clyde "
		"factory writes it anew",
		device_name(&device->info), why);
}

/* What a call does after begin(). */
struct order {
	int (*write)(struct flash *flash, const struct order *order);
	const struct boot_records *records;
	bool firmware; /* the records have some */
	const struct clyde_config *backup;
	const struct mgmt_bitstream *bitstream;
	const uint8_t *bytes; /* of the bitstream */
	bool webusb;
};

/* Returns 1 if anything was written, 0 if the device had it all. */
static int carry_out(struct clyde_device *device,
	const struct clyde_observer *observer, const struct order *order)
{
	struct flash *flash = flash_new(device, observer);
	struct clyde_config config;
	int result;

	if (flash == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	result = begin(flash, &config);
	if (result == 0 && order->backup &&
		strcmp(config.serial, order->backup->serial) != 0)
		result = set_error(CLYDE_ERROR_INVALID,
			"the backup is that of another board, %s-%s",
			order->backup->revision, order->backup->serial);
	if (result == 0)
		result = order->write(flash, order);
	if (result == 0)
		result = flash->written > 0;
	free(flash);
	return result;
}

static int order_boot(struct flash *flash, const struct order *order)
{
	return write_boot(flash, order->records, order->firmware);
}

static int flash_firmware(struct clyde_device *device, const void *data,
	size_t size, const struct clyde_observer *observer)
{
	struct boot_records records;
	struct order order = {
		.write = order_boot, .records = &records, .firmware = true};
	int result = firmware_records(data, size, &records);

	return result == 0 ? carry_out(device, observer, &order) : result;
}

CLYDE_API int clyde_flash_firmware(struct clyde_device *handle,
	const void *data, size_t size, const struct clyde_observer *observer)
{
	return CALL(
		device, handle, flash_firmware(device, data, size, observer));
}

/* Compare with the records that this library would write. */
static int compare_own(struct flash *flash, const struct boot_records *records)
{
	int result = flash_read(flash, BOOT_FIRMWARE_AT, records->size);

	if (result < 0)
		return result;
	return memcmp(flash->held + BOOT_FIRMWARE_AT, records->bytes,
		       records->size) == 0
		? CLYDE_FLASHED_OWN
		: CLYDE_FLASHED_OTHER;
}

static int read_flashed(struct flash *flash)
{
	struct boot_records records;
	uint8_t id[CLYDE_FPGA_ID_SIZE];
	int result = flash_read(flash, 0, BOOT_HEADER_SIZE);

	if (result < 0)
		return result;
	if (flash->held[0] != EEPROM_BOOT_C2)
		return CLYDE_FLASHED_NONE;
	if (!clyde_firmware_own(id))
		return CLYDE_FLASHED_OTHER;
	result = firmware_records(NULL, 0, &records);
	return result == 0 ? compare_own(flash, &records) : result;
}

static int holds_firmware(struct clyde_device *device)
{
	struct flash *flash = flash_new(device, NULL);
	int result;

	if (flash == NULL)
		return CLYDE_ERROR_NO_MEMORY;
	result = read_flashed(flash);
	free(flash);
	return result;
}

CLYDE_API int clyde_flash_holds(struct clyde_device *handle)
{
	return CALL(device, handle, holds_firmware(device));
}

static int remove_firmware(
	struct clyde_device *device, const struct clyde_observer *observer)
{
	struct boot_records records;
	struct order order = {.write = order_boot, .records = &records};

	boot_records_empty(&records);
	return carry_out(device, observer, &order);
}

CLYDE_API int clyde_flash_remove_firmware(
	struct clyde_device *handle, const struct clyde_observer *observer)
{
	return CALL(device, handle, remove_firmware(device, observer));
}

static int order_bitstream(struct flash *flash, const struct order *order)
{
	if (stores(flash, order->bitstream))
		return 0;
	return write_bitstream(flash, order->bitstream, order->bytes);
}

static int flash_bitstream(struct clyde_device *device, const void *bytes,
	size_t size, const uint8_t *id, const struct clyde_observer *observer)
{
	struct mgmt_bitstream bitstream;
	struct order order = {
		.write = order_bitstream, .bitstream = &bitstream};

	if (bytes == NULL && size == 0) {
		bytes = image_bytes;
		size = image_size;
		id = image_id;
	}
	if (check_given("bitstream", bytes) < 0 || check_given("id", id) < 0)
		return CLYDE_ERROR_INVALID;
	if (size == 0)
		return set_error(CLYDE_ERROR_INVALID, "a bitstream of 0 bytes");
	if (size > BITSTREAM_MAX)
		return set_error(CLYDE_ERROR_TOO_LARGE,
			"a bitstream of %zu bytes does not fit into the "
			"EEPROMs, which have %d for it",
			size, BITSTREAM_MAX);
	bitstream.size = size;
	memcpy(bitstream.id, id, sizeof(bitstream.id));
	order.bytes = bytes;
	return carry_out(device, observer, &order);
}

CLYDE_API int clyde_flash_bitstream(struct clyde_device *handle,
	const void *bitstream, size_t size,
	const uint8_t id[CLYDE_FPGA_ID_SIZE],
	const struct clyde_observer *observer)
{
	return CALL(device, handle,
		flash_bitstream(device, bitstream, size, id, observer));
}

static int remove_bitstream(struct clyde_device *device)
{
	static const struct mgmt_bitstream none;
	struct order order = {.write = order_bitstream, .bitstream = &none};

	return carry_out(device, NULL, &order);
}

CLYDE_API int clyde_flash_remove_bitstream(struct clyde_device *handle)
{
	return CALL(device, handle, remove_bitstream(device));
}

/* An older block is converted first: the power may fail while the byte of the
   flags is erased to 0xff, which makes the new fields valid. */
static int order_webusb(struct flash *flash, const struct order *order)
{
	bool advertised = flash_block(flash)->flags & CONFIG_WEBUSB;
	int result;

	if (advertised == order->webusb)
		return 0;
	result = upgrade(flash);
	if (result < 0)
		return result;
	return write_flags(flash, flash_block(flash)->flags ^ CONFIG_WEBUSB);
}

static int flash_webusb(struct clyde_device *device, bool advertise)
{
	struct order order = {.write = order_webusb, .webusb = advertise};

	return carry_out(device, NULL, &order);
}

CLYDE_API int clyde_flash_webusb(struct clyde_device *handle, bool advertise)
{
	return CALL(device, handle, flash_webusb(device, advertise));
}

static int order_restore(struct flash *flash, const struct order *order)
{
	int result = write_boot(flash, order->records, order->firmware);

	return result < 0 ? result : order_webusb(flash, order);
}

static int restore(struct clyde_device *device, const uint8_t *backup,
	size_t size, const struct clyde_observer *observer)
{
	struct boot_records records;
	struct clyde_config config = {0};
	struct order order = {
		.write = order_restore, .records = &records, .backup = &config};
	char why[CLYDE_WHY_SIZE];
	int result = check_given("backup", backup);

	if (result < 0)
		return result;
	if (size == EEPROM_SIZE)
		result = boot_image_read(backup, size, &config, &records);
	else
		result = set_error(CLYDE_ERROR_BACKUP,
			"it has %zu bytes, not %d", size, EEPROM_SIZE);
	if (result < 0) {
		error_take(result, why);
		return set_error(CLYDE_ERROR_BACKUP,
			"that is no whole backup of an EEPROM: %s", why);
	}
	order.firmware = result;
	order.webusb = config.webusb;
	return carry_out(device, observer, &order);
}

CLYDE_API int clyde_flash_restore(struct clyde_device *handle,
	const void *backup, size_t size, const struct clyde_observer *observer)
{
	return CALL(device, handle, restore(device, backup, size, observer));
}
