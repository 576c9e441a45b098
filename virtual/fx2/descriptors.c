/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The descriptors of the public firmware's main.c, with the strings and ids of
 * the configuration block.  virtual/fx2/control.c calls these functions.  The
 * bytes must be those of the public firmware, also where they are odd.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

#define BCD_USB_2_1 0x0210 /* required for a BOS descriptor */
#define BCD_USB_2_0 0x0200

static const char default_manufacturer[] = "whitequark research";
/* Part of the product string, where the public firmware has its commit. */
static const char firmware_tag[] = "; git virtual";

static uint16_t device_descriptor(const struct device *device, uint8_t *data)
{
	bool known = device->config.revision != REVISION_NONE;
	struct usb_device_descriptor descriptor = {
		.bLength = sizeof(descriptor),
		.bDescriptorType = USB_DESC_DEVICE,
		.bcdUSB = BCD_USB_2_1,
		.bDeviceClass = USB_CLASS_VENDOR,
		.bDeviceSubClass = USB_CLASS_VENDOR,
		.bDeviceProtocol = USB_CLASS_VENDOR,
		.bMaxPacketSize0 = USB_EP0_PACKET_SIZE,
		.idVendor = known ? USB_VID_QIHW : USB_VID_CYPRESS,
		.idProduct = known ? USB_PID_GLASGOW : USB_PID_FX2,
		.bcdDevice = known
			? device->api_level << 8 | device->config.revision
			: 0,
		.iManufacturer = USB_STRING_MANUFACTURER,
		.iProduct = USB_STRING_PRODUCT,
		.iSerialNumber = USB_STRING_SERIAL,
		.bNumConfigurations = 1,
	};

	memcpy(data, &descriptor, sizeof(descriptor));
	return sizeof(descriptor);
}

static uint16_t qualifier_descriptor(uint8_t *data)
{
	const uint8_t descriptor[] = {10, USB_DESC_QUALIFIER,
		BCD_USB_2_0 & 0xff, BCD_USB_2_0 >> 8, 0, 0, 0, 8, 0, 0};

	memcpy(data, descriptor, sizeof(descriptor));
	return sizeof(descriptor);
}

/* One alternate setting and its endpoints, in the configuration's order. */
struct setting {
	uint8_t interface;
	uint8_t alternate;
	uint8_t string;
	uint8_t endpoints[2]; /* 0 = none */
};

static const struct setting settings[] = {
	{USB_IFACE_MGMT, USB_ALT_OFF, 0, {0}},
	{USB_IFACE_MGMT, USB_ALT_ON, 0, {USB_EP1_OUT, USB_EP1_IN}},
	{USB_IFACE_EP2OUT, USB_ALT_OFF, 0, {0}},
	{USB_IFACE_EP2OUT, USB_ALT_2X, USB_STRING_2X, {USB_EP2_OUT}},
	{USB_IFACE_EP2OUT, USB_ALT_4X, USB_STRING_4X, {USB_EP2_OUT}},
	{USB_IFACE_EP2OUT, USB_ALT_CFG, USB_STRING_CFG, {USB_EP2_OUT}},
	{USB_IFACE_EP2OUT, USB_ALT_NVM, USB_STRING_NVM, {USB_EP2_OUT}},
	{USB_IFACE_EP4OUT, USB_ALT_OFF, 0, {0}},
	{USB_IFACE_EP4OUT, USB_ALT_2X, USB_STRING_2X, {USB_EP4_OUT}},
	{USB_IFACE_EP6IN, USB_ALT_OFF, 0, {0}},
	{USB_IFACE_EP6IN, USB_ALT_2X, USB_STRING_2X, {USB_EP6_IN}},
	{USB_IFACE_EP6IN, USB_ALT_4X, USB_STRING_4X, {USB_EP6_IN}},
	{USB_IFACE_EP8IN, USB_ALT_OFF, 0, {0}},
	{USB_IFACE_EP8IN, USB_ALT_2X, USB_STRING_2X, {USB_EP8_IN}},
};

static uint16_t append(
	uint8_t *data, uint16_t at, const void *descriptor, uint16_t size)
{
	memcpy(data + at, descriptor, size);
	return at + size;
}

static uint16_t append_setting(
	uint8_t *data, uint16_t at, const struct setting *setting)
{
	struct usb_interface_descriptor interface = {
		.bLength = sizeof(interface),
		.bDescriptorType = USB_DESC_INTERFACE,
		.bInterfaceNumber = setting->interface,
		.bAlternateSetting = setting->alternate,
		.bNumEndpoints = (setting->endpoints[0] != 0) +
			(setting->endpoints[1] != 0),
		.bInterfaceClass = USB_CLASS_VENDOR,
		.bInterfaceSubClass = USB_CLASS_VENDOR,
		.bInterfaceProtocol = USB_CLASS_VENDOR,
		.iInterface = setting->string,
	};

	at = append(data, at, &interface, sizeof(interface));
	for (unsigned i = 0; i < interface.bNumEndpoints; i++) {
		struct usb_endpoint_descriptor endpoint = {
			.bLength = sizeof(endpoint),
			.bDescriptorType = USB_DESC_ENDPOINT,
			.bEndpointAddress = setting->endpoints[i],
			.bmAttributes = USB_ATTR_BULK,
			.wMaxPacketSize = USB_PACKET_SIZE,
		};

		at = append(data, at, &endpoint, sizeof(endpoint));
	}
	return at;
}

static uint16_t config_descriptor(uint8_t *data)
{
	struct usb_config_descriptor config = {
		.bLength = sizeof(config),
		.bDescriptorType = USB_DESC_CONFIGURATION,
		.bNumInterfaces = USB_IFACE_COUNT,
		.bConfigurationValue = 1,
		.bmAttributes = 0x80,
		.bMaxPower = 250, /* 500 mA */
	};
	uint16_t size = sizeof(config);

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		size = append_setting(data, size, &settings[i]);
	config.wTotalLength = size;
	append(data, 0, &config, sizeof(config));
	return size;
}

static uint16_t string_descriptor(const char *text, uint8_t *data)
{
	uint16_t size = 2;

	data[1] = USB_DESC_STRING;
	for (; *text && size < 254; text++) {
		data[size++] = *text;
		data[size++] = 0;
	}
	data[0] = size;
	return size;
}

static uint16_t string_by_index(
	const struct device *device, uint8_t index, uint8_t *data)
{
	static const char *const modes[] = {"2X", "4X", "CFG", "NVM"};
	const struct config_block *config = &device->config;
	char text[64];

	switch (index) {
	case USB_STRING_LANGUAGES:
		memcpy(data, (uint8_t[]){4, USB_DESC_STRING, 0x09, 0x04}, 4);
		return 4;
	case USB_STRING_MANUFACTURER:
		snprintf(text, sizeof(text), "%.*s", CONFIG_MAKER_SIZE,
			config->manufacturer[0] ? config->manufacturer
						: default_manufacturer);
		return string_descriptor(text, data);
	case USB_STRING_PRODUCT:
		snprintf(text, sizeof(text), "%s Interface Explorer%s",
			config->flags & CONFIG_MODIFIED_DESIGN ? "Another"
							       : "Glasgow",
			firmware_tag);
		return string_descriptor(text, data);
	case USB_STRING_SERIAL:
		snprintf(text, sizeof(text), "%c%c-%.*s",
			'A' + (config->revision >> 4) - 1,
			'0' + (config->revision & 0xf), CONFIG_SERIAL_SIZE,
			config->serial);
		return string_descriptor(text, data);
	case USB_STRING_2X ... USB_STRING_NVM:
		return string_descriptor(modes[index - USB_STRING_2X], data);
	case USB_STRING_MICROSOFT:
		string_descriptor("MSFT100", data);
		data[0] = 18; /* 1.0 OS string: signature, vendor code, pad */
		data[16] = USB_REQ_MICROSOFT;
		data[17] = 0;
		return 18;
	}
	return 0;
}

/* The one capability: WebUSB, a platform by its UUID (WebUSB API, 4.1). */
static uint16_t bos_descriptor(uint8_t *data)
{
	const uint8_t descriptor[] = {5, USB_DESC_BOS, 29, 0, 1,
		/* platform capability */
		24, USB_DESC_CAPABILITY, 5, 0, 0x38, 0xb6, 0x08, 0x34, 0xa9,
		0x09, 0xa0, 0x47, 0x8b, 0xfd, 0xa0, 0x76, 0x88, 0x15, 0xb6,
		0x65, 0x00, 0x01, USB_REQ_WEBUSB, 1};

	memcpy(data, descriptor, sizeof(descriptor));
	return sizeof(descriptor);
}

uint16_t descriptor_get(
	const struct device *device, uint16_t value, uint8_t *data)
{
	/* There is one of each, except of strings. */
	if (value >> 8 != USB_DESC_STRING && value & 0xff)
		return 0;
	switch (value >> 8) {
	case USB_DESC_DEVICE:
		return device_descriptor(device, data);
	case USB_DESC_CONFIGURATION:
		return config_descriptor(data);
	case USB_DESC_STRING:
		return string_by_index(device, value & 0xff, data);
	case USB_DESC_QUALIFIER:
		return qualifier_descriptor(data);
	case USB_DESC_BOS:
		return bos_descriptor(data);
	}
	return 0;
}

/* Microsoft OS 1.0: bind WinUSB to interface 0, no extended properties. */
uint16_t descriptor_microsoft(uint16_t index, uint8_t *data)
{
	const uint8_t ids[40] = {40, 0, 0, 0, 0, 1, 4, 0, 1, [16] = 0, 1, 'W',
		'I', 'N', 'U', 'S', 'B'};
	const uint8_t properties[10] = {10, 0, 0, 0, 0, 1, 5, 0, 0, 0};

	if (index == 4) {
		memcpy(data, ids, sizeof(ids));
		return sizeof(ids);
	}
	if (index == 5) {
		memcpy(data, properties, sizeof(properties));
		return sizeof(properties);
	}
	return 0;
}

uint16_t descriptor_webusb(uint8_t *data)
{
	static const char url[] = "webusb.glasgow-embedded.org";

	data[0] = 3 + sizeof(url) - 1;
	data[1] = USB_DESC_STRING; /* 3, also the type of a URL descriptor */
	data[2] = 1;               /* https:// */
	memcpy(data + 3, url, sizeof(url) - 1);
	return data[0];
}
