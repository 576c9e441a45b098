/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The seam between a bus and a USB function: what the host controller's
 * packets look like from the device's end of the cable.  bus.c calls it;
 * device.c is one function, an FX2 emulator may be another.
 *
 * A call carries the moment at which it happens, and moments never go back.
 */
#ifndef VIRTUAL_FUNCTION_H
#define VIRTUAL_FUNCTION_H

#include <stdbool.h>

#include "tick.h"
#include "wire/usb.h"

/* The handshake of a transaction, USB 2.0 section 8.4.6. */
enum handshake {
	HANDSHAKE_ACK,
	HANDSHAKE_NYET, /* taken, but there is no room for another */
	HANDSHAKE_NAK,
	HANDSHAKE_STALL,
};

struct function;

struct function_ops {
	/* SETUP is always taken; data and status stages follow on EP0. */
	void (*setup)(struct function *function, tick now,
		const struct usb_setup *setup);
	/* PING: is there room for a packet? */
	enum handshake (*ping)(
		struct function *function, tick now, uint8_t endpoint);
	/* An OUT packet has arrived. */
	enum handshake (*out)(struct function *function, tick now,
		uint8_t endpoint, const uint8_t *data, uint16_t length);
	/* An IN token: what is there to send?  The packet stays until acked. */
	enum handshake (*in)(struct function *function, tick now,
		uint8_t endpoint, const uint8_t **ret_data,
		uint16_t *ret_length);
	void (*acked)(struct function *function, tick now, uint8_t endpoint);
	/* Time passes.  Returns when something next happens by itself. */
	tick (*advance)(struct function *function, tick now);
};

struct function {
	const struct function_ops *ops;
	/* Its pull-up is off: the host sees nothing, and calls advance()
	   alone. */
	bool detached;
	unsigned departures; /* how often that began */
	/* When that next begins or ends by itself, whether or not anybody
	   asks; or TICK_NEVER. */
	tick port_due;
};

#endif
