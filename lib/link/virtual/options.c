/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes the text after "virtual:", gives the world it describes. */
#include "keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A URI must have room for its scheme; and for an index, if one may follow. */
#define TEXT_MAX   (CLYDE_URI_SIZE - sizeof("virtual:"))
#define INDEX_SIZE (sizeof(",index=0") - 1)

static int parse_pair(struct parser *parser, char *pair)
{
	const struct virtual_key *key;
	char *value = strchr(pair, '=');

	if (value)
		*value++ = '\0';
	for (key = virtual_keys; value && key->name; key++)
		if (strcmp(key->name, pair) == 0)
			return key->parse(parser, pair, value);
	return set_error(CLYDE_ERROR_INVALID,
		"virtual: '%s'%s; see clyde-virtual(7)", pair,
		value ? " is not a key" : " is not KEY=VALUE");
}

static int parse_pairs(struct parser *parser, char *text)
{
	char *save;
	int result = 0;

	for (char *pair = strtok_r(text, ",", &save); pair && result == 0;
		pair = strtok_r(NULL, ",", &save))
		result = parse_pair(parser, pair);
	if (result == 0 && parser->options->only >= 0 &&
		parser->index >= parser->options->devices)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: index=%u, but devices=%u", parser->index,
			parser->options->devices);
	if (result == 0 && parser->options->eeprom_path[0] &&
		parser->options->devices > 1)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: eeprom= is for one device, and devices=%u",
			parser->options->devices);
	if (result == 0 && parser->options->trace_path[0] &&
		(parser->options->devices > 1 || !parser->options->device.twin))
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: trace= is for one device, with fpga=twin");
	return result;
}

/* The n-th device's serial number is the first's plus n, in its digits. */
void virtual_options_count_serial(char *serial, unsigned index)
{
	while (index-- > 0) {
		int at = CONFIG_SERIAL_SIZE - 1;

		while (at >= 0 && (serial[at] < '0' || serial[at] >= '9')) {
			if (serial[at] == '9')
				serial[at] = '0';
			at--;
		}
		if (at >= 0)
			serial[at]++;
	}
}

static int too_long(size_t most)
{
	return set_error(CLYDE_ERROR_INVALID,
		"virtual: longer than %zu characters", most);
}

/* What is wrong is told whichever of the devices is asked for. */
static int parse_text(struct parser *parser, const char *text)
{
	struct virtual_options all = *parser->options;
	struct parser any = {&all, parser->index};
	char pairs[CLYDE_URI_SIZE + 1];
	int highest = virtual_options_select(text, VIRTUAL_ANY, pairs);
	int result = parse_pairs(&any, pairs);

	if (result < 0)
		return result;
	if (highest >= (int)all.devices)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: a key for device %d, but devices=%u", highest,
			all.devices);
	virtual_options_select(text, parser->index, pairs);
	return parse_pairs(parser, pairs);
}

int virtual_options_parse(
	const char *text, unsigned index, struct virtual_options *ret_options)
{
	struct virtual_options options = {
		.devices = 1,
		.only = -1,
		.packets = 13,
		.unplug_us = UINT64_MAX,
		.device = {.revision = REVISION_C3, .serial = DEFAULT_SERIAL},
	};
	struct parser parser = {&options, index};
	int result;

	if (strlen(text) > TEXT_MAX)
		return too_long(TEXT_MAX);
	result = parse_text(&parser, text);
	if (result < 0)
		return result;
	if (options.devices > 1 && options.only < 0 &&
		strlen(text) > TEXT_MAX - INDEX_SIZE)
		return too_long(TEXT_MAX - INDEX_SIZE);
	virtual_options_count_serial(options.device.serial, parser.index);
	if (options.eeprom_path[0])
		result = virtual_eeprom_load(&options);
	if (result < 0) {
		virtual_options_clear(&options);
		return result;
	}
	options.device.eeprom = options.eeprom;
	*ret_options = options;
	return 0;
}

int virtual_options_count(const char *text)
{
	struct virtual_options options;
	int result = virtual_options_parse(text, 0, &options);

	if (result < 0)
		return result;
	virtual_options_clear(&options);
	return options.only >= 0 ? 1 : (int)options.devices;
}

void virtual_options_clear(struct virtual_options *options)
{
	free(options->eeprom);
	options->eeprom = NULL;
}

/* Whether a key stands in a list of pairs; values may look like one. */
static bool has_key(const char *text, const char *key)
{
	size_t size = strlen(key);

	for (;;) {
		if (strncmp(text, key, size) == 0 && text[size] == '=')
			return true;
		text += strcspn(text, ",");
		if (*text == '\0')
			return false;
		text++;
	}
}

void virtual_options_name(
	const char *text, unsigned index, char *out, unsigned size)
{
	if (has_key(text, "devices") && !has_key(text, "index"))
		snprintf(out, size, "%s,index=%u", text, index);
	else
		snprintf(out, size, "%s", text);
}
