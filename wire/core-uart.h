/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Registers of the UART core: one output, TX, one input, RX.
 *
 * A byte with a framing or parity error is delivered, and counted.  A byte for
 * which there is no room is lost and counted; OVERRUN has the offset of the
 * first.  A break is a byte 0 with a framing error, and nothing more until RX
 * is 1 again.
 *
 * CONTROL and BIT_TIME survive a pipe reset; the counters and PULSE do not.  A
 * byte that is being sent when UART_TRANSMIT is cleared is sent to its end.
 * Without UART_RECEIVE nothing is received; PULSE is still measured.
 */
#ifndef WIRE_CORE_UART_H
#define WIRE_CORE_UART_H

#include "cores.h"

enum reg_uart {
	REG_UART_CONTROL = CORE_BASE_UART, /* rw  enum uart_control */
	REG_UART_CLEAR,  /* w   bit 0: the counters from FRAMING to OVERRUN;
			       bit 1: PULSE */
	REG_UART_STATUS, /* r   bit 0: level of RX; bit 1: TX has something to
				send; bit 2: something was lost */
	REG_UART_BIT_TIME = CORE_BASE_UART + 4,  /* rw  u32: 1/256 cycles of 48
						   MHz, UART_BIT_TIME_MIN up */
	REG_UART_FRAMING = CORE_BASE_UART + 8,   /* r   u16: errors; stays at
						   the highest value */
	REG_UART_PARITY = CORE_BASE_UART + 10,   /* r   u16 */
	REG_UART_RECEIVED = CORE_BASE_UART + 12, /* r   u32: bytes that came,
						    lost ones included */
	REG_UART_LOST = CORE_BASE_UART + 16,     /* r   u32: bytes lost; stays
						    at the highest value */
	REG_UART_OVERRUN = CORE_BASE_UART + 20,  /* r   u32: RECEIVED before the
						   first lost byte */
	REG_UART_PULSE = CORE_BASE_UART + 24,    /* r   u32: the shortest time
						 between two edges of RX,
						 in cycles; all ones until
						 there were two edges
						 within 2^24 cycles */
};

enum uart_control {
	UART_DATA_BITS = 3 << 0, /* 5 + */
	UART_TWO_STOP = 1 << 2,
	UART_PARITY = 7 << 3, /* enum uart_parity */
	UART_RECEIVE = 1 << 6,
	UART_TRANSMIT = 1 << 7,
};

enum uart_parity {
	UART_PARITY_NONE,
	UART_PARITY_ZERO,
	UART_PARITY_ONE,
	UART_PARITY_ODD,
	UART_PARITY_EVEN,
};

#define UART_BIT_TIME_MIN (4 * 256)       /* 12 Mbaud */
#define UART_BIT_TIME_MAX ((1 << 28) - 1) /* 45.8 baud */

#endif
