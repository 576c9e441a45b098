/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The model of the UART core: bytes from the OUT FIFO to TX and from RX to the
 * IN FIFO, counters, and the registers of wire/core-uart.h.  Each function does
 * what gateware/cores/uart.v does at a clock edge; tests/gateware compares them.
 */
#include "uart.h"

#define PULSE_NONE 0xffffff /* 24 bits; the counter stops there */

#define UART(pointer) ((struct uart *)(pointer))

static void deliver(struct uart *uart, bool taken)
{
	bool lose = uart->full && !taken;

	if (lose && !uart->some_lost)
		uart->overrun = uart->received;
	uart->received++;
	uart->framing += !uart->line && uart->framing < UINT16_MAX;
	uart->parity += uart->rx.wrong && uart->parity < UINT16_MAX;
	uart->lost += lose && uart->lost < UINT32_MAX;
	uart->some_lost |= lose;
	if (!lose)
		uart->pending = uart->rx.shift;
}

static void pass(struct uart *uart, uint64_t edges)
{
	uart->width += edges < PULSE_NONE - uart->width
		? edges
		: PULSE_NONE - uart->width;
}

static void measure(struct uart *uart)
{
	if (uart->line == uart->was) {
		pass(uart, 1);
		return;
	}
	if (uart->width < uart->pulse) {
		uart->pulse = uart->width;
		uart->unknown = false;
	}
	uart->width = 1;
	uart->was = uart->line;
}

static void skip_to(struct uart *uart, uint64_t cycle)
{
	uart_skip(uart, cycle - uart->cycle);
	pass(uart, cycle - uart->cycle);
	uart->cycle = cycle;
}

static uint64_t quiet(const struct uart *uart)
{
	bool busy = uart->line != uart->was || (uart->full && !uart->stalled);

	return busy ? 0 : uart_quiet(uart);
}

static uint64_t uart_run(struct core *core, uint64_t from, uint64_t until,
	struct core_fifo *out, struct core_fifo *in)
{
	struct uart *uart = UART(core);
	bool room = core_fifo_room(in);
	bool offered = uart->full;
	uint64_t edges;

	(void)from;
	if (until == uart->cycle)
		return 0;
	skip_to(uart, until - 1);
	if (offered && room)
		core_fifo_put(in, &uart->pending, 1);
	uart_transmit(uart, out);
	if (uart_receive(uart)) {
		deliver(uart, room);
		uart->full = true;
	} else if (room) {
		uart->full = false;
	}
	measure(uart);
	uart->stalled = offered && !room;
	uart->waiting = out->level;
	uart->cycle = until;
	core->outputs = !uart->tx.low;
	edges = quiet(uart);
	core->next = edges == CORE_NEVER ? CORE_NEVER : until + edges + 1;
	return offered ? until : 0;
}

static void uart_inputs(struct core *core, uint64_t cycle)
{
	struct uart *uart = UART(core);

	skip_to(uart, cycle);
	uart->line = core->inputs & 1;
	core->next = cycle + 1;
}

static void clear_counters(struct uart *uart)
{
	uart->framing = 0;
	uart->parity = 0;
	uart->received = 0;
	uart->lost = 0;
	uart->overrun = 0;
	uart->some_lost = false;
}

static void clear_pulse(struct uart *uart)
{
	uart->pulse = PULSE_NONE;
	uart->width = PULSE_NONE;
	uart->unknown = true;
}

static void uart_reset(struct core *core, uint64_t cycle)
{
	struct uart *uart = UART(core);

	uart->cycle = cycle;
	uart_stop(uart);
	uart->line = uart->was = core->inputs & 1;
	uart->full = uart->stalled = uart->waiting = false;
	clear_counters(uart);
	clear_pulse(uart);
	core->outputs = core->enables = 1;
	core->next = cycle + 1;
}

static uint32_t uart_read(
	const struct core *core, uint64_t cycle, unsigned offset)
{
	const struct uart *uart = UART(core);
	bool sending = uart->tx.state != TX_IDLE || uart->waiting;
	uint8_t status =
		(core->inputs & 1) | sending << 1 | uart->some_lost << 2;

	(void)cycle;
	switch (offset + CORE_BASE_UART) {
	case REG_UART_CONTROL:
		return uart->control | status << 16;
	case REG_UART_BIT_TIME:
		return uart->bit_time;
	case REG_UART_FRAMING:
		return uart->framing | (uint32_t)uart->parity << 16;
	case REG_UART_RECEIVED:
		return uart->received;
	case REG_UART_LOST:
		return uart->lost;
	case REG_UART_OVERRUN:
		return uart->overrun;
	case REG_UART_PULSE:
		return uart->unknown ? UINT32_MAX : uart->pulse;
	}
	return 0;
}

static void uart_write(
	struct core *core, uint64_t cycle, unsigned offset, uint8_t value)
{
	struct uart *uart = UART(core);
	unsigned shift;

	skip_to(uart, cycle);
	core->next = cycle + 1;
	switch (offset + CORE_BASE_UART) {
	case REG_UART_CONTROL:
		uart->control = value;
		break;
	case REG_UART_CLEAR:
		if (value & 1)
			clear_counters(uart);
		if (value & 2)
			clear_pulse(uart);
		break;
	case REG_UART_BIT_TIME ... REG_UART_BIT_TIME + 3:
		shift = 8 * (offset % 4);
		uart->bit_time &= ~(0xffu << shift);
		uart->bit_time |= (uint32_t)value << shift;
		uart->bit_time &= UART_BIT_TIME_MAX;
		break;
	}
}

const struct core_ops core_uart_ops = {
	.size = sizeof(struct uart),
	.reset = uart_reset,
	.read = uart_read,
	.write = uart_write,
	.run = uart_run,
	.inputs = uart_inputs,
};
