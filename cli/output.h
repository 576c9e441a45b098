/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The results of a command: lines for people, and a JSON document for programs.
 * The document is built with and without --json, so that commands need not
 * tell the two apart.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct output {
	FILE *lines; /* NULL: print none */
	int error;   /* errno of the first failed write of a line, or 0 */
	json_t *document;
	char *text;       /* written in place of the document, or NULL */
	bool incomplete;  /* memory ran out while the document was built */
	bool has_results; /* write the document at output_close() */
	FILE *file;       /* of the document, or NULL */
	char *path;
	char *temporary; /* renamed to path when it is complete */
};

/*
 * Open the document's file; "-" is standard output, NULL none.  A regular file
 * is written under a temporary name beside it, so that path has its old content
 * or the whole document.  Returns 0, or -errno if the file cannot be written.
 */
int output_open(struct output *output, const char *path);

/* Write the document if has_results, and close.  Returns 0 or -errno. */
int output_close(struct output *output);

/* Add to the document, or to an object in it.  The reference to value is taken
   over; a failure sets `incomplete`. */
void output_put(struct output *output, const char *name, json_t *value);
void output_add(
	struct output *output, json_t *object, const char *name, json_t *value);
/* Append to a list in the document. */
void output_append(struct output *output, const char *list, json_t *value);

/* Print a line.  Control characters in it, which may come from a device, are
   replaced, so that it stays one line. */
void output_line(struct output *output, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "3.300 V"; returns `zero` for 0, else `text`. */
#define VOLTS_SIZE 16
const char *format_volts(
	unsigned millivolts, const char *zero, char text[VOLTS_SIZE]);

/* Replace control characters by '?'. */
void make_printable(char *text);

/* A JSON string.  If text, which may come from a device, is not UTF-8, each
   byte above 0x7f is replaced by '?'.  NULL if memory ran out. */
json_t *json_text(const char *text);

#endif
