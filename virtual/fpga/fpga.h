/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The FPGA as the FX2 sees it: a configuration port, an I2C target, an alert
 * line, and the master of the FIFO bus.  virtual/fx2 calls it.
 * virtual/fpga/model.c is the model in C, virtual/fpga/twin.c runs a Verilated
 * image; nothing outside virtual/fpga may depend on which of them runs.
 *
 * An I2C transaction ends with its call: `now` is the time of the stop
 * condition.  The caller must have called catch_up() with `now`, less the time
 * that the transaction takes (`byte_ticks`), before the transaction.
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
struct twin_module;
struct fpga;

struct fpga_ops {
	/* CRESET_B: lose the configuration, and wait for another one. */
	void (*reset)(struct fpga *fpga, tick now);
	void (*configure)(struct fpga *fpga, const uint8_t *data, size_t size);
	/* configure() in one step: the state of the configuration port after a
	   whole bitstream. */
	void (*restore)(struct fpga *fpga, const struct bitstream *port);
	bool (*done)(const struct fpga *fpga); /* CDONE */
	/* True if it acknowledged. */
	bool (*i2c_write)(
		struct fpga *fpga, tick now, const uint8_t *data, size_t size);
	bool (*i2c_read)(
		struct fpga *fpga, tick now, uint8_t *data, size_t size);
	bool (*alert)(const struct fpga *fpga); /* nALERT is pulled low */
	/* Run the FIFO bus up to `now`, in whole bursts: a burst that ends
	   later may not have begun.  Returns when the FPGA next does something
	   by itself, provided that the FX2's buffers stay as they are. */
	tick (*advance)(struct fpga *fpga, tick now);
	/*
	 * Run to exactly `now`, also into the middle of a burst.  To be called
	 * before an I2C transaction, and before anything outside the FPGA reads
	 * or changes the pins.
	 */
	void (*catch_up)(struct fpga *fpga, tick now);
	void (*destroy)(struct fpga *fpga);
};

struct fpga {
	const struct fpga_ops *ops;
	/* How long a byte on the I2C bus takes; 0: no time.  A transaction of
	   n bytes that ends at t begins at t - n * byte_ticks: catch_up() stops
	   the FPGA there, and the caller must not advance() it further until
	   the transaction is over. */
	tick byte_ticks;
	/* How often a bitstream has configured the FPGA that its model does not
	   know; virtual/fpga/foreign.h. */
	unsigned foreign_count;
};

/* The model in C; and a Verilated image, a module of virtual/fpga/twin-model.h,
   which writes a waveform to `trace` if that is not NULL.  The arguments remain
   the caller's.  NULL: no memory. */
struct fpga *fpga_model_new(struct fifo fifos[FIFO_COUNT], struct pins *pins,
	struct faults *faults);
struct fpga *fpga_twin_new(struct fifo fifos[FIFO_COUNT], struct pins *pins,
	struct faults *faults, const struct twin_module *module,
	const char *trace);

/* From now on the model runs each burst step by step.  Tests compare the
   results with those of the shortcuts. */
void fpga_model_step(struct fpga *fpga);

#endif
