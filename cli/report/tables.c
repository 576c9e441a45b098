/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The page's tables: differences between files, and all figures.  On a narrow
   screen a row becomes a list, so each cell has its label in data-label. */
#include "page.h"

#include <math.h>

static void put_what(FILE *out, const struct report_row *row)
{
	char label[REPORT_LABEL_SIZE];

	report_label(row, label);
	fputs("<th scope=\"row\">", out);
	put_text(out, label);
	fputs("</th>", out);
}

static void put_file(
	FILE *out, const struct report *report, const struct report_row *row)
{
	if (report->file_count == 1)
		return;
	fputs("<td data-label=\"file\">", out);
	put_text(out, report->files[row->file].name);
	fputs("</td>", out);
}

/* ---- Differences ------------------------------------------------------ */

static void put_difference(FILE *out, const struct report *report,
	const struct report_row *before, const struct report_row *after)
{
	static const char *const classes[] = {
		[REPORT_NOISE] = "noise",
		[REPORT_FASTER] = "faster",
		[REPORT_SLOWER] = "slower",
		[REPORT_FEW] = "few",
		[REPORT_SAME] = "noise",
	};
	struct report_difference difference = report_compare(before, after);
	double like = fmax(before->median, after->median);

	fputs("<tr>", out);
	put_what(out, before);
	if (report->file_count > 2)
		put_file(out, report, after);
	put_number(out, "td", "class=\"n\" data-label=\"before\"",
		before->median, like);
	put_number(out, "td", "class=\"n\" data-label=\"after\"", after->median,
		like);
	fprintf(out, "<td data-label=\"unit\">%s</td>",
		before->kind == REPORT_RATE ? "MiB/s" : "&micro;s, p50");
	put_percent(out, "td", "class=\"n\" data-label=\"change\"",
		difference.change, true);
	fprintf(out, "<td class=\"n\" data-label=\"repeats\">%zu, %zu</td>",
		before->count, after->count);
	if (isnan(difference.p))
		fputs("<td class=\"n\" data-label=\"p\">&ndash;</td>", out);
	else
		fprintf(out,
			"<td class=\"n\" data-label=\"p\" "
			"data-value=\"%.17g\">%.4f</td>",
			difference.p, difference.p);
	fprintf(out, "<td class=\"%s\" data-label=\"verdict\">%s</td></tr>\n",
		classes[difference.verdict],
		report_verdict_text(difference.verdict));
}

void put_differences(FILE *out, const struct report *report)
{
	if (report->file_count < 2)
		return;
	fputs("<section id=\"differences\"><h2>Differences</h2>\n<p>From ",
		out);
	put_text(out, report->files[0].name);
	if (report->file_count == 2) {
		fputs(" to ", out);
		put_text(out, report->files[1].name);
	}
	fputs(", medians. ", out);
	put_text(out, report_method);
	fprintf(out,
		"</p>\n<table class=\"wide\"><thead><tr><th></th>%s"
		"<th class=\"n\">before</th><th class=\"n\">after</th>"
		"<th></th><th class=\"n\">change</th>"
		"<th class=\"n\">repeats</th><th class=\"n\">p</th>"
		"<th>verdict</th></tr></thead>\n<tbody>",
		report->file_count > 2 ? "<th>file</th>" : "");
	for (size_t i = 0; i < report->row_count; i++) {
		const struct report_row *before = &report->rows[i];

		for (unsigned file = 1;
			before->file == 0 && file < report->file_count;
			file++) {
			const struct report_row *after =
				report_match(report, before, file);

			if (after)
				put_difference(out, report, before, after);
		}
	}
	fputs("</tbody></table></section>\n", out);
}

/* ---- All figures ------------------------------------------------------ */

struct column {
	const char *name;
	double (*value)(const struct report_row *row);
	bool percent;
};

static double median(const struct report_row *row)
{
	return row->median;
}

static double minimum(const struct report_row *row)
{
	return row->min;
}

static double maximum(const struct report_row *row)
{
	return row->max;
}

static double ceiling_share(const struct report_row *row)
{
	return row->median / row->ceiling;
}

static double cpu(const struct report_row *row)
{
	return row->cpu_s_per_gib;
}

static double core(const struct report_row *row)
{
	return row->core_share;
}

static double peak(const struct report_row *row)
{
	return row->peak_mib;
}

#define FIGURE(name, index)                              \
	static double name(const struct report_row *row) \
	{                                                \
		return row->figures[index];              \
	}
FIGURE(mean, REPORT_MEAN)
FIGURE(stddev, REPORT_STDDEV)
FIGURE(p50, REPORT_P50)
FIGURE(p90, REPORT_P90)
FIGURE(p99, REPORT_P99)
FIGURE(p999, REPORT_P999)
FIGURE(worst, REPORT_MAX)

static const struct column rate_columns[] = {
	{"MiB/s", median, false},
	{"min", minimum, false},
	{"max", maximum, false},
	{"of ceiling", ceiling_share, true},
	{"CPU s/GiB", cpu, false},
	{"of a core", core, true},
	{"peak MiB", peak, false},
	{0},
};

static const struct column latency_columns[] = {
	{"mean", mean, false},
	{"stddev", stddev, false},
	{"p50", p50, false},
	{"p90", p90, false},
	{"p99", p99, false},
	{"p99.9", p999, false},
	{"max", worst, false},
	{"of a core", core, true},
	{"peak MiB", peak, false},
	{0},
};

static bool is_used(const struct report *report, enum report_kind kind,
	const struct column *column)
{
	for (size_t i = 0; i < report->row_count; i++)
		if (report->rows[i].kind == kind &&
			!isnan(column->value(&report->rows[i])))
			return true;
	return false;
}

/* The largest number of a column of the block, as `like` for report_number():
   all numbers of the column get the same decimals, so that they align. */
static double like(const struct report *report, const struct report_row *row,
	const struct column *column)
{
	double most = 0;

	for (size_t i = 0; i < report->row_count; i++)
		if (report_same_block(row, &report->rows[i]))
			most = fmax(most, column->value(&report->rows[i]));
	return most;
}

static void put_cells(FILE *out, const struct report *report,
	const struct report_row *row, const struct column *column)
{
	char attributes[64];
	double value;

	for (; column->name; column++) {
		if (!is_used(report, row->kind, column))
			continue;
		value = column->value(row);
		snprintf(attributes, sizeof(attributes),
			"class=\"n\" data-label=\"%s\"", column->name);
		if (column->percent)
			put_percent(out, "td", attributes, value, false);
		else
			put_number(out, "td", attributes, value,
				like(report, row, column));
	}
	fprintf(out, "<td class=\"n\" data-label=\"repeats\">%zu</td>",
		row->count);
	fputs("<td class=\"failed\">", out);
	put_text(out, row->failed ? row->failed : "");
	fputs("</td></tr>\n", out);
}

static void put_table(FILE *out, const struct report *report,
	enum report_kind kind, const char *title, const struct column *columns)
{
	bool begun = false;

	for (size_t i = 0; i < report->row_count; i++) {
		const struct report_row *row = &report->rows[i];

		/* Sweeps have tables of their own. */
		if (row->kind != kind || row->swept)
			continue;
		if (!begun) {
			fprintf(out,
				"<h3>%s</h3>\n<table class=\"wide\"><thead>"
				"<tr><th></th>%s",
				title,
				report->file_count > 1 ? "<th>file</th>" : "");
			for (unsigned j = 0; columns[j].name; j++)
				if (is_used(report, kind, &columns[j]))
					fprintf(out, "<th class=\"n\">%s</th>",
						columns[j].name);
			fputs("<th class=\"n\">repeats</th><th></th></tr>"
			      "</thead>\n<tbody>",
				out);
		}
		begun = true;
		fputs("<tr>", out);
		put_what(out, row);
		put_file(out, report, row);
		put_cells(out, report, row, columns);
	}
	if (begun)
		fputs("</tbody></table>\n", out);
}

void put_tables(FILE *out, const struct report *report)
{
	fputs("<section id=\"figures\"><h2>All figures</h2>\n"
	      "<p>Medians of the repeats; max of a latency is the worst of "
	      "all.</p>\n",
		out);
	put_table(out, report, REPORT_RATE, "Throughput", rate_columns);
	put_table(out, report, REPORT_LATENCY, "Round trips, &micro;s",
		latency_columns);
	fputs("</section>\n", out);
}
