/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * One transaction of a transfer: a token, data and a handshake between the
 * host controller of bus.c and a function, with what they cost in time.
 */
#ifndef VIRTUAL_TRANSACT_H
#define VIRTUAL_TRANSACT_H

#include "bus.h"

enum stage { STAGE_SETUP, STAGE_DATA, STAGE_STATUS };
enum outcome { MOVED, FINISHED, REFUSED, NO_TIME };

/* One microframe in the making. */
struct frame {
	tick now, end;
	tick change; /* nothing changes in the device before; 0 = unknown */
	unsigned packets;
	uint64_t naks;
	uint32_t queued; /* endpoints that have transfers, by bit */
	bool moved;
};

#define TICKS_PER_BYTE 8

/* What a packet of so many bytes takes, and a token that is answered by a
   handshake alone. */
tick transact_ticks(unsigned size);
tick transact_token_ticks(void);

/* The token is answered by NAK. */
enum outcome transact_refuse(struct frame *frame);

/*
 * Carry a transfer's next packet, if the frame has room for it.  FINISHED
 * leaves in the urb how it ended.  `ping` is the endpoint's: whether to ask
 * before the next OUT.
 */
enum outcome transact(struct function *function, struct urb *urb, bool *ping,
	struct frame *frame);

#endif
