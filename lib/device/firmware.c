/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Firmware for a device of another API level: clyde_firmware_load() parses an
 * Intel HEX file, writes it into the FX2's RAM by vendor request 0xA0, starts
 * it, and waits until the device is back.  The EEPROM is not written, so a
 * power cycle brings the old firmware back.
 *
 * The 8051 must never run firmware that differs from the file in any byte.
 */
#include "lib/base/internal.h"

#include <stdlib.h>
#include <string.h>

#include "descriptor.h"
#include "flash.h"
#include "lib/base/wait.h"
#include "own-firmware.h"

/* ---- Intel HEX -------------------------------------------------------- */

enum record_type {
	RECORD_DATA = 0x00,
	RECORD_END = 0x01,
	RECORD_SEGMENT = 0x02,
	RECORD_SEGMENT_START = 0x03,
	RECORD_LINEAR = 0x04,
	RECORD_LINEAR_START = 0x05,
};

/* Ctrl-Z, which ends a text under DOS; tools that pad a file to a whole block
   repeat it.  Allowed after the end record. */
#define TEXT_END 0x1a

/* Length, address (2), type; then the data, then the checksum. */
#define HEADER_SIZE 4
#define RECORD_MAX  (HEADER_SIZE + UINT8_MAX + 1)

struct reader {
	const uint8_t *text;
	size_t size, at;
	unsigned line;
	struct ihex *ihex;
	bool any, ended;
	uint8_t record[RECORD_MAX];
};

#define refuse(reader, format, ...)                                           \
	set_error(CLYDE_ERROR_CORRUPT, "the firmware file, line %u: " format, \
		(reader)->line, ##__VA_ARGS__)

static int peek(const struct reader *reader)
{
	return reader->at < reader->size ? reader->text[reader->at] : -1;
}

/* Step over the ends of lines, and over empty lines, and count them. */
static void skip_line_ends(struct reader *reader)
{
	for (;; reader->at++) {
		if (peek(reader) == '\n')
			reader->line++;
		else if (peek(reader) != '\r')
			return;
	}
}

static bool at_line_end(const struct reader *reader)
{
	int byte = peek(reader);

	return byte < 0 || byte == '\n' || byte == '\r';
}

static int digit_value(int byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return -1;
}

static int read_byte(struct reader *reader, uint8_t *ret_byte)
{
	unsigned byte = 0;

	for (unsigned i = 0; i < 2; i++, reader->at++) {
		int value = digit_value(peek(reader));

		if (at_line_end(reader))
			return refuse(reader, "the record is cut short");
		if (value < 0)
			return refuse(reader,
				"byte 0x%02x is not a hexadecimal digit",
				peek(reader));
		byte = byte << 4 | value;
	}
	*ret_byte = byte;
	return 0;
}

/* All bytes of a record sum up to 0. */
static int check_sum(struct reader *reader, unsigned size)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < size - 1; i++)
		sum += reader->record[i];
	sum = -sum;
	if (sum == reader->record[size - 1])
		return 0;
	return refuse(reader, "the checksum is 0x%02x, but should be 0x%02x",
		reader->record[size - 1], sum);
}

static int read_record(struct reader *reader)
{
	unsigned size = 1;

	if (peek(reader) != ':')
		return refuse(reader,
			"byte 0x%02x, where a record begins "
			"with ':'",
			peek(reader));
	reader->at++;
	for (unsigned i = 0; i < size; i++) {
		int result = read_byte(reader, &reader->record[i]);

		if (result < 0)
			return result;
		if (i == 0)
			size = HEADER_SIZE + reader->record[0] + 1;
	}
	if (!at_line_end(reader))
		return refuse(reader,
			"the record goes on after its %u bytes of data",
			reader->record[0]);
	return check_sum(reader, size);
}

static int store(struct reader *reader)
{
	struct ihex *ihex = reader->ihex;
	unsigned length = reader->record[0];
	unsigned address = reader->record[1] << 8 | reader->record[2];

	if (address + length > IHEX_SIZE)
		return refuse(reader,
			"address 0x%04x is beyond the FX2's RAM, which ends "
			"at 0x%04x",
			address + length - 1, IHEX_SIZE - 1);
	for (unsigned i = 0; i < length; i++) {
		if (ihex->used[address + i])
			return refuse(reader,
				"address 0x%04x is there a second time",
				address + i);
		ihex->used[address + i] = true;
		ihex->data[address + i] = reader->record[HEADER_SIZE + i];
		reader->any = true;
	}
	return 0;
}

/* A base address for the records that follow.  Firmware for 16 KiB of RAM needs
   none, so only a base of 0 is taken. */
static int check_base(struct reader *reader)
{
	const uint8_t *record = reader->record;

	if (record[0] != 2 || record[1] || record[2])
		return refuse(reader, "the record of a base is malformed");
	if (record[HEADER_SIZE] || record[HEADER_SIZE + 1])
		return refuse(reader,
			"a base of 0x%02x%02x is beyond the FX2's RAM",
			record[HEADER_SIZE], record[HEADER_SIZE + 1]);
	return 0;
}

/* The start address of a program.  Its value is ignored: the 8051 always begins
   at 0. */
static int check_start(struct reader *reader)
{
	const uint8_t *record = reader->record;

	if (record[0] != 4 || record[1] || record[2])
		return refuse(
			reader, "the record of a start address is malformed");
	return 0;
}

static int handle_record(struct reader *reader)
{
	const uint8_t *record = reader->record;

	switch (record[3]) {
	case RECORD_DATA:
		return store(reader);
	case RECORD_END:
		if (record[0] || record[1] || record[2])
			return refuse(reader, "the end record is malformed");
		reader->ended = true;
		return 0;
	case RECORD_SEGMENT:
	case RECORD_LINEAR:
		return check_base(reader);
	case RECORD_SEGMENT_START:
	case RECORD_LINEAR_START:
		return check_start(reader);
	}
	return refuse(reader, "record type 0x%02x has no place in firmware",
		record[3]);
}

static int read_all(struct reader *reader)
{
	int result = 0;

	for (skip_line_ends(reader); peek(reader) >= 0 && result == 0;
		skip_line_ends(reader)) {
		if (reader->ended && peek(reader) == TEXT_END) {
			reader->at++;
			continue;
		}
		if (reader->ended)
			return refuse(reader,
				"there is something after the end record");
		result = read_record(reader);
		if (result == 0)
			result = handle_record(reader);
	}
	if (result < 0)
		return result;
	if (!reader->ended)
		return refuse(reader, "the end record is missing");
	if (!reader->any)
		return refuse(reader, "the file ends without any data");
	return 0;
}

int ihex_parse(const void *text, size_t size, struct ihex *ret_ihex)
{
	struct reader reader = {
		.text = text,
		.size = size,
		.line = 1,
		.ihex = ret_ihex,
	};

	memset(ret_ihex, 0, sizeof(*ret_ihex));
	return read_all(&reader);
}

size_t ihex_run(
	const struct ihex *ihex, size_t from, size_t limit, size_t *ret_at)
{
	size_t size = 0;

	while (from < IHEX_SIZE && !ihex->used[from])
		from++;
	while (size < limit && from + size < IHEX_SIZE &&
		ihex->used[from + size])
		size++;
	*ret_at = from;
	return size;
}

/* ---- Clyde's own firmware --------------------------------------------- */

CLYDE_API int clyde_firmware_own(uint8_t ret_id[CLYDE_FPGA_ID_SIZE])
{
	memcpy(ret_id, own_firmware.id, sizeof(own_firmware.id));
	return own_firmware.size > 0;
}

static int take_own(struct ihex *ret_ihex)
{
	const struct own_firmware *own = &own_firmware;

	if (own->size == 0)
		return set_error(CLYDE_ERROR_UNSUPPORTED,
			"this build has no firmware of its own; name a file "
			"with --firmware FILE.ihex");
	memset(ret_ihex, 0, sizeof(*ret_ihex));
	memcpy(ret_ihex->data + own->address, own->data, own->size);
	memset(ret_ihex->used + own->address, true, own->size);
	return 0;
}

int firmware_given(const void *data, size_t size, struct ihex *ret_ihex)
{
	if (data == NULL && size == 0)
		return take_own(ret_ihex);
	if (data == NULL)
		return check_buffer("data", data, size);
	return ihex_parse(data, size, ret_ihex);
}

/* ---- Loading ---------------------------------------------------------- */

/* Upstream's tool waits as long, since Windows has been seen to take more than
   5 s. */
#define RETURN_TIMEOUT_MS 10000

/* A load of firmware under way. */
struct load {
	bool own;    /* it is Clyde's */
	bool always; /* whatever level the device speaks */
	struct clyde_context *context;
	struct link *link;
	struct clyde_device_info info;
	uint8_t revision;
	const struct ihex *ihex;
};

static int access_ram(struct link *link, uint8_t direction, uint16_t address,
	void *data, uint16_t size)
{
	struct usb_setup setup = {
		.bmRequestType = USB_TYPE_VENDOR | direction,
		.bRequest = USB_REQ_FX2_RAM,
		.wValue = address,
		.wLength = size,
	};
	int result = link->ops->control(
		link, &setup, data, deadline_in(link, COMMAND_TIMEOUT_MS));

	if (result >= 0 && result != size)
		return CLYDE_ERROR_PROTOCOL;
	return result < 0 ? result : 0;
}

static int set_cpu(struct link *link, bool held)
{
	uint8_t cpucs = held;

	return access_ram(link, 0, USB_FX2_CPUCS, &cpucs, sizeof(cpucs));
}

/* Let the 8051 run.  The new firmware may leave the bus before the control
   transfer is acknowledged: such an error is no failure. */
static int start_cpu(struct link *link)
{
	int result = set_cpu(link, false);

	return result == CLYDE_ERROR_NO_DEVICE || result == CLYDE_ERROR_IO
		? 0
		: result;
}

static int write_all(struct link *link, const struct ihex *ihex)
{
	uint8_t chunk[USB_FX2_RAM_CHUNK];
	size_t at, size;
	int result = 0;

	for (size_t from = 0; result == 0; from = at + size) {
		size = ihex_run(ihex, from, sizeof(chunk), &at);
		if (size == 0)
			break;
		memcpy(chunk, ihex->data + at, size);
		result = access_ram(link, 0, at, chunk, size);
	}
	return result;
}

/* Read the firmware back while the 8051 is held in reset; CLYDE_ERROR_IO if a
   byte differs. */
static int verify_all(struct link *link, const struct ihex *ihex)
{
	uint8_t chunk[USB_FX2_RAM_CHUNK];
	size_t at, size;
	int result = 0;

	for (size_t from = 0; result == 0; from = at + size) {
		size = ihex_run(ihex, from, sizeof(chunk), &at);
		if (size == 0)
			break;
		result = access_ram(link, USB_DIR_IN, at, chunk, size);
		if (result == 0 && memcmp(chunk, ihex->data + at, size) != 0)
			return CLYDE_ERROR_IO;
	}
	return result;
}

/* Claim the device, which leaves the bus when the firmware starts.  Fail if
   another program uses it. */
static int claim_device(const struct load *load)
{
	const struct link_ops *ops = load->link->ops;
	int result;

	if (ops->claim_all == NULL || ops->await_return == NULL)
		return set_error(CLYDE_ERROR_UNSUPPORTED,
			"firmware cannot be loaded over this link; update the "
			"device with upstream's tool: glasgow flash");
	result = ops->claim_all(load->link);
	if (result == CLYDE_ERROR_BUSY)
		return set_error(CLYDE_ERROR_BUSY,
			"%s is in use, so its firmware stays as it is; end "
			"the other program first",
			device_name(&load->info));
	if (result < 0)
		return set_error(result, "cannot claim %s: %s",
			device_name(&load->info), error_text(result));
	return 0;
}

/* Write the firmware, read it back, and let the 8051 run. */
static int write_firmware(const struct load *load)
{
	struct link *link = load->link;
	int result = set_cpu(link, true);

	if (result == 0)
		result = write_all(link, load->ihex);
	if (result == 0)
		result = verify_all(link, load->ihex);
	if (result == CLYDE_ERROR_IO)
		return set_error(CLYDE_ERROR_IO,
			"the firmware did not arrive in %s as it was sent; "
			"unplug the device, plug it in and try again",
			device_name(&load->info));
	if (result == 0)
		result = start_cpu(link);
	if (result < 0)
		return set_error(result, "cannot load firmware into %s: %s",
			device_name(&load->info), error_text(result));
	return 0;
}

/* The link itself waits: a struct wait (wait.h) needs a device object, and
   there is none. */
static int wait_for_return(const struct load *load)
{
	struct link *link = load->link;
	int result = link->ops->await_return(
		link, deadline_in(link, RETURN_TIMEOUT_MS));

	if (result == CLYDE_ERROR_INTERRUPTED)
		return object_stopped(&load->context->object, true);
	if (result == CLYDE_ERROR_TIMEOUT)
		return set_error(CLYDE_ERROR_TIMEOUT,
			"%s did not come back with its new firmware within "
			"%d s; unplug it, and plug it in again",
			device_name(&load->info), RETURN_TIMEOUT_MS / 1000);
	if (result < 0)
		return set_error(result, "%s was lost: %s",
			device_name(&load->info), error_text(result));
	return 0;
}

/* Check the device that came back: the file may have held other firmware than
   Glasgow's, or Glasgow's of another API level. */
static int check_firmware(struct load *load)
{
	struct clyde_device_info info = load->info;
	int result = descriptor_read_info(load->link, &info, &load->revision);

	if (result < 0)
		return result;
	load->info = info;
	if (info.api_level == USB_API_LEVEL)
		return 0;
	if (info.api_level == 0)
		return set_error(CLYDE_ERROR_API_LEVEL,
			"what was loaded does not start as firmware: %s came "
			"back without any",
			device_name(&info));
	return set_error(CLYDE_ERROR_API_LEVEL,
		"the firmware that was loaded into %s speaks API level %u, "
		"not %u; it takes another file",
		device_name(&info), info.api_level, USB_API_LEVEL);
}

static int start_firmware(const struct load *load)
{
	int result = claim_device(load);

	if (result == 0)
		result = write_firmware(load);
	if (result == 0)
		result = wait_for_return(load);
	return result;
}

int firmware_start(struct clyde_context *context, struct link *link,
	const struct clyde_device_info *info, const struct ihex *firmware)
{
	struct load load = {.context = context,
		.link = link,
		.info = *info,
		.ihex = firmware};

	return start_firmware(&load);
}

static int replace_firmware(struct load *load)
{
	int result = start_firmware(load);

	if (result == 0)
		result = check_firmware(load);
	if (result == 0)
		load->link->kept = load->link->ops->owns_device;
	return result;
}

/* Clyde's own firmware is for C0 to C3; without it, another level is the error
   that it would be at an open. */
static int check_own(const struct load *load)
{
	if (load->ihex->used[0] && load->revision >= REVISION_C0 &&
		load->revision <= REVISION_C3)
		return 0;
	return device_check_level(&load->info);
}

static int load_into(
	struct load *load, const char *uri, const char *serial, char *ret_uri)
{
	bool needed;
	int result = device_find(load->context, uri, serial, &load->link,
		&load->info, &load->revision);

	if (result < 0)
		return result;
	needed = load->always || load->info.api_level != USB_API_LEVEL;
	if (load->always)
		result = check_revision(
			load->revision, device_name(&load->info));
	else if (needed && load->own)
		result = check_own(load);
	if (needed && result == 0)
		result = replace_firmware(load);
	link_put(load->context, load->info.uri, load->link);
	if (result < 0)
		return result;
	if (ret_uri)
		memcpy(ret_uri, load->info.uri, sizeof(load->info.uri));
	return needed;
}

static int parse_and_load(struct load *load, const char *uri,
	const char *serial, const void *data, size_t size, char *ret_uri)
{
	struct ihex *ihex = calloc(1, sizeof(*ihex));
	struct boot_records records;
	int result;

	if (ihex == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	load->ihex = ihex;
	load->own = data == NULL && size == 0;
	/* A build without firmware of its own is no error before the device's
	   level is known. */
	result = load->own && !load->always && own_firmware.size == 0
		? 0
		: firmware_given(data, size, ihex);
	if (result == 0 && load->always)
		result = boot_records_of(ihex, &records);
	if (result == 0)
		result = load_into(load, uri, serial, ret_uri);
	free(ihex);
	return result;
}

static int load_firmware(struct clyde_context *context, bool always,
	const char *uri, const char *serial, const void *data, size_t size,
	char *ret_uri)
{
	struct load load = {.context = context, .always = always};

	return parse_and_load(&load, uri, serial, data, size, ret_uri);
}

CLYDE_API int clyde_firmware_load(struct clyde_context *handle, const char *uri,
	const char *serial, const void *data, size_t size,
	char ret_uri[CLYDE_URI_SIZE])
{
	return CALL(context, handle,
		load_firmware(
			context, false, uri, serial, data, size, ret_uri));
}

CLYDE_API int clyde_firmware_try(struct clyde_context *handle, const char *uri,
	const char *serial, const void *data, size_t size,
	char ret_uri[CLYDE_URI_SIZE])
{
	return CALL(context, handle,
		load_firmware(context, true, uri, serial, data, size, ret_uri));
}
