/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The calls that the linker wraps for test-failing and test-failing-usb: the
 * n-th call of a kind fails, all others go through.  A wrapper must never
 * fail on its own account.
 */
#include "wrapped.h"

#include <errno.h>
#include <fcntl.h>
#include <libusb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TRACKED_MAX 16384

static struct {
	bool armed, all;
	enum wrapped kind;
	unsigned left; /* Calls of that kind until one fails. */
	int error;
	const char *name;
	uintptr_t tracked[TRACKED_MAX]; /* See hidden(). */
	size_t count;
	int usb_open;
} state;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void wrapped_fail(enum wrapped kind, unsigned n, bool all, int error)
{
	state.kind = kind;
	state.left = n;
	state.all = all;
	state.error = error;
	state.name = NULL;
	state.count = 0;
	state.armed = true;
}

bool wrapped_end(void)
{
	state.armed = false;
	return state.left == 0;
}

size_t wrapped_allocated(void)
{
	return state.count;
}

int wrapped_usb_open(void)
{
	return state.usb_open;
}

const char *wrapped_name(void)
{
	return state.name;
}

int wrapped_error(void)
{
	return state.error;
}

static bool fails(enum wrapped kind, const char *name)
{
	bool now;

	pthread_mutex_lock(&lock);
	now = state.armed && kind == state.kind &&
		(state.left > 0 ? --state.left == 0 : state.all);
	if (now && state.name == NULL)
		state.name = name;
	pthread_mutex_unlock(&lock);
	return now;
}

/* ---- Memory ----------------------------------------------------------- */

/* Not the address: LeakSanitizer would take a tracked piece for reachable. */
static uintptr_t hidden(const void *memory)
{
	return ~(uintptr_t)memory;
}

static void forget(void *memory)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; memory && i < state.count; i++)
		if (state.tracked[i] == hidden(memory)) {
			state.tracked[i] = state.tracked[--state.count];
			break;
		}
	pthread_mutex_unlock(&lock);
}

static void *track(void *memory)
{
	pthread_mutex_lock(&lock);
	if (memory && state.armed) {
		if (state.count == TRACKED_MAX)
			abort();
		state.tracked[state.count++] = hidden(memory);
	}
	pthread_mutex_unlock(&lock);
	return memory;
}

static void *none(void)
{
	errno = ENOMEM;
	return NULL;
}

#define WRAP(type, name, ...)            \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

WRAP(void, free, void *memory)
{
	forget(memory);
	__real_free(memory);
}

WRAP(void *, malloc, size_t size)
{
	if (fails(WRAPPED_MEMORY, "malloc"))
		return none();
	return track(__real_malloc(size));
}

WRAP(void *, calloc, size_t count, size_t size)
{
	if (fails(WRAPPED_MEMORY, "calloc"))
		return none();
	return track(__real_calloc(count, size));
}

WRAP(void *, realloc, void *memory, size_t size)
{
	if (fails(WRAPPED_MEMORY, "realloc"))
		return none();
	forget(memory);
	return track(__real_realloc(memory, size));
}

WRAP(void *, reallocarray, void *memory, size_t count, size_t size)
{
	if (fails(WRAPPED_MEMORY, "reallocarray"))
		return none();
	forget(memory);
	return track(__real_reallocarray(memory, count, size));
}

WRAP(char *, strdup, const char *text)
{
	if (fails(WRAPPED_MEMORY, "strdup"))
		return none();
	return track(__real_strdup(text));
}

/* ---- The system ------------------------------------------------------- */

static bool system_fails(const char *name)
{
	if (!fails(WRAPPED_SYSTEM, name))
		return false;
	errno = state.error;
	return true;
}

WRAP(int, eventfd, unsigned count, int flags)
{
	return system_fails("eventfd") ? -1 : __real_eventfd(count, flags);
}

WRAP(int, epoll_create1, int flags)
{
	return system_fails("epoll_create1") ? -1 : __real_epoll_create1(flags);
}

WRAP(int, epoll_ctl, int all, int what, int descriptor,
	struct epoll_event *event)
{
	return system_fails("epoll_ctl")
		? -1
		: __real_epoll_ctl(all, what, descriptor, event);
}

WRAP(FILE *, fopen64, const char *path, const char *mode)
{
	return system_fails("fopen") ? NULL : __real_fopen64(path, mode);
}

WRAP(size_t, fwrite, const void *data, size_t size, size_t count, FILE *file)
{
	return system_fails("fwrite") ? 0
				      : __real_fwrite(data, size, count, file);
}

WRAP(int, rename, const char *from, const char *to)
{
	return system_fails("rename") ? -1 : __real_rename(from, to);
}

WRAP(int, open64, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	if (system_fails("open"))
		return -1;
	va_start(arguments, flags);
	mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return __real_open64(path, flags, mode);
}

/* Each write is a short one, as on a disk that is nearly full, so that the
   failing call can be in the middle of a file. */
WRAP(ssize_t, write, int fd, const void *data, size_t size)
{
	return system_fails("write")
		? -1
		: __real_write(fd, data, size > 64 ? size - 32 : size);
}

/* ---- libusb ----------------------------------------------------------- */

#define USB(type, name, parameters, arguments)                                 \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		return fails(WRAPPED_USB, #name) ? (type)(intptr_t)state.error \
						 : __real_##name arguments;    \
	}

USB(ssize_t, libusb_get_device_list,
	(libusb_context * usb, libusb_device ***list), (usb, list))
USB(int, libusb_get_device_descriptor,
	(libusb_device * device, struct libusb_device_descriptor *descriptor),
	(device, descriptor))
USB(int, libusb_get_active_config_descriptor,
	(libusb_device * device, struct libusb_config_descriptor **config),
	(device, config))
USB(int, libusb_get_port_numbers,
	(libusb_device * device, uint8_t *ports, int length),
	(device, ports, length))
USB(int, libusb_get_configuration, (libusb_device_handle * handle, int *config),
	(handle, config))
USB(int, libusb_set_configuration, (libusb_device_handle * handle, int config),
	(handle, config))
USB(int, libusb_claim_interface, (libusb_device_handle * handle, int interface),
	(handle, interface))
USB(int, libusb_release_interface,
	(libusb_device_handle * handle, int interface), (handle, interface))
USB(int, libusb_submit_transfer, (struct libusb_transfer * transfer),
	(transfer))

WRAP(int, libusb_handle_events_timeout_completed, libusb_context *usb,
	struct timeval *timeout, int *completed)
{
	return fails(WRAPPED_PIPE, "libusb_handle_events")
		? state.error
		: __real_libusb_handle_events_timeout_completed(
			  usb, timeout, completed);
}

/* LIBUSB_ERROR_NO_DEVICE becomes LIBUSB_ERROR_IO here.  After NO_DEVICE the
   library leaves the handle open for good, so the next test could not claim the
   interfaces. */
WRAP(int, libusb_set_interface_alt_setting, libusb_device_handle *handle,
	int interface, int alternate)
{
	if (fails(WRAPPED_ALTERNATE, "libusb_set_interface_alt_setting"))
		return LIBUSB_ERROR_NO_DEVICE;
	if (fails(WRAPPED_USB, "libusb_set_interface_alt_setting"))
		return state.error == LIBUSB_ERROR_NO_DEVICE ? LIBUSB_ERROR_IO
							     : state.error;
	return __real_libusb_set_interface_alt_setting(
		handle, interface, alternate);
}

WRAP(int, libusb_init, libusb_context **usb)
{
	int result = fails(WRAPPED_USB, "libusb_init")
		? state.error
		: __real_libusb_init(usb);

	state.usb_open += result == 0;
	return result;
}

WRAP(void, libusb_exit, libusb_context *usb)
{
	state.usb_open--;
	__real_libusb_exit(usb);
}

WRAP(int, libusb_open, libusb_device *device, libusb_device_handle **handle)
{
	int result = fails(WRAPPED_USB, "libusb_open")
		? state.error
		: __real_libusb_open(device, handle);

	state.usb_open += result == 0;
	return result;
}

WRAP(void, libusb_close, libusb_device_handle *handle)
{
	state.usb_open--;
	__real_libusb_close(handle);
}

/* The only error of these calls is out of memory. */
WRAP(struct libusb_transfer *, libusb_alloc_transfer, int packets)
{
	return fails(WRAPPED_USB, "libusb_alloc_transfer")
		? NULL
		: __real_libusb_alloc_transfer(packets);
}

WRAP(const struct libusb_pollfd **, libusb_get_pollfds, libusb_context *usb)
{
	return fails(WRAPPED_USB, "libusb_get_pollfds")
		? NULL
		: __real_libusb_get_pollfds(usb);
}

/* Reports that there is no hotplug, which is the first capability that the
   library asks for. */
WRAP(int, libusb_has_capability, uint32_t capability)
{
	return fails(WRAPPED_USB, "libusb_has_capability")
		? 0
		: __real_libusb_has_capability(capability);
}
