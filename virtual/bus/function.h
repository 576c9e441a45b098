/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The interface between the bus and a USB function: tokens, packets and
 * handshakes as the device sees them.  virtual/bus calls it;
 * virtual/fx2/device.c implements it.
 *
 * Each call carries its time, which never goes back.  A function must not call
 * the bus.
 */
#ifndef VIRTUAL_FUNCTION_H
#define VIRTUAL_FUNCTION_H

#include <stdbool.h>

#include "tick.h"
#include "wire/usb.h"

/* The handshake of a transaction, USB 2.0 section 8.4.6. */
enum handshake {
	HANDSHAKE_ACK,
	HANDSHAKE_NYET, /* accepted, but there is no room for another packet */
	HANDSHAKE_NAK,
	HANDSHAKE_STALL,
};

struct function;

struct function_ops {
	/* SETUP is always accepted; data and status stages follow on EP0. */
	void (*setup)(struct function *function, tick now,
		const struct usb_setup *setup);
	/* PING: is there room for a packet? */
	enum handshake (*ping)(
		struct function *function, tick now, uint8_t endpoint);
	/* An OUT packet has arrived. */
	enum handshake (*out)(struct function *function, tick now,
		uint8_t endpoint, const uint8_t *data, uint16_t length);
	/* An IN token.  With ACK, the packet to send, which stays the next one
	   until acked(). */
	enum handshake (*in)(struct function *function, tick now,
		uint8_t endpoint, const uint8_t **ret_data,
		uint16_t *ret_length);
	void (*acked)(struct function *function, tick now, uint8_t endpoint);
	/* Time passes.  Returns when something next happens in the function
	   without a packet, or TICK_NEVER. */
	tick (*advance)(struct function *function, tick now);
	/* The host resets the device, and configures it again.  NULL: the
	   function sees the SET_CONFIGURATION only. */
	void (*reset)(struct function *function, tick now);
};

struct function {
	const struct function_ops *ops;
	/* The function's pull-up is off: the host sees no device, and calls
	   only advance(). */
	bool detached;
	unsigned departures; /* how often `detached` became true */
	/* When `detached` next changes without a packet, or TICK_NEVER. */
	tick port_due;
};

#endif
