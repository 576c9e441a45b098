/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the tests of the bus's faults: a function by script with endless
   data on EP6 and EP8 and room on EP2, and transfers of it by index. */
#ifndef TESTS_BUS_FAULTS_TEST_H
#define TESTS_BUS_FAULTS_TEST_H

#include "bus-test.h"

#include <string.h>

#include "virtual/faults/faults.h"

#define SIZE 2048

static uint8_t memory[8][SIZE];
static struct urb urbs[8];

static inline int set_up_streams(void **state)
{
	static const struct answer full = {HANDSHAKE_ACK, 512};

	if (set_up(state))
		return -1;
	script_answer(&script.in[6], &full, 1);
	script_answer(&script.in[8], &full, 1);
	script_answer(&script.out[2], &full, 1);
	memset(memory, 0xee, sizeof(memory));
	return 0;
}

static inline void add_fault(const char *text)
{
	struct faults faults = {0};

	assert_int_equal(faults_add(&faults, text), 0);
	assert_int_equal(bus_set_faults(bus, &faults), 0);
}

static inline void submit(unsigned index, uint8_t endpoint)
{
	urbs[index] = (struct urb){
		.endpoint = endpoint,
		.data = memory[index],
		.length = SIZE,
	};
	bus_submit(bus, &urbs[index]);
}

/* Runs the bus until a transfer completes; asserts which one, its status and
   size. */
static inline void assert_ends(unsigned index, int status, uint32_t actual)
{
	struct urb *urb = NULL;

	script.log[0] = '\0';
	while ((urb = bus_reap(bus)) == NULL)
		assert_true(bus_run(bus, TICK_NEVER));
	assert_ptr_equal(urb, &urbs[index]);
	assert_int_equal(urb->status, status);
	assert_int_equal(urb->actual, actual);
}

/* Asserts that the bytes of a transfer are those of the stream from an offset
   on. */
static inline void assert_bytes(unsigned index, uint32_t offset)
{
	for (uint32_t i = 0; i < urbs[index].actual; i++)
		assert_int_equal(memory[index][i], script_byte(offset + i));
}

#endif
