/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the cores of the image's model, with a UART that echoes on the pins:
 * the input is a list of operations on registers and streams.  Every transfer
 * must end, and the device must answer to the end.
 */
#include <errno.h>

#include "fuzz.h"
#include "lib/base/internal.h"
#include "virtual/bus/bus.h"
#include "virtual/fx2/device.h"
#include "wire/core-gpio.h"
#include "wire/core-uart.h"

#define DATA_MAX 2048

static struct bus *bus;
static uint8_t buffer[DATA_MAX];

static int carry(struct urb *urb, unsigned timeout_us)
{
	tick deadline = bus_now(bus) + timeout_us * (tick)TICKS_PER_US;

	bus_submit(bus, urb);
	while (bus_now(bus) < deadline) {
		bus_run(bus, deadline);
		if (bus_reap(bus) == urb)
			return urb->status < 0 ? urb->status : (int)urb->actual;
	}
	bus_cancel(bus, urb);
	check(bus_reap(bus) == urb);
	check(urb->actual <= urb->length);
	return urb->status < 0 ? urb->status : (int)urb->actual;
}

static void select_alternate(uint8_t interface, uint8_t alternate)
{
	struct urb urb = {.setup = {USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE,
				  alternate, interface, 0}};
	int result = carry(&urb, 1000000);

	check(result == 0 || result == -EPIPE);
}

/* Sends a command; returns the size of its reply. */
static int ask(uint8_t code, const void *data, size_t size, uint8_t reply[64])
{
	struct mgmt_packet request = {.serial = 1, .code = code};
	struct urb out = {.endpoint = USB_EP1_OUT,
		.data = (uint8_t *)&request,
		.length = 2 + size};
	struct urb in = {.endpoint = USB_EP1_IN, .data = reply, .length = 64};
	int result;

	memcpy(&request.data, data, size);
	check(carry(&out, 1000000) == (int)out.length);
	do
		result = carry(&in, 1000000);
	while (result >= 2 && reply[0] == 0);
	check(result >= 2 && reply[0] == 1);
	return reply[1] == MGMT_ACK ? result - 2 : -EREMOTEIO;
}

static int set_registers(uint8_t address, const void *data, size_t size)
{
	struct mgmt_register_write write = {.address = address};
	uint8_t reply[64];

	memcpy(write.data, data, size);
	return ask(MGMT_FPGA_SET_REG, &write, 1 + size, reply);
}

/* ---- Operations ------------------------------------------------------- */

static void do_set_registers(struct input *input)
{
	/* The first registers of each core and of the bridge. */
	static const uint8_t bases[] = {REG_FLUSH, REG_STREAM, REG_PIN,
		REG_INPUT, CORE_BASE_BENCHMARK, CORE_BASE_UART, CORE_BASE_GPIO,
		0};
	uint8_t where = take_byte(input), size = take_byte(input) % 17;
	uint8_t data[16];

	take_bytes(input, data, size);
	where = bases[where & 7] + (where >> 3);
	if (where > REG_PRIVATE_LAST)
		set_registers(where, data, size);
}

static void do_get_registers(struct input *input)
{
	struct mgmt_register_read read = {
		take_byte(input), take_byte(input) % 33};
	uint8_t reply[64];
	int result = ask(MGMT_FPGA_GET_REG, &read, sizeof(read), reply);

	check(result == read.length || result == -EREMOTEIO);
}

static void do_send(struct input *input)
{
	uint8_t kind = take_byte(input);
	struct urb urb = {
		.endpoint = kind & 1 ? USB_EP4_OUT : USB_EP2_OUT,
		.data = buffer,
		.length = kind & 2 ? take_word(input) % DATA_MAX : kind >> 2,
	};

	take_bytes(input, buffer, urb.length < 64 ? urb.length : 64);
	carry(&urb, 600);
}

static void do_receive(struct input *input)
{
	uint8_t kind = take_byte(input);
	struct urb urb = {
		.endpoint = kind & 1 ? USB_EP8_IN : USB_EP6_IN,
		.data = buffer,
		.length = 512 * (kind >> 1 & 3),
	};

	carry(&urb, 600);
}

static void do_wait(struct input *input)
{
	bus_run(bus, bus_now(bus) + take_byte(input) * 10 * TICKS_PER_US);
}

/* Attaches a core to its streams and to the pins A0 and A1. */
static void do_attach(struct input *input)
{
	uint8_t kind = take_byte(input), core = kind % (CORE_COUNT + 2);
	uint8_t streams[4] = {0}, outputs[2] = {0, 0};
	uint8_t control[8] = {UART_TRANSMIT | UART_RECEIVE | 3, 3, 0, 0, 0,
		take_byte(input), 0, 0};
	uint8_t rx = INPUT_CONNECTED | (kind >> 7);

	streams[kind >> 4 & 1] = core;
	streams[2 + (kind >> 5 & 1)] = core;
	set_registers(REG_STREAM, streams, sizeof(streams));
	outputs[kind >> 7 ^ 1] = core == CORE_SPI ? OUTPUT_SPI + (kind >> 6 & 1)
		: core == CORE_PROBE ? OUTPUT_PROBE + (kind >> 6 & 1)
		: kind & 0x40        ? OUTPUT_GPIO
				     : OUTPUT_UART;
	set_registers(REG_PIN, outputs, sizeof(outputs));
	set_registers(REG_INPUT + INPUT_UART, &rx, 1);
	set_registers(REG_INPUT + INPUT_SPI + 1, &rx, 1);
	set_registers(REG_INPUT + INPUT_PROBE, &rx, 1);
	set_registers(REG_UART_CONTROL, control, sizeof(control));
}

static void do_command(struct input *input)
{
	uint8_t code = take_byte(input), size = take_byte(input) % 16;
	uint8_t data[16], reply[64];

	take_bytes(input, data, size);
	ask(code, data, size, reply);
}

static void act(struct input *input)
{
	static void (*const operations[])(struct input * input) = {
		do_set_registers, do_get_registers, do_send, do_receive,
		do_wait, do_attach, do_command};
	uint8_t operation = take_byte(input);

	if (operation % 8 < 7)
		operations[operation % 8](input);
	else
		select_alternate(1 + (operation >> 3) % (USB_IFACE_COUNT - 1),
			operation >> 7);
}

/* ---- The device ------------------------------------------------------- */

static struct device *new_device(void)
{
	static const struct device_options options = {
		.revision = REVISION_C3,
		.serial = "20230101T120000Z",
		.parts = {"uart-echo@rx=A1:tx=A0:baud=3000000"},
	};
	static const struct faults none;
	static struct bitstream port;
	struct device *device = device_new(&options, &none);

	if (!bitstream_done(&port)) {
		bitstream_reset(&port);
		bitstream_feed(&port, image_bytes, image_size);
	}
	check(device && device_preload(device, &port, image_size, image_id));
	return device;
}

/* Turns the ports on and opens the pipes. */
static void prepare(void)
{
	struct mgmt_values supply = {3, {3300, 3300}};
	uint8_t reply[64];

	for (uint8_t i = 0; i < USB_IFACE_COUNT; i++)
		select_alternate(i, USB_ALT_ON);
	check(ask(MGMT_SET_VSUPPLY, &supply, sizeof(supply), reply) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct device *device = new_device();
	uint8_t reply[64];

	bus = bus_new(device_function(device), 13);
	check(bus != NULL);
	prepare();
	for (unsigned i = 0; i < 64 && input.size > 0; i++)
		act(&input);
	select_alternate(USB_IFACE_MGMT, USB_ALT_ON);
	check(ask(MGMT_FPGA_STATUS, "", 0, reply) ==
		sizeof(struct mgmt_bitstream));
	bus_free(bus);
	device_free(device);
	return 0;
}
