/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* --log: prints the library's log on standard error.  cli/options.c calls
   set_log(); the library calls print(), on any thread. */
#include "cli.h"
#include "progress.h"

#include <string.h>

static const char *const names[] = {
	[CLYDE_LOG_ERROR] = "error",
	[CLYDE_LOG_WARNING] = "warning",
	[CLYDE_LOG_INFO] = "info",
	[CLYDE_LOG_DEBUG] = "debug",
	[CLYDE_LOG_TRACE] = "trace",
};

/* "[   0.123456] debug: EP6 IN closed" */
static void print(void *user, enum clyde_log_level level, int64_t time_ns,
	const char *line)
{
	long long us = time_ns / 1000;

	(void)user;
	progress_clear();
	fprintf(stderr, "[%4lld.%06lld] %s: %s\n", us / 1000000, us % 1000000,
		names[level], line);
}

const char *log_level_at(unsigned index)
{
	unsigned level = CLYDE_LOG_ERROR + index;

	return level <= CLYDE_LOG_TRACE ? names[level] : NULL;
}

bool set_log(struct tool *tool, const char *name)
{
	for (int level = CLYDE_LOG_ERROR; level <= CLYDE_LOG_TRACE; level++)
		if (strcmp(names[level], name) == 0)
			return succeeded(tool,
				clyde_context_log(tool->context,
					(enum clyde_log_level)level, print,
					NULL));
	return misuse(tool,
		"'%s' is not a log level; there are error, warning, info, "
		"debug and trace",
		name);
}
