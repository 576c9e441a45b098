/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A device's descriptors: what they say of its identity.  lib/link enumerates
 * and opens devices by them, firmware.c checks a device that has come back.
 */
#ifndef LIB_DESCRIPTOR_H
#define LIB_DESCRIPTOR_H

#include "lib/base/internal.h"

/* Fill in what the device descriptor alone says: whether the ids are a
   Glasgow's, API level, revision. */
void descriptor_identify(const struct usb_device_descriptor *descriptor,
	struct clyde_device_info *info);

/*
 * Fill in what the device descriptor and the strings say.  CLYDE_ERROR_CORRUPT,
 * with `info` filled in as by descriptor_identify(), if the ids are not a
 * Glasgow's.  ret_revision: enum revision.
 *
 * descriptor_read_info() reads them from the device.  The caller must know that
 * no other program uses it: a GET_DESCRIPTOR spoils a load of a bitstream.
 *
 * descriptor_recall_info() gets them from the operating system, without a
 * transfer: 0, or 1 if the system does not know the strings, which are empty
 * then.  On a link to a device that only this link can use it reads them.
 *
 * descriptor_learn_info() does the same, but reads strings that the system does
 * not know.
 */
int descriptor_read_info(struct link *link, struct clyde_device_info *info,
	uint8_t *ret_revision);
int descriptor_recall_info(struct link *link, struct clyde_device_info *info,
	uint8_t *ret_revision);
int descriptor_learn_info(struct link *link, struct clyde_device_info *info,
	uint8_t *ret_revision);

/*
 * The parsers of what a device has sent, any bytes at all; CLYDE_ERROR_PROTOCOL
 * if it is malformed.  A string is turned into printable ASCII, other
 * characters into '?'; the result is its length.
 */
int descriptor_parse_device(const void *data, size_t size,
	struct usb_device_descriptor *ret_descriptor);
int descriptor_parse_string(
	const void *data, size_t size, char *text, size_t text_size);

/* The same, in place, for a string as a kernel shows it, in UTF-8.  Any bytes are
   taken. */
void descriptor_make_ascii(char *text);

/* "C3" of 0x33; "?" if the byte is no revision. */
void revision_text(uint8_t revision, char text[8]);

#endif
