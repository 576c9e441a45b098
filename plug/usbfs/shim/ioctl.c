/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The ioctls of usbfs, <linux/usbdevice_fs.h>, with the kernel's errors.
 * plug/usbfs/shim/shim.c calls shim_ioctl().  Errors that need no host are
 * returned without a request.
 */
#include "file.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define SPEED_HIGH  3 /* USB_SPEED_HIGH of <linux/usb/ch9.h> */
#define CONTROL_MAX 4096
#define BULK_MAX    (16u << 20)

typedef long handler(struct shim_file *file, void *argument);

long shim_check_claim(struct shim_file *file, int interface)
{
	if (file->shared->state.claimed[interface] == USBFS_CLAIM_MINE)
		return 0;
	return shim_request(file, USBFS_CLAIM, interface, 0, 0);
}

static bool has_interface(struct shim_file *file, unsigned interface)
{
	return interface < USB_IFACE_COUNT &&
		file->shared->state.map.alternates[interface];
}

static int interface_of(struct shim_file *file, unsigned endpoint)
{
	return usbfs_interface_of(&file->shared->state.map, endpoint);
}

static long do_claim(struct shim_file *file, void *argument)
{
	return shim_request(file, USBFS_CLAIM, *(unsigned *)argument, 0, 0);
}

static long do_release(struct shim_file *file, void *argument)
{
	return shim_request(file, USBFS_RELEASE, *(unsigned *)argument, 0, 0);
}

static long do_disconnect_claim(struct shim_file *file, void *argument)
{
	struct usbdevfs_disconnect_claim *claim = argument;

	return shim_request(file, USBFS_CLAIM, claim->interface, 0, 0);
}

static long do_set_interface(struct shim_file *file, void *argument)
{
	struct usbdevfs_setinterface *set = argument;
	long result;

	if (!has_interface(file, set->interface))
		return -ENOENT;
	result = shim_check_claim(file, set->interface);
	if (result < 0)
		return result;
	return shim_request(
		file, USBFS_SET_INTERFACE, set->interface, set->altsetting, 0);
}

static long do_set_configuration(struct shim_file *file, void *argument)
{
	int value = *(int *)argument;

	return shim_request(
		file, USBFS_SET_CONFIGURATION, value < 0 ? 0 : value, 0, 0);
}

static long do_clear_halt(struct shim_file *file, void *argument)
{
	unsigned endpoint = *(unsigned *)argument;
	int interface = interface_of(file, endpoint);
	long result;

	if (interface < 0)
		return -ENOENT;
	result = shim_check_claim(file, interface);
	return result < 0
		? result
		: shim_request(file, USBFS_CLEAR_HALT, endpoint, 0, 0);
}

/* The kernel clears the endpoint's data toggle only; the virtual bus has
   none. */
static long do_reset_endpoint(struct shim_file *file, void *argument)
{
	unsigned endpoint = *(unsigned *)argument;
	int interface = interface_of(file, endpoint);

	return interface < 0 ? -ENOENT : shim_check_claim(file, interface);
}

static long do_reset(struct shim_file *file, void *argument)
{
	(void)argument;
	return shim_request(file, USBFS_RESET, 0, 0, 0);
}

static long do_control(struct shim_file *file, void *argument)
{
	struct usbdevfs_ctrltransfer *control = argument;
	struct usb_setup setup = {
		.bmRequestType = control->bRequestType,
		.bRequest = control->bRequest,
		.wValue = control->wValue,
		.wIndex = control->wIndex,
		.wLength = control->wLength,
	};

	if (control->wLength > CONTROL_MAX)
		return -EINVAL;
	return urb_transfer(file, control->bRequestType & USB_DIR_IN, &setup,
		control->data, control->wLength, control->timeout);
}

static long do_bulk(struct shim_file *file, void *argument)
{
	struct usbdevfs_bulktransfer *bulk = argument;
	int interface = interface_of(file, bulk->ep);
	long result;

	if (interface < 0)
		return -ENOENT;
	if (bulk->len > BULK_MAX)
		return -EINVAL;
	result = shim_check_claim(file, interface);
	if (result < 0)
		return result;
	return urb_transfer(
		file, bulk->ep, NULL, bulk->data, bulk->len, bulk->timeout);
}

static long do_submit(struct shim_file *file, void *argument)
{
	return urb_submit(file, argument);
}

static long do_discard(struct shim_file *file, void *argument)
{
	return urb_discard(file, argument);
}

static long do_reap(struct shim_file *file, void *argument)
{
	return urb_reap(file, argument, true);
}

static long do_reap_at_once(struct shim_file *file, void *argument)
{
	return urb_reap(file, argument, false);
}

/* ---- About the device ------------------------------------------------- */

static long do_capabilities(struct shim_file *file, void *argument)
{
	*(uint32_t *)argument = file->global->capabilities;
	return 0;
}

static long do_get_driver(struct shim_file *file, void *argument)
{
	struct usbdevfs_getdriver *driver = argument;

	if (!has_interface(file, driver->interface) ||
		file->shared->state.claimed[driver->interface] ==
			USBFS_CLAIM_NONE)
		return -ENODATA;
	strcpy(driver->driver, "usbfs");
	return 0;
}

static long do_connect_info(struct shim_file *file, void *argument)
{
	*(struct usbdevfs_connectinfo *)argument =
		(struct usbdevfs_connectinfo){.devnum = file->address};
	return 0;
}

static long do_speed(struct shim_file *file, void *argument)
{
	(void)file;
	(void)argument;
	return SPEED_HIGH;
}

/* An ioctl for the driver of an interface; no interface has a driver but
   usbfs. */
static long do_driver_ioctl(struct shim_file *file, void *argument)
{
	struct usbdevfs_ioctl *inner = argument;
	uint8_t claim;

	if (inner->ifno < 0 || !has_interface(file, inner->ifno))
		return -EINVAL;
	claim = file->shared->state.claimed[inner->ifno];
	if (inner->ioctl_code == USBDEVFS_CONNECT)
		return claim == USBFS_CLAIM_NONE ? 0 : -EBUSY;
	if (inner->ioctl_code == USBDEVFS_DISCONNECT)
		return -ENODATA;
	return -ENOTTY;
}

static long do_nothing(struct shim_file *file, void *argument)
{
	(void)file;
	(void)argument;
	return 0;
}

static const struct {
	unsigned long request;
	handler *handle;
	bool after_unplug;
} handlers[] = {
	/* The busiest first */
	{USBDEVFS_REAPURBNDELAY, do_reap_at_once, true},
	{USBDEVFS_SUBMITURB, do_submit, false},
	{USBDEVFS_REAPURB, do_reap, true},
	{USBDEVFS_DISCARDURB, do_discard, true},
	{USBDEVFS_CONTROL, do_control, false},
	{USBDEVFS_BULK, do_bulk, false},
	{USBDEVFS_CLAIMINTERFACE, do_claim, false},
	{USBDEVFS_RELEASEINTERFACE, do_release, false},
	{USBDEVFS_DISCONNECT_CLAIM, do_disconnect_claim, false},
	{USBDEVFS_SETINTERFACE, do_set_interface, false},
	{USBDEVFS_SETCONFIGURATION, do_set_configuration, false},
	{USBDEVFS_CLEAR_HALT, do_clear_halt, false},
	{USBDEVFS_RESETEP, do_reset_endpoint, false},
	{USBDEVFS_RESET, do_reset, false},
	{USBDEVFS_GET_CAPABILITIES, do_capabilities, false},
	{USBDEVFS_GETDRIVER, do_get_driver, false},
	{USBDEVFS_CONNECTINFO, do_connect_info, false},
	{USBDEVFS_GET_SPEED, do_speed, false},
	{USBDEVFS_IOCTL, do_driver_ioctl, false},
	{USBDEVFS_DISCSIGNAL, do_nothing, false},
	{USBDEVFS_DROP_PRIVILEGES, do_nothing, false},
};

long shim_ioctl(struct shim_file *file, unsigned long request, void *argument)
{
	if (!file->writable)
		return -EPERM;
	for (size_t i = 0; i < sizeof(handlers) / sizeof(*handlers); i++) {
		if (handlers[i].request != request)
			continue;
		if (shim_gone(file) && !handlers[i].after_unplug)
			return -ENODEV;
		return handlers[i].handle(file, argument);
	}
	return shim_gone(file) ? -ENODEV : -ENOTTY;
}
