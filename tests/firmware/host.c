/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Implements host.h.  A call that gives up does not return. */
#include "host.h"

#include <errno.h>
#include <string.h>

#define US TICKS_PER_US
/* A stage of a control transfer takes at least this long, as does the SETUP
   packet that follows. */
#define STAGE US
/* A reset of the bus, until the host has configured the device again. */
#define RESET                  (30000 * (tick)US)
#define DEVICE_DESCRIPTOR_SIZE 18

static struct function *function_of(struct host *host)
{
	return device_function(host->device);
}

static void pass(struct host *host, tick ticks)
{
	host->now += ticks;
	function_of(host)->ops->advance(function_of(host), host->now);
	if (device_fault(host->device))
		host->give_up(device_fault(host->device));
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

/* ---- Endpoint 0 ---- */

/* The first packet of a reply belongs to the request: a descriptor is of the
   type that was asked for, and other answers have a size of their own. */
static void check_answer(struct host *host, const struct usb_setup *setup,
	const uint8_t *data, uint16_t length)
{
	uint16_t size = UINT16_MAX;

	if (length > USB_EP0_PACKET_SIZE || length > setup->wLength)
		host->give_up("an answer is longer than the request allows");
	if ((setup->bmRequestType & USB_TYPE_MASK) != USB_TYPE_STANDARD)
		return;
	switch (setup->bRequest) {
	case USB_REQ_GET_DESCRIPTOR:
		if (length >= 2 && data[1] != setup->wValue >> 8)
			host->give_up("a descriptor is another");
		return;
	case USB_REQ_GET_STATUS:
		size = 2;
		break;
	case USB_REQ_GET_CONFIGURATION:
	case USB_REQ_GET_INTERFACE:
		size = 1;
		break;
	}
	if (length > size)
		host->give_up("an answer is that of another request");
}

/* Fetch some of the answer, or none. */
static void read_answer(struct host *host, const struct usb_setup *setup)
{
	struct function *function = function_of(host);
	unsigned tries = random_below(&host->random, 20);
	bool first = setup->bmRequestType & USB_DIR_IN && setup->wLength > 0;
	const uint8_t *data;
	uint16_t length;

	while (tries-- > 0) {
		pass(host, random_below(&host->random, 100) * US);
		if (function->ops->in(function, host->now, USB_DIR_IN, &data,
			    &length) == HANDSHAKE_ACK) {
			if (first)
				check_answer(host, setup, data, length);
			first = false;
			function->ops->acked(function, host->now, USB_DIR_IN);
		}
		if (random_percent(&host->random, 10))
			function->ops->out(function, host->now, 0, data, 0);
	}
}

static void step_setup(struct host *host)
{
	struct usb_setup setup;

	any_setup(&host->random, &setup);
	function_of(host)->ops->setup(function_of(host), host->now, &setup);
	read_answer(host, &setup);
}

/* Carry a request out with patience: its size, or -EPIPE. */
static int carry_out(
	struct host *host, const struct usb_setup *setup, uint8_t *data)
{
	struct function *function = function_of(host);
	tick until = host->now + 5000000 * (tick)US;
	bool read = setup->bmRequestType & USB_DIR_IN;
	int size = 0;
	const uint8_t *bytes;
	uint16_t length;

	function->ops->setup(function, host->now, setup);
	while (host->now < until) {
		enum handshake handshake = function->ops->in(
			function, host->now, USB_DIR_IN, &bytes, &length);

		if (handshake == HANDSHAKE_STALL)
			return -EPIPE;
		if (handshake == HANDSHAKE_ACK) {
			if (read)
				memcpy(data + size, bytes, length);
			function->ops->acked(function, host->now, USB_DIR_IN);
			pass(host, STAGE);
			size += length;
			if (length < USB_EP0_PACKET_SIZE ||
				size >= setup->wLength)
				break;
		}
		pass(host, 10 * US);
	}
	if (host->now >= until)
		host->give_up("a request has no answer");
	if (read)
		function->ops->out(function, host->now, 0, data, 0);
	pass(host, STAGE);
	return size;
}

/* A request that comes in the very moment in which the one before is answered
   may be refused, once. */
static int insist(
	struct host *host, const struct usb_setup *setup, uint8_t *data)
{
	int result = carry_out(host, setup, data);

	return result == -EPIPE ? carry_out(host, setup, data) : result;
}

/* Request 0xA0: the firmware's first instruction can be read. */
static void step_ram(struct host *host)
{
	static const struct usb_setup ram = {
		USB_DIR_IN | USB_TYPE_VENDOR, USB_REQ_FX2_RAM, 0, 0, 64};
	uint8_t data[USB_EP0_PACKET_SIZE];

	if (carry_out(host, &ram, data) != sizeof(data) ||
		memcmp(data, host->firmware->data, 3) != 0)
		host->give_up("request 0xA0 fails");
}

/* The host leaves the device alone until it has configured it again. */
static void step_reset(struct host *host)
{
	function_of(host)->ops->reset(function_of(host), host->now);
	pass(host, RESET);
}

/* ---- Endpoints 1, 2 and 4 ---- */

/* No command that makes the board unlike others: EEPROM, and raw SMBus. */
static bool harmless(uint8_t code)
{
	return code != MGMT_WRITE_EEPROM && code != MGMT_WRITE_SMBUS;
}

static void step_request(struct host *host)
{
	struct function *function = function_of(host);
	struct mgmt_packet request;
	uint16_t size = 2 + random_request(&host->random, &request);

	request.serial = random_below(&host->random, 256);
	if (random_percent(&host->random, 10))
		size = random_below(&host->random, sizeof(request) + 1);
	if (!harmless(request.code))
		return;
	if (function->ops->ping(function, host->now, USB_EP1_OUT) !=
		HANDSHAKE_ACK)
		return;
	function->ops->out(function, host->now, USB_EP1_OUT,
		(const uint8_t *)&request, size);
	if (size > 0) {
		host->serials[0] = host->serials[1];
		host->serials[1] = request.serial;
	}
}

static void step_read(struct host *host)
{
	struct function *function = function_of(host);
	const uint8_t *data;
	uint16_t length;

	if (function->ops->in(function, host->now, USB_EP1_IN, &data,
		    &length) != HANDSHAKE_ACK)
		return;
	if (length < 2 ||
		(data[0] != 0 && data[0] != host->serials[0] &&
			data[0] != host->serials[1]))
		host->give_up("a reply is that of no request");
	function->ops->acked(function, host->now, USB_EP1_IN);
}

static void step_bulk(struct host *host)
{
	static const uint8_t packet[USB_PACKET_SIZE];
	struct function *function = function_of(host);
	uint8_t endpoint =
		random_percent(&host->random, 80) ? USB_EP2_OUT : USB_EP4_OUT;

	if (function->ops->ping(function, host->now, endpoint) == HANDSHAKE_ACK)
		function->ops->out(function, host->now, endpoint, packet,
			random_below(&host->random, 513));
}

/* ---- The host ---- */

void host_step(struct host *host)
{
	static const uint16_t times_us[] = {0, 1, 20, 100, 1000, 5000};
	static void (*const steps[])(struct host * host) = {step_setup,
		step_request, step_read, step_bulk, step_setup, step_request,
		step_read, step_bulk, step_setup, step_request, step_read,
		step_bulk, step_setup, step_request, step_ram, step_reset};

	steps[random_below(&host->random, ARRAY_SIZE(steps))](host);
	pass(host,
		times_us[random_below(&host->random, ARRAY_SIZE(times_us))] *
			(tick)US);
}

static void select_management(struct host *host)
{
	const struct usb_setup off = {USB_RECIP_INTERFACE,
		USB_REQ_SET_INTERFACE, USB_ALT_OFF, USB_IFACE_MGMT, 0};
	const struct usb_setup on = {USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE,
		USB_ALT_ON, USB_IFACE_MGMT, 0};

	if (insist(host, &off, NULL) != 0 || insist(host, &on, NULL) != 0)
		host->give_up("the management interface cannot be selected");
}

/* Replies that were under way may come first. */
static void ask(struct host *host, uint8_t code, uint8_t serial,
	struct mgmt_packet *ret_reply, uint16_t *ret_size)
{
	struct function *function = function_of(host);
	const uint8_t request[] = {serial, code};
	tick until = host->now + 1000000 * (tick)US;
	bool sent = false;
	const uint8_t *data;

	while (host->now < until) {
		if (!sent &&
			function->ops->ping(function, host->now, USB_EP1_OUT) ==
				HANDSHAKE_ACK) {
			function->ops->out(function, host->now, USB_EP1_OUT,
				request, sizeof(request));
			sent = true;
		}
		if (function->ops->in(function, host->now, USB_EP1_IN, &data,
			    ret_size) == HANDSHAKE_ACK) {
			memcpy(ret_reply, data, *ret_size);
			function->ops->acked(function, host->now, USB_EP1_IN);
			if (data[0] == serial)
				return;
		}
		pass(host, 10 * US);
	}
	host->give_up("a management request has no reply");
}

void host_check_alive(struct host *host)
{
	const struct usb_setup descriptor = {USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
		USB_DESC_DEVICE << 8, 0, DEVICE_DESCRIPTOR_SIZE};
	uint8_t data[DEVICE_DESCRIPTOR_SIZE];
	struct mgmt_packet reply;
	uint16_t size;

	if (insist(host, &descriptor, data) != sizeof(data) ||
		data[0] != sizeof(data))
		host->give_up("the device descriptor is another");
	select_management(host);
	ask(host, MGMT_GET_VLIMIT, 0xa5, &reply, &size);
	if (size != 2 + sizeof(struct mgmt_values) || reply.code != MGMT_ACK)
		host->give_up("GET_VLIMIT fails");
	ask(host, MGMT_GET_VSENSE, 0x5a, &reply, &size);
	if (size != 2 + sizeof(struct mgmt_values) || reply.code != MGMT_ACK)
		host->give_up("GET_VSENSE fails");
	if (device_i2c_clashes(host->device) > 0)
		host->give_up("the I2C bus was used in the middle of a byte");
	step_ram(host);
}

void host_open(struct host *host)
{
	static const struct faults none;
	const struct device_options options = {
		.revision = REVISION_C0 + random_below(&host->random, 4),
		.serial = "20230101T120000Z",
		.chip = true,
		.firmware = host->firmware,
	};

	host->device = device_new(&options, &none);
	if (host->device == NULL)
		host->give_up("there is no memory");
	host->now = 0;
	memset(host->serials, 0, sizeof(host->serials));
}

void host_close(struct host *host)
{
	device_free(host->device);
}
