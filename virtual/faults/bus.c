/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The faults of a bus that act on submits, on packets, and by a reset of the
 * device.  virtual/bus calls these functions, and only on a bus that has
 * faults.  What a fault does depends on its script and on the counts of its
 * endpoint, never on real time or on chance.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A token, and the packet that would follow it. */
struct token {
	uint8_t endpoint;
	bool known; /* there is a packet, of this length */
	const uint8_t *data;
	uint16_t length;
	tick now;
};

#define BUS_KINDS \
	(((UINT64_C(1) << FAULT_KINDS) - 1) ^ ((UINT64_C(1) << FAULT_HALT) - 1))

struct fault_endpoint *fault_endpoint(
	struct fault_bus *faults, uint8_t endpoint)
{
	return &faults->endpoints[(endpoint & USB_ENDPOINT_MASK) |
		(endpoint & USB_DIR_IN ? 16 : 0)];
}

bool fault_is_pipe(uint8_t endpoint)
{
	return (endpoint & USB_ENDPOINT_MASK) > 1;
}

tick fault_ticks(uint64_t us)
{
	return us > TICK_NEVER / TICKS_PER_US ? TICK_NEVER : us * TICKS_PER_US;
}

tick fault_later(tick now, uint64_t us)
{
	tick ticks = fault_ticks(us);

	return ticks > TICK_NEVER - now ? TICK_NEVER : now + ticks;
}

struct fault_bus *fault_bus_new(const struct faults *faults)
{
	struct fault_bus *mine;

	errno = 0;
	if (!(faults->kinds & BUS_KINDS))
		return NULL;
	mine = calloc(1, sizeof(*mine));
	if (mine == NULL)
		return NULL;
	for (unsigned i = 0; i < faults->count; i++)
		if (BUS_KINDS >> faults->list[i].kind & 1)
			mine->faults.list[mine->faults.count++] =
				faults->list[i];
	for (unsigned i = 0; i < ENDPOINTS; i++)
		TAILQ_INIT(&mine->endpoints[i].withheld);
	return mine;
}

void fault_bus_free(struct fault_bus *faults)
{
	free(faults);
}

/* ---- Positions -------------------------------------------------------- */

bool fault_concerns(const struct fault *fault, uint8_t endpoint)
{
	if (fault->left == 0)
		return false;
	return fault->endpoint ? fault->endpoint == endpoint
			       : endpoint == 0 || fault_is_pipe(endpoint);
}

/* The counts that a fault's position refers to: those of its endpoint, or of
   all pipes together if it names none.  Bytes are always counted by endpoint,
   since a byte offset means something in one stream only. */
static const struct counts *counted(
	struct fault_bus *faults, const struct fault *fault, uint8_t endpoint)
{
	if (fault->endpoint || fault->where == WHERE_BYTE)
		return &fault_endpoint(faults, endpoint)->counts;
	return &faults->pipes;
}

/* Whether this token's packet is at the fault's position, or beyond. */
static bool reaches(struct fault_bus *faults, const struct fault *fault,
	const struct token *token)
{
	const struct counts *counts = counted(faults, fault, token->endpoint);

	switch (fault->where) {
	case WHERE_TRANSFER:
		return counts->transfers + 1 >= fault->position;
	case WHERE_PACKET:
		return counts->packets + 1 >= fault->position;
	case WHERE_BYTE:
		return token->known &&
			counts->bytes + token->length > fault->position;
	default:
		return token->now >= fault_ticks(fault->position);
	}
}

bool fault_reached(struct fault_bus *faults, const struct fault *fault,
	uint8_t endpoint, tick now)
{
	const struct counts *counts = counted(faults, fault, endpoint);

	switch (fault->where) {
	case WHERE_TRANSFER:
		return counts->transfers >= fault->position;
	case WHERE_PACKET:
		return counts->packets >= fault->position;
	case WHERE_BYTE:
		return counts->bytes > fault->position;
	default:
		return now >= fault_ticks(fault->position);
	}
}

/* ---- Submits ---------------------------------------------------------- */

bool fault_bus_refuses(const struct fault_bus *faults)
{
	return faults_find(&faults->faults, FAULT_NOMEM) ||
		faults_find(&faults->faults, FAULT_REFUSE);
}

int fault_bus_admit(struct fault_bus *faults, uint8_t endpoint, tick now)
{
	struct fault_endpoint *state = fault_endpoint(faults, endpoint);

	state->counts.submits++;
	faults->pipes.submits += fault_is_pipe(endpoint);
	for (unsigned i = 0; i < faults->faults.count; i++) {
		struct fault *fault = &faults->faults.list[i];
		bool there;

		if (fault->kind != FAULT_NOMEM && fault->kind != FAULT_REFUSE)
			continue;
		if (!fault_concerns(fault, endpoint))
			continue;
		if (fault->where == WHERE_TRANSFER)
			there = counted(faults, fault, endpoint)->submits >=
				fault->position;
		else
			there = fault_reached(faults, fault, endpoint, now);
		if (!there)
			continue;
		fault->left--;
		return fault->kind == FAULT_NOMEM ? -ENOMEM : -EIO;
	}
	return 0;
}

/* ---- Transactions ----------------------------------------------------- */

/* Whether a fault of this kind can happen to this token. */
static bool applies(const struct fault *fault, const struct token *token)
{
	bool in = token->endpoint & USB_DIR_IN;

	switch (fault->kind) {
	case FAULT_HALT:
	case FAULT_FAIL:
	case FAULT_NAK:
		return true;
	case FAULT_ZLP:
		return in;
	case FAULT_BABBLE:
		return in && token->known;
	case FAULT_CUT:
		return in && token->known && token->length > fault->amount;
	default:
		return false;
	}
}

static struct fault *fault_of(
	struct fault_bus *faults, const struct token *token)
{
	for (unsigned i = 0; i < faults->faults.count; i++) {
		struct fault *fault = &faults->faults.list[i];

		if (fault_concerns(fault, token->endpoint) &&
			applies(fault, token) && reaches(faults, fault, token))
			return fault;
	}
	return NULL;
}

/* The token that is about to be sent.  Asking the function for its IN packet
   changes nothing, since the packet stays until it is acknowledged. */
static struct token describe_token(struct fault_bus *faults,
	struct function *function, const struct urb *urb, tick now)
{
	struct token token = {.endpoint = urb->endpoint, .now = now};
	uint32_t left = urb->length - urb->actual;
	uint16_t sent = fault_endpoint(faults, urb->endpoint)->sent;

	if (!(urb->endpoint & USB_DIR_IN)) {
		token.known = true;
		token.length = left < USB_PACKET_SIZE ? left : USB_PACKET_SIZE;
		return token;
	}
	token.known = function->ops->in(function, now, urb->endpoint,
			      &token.data, &token.length) == HANDSHAKE_ACK;
	if (!token.known)
		return token;
	if (sent > token.length) /* another packet than the one that was cut */
		sent = fault_endpoint(faults, urb->endpoint)->sent = 0;
	token.data += sent;
	token.length -= sent;
	return token;
}

static void count_packet(
	struct fault_bus *faults, uint8_t endpoint, uint32_t bytes)
{
	struct counts *counts = &fault_endpoint(faults, endpoint)->counts;

	counts->packets++;
	counts->bytes += bytes;
	faults->pipes.packets += fault_is_pipe(endpoint);
}

/* Carry `size` bytes of what is left of the device's packet, as one packet of
   its own.  The device's packet is acknowledged once all of it was carried. */
static enum outcome carry_part(struct fault_bus *faults,
	struct function *function, struct urb *urb, const struct token *token,
	uint16_t size, struct frame *frame)
{
	struct fault_endpoint *state = fault_endpoint(faults, urb->endpoint);
	uint32_t room = urb->length - urb->actual;
	uint32_t moved = size < room ? size : room;

	if (moved > 0 && token->data)
		memcpy(urb->data + urb->actual, token->data, moved);
	urb->actual += moved;
	frame->now += transact_ticks(size);
	state->sent += size;
	if (size == token->length) {
		state->sent = 0;
		function->ops->acked(function, frame->now, urb->endpoint);
	}
	count_packet(faults, urb->endpoint, size);
	urb->status = size > room ? -EOVERFLOW : 0;
	return FINISHED; /* a packet below the maximum size ends a transfer */
}

static enum outcome fail_with(
	struct urb *urb, int status, tick ticks, struct frame *frame)
{
	frame->now += ticks;
	urb->status = status;
	return FINISHED;
}

/* Let the fault happen to this token. */
static enum outcome strike(struct fault_bus *faults, struct fault *fault,
	struct function *function, struct urb *urb, const struct token *token,
	struct frame *frame)
{
	struct fault_endpoint *state = fault_endpoint(faults, urb->endpoint);

	fault->left--;
	switch (fault->kind) {
	case FAULT_HALT:
		return fail_with(urb, -EPIPE, transact_token_ticks(), frame);
	case FAULT_FAIL: /* USB 2.0 8.7.1: the host gives up after 3 errors */
		return fail_with(
			urb, -EPROTO, 3 * transact_token_ticks(), frame);
	case FAULT_BABBLE:
		return fail_with(urb, -EOVERFLOW,
			transact_ticks(USB_PACKET_SIZE), frame);
	case FAULT_ZLP:
		count_packet(faults, urb->endpoint, 0);
		return fail_with(urb, 0, transact_ticks(0), frame);
	case FAULT_CUT:
		return carry_part(
			faults, function, urb, token, fault->amount, frame);
	default:
		state->storm = fault_later(frame->now, fault->amount);
		return transact_refuse(frame);
	}
}

enum outcome fault_bus_transact(struct fault_bus *faults,
	struct function *function, struct urb *urb, bool *ping,
	struct frame *frame)
{
	struct fault_endpoint *state = fault_endpoint(faults, urb->endpoint);
	uint32_t before = urb->actual;
	tick needed = transact_token_ticks() + transact_ticks(USB_PACKET_SIZE);
	struct fault *fault;
	struct token token;
	enum outcome outcome;

	if (urb->endpoint & USB_DIR_IN)
		needed -= transact_token_ticks();
	if (frame->now + needed > frame->end)
		return NO_TIME;
	if (frame->now < state->storm)
		return transact_refuse(frame);
	token = describe_token(faults, function, urb, frame->now);
	fault = fault_of(faults, &token);
	if (fault)
		return strike(faults, fault, function, urb, &token, frame);
	if (state->sent > 0 && token.known)
		return carry_part(
			faults, function, urb, &token, token.length, frame);
	outcome = transact(function, urb, ping, frame);
	if (outcome == MOVED || (outcome == FINISHED && urb->status != -EPIPE))
		count_packet(faults, urb->endpoint, urb->actual - before);
	return outcome;
}

static void restart_endpoint(struct fault_endpoint *state)
{
	state->counts.bytes = 0;
	state->sent = 0;
}

void fault_bus_control_done(
	struct fault_bus *faults, const struct usb_setup *setup)
{
	unsigned number = setup->wIndex > 0 ? 2 * setup->wIndex : 1;
	bool all = setup->bmRequestType == USB_RECIP_DEVICE &&
		setup->bRequest == USB_REQ_SET_CONFIGURATION;
	bool one = setup->bmRequestType == USB_RECIP_INTERFACE &&
		setup->bRequest == USB_REQ_SET_INTERFACE;

	for (unsigned i = 0; i < ENDPOINTS; i++)
		if (all || (one && i % 16 == number))
			restart_endpoint(&faults->endpoints[i]);
}

/* ---- Time ------------------------------------------------------------- */

void fault_bus_open_all(struct fault_bus *faults)
{
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		restart_endpoint(&faults->endpoints[i]);
		faults->endpoints[i].storm = 0;
		faults->endpoints[i].gather = 0;
	}
}

bool fault_bus_reset(struct fault_bus *faults, tick now)
{
	for (unsigned i = 0; i < faults->faults.count; i++) {
		struct fault *fault = &faults->faults.list[i];
		bool there = false;

		if (fault->kind != FAULT_RESET || fault->left == 0)
			continue;
		if (fault->where != WHERE_BYTE)
			there = fault_reached(faults, fault, 0, now);
		for (unsigned number = 0; number < ENDPOINTS; number++)
			there |= fault->where == WHERE_BYTE &&
				faults->endpoints[number].counts.bytes >
					fault->position;
		if (!there)
			continue;
		fault->left = 0;
		return true;
	}
	return false;
}
