/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What fpga-model.c, the bridge, and fpga-registers.c share. */
#ifndef VIRTUAL_FPGA_MODEL_H
#define VIRTUAL_FPGA_MODEL_H

#include "bitstream.h"
#include "core.h"
#include "faults.h"
#include "fpga.h"

struct in_pipe {
	struct ring ring;
	uint16_t queued; /* bytes in the FX2's open buffer */
	bool pending;    /* bytes, or a full packet, not yet closed */
	bool flush;
	uint16_t idle;  /* cycles */
	uint64_t quiet; /* cycle of the last byte offered */
	uint64_t offset;
};

struct out_pipe {
	struct ring ring;
	uint64_t offset;
};

struct model {
	struct fpga fpga;
	struct fifo *fifos;
	struct faults *faults;
	struct bitstream bitstream;
	uint64_t cycle;
	uint8_t reset; /* REG_PIPE_RESET */
	uint8_t alerts;
	uint8_t address; /* of the register that I2C selected */
	struct out_pipe out[2];
	struct in_pipe in[2];
	struct bench_core bench;
	/* The burst under way */
	bool busy;
	enum fifo_index granted;
	uint16_t burst;
	uint64_t burst_start, burst_end;
};

#define MODEL(pointer) ((struct model *)(pointer))

/* Configured, and with a DONE that goes high. */
bool model_running(const struct model *model);

/* REG_PIPE_RESET takes this value. */
void model_reset_pipes(struct model *model, uint8_t reset);

bool model_i2c_write(
	struct fpga *fpga, tick now, const uint8_t *data, size_t size);
bool model_i2c_read(struct fpga *fpga, tick now, uint8_t *data, size_t size);

#endif
