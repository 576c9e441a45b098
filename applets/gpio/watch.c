/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Reads the core's records of levels and reports each change with its time,
 * until a time or a number of changes is reached or the run is interrupted.
 * gpio.c calls watch() for each action `watch`.
 */
#include "gpio.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_NS (INT64_C(86400) * 1000000000)
/* Long enough for the last records to come: the FPGA sends a packet that is not
   full after 125 us, the idle flush. */
#define DRAIN_MS 2

struct watcher {
	struct clyde_run *run;
	struct clyde_device *device;
	const struct action *action;
	struct clyde_pipe *pipe;
	uint16_t mask;
	uint64_t for_ns, limit; /* 0: none */
	/* The record that is being read, and what those before it said */
	uint8_t bytes[sizeof(struct gpio_record)];
	size_t fill;
	bool begun;
	uint16_t levels;
	struct gpio_clock clock;
	uint64_t changes, lost;
	int64_t first_ns; /* the device's time when the first record came */
};

void gpio_clock_advance(struct gpio_clock *clock, uint32_t cycle)
{
	if (clock->begun)
		clock->cycles += (uint32_t)(cycle - clock->last);
	clock->begun = true;
	clock->last = cycle;
}

uint64_t gpio_clock_ns(const struct gpio_clock *clock)
{
	return clock->cycles / 6 * 125 + clock->cycles % 6 * 125 / 6;
}

static uint64_t time_ns(const struct watcher *watcher)
{
	return gpio_clock_ns(&watcher->clock);
}

/* " A0=1 A3=0" */
static void changed_text(const struct watcher *watcher, uint16_t changed,
	char text[8 * CLYDE_PINS_MAX])
{
	size_t used = 0;
	char level[8];

	text[0] = '\0';
	for (unsigned i = 0; i < watcher->action->count; i++) {
		const struct clyde_pin *pin = &watcher->action->pins[i];

		if (!(changed & pin_bit(pin)))
			continue;
		changed &= ~pin_bit(pin);
		level_text(pin, watcher->levels, level);
		used += snprintf(text + used, 8 * CLYDE_PINS_MAX - used, "%s%s",
			used ? " " : "", level);
	}
}

static void report(struct watcher *watcher, uint16_t changed, unsigned lost)
{
	char text[8 * CLYDE_PINS_MAX], note[64] = "";

	changed_text(watcher, changed, text);
	if (lost)
		snprintf(note, sizeof(note),
			"  after %u%s changes that were lost", lost,
			lost == UINT16_MAX ? " or more" : "");
	run_tell(watcher->run, "changes",
		(const struct clyde_field[]){
			COUNT_FIELD("time_ns", time_ns(watcher)),
			TEXT_FIELD("changed", text),
			COUNT_FIELD("levels", watcher->levels & watcher->mask),
			COUNT_FIELD("lost", lost), END_FIELD},
		"%12" PRIu64 " ns  %s%s", time_ns(watcher), text, note);
}

static void add_record(
	struct watcher *watcher, const struct gpio_record *record)
{
	uint16_t changed = record->levels ^ watcher->levels;

	if (!watcher->begun)
		watcher->first_ns = now_ns(watcher->device);
	gpio_clock_advance(&watcher->clock, record->cycle);
	watcher->levels = record->levels;
	watcher->lost += record->lost;
	if (watcher->for_ns && time_ns(watcher) > watcher->for_ns)
		return;
	if (!watcher->begun) {
		report(watcher, watcher->mask, 0);
	} else if (changed & watcher->mask || record->lost) {
		report(watcher, changed & watcher->mask, record->lost);
		watcher->changes++;
	}
	watcher->begun = true;
}

static bool over(const struct watcher *watcher)
{
	if (!watcher->begun)
		return false;
	if (watcher->limit && watcher->changes >= watcher->limit)
		return true;
	return watcher->for_ns &&
		now_ns(watcher->device) - watcher->first_ns >=
		(int64_t)watcher->for_ns;
}

/* CLYDE_ERROR_TIMEOUT if no record is complete. */
static int read_record(struct watcher *watcher, int timeout_ms)
{
	struct gpio_record record;
	ssize_t size =
		clyde_pipe_read(watcher->pipe, watcher->bytes + watcher->fill,
			sizeof(watcher->bytes) - watcher->fill, timeout_ms);

	if (size < 0)
		return size;
	watcher->fill += size;
	if (watcher->fill < sizeof(record))
		return CLYDE_ERROR_TIMEOUT;
	memcpy(&record, watcher->bytes, sizeof(record));
	watcher->fill = 0;
	add_record(watcher, &record);
	return 0;
}

static int set_watch(struct watcher *watcher, uint16_t mask)
{
	return clyde_register_write(
		watcher->device, REG_GPIO_WATCH, &mask, sizeof(mask));
}

/* Until the watch is over.  Before the first record nothing limits it. */
static int left_ms(const struct watcher *watcher)
{
	int64_t left_ns;

	if (watcher->for_ns == 0 || !watcher->begun)
		return -1;
	left_ns = watcher->first_ns + (int64_t)watcher->for_ns -
		now_ns(watcher->device);
	/* The moment may pass between two looks at the clock. */
	if (left_ns < 0)
		return 0;
	return left_ns > DAY_NS ? DAY_NS / 1000000 : left_ns / 1000000 + 1;
}

/* Without --for, the user ends the watch. */
static int follow(struct watcher *watcher)
{
	int result = set_watch(watcher, watcher->mask);

	while (result == 0 && !over(watcher)) {
		struct run_wait wait = {
			.events = RUN_READABLE,
			.timeout_ms = left_ms(watcher),
			.users_pace = watcher->for_ns == 0,
		};

		result = run_wait(watcher->run, &wait);
		if (result > 0)
			result = read_record(watcher, 0);
		if (result == CLYDE_ERROR_TIMEOUT)
			result = 0;
	}
	if (result == 0)
		result = set_watch(watcher, 0);
	/* Records that are on their way were made in time. */
	while (result == 0 && watcher->for_ns)
		result = read_record(watcher, DRAIN_MS);
	return result == CLYDE_ERROR_TIMEOUT ? 0 : result;
}

int watch(struct clyde_run *run, const struct action *action)
{
	static const struct clyde_pipe_options options = {
		.transfer_size = 512,
		.depth = 64,
	};
	struct watcher watcher = {
		.run = run,
		.device = run_device(run),
		.action = action,
		.for_ns = run_value(run, "for"),
		.limit = run_value(run, "count"),
	};
	int result;

	for (unsigned i = 0; i < action->count; i++)
		watcher.mask |= pin_bit(&action->pins[i]);
	/* Records of a run that was killed must not come first. */
	result = set_watch(&watcher, 0);
	if (result == 0)
		result = run_pipe(run, CORE_GIVES, &options, &watcher.pipe);
	if (result == 0)
		result = follow(&watcher);
	clyde_pipe_close(watcher.pipe);
	if (result == 0 && watcher.lost)
		return set_error(CLYDE_ERROR_WRONG_DATA,
			"gpio: %" PRIu64 " changes came too fast, and were "
			"lost",
			watcher.lost);
	return result;
}
