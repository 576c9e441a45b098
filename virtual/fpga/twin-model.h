/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What virtual/fpga/twin.c, the twin's clock and FIFO bus, shares with its parts. */
#ifndef VIRTUAL_FPGA_TWIN_H
#define VIRTUAL_FPGA_TWIN_H

#include "bitstream.h"
#include "virtual/faults/faults.h"
#include "fpga.h"
#include "twin.h"

/* The module, loaded when the first twin is made. */
struct twin_module {
	void *(*power_up)(const char *trace);
	void (*cycle)(void *logic, struct twin_pins *pins);
	void (*power_down)(void *logic);
};

struct twin {
	struct fpga fpga;
	struct fifo *fifos;
	struct pins *ports;
	struct faults *faults;
	struct bitstream bitstream;
	const struct twin_module *module;
	const char *trace; /* a file's path, or NULL */
	void *logic;       /* NULL while the FPGA is not configured */
	struct twin_pins pins;
	uint16_t port_o, port_oe; /* as the ports have them */
	uint64_t cycle;
	uint64_t active; /* the last cycle in which a pin moved */
	uint64_t offset[FIFO_COUNT];
	bool fetched[FIFO_COUNT]; /* the next byte has met its faults */
	uint8_t address;          /* of the register that I2C selected */
	uint8_t table_index;      /* and what it wrote to that register */
};

#define TWIN(pointer) ((struct twin *)(pointer))

/* NULL, and why, if there is no module. */
const struct twin_module *twin_module(const char **ret_why);

/* One cycle of the 48 MHz clock. */
void twin_step(struct twin *twin);

/* The FX2's end of the I2C bus, bit by bit; a byte, with its share of start and
   stop. */
#define TWIN_BYTE_CYCLES 246

bool twin_i2c_write(
	struct fpga *fpga, tick now, const uint8_t *data, size_t size);
bool twin_i2c_read(struct fpga *fpga, tick now, uint8_t *data, size_t size);

#endif
