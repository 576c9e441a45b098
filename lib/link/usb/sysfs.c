/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the kernel knows of a device's descriptors: libusb's copy of the device
 * descriptor, and in /sys/bus/usb/devices the strings that the kernel read when
 * the device was plugged in.  lib/device/descriptor.c calls usb_recall() through
 * the link interface, before the device is claimed.
 *
 * No transfer may be sent to the device here: another program may use it, and be
 * loading a bitstream, which a GET_DESCRIPTOR spoils.
 */
#include "usb.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "/sys/bus/usb/devices"

/* A folder, and a folder with the name of an attribute. */
#define FOLDER_SIZE (sizeof(DEVICES "/255") + 4 * USB_DEPTH_MAX)
#define PATH_SIZE   (FOLDER_SIZE + sizeof("/manufacturer"))

/* Longer than any string descriptor in UTF-8: 126 characters of three bytes. */
#define ATTRIBUTE_SIZE 512

/* The device's folder is named by its bus and the ports on the way to it:
   "1-4.2".  False for a root hub, and on a machine without sysfs, where libusb
   does not know the ports. */
static bool write_folder(libusb_device *device, char folder[FOLDER_SIZE])
{
	uint8_t path[USB_DEPTH_MAX];
	int depth = libusb_get_port_numbers(device, path, USB_DEPTH_MAX);
	size_t used = snprintf(folder, FOLDER_SIZE, DEVICES "/%u",
		libusb_get_bus_number(device));

	for (int i = 0; i < depth; i++)
		used += snprintf(folder + used, FOLDER_SIZE - used, "%c%u",
			i == 0 ? '-' : '.', path[i]);
	return depth > 0;
}

/* Read an attribute without the line end that the kernel appends: its size, or
   -1. */
static int read_attribute(
	const char *folder, const char *name, char text[ATTRIBUTE_SIZE])
{
	char path[PATH_SIZE];
	int descriptor;
	ssize_t size;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	descriptor = open(path, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0)
		return -1;
	size = read(descriptor, text, ATTRIBUTE_SIZE);
	close(descriptor);
	return size > 0 && text[size - 1] == '\n' ? (int)size - 1 : -1;
}

/* False if the kernel could not read this string. */
static bool read_string(const char *folder, const char *name, uint8_t index,
	char *text, size_t size)
{
	char attribute[ATTRIBUTE_SIZE];
	int length;

	text[0] = '\0';
	if (index == 0)
		return true;
	length = read_attribute(folder, name, attribute);
	if (length >= 0)
		snprintf(text, size, "%.*s", length, attribute);
	return length >= 0;
}

/* Whether the folder is still that of this device, and not of another one that
   was plugged in at the same port.  Asked last: the kernel gives an address
   again only after all others. */
static bool is_same(const char *folder, libusb_device *device)
{
	char attribute[ATTRIBUTE_SIZE], expected[sizeof("255")];
	int size = read_attribute(folder, "devnum", attribute);

	snprintf(expected, sizeof(expected), "%u",
		libusb_get_device_address(device));
	return size == (int)strlen(expected) &&
		memcmp(attribute, expected, size) == 0;
}

static bool recall_strings(libusb_device *device,
	const struct libusb_device_descriptor *descriptor,
	struct clyde_device_info *info)
{
	char folder[FOLDER_SIZE];

	return write_folder(device, folder) &&
		read_string(folder, "manufacturer", descriptor->iManufacturer,
			info->manufacturer, sizeof(info->manufacturer)) &&
		read_string(folder, "product", descriptor->iProduct,
			info->product, sizeof(info->product)) &&
		read_string(folder, "serial", descriptor->iSerialNumber,
			info->serial, sizeof(info->serial)) &&
		is_same(folder, device);
}

int usb_recall(struct link *base, struct usb_device_descriptor *ret_descriptor,
	struct clyde_device_info *info)
{
	libusb_device *device = libusb_get_device(USB(base)->handle);
	struct libusb_device_descriptor descriptor;
	int result =
		usb_result(libusb_get_device_descriptor(device, &descriptor));

	if (result < 0)
		return result;
	*ret_descriptor = (struct usb_device_descriptor){
		.bLength = descriptor.bLength,
		.bDescriptorType = descriptor.bDescriptorType,
		.bcdUSB = descriptor.bcdUSB,
		.bDeviceClass = descriptor.bDeviceClass,
		.bDeviceSubClass = descriptor.bDeviceSubClass,
		.bDeviceProtocol = descriptor.bDeviceProtocol,
		.bMaxPacketSize0 = descriptor.bMaxPacketSize0,
		.idVendor = descriptor.idVendor,
		.idProduct = descriptor.idProduct,
		.bcdDevice = descriptor.bcdDevice,
		.iManufacturer = descriptor.iManufacturer,
		.iProduct = descriptor.iProduct,
		.iSerialNumber = descriptor.iSerialNumber,
		.bNumConfigurations = descriptor.bNumConfigurations,
	};
	if (recall_strings(device, &descriptor, info))
		return 0;
	info->manufacturer[0] = info->product[0] = info->serial[0] = '\0';
	return 1;
}
