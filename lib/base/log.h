/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What is told while it happens: takes lines from the library, gives them to
 * the one who asked for them with clyde_context_log().
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

/* The time is the link's, 0 if that is NULL. */
void log_write(const struct log *log, struct link *link,
	enum clyde_log_level level, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* For what is costly to put into words. */
static inline bool log_wanted(
	const struct link *link, enum clyde_log_level level)
{
	return __builtin_expect(link->log && link->log->level >= level, 0);
}

/* The arguments are not evaluated if nobody wants the line. */
#define LOG(link, severity, ...)                                           \
	do {                                                               \
		if (log_wanted(link, CLYDE_LOG_##severity))                \
			log_write((link)->log, link, CLYDE_LOG_##severity, \
				__VA_ARGS__);                              \
	} while (0)

/* Around each callback of the application, of a log or an observer. */
struct callback {
	struct failure failure;
	unsigned calls;
};

void callback_begin(struct callback *callback);
void callback_end(const struct callback *callback);

#endif
