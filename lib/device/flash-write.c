/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Writes the EEPROM in safe steps, see flash.h.
 *
 * The header must never say that the 8051 is disconnected (bit 6 of byte 7)
 * while byte 0 says that there is no firmware: the board would not appear on the
 * bus at all.
 */
#include "descriptor.h"
#include "flash.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BOOT     0
#define HEADER_IDS      1
#define HEADER_SETTINGS 7

/* A read that reports progress between its parts. */
#define READ_CHUNK 512

struct flash *flash_new(
	struct clyde_device *device, const struct clyde_observer *observer)
{
	struct flash *flash = calloc(1, sizeof(*flash));

	if (flash == NULL) {
		set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
		return NULL;
	}
	flash->device = device;
	flash->observer = observer;
	return flash;
}

static int read_range(struct flash *flash, const char *what, uint16_t address,
	uint8_t *data, size_t size)
{
	int result = 0;

	for (size_t done = 0; done < size && result == 0;) {
		size_t chunk =
			size - done < READ_CHUNK ? size - done : READ_CHUNK;

		result = eeprom_read(
			flash->device, address + done, data + done, chunk);
		done += chunk;
		observer_progress(flash->observer, what, done, size);
	}
	return result;
}

int flash_read(struct flash *flash, uint16_t address, size_t size)
{
	return read_range(flash, "reading the EEPROM", address,
		flash->held + address, size);
}

static int verify(struct flash *flash, uint16_t address, size_t size)
{
	static const char what[] = "verifying the EEPROM";
	const uint8_t *held = flash->held + address;
	uint8_t *back = malloc(size);
	int result;

	if (back == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	result = read_range(flash, what, address, back, size);
	for (size_t i = 0; i < size && result == 0; i++)
		if (back[i] != held[i])
			result = set_error(CLYDE_ERROR_VERIFY,
				"the EEPROM of %s does not verify: address "
				"0x%04zx reads 0x%02x, and 0x%02x was written",
				device_name(&flash->device->info), address + i,
				back[i], held[i]);
	free(back);
	return result;
}

/* Write what differs in a range inside one block of 32 bytes. */
static int write_block(
	struct flash *flash, size_t first, size_t last, const uint8_t *bytes)
{
	const uint8_t *held = flash->held;
	size_t from = first;
	int result;

	while (first < last && held[first] == bytes[first - from])
		first++;
	while (last > first && held[last - 1] == bytes[last - 1 - from])
		last--;
	if (first == last)
		return 0;
	result = eeprom_write(
		flash->device, first, bytes + first - from, last - first);
	if (result < 0)
		return result;
	memcpy(flash->held + first, bytes + first - from, last - first);
	flash->written += last - first;
	return 0;
}

int flash_write(
	struct flash *flash, uint16_t address, const void *bytes, size_t size)
{
	size_t before = flash->written, end = address + size, next;
	int result = 0;

	for (size_t at = address; at < end && result == 0; at = next) {
		next = (at | (MGMT_DATA_SIZE - 1)) + 1;
		if (next > end)
			next = end;
		result = write_block(
			flash, at, next, (const uint8_t *)bytes + at - address);
		observer_progress(flash->observer, "writing the EEPROM",
			next - address, size);
	}
	if (result < 0 || flash->written == before)
		return result;
	return verify(flash, address, size);
}

int flash_write_byte(struct flash *flash, uint16_t address, uint8_t byte)
{
	return flash_write(flash, address, &byte, 1);
}

int flash_disarm(struct flash *flash, uint8_t revision)
{
	uint8_t header[BOOT_HEADER_SIZE];
	int result = flash_write_byte(flash, HEADER_SETTINGS,
		flash->held[HEADER_SETTINGS] & ~EEPROM_DISCONNECT);

	boot_header(revision, false, header);
	if (result == 0)
		result = flash_write(flash, HEADER_IDS, header + HEADER_IDS,
			HEADER_SETTINGS - HEADER_IDS);
	if (result == 0)
		result = flash_write_byte(
			flash, HEADER_BOOT, header[HEADER_BOOT]);
	return result;
}

int flash_arm(struct flash *flash)
{
	int result = flash_write_byte(flash, HEADER_BOOT, EEPROM_BOOT_C2);

	if (result == 0)
		result = flash_write_byte(flash, HEADER_SETTINGS,
			flash->held[HEADER_SETTINGS] | EEPROM_DISCONNECT);
	return result;
}

int check_revision(uint8_t revision, const char *name)
{
	char text[8];

	if (revision >= REVISION_C0 && revision <= REVISION_C3)
		return 0;
	revision_text(revision, text);
	return set_error(CLYDE_ERROR_REVISION,
		"%s is of revision %s; this is for C0 to C3 only, upstream's "
		"tool knows others: glasgow flash",
		name, text);
}
