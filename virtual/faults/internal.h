/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What virtual/faults/bus.c (submits, packets, resets) and
   virtual/faults/completions.c (completions, time) share.  No other file
   includes this header. */
#ifndef VIRTUAL_FAULTS_INTERNAL_H
#define VIRTUAL_FAULTS_INTERNAL_H

#include "bus.h"

#define ENDPOINTS 32

struct counts {
	uint64_t submits, transfers, packets, bytes;
};

struct fault_endpoint {
	struct counts counts;
	uint16_t sent;   /* bytes of the device's packet that was cut */
	tick storm;      /* until then each token is answered by NAK */
	unsigned gather; /* completions missing to those reported together */
	struct urbs withheld;
};

struct fault_bus {
	struct faults faults;
	struct counts pipes; /* the endpoints of the pipes together */
	struct fault_endpoint endpoints[ENDPOINTS];
	unsigned withheld;
};

struct fault_endpoint *fault_endpoint(
	struct fault_bus *faults, uint8_t endpoint);
bool fault_is_pipe(uint8_t endpoint);

/* Whether a fault may still act on this endpoint; 0 is the whole bus. */
bool fault_concerns(const struct fault *fault, uint8_t endpoint);

/* Whether the fault's position was reached by the transfer that has just
   ended on this endpoint. */
bool fault_reached(struct fault_bus *faults, const struct fault *fault,
	uint8_t endpoint, tick now);

tick fault_ticks(uint64_t us);
tick fault_later(tick now, uint64_t us);

#endif
