/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the files of the model share: virtual/fpga/model.c has its time and its
   cores, virtual/fpga/bridge.c the bursts, virtual/fpga/mux.c the pins, virtual/fpga/registers.c the
   registers. */
#ifndef VIRTUAL_FPGA_MODEL_H
#define VIRTUAL_FPGA_MODEL_H

#include "bitstream.h"
#include "core.h"
#include "virtual/faults/faults.h"
#include "fpga.h"
#include "mux.h"
#include "virtual/board/pins.h"

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

/* A core in its place in the table. */
struct slot {
	struct core *core;
	struct out_pipe *out_pipe; /* as the stream switch stands, or NULL */
	struct in_pipe *in_pipe;
	struct ring *out; /* theirs, or one that is always empty, or full */
	struct ring *in;
	bool held; /* in reset */
};

/* A burst under way, or the last one. */
struct burst {
	bool busy;
	bool begun; /* steps have been taken */
	enum fifo_index pipe;
	uint16_t step;    /* cycles at a time */
	uint16_t left;    /* bytes that it has still to move */
	uint16_t moved;   /* and those that have left the FX2's packet */
	uint16_t strobes; /* bytes of the packets before that */
	uint64_t end;
	uint64_t settled; /* cycle at which its pipe's flag is right again, */
	bool fell;        /* which has fallen: others wait as well */
};

struct model {
	struct fpga fpga;
	struct fifo *fifos;
	struct faults *faults;
	struct bitstream bitstream;
	uint64_t cycle;
	uint64_t event; /* cycle at which a core, a pin or a part next acts */
	uint8_t reset;  /* REG_PIPE_RESET */
	uint8_t alerts;
	uint8_t address; /* of the register that I2C selected */
	uint8_t stream[FIFO_COUNT];
	uint8_t table_index;
	struct mux mux;
	struct pins *pins;
	unsigned pins_changes; /* of which the model knows */
	bool stepped;          /* no burst is taken at once */
	struct out_pipe out[2];
	struct in_pipe in[2];
	struct ring empty, full;
	struct slot slots[CORE_END]; /* from 1, as the table */
	struct burst burst;
};

#define MODEL(pointer) ((struct model *)(pointer))

static inline uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline bool in_reset(const struct model *model, enum fifo_index index)
{
	return model->reset >> index & 1;
}

/* The image's table, from 1. */
extern const struct core_entry core_table[CORE_END];

/* Configured, and with a DONE that goes high. */
bool model_running(const struct model *model);

/* Let the cores work up to this cycle. */
void model_run(struct model *model, uint64_t until);

/* When something next acts may have changed. */
void model_look(struct model *model);

/* The slot of the core that this pipe goes to or comes from, or NULL. */
struct slot *model_slot_of(struct model *model, enum fifo_index index);

/* REG_PIPE_RESET and REG_STREAM take these values. */
void model_reset_pipes(struct model *model, uint8_t reset);
void model_switch(struct model *model, enum fifo_index index, uint8_t core);

/* The bridge: begin a burst, if a pipe wants one; let it run up to a cycle,
   at most its end; and the cycle at which it does something by itself, since
   an idle time is over or a flag is right again, or CORE_NEVER. */
bool bridge_grant(struct model *model);
void bridge_run(struct model *model, uint64_t until);
uint64_t bridge_next(const struct model *model);

bool model_i2c_write(
	struct fpga *fpga, tick now, const uint8_t *data, size_t size);
bool model_i2c_read(struct fpga *fpga, tick now, uint8_t *data, size_t size);

#endif
