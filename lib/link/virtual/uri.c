/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The text after "virtual:" and the options that it sets, for the virtual link
 * and for plug/devices.c.  clyde-virtual(7) explains the keys.  Text that is not
 * understood is an error with a message, never ignored.
 */
#include "netlist.h"
#include "uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/number.h"
#include "virtual/bus/bus.h"
#include "virtual/mcs51/symbols.h"

/* ---- Keys ----------------------------------------------------------------- */

static int number(const char *key, const char *value, uint64_t minimum,
	uint64_t maximum, uint64_t *ret_number)
{
	const struct number_form form = {
		.c_prefixes = true, .minimum = minimum, .maximum = maximum};

	if (number_parse(value, &form, ret_number, NULL) == NUMBER_OK)
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"virtual: %s=%s is not in %llu..%llu", key, value,
		(unsigned long long)minimum, (unsigned long long)maximum);
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
	parser->options->api = true;
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
	int result;

	if (strncmp(key, "sense", 5) == 0) {
		device->sense_joined[port] = strcmp(value, "supply") == 0;
		if (device->sense_joined[port])
			return 0;
	}
	result = number(key, value, 0, key[1] == 'o' ? 1000000 : 6000, &amount);
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

/* ---- Faults of the board -------------------------------------------------- */

/* "A3:1" */
static int parse_stuck(
	struct parser *parser, const char *key, const char *value)
{
	struct pin_faults *faults = &parser->options->device.pin_faults;
	char name[3] = "";
	int pin;

	if (strlen(value) == 4)
		memcpy(name, value, 2);
	pin = part_pin(name);
	if (pin < 0 || value[2] != ':' || (value[3] != '0' && value[3] != '1'))
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s is not a pin with a level, like A3:0",
			key, value);
	if (value[3] == '0')
		faults->stuck_low |= 1 << pin;
	else
		faults->stuck_high |= 1 << pin;
	return 0;
}

/* "nopull" or "nodrive" */
static int parse_open_pin(
	struct parser *parser, const char *key, const char *value)
{
	struct pin_faults *faults = &parser->options->device.pin_faults;
	int pin = part_pin(value);

	if (pin < 0)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s is not a pin, A0..A7 or B0..B7", key,
			value);
	if (strcmp(key, "nopull") == 0)
		faults->no_pull |= 1 << pin;
	else
		faults->no_drive |= 1 << pin;
	return 0;
}

/* "0x0d", "0x20:1" */
static int parse_misread(
	struct parser *parser, const char *key, const char *value)
{
	static const struct number_form form = {
		.c_prefixes = true, .maximum = EEPROM_SIZE - 1};
	struct misread *misread = &parser->options->device.misread;
	const char *end;
	uint64_t address, times = UINT64_MAX;
	int result = 0;

	if (number_parse(value, &form, &address, &end) != NUMBER_OK ||
		(*end != '\0' && *end != ':'))
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s is not an address up to 0x7fff, like "
			"0x20 or 0x20:1",
			key, value);
	if (*end == ':')
		result = number(key, end + 1, 1, UINT32_MAX, &times);
	if (result == 0)
		*misread = (struct misread){address, times};
	return result;
}

/* "A:10" */
static int parse_weak(struct parser *parser, const char *key, const char *value)
{
	uint64_t percent;
	int result;

	if ((value[0] != 'A' && value[0] != 'B') || value[1] != ':')
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s is not a port with a percentage, like "
			"A:10",
			key, value);
	result = number(key, value + 2, 0, 90, &percent);
	if (result == 0)
		parser->options->device.weak[value[0] - 'A'] = percent;
	return result;
}

static int parse_rise(struct parser *parser, const char *key, const char *value)
{
	uint64_t us;
	int result = number(key, value, 0, 1000000, &us);

	if (result == 0)
		parser->options->device.rise_us = us;
	return result;
}

/* How long new firmware takes until it leaves the bus, or how long it is away. */
static int parse_departure(
	struct parser *parser, const char *key, const char *value)
{
	struct device_options *device = &parser->options->device;
	uint64_t us;
	int result = number(key, value, 1, 60000000, &us);

	if (result == 0 && strcmp(key, "start") == 0)
		device->start_us = us;
	else if (result == 0)
		device->away_us = us;
	return result;
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

	/* Wires with a pin in common are one wire. */
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

/* The part is made only to check the value; the device makes its own. */
static int parse_part(struct parser *parser, const char *key, const char *value)
{
	struct device_options *device = &parser->options->device;
	char why[PART_WHY_SIZE];
	struct part *part = part_new(value, why);
	unsigned at = 0;

	(void)key;
	if (part == NULL && why[0] == '\0')
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	if (part == NULL)
		return set_error(CLYDE_ERROR_INVALID, "virtual: %s", why);
	part_free(part, 0);
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
	static const char netlist[] = "netlist:";
	struct virtual_options *options = parser->options;
	const char *why;
	int result;

	options->netlist = NULL;
	options->device.twin = NULL;
	if (strcmp(value, "model") == 0)
		return 0;
	if (strncmp(value, netlist, strlen(netlist)) == 0) {
		result =
			netlist_get(value + strlen(netlist), &options->netlist);
		if (result == 0)
			options->device.twin = &options->netlist->module;
		return result;
	}
	if (strcmp(value, "twin") != 0)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s is not one of model twin netlist:FILE",
			key, value);
	options->device.twin = twin_module(&why);
	if (options->device.twin == NULL)
		return set_error(CLYDE_ERROR_UNSUPPORTED, "virtual: %s=%s: %s",
			key, value, why);
	return 0;
}

/* A file that will be replaced: fails at once if it cannot be written. */
static int parse_output(
	const char *key, const char *value, char path[CLYDE_URI_SIZE])
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
	snprintf(path, CLYDE_URI_SIZE, "%s", value);
	return 0;
}

static int parse_trace(
	struct parser *parser, const char *key, const char *value)
{
	return parse_output(key, value, parser->options->trace_path);
}

static int parse_pins(struct parser *parser, const char *key, const char *value)
{
	return parse_output(key, value, parser->options->record_path);
}

/* In MHz: a sample for each cycle, or for each half of one. */
static int parse_rate(struct parser *parser, const char *key, const char *value)
{
	bool half = strcmp(value, "96") == 0;

	if (!half && strcmp(value, "48") != 0)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s=%s is not one of 48 96", key, value);
	parser->options->device.record_ticks = TICKS_PER_CYCLE / (half ? 2 : 1);
	return 0;
}

static int parse_profile(
	struct parser *parser, const char *key, const char *value)
{
	return parse_output(key, value, parser->options->profile_path);
}

static int parse_instructions(
	struct parser *parser, const char *key, const char *value)
{
	return parse_output(key, value, parser->options->instructions_path);
}

/* "symbols" or "break": checked when the firmware is there. */
static int parse_debug(
	struct parser *parser, const char *key, const char *value)
{
	char *text = *key == 's' ? parser->options->symbols_path
				 : parser->options->break_at;

	if (*value == '\0')
		return set_error(
			CLYDE_ERROR_INVALID, "virtual: %s= has no value", key);
	snprintf(text, CLYDE_URI_SIZE, "%s", value);
	return 0;
}

/* "model", "clyde", "eeprom", or a file. */
static int parse_firmware(
	struct parser *parser, const char *key, const char *value)
{
	struct virtual_options *options = parser->options;
	bool eeprom = strcmp(value, "eeprom") == 0;
	bool own = strcmp(value, "clyde") == 0;

	if (*value == '\0')
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: %s= has no file name", key);
	options->device.chip = strcmp(value, "model") != 0;
	options->own_firmware = own;
	options->firmware_path[0] = '\0';
	if (options->device.chip && !eeprom && !own)
		snprintf(options->firmware_path, sizeof(options->firmware_path),
			"%s", value);
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
	{"rise", parse_rise},
	{"start", parse_departure},
	{"away", parse_departure},
	{"fault", parse_fault},
	{"fpga", parse_fpga},
	{"trace", parse_trace},
	{"pins", parse_pins},
	{"pinsrate", parse_rate},
	{"wire", parse_wire},
	{"part", parse_part},
	{"stuck", parse_stuck},
	{"nopull", parse_open_pin},
	{"nodrive", parse_open_pin},
	{"weak", parse_weak},
	{"misread", parse_misread},
	{"firmware", parse_firmware},
	{"symbols", parse_debug},
	{"break", parse_debug},
	{"profile", parse_profile},
	{"instructions", parse_instructions},
	{0},
};

/* ---- Keys of one device --------------------------------------------------- */

/* "1.api=3" is for the device of index 1 only: returns the pair without the
   prefix, and writes the index.  A pair without a prefix is returned as it is,
   with an index of -1. */
static const char *strip(const char *pair, int *ret_only)
{
	*ret_only = -1;
	if (pair[0] < '0' || pair[0] >= '0' + VIRTUAL_DEVICES_MAX ||
		pair[1] != '.' || pair[2] == ',' || pair[2] == '\0')
		return pair;
	/* These two keys are about all devices: a prefix is an error, which
	   parse_pair() reports. */
	if (strncmp(pair + 2, "devices=", 8) == 0 ||
		strncmp(pair + 2, "index=", 6) == 0)
		return pair;
	*ret_only = pair[0] - '0';
	return pair + 2;
}

static const char *next(const char *pair)
{
	pair += strcspn(pair, ",");
	return *pair ? pair + 1 : NULL;
}

int virtual_options_select(const char *text, unsigned index, char *out)
{
	static const struct number_form form = {
		.c_prefixes = true, .maximum = VIRTUAL_DEVICES_MAX - 1};
	int only, highest = -1;

	for (const char *pair = text; pair; pair = next(pair)) {
		const char *end;
		uint64_t given;

		if (index != VIRTUAL_ANY && strncmp(pair, "index=", 6) == 0 &&
			number_parse(pair + 6, &form, &given, &end) ==
				NUMBER_OK)
			index = given;
	}
	for (const char *pair = text; pair; pair = next(pair)) {
		const char *rest = strip(pair, &only);
		size_t size = strcspn(rest, ",");

		if (only > highest)
			highest = only;
		if (only >= 0 && index != VIRTUAL_ANY &&
			(unsigned)only != index)
			continue;
		memcpy(out, rest, size);
		out += size;
		*out++ = ',';
	}
	/* parse_pairs() skips the comma at the end. */
	*out = '\0';
	return highest;
}

/* ---- The text ------------------------------------------------------------- */

/* The longest text, so that its URI fits into CLYDE_URI_SIZE; and what
   virtual_options_name() may append. */
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
			"virtual: trace= is for one device, with fpga=twin or "
			"fpga=netlist:FILE");
	if (result == 0 && parser->options->record_path[0] &&
		parser->options->devices > 1)
		return set_error(CLYDE_ERROR_INVALID,
			"virtual: pins= is for one device, and devices=%u",
			parser->options->devices);
	return result < 0 ? result : virtual_firmware_check(parser->options);
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

/* Parses the pairs of all devices first, so that an error in the pair of one
   device is reported for every device. */
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
		.device = {.revision = REVISION_C3,
			.serial = DEFAULT_SERIAL,
			.rise_us = DEFAULT_RISE_US,
			.record_ticks = TICKS_PER_CYCLE},
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
	if (result == 0 && options.device.chip)
		result = virtual_firmware_load(&options);
	if (result < 0) {
		virtual_options_clear(&options);
		return result;
	}
	options.device.eeprom = options.eeprom;
	if (options.eeprom)
		virtual_options_obey(&options, options.eeprom);
	if (options.ice_mem)
		options.device.ice_mem = options.eeprom + EEPROM_SIZE;
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

void virtual_eeprom_forget(struct virtual_options *options)
{
	free(options->eeprom);
	options->eeprom = NULL;
}

void virtual_options_clear(struct virtual_options *options)
{
	virtual_eeprom_forget(options);
	free(options->firmware);
	mcs51_symbols_destroy(options->symbols);
	options->firmware = NULL;
	options->symbols = NULL;
	options->device.firmware = NULL;
}

/* Whether a list of pairs has this key.  Only the start of a pair is compared,
   since a value may contain the key's name. */
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

/* ---- Faults of the bus ---------------------------------------------------- */

int virtual_options_err(const struct virtual_options *options, struct bus *bus)
{
	const struct faults *faults = &options->faults;

	if (faults_have(faults, FAULT_UNPLUG_AFTER))
		bus_unplug_after(bus, faults_first(faults, FAULT_UNPLUG_AFTER));
	return bus_set_faults(bus, faults);
}
