/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The link to a virtual Glasgow in this process, and the provider for "virtual:".
 * The layers above call it through struct link_ops, lib/link/find.c through
 * link_virtual.  Each link has a device and a bus of its own, which exist as long
 * as the link.
 *
 * Virtual time may pass in wait(), control(), set_alternate(), await_return() and
 * cancel() only, and must never depend on a clock of the machine.
 */
#include "lib/base/internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/device/descriptor.h"
#include "uri.h"
#include "virtual/bus/bus.h"

/* How much virtual time passes between two looks at the flags that end a wait: a
   tenth of a second, which takes some milliseconds of real time. */
#define SLICE_TICKS (100000 * (tick)TICKS_PER_US)
/* How often await_return() looks whether the device has come back: each ms. */
#define PORT_TICKS (1000 * (tick)TICKS_PER_US)

struct virtual_transfer {
	struct transfer transfer; /* first */
	struct urb urb;
	bool queued;
};

struct virtual_link {
	struct link link; /* first */
	struct virtual_options options;
	struct device *device;
	struct bus *bus;
	tick unplug; /* when the cable is pulled */
	uint8_t alternate[USB_IFACE_COUNT];
	unsigned resets;  /* by other programs, that note_reset() has handled */
	bool introduced;  /* the drawn faults are in the log */
	uint16_t told;    /* pins whose conflict of drivers is in the log */
	unsigned clashes; /* on the I2C bus, that are in the log */
	unsigned foreign; /* bitstreams, that are in the log */
	bool stopped;     /* the firmware has, and the log says why */
	int descriptor;   /* an eventfd; -1: not asked for yet */
	bool shown;       /* the descriptor is readable */
};

#define VIRTUAL(pointer) ((struct virtual_link *)(pointer))

/* Log, once each, the pins on which two drivers have met. */
static void tell_conflicts(
	struct link *link, const struct device *device, uint16_t *told)
{
	uint16_t pins = device_conflicts(device) & ~*told;

	*told |= pins;
	for (unsigned pin = 0; pins >> pin; pin++)
		if (pins >> pin & 1)
			LOG(link, WARNING,
				"drivers meet on pin %c%u, high against low",
				'A' + pin / 8, pin % 8);
}

static void tell_clashes(
	struct link *link, const struct device *device, unsigned *clashes)
{
	if (*clashes == device_i2c_clashes(device))
		return;
	*clashes = device_i2c_clashes(device);
	LOG(link, WARNING,
		"I2C clash: an alternate setting was selected during a "
		"command");
}

static void tell_foreign(
	struct link *link, const struct device *device, unsigned *foreign)
{
	if (*foreign == device_foreign_count(device))
		return;
	*foreign = device_foreign_count(device);
	LOG(link, WARNING, DEVICE_FOREIGN);
}

/* Log, once, why the firmware has stopped. */
static void tell_fault(
	struct link *link, const struct device *device, bool *told)
{
	const char *fault = device_fault(device);

	if (fault == NULL)
		*told = false;
	else if (!*told)
		LOG(link, ERROR, "%s", fault);
	*told = fault;
}

static void log_line(void *link, const char *line)
{
	LOG((struct link *)link, TRACE, "%s", line);
}

/* Log the faults that a seed has drawn. */
static void tell_faults(struct link *link, const struct faults *faults)
{
	char text[FAULT_TEXT_SIZE];

	for (unsigned i = 0; i < faults->count; i++) {
		if (!faults->list[i].drawn)
			continue;
		fault_text(&faults->list[i], text);
		LOG(link, INFO, "drawn: fault=%s", text);
	}
}

static tick ticks_of(uint64_t ns)
{
	if (ns == LINK_FOREVER)
		return TICK_NEVER;
	return ns / 25 * 12 + (ns % 25 * 12 + 24) / 25;
}

static uint64_t virtual_now(struct link *link)
{
	return tick_to_ns(bus_now(VIRTUAL(link)->bus));
}

/* Which interface and alternate setting an endpoint belongs to. */
static bool endpoint_open(const struct virtual_link *link, uint8_t endpoint)
{
	unsigned interface = (endpoint & USB_ENDPOINT_MASK) / 2;

	return interface < USB_IFACE_COUNT &&
		link->alternate[interface] != USB_ALT_OFF;
}

/* If another program has reset the device, no interface is claimed any more. */
static void note_reset(struct virtual_link *link)
{
	if (link->resets == bus_resets(link->bus))
		return;
	link->resets = bus_resets(link->bus);
	memset(link->alternate, 0, sizeof(link->alternate));
	LOG(&link->link, WARNING, "another program has reset the device");
}

/* The bus has the errno values that Linux's USB stack gives a URB. */
static int bus_result(int status)
{
	switch (status) {
	case -EPROTO:
		return CLYDE_ERROR_IO;
	case -EPIPE:
		return CLYDE_ERROR_STALL;
	case -EOVERFLOW:
		return CLYDE_ERROR_BABBLE;
	case -ENOENT:
		return CLYDE_ERROR_ENDPOINT_OFF;
	}
	return status < 0 ? error_from_errno(-status) : status;
}

/* Complete the transfers that the bus has finished: how many.  The urb of a
   control transfer has no user; its stage tells virtual_control(). */
static int deliver(struct virtual_link *link)
{
	struct urb *urb;
	int count = 0;

	note_reset(link);
	while ((urb = bus_reap(link->bus))) {
		struct virtual_transfer *transfer = urb->user;

		count++;
		if (transfer == NULL) {
			urb->stage = UCHAR_MAX;
			continue;
		}
		transfer->queued = false;
		transfer->transfer.actual = urb->actual;
		transfer->transfer.status = bus_result(urb->status);
		transfer->transfer.complete(&transfer->transfer);
	}
	return count;
}

/* Make the descriptor readable while anything is under way.  An event loop that
   polls it then calls clyde_device_process(), in which virtual time passes. */
static void update_descriptor(struct virtual_link *link)
{
	bool busy =
		bus_due(link->bus) != TICK_NEVER || link->unplug != TICK_NEVER;
	eventfd_t count;

	if (link->descriptor < 0 || busy == link->shown)
		return;
	if (busy)
		eventfd_write(link->descriptor, 1);
	else
		eventfd_read(link->descriptor, &count);
	link->shown = busy;
}

static int virtual_descriptor(struct link *base)
{
	struct virtual_link *link = VIRTUAL(base);

	if (link->descriptor < 0)
		link->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (link->descriptor < 0)
		return error_from_errno(errno);
	update_descriptor(link);
	return link->descriptor;
}

/* Unplug the device if the moment of the fault has come.  Called after virtual
   time has passed. */
static void pull_if_due(struct virtual_link *link)
{
	if (bus_now(link->bus) < link->unplug)
		return;
	link->unplug = TICK_NEVER;
	bus_unplug(link->bus);
}

/* Run the bus for one slice, or until a moment: false if nothing is under way
   that could ever complete. */
static bool run(struct virtual_link *link, tick until)
{
	tick now = bus_now(link->bus);
	bool alive;

	if (until > now + SLICE_TICKS && until != TICK_NEVER)
		until = now + SLICE_TICKS;
	if (link->unplug < until)
		until = link->unplug;
	alive = bus_run(link->bus, until);
	tell_conflicts(&link->link, link->device, &link->told);
	tell_clashes(&link->link, link->device, &link->clashes);
	tell_foreign(&link->link, link->device, &link->foreign);
	tell_fault(&link->link, link->device, &link->stopped);
	pull_if_due(link);
	return alive;
}

/* Write the EEPROM to its file, if the URI names one and the EEPROM has changed.
   This is done in the same call, so that the command fails if the file cannot be
   written. */
static int keep_eeprom(struct virtual_link *link)
{
	if (link->options.eeprom == NULL)
		return 0;
	return virtual_eeprom_save(&link->options, link->device);
}

static int virtual_wait(struct link *base, uint64_t deadline_ns)
{
	struct virtual_link *link = VIRTUAL(base);
	tick until = deadline_ns == LINK_FOREVER ? TICK_NEVER
						 : ticks_of(deadline_ns);
	int count = deliver(link);

	/* A deadline that has passed still lets a microframe pass, because a
	   caller that polls would otherwise never see a completion. */
	if (until <= bus_now(link->bus))
		until = bus_now(link->bus) + 1;
	while (count == 0 && bus_now(link->bus) < until) {
		/* An unplug returns all transfers, and none is left to
		   deliver. */
		if (bus_unplugged(link->bus))
			return CLYDE_ERROR_NO_DEVICE;
		if (link_stopped(base))
			break;
		if (!run(link, until)) {
			update_descriptor(link);
			return CLYDE_ERROR_DEADLOCK;
		}
		count = deliver(link);
	}
	link_woken(base);
	update_descriptor(link);
	return keep_eeprom(link) < 0 ? CLYDE_ERROR_FILE : count;
}

static int virtual_control(struct link *base, const struct usb_setup *setup,
	void *data, uint64_t deadline_ns)
{
	struct virtual_link *link = VIRTUAL(base);
	struct urb urb = {
		.setup = *setup,
		.data = data,
		.length = setup->wLength,
	};
	tick until = ticks_of(deadline_ns);

	if (!link->introduced)
		tell_faults(base, &link->options.faults);
	link->introduced = true;
	bus_submit(link->bus, &urb);
	for (;;) {
		deliver(link);
		if (urb.stage == UCHAR_MAX)
			break;
		if (bus_now(link->bus) >= until || !run(link, until))
			bus_cancel(link->bus, &urb);
	}
	update_descriptor(link);
	if (urb.status == -ECANCELED)
		return CLYDE_ERROR_TIMEOUT;
	return urb.status < 0 ? bus_result(urb.status) : (int)urb.actual;
}

/* Whether the URI has fault=busy: another program has claimed the interfaces. */
static bool taken(const struct virtual_link *link)
{
	return faults_at(&link->options.faults, FAULT_BUSY, 0);
}

static int virtual_set_alternate(struct link *base, uint8_t interface,
	uint8_t alternate, uint64_t deadline_ns)
{
	struct usb_setup setup = {
		.bmRequestType = USB_RECIP_INTERFACE,
		.bRequest = USB_REQ_SET_INTERFACE,
		.wValue = alternate,
		.wIndex = interface,
	};
	int result;

	if (alternate != USB_ALT_OFF && taken(VIRTUAL(base)))
		return CLYDE_ERROR_BUSY;
	result = virtual_control(base, &setup, NULL, deadline_ns);
	if (result < 0)
		return result;
	VIRTUAL(base)->alternate[interface] = alternate;
	return 0;
}

static struct transfer *virtual_transfer_new(struct link *base)
{
	struct virtual_transfer *transfer = calloc(1, sizeof(*transfer));

	(void)base;
	return transfer ? &transfer->transfer : NULL;
}

static void virtual_transfer_free(struct link *base, struct transfer *transfer)
{
	(void)base;
	free(transfer);
}

static int virtual_submit(struct link *base, struct transfer *transfer)
{
	struct virtual_transfer *mine = (struct virtual_transfer *)transfer;
	int result;

	if (!endpoint_open(VIRTUAL(base), transfer->endpoint))
		return CLYDE_ERROR_ENDPOINT_OFF;
	result = bus_admit(VIRTUAL(base)->bus, transfer->endpoint);
	if (result < 0)
		return bus_result(result);
	mine->urb = (struct urb){
		.endpoint = transfer->endpoint,
		.data = transfer->data,
		.length = transfer->size,
		.user = mine,
	};
	mine->queued = true;
	bus_submit(VIRTUAL(base)->bus, &mine->urb);
	update_descriptor(VIRTUAL(base));
	return 0;
}

static void virtual_cancel(struct link *base, struct transfer *transfer)
{
	struct virtual_transfer *mine = (struct virtual_transfer *)transfer;

	if (mine->queued) {
		bus_kill(VIRTUAL(base)->bus, &mine->urb);
		pull_if_due(VIRTUAL(base));
	}
	update_descriptor(VIRTUAL(base));
}

static int virtual_await_return(struct link *base, uint64_t deadline_ns)
{
	struct virtual_link *link = VIRTUAL(base);
	tick until = ticks_of(deadline_ns);

	while (!bus_lost(link->bus) || !bus_enumerate(link->bus)) {
		if (link_stopped(base))
			return CLYDE_ERROR_INTERRUPTED;
		if (bus_now(link->bus) >= until)
			return CLYDE_ERROR_TIMEOUT;
		run(link, bus_now(link->bus) + PORT_TICKS);
		deliver(link);
	}
	memset(link->alternate, 0, sizeof(link->alternate));
	return 0;
}

static void virtual_close(struct link *base)
{
	struct virtual_link *link = VIRTUAL(base);
	const char *unwritten = link->device
		? virtual_firmware_report(&link->options, link->device)
		: NULL;

	if (unwritten)
		LOG(base, ERROR, "cannot write %s: %s", unwritten,
			strerror(errno));
	if (link->descriptor >= 0)
		close(link->descriptor);
	bus_free(link->bus);
	if (link->device &&
		virtual_record_finish(&link->options, link->device) < 0)
		LOG(base, ERROR, "%s", clyde_error_message());
	device_free(link->device);
	virtual_options_clear(&link->options);
	free(link);
}

static void virtual_describe(struct link *base, struct clyde_device_info *info)
{
	info->speed_kbit_per_s =
		faults_at(&VIRTUAL(base)->options.faults, FAULT_SLOW, 0)
		? 12000
		: 480000;
}

static int virtual_busy(struct link *base)
{
	return taken(VIRTUAL(base)) ? CLYDE_ERROR_BUSY : 0;
}

static const struct link_ops virtual_ops = {
	.name = "virtual",
	.owns_device = true,
	.close = virtual_close,
	.control = virtual_control,
	.set_alternate = virtual_set_alternate,
	.transfer_new = virtual_transfer_new,
	.transfer_free = virtual_transfer_free,
	.submit = virtual_submit,
	.cancel = virtual_cancel,
	.wait = virtual_wait,
	.now = virtual_now,
	.descriptor = virtual_descriptor,
	.claim_all = virtual_busy,
	.await_return = virtual_await_return,
	.describe = virtual_describe,
	.busy = virtual_busy,
};

/* ---- Places ----------------------------------------------------------- */

static struct link_place *make_place(const char *specification, unsigned index)
{
	struct link_place *place = calloc(1, sizeof(*place));

	if (place == NULL)
		return NULL;
	place->provider = &link_virtual;
	virtual_options_name(
		specification, index, place->name, sizeof(place->name));
	return place;
}

static void virtual_free(struct link_place *place)
{
	free(place);
}

static int virtual_enumerate(
	const char *specification, struct link_places *ret_places)
{
	int count = virtual_options_count(specification);

	STAILQ_INIT(ret_places);
	for (int i = 0; i < count; i++) {
		struct link_place *place = make_place(specification, i);

		if (place == NULL) {
			link_places_free(ret_places);
			return set_error(
				CLYDE_ERROR_NO_MEMORY, "out of memory");
		}
		STAILQ_INSERT_TAIL(ret_places, place, next);
	}
	return count;
}

static int make(const char *specification, const struct interrupt *interrupt,
	struct link **ret_link)
{
	struct virtual_link *link = calloc(1, sizeof(*link));
	int result;

	if (link == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	link->link.ops = &virtual_ops;
	link->link.interrupt = interrupt;
	link->descriptor = -1;
	result = virtual_options_parse(specification, 0, &link->options);
	if (result < 0) {
		free(link);
		return result;
	}
	link->unplug = link->options.unplug_us > TICK_NEVER / TICKS_PER_US
		? TICK_NEVER
		: link->options.unplug_us * TICKS_PER_US;
	link->device = virtual_device_new(&link->options);
	if (link->device)
		link->bus = bus_new(
			device_function(link->device), link->options.packets);
	if (link->bus == NULL ||
		virtual_options_err(&link->options, link->bus) < 0) {
		virtual_close(&link->link);
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	}
	result = virtual_firmware_started(&link->options, link->device);
	if (result < 0) {
		virtual_close(&link->link);
		return result;
	}
	device_listen(link->device, log_line, link);
	*ret_link = &link->link;
	return 0;
}

static int virtual_open(struct link_place *place,
	const struct interrupt *interrupt, struct link **ret_link)
{
	int result = make(place->name, interrupt, ret_link);

	if (result < 0 ||
		!faults_at(
			&VIRTUAL(*ret_link)->options.faults, FAULT_DENIED, 0))
		return result;
	virtual_close(*ret_link);
	return set_error(CLYDE_ERROR_ACCESS,
		"no permission to open the virtual device: fault=denied");
}

/* As on USB, the strings of a device that is not opened are not known. */
static void virtual_look(
	struct link_place *place, struct clyde_device_info *info)
{
	const struct interrupt interrupt = {0};
	struct link *link;
	uint8_t revision;

	if (make(place->name, &interrupt, &link) < 0)
		return;
	descriptor_read_info(link, info, &revision);
	virtual_close(link);
	info->modified = false;
	memset(info->serial, 0, sizeof(info->serial));
	if (!info->configured)
		return;
	memset(info->manufacturer, 0, sizeof(info->manufacturer));
	memset(info->product, 0, sizeof(info->product));
}

/* It has no monitor: two enumerations of a URI never differ. */
const struct link_provider link_virtual = {
	.scheme = "virtual",
	.enumerate = virtual_enumerate,
	.open = virtual_open,
	.look = virtual_look,
	.free = virtual_free,
};
