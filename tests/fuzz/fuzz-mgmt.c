/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the virtual Glasgow's management with any packets on EP1 OUT: each
 * must have exactly one reply, of at most 64 B, with its serial.  The first
 * byte is the revision and whether the FPGA is configured; then a length and as
 * many bytes, again and again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/internal.h"
#include "virtual/bus/bus.h"
#include "virtual/fx2/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PATIENCE (1000000 * (tick)TICKS_PER_US)

static void check(bool good)
{
	if (!good)
		abort();
}

/* Runs one transfer until it completes or the time is over; returns its
   size. */
static int carry(struct bus *bus, struct urb *urb, tick timeout)
{
	tick deadline = bus_now(bus) + timeout;

	bus_submit(bus, urb);
	while (bus_now(bus) < deadline) {
		bus_run(bus, bus_now(bus) + TICKS_PER_MICROFRAME);
		if (bus_reap(bus) == urb)
			return urb->status < 0 ? urb->status : (int)urb->actual;
	}
	bus_cancel(bus, urb);
	check(bus_reap(bus) == urb);
	return urb->status < 0 ? urb->status : (int)urb->actual;
}

static int receive(struct bus *bus, uint8_t *reply, tick timeout)
{
	struct urb urb = {.endpoint = USB_EP1_IN, .data = reply, .length = 512};
	int size = carry(bus, &urb, timeout);

	check(size == -ECANCELED || (size >= 2 && size <= MGMT_PACKET_SIZE));
	return size;
}

static bool is_alert(const uint8_t *reply, int size)
{
	return size == 8 && reply[0] == 0 && reply[1] == MGMT_ALERT;
}

static void exchange(struct bus *bus, uint8_t *request, size_t size)
{
	struct urb urb = {
		.endpoint = USB_EP1_OUT, .data = request, .length = size};
	uint8_t reply[512];
	int length;

	check(carry(bus, &urb, PATIENCE) == (int)size);
	do
		length = receive(bus, reply, PATIENCE);
	while (is_alert(reply, length));
	check(length >= 2 && reply[0] == request[0]);
	check(reply[1] == MGMT_ACK || reply[1] == MGMT_WAIT ||
		reply[1] == MGMT_ERROR);
	check(size >= 2 || reply[1] == MGMT_ERROR);
	check(request[0] != 0 || reply[1] == MGMT_ERROR);
	if (reply[1] == MGMT_ERROR)
		for (int i = 2; i < length; i++)
			check(reply[i] == 0);
	do
		length = receive(bus, reply, 1000 * (tick)TICKS_PER_US);
	while (is_alert(reply, length));
	check(length == -ECANCELED);
}

static void configure(struct device *device)
{
	static struct bitstream port;
	static bool fed;

	if (!fed) {
		bitstream_reset(&port);
		bitstream_feed(&port, image_bytes, image_size);
		fed = true;
	}
	check(device_preload(device, &port, image_size, image_id));
}

static struct device *make_device(uint8_t kind)
{
	static const struct faults none;
	struct device_options options = {
		.revision = REVISION_C0 + (kind & 3),
		.serial = "20230101T120000Z",
		.sense_mv = {3300, 1000},
		.load_ua = {200000, 1000},
	};
	struct device *device = device_new(&options, &none);

	check(device != NULL);
	if (kind & 4)
		configure(device);
	return device;
}

static void enable(struct bus *bus)
{
	struct urb urb = {.setup = {USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE,
				  USB_ALT_ON, USB_IFACE_MGMT, 0}};

	check(carry(bus, &urb, PATIENCE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct device *device;
	struct bus *bus;

	if (size == 0)
		return 0;
	device = make_device(data[0]);
	bus = bus_new(device_function(device), 13);
	check(bus != NULL);
	enable(bus);
	for (size_t at = 1; at < size;) {
		size_t length = data[at++] % MGMT_PACKET_SIZE + 1u;
		uint8_t request[MGMT_PACKET_SIZE];

		if (length > size - at)
			length = size - at;
		memcpy(request, data + at, length);
		at += length;
		if (length > 0)
			exchange(bus, request, length);
	}
	bus_free(bus);
	device_free(device);
	return 0;
}
