/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * One transaction of a transfer: a token, data and a handshake between the
 * host controller and a function, and the time that they take.
 * virtual/bus/schedule.c and virtual/faults/bus.c call it.
 */
#ifndef VIRTUAL_TRANSACT_H
#define VIRTUAL_TRANSACT_H

#include "bus.h"

enum stage { STAGE_SETUP, STAGE_DATA, STAGE_STATUS };
/* A packet moved; it was the last of the transfer; NAK; no room for it in the
   microframe. */
enum outcome { MOVED, FINISHED, REFUSED, NO_TIME };

/* The microframe that is being carried. */
struct frame {
	tick now, end;
	tick change; /* nothing changes in the device before; 0 = unknown */
	unsigned packets;
	uint64_t naks;
	uint32_t queued; /* bit n: queue n has transfers */
	bool moved;
};

#define TICKS_PER_BYTE 8

/* The time of a transaction with this many bytes of data; and of a token that
   is answered by a handshake alone. */
tick transact_ticks(unsigned size);
tick transact_token_ticks(void);

/* Count a token that is answered by NAK, and its time. */
enum outcome transact_refuse(struct frame *frame);

/*
 * Carry a transfer's next packet, if the microframe has room for it.  With
 * FINISHED, `status` of the urb is set.  `ping` is the endpoint's state:
 * whether PING comes before the next OUT.
 */
enum outcome transact(struct function *function, struct urb *urb, bool *ping,
	struct frame *frame);

#endif
