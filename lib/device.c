/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Devices: takes the one that was found, starts it, gives a device that can be
 * commanded.
 */
#include "internal.h"

#include <stdlib.h>

#include "watch.h"

/* The flag is looked at first: a close marks the device before it raises the
   flag, and must not pass for an interrupt. */
int device_stopped(struct clyde_device *device)
{
	struct complaint *complaint = &device->context->complaint;
	bool interrupted = atomic_load(device->context->interrupt);

	if (device->unstoppable)
		return 0;
	if (owner_closing(&device->owner))
		return complain(complaint, ECANCELED, "closed");
	if (interrupted)
		return complain(complaint, EINTR, "interrupted");
	return 0;
}

static void wake(struct owner *owner)
{
	struct clyde_device *device = (struct clyde_device *)owner;

	if (device->link)
		link_wake(device->link);
}

static void destroy(struct owner *owner)
{
	struct clyde_device *device = (struct clyde_device *)owner;

	cores_forget(device);
	mgmt_free(device);
	if (device->link == NULL)
		return;
	LOG(device->link, INFO, "closing %s", device->info.serial);
	watch_free(device->link->watch);
	device->link->ops->close(device->link);
}

static int check_level(struct clyde_device *device)
{
	struct complaint *complaint = &device->context->complaint;
	unsigned level = device->info.api_level;

	if (level == USB_API_LEVEL)
		return 0;
	if (level == 0)
		return complain(complaint, EPROTONOSUPPORT,
			"%s has no firmware (API level 0); load it with "
			"clyde --firmware FILE.ihex",
			device_name(&device->info));
	return complain(complaint, EPROTONOSUPPORT,
		"the firmware of %s speaks API level %u, not %u; load "
		"another with clyde --firmware FILE.ihex",
		device_name(&device->info), level, USB_API_LEVEL);
}

static int start(struct clyde_device *device)
{
	struct link *link = device->link;
	struct usb_setup configure = {
		.bRequest = USB_REQ_SET_CONFIGURATION, .wValue = 1};
	struct complaint *complaint = &device->context->complaint;
	int result = check_level(device);

	if (result < 0)
		return result;
	result = link_control(link, &configure, NULL, COMMAND_TIMEOUT_MS);
	if (result < 0)
		return complain(complaint, -result, "cannot configure %s: %s",
			device_name(&device->info), reason(result));
	result = mgmt_new(device);
	if (result < 0)
		return complain(complaint, -result,
			"cannot open the management interface: %s",
			reason(result));
	return 0;
}

/* One that could not be opened.  Firmware that it was given stays with the
   link. */
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
		result = start(device);
	if (result == 0)
		LOG(device->link, INFO,
			"opened %s: %s, revision %s, API level %u",
			device->info.uri, device->info.serial,
			device->info.revision, device->info.api_level);
	return result;
}

CLYDE_API int clyde_device_open(struct clyde_context *context, const char *uri,
	const char *serial, struct clyde_device **ret_device)
{
	struct clyde_device *device;
	int result = owner_enter(&context);

	if (result < 0)
		return result;
	device = calloc(1, sizeof(*device));
	result = device
		? open_device(context, uri, serial, device)
		: complain(&context->complaint, ENOMEM, "out of memory");
	if (result == 0)
		result = owner_init(&device->owner, OWNER_DEVICE, &context->owner,
			&context->tree, wake, destroy);
	if (result == 0) {
		*ret_device = owner_handle(&device->owner);
	} else if (device) {
		log_write(&context->log, device->link, CLYDE_LOG_ERROR,
			"cannot open a device: %s", clyde_result_text(result));
		give_up(device);
	}
	owner_leave(&context->owner);
	return result;
}

CLYDE_API void clyde_device_close(struct clyde_device *device)
{
	owner_close(device);
}

CLYDE_API clyde_token clyde_device_token(const struct clyde_device *device)
{
	return owner_token(device);
}

CLYDE_API const struct clyde_device_info *clyde_device_info(
	struct clyde_device *device)
{
	const struct clyde_device_info *info;

	if (owner_pin(&device) < 0)
		return NULL;
	info = &device->info;
	owner_unpin(&device->owner);
	return info;
}

CLYDE_API int clyde_device_info_copy(
	struct clyde_device *device, struct clyde_device_info *ret_info)
{
	int result = owner_pin(&device);

	if (result < 0)
		return result;
	*ret_info = device->info;
	owner_unpin(&device->owner);
	return 0;
}

CLYDE_API const char *clyde_device_link(struct clyde_device *device)
{
	const char *name;

	if (owner_pin(&device) < 0)
		return NULL;
	name = device->link->ops->name;
	owner_unpin(&device->owner);
	return name;
}

CLYDE_API bool clyde_device_real_time(struct clyde_device *device)
{
	bool real_time;

	if (owner_pin(&device) < 0)
		return false;
	real_time = device->link->ops->real_time;
	owner_unpin(&device->owner);
	return real_time;
}

CLYDE_API int64_t clyde_device_now(struct clyde_device *device)
{
	int64_t now;

	if (owner_enter(&device) < 0)
		return 0;
	now = device->link->ops->now(device->link);
	owner_leave(&device->owner);
	return now;
}

CLYDE_API int clyde_device_sleep(struct clyde_device *device, int timeout_ms)
{
	struct link *link;
	uint64_t deadline;
	int result = owner_enter(&device);

	if (result < 0)
		return result;
	link = device->link;
	deadline = deadline_in(link, timeout_ms);
	while (result >= 0 && link->ops->now(link) < deadline) {
		result = device_stopped(device);
		if (result == 0) {
			result = link->ops->wait(link, deadline);
			if (result < 0)
				complain(&device->context->complaint, -result,
					"%s", reason(result));
		}
		owner_yield(&device->owner);
	}
	owner_leave(&device->owner);
	return result < 0 ? result : 0;
}
