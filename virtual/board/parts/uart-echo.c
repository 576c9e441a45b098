/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A UART that sends back each byte that it receives, with a clock of its own
 * whose error can be set.  It is supplied by the port of its TX pin, and has a
 * weak pull-up on RX.  A byte with a framing or parity error is dropped, and so
 * is a byte that comes while 64 KiB wait to be sent.
 */
#include "part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/number.h"

#define TICKS_PER_S 480000000.0
#define BAUD_MAX    12000000
#define ERROR_MAX   20 /* % */
#define BILLION     UINT64_C(1000000000)
#define QUEUE_SIZE  65536

/* Times of a bit's edges are kept in 1/65536 ticks. */
#define FRACTION 65536

enum parity { PARITY_NONE, PARITY_ODD, PARITY_EVEN, PARITY_MARK, PARITY_SPACE };

/* A character that is being received or sent, start bit to stop bit. */
struct character {
	bool busy;
	tick begin;        /* of the start bit */
	uint16_t fraction; /* of a tick, to be added to `begin` */
	unsigned bit;      /* the next bit */
	uint16_t bits;
};

struct uart_echo {
	struct part part; /* first */
	unsigned rx, tx;  /* pins */
	double baud, error;
	unsigned data_bits, stop_bits;
	enum parity parity;
	uint64_t bit_time; /* 1/65536 ticks */
	bool rx_level;
	struct character in, out;
	unsigned head, level;
	uint8_t queue[QUEUE_SIZE];
};

#define ECHO(pointer) ((struct uart_echo *)(pointer))

/* ---- Keys ------------------------------------------------------------- */

static bool parse_pin(const char *value, unsigned *ret_pin)
{
	int pin = part_pin(value);

	if (pin >= 0)
		*ret_pin = pin;
	return pin >= 0;
}

static bool parse_rx(struct part *part, const char *value)
{
	return parse_pin(value, &ECHO(part)->rx);
}

static bool parse_tx(struct part *part, const char *value)
{
	return parse_pin(value, &ECHO(part)->tx);
}

static bool parse_baud(struct part *part, const char *value)
{
	static const struct number_form form = {
		.minimum = 1, .maximum = BAUD_MAX};
	uint64_t baud;

	if (*value == '0' ||
		number_parse(value, &form, &baud, NULL) != NUMBER_OK)
		return false;
	ECHO(part)->baud = baud;
	return true;
}

static bool parse_error(struct part *part, const char *value)
{
	static const struct number_unit billionths[] = {{"%", BILLION}, {0}};
	static const struct number_form form = {
		.units = billionths,
		.fraction_digits = NUMBER_DIGITS_ANY,
		.maximum = ERROR_MAX * BILLION,
	};
	bool negative = *value == '-';
	uint64_t error;

	if (negative || *value == '+')
		value++;
	if (number_parse(value, &form, &error, NULL) != NUMBER_OK)
		return false;
	ECHO(part)->error = (double)error / BILLION / (negative ? -100 : 100);
	return true;
}

static bool parse_format(struct part *part, const char *value)
{
	static const char parities[] = "noems";
	struct uart_echo *echo = ECHO(part);
	const char *parity;

	if (strlen(value) != 3 || value[0] < '5' || value[0] > '8' ||
		value[2] < '1' || value[2] > '2')
		return false;
	parity = strchr(parities, value[1]);
	if (parity == NULL)
		return false;
	echo->data_bits = value[0] - '0';
	echo->parity = parity - parities;
	echo->stop_bits = value[2] - '0';
	return true;
}

static const struct part_key keys[] = {
	{"rx", true, parse_rx, "a pin, A0..A7 or B0..B7"},
	{"tx", true, parse_tx, "a pin, A0..A7 or B0..B7"},
	{"baud", false, parse_baud, "in 1..12000000"},
	{"error", false, parse_error, "in -20%..20%"},
	{"format", false, parse_format, "like 8n1, 7e1 or 8o2"},
	{0},
};

static bool start(struct part *part, char why[PART_WHY_SIZE])
{
	struct uart_echo *echo = ECHO(part);

	if (echo->rx == echo->tx) {
		snprintf(why, PART_WHY_SIZE,
			"uart-echo: rx and tx are the same pin");
		return false;
	}
	if (echo->baud == 0)
		echo->baud = 115200;
	if (echo->data_bits == 0)
		parse_format(part, "8n1");
	echo->bit_time = llround(
		TICKS_PER_S * FRACTION / echo->baud / (1 + echo->error));
	part->pull_up = 1 << echo->rx;
	return true;
}

/* ---- Characters ------------------------------------------------------- */

static unsigned parity_bits(const struct uart_echo *echo)
{
	return echo->parity != PARITY_NONE;
}

static bool parity_of(const struct uart_echo *echo, uint8_t byte)
{
	switch (echo->parity) {
	case PARITY_ODD:
		return !__builtin_parity(byte);
	case PARITY_EVEN:
		return __builtin_parity(byte);
	case PARITY_MARK:
		return true;
	default:
		return false;
	}
}

/* The time at which this many half bits of a character are over. */
static tick after(const struct uart_echo *echo, const struct character *at,
	unsigned halves)
{
	return at->begin +
		(at->fraction + halves * echo->bit_time / 2) / FRACTION;
}

/* Start bit, data from the lowest bit, parity; stop bits are ones. */
static uint16_t frame(const struct uart_echo *echo, uint8_t byte)
{
	uint16_t bits = byte << 1;

	bits |= parity_of(echo, byte) << (1 + echo->data_bits);
	return bits | ~0u << (1 + echo->data_bits + parity_bits(echo));
}

static unsigned frame_bits(const struct uart_echo *echo)
{
	return 1 + echo->data_bits + parity_bits(echo) + echo->stop_bits;
}

/* ---- Sending ---------------------------------------------------------- */

static void show(struct uart_echo *echo)
{
	uint16_t pin = 1 << echo->tx;
	bool level = !echo->out.busy || echo->out.bits & 1;
	bool powered = echo->part.powered & pin;

	echo->part.high = powered && level ? pin : 0;
	echo->part.low = powered && !level ? pin : 0;
}

static void begin_character(struct uart_echo *echo, tick now, uint16_t fraction)
{
	echo->out = (struct character){
		.busy = true,
		.begin = now,
		.fraction = fraction,
		.bits = frame(echo, echo->queue[echo->head]),
	};
	echo->head = (echo->head + 1) % QUEUE_SIZE;
	echo->level--;
}

/* Send the next bit of a character, or start the next character without a
   gap. */
static void next_bit(struct uart_echo *echo)
{
	struct character *out = &echo->out;
	uint64_t whole = out->fraction + frame_bits(echo) * echo->bit_time;

	out->bits >>= 1;
	out->bit++;
	if (out->bit < frame_bits(echo))
		return;
	out->busy = false;
	if (echo->level > 0)
		begin_character(
			echo, out->begin + whole / FRACTION, whole % FRACTION);
}

static tick send_due(const struct uart_echo *echo)
{
	return echo->out.busy ? after(echo, &echo->out, 2 * (echo->out.bit + 1))
			      : TICK_NEVER;
}

/* ---- Receiving -------------------------------------------------------- */

static void received(struct uart_echo *echo)
{
	uint16_t bits = echo->in.bits;
	uint8_t byte = bits >> 1 & ((1 << echo->data_bits) - 1);
	unsigned stop = 1 + echo->data_bits + parity_bits(echo);
	uint16_t mask = (2u << stop) - 1;

	if (bits != (frame(echo, byte) & mask) || echo->level == QUEUE_SIZE)
		return;
	echo->queue[(echo->head + echo->level++) % QUEUE_SIZE] = byte;
}

/* Sample a bit in its middle; of the stop bits only the first. */
static void sample(struct uart_echo *echo)
{
	struct character *in = &echo->in;

	in->bits |= echo->rx_level << in->bit;
	in->bit++;
	if (in->bit == 1 && in->bits)
		in->busy = false; /* no start bit but a glitch */
	if (in->bit < frame_bits(echo) - echo->stop_bits + 1)
		return;
	in->busy = false;
	received(echo);
}

static tick receive_due(const struct uart_echo *echo)
{
	return echo->in.busy ? after(echo, &echo->in, 2 * echo->in.bit + 1)
			     : TICK_NEVER;
}

/* ---- The part --------------------------------------------------------- */

static void plan(struct uart_echo *echo)
{
	tick send = send_due(echo), receive = receive_due(echo);

	echo->part.next = send < receive ? send : receive;
}

static void act(struct part *part, tick now)
{
	struct uart_echo *echo = ECHO(part);

	if (receive_due(echo) == now)
		sample(echo);
	if (send_due(echo) == now)
		next_bit(echo);
	if (!echo->out.busy && echo->level > 0)
		begin_character(echo, now, 0);
	show(echo);
	plan(echo);
}

static void changed(struct part *part, tick now)
{
	struct uart_echo *echo = ECHO(part);
	bool level = part->levels >> echo->rx & 1;
	bool fell = echo->rx_level && !level;

	echo->rx_level = level;
	if (!(part->powered >> echo->tx & 1)) {
		echo->in.busy = echo->out.busy = false;
		echo->level = 0;
	} else if (fell && !echo->in.busy) {
		echo->in = (struct character){.busy = true, .begin = now};
	}
	plan(echo);
	/* The supply came or went: act() adapts what the part drives. */
	if (!(part->powered >> echo->tx & 1) != !(part->high | part->low))
		part->next = now + 1;
}

const struct part_kind part_uart_echo = {
	.name = "uart-echo",
	.size = sizeof(struct uart_echo),
	.keys = keys,
	.start = start,
	.changed = changed,
	.act = act,
};
