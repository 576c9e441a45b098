/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A hostile host: SETUP packets and packets to EP1 of any bytes and sizes, by a
 * seed, while the host does not wait for answers, or not for long:
 *	hostile FIRMWARE.ihex [FIRST [COUNT]]
 * The firmware must never execute what the chip has no model for, never jam the
 * I2C bus, never answer with another request's data, and at the end still serve
 * requests; and request 0xA0 must work, which is the chip's own.
 */
#include "requests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 100
#define US    TICKS_PER_US
/* A stage of a control transfer takes at least this long, as does the SETUP
   packet that follows. */
#define STAGE US

static struct chip_image firmware;
static uint64_t seed;

_Noreturn static void give_up(const char *what)
{
	printf("seed %llu: %s\n", (unsigned long long)seed, what);
	exit(1);
}

static struct function *function_of(struct rig *rig)
{
	return device_function(rig->device);
}

/* The host's own clock, beyond that of the bus. */
static tick now;

static void pass(struct rig *rig, tick ticks)
{
	now += ticks;
	function_of(rig)->ops->advance(function_of(rig), now);
	if (device_fault(rig->device))
		give_up(device_fault(rig->device));
}

/* Not request 0xA0 and SET_ADDRESS, which end the firmware or the address. */
static void any_setup(struct random *random, struct usb_setup *ret_setup)
{
	uint8_t *bytes = (uint8_t *)ret_setup;

	random_setup(random, ret_setup);
	if (random_percent(random, 30))
		bytes[random_below(random, sizeof(*ret_setup))] =
			random_below(random, 256);
	if (random_percent(random, 5))
		for (unsigned i = 0; i < sizeof(*ret_setup); i++)
			bytes[i] = random_below(random, 256);
	if ((ret_setup->bmRequestType & USB_TYPE_MASK) == USB_TYPE_VENDOR &&
		ret_setup->bRequest == USB_REQ_FX2_RAM)
		ret_setup->bRequest = 0;
	if (ret_setup->bRequest == USB_REQ_SET_ADDRESS)
		ret_setup->bRequest = USB_REQ_GET_STATUS;
}

/* Fetch some of the answer, or none. */
static void read_answer(struct rig *rig, struct random *random)
{
	struct function *function = function_of(rig);
	unsigned tries = random_below(random, 20);
	const uint8_t *data;
	uint16_t length;

	while (tries-- > 0) {
		pass(rig, random_below(random, 100) * US);
		if (function->ops->in(function, now, USB_DIR_IN, &data,
			    &length) == HANDSHAKE_ACK)
			function->ops->acked(function, now, USB_DIR_IN);
		if (random_percent(random, 10))
			function->ops->out(function, now, 0, data, 0);
	}
}

static void step_setup(struct rig *rig, struct random *random)
{
	struct usb_setup setup;

	any_setup(random, &setup);
	function_of(rig)->ops->setup(function_of(rig), now, &setup);
	read_answer(rig, random);
}

/* Of the last two requests: one may be under way, and the reply to the one
   before not fetched. */
static uint8_t serials[2];

/* No command that makes the board unlike others: EEPROM, and raw SMBus. */
static bool harmless(uint8_t code)
{
	return code != MGMT_WRITE_EEPROM && code != MGMT_WRITE_SMBUS;
}

static void step_request(struct rig *rig, struct random *random)
{
	struct function *function = function_of(rig);
	struct mgmt_packet request;
	uint16_t size = 2 + random_request(random, &request);

	request.serial = random_below(random, 256);
	if (random_percent(random, 10))
		size = random_below(random, sizeof(request) + 1);
	if (!harmless(request.code))
		return;
	if (function->ops->ping(function, now, USB_EP1_OUT) != HANDSHAKE_ACK)
		return;
	function->ops->out(
		function, now, USB_EP1_OUT, (const uint8_t *)&request, size);
	if (size > 0) {
		serials[0] = serials[1];
		serials[1] = request.serial;
	}
}

static void step_read(struct rig *rig)
{
	struct function *function = function_of(rig);
	const uint8_t *data;
	uint16_t length;

	if (function->ops->in(function, now, USB_EP1_IN, &data, &length) !=
		HANDSHAKE_ACK)
		return;
	if (length < 2 ||
		(data[0] != 0 && data[0] != serials[0] &&
			data[0] != serials[1]))
		give_up("a reply is that of no request");
	function->ops->acked(function, now, USB_EP1_IN);
}

static void step_bulk(struct rig *rig, struct random *random)
{
	static const uint8_t packet[USB_PACKET_SIZE];
	struct function *function = function_of(rig);
	uint8_t endpoint =
		random_percent(random, 80) ? USB_EP2_OUT : USB_EP4_OUT;

	if (function->ops->ping(function, now, endpoint) == HANDSHAKE_ACK)
		function->ops->out(function, now, endpoint, packet,
			random_below(random, 513));
}

static void step(struct rig *rig, struct random *random)
{
	static const uint16_t times[] = {0, 1, 20, 100, 1000, 5000};

	switch (random_below(random, 4)) {
	case 0:
		step_setup(rig, random);
		break;
	case 1:
		step_request(rig, random);
		break;
	case 2:
		step_read(rig);
		break;
	case 3:
		step_bulk(rig, random);
		break;
	}
	pass(rig, times[random_below(random, ARRAY_SIZE(times))] * (tick)US);
}

/* Carry a request out with patience: its size, or -EPIPE. */
static int carry_out(
	struct rig *rig, const struct usb_setup *setup, uint8_t *data)
{
	struct function *function = function_of(rig);
	tick until = now + 5000000 * (tick)US;
	bool read = setup->bmRequestType & USB_DIR_IN;
	int size = 0;
	const uint8_t *bytes;
	uint16_t length;

	function->ops->setup(function, now, setup);
	while (now < until) {
		enum handshake handshake = function->ops->in(
			function, now, USB_DIR_IN, &bytes, &length);

		if (handshake == HANDSHAKE_STALL)
			return -EPIPE;
		if (handshake == HANDSHAKE_ACK) {
			if (read)
				memcpy(data + size, bytes, length);
			function->ops->acked(function, now, USB_DIR_IN);
			pass(rig, STAGE);
			size += length;
			if (length < USB_EP0_PACKET_SIZE ||
				size >= setup->wLength)
				break;
		}
		pass(rig, 10 * US);
	}
	if (now >= until)
		give_up("a request has no answer");
	if (read)
		function->ops->out(function, now, 0, data, 0);
	pass(rig, STAGE);
	return size;
}

/* A request that comes in the very moment in which the one before is answered
   may be refused, once. */
static int insist(struct rig *rig, const struct usb_setup *setup, uint8_t *data)
{
	int result = carry_out(rig, setup, data);

	return result == -EPIPE ? carry_out(rig, setup, data) : result;
}

static void select_management(struct rig *rig)
{
	const struct usb_setup off = {USB_RECIP_INTERFACE,
		USB_REQ_SET_INTERFACE, USB_ALT_OFF, USB_IFACE_MGMT, 0};
	const struct usb_setup on = {USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE,
		USB_ALT_ON, USB_IFACE_MGMT, 0};

	if (insist(rig, &off, NULL) != 0 || insist(rig, &on, NULL) != 0)
		give_up("the management interface cannot be selected");
}

/* Replies that were under way may come first. */
static void ask(struct rig *rig, uint8_t code, uint8_t serial,
	struct mgmt_packet *ret_reply, uint16_t *ret_size)
{
	struct function *function = function_of(rig);
	const uint8_t request[] = {serial, code};
	tick until = now + 1000000 * (tick)US;
	bool sent = false;
	const uint8_t *data;

	while (now < until) {
		if (!sent &&
			function->ops->ping(function, now, USB_EP1_OUT) ==
				HANDSHAKE_ACK) {
			function->ops->out(function, now, USB_EP1_OUT, request,
				sizeof(request));
			sent = true;
		}
		if (function->ops->in(function, now, USB_EP1_IN, &data,
			    ret_size) == HANDSHAKE_ACK) {
			memcpy(ret_reply, data, *ret_size);
			function->ops->acked(function, now, USB_EP1_IN);
			if (data[0] == serial)
				return;
		}
		pass(rig, 10 * US);
	}
	give_up("a management request has no reply");
}

/* After all that, the device is a device. */
static void check_alive(struct rig *rig)
{
	const struct usb_setup descriptor = {USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
		USB_DESC_DEVICE << 8, 0, 18};
	const struct usb_setup ram = {
		USB_DIR_IN | USB_TYPE_VENDOR, USB_REQ_FX2_RAM, 0, 0, 64};
	uint8_t data[256];
	struct mgmt_packet reply;
	uint16_t size;

	if (insist(rig, &descriptor, data) != 18 || data[0] != 18)
		give_up("the device descriptor is another");
	select_management(rig);
	ask(rig, MGMT_GET_VLIMIT, 0xa5, &reply, &size);
	if (size != 2 + sizeof(struct mgmt_values) || reply.code != MGMT_ACK)
		give_up("GET_VLIMIT fails");
	ask(rig, MGMT_GET_VSENSE, 0x5a, &reply, &size);
	if (size != 2 + sizeof(struct mgmt_values) || reply.code != MGMT_ACK)
		give_up("GET_VSENSE fails");
	if (device_i2c_clashes(rig->device) > 0)
		give_up("the I2C bus was used in the middle of a byte");
	if (carry_out(rig, &ram, data) != 64 ||
		memcmp(data, firmware.data, 3) != 0)
		give_up("request 0xA0 fails");
}

static void run_seed(void)
{
	struct device_options options = rig_c3;
	struct random random;
	struct rig rig;

	random_seed(&random, seed);
	options.revision = REVISION_C0 + random_below(&random, 4);
	options.chip = true;
	options.firmware = &firmware;
	rig_open(&rig, &options, NULL);
	now = bus_now(rig.bus);
	memset(serials, 0, sizeof(serials));
	for (unsigned i = 0; i < STEPS; i++)
		step(&rig, &random);
	check_alive(&rig);
	rig_close(&rig);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	uint64_t count = argc > 3 ? strtoull(argv[3], NULL, 10) : 100;

	if (argc < 2)
		return 64;
	read_firmware(argv[1], &firmware);
	for (seed = first; seed < first + count; seed++)
		run_seed();
	printf("%llu seeds, %u steps each\n", (unsigned long long)count, STEPS);
	return 0;
}
