/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A hostile host: SETUP packets and packets to EP1 of any bytes and sizes, and
 * resets of the bus, while the host does not wait for answers, or not for long.
 * hostile.c draws what it does from a seed, and tests/fuzz/fuzz-firmware.c from
 * an input of the fuzzer.
 *
 * The firmware must never execute what the chip has no model for, never jam the
 * I2C bus, never answer with another request's data, and at the end still serve
 * requests.  Request 0xA0 must work at any time: it is the chip's own.
 */
#ifndef TESTS_FIRMWARE_HOST_H
#define TESTS_FIRMWARE_HOST_H

#include "requests.h"

struct host {
	struct device *device;
	const struct chip_image *firmware; /* which the device executes */
	struct random random;
	/* The first thing that is wrong; does not return. */
	void (*give_up)(const char *what);
	tick now; /* the host's own clock */
	/* Of the last two management requests: one may be under way, and the
	   reply to the one before not fetched. */
	uint8_t serials[2];
};

/* Draws the revision of the board, and makes a device that is on the bus. */
void host_open(struct host *host);
void host_close(struct host *host);

/* Do one thing, and let some time pass. */
void host_step(struct host *host);

/* After all steps: whether the device is still a device. */
void host_check_alive(struct host *host);

#endif
