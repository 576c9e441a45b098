/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Reads a list that make compare has written.  Each entry becomes a row: a
   host with its interpreter, in a mode, at a pace. */
#include "read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_values(
	struct reader *reader, json_t *object, struct report_row *row)
{
	const char *figure = row->kind == REPORT_RATE ? "mib_per_s" : "p50_us";
	double median = read_optional(reader, object, figure);
	json_t *values = json_object_get(object, "values");

	if (reader->error == 0 && !isnan(median) && !json_is_array(values))
		add_value(reader, row, median);
	for (size_t i = 0; i < json_array_size(values); i++) {
		double value = json_number_value(json_array_get(values, i));

		if (!json_is_number(json_array_get(values, i)) ||
			!(value >= 0 && value <= 1e15)) {
			refuse(reader, "values[%zu] is not a number in range",
				i);
			return;
		}
		if (!add_value(reader, row, value))
			return;
	}
}

static void read_details(
	struct reader *reader, json_t *object, struct report_row *row)
{
	const char *failed = read_optional_string(reader, object, "failed");

	row->ceiling = read_optional(reader, object, "ceiling_mib_per_s");
	row->cpu_s_per_gib = read_optional(reader, object, "cpu_s_per_gib");
	row->core_share = read_optional(reader, object, "core_share");
	row->peak_mib = read_optional(reader, object, "peak_mib");
	if (row->kind == REPORT_LATENCY) {
		read_figures(reader, object, false, row->figures);
		add_histogram(reader, row, object);
	}
	if (failed)
		add_failure(reader, row, failed);
}

static void read_entry(struct reader *reader, json_t *object)
{
	const char *host = read_string(reader, object, "host");
	const char *interpreter =
		read_optional_string(reader, object, "interpreter");
	const char *pace = read_string(reader, object, "pace");
	const char *mode = read_string(reader, object, "mode");
	struct report_row *row;
	char group[80], name[120];

	if (reader->error < 0)
		return;
	snprintf(group, sizeof(group), "%.30s, %.30s", mode,
		strcmp(pace, "link") == 0          ? "paced as the link"
			: strcmp(pace, "off") == 0 ? "not paced"
						   : pace);
	snprintf(name, sizeof(name), "%.60s%s%.50s", host,
		interpreter ? ", " : "", interpreter ? interpreter : "");
	row = add_row(reader, is_latency(mode) ? REPORT_LATENCY : REPORT_RATE,
		group, name);
	if (row == NULL)
		return;
	read_values(reader, object, row);
	read_details(reader, object, row);
}

void read_compare(struct reader *reader, json_t *root)
{
	json_t *first = json_array_get(root, 0);
	const char *machine = read_optional_string(reader, first, "machine");
	const char *date = read_optional_string(reader, first, "date");

	if (asprintf(&reader->report->files[reader->file].origin,
		    "%.80s%s%.40s", machine ? machine : "",
		    machine && date ? ", " : "", date ? date : "") < 0)
		reader->report->files[reader->file].origin = NULL;
	reader->list = "entry";
	for (reader->index = 0;
		reader->index < json_array_size(root) && reader->error == 0;
		reader->index++)
		read_entry(reader, json_array_get(root, reader->index));
	if (reader->error == 0)
		reader->list = NULL;
}
