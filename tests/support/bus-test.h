/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the tests of the bus: a host controller and a function by
   script. */
#ifndef TESTS_BUS_TEST_H
#define TESTS_BUS_TEST_H

#include "support.h"

#include <errno.h>

#define MICROFRAME 60000 /* In ticks: 125 us of 480 Mb/s. */

static struct script script;
static struct bus *bus;

static inline int set_up(void **state)
{
	(void)state;
	script_init(&script);
	bus = bus_new(&script.function, 13);
	return bus == NULL;
}

static inline int tear_down(void **state)
{
	(void)state;
	bus_free(bus);
	return 0;
}

#endif
