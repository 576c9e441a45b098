/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the parts of the page share.  Shapes are SVG that is stretched to the
 * width there is; words and numbers are HTML beside it, so that they stay
 * legible on any screen.  A shown number carries the exact one in data-value.
 */
#ifndef CLI_REPORT_PAGE_H
#define CLI_REPORT_PAGE_H

#include "report.h"

/* Units of a drawing's width. */
#define PLOT_WIDTH 1000

extern const char report_style[];

/* Escaped. */
void put_text(FILE *out, const char *text);

/* A number in an element, whose attributes are given. */
void put_number(FILE *out, const char *element, const char *attributes,
	double value, double like);
void put_percent(FILE *out, const char *element, const char *attributes,
	double share, bool sign);

/* "<b>source</b> <small>today.json</small>" */
void put_label(
	FILE *out, const struct report *report, const struct report_row *row);

/* Its colour's class: files are told apart, or in one file, Clyde. */
const char *row_class(
	const struct report *report, const struct report_row *row);

/* The rows that belong together from this one on, file beside file, under
   their group's name; `plot` is what `put` draws them by. */
void put_rows(FILE *out, const struct report *report, size_t from,
	void (*put)(FILE *out, const struct report *report,
		const struct report_row *row, const void *plot),
	const void *plot);

/* The sections; each is nothing if there is nothing for it. */
void put_bars(FILE *out, const struct report *report);
void put_latencies(FILE *out, const struct report *report);
void put_sweeps(FILE *out, const struct report *report);
void put_timelines(FILE *out, const struct report *report);
void put_differences(FILE *out, const struct report *report);
void put_tables(FILE *out, const struct report *report);

#endif
