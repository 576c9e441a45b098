/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the two readers of report files share: JSON whose author nobody
   knows, checked as it is read. */
#ifndef CLI_REPORT_READ_H
#define CLI_REPORT_READ_H

#include <jansson.h>

#include "report.h"

struct reader {
	struct report *report;
	unsigned file;
	int error; /* 0, CLYDE_ERROR_CORRUPT or CLYDE_ERROR_NO_MEMORY */
	char *why; /* REPORT_WHY_SIZE */
	const char *list;
	size_t index; /* "modes[3]" */
};

/* Keep this failure, if it is the first.  Returns false. */
bool refuse(struct reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A member that must be there; NULL if it is not. */
const char *read_string(
	struct reader *reader, json_t *object, const char *name);
double read_number(struct reader *reader, json_t *object, const char *name);

/* One that may be missing or null: NULL, or not a number. */
const char *read_optional_string(
	struct reader *reader, json_t *object, const char *name);
double read_optional(struct reader *reader, json_t *object, const char *name);
bool read_flag(struct reader *reader, json_t *object, const char *name,
	bool otherwise);

/* Add a row, which is to be filled; NULL if that failed. */
struct report_row *add_row(struct reader *reader, enum report_kind kind,
	const char *group, const char *name);

/* Add to a row; false if that failed. */
bool add_value(struct reader *reader, struct report_row *row, double value);
bool add_core_share(
	struct reader *reader, struct report_row *row, double share);
/* The percentiles of the next value. */
bool add_figures(struct reader *reader, struct report_row *row,
	const double figures[REPORT_FIGURES]);
bool add_failure(
	struct reader *reader, struct report_row *row, const char *text);
bool add_histogram(
	struct reader *reader, struct report_row *row, json_t *object);
bool add_interval(struct reader *reader, struct report_row *row,
	const struct report_interval *interval);

/* The percentiles of a latency; those that are not there stay as they are. */
void read_figures(struct reader *reader, json_t *object, bool required,
	double figures[REPORT_FIGURES]);

bool is_latency(const char *mode);

/* The two kinds of files. */
void read_benchmark(struct reader *reader, json_t *root);
void read_compare(struct reader *reader, json_t *root);

#endif
