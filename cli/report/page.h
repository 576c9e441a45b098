/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the page share.  Shapes are SVG, stretched to the available
 * width; words and numbers are HTML beside it, so that they are not stretched.
 * A number is shown rounded, and has its exact value in data-value.
 */
#ifndef CLI_REPORT_PAGE_H
#define CLI_REPORT_PAGE_H

#include "report.h"

/* The width of a drawing, in units of its viewBox */
#define PLOT_WIDTH 1000

extern const char report_style[];

/* Write text with HTML's special characters escaped. */
void put_text(FILE *out, const char *text);

/* Write a number as an element with these attributes.  `like` is as for
   report_number(). */
void put_number(FILE *out, const char *element, const char *attributes,
	double value, double like);
void put_percent(FILE *out, const char *element, const char *attributes,
	double share, bool sign);

/* Write a row's label: "<b>source</b> <small>today.json</small>" */
void put_label(
	FILE *out, const struct report *report, const struct report_row *row);

/* The class of a row's colour.  With several files, or if the row has no name,
   it is the file's; otherwise Clyde has one and all other hosts another. */
const char *row_class(
	const struct report *report, const struct report_row *row);

/* Call `put` for each row of the block that begins at index `from`, with the
   rows of the same measurement from all files together, below the group's name.
   `plot` is passed on to `put`. */
void put_rows(FILE *out, const struct report *report, size_t from,
	void (*put)(FILE *out, const struct report *report,
		const struct report_row *row, const void *plot),
	const void *plot);

/* The sections.  Each writes nothing if no row belongs to it. */
void put_bars(FILE *out, const struct report *report);
void put_latencies(FILE *out, const struct report *report);
void put_sweeps(FILE *out, const struct report *report);
void put_timelines(FILE *out, const struct report *report);
void put_differences(FILE *out, const struct report *report);
void put_tables(FILE *out, const struct report *report);

#endif
