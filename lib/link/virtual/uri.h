/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What follows "virtual:" in a URI: a list KEY=VALUE,... that describes virtual
 * Glasgows.  uri.c parses it, device.c makes the device that it describes; link.c
 * and plug/devices.c call both.  The keys are those of clyde-virtual(7).
 */
#ifndef LIB_VIRTUAL_OPTIONS_H
#define LIB_VIRTUAL_OPTIONS_H

#include <limits.h>

#include "lib/base/internal.h"
#include "virtual/fx2/device.h"

#define VIRTUAL_DEVICES_MAX 8

/* The file of the EEPROMs: FX2_MEM, then ICE_MEM unless that is erased. */
#define VIRTUAL_EEPROM_SIZE (EEPROM_SIZE + BOARD_ICE_MEM_SIZE)

struct virtual_options {
	unsigned devices;
	int only; /* index=N: the URI means this one of them only; or -1 */
	unsigned packets;   /* that the bus carries in a microframe */
	uint64_t unplug_us; /* UINT64_MAX = never */
	bool configured;
	bool api; /* the key was given: the EEPROM's first byte does not count */
	char eeprom_path[CLYDE_URI_SIZE];
	char trace_path[CLYDE_URI_SIZE];
	char record_path[CLYDE_URI_SIZE]; /* of the pins' levels */
	char firmware_path[CLYDE_URI_SIZE];
	struct chip_image *firmware; /* as read, or NULL */
	char symbols_path[CLYDE_URI_SIZE];
	char break_at[CLYDE_URI_SIZE]; /* an address or a name */
	/* Where to write what device_debug() has seen; "" is nowhere. */
	char profile_path[CLYDE_URI_SIZE], instructions_path[CLYDE_URI_SIZE];
	struct mcs51_symbols *symbols;
	uint8_t *eeprom; /* as read, VIRTUAL_EEPROM_SIZE bytes; or NULL */
	bool ice_mem;    /* the file has ICE_MEM, too */
	const struct netlist *netlist; /* fpga=netlist:FILE, or NULL */
	struct device_options device;
	struct faults faults;
};

/* The options of the device of this index.  After success, call
   virtual_options_clear(). */
int virtual_options_parse(
	const char *text, unsigned index, struct virtual_options *ret_options);
void virtual_options_clear(struct virtual_options *options);

/* How many devices a text describes, or CLYDE_ERROR_INVALID. */
int virtual_options_count(const char *text);

#define VIRTUAL_ANY UINT_MAX /* in place of an index: every part */

/*
 * The part of a text that is for the device of this index, or for all devices.
 * `out` has room for the text and a comma.  Returns the highest index that the
 * text names, or -1.
 */
int virtual_options_select(const char *text, unsigned index, char *out);

/* Make the device that the options describe; NULL: no memory. */
struct device *virtual_device_new(const struct virtual_options *options);

/* The state of the configuration port after the library's image. */
const struct bitstream *virtual_image_port(void);

/* Read the file of the EEPROMs, or create it; and write it, if the EEPROMs
   differ from it.  A failure has its message. */
int virtual_eeprom_load(struct virtual_options *options);
int virtual_eeprom_save(
	struct virtual_options *options, const struct device *device);

/* Only the EEPROM: forget its file. */
void virtual_eeprom_forget(struct virtual_options *options);

/* The firmware that the device executes: what it excludes, its file, and whether
   it has brought the device to the bus.  A failure has its message. */
int virtual_firmware_check(struct virtual_options *options);
int virtual_firmware_load(struct virtual_options *options);
int virtual_firmware_started(
	const struct virtual_options *options, struct device *device);

/* Write what was seen of the firmware: NULL, or the file that errno is about. */
const char *virtual_firmware_report(
	const struct virtual_options *options, const struct device *device);

/* Without the key api=, a device has firmware after power-up if its EEPROM says
   so. */
void virtual_options_obey(
	struct virtual_options *options, const uint8_t *eeprom);

/* Make the serial number of the first device that of the device of this index. */
void virtual_options_count_serial(char *serial, unsigned index);

/* Complete the record of the pins, if there is one; a failure has its message. */
int virtual_record_finish(
	const struct virtual_options *options, struct device *device);

/* Give the bus the faults of the options: 0 or CLYDE_ERROR_NO_MEMORY. */
struct bus;
int virtual_options_err(const struct virtual_options *options, struct bus *bus);

/* The text that describes the device of this index only. */
void virtual_options_name(
	const char *text, unsigned index, char *out, unsigned size);

/* ---- Keys ---------------------------------------------------------------- */

/* The factory's first serial number; later devices count up from it. */
#define DEFAULT_SERIAL "20230101T120000Z"
/* A TPS73101 into a port's 6 uF, without a load. */
#define DEFAULT_RISE_US 300

struct parser {
	struct virtual_options *options;
	unsigned index; /* of the device whose options are parsed */
};

struct virtual_key {
	const char *name;
	int (*parse)(struct parser *parser, const char *key, const char *value);
};

/* Ends with a key without a name. */
extern const struct virtual_key virtual_keys[];

#endif
