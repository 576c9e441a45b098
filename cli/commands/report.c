/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* clyde report: reads files of results and prints them as text, or writes a
   page of HTML.  cli/report/ does both; this file has the options and files. */
#include "cli/cli.h"
#include "cli/report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX (64 << 20)

enum { KEY_TEXT = 0x100 };

struct request {
	struct tool *tool;
	const char *paths[REPORT_FILES_MAX];
	unsigned count;
	const char *page;
	bool text;
};

static error_t parse_report(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		share_tool(state, request->tool);
		return 0;
	case 'o':
		request->page = argument;
		return 0;
	case KEY_TEXT:
		request->text = true;
		return 0;
	case ARGP_KEY_ARG:
		if (request->count == REPORT_FILES_MAX) {
			misuse(request->tool, "more than %d files",
				REPORT_FILES_MAX);
			return EINVAL;
		}
		request->paths[request->count++] = argument;
		return 0;
	case ARGP_KEY_NO_ARGS:
		misuse(request->tool,
			"name a file that clyde run benchmark --json or make "
			"compare has written");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"output", 'o', "FILE", 0,
		"Write a page of HTML; \"-\" is standard output", 0},
	{"text", KEY_TEXT, NULL, 0,
		"Print it as text, which is the default without -o", 0},
	{0},
};

static const struct argp_child children[] = {
	{&global_argp, 0, "Options of every command:", 2},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse_report,
	.args_doc = "FILE.json...",
	.doc = "Show what clyde run benchmark --json and make compare have "
	       "measured: throughput, latency, and how later files differ "
	       "from the first.",
	.children = children,
};

/* ---- Input ------------------------------------------------------------ */

/* The rest of a file, which the caller frees.  NULL with errno on failure,
   which is EFBIG if there is more than FILE_SIZE_MAX. */
static char *read_stream(FILE *file, size_t *ret_size)
{
	char *data = malloc(FILE_SIZE_MAX + 1);

	if (data == NULL)
		return NULL;
	*ret_size = fread(data, 1, FILE_SIZE_MAX + 1, file);
	if (!ferror(file) && *ret_size <= FILE_SIZE_MAX)
		return data;
	if (!ferror(file))
		errno = EFBIG;
	free(data);
	return NULL;
}

static char *read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "r");
	char *data;
	int error;

	if (file == NULL)
		return NULL;
	data = read_stream(file, ret_size);
	error = errno;
	fclose(file);
	errno = error;
	return data;
}

/* The last part of the path if no other file has the same, else the path. */
static const char *short_name(const struct request *request, unsigned index)
{
	const char *name = basename(request->paths[index]);

	for (unsigned i = 0; i < request->count; i++)
		if (i != index &&
			strcmp(basename(request->paths[i]), name) == 0)
			return request->paths[index];
	return name;
}

static bool add_file(struct tool *tool, struct report *report, const char *path,
	const char *name)
{
	char why[REPORT_WHY_SIZE];
	size_t size;
	char *data = read_file(path, &size);
	int result;

	if (data == NULL)
		return fail(tool, STATUS_INPUT, "cannot read %s: %s", path,
			strerror(errno));
	result = report_read(report, name, data, size, why);
	free(data);
	if (result == 0)
		return true;
	return fail(tool, status_of(result, false), "%s: %s", path, why);
}

/* ---- Output ----------------------------------------------------------- */

/* The text that `write` writes, which the caller frees; NULL on failure. */
static char *written(struct tool *tool, const struct report *report,
	void (*write)(const struct report *report, FILE *out))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (out == NULL) {
		fail(tool, STATUS_MEMORY, "out of memory");
		return NULL;
	}
	write(report, out);
	failed = ferror(out);
	if (fclose(out) == 0 && !failed)
		return text;
	free(text);
	fail(tool, STATUS_MEMORY, "out of memory");
	return NULL;
}

static void print_text(struct tool *tool, const struct report *report)
{
	char *text = written(tool, report, report_text);
	char *rest = text, *line;

	while (text && (line = strsep(&rest, "\n")) && (rest || *line))
		output_line(&tool->output, "%s", line);
	lines_written(tool);
	free(text);
}

static void show(struct tool *tool, const struct request *request,
	const struct report *report)
{
	if (request->page) {
		tool->output.text = written(tool, report, report_page);
		tool->output.has_results = tool->output.text != NULL;
	}
	if (request->text || request->page == NULL) {
		/* With "-o -" the page goes to standard output. */
		if (tool->output.lines == NULL)
			tool->output.lines = stderr;
		print_text(tool, report);
	}
}

void command_report(struct tool *tool, int argc, char **argv)
{
	struct request request = {.tool = tool};
	struct report report = {0};
	bool read = true;

	if (!parse(tool, &argp, argc, argv, &request))
		return;
	tool->json = request.page;
	if (!open_output(tool))
		return;
	for (unsigned i = 0; i < request.count && read; i++)
		read = add_file(tool, &report, request.paths[i],
			short_name(&request, i));
	if (read)
		show(tool, &request, &report);
	report_free(&report);
}
