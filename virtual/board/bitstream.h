/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The iCE40's configuration port: parses a bitstream, with its CRC, and decides
 * as the FPGA does whether it configures; says which bitstream it is.  The
 * models of the FPGA, the part ice40 and lib/link/virtual use it.
 *
 * Source: Project IceStorm, "Bitstream File Format Documentation", and
 * Lattice FPGA-TN-02001.
 */
#ifndef VIRTUAL_BITSTREAM_H
#define VIRTUAL_BITSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bitstream_state {
	BITSTREAM_PREAMBLE, /* looking for 7E AA 99 7E */
	BITSTREAM_COMMAND,
	BITSTREAM_PAYLOAD,
	BITSTREAM_DATA,
	BITSTREAM_DONE,
	BITSTREAM_FAILED,
};

struct bitstream {
	enum bitstream_state state;
	uint32_t window; /* last four bytes, while looking for the preamble */
	uint8_t command; /* opcode << 4 | bytes of payload */
	uint8_t payload_left;
	uint32_t payload;
	uint32_t data_left; /* memory bytes and the two zeros after them */
	uint32_t width, height, offset, bank;
	uint16_t crc;
	bool checked;    /* a CRC check has passed since the last write */
	const char *why; /* in FAILED: what is wrong with the bitstream */
	/* A hash of what was written into the memories, and where.  Comments and
	   bytes behind the end do not count. */
	uint64_t digest;
	/* A bit for each block RAM that has, so far, the registers of Clyde's
	   image. */
	uint32_t registers;
};

void bitstream_reset(struct bitstream *bitstream);
void bitstream_feed(
	struct bitstream *bitstream, const uint8_t *data, size_t size);
bool bitstream_done(const struct bitstream *bitstream);

/* Why a bitstream that has ended does not configure the FPGA, as the end of
   "the bitstream ..."; NULL: it does. */
const char *bitstream_why(const struct bitstream *bitstream);

/* Whether a bitstream that is done is Clyde's image, of any build with the map
   of registers that wire/regs.h has. */
bool bitstream_is_image(const struct bitstream *bitstream);

#endif
