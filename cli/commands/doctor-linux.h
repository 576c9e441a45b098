/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What Linux knows of USB that libusb does not say: which processes have a
 * device open, which drivers are bound to it, which udev rule names it, and how
 * much memory transfers may take.  clyde doctor calls it.  All of it only
 * reads; the paths are parameters, so that tests pass folders of their own.
 */
#ifndef CLI_DOCTOR_LINUX_H
#define CLI_DOCTOR_LINUX_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* USB devices of this machine in /sys, and their device files */
#define DEVICES_FOLDER "/sys/bus/usb/devices"
#define NODES_FOLDER   "/dev/bus/usb"
#define MEMORY_SETTING "/sys/module/usbcore/parameters/usbfs_memory_mb"

/* The folders in which udev looks for rules; ends with NULL. */
extern const char *const rule_folders[];

struct holder {
	pid_t pid;
	char name[32];
};

#define HOLDERS_MAX 8

/* The processes that have a file open, without this one. */
struct holders {
	unsigned count; /* of which the first HOLDERS_MAX are listed */
	bool hidden;    /* files of some processes may not be read */
	struct holder list[HOLDERS_MAX];
};

void find_holders(const char *path, struct holders *ret_holders);

struct driver {
	unsigned interface;
	char folder[64]; /* the interface's folder, "1-2:1.0" */
	char name[32];   /* "usbfs": a program has claimed the interface */
};

#define DRIVERS_MAX 8

/*
 * The drivers bound to the interfaces of the device with this device file,
 * sorted by interface.  Returns how many, or -ENOENT if the folder does not
 * have the device, or -errno.
 */
int find_drivers(const char *folder, const char *node,
	struct driver ret_drivers[DRIVERS_MAX]);

struct rule {
	char path[PATH_MAX];
	bool skips_bind; /* it gives nothing at the event "bind" */
	bool uaccess;    /* it grants access to the user at the machine */
};

/* The first rule that names Glasgow's ids: false if there is none. */
bool find_rule(const char *const *folders, struct rule *ret_rule);

/* Megabytes that transfers of all programs may take, 0 = any; or -errno. */
int read_memory_limit(const char *path);

/* 0 if the file can be opened for reading and writing, else -errno. */
int try_node(const char *path);

#endif
