/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The UART core's two halves: virtual/fpga/cores/uart-line.c sends and receives bits. */
#ifndef VIRTUAL_CORE_UART_H
#define VIRTUAL_CORE_UART_H

#include <stdbool.h>

#include "virtual/fpga/core.h"
#include "wire/core-uart.h"

struct timer {
	uint32_t cycles;
	uint16_t fraction;
	bool extra; /* the fractions have summed up to a cycle */
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
	bool line, was; /* RX now, and at the last edge */
	uint8_t held;
	bool full;
	bool stalled; /* the IN FIFO had no room at the last edge */
	bool waiting; /* the OUT FIFO had a byte at the last edge */
	uint16_t framing, parity;
	uint32_t received, lost, overrun;
	bool some_lost;
	uint32_t pulse, width;
	bool unknown;
};

/* What each does at an edge.  uart_receive() is true if a byte has come. */
void uart_transmit(struct uart *uart, struct ring *out);
bool uart_receive(struct uart *uart);

/* Edges at which neither does anything, and to let them pass. */
uint64_t uart_quiet(const struct uart *uart);
void uart_skip(struct uart *uart, uint64_t edges);

/* Back to where a pipe reset leaves them. */
void uart_stop(struct uart *uart);

#endif
