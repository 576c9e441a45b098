/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the twin share: virtual/fpga/twin.c has clock and FIFO bus,
 * virtual/fpga/twin-i2c.c the I2C bus, virtual/fpga/twin-module.c loads modules.
 * A module is a Verilated image: the twin, made of the gateware's sources, or
 * the netlist of a bitstream (virtual/fpga/netlist).  Both have the interface
 * virtual/fpga/twin.h.
 */
#ifndef VIRTUAL_FPGA_TWIN_H
#define VIRTUAL_FPGA_TWIN_H

#include "foreign.h"
#include "virtual/board/bitstream.h"
#include "virtual/faults/faults.h"
#include "fpga.h"
#include "twin.h"

struct twin_module {
	void *library; /* as dlopen() returned it; it is never closed */
	void *(*power_up)(const char *trace);
	void (*edge)(void *logic, bool rising, struct twin_pins *pins);
	void (*power_down)(void *logic);
	/* The bitstream whose netlist the module is, as in struct bitstream; 0:
	   the module is the twin, and runs Clyde's image. */
	uint64_t digest;
};

struct twin {
	struct fpga fpga;
	struct fifo *fifos;
	struct pins *ports;
	struct faults *faults;
	struct bitstream bitstream;
	const struct twin_module *module;
	const char *trace; /* a file's path, or NULL */
	void *logic;       /* NULL while the module does not run */
	struct foreign foreign;
	struct twin_pins pins;
	uint16_t port_o, port_oe; /* as last passed to the ports */
	uint64_t cycle;
	uint64_t active;             /* the last cycle in which a pin changed */
	uint64_t offset[FIFO_COUNT]; /* in the stream, for the faults */
	bool fetched[FIFO_COUNT];    /* faults were applied to the next byte */
	uint8_t address;     /* of the register that the next read returns */
	uint8_t table_index; /* the last value written to REG_TABLE_INDEX */
};

#define TWIN(pointer) ((struct twin *)(pointer))

/* The twin, loaded at the first call; or NULL, and the reason. */
const struct twin_module *twin_module(const char **ret_why);

/* Load a module from a file, for ever: false if that is none. */
bool twin_module_load(const char *path, struct twin_module *ret_module);

/* Find a file that is built beside the twin and installed with it: beside the
   build, or among the libraries.  `path` has room for PATH_MAX bytes. */
bool twin_find(const char *name, char *path);

/* One cycle of the 48 MHz clock. */
void twin_step(struct twin *twin);

/* The cycles of a byte on the I2C bus, including its share of start and
   stop. */
#define TWIN_BYTE_CYCLES 246

bool twin_i2c_write(
	struct fpga *fpga, tick now, const uint8_t *data, size_t size);
bool twin_i2c_read(struct fpga *fpga, tick now, uint8_t *data, size_t size);

#endif
