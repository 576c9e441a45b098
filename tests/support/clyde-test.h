/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by the tests of the public API: cmocka, and a fixture, which is a
   context and an open device. */
#ifndef TESTS_CLYDE_TEST_H
#define TESTS_CLYDE_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/ask.h"
#include "clyde.h"

struct fixture {
	struct clyde_context *context;
	struct clyde_device *device;
};

static inline struct fixture open_uri(const char *uri)
{
	struct fixture fixture;

	assert_int_equal(clyde_context_new(&fixture.context), 0);
	/* With CLYDE_CAPTURE, the same tests run on the same device through a
	   capture. */
	assert_int_equal(
		clyde_context_capture(fixture.context, getenv("CLYDE_CAPTURE")),
		0);
	if (clyde_device_open(fixture.context, uri, NULL, &fixture.device) < 0)
		fail_msg("%s", clyde_error_message());
	return fixture;
}

/* Closes the context, and asserts that no object is left. */
static inline void close_fixture(struct fixture *fixture)
{
	clyde_context_close(fixture->context);
	assert_int_equal(clyde_live_objects(), 0);
}

static inline void assert_says(const char *part)
{
	if (strstr(clyde_error_message(), part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", clyde_error_message(),
			part);
	assert_null(strchr(clyde_error_message(), '\n'));
}

#endif
