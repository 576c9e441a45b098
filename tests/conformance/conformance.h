/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * One suite for every link: the same tests run on the device that CLYDE_URI
 * names, "virtual:" if it is not set.  What a link cannot do is in the table in
 * main.c; no test asks for a link's name.
 *
 *	conformance [PATTERN]	runs the tests of such names, like "*unplug*"
 *	CLYDE_URI	the device; its link is under test
 *	CLYDE_LINK	the row of the table, if the URI's scheme does not select it
 *	CLYDE_UNPLUG	a shell command that pulls the cable; ":" if it is
 *			pulled by itself after a while
 *	CLYDE_REPLUG	a shell command that plugs it in again
 */
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#include "tests/support/clyde-test.h"

#include <stdio.h>
#include <stdlib.h>

#include "applets/benchmark/sequence.h"
#include "lib/base/internal.h"
#include "wire/core-benchmark.h"

/* What some links cannot do. */
enum ability {
	EXACT_TIME = 1 << 0, /* Time is virtual: durations can be asserted. */
	REPORTS_DEADLOCK = 1 << 1, /* Reports a wait that nothing could end. */
	/* Each open makes a new device, in its factory state. */
	NEW_DEVICE = 1 << 2,
	/* A cancelled transfer knows what it has moved. */
	KEEPS_PART = 1 << 3,
	UNPLUGS_BY_URI = 1 << 4, /* The URI can script an unplug. */
};

struct link_row {
	const char *name;
	const char *scheme; /* The scheme whose default row this is, or NULL. */
	unsigned abilities;
	const char *what;
};

extern const struct link_row *link_row;
extern struct sequence *sequence;

/* Skips the test on a link that lacks one of these. */
void need(unsigned abilities);
static inline bool able(unsigned abilities)
{
	return (link_row->abilities & abilities) == abilities;
}

/* The URI of the device; the same with its FPGA configured. */
const char *plain_uri(void);
const char *configured_uri(void);

/* The device opened, to be unplugged; the test is skipped if that is impossible.
   A test calls unplug_soon() when all is opened that is to see the unplug.  The
   cable is pulled a while later: by the URI, in virtual time, or by
   CLYDE_UNPLUG. */
struct fixture open_to_unplug(void);
void unplug_soon(void);
void replug(void);

/* A test by the public API.  If it fails, its teardown closes what it left
   open, so that the next test finds the device free. */
#define unit(test) cmocka_unit_test_teardown(test, close_what_is_left)
struct fixture open_fixture(const char *uri);
int close_what_is_left(void **state);

/* Opens the device with its FPGA configured and its core idle, whatever the
   last test left. */
struct fixture open_idle(void);

struct clyde_pipe *open_pipe(struct fixture *fixture, enum clyde_pipe_id id,
	uint32_t size, uint32_t depth);
void set_mode(struct fixture *fixture, uint8_t mode);
uint32_t read_count(struct fixture *fixture);
void assert_sequence(uint64_t offset, const uint8_t *data, size_t size);

extern const struct CMUnitTest link_tests[], transfer_tests[], device_tests[],
	pipe_tests[], stream_tests[], thread_tests[], unplug_tests[],
	watch_tests[];
extern const size_t link_test_count, transfer_test_count, device_test_count,
	pipe_test_count, stream_test_count, thread_test_count,
	unplug_test_count, watch_test_count;

#endif
