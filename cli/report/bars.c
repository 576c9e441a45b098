/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The page's section on throughput: a bar for each row, against its ceiling. */
#include "page.h"

#include <math.h>

static bool is_bar(const struct report_row *row)
{
	return row->kind == REPORT_RATE && !row->swept;
}

static double scale_of(
	const struct report *report, const struct report_row *first)
{
	double scale = 0;

	for (size_t i = 0; i < report->row_count; i++) {
		const struct report_row *row = &report->rows[i];

		if (!report_same_block(first, row))
			continue;
		scale = fmax(scale, fmax(row->ceiling, row->max));
	}
	return scale > 0 ? scale : 1;
}

static void put_shapes(FILE *out, const struct report_row *row, double scale)
{
	double unit = (PLOT_WIDTH - 2) / scale;

	fprintf(out,
		"<svg viewBox=\"0 0 %d 20\" preserveAspectRatio=\"none\" "
		"aria-hidden=\"true\"><rect class=\"track\" width=\"%d\" "
		"y=\"3\" height=\"14\"/>",
		PLOT_WIDTH, PLOT_WIDTH);
	if (row->count > 0)
		fprintf(out,
			"<rect class=\"fill\" width=\"%.1f\" y=\"3\" "
			"height=\"14\"/>",
			unit * row->median);
	if (row->count > 1 && row->count <= 100) {
		fputs("<path class=\"repeats\" d=\"", out);
		for (size_t i = 0; i < row->count; i++)
			fprintf(out, "M%.1f 6v8", unit * row->values[i]);
		fputs("\"/>", out);
	}
	if (!isnan(row->ceiling))
		fprintf(out, "<path class=\"ceiling\" d=\"M%.1f 0v20\"/>",
			unit * row->ceiling);
	fputs("</svg>", out);
}

static void put_bar(FILE *out, const struct report *report,
	const struct report_row *row, const void *plot)
{
	double scale = *(const double *)plot;

	fprintf(out, "<div class=\"bar %s%s\"><div class=\"name\">",
		row_class(report, row), isnan(row->ceiling) ? " bare" : "");
	put_label(out, report, row);
	fputs("</div>", out);
	put_shapes(out, row, scale);
	put_number(out, "b", "class=\"n\"", row->median, scale);
	if (!isnan(row->ceiling))
		put_percent(out, "span", "class=\"share n\"",
			row->median / row->ceiling, false);
	if (row->failed) {
		fputs("<div class=\"failed\">", out);
		put_text(out, row->failed);
		fputs("</div>", out);
	}
	fputs("</div>\n", out);
}

static void put_block(FILE *out, const struct report *report, size_t from)
{
	double scale = scale_of(report, &report->rows[from]);

	fputs("<div class=\"block\">\n", out);
	put_rows(out, report, from, put_bar, &scale);
	fputs("</div>\n", out);
}

void put_bars(FILE *out, const struct report *report)
{
	bool begun = false;

	for (size_t i = 0; i < report->row_count; i++) {
		if (!is_bar(&report->rows[i]) ||
			!report_block_begins(report, i))
			continue;
		if (!begun)
			fputs("<section id=\"throughput\"><h2>Throughput</h2>\n"
			      "<p>MiB/s, the median of the repeats; thin marks "
			      "are the repeats. The line is the ceiling, what "
			      "the bus between the FX2 and the FPGA can carry, "
			      "and the percentage the share of it.</p>\n",
				out);
		begun = true;
		put_block(out, report, i);
	}
	if (begun)
		fputs("</section>\n", out);
}
