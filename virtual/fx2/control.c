/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * EP0: requests, as the public firmware and libfx2 carry them out.
 * virtual/fx2/device.c calls control_execute() when the firmware has had the
 * time of control_cost().  A request leaves data for the data stage, or a
 * stall.
 */
#include "internal.h"

#include <string.h>

#include "virtual/chip/bare.h"

/* The number of FX2 buffers in an alternate setting of a pipe. */
static uint8_t buffers_of(uint8_t alternate)
{
	switch (alternate) {
	case USB_ALT_2X:
		return 2;
	case USB_ALT_4X:
		return 4;
	}
	return 0;
}

static bool is_load(uint8_t alternate)
{
	return alternate == USB_ALT_CFG || alternate == USB_ALT_NVM;
}

/* Whether the setting may be selected now: the firmware's fpga.c,
   fpga_check_mode(). */
static bool may_select(
	const struct device *device, uint16_t interface, uint8_t alternate)
{
	const uint8_t *current = device->alternate;

	if (alternate == USB_ALT_OFF)
		return true;
	if (is_load(alternate))
		return interface == USB_IFACE_EP2OUT &&
			current[USB_IFACE_EP4OUT] == USB_ALT_OFF &&
			current[USB_IFACE_EP6IN] == USB_ALT_OFF &&
			current[USB_IFACE_EP8IN] == USB_ALT_OFF;
	if (!device->fpga_ready)
		return false;
	switch (interface << 4 | alternate) {
	case USB_IFACE_EP2OUT << 4 | USB_ALT_2X:
	case USB_IFACE_EP6IN << 4 | USB_ALT_2X:
		return true;
	case USB_IFACE_EP2OUT << 4 | USB_ALT_4X:
		return current[USB_IFACE_EP4OUT] == USB_ALT_OFF;
	case USB_IFACE_EP6IN << 4 | USB_ALT_4X:
		return current[USB_IFACE_EP8IN] == USB_ALT_OFF;
	case USB_IFACE_EP4OUT << 4 | USB_ALT_2X:
		return current[USB_IFACE_EP2OUT] != USB_ALT_4X;
	case USB_IFACE_EP8IN << 4 | USB_ALT_2X:
		return current[USB_IFACE_EP6IN] != USB_ALT_4X;
	}
	return false;
}

static bool write_pipe_reset(struct device *device)
{
	uint8_t data[2] = {REG_PIPE_RESET, device->pipe_reset};

	return i2c_fpga_write(device, data, sizeof(data));
}

static void begin_load(struct device *device, uint8_t alternate)
{
	device->fpga_ready = false;
	device->pipe_reset = 0xf;
	device->load_bytes = 0;
	device->nvm_failed = false;
	fifo_reset(&device->fifos[FIFO_EP2], 2);
	device->fpga->ops->reset(device->fpga, device->now);
	device->board.sda_low = false;
	if (alternate == USB_ALT_NVM)
		return;
	/* An unconfigured iCE40 pulls the level shifters' direction pins up,
	   so the firmware turns the supplies off first. */
	for (unsigned port = 0; port < BOARD_PORTS; port++)
		device->board.ports[port].enabled = false;
}

/* The firmware's fpga.c, fpga_configure() */
static bool select_pipe(
	struct device *device, uint16_t interface, uint8_t alternate)
{
	unsigned pipe = interface - USB_IFACE_EP2OUT;
	uint8_t previous = device->alternate[interface];

	if (!may_select(device, interface, alternate))
		return false;
	if (is_load(alternate)) {
		begin_load(device, alternate);
		return true;
	}
	if (is_load(previous)) {
		/* As upstream: the load ends, and the requested setting gets
		   no buffers. */
		fifo_reset(&device->fifos[FIFO_EP2], 0);
		return true;
	}
	if (device->fpga_ready) {
		device->pipe_reset |= 1 << pipe;
		if (!write_pipe_reset(device))
			return false;
	}
	fifo_reset(&device->fifos[pipe], buffers_of(alternate));
	if (alternate == USB_ALT_OFF)
		return true;
	device->pipe_reset &= ~(1 << pipe);
	return write_pipe_reset(device);
}

static bool set_interface(
	struct device *device, uint16_t interface, uint16_t alternate)
{
	if (interface >= USB_IFACE_COUNT)
		return false;
	if (alternate != USB_ALT_OFF &&
		faults_at(&device->faults, FAULT_STALL, interface))
		return false;
	if (interface == USB_IFACE_MGMT) {
		if (alternate > USB_ALT_ON)
			return false;
		mgmt_reset(device);
	} else if (alternate > USB_ALT_NVM ||
		!select_pipe(device, interface, alternate)) {
		return false;
	}
	device->alternate[interface] = alternate;
	return true;
}

static bool set_configuration(struct device *device, uint16_t value)
{
	mgmt_reset(device);
	device->pipe_reset = 0xf;
	if (device->fpga_ready)
		write_pipe_reset(device);
	for (unsigned i = 0; i < FIFO_COUNT; i++)
		fifo_reset(&device->fifos[i], 0);
	device->configuration = value;
	memset(device->alternate, 0, sizeof(device->alternate));
	return true;
}

static bool answer(struct device *device, uint8_t value, uint16_t size)
{
	device->control.data[0] = value;
	device->control.data[1] = 0;
	device->control.length = size;
	return true;
}

static bool set_halt(
	struct device *device, uint16_t feature, uint16_t endpoint, bool halt)
{
	if (feature != USB_FEATURE_HALT)
		return false;
	device->halted[endpoint >> 7 & 1][endpoint & USB_ENDPOINT_MASK] = halt;
	return true;
}

static bool standard_device(
	struct device *device, const struct usb_setup *setup)
{
	struct control *control = &device->control;

	switch (setup->bRequest) {
	case USB_REQ_GET_DESCRIPTOR:
		control->length =
			descriptor_get(device, setup->wValue, control->data);
		return control->length > 0;
	case USB_REQ_SET_CONFIGURATION:
		return set_configuration(device, setup->wValue);
	case USB_REQ_GET_CONFIGURATION:
		return answer(device, device->configuration, 1);
	case USB_REQ_GET_STATUS:
		return answer(device, 0, 2);
	case USB_REQ_SET_ADDRESS: /* handled by the FX2's hardware */
	case USB_REQ_SET_FEATURE: /* remote wakeup, test mode: accepted */
		return true;
	}
	return false;
}

static bool standard(struct device *device, const struct usb_setup *setup)
{
	uint16_t index = setup->wIndex;

	switch (setup->bmRequestType & USB_RECIP_MASK) {
	case USB_RECIP_DEVICE:
		return standard_device(device, setup);
	case USB_RECIP_INTERFACE:
		if (setup->bRequest == USB_REQ_SET_INTERFACE)
			return set_interface(device, index, setup->wValue);
		if (index >= USB_IFACE_COUNT)
			return false;
		if (setup->bRequest == USB_REQ_GET_INTERFACE)
			return answer(device, device->alternate[index], 1);
		return setup->bRequest == USB_REQ_GET_STATUS &&
			answer(device, 0, 2);
	case USB_RECIP_ENDPOINT:
		if (setup->bRequest == USB_REQ_GET_STATUS)
			return answer(device,
				device->halted[index >> 7 & 1]
					      [index & USB_ENDPOINT_MASK],
				2);
		if (setup->bRequest == USB_REQ_SET_FEATURE ||
			setup->bRequest == USB_REQ_CLEAR_FEATURE)
			return set_halt(device, setup->wValue, index,
				setup->bRequest == USB_REQ_SET_FEATURE);
	}
	return false;
}

static bool vendor(struct device *device, const struct usb_setup *setup)
{
	struct control *control = &device->control;

	if ((setup->bmRequestType & USB_RECIP_MASK) != USB_RECIP_DEVICE)
		return false;
	if (setup->bRequest == USB_REQ_FX2_RAM)
		return loader_request(device, setup);
	if (device->api_level == 0)
		return false; /* there is no firmware that answers */
	if (!(setup->bmRequestType & USB_DIR_IN))
		return false;
	if (setup->bRequest == USB_REQ_MICROSOFT)
		control->length =
			descriptor_microsoft(setup->wIndex, control->data);
	else if (setup->bRequest == USB_REQ_WEBUSB && setup->wIndex == 2 &&
		setup->wValue == 1 && device->config.flags & CONFIG_WEBUSB)
		control->length = descriptor_webusb(control->data);
	return control->length > 0;
}

/* How long supplies still have to discharge. */
static tick discharge_left(const struct device *device)
{
	for (unsigned port = 0; port < BOARD_PORTS; port++) {
		if (device->board.ports[port].enabled)
			return DISCHARGE_TICKS;
	}
	return device->discharged > device->now
		? device->discharged - device->now
		: 0;
}

static tick interface_cost(
	const struct device *device, const struct usb_setup *setup)
{
	if (setup->wIndex == USB_IFACE_MGMT)
		return MANAGEMENT_TICKS;
	if (setup->wValue == USB_ALT_CFG &&
		may_select(device, setup->wIndex, setup->wValue))
		return discharge_left(device) + FPGA_CLEAR_TICKS;
	if (is_load(setup->wIndex < USB_IFACE_COUNT
			    ? device->alternate[setup->wIndex]
			    : USB_ALT_OFF))
		return LOAD_OFF_TICKS;
	return setup->wValue == USB_ALT_OFF ? PIPE_OFF_TICKS : PIPE_ON_TICKS;
}

/* The firmware makes the whole descriptor, also if the host asks for less. */
static tick descriptor_cost(
	const struct device *device, const struct usb_setup *setup)
{
	uint8_t data[USB_FX2_RAM_CHUNK];

	return DESCRIPTOR_TICKS +
		descriptor_get(device, setup->wValue, data) *
		(tick)DESCRIPTOR_BYTE_TICKS;
}

tick control_cost(const struct device *device, const struct usb_setup *setup)
{
	if (setup->bmRequestType == USB_RECIP_DEVICE &&
		setup->bRequest == USB_REQ_SET_CONFIGURATION)
		return CONFIGURE_TICKS;
	if (setup->bmRequestType == USB_RECIP_INTERFACE &&
		setup->bRequest == USB_REQ_SET_INTERFACE)
		return interface_cost(device, setup);
	if (setup->bmRequestType == USB_DIR_IN &&
		setup->bRequest == USB_REQ_GET_DESCRIPTOR)
		return descriptor_cost(device, setup);
	if (setup->bmRequestType == USB_RECIP_ENDPOINT)
		return HALT_TICKS;
	return EP0_TICKS;
}

bool control_uses_i2c(
	const struct device *device, const struct usb_setup *setup)
{
	uint16_t interface = setup->wIndex, alternate = setup->wValue;

	if (!device->fpga_ready || device->api_level == 0)
		return false;
	if (setup->bmRequestType == USB_RECIP_DEVICE)
		return setup->bRequest == USB_REQ_SET_CONFIGURATION;
	/* A load begins and ends without I2C. */
	return setup->bmRequestType == USB_RECIP_INTERFACE &&
		setup->bRequest == USB_REQ_SET_INTERFACE &&
		interface != USB_IFACE_MGMT && interface < USB_IFACE_COUNT &&
		!is_load(alternate) && !is_load(device->alternate[interface]) &&
		may_select(device, interface, alternate);
}

/* Shorten or garble the answer to GET_DESCRIPTOR. */
static void apply_faults(struct device *device)
{
	struct control *control = &device->control;
	uint8_t type = control->setup.wValue >> 8;
	const struct fault *cut =
		faults_at(&device->faults, FAULT_DESCRIPTOR, type);

	if (control->setup.bmRequestType != USB_DIR_IN ||
		control->setup.bRequest != USB_REQ_GET_DESCRIPTOR)
		return;
	if (cut && control->length > cut->amount)
		control->length = cut->amount;
	if (faults_at(&device->faults, FAULT_GARBLE, type))
		memset(control->data, 0xff, control->length);
}

/* The FX2 itself answers request 0xA0.  For others it waits for its firmware. */
bool control_is_answered(
	const struct device *device, const struct usb_setup *setup)
{
	return !loader_is_silent(device) ||
		((setup->bmRequestType & USB_TYPE_MASK) == USB_TYPE_VENDOR &&
			setup->bRequest == USB_REQ_FX2_RAM);
}

/* A request to the FX2 without firmware. */
static bool bare_standard(struct device *device, const struct usb_setup *setup)
{
	struct bare bare = {
		.eeprom = device_eeprom(device),
		.configuration = device->configuration,
		.alternate = device->alternate[0],
		.data = device->control.data,
	};
	bool done = bare_request(&bare, setup);

	device->control.length = bare.length;
	device->configuration = bare.configuration;
	device->alternate[0] = bare.alternate;
	return done;
}

void control_execute(struct device *device)
{
	struct control *control = &device->control;
	const struct usb_setup *setup = &control->setup;
	bool done = false;

	control->length = 0;
	control->sent = 0;
	if ((setup->bmRequestType & USB_TYPE_MASK) == USB_TYPE_VENDOR)
		done = vendor(device, setup);
	else if ((setup->bmRequestType & USB_TYPE_MASK) == USB_TYPE_STANDARD)
		done = device->api_level == 0 ? bare_standard(device, setup)
					      : standard(device, setup);
	apply_faults(device);
	if (control->length > setup->wLength)
		control->length = setup->wLength;
	control->stalled = !done;
	control->pending = false;
}
