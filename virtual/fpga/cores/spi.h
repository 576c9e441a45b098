/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the files of the SPI core's model share: virtual/fpga/cores/spi.c has
   the commands, virtual/fpga/cores/spi-line.c the clock, the byte that is sent
   and the one that is received, virtual/fpga/cores/spi-bytes.c two
   shortcuts. */
#ifndef VIRTUAL_CORE_SPI_H
#define VIRTUAL_CORE_SPI_H

#include <stdbool.h>
#include <stdint.h>

#include "virtual/fpga/core.h"
#include "wire/core-spi.h"

/* A period of SCK, in cycles. */
struct spi_clock {
	bool active;
	bool second; /* half of the period */
	bool shown;
	uint16_t cycles; /* left of this half, by spi_clock_left() */
};

/* The byte that is sent, and whose the IO lines are. */
struct spi_send {
	uint8_t left; /* clocks of this unit */
	uint8_t shift;
	uint8_t lanes;
	bool out, in;
};

struct spi_receive {
	uint16_t way; /* samples that are to be taken: bit n = in n cycles less
			 than the longest */
	uint8_t clocks;
	uint8_t byte;
	bool came;
};

/* More than can be on their way, at two cycles a byte. */
#define SPI_BYTES_MAX 16

/* The shortcut: bytes that pass without edges. */
struct spi_bytes {
	bool busy;        /* the clock would run, or wait between two bytes */
	uint64_t end;     /* of the last byte's clocks, and of its samples */
	uint64_t drained; /* 0: it has none */
	unsigned first, count;
	struct {
		uint64_t cycle;
		uint8_t byte;
	} came[SPI_BYTES_MAX]; /* those that were received */
};

/* The shortcut: rounds of SPI_POLL that pass without edges. */
struct spi_rest {
	uint64_t last;  /* the edge that ended the last round; 0: there is
			   none of this command */
	uint64_t round; /* its edges; 0: not known */
	uint64_t until; /* the edge that ends the rounds at rest, or 0 */
};

enum spi_state { SPI_FETCH, SPI_OPERAND, SPI_RUN, SPI_REPLY, SPI_LOST };

/* What the opcode asks for. */
struct spi_command {
	uint8_t kind;
	bool is_poll, held;
	bool waits;  /* `count` is in us */
	bool single; /* there is one unit, whatever `count` is */
	bool has_data;
	bool takes, gives; /* bytes of the streams, one a unit */
};

struct spi {
	struct core core; /* first */
	uint64_t cycle;   /* up to which the core has run */
	uint64_t edge;    /* that is being run */
	enum spi_state state;
	uint8_t opcode;
	struct spi_command command; /* of the opcode */
	uint8_t step;   /* operands taken, or bytes of a reply sent */
	uint32_t count; /* operand, then what is left: bytes, clocks, us */
	uint8_t operand, mask;
	uint8_t part; /* of SPI_POLL */
	bool begun;   /* the only unit of a command has */
	bool failed;
	bool unsent; /* bytes that were not flushed */
	uint16_t index;
	uint8_t cycles; /* of a us */
	uint16_t period;
	uint8_t mode;
	uint8_t pins;
	uint8_t chip;
	bool selected;
	struct spi_clock clock;
	struct spi_send send;
	struct spi_receive receive;
	struct spi_bytes bytes;
	struct spi_rest rest;
};

/* What a command does at one clock edge. */
struct spi_lines {
	bool start; /* a period of SCK */
	bool silent;
	bool sends, receives;
	bool load;
	bool rotate;
	bool push; /* a byte that was received is for the host */
	uint8_t data;
	uint8_t unit; /* clocks, - 1 */
	uint8_t lanes;
};

/* Another period may start at this edge. */
bool spi_ready(const struct spi *spi);
/* Samples are to be taken, or a byte to be given. */
bool spi_draining(const struct spi *spi);
/* A clock edge. */
void spi_edge(struct spi *spi, const struct spi_lines *lines);
/* How many edges follow at which only a counter counts, and let so many
   pass. */
uint64_t spi_clock_left(const struct spi *spi);
void spi_clock_skip(struct spi *spi, uint64_t edges);
/* The core's outputs, from its state. */
void spi_drive(struct spi *spi);
/* A byte that was sent, after another clock. */
uint8_t spi_rotated(uint8_t byte, uint8_t lanes);

/* A unit of these lines starts at this edge: true if it passes without
   edges. */
bool spi_bytes_unit(struct spi *spi, const struct spi_lines *lines);
/* A byte of these has come at this edge: receive.byte. */
bool spi_bytes_came(struct spi *spi);
/* The next cycle at which something happens, provided that the FIFOs stay as
   they are.  `stalled`: the next unit waits for one of them. */
uint64_t spi_bytes_next(const struct spi *spi, bool stalled, bool more);

/* A round of SPI_POLL has ended at this edge, without a hit: decide on
   `rest.until`. */
void spi_rest(struct spi *spi);

#endif
