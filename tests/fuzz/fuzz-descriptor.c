/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Fuzzes the parsers of descriptors with any bytes; the first byte is the room
   for a string.  After an error the results must be unchanged. */
#include <stdlib.h>
#include <string.h>

#include "lib/device/descriptor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static bool untouched(const void *object, size_t size)
{
	const uint8_t *bytes = object;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0xee)
			return false;
	return true;
}

static void parse_string(const uint8_t *data, size_t size, size_t room)
{
	char *text = malloc(room);
	int length;

	check(text != NULL);
	memset(text, 0xee, room);
	length = descriptor_parse_string(data, size, text, room);
	if (length < 0) {
		check(length == CLYDE_ERROR_PROTOCOL && untouched(text, room));
	} else {
		check((size_t)length < room && text[length] == '\0');
		check(2 + 2 * (size_t)length <= size);
		for (int i = 0; i < length; i++)
			check(text[i] >= ' ' && text[i] <= '~');
	}
	free(text);
}

static void make_ascii(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	descriptor_make_ascii(text);
	check(strlen(text) <= size);
	for (const char *at = text; *at; at++)
		check(*at >= ' ' && *at <= '~');
	free(text);
}

static void parse_device(const uint8_t *data, size_t size)
{
	struct usb_device_descriptor descriptor;
	char revision[8];

	memset(&descriptor, 0xee, sizeof(descriptor));
	if (descriptor_parse_device(data, size, &descriptor) < 0) {
		check(untouched(&descriptor, sizeof(descriptor)));
		return;
	}
	check(size >= 18 && memcmp(&descriptor, data, 18) == 0);
	revision_text(descriptor.bcdDevice & 0xff, revision);
	check(strlen(revision) == (revision[0] == '?' ? 1 : 2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	parse_string(data + 1, size - 1, data[0] % 96 + 1u);
	make_ascii(data + 1, size - 1);
	parse_device(data + 1, size - 1);
	return 0;
}
