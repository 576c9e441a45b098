/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* A FIFO inside the FPGA: blocks of bytes in and out, in order.  The caller has
   checked room and level. */
#include "core-fifo.h"

#include <string.h>

static unsigned up_to_wrap(unsigned at, unsigned size)
{
	return at + size > CORE_FIFO_SIZE ? CORE_FIFO_SIZE - at : size;
}

void core_fifo_put(struct core_fifo *fifo, const uint8_t *data, unsigned size)
{
	unsigned at = (fifo->head + fifo->level) % CORE_FIFO_SIZE;
	unsigned part = up_to_wrap(at, size);

	memcpy(fifo->data + at, data, part);
	memcpy(fifo->data, data + part, size - part);
	fifo->level += size;
}

void core_fifo_get(struct core_fifo *fifo, uint8_t *data, unsigned size)
{
	unsigned part = up_to_wrap(fifo->head, size);

	memcpy(data, fifo->data + fifo->head, part);
	memcpy(data + part, fifo->data, size - part);
	fifo->head = (fifo->head + size) % CORE_FIFO_SIZE;
	fifo->level -= size;
}
