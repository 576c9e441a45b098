/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the FX2 that executes firmware: any code, loaded by request 0xA0, and
 * a host that sends any requests and packets meanwhile.  Each transfer ends or
 * can be cancelled, and moves no more than it says; request 0xA0 works whatever
 * the firmware does, unless that takes the device off the bus.  All happens
 * twice, with loops that wait skipped and executed, and ends alike.
 *
 * The input: the size of the code, two bytes; the code; then operations of nine
 * bytes.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "virtual/bus/bus.h"
#include "virtual/chip/internal.h"
#include "virtual/fx2/internal.h"

#define OPERATION  9
#define LENGTH_MAX 1024
/* How long a transfer may take: some thousand instructions. */
#define PATIENCE (8 * TICKS_PER_MICROFRAME)

static uint8_t memory[LENGTH_MAX];
static uint64_t seen; /* a hash of what the host has seen */

static void see(const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		seen = (seen ^ bytes[i]) * 0x100000001b3;
}

static int carry(struct bus *bus, struct urb *urb)
{
	tick deadline = bus_now(bus) + PATIENCE;
	struct urb *done = NULL;

	bus_submit(bus, urb);
	while (!done && bus_now(bus) < deadline) {
		bus_run(bus, bus_now(bus) + TICKS_PER_MICROFRAME);
		done = bus_reap(bus);
	}
	if (!done) {
		bus_kill(bus, urb);
		done = bus_reap(bus);
	}
	check(done == urb);
	check(urb->actual <= urb->length);
	check(urb->status != -ENODEV || bus_lost(bus));
	see(&urb->status, sizeof(urb->status));
	see(&urb->actual, sizeof(urb->actual));
	see(urb->data, urb->actual);
	return urb->status < 0 ? urb->status : (int)urb->actual;
}

/* Request 0xA0, in either direction. */
static int ram(struct bus *bus, uint8_t direction, uint16_t address,
	uint8_t *data, uint16_t size)
{
	struct urb urb = {
		.setup = {USB_TYPE_VENDOR | direction, USB_REQ_FX2_RAM, address,
			0, size},
		.data = data,
		.length = size,
	};

	return carry(bus, &urb);
}

static void operate(struct bus *bus, const uint8_t *bytes)
{
	struct urb urb = {.data = memory};

	if (bytes[0] & 1) {
		memcpy(&urb.setup, bytes + 1, sizeof(urb.setup));
		urb.setup.wLength %= LENGTH_MAX + 1;
		urb.length = urb.setup.wLength;
	} else {
		urb.endpoint = bytes[1] & 0x8f;
		urb.length = (bytes[2] << 8 | bytes[3]) % (LENGTH_MAX + 1);
		if ((urb.endpoint & USB_ENDPOINT_MASK) == 0)
			return;
	}
	carry(bus, &urb);
	if (bytes[0] == 2)
		bus_reset(bus);
	if (bytes[0] == 4)
		bus_run(bus, bus_now(bus) + bytes[4] * TICKS_PER_MICROFRAME);
	bus_enumerate(bus);
}

static struct device *make(void)
{
	static const struct faults none;
	static uint8_t blank[EEPROM_SIZE];
	const struct device_options options = {
		.revision = REVISION_C3,
		.serial = "20230101T120000Z",
		.chip = true,
		.eeprom = blank,
	};

	memset(blank, 0xff, sizeof(blank));
	return device_new(&options, &none);
}

static void play(struct device *device, struct bus *bus, const uint8_t *data,
	size_t size)
{
	uint8_t code[LENGTH_MAX], byte = 1;
	size_t length = size < 2 ? 0 : (data[0] << 8 | data[1]) % LENGTH_MAX;

	if (size >= 2 && length <= size - 2 && length > 0) {
		memcpy(code, data + 2, length);
		check(ram(bus, 0, USB_FX2_CPUCS, &byte, 1) == 1);
		check(ram(bus, 0, 0, code, length) == (int)length);
		byte = 0;
		check(ram(bus, 0, USB_FX2_CPUCS, &byte, 1) == 1 ||
			bus_lost(bus));
		data += 2 + length;
		size -= 2 + length;
	}
	for (; size >= OPERATION; data += OPERATION, size -= OPERATION)
		operate(bus, data);
	/* A reset of the bus, if it was the last operation, is over. */
	bus_run(bus, bus_now(bus) + 300 * TICKS_PER_MICROFRAME);
	bus_enumerate(bus);
	if (!bus_lost(bus) && !device_function(device)->detached) {
		byte = 1;
		check(ram(bus, 0, USB_FX2_CPUCS, &byte, 1) == 1 ||
			bus_lost(bus));
		check(bus_lost(bus) ||
			ram(bus, USB_DIR_IN, 0x100, code, 4) == 4);
	}
}

struct outcome {
	uint64_t seen;
	tick now;
	uint64_t cycles;
	struct mcs51_state state;
};

static void run(
	const uint8_t *data, size_t size, bool skips, struct outcome *ret)
{
	struct device *device = make();
	struct bus *bus = bus_new(device_function(device), 13);

	check(bus != NULL);
	seen = 0;
	memset(memory, 0, sizeof(memory));
	device->chip->unskipped = !skips;
	play(device, bus, data, size);
	chip_catch_up(device->chip);
	memset(ret, 0, sizeof(*ret));
	ret->seen = seen;
	ret->now = bus_now(bus);
	ret->cycles = device->chip->cpu.cycles;
	ret->state = device->chip->cpu.state;
	bus_free(bus);
	device_free(device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome skipped, executed;

	run(data, size, true, &skipped);
	run(data, size, false, &executed);
	check(memcmp(&skipped, &executed, sizeof(skipped)) == 0);
	return 0;
}
