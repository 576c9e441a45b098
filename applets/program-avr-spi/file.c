/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The files of the applet program-avr-spi: Intel HEX, or binary from address 0
 * on, as the extension says.  avr.c calls it.
 *
 * A file must never be taken in part: it is read and checked as a whole before
 * the chip is touched.
 */
#include "avr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ihex.h"

#define TEXT_MAX  (4 * AVR_FLASH_MAX) /* of a file in Intel HEX */
#define LINE_SIZE 16

static const char *extension(const char *path)
{
	const char *name = strrchr(path, '/'),
		   *dot = strrchr(name ? name : path, '.');

	return dot ? dot : "";
}

static bool is_hex(const char *path)
{
	const char *end = extension(path);

	return strcmp(end, ".hex") == 0 || strcmp(end, ".ihx") == 0 ||
		strcmp(end, ".ihex") == 0;
}

int image_check_name(const char *path)
{
	if (is_hex(path) || strcmp(extension(path), ".bin") == 0)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"program-avr-spi: the name of '%s' says no format: .bin is "
		"binary; .hex, .ihx and .ihex are Intel HEX",
		path);
}

static int file_error(const char *path)
{
	return set_error(CLYDE_ERROR_FILE, "program-avr-spi: %s: %s", path,
		strerror(errno));
}

/* At most `limit` bytes are read. */
static int read_file(
	const char *path, size_t limit, uint8_t **ret_text, size_t *ret_size)
{
	FILE *file = fopen(path, "rbe");
	uint8_t *text = malloc(limit);
	int result = 0;

	*ret_size = 0;
	if (file == NULL) {
		result = file_error(path);
	} else if (text == NULL) {
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	} else {
		*ret_size = fread(text, 1, limit, file);
		if (ferror(file))
			result = file_error(path);
	}
	if (file)
		fclose(file);
	if (result < 0) {
		free(text);
		text = NULL;
	}
	*ret_text = text;
	return result;
}

static int load_hex(const char *path, const struct avr_memory *memory,
	const uint8_t *text, size_t size, const struct image *image)
{
	char name[32], why[IHEX_WHY_SIZE];
	const struct ihex_memory into = {
		.name = name,
		.data = image->data,
		.used = image->used,
		.size = image->size,
	};

	snprintf(name, sizeof(name), "the %s", memory->name);
	if (ihex_read(text, size, &into, why))
		return 0;
	return set_error(
		CLYDE_ERROR_CORRUPT, "program-avr-spi: %s, %s", path, why);
}

static int load_binary(const char *path, const struct avr_memory *memory,
	const uint8_t *text, size_t size, const struct image *image)
{
	if (size > image->size)
		return set_error(CLYDE_ERROR_TOO_LARGE,
			"program-avr-spi: %s has more than the %u bytes of the "
			"%s",
			path, image->size, memory->name);
	if (size == 0)
		return set_error(CLYDE_ERROR_CORRUPT,
			"program-avr-spi: %s is empty", path);
	memcpy(image->data, text, size);
	memset(image->used, true, size);
	return 0;
}

int image_load(const char *path, const struct avr_memory *memory,
	struct image *ret_image)
{
	struct image image = {.size = memory->size};
	uint8_t *text;
	size_t size;
	int result = read_file(path, TEXT_MAX, &text, &size);

	if (result < 0)
		return result;
	image.data = malloc(image.size);
	image.used = calloc(image.size, sizeof(*image.used));
	if (image.data == NULL || image.used == NULL) {
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	} else {
		memset(image.data, 0xff, image.size);
		result = (is_hex(path) ? load_hex : load_binary)(
			path, memory, text, size, &image);
	}
	free(text);
	for (uint32_t i = 0; result == 0 && i < image.size; i++)
		image.bytes += image.used[i];
	if (result < 0)
		image_free(&image);
	*ret_image = image;
	return result;
}

void image_free(struct image *image)
{
	free(image->data);
	free(image->used);
	*image = (struct image){0};
}

/* ---- Saving ----------------------------------------------------------- */

static void put_record(FILE *file, uint8_t type, uint16_t address,
	const uint8_t *data, unsigned size)
{
	uint8_t sum = size + (address >> 8) + address + type;

	fprintf(file, ":%02X%04X%02X", size, address, type);
	for (unsigned i = 0; i < size; i++) {
		fprintf(file, "%02X", data[i]);
		sum += data[i];
	}
	fprintf(file, "%02X\n", (uint8_t)-sum);
}

static void put_hex(FILE *file, const uint8_t *data, uint32_t size)
{
	for (uint32_t at = 0; at < size; at += LINE_SIZE) {
		const uint8_t base[2] = {at >> 24, at >> 16};

		if (at && (at & 0xffff) == 0)
			put_record(file, 4, 0, base, 2);
		put_record(file, 0, at, data + at,
			size - at < LINE_SIZE ? size - at : LINE_SIZE);
	}
	put_record(file, 1, 0, NULL, 0);
}

int image_save(const char *path, const uint8_t *data, uint32_t size)
{
	FILE *file = fopen(path, "wbe");
	int result = 0;

	if (file == NULL)
		return file_error(path);
	if (is_hex(path))
		put_hex(file, data, size);
	else if (fwrite(data, 1, size, file) != size)
		result = file_error(path);
	if (result == 0 && ferror(file))
		result = file_error(path);
	if (fclose(file) != 0 && result == 0)
		result = file_error(path);
	return result;
}
