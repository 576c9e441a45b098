/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The faults of a bus that withhold completions, and when a bus's faults next
 * act.  virtual/bus calls these functions.  Completions of one endpoint must
 * never change their order, whatever the faults do.
 */
#include "internal.h"

#include <limits.h>

/* The longest interrupt moderation of a host controller: xHCI 1.2 5.5.2.2,
   65535 intervals of 250 ns. */
#define GATHER_TICKS (16384 * (tick)TICKS_PER_US)

static tick earliest(tick a, tick b)
{
	return a < b ? a : b;
}

static void take(
	struct fault_bus *faults, struct fault_endpoint *state, struct urb *urb)
{
	TAILQ_REMOVE(&state->withheld, urb, next);
	faults->withheld--;
}

/* Set the time from which the caller of the bus may see this completion. */
static void delay_completion(
	struct fault_bus *faults, struct urb *urb, tick now)
{
	struct fault_endpoint *state = fault_endpoint(faults, urb->endpoint);

	urb->seen = now;
	for (unsigned i = 0; i < faults->faults.count; i++) {
		struct fault *fault = &faults->faults.list[i];

		if (fault->kind < FAULT_LATE || fault->kind > FAULT_NEVER ||
			!fault_concerns(fault, urb->endpoint) ||
			!fault_reached(faults, fault, urb->endpoint, now))
			continue;
		fault->left--;
		if (fault->kind == FAULT_LATE)
			urb->seen = fault_later(now, fault->amount);
		else if (fault->kind == FAULT_NEVER)
			urb->seen = TICK_NEVER;
		else
			state->gather = fault->amount < UINT_MAX ? fault->amount
								 : UINT_MAX;
		return;
	}
}

/* Add a completion to those that are reported together.  The last of the
   group, or the last transfer that is queued, releases all of them. */
static void gather(
	struct fault_endpoint *state, struct urb *urb, bool more, tick now)
{
	struct urb *each;

	urb->gathered = true;
	if (urb->seen == now)
		urb->seen = now + GATHER_TICKS;
	state->gather--;
	if (more && state->gather > 0)
		return;
	state->gather = 0;
	TAILQ_FOREACH (each, &state->withheld, next)
		if (each->gathered && each->seen != TICK_NEVER)
			each->seen = now;
}

bool fault_bus_withhold(
	struct fault_bus *faults, struct urb *urb, bool more, tick now)
{
	struct fault_endpoint *state = fault_endpoint(faults, urb->endpoint);

	state->counts.transfers++;
	faults->pipes.transfers += fault_is_pipe(urb->endpoint);
	urb->gathered = false;
	delay_completion(faults, urb, now);
	if (TAILQ_EMPTY(&state->withheld) && state->gather == 0 &&
		urb->seen <= now)
		return false;
	TAILQ_INSERT_TAIL(&state->withheld, urb, next);
	faults->withheld++;
	if (state->gather > 0)
		gather(state, urb, more, now);
	return true;
}

struct urb *fault_bus_release(struct fault_bus *faults, tick now)
{
	for (unsigned i = 0; faults->withheld > 0 && i < ENDPOINTS; i++) {
		struct fault_endpoint *state = &faults->endpoints[i];
		struct urb *urb = TAILQ_FIRST(&state->withheld);

		if (urb && urb->seen <= now) {
			take(faults, state, urb);
			return urb;
		}
	}
	return NULL;
}

bool fault_bus_recall(struct fault_bus *faults, struct urb *urb)
{
	struct fault_endpoint *state = fault_endpoint(faults, urb->endpoint);
	struct urb *each;

	TAILQ_FOREACH (each, &state->withheld, next)
		if (each == urb) {
			take(faults, state, urb);
			return true;
		}
	return false;
}

struct urb *fault_bus_drop(struct fault_bus *faults)
{
	for (unsigned i = 0; faults->withheld > 0 && i < ENDPOINTS; i++) {
		struct fault_endpoint *state = &faults->endpoints[i];
		struct urb *urb = TAILQ_FIRST(&state->withheld);

		if (urb) {
			take(faults, state, urb);
			return urb;
		}
	}
	return NULL;
}

tick fault_bus_due(const struct fault_bus *faults, tick now)
{
	tick due = TICK_NEVER;

	for (unsigned i = 0; i < faults->faults.count; i++) {
		const struct fault *fault = &faults->faults.list[i];
		tick at = fault_ticks(fault->position);

		if (fault->left > 0 && fault->where == WHERE_TIME && at > now)
			due = earliest(due, at);
	}
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		const struct fault_endpoint *state = &faults->endpoints[i];

		if (!TAILQ_EMPTY(&state->withheld))
			due = earliest(
				due, TAILQ_FIRST(&state->withheld)->seen);
		if (state->storm > now)
			due = earliest(due, state->storm);
	}
	return due;
}
