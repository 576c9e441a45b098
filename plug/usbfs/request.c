/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What is rare: takes a request from the shim's socket, does what the kernel
 * does on that ioctl, answers when it is done.
 */
#include "internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Control transfers one after the other, and who asked for them. */
struct errand {
	struct job job; /* first */
	struct host_device *device;
	struct host_file *file; /* NULL: nobody waits */
	struct urb urb;
	unsigned count, at;
	struct usb_setup steps[1 + USB_IFACE_COUNT];
};

void file_reply(struct host_file *file, int result, uint32_t value)
{
	struct usbfs_reply reply = {result, value};

	file->waiting = false;
	if (send(file->socket, &reply, sizeof(reply),
		    MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(reply))
		file->broken = true;
}

static void show_state(struct host_device *device)
{
	struct host_file *file;

	LIST_FOREACH (file, &device->files, in_device)
		file_show_state(file);
	tree_show_claims(device);
}

/* What a step has changed. */
static void note(struct host_device *device, const struct usb_setup *setup)
{
	if (setup->bRequest == USB_REQ_SET_INTERFACE &&
		setup->wIndex < USB_IFACE_COUNT)
		device->alternate[setup->wIndex] = setup->wValue;
	if (setup->bRequest == USB_REQ_SET_CONFIGURATION) {
		device->configuration = setup->wValue;
		for (unsigned i = 0; i < USB_IFACE_COUNT; i++)
			device->alternate[i] = USB_ALT_OFF;
	}
	show_state(device);
}

void device_unclaim(struct host_device *device)
{
	memset(device->claims, 0, sizeof(device->claims));
	memset(device->alternate, USB_ALT_OFF, sizeof(device->alternate));
	show_state(device);
}

static void go(struct errand *errand)
{
	errand->urb = (struct urb){
		.setup = errand->steps[errand->at],
		.user = errand,
	};
	bus_submit(errand->device->plug->bus, &errand->urb);
}

static void end(struct errand *errand, int result)
{
	if (errand->file) {
		errand->file->errand = NULL;
		if (errand->file->waiting)
			file_reply(errand->file, result, 0);
	}
	free(errand);
}

static void step_done(struct job *job, struct urb *urb)
{
	struct errand *errand = (struct errand *)job;

	if (urb->status < 0) {
		end(errand, urb->status);
		return;
	}
	note(errand->device, &urb->setup);
	if (++errand->at == errand->count)
		end(errand, 0);
	else
		go(errand);
}

static struct errand *errand_new(
	struct host_device *device, struct host_file *file)
{
	struct errand *errand = calloc(1, sizeof(*errand));

	if (errand == NULL)
		return NULL;
	errand->job.done = step_done;
	errand->device = device;
	errand->file = file;
	return errand;
}

static void add(struct errand *errand, uint8_t recipient, uint8_t request,
	uint16_t value, uint16_t index)
{
	errand->steps[errand->count++] = (struct usb_setup){
		.bmRequestType = recipient,
		.bRequest = request,
		.wValue = value,
		.wIndex = index,
	};
}

static void start(struct errand *errand)
{
	if (errand->file) {
		errand->file->waiting = true;
		errand->file->errand = errand;
	}
	if (errand->count == 0)
		end(errand, 0);
	else
		go(errand);
}

/* ---- Claims ----------------------------------------------------------- */

static bool has_interface(const struct host_device *device, uint32_t interface)
{
	return interface < USB_IFACE_COUNT && device->map.alternates[interface];
}

static int claim(struct host_file *file, uint32_t interface)
{
	struct host_device *device = file->device;

	if (!has_interface(device, interface))
		return -ENOENT;
	if (device->claims[interface] && device->claims[interface] != file)
		files_settle(file->host);
	if (device->plug->taken ||
		(device->claims[interface] &&
			device->claims[interface] != file))
		return -EBUSY;
	device->claims[interface] = file;
	show_state(device);
	return 0;
}

/* The kernel ends what is under way, and selects setting 0. */
static void release(
	struct host_file *file, unsigned interface, struct errand *errand)
{
	struct host_device *device = file->device;

	file_cancel(file, interface);
	device->claims[interface] = NULL;
	if (device->alternate[interface] != USB_ALT_OFF && !file->gone)
		add(errand, USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE,
			USB_ALT_OFF, interface);
}

void file_release_all(struct host_file *file)
{
	struct host_device *device = file->device;
	struct errand *errand = errand_new(device, NULL);

	if (file->errand)
		file->errand->file = NULL;
	if (errand == NULL)
		return;
	for (unsigned i = 0; i < USB_IFACE_COUNT; i++)
		if (device->claims[i] == file)
			release(file, i, errand);
	show_state(device);
	start(errand);
}

void files_settle(struct usbfs_host *host)
{
	struct host_file *file;

	LIST_FOREACH (file, &host->files, in_host) {
		struct pollfd event = {file->socket, 0, 0};

		if (file->device == NULL ||
			(!file->broken && poll(&event, 1, 0) <= 0))
			continue;
		file->broken = true;
		file_release_all(file);
		file_discharge(file);
	}
}

/* ---- Requests --------------------------------------------------------- */

static int request_release(struct host_file *file,
	const struct usbfs_request *request, struct errand *errand)
{
	if (!has_interface(file->device, request->a))
		return -ENOENT;
	if (file->device->claims[request->a] != file)
		return -EINVAL;
	release(file, request->a, errand);
	show_state(file->device);
	return 0;
}

static int request_set_interface(struct host_file *file,
	const struct usbfs_request *request, struct errand *errand)
{
	if (!has_interface(file->device, request->a) ||
		request->b >= file->device->map.alternates[request->a])
		return -EINVAL;
	if (file->device->claims[request->a] != file)
		return -EBUSY;
	file_cancel(file, request->a);
	add(errand, USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE, request->b,
		request->a);
	return 0;
}

static int request_set_configuration(struct host_file *file,
	const struct usbfs_request *request, struct errand *errand)
{
	for (unsigned i = 0; i < USB_IFACE_COUNT; i++)
		if (file->device->claims[i])
			return -EBUSY;
	if (request->a > 1)
		return -EINVAL;
	add(errand, USB_RECIP_DEVICE, USB_REQ_SET_CONFIGURATION, request->a, 0);
	return 0;
}

static int request_clear_halt(struct host_file *file,
	const struct usbfs_request *request, struct errand *errand)
{
	int interface = usbfs_interface_of(&file->device->map, request->a);

	if (interface < 0)
		return -ENOENT;
	if (file->device->claims[interface] != file)
		return -EBUSY;
	add(errand, USB_RECIP_ENDPOINT, USB_REQ_CLEAR_FEATURE, USB_FEATURE_HALT,
		request->a);
	return 0;
}

/* As for the fault reset@: what is under way ends, and the claims and alternate
   settings of all programs are gone.  The answer comes when the device can be
   used again. */
static int request_reset(struct host_file *file,
	const struct usbfs_request *request, struct errand *errand)
{
	struct host_device *device = file->device;
	struct host_file *each;

	(void)request;
	LIST_FOREACH (each, &device->files, in_device)
		file_cancel(each, -1);
	bus_reset(device->plug->bus);
	device_reap(device);
	add(errand, USB_RECIP_DEVICE, USB_REQ_SET_CONFIGURATION,
		device->configuration, 0);
	return 0;
}

static int (*const errands[USBFS_OPS])(struct host_file *file,
	const struct usbfs_request *request, struct errand *errand) = {
	[USBFS_RELEASE] = request_release,
	[USBFS_SET_INTERFACE] = request_set_interface,
	[USBFS_SET_CONFIGURATION] = request_set_configuration,
	[USBFS_CLEAR_HALT] = request_clear_halt,
	[USBFS_RESET] = request_reset,
};

static void run_errand(
	struct host_file *file, const struct usbfs_request *request)
{
	struct errand *errand = errand_new(file->device, file);
	int result = errand == NULL
		? -ENOMEM
		: errands[request->op](file, request, errand);

	if (result < 0) {
		free(errand);
		file_reply(file, result, 0);
		return;
	}
	start(errand);
}

void request_handle(struct host_file *file, const struct usbfs_request *request)
{
	int result;

	if (file->waiting || request->op >= USBFS_OPS) {
		file->broken = true;
	} else if (file->gone) {
		file_reply(file, -ENODEV, 0);
	} else if (errands[request->op]) {
		run_errand(file, request);
	} else if (request->op == USBFS_CLAIM) {
		file_reply(file, claim(file, request->a), 0);
	} else if (request->op == USBFS_ADMIT) {
		file_reply(file, bus_admit(file->device->plug->bus, request->a),
			0);
	} else if (request->op == USBFS_SETTLE) {
		files_settle(file->host);
		file_reply(file, 0, 0);
	} else if (request->op == USBFS_TRANSFER) {
		file->waiting = true;
		result = file_submit(file, request->a, true);
		if (result < 0)
			file_reply(file, result, 0);
	} else {
		file->broken = true;
	}
}
