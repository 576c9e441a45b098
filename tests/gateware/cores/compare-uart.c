/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The stimulus of the UART core: registers written at random, and an RX that is
 * a sender with its own baud rate and format, or noise, or a break, or the
 * core's own TX.
 */
#include "compare.h"

#include "virtual/fpga/core.h"
#include "wire/core-uart.h"

#define MUX_CYCLES 6 /* From a core to a pin and back to a core. */

static enum { SENDER, NOISE, BREAKS, LOOP, LINES } line;
static uint32_t bit_time; /* As in the register. */
static uint32_t sender_bit;
static uint64_t at, next; /* In 1/256 cycles. */
static uint32_t bits;     /* Bits that are left to send, the lowest first. */
static unsigned bits_left;
static unsigned hold; /* Cycles of noise. */
static uint16_t delay[MUX_CYCLES];
static unsigned place;

static struct {
	uint8_t addr, value;
} writes[5];
static unsigned writes_left;

static void configure(void)
{
	/* Too fast for the core. */
	static const uint32_t ranges[][2] = {{0, 1024}, {1024, 1024},
		{1024, 2048}, {1024, 8192}, {4096, 65536}};
	unsigned i = percent(5) ? 0 : 1 + pick(4);
	unsigned control = pick(256);

	bit_time = ranges[i][0] + pick(ranges[i][1] - ranges[i][0] + 1);
	if (percent(80))
		control |= UART_RECEIVE | UART_TRANSMIT;
	if (percent(80)) /* A valid parity. */
		control = (control & ~UART_PARITY) | pick(5) << 3;
	for (i = 0; i < 4; i++) {
		writes[i].addr = REG_UART_BIT_TIME - CORE_BASE_UART + i;
		writes[i].value = bit_time >> 8 * i;
	}
	writes[4].addr = REG_UART_CONTROL - CORE_BASE_UART;
	writes[4].value = control;
	writes_left = 5;
	/* At most 6 % off, and sometimes far off. */
	sender_bit = percent(80) ? bit_time * (940 + pick(121)) / 1000
				 : 256 + pick(8192);
	line = pick(LINES);
}

void stimulus_begin(struct stimulus *stimulus)
{
	static const unsigned chances[] = {0, 1, 10, 50, 100};

	*stimulus = (struct stimulus){
		.ops = &core_uart_ops,
		.offers = chances[pick(5)],
		.takes = chances[pick(5)],
		.resets = percent(50) ? 5000 : 0,
		.status_mask = 2 << 16,
	};
	at = next = 0;
	bits_left = hold = place = 0;
	for (unsigned i = 0; i < MUX_CYCLES; i++)
		delay[i] = 1;
	configure();
}

static uint16_t sender(uint16_t level)
{
	at += 256;
	while (at >= next) {
		if (bits_left == 0) {
			bits = ~1u & (pick(1 << 12) << 1 | 1 << (6 + pick(7)));
			if (percent(3))
				bits = 0;
			bits |= ~0u << (7 + pick(6));
			bits_left = 7 + pick(percent(80) ? 6 : 25);
		}
		level = bits & 1;
		bits >>= 1;
		bits_left--;
		next += sender_bit;
	}
	return level;
}

static uint16_t noise(uint16_t was)
{
	if (hold > 0) {
		hold--;
		return was;
	}
	hold = pick(percent(50) ? 4 : 40);
	if (line == BREAKS)
		hold *= 1 + 40 * (bit_time >> 8) / 20;
	return !was;
}

void stimulus_step(struct stimulus *stimulus, uint16_t outputs)
{
	place = (place + 1) % MUX_CYCLES;
	if (line == LOOP)
		stimulus->pins = delay[place];
	else if (line == SENDER)
		stimulus->pins = sender(stimulus->pins);
	else
		stimulus->pins = noise(stimulus->pins);
	delay[place] = outputs & 1;

	if (writes_left > 0) {
		writes_left--;
		stimulus->write = true;
		stimulus->addr = writes[4 - writes_left].addr;
		stimulus->value = writes[4 - writes_left].value;
	} else if (pick(6000) == 0) {
		configure();
	} else if (pick(2000) == 0) {
		stimulus->write = true;
		stimulus->addr = pick(32);
		stimulus->value = pick(256);
	}
}
