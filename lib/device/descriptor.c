/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Reads a device's descriptors over a link, and parses them, see descriptor.h.
 *
 * A parser must never read past the bytes that the device sent.
 */
#include "descriptor.h"

#include <stdio.h>
#include <string.h>

#include "quirks.h"

int descriptor_parse_device(const void *data, size_t size,
	struct usb_device_descriptor *ret_descriptor)
{
	struct usb_device_descriptor descriptor;

	if (size < sizeof(descriptor))
		return CLYDE_ERROR_PROTOCOL;
	memcpy(&descriptor, data, sizeof(descriptor));
	if (descriptor.bLength != sizeof(descriptor) ||
		descriptor.bDescriptorType != USB_DESC_DEVICE)
		return CLYDE_ERROR_PROTOCOL;
	*ret_descriptor = descriptor;
	return 0;
}

int descriptor_parse_string(
	const void *data, size_t size, char *text, size_t text_size)
{
	const uint8_t *bytes = data;
	size_t length = 0;

	if (size < 2 || bytes[0] < 2 || bytes[0] > size ||
		bytes[1] != USB_DESC_STRING)
		return CLYDE_ERROR_PROTOCOL;
	for (size_t at = 2; at + 1 < bytes[0] && length + 1 < text_size;
		at += 2) {
		unsigned character = bytes[at] | bytes[at + 1] << 8;

		if (character == 0)
			break;
		text[length++] =
			character >= ' ' && character < 0x7f ? character : '?';
	}
	text[length] = '\0';
	return length;
}

/* Each UTF-16 unit of a descriptor gives one character, as in
   descriptor_parse_string(): four bytes of UTF-8 are two units.  The second one is
   written in place of the byte after the first, as nothing may be written over a
   byte that was not read yet. */
void descriptor_make_ascii(char *text)
{
	char *out = text;
	bool second = false;

	for (; *text; text++) {
		uint8_t byte = *text;
		bool first = byte < 0x80 || byte >= 0xc0;

		if (first)
			*out++ = byte >= ' ' && byte < 0x7f ? byte : '?';
		else if (second)
			*out++ = '?';
		second = byte >= 0xf0;
	}
	*out = '\0';
}

/* The high nibble is the letter, 1 = A, and the low nibble the digit.  A byte
   with a high nibble of 0 has an older encoding: the low nibble is the letter,
   and the digit is 0. */
void revision_text(uint8_t revision, char text[8])
{
	uint8_t letter = revision >> 4, digit = revision & 0xf;

	if (letter == 0 && digit > 0)
		snprintf(text, 8, "%c0", 'A' + digit - 1);
	else if (letter > 0 && letter < 0xf && digit <= 9)
		snprintf(text, 8, "%c%u", 'A' + letter - 1, digit);
	else
		snprintf(text, 8, "?");
}

static int get(struct link *link, uint8_t type, uint8_t index, void *data,
	uint16_t size)
{
	struct usb_setup setup = {
		.bmRequestType = USB_DIR_IN,
		.bRequest = USB_REQ_GET_DESCRIPTOR,
		.wValue = type << 8 | index,
		.wIndex = type == USB_DESC_STRING ? USB_LANG_ENGLISH : 0,
		.wLength = size,
	};

	return link_control(link, &setup, data, COMMAND_TIMEOUT_MS);
}

static int get_string(
	struct link *link, uint8_t index, char *text, size_t text_size)
{
	uint8_t data[255];
	int size;

	if (index == 0)
		return 0;
	size = get(link, USB_DESC_STRING, index, data, sizeof(data));
	if (size < 0)
		return size;
	return descriptor_parse_string(data, size, text, text_size);
}

void descriptor_identify(const struct usb_device_descriptor *descriptor,
	struct clyde_device_info *info)
{
	info->configured = descriptor->idVendor == USB_VID_QIHW &&
		descriptor->idProduct == USB_PID_GLASGOW;
	if (info->configured) {
		info->api_level = descriptor->bcdDevice >> 8;
		revision_text(descriptor->bcdDevice & 0xff, info->revision);
		return;
	}
	snprintf(info->product, sizeof(info->product),
		"%04x:%04x without a configuration block", descriptor->idVendor,
		descriptor->idProduct);
	snprintf(info->revision, sizeof(info->revision), "?");
}

/* The strings of such a device are not read: other boards with the same chip
   have the same ids, and unknown strings. */
static int unconfigured(const struct usb_device_descriptor *descriptor)
{
	return set_error(CLYDE_ERROR_CORRUPT,
		"the device shows ids %04x:%04x: its configuration block is "
		"missing or corrupt; clyde factory writes it anew",
		descriptor->idVendor, descriptor->idProduct);
}

static int identify(struct link *link,
	const struct usb_device_descriptor *descriptor,
	struct clyde_device_info *info)
{
	descriptor_identify(descriptor, info);
	if (link->ops->describe)
		link->ops->describe(link, info);
	return info->configured ? 0 : unconfigured(descriptor);
}

/* A bare FX2 has no product string: it is not called modified. */
static void set_modified(struct clyde_device_info *info)
{
	info->modified = info->product[0] &&
		strncmp(info->product, "Glasgow ", 8) != 0 &&
		!quirk_not_modified(info->manufacturer, info->serial);
}

static int cannot_read(int error)
{
	return set_error(error, "cannot read the device's descriptors: %s",
		error_text(error));
}

int descriptor_read_info(struct link *link, struct clyde_device_info *info,
	uint8_t *ret_revision)
{
	struct usb_device_descriptor descriptor;
	uint8_t data[sizeof(descriptor)];
	int result = get(link, USB_DESC_DEVICE, 0, data, sizeof(data));

	if (result >= 0)
		result = descriptor_parse_device(data, result, &descriptor);
	if (result < 0)
		return cannot_read(result);
	result = identify(link, &descriptor, info);
	if (result < 0)
		return result;
	result = get_string(link, descriptor.iManufacturer, info->manufacturer,
		sizeof(info->manufacturer));
	if (result >= 0)
		result = get_string(link, descriptor.iProduct, info->product,
			sizeof(info->product));
	if (result >= 0)
		result = get_string(link, descriptor.iSerialNumber,
			info->serial, sizeof(info->serial));
	if (result < 0)
		return cannot_read(result);
	set_modified(info);
	*ret_revision = descriptor.bcdDevice & 0xff;
	return 0;
}

int descriptor_recall_info(struct link *link, struct clyde_device_info *info,
	uint8_t *ret_revision)
{
	struct usb_device_descriptor descriptor;
	int known, result;

	if (link->ops->recall == NULL)
		return descriptor_read_info(link, info, ret_revision);
	known = link->ops->recall(link, &descriptor, info);
	if (known < 0)
		return cannot_read(known);
	result = identify(link, &descriptor, info);
	if (result < 0)
		return result;
	descriptor_make_ascii(info->manufacturer);
	descriptor_make_ascii(info->product);
	descriptor_make_ascii(info->serial);
	set_modified(info);
	*ret_revision = descriptor.bcdDevice & 0xff;
	return known;
}

int descriptor_learn_info(struct link *link, struct clyde_device_info *info,
	uint8_t *ret_revision)
{
	int result = descriptor_recall_info(link, info, ret_revision);

	return result == 1 ? descriptor_read_info(link, info, ret_revision)
			   : result;
}
