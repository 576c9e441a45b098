/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Takes the completions that nobody is to see yet, gives them back when it is
 * time, those of an endpoint in their order.
 */
#include "internal.h"

#include <limits.h>

/* A host controller's interrupts wait for more no longer than that: xHCI 1.2
   5.5.2.2, 65535 intervals of 250 ns. */
#define GATHER_TICKS (16384 * (tick)TICKS_PER_US)

static tick earliest(tick a, tick b)
{
	return a < b ? a : b;
}

static void take(struct fault_bus *faults, struct end *end, struct urb *urb)
{
	TAILQ_REMOVE(&end->held, urb, next);
	faults->held--;
}

/* When a completion is to be seen. */
static void put_off(struct fault_bus *faults, struct urb *urb, tick now)
{
	struct end *end = fault_end(faults, urb->endpoint);

	urb->seen = now;
	for (unsigned i = 0; i < faults->faults.count; i++) {
		struct fault *fault = &faults->faults.list[i];

		if (fault->kind < FAULT_LATE || fault->kind > FAULT_NEVER ||
			!fault_concerns(fault, urb->endpoint) ||
			!fault_has_been(faults, fault, urb->endpoint, now))
			continue;
		fault->left--;
		if (fault->kind == FAULT_LATE)
			urb->seen = fault_later(now, fault->amount);
		else if (fault->kind == FAULT_NEVER)
			urb->seen = TICK_NEVER;
		else
			end->gather = fault->amount < UINT_MAX ? fault->amount
							       : UINT_MAX;
		return;
	}
}

/* One of those that are to come together; the last lets all go. */
static void gather(struct end *end, struct urb *urb, bool more, tick now)
{
	struct urb *each;

	urb->gathered = true;
	if (urb->seen == now)
		urb->seen = now + GATHER_TICKS;
	end->gather--;
	if (more && end->gather > 0)
		return;
	end->gather = 0;
	TAILQ_FOREACH (each, &end->held, next)
		if (each->gathered && each->seen != TICK_NEVER)
			each->seen = now;
}

bool fault_bus_hold(
	struct fault_bus *faults, struct urb *urb, bool more, tick now)
{
	struct end *end = fault_end(faults, urb->endpoint);

	end->counts.transfers++;
	faults->pipes.transfers += fault_is_pipe(urb->endpoint);
	urb->gathered = false;
	put_off(faults, urb, now);
	if (TAILQ_EMPTY(&end->held) && end->gather == 0 && urb->seen <= now)
		return false;
	TAILQ_INSERT_TAIL(&end->held, urb, next);
	faults->held++;
	if (end->gather > 0)
		gather(end, urb, more, now);
	return true;
}

struct urb *fault_bus_release(struct fault_bus *faults, tick now)
{
	for (unsigned i = 0; faults->held > 0 && i < ENDPOINTS; i++) {
		struct end *end = &faults->ends[i];
		struct urb *urb = TAILQ_FIRST(&end->held);

		if (urb && urb->seen <= now) {
			take(faults, end, urb);
			return urb;
		}
	}
	return NULL;
}

bool fault_bus_recall(struct fault_bus *faults, struct urb *urb)
{
	struct end *end = fault_end(faults, urb->endpoint);
	struct urb *each;

	TAILQ_FOREACH (each, &end->held, next)
		if (each == urb) {
			take(faults, end, urb);
			return true;
		}
	return false;
}

struct urb *fault_bus_drop(struct fault_bus *faults)
{
	for (unsigned i = 0; faults->held > 0 && i < ENDPOINTS; i++) {
		struct end *end = &faults->ends[i];
		struct urb *urb = TAILQ_FIRST(&end->held);

		if (urb) {
			take(faults, end, urb);
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
		const struct end *end = &faults->ends[i];

		if (!TAILQ_EMPTY(&end->held))
			due = earliest(due, TAILQ_FIRST(&end->held)->seen);
		if (end->storm > now)
			due = earliest(due, end->storm);
	}
	return due;
}
