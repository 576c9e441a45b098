/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Writes the results of a command: lines on a stream, the document in a file.
   An incomplete document must never replace a file. */
#include "output.h"
#include "progress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOCUMENT_STYLE (JSON_INDENT(2) | JSON_REAL_PRECISION(15))

/* The permissions that open() gives a new file; mkstemp() gives others. */
static mode_t default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static int open_temporary(struct output *output, mode_t mode)
{
	int fd;

	if (asprintf(&output->temporary, "%s.XXXXXX", output->path) < 0) {
		output->temporary = NULL;
		return -ENOMEM;
	}
	fd = mkstemp(output->temporary);
	if (fd < 0) {
		free(output->temporary);
		output->temporary = NULL;
		return -errno;
	}
	fchmod(fd, mode);
	output->file = fdopen(fd, "w");
	if (output->file)
		return 0;
	close(fd);
	return -ENOMEM;
}

/* Symbolic links are followed, so that rename() replaces the file and not the
   link. */
static int open_existing(struct output *output, const struct stat *status)
{
	char *path = realpath(output->path, NULL);

	if (path == NULL)
		return -errno;
	free(output->path);
	output->path = path;
	if (access(path, W_OK) < 0)
		return -errno;
	if (S_ISREG(status->st_mode))
		return open_temporary(output, status->st_mode & 0777);
	/* A pipe or a terminal must not be replaced by a file. */
	output->file = fopen(path, "w");
	return output->file ? 0 : -errno;
}

int output_open(struct output *output, const char *path)
{
	struct stat status;

	output->lines = stdout;
	output->document = json_object();
	if (output->document == NULL)
		return -ENOMEM;
	if (path == NULL)
		return 0;
	if (strcmp(path, "-") == 0) {
		output->lines = NULL;
		output->file = stdout;
		return 0;
	}
	if (path[0] == '\0')
		return -ENOENT;
	output->path = strdup(path);
	if (output->path == NULL)
		return -ENOMEM;
	if (stat(path, &status) == 0)
		return open_existing(output, &status);
	if (errno != ENOENT)
		return -errno;
	return open_temporary(output, default_mode());
}

static int write_document(struct output *output)
{
	FILE *file = output->file;

	if (output->incomplete)
		return -ENOMEM;
	errno = 0;
	if (output->text) {
		if (fputs(output->text, file) == EOF || fflush(file) == EOF)
			return errno ? -errno : -ENOMEM;
		return 0;
	}
	if (json_dumpf(output->document, file, DOCUMENT_STYLE) < 0 ||
		putc('\n', file) == EOF || fflush(file) == EOF)
		return errno ? -errno : -ENOMEM;
	return 0;
}

int output_close(struct output *output)
{
	int result = 0;

	if (output->file && output->has_results)
		result = write_document(output);
	if (output->file && output->file != stdout &&
		fclose(output->file) == EOF && result == 0)
		result = -errno;
	if (output->temporary && output->has_results && result == 0 &&
		rename(output->temporary, output->path) < 0)
		result = -errno;
	if (output->temporary && (!output->has_results || result < 0))
		unlink(output->temporary);
	json_decref(output->document);
	free(output->text);
	free(output->temporary);
	free(output->path);
	*output = (struct output){0};
	return result;
}

void output_add(
	struct output *output, json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) < 0)
		output->incomplete = true;
}

void output_put(struct output *output, const char *name, json_t *value)
{
	output_add(output, output->document, name, value);
}

void output_append(struct output *output, const char *list, json_t *value)
{
	if (json_object_get(output->document, list) == NULL)
		output_put(output, list, json_array());
	if (json_array_append_new(
		    json_object_get(output->document, list), value) < 0)
		output->incomplete = true;
}

void output_line(struct output *output, const char *format, ...)
{
	va_list arguments;
	char *line;
	int size;

	if (output->lines == NULL)
		return;
	va_start(arguments, format);
	size = vasprintf(&line, format, arguments);
	va_end(arguments);
	if (size < 0) {
		output->incomplete = true;
		return;
	}
	make_printable(line);
	progress_clear();
	fprintf(output->lines, "%s\n", line);
	if (fflush(output->lines) == EOF && output->error == 0)
		output->error = errno;
	free(line);
}

const char *format_volts(
	unsigned millivolts, const char *zero, char text[VOLTS_SIZE])
{
	if (millivolts == 0)
		return zero;
	snprintf(text, VOLTS_SIZE, "%u.%03u V", millivolts / 1000 % 1000,
		millivolts % 1000);
	return text;
}

void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

json_t *json_text(const char *text)
{
	json_t *string = json_string(text);
	char *copy;

	if (string)
		return string;
	copy = strdup(text);
	if (copy == NULL)
		return NULL;
	for (char *at = copy; *at; at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	string = json_string(copy);
	free(copy);
	return string;
}
