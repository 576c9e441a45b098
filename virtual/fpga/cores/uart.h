/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the two files of the UART core's model share: virtual/fpga/cores/uart.c
   has registers and FIFOs, virtual/fpga/cores/uart-line.c bits. */
#ifndef VIRTUAL_CORE_UART_H
#define VIRTUAL_CORE_UART_H

#include <stdbool.h>

#include "virtual/fpga/core.h"
#include "wire/core-uart.h"

struct timer {
	uint32_t cycles;
	uint16_t fraction;
	bool extra; /* the fractions have added up to a cycle */
};

struct transmit {
	enum { TX_IDLE, TX_START, TX_DATA, TX_PARITY, TX_STOP } state;
	struct timer timer;
	uint8_t shift;
	uint8_t left;
	bool parity;
	bool low;
};

struct receive {
	enum { RX_WAIT, RX_IDLE, RX_START, RX_DATA, RX_PARITY, RX_STOP } state;
	struct timer timer; /* of half bits */
	uint8_t shift;
	uint8_t left;
	bool parity;
	bool wrong;
	bool middle;
};

struct uart {
	struct core core;
	uint64_t cycle;
	uint8_t control;
	uint32_t bit_time;
	struct transmit tx;
	struct receive rx;
	bool line, was;  /* RX now, and at the last edge */
	uint8_t pending; /* received, for the IN FIFO */
	bool full;       /* `pending` holds a byte */
	bool stalled;    /* the IN FIFO had no room at the last edge */
	bool waiting;    /* the OUT FIFO had a byte at the last edge */
	uint16_t framing, parity;
	uint32_t received, lost, overrun;
	bool some_lost;
	uint32_t pulse, width;
	bool unknown;
};

/* One clock edge of the transmitter, and of the receiver: true if a byte is
   complete. */
void uart_transmit(struct uart *uart, struct core_fifo *out);
bool uart_receive(struct uart *uart);

/* The number of edges that follow at which only timers count; and let this many
   pass. */
uint64_t uart_quiet(const struct uart *uart);
void uart_skip(struct uart *uart, uint64_t edges);

/* The state of both after a pipe reset. */
void uart_stop(struct uart *uart);

#endif
