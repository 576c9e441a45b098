/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes clyde report with any bytes as its files, with a NUL between two
 * files.  A refused file has a sentence.  A page must have no tag with a number
 * that is not one, and no name may break it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_out(const struct report *report,
	void (*write)(const struct report *report, FILE *out))
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		abort();
	write(report, out);
	if (fclose(out) == EOF)
		abort();
	return text;
}

static void check_tag(const char *tag, size_t size)
{
	char text[64];
	const char *value = memmem(tag, size, "data-value=\"", 12);

	/* Attributes are class, style and data-...; drawings have numbers
	   only. */
	if (memmem(tag, size, "nan", 3) || memmem(tag, size, "inf", 3) ||
		memmem(tag, size, "<script", 7) || memchr(tag, '&', size))
		abort();
	if (value == NULL)
		return;
	snprintf(text, sizeof(text), "%s", value + 12);
	if (strtod(text, NULL) != strtod(text, NULL))
		abort();
}

static void check_page(const char *page)
{
	const char *body = strstr(page, "<body>");
	const char *end;

	if (body == NULL || strstr(body, "</body>\n</html>\n") == NULL)
		abort();
	for (const char *tag = body; (tag = strchr(tag, '<')); tag = end) {
		end = strchr(tag, '>');
		if (end == NULL || memchr(tag + 1, '<', end - tag))
			abort();
		check_tag(tag, end - tag);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report report = {0};
	int result = 0;

	while (result == 0 && report.file_count < 3) {
		const uint8_t *nul = memchr(data, '\0', size);
		size_t part = nul ? (size_t)(nul - data) : size;
		char why[REPORT_WHY_SIZE];

		result = report_read(&report, "<a&\">", data, part, why);
		if (result < 0 &&
			(result != CLYDE_ERROR_CORRUPT || why[0] == '\0'))
			abort();
		if (nul == NULL)
			break;
		data += part + 1;
		size -= part + 1;
	}
	if (result == 0) {
		char *page = write_out(&report, report_page);

		check_page(page);
		free(page);
		free(write_out(&report, report_text));
	}
	report_free(&report);
	return 0;
}
