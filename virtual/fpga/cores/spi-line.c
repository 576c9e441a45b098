/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * SCK and the IO lines of the SPI core's model.  virtual/fpga/cores/spi.c calls
 * it.  spi_edge() does what the modules spi_clock, spi_send and spi_receive of
 * gateware/cores/spi.v do at one clock edge; spi_clock_skip() must give the same
 * result as so many edges.
 */
#include "spi.h"

/* ---- Clock ------------------------------------------------------------ */

/* This half of an odd period has half a cycle more than the other one. */
static bool has_more(const struct spi *spi)
{
	return spi->period & 1 && !spi->clock.second;
}

static bool is_last_cycle(const struct spi *spi)
{
	return spi->clock.cycles == !has_more(spi);
}

bool spi_ready(const struct spi *spi)
{
	return !spi->clock.active ||
		(is_last_cycle(spi) &&
			(spi->clock.second || spi->period >> 1 == 0));
}

/* The next edge, or the middle of this cycle, is the one at which the chip
   samples. */
static bool in_middle(const struct spi *spi)
{
	return spi->clock.shown && !spi->clock.second && is_last_cycle(spi);
}

static void clock_edge(struct spi *spi, const struct spi_lines *lines)
{
	struct spi_clock *clock = &spi->clock;
	bool ready = spi_ready(spi);
	bool last = is_last_cycle(spi);

	if (clock->active && !last)
		clock->cycles = (clock->cycles - 1) & 0x3fff;
	else
		clock->cycles = spi->period >> 1;
	clock->second = clock->active && !ready && (clock->second || last);
	if (ready)
		clock->shown = lines->start && !lines->silent;
	clock->active = lines->start || !ready;
}

/* Edges before the one that ends this half, and before the cycle in the middle
   of which SCK turns. */
uint64_t spi_clock_left(const struct spi *spi)
{
	uint64_t left = (spi->clock.cycles - !has_more(spi)) & 0x3fff;
	bool turns = spi->clock.shown && has_more(spi);

	return turns && left ? left - 1 : left;
}

void spi_clock_skip(struct spi *spi, uint64_t edges)
{
	spi->clock.cycles = (spi->clock.cycles - edges) & 0x3fff;
}

/* ---- Lines ------------------------------------------------------------ */

uint8_t spi_rotated(uint8_t byte, uint8_t lanes)
{
	unsigned places = lanes == SPI_FOUR ? 4 : lanes == SPI_TWO ? 2 : 1;

	return byte << places | byte >> (8 - places);
}

static void send_edge(struct spi_send *send, const struct spi_lines *lines)
{
	if (lines->start)
		send->left = send->left ? send->left - 1 : lines->unit;
	if (lines->load)
		send->shift = lines->data;
	else if (lines->rotate)
		send->shift = spi_rotated(send->shift, lines->lanes);
	if (lines->start && !lines->silent) {
		send->lanes = lines->lanes;
		send->out = lines->sends;
		send->in = lines->receives;
	}
}

static bool shift_bit(const struct spi *spi, unsigned bit)
{
	return spi->send.shift >> bit & 1;
}

static unsigned io_levels(const struct spi *spi)
{
	const struct spi_send *send = &spi->send;
	bool four = send->lanes == SPI_FOUR, two = send->lanes == SPI_TWO;
	bool io0 = !send->out || shift_bit(spi, four ? 4 : two ? 6 : 7);
	bool io1 = shift_bit(spi, two ? 7 : 5);
	bool io2 = four ? shift_bit(spi, 6) : spi->pins & SPI_IO2_HIGH;
	bool io3 = four ? shift_bit(spi, 7) : spi->pins & SPI_IO3_HIGH;

	return io0 | io1 << 1 | io2 << 2 | io3 << 3;
}

static unsigned io_enables(const struct spi *spi)
{
	const struct spi_send *send = &spi->send;
	bool four = send->lanes == SPI_FOUR, two = send->lanes == SPI_TWO;
	bool io0 = send->out || (send->in && send->lanes == SPI_ONE);
	bool io1 = send->out && (two || four);
	bool io2 = four ? send->out : spi->pins & SPI_IO2_DRIVEN;
	bool io3 = four ? send->out : spi->pins & SPI_IO3_DRIVEN;

	return io0 | io1 << 1 | io2 << 2 | io3 << 3;
}

void spi_drive(struct spi *spi)
{
	const struct spi_clock *clock = &spi->clock;
	bool sck = !!(spi->mode & SPI_CPOL) !=
		(clock->shown && clock->second != !!(spi->mode & SPI_CPHA));
	unsigned select = spi->selected ? 1 << spi->chip : 0;

	spi->core.outputs = sck << SPI_OUTPUT_SCK |
		io_levels(spi) << SPI_OUTPUT_IO0 |
		(~select & 0xf) << SPI_OUTPUT_CS0 |
		(spi->pins & 3) << SPI_OUTPUT_SIDE0;
	spi->core.enables = 0x7e1 | io_enables(spi) << SPI_OUTPUT_IO0;
	spi->core.turns = in_middle(spi) && has_more(spi);
	spi->core.late =
		(spi->period ^ spi->mode >> SPI_SAMPLE_DELAY_SHIFT) & 1;
}

/* ---- Samples ---------------------------------------------------------- */

bool spi_draining(const struct spi *spi)
{
	return spi->receive.way || spi->receive.came;
}

static uint8_t with_sample(uint8_t byte, uint8_t lanes, uint32_t inputs)
{
	switch (lanes) {
	case SPI_FOUR:
		return byte << 4 | (inputs & 0xf);
	case SPI_TWO:
		return byte << 2 | (inputs & 3);
	case SPI_THREE_WIRE:
		return byte << 1 | (inputs >> SPI_INPUT_IO0 & 1);
	default:
		return byte << 1 | (inputs >> SPI_INPUT_IO1 & 1);
	}
}

static void receive_edge(struct spi *spi, const struct spi_lines *lines)
{
	struct spi_receive *receive = &spi->receive;
	unsigned delay = spi->mode >> SPI_SAMPLE_DELAY_SHIFT;
	bool early = spi->period & 1 && !(delay & 1);
	bool edge = in_middle(spi) && spi->send.in;
	bool take = receive->way >> (5 + delay / 2) & 1;
	bool last = receive->clocks == lines->unit;
	bool second = early ? edge : receive->way & 1;

	receive->way =
		((receive->way << 1 & 0x1fc) | second << 1 | edge) & 0x1ff;
	if (take) {
		receive->byte = with_sample(
			receive->byte, lines->lanes, spi->core.inputs);
		receive->clocks = last ? 0 : receive->clocks + 1;
	}
	receive->came = take && last && lines->push;
}

void spi_edge(struct spi *spi, const struct spi_lines *lines)
{
	receive_edge(spi, lines);
	clock_edge(spi, lines);
	send_edge(&spi->send, lines);
}
