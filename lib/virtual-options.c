/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes the text after "virtual:", gives the world it describes. */
#include "virtual-options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The factory's first serial number; later devices count up from it. */
#define DEFAULT_SERIAL "20230101T120000Z"

/* A URI must have room for its scheme; and for an index, if one may follow. */
#define TEXT_MAX   (CLYDE_URI_SIZE - sizeof("virtual:"))
#define INDEX_SIZE (sizeof(",index=0") - 1)

struct parser {
	struct virtual_options *options;
	unsigned index; /* of the device that is asked for */
	struct complaint *complaint;
};

typedef int key_parser(
	struct parser *parser, const char *key, const char *value);

static int number(struct parser *parser, const char *key, const char *value,
	uint64_t minimum, uint64_t maximum, uint64_t *ret_number)
{
	char *end;
	unsigned long long parsed;

	errno = 0;
	parsed = strtoull(value, &end, 0);
	if (*value < '0' || *value > '9' || *end || errno || parsed < minimum ||
		parsed > maximum)
		return complain(parser->complaint, EINVAL,
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
	int result = number(parser, key, value, 1, VIRTUAL_DEVICES_MAX, &count);

	if (result == 0)
		parser->options->devices = count;
	return result;
}

static int parse_index(
	struct parser *parser, const char *key, const char *value)
{
	uint64_t index;
	int result =
		number(parser, key, value, 0, VIRTUAL_DEVICES_MAX - 1, &index);

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
	int result = number(parser, key, value, 1, 13, &packets);

	if (result == 0)
		parser->options->packets = packets;
	return result;
}

static int parse_api(struct parser *parser, const char *key, const char *value)
{
	uint64_t level;
	int result = number(parser, key, value, 0, UINT8_MAX, &level);

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
		return complain(parser->complaint, EINVAL,
			"virtual: %s=%s is not one of C0 C1 C2 C3", key, value);
	parser->options->device.revision = REVISION_C0 + value[1] - '0';
	return 0;
}

static int parse_serial(
	struct parser *parser, const char *key, const char *value)
{
	if (strlen(value) != CONFIG_SERIAL_SIZE)
		return complain(parser->complaint, EINVAL,
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
		return complain(parser->complaint, EINVAL,
			"virtual: %s=%s is longer than 22 characters", key,
			value);
	strcpy(parser->options->device.manufacturer, value);
	return 0;
}

static int parse_flag(struct parser *parser, const char *key, const char *value)
{
	uint64_t flag;
	int result = number(parser, key, value, 0, 1, &flag);

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
	int result = number(
		parser, key, value, 0, key[1] == 'o' ? 1000000 : 6000, &amount);

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
	const struct fault *unplug = NULL;
	int result = faults_add(faults, value);

	if (result == -ENOSPC)
		return complain(parser->complaint, EINVAL,
			"virtual: more than %d faults", FAULTS_MAX);
	if (result < 0)
		return complain(parser->complaint, EINVAL,
			"virtual: %s=%s is not a fault; see clyde-virtual(7)",
			key, value);
	if (faults->list[faults->count - 1].kind == FAULT_UNPLUG)
		unplug = &faults->list[faults->count - 1];
	if (unplug)
		parser->options->unplug_us = unplug->position;
	return 0;
}

static const struct {
	const char *name;
	key_parser *parse;
} keys[] = {
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
};

static int parse_pair(struct parser *parser, char *pair)
{
	char *value = strchr(pair, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; value && i < sizeof(keys) / sizeof(*keys); i++)
		if (strcmp(keys[i].name, pair) == 0)
			return keys[i].parse(parser, pair, value);
	return complain(parser->complaint, EINVAL,
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
		return complain(parser->complaint, EINVAL,
			"virtual: index=%u, but devices=%u", parser->index,
			parser->options->devices);
	if (result == 0 && parser->options->eeprom_path[0] &&
		parser->options->devices > 1)
		return complain(parser->complaint, EINVAL,
			"virtual: eeprom= is for one device, and devices=%u",
			parser->options->devices);
	return result;
}

/* The n-th device's serial number is the first's plus n, in its digits. */
static void count_serial(char *serial, unsigned index)
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

static int write_eeprom(const struct virtual_options *options)
{
	char path[CLYDE_URI_SIZE + 8];
	FILE *file;
	bool written;

	snprintf(path, sizeof(path), "%s.new", options->eeprom_path);
	file = fopen(path, "wb");
	if (file == NULL)
		return -errno;
	written = fwrite(options->eeprom, 1, EEPROM_SIZE, file) == EEPROM_SIZE;
	written &= fclose(file) == 0;
	if (written && rename(path, options->eeprom_path) == 0)
		return 0;
	unlink(path);
	return -EIO;
}

static int create_eeprom(struct parser *parser)
{
	struct virtual_options *options = parser->options;
	int result;

	device_format_eeprom(&options->device, options->eeprom);
	result = write_eeprom(options);
	if (result < 0)
		return complain(parser->complaint,
			result == -ENOENT ? EINVAL : -result, "%s: %s",
			options->eeprom_path, strerror(-result));
	return 0;
}

static int load_eeprom(struct parser *parser)
{
	struct virtual_options *options = parser->options;
	const char *path = options->eeprom_path;
	FILE *file = fopen(path, "r+b");
	size_t size;

	if (file == NULL && errno != ENOENT)
		return complain(parser->complaint, errno, "%s: %s", path,
			strerror(errno));
	options->eeprom = malloc(EEPROM_SIZE + 1);
	if (options->eeprom == NULL) {
		if (file)
			fclose(file);
		return complain(parser->complaint, ENOMEM, "out of memory");
	}
	if (file == NULL)
		return create_eeprom(parser);
	size = fread(options->eeprom, 1, EEPROM_SIZE + 1, file);
	fclose(file);
	if (size == EEPROM_SIZE)
		return 0;
	return complain(parser->complaint, EBADMSG,
		"%s: %zu bytes%s, an EEPROM image has %d", path, size,
		size > EEPROM_SIZE ? " or more" : "", EEPROM_SIZE);
}

static int too_long(struct complaint *complaint, size_t most)
{
	return complain(
		complaint, EINVAL, "virtual: longer than %zu characters", most);
}

/* What is wrong is told whichever of the devices is asked for. */
static int parse_text(struct parser *parser, const char *text)
{
	struct virtual_options all = *parser->options;
	struct parser any = {&all, parser->index, parser->complaint};
	char pairs[CLYDE_URI_SIZE + 1];
	int highest = virtual_options_select(text, VIRTUAL_ANY, pairs);
	int result = parse_pairs(&any, pairs);

	if (result < 0)
		return result;
	if (highest >= (int)all.devices)
		return complain(parser->complaint, EINVAL,
			"virtual: a key for device %d, but devices=%u", highest,
			all.devices);
	virtual_options_select(text, parser->index, pairs);
	return parse_pairs(parser, pairs);
}

int virtual_options_parse(const char *text, unsigned index,
	struct virtual_options *ret_options, struct complaint *complaint)
{
	struct virtual_options options = {
		.devices = 1,
		.only = -1,
		.packets = 13,
		.unplug_us = UINT64_MAX,
		.device = {.revision = REVISION_C3, .serial = DEFAULT_SERIAL},
	};
	struct parser parser = {&options, index, complaint};
	int result;

	if (strlen(text) > TEXT_MAX)
		return too_long(complaint, TEXT_MAX);
	result = parse_text(&parser, text);
	if (result < 0)
		return result;
	if (options.devices > 1 && options.only < 0 &&
		strlen(text) > TEXT_MAX - INDEX_SIZE)
		return too_long(complaint, TEXT_MAX - INDEX_SIZE);
	count_serial(options.device.serial, parser.index);
	if (options.eeprom_path[0])
		result = load_eeprom(&parser);
	if (result < 0) {
		virtual_options_clear(&options);
		return result;
	}
	options.device.eeprom = options.eeprom;
	*ret_options = options;
	return 0;
}

void virtual_options_clear(struct virtual_options *options)
{
	free(options->eeprom);
	options->eeprom = NULL;
}

int virtual_options_save(struct virtual_options *options, const uint8_t *eeprom)
{
	if (memcmp(eeprom, options->eeprom, EEPROM_SIZE) == 0)
		return 0;
	memcpy(options->eeprom, eeprom, EEPROM_SIZE);
	return write_eeprom(options);
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
