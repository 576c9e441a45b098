/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The cells of the part flash25.  Without a file they are memory that is zeros
 * at first, with all bits inverted, so that an erased chip of 64 MiB takes no
 * memory.  A file is mapped: it has what the chip has, at any time.
 */
#include "flash25.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ERASED 0xff
#define ALL    65536 /* of a share */

/* ---- The file ------------------------------------------------------------- */

static bool write_erased(int descriptor, uint32_t size)
{
	uint8_t block[FLASH25_SECTOR];

	memset(block, ERASED, sizeof(block));
	for (uint32_t at = 0; at < size; at += sizeof(block))
		if (write(descriptor, block, sizeof(block)) != sizeof(block))
			return false;
	return true;
}

static bool create(const struct flash25_options *options, char *why)
{
	int descriptor = open(
		options->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	bool good = descriptor >= 0 && write_erased(descriptor, options->size);
	int error = errno;

	if (descriptor >= 0)
		close(descriptor);
	if (!good)
		snprintf(why, PART_WHY_SIZE, "flash25: cannot write %s: %s",
			options->path, strerror(error));
	if (!good && descriptor >= 0)
		unlink(options->path);
	return good;
}

/* The file, opened, with the right size; or -1. */
static int open_file(const struct flash25_options *options, char *why)
{
	int descriptor = open(options->path, O_RDWR | O_CLOEXEC);
	struct stat stat;

	if (descriptor < 0 || fstat(descriptor, &stat) < 0) {
		snprintf(why, PART_WHY_SIZE, "flash25: cannot open %s: %s",
			options->path, strerror(errno));
	} else if (!S_ISREG(stat.st_mode) || stat.st_size != options->size) {
		snprintf(why, PART_WHY_SIZE,
			"flash25: %s has %lld bytes, and size=%u",
			options->path, (long long)stat.st_size, options->size);
	} else {
		return descriptor;
	}
	if (descriptor >= 0)
		close(descriptor);
	return -1;
}

bool flash25_array_check(
	const struct flash25_options *options, char why[PART_WHY_SIZE])
{
	int descriptor;

	if (options->path[0] == '\0')
		return true;
	if (access(options->path, F_OK) < 0 && errno == ENOENT)
		return create(options, why);
	descriptor = open_file(options, why);
	if (descriptor < 0)
		return false;
	close(descriptor);
	return true;
}

void flash25_array_open(
	struct flash25_array *array, const struct flash25_options *options)
{
	char why[PART_WHY_SIZE];
	int descriptor = -1;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *bytes;

	*array = (struct flash25_array){options->size, options->worn, NULL, 0};
	if (options->path[0]) {
		descriptor = open_file(options, why);
		flags = MAP_SHARED;
		if (descriptor < 0)
			return;
	} else {
		array->mask = ERASED;
	}
	bytes = mmap(NULL, options->size, PROT_READ | PROT_WRITE, flags,
		descriptor, 0);
	if (bytes != MAP_FAILED)
		array->bytes = bytes;
	if (descriptor >= 0)
		close(descriptor);
}

void flash25_array_close(struct flash25_array *array)
{
	if (array->bytes)
		munmap(array->bytes, array->size);
	array->bytes = NULL;
}

/* ---- Cells ---------------------------------------------------------------- */

uint8_t flash25_array_get(const struct flash25_array *array, uint32_t at)
{
	uint8_t byte = ERASED;

	/* A sanitizer does not see the end of mapped memory. */
	assert(at < array->size);
	if (array->bytes)
		byte = array->bytes[at] ^ array->mask;
	return at == array->worn ? byte & ~1 : byte;
}

static void set(struct flash25_array *array, uint32_t at, uint8_t byte)
{
	assert(at < array->size);
	/* A page of memory that does not change is not touched. */
	if (array->bytes && flash25_array_get(array, at) != byte)
		array->bytes[at] = byte ^ array->mask;
}

void flash25_array_program(struct flash25_array *array, uint32_t page,
	const uint8_t data[FLASH25_PAGE])
{
	for (uint32_t i = 0; i < FLASH25_PAGE; i++)
		set(array, page + i,
			flash25_array_get(array, page + i) & data[i]);
}

void flash25_array_erase(
	struct flash25_array *array, uint32_t from, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		set(array, from + i, ERASED);
}

/* ---- Interrupted operations ----------------------------------------------- */

/* A number of 32 bits that looks random, made from an address. */
static uint32_t scatter(uint32_t value)
{
	value ^= value >> 16;
	value *= 0x7feb352d;
	value ^= value >> 15;
	value *= 0x846ca68b;
	return value ^ value >> 16;
}

/* Which bits of the byte at this address have reached their new value.  A byte
   is early, late, or in the middle of its change. */
static uint8_t changed_bits(uint32_t at, uint32_t share)
{
	uint32_t random = scatter(at + share * ALL);
	uint32_t moment = random % ALL;

	if (share >= ALL || moment + ALL / 16 < share)
		return 0xff;
	return moment < share ? random >> 24 : 0;
}

void flash25_array_spoil_program(struct flash25_array *array, uint32_t page,
	const uint8_t data[FLASH25_PAGE], uint32_t share)
{
	for (uint32_t i = 0; i < FLASH25_PAGE; i++) {
		uint32_t at = page + i;

		set(array, at,
			flash25_array_get(array, at) &
				(data[i] | ~changed_bits(at, share)));
	}
}

void flash25_array_spoil_erase(struct flash25_array *array, uint32_t from,
	uint32_t size, uint32_t share)
{
	for (uint32_t i = 0; i < size; i++)
		set(array, from + i,
			flash25_array_get(array, from + i) |
				changed_bits(from + i, share));
}
