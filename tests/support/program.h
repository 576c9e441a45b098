/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A program that uses most of the library, on a device on which any call may
 * fail.  Each failed call must be one that may fail, must leave a sentence, and
 * must leave nothing behind.  Used by test-failing and test-failing-usb.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include "clyde-test.h"

struct program {
	const char *uri, *capture; /* NULL: no capture. */
	/* Returns whether a call may return this.  Whatever it returns, it must
	   leave a sentence. */
	bool (*may)(int result);
	/* A call that failed is made once more, and must succeed. */
	bool again;
	struct clyde_context *context;
	struct clyde_device *device;
	unsigned failures;
};

/* The parts of the program; each opens what it needs. */
void program_list(struct program *program);
void program_monitor(struct program *program);
void program_load_firmware(struct program *program);
void program_load_image(struct program *program);
void program_command(struct program *program);
void program_stream(struct program *program);
void program_watch(struct program *program);
void program_run(struct program *program);
void program_spi(struct program *program);
void program_jtag(struct program *program);
/* Needs a device with PROGRAM_FLASH in its URI. */
void program_flash(struct program *program);

#define PROGRAM_FLASH                                                     \
	"part=flash25@cs=B0:sck=B1:io0=B2:io1=B3:io2=B4:io3=B5:size=64K:" \
	"t-pp=5us:t-se=20us:t-w=5us"

/* Needs a device with PROGRAM_TAP in its URI. */
void program_svf(struct program *program);

#define PROGRAM_TAP                                         \
	"part=tap@tck=B0:tms=B1:tdi=B2:tdo=B3:ir=6:idcode=" \
	"0362d093"

#define PROGRAM_PARTS 12
extern void (*const program_parts[PROGRAM_PARTS])(struct program *program);

/* Runs one part in a context of its own; asserts that nothing is left. */
void program_do(struct program *program, void (*part)(struct program *program));

/* Closes what is still open after a failed assertion. */
void program_end(void);

#endif
