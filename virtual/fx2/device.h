/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The virtual Glasgow, revisions C0 to C3: a USB function.  It does in C what
 * the public FX2 firmware does, on models of the board's chips; or it executes
 * firmware, by virtual/chip.
 * lib/link/virtual and plug make devices, and connect each to a bus.
 */
#ifndef VIRTUAL_DEVICE_H
#define VIRTUAL_DEVICE_H

#include "virtual/board/bitstream.h"
#include "virtual/chip/chip.h"
#include "virtual/faults/faults.h"
#include "virtual/fpga/fpga.h"
#include "virtual/bus/function.h"
#include "virtual/board/board.h"
#include "wire/config.h"
#include "wire/mgmt.h"

#define WIRES_MAX (PIN_COUNT / 2)

/* A fault of the board: a host reads one byte of the EEPROM with a bit
   inverted, so often; the firmware itself reads it right. */
struct misread {
	uint16_t address;
	uint64_t left;
};

struct device_options {
	uint8_t revision; /* enum revision, C0 to C3 */
	char serial[CONFIG_SERIAL_SIZE + 1];
	char manufacturer[CONFIG_MAKER_SIZE + 1];
	uint8_t flags;     /* enum config_flag, beyond level 7 */
	bool bare;         /* starts without firmware */
	uint8_t api_level; /* of the firmware; 0 = USB_API_LEVEL */
	uint16_t vlimit_mv[PORT_COUNT];
	uint16_t sense_mv[PORT_COUNT]; /* voltages on the sense pins */
	uint32_t load_ua[PORT_COUNT];  /* currents drawn from the supplies */
	uint32_t rise_us;              /* how long supplies take to rise */
	/* How long new firmware takes until it leaves the bus, and how long it
	   is away; 0: START_US and AWAY_US. */
	uint32_t start_us, away_us;
	/* The FPGA is virtual/fpga/twin.c's, with this module; or NULL. */
	const struct twin_module *twin;
	const char *trace; /* the module's waveform, or NULL; the caller's */
	/* The file of the pins' levels, or NULL; the caller's.  And how many
	   ticks a sample has. */
	const char *record;
	unsigned record_ticks;
	bool sense_joined[PORT_COUNT]; /* sense pins joined to supply pins */
	uint8_t weak[PORT_COUNT];      /* per cent that supplies are too low */
	struct pin_faults pin_faults;
	struct misread misread;
	uint16_t wires[WIRES_MAX]; /* sets of wired pins; 0 ends the list */
	char parts[PARTS_MAX][PART_TEXT_SIZE]; /* "" ends the list */
	/* The FX2 executes firmware: this one from power-up, or NULL: what the
	   EEPROM has, and that may be none. */
	bool chip;
	const struct chip_image *firmware;
	bool observed; /* device_debug() is not NULL... */
	bool breaks;   /* ...and the firmware stops at this address */
	uint16_t breakpoint;
	/* EEPROM_SIZE bytes to start from, or NULL: a factory image made of
	   the options above. */
	const uint8_t *eeprom;
	/* BOARD_ICE_MEM_SIZE bytes, or NULL: erased. */
	const uint8_t *ice_mem;
};

struct device;

struct device *device_new(
	const struct device_options *options, const struct faults *faults);
void device_free(struct device *device);
struct function *device_function(struct device *device);

/* Configure the FPGA in one step, as if a bitstream of this size and id had
   been loaded; `port` is the configuration port after it.  False if the
   bitstream does not configure the FPGA, or if the firmware that the device
   executes does not load it. */
bool device_preload(struct device *device, const struct bitstream *port,
	size_t size, const uint8_t id[FPGA_ID_SIZE]);

/* The port pins that were driven high and low at once; bit 0 = A0. */
uint16_t device_conflicts(const struct device *device);

/* Complete the record of the pins, if there is one: 0 or -errno.  Nothing is
   recorded from then on. */
int device_finish_record(struct device *device);

/* Why the firmware that the device executes has stopped, a sentence; or NULL. */
const char *device_fault(const struct device *device);

/* What was seen of the firmware that the device executes; NULL: it was not
   observed. */
const struct mcs51_debug *device_debug(const struct device *device);

/* A device that executes firmware has more to tell: chip_listen(). */
void device_listen(struct device *device, chip_listener *listener, void *user);

/* How often SET_INTERFACE or SET_CONFIGURATION used the I2C bus in the middle of
   a management command that uses it, too. */
unsigned device_i2c_clashes(const struct device *device);

/* How many bitstreams have configured the FPGA that its model does not know:
   registers above REG_PRIVATE_LAST do not answer, and pipes stay silent. */
unsigned device_foreign_count(const struct device *device);

/* The sentence for the user about each of them. */
#define DEVICE_FOREIGN                                                      \
	"the FPGA has a bitstream that its model does not know: registers " \
	"above 0x02 do not answer, and pipes stay silent; "                 \
	"virtual:fpga=netlist:FILE runs it"

/* How many GET_DESCRIPTORs came while a packet of a bitstream was clocked into
   the FPGA, and spoiled the load. */
unsigned device_load_clashes(const struct device *device);

/* The present contents of the EEPROM, EEPROM_SIZE bytes. */
const uint8_t *device_eeprom(const struct device *device);

/* Those of ICE_MEM, BOARD_ICE_MEM_SIZE bytes, or NULL: it is erased. */
const uint8_t *device_ice_mem(const struct device *device);

/* A factory image into EEPROM_SIZE bytes. */
void device_format_eeprom(
	const struct device_options *options, uint8_t *eeprom);

#endif
