/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The FPGA as the FX2 sees it: a configuration port, an I2C target, an alert
 * line, and a master of the FIFO bus.  virtual/fpga/model.c is one in C; a Verilated
 * twin can stand in its place.
 *
 * I2C transactions end with the call; `now` is the moment of the stop
 * condition.  The FPGA has been settled at `now` before any of them.
 */
#ifndef VIRTUAL_FPGA_H
#define VIRTUAL_FPGA_H

#include <stdbool.h>
#include <stddef.h>

#include "virtual/fx2/fifo.h"
#include "virtual/bus/tick.h"

struct bitstream;
struct faults;
struct pins;
struct fpga;

struct fpga_ops {
	/* CRESET_B: forget the configuration, wait for another. */
	void (*reset)(struct fpga *fpga, tick now);
	void (*configure)(struct fpga *fpga, const uint8_t *data, size_t size);
	/* The same at once: the port is as a bitstream has left it. */
	void (*restore)(struct fpga *fpga, const struct bitstream *port);
	bool (*done)(const struct fpga *fpga); /* CDONE */
	/* True if it acknowledged. */
	bool (*i2c_write)(
		struct fpga *fpga, tick now, const uint8_t *data, size_t size);
	bool (*i2c_read)(
		struct fpga *fpga, tick now, uint8_t *data, size_t size);
	bool (*alert)(const struct fpga *fpga); /* nALERT is pulled low */
	/* Run the FIFO bus up to now.  Returns when it next does something
	   by itself, provided the FX2's buffers stay as they are. */
	tick (*advance)(struct fpga *fpga, tick now);
	/*
	 * The same, but to the very moment: what the I2C bus and the pins are
	 * about to find is as it is now.  Called before anything else looks at
	 * the pins or does something to them.
	 */
	void (*settle)(struct fpga *fpga, tick now);
	void (*destroy)(struct fpga *fpga);
};

struct fpga {
	const struct fpga_ops *ops;
	/* How long a byte on the I2C bus takes it.  Transactions begin where
	   settle() has left the FPGA, so much before they end; and in that
	   time before a command of the 8051 ends, advance() does not take it
	   any further. */
	tick byte_ticks;
};

/* The model in C, and the Verilated image, which writes a waveform to a path
   that is not NULL.  What they are given stays the caller's.  NULL if out of
   memory; the twin also if twin_module() has none. */
struct fpga *fpga_model_new(struct fifo fifos[FIFO_COUNT], struct pins *pins,
	struct faults *faults);
struct fpga *fpga_twin_new(struct fifo fifos[FIFO_COUNT], struct pins *pins,
	struct faults *faults, const char *trace);

/* From now on it takes no short cut: slow, for tests to compare with. */
void fpga_model_step(struct fpga *fpga);

#endif
