/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Formats numbers and labels, and finds rows of the same measurement; text.c
   and the files of the page use both. */
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const char *const report_figure_names[REPORT_FIGURES] = {
	[REPORT_MEAN] = "mean",
	[REPORT_STDDEV] = "stddev",
	[REPORT_P50] = "p50",
	[REPORT_P90] = "p90",
	[REPORT_P99] = "p99",
	[REPORT_P999] = "p99.9",
	[REPORT_MAX] = "max",
};

const char *report_number(
	double value, double like, char text[REPORT_NUMBER_SIZE])
{
	int decimals = like >= 1e4 ? 0 : like >= 1e3 ? 1 : 2;

	if (isnan(value))
		return strcpy(text, "-");
	snprintf(text, REPORT_NUMBER_SIZE, value < 1e15 ? "%.*f" : "%.*e",
		decimals, value);
	return text;
}

const char *report_percent(
	double share, bool sign, char text[REPORT_NUMBER_SIZE])
{
	if (!isfinite(share))
		return strcpy(text, "-");
	snprintf(text, REPORT_NUMBER_SIZE, sign ? "%+.*f %%" : "%.*f %%",
		fabs(share) < 10 ? 2 : 0, 100 * share);
	if (fabs(share) >= 1e6)
		snprintf(text, REPORT_NUMBER_SIZE, "%.1e %%", 100 * share);
	return text;
}

const char *report_size(uint64_t size, char text[REPORT_NUMBER_SIZE])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
	unsigned unit = 0;

	for (; size && size % 1024 == 0 && unit < 3; unit++)
		size /= 1024;
	snprintf(text, REPORT_NUMBER_SIZE, "%" PRIu64 " %s", size, units[unit]);
	return text;
}

void report_label(const struct report_row *row, char text[REPORT_LABEL_SIZE])
{
	char size[REPORT_NUMBER_SIZE];
	int used = snprintf(text, REPORT_LABEL_SIZE, "%.60s%s%.60s", row->group,
		row->name[0] ? ": " : "", row->name);

	if (row->swept)
		snprintf(text + used, REPORT_LABEL_SIZE - used,
			" %s x %" PRIu64, report_size(row->transfer_size, size),
			row->depth);
}

static bool same(const struct report_row *a, const struct report_row *b)
{
	return a->kind == b->kind && a->swept == b->swept &&
		(!a->swept ||
			(a->transfer_size == b->transfer_size &&
				a->depth == b->depth)) &&
		strcmp(a->group, b->group) == 0 &&
		strcmp(a->name, b->name) == 0;
}

const struct report_row *report_match(const struct report *report,
	const struct report_row *row, unsigned file)
{
	for (size_t i = 0; i < report->row_count; i++)
		if (report->rows[i].file == file && same(&report->rows[i], row))
			return &report->rows[i];
	return NULL;
}

bool report_is_first(const struct report *report, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (same(&report->rows[i], &report->rows[index]))
			return false;
	return true;
}

bool report_same_block(const struct report_row *a, const struct report_row *b)
{
	if (a->kind != b->kind || a->swept != b->swept)
		return false;
	/* A sweep is a block of its own. */
	if (a->swept || a->name[0] || b->name[0])
		return strcmp(a->group, b->group) == 0;
	return true;
}

bool report_block_begins(const struct report *report, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (report_same_block(&report->rows[i], &report->rows[index]))
			return false;
	return true;
}
