/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the model of the image share: virtual/fpga/model.c has time
 * and cores, virtual/fpga/bridge.c bursts, virtual/fpga/mux.c pins,
 * virtual/fpga/registers.c registers.  No other file includes this header.
 */
#ifndef VIRTUAL_FPGA_MODEL_H
#define VIRTUAL_FPGA_MODEL_H

#include "virtual/board/bitstream.h"
#include "core.h"
#include "foreign.h"
#include "virtual/faults/faults.h"
#include "fpga.h"
#include "mux.h"
#include "virtual/board/pins.h"

struct in_pipe {
	struct core_fifo fifo;
	uint16_t queued; /* bytes in the FX2's open buffer */
	bool pending;    /* bytes, or a full packet, not yet closed */
	bool flush;
	uint16_t idle;  /* cycles after which a packet is committed */
	uint64_t quiet; /* cycle of the last byte offered */
	uint64_t offset;
};

/* Commit what is there as soon as the FIFO is empty.  A flush of a pipe without
   bytes has no effect, now or later. */
static inline void in_pipe_flush(struct in_pipe *pipe)
{
	if (pipe->pending || pipe->fifo.level > 0)
		pipe->flush = true;
}

struct out_pipe {
	struct core_fifo fifo;
	uint64_t offset;
};

/* A row of the image's table of cores. */
struct slot {
	struct core *core;
	struct out_pipe *out_pipe; /* by the stream switch, or NULL */
	struct in_pipe *in_pipe;
	struct core_fifo *out; /* of out_pipe, or one that is always empty */
	struct core_fifo *in;  /* of in_pipe, or one that is always full */
	bool reset;            /* one of its pipes is in reset */
};

/* The burst that is being moved, or the last one. */
struct burst {
	bool busy;
	bool begun; /* steps have been taken */
	enum fifo_index pipe;
	uint16_t step;    /* cycles at a time */
	uint16_t left;    /* bytes still to be moved */
	uint16_t moved;   /* bytes taken from the FX2's current packet */
	uint16_t strobes; /* bytes of the packets before the current one */
	uint64_t end;
	uint64_t flag_valid; /* cycle from which its pipe's flag is right */
	bool fell; /* that flag has fallen: no pipe is granted before */
};

/* The pins of a core that moves bytes over SPI, as registers say. */
struct spi_route {
	bool known, good;
	uint16_t sck, io[4];
};

/* The pins of a core that makes clocks of JTAG, as registers say. */
struct jtag_route {
	bool known, good;
	uint16_t tck, tms, tdi, tdo;
};

struct model {
	struct fpga fpga;
	struct fifo *fifos;
	struct faults *faults;
	struct bitstream bitstream;
	struct foreign foreign;
	uint64_t cycle;
	uint64_t event; /* cycle at which a core, a pin or a part next acts */
	uint8_t reset;  /* REG_PIPE_RESET */
	uint8_t alerts;
	uint8_t address; /* of the register that the next I2C read returns */
	uint8_t stream[FIFO_COUNT];
	uint8_t table_index;
	struct mux mux;
	struct pins *pins;
	unsigned pins_changes; /* pins->changes at the last mux_update() */
	bool stepped;          /* without shortcuts, fpga_model_step() */
	struct spi_route spi_route;
	struct jtag_route jtag_route;
	struct out_pipe out[2];
	struct in_pipe in[2];
	struct core_fifo empty, full;
	struct slot slots[CORE_END]; /* from 1, as the table */
	struct burst burst;
};

#define MODEL(pointer) ((struct model *)(pointer))

static inline bool in_reset(const struct model *model, enum fifo_index index)
{
	return model->reset >> index & 1;
}

/* The image's table, from 1. */
extern const struct core_entry core_table[CORE_END];

/* Whether the FPGA is configured, and no fault holds DONE low; and whether it
   then runs the image. */
bool model_done(const struct model *model);
bool model_running(const struct model *model);

/* Run the cores up to this cycle. */
void model_run(struct model *model, uint64_t until);

/* Compute `event` anew, after a core, a pin or a register has changed. */
void model_update_event(struct model *model);

/* The slot of the core that this pipe is connected to, or NULL. */
struct slot *model_slot_of(struct model *model, enum fifo_index index);

/* REG_PIPE_RESET and REG_STREAM take these values. */
void model_reset_pipes(struct model *model, uint8_t reset);
void model_switch(struct model *model, enum fifo_index index, uint8_t core);

/* The shortcuts of struct core: spi_bytes, spi_same and jtag. */
size_t model_spi_bytes(
	const struct core *core, struct part_spi *spi, bool lines);
uint64_t model_spi_same(
	const struct core *core, uint8_t answer, uint64_t cycle);
bool model_jtag(const struct core *core, struct part_jtag *jtag, bool lines);

/* The bridge.  Begin a burst, if a pipe has data and room. */
bool bridge_grant(struct model *model);
/* Run the burst up to a cycle, at most its end. */
void bridge_run(struct model *model, uint64_t until);
/* The cycle at which the bridge next does something without new data, because
   an idle time ends or a flag is valid again; or CORE_NEVER. */
uint64_t bridge_next(const struct model *model);

bool model_i2c_write(
	struct fpga *fpga, tick now, const uint8_t *data, size_t size);
bool model_i2c_read(struct fpga *fpga, tick now, uint8_t *data, size_t size);

#endif
