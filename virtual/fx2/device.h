/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The virtual Glasgow, revisions C0 to C3: a USB function.  What the public
 * FX2 firmware does is done here in C, over models of the board's chips.
 */
#ifndef VIRTUAL_DEVICE_H
#define VIRTUAL_DEVICE_H

#include "virtual/fpga/bitstream.h"
#include "virtual/faults/faults.h"
#include "virtual/fpga/fpga.h"
#include "virtual/bus/function.h"
#include "virtual/board/board.h"
#include "wire/config.h"
#include "wire/mgmt.h"

#define WIRES_MAX (PIN_COUNT / 2)

struct device_options {
	uint8_t revision; /* enum revision, C0 to C3 */
	char serial[CONFIG_SERIAL_SIZE + 1];
	char manufacturer[CONFIG_MAKER_SIZE + 1];
	uint8_t flags;     /* enum config_flag, beyond level 7 */
	bool bare;         /* starts without firmware */
	uint8_t api_level; /* of its firmware; 0 = USB_API_LEVEL */
	uint16_t vlimit_mv[PORT_COUNT];
	uint16_t sense_mv[PORT_COUNT]; /* what is wired to the sense pins */
	uint32_t load_ua[PORT_COUNT];  /* what the supplies feed */
	bool twin;                     /* the FPGA is virtual/fpga/twin.c's */
	const char *trace; /* its waveform's path, or NULL; the caller's */
	uint16_t wires[WIRES_MAX]; /* pins that are one; 0 = no more */
	char parts[PARTS_MAX][PART_TEXT_SIZE]; /* "" = no more */
	/* EEPROM_SIZE bytes to start from, or NULL: a factory image made of
	   what stands above. */
	const uint8_t *eeprom;
};

struct device;

struct device *device_new(
	const struct device_options *options, const struct faults *faults);
void device_free(struct device *device);
struct function *device_function(struct device *device);

/* As if a bitstream of this size and id, which leaves the configuration port
   like this, had been loaded before: false if it does not configure. */
bool device_preload(struct device *device, const struct bitstream *port,
	size_t size, const uint8_t id[FPGA_ID_SIZE]);

/* The port pins on which drivers have met, high against low; bit 0 = A0. */
uint16_t device_conflicts(const struct device *device);

/* The EEPROM's contents as they are now, EEPROM_SIZE bytes. */
const uint8_t *device_eeprom(const struct device *device);

/* A factory image into EEPROM_SIZE bytes. */
void device_format_eeprom(
	const struct device_options *options, uint8_t *eeprom);

#endif
