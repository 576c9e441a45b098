/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The log of a context: all files of the library write lines with LOG(), and
 * the callback of clyde_context_log() gets them.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "clyde.h"
#include "error.h"
#include "lib/link/link.h"

struct log {
	enum clyde_log_level level;
	void (*callback)(void *user, enum clyde_log_level level,
		int64_t time_ns, const char *line);
	void *user;
};

/* The line's time is the link's, or 0 if the link is NULL. */
void log_write(const struct log *log, struct link *link,
	enum clyde_log_level level, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Whether a line of this level is logged: for callers whose line takes time to
   make. */
static inline bool log_wanted(
	const struct link *link, enum clyde_log_level level)
{
	return __builtin_expect(link->log && link->log->level >= level, 0);
}

/* The arguments are not evaluated if the log's level is lower. */
#define LOG(link, severity, ...)                                           \
	do {                                                               \
		if (log_wanted(link, CLYDE_LOG_##severity))                \
			log_write((link)->log, link, CLYDE_LOG_##severity, \
				__VA_ARGS__);                              \
	} while (0)

/* The failure and the calls of this thread, saved while a callback of the
   application runs: a log callback or an observer.  callback_begin() must be
   called before each callback, callback_end() after it. */
struct callback {
	struct failure failure;
	unsigned calls;
};

void callback_begin(struct callback *callback);
void callback_end(const struct callback *callback);

/* Tell an observer, which may be NULL, about the progress of a call. */
void observer_progress(const struct clyde_observer *observer, const char *what,
	uint64_t done, uint64_t total);

#endif
