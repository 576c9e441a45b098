/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What a device says of itself in its descriptors. */
#ifndef LIB_DESCRIPTOR_H
#define LIB_DESCRIPTOR_H

#include "lib/base/internal.h"

/* What the device descriptor alone says: ids, API level, revision. */
void descriptor_identify(const struct usb_device_descriptor *descriptor,
	struct clyde_device_info *info);

/* Read the device descriptor and strings over a link. */
int descriptor_read_info(struct link *link, struct clyde_device_info *info,
	uint8_t *ret_revision);

/*
 * The parsers of what came over the wire, any bytes at all.  A string is
 * turned into printable ASCII, other characters into '?'.
 */
int descriptor_parse_device(const void *data, size_t size,
	struct usb_device_descriptor *ret_descriptor);
int descriptor_parse_string(
	const void *data, size_t size, char *text, size_t text_size);

/* "C3" of 0x33; "?" of what is none. */
void revision_text(uint8_t revision, char text[8]);

#endif
