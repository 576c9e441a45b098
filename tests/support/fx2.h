/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The FX2's end of the FIFO bus and of the I2C bus, and the host behind it, for
 * tests of the Verilated image (virtual/fpga/twin.h).  It feeds OUT pipes and
 * empties IN pipes.  It fails the test at the first breach of the bus's rules.
 *
 * EZ-USB TRM, chapter 9: strobes act at the rising edge; bytes and flags change
 * after it.
 */
#ifndef TESTS_FX2_H
#define TESTS_FX2_H

#include "clyde-test.h"

#include "virtual/fx2/fifo.h"
#include "virtual/fpga/twin-model.h"

#define PACKET_SIZE 512
#define BUFFERS_MAX 4

struct fx2_pipe {
	/* Set by the test. */
	unsigned buffers;
	bool running;       /* The host feeds or empties the pipe. */
	bool short_packets; /* The host sends short packets of any size. */
	unsigned stall;     /* The longest pause of the host, in cycles. */
	uint64_t limit;     /* Bytes to send. */
	unsigned flushes;   /* Flushes that the FPGA was asked for. */
	/* Cycles until the FPGA may close a short packet by itself. */
	unsigned idle;
	/* The FPGA has a byte for the pipe in every cycle. */
	bool flowing;
	/* Otherwise the last cycle in which the FPGA may have had one, */
	uint64_t offered_at;
	/* or the last cycle in which this pipe gave one. */
	const struct fx2_pipe *from;
	/* Makes the next bytes to send, or checks those that came, from `host`
	   on. */
	void (*bytes)(struct fx2_pipe *pipe, uint8_t *data, unsigned size);
	void *context;

	/* What the pipe has seen since fx2_forget(). */
	uint64_t host; /* Bytes that the host has sent or received. */
	uint64_t bus;  /* Bytes that have crossed the FIFO bus. */
	uint64_t moved_at;
	/* Packets of 512 B of OUT data, or full packets IN. */
	uint64_t packets;
	uint64_t packet_at; /* When the last of them ended. */
	unsigned cycles;    /* Cycles between that and the one before. */

	/* The buffers, used in turn, and the FPGA's position in the current
	   one. */
	uint8_t data[BUFFERS_MAX][PACKET_SIZE];
	unsigned size[BUFFERS_MAX], first, used, at;
	bool after_full; /* The last IN packet was full. */
	uint64_t next;   /* The cycle in which the host's pause ends. */
};

struct fx2 {
	const struct twin_module *module;
	void *logic;
	struct twin_pins pins;
	struct fx2_pipe pipes[FIFO_COUNT];
	uint16_t toggle; /* Port pins that change in every cycle. */
	uint64_t cycle;
	unsigned seed;
	/* Another module, or NULL, that gets the same inputs, and must have the
	   same outputs in every cycle. */
	const struct twin_module *shadow;
	void *shadow_logic;
};

/* Powers up, with a seed for what the host does. */
void fx2_open(struct fx2 *fx2, unsigned seed);
void fx2_close(struct fx2 *fx2);

/* Powers up a shadow.  To be called before the first cycle. */
void fx2_add_shadow(struct fx2 *fx2, const struct twin_module *shadow);

/* Empties a pipe's buffers and resets its counters. */
void fx2_forget(struct fx2 *fx2, unsigned pipe);

void fx2_run(struct fx2 *fx2, uint64_t cycles);

/* Returns a random number below a limit. */
unsigned fx2_draw(struct fx2 *fx2, unsigned limit);

/* Access registers over I2C, while the streams go on. */
void fx2_write(
	struct fx2 *fx2, uint8_t address, const void *data, unsigned size);
void fx2_put(struct fx2 *fx2, uint8_t address, uint8_t value);
uint32_t fx2_get(struct fx2 *fx2, uint8_t address, unsigned size);

/* Runs one cycle. */
void fx2_step(struct fx2 *fx2);

#endif
