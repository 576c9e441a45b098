/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * One suite for every end of the seam: the same tests run on whatever device
 * CLYDE_URI names, "virtual:" if none.  What an end cannot do stands in the
 * table in main.c, and nowhere else.
 *
 *	conformance [PATTERN]		the tests of such names, like "*unplug*"
 *
 *	CLYDE_URI	the device; its link is what is being tested
 *	CLYDE_END	which row of the table, if the link alone does not say
 *	CLYDE_UNPLUG	a shell command that pulls the cable; ":" if it is
 *			pulled by itself after a while
 *	CLYDE_REPLUG	one that plugs it in again
 */
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#include "tests/support/clyde-test.h"

#include <stdio.h>
#include <stdlib.h>

#include "applets/benchmark/sequence.h"
#include "lib/base/internal.h"
#include "wire/core-benchmark.h"

/* What not every end can do. */
enum ability {
	EXACT_TIME = 1 << 0,  /* time is virtual: durations can be asserted */
	TELLS_NEVER = 1 << 1, /* knows that nothing could end a wait */
	NEW_DEVICE = 1 << 2,  /* each open makes a device, as from the shop */
	KEEPS_PART = 1 << 3,  /* a cancelled transfer knows what it moved */
	UNPLUGS = 1 << 4,     /* by itself, when the URI says so */
};

struct end {
	const char *name;
	const char *scheme; /* of which it is the default, or NULL */
	unsigned abilities;
	const char *what;
};

extern const struct end *end;
extern struct sequence *sequence;

/* Skip the test on an end that lacks one of these. */
void need(unsigned abilities);
static inline bool able(unsigned abilities)
{
	return (end->abilities & abilities) == abilities;
}

/* The device; the same with its FPGA configured; the same, and the cable is
   pulled after a while (test is skipped if that cannot be had). */
const char *plain_uri(void);
const char *configured_uri(void);
struct bench_top open_to_unplug(void);
void pull_soon(void); /* by CLYDE_UNPLUG */
void plug_in_again(void);

/* A test by the public API.  If it fails, what it had open is closed, so that
   the next finds the device free. */
#define unit(test) cmocka_unit_test_teardown(test, close_what_is_left)
struct bench_top open_top(const char *uri);
int close_what_is_left(void **state);

/* FPGA configured, and its core idle, whatever the last test left. */
struct bench_top open_idle(void);

struct clyde_pipe *open_pipe(struct bench_top *top, enum clyde_pipe_id id,
	uint32_t size, uint32_t depth);
void set_mode(struct bench_top *top, uint8_t mode);
uint32_t read_count(struct bench_top *top);
void assert_sequence(uint64_t offset, const uint8_t *data, size_t size);

extern const struct CMUnitTest link_tests[], transfer_tests[], device_tests[],
	pipe_tests[], stream_tests[], thread_tests[], unplug_tests[],
	watch_tests[];
extern const size_t link_test_count, transfer_test_count, device_test_count,
	pipe_test_count, stream_test_count, thread_test_count,
	unplug_test_count, watch_test_count;

#endif
