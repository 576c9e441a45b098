/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Where results go: lines for people, and a JSON document for programs.  The
 * document is built whether or not --json asks for it, so that commands need
 * not care.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct output {
	FILE *lines; /* NULL: not wanted */
	int error;   /* why the lines could not be written, or 0 */
	json_t *document;
	char *text;      /* written in place of the document, or NULL */
	bool incomplete; /* memory ran out while it was built */
	bool worth;      /* the document says something: write it */
	FILE *file;      /* of the document, or NULL */
	char *path;
	char *temporary; /* becomes path when it is complete */
};

/*
 * Open the document's file, "-" for stdout, NULL for none: a temporary one
 * beside it, so that what stands there is replaced by a whole document or
 * not at all.  -errno if it could not be written.
 */
int output_open(struct output *output, const char *path);

/* Write the document if it is worth it, and close.  -errno. */
int output_close(struct output *output);

/* Add to the document, or to an object in it.  value is taken over. */
void output_put(struct output *output, const char *name, json_t *value);
void output_add(
	struct output *output, json_t *object, const char *name, json_t *value);
/* Append to a list in the document. */
void output_append(struct output *output, const char *list, json_t *value);

/* A line for people: one, whatever characters a device put into it. */
void output_line(struct output *output, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "3.300 V"; zero is what 0 stands for. */
#define VOLTS_SIZE 16
const char *format_volts(
	unsigned millivolts, const char *zero, char text[VOLTS_SIZE]);

/* Overwrite control characters. */
void make_printable(char *text);

/* A string that came from a device, which need not be UTF-8. */
json_t *json_text(const char *text);

#endif
