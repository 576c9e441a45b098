/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The faults of a bus, between its queues and its transactions: which token
 * is answered otherwise, which completion is held back, which submit is
 * refused.  A bus without any has none of this.
 */
#ifndef VIRTUAL_FAULTS_BUS_H
#define VIRTUAL_FAULTS_BUS_H

#include "faults.h"
#include "virtual/bus/transact.h"

struct fault_bus;

/* A copy of those that concern a bus; NULL if none does, or there is no
   memory, which errno tells. */
struct fault_bus *fault_bus_new(const struct faults *faults);
void fault_bus_free(struct fault_bus *faults);

/* Whether it is ever to refuse a submit. */
bool fault_bus_refuses(const struct fault_bus *faults);

/* A bulk transfer is about to be queued: 0, -ENOMEM, -EIO. */
int fault_bus_admit(struct fault_bus *faults, uint8_t endpoint, tick now);

/* As transact(), of a bulk transfer. */
enum outcome fault_bus_transact(struct fault_bus *faults,
	struct function *function, struct urb *urb, bool *ping,
	struct frame *frame);

/* A control transfer is over: endpoints may have been opened anew. */
void fault_bus_note(struct fault_bus *faults, const struct usb_setup *setup);

/* A bulk transfer has ended by itself, and `more` are queued behind it: true
   if nobody is to see that yet. */
bool fault_bus_hold(
	struct fault_bus *faults, struct urb *urb, bool more, tick now);

/* The next that may be seen now, or NULL. */
struct urb *fault_bus_release(struct fault_bus *faults, tick now);

/* Take back one that is held; false if it is not. */
bool fault_bus_recall(struct fault_bus *faults, struct urb *urb);

/* Take back any, those of an endpoint in their order; or NULL. */
struct urb *fault_bus_drop(struct fault_bus *faults);

/* Whether another program resets the device now.  True once for each fault. */
bool fault_bus_reset(struct fault_bus *faults, tick now);

/* The device was reset: all endpoints begin anew. */
void fault_bus_open_all(struct fault_bus *faults);

/* When it next acts by itself, or TICK_NEVER. */
tick fault_bus_due(const struct fault_bus *faults, tick now);

#endif
