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

const struct part_kind *const part_kinds[] = {&part_uart_echo, NULL};

int part_pin(const char *text)
{
	if (text[0] < 'A' || text[0] > 'B' || text[1] < '0' || text[1] > '7' ||
		text[2] != '\0')
		return -1;
	return 8 * (text[0] - 'A') + text[1] - '0';
}

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
		snprintf(ret_why, PART_WHY_SIZE, "out of memory");
		return NULL;
	}
	reading.part->kind = kind;
	reading.part->next = TICK_NEVER;
	if (read_pairs(&reading, keys) && kind->start(reading.part, ret_why))
		return reading.part;
	free(reading.part);
	return NULL;
}
