/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A Glasgow by plain libusb, without any of libclyde: so that what the tests
 * in the VM find is the kernel's and the virtual device's.
 */
#ifndef TESTS_VM_GUEST_USB_H
#define TESTS_VM_GUEST_USB_H

#include <libusb.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/mgmt.h"
#include "wire/regs.h"
#include "wire/sequence.h"
#include "wire/usb.h"

struct guest {
	libusb_context *context;
	libusb_device_handle *handle;
	uint8_t serial; /* of the last management request */
};

/* Print a line and exit with status 1. */
void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* die() unless the result of a libusb call is a success. */
int check(int result, const char *what);

double seconds(void);

/* Wait for a Glasgow that enumerates, open it, claim all its interfaces and
   switch the management on. */
void guest_open(struct guest *guest);
void guest_close(struct guest *guest);

/* Transfers fail before the kernel has taken the device away: wait for that,
   but not for ever, as another may be there already. */
void guest_await_gone(void);

void guest_alternate(struct guest *guest, int interface, int alternate);

/* One request, one reply: its data, of `reply_size` bytes. */
void guest_command(struct guest *guest, uint8_t code, const void *data,
	int size, void *reply, int reply_size);

/* The FPGA's image by its id; all zero without one. */
void guest_status(struct guest *guest, struct mgmt_bitstream *ret_status);

/* Load a bitstream through EP2. */
void guest_load(struct guest *guest, const uint8_t *bitstream, uint32_t size,
	const uint8_t *id);

void guest_write_register(
	struct guest *guest, uint8_t address, const void *data, int size);
void guest_read_register(
	struct guest *guest, uint8_t address, void *data, int size);

#endif
