/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Uses a Glasgow by plain libusb, without libclyde, so that an error that the
   tests in the VM find is one of the kernel or of the virtual device. */
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
	uint8_t serial; /* Of the last management request. */
};

/* Prints a line and exits with status 1. */
void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* Dies unless the result of a libusb call is a success. */
int check(int result, const char *what);

double seconds(void);

/* Waits for a Glasgow that enumerates, opens it, claims all its interfaces and
   turns the management interface on. */
void guest_open(struct guest *guest);
void guest_close(struct guest *guest);

/* Waits until the kernel has removed the device, since transfers fail before
   that.  The wait has an end, as another device may be there already. */
void guest_await_gone(void);

void guest_alternate(struct guest *guest, int interface, int alternate);

/* Sends one request; returns the data of its reply, `reply_size` bytes. */
void guest_command(struct guest *guest, uint8_t code, const void *data,
	int size, void *reply, int reply_size);

/* Returns the id of the FPGA's image; all zeros without one. */
void guest_status(struct guest *guest, struct mgmt_bitstream *ret_status);

/* Loads a bitstream through EP2. */
void guest_load(struct guest *guest, const uint8_t *bitstream, uint32_t size,
	const uint8_t *id);

void guest_write_register(
	struct guest *guest, uint8_t address, const void *data, int size);
void guest_read_register(
	struct guest *guest, uint8_t address, void *data, int size);

#endif
