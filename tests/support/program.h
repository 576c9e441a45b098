/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A program that does a bit of everything with the library, on a device where
 * any call may fail: what a failed one leaves behind is what it is about.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include "clyde-test.h"

struct program {
	const char *uri, *capture; /* NULL: no capture */
	/* What a call may return.  Whatever it is, it must say so. */
	bool (*may)(int result);
	bool again; /* a call that failed is made once more, and succeeds */
	struct clyde_context *context;
	struct clyde_device *device;
	unsigned failures;
};

/* Parts of it; each opens what it needs, and closes it. */
void program_list(struct program *program);
void program_monitor(struct program *program);
void program_load_firmware(struct program *program);
void program_load_image(struct program *program);
void program_command(struct program *program);
void program_stream(struct program *program);
void program_watch(struct program *program);
void program_run(struct program *program);

#define PROGRAM_PARTS 8
extern void (*const program_parts[PROGRAM_PARTS])(struct program *program);

/* Run one part, in a context of its own, and leave nothing. */
void program_do(struct program *program, void (*part)(struct program *program));

/* After an assertion that did not hold: close what it has left open. */
void program_end(void);

#endif
