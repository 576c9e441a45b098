/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Firmware for a device of another API level: clyde_firmware_load() takes an
 * Intel HEX file, which ihex.c parses, writes it into the FX2's RAM by vendor
 * request 0xA0, starts it, and waits until the device is back.  The EEPROM is
 * not written, so a power cycle brings the old firmware back.
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
	int result = link_control(link, &setup, data, COMMAND_TIMEOUT_MS);

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
	int result = descriptor_learn_info(load->link, &info, &load->revision);

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
