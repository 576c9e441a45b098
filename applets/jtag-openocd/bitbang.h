/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The parser of remote_bitbang, OpenOCD's protocol of one character for each
 * change of the pins (OpenOCD 0.12: doc/manual/jtag/drivers/remote_bitbang.txt;
 * later versions add Z and z).  It is given the characters of a client in pieces
 * of any size, and gathers them: clocks of TCK with their TMS and TDI, and which
 * of them the client wants TDO of.
 *
 * session.c calls it.  Nothing here may read, write or wait: a client's
 * characters have no effect but the batches that are gathered.
 *
 * A clock is a rising edge of TCK, where the target samples TMS and TDI.  What
 * the pins are without an edge does not matter to a target.  Its TDO changes
 * after the falling edge: so a sample while TCK is low is TDO of the next clock,
 * a sample while TCK is high that of the last one.
 */
#ifndef JTAG_OPENOCD_BITBANG_H
#define JTAG_OPENOCD_BITBANG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITBANG_CLOCKS_MAX   8192
#define BITBANG_SAMPLES_MAX  4096
#define BITBANG_DELAY_MAX_US 1000000

/* OpenOCD sends at the latest when it has so many characters. */
#define BITBANG_SEND_SIZE 512

/* What is carried out at once, in this order: clocks, samples, resets, the
   delay. */
struct bitbang_batch {
	uint32_t clocks;
	uint8_t tms[BITBANG_CLOCKS_MAX / 8], tdi[BITBANG_CLOCKS_MAX / 8];
	uint32_t samples_count;
	/* Each is of a clock of the batch; `clocks`: of now, after all of them;
	   BITBANG_BEFORE: of the last clock before the batch. */
	uint16_t samples[BITBANG_SAMPLES_MAX];
	bool resets;     /* set both: */
	bool trst, srst; /* active */
	uint32_t delay_us;
	/* TCK is high behind the last clock: TDO of it may be asked for yet. */
	bool high;
};

#define BITBANG_BEFORE UINT16_MAX
_Static_assert(BITBANG_CLOCKS_MAX < BITBANG_BEFORE, "BITBANG_BEFORE");

enum bitbang_result {
	BITBANG_MORE, /* the characters are used up; the batch can take more */
	BITBANG_FULL, /* carry out the batch, and go on with an empty one */
	/* Carry out the batch, and end the connection: */
	BITBANG_QUIT,    /* the client leaves */
	BITBANG_UNKNOWN, /* `unknown` is no character of the protocol */
};

struct bitbang {
	bool tck, tms, tdi; /* levels, as the client has set them */
	char unknown;
	/* Characters since the client has sent what it had: a multiple of
	   BITBANG_SEND_SIZE, and more will follow at once.  To be cleared when
	   all samples were answered, since OpenOCD sends all before it waits. */
	uint32_t gathered;
};

/* Begin with a new client. */
void bitbang_init(struct bitbang *bitbang);
void bitbang_clear(struct bitbang_batch *batch);
bool bitbang_is_empty(const struct bitbang_batch *batch);

/* Take characters into the batch.  Returns how many were taken; unless the result
   is BITBANG_MORE, the rest has to be given again. */
size_t bitbang_take(struct bitbang *bitbang, struct bitbang_batch *batch,
	const uint8_t *data, size_t size, enum bitbang_result *ret_result);

/* Whether a sample is of a clock that the batch does not have. */
bool bitbang_asks_now(const struct bitbang_batch *batch);
bool bitbang_asks_before(const struct bitbang_batch *batch);

/* The answers to the samples, `samples_count` characters: `tdo` has a bit for each
   clock; `now` and `before` are TDO after and before them. */
void bitbang_answer(const struct bitbang_batch *batch, const uint8_t *tdo,
	bool now, bool before, uint8_t *ret_answers);

#endif
