/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Reads a document of clyde run benchmark --json.  All repeats of a mode with
   the same transfer size and depth become one row. */
#include "read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MODES_MAX     100000
#define INTERVALS_MAX 1000000

struct point {
	const char *mode;
	unsigned repeat;
	uint64_t transfer_size, depth;
};

static struct point read_point(struct reader *reader, json_t *object)
{
	double repeat = read_optional(reader, object, "repeat");
	double size = read_optional(reader, object, "transfer_size");
	double depth = read_optional(reader, object, "depth");

	return (struct point){
		.mode = read_string(reader, object, "mode"),
		.repeat = repeat <= 1e6 ? repeat : 1,
		.transfer_size = isnan(size) ? 0 : size,
		.depth = isnan(depth) ? 0 : depth,
	};
}

static struct report_row *find(struct reader *reader, const struct point *point)
{
	struct report *report = reader->report;

	for (size_t i = 0; i < report->row_count; i++) {
		struct report_row *row = &report->rows[i];

		if (row->file == reader->file &&
			row->transfer_size == point->transfer_size &&
			row->depth == point->depth &&
			strcmp(row->group, point->mode) == 0)
			return row;
	}
	return NULL;
}

static struct report_row *find_or_add(
	struct reader *reader, const struct point *point)
{
	struct report_row *row = find(reader, point);

	if (row)
		return row;
	row = add_row(reader,
		is_latency(point->mode) ? REPORT_LATENCY : REPORT_RATE,
		point->mode, "");
	if (row) {
		row->transfer_size = point->transfer_size;
		row->depth = point->depth;
	}
	return row;
}

/* ---- Modes ------------------------------------------------------------ */

/* Why the figures of a mode are not valid, or NULL. */
static const char *failure(struct reader *reader, json_t *mode)
{
	if (read_number(reader, mode, "errors") > 0)
		return "wrong data";
	return read_flag(reader, mode, "complete", true) ? NULL : "ended early";
}

static void read_mode(struct reader *reader, json_t *mode)
{
	struct point point = read_point(reader, mode);
	const char *failed = failure(reader, mode);
	struct report_row *row;
	double figures[REPORT_FIGURES];
	double share;

	if (reader->error < 0 || !(row = find_or_add(reader, &point)))
		return;
	if (failed) {
		add_failure(reader, row, failed);
		return;
	}
	share = read_optional(reader, mode, "cpu_share");
	if (!isnan(share) && !add_core_share(reader, row, share))
		return;
	if (row->kind == REPORT_RATE) {
		row->ceiling = read_number(reader, mode, "ceiling_mib_per_s");
		add_value(reader, row, read_number(reader, mode, "mib_per_s"));
		return;
	}
	read_figures(reader, mode, true, figures);
	if (reader->error == 0 && add_figures(reader, row, figures) &&
		add_value(reader, row, figures[REPORT_P50]))
		add_histogram(reader, row, mode);
}

/* The figures of a row: medians over the repeats, but of REPORT_MAX the
   largest.  report_median() has sorted the samples, so that is the last. */
static void summarize_figures(struct report_row *row)
{
	for (unsigned i = 0; row->count && i < REPORT_FIGURES; i++)
		row->figures[i] = report_median(row->samples[i], row->count);
	if (row->count)
		row->figures[REPORT_MAX] =
			row->samples[REPORT_MAX][row->count - 1];
}

/* Fill in what needs all rows of the file.  A mode that has several rows, thus
   several transfer sizes or depths, is a sweep. */
static void finish_rows(struct reader *reader, bool virtual)
{
	struct report *report = reader->report;

	for (size_t i = 0; i < report->row_count; i++) {
		struct report_row *row = &report->rows[i];

		if (row->file != reader->file)
			continue;
		row->virtual = virtual;
		row->core_share =
			report_median(row->core_shares, row->core_share_count);
		if (row->kind == REPORT_LATENCY)
			summarize_figures(row);
		for (size_t j = 0; j < i; j++) {
			struct report_row *other = &report->rows[j];

			if (other->file == row->file &&
				strcmp(other->group, row->group) == 0)
				other->swept = row->swept = true;
		}
	}
}

/* ---- Intervals -------------------------------------------------------- */

static void read_interval(struct reader *reader, json_t *object)
{
	struct point point = read_point(reader, object);
	struct report_interval interval = {
		.repeat = point.repeat,
		.start_s = read_number(reader, object, "start_s"),
		.seconds = read_number(reader, object, "seconds"),
		.worst = read_optional(reader, object, "max_us"),
	};
	struct report_row *row;

	if (reader->error < 0 || !(row = find(reader, &point)))
		return;
	interval.value = row->kind == REPORT_RATE
		? read_number(reader, object, "mib_per_s")
		: read_optional(reader, object, "mean_us");
	/* NAN: no round trip ended in this interval. */
	if (reader->error == 0 && !isnan(interval.value))
		add_interval(reader, row, &interval);
}

/* ---- The file --------------------------------------------------------- */

static void read_list(struct reader *reader, json_t *root, const char *list,
	bool required, size_t max,
	void (*read)(struct reader *reader, json_t *object))
{
	json_t *array = json_object_get(root, list);

	if (array == NULL && !required)
		return;
	if (!json_is_array(array) || json_array_size(array) > max) {
		refuse(reader, "%s is %s", list,
			array ? "not a list, or too long" : "missing");
		return;
	}
	reader->list = list;
	for (reader->index = 0;
		reader->index < json_array_size(array) && reader->error == 0;
		reader->index++)
		read(reader, json_array_get(array, reader->index));
	if (reader->error == 0)
		reader->list = NULL;
}

static void read_origin(struct reader *reader, json_t *root)
{
	struct report_file *file = &reader->report->files[reader->file];
	const char *serial = read_optional_string(
		reader, json_object_get(root, "device"), "serial");
	const char *product = read_optional_string(
		reader, json_object_get(root, "device"), "product");
	const char *link = read_optional_string(reader, root, "link");

	if (asprintf(&file->origin, "%.80s, link %.40s%s",
		    serial && serial[0] ? serial : "a device without a name",
		    link ? link : "unknown",
		    !read_flag(reader, root, "real_time", true)
			    ? ", in virtual time"
			    : product && strstr(product, "; git virtual")
			    ? ", a virtual device"
			    : "") < 0)
		file->origin = NULL;
}

void read_benchmark(struct reader *reader, json_t *root)
{
	read_origin(reader, root);
	read_list(reader, root, "modes", true, MODES_MAX, read_mode);
	if (reader->error == 0)
		finish_rows(
			reader, !read_flag(reader, root, "real_time", true));
	read_list(
		reader, root, "intervals", false, INTERVALS_MAX, read_interval);
}
