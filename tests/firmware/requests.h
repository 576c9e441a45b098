/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Random requests for the tests of the firmware: compare.c and hostile.c.  All
 * follow from a seed.
 */
#ifndef TESTS_FIRMWARE_REQUESTS_H
#define TESTS_FIRMWARE_REQUESTS_H

#include "tests/support/support.h"

struct random {
	uint64_t state;
};

void random_seed(struct random *random, uint64_t seed);
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
