/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The page's section on sweeps: a table of transfer sizes and depths for each,
   whose cells are tinted by their share of the ceiling. */
#include "page.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 32

struct steps {
	uint64_t values[STEPS_MAX];
	unsigned count;
};

static void add_step(struct steps *steps, uint64_t value)
{
	unsigned at = 0;

	while (at < steps->count && steps->values[at] < value)
		at++;
	if (steps->count == STEPS_MAX ||
		(at < steps->count && steps->values[at] == value))
		return;
	memmove(&steps->values[at + 1], &steps->values[at],
		(steps->count - at) * sizeof(*steps->values));
	steps->values[at] = value;
	steps->count++;
}

static const struct report_row *cell(const struct report *report,
	const struct report_row *like, uint64_t size, uint64_t depth)
{
	struct report_row wanted = *like;

	wanted.transfer_size = size;
	wanted.depth = depth;
	return report_match(report, &wanted, like->file);
}

static void put_cell(FILE *out, const struct report_row *row)
{
	char style[64];
	double share;

	if (row == NULL || row->count == 0) {
		fputs("<td>&ndash;</td>", out);
		return;
	}
	share = row->median / row->ceiling;
	snprintf(style, sizeof(style), "class=\"n\" style=\"--s:%.0f%%\"",
		share > 0 ? fmin(share, 1) * 45 : 0);
	put_number(out, "td", style, row->median, row->median);
}

static void put_sweep(FILE *out, const struct report *report,
	const struct report_row *first, const struct steps *sizes,
	const struct steps *depths)
{
	char size[REPORT_NUMBER_SIZE];

	fprintf(out, "<div class=\"block %s\"><h3>", row_class(report, first));
	put_text(out, first->group);
	if (report->file_count > 1) {
		fputs(" <small>", out);
		put_text(out, report->files[first->file].name);
		fputs("</small>", out);
	}
	fputs("</h3>\n<table class=\"sweep\"><thead><tr><th>depth</th>", out);
	for (unsigned i = 0; i < sizes->count; i++)
		fprintf(out, "<th class=\"n\">%s</th>",
			report_size(sizes->values[i], size));
	fputs("</tr></thead>\n<tbody>", out);
	for (unsigned i = 0; i < depths->count; i++) {
		fprintf(out, "<tr><th class=\"n\">%" PRIu64 "</th>",
			depths->values[i]);
		for (unsigned j = 0; j < sizes->count; j++)
			put_cell(out,
				cell(report, first, sizes->values[j],
					depths->values[i]));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

/* Whether the row at this index is the first of a sweep in its file. */
static bool begins(const struct report *report, size_t index)
{
	const struct report_row *row = &report->rows[index];

	if (!row->swept || row->kind != REPORT_RATE)
		return false;
	for (size_t i = 0; i < index; i++)
		if (report->rows[i].file == row->file &&
			report_same_block(&report->rows[i], row))
			return false;
	return true;
}

void put_sweeps(FILE *out, const struct report *report)
{
	bool begun = false;

	for (size_t i = 0; i < report->row_count; i++) {
		const struct report_row *first = &report->rows[i];
		struct steps sizes = {0}, depths = {0};

		if (!begins(report, i))
			continue;
		for (size_t j = i; j < report->row_count; j++) {
			const struct report_row *row = &report->rows[j];

			if (row->file != first->file ||
				!report_same_block(first, row))
				continue;
			add_step(&sizes, row->transfer_size);
			add_step(&depths, row->depth);
		}
		if (!begun)
			fputs("<section "
			      "id=\"sweeps\"><h2>Sweeps</h2>\n<p>MiB/s "
			      "by transfers in flight (down) and their size "
			      "(across); the tint is the share of the "
			      "ceiling.</p>\n",
				out);
		begun = true;
		put_sweep(out, report, first, &sizes, &depths);
	}
	if (begun)
		fputs("</section>\n", out);
}
