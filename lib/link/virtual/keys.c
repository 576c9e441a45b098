/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes KEY=VALUE, sets the option that it is. */
#include "keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virtual/fpga/twin-model.h"

static int number(const char *key, const char *value, uint64_t minimum,
	uint64_t maximum, uint64_t *ret_number)
{
	char *end;
	unsigned long long parsed;

	errno = 0;
	parsed = strtoull(value, &end, 0);
	if (*value < '0' || *value > '9' || *end || errno || parsed < minimum ||
		parsed > maximum)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s is not in %llu..%llu", key, value,
			(unsigned long long)minimum,
			(unsigned long long)maximum);
	*ret_number = parsed;
	return 0;
}

static int parse_devices(
	struct parser *parser, const char *key, const char *value)
{
	uint64_t count;
	int result = number(key, value, 1, VIRTUAL_DEVICES_MAX, &count);

	if (result == 0)
		parser->options->devices = count;
	return result;
}

static int parse_index(
	struct parser *parser, const char *key, const char *value)
{
	uint64_t index;
	int result = number(key, value, 0, VIRTUAL_DEVICES_MAX - 1, &index);

	if (result == 0) {
		parser->options->only = index;
		parser->index = index;
	}
	return result;
}

static int parse_packets(
	struct parser *parser, const char *key, const char *value)
{
	uint64_t packets;
	int result = number(key, value, 1, 13, &packets);

	if (result == 0)
		parser->options->packets = packets;
	return result;
}

static int parse_api(struct parser *parser, const char *key, const char *value)
{
	uint64_t level;
	int result = number(key, value, 0, UINT8_MAX, &level);

	if (result < 0)
		return result;
	parser->options->device.bare = level == 0;
	parser->options->device.api_level = level;
	return 0;
}

static int parse_revision(
	struct parser *parser, const char *key, const char *value)
{
	if (strlen(value) != 2 || value[0] != 'C' || value[1] < '0' ||
		value[1] > '3')
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s is not one of C0 C1 C2 C3", key, value);
	parser->options->device.revision = REVISION_C0 + value[1] - '0';
	return 0;
}

static int parse_serial(
	struct parser *parser, const char *key, const char *value)
{
	if (strlen(value) != CONFIG_SERIAL_SIZE)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s has not 16 characters, "
			"like " DEFAULT_SERIAL,
			key, value);
	strcpy(parser->options->device.serial, value);
	return 0;
}

static int parse_manufacturer(
	struct parser *parser, const char *key, const char *value)
{
	if (strlen(value) > CONFIG_MAKER_SIZE)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s is longer than 22 characters", key,
			value);
	strcpy(parser->options->device.manufacturer, value);
	return 0;
}

static int parse_flag(struct parser *parser, const char *key, const char *value)
{
	uint64_t flag;
	int result = number(key, value, 0, 1, &flag);

	if (result < 0)
		return result;
	if (strcmp(key, "configured") == 0)
		parser->options->configured = flag;
	else if (flag)
		parser->options->device.flags |= CONFIG_MODIFIED_DESIGN;
	return 0;
}

static int parse_eeprom(
	struct parser *parser, const char *key, const char *value)
{
	(void)key;
	snprintf(parser->options->eeprom_path,
		sizeof(parser->options->eeprom_path), "%s", value);
	return 0;
}

/* "limitA": the port is the key's last letter. */
static int parse_port(struct parser *parser, const char *key, const char *value)
{
	struct device_options *device = &parser->options->device;
	unsigned port = key[strlen(key) - 1] - 'A';
	uint64_t amount;
	int result =
		number(key, value, 0, key[1] == 'o' ? 1000000 : 6000, &amount);

	if (result < 0)
		return result;
	if (strncmp(key, "limit", 5) == 0)
		device->vlimit_mv[port] = amount;
	else if (strncmp(key, "sense", 5) == 0)
		device->sense_mv[port] = amount;
	else
		device->load_ua[port] = amount;
	return 0;
}

static int parse_fault(
	struct parser *parser, const char *key, const char *value)
{
	struct faults *faults = &parser->options->faults;
	int result = faults_add(faults, value);

	if (result == -ENOSPC)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: more than %d faults", FAULTS_MAX);
	if (result < 0)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s is not a fault: %s; see "
			"clyde-virtual(7)",
			key, value, faults_why(value));
	parser->options->unplug_us = faults_first(faults, FAULT_UNPLUG);
	return 0;
}

static int add_wire(struct parser *parser, uint16_t mask)
{
	struct device_options *device = &parser->options->device;
	unsigned at = 0;

	/* Wires that meet are one; what is left has two pins each. */
	while (at < WIRES_MAX && device->wires[at]) {
		if (!(device->wires[at] & mask)) {
			at++;
			continue;
		}
		mask |= device->wires[at];
		memmove(device->wires + at, device->wires + at + 1,
			(WIRES_MAX - 1 - at) * sizeof(*device->wires));
		device->wires[WIRES_MAX - 1] = 0;
		at = 0;
	}
	device->wires[at] = mask;
	return 0;
}

static int parse_wire(struct parser *parser, const char *key, const char *value)
{
	char copy[CLYDE_URI_SIZE], *save;
	uint16_t mask = 0;

	snprintf(copy, sizeof(copy), "%s", value);
	for (char *name = strtok_r(copy, "-", &save); name;
		name = strtok_r(NULL, "-", &save)) {
		int pin = part_pin(name);

		if (pin < 0)
			return set_error(CLYDE_ERROR_INVALID,
				"virtual: %s=%s: %s is not a pin, A0..A7 or "
				"B0..B7",
				key, value, name);
		if (mask >> pin & 1)
			return set_error(CLYDE_ERROR_INVALID,
				"virtual: %s=%s: %s is wired to itself", key,
				value, name);
		mask |= 1 << pin;
	}
	if ((mask & (mask - 1)) == 0)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s has not two ends, like A0-A1", key,
			value);
	return add_wire(parser, mask);
}

/* Made to see whether it can be; the device makes its own. */
static int parse_part(struct parser *parser, const char *key, const char *value)
{
	struct device_options *device = &parser->options->device;
	char why[PART_WHY_SIZE];
	struct part *part = part_new(value, why);
	unsigned at = 0;

	(void)key;
	if (part == NULL)
		return set_error(CLYDE_ERROR_INVALID, "virtual: %s", why);
	free(part);
	while (at < PARTS_MAX && device->parts[at][0])
		at++;
	if (at == PARTS_MAX)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: more than %d parts", PARTS_MAX);
	snprintf(device->parts[at], sizeof(device->parts[at]), "%s", value);
	return 0;
}

static int parse_fpga(struct parser *parser, const char *key, const char *value)
{
	bool twin = strcmp(value, "twin") == 0;
	const char *why;

	if (!twin && strcmp(value, "model") != 0)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s is not one of model twin", key, value);
	if (twin && twin_module(&why) == NULL)
		return set_error(CLYDE_ERROR_UNSUPPORTED, "virtual: %s=%s: %s",
			key, value, why);
	parser->options->device.twin = twin;
	return 0;
}

static int parse_trace(
	struct parser *parser, const char *key, const char *value)
{
	FILE *file;

	if (*value == '\0')
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s= has no file name", key);
	file = fopen(value, "wb");
	if (file == NULL)
		return set_error(CLYDE_ERROR_FILE, "cannot write %s: %s", value,
			strerror(errno));
	fclose(file);
	snprintf(parser->options->trace_path,
		sizeof(parser->options->trace_path), "%s", value);
	return 0;
}

const struct virtual_key virtual_keys[] = {
	{"devices", parse_devices},
	{"index", parse_index},
	{"packets", parse_packets},
	{"api", parse_api},
	{"revision", parse_revision},
	{"serial", parse_serial},
	{"manufacturer", parse_manufacturer},
	{"modified", parse_flag},
	{"configured", parse_flag},
	{"eeprom", parse_eeprom},
	{"limitA", parse_port},
	{"limitB", parse_port},
	{"senseA", parse_port},
	{"senseB", parse_port},
	{"loadA", parse_port},
	{"loadB", parse_port},
	{"fault", parse_fault},
	{"fpga", parse_fpga},
	{"trace", parse_trace},
	{"wire", parse_wire},
	{"part", parse_part},
	{0},
};
