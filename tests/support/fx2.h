/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The FX2's end of the FIFO bus and of the I2C bus, and the host behind it, for
 * tests of the Verilated image (virtual/fpga/twin.h): feeds OUT pipes, empties IN
 * pipes, and fails at the first breach of the bus's rules.
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
	/* What a test sets. */
	unsigned buffers;
	bool running;        /* the host feeds or empties it */
	bool short_packets;  /* it sends such, of any size */
	unsigned stall;      /* cycles for which the host pauses, at most */
	uint64_t limit;      /* bytes to send */
	unsigned flushes;    /* that the FPGA was asked for */
	unsigned idle;       /* cycles until it may close a packet by itself */
	bool flowing;        /* the FPGA has a byte for it in every cycle */
	uint64_t offered_at; /* else the last cycle in which it may have had, */
	const struct fx2_pipe *from; /* or when this one last gave a byte */
	/* The next bytes to send, or those that came, from `host` on. */
	void (*bytes)(struct fx2_pipe *pipe, uint8_t *data, unsigned size);
	void *context;

	/* What it sees, since fx2_forget(). */
	uint64_t host; /* bytes that the host sent or has */
	uint64_t bus;  /* and that have crossed the FIFO bus */
	uint64_t moved_at;
	uint64_t packets;   /* 512 B of OUT, or full packets IN */
	uint64_t packet_at; /* when the last of them was through */
	unsigned cycles;    /* and how long after the one before */

	/* The buffers, in turn; how far the FPGA is in its one. */
	uint8_t data[BUFFERS_MAX][PACKET_SIZE];
	unsigned size[BUFFERS_MAX], first, used, at;
	bool after_full; /* the last packet IN was full */
	uint64_t next;   /* cycle in which the host is there again */
};

struct fx2 {
	const struct twin_module *module;
	void *logic;
	struct twin_pins pins;
	struct fx2_pipe pipes[FIFO_COUNT];
	uint16_t toggle; /* port pins that change in every cycle */
	uint64_t cycle;
	unsigned seed;
};

/* Power up, with a seed for what the host does. */
void fx2_open(struct fx2 *fx2, unsigned seed);
void fx2_close(struct fx2 *fx2);

/* What is in a pipe's buffers is gone, and it starts from 0. */
void fx2_forget(struct fx2 *fx2, unsigned pipe);

void fx2_run(struct fx2 *fx2, uint64_t cycles);

/* A number below a limit. */
unsigned fx2_draw(struct fx2 *fx2, unsigned limit);

/* Registers, over I2C, while the streams go on. */
void fx2_write(
	struct fx2 *fx2, uint8_t address, const void *data, unsigned size);
void fx2_put(struct fx2 *fx2, uint8_t address, uint8_t value);
uint32_t fx2_get(struct fx2 *fx2, uint8_t address, unsigned size);

/* One cycle. */
void fx2_step(struct fx2 *fx2);

#endif
