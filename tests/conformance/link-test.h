/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Opens a link with nothing above it, for the tests of lib/link/link.h. */
#ifndef TESTS_LINK_TEST_H
#define TESTS_LINK_TEST_H

#include "conformance.h"

/* Returns a deadline that is late enough for the slowest command, on the link's
   own clock. */
static inline uint64_t soon(struct link *link)
{
	return link->ops->now(link) + UINT64_C(10000000000);
}

/* Selects the configuration, as every host does before anything else. */
int configure(struct link *link);

/* Opens the device with its FPGA configured. */
struct link *open_link(void);

static inline int set(struct link *link, uint8_t interface, uint8_t alternate)
{
	return link->ops->set_alternate(link, interface, alternate, soon(link));
}

#endif
