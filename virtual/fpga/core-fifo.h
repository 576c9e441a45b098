/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* A FIFO inside the FPGA, between the bridge and a core.  The FX2's endpoint
   buffers are another thing: virtual/fx2/fifo.h. */
#ifndef VIRTUAL_CORE_FIFO_H
#define VIRTUAL_CORE_FIFO_H

#include <stdint.h>

#define CORE_FIFO_SIZE 512 /* one BRAM of the iCE40 */

struct core_fifo {
	uint16_t head;
	uint16_t level;
	uint8_t data[CORE_FIFO_SIZE];
};

/* Put bytes for which there is room; get bytes that are in the FIFO. */
void core_fifo_put(struct core_fifo *fifo, const uint8_t *data, unsigned size);
void core_fifo_get(struct core_fifo *fifo, uint8_t *data, unsigned size);

static inline uint16_t core_fifo_room(const struct core_fifo *fifo)
{
	return CORE_FIFO_SIZE - fifo->level;
}

#endif
