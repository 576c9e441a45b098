/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* A FIFO inside the FPGA, between the bridge and a core. */
#ifndef VIRTUAL_RING_H
#define VIRTUAL_RING_H

#include <stdint.h>

#define CORE_FIFO_SIZE 512 /* one BRAM of the iCE40 */

struct ring {
	uint16_t head;
	uint16_t level;
	uint8_t data[CORE_FIFO_SIZE];
};

/* Blocks of bytes, for which there is room, or which are there. */
void ring_put(struct ring *ring, const uint8_t *data, unsigned size);
void ring_get(struct ring *ring, uint8_t *data, unsigned size);

static inline uint16_t ring_room(const struct ring *ring)
{
	return CORE_FIFO_SIZE - ring->level;
}

#endif
