/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The device side of the emulated usbfs: takes plugged-in virtual devices,
 * gives programs that run under the shim a /dev/bus/usb and a /sys with them.
 */
#ifndef VIRTUAL_USBFS_HOST_H
#define VIRTUAL_USBFS_HOST_H

#include "plug/plug.h"

struct usbfs_host;

struct usbfs_options {
	uint64_t bytes_max;     /* of all URBs and mapped buffers */
	bool no_scatter_gather; /* so that libusb splits at 16 KiB */
};

/* Like the kernel's usbfs_memory_mb. */
#define USBFS_BYTES_DEFAULT (16u << 20)

#define USBFS_WHY_SIZE 256

/* 0, or -errno and a sentence that says what failed. */
int usbfs_host_new(struct plug *plugs, unsigned count,
	const struct usbfs_options *options, struct usbfs_host **ret_host,
	char ret_why[USBFS_WHY_SIZE]);
void usbfs_host_free(struct usbfs_host *host);

/* How many devices are not shown, as they could not be enumerated. */
unsigned usbfs_host_missing(const struct usbfs_host *host);

/* Where its socket and trees are: the shim's environment names it. */
const char *usbfs_host_directory(const struct usbfs_host *host);

/* Serve until a descriptor is readable: 0, or -errno. */
int usbfs_host_serve(struct usbfs_host *host, int stop_fd);

#endif
