/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Fuzzes the emulated usbfs and usbredir with any descriptors of a device that
 * is plugged in.  In the input each answer begins with its length; a length of
 * 255 is a stall.
 */
#include <errno.h>

#include "fuzz.h"
#include "plug/redir/describe.h"
#include "plug/usbfs/internal.h"

/* ---- A function that answers requests from the input ------------------ */

#define ANSWER_MAX 1024

struct teller {
	struct function function; /* First, so that both have one address. */
	struct input input;
	struct usb_setup setup;
	uint8_t answer[ANSWER_MAX];
	uint16_t size, at;
	bool stalled, status;
};

#define TELLER(pointer) ((struct teller *)(pointer))

static void setup(
	struct function *function, tick now, const struct usb_setup *request)
{
	struct teller *teller = TELLER(function);
	uint8_t length = 0;

	(void)now;
	teller->setup = *request;
	teller->at = teller->size = 0;
	teller->stalled = false;
	if (!(request->bmRequestType & USB_DIR_IN))
		return;
	length = take_byte(&teller->input);
	teller->stalled = length == 255;
	teller->size = length * (teller->setup.wLength > 255 ? 4 : 1);
	if (teller->size > teller->setup.wLength)
		teller->size = teller->setup.wLength;
	if (teller->size > ANSWER_MAX)
		teller->size = ANSWER_MAX;
	take_bytes(&teller->input, teller->answer, teller->size);
}

static enum handshake ping(
	struct function *function, tick now, uint8_t endpoint)
{
	(void)now;
	(void)endpoint;
	return TELLER(function)->stalled ? HANDSHAKE_STALL : HANDSHAKE_ACK;
}

static enum handshake out(struct function *function, tick now, uint8_t endpoint,
	const uint8_t *data, uint16_t length)
{
	(void)data;
	(void)length;
	return ping(function, now, endpoint);
}

static enum handshake in(struct function *function, tick now, uint8_t endpoint,
	const uint8_t **ret_data, uint16_t *ret_length)
{
	struct teller *teller = TELLER(function);
	uint16_t left = teller->size - teller->at;

	*ret_data = teller->answer + teller->at;
	*ret_length = left < USB_EP0_PACKET_SIZE ? left : USB_EP0_PACKET_SIZE;
	return ping(function, now, endpoint);
}

static void acked(struct function *function, tick now, uint8_t endpoint)
{
	struct teller *teller = TELLER(function);
	uint16_t left = teller->size - teller->at;

	(void)now;
	(void)endpoint;
	teller->at += left < USB_EP0_PACKET_SIZE ? left : USB_EP0_PACKET_SIZE;
}

static tick advance(struct function *function, tick now)
{
	(void)function;
	(void)now;
	return TICK_NEVER;
}

static const struct function_ops ops = {
	setup, ping, out, in, acked, advance, NULL};

/* ---- The two hosts ---------------------------------------------------- */

static void check_map(const struct usbfs_map *map)
{
	for (unsigned endpoint = 0; endpoint < 256; endpoint++) {
		int interface = usbfs_interface_of(map, endpoint);

		check(interface < USB_IFACE_COUNT);
	}
}

static void enumerate(struct bus *bus)
{
	static struct usbfs_host host;
	struct plug plug = {.bus = bus};
	struct host_device *device = &host.devices[0];
	int result;

	memset(&host, 0, sizeof(host));
	device->host = &host;
	device->plug = &plug;
	result = device_enumerate(device);
	check(result <= 0);
	if (result < 0)
		return;
	check(device->descriptors_size <= USBFS_DESCRIPTORS_SIZE);
	for (unsigned i = 0; i <= USB_STRING_SERIAL; i++)
		check(memchr(device->strings[i], '\0',
			      sizeof(device->strings[i])) != NULL);
	check_map(&device->map);
}

static void describe(struct bus *bus, struct input *input)
{
	struct description description;
	struct usb_redir_interface_info_header interfaces;
	struct usb_redir_ep_info_header endpoints;
	struct usb_redir_device_connect_header device;
	struct usb_setup select = {.bmRequestType = USB_RECIP_INTERFACE,
		.bRequest = USB_REQ_SET_INTERFACE};

	if (describe_read(bus, &description) < 0)
		return;
	check(description.config_size <= sizeof(description.config));
	describe_device(&description, &device);
	for (unsigned i = 0; i < 4; i++) {
		select.wIndex = take_word(input);
		select.wValue = take_byte(input);
		describe_update(&description, &select);
		describe_endpoints(&description, select.wIndex);
		describe_selected(&description, &endpoints);
		describe_interfaces(&description, &interfaces);
		check(interfaces.interface_count <= DESCRIPTION_INTERFACES);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct teller teller = {
		.function = {.ops = &ops, .port_due = TICK_NEVER},
		.input = {data, size}};
	uint8_t who = take_byte(&teller.input);
	struct bus *bus = bus_new(&teller.function, 13);

	check(bus != NULL);
	if (who & 1)
		enumerate(bus);
	else
		describe(bus, &teller.input);
	bus_free(bus);
	return 0;
}
