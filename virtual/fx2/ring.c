/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes and gives blocks of bytes, in order. */
#include "ring.h"

#include <string.h>

static unsigned up_to_wrap(unsigned at, unsigned size)
{
	return at + size > CORE_FIFO_SIZE ? CORE_FIFO_SIZE - at : size;
}

void ring_put(struct ring *ring, const uint8_t *data, unsigned size)
{
	unsigned at = (ring->head + ring->level) % CORE_FIFO_SIZE;
	unsigned part = up_to_wrap(at, size);

	memcpy(ring->data + at, data, part);
	memcpy(ring->data, data + part, size - part);
	ring->level += size;
}

void ring_get(struct ring *ring, uint8_t *data, unsigned size)
{
	unsigned part = up_to_wrap(ring->head, size);

	memcpy(data, ring->data + ring->head, part);
	memcpy(data + part, ring->data, size - part);
	ring->head = (ring->head + size) % CORE_FIFO_SIZE;
	ring->level -= size;
}
