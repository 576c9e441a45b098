/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What has to be erased and programmed so that a piece of a flash chip holds
 * given bytes: computed from bytes alone, without a device.  nor-erase.c and
 * nor-write.c carry the plans out.
 *
 * A plan must never erase a sector that needs no erase.
 */
#ifndef LIB_CHIP_PLAN_H
#define LIB_CHIP_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_SIZES 4

/* Sizes that can be erased at once, by size; powers of two. */
struct plan_sizes {
	uint32_t size[PLAN_SIZES];
	unsigned count;
};

/*
 * The largest piece that can be erased at once, begins at this address, and ends
 * at `end` at the latest: an index of sizes.  `address` is a multiple of the
 * smallest size, and that fits.
 */
unsigned plan_largest(
	const struct plan_sizes *sizes, uint64_t address, uint64_t end);

/* Whether bytes with `now` can become `wanted` only by an erase: a bit has to
   change from 0 to 1. */
bool plan_needs_erase(const uint8_t *now, const uint8_t *wanted, size_t size);

/* Whether all bytes are FFh. */
bool plan_is_blank(const uint8_t *bytes, size_t size);

/*
 * For a window that begins at `address` and has `size` bytes, both multiples of
 * the smallest size: the next erase at `*offset` or behind it.  Returns the index
 * of its size, and writes its offset to *offset; -1 if there is none.  An erase
 * that is larger than the smallest is chosen if all of its sectors need it.
 */
int plan_next_erase(const struct plan_sizes *sizes, uint64_t address,
	const uint8_t *now, const uint8_t *wanted, size_t size, size_t *offset);

#endif
