/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Writes a report as text in columns: the tables of the page, without plots. */
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The width of the longest label; with several files "[1] " is before it. */
static int width_of(const struct report *report)
{
	char label[REPORT_LABEL_SIZE];
	size_t width = 22;

	for (size_t i = 0; i < report->row_count; i++) {
		report_label(&report->rows[i], label);
		if (strlen(label) > width)
			width = strlen(label);
	}
	return width + (report->file_count > 1 ? 4 : 0);
}

static void put_what(FILE *out, const struct report *report,
	const struct report_row *row, int width)
{
	char label[REPORT_LABEL_SIZE];

	report_label(row, label);
	if (report->file_count > 1)
		width -= fprintf(out, "[%u] ", row->file + 1);
	fprintf(out, "%-*s", width, label);
}

static void put_number(FILE *out, double value)
{
	char text[REPORT_NUMBER_SIZE];

	fprintf(out, " %9s", report_number(value, value, text));
}

static void put_percent(FILE *out, double share, bool sign)
{
	char text[REPORT_NUMBER_SIZE];

	fprintf(out, " %10s", report_percent(share, sign, text));
}

static void put_end(FILE *out, const struct report_row *row)
{
	fprintf(out, " %7zu%s%s\n", row->count, row->failed ? "  " : "",
		row->failed ? row->failed : "");
}

/* ---- Figures ---------------------------------------------------------- */

static bool has(const struct report *report, enum report_kind kind)
{
	for (size_t i = 0; i < report->row_count; i++)
		if (report->rows[i].kind == kind)
			return true;
	return false;
}

/* Whether any row has costs: a benchmark in virtual time has none. */
static bool has_costs(const struct report *report)
{
	for (size_t i = 0; i < report->row_count; i++)
		if (!isnan(report->rows[i].peak_mib) ||
			!isnan(report->rows[i].core_share))
			return true;
	return false;
}

static void put_rates(const struct report *report, FILE *out, int width)
{
	bool costs = has_costs(report);

	if (!has(report, REPORT_RATE))
		return;
	fprintf(out, "\n%-*s %9s %9s %9s %10s", width, "Throughput", "MiB/s",
		"min", "max", "of ceiling");
	if (costs)
		fprintf(out, " %9s %10s %9s", "CPU s/GiB", "of a core",
			"peak MiB");
	fprintf(out, " %7s\n", "repeats");
	for (size_t i = 0; i < report->row_count; i++) {
		const struct report_row *row = &report->rows[i];

		if (row->kind != REPORT_RATE)
			continue;
		put_what(out, report, row, width);
		put_number(out, row->median);
		put_number(out, row->min);
		put_number(out, row->max);
		put_percent(out, row->median / row->ceiling, false);
		if (costs) {
			put_number(out, row->cpu_s_per_gib);
			put_percent(out, row->core_share, false);
			put_number(out, row->peak_mib);
		}
		put_end(out, row);
	}
}

static void put_latencies(const struct report *report, FILE *out, int width)
{
	if (!has(report, REPORT_LATENCY))
		return;
	fprintf(out, "\n%-*s", width, "Round trips, us");
	for (unsigned i = 0; i < REPORT_FIGURES; i++)
		fprintf(out, " %9s", report_figure_names[i]);
	fprintf(out, " %7s\n", "repeats");
	for (size_t i = 0; i < report->row_count; i++) {
		const struct report_row *row = &report->rows[i];

		if (row->kind != REPORT_LATENCY)
			continue;
		put_what(out, report, row, width);
		for (unsigned j = 0; j < REPORT_FIGURES; j++)
			put_number(out, row->figures[j]);
		put_end(out, row);
	}
}

static void put_intervals(const struct report *report, FILE *out, int width)
{
	bool begun = false;

	for (size_t i = 0; i < report->row_count; i++) {
		const struct report_row *row = &report->rows[i];
		double low = INFINITY, high = 0;

		if (row->interval_count == 0)
			continue;
		if (!begun)
			fprintf(out, "\n%-*s %9s %9s %9s\n", width,
				"Intervals, MiB/s or us", "lowest", "highest",
				"rows");
		begun = true;
		for (size_t j = 0; j < row->interval_count; j++) {
			low = fmin(low, row->intervals[j].value);
			high = fmax(high,
				fmax(row->intervals[j].value,
					row->intervals[j].worst));
		}
		put_what(out, report, row, width);
		put_number(out, low);
		put_number(out, high);
		fprintf(out, " %9zu\n", row->interval_count);
	}
}

/* ---- Differences ------------------------------------------------------ */

static void put_difference(FILE *out, const struct report *report,
	const struct report_row *before, const struct report_row *after,
	int width)
{
	struct report_difference difference = report_compare(before, after);

	put_what(out, report, after, width);
	put_number(out, before->median);
	put_number(out, after->median);
	put_percent(out, difference.change, true);
	if (isnan(difference.p))
		fprintf(out, " %7s", "-");
	else
		fprintf(out, " %7.4f", difference.p);
	fprintf(out, "  %s\n", report_verdict_text(difference.verdict));
}

static void put_differences(const struct report *report, FILE *out, int width)
{
	if (report->file_count < 2)
		return;
	fprintf(out, "\n%-*s %9s %9s %10s %7s  %s\n", width,
		"Differences from [1]", "before", "after", "change", "p",
		"verdict");
	for (size_t i = 0; i < report->row_count; i++) {
		const struct report_row *before = &report->rows[i];

		for (unsigned file = 1;
			before->file == 0 && file < report->file_count;
			file++) {
			const struct report_row *after =
				report_match(report, before, file);

			if (after)
				put_difference(
					out, report, before, after, width);
		}
	}
	fprintf(out, "%s\n", report_method);
}

void report_text(const struct report *report, FILE *out)
{
	int width = width_of(report);

	for (unsigned i = 0; i < report->file_count; i++)
		fprintf(out, "[%u] %s: %s\n", i + 1, report->files[i].name,
			report->files[i].origin ? report->files[i].origin : "");
	put_rates(report, out, width);
	put_latencies(report, out, width);
	put_intervals(report, out, width);
	put_differences(report, out, width);
}
