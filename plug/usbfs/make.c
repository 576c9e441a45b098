/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Creates and frees a host: its directory, shared page, sockets and devices.
   The tool and the tests call it, see plug/usbfs/host.h. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int open_global(
	struct usbfs_host *host, const struct usbfs_options *options)
{
	void *page;

	host->global_fd = memfd_create(
		"clyde-usbfs-global", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (host->global_fd < 0 || ftruncate(host->global_fd, 4096) < 0 ||
		fcntl(host->global_fd, F_ADD_SEALS,
			F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		return -errno;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
		host->global_fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	host->global = page;
	host->global->bytes_max = options->bytes_max;
	host->global->capabilities = USBDEVFS_CAP_ZERO_PACKET |
		USBDEVFS_CAP_BULK_CONTINUATION |
		USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
		USBDEVFS_CAP_REAP_AFTER_DISCONNECT | USBDEVFS_CAP_MMAP;
	if (!options->no_scatter_gather)
		host->global->capabilities |= USBDEVFS_CAP_BULK_SCATTER_GATHER;
	return 0;
}

static int open_sockets(struct usbfs_host *host)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
		host->directory, USBFS_SOCKET);
	host->epoll = epoll_create1(EPOLL_CLOEXEC);
	host->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	host->listener = socket(
		AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (host->epoll < 0 || host->wake < 0 || host->listener < 0 ||
		bind(host->listener, (struct sockaddr *)&address,
			sizeof(address)) < 0 ||
		listen(host->listener, 64) < 0 ||
		host_watch(host, host->listener, &host->listener) < 0)
		return -errno;
	return host_watch(host, host->wake, &host->wake);
}

static int add_devices(
	struct usbfs_host *host, struct plug *plugs, unsigned count)
{
	int result = 0;

	for (unsigned i = 0; i < count && result == 0; i++) {
		struct host_device *device = &host->devices[i];

		device->host = host;
		device->plug = &plugs[i];
		device->port = i + 1;
		host->count++;
		result = device_enumerate(device);
		if (result == 0) {
			result = tree_add(device);
		} else {
			device->gone = true;
			host->missing++;
			result = 0;
		}
	}
	return result;
}

static void explain(const struct usbfs_host *host, int result, char *ret_why)
{
	if (result == -EMFILE || result == -ENFILE)
		snprintf(ret_why, USBFS_WHY_SIZE,
			"%s: raise the limit of open files, see ulimit -n",
			strerror(-result));
	else if (host->directory[0] && host->failed == 0)
		snprintf(ret_why, USBFS_WHY_SIZE, "%s", strerror(-result));
	else
		snprintf(ret_why, USBFS_WHY_SIZE,
			"the files of the devices cannot be in %s: %s; set "
			"TMPDIR to another folder",
			host->base, strerror(-result));
}

int usbfs_host_new(struct plug *plugs, unsigned count,
	const struct usbfs_options *options, struct usbfs_host **ret_host,
	char ret_why[USBFS_WHY_SIZE])
{
	struct usbfs_host *host = calloc(1, sizeof(*host));
	int result;

	if (host == NULL) {
		snprintf(ret_why, USBFS_WHY_SIZE, "out of memory");
		return -ENOMEM;
	}
	if (count > USBFS_PLUGS_MAX)
		count = USBFS_PLUGS_MAX;
	host->listener = host->epoll = host->wake = host->global_fd = -1;
	host->lock = -1;
	result = tree_new(host, options);
	if (result == 0)
		result = open_global(host, options);
	if (result == 0)
		result = open_sockets(host);
	if (result == 0)
		result = add_devices(host, plugs, count);
	if (result < 0) {
		explain(host, result, ret_why);
		usbfs_host_free(host);
		return result;
	}
	*ret_host = host;
	return 0;
}

void usbfs_host_free(struct usbfs_host *host)
{
	if (host == NULL)
		return;
	while (!LIST_EMPTY(&host->files))
		file_close(LIST_FIRST(&host->files));
	for (unsigned i = 0; i < host->count; i++) {
		/* Sequences of control transfers may still be on the bus: fail
		   and free them. */
		plug_unplug(host->devices[i].plug);
		device_reap(&host->devices[i]);
	}
	tree_free(host);
	if (host->global)
		munmap(host->global, 4096);
	close(host->global_fd);
	close(host->listener);
	close(host->wake);
	close(host->epoll);
	free(host);
}

unsigned usbfs_host_missing(const struct usbfs_host *host)
{
	return host->missing;
}

const char *usbfs_host_directory(const struct usbfs_host *host)
{
	return host->directory;
}
