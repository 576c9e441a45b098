/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The descriptors: those of the public firmware (GlasgowEmbedded/glasgow
 * firmware/fx2/main.c) to the byte, but for the part of the product string that
 * says which firmware this is.  usb.c calls these functions; each leaves its
 * descriptor in the buffer from which the chip sends it.
 */
#include "firmware.h"

#define BCD_USB_2_1    0x10, 0x02 /* required for a BOS descriptor */
#define BCD_USB_2_0    0x00, 0x02
#define LOW_HIGH(word) (word) & 0xff, (word) >> 8

#define buffer descriptor_buffer

static __code const uint8_t device[] = {18, USB_DESC_DEVICE, BCD_USB_2_1,
	USB_CLASS_VENDOR, USB_CLASS_VENDOR, USB_CLASS_VENDOR,
	USB_EP0_PACKET_SIZE, LOW_HIGH(USB_VID_QIHW), LOW_HIGH(USB_PID_GLASGOW),
	0, 0, USB_STRING_MANUFACTURER, USB_STRING_PRODUCT, USB_STRING_SERIAL,
	1};
_Static_assert(sizeof(device) == sizeof(struct usb_device_descriptor),
	"the device descriptor");

static __code const uint8_t qualifier[] = {
	10, USB_DESC_QUALIFIER, BCD_USB_2_0, 0, 0, 0, 8, 0, 0};

#define INTERFACE(interface, alternate, count, string)                        \
	9, USB_DESC_INTERFACE, interface, alternate, count, USB_CLASS_VENDOR, \
		USB_CLASS_VENDOR, USB_CLASS_VENDOR, string
#define ENDPOINT(address)                             \
	7, USB_DESC_ENDPOINT, address, USB_ATTR_BULK, \
		LOW_HIGH(USB_PACKET_SIZE), 0
#define SETTING(interface, alternate, string, address) \
	INTERFACE(interface, alternate, 1, string), ENDPOINT(address)

static __code const uint8_t configuration[] = {9, USB_DESC_CONFIGURATION, 205,
	0, USB_IFACE_COUNT, 1, 0, 0x80, 250 /* 500 mA */,
	INTERFACE(USB_IFACE_MGMT, USB_ALT_OFF, 0, 0),
	INTERFACE(USB_IFACE_MGMT, USB_ALT_ON, 2, 0), ENDPOINT(USB_EP1_OUT),
	ENDPOINT(USB_EP1_IN), INTERFACE(USB_IFACE_EP2OUT, USB_ALT_OFF, 0, 0),
	SETTING(USB_IFACE_EP2OUT, USB_ALT_2X, USB_STRING_2X, USB_EP2_OUT),
	SETTING(USB_IFACE_EP2OUT, USB_ALT_4X, USB_STRING_4X, USB_EP2_OUT),
	SETTING(USB_IFACE_EP2OUT, USB_ALT_CFG, USB_STRING_CFG, USB_EP2_OUT),
	SETTING(USB_IFACE_EP2OUT, USB_ALT_NVM, USB_STRING_NVM, USB_EP2_OUT),
	INTERFACE(USB_IFACE_EP4OUT, USB_ALT_OFF, 0, 0),
	SETTING(USB_IFACE_EP4OUT, USB_ALT_2X, USB_STRING_2X, USB_EP4_OUT),
	INTERFACE(USB_IFACE_EP6IN, USB_ALT_OFF, 0, 0),
	SETTING(USB_IFACE_EP6IN, USB_ALT_2X, USB_STRING_2X, USB_EP6_IN),
	SETTING(USB_IFACE_EP6IN, USB_ALT_4X, USB_STRING_4X, USB_EP6_IN),
	INTERFACE(USB_IFACE_EP8IN, USB_ALT_OFF, 0, 0),
	SETTING(USB_IFACE_EP8IN, USB_ALT_2X, USB_STRING_2X, USB_EP8_IN)};
_Static_assert(sizeof(configuration) == 205, "wTotalLength");

static __code const uint8_t languages[] = {
	4, USB_DESC_STRING, LOW_HIGH(USB_LANG_ENGLISH)};

/* Microsoft OS 1.0: the signature "MSFT100" and the vendor request. */
static __code const uint8_t microsoft[] = {18, USB_DESC_STRING, 'M', 0, 'S', 0,
	'F', 0, 'T', 0, '1', 0, '0', 0, '0', 0, USB_REQ_MICROSOFT, 0};

/* WinUSB is the driver of interface 0; there are no other properties. */
static __code const uint8_t microsoft_ids[40] = {40, 0, 0, 0, 0, 1, 4, 0, 1, 0,
	0, 0, 0, 0, 0, 0, 0, 1, 'W', 'I', 'N', 'U', 'S', 'B'};
static __code const uint8_t microsoft_properties[] = {
	10, 0, 0, 0, 0, 1, 5, 0, 0, 0};

/* The capability is WebUSB, a platform by its UUID (WebUSB API, 4.1). */
static __code const uint8_t bos[] = {5, USB_DESC_BOS, 29, 0, 1, 24,
	USB_DESC_CAPABILITY, 5, 0, 0x38, 0xb6, 0x08, 0x34, 0xa9, 0x09, 0xa0,
	0x47, 0x8b, 0xfd, 0xa0, 0x76, 0x88, 0x15, 0xb6, 0x65, 0x00, 0x01,
	USB_REQ_WEBUSB, 1};

static __code const uint8_t webusb[] = {3 + 27, USB_DESC_STRING, 1 /* https */,
	'w', 'e', 'b', 'u', 's', 'b', '.', 'g', 'l', 'a', 's', 'g', 'o', 'w',
	'-', 'e', 'm', 'b', 'e', 'd', 'd', 'e', 'd', '.', 'o', 'r', 'g'};

static uint8_t copy(__code const uint8_t *from, uint8_t size)
{
	uint8_t i;

	for (i = 0; i < size; i++)
		buffer[i] = from[i];
	return size;
}

#define COPY(descriptor) copy(descriptor, sizeof(descriptor))

static uint8_t copy_device(void)
{
	COPY(device);
	if (config.revision == REVISION_NONE) {
		/* The ids of an FX2 without firmware. */
		buffer[8] = USB_VID_CYPRESS & 0xff;
		buffer[9] = USB_VID_CYPRESS >> 8;
		buffer[10] = USB_PID_FX2 & 0xff;
		buffer[11] = USB_PID_FX2 >> 8;
	} else {
		buffer[12] = config.revision;
		buffer[13] = USB_API_LEVEL;
	}
	return sizeof(device);
}

static uint8_t length; /* of the string descriptor that is being made */

static void add(char character)
{
	buffer[length++] = character;
	buffer[length++] = 0;
}

static void add_text(__code const char *text)
{
	while (*text)
		add(*text++);
}

static void add_field(__xdata const char *text, uint8_t size)
{
	for (; size > 0 && *text; size--)
		add(*text++);
}

static void add_serial(void)
{
	add('A' - 1 + (config.revision >> 4));
	add('0' + (config.revision & 0xf));
	add('-');
	add_field(config.serial, CONFIG_SERIAL_SIZE);
}

static uint8_t make_string(uint8_t index)
{
	length = 2;
	buffer[1] = USB_DESC_STRING;
	switch (index) {
	case USB_STRING_LANGUAGES:
		return COPY(languages);
	case USB_STRING_MICROSOFT:
		return COPY(microsoft);
	case USB_STRING_MANUFACTURER:
		if (config.manufacturer[0])
			add_field(config.manufacturer, CONFIG_MAKER_SIZE);
		else
			add_text("whitequark research");
		break;
	case USB_STRING_PRODUCT:
		if (config.flags & CONFIG_MODIFIED_DESIGN)
			add_text("Another");
		else
			add_text("Glasgow");
		add_text(" Interface Explorer; clyde " FIRMWARE_ID);
		break;
	case USB_STRING_SERIAL:
		add_serial();
		break;
	case USB_STRING_2X:
		add_text("2X");
		break;
	case USB_STRING_4X:
		add_text("4X");
		break;
	case USB_STRING_CFG:
		add_text("CFG");
		break;
	case USB_STRING_NVM:
		add_text("NVM");
		break;
	default:
		return 0;
	}
	buffer[0] = length;
	return length;
}

uint8_t descriptor_find(uint8_t type, uint8_t index)
{
	if (type == USB_DESC_STRING)
		return make_string(index);
	/* There is one of each of the others. */
	if (index != 0)
		return 0;
	switch (type) {
	case USB_DESC_DEVICE:
		return copy_device();
	case USB_DESC_CONFIGURATION:
		return COPY(configuration);
	case USB_DESC_QUALIFIER:
		return COPY(qualifier);
	case USB_DESC_BOS:
		return COPY(bos);
	}
	return 0;
}

uint8_t descriptor_microsoft(uint8_t index)
{
	switch (index) {
	case 4:
		return COPY(microsoft_ids);
	case 5:
		return COPY(microsoft_properties);
	}
	return 0;
}

uint8_t descriptor_webusb(void)
{
	return config.flags & CONFIG_WEBUSB ? COPY(webusb) : 0;
}
