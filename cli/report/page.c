/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The page of HTML, and what its sections share.  It must not refer to any
   other file or server.  Texts from input files are escaped by put_text(). */
#include "page.h"

#include <math.h>
#include <string.h>

/* ---- Words and numbers ------------------------------------------------ */

void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else
			putc(c < ' ' || c == 0x7f ? '?' : c, out);
	}
}

static void put_value(FILE *out, const char *element, const char *attributes,
	double value, const char *text)
{
	fprintf(out, "<%s%s%s", element, attributes[0] ? " " : "", attributes);
	if (!isnan(value))
		fprintf(out, " data-value=\"%.17g\"", value);
	fprintf(out, ">%s</%s>", isnan(value) ? "\u2013" : text, element);
}

void put_number(FILE *out, const char *element, const char *attributes,
	double value, double like)
{
	char text[REPORT_NUMBER_SIZE];

	put_value(out, element, attributes, value,
		report_number(value, like, text));
}

void put_percent(FILE *out, const char *element, const char *attributes,
	double share, bool sign)
{
	char text[REPORT_NUMBER_SIZE];

	put_value(out, element, attributes, isfinite(share) ? share : NAN,
		report_percent(share, sign, text));
}

void put_label(
	FILE *out, const struct report *report, const struct report_row *row)
{
	char size[REPORT_NUMBER_SIZE];

	fputs("<b>", out);
	put_text(out, row->name[0] ? row->name : row->group);
	if (row->swept)
		fprintf(out, " %s &times; %llu",
			report_size(row->transfer_size, size),
			(unsigned long long)row->depth);
	fputs("</b>", out);
	if (report->file_count == 1)
		return;
	fputs(" <small>", out);
	put_text(out, report->files[row->file].name);
	fputs("</small>", out);
}

const char *row_class(const struct report *report, const struct report_row *row)
{
	static const char *const files[REPORT_FILES_MAX] = {
		"c0", "c1", "c2", "c3", "c4", "c5"};

	if (report->file_count > 1 || row->name[0] == '\0')
		return files[row->file];
	return strncmp(row->name, "Clyde", 5) == 0 ? "c0" : "other";
}

static void put_matches(FILE *out, const struct report *report,
	const struct report_row *row,
	void (*put)(FILE *out, const struct report *report,
		const struct report_row *row, const void *plot),
	const void *plot)
{
	for (unsigned file = 0; file < report->file_count; file++) {
		const struct report_row *match =
			report_match(report, row, file);

		if (match)
			put(out, report, match, plot);
	}
}

void put_rows(FILE *out, const struct report *report, size_t from,
	void (*put)(FILE *out, const struct report *report,
		const struct report_row *row, const void *plot),
	const void *plot)
{
	const struct report_row *first = &report->rows[from];

	if (first->name[0]) {
		fputs("<h3>", out);
		put_text(out, first->group);
		fputs("</h3>\n", out);
	}
	for (size_t i = from; i < report->row_count; i++)
		if (report_same_block(first, &report->rows[i]) &&
			report_is_first(report, i))
			put_matches(out, report, &report->rows[i], put, plot);
}

/* ---- The page --------------------------------------------------------- */

static void put_header(FILE *out, const struct report *report)
{
	static const char *const keys[REPORT_FILES_MAX] = {
		"c0", "c1", "c2", "c3", "c4", "c5"};

	fputs("<header><h1>Clyde benchmark</h1>\n<ul class=\"files\">\n", out);
	for (unsigned i = 0; i < report->file_count; i++) {
		fprintf(out, "<li class=\"%s\"><b>", keys[i]);
		put_text(out, report->files[i].name);
		fputs("</b>", out);
		if (report->files[i].origin && report->files[i].origin[0]) {
			fputs(" <small>", out);
			put_text(out, report->files[i].origin);
			fputs("</small>", out);
		}
		fputs("</li>\n", out);
	}
	fputs("</ul></header>\n", out);
}

void report_page(const struct report *report, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	      "<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, "
	      "initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<title>Clyde benchmark</title>\n<style>\n",
		out);
	fputs(report_style, out);
	fputs("</style>\n</head>\n<body>\n", out);
	put_header(out, report);
	fputs("<main>\n", out);
	put_differences(out, report);
	put_bars(out, report);
	put_latencies(out, report);
	put_sweeps(out, report);
	put_timelines(out, report);
	put_tables(out, report);
	fputs("</main>\n</body>\n</html>\n", out);
}
