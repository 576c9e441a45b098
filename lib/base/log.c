/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The log: log_write(), which LOG() calls, formats a line and passes it to the
 * callback of clyde_context_log() with the link's time.  Also the control
 * transfers of the layers above link, link_control() and link_select(), which
 * are logged here.
 *
 * The callback must never run outside callback_begin() and callback_end():
 * calls that it makes would change the failure of the call that is logged, and
 * a close in it would wait for itself.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "inside.h"
#include "wait.h"

void callback_begin(struct callback *callback)
{
	error_suspend(&callback->failure, &callback->calls);
	inside()->callbacks++;
}

void callback_end(const struct callback *callback)
{
	inside()->callbacks--;
	error_continue(&callback->failure, callback->calls);
}

void observer_progress(const struct clyde_observer *observer, const char *what,
	uint64_t done, uint64_t total)
{
	struct callback callback;

	if (observer == NULL || observer->progress == NULL)
		return;
	callback_begin(&callback);
	observer->progress(observer->user, what, done, total);
	callback_end(&callback);
}

/* The longest line is an error message, up to ERROR_SIZE, behind a few words; a
   management packet takes three characters a byte, less than 256 in all. */
#define LINE_SIZE 512

void log_write(const struct log *log, struct link *link,
	enum clyde_log_level level, const char *format, ...)
{
	char line[LINE_SIZE];
	struct callback callback;
	va_list arguments;

	if (log->level < level)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	callback_begin(&callback);
	inside()->logs++;
	log->callback(log->user, level,
		link ? (int64_t)link->ops->now(link) : 0, line);
	inside()->logs--;
	callback_end(&callback);
}

static int set_log(struct clyde_context *context, enum clyde_log_level level,
	void (*callback)(void *user, enum clyde_log_level level,
		int64_t time_ns, const char *line),
	void *user)
{
	int result = 0;

	if (level < CLYDE_LOG_OFF || level > CLYDE_LOG_TRACE)
		result = set_error(CLYDE_ERROR_INVALID,
			"%d is not a log level: 0 to %d", (int)level,
			CLYDE_LOG_TRACE);
	else
		context->log = (struct log){
			.level = callback ? level : CLYDE_LOG_OFF,
			.callback = callback,
			.user = user,
		};
	return result;
}

CLYDE_API int clyde_context_log(struct clyde_context *handle,
	enum clyde_log_level level,
	void (*callback)(void *user, enum clyde_log_level level,
		int64_t time_ns, const char *line),
	void *user)
{
	return CALL(context, handle, set_log(context, level, callback, user));
}

/* ---- Control transfers ------------------------------------------------ */

/* The end of a line is colon() and failure(): ": the endpoint stalled", or
   nothing if the call has succeeded. */
static const char *colon(int result)
{
	return result < 0 ? ": " : "";
}

static const char *failure(int result)
{
	return result < 0 ? error_text(result) : "";
}

int link_control(struct link *link, const struct usb_setup *setup, void *data,
	int timeout_ms)
{
	int result = link->ops->control(
		link, setup, data, deadline_in(link, timeout_ms));

	LOG(link, TRACE,
		"control %02x %02x, value 0x%04x, index 0x%04x: %d of %u bytes"
		"%s%s",
		setup->bmRequestType, setup->bRequest, setup->wValue,
		setup->wIndex, result < 0 ? 0 : result, setup->wLength,
		colon(result), failure(result));
	return result;
}

int link_select(
	struct link *link, uint8_t interface, uint8_t alternate, int timeout_ms)
{
	static const char *const names[USB_IFACE_COUNT] = {
		"MGMT", "EP2 OUT", "EP4 OUT", "EP6 IN", "EP8 IN"};
	int result = link->ops->set_alternate(
		link, interface, alternate, deadline_in(link, timeout_ms));

	LOG(link, DEBUG, "interface %u, %s: alternate setting %u%s%s",
		interface, names[interface], alternate, colon(result),
		failure(result));
	return result;
}
