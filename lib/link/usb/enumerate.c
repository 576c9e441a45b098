/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The Glasgows on this machine's buses: the provider for "usb:".  lib/link/find.c
 * and lib/link/monitor.c call it to enumerate devices and to open one of them.
 *
 * A list never disturbs a device that another program uses: nothing is claimed
 * here, and no configuration is set.  libusb is not initialised until a URI
 * begins with "usb:": its initialisation takes longer than a whole run on the
 * virtual device.
 */
#include "usb.h"

#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/number.h"
#include "lib/device/descriptor.h"

/* The kernel's folder of a file for each device, by bus and address. */
#define BUSES "/dev/bus/usb"

#define TOO_MANY_FILES "too many open files; raise the limit, see ulimit -n"

/* More than libusb has open at once while it lists devices. */
#define LIST_DESCRIPTORS 8

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

/* ---- Forks ------------------------------------------------------------ */

/*
 * These functions of libusb take locks that all its contexts share.  A child
 * that is forked while another thread is inside one of them could never take
 * that lock, so a fork() waits until none is.  The thread that libusb starts
 * takes such a lock, too, and cannot be waited for: see "Handles" in clyde.h.
 */
static pthread_mutex_t shared_locks = PTHREAD_MUTEX_INITIALIZER;

static void lock_shared(void)
{
	pthread_mutex_lock(&shared_locks);
}

static void unlock_shared(void)
{
	pthread_mutex_unlock(&shared_locks);
}

__attribute__((constructor)) static void expect_forks(void)
{
	pthread_atfork(lock_shared, unlock_shared, unlock_shared);
}

/* ---- Sessions --------------------------------------------------------- */

/* Whether the process can open so many files.  libusb does not say when it
   cannot: it reports another error, or leaves out devices. */
static bool has_descriptors(unsigned count)
{
	int first = epoll_create1(EPOLL_CLOEXEC), copies[LIST_DESCRIPTORS];
	unsigned made = 0;

	if (first < 0)
		return false;
	while (made + 1 < count) {
		copies[made] = fcntl(first, F_DUPFD_CLOEXEC, 0);
		if (copies[made] < 0)
			break;
		made++;
	}
	for (unsigned i = 0; i < made; i++)
		close(copies[i]);
	close(first);
	return made + 1 == count;
}

/* All sessions, under shared_locks.  The session of a handle that cannot be closed
   is never left, see let_go(); the list keeps it reachable, so that leak checkers
   do not report it. */
static LIST_HEAD(, usb_session) sessions = LIST_HEAD_INITIALIZER(sessions);

int usb_session_new(struct usb_session **ret_session)
{
	struct usb_session *session = calloc(1, sizeof(*session));
	int result;

	if (session == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	lock_shared();
	result = libusb_init(&session->usb);
	if (result == 0)
		LIST_INSERT_HEAD(&sessions, session, among_sessions);
	unlock_shared();
	if (result == 0) {
		session->users = 1;
		*ret_session = session;
		return 0;
	}
	free(session);
	if (result == LIBUSB_ERROR_OTHER && access(BUSES, F_OK) < 0)
		return CLYDE_ERROR_UNSUPPORTED; /* a machine without USB */
	if (!has_descriptors(LIST_DESCRIPTORS))
		return set_error(CLYDE_ERROR_EXHAUSTED,
			"cannot use USB: " TOO_MANY_FILES);
	return set_error(usb_result(result), "cannot use USB: %s",
		libusb_strerror(result));
}

struct usb_session *usb_session_share(struct usb_session *session)
{
	session->users++;
	return session;
}

void usb_session_leave(struct usb_session *session)
{
	if (session == NULL || --session->users > 0)
		return;
	lock_shared();
	LIST_REMOVE(session, among_sessions);
	libusb_exit(session->usb);
	unlock_shared();
	free(session);
}

int usb_survey(struct usb_session **ret_session, libusb_device ***ret_devices)
{
	struct usb_session *session;
	int result = usb_session_new(&session);
	ssize_t count;

	if (result == CLYDE_ERROR_UNSUPPORTED) {
		*ret_session = NULL;
		*ret_devices = NULL;
		return 0;
	}
	if (result < 0)
		return result;
	lock_shared();
	count = libusb_get_device_list(session->usb, ret_devices);
	unlock_shared();
	if (count == 0 && !has_descriptors(LIST_DESCRIPTORS)) {
		usb_survey_end(session, *ret_devices);
		return set_error(CLYDE_ERROR_EXHAUSTED,
			"cannot list USB devices: " TOO_MANY_FILES);
	}
	if (count >= 0) {
		*ret_session = session;
		return count;
	}
	usb_session_leave(session);
	return set_error(usb_result(count), "cannot list USB devices: %s",
		libusb_strerror(count));
}

void usb_survey_end(struct usb_session *session, libusb_device **devices)
{
	if (session)
		libusb_free_device_list(devices, 1);
	usb_session_leave(session);
}

/* ---- Names ------------------------------------------------------------ */

static bool take_number(
	const char **text, unsigned maximum, unsigned *ret_number)
{
	const struct number_form form = {.minimum = 1, .maximum = maximum};
	uint64_t number;

	if (number_parse(*text, &form, &number, text) != NUMBER_OK)
		return false;
	*ret_number = number;
	return true;
}

int usb_parse(const char *specification, struct usb_address *ret_address)
{
	const char *at = specification;

	if (*at == '\0')
		return 0;
	if (take_number(&at, 999, &ret_address->bus) && *at++ == ':' &&
		take_number(&at, 127, &ret_address->address) && *at == '\0')
		return 1;
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

/* ---- Places ----------------------------------------------------------- */

struct usb_place {
	struct link_place place; /* first */
	struct usb_session *session;
	libusb_device *device;
};

#define PLACE(pointer) ((struct usb_place *)(pointer))

static struct usb_address address_of(libusb_device *device)
{
	return (struct usb_address){
		libusb_get_bus_number(device),
		libusb_get_device_address(device),
	};
}

static void usb_free(struct link_place *base)
{
	struct usb_place *place = PLACE(base);

	libusb_unref_device(place->device);
	usb_session_leave(place->session);
	free(place);
}

static struct link_place *make_place(
	struct usb_session *session, libusb_device *device)
{
	struct usb_place *place = calloc(1, sizeof(*place));
	struct usb_address address = address_of(device);

	if (place == NULL)
		return NULL;
	place->place.provider = &link_usb;
	place->session = usb_session_share(session);
	place->device = libusb_ref_device(device);
	snprintf(place->place.name, sizeof(place->place.name), "%u:%u",
		address.bus, address.address);
	return &place->place;
}

/* For qsort(): Glasgows first, then by bus and address. */
static int by_rank(const void *first, const void *second)
{
	libusb_device *const *a = first, *const *b = second;
	struct usb_address left = address_of(*a), right = address_of(*b);
	int rank = usb_rank(*a) - usb_rank(*b);

	if (rank != 0)
		return rank;
	if (left.bus != right.bus)
		return left.bus < right.bus ? -1 : 1;
	return (left.address > right.address) - (left.address < right.address);
}

static bool is_meant(libusb_device *device, const struct usb_address *only)
{
	struct usb_address address = address_of(device);

	return usb_rank(device) >= 0 &&
		(only == NULL ||
			(address.bus == only->bus &&
				address.address == only->address));
}

/* Move the devices that `only` names, or all Glasgows, to the front of the
   list, and make their places. */
static int gather(struct usb_session *session, libusb_device **devices,
	int count, const struct usb_address *only, struct link_places *places)
{
	int kept = 0;

	for (int i = 0; i < count; i++) {
		libusb_device *device = devices[i];

		if (!is_meant(device, only))
			continue;
		devices[i] = devices[kept];
		devices[kept++] = device;
	}
	if (kept > 1)
		qsort(devices, kept, sizeof(*devices), by_rank);
	for (int i = 0; i < kept; i++) {
		struct link_place *place = make_place(session, devices[i]);

		if (place == NULL) {
			link_places_free(places);
			return set_error(
				CLYDE_ERROR_NO_MEMORY, "out of memory");
		}
		STAILQ_INSERT_TAIL(places, place, next);
	}
	return kept;
}

static int no_device_at(unsigned bus, unsigned address)
{
	return set_error(CLYDE_ERROR_NO_DEVICE,
		"there is no Glasgow at usb:%u:%u, or not any more; see clyde "
		"list",
		bus, address);
}

static int usb_enumerate(
	const char *specification, struct link_places *ret_places)
{
	struct usb_session *session;
	libusb_device **devices;
	struct usb_address only;
	int one = usb_parse(specification, &only);
	int count = one < 0 ? one : usb_survey(&session, &devices);

	STAILQ_INIT(ret_places);
	if (count < 0)
		return count;
	count = gather(session, devices, count, one ? &only : NULL, ret_places);
	usb_survey_end(session, devices);
	if (count == 0 && one)
		return no_device_at(only.bus, only.address);
	return count;
}

/* Write the path of the device's file. */
static void write_node(libusb_device *device, char *text, size_t size)
{
	snprintf(text, size, BUSES "/%03u/%03u", libusb_get_bus_number(device),
		libusb_get_device_address(device));
}

/* libusb_open() reports most failures as an error of input and output.  The
   process may lack descriptors or memory, which errno says; a device may be
   leaving, for which the kernel's open() fails with ENODEV or ENOENT. */
static int open_device(libusb_device *device, libusb_device_handle **ret_handle)
{
	char node[sizeof(BUSES "/000/000")];
	int descriptor, result;

	errno = 0;
	result = usb_result(libusb_open(device, ret_handle));
	if (result != CLYDE_ERROR_IO)
		return result;
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
		return error_from_errno(errno);
	write_node(device, node, sizeof(node));
	descriptor = open(node, O_RDWR | O_CLOEXEC);
	if (descriptor >= 0)
		close(descriptor);
	else if (errno == ENODEV || errno == ENOENT)
		result = CLYDE_ERROR_NO_DEVICE;
	return result;
}

static int refuse(const struct link_place *place, int error)
{
	struct usb_address address = address_of(PLACE(place)->device);

	switch (error) {
	case CLYDE_ERROR_ACCESS:
		return set_error(CLYDE_ERROR_ACCESS,
			"no permission to open usb:%s; install the udev "
			"rule 70-clyde.rules, see clyde(1), and plug the "
			"device in again",
			place->name);
	case CLYDE_ERROR_BUSY:
		return set_error(CLYDE_ERROR_BUSY,
			"usb:%s is in use by another program", place->name);
	case CLYDE_ERROR_NO_DEVICE:
		return no_device_at(address.bus, address.address);
	case CLYDE_ERROR_NO_MEMORY:
		return set_error(CLYDE_ERROR_NO_MEMORY,
			"cannot open usb:%s: the process has no memory left; "
			"see ulimit -v",
			place->name);
	case CLYDE_ERROR_EXHAUSTED:
		return set_error(CLYDE_ERROR_EXHAUSTED,
			"cannot open usb:%s: " TOO_MANY_FILES, place->name);
	}
	return set_error(error, "cannot open usb:%s: %s", place->name,
		error_text(error));
}

static int usb_open(struct link_place *base, const struct interrupt *interrupt,
	struct link **ret_link)
{
	struct usb_place *place = PLACE(base);
	libusb_device_handle *handle;
	int result = open_device(place->device, &handle);

	if (result < 0)
		return refuse(base, result);
	result = usb_link_new(place->session, handle, interrupt, ret_link);
	if (result == 0)
		return 0;
	libusb_close(handle);
	return refuse(base, result);
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
	write_node(device, info->node, sizeof(info->node));
	snprintf(info->uri, sizeof(info->uri), "usb:%u:%u",
		libusb_get_bus_number(device),
		libusb_get_device_address(device));
}

static void usb_look(struct link_place *base, struct clyde_device_info *info)
{
	libusb_device *device = PLACE(base)->device;
	struct libusb_device_descriptor descriptor;

	if (libusb_get_device_descriptor(device, &descriptor) < 0)
		return;
	descriptor_identify(
		&(struct usb_device_descriptor){
			.idVendor = descriptor.idVendor,
			.idProduct = descriptor.idProduct,
			.bcdDevice = descriptor.bcdDevice,
		},
		info);
	usb_describe(device, info);
}

/*
 * USBDEVFS_GETDRIVER says whether a program (by usbfs) or a kernel driver has
 * an interface.  It needs a file descriptor of the device, which libusb does
 * not give, so the file is opened here.  Claiming an interface instead could
 * take it from a program that is about to claim it.
 */
int usb_busy(struct link *base)
{
	libusb_device *device = libusb_get_device(USB(base)->handle);
	struct usbdevfs_getdriver driver = {0};
	char node[sizeof(BUSES "/000/000")];
	int descriptor;
	bool busy = false;

	write_node(device, node, sizeof(node));
	descriptor = open(node, O_RDWR | O_CLOEXEC);
	if (descriptor < 0)
		return 0;
	for (unsigned i = 0; i < USB_IFACE_COUNT && !busy; i++) {
		driver.interface = i;
		busy = ioctl(descriptor, USBDEVFS_GETDRIVER, &driver) == 0;
	}
	close(descriptor);
	return busy ? CLYDE_ERROR_BUSY : 0;
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

const struct link_provider link_usb = {
	.scheme = "usb",
	.enumerate = usb_enumerate,
	.open = usb_open,
	.look = usb_look,
	.free = usb_free,
	.monitor = &usb_monitor_ops,
};
