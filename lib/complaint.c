/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Sentences: takes what failed and why, gives one line to the context that
 * keeps it, and to the thread that asks what its call returned.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The context's is overwritten by whatever fails on another thread. */
static _Thread_local struct {
	int result;
	struct complaint complaint;
} last;

int remember(int result, const char *text)
{
	last.result = result;
	snprintf(last.complaint.text, sizeof(last.complaint.text), "%s", text);
	return result;
}

#undef complain /* the analyser's */

int complain(struct complaint *complaint, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(complaint->text, sizeof(complaint->text), format, arguments);
	va_end(arguments);
	return remember(-error, complaint->text);
}

const char *reason(int result)
{
	switch (result) {
	case -ENODEV:
		return "the device was unplugged";
	case -EBUSY:
		return "in use by another program";
	case -EPIPE:
		return "the endpoint stalled";
	case -ECONNRESET:
		return "another program has reset the device, or taken it";
	case -ENOMEM:
		return "the system has no memory for USB transfers; ask for "
		       "fewer or smaller ones, or raise " USB_MEMORY_SETTING;
	case -ETIMEDOUT:
		return "no answer before the deadline";
	case -EPROTO:
		return "the device or its link broke the protocol";
	case -ESTALE:
		return "it is closed";
	case -EDEADLK:
		return "nothing is under way that could end this wait";
	}
	return strerror(-result);
}

CLYDE_API const char *clyde_result_text(int result)
{
	if (result >= 0)
		return "";
	return result == last.result ? last.complaint.text : reason(result);
}
