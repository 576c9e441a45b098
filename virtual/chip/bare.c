/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The FX2 without firmware: its answers to standard requests, with the ids of
 * the EEPROM's header.  See bare.h.
 *
 * Source: descriptors of real chips, read before firmware was loaded
 * (sigrok.org, XZL_Studio_DX and _AX; EZ-USB TRM 3.3, 3.4).  They have no
 * strings: no manufacturer, no product, and no serial number, whatever the
 * EEPROM holds.  They have one interface with four alternate settings, 171 B in
 * all; settings 1 to 3 have the same six endpoints, bulk, interrupt and
 * isochronous.
 *
 * A chip accepts two OUT packets on a bulk endpoint, and sends none; in the
 * model of virtual/fx2 bulk transfers to the listed endpoints stall.
 */
#include "bare.h"

#include <string.h>

#define BCD_USB_2_0 0x0200
#define SETTINGS    4
#define ENDPOINTS   6
/* bcdDevice of a chip without a valid EEPROM header: the chip's revision. */
#define CHIP_REVISION 0xa001

enum { ISOCHRONOUS = 1, INTERRUPT = 3 };

static const uint8_t addresses[ENDPOINTS] = {USB_EP1_OUT, USB_EP1_IN,
	USB_EP2_OUT, USB_EP4_OUT, USB_EP6_IN, USB_EP8_IN};

/* Types of the endpoints, by alternate setting from 1 on. */
static const uint8_t kinds[SETTINGS - 1][ENDPOINTS] = {
	{USB_ATTR_BULK, USB_ATTR_BULK, USB_ATTR_BULK, USB_ATTR_BULK,
		USB_ATTR_BULK, USB_ATTR_BULK},
	{INTERRUPT, INTERRUPT, INTERRUPT, USB_ATTR_BULK, INTERRUPT,
		USB_ATTR_BULK},
	{INTERRUPT, INTERRUPT, ISOCHRONOUS, USB_ATTR_BULK, ISOCHRONOUS,
		USB_ATTR_BULK},
};

static uint16_t append(
	uint8_t *data, uint16_t at, const void *descriptor, uint16_t size)
{
	memcpy(data + at, descriptor, size);
	return at + size;
}

static uint16_t device_descriptor(const uint8_t *header, uint8_t *data)
{
	bool known = header[0] == EEPROM_BOOT_C0 || header[0] == EEPROM_BOOT_C2;
	struct usb_device_descriptor descriptor = {
		.bLength = sizeof(descriptor),
		.bDescriptorType = USB_DESC_DEVICE,
		.bcdUSB = BCD_USB_2_0,
		.bDeviceClass = USB_CLASS_VENDOR,
		.bDeviceSubClass = USB_CLASS_VENDOR,
		.bDeviceProtocol = USB_CLASS_VENDOR,
		.bMaxPacketSize0 = USB_EP0_PACKET_SIZE,
		.idVendor = USB_VID_CYPRESS,
		.idProduct = USB_PID_FX2,
		.bcdDevice = CHIP_REVISION,
		.bNumConfigurations = 1,
	};

	if (known) {
		descriptor.idVendor = header[1] | header[2] << 8;
		descriptor.idProduct = header[3] | header[4] << 8;
		descriptor.bcdDevice = header[5] | header[6] << 8;
	}
	return append(data, 0, &descriptor, sizeof(descriptor));
}

static uint16_t append_endpoint(
	uint8_t *data, uint16_t at, unsigned setting, unsigned index)
{
	uint8_t kind = kinds[setting - 1][index];
	bool small = index < 2 && kind != USB_ATTR_BULK;
	struct usb_endpoint_descriptor endpoint = {
		.bLength = sizeof(endpoint),
		.bDescriptorType = USB_DESC_ENDPOINT,
		.bEndpointAddress = addresses[index],
		.bmAttributes = kind,
		.wMaxPacketSize = small ? USB_EP1_PACKET_SIZE : USB_PACKET_SIZE,
		.bInterval = kind != USB_ATTR_BULK,
	};

	return append(data, at, &endpoint, sizeof(endpoint));
}

static uint16_t config_descriptor(uint8_t *data)
{
	struct usb_config_descriptor config = {
		.bLength = sizeof(config),
		.bDescriptorType = USB_DESC_CONFIGURATION,
		.bNumInterfaces = 1,
		.bConfigurationValue = 1,
		.bmAttributes = 0x80,
		.bMaxPower = 50, /* 100 mA */
	};
	uint16_t size = sizeof(config);

	for (unsigned setting = 0; setting < SETTINGS; setting++) {
		struct usb_interface_descriptor interface = {
			.bLength = sizeof(interface),
			.bDescriptorType = USB_DESC_INTERFACE,
			.bAlternateSetting = setting,
			.bNumEndpoints = setting ? ENDPOINTS : 0,
			.bInterfaceClass = USB_CLASS_VENDOR,
			.bInterfaceSubClass = USB_CLASS_VENDOR,
			.bInterfaceProtocol = USB_CLASS_VENDOR,
		};

		size = append(data, size, &interface, sizeof(interface));
		for (unsigned i = 0; i < interface.bNumEndpoints; i++)
			size = append_endpoint(data, size, setting, i);
	}
	config.wTotalLength = size;
	append(data, 0, &config, sizeof(config));
	return size;
}

static bool get_descriptor(struct bare *bare, uint16_t value)
{
	const uint8_t qualifier[] = {10, USB_DESC_QUALIFIER, BCD_USB_2_0 & 0xff,
		BCD_USB_2_0 >> 8, USB_CLASS_VENDOR, USB_CLASS_VENDOR,
		USB_CLASS_VENDOR, USB_EP0_PACKET_SIZE, 1, 0};

	switch (value) {
	case USB_DESC_DEVICE << 8:
		bare->length = device_descriptor(bare->eeprom, bare->data);
		return true;
	case USB_DESC_CONFIGURATION << 8:
		bare->length = config_descriptor(bare->data);
		return true;
	case USB_DESC_QUALIFIER << 8:
		bare->length =
			append(bare->data, 0, qualifier, sizeof(qualifier));
		return true;
	}
	return false;
}

static bool answer(struct bare *bare, uint8_t value, uint16_t size)
{
	memset(bare->data, 0, size);
	bare->data[0] = value;
	bare->length = size;
	return true;
}

bool bare_request(struct bare *bare, const struct usb_setup *setup)
{
	bool interface =
		(setup->bmRequestType & USB_RECIP_MASK) == USB_RECIP_INTERFACE;

	if (interface && setup->wIndex != 0)
		return false;
	switch (setup->bRequest) {
	case USB_REQ_GET_DESCRIPTOR:
		return get_descriptor(bare, setup->wValue);
	case USB_REQ_SET_CONFIGURATION:
		bare->configuration = setup->wValue;
		bare->alternate = 0;
		return true;
	case USB_REQ_GET_CONFIGURATION:
		return answer(bare, bare->configuration, 1);
	case USB_REQ_SET_INTERFACE:
		if (setup->wValue >= SETTINGS)
			return false;
		bare->alternate = setup->wValue;
		return true;
	case USB_REQ_GET_INTERFACE:
		return answer(bare, bare->alternate, 1);
	case USB_REQ_GET_STATUS:
		return answer(bare, 0, 2);
	case USB_REQ_SET_ADDRESS:
	case USB_REQ_CLEAR_FEATURE:
	case USB_REQ_SET_FEATURE:
		return true;
	}
	return false;
}
