/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The user's bytes: from the command line, from a file, and to a file.
 * memory.c calls it.  A file that is written has a temporary name beside the
 * final one until it is complete, so that an interrupted read leaves nothing
 * that looks like the content of a chip.
 */
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* B; no chip is larger, and twice as much is a size_t */
#define SIZE_MAX_OF_CHIPS \
	(SIZE_MAX > UINT32_MAX ? UINT64_C(1) << 32 : SIZE_MAX / 2)

static int fail_file(const char *what, const char *name)
{
	return set_error(
		CLYDE_ERROR_FILE, "%s %s: %s", what, name, strerror(errno));
}

/* ---- Sources ---------------------------------------------------------- */

static int hex_digit(char digit)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *at = digit ? strchr(digits, digit) : NULL;

	if (at == NULL)
		return -1;
	return at - digits < 16 ? at - digits : at - digits - 6;
}

static int parse_hex(const char *text, struct source *source)
{
	source->what = "the data";
	source->data = malloc(strlen(text) / 2 + 1);
	if (source->data == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	while (*text) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (*text == ' ') {
			text++;
			continue;
		}
		if (low < 0)
			return set_error(CLYDE_ERROR_INVALID,
				"data: hex digits are wanted, two for each "
				"byte, and not '%.8s'",
				text);
		source->data[source->size++] = high << 4 | low;
		text += 2;
	}
	return 0;
}

static int read_stream(FILE *stream, struct source *source)
{
	size_t room = 0;

	for (;;) {
		uint8_t *larger;
		size_t got;

		if (source->size == room) {
			room = room ? 2 * room : 1 << 16;
			larger = realloc(source->data, room);
			if (larger == NULL)
				return set_error(
					CLYDE_ERROR_NO_MEMORY, "out of memory");
			source->data = larger;
		}
		got = fread(source->data + source->size, 1, room - source->size,
			stream);
		source->size += got;
		if (ferror(stream))
			return fail_file("cannot read", source->what);
		if (got == 0)
			return 0;
		if (source->size >= SIZE_MAX_OF_CHIPS)
			return set_error(CLYDE_ERROR_INVALID,
				"%s is larger than any chip", source->what);
	}
}

static int read_file(const char *name, struct source *source)
{
	FILE *stream = fopen(name, "rbe");
	int result;

	source->what = name;
	if (stream == NULL)
		return fail_file("cannot open", name);
	result = read_stream(stream, source);
	fclose(stream);
	return result;
}

static int check_size(const struct source *source)
{
	if (source->size > 0)
		return 0;
	return set_error(CLYDE_ERROR_INVALID, "%s has no bytes", source->what);
}

/* A file is read later: a pipe can be read only once. */
int source_check(struct clyde_run *run)
{
	const char *data = run_text(run, "data");
	const char *file = run_text(run, "file");
	struct source source = {0};
	int result;

	if (!data == !file)
		return set_error(CLYDE_ERROR_INVALID,
			"the bytes are missing: give either --file or --data");
	if (file)
		return access(file, R_OK) == 0 ? 0
					       : fail_file("cannot open", file);
	result = parse_hex(data, &source);
	if (result == 0)
		result = check_size(&source);
	source_free(&source);
	return result;
}

int source_load(struct clyde_run *run, struct source *source)
{
	const char *data = run_text(run, "data");
	const char *file = run_text(run, "file");
	int result;

	*source = (struct source){0};
	result = data ? parse_hex(data, source) : read_file(file, source);
	if (result == 0)
		result = check_size(source);
	if (result < 0)
		source_free(source);
	return result;
}

void source_free(struct source *source)
{
	free(source->data);
	source->data = NULL;
}

/* ---- Sinks ------------------------------------------------------------ */

/* A pipe or a device has no content that could be replaced. */
static bool is_special(const char *name)
{
	struct stat status;

	return stat(name, &status) == 0 && !S_ISREG(status.st_mode);
}

static int open_temporary(struct sink *sink)
{
	mode_t mask;
	int file;

	if (asprintf(&sink->temporary, "%s.XXXXXX", sink->name) < 0) {
		sink->temporary = NULL;
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	}
	file = mkstemp(sink->temporary);
	if (file < 0) {
		fail_file("cannot write", sink->name);
		free(sink->temporary);
		sink->temporary = NULL;
		return CLYDE_ERROR_FILE;
	}
	mask = umask(0);
	umask(mask);
	fchmod(file, 0666 & ~mask);
	sink->stream = fdopen(file, "wb");
	if (sink->stream)
		return 0;
	fail_file("cannot write", sink->name);
	close(file);
	unlink(sink->temporary);
	free(sink->temporary);
	sink->temporary = NULL;
	return CLYDE_ERROR_FILE;
}

int sink_open(struct clyde_run *run, struct sink *sink)
{
	*sink = (struct sink){.name = run_text(run, "file")};
	if (!is_special(sink->name))
		return open_temporary(sink);
	sink->stream = fopen(sink->name, "wbe");
	return sink->stream ? 0 : fail_file("cannot write", sink->name);
}

int sink_close(struct sink *sink, int result, const uint8_t *data, size_t size)
{
	bool written;

	if (sink->stream == NULL)
		return result;
	written = result == 0 && fwrite(data, 1, size, sink->stream) == size;
	if (fclose(sink->stream) != 0)
		written = false;
	if (written && sink->temporary)
		written = rename(sink->temporary, sink->name) == 0;
	if (!written && result == 0)
		result = fail_file("cannot write", sink->name);
	if (!written && sink->temporary)
		unlink(sink->temporary);
	free(sink->temporary);
	*sink = (struct sink){0};
	return result;
}
