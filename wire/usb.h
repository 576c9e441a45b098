/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The USB side of a Glasgow: ids, endpoints, interfaces, alternate settings,
 * standard and vendor requests, descriptors.
 *
 * Sources: GlasgowEmbedded/glasgow firmware/fx2/{main.c,glasgow.h,fpga.c};
 * Universal Serial Bus Specification 2.0, chapters 8 and 9.
 */
#ifndef WIRE_USB_H
#define WIRE_USB_H

#include "packed.h"

#define USB_VID_QIHW    0x20b7
#define USB_PID_GLASGOW 0x9db1
/* The ids of an FX2 without a configuration block. */
#define USB_VID_CYPRESS 0x04b4
#define USB_PID_FX2     0x8613

/* bcdDevice is API level << 8 | revision byte; level 0 is a bare FX2. */
#define USB_API_LEVEL 9

#define USB_PACKET_SIZE     512 /* every bulk endpoint's wMaxPacketSize */
#define USB_EP0_PACKET_SIZE 64
#define USB_EP1_PACKET_SIZE 64 /* the FX2's buffers; the descriptor says 512 */

#define USB_DIR_IN        0x80
#define USB_ENDPOINT_MASK 0x0f

enum usb_endpoint {
	USB_EP1_OUT = 0x01, /* management requests */
	USB_EP1_IN = 0x81,  /* management replies and alerts */
	USB_EP2_OUT = 0x02, /* host to FPGA, and bitstreams */
	USB_EP4_OUT = 0x04, /* host to FPGA */
	USB_EP6_IN = 0x86,  /* FPGA to host */
	USB_EP8_IN = 0x88,  /* FPGA to host */
};

enum usb_interface {
	USB_IFACE_MGMT,
	USB_IFACE_EP2OUT,
	USB_IFACE_EP4OUT,
	USB_IFACE_EP6IN,
	USB_IFACE_EP8IN,
	USB_IFACE_COUNT,
};

enum usb_alternate {
	USB_ALT_OFF = 0, /* every interface */
	USB_ALT_ON = 1,  /* USB_IFACE_MGMT */
	USB_ALT_2X = 1,  /* the four pipes: double buffered */
	USB_ALT_4X = 2,  /* EP2 and EP6: quad buffered */
	USB_ALT_CFG = 3, /* EP2: bitstream to the FPGA */
	USB_ALT_NVM = 4, /* EP2: bitstream to the EEPROM */
};

/* bmRequestType */
#define USB_TYPE_STANDARD   0x00
#define USB_TYPE_VENDOR     0x40
#define USB_TYPE_MASK       0x60
#define USB_RECIP_DEVICE    0x00
#define USB_RECIP_INTERFACE 0x01
#define USB_RECIP_ENDPOINT  0x02
#define USB_RECIP_MASK      0x1f

enum usb_request {
	USB_REQ_GET_STATUS = 0,
	USB_REQ_CLEAR_FEATURE = 1,
	USB_REQ_SET_FEATURE = 3,
	USB_REQ_SET_ADDRESS = 5,
	USB_REQ_GET_DESCRIPTOR = 6,
	USB_REQ_GET_CONFIGURATION = 8,
	USB_REQ_SET_CONFIGURATION = 9,
	USB_REQ_GET_INTERFACE = 10,
	USB_REQ_SET_INTERFACE = 11,
	/* FX2 boot ROM, EZ-USB TRM 3.8: at most 4096 B of RAM at wValue */
	USB_REQ_FX2_RAM = 0xa0,
	USB_REQ_MICROSOFT = 0xc0,
	USB_REQ_WEBUSB = 0xd0,
};

#define USB_FX2_RAM_CHUNK 4096
#define USB_FX2_CPUCS     0xe600 /* 1: the 8051 is in reset, 0: it runs */

enum usb_descriptor_type {
	USB_DESC_DEVICE = 1,
	USB_DESC_CONFIGURATION = 2,
	USB_DESC_STRING = 3,
	USB_DESC_INTERFACE = 4,
	USB_DESC_ENDPOINT = 5,
	USB_DESC_QUALIFIER = 6,
	USB_DESC_BOS = 15,
	USB_DESC_CAPABILITY = 16,
};

#define USB_CLASS_HUB        0x09
#define USB_CLASS_VENDOR     0xff
#define USB_ATTR_BULK        2
#define USB_FEATURE_HALT     0
#define USB_STRING_MICROSOFT 0xee
#define USB_LANG_ENGLISH     0x0409

enum usb_string {
	USB_STRING_LANGUAGES,
	USB_STRING_MANUFACTURER,
	USB_STRING_PRODUCT,
	USB_STRING_SERIAL,
	USB_STRING_2X,
	USB_STRING_4X,
	USB_STRING_CFG,
	USB_STRING_NVM,
};

struct usb_setup {
	uint8_t bmRequestType;
	uint8_t bRequest;
	uint16_t wValue;
	uint16_t wIndex;
	uint16_t wLength;
} PACKED;
_Static_assert(sizeof(struct usb_setup) == 8, "USB 2.0, table 9-2");

struct usb_device_descriptor {
	uint8_t bLength;
	uint8_t bDescriptorType;
	uint16_t bcdUSB;
	uint8_t bDeviceClass;
	uint8_t bDeviceSubClass;
	uint8_t bDeviceProtocol;
	uint8_t bMaxPacketSize0;
	uint16_t idVendor;
	uint16_t idProduct;
	uint16_t bcdDevice;
	uint8_t iManufacturer;
	uint8_t iProduct;
	uint8_t iSerialNumber;
	uint8_t bNumConfigurations;
} PACKED;
_Static_assert(
	sizeof(struct usb_device_descriptor) == 18, "USB 2.0, table 9-8");

struct usb_config_descriptor {
	uint8_t bLength;
	uint8_t bDescriptorType;
	uint16_t wTotalLength;
	uint8_t bNumInterfaces;
	uint8_t bConfigurationValue;
	uint8_t iConfiguration;
	uint8_t bmAttributes;
	uint8_t bMaxPower;
} PACKED;
_Static_assert(
	sizeof(struct usb_config_descriptor) == 9, "USB 2.0, table 9-10");

struct usb_interface_descriptor {
	uint8_t bLength;
	uint8_t bDescriptorType;
	uint8_t bInterfaceNumber;
	uint8_t bAlternateSetting;
	uint8_t bNumEndpoints;
	uint8_t bInterfaceClass;
	uint8_t bInterfaceSubClass;
	uint8_t bInterfaceProtocol;
	uint8_t iInterface;
} PACKED;
_Static_assert(
	sizeof(struct usb_interface_descriptor) == 9, "USB 2.0, table 9-12");

struct usb_endpoint_descriptor {
	uint8_t bLength;
	uint8_t bDescriptorType;
	uint8_t bEndpointAddress;
	uint8_t bmAttributes;
	uint16_t wMaxPacketSize;
	uint8_t bInterval;
} PACKED;
_Static_assert(
	sizeof(struct usb_endpoint_descriptor) == 7, "USB 2.0, table 9-13");

#endif
