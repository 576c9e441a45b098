/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A configured FPGA at time 0, for a device that executes firmware: only the
 * firmware knows that the FPGA is configured, so a host loads it before the time
 * begins.  The bytes that it sends are zeros; the FPGA gets its configuration
 * in one step meanwhile.  boot.c calls preload_chip().
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#include "virtual/bus/bus.h"

/* Of any transfer: the firmware may wait for supplies to discharge. */
#define LIMIT_TICKS (2000000 * (tick)TICKS_PER_US)
#define TRIES_MAX   10000

static bool carry(struct bus *bus, struct urb *urb)
{
	tick limit = bus_now(bus) + LIMIT_TICKS;

	bus_submit(bus, urb);
	while (bus_reap(bus) == NULL)
		if (bus_now(bus) >= limit || !bus_run(bus, limit))
			return false;
	return urb->status == 0;
}

static bool select_setting(
	struct bus *bus, uint8_t interface, uint8_t alternate)
{
	struct urb urb = {
		.setup = {.bmRequestType = USB_RECIP_INTERFACE,
			.bRequest = USB_REQ_SET_INTERFACE,
			.wValue = alternate,
			.wIndex = interface},
	};

	return carry(bus, &urb);
}

static bool send(struct bus *bus, size_t size)
{
	uint8_t *zeros = calloc(1, size);
	struct urb urb = {
		.endpoint = USB_EP2_OUT, .data = zeros, .length = size};
	bool sent = zeros && carry(bus, &urb);

	free(zeros);
	return sent;
}

/* FPGA_LOAD_CFG, again and again while the firmware says WAIT. */
static bool start(
	struct bus *bus, size_t size, const uint8_t id[FPGA_ID_SIZE])
{
	struct mgmt_packet request = {
		.serial = 1, .code = MGMT_FPGA_LOAD_CFG};
	struct mgmt_packet reply = {.code = MGMT_WAIT};

	request.data.bitstream.size = size;
	memcpy(request.data.bitstream.id, id, FPGA_ID_SIZE);
	for (unsigned i = 0; i < TRIES_MAX && reply.code == MGMT_WAIT; i++) {
		struct urb out = {
			.endpoint = USB_EP1_OUT,
			.data = (uint8_t *)&request,
			.length = 2 + sizeof(request.data.bitstream),
		};
		struct urb in = {
			.endpoint = USB_EP1_IN,
			.data = (uint8_t *)&reply,
			.length = sizeof(reply),
		};

		if (!carry(bus, &out) || !carry(bus, &in))
			return false;
	}
	return reply.code == MGMT_ACK;
}

static bool load(struct bus *bus, struct device *device,
	const struct bitstream *port, size_t size,
	const uint8_t id[FPGA_ID_SIZE])
{
	bool loaded;

	if (!select_setting(bus, USB_IFACE_MGMT, USB_ALT_ON) ||
		!select_setting(bus, USB_IFACE_EP2OUT, USB_ALT_CFG) ||
		!send(bus, size))
		return false;
	device->fpga->ops->restore(device->fpga, port);
	loaded = start(bus, size, id);
	return select_setting(bus, USB_IFACE_EP2OUT, USB_ALT_OFF) &&
		select_setting(bus, USB_IFACE_MGMT, USB_ALT_OFF) && loaded;
}

bool preload_chip(struct device *device, const struct bitstream *port,
	size_t size, const uint8_t id[FPGA_ID_SIZE])
{
	struct bus *bus = bus_new(chip_function(device->chip), 13);
	bool loaded;

	if (bus == NULL)
		return false;
	loaded = load(bus, device, port, size, id);
	chip_restart_time(device->chip, bus_now(bus));
	bus_free(bus);
	return loaded;
}
