/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The host's loop: accepts connections, each of which is a device file, runs
 * the devices' buses, and sleeps when there is nothing to run.  One thread,
 * called by usbfs_host_serve().  A client must not be able to stop the loop,
 * whatever it sends.
 */
#include "internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* While buses are busy, sockets are handled once in this many rounds. */
#define ROUNDS_PER_LOOK 16
/* How long an unpaced host polls the rings before it sleeps: less than a sleep
   and a wake-up cost. */
#define SPIN_NS 5000

/* ---- Files ------------------------------------------------------------ */

void file_close(struct host_file *file)
{
	if (file->device) {
		tree_hide_file(file);
		file_release_all(file);
		file_cancel(file, -1);
		device_reap(file->device);
		LIST_REMOVE(file, in_device);
	}
	LIST_REMOVE(file, in_host);
	file_free(file);
}

static void accept_file(struct usbfs_host *host)
{
	int fd = accept4(host->listener, NULL, NULL, SOCK_CLOEXEC);
	struct host_file *file;
	struct epoll_event event = {.events = EPOLLIN};

	if (fd < 0)
		return;
	file = calloc(1, sizeof(*file));
	if (file == NULL) {
		close(fd);
		return;
	}
	file->host = host;
	file->socket = fd;
	file->pipe = -1;
	LIST_INSERT_HEAD(&host->files, file, in_host);
	event.data.ptr = file;
	if (epoll_ctl(host->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		file_close(file);
}

static void send_opened(struct host_file *file, int fds[USBFS_FDS])
{
	struct usbfs_reply reply = {0, 0};
	struct iovec part = {&reply, sizeof(reply)};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * USBFS_FDS)];
	} control = {0};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int) * USBFS_FDS);
	memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * USBFS_FDS);
	if (sendmsg(file->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		file->broken = true;
	close(fds[USBFS_FD_MEMORY]);
	close(fds[USBFS_FD_PIPE]);
}

/* The root hub cannot be opened: no udev rule permits that to a user. */
static int find_device(struct usbfs_host *host,
	const struct usbfs_request *request, struct host_device **ret_device)
{
	if (request->a == USBFS_BUS && request->b == USBFS_ROOT_HUB)
		return -EACCES;
	for (unsigned i = 0; i < host->count; i++) {
		struct host_device *device = &host->devices[i];

		if (request->a != USBFS_BUS || request->b != device->address)
			continue;
		*ret_device = device;
		if (device->gone)
			return -ENODEV;
		return device->plug->denied ? -EACCES : 0;
	}
	return -ENOENT;
}

static void open_file(
	struct host_file *file, const struct usbfs_request *request)
{
	struct host_device *device;
	int fds[USBFS_FDS];
	int result = find_device(file->host, request, &device);

	if (request->op != USBFS_OPEN) {
		file->broken = true;
		return;
	}
	if (result == 0)
		result = file_open(file, fds);
	if (result < 0) {
		file_reply(file, result, 0);
		return;
	}
	file->device = device;
	LIST_INSERT_HEAD(&device->files, file, in_device);
	file_show_state(file);
	send_opened(file, fds);
	tree_show_file(file);
}

/* False when the file is closed. */
static bool read_request(struct host_file *file)
{
	struct usbfs_request request;
	ssize_t size = recv(file->socket, &request, sizeof(request),
		MSG_DONTWAIT | MSG_TRUNC);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (size != sizeof(request))
		return false;
	if (file->device == NULL) {
		open_file(file, &request);
		return !file->broken;
	}
	/* The ring has commands from before this request: they come first. */
	while (file_take_commands(file))
		;
	request_handle(file, &request);
	return !file->broken;
}

/* ---- Devices ---------------------------------------------------------- */

static void device_left(struct host_device *device)
{
	struct host_file *file;

	device->gone = true;
	device_reap(device);
	tree_remove(device);
	LIST_FOREACH (file, &device->files, in_device) {
		while (file_take_commands(file))
			;
		device_reap(device);
		file_unplug(file);
	}
	uevent_send(device, "remove");
}

/* Whether the port has a device again: after new firmware, or plugged in
   again. */
static bool has_come_back(struct host_device *device)
{
	device_reap(device);
	if (plug_return(device->plug)) {
		device->resets = 0;
		return true;
	}
	return !device->plug->gone && bus_lost(device->plug->bus) &&
		bus_enumerate(device->plug->bus);
}

/* A device that comes back is a new device on the same port. */
static bool enumerate_again(struct host_device *device)
{
	if (!has_come_back(device) || device_enumerate(device) < 0)
		return false;
	device->gone = false;
	if (tree_add(device) < 0)
		device->gone = true;
	else
		uevent_send(device, "add");
	return true;
}

/* Cancel the control transfers of requests that the device does not answer.
   With virtual time, the time for it passes at once when nothing else is under
   way.  True if one was cancelled. */
static bool end_late(struct host_device *device)
{
	tick due = sequences_due(device);
	struct bus *bus = device->plug->bus;

	if (due == TICK_NEVER || device->gone ||
		(bus_now(bus) < due &&
			(device->plug->pace == PACE_LINK ||
				bus_due(bus) != TICK_NEVER)))
		return false;
	sequences_end_late(device, due);
	return true;
}

/* Run one device.  True if something happened. */
static bool serve_device(struct host_device *device)
{
	struct host_file *file;
	bool busy = false;

	/* Bring the bus to the present first: the commands that have just come
	   must be queued at the present. */
	if (device->plug->pace == PACE_LINK)
		while (plug_run(device->plug))
			busy |= device_reap(device);
	LIST_FOREACH (file, &device->files, in_device)
		if (file_has_commands(file))
			busy |= file_take_commands(file);
	if (device->plug->pace == PACE_OFF)
		busy |= plug_run(device->plug);
	busy |= end_late(device);
	busy |= device_reap(device);
	if (!device->gone &&
		(device->plug->gone || bus_lost(device->plug->bus)))
		device_left(device);
	else if (device->gone)
		busy |= enumerate_again(device);
	LIST_FOREACH (file, &device->files, in_device)
		if (file->signal)
			file_signal(file);
	return busy;
}

bool host_run(struct usbfs_host *host)
{
	bool busy = false;

	for (unsigned i = 0; i < host->count; i++)
		busy |= serve_device(&host->devices[i]);
	return busy;
}

static void close_broken(struct usbfs_host *host)
{
	struct host_file *file, *next;

	for (file = LIST_FIRST(&host->files); file; file = next) {
		next = LIST_NEXT(file, in_host);
		if (file->broken)
			file_close(file);
	}
}

/* ---- The loop --------------------------------------------------------- */

static uint64_t due_ns(const struct usbfs_host *host)
{
	uint64_t due = PLUG_NEVER;

	for (unsigned i = 0; i < host->count; i++) {
		const struct host_device *device = &host->devices[i];
		uint64_t each = plug_due_ns(device->plug);
		tick late = sequences_due(device);

		if (each < due)
			due = each;
		if (late == TICK_NEVER || device->gone)
			continue;
		each = device->plug->epoch_ns + tick_to_ns(late);
		if (each < due)
			due = each;
	}
	return due;
}

static bool has_commands(const struct usbfs_host *host)
{
	const struct host_file *file;

	LIST_FOREACH (file, &host->files, in_host)
		if (file_has_commands(file))
			return true;
	return false;
}

/* Linux before 5.11, and QEMU's user mode, have no epoll_pwait2(). */
static int wait_without_pwait2(struct usbfs_host *host,
	struct epoll_event *events, int max, const struct timespec *timeout)
{
	struct pollfd set = {host->epoll, POLLIN, 0};

	return ppoll(&set, 1, timeout, NULL) < 0
		? -1
		: epoll_wait(host->epoll, events, max, 0);
}

/* Wait for events until a time; 0: do not wait.  The number of events. */
static int wait_events(struct usbfs_host *host, struct epoll_event *events,
	int max, uint64_t until_ns)
{
	struct timespec left = plug_time_left(until_ns);
	const struct timespec *timeout = until_ns == PLUG_NEVER ? NULL : &left;
	int count = epoll_pwait2(host->epoll, events, max, timeout, NULL);

	if (count < 0 && errno == ENOSYS)
		count = wait_without_pwait2(host, events, max, timeout);
	return count < 0 && errno == EINTR ? 0 : count;
}

/* Handle events.  1 if the caller's stop descriptor is readable. */
static int handle_events(
	struct usbfs_host *host, const struct epoll_event *events, int count)
{
	int stopped = 0;
	uint64_t value;

	for (int i = 0; i < count; i++) {
		void *source = events[i].data.ptr;

		if (source == &host->stop)
			stopped = 1;
		else if (source == &host->wake)
			eventfd_read(host->wake, &value);
		else if (source == &host->listener)
			accept_file(host);
		else if (!read_request(source))
			((struct host_file *)source)->broken = true;
	}
	close_broken(host);
	return count < 0 ? -errno : stopped;
}

int host_poll(struct usbfs_host *host, bool sleep)
{
	struct epoll_event events[8];
	uint64_t until_ns = 0;
	int count;

	if (sleep) {
		atomic_store(&host->global->asleep, 1);
		/* Pairs with the fence of shim_wake(): either the host sees the
		   command here, or the shim sees that it must wake the host. */
		atomic_thread_fence(memory_order_seq_cst);
		if (!has_commands(host))
			until_ns = due_ns(host);
	}
	count = wait_events(host, events, 8, until_ns);
	if (sleep)
		atomic_store(&host->global->asleep, 0);
	if (count < 0)
		return -errno;
	return handle_events(host, events, count);
}

static void spin(const struct usbfs_host *host)
{
	uint64_t end_ns;

	if (host->devices[0].plug->pace == PACE_LINK ||
		LIST_EMPTY(&host->files))
		return;
	end_ns = plug_now_ns() + SPIN_NS;
	while (!has_commands(host) && plug_now_ns() < end_ns)
		;
}

int host_watch(struct usbfs_host *host, int fd, void *source)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};

	return epoll_ctl(host->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno
								     : 0;
}

int usbfs_host_serve(struct usbfs_host *host, int stop_fd)
{
	unsigned rounds = 0;
	int result = host_watch(host, stop_fd, &host->stop);

	while (result == 0) {
		if (host_run(host)) {
			if (++rounds % ROUNDS_PER_LOOK == 0)
				result = host_poll(host, false);
			continue;
		}
		spin(host);
		if (!has_commands(host))
			result = host_poll(host, true);
	}
	epoll_ctl(host->epoll, EPOLL_CTL_DEL, stop_fd, NULL);
	return result < 0 ? result : 0;
}
