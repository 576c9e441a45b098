/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Errors and their messages, for all files of the library and for applets.  A
 * call that fails returns an enumerator of `enum clyde_error` and keeps one
 * line for clyde_error_message() on its thread.  No function here may fail,
 * allocate or take a lock: they are called when memory has run out.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error-table.h"

#define X(NAME, value, status, meaning) \
	_Static_assert(CLYDE_ERROR_##NAME == (value), "scripts/errors");
ERROR_TABLE(X)
#undef X

static const struct clyde_error_info infos[] = {
#define X(NAME, value, status, meaning) \
	{CLYDE_ERROR_##NAME, status, #NAME, meaning},
	ERROR_TABLE(X)
#undef X
};

#define ERRORS (sizeof(infos) / sizeof(*infos))

CLYDE_API const struct clyde_error_info *clyde_error_at(size_t index)
{
	return index < ERRORS ? &infos[index] : NULL;
}

CLYDE_API const struct clyde_error_info *clyde_error_find(int value)
{
	for (size_t i = 0; i < ERRORS; i++)
		if (infos[i].value == value)
			return &infos[i];
	return NULL;
}

/* The last failure of each thread. */
static _Thread_local struct {
	int error;
	char sentence[ERROR_SIZE];
} last;

#undef set_error /* the macro for clang's analyser, see error.h */

int set_error(int error, const char *format, ...)
{
	char sentence[ERROR_SIZE]; /* an argument may be the last sentence */
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	memcpy(last.sentence, sentence, sizeof(sentence));
	last.error = error;
	return error;
}

ssize_t call_result(ssize_t result)
{
	if (result < 0 && result != last.error)
		set_error(result, "%s", error_text(result));
	return result;
}

void error_take(int error, char text[ERROR_SIZE])
{
	snprintf(text, ERROR_SIZE, "%s",
		last.error == error && last.sentence[0] ? last.sentence
							: error_text(error));
	last.error = 0;
	last.sentence[0] = '\0';
}

CLYDE_API const char *clyde_error_message(void)
{
	return last.sentence;
}

/* Any errno value that is not in this table becomes CLYDE_ERROR_FILE. */
int error_from_errno(int error)
{
	static const struct {
		int error, result;
	} rows[] = {
		{EINVAL, CLYDE_ERROR_INVALID},
		{ENAMETOOLONG, CLYDE_ERROR_INVALID},
		{ENOMEM, CLYDE_ERROR_NO_MEMORY},
		{EMFILE, CLYDE_ERROR_EXHAUSTED},
		{ENFILE, CLYDE_ERROR_EXHAUSTED},
		{ECANCELED, CLYDE_ERROR_CANCELED},
		{EINTR, CLYDE_ERROR_INTERRUPTED},
		{ETIMEDOUT, CLYDE_ERROR_TIMEOUT},
		{EDEADLK, CLYDE_ERROR_DEADLOCK},
		{ENODEV, CLYDE_ERROR_NO_DEVICE},
		{EACCES, CLYDE_ERROR_ACCESS},
		{EPERM, CLYDE_ERROR_ACCESS},
		{EBUSY, CLYDE_ERROR_BUSY},
		{EADDRINUSE, CLYDE_ERROR_ADDRESS},
		{EIO, CLYDE_ERROR_IO},
		{ENOSYS, CLYDE_ERROR_UNSUPPORTED},
		{EOPNOTSUPP, CLYDE_ERROR_UNSUPPORTED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].error == error)
			return rows[i].result;
	return CLYDE_ERROR_FILE;
}

const char *error_text(int result)
{
	const struct clyde_error_info *info = clyde_error_find(result);

	switch (result) {
	case CLYDE_ERROR_NO_DEVICE:
		return "the device was unplugged";
	case CLYDE_ERROR_BUSY:
		return "in use by another program";
	case CLYDE_ERROR_STALL:
		return "the endpoint stalled";
	case CLYDE_ERROR_RESET:
		return "another program has reset the device, or taken it";
	case CLYDE_ERROR_NO_MEMORY:
		return "the system has no memory for USB transfers; ask for "
		       "fewer or smaller ones, or raise " USB_MEMORY_SETTING;
	case CLYDE_ERROR_TIMEOUT:
		return "no answer before the deadline";
	case CLYDE_ERROR_PROTOCOL:
		return "the device or its link broke the protocol";
	case CLYDE_ERROR_CLOSED:
		return "it is closed";
	}
	return info ? info->meaning : "a failure without a name";
}
