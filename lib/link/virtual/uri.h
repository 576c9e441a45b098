/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What stands behind "virtual:": a list KEY=VALUE,... that describes the
 * virtual Glasgows of a URI.  See clyde-virtual(7).
 */
#ifndef LIB_VIRTUAL_OPTIONS_H
#define LIB_VIRTUAL_OPTIONS_H

#include <limits.h>

#include "lib/base/internal.h"
#include "virtual/fx2/device.h"

#define VIRTUAL_DEVICES_MAX 8

struct virtual_options {
	unsigned devices;
	int only; /* index=N: just this one of them, or -1 */
	unsigned packets;
	uint64_t unplug_us; /* UINT64_MAX = never */
	bool configured;
	char eeprom_path[CLYDE_URI_SIZE];
	char trace_path[CLYDE_URI_SIZE];
	uint8_t *eeprom; /* as read, EEPROM_SIZE bytes; or NULL */
	struct device_options device;
	struct faults faults;
};

/* Parse for the device of this index.  To be cleared after success. */
int virtual_options_parse(
	const char *text, unsigned index, struct virtual_options *ret_options);
void virtual_options_clear(struct virtual_options *options);

/* How many devices a text is about, or CLYDE_ERROR_INVALID. */
int virtual_options_count(const char *text);

#define VIRTUAL_ANY UINT_MAX

/*
 * The part of a text that is for the device of this index, or for all devices.
 * `out` has room for the text and a comma.  Returns the highest index that the
 * text names, or -1.
 */
int virtual_options_select(const char *text, unsigned index, char *out);

/* The device that they describe, or NULL. */
struct device *virtual_device_new(const struct virtual_options *options);

/* The EEPROM's file: read or create it; write it, if the EEPROM is not what
   it holds.  An error has its message. */
int virtual_eeprom_load(struct virtual_options *options);
int virtual_eeprom_save(struct virtual_options *options, const uint8_t *eeprom);

/* The serial number so many devices on. */
void virtual_options_count_serial(char *serial, unsigned index);

/* Have the bus err as they say: 0 or CLYDE_ERROR_NO_MEMORY. */
struct bus;
int virtual_options_err(const struct virtual_options *options, struct bus *bus);

/* The specification of one device out of several. */
void virtual_options_name(
	const char *text, unsigned index, char *out, unsigned size);

/* ---- Keys ---------------------------------------------------------------- */

/* The factory's first serial number; later devices count up from it. */
#define DEFAULT_SERIAL "20230101T120000Z"
/* A TPS73101 into a port's 6 uF, without a load. */
#define DEFAULT_RISE_US 300

struct parser {
	struct virtual_options *options;
	unsigned index; /* of the device that is asked for */
};

struct virtual_key {
	const char *name;
	int (*parse)(struct parser *parser, const char *key, const char *value);
};

/* The last has no name. */
extern const struct virtual_key virtual_keys[];

#endif
