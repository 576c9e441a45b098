/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Endpoint 0: SETUP packets.  The chip holds the host off (NAK) until the
 * firmware writes EP0CS, so a request may wait for the end of a command.
 * SET_CONFIGURATION and SET_INTERFACE do: they use the I2C bus, and the buffers
 * of the endpoints.  All others are answered at once, also in the middle of a
 * command.  The chip itself serves SET_ADDRESS and request 0xA0.
 */
#include "firmware.h"

#define DISCONNECT_QUARTERS 40000 /* 10 ms, twice */
#define ENDPOINTS           6

/* bmRequestType */
enum {
	FROM_DEVICE = USB_DIR_IN | USB_RECIP_DEVICE,
	TO_DEVICE = USB_RECIP_DEVICE,
	FROM_INTERFACE = USB_DIR_IN | USB_RECIP_INTERFACE,
	TO_INTERFACE = USB_RECIP_INTERFACE,
	FROM_ENDPOINT = USB_DIR_IN | USB_RECIP_ENDPOINT,
	TO_ENDPOINT = USB_RECIP_ENDPOINT,
	FROM_VENDOR = USB_DIR_IN | USB_TYPE_VENDOR | USB_RECIP_DEVICE,
};

/* In the order of the registers EP1OUTCS to EP8CS.  Interface 0 has the first
   two, each other interface has one. */
static __code const uint8_t endpoints[ENDPOINTS] = {USB_EP1_OUT, USB_EP1_IN,
	USB_EP2_OUT, USB_EP4_OUT, USB_EP6_IN, USB_EP8_IN};
#define ENDPOINT_CS(index) (((__xdata volatile uint8_t *)0xe6a1)[index])

__xdata uint8_t usb_alternate[USB_IFACE_COUNT];
bool usb_deferred;

static __xdata struct usb_setup setup;
static __xdata uint8_t configuration;
/* Counts SETUP packets: the host may give a request up, and send another. */
static volatile uint8_t setups;

/* Whether the host has given the request up, and sent another: what is written
   to EP0CS is about that one. */
#define IS_OVERTAKEN() (USBIRQ & USBIRQ_SUDAV)

/*
 * Write EP0CS.  If another request comes in the very moment, it must not get
 * this answer.  That is not a request that follows the answered one: the stages
 * in between take longer than these lines, which is why they are no function.
 */
#define ANSWER(status)                      \
	do {                                \
		EP0CS = (status);           \
		if (IS_OVERTAKEN())         \
			EP0CS = EPCS_STALL; \
	} while (0)

static void acknowledge(void)
{
	if (!IS_OVERTAKEN())
		ANSWER(EP0CS_HSNAK);
}

/* The handshake must not come first, so STALL is set before HSNAK is cleared. */
static void stall(void)
{
	if (IS_OVERTAKEN())
		return;
	EP0CS = EPCS_STALL;
	ANSWER(EP0CS_HSNAK | EPCS_STALL);
}

/* Send bytes of the descriptor buffer; 0 = stall. */
static void send(uint8_t size)
{
	if (size == 0) {
		stall();
		return;
	}
	if (setup.wLength < size)
		size = setup.wLength;
	if (size == 0) {
		acknowledge();
		return;
	}
	SUDPTRCTL = 0;
	SYNCDELAY();
	EP0BCH = 0;
	SYNCDELAY();
	EP0BCL = size;
	SYNCDELAY();
	SUDPTRH = (uint16_t)descriptor_buffer >> 8;
	SYNCDELAY();
	if (IS_OVERTAKEN())
		return;
	SUDPTRL = (uint8_t)(uint16_t)descriptor_buffer; /* begins */
	ANSWER(EP0CS_HSNAK);
}

static void send_value(uint8_t value, uint8_t size)
{
	descriptor_buffer[0] = value;
	descriptor_buffer[1] = 0;
	send(size);
}

/* Of the endpoint in wIndex; ENDPOINTS if there is no such endpoint. */
static uint8_t endpoint_index(void)
{
	uint8_t i;

	for (i = 0; i < ENDPOINTS; i++) {
		if (setup.wIndex == endpoints[i])
			break;
	}
	return i;
}

static bool is_endpoint_0(void)
{
	return setup.wIndex == 0 || setup.wIndex == USB_DIR_IN;
}

/* The other bits of ENDPOINT_CS are written as 0, which changes nothing: a 1 in
   EP1's BUSY takes the buffer from USB. */
static void clear_halt(uint8_t index)
{
	uint8_t endpoint = endpoints[index];
	uint8_t toggle = endpoint & USB_ENDPOINT_MASK;

	if (endpoint & USB_DIR_IN)
		toggle |= TOGCTL_IN;
	ENDPOINT_CS(index) = 0;
	TOGCTL = toggle;
	TOGCTL = toggle | TOGCTL_RESET;
}

static void change_halt(void)
{
	uint8_t index = endpoint_index();

	if (setup.wValue != USB_FEATURE_HALT ||
		(index == ENDPOINTS && !is_endpoint_0())) {
		stall();
		return;
	}
	if (index < ENDPOINTS) {
		if (setup.bRequest == USB_REQ_SET_FEATURE)
			ENDPOINT_CS(index) = EPCS_STALL;
		else
			clear_halt(index);
	}
	acknowledge();
}

static void get_halt(void)
{
	uint8_t index = endpoint_index();

	if (index < ENDPOINTS)
		send_value(ENDPOINT_CS(index) & EPCS_STALL, 2);
	else if (is_endpoint_0())
		send_value(0, 2);
	else
		stall();
}

static void from_device(void)
{
	switch (setup.bRequest) {
	case USB_REQ_GET_DESCRIPTOR:
		send(descriptor_find(setup.wValue >> 8, setup.wValue));
		return;
	case USB_REQ_GET_CONFIGURATION:
		send_value(configuration, 1);
		return;
	case USB_REQ_GET_STATUS:
		send_value(0, 2);
		return;
	}
	stall();
}

static void to_device(void)
{
	switch (setup.bRequest) {
	case USB_REQ_SET_CONFIGURATION:
		usb_deferred = true;
		return;
	case USB_REQ_SET_ADDRESS:
	case USB_REQ_SET_FEATURE:
		acknowledge();
		return;
	}
	stall();
}

static void from_interface(void)
{
	if (setup.wIndex >= USB_IFACE_COUNT)
		stall();
	else if (setup.bRequest == USB_REQ_GET_INTERFACE)
		send_value(usb_alternate[(uint8_t)setup.wIndex], 1);
	else if (setup.bRequest == USB_REQ_GET_STATUS)
		send_value(0, 2);
	else
		stall();
}

static void from_vendor(void)
{
	if (setup.bRequest == USB_REQ_MICROSOFT && setup.wIndex < 256)
		send(descriptor_microsoft(setup.wIndex));
	else if (setup.bRequest == USB_REQ_WEBUSB && setup.wIndex == 2 &&
		setup.wValue == 1)
		send(descriptor_webusb());
	else
		stall();
}

static void serve(void)
{
	bool feature = setup.bRequest == USB_REQ_SET_FEATURE ||
		setup.bRequest == USB_REQ_CLEAR_FEATURE;

	switch (setup.bmRequestType) {
	case FROM_DEVICE:
		from_device();
		return;
	case TO_DEVICE:
		to_device();
		return;
	case FROM_INTERFACE:
		from_interface();
		return;
	case TO_INTERFACE:
		if (setup.bRequest != USB_REQ_SET_INTERFACE)
			break;
		usb_deferred = true;
		return;
	case FROM_ENDPOINT:
		if (setup.bRequest != USB_REQ_GET_STATUS)
			break;
		get_halt();
		return;
	case TO_ENDPOINT:
		if (!feature)
			break;
		change_halt();
		return;
	case FROM_VENDOR:
		from_vendor();
		return;
	}
	stall();
}

void usb_poll(void)
{
	__xdata uint8_t *bytes = (__xdata uint8_t *)&setup;
	uint8_t i;

	/* Another packet may arrive while this one is copied, or answered. */
	while (USBIRQ & USBIRQ_SUDAV) {
		USBIRQ = USBIRQ_SUDAV;
		for (i = 0; i < sizeof(setup); i++)
			bytes[i] = SETUPDAT[i];
		if (IS_OVERTAKEN())
			continue;
		setups++;
		usb_deferred = false;
		serve();
	}
}

/* The data toggles of an interface's endpoints, and their halts, are reset by
   SET_INTERFACE (USB 2.0, 9.4.5 and 9.1.1.5). */
static void reset_interface(uint8_t interface)
{
	clear_halt(interface + 1);
	if (interface == USB_IFACE_MGMT)
		clear_halt(0);
}

static bool set_configuration(uint8_t value)
{
	uint8_t interface;

	pipes_reset();
	for (interface = 0; interface < USB_IFACE_COUNT; interface++) {
		usb_alternate[interface] = USB_ALT_OFF;
		reset_interface(interface);
	}
	mgmt_reset();
	configuration = value;
	return true;
}

static bool set_interface(uint16_t interface, uint16_t alternate)
{
	uint8_t index = interface;

	if (interface >= USB_IFACE_COUNT || alternate > USB_ALT_NVM)
		return false;
	if (index == USB_IFACE_MGMT) {
		if (alternate > USB_ALT_ON)
			return false;
		usb_alternate[index] = alternate;
		mgmt_reset();
	} else {
		if (!pipes_select(index, alternate))
			return false;
		usb_alternate[index] = alternate;
	}
	reset_interface(index);
	return true;
}

void usb_carry_out(void)
{
	uint8_t mine = setups;
	bool done;

	usb_deferred = false;
	if (setup.bRequest == USB_REQ_SET_CONFIGURATION)
		done = set_configuration(setup.wValue);
	else
		done = set_interface(setup.wIndex, setup.wValue);
	if (setups != mine)
		return;
	if (done)
		acknowledge();
	else
		stall();
}

void usb_connect(void)
{
	USBIRQ = USBIRQ_SUDAV;
	USBCS = USBCS_DISCON | USBCS_RENUM;
	wait(DISCONNECT_QUARTERS);
	wait(DISCONNECT_QUARTERS);
	USBCS = USBCS_RENUM;
}
