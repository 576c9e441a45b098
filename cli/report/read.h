/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the readers of the two kinds of files share: access to members of JSON,
   which is not trusted and is checked on each access. */
#ifndef CLI_REPORT_READ_H
#define CLI_REPORT_READ_H

#include <jansson.h>

#include "report.h"

struct reader {
	struct report *report;
	unsigned file;
	int error; /* 0, CLYDE_ERROR_CORRUPT or CLYDE_ERROR_NO_MEMORY */
	char *why; /* the message of the error; REPORT_WHY_SIZE bytes */
	/* The list that is being read, and the index in it: "modes[3]" */
	const char *list;
	size_t index;
};

/* Record an error, if it is the first.  Returns false. */
bool refuse(struct reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A required member.  If it is missing or of another type, the error is
   recorded; NULL, or NAN. */
const char *read_string(
	struct reader *reader, json_t *object, const char *name);
double read_number(struct reader *reader, json_t *object, const char *name);

/* An optional member.  NULL, NAN or `otherwise` if it is missing; a string or
   a number may also be null. */
const char *read_optional_string(
	struct reader *reader, json_t *object, const char *name);
double read_optional(struct reader *reader, json_t *object, const char *name);
bool read_flag(struct reader *reader, json_t *object, const char *name,
	bool otherwise);

/* Add a row without values.  NULL if that failed.  It moves all rows: earlier
   pointers to rows are not valid any more. */
struct report_row *add_row(struct reader *reader, enum report_kind kind,
	const char *group, const char *name);

/* Add to a row; false if that failed. */
bool add_value(struct reader *reader, struct report_row *row, double value);
bool add_core_share(
	struct reader *reader, struct report_row *row, double share);
/* The figures that belong to the next add_value() */
bool add_figures(struct reader *reader, struct report_row *row,
	const double figures[REPORT_FIGURES]);
bool add_failure(
	struct reader *reader, struct report_row *row, const char *text);
bool add_histogram(
	struct reader *reader, struct report_row *row, json_t *object);
bool add_interval(struct reader *reader, struct report_row *row,
	const struct report_interval *interval);

/* Read the figures of a latency; without `required`, missing ones are NAN. */
void read_figures(struct reader *reader, json_t *object, bool required,
	double figures[REPORT_FIGURES]);

bool is_latency(const char *mode);

/* The two kinds of files. */
void read_benchmark(struct reader *reader, json_t *root);
void read_compare(struct reader *reader, json_t *root);

#endif
