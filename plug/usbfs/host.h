/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The host of the emulated usbfs: it shows plugged-in virtual devices to
 * programs that run under the shim, in a /dev/bus/usb and a /sys of its own,
 * and serves the device files that the programs open.  The tool and the tests
 * call it.  One thread runs everything, in usbfs_host_serve().
 */
#ifndef PLUG_USBFS_HOST_H
#define PLUG_USBFS_HOST_H

#include "plug/plug.h"

struct usbfs_host;

struct usbfs_options {
	uint64_t bytes_max;     /* of all URBs and mapped buffers */
	bool no_scatter_gather; /* libusb then splits transfers at 16 KiB */
};

/* Like the kernel's usbfs_memory_mb. */
#define USBFS_BYTES_DEFAULT (16u << 20)

#define USBFS_WHY_SIZE 256

/* 0, or -errno and a sentence that says what failed. */
int usbfs_host_new(struct plug *plugs, unsigned count,
	const struct usbfs_options *options, struct usbfs_host **ret_host,
	char ret_why[USBFS_WHY_SIZE]);
void usbfs_host_free(struct usbfs_host *host);

/* How many devices could not be enumerated, and so are not shown. */
unsigned usbfs_host_missing(const struct usbfs_host *host);

/* The directory of the host's socket and trees, which the shim finds in the
   variable USBFS_ENVIRONMENT. */
const char *usbfs_host_directory(const struct usbfs_host *host);

/* Serve until `stop_fd` is readable: 0, or -errno. */
int usbfs_host_serve(struct usbfs_host *host, int stop_fd);

#endif
