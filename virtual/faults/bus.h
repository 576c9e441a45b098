/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The faults of a bus: which token is answered otherwise, which completion is
 * withheld, which submit is refused.  virtual/bus calls them between its queues
 * and its transactions.  A bus without faults has no struct fault_bus and
 * makes none of these calls.
 */
#ifndef VIRTUAL_FAULTS_BUS_H
#define VIRTUAL_FAULTS_BUS_H

#include "faults.h"
#include "virtual/bus/transact.h"

struct fault_bus;

/* A copy of the faults that concern a bus.  NULL if none does, with errno 0,
   or if there is no memory, with errno ENOMEM. */
struct fault_bus *fault_bus_new(const struct faults *faults);
void fault_bus_free(struct fault_bus *faults);

/* Whether any of the faults is of a kind that refuses submits. */
bool fault_bus_refuses(const struct fault_bus *faults);

/* A bulk transfer is about to be queued: 0, -ENOMEM, -EIO. */
int fault_bus_admit(struct fault_bus *faults, uint8_t endpoint, tick now);

/* transact(), with faults, for a bulk transfer. */
enum outcome fault_bus_transact(struct fault_bus *faults,
	struct function *function, struct urb *urb, bool *ping,
	struct frame *frame);

/* A control transfer has succeeded.  If it selected a configuration or an
   alternate setting, the byte offsets of its endpoints start at 0 again. */
void fault_bus_control_done(
	struct fault_bus *faults, const struct usb_setup *setup);

/* A bulk transfer has ended by itself; `more`: others are queued behind it on
   its endpoint.  True if its completion is withheld. */
bool fault_bus_withhold(
	struct fault_bus *faults, struct urb *urb, bool more, tick now);

/* Take the next withheld completion that is due, or NULL. */
struct urb *fault_bus_release(struct fault_bus *faults, tick now);

/* Take this completion back; false if it is not withheld. */
bool fault_bus_recall(struct fault_bus *faults, struct urb *urb);

/* Take any withheld completion, those of an endpoint in their order; or
   NULL. */
struct urb *fault_bus_drop(struct fault_bus *faults);

/* Whether another program resets the device now.  True once for each fault. */
bool fault_bus_reset(struct fault_bus *faults, tick now);

/* The device was reset: clear the state of all endpoints. */
void fault_bus_open_all(struct fault_bus *faults);

/* When a fault next acts without a call that causes it, or TICK_NEVER. */
tick fault_bus_due(const struct fault_bus *faults, tick now);

#endif
