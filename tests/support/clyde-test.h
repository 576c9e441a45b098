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

struct bench_top {
	struct clyde_context *context;
	struct clyde_device *device;
};

static inline struct bench_top open_uri(const char *uri)
{
	struct bench_top top;

	assert_int_equal(clyde_context_new(&top.context), 0);
	/* With CLYDE_CAPTURE, the same tests run on the same device through a
	   capture. */
	assert_int_equal(
		clyde_context_capture(top.context, getenv("CLYDE_CAPTURE")), 0);
	if (clyde_device_open(top.context, uri, NULL, &top.device) < 0)
		fail_msg("%s", clyde_error_message());
	return top;
}

/* Closes the context, and asserts that no object is left. */
static inline void close_top(struct bench_top *top)
{
	clyde_context_close(top->context);
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
