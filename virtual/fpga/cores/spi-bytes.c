/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Two shortcuts of the SPI core's model.  A byte of SPI_TRANSFER goes to the part
 * on the pins at once, and comes back at the cycle at which edges would have
 * brought it.  And rounds of SPI_POLL pass as time only, as long as the part says
 * that its answer stays the same.  virtual/fpga/cores/spi.c calls them.  Streams
 * and registers must be as with edges, to the cycle; only the pins are at rest
 * meanwhile.
 */
#include "spi.h"

/* Cycles before the part's answer changes in which no round may end: more than
   the way from the core to a pin and back. */
#define REST_MARGIN 32
/* Cycles of a rest, 250 us, after which the part is asked again: the part does
   not announce that its supply ends. */
#define REST_MAX 12000

/* As receive_edge() does it: from the last sample's edge of SCK to the byte, and
   until nothing is under way any more. */
static void expect(struct spi *spi, uint8_t byte)
{
	struct spi_bytes *bytes = &spi->bytes;
	unsigned delay = spi->mode >> SPI_SAMPLE_DELAY_SHIFT;
	unsigned early = spi->period & 1 && !(delay & 1);
	uint64_t edge = bytes->end - spi->period / 2 - early;
	unsigned at = bytes->first + bytes->count++;

	bytes->came[at % SPI_BYTES_MAX].cycle = edge + 7 + delay / 2;
	bytes->came[at % SPI_BYTES_MAX].byte = byte;
	bytes->drained = edge + (delay / 2 == 3 ? 11 : 10);
}

static bool is_possible(const struct spi *spi, const struct spi_lines *lines)
{
	if (!spi->core.spi_bytes || spi->clock.active ||
		lines->lanes == SPI_THREE_WIRE ||
		(spi->opcode & 0x70) != SPI_TRANSFER ||
		(lines->lanes != SPI_ONE && lines->sends && lines->receives) ||
		spi->bytes.count == SPI_BYTES_MAX)
		return false;
	return spi->bytes.busy || !spi_draining(spi);
}

bool spi_bytes_unit(struct spi *spi, const struct spi_lines *lines)
{
	struct spi_send *send = &spi->send;
	const struct spi_send before = *send;
	bool one = lines->lanes == SPI_ONE, first = !spi->bytes.busy;
	uint8_t out = lines->sends ? lines->data : 0xff, in = 0;
	unsigned clocks = lines->unit + 1u;
	struct part_spi bytes = {
		.mode = spi->mode & (SPI_CPHA | SPI_CPOL),
		.lanes = 1 << lines->lanes,
		.begin = spi->edge * TICKS_PER_CYCLE,
		.period = spi->period * TICKS_PER_CYCLE,
		.sample =
			(spi->period + (spi->mode >> SPI_SAMPLE_DELAY_SHIFT)) *
			(TICKS_PER_CYCLE / 2),
		.bytes = 1,
		.out = lines->sends || (one && lines->receives) ? &out : NULL,
		.in = one || !lines->sends ? &in : NULL,
	};

	if (!is_possible(spi, lines))
		return false;
	send->lanes = lines->lanes;
	send->out = lines->sends;
	send->in = lines->receives;
	if (first)
		spi_drive(spi);
	if (spi->core.spi_bytes(&spi->core, &bytes, first) == 0) {
		*send = before;
		spi->bytes.busy = false;
		return false;
	}
	if (lines->sends)
		send->shift = out;
	for (unsigned i = 1; i < clocks; i++)
		send->shift = spi_rotated(send->shift, lines->lanes);
	spi->bytes.busy = true;
	spi->bytes.end = spi->edge + (uint64_t)clocks * spi->period;
	spi->bytes.drained = 0;
	if (lines->receives)
		expect(spi, in);
	return true;
}

bool spi_bytes_came(struct spi *spi)
{
	struct spi_bytes *bytes = &spi->bytes;

	if (bytes->count == 0 || bytes->came[bytes->first].cycle > spi->edge)
		return false;
	spi->receive.byte = bytes->came[bytes->first].byte;
	bytes->first = (bytes->first + 1) % SPI_BYTES_MAX;
	bytes->count--;
	return true;
}

uint64_t spi_bytes_next(const struct spi *spi, bool stalled, bool more)
{
	const struct spi_bytes *bytes = &spi->bytes;
	uint64_t next = CORE_NEVER, end = bytes->end;

	if (bytes->count)
		next = bytes->came[bytes->first].cycle;
	if (!bytes->busy || (stalled && spi->cycle >= end))
		return next;
	if (!more && bytes->drained)
		end = bytes->drained > end + 1 ? bytes->drained : end + 1;
	if (more && end <= spi->cycle)
		end = spi->cycle + 1;
	if (end > spi->cycle && end < next)
		next = end;
	return next;
}

/* All rounds of a command but the first take the same time, since the core is
   in the same state after each of them but for the time that is left.  The last
   round before the limit is made of edges. */
void spi_rest(struct spi *spi)
{
	struct spi_rest *rest = &spi->rest;
	uint64_t left = 48ull * spi->count - spi->cycles, same;

	rest->until = 0;
	if (rest->last && rest->round == 0)
		rest->round = spi->edge - rest->last;
	rest->last = spi->edge;
	if (rest->round == 0 || left < 48 || !spi->core.spi_same)
		return;
	same = spi->core.spi_same(&spi->core, spi->receive.byte, spi->edge);
	if (same < spi->edge + REST_MARGIN)
		return;
	same = least(same - spi->edge - REST_MARGIN, REST_MAX);
	same = least(same, left - 48) / rest->round;
	if (same > 0)
		rest->until = spi->edge + same * rest->round;
}
