/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Exit statuses: one for each cause that a script may want to tell apart, with
 * the value of <sysexits.h> where it has one.  status.c has the table that
 * "clyde help statuses" prints and clyde(1) repeats.  Values must not change.
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include <stdbool.h>
#include <stddef.h>

enum status {
	STATUS_OK = 0,
	STATUS_WRONG_DATA = 1,
	STATUS_USAGE = 64,
	STATUS_CORRUPT = 65,
	STATUS_DEADLOCK = 66,
	STATUS_NO_SERIAL = 68,
	STATUS_NO_DEVICE = 69,
	STATUS_INTERNAL = 70,
	STATUS_MEMORY = 71,
	STATUS_INPUT = 72,
	STATUS_OUTPUT = 73,
	STATUS_TRANSFER = 74,
	STATUS_TIMEOUT = 75,
	STATUS_PROTOCOL = 76,
	STATUS_PERMISSION = 77,
	STATUS_API_LEVEL = 78,
	STATUS_SEVERAL = 79,
	STATUS_LIMIT = 80,
	STATUS_FPGA = 81,
	STATUS_REFUSED = 82,
	STATUS_BUSY = 83,
	STATUS_ALERT = 84,
	STATUS_UNPLUGGED = 85,
	STATUS_UNFIT = 86,
	STATUS_IMAGE = 87,
	STATUS_PIN = 88,
	STATUS_PIN_TAKEN = 89,
	STATUS_CORE_TAKEN = 90,
	STATUS_NO_SUPPLY = 91,
	STATUS_ADDRESS = 92,
	STATUS_SELFTEST = 93,
	STATUS_CONNECTED = 94,
	STATUS_VERIFY = 95,
	STATUS_REVISION = 96,
	STATUS_TOO_LARGE = 97,
	STATUS_BACKUP = 98,
	STATUS_CONFIGURED = 99,
	STATUS_NO_PROGRAM = 100,
	STATUS_NO_CHIP = 101,
	STATUS_PROTECTED = 102,
	STATUS_LIMIT_PASSED = 103,
	STATUS_CHAIN = 104,
	STATUS_SVF = 105,
	STATUS_MISMATCH = 106,
	STATUS_NOT_EXECUTABLE = 126,
	STATUS_NOT_FOUND = 127,
	STATUS_HUNG_UP = 129,
	STATUS_INTERRUPTED = 130,
	STATUS_TERMINATED = 143,
};

/* The meaning of the status at an index from 0; NULL past the last. */
const char *status_at(size_t index, enum status *ret_status);

/*
 * The status for a result of the library.  Before a device is open (`opened`
 * is false), CLYDE_ERROR_NO_DEVICE means "not found" or "unplugged before use";
 * afterwards it means "unplugged while in use".
 */
enum status status_of(int result, bool opened);

#endif
