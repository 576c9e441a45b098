/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Reads a file of results into rows; cli/commands/report.c calls report_read().
 * A file may contain anything: members are checked as they are read, numbers
 * and counts are bounded, and the first error ends the reading.
 */
#include "read.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 1e15
#define ROWS_MAX   4096
#define TEXT_MAX   200

bool refuse(struct reader *reader, const char *format, ...)
{
	va_list arguments;
	int used = 0;

	if (reader->error < 0)
		return false;
	reader->error = CLYDE_ERROR_CORRUPT;
	if (reader->list)
		used = snprintf(reader->why, REPORT_WHY_SIZE,
			"%s[%zu]: ", reader->list, reader->index);
	va_start(arguments, format);
	vsnprintf(
		reader->why + used, REPORT_WHY_SIZE - used, format, arguments);
	va_end(arguments);
	return false;
}

static bool out_of_memory(struct reader *reader)
{
	if (reader->error == 0)
		snprintf(reader->why, REPORT_WHY_SIZE, "out of memory");
	reader->error = CLYDE_ERROR_NO_MEMORY;
	return false;
}

/* ---- Members ---------------------------------------------------------- */

const char *read_optional_string(
	struct reader *reader, json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (value == NULL || json_is_null(value))
		return NULL;
	if (json_is_string(value))
		return json_string_value(value);
	refuse(reader, "%s is not a string", name);
	return NULL;
}

const char *read_string(struct reader *reader, json_t *object, const char *name)
{
	const char *text = read_optional_string(reader, object, name);

	if (text == NULL)
		refuse(reader, "%s is missing", name);
	return text;
}

static double number_of(struct reader *reader, json_t *value, const char *name)
{
	double number = json_number_value(value);

	if (!json_is_number(value))
		refuse(reader, "%s is not a number", name);
	else if (!(number >= 0 && number <= NUMBER_MAX))
		refuse(reader, "%s is out of range", name);
	else
		return number;
	return NAN;
}

double read_optional(struct reader *reader, json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (value == NULL || json_is_null(value))
		return NAN;
	return number_of(reader, value, name);
}

double read_number(struct reader *reader, json_t *object, const char *name)
{
	double number = read_optional(reader, object, name);

	if (isnan(number))
		refuse(reader, "%s is missing", name);
	return number;
}

bool read_flag(
	struct reader *reader, json_t *object, const char *name, bool otherwise)
{
	json_t *value = json_object_get(object, name);

	if (value == NULL)
		return otherwise;
	if (!json_is_boolean(value))
		refuse(reader, "%s is neither true nor false", name);
	return json_is_true(value);
}

void read_figures(struct reader *reader, json_t *object, bool required,
	double figures[REPORT_FIGURES])
{
	static const char *const names[REPORT_FIGURES] = {"mean_us",
		"stddev_us", "p50_us", "p90_us", "p99_us", "p999_us", "max_us"};

	for (unsigned i = 0; i < REPORT_FIGURES; i++)
		figures[i] = (required ? read_number : read_optional)(
			reader, object, names[i]);
}

bool is_latency(const char *mode)
{
	return strcmp(mode, "latency") == 0;
}

/* ---- Rows ------------------------------------------------------------- */

/* Append a zeroed element to an array.  Its capacity is the next power of two
   of count, so no capacity is stored. */
static void *grow(
	struct reader *reader, void **array, size_t count, size_t size)
{
	if ((count & (count - 1)) == 0) {
		void *bigger = realloc(*array, (count ? 2 * count : 1) * size);

		if (bigger == NULL) {
			out_of_memory(reader);
			return NULL;
		}
		*array = bigger;
	}
	memset((char *)*array + count * size, 0, size);
	return (char *)*array + count * size;
}

struct report_row *add_row(struct reader *reader, enum report_kind kind,
	const char *group, const char *name)
{
	struct report *report = reader->report;
	struct report_row *row;

	if (report->row_count >= ROWS_MAX) {
		refuse(reader, "more than %d rows", ROWS_MAX);
		return NULL;
	}
	row = grow(reader, (void **)&report->rows, report->row_count,
		sizeof(*row));
	if (row == NULL)
		return NULL;
	report->row_count++;
	row->file = reader->file;
	row->kind = kind;
	row->median = row->min = row->max = row->ceiling = NAN;
	row->cpu_s_per_gib = row->core_share = row->peak_mib = NAN;
	for (unsigned i = 0; i < REPORT_FIGURES; i++)
		row->figures[i] = NAN;
	row->group = strndup(group, TEXT_MAX);
	row->name = strndup(name, TEXT_MAX);
	if (row->group && row->name)
		return row;
	out_of_memory(reader);
	return NULL;
}

bool add_value(struct reader *reader, struct report_row *row, double value)
{
	double *slot =
		grow(reader, (void **)&row->values, row->count, sizeof(*slot));

	if (slot == NULL)
		return false;
	*slot = value;
	row->count++;
	return true;
}

bool add_core_share(struct reader *reader, struct report_row *row, double share)
{
	double *slot = grow(reader, (void **)&row->core_shares,
		row->core_share_count, sizeof(*slot));

	if (slot == NULL)
		return false;
	*slot = share;
	row->core_share_count++;
	return true;
}

bool add_figures(struct reader *reader, struct report_row *row,
	const double figures[REPORT_FIGURES])
{
	for (unsigned i = 0; i < REPORT_FIGURES; i++) {
		double *slot = grow(reader, (void **)&row->samples[i],
			row->count, sizeof(*slot));

		if (slot == NULL)
			return false;
		*slot = figures[i];
	}
	return true;
}

bool add_failure(
	struct reader *reader, struct report_row *row, const char *text)
{
	if (row->failed)
		return true;
	row->failed = strndup(text, TEXT_MAX);
	return row->failed || out_of_memory(reader);
}

bool add_interval(struct reader *reader, struct report_row *row,
	const struct report_interval *interval)
{
	struct report_interval *slot = grow(reader, (void **)&row->intervals,
		row->interval_count, sizeof(*slot));

	if (slot == NULL)
		return false;
	*slot = *interval;
	row->interval_count++;
	return true;
}

bool add_histogram(
	struct reader *reader, struct report_row *row, json_t *object)
{
	json_t *list = json_object_get(object, "histogram");
	size_t i;
	json_t *pair;

	if (list == NULL || json_is_null(list))
		return true;
	if (!json_is_array(list))
		return refuse(reader, "histogram is not a list");
	json_array_foreach(list, i, pair)
	{
		struct report_bucket *bucket;

		if (json_array_size(pair) != 2)
			return refuse(
				reader, "histogram[%zu] is not a pair", i);
		bucket = grow(reader, (void **)&row->buckets, row->bucket_count,
			sizeof(*bucket));
		if (bucket == NULL)
			return false;
		row->bucket_count++;
		bucket->us =
			number_of(reader, json_array_get(pair, 0), "histogram");
		bucket->count =
			number_of(reader, json_array_get(pair, 1), "histogram");
		if (reader->error < 0)
			return false;
	}
	return true;
}

/* ---- Files ------------------------------------------------------------ */

static void summarize(struct report_row *row)
{
	row->median = report_median(row->values, row->count);
	if (row->count == 0)
		return;
	/* Without a pace, an emulated bus is faster than the ceiling, which
	   does not apply then. */
	if (row->median > 1.05 * row->ceiling)
		row->ceiling = NAN;
	row->min = row->values[0];
	row->max = row->values[row->count - 1];
}

static void read_root(struct reader *reader, json_t *root)
{
	json_t *applet = json_object_get(root, "applet");

	if (json_is_array(root))
		read_compare(reader, root);
	else if (json_is_string(applet) &&
		strcmp(json_string_value(applet), "benchmark") == 0)
		read_benchmark(reader, root);
	else
		refuse(reader,
			"JSON, but neither clyde run benchmark nor make "
			"compare has written it");
}

int report_read(struct report *report, const char *name, const void *data,
	size_t size, char ret_why[REPORT_WHY_SIZE])
{
	struct reader reader = {
		.report = report,
		.file = report->file_count,
		.why = ret_why,
	};
	struct report_file *file = &report->files[reader.file];
	size_t first = report->row_count;
	json_error_t error;
	json_t *root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &error);

	ret_why[0] = '\0';
	report->file_count++;
	file->name = strndup(name, TEXT_MAX);
	if (file->name == NULL)
		out_of_memory(&reader);
	else if (root == NULL)
		refuse(&reader, "not JSON: line %d: %.120s", error.line,
			error.text);
	else
		read_root(&reader, root);
	json_decref(root);
	for (size_t i = first; i < report->row_count; i++)
		summarize(&report->rows[i]);
	reader.list = NULL;
	if (reader.error == 0 && report->row_count == first)
		refuse(&reader, "nothing was measured");
	return reader.error;
}

void report_free(struct report *report)
{
	for (size_t i = 0; i < report->row_count; i++) {
		free(report->rows[i].group);
		free(report->rows[i].name);
		free(report->rows[i].failed);
		free(report->rows[i].values);
		free(report->rows[i].core_shares);
		for (unsigned j = 0; j < REPORT_FIGURES; j++)
			free(report->rows[i].samples[j]);
		free(report->rows[i].buckets);
		free(report->rows[i].intervals);
	}
	free(report->rows);
	for (unsigned i = 0; i < report->file_count; i++) {
		free(report->files[i].name);
		free(report->files[i].origin);
	}
	*report = (struct report){0};
}
