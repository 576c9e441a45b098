/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The parts of clyde selftest that pull and drive pins.  selftest.c calls them
 * in its order: pulls, bridges, drive.
 *
 * No pin may be driven before it has followed its pull resistor both ways,
 * unless the user agrees; and only one pin at a time.  A pin that is connected
 * to another one is never driven.
 */
#include "selftest.h"

#include <string.h>

#define PORT_PINS 8

static uint16_t pins_of(clyde_ports ports)
{
	return (ports & 1 ? 0x00ff : 0) | (ports & 2 ? 0xff00 : 0);
}

/* "A3, B1" */
static const char *name_pins(uint16_t pins, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned pin = 0; pin < SELFTEST_PINS && used < size; pin++)
		if (pins >> pin & 1)
			used += snprintf(text + used, size - used, "%s%c%u",
				used ? ", " : "", 'A' + pin / PORT_PINS,
				pin % PORT_PINS);
	return text;
}

#define NAMES_SIZE 80

static unsigned count_pins(uint16_t pins)
{
	return __builtin_popcount(pins);
}

/* ---- Steps ------------------------------------------------------------ */

/* Pull the pins of all supplied ports: these down, those up, no others. */
static int pull(struct selftest *test, uint16_t down, uint16_t up)
{
	int result = 0;

	for (unsigned port = 0; port < 2 && result == 0; port++)
		if (test->powered >> port & 1)
			result = clyde_pulls_set(test->tool->device, 1 << port,
				down >> PORT_PINS * port,
				up >> PORT_PINS * port);
	return result;
}

static int read_levels(struct selftest *test, uint16_t *ret_levels)
{
	uint64_t levels;
	int result = clyde_core_read(
		test->tool->device, CLYDE_CORE_GPIO, "levels", &levels);

	if (result == 0)
		*ret_levels = levels;
	return result;
}

static int pull_and_read(
	struct selftest *test, uint16_t down, uint16_t up, uint16_t *ret_levels)
{
	int result = pull(test, down, up);

	return result < 0 ? result : read_levels(test, ret_levels);
}

/* Drive these pins to the levels of the register "output", and no others. */
static int drive(struct selftest *test, uint16_t pins)
{
	return clyde_core_write(
		test->tool->device, CLYDE_CORE_GPIO, "enable", pins);
}

static int set_output(struct selftest *test, uint16_t levels)
{
	return clyde_core_write(
		test->tool->device, CLYDE_CORE_GPIO, "output", levels);
}

/* Connect the pins of the supplied ports to the GPIO core, which drives none of
   them yet.  The applet does that, and leaves them connected. */
static int connect_pins(struct selftest *test)
{
	static const char *const words[] = {
		NULL, "A0:7=Z", "B0:7=Z", "A0:7,B0:7=Z"};
	struct clyde_run *run;
	int result;

	if (test->connected)
		return 0;
	result = clyde_run_new(test->tool->context, "gpio", &run);
	if (result < 0)
		return result;
	result = drive(test, 0);
	if (result == 0)
		result = clyde_run_set(run, "action", words[test->powered & 3]);
	if (result == 0)
		result = clyde_run_start(run, test->tool->device, NULL, NULL);
	clyde_run_close(run);
	test->connected = result == 0;
	return result;
}

int selftest_release(struct selftest *test)
{
	/* The pulls go with the supplies. */
	return test->fpga ? drive(test, 0) : 0;
}

/* ---- Pulls ------------------------------------------------------------ */

/* Which of two faults a pin has that stays at `level`: drive it the other way,
   for the time of one reading. */
static int examine(struct selftest *test, struct selftest_part *part,
	unsigned pin, bool level)
{
	uint16_t bit = 1 << pin, levels = 0;
	char name[NAMES_SIZE];
	int result = set_output(test, level ? 0 : bit), released;

	if (result == 0)
		result = drive(test, bit);
	if (result == 0)
		result = read_levels(test, &levels);
	released = drive(test, 0);
	if (result == 0)
		result = released;
	if (result < 0)
		return result;
	name_pins(bit, name, sizeof(name));
	if (!!(levels & bit) == level)
		return selftest_fail(
			part, "%s is stuck %s", name, level ? "high" : "low");
	return selftest_fail(part, "%s has no pull resistor", name);
}

static int examine_all(struct selftest *test, struct selftest_part *part,
	uint16_t low, uint16_t high)
{
	int result = pull(test, 0, 0);

	if (result == 0)
		result = connect_pins(test);
	for (unsigned pin = 0; pin < SELFTEST_PINS && result == 0; pin++) {
		if (low >> pin & 1)
			result = examine(test, part, pin, false);
		else if (high >> pin & 1)
			result = examine(test, part, pin, true);
	}
	return result;
}

static bool agree_to_examine(struct selftest *test, uint16_t low, uint16_t high)
{
	char lows[NAMES_SIZE], highs[NAMES_SIZE];

	name_pins(low, lows, sizeof(lows));
	name_pins(high, highs, sizeof(highs));
	return selftest_agreed(test,
		"%s%s%s%s%s whatever its pull resistor does: something may be "
		"connected",
		lows, low ? " stays low" : "", low && high ? ", " : "", highs,
		high ? " stays high" : "");
}

int selftest_pulls(struct selftest *test, struct selftest_part *part)
{
	uint16_t all = pins_of(1 << part->port), down = 0, up = 0, low, high;
	char names[NAMES_SIZE];
	int result = pull_and_read(test, all, 0, &down);

	if (result == 0)
		result = pull_and_read(test, 0, all, &up);
	if (result < 0)
		return result;
	high = all & down & up;
	low = all & ~down & ~up;
	/* High while it is pulled down, and low while it is pulled up */
	if (all & down & ~up)
		selftest_fail(part,
			"%s follow the opposite of their pull "
			"resistors",
			name_pins(all & down & ~up, names, sizeof(names)));
	test->odd |= all & (low | high | (down & ~up));
	if (low | high) {
		if (!agree_to_examine(test, low, high))
			return 0;
		return examine_all(test, part, low, high);
	}
	if (part->verdict == SELFTEST_FAILED)
		return 0;
	return selftest_say(part, "8 pins follow their pull resistors");
}

/* ---- Bridges ---------------------------------------------------------- */

/*
 * The pins that follow the pull resistor of `pin` both ways while nothing else
 * pulls them.  Before, all are pulled the other way, so that a pin that is
 * connected to nothing keeps that level, or drifts in one direction only.
 */
static int find_bridged(
	struct selftest *test, uint16_t all, uint16_t pin, uint16_t *ret_pins)
{
	uint16_t up = 0, down = 0;
	int result = pull(test, all, 0);

	if (result == 0)
		result = pull_and_read(test, 0, pin, &up);
	if (result == 0)
		result = pull(test, 0, all);
	if (result == 0)
		result = pull_and_read(test, pin, 0, &down);
	*ret_pins = up & ~down & all & ~pin;
	return result;
}

int selftest_bridges(struct selftest *test, struct selftest_part *part)
{
	uint16_t all = pins_of(test->powered) & ~test->odd;
	char names[NAMES_SIZE], others[NAMES_SIZE];

	for (unsigned pin = 0; pin < SELFTEST_PINS; pin++) {
		uint16_t bit = 1 << pin, found = 0;
		int result = 0;

		if (all & ~test->bridged & bit)
			result = find_bridged(test, all, bit, &found);
		if (result < 0)
			return result;
		if (found == 0)
			continue;
		test->bridged |= found | bit;
		selftest_fail(part, "%s is bridged to %s",
			name_pins(bit, names, sizeof(names)),
			name_pins(found, others, sizeof(others)));
	}
	if (part->verdict == SELFTEST_FAILED)
		return pull(test, 0, 0);
	selftest_say(part, "none between %u pins", count_pins(all));
	return pull(test, 0, 0);
}

/* ---- Drive ------------------------------------------------------------ */

/* What is wrong after one pin was driven to a level, with all others pulled the
   other way, and then released. */
static void check_step(struct selftest_part *part, uint16_t pin, bool level,
	uint16_t moved, uint16_t left)
{
	char name[NAMES_SIZE], others[NAMES_SIZE];

	name_pins(pin, name, sizeof(name));
	if (!(moved & pin))
		selftest_fail(part, "%s cannot be driven %s", name,
			level ? "high" : "low");
	else if (moved & ~pin)
		selftest_fail(part, "%s moves %s", name,
			name_pins(moved & ~pin, others, sizeof(others)));
	else if (left)
		selftest_fail(part, "%s stays %s after it is released", name,
			level ? "high" : "low");
}

/* `ret_moved` has the pins that do not have the level of their pulls while the
   pin is driven, `ret_left` those after it is released. */
static int drive_one(struct selftest *test, uint16_t pins, uint16_t pin,
	bool level, uint16_t *ret_moved, uint16_t *ret_left)
{
	uint16_t rest = level ? 0 : pins;
	uint16_t levels = rest;
	int result = drive(test, pin), released;

	if (result == 0)
		result = read_levels(test, &levels);
	released = drive(test, 0);
	*ret_moved = (levels ^ rest) & pins;
	if (result == 0)
		result = released;
	if (result == 0)
		result = read_levels(test, &levels);
	*ret_left = (levels ^ rest) & pins;
	return result;
}

/* Drive each pin of the port to a level, against pulls the other way. */
static int drive_each(struct selftest *test, struct selftest_part *part,
	uint16_t pins, bool level)
{
	uint16_t mine = pins & pins_of(1 << part->port);
	int result = pull(test, level ? pins : 0, level ? 0 : pins);

	if (result == 0)
		result = set_output(test, level ? UINT16_MAX : 0);
	for (unsigned i = 0; i < SELFTEST_PINS && result == 0; i++) {
		uint16_t pin = 1 << i, moved, left;

		if (!(mine & pin))
			continue;
		result = drive_one(test, pins, pin, level, &moved, &left);
		if (result == 0)
			check_step(part, pin, level, moved, left);
	}
	return result;
}

int selftest_drive(struct selftest *test, struct selftest_part *part)
{
	uint16_t pins = pins_of(test->powered) & ~test->odd & ~test->bridged;
	uint16_t mine = pins & pins_of(1 << part->port);
	int result;

	if (mine == 0)
		return selftest_skip(part, "no pin that may be driven");
	result = connect_pins(test);
	if (result == 0)
		result = drive_each(test, part, pins, false);
	if (result == 0)
		result = drive_each(test, part, pins, true);
	if (result == 0)
		result = pull(test, 0, 0);
	if (result == 0 && part->verdict == SELFTEST_OK)
		selftest_say(part,
			"%u driven low and high, and no other one moves",
			count_pins(mine));
	return result;
}
