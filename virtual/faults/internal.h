/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What the files of a bus's faults share: virtual/faults/bus.c has submits, packets
   and resets, virtual/faults/held.c completions and time. */
#ifndef VIRTUAL_FAULTS_INTERNAL_H
#define VIRTUAL_FAULTS_INTERNAL_H

#include "bus.h"

#define ENDPOINTS 32

struct counts {
	uint64_t submits, transfers, packets, bytes;
};

struct end {
	struct counts counts;
	uint16_t sent;   /* of the device's packet, by parts */
	tick storm;      /* until then it refuses all */
	unsigned gather; /* completions that are to come together */
	struct urbs held;
};

struct fault_bus {
	struct faults faults;
	struct counts pipes; /* of their endpoints together */
	struct end ends[ENDPOINTS];
	unsigned held;
};

struct end *fault_end(struct fault_bus *faults, uint8_t endpoint);
bool fault_is_pipe(uint8_t endpoint);

/* Whether a fault is about this endpoint; 0 is the bus. */
bool fault_concerns(const struct fault *fault, uint8_t endpoint);

/* Whether a transfer that has just ended has been there. */
bool fault_has_been(struct fault_bus *faults, const struct fault *fault,
	uint8_t endpoint, tick now);

tick fault_ticks(uint64_t us);
tick fault_later(tick now, uint64_t us);

#endif
