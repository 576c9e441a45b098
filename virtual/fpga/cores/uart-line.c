/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The transmitter and the receiver of the UART core's model.
 * virtual/fpga/cores/uart.c calls them.  uart_transmit() and uart_receive() do
 * what the modules of gateware/cores/uart.v do at one clock edge.  uart_quiet()
 * is the number of edges that follow at which only timers count, and
 * uart_skip() lets such edges pass in one step; the result must be the same.
 */
#include "uart.h"

/* Edges before the one at which the timer expires. */
static uint32_t timer_left(const struct timer *timer)
{
	return timer->extra + (timer->cycles ? timer->cycles - 1 : 0);
}

static void timer_skip(struct timer *timer, uint32_t edges)
{
	if (edges && timer->extra) {
		timer->extra = false;
		edges--;
	}
	timer->cycles -= edges;
}

/* `time` is in units of 1/one cycle. */
static void timer_start(struct timer *timer, uint32_t time, unsigned one)
{
	timer->cycles = time / one;
	timer->fraction += time % one;
	timer->extra = timer->fraction >= one;
	timer->fraction %= one;
}

static void timer_clear(struct timer *timer)
{
	timer->extra = false;
	timer->fraction = 0;
}

static bool has_parity(const struct uart *uart)
{
	return uart->control & UART_PARITY;
}

static bool first_parity(const struct uart *uart)
{
	return uart->control >> 4 & 1;
}

static bool counts_ones(const struct uart *uart)
{
	return (uart->control & UART_PARITY) >> 3 >= UART_PARITY_ODD;
}

static uint8_t last_bit(const struct uart *uart)
{
	return 4 + (uart->control & UART_DATA_BITS);
}

static void send_data(struct uart *uart)
{
	struct transmit *tx = &uart->tx;

	if (tx->state == TX_DATA && tx->left == 0) {
		tx->state = has_parity(uart) ? TX_PARITY : TX_STOP;
		tx->low = has_parity(uart) && !tx->parity;
		tx->left = !!(uart->control & UART_TWO_STOP);
		return;
	}
	tx->left = tx->state == TX_START ? last_bit(uart) : tx->left - 1;
	tx->state = TX_DATA;
	tx->low = !(tx->shift & 1);
	tx->parity ^= tx->shift & 1 && counts_ones(uart);
	tx->shift >>= 1;
}

static void send_next(struct uart *uart)
{
	struct transmit *tx = &uart->tx;

	switch (tx->state) {
	case TX_IDLE:
		break;
	case TX_START:
	case TX_DATA:
		send_data(uart);
		break;
	case TX_PARITY:
		tx->state = TX_STOP;
		tx->low = false;
		break;
	case TX_STOP:
		if (tx->left-- == 0)
			tx->state = TX_IDLE;
		break;
	}
}

void uart_transmit(struct uart *uart, struct core_fifo *out)
{
	struct transmit *tx = &uart->tx;
	bool idle = tx->state == TX_IDLE;

	if (!idle && timer_left(&tx->timer)) {
		timer_skip(&tx->timer, 1);
		return;
	}
	if ((idle || (tx->state == TX_STOP && tx->left == 0)) &&
		uart->control & UART_TRANSMIT && out->level) {
		core_fifo_get(out, &tx->shift, 1);
		tx->state = TX_START;
		tx->low = true;
		tx->parity = first_parity(uart);
	} else if (idle) {
		return;
	} else {
		send_next(uart);
	}
	timer_start(&tx->timer, uart->bit_time, 256);
}

static void receive_data(struct uart *uart)
{
	struct receive *rx = &uart->rx;
	unsigned top = last_bit(uart);
	/* Shift right, with RX as the new bit `top`. */
	unsigned shifted = rx->shift >> 1 & ~(1u << top);

	rx->shift = shifted | (unsigned)uart->line << top;
	rx->parity ^= uart->line && counts_ones(uart);
	if (rx->left-- == 0)
		rx->state = has_parity(uart) ? RX_PARITY : RX_STOP;
}

/* Sample RX in the middle of a bit.  True if a byte is complete. */
static bool sample(struct uart *uart)
{
	struct receive *rx = &uart->rx;
	bool line = uart->line;

	switch (rx->state) {
	case RX_WAIT:
	case RX_IDLE:
		break;
	case RX_START:
		rx->state = line ? RX_IDLE : RX_DATA;
		rx->left = last_bit(uart);
		rx->parity = first_parity(uart);
		rx->wrong = false;
		if (line)
			timer_clear(&rx->timer);
		break;
	case RX_DATA:
		receive_data(uart);
		break;
	case RX_PARITY:
		rx->wrong = line ^ rx->parity;
		rx->state = RX_STOP;
		break;
	case RX_STOP:
		rx->state = line ? RX_IDLE : RX_WAIT;
		timer_clear(&rx->timer);
		return true;
	}
	return false;
}

bool uart_receive(struct uart *uart)
{
	struct receive *rx = &uart->rx;
	bool came = false;

	switch (rx->state) {
	case RX_WAIT:
		if (uart->line)
			rx->state = RX_IDLE;
		break;
	case RX_IDLE:
		if (uart->line)
			break;
		rx->state = RX_START;
		rx->middle = true;
		timer_start(&rx->timer, uart->bit_time, 512);
		break;
	default:
		if (timer_left(&rx->timer)) {
			timer_skip(&rx->timer, 1);
			break;
		}
		timer_start(&rx->timer, uart->bit_time, 512);
		if (rx->middle)
			came = sample(uart);
		rx->middle = !rx->middle;
	}
	if (!(uart->control & UART_RECEIVE)) {
		rx->state = RX_WAIT;
		timer_clear(&rx->timer);
		return false;
	}
	return came;
}

uint64_t uart_quiet(const struct uart *uart)
{
	uint64_t edges = CORE_NEVER;
	bool receives = uart->control & UART_RECEIVE;

	if (uart->tx.state != TX_IDLE)
		edges = timer_left(&uart->tx.timer);
	if (uart->rx.state == RX_WAIT)
		return receives && uart->line ? 0 : edges;
	if (!receives)
		return 0;
	if (uart->rx.state == RX_IDLE)
		return uart->line ? edges : 0;
	if (timer_left(&uart->rx.timer) < edges)
		edges = timer_left(&uart->rx.timer);
	return edges;
}

void uart_skip(struct uart *uart, uint64_t edges)
{
	if (uart->tx.state != TX_IDLE)
		timer_skip(&uart->tx.timer, edges);
	if (uart->rx.state > RX_IDLE)
		timer_skip(&uart->rx.timer, edges);
}

void uart_stop(struct uart *uart)
{
	uart->tx.state = TX_IDLE;
	uart->tx.low = false;
	timer_clear(&uart->tx.timer);
	uart->rx.state = RX_WAIT;
	timer_clear(&uart->rx.timer);
}
