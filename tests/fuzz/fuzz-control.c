/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the virtual Glasgow with any requests on EP0, eight bytes each, and
 * with packets to and from its pipes between them.  Each control transfer must
 * end and must move no more than it says, and the device must still return its
 * descriptor.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virtual/bus/bus.h"
#include "virtual/fx2/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LENGTH_MAX 1024

static uint8_t memory[LENGTH_MAX];

static void check(bool good)
{
	if (!good)
		abort();
}

/* Runs one transfer, for at most half a second; returns its result. */
static int carry(struct bus *bus, struct urb *urb)
{
	tick deadline = bus_now(bus) + 500000 * (tick)TICKS_PER_US;

	bus_submit(bus, urb);
	while (bus_now(bus) < deadline) {
		bus_run(bus, bus_now(bus) + TICKS_PER_MICROFRAME);
		if (bus_reap(bus) == urb)
			break;
	}
	if (bus_now(bus) >= deadline) {
		bus_cancel(bus, urb);
		check(bus_reap(bus) == urb || urb->status != -ECANCELED);
	}
	check(urb->actual <= urb->length);
	return urb->status < 0 ? urb->status : (int)urb->actual;
}

/* If the device has left the bus, because new firmware runs, waits until it is
   back. */
static void take_back(struct bus *bus)
{
	tick deadline = bus_now(bus) + 3000000 * (tick)TICKS_PER_US;

	while (bus_lost(bus) && !bus_enumerate(bus)) {
		check(bus_now(bus) < deadline);
		bus_run(bus, bus_now(bus) + 1000 * TICKS_PER_US);
	}
}

/* Only a departure of its own may be the reason for -ENODEV. */
static void check_result(struct bus *bus, int result)
{
	check(result != -ENODEV || bus_lost(bus));
	take_back(bus);
}

static void request(struct bus *bus, const uint8_t *bytes)
{
	struct urb urb = {.data = memory};
	int result;

	memcpy(&urb.setup, bytes, sizeof(urb.setup));
	if (urb.setup.wLength > LENGTH_MAX)
		urb.setup.wLength %= LENGTH_MAX + 1;
	urb.length = urb.setup.wLength;
	result = carry(bus, &urb);
	check(result >= 0 || result == -EPIPE || result == -ENODEV);
	check_result(bus, result);
}

/* Moves a packet or two on some endpoint, which may refuse for ever. */
static void move(struct bus *bus, uint8_t endpoint, uint16_t length)
{
	struct urb urb = {.endpoint = endpoint & 0x8f,
		.data = memory,
		.length = length % LENGTH_MAX};
	int result;

	if ((urb.endpoint & USB_ENDPOINT_MASK) == 0)
		return;
	result = carry(bus, &urb);
	check(result >= 0 || result == -EPIPE || result == -EOVERFLOW ||
		result == -ECANCELED || result == -ENODEV);
	check_result(bus, result);
}

/* Lets the 8051 run, if it was held, and reads the device descriptor. */
static void check_alive(struct bus *bus)
{
	struct urb run = {.setup = {0x40, USB_REQ_FX2_RAM, USB_FX2_CPUCS, 0, 1},
		.data = memory,
		.length = 1};
	struct urb get = {.setup = {USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
				  USB_DESC_DEVICE << 8, 0, 18},
		.data = memory,
		.length = 18};

	/* A device with new firmware may still leave the bus now. */
	bus_run(bus, bus_now(bus) + 2000 * TICKS_PER_US);
	take_back(bus);
	memory[0] = 0;
	check(carry(bus, &run) == 1);
	bus_run(bus, bus_now(bus) + 2000 * TICKS_PER_US);
	take_back(bus);
	check(carry(bus, &get) == 18 && memory[0] == 18 && memory[1] == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct faults none;
	const struct device_options options = {
		.revision = REVISION_C3, .serial = "20230101T120000Z"};
	struct device *device = device_new(&options, &none);
	struct bus *bus = bus_new(device_function(device), 13);

	check(bus != NULL);
	while (size >= 9) {
		if (data[0] & 1)
			request(bus, data + 1);
		else
			move(bus, data[1], data[2] << 8 | data[3]);
		data += 9;
		size -= 9;
	}
	check_alive(bus);
	bus_free(bus);
	device_free(device);
	return 0;
}
