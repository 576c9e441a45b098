/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The cells of a part's memory, see content.h. */
#include "content.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 1024

/* False, and a sentence: what failed, and errno. */
static bool complain(const struct part *part, const char *what,
	const char *path, char why[PART_WHY_SIZE])
{
	snprintf(why, PART_WHY_SIZE, "%s: cannot %s %s: %s", part->kind->name,
		what, path, strerror(errno));
	return false;
}

static bool write_erased(int descriptor, uint32_t size)
{
	uint8_t block[BLOCK];

	memset(block, CONTENT_ERASED, sizeof(block));
	while (size > 0) {
		uint32_t step = size < BLOCK ? size : BLOCK;

		if (write(descriptor, block, step) != (ssize_t)step)
			return false;
		size -= step;
	}
	return true;
}

static bool create(const struct part *part, const char *path, uint32_t size,
	char why[PART_WHY_SIZE])
{
	int descriptor =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	bool good = descriptor >= 0 && write_erased(descriptor, size);

	if (!good)
		complain(part, "write", path, why);
	if (descriptor >= 0)
		close(descriptor);
	if (!good && descriptor >= 0)
		unlink(path);
	return good;
}

static bool has_size(int descriptor, uint32_t size, long long *ret_size)
{
	struct stat stat;

	*ret_size = fstat(descriptor, &stat) < 0 ? -1 : stat.st_size;
	return *ret_size == size && S_ISREG(stat.st_mode);
}

bool content_check(const struct part *part, const char *path, uint32_t size,
	char why[PART_WHY_SIZE])
{
	long long found;
	int descriptor;
	bool good;

	if (*path == '\0')
		return true;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return create(part, path, size, why);
	descriptor = open(path, O_RDWR | O_CLOEXEC);
	if (descriptor < 0)
		return complain(part, "open", path, why);
	good = has_size(descriptor, size, &found);
	if (!good)
		snprintf(why, PART_WHY_SIZE, "%s: %s has %lld bytes, not %u",
			part->kind->name, path, found, size);
	close(descriptor);
	return good;
}

void content_open(struct content *content, const char *path, uint32_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	int descriptor = -1;
	long long found;
	void *bytes;

	*content = (struct content){.size = size};
	if (*path) {
		descriptor = open(path, O_RDWR | O_CLOEXEC);
		flags = MAP_SHARED;
	} else {
		content->mask = CONTENT_ERASED;
	}
	if (*path == '\0' ||
		(descriptor >= 0 && has_size(descriptor, size, &found))) {
		bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, flags,
			descriptor, 0);
		if (bytes != MAP_FAILED)
			content->bytes = bytes;
	}
	if (descriptor >= 0)
		close(descriptor);
}

void content_close(struct content *content)
{
	if (content->bytes)
		munmap(content->bytes, content->size);
	content->bytes = NULL;
}

uint8_t content_get(const struct content *content, uint32_t at)
{
	/* A sanitizer does not see the end of mapped memory. */
	assert(at < content->size);
	return content->bytes ? content->bytes[at] ^ content->mask
			      : CONTENT_ERASED;
}

/* A page of memory that does not change is not touched. */
void content_set(struct content *content, uint32_t at, uint8_t byte)
{
	if (content_get(content, at) != byte && content->bytes)
		content->bytes[at] = byte ^ content->mask;
}

static bool is_all(const uint8_t *bytes, uint8_t value, size_t size)
{
	return bytes[0] == value && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* Block by block, since one that is erased is not touched. */
void content_erase(struct content *content, uint32_t from, uint32_t size)
{
	uint8_t erased = CONTENT_ERASED ^ content->mask;
	uint32_t step;

	assert(from <= content->size && size <= content->size - from);
	if (content->bytes == NULL)
		return;
	for (uint8_t *at = content->bytes + from; size > 0; at += step) {
		step = size < BLOCK ? size : BLOCK;
		if (!is_all(at, erased, step))
			memset(at, erased, step);
		size -= step;
	}
}
