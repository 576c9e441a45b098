/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Devices: opening, which ends with management commands being possible,
 * closing, and the calls of clyde.h for a device as a whole.
 *
 * A device that was given firmware must keep its link when opening fails: a
 * virtual device ends with its link, and the firmware with it.
 */
#include "lib/base/internal.h"

#include <stdlib.h>

#include "descriptor.h"
#include "lib/base/poll.h"
#include "lib/base/wait.h"

static void wake(struct object *object)
{
	struct clyde_device *device = (struct clyde_device *)object;

	if (device->link)
		link_wake(device->link);
}

static void destroy(struct object *object)
{
	struct clyde_device *device = (struct clyde_device *)object;

	cores_forget(device);
	mgmt_free(device);
	if (device->link == NULL)
		return;
	LOG(device->link, INFO, "closing %s", device->info.serial);
	poll_free(device->link->poll);
	device->link->ops->close(device->link);
}

int device_check_level(const struct clyde_device_info *info)
{
	unsigned level = info->api_level;

	if (level == USB_API_LEVEL)
		return 0;
	if (level == 0)
		return set_error(CLYDE_ERROR_API_LEVEL,
			"%s has no firmware (API level 0); load it with "
			"clyde --firmware FILE.ihex",
			device_name(info));
	return set_error(CLYDE_ERROR_API_LEVEL,
		"the firmware of %s speaks API level %u, not %u; load "
		"another with clyde --firmware FILE.ihex",
		device_name(info), level, USB_API_LEVEL);
}

int device_start(struct clyde_device *device)
{
	struct link *link = device->link;
	struct usb_setup configure = {
		.bRequest = USB_REQ_SET_CONFIGURATION, .wValue = 1};
	int result;

	result = link_control(link, &configure, NULL, COMMAND_TIMEOUT_MS);
	if (result < 0)
		return set_error(result, "cannot configure %s: %s",
			device_name(&device->info), error_text(result));
	result = mgmt_new(device);
	if (result < 0)
		return set_error(result,
			"cannot open the management interface: %s",
			result == CLYDE_ERROR_BUSY && link_is_open_twice(link)
				? "this program has opened it already, and "
				  "not closed it"
				: error_text(result));
	/* No other program has the device now, so that its descriptors can be
	   read from it. */
	if (link->ops->recall)
		result = descriptor_read_info(
			link, &device->info, &device->revision);
	return result;
}

/* Free a device that could not be opened.  Its link goes back to the context,
   which keeps a link that firmware was loaded over. */
static void give_up(struct clyde_device *device)
{
	mgmt_free(device);
	if (device->link)
		link_put(device->context, device->info.uri, device->link);
	free(device);
}

static int open_device(struct clyde_context *context, const char *uri,
	const char *serial, struct clyde_device *device)
{
	int result = device_find(context, uri, serial, &device->link,
		&device->info, &device->revision);

	device->context = context;
	if (result == 0)
		result = device_check_level(&device->info);
	if (result == 0)
		result = device_start(device);
	if (result == 0)
		LOG(device->link, INFO,
			"opened %s: %s, revision %s, API level %u",
			device->info.uri, device->info.serial,
			device->info.revision, device->info.api_level);
	return result;
}

static int make_device(struct clyde_context *context, const char *uri,
	const char *serial, struct clyde_device **ret_device)
{
	struct clyde_device *device = calloc(1, sizeof(*device));
	int result;

	if (device == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	result = open_device(context, uri, serial, device);
	if (result < 0)
		goto fail;
	result = object_init(&device->object, OBJECT_DEVICE, &context->object,
		&context->tree, wake, destroy);
	if (result < 0)
		goto fail;
	*ret_device = object_handle(&device->object);
	return 0;

fail:
	log_write(&context->log, device->link, CLYDE_LOG_ERROR,
		"cannot open a device: %s", clyde_error_message());
	give_up(device);
	return result;
}

CLYDE_API int clyde_device_open(struct clyde_context *handle, const char *uri,
	const char *serial, struct clyde_device **ret_device)
{
	return CALL(
		context, handle, make_device(context, uri, serial, ret_device));
}

CLYDE_API void clyde_device_close(struct clyde_device *device)
{
	object_close(device);
}

CLYDE_API clyde_token clyde_device_token(const struct clyde_device *device)
{
	return object_token(device);
}

static int get_info(
	const struct clyde_device *device, struct clyde_device_info *ret_info)
{
	*ret_info = device->info;
	return 0;
}

CLYDE_API int clyde_device_info(
	struct clyde_device *handle, struct clyde_device_info *ret_info)
{
	return PINNED(device, handle, get_info(device, ret_info));
}

static int get_link(const struct clyde_device *device, const char **ret_name)
{
	*ret_name = device->link->ops->name;
	return 0;
}

CLYDE_API const char *clyde_device_link(struct clyde_device *handle)
{
	const char *name = NULL;

	PINNED(device, handle, get_link(device, &name));
	return name;
}

CLYDE_API int clyde_device_real_time(struct clyde_device *handle)
{
	return PINNED(device, handle, device->link->ops->real_time);
}

static int get_now(const struct clyde_device *device, int64_t *ret_now_ns)
{
	*ret_now_ns = device->link->ops->now(device->link);
	return 0;
}

CLYDE_API int clyde_device_now(struct clyde_device *handle, int64_t *ret_now_ns)
{
	return CALL(device, handle, get_now(device, ret_now_ns));
}

static int sleep_for(struct clyde_device *device, int timeout_ms)
{
	struct wait wait = wait_begin(device, timeout_ms);
	int result;

	wait.yields = true;
	result = wait_out(&wait);
	if (result < 0 && !wait_stopped(result))
		set_error(result, "%s", error_text(result));
	return result;
}

CLYDE_API int clyde_device_sleep(struct clyde_device *handle, int timeout_ms)
{
	return CALL(device, handle, sleep_for(device, timeout_ms));
}
