/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the UART applet's files share.  uart.c has the table, the claims and the
 * run; line.c the core's settings and counters; pump.c moves bytes between the line
 * and the user's end, lib/run/endpoint.h.
 */
#ifndef UART_UART_H
#define UART_UART_H

#include "lib/run/applet.h"
#include "lib/run/endpoint.h"
#include "wire/core-uart.h"
#include "wire/packed.h"

/* ---- The line --------------------------------------------------------- */

/* The core's registers, from REG_UART_CONTROL on. */
struct line_registers {
	uint8_t control;
	uint8_t clear;
	uint8_t status;
	uint8_t reserved;
	uint32_t bit_time;
	uint16_t framing;
	uint16_t parity;
	uint32_t received;
	uint32_t lost;
	uint32_t overrun;
	uint32_t pulse;
} PACKED;
_Static_assert(sizeof(struct line_registers) == 28, "REG_UART");

#define UART_SENDING        (1 << 1) /* REG_UART_STATUS */
#define UART_CLEAR_COUNTERS (1 << 0) /* REG_UART_CLEAR */
#define UART_CLEAR_PULSE    (1 << 1)

struct line {
	struct clyde_run *run;
	struct clyde_device *device;
	uint8_t control;
	uint32_t bit_time; /* 1/256 cycles */
	unsigned frame_bits;
	bool verbose, auto_baud;        /* the parameters */
	struct line_registers reported; /* the counters of the last report */
};

/* The bit time nearest to a baud rate, in 1/256 cycles of 48 MHz; and the baud
   rate of a bit time. */
uint32_t line_bit_time(double baud);
double line_baud(uint32_t bit_time);

/* The baud rate whose bit has the length of the shortest pulse: a usual rate,
   if the pulse is within 1 % and a cycle of its bit. */
double line_guess(uint32_t pulse_cycles);

/* Set up a line by the run's parameters.  line_write() writes that to the core,
   with the receiver on or off, and clears all counters. */
void line_init(struct line *line, struct clyde_run *run);
int line_write(struct line *line, bool receive);

/* Like "8N1". */
void line_format(const struct line *line, char text[8]);

int64_t line_frame_ns(const struct line *line);
int line_read(const struct line *line, struct line_registers *ret_registers);

/* Whether any of the parameters needs line_monitor(). */
bool line_monitored(const struct line *line);

/* Read the counters.  If there are new errors, report them (--verbose), and
   change to the measured rate (--auto-baud). */
int line_monitor(struct line *line);

/* ---- Between them ----------------------------------------------------- */

struct pump {
	struct clyde_run *run;
	struct clyde_device *device;
	struct line *line;
	struct endpoint *endpoint;
	struct clyde_pipe *in, *out; /* from RX, to TX; NULL: no such pin */
	bool stream, once;           /* the parameters */
	uint64_t sent, received;     /* B */
	uint64_t unconnected;        /* B received while nobody was connected */
	uint64_t refused;            /* B of input without a TX */
	bool blocked;                /* the user's end takes no byte now */
	int64_t monitor_ns;          /* the next look at the counters */
	/* At the end of the input: the line has been quiet since quiet_ns, when
	   the core had received so many bytes. */
	bool quiet;
	int64_t quiet_ns;
	uint32_t quiet_received;
};

/* Open the pipes of the pins that there are.  pump_run() moves bytes until the
   run is over. */
int pump_open(struct pump *pump, bool out, bool in);
int pump_run(struct pump *pump);

#endif
