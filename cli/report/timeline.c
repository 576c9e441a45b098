/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The page's section on intervals: a line over time for each row that
   clyde run benchmark --interval measured. */
#include "page.h"

#include <math.h>

#define HEIGHT     60
#define POINTS_MAX 500 /* more are merged, and drawn as their range */

struct frame {
	bool logarithmic;
	double seconds;
	double from, to;
};

static double x_of(const struct frame *frame, double seconds)
{
	return PLOT_WIDTH * fmin(seconds / frame->seconds, 1);
}

static double y_of(const struct frame *frame, double value)
{
	double share;

	if (frame->logarithmic)
		value = log10(fmax(value, 1e-3));
	share = (value - frame->from) / (frame->to - frame->from);
	return HEIGHT - 2 - (HEIGHT - 4) * fmin(fmax(share, 0), 1);
}

static double least(const struct report_row *row)
{
	double value = INFINITY;

	for (size_t i = 0; i < row->interval_count; i++)
		value = fmin(value, row->intervals[i].value);
	return value;
}

static double most(const struct report_row *row)
{
	double value = 0;

	for (size_t i = 0; i < row->interval_count; i++)
		value = fmax(value,
			fmax(row->intervals[i].value, row->intervals[i].worst));
	return value;
}

static struct frame frame_of(const struct report_row *row)
{
	struct frame frame = {
		.logarithmic = row->kind == REPORT_LATENCY,
		.to = fmax(most(row), row->ceiling),
	};

	for (size_t i = 0; i < row->interval_count; i++)
		frame.seconds = fmax(frame.seconds,
			row->intervals[i].start_s + row->intervals[i].seconds);
	if (frame.logarithmic) {
		frame.from = log10(fmax(least(row), 1e-3)) - 0.1;
		frame.to = log10(fmax(frame.to, 1e-3)) + 0.1;
	}
	if (!(frame.to > frame.from))
		frame.to = frame.from + 1;
	if (!(frame.seconds > 0))
		frame.seconds = 1;
	return frame;
}

/* Neighbouring intervals are merged into their range beyond POINTS_MAX, so that
   the size of the drawing does not grow with the length of the run. */
static void put_line(
	FILE *out, const struct report_row *row, const struct frame *frame)
{
	size_t merged = row->interval_count / POINTS_MAX + 1;
	const struct report_interval *at = row->intervals;

	fputs("<path class=\"line\" d=\"", out);
	for (size_t i = 0, end; i < row->interval_count; i = end) {
		double low = at[i].value, high = at[i].value, stop;

		for (end = i; end < row->interval_count && end < i + merged &&
			at[end].repeat == at[i].repeat;
			end++) {
			low = fmin(low, at[end].value);
			high = fmax(high, at[end].value);
		}
		stop = at[end - 1].start_s + at[end - 1].seconds;
		if (isnan(low))
			continue;
		fprintf(out, "%c%.1f %.1fH%.1f",
			i == 0 || at[i - 1].repeat != at[i].repeat ? 'M' : 'L',
			x_of(frame, at[i].start_s), y_of(frame, high),
			x_of(frame, stop));
		if (high > low)
			fprintf(out, "V%.1f", y_of(frame, low));
	}
	fputs("\"/>", out);
}

static void put_worst(
	FILE *out, const struct report_row *row, const struct frame *frame)
{
	fputs("<path class=\"worst\" d=\"", out);
	for (size_t i = 0; i < row->interval_count; i++)
		if (!isnan(row->intervals[i].worst))
			fprintf(out, "M%.1f %.1fH%.1f",
				x_of(frame, row->intervals[i].start_s),
				y_of(frame, row->intervals[i].worst),
				x_of(frame,
					row->intervals[i].start_s +
						row->intervals[i].seconds));
	fputs("\"/>", out);
}

static void put_timeline(
	FILE *out, const struct report *report, const struct report_row *row)
{
	struct frame frame = frame_of(row);

	fprintf(out, "<div class=\"timeline %s\"><div class=\"name\">",
		row_class(report, row));
	put_label(out, report, row);
	fputs("</div><div class=\"range\">", out);
	put_number(out, "span", "class=\"n\"", least(row), most(row));
	fputs(" to ", out);
	put_number(out, "span", "class=\"n\"", most(row), most(row));
	fprintf(out, " %s</div>",
		row->kind == REPORT_RATE ? "MiB/s" : "&micro;s");
	fprintf(out,
		"<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
		"aria-hidden=\"true\"><path class=\"grid\" d=\"M0 %dh%d\"/>",
		PLOT_WIDTH, HEIGHT, HEIGHT - 1, PLOT_WIDTH);
	if (!isnan(row->ceiling))
		fprintf(out, "<path class=\"ceiling\" d=\"M0 %.1fh%d\"/>",
			y_of(&frame, row->ceiling), PLOT_WIDTH);
	if (row->kind == REPORT_LATENCY && row->interval_count <= POINTS_MAX)
		put_worst(out, row, &frame);
	put_line(out, row, &frame);
	fputs("</svg><div class=\"ends\"><span>0 s</span>", out);
	put_number(out, "span", "class=\"s\"", frame.seconds, frame.seconds);
	fputs("</div></div>\n", out);
}

static void put_matches(
	FILE *out, const struct report *report, const struct report_row *first)
{
	for (unsigned file = 0; file < report->file_count; file++) {
		const struct report_row *row =
			report_match(report, first, file);

		if (row && row->interval_count > 0 && !row->swept)
			put_timeline(out, report, row);
	}
}

static bool has_intervals(const struct report *report)
{
	for (size_t i = 0; i < report->row_count; i++)
		if (report->rows[i].interval_count > 0 &&
			!report->rows[i].swept)
			return true;
	return false;
}

void put_timelines(FILE *out, const struct report *report)
{
	if (!has_intervals(report))
		return;
	fputs("<section id=\"intervals\"><h2>Intervals</h2>\n"
	      "<p>Throughput from 0 up; the line above is the ceiling. Of "
	      "latency the mean and, lighter, the worst, on a logarithmic "
	      "scale. Repeats lie over each other.</p>\n",
		out);
	for (size_t i = 0; i < report->row_count; i++)
		if (report_is_first(report, i))
			put_matches(out, report, &report->rows[i]);
	fputs("</section>\n", out);
}
