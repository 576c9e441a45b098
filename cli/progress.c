/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Writes the progress line, see cli/progress.h.  There is one terminal, so the
   state is static. */
#include "progress.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_MS 100

static struct {
	bool shown;
	int64_t next_ms;
} line;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The width of the terminal without its last column: a line that wraps could
   not be rewritten. */
static int columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
		return 79;
	return size.ws_col - 1;
}

/* Whether standard error is a terminal that can rewrite a line. */
static bool can_rewrite(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDERR_FILENO) && kind && *kind &&
		strcmp(kind, "dumb") != 0;
}

void progress_show(const char *what, uint64_t done, uint64_t total)
{
	char text[128];
	int64_t now = now_ms();

	if (now < line.next_ms || !can_rewrite())
		return;
	line.next_ms = now + INTERVAL_MS;
	if (total)
		snprintf(text, sizeof(text), "%s: %d %%", what,
			(int)(100.0 * (double)done / (double)total));
	else
		snprintf(text, sizeof(text), "%s: %" PRIu64, what, done);
	fprintf(stderr, "\r%.*s\033[K", columns(), text);
	fflush(stderr);
	line.shown = true;
}

void progress_clear(void)
{
	if (line.shown)
		fputs("\r\033[K", stderr);
	line.shown = false;
}
