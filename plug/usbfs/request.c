/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Requests on a file's socket: claims, alternate settings, resets, synchronous
 * transfers, as usbfs carries them out.  plug/usbfs/host.c calls
 * request_handle().  A request is answered once, when it is done; until then
 * another request of the file is an error of the client.
 */
#include "internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Control transfers that run one after the other, and the file whose request
   they are. */
struct control_sequence {
	struct completion completion; /* first */
	LIST_ENTRY(control_sequence) in_device;
	struct host_device *device;
	struct host_file *file; /* NULL: no request waits for the end */
	struct urb urb;
	tick deadline; /* of the step under way */
	bool late;     /* sequences_end_late() has cancelled it */
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

/* Update the device's state after a control transfer that has succeeded. */
static void apply_step(
	struct host_device *device, const struct usb_setup *setup)
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

/* As long as the kernel waits for a control transfer of its own,
   USB_CTRL_SET_TIMEOUT. */
#define STEP_TICKS (5000000 * (tick)TICKS_PER_US)

static void submit_step(struct control_sequence *sequence)
{
	struct bus *bus = sequence->device->plug->bus;

	sequence->deadline = bus_now(bus) + STEP_TICKS;
	sequence->urb = (struct urb){
		.setup = sequence->steps[sequence->at],
		.user = sequence,
	};
	bus_submit(bus, &sequence->urb);
}

tick sequences_due(const struct host_device *device)
{
	const struct control_sequence *sequence;
	tick due = TICK_NEVER;

	LIST_FOREACH (sequence, &device->sequences, in_device)
		if (sequence->deadline < due)
			due = sequence->deadline;
	return due;
}

void sequences_end_late(struct host_device *device, tick now)
{
	struct control_sequence *sequence;

	LIST_FOREACH (sequence, &device->sequences, in_device) {
		if (now < sequence->deadline)
			continue;
		sequence->late = true;
		bus_cancel(device->plug->bus, &sequence->urb);
	}
}

static void finish(struct control_sequence *sequence, int result)
{
	if (sequence->count > 0)
		LIST_REMOVE(sequence, in_device);
	if (sequence->late && result < 0)
		result = -ETIMEDOUT;
	if (sequence->file) {
		sequence->file->sequence = NULL;
		if (sequence->file->waiting)
			file_reply(sequence->file, result, 0);
	}
	free(sequence);
}

static void step_done(struct completion *completion, struct urb *urb)
{
	struct control_sequence *sequence =
		(struct control_sequence *)completion;

	if (urb->status < 0) {
		finish(sequence, urb->status);
		return;
	}
	apply_step(sequence->device, &urb->setup);
	if (++sequence->at == sequence->count)
		finish(sequence, 0);
	else
		submit_step(sequence);
}

static struct control_sequence *sequence_new(
	struct host_device *device, struct host_file *file)
{
	struct control_sequence *sequence = calloc(1, sizeof(*sequence));

	if (sequence == NULL)
		return NULL;
	sequence->completion.done = step_done;
	sequence->device = device;
	sequence->file = file;
	return sequence;
}

static void add_step(struct control_sequence *sequence, uint8_t recipient,
	uint8_t request, uint16_t value, uint16_t index)
{
	sequence->steps[sequence->count++] = (struct usb_setup){
		.bmRequestType = recipient,
		.bRequest = request,
		.wValue = value,
		.wIndex = index,
	};
}

static void start_sequence(struct control_sequence *sequence)
{
	if (sequence->file) {
		sequence->file->waiting = true;
		sequence->file->sequence = sequence;
	}
	if (sequence->count == 0) {
		finish(sequence, 0);
		return;
	}
	LIST_INSERT_HEAD(&sequence->device->sequences, sequence, in_device);
	submit_step(sequence);
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
		files_check_closed(file->host);
	if (device->plug->taken ||
		(device->claims[interface] &&
			device->claims[interface] != file))
		return -EBUSY;
	device->claims[interface] = file;
	show_state(device);
	return 0;
}

/* Release a claim: as in the kernel, the interface's URBs are cancelled, and
   its setting 0 is selected. */
static void release(struct host_file *file, unsigned interface,
	struct control_sequence *sequence)
{
	struct host_device *device = file->device;

	file_cancel(file, interface);
	device->claims[interface] = NULL;
	if (device->alternate[interface] != USB_ALT_OFF && !file->gone)
		add_step(sequence, USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE,
			USB_ALT_OFF, interface);
}

void file_release_all(struct host_file *file)
{
	struct host_device *device = file->device;
	struct control_sequence *sequence = sequence_new(device, NULL);

	if (file->sequence)
		file->sequence->file = NULL;
	file->sequence = NULL;
	if (sequence == NULL)
		return;
	for (unsigned i = 0; i < USB_IFACE_COUNT; i++)
		if (device->claims[i] == file)
			release(file, i, sequence);
	show_state(device);
	start_sequence(sequence);
}

void files_check_closed(struct usbfs_host *host)
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
	const struct usbfs_request *request, struct control_sequence *sequence)
{
	if (!has_interface(file->device, request->a))
		return -ENOENT;
	if (file->device->claims[request->a] != file)
		return -EINVAL;
	release(file, request->a, sequence);
	show_state(file->device);
	return 0;
}

static int request_set_interface(struct host_file *file,
	const struct usbfs_request *request, struct control_sequence *sequence)
{
	if (!has_interface(file->device, request->a) ||
		request->b >= file->device->map.alternates[request->a])
		return -EINVAL;
	if (file->device->claims[request->a] != file)
		return -EBUSY;
	file_cancel(file, request->a);
	add_step(sequence, USB_RECIP_INTERFACE, USB_REQ_SET_INTERFACE,
		request->b, request->a);
	return 0;
}

static int request_set_configuration(struct host_file *file,
	const struct usbfs_request *request, struct control_sequence *sequence)
{
	for (unsigned i = 0; i < USB_IFACE_COUNT; i++)
		if (file->device->claims[i])
			return -EBUSY;
	if (request->a > 1)
		return -EINVAL;
	add_step(sequence, USB_RECIP_DEVICE, USB_REQ_SET_CONFIGURATION,
		request->a, 0);
	return 0;
}

static int request_clear_halt(struct host_file *file,
	const struct usbfs_request *request, struct control_sequence *sequence)
{
	int interface = usbfs_interface_of(&file->device->map, request->a);

	if (interface < 0)
		return -ENOENT;
	if (file->device->claims[interface] != file)
		return -EBUSY;
	add_step(sequence, USB_RECIP_ENDPOINT, USB_REQ_CLEAR_FEATURE,
		USB_FEATURE_HALT, request->a);
	return 0;
}

/* USBDEVFS_RESET does what the fault reset@ does: all transfers are cancelled,
   no interface stays claimed, and all alternate settings become 0, for every
   program.  The reply comes when the device can be used again. */
static int request_reset(struct host_file *file,
	const struct usbfs_request *request, struct control_sequence *sequence)
{
	struct host_device *device = file->device;
	struct host_file *each;

	(void)request;
	LIST_FOREACH (each, &device->files, in_device)
		file_cancel(each, -1);
	bus_reset(device->plug->bus);
	device_reap(device);
	add_step(sequence, USB_RECIP_DEVICE, USB_REQ_SET_CONFIGURATION,
		device->configuration, 0);
	return 0;
}

static int (*const handlers[USBFS_OPS])(struct host_file *file,
	const struct usbfs_request *request,
	struct control_sequence *sequence) = {
	[USBFS_RELEASE] = request_release,
	[USBFS_SET_INTERFACE] = request_set_interface,
	[USBFS_SET_CONFIGURATION] = request_set_configuration,
	[USBFS_CLEAR_HALT] = request_clear_halt,
	[USBFS_RESET] = request_reset,
};

static void run_sequence(
	struct host_file *file, const struct usbfs_request *request)
{
	struct control_sequence *sequence = sequence_new(file->device, file);
	int result = sequence == NULL
		? -ENOMEM
		: handlers[request->op](file, request, sequence);

	if (result < 0) {
		free(sequence);
		file_reply(file, result, 0);
		return;
	}
	start_sequence(sequence);
}

void request_handle(struct host_file *file, const struct usbfs_request *request)
{
	int result;

	if (file->waiting || request->op >= USBFS_OPS) {
		file->broken = true;
	} else if (file->gone) {
		file_reply(file, -ENODEV, 0);
	} else if (handlers[request->op]) {
		run_sequence(file, request);
	} else if (request->op == USBFS_CLAIM) {
		file_reply(file, claim(file, request->a), 0);
	} else if (request->op == USBFS_ADMIT) {
		file_reply(file, bus_admit(file->device->plug->bus, request->a),
			0);
	} else if (request->op == USBFS_CHECK_CLOSED) {
		files_check_closed(file->host);
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
