/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The Glasgows on this machine's buses: takes what stands behind "usb:",
 * gives their number, a name for each, and a link to one.
 *
 * Nothing of libusb is touched until a URI asks for it: starting it takes
 * longer than a whole run on the virtual device.
 */
#include "link-usb.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptor.h"

/* Where the kernel shows its buses. */
#define BUSES "/dev/bus/usb"

int usb_result(int result)
{
	switch (result) {
	case LIBUSB_ERROR_INVALID_PARAM:
		return CLYDE_ERROR_INVALID;
	case LIBUSB_ERROR_ACCESS:
		return CLYDE_ERROR_ACCESS;
	case LIBUSB_ERROR_NO_DEVICE:
		return CLYDE_ERROR_NO_DEVICE;
	case LIBUSB_ERROR_NOT_FOUND:
		return CLYDE_ERROR_ENDPOINT_OFF;
	case LIBUSB_ERROR_BUSY:
		return CLYDE_ERROR_BUSY;
	case LIBUSB_ERROR_TIMEOUT:
		return CLYDE_ERROR_TIMEOUT;
	case LIBUSB_ERROR_OVERFLOW:
		return CLYDE_ERROR_BABBLE;
	case LIBUSB_ERROR_PIPE:
		return CLYDE_ERROR_STALL;
	case LIBUSB_ERROR_INTERRUPTED:
		return CLYDE_ERROR_INTERRUPTED;
	case LIBUSB_ERROR_NO_MEM:
		return CLYDE_ERROR_NO_MEMORY;
	case LIBUSB_ERROR_NOT_SUPPORTED:
		return CLYDE_ERROR_UNSUPPORTED;
	}
	return result < 0 ? CLYDE_ERROR_IO : result;
}

/* Where a device is plugged in: what lsusb calls it, too. */
struct place {
	unsigned bus, address;
};

#define PLACES_MAX 64

/*
 * What the last count() of this thread saw: an index means the same device in
 * the open() and name() that follow it, whatever is plugged in meanwhile.
 */
static _Thread_local struct place seen[PLACES_MAX];
static _Thread_local unsigned seen_count;

/* Where the device went that this thread has last loaded. */
static _Thread_local struct {
	struct place from, to;
} moved;

static struct place place_of(libusb_device *device)
{
	return (struct place){
		libusb_get_bus_number(device),
		libusb_get_device_address(device),
	};
}

static bool same(struct place a, struct place b)
{
	return a.bus == b.bus && a.address == b.address;
}

void usb_moved(libusb_device *from, libusb_device *to)
{
	moved.from = place_of(from);
	moved.to = place_of(to);
}

/* A number that is not 0, and what ends it. */
static const char *parse_number(
	const char *text, unsigned maximum, unsigned *ret_number)
{
	unsigned number = 0;

	do {
		if (*text < '0' || *text > '9')
			return NULL;
		number = number * 10 + (*text++ - '0');
		if (number > maximum)
			return NULL;
	} while (*text != ':' && *text != '\0');
	if (number == 0)
		return NULL;
	*ret_number = number;
	return text;
}

/* "" is all, 0; "BUS:ADDRESS" is one, 1. */
static int parse(const char *specification, struct place *ret_place)
{
	const char *end;

	if (specification[0] == '\0')
		return 0;
	end = parse_number(specification, 999, &ret_place->bus);
	if (end && *end == ':')
		end = parse_number(end + 1, 127, &ret_place->address);
	else
		end = NULL;
	if (end && *end == '\0') {
		if (same(*ret_place, moved.from))
			*ret_place = moved.to;
		return 1;
	}
	return set_error(CLYDE_ERROR_INVALID,
		"'usb:%s' names no device; clyde list shows what does: "
		"usb:BUS:ADDRESS",
		specification);
}

int usb_rank(libusb_device *device)
{
	struct libusb_device_descriptor descriptor;

	if (libusb_get_device_descriptor(device, &descriptor) < 0)
		return -1;
	if (descriptor.idVendor == USB_VID_QIHW &&
		descriptor.idProduct == USB_PID_GLASGOW)
		return 0;
	if (descriptor.idVendor == USB_VID_CYPRESS &&
		descriptor.idProduct == USB_PID_FX2)
		return 1;
	return -1;
}

int usb_survey(libusb_context **ret_usb, libusb_device ***ret_devices)
{
	libusb_context *usb;
	libusb_device **devices = NULL;
	int result = libusb_init(&usb);
	ssize_t count = 0;

	if (result == LIBUSB_ERROR_OTHER && access(BUSES, F_OK) < 0)
		usb = NULL; /* a machine without a bus */
	else if (result < 0)
		return set_error(usb_result(result), "cannot use USB: %s",
			libusb_strerror(result));
	if (usb)
		count = libusb_get_device_list(usb, &devices);
	if (count < 0) {
		libusb_exit(usb);
		return set_error(usb_result(count),
			"cannot list USB devices: %s", libusb_strerror(count));
	}
	*ret_usb = usb;
	*ret_devices = devices;
	return count;
}

static int by_place(const void *first, const void *second)
{
	const struct place *a = first, *b = second;

	if (a->bus != b->bus)
		return a->bus < b->bus ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

/* Those of one rank, in the order of their names. */
static void look(libusb_device *const *devices, int count, int wanted)
{
	unsigned before = seen_count;

	for (int i = 0; i < count && seen_count < PLACES_MAX; i++)
		if (usb_rank(devices[i]) == wanted)
			seen[seen_count++] = place_of(devices[i]);
	qsort(&seen[before], seen_count - before, sizeof(*seen), by_place);
}

static int usb_count(const char *specification)
{
	libusb_context *usb;
	libusb_device **devices;
	int one, count;

	seen_count = 0;
	one = parse(specification, &seen[0]);
	if (one < 0)
		return one;
	if (one > 0)
		return seen_count = 1;
	count = usb_survey(&usb, &devices);
	if (count < 0)
		return count;
	look(devices, count, 0);
	look(devices, count, 1);
	if (usb) {
		libusb_free_device_list(devices, 1);
		libusb_exit(usb);
	}
	return seen_count;
}

static int find(
	const char *specification, unsigned index, struct place *ret_place)
{
	int result = parse(specification, ret_place);

	if (result != 0)
		return result < 0 ? result : 0;
	if (index >= seen_count)
		return set_error(CLYDE_ERROR_NO_DEVICE, "no Glasgow found");
	*ret_place = seen[index];
	return 0;
}

static bool stands_at(libusb_device *device, const struct place *place)
{
	return same(place_of(device), *place) && usb_rank(device) >= 0;
}

/* libusb has one error for whatever open() says of a device that goes in this
   moment; the kernel says ENODEV. */
static int open_device(libusb_device *device, libusb_device_handle **ret_handle)
{
	int result = usb_result(libusb_open(device, ret_handle));
	char node[sizeof(BUSES "/000/000")];
	int descriptor;

	if (result != CLYDE_ERROR_IO)
		return result;
	snprintf(node, sizeof(node), BUSES "/%03u/%03u",
		libusb_get_bus_number(device),
		libusb_get_device_address(device));
	descriptor = open(node, O_RDWR | O_CLOEXEC);
	if (descriptor >= 0)
		close(descriptor);
	else if (errno == ENODEV || errno == ENOENT)
		result = CLYDE_ERROR_NO_DEVICE;
	return result;
}

static int open_place(libusb_device *const *devices, int count,
	const struct place *place, libusb_device_handle **ret_handle)
{
	for (int i = 0; i < count; i++)
		if (stands_at(devices[i], place))
			return open_device(devices[i], ret_handle);
	return CLYDE_ERROR_NO_DEVICE;
}

static int refuse(const struct place *place, int error)
{
	unsigned bus = place->bus, address = place->address;

	switch (error) {
	case CLYDE_ERROR_ACCESS:
		return set_error(CLYDE_ERROR_ACCESS,
			"no permission to open usb:%u:%u; install the udev "
			"rule 70-clyde.rules, see clyde(1), and plug the "
			"device in again",
			bus, address);
	case CLYDE_ERROR_BUSY:
		return set_error(CLYDE_ERROR_BUSY,
			"usb:%u:%u is in use by another program", bus, address);
	case CLYDE_ERROR_NO_DEVICE:
		return set_error(CLYDE_ERROR_NO_DEVICE,
			"there is no Glasgow at usb:%u:%u, or not any more; "
			"see clyde list",
			bus, address);
	}
	return set_error(error, "cannot open usb:%u:%u: %s", bus, address,
		error_text(error));
}

static int usb_open(const char *specification, unsigned index,
	const atomic_bool *interrupt, struct link **ret_link)
{
	libusb_context *usb;
	libusb_device **devices;
	libusb_device_handle *handle = NULL;
	struct place place;
	int result = find(specification, index, &place);
	int count;

	if (result < 0)
		return result;
	count = usb_survey(&usb, &devices);
	if (count < 0)
		return count;
	result = open_place(devices, count, &place, &handle);
	if (usb)
		libusb_free_device_list(devices, 1);
	if (result == 0)
		result = usb_link_new(usb, handle, interrupt, ret_link);
	if (result == 0)
		return 0;
	if (handle)
		libusb_close(handle);
	if (usb)
		libusb_exit(usb);
	return refuse(&place, result);
}

void usb_describe(libusb_device *device, struct clyde_device_info *info)
{
	static const unsigned speeds[] = {
		[LIBUSB_SPEED_LOW] = 1500,
		[LIBUSB_SPEED_FULL] = 12000,
		[LIBUSB_SPEED_HIGH] = 480000,
		[LIBUSB_SPEED_SUPER] = 5000000,
		[LIBUSB_SPEED_SUPER_PLUS] = 10000000,
	};
	unsigned speed = libusb_get_device_speed(device);

	if (speed < sizeof(speeds) / sizeof(*speeds))
		info->speed_kbit_per_s = speeds[speed];
	snprintf(info->node, sizeof(info->node), BUSES "/%03u/%03u",
		libusb_get_bus_number(device),
		libusb_get_device_address(device));
}

static int look_at(libusb_device *const *devices, int count,
	const struct place *place, struct clyde_device_info *info)
{
	for (int i = 0; i < count; i++) {
		struct libusb_device_descriptor descriptor;
		libusb_device *device = devices[i];

		if (!stands_at(device, place) ||
			libusb_get_device_descriptor(device, &descriptor) < 0)
			continue;
		descriptor_identify(
			&(struct usb_device_descriptor){
				.idVendor = descriptor.idVendor,
				.idProduct = descriptor.idProduct,
				.bcdDevice = descriptor.bcdDevice,
			},
			info);
		usb_describe(device, info);
		return 0;
	}
	return CLYDE_ERROR_NO_DEVICE;
}

static int usb_look(const char *specification, unsigned index,
	struct clyde_device_info *info)
{
	libusb_context *usb;
	libusb_device **devices;
	struct place place;
	int result = find(specification, index, &place);
	int count = result < 0 ? result : usb_survey(&usb, &devices);

	if (count < 0)
		return count;
	result = look_at(devices, count, &place, info);
	if (usb) {
		libusb_free_device_list(devices, 1);
		libusb_exit(usb);
	}
	return result < 0 ? refuse(&place, result) : 0;
}

CLYDE_API void clyde_usb_library(struct clyde_usb_library *ret_library)
{
	const struct libusb_version *version = libusb_get_version();

	snprintf(ret_library->version, sizeof(ret_library->version),
		"%u.%u.%u.%u", version->major, version->minor, version->micro,
		version->nano);
	ret_library->hotplug = libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG);
	ret_library->detach =
		libusb_has_capability(LIBUSB_CAP_SUPPORTS_DETACH_KERNEL_DRIVER);
}

static void usb_name(
	const char *specification, unsigned index, char *text, unsigned size)
{
	struct place place;

	text[0] = '\0';
	if (find(specification, index, &place) == 0)
		snprintf(text, size, "%u:%u", place.bus, place.address);
}

const struct link_provider link_usb = {
	.scheme = "usb",
	.count = usb_count,
	.open = usb_open,
	.look = usb_look,
	.name = usb_name,
};
