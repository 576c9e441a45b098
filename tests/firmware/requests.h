/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Random requests for the tests of the firmware, compare.c and host.c, and for
 * the fuzz target, which has no cmocka.  All follow from a seed, or from the
 * bytes of an input.
 */
#ifndef TESTS_FIRMWARE_REQUESTS_H
#define TESTS_FIRMWARE_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "virtual/chip/chip.h"
#include "virtual/fx2/device.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

struct random {
	uint64_t state;
	/* In place of the state: the input, and what is left of it. */
	const uint8_t *bytes;
	size_t size;
	/* NULL, or where to write such an input, by which the same is drawn. */
	FILE *record;
};

void random_seed(struct random *random, uint64_t seed);
/* What is drawn follows from these bytes, one for most choices, and is 0 after
   the last one. */
void random_from_bytes(
	struct random *random, const uint8_t *bytes, size_t size);
uint32_t random_below(struct random *random, uint32_t limit);
static inline bool random_percent(struct random *random, unsigned percent)
{
	return random_below(random, 100) < percent;
}

/* A management request without its serial number; returns its data's size.
   Most have a known code, the size that belongs to it, and values about which
   the firmware has to think. */
uint8_t random_request(struct random *random, struct mgmt_packet *ret_request);

/* A SETUP packet, without data from the host to the device; most are standard
   requests that exist. */
void random_setup(struct random *random, struct usb_setup *ret_setup);

/* The firmware of the repository, from a file in Intel HEX; exits if there is
   none. */
void read_firmware(const char *path, struct chip_image *ret_image);

#endif
