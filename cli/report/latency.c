/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The page's section on latency: a strip with the histogram of each row, all
   strips of a block over one logarithmic axis of time. */
#include "page.h"

#include <math.h>
#include <string.h>

#define BINS      125
#define HEIGHT    40
#define TICKS_MAX 8
#define FLOOR_US  1e-3

struct axis {
	double from, to; /* log10 of us */
	double ticks[TICKS_MAX];
	unsigned tick_count;
};

static double position(const struct axis *axis, double us)
{
	double share = (log10(fmax(us, FLOOR_US)) - axis->from) /
		(axis->to - axis->from);

	return PLOT_WIDTH * fmin(fmax(share, 0), 1);
}

static void widen(struct axis *axis, double us)
{
	double at;

	if (isnan(us))
		return;
	at = log10(fmax(us, FLOOR_US));
	axis->from = fmin(axis->from, at);
	axis->to = fmax(axis->to, at);
}

/* Ticks at 1, 2 and 5 of each decade; at 1 and 3, or at 1, if those are too
   many. */
static void choose_ticks(struct axis *axis)
{
	static const double steps[3][4] = {{1, 2, 5}, {1, 3}, {1}};

	for (unsigned i = 0; i < 3; i++) {
		axis->tick_count = 0;
		for (int decade = floor(axis->from); decade <= axis->to;
			decade++)
			for (unsigned j = 0; j < 4 && steps[i][j] > 0; j++) {
				double us = steps[i][j] * pow(10, decade);

				if (log10(us) < axis->from ||
					log10(us) > axis->to ||
					axis->tick_count >= TICKS_MAX)
					continue;
				axis->ticks[axis->tick_count++] = us;
			}
		if (axis->tick_count < TICKS_MAX)
			return;
	}
}

static struct axis axis_of(
	const struct report *report, const struct report_row *first)
{
	struct axis axis = {.from = INFINITY, .to = -INFINITY};

	for (size_t i = 0; i < report->row_count; i++) {
		const struct report_row *row = &report->rows[i];

		if (!report_same_block(first, row))
			continue;
		for (size_t j = 0; j < row->bucket_count; j++)
			widen(&axis, row->buckets[j].us);
		widen(&axis, row->figures[REPORT_P50]);
		widen(&axis, row->figures[REPORT_MAX]);
	}
	if (axis.from > axis.to)
		axis.from = axis.to = 2;
	axis.from -= 0.1;
	axis.to += 0.1;
	if (axis.to - axis.from < 0.9) {
		axis.from -= 0.35;
		axis.to += 0.35;
	}
	choose_ticks(&axis);
	return axis;
}

/* ---- Strips ----------------------------------------------------------- */

/* Heights are logarithmic, so that one outlier in a million is visible. */
static void put_distribution(
	FILE *out, const struct axis *axis, const struct report_row *row)
{
	double bins[BINS] = {0}, most = 0;

	for (size_t i = 0; i < row->bucket_count; i++) {
		double at = position(axis, row->buckets[i].us);
		unsigned bin = fmin(at * BINS / PLOT_WIDTH, BINS - 1);

		bins[bin] += row->buckets[i].count;
		most = fmax(most, bins[bin]);
	}
	fputs("<path class=\"fill\" d=\"", out);
	for (unsigned i = 0; i < BINS; i++) {
		double height = log1p(bins[i]) / log1p(most) * (HEIGHT - 4);

		if (bins[i] > 0)
			fprintf(out, "M%d %dv%.1fh%dv%.1fz",
				i * PLOT_WIDTH / BINS, HEIGHT, -height,
				PLOT_WIDTH / BINS, height);
	}
	fputs("\"/>", out);
}

static void put_strip(
	FILE *out, const struct axis *axis, const struct report_row *row)
{
	static const enum report_percentile marks[] = {
		REPORT_P50, REPORT_P99, REPORT_P999, REPORT_MAX};

	fprintf(out,
		"<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
		"aria-hidden=\"true\"><path class=\"grid\" d=\"M0 %dh%d",
		PLOT_WIDTH, HEIGHT, HEIGHT, PLOT_WIDTH);
	for (unsigned i = 0; i < axis->tick_count; i++)
		fprintf(out, "M%.1f 0v%d", position(axis, axis->ticks[i]),
			HEIGHT);
	fputs("\"/>", out);
	put_distribution(out, axis, row);
	for (unsigned i = 0; i < 4; i++)
		if (!isnan(row->figures[marks[i]]))
			fprintf(out,
				"<path class=\"mark m%u\" d=\"M%.1f 0v%d\"/>",
				i, position(axis, row->figures[marks[i]]),
				HEIGHT);
	fputs("</svg>", out);
}

static void put_figures(FILE *out, const struct report_row *row)
{
	fputs("<dl>", out);
	for (unsigned i = 0; i < REPORT_FIGURES; i++) {
		if (i == REPORT_P90 || i == REPORT_STDDEV || i == REPORT_MEAN)
			continue;
		fprintf(out, "<div><dt>%s</dt>", report_figure_names[i]);
		put_number(out, "dd", "class=\"n\"", row->figures[i],
			row->figures[i]);
		fputs("</div>", out);
	}
	fputs("</dl>", out);
}

static void put_latency(FILE *out, const struct report *report,
	const struct report_row *row, const void *plot)
{
	const struct axis *axis = plot;

	fprintf(out, "<div class=\"strip %s\"><div class=\"name\">",
		row_class(report, row));
	put_label(out, report, row);
	fputs("</div>", out);
	if (row->failed) {
		fputs("<div class=\"failed\">", out);
		put_text(out, row->failed);
		fputs("</div>", out);
	}
	if (!isnan(row->figures[REPORT_P50])) {
		put_figures(out, row);
		put_strip(out, axis, row);
	}
	fputs("</div>\n", out);
}

/* ---- The axis --------------------------------------------------------- */

static void put_time(FILE *out, double us)
{
	static const char *const units[] = {"ns", "&micro;s", "ms", "s"};
	unsigned unit = us < 1 ? 0 : us < 1e3 ? 1 : us < 1e6 ? 2 : 3;

	fprintf(out, "%g&nbsp;%s", us * 1e3 / pow(1e3, unit), units[unit]);
}

static void put_axis(FILE *out, const struct axis *axis)
{
	fputs("<div class=\"axis\">", out);
	for (unsigned i = 0; i < axis->tick_count; i++) {
		double at = position(axis, axis->ticks[i]) * 100 / PLOT_WIDTH;

		fprintf(out, "<span class=\"%s\" style=\"left:%.2f%%\">",
			at < 5            ? "first"
				: at > 95 ? "last"
					  : "",
			at);
		put_time(out, axis->ticks[i]);
		fputs("</span>", out);
	}
	fputs("</div>\n", out);
}

static void put_block(FILE *out, const struct report *report, size_t from)
{
	struct axis axis = axis_of(report, &report->rows[from]);

	fputs("<div class=\"block\">\n", out);
	put_rows(out, report, from, put_latency, &axis);
	put_axis(out, &axis);
	fputs("</div>\n", out);
}

void put_latencies(FILE *out, const struct report *report)
{
	bool begun = false;

	for (size_t i = 0; i < report->row_count; i++) {
		if (report->rows[i].kind != REPORT_LATENCY ||
			!report_block_begins(report, i))
			continue;
		if (!begun)
			fputs("<section id=\"latency\"><h2>Latency</h2>\n"
			      "<p>Round trips of 512 B, in &micro;s; the axis "
			      "and the heights are logarithmic, so that a "
			      "single late one is seen. From left to right the "
			      "lines are p50, p99, p99.9 and the worst.</p>\n",
				out);
		begun = true;
		put_block(out, report, i);
	}
	if (begun)
		fputs("</section>\n", out);
}
