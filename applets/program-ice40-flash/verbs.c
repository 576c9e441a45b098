/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The verbs of the applet program-ice40-flash, through the library's calls for
 * flash chips.  flash.c calls it while CRESET_B is low.
 */
#include "flash.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/number.h"

#define FILE_MAX (UINT32_C(64) << 20) /* the largest flash of the library */

static bool verb_is(struct clyde_run *run, const char *verb)
{
	return run_chosen(run, "verb", verb);
}

/* ---- Data ------------------------------------------------------------- */

static int file_error(const char *path)
{
	return set_error(CLYDE_ERROR_FILE, "program-ice40-flash: %s: %s", path,
		strerror(errno));
}

static int read_all(FILE *file, uint8_t *data, size_t *ret_size)
{
	*ret_size = fread(data, 1, FILE_MAX, file);
	if (ferror(file))
		return -1;
	return 0;
}

static int read_file(const char *path, uint8_t **ret_data, size_t *ret_size)
{
	FILE *file = fopen(path, "rbe");
	int result = 0;

	if (file == NULL)
		return file_error(path);
	*ret_data = malloc(FILE_MAX);
	if (*ret_data == NULL)
		result = set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	else if (read_all(file, *ret_data, ret_size) < 0)
		result = file_error(path);
	else if (*ret_size == 0)
		result = set_error(CLYDE_ERROR_INVALID,
			"program-ice40-flash: %s is empty", path);
	fclose(file);
	if (result < 0)
		free(*ret_data);
	return result;
}

static int parse_hex(const char *text, uint8_t **ret_data, size_t *ret_size)
{
	size_t length = strlen(text);
	uint8_t *data = calloc(1, length / 2 + 1);

	if (data == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < length; i++) {
		unsigned digit = number_digit(text[i]);

		if (digit > 15 || length % 2) {
			free(data);
			return set_error(CLYDE_ERROR_INVALID,
				"program-ice40-flash: data: '%s' is not a "
				"number of bytes in hexadecimal, like 0a1b",
				text);
		}
		data[i / 2] = data[i / 2] << 4 | digit;
	}
	*ret_data = data;
	*ret_size = length / 2;
	return 0;
}

int verb_data(struct clyde_run *run, uint8_t **ret_data, size_t *ret_size)
{
	const char *path = run_text(run, "file"), *text = run_text(run, "data");

	if (path)
		return read_file(path, ret_data, ret_size);
	return parse_hex(text, ret_data, ret_size);
}

int verb_check(struct clyde_run *run)
{
	bool file = run_text(run, "file"), text = run_text(run, "data");
	uint8_t *data;
	size_t size;
	int result;

	if (!verb_is(run, "write") && !verb_is(run, "verify"))
		return 0;
	if (file == text)
		return set_error(CLYDE_ERROR_INVALID,
			"program-ice40-flash: write and verify need --file or "
			"--data, and not both");
	result = verb_data(run, &data, &size);
	if (result == 0)
		free(data);
	return result;
}

/* ---- Verbs ------------------------------------------------------------ */

static int identify(struct clyde_run *run, struct clyde_flash *flash)
{
	struct clyde_flash_info info;
	char id[8];
	int result = clyde_flash_info(flash, &info);

	if (result < 0)
		return result;
	snprintf(id, sizeof(id), "%02x%02x%02x", info.jedec[0], info.jedec[1],
		info.jedec[2]);
	run_tell(run, "chips",
		(const struct clyde_field[]){TEXT_FIELD("jedec", id),
			TEXT_FIELD("maker", info.maker ? info.maker : ""),
			COUNT_FIELD("size", info.size),
			COUNT_FIELD("page_size", info.page_size), END_FIELD},
		"JEDEC id %s, %s, %" PRIu64 " KiB, pages of %" PRIu32 " B", id,
		info.maker ? info.maker : "unknown maker", info.size / 1024,
		info.page_size);
	return 0;
}

/* To the file, or as a line in hexadecimal. */
static int give(struct clyde_run *run, const uint8_t *data, size_t size)
{
	const char *path = run_text(run, "file");
	FILE *file;
	char *text;
	int result = 0;

	if (path == NULL) {
		text = malloc(2 * size + 1);
		if (text == NULL)
			return set_error(
				CLYDE_ERROR_NO_MEMORY, "out of memory");
		for (size_t i = 0; i < size; i++)
			snprintf(text + 2 * i, 3, "%02x", data[i]);
		run_tell(run, "data",
			(const struct clyde_field[]){
				TEXT_FIELD("data", text), END_FIELD},
			"%s", text);
		free(text);
		return 0;
	}
	file = fopen(path, "wbe");
	if (file == NULL)
		return file_error(path);
	if (fwrite(data, 1, size, file) != size)
		result = file_error(path);
	if (fclose(file) != 0 && result == 0)
		result = file_error(path);
	return result;
}

static int read_range(struct clyde_run *run, struct clyde_flash *flash)
{
	uint64_t address = run_value(run, "address");
	size_t size = run_value(run, "length");
	uint8_t *data = malloc(size ? size : 1);
	int result;

	if (data == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	result = clyde_flash_read(flash, address, data, size, NULL);
	if (result == 0)
		result = give(run, data, size);
	free(data);
	return result;
}

static int use_data(struct clyde_run *run, struct clyde_flash *flash)
{
	uint64_t address = run_value(run, "address");
	uint8_t *data;
	size_t size;
	int result = verb_data(run, &data, &size);

	if (result < 0)
		return result;
	if (verb_is(run, "write"))
		result = clyde_flash_write(flash, address, data, size, NULL);
	else
		result = clyde_flash_verify(flash, address, data, size, NULL);
	free(data);
	return result;
}

static int act(struct clyde_run *run, struct clyde_flash *flash)
{
	if (verb_is(run, "identify"))
		return 0;
	if (verb_is(run, "read"))
		return read_range(run, flash);
	if (verb_is(run, "erase"))
		return clyde_flash_erase(flash, run_value(run, "address"),
			run_value(run, "length"), NULL);
	if (verb_is(run, "erase-all"))
		return clyde_flash_erase_chip(flash, NULL);
	return use_data(run, flash);
}

int verb_run(struct clyde_run *run, struct clyde_flash *flash)
{
	static const struct {
		const char *verb, *done;
	} verbs[] = {
		{"read", "read"},
		{"verify", "verified"},
		{"write", "written and verified"},
		{"erase", "erased"},
		{"erase-all", "erased"},
	};
	int64_t from = 0, to = 0;
	int result = identify(run, flash);

	clyde_device_now(run_device(run), &from);
	if (result == 0)
		result = act(run, flash);
	clyde_device_now(run_device(run), &to);
	for (unsigned i = 0; result == 0 && i < 5; i++)
		if (verb_is(run, verbs[i].verb))
			run_tell(run, "events",
				(const struct clyde_field[]){
					TEXT_FIELD("event", verbs[i].verb),
					REAL_FIELD(
						"seconds", (to - from) / 1e9),
					END_FIELD},
				"%s in %.3f s", verbs[i].done,
				(to - from) / 1e9);
	return result;
}
