/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the tests of the probe core's model alone: the model, to the half
   cycle, with a target behind the delays of the pin multiplexer, a TAP with its
   16 states. */
#ifndef TESTS_PROBE_RIG_H
#define TESTS_PROBE_RIG_H

#include "core-test.h"
#include "wire/core-probe.h"

#define OUT_CYCLES 3 /* From the core to a pin, as virtual/fpga/mux.h says. */

#define TCK (1 << PROBE_OUTPUT_TCK)
#define TMS (1 << PROBE_OUTPUT_TMS)
#define TDI (1 << PROBE_OUTPUT_TDI)

#define HALVES (1 << 21)

/* The pins in each half cycle: outputs of the core, and TDO. */
struct pin_state {
	uint8_t outputs, inputs;
};

enum tap_state {
	RESET,
	IDLE,
	SELECT_DR,
	CAPTURE_DR,
	SHIFT_DR,
	EXIT1_DR,
	PAUSE_DR,
	EXIT2_DR,
	UPDATE_DR,
	SELECT_IR,
	CAPTURE_IR,
	SHIFT_IR,
	EXIT1_IR,
	PAUSE_IR,
	EXIT2_IR,
	UPDATE_IR,
};

#define DR_SIZE 32
#define IR_SIZE 6
#define IDCODE  0x0ba00477

struct probe_target {
	unsigned latency; /* From the falling edge to TDO, in half cycles. */
	uint8_t side;
	enum tap_state state;
	bool tdo;
	bool stream; /* Puts `answer` out, whatever the state is. */
	uint8_t answer[4096];
	unsigned answered;  /* Bits. */
	uint64_t dr, ir;    /* The shift register. */
	unsigned captures;  /* Of the data register. */
	unsigned ready;     /* At this capture the status is another one. */
	uint32_t status[2]; /* Before, and from then on. */
	uint32_t updated_dr, updated_ir;
	unsigned idles;
	uint8_t next[64];
	/* At each rising edge. */
	uint8_t tms[4096], tdi[4096];
	unsigned clocks;
	uint64_t last_edge;
};

extern struct core_rig rig;
extern struct probe_target target;
extern struct pin_state pins[HALVES];

int set_up(void **state);
int tear_down(void **state);

/* The bits of bytes, from the lowest one of the first byte on. */
bool bit_of(const uint8_t *bytes, unsigned at);
void fill(uint8_t *bytes, unsigned size, unsigned seed);
bool has_edge(uint64_t half, uint8_t output, bool rising);

void cycle(void);
void run(unsigned cycles);
/* Runs until no command is left, and returns the cycles. */
unsigned run_all(void);
unsigned status(void);

void put(const void *bytes, unsigned size);
#define PUT(...) put((uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))
void configure(uint16_t period, unsigned delay);
void shift(uint8_t flags, unsigned bits);
void vector(uint8_t flags, unsigned bits);
void clocks(uint8_t flags, unsigned count);
/* The first clock has the lowest bit. */
void tms(unsigned count, uint8_t bits);
void wait_us(uint8_t opcode, uint32_t us);
void poll_scan(uint8_t flags, const struct probe_poll *poll);
/* Takes all that was given, and returns its size. */
unsigned replies(uint8_t *bytes);
/* Runs all, and returns the reply to a barrier at its end. */
struct stream_barrier barrier(void);

#endif
