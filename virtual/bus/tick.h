/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The unit of virtual time: a bit time of the 480 Mb/s bus.  A cycle of the
 * 48 MHz FIFO bus and a microframe are whole numbers of ticks.
 */
#ifndef VIRTUAL_TICK_H
#define VIRTUAL_TICK_H

#include <stdint.h>

typedef uint64_t tick;

#define TICK_NEVER UINT64_MAX

#define TICKS_PER_US         480
#define TICKS_PER_CYCLE      10    /* IFCLK, 48 MHz */
#define TICKS_PER_MICROFRAME 60000 /* 125 us, USB 2.0 section 7.1.12 */

static inline uint64_t tick_to_ns(tick ticks)
{
	return ticks / 12 * 25 + ticks % 12 * 25 / 12;
}

#endif
