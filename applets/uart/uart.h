/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the UART applet's files share.  uart.c has the table, the claims and the
 * run; line.c the core's settings and counters; endpoint.c and listen.c the
 * user's end: terminal, pty or socket; pump.c moves bytes between the two.
 */
#ifndef UART_UART_H
#define UART_UART_H

#include "lib/run/applet.h"
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

/* ---- The user's end --------------------------------------------------- */

struct endpoint {
	struct clyde_run *run;
	int in, out;    /* -1: nobody is connected */
	bool terminal;  /* `in` is the user's, raw, with a key to leave */
	bool ended;     /* the input is at its end */
	bool left;      /* the user has pressed that key */
	bool hung_up;   /* the other end reads no more: drop output */
	bool socket;    /* `out` is a socket */
	int listener;   /* of a socket, or -1 */
	int master;     /* of a pty, or -1 */
	int opened;     /* readable after its slave was opened; or -1 */
	char path[108]; /* to remove at the end; or empty.  As long as sun_path
			   of struct sockaddr_un */
	void *saved;    /* the terminal's settings */
};

int endpoint_open(struct endpoint *endpoint, struct clyde_run *run);
void endpoint_close(struct endpoint *endpoint);

/* Whether one connection can come after the other, as to a pty or a socket. */
bool endpoint_serves(const struct endpoint *endpoint);
/* Accept a connection, if one has come and there is none. */
int endpoint_look(struct endpoint *endpoint);
/* Close the connection; the next one may come. */
void endpoint_disconnect(struct endpoint *endpoint);

/* Read up to size bytes, without waiting.  Returns their number; 0 if there are
   none, or at the end of the input, which sets `ended`. */
ssize_t endpoint_read(struct endpoint *endpoint, void *data, size_t size);
/* Write up to size bytes, without waiting.  Returns their number.  If nobody is
   connected, it drops them all and returns size. */
ssize_t endpoint_write(
	struct endpoint *endpoint, const void *data, size_t size);

/*
 * Fill in what to wait for: input and output if they are wanted, and the next
 * connection if there is none.  Returns the number of descriptors.  If the
 * system has no inotify instance left, nothing tells that a pty's slave has
 * been opened: then endpoint_look() has to be called from time to time.
 */
#define ENDPOINT_FDS 4
size_t endpoint_poll(const struct endpoint *endpoint, bool input, bool output,
	struct pollfd fds[ENDPOINT_FDS]);

/* Whether the parameters have an address like "tcp:HOST:PORT" or "unix:PATH",
   if they need one. endpoint_listen() listens there.  Both are in listen.c. */
int endpoint_check(struct clyde_run *run);
int endpoint_listen(struct endpoint *endpoint, const char *where);

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
