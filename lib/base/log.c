/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Takes what the library has to tell, gives it to the context's listener as
 * one line with the link's time; and tells of the calls of the seam that all
 * files make.
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

/* The longest is a management packet, three characters a byte. */
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

/* ---- The seam --------------------------------------------------------- */

/* ": the endpoint stalled", or nothing. */
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
