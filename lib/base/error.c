/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Errors and their messages, for all files of the library and for applets.  A
 * call that fails returns an enumerator of `enum clyde_error` and keeps one
 * line for clyde_error_message() on its thread.  No function of this file may
 * fail, allocate or take a lock: they are called when memory has run out.
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

/*
 * The failures of each thread: the failure that clyde_error_message() returns
 * between calls, and the failure of the call under way.  If that call fails,
 * the two exchange their places.
 */
static _Thread_local struct {
	struct failure failures[2];
	unsigned shown; /* index of the failure to return between calls */
	unsigned calls; /* calls of clyde.h that the thread is inside of */
} last;

static struct failure *under_way(void)
{
	return &last.failures[!last.shown];
}

static struct failure *current(void)
{
	return last.calls > 0 ? under_way() : &last.failures[last.shown];
}

void error_enter(void)
{
	if (last.calls++ == 0) {
		under_way()->error = 0;
		under_way()->sentence[0] = '\0';
	}
}

ssize_t error_leave(ssize_t result)
{
	result = call_result(result);
	if (--last.calls == 0 && result < 0)
		last.shown = !last.shown;
	return result;
}

void error_keep(struct failure *ret_failure)
{
	*ret_failure = *under_way();
}

void error_restore(const struct failure *failure)
{
	if (last.calls > 0)
		*under_way() = *failure;
}

void error_suspend(struct failure *ret_failure, unsigned *ret_calls)
{
	*ret_failure = *under_way();
	*ret_calls = last.calls;
	last.calls = 0;
}

void error_continue(const struct failure *failure, unsigned calls)
{
	*under_way() = *failure;
	last.calls = calls;
}

#undef set_error /* the macro for clang's analyser, see error.h */

int set_error(int error, const char *format, ...)
{
	char sentence[ERROR_SIZE]; /* an argument may be the old sentence */
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	memcpy(under_way()->sentence, sentence, sizeof(sentence));
	under_way()->error = error;
	if (last.calls == 0)
		last.shown = !last.shown;
	return error;
}

ssize_t call_result(ssize_t result)
{
	if (result < 0 && result != current()->error)
		set_error(result, "%s", error_text(result));
	return result;
}

int check_given(const char *name, const void *argument)
{
	return argument ? 0
			: set_error(CLYDE_ERROR_INVALID, "%s is NULL", name);
}

int check_buffer(const char *name, const void *bytes, size_t size)
{
	return size > 0 ? check_given(name, bytes) : 0;
}

void error_take(int error, char text[ERROR_SIZE])
{
	struct failure *failure = current();
	bool told = failure->error == error && failure->sentence[0];

	snprintf(text, ERROR_SIZE, "%s",
		told ? failure->sentence : error_text(error));
	failure->error = 0;
	failure->sentence[0] = '\0';
}

CLYDE_API const char *clyde_error_message(void)
{
	return current()->sentence;
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
	case CLYDE_ERROR_FILE:
		/* The function that could not use the file has set a sentence
		   that names the file: return that sentence. */
		if (under_way()->error == result)
			return under_way()->sentence;
		break;
	}
	return info ? info->meaning : "a failure without a name";
}
