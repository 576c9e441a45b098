/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * --wait: commands that use a device call this first, and go on when the
 * device that -d and -s mean is plugged in.  Which one it is of several is
 * decided afterwards, as without this option.
 */
#include "cli.h"

#include <string.h>
#include <time.h>

#include "common/number.h"

#define WAIT_MAX_S 1000000

bool set_wait(struct tool *tool, const char *text)
{
	static const struct number_form form = {.maximum = WAIT_MAX_S};
	uint64_t seconds;

	tool->wait = true;
	tool->wait_s = -1;
	if (text == NULL)
		return true;
	if (number_parse(text, &form, &seconds, NULL) != NUMBER_OK)
		return misuse(
			tool, "--wait=%s is not in 0..%d s", text, WAIT_MAX_S);
	tool->wait_s = seconds;
	return true;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Another board with the same chip is not waited for.  Without a serial
   number, a Glasgow that cannot be read is: the command tells why. */
static bool is_meant(
	const struct tool *tool, const struct clyde_device_info *info)
{
	if (tool->serial)
		return strcmp(info->serial, tool->serial) == 0;
	return info->configured;
}

/* `other` is the sentence of a device that might have been the one. */
static bool give_up(struct tool *tool, const char *other)
{
	if (tool->serial)
		return fail(tool, STATUS_TIMEOUT,
			"no device with serial number %s within %ld s%s%s",
			tool->serial, tool->wait_s, other[0] ? "; " : "",
			other);
	return fail(
		tool, STATUS_TIMEOUT, "no Glasgow within %ld s", tool->wait_s);
}

static bool await_event(struct tool *tool, struct clyde_monitor *monitor)
{
	int64_t deadline = now_ms() + tool->wait_s * INT64_C(1000);
	char other[CLYDE_WHY_SIZE] = "";

	for (;;) {
		struct clyde_monitor_event event;
		int64_t left = deadline - now_ms();
		int result;

		if (tool->wait_s < 0)
			left = -1;
		else if (left < 0)
			left = 0;
		result = clyde_monitor_next(monitor, &event, left);
		if (result == CLYDE_ERROR_TIMEOUT)
			return give_up(tool, other);
		if (!succeeded(tool, result))
			return false;
		if (event.change != CLYDE_MONITOR_ARRIVED)
			continue;
		if (is_meant(tool, &event.info))
			return true;
		if (!event.info.readable)
			memcpy(other, event.info.why, sizeof(other));
	}
}

bool await_device(struct tool *tool)
{
	struct clyde_monitor *monitor;
	bool there;

	if (!tool->wait)
		return true;
	if (!succeeded(tool,
		    clyde_monitor_new(tool->context, tool->uri, &monitor)))
		return false;
	there = await_event(tool, monitor);
	clyde_monitor_close(monitor);
	return there;
}
