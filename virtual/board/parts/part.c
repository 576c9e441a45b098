/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The table of parts, and the parser of their descriptions, which come from
 * URIs: foreign input.  lib/link/virtual checks a description with it, and
 * virtual/fx2/boot.c makes the part.
 */
#include "part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/number.h"

const struct part_kind *const part_kinds[] = {&part_avr_isp, &part_flash25,
	&part_ice40, &part_tap, &part_uart_echo, NULL};

/* ---- Values of keys ------------------------------------------------------- */

int part_pin(const char *text)
{
	if (text[0] < 'A' || text[0] > 'B' || text[1] < '0' || text[1] > '7' ||
		text[2] != '\0')
		return -1;
	return 8 * (text[0] - 'A') + text[1] - '0';
}

bool part_parse_pin(const char *value, uint16_t *ret_pin)
{
	int pin = part_pin(value);

	if (pin >= 0)
		*ret_pin = 1 << pin;
	return pin >= 0;
}

/* 12 ticks are 25 ns. */
bool part_parse_time(const char *value, uint64_t maximum_ns, tick *ret_time)
{
	static const struct number_unit units[] = {{"ns", 1}, {"us", 1000},
		{"ms", 1000000}, {"s", 1000000000}, {0}};
	const struct number_form form = {
		.units = units,
		.fraction_digits = NUMBER_DIGITS_ANY,
		.minimum = 1,
		.maximum = maximum_ns,
	};
	uint64_t ns;

	if (number_parse(value, &form, &ns, NULL) != NUMBER_OK)
		return false;
	*ret_time = (ns * 12 + 24) / 25;
	return true;
}

unsigned part_parse_hex(const char *value, uint8_t *bytes, unsigned most)
{
	size_t size = strlen(value);

	if (size % 2 || size / 2 > most)
		return 0;
	for (size_t i = 0; i < size; i += 2) {
		unsigned high = number_digit(value[i]),
			 low = number_digit(value[i + 1]);

		if (high > 15 || low > 15)
			return 0;
		bytes[i / 2] = high << 4 | low;
	}
	return size / 2;
}

bool part_check_pins(const struct part *part, const uint16_t *pins,
	unsigned count, char why[PART_WHY_SIZE])
{
	uint16_t seen = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned pin = pins[i] ? __builtin_ctz(pins[i]) : 0;

		if (seen & pins[i]) {
			snprintf(why, PART_WHY_SIZE, "%s: %c%u is given twice",
				part->kind->name, 'A' + pin / 8, pin % 8);
			return false;
		}
		seen |= pins[i];
	}
	return true;
}

/* ---- Descriptions --------------------------------------------------------- */

struct reading {
	struct part *part;
	char *why;
	unsigned given; /* keys, by bit */
};

static bool complain(struct reading *reading, const char *name,
	const char *value, const char *says)
{
	snprintf(reading->why, PART_WHY_SIZE, "%s: %s%s%s %s",
		reading->part->kind->name, name, value ? "=" : "",
		value ? value : "", says);
	return false;
}

static bool read_pair(struct reading *reading, char *pair)
{
	const struct part_key *keys = reading->part->kind->keys;
	char *value = strchr(pair, '=');
	char says[80];

	if (value == NULL)
		return complain(reading, pair, NULL, "is not KEY=VALUE");
	*value++ = '\0';
	for (unsigned i = 0; keys[i].name; i++) {
		if (strcmp(keys[i].name, pair) != 0)
			continue;
		if (reading->given >> i & 1)
			return complain(reading, pair, NULL, "is given twice");
		reading->given |= 1 << i;
		snprintf(says, sizeof(says), "is not %s", keys[i].says);
		return keys[i].parse(reading->part, value) ||
			complain(reading, pair, value, says);
	}
	return complain(reading, pair, NULL, "is not a key");
}

static bool read_pairs(struct reading *reading, char *text)
{
	const struct part_key *keys = reading->part->kind->keys;
	char *save;

	for (char *pair = strtok_r(text, ":", &save); pair;
		pair = strtok_r(NULL, ":", &save))
		if (!read_pair(reading, pair))
			return false;
	for (unsigned i = 0; keys[i].name; i++)
		if (keys[i].required && !(reading->given >> i & 1))
			return complain(
				reading, keys[i].name, NULL, "is missing");
	return true;
}

static const struct part_kind *find(const char *name)
{
	for (size_t i = 0; part_kinds[i]; i++)
		if (strcmp(part_kinds[i]->name, name) == 0)
			return part_kinds[i];
	return NULL;
}

struct part *part_new(const char *text, char ret_why[PART_WHY_SIZE])
{
	char copy[PART_TEXT_SIZE];
	char *keys;
	const struct part_kind *kind;
	struct reading reading = {.why = ret_why};

	snprintf(copy, sizeof(copy), "%s", text);
	keys = copy + strcspn(copy, "@");
	if (*keys)
		*keys++ = '\0';
	kind = find(copy);
	if (kind == NULL || strlen(text) >= sizeof(copy)) {
		snprintf(ret_why, PART_WHY_SIZE,
			kind ? "%s: its description is too long"
			     : "%s is not a part",
			copy);
		return NULL;
	}
	reading.part = calloc(1, kind->size);
	if (reading.part == NULL) {
		ret_why[0] = '\0';
		return NULL;
	}
	reading.part->kind = kind;
	reading.part->next = TICK_NEVER;
	if (read_pairs(&reading, keys) && kind->start(reading.part, ret_why))
		return reading.part;
	part_free(reading.part, 0);
	return NULL;
}

void part_free(struct part *part, tick now)
{
	if (part && part->kind->end)
		part->kind->end(part, now);
	free(part);
}

/* ---- Outputs -------------------------------------------------------------- */

void part_plan(struct part *part, tick time, uint16_t low, uint16_t high)
{
	bool same = low == part->low && high == part->high;

	part->next_low = low;
	part->next_high = high;
	part->next = same ? TICK_NEVER : time;
}

void part_drive_planned(struct part *part, tick now)
{
	(void)now;
	part->low = part->next_low;
	part->high = part->next_high;
	part->next = TICK_NEVER;
}
