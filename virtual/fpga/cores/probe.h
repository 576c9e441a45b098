/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the files of the probe core's model share: virtual/fpga/cores/probe.c has
   the commands, virtual/fpga/cores/probe-line.c the clock, the bits that are
   sent and those that are received, virtual/fpga/cores/probe-units.c a
   shortcut. */
#ifndef VIRTUAL_CORE_PROBE_H
#define VIRTUAL_CORE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "virtual/fpga/core.h"
#include "wire/core-probe.h"

/* A period of TCK, in cycles. */
struct probe_clock {
	bool active;
	bool second;     /* half of the period */
	uint16_t cycles; /* left of this half, by probe_clock_left() */
};

/* The unit that is being clocked. */
struct probe_shift {
	uint8_t left; /* clocks */
	uint8_t tms, tdi;
	bool high_last; /* TMS is high in the last clock */
	bool sampled;
};

struct probe_receive {
	uint16_t way;      /* samples that are to be taken: bit n = in n cycles
			      less than the longest */
	uint16_t last_way; /* those of them that are the last of a byte */
	uint8_t place;     /* of the next bit */
	uint8_t byte;
	bool came;
};

/* More than can be on their way: a unit has a cycle at least, and the last of them
   take 10. */
#define PROBE_UNITS_MAX 16

/* The shortcut: units that pass without edges. */
struct probe_units {
	bool busy;        /* their clocks would run, and the lines rest */
	uint64_t end;     /* the edge that ends the last one's clocks */
	uint64_t drained; /* the edge that finds no sample under way */
	unsigned first, count;
	struct {
		uint64_t cycle;
		uint8_t byte;
		bool push;
	} came[PROBE_UNITS_MAX]; /* those that were sampled */
};

enum probe_state {
	PROBE_FETCH,
	PROBE_OPERAND,
	PROBE_RUNS,
	PROBE_REPLY,
	PROBE_LOST
};

/* What the opcode asks for. */
struct probe_command {
	uint8_t kind, flags;
	bool is_poll;
	bool is_tms; /* there is one unit, whatever `count` is */
	bool moves;
	bool takes, gives; /* bytes of the streams, one a unit */
};

struct probe {
	struct core core; /* first */
	uint64_t cycle;   /* up to which the core has run */
	uint64_t edge;    /* that is being run */
	enum probe_state state;
	uint8_t opcode;
	struct probe_command command; /* of the opcode */
	uint8_t step;       /* operands taken, or bytes of a reply sent */
	uint32_t count;     /* operand, then what is left: bits, clocks, us */
	uint8_t operand[6]; /* the last ones, the very last first */
	bool have;          /* operand[0] is a byte of TMS, of PROBE_VECTOR */
	uint8_t part;       /* of PROBE_POLL */
	uint8_t bits;       /* left of the part */
	bool failed;
	bool unsent; /* bytes that were not flushed */
	uint16_t index;
	uint8_t cycles; /* of a us */
	uint16_t period;
	uint8_t mode;
	uint8_t pins;
	/* Clocks or samples are under way, of this command or of the one
	   before it, to a cycle after the last of them. */
	bool busy;
	struct probe_clock clock;
	struct probe_shift shift;
	struct probe_receive receive;
	struct probe_units units;
};

/* What a command does at one clock edge. */
struct probe_unit {
	bool start;     /* up to 8 clocks */
	uint8_t clocks; /* - 1 */
	uint8_t tms, tdi;
	bool high_last;
	bool sampled;
	bool push; /* a byte that was received is for the host */
};

/* Another period may start at this edge. */
bool probe_ready(const struct probe *probe);
/* Samples are to be taken, or a byte to be given. */
bool probe_draining(const struct probe *probe);
/* A clock edge. */
void probe_edge(struct probe *probe, const struct probe_unit *unit);
/* How many edges follow at which only a counter counts, and let so many
   pass. */
uint64_t probe_clock_left(const struct probe *probe);
void probe_clock_skip(struct probe *probe, uint64_t edges);
/* The core's outputs, from its state. */
void probe_drive(struct probe *probe);

/* A unit starts at this edge: true if it passes without edges. */
bool probe_units_start(struct probe *probe, const struct probe_unit *unit);
/* The bits of one of these have come at this edge: receive.byte.  True if it is
   for the host. */
bool probe_units_came(struct probe *probe);
/* The clocks or the samples of these are, to a cycle after the last of them. */
bool probe_units_under_way(const struct probe *probe);
/* The next cycle at which something happens to them, or CORE_NEVER. */
uint64_t probe_units_next(const struct probe *probe);

#endif
