/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What Linux knows of USB beside libusb: who has a device, who may have it,
 * and how much memory there is for transfers.  Nothing is changed by looking.
 */
#ifndef CLI_DOCTOR_LINUX_H
#define CLI_DOCTOR_LINUX_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* The folder of this machine's USB devices in /sys, and of their files. */
#define DEVICES_FOLDER "/sys/bus/usb/devices"
#define NODES_FOLDER   "/dev/bus/usb"
#define MEMORY_SETTING "/sys/module/usbcore/parameters/usbfs_memory_mb"

/* Where udev looks for rules; ends with NULL. */
extern const char *const rule_folders[];

struct holder {
	pid_t pid;
	char name[32];
};

#define HOLDERS_MAX 8

/* Who has a file open. */
struct holders {
	unsigned count; /* of which the first HOLDERS_MAX are listed */
	bool hidden;    /* some processes are not ours to look into */
	struct holder list[HOLDERS_MAX];
};

void find_holders(const char *path, struct holders *ret_holders);

struct driver {
	unsigned interface;
	char place[64]; /* the interface's folder, "1-2:1.0" */
	char name[32];  /* "usbfs" stands for a program */
};

#define DRIVERS_MAX 8

/*
 * The kernel's drivers of a device's interfaces, by the file that stands for
 * the device: how many, or -ENOENT if the folder does not have it.
 */
int find_drivers(const char *folder, const char *node,
	struct driver ret_drivers[DRIVERS_MAX]);

struct rule {
	char path[PATH_MAX];
	bool uaccess; /* for the user logged in at the machine */
};

/* The first rule that names Glasgow's ids: false if there is none. */
bool find_rule(const char *const *folders, struct rule *ret_rule);

/* Megabytes that transfers of all programs may take, 0 = any; or -errno. */
int read_memory_limit(const char *path);

/* 0 if the file can be opened for reading and writing, else -errno. */
int try_node(const char *path);

#endif
