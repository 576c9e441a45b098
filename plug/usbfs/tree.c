/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The files that a kernel and udev show of devices: /sys, /run/udev and
 * /dev/bus/usb, under a temporary directory of the host.  The shim redirects
 * paths to that directory.  plug/usbfs/host.c, make.c and request.c call these
 * functions.  Nothing outside the directory may be written or removed.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTROLLER "sys/devices/clyde/usb1"
#define HUB        "sys/devices/clyde/usb1/1-0:1.0"
#define SETTINGS   "sys/module/usbcore/parameters"
#define PATH_SIZE  320

/* A path in the host's directory, from a format. */
static void path_of(const struct usbfs_host *host, char path[PATH_SIZE],
	const char *format, va_list arguments)
{
	int used = snprintf(path, PATH_SIZE, "%s/", host->directory);

	vsnprintf(path + used, PATH_SIZE - used, format, arguments);
}

/* Store the first failure, so that a caller can write many files and then check
   once.  Returns `result`. */
static int keep_failure(struct usbfs_host *host, int result)
{
	if (result < 0 && host->failed == 0)
		host->failed = result;
	return result;
}

static int make(struct usbfs_host *host, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Make a directory, and its parents. */
static int make(struct usbfs_host *host, const char *format, ...)
{
	char path[PATH_SIZE];
	va_list arguments;

	va_start(arguments, format);
	path_of(host, path, format, arguments);
	va_end(arguments);
	for (char *at = path + strlen(host->directory) + 1;
		(at = strchr(at, '/')); at++) {
		*at = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			keep_failure(host, -errno);
		*at = '/';
	}
	return keep_failure(
		host, mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0);
}

static int put(struct usbfs_host *host, const char *directory, const char *name,
	const void *data, size_t size)
{
	char path[PATH_SIZE];
	ssize_t written;
	int fd, result = 0;

	snprintf(path, sizeof(path), "%s/%s/%s", host->directory, directory,
		name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return keep_failure(host, -errno);
	written = write(fd, data, size);
	if (written != (ssize_t)size)
		result = keep_failure(host, written < 0 ? -errno : -ENOSPC);
	close(fd);
	return result;
}

/* A sysfs attribute: one line. */
static int attribute(struct usbfs_host *host, const char *directory,
	const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int attribute(struct usbfs_host *host, const char *directory,
	const char *name, const char *format, ...)
{
	char text[512];
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(text, sizeof(text) - 1, format, arguments);
	va_end(arguments);
	text[size++] = '\n';
	return put(host, directory, name, text, size);
}

static void take_away(const struct usbfs_host *host, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", host->directory, name);
	unlink(path);
}

static void link_to(
	struct usbfs_host *host, const char *name, const char *target)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", host->directory, name);
	if (symlink(target, path) < 0 && errno != EEXIST) /* plugged in again */
		keep_failure(host, -errno);
}

/* ---- A device --------------------------------------------------------- */

/* What sysfs shows of every device: its descriptors, and where it is. */
static void put_numbers(struct usbfs_host *host, const char *at,
	const uint8_t *descriptors, unsigned address)
{
	const struct usb_device_descriptor *descriptor =
		(const void *)descriptors;
	const struct usb_config_descriptor *config =
		(const void *)(descriptors + sizeof(*descriptor));

	attribute(host, at, "busnum", "%u", USBFS_BUS);
	attribute(host, at, "devnum", "%u", address);
	attribute(host, at, "version", " %x.%02x", descriptor->bcdUSB >> 8,
		descriptor->bcdUSB & 0xff);
	attribute(host, at, "idVendor", "%04x", descriptor->idVendor);
	attribute(host, at, "idProduct", "%04x", descriptor->idProduct);
	attribute(host, at, "bcdDevice", "%04x", descriptor->bcdDevice);
	attribute(host, at, "bDeviceClass", "%02x", descriptor->bDeviceClass);
	attribute(host, at, "bDeviceSubClass", "%02x",
		descriptor->bDeviceSubClass);
	attribute(host, at, "bDeviceProtocol", "%02x",
		descriptor->bDeviceProtocol);
	attribute(
		host, at, "bMaxPacketSize0", "%u", descriptor->bMaxPacketSize0);
	attribute(host, at, "bNumConfigurations", "%u",
		descriptor->bNumConfigurations);
	attribute(host, at, "bConfigurationValue", "%u",
		config->bConfigurationValue);
	attribute(host, at, "bNumInterfaces", "%2u", config->bNumInterfaces);
	attribute(host, at, "bmAttributes", "%02x", config->bmAttributes);
	attribute(host, at, "bMaxPower", "%umA", config->bMaxPower * 2);
	attribute(host, at, "configuration", "%s", "");
	attribute(host, at, "rx_lanes", "1");
	attribute(host, at, "tx_lanes", "1");
	attribute(host, at, "dev", "189:%u", address - 1);
	attribute(host, at, "uevent",
		"MAJOR=189\nMINOR=%u\nDEVNAME=bus/usb/%03u/%03u\n"
		"DEVTYPE=usb_device\nDRIVER=usb\nPRODUCT=%x/%x/%x\n"
		"TYPE=%u/%u/%u\nBUSNUM=%03u\nDEVNUM=%03u",
		address - 1, USBFS_BUS, address, descriptor->idVendor,
		descriptor->idProduct, descriptor->bcdDevice,
		descriptor->bDeviceClass, descriptor->bDeviceSubClass,
		descriptor->bDeviceProtocol, USBFS_BUS, address);
}

static void put_strings(const struct host_device *device, const char *at)
{
	static const char *const names[] = {
		[USB_STRING_MANUFACTURER] = "manufacturer",
		[USB_STRING_PRODUCT] = "product",
		[USB_STRING_SERIAL] = "serial",
	};

	for (unsigned i = USB_STRING_MANUFACTURER; i <= USB_STRING_SERIAL; i++)
		if (device->strings[i][0])
			attribute(device->host, at, names[i], "%s",
				device->strings[i]);
}

/* A device's name in sysfs: bus and port. */
static void name_of(const struct host_device *device, char name[16])
{
	snprintf(name, 16, "%u-%u", USBFS_BUS, device->port);
}

static void put_interface(
	const struct host_device *device, const char *name, unsigned number)
{
	char at[64], link[96], target[80];

	snprintf(at, sizeof(at), CONTROLLER "/%s/%s:1.%u", name, name, number);
	make(device->host, "%s", at);
	attribute(device->host, at, "bInterfaceNumber", "%02x", number);
	attribute(device->host, at, "bAlternateSetting", " 0");
	attribute(device->host, at, "bInterfaceClass", "ff");
	attribute(device->host, at, "bInterfaceSubClass", "ff");
	attribute(device->host, at, "bInterfaceProtocol", "ff");
	attribute(device->host, at, "bNumEndpoints", "00");
	attribute(device->host, at, "uevent", "DEVTYPE=usb_interface");
	snprintf(link, sizeof(link), "%s/subsystem", at);
	link_to(device->host, link, "../../../../../bus/usb");
	snprintf(link, sizeof(link), "sys/bus/usb/devices/%s:1.%u", name,
		number);
	snprintf(target, sizeof(target),
		"../../../devices/clyde/usb1/%s/%s:1.%u", name, name, number);
	link_to(device->host, link, target);
}

int tree_add(struct host_device *device)
{
	struct usbfs_host *host = device->host;
	char name[16], node[32], at[64], link[96], target[80];
	int result;

	name_of(device, name);
	snprintf(at, sizeof(at), CONTROLLER "/%s", name);
	snprintf(node, sizeof(node), "%03u", device->address);
	result = make(host, "%s", at);
	if (result == 0)
		result = put(host, at, "descriptors", device->descriptors,
			device->descriptors_size);
	if (result < 0)
		return result;
	put_numbers(host, at, device->descriptors, device->address);
	attribute(host, at, "devpath", "%u", device->port);
	attribute(host, at, "speed", device->plug->slow ? "12" : "480");
	attribute(host, at, "maxchild", "0");
	put_strings(device, at);
	for (unsigned i = 0; i < USB_IFACE_COUNT; i++)
		if (device->map.alternates[i])
			put_interface(device, name, i);
	snprintf(link, sizeof(link), "%s/subsystem", at);
	link_to(host, link, "../../../../bus/usb");
	snprintf(link, sizeof(link), "sys/bus/usb/devices/%s", name);
	snprintf(
		target, sizeof(target), "../../../devices/clyde/usb1/%s", name);
	link_to(host, link, target);
	tree_show_claims(device);
	put(host, "dev/bus/usb/001", node, device->descriptors,
		device->descriptors_size);
	return host->failed;
}

void tree_show_claims(struct host_device *device)
{
	for (unsigned i = 0; i < USB_IFACE_COUNT; i++) {
		bool claimed = device->claims[i] || device->plug->taken;
		char name[16], link[96];

		if (claimed == (device->claims_shown >> i & 1) ||
			device->gone || device->map.alternates[i] == 0)
			continue;
		device->claims_shown ^= 1 << i;
		name_of(device, name);
		snprintf(link, sizeof(link), CONTROLLER "/%s/%s:1.%u/driver",
			name, name, i);
		if (claimed)
			link_to(device->host, link,
				"../../../../../bus/usb/drivers/usbfs");
		else
			take_away(device->host, link);
	}
}

static void pipe_name(const struct host_file *file, char name[64])
{
	snprintf(name, 64, USBFS_PIPES "/%ju", (uintmax_t)file->inode);
}

void tree_show_file(const struct host_file *file)
{
	char link[64], node[64];

	pipe_name(file, link);
	snprintf(node, sizeof(node), "/dev/bus/usb/%03u/%03u", USBFS_BUS,
		file->device->address);
	link_to(file->host, link, node);
}

void tree_hide_file(const struct host_file *file)
{
	char link[64];

	pipe_name(file, link);
	take_away(file->host, link);
}

/* ---- The root hub ----------------------------------------------------- */

/* As Linux makes it for a host controller of USB 2.0 (drivers/usb/core/hcd.c),
   with the ids of the Linux Foundation. */
static const struct {
	struct usb_device_descriptor device;
	struct usb_config_descriptor config;
	struct usb_interface_descriptor interface;
	struct usb_endpoint_descriptor endpoint;
} PACKED hub = {
	.device =
		{
			.bLength = sizeof(hub.device),
			.bDescriptorType = USB_DESC_DEVICE,
			.bcdUSB = 0x0200,
			.bDeviceClass = USB_CLASS_HUB,
			.bDeviceProtocol = 1, /* high speed, a single TT */
			.bMaxPacketSize0 = 64,
			.idVendor = 0x1d6b,
			.idProduct = 0x0002,
			.bcdDevice = 0x0601, /* the kernel's version */
			.iManufacturer = 3,
			.iProduct = 2,
			.iSerialNumber = 1,
			.bNumConfigurations = 1,
		},
	.config =
		{
			.bLength = sizeof(hub.config),
			.bDescriptorType = USB_DESC_CONFIGURATION,
			.wTotalLength = sizeof(hub) - sizeof(hub.device),
			.bNumInterfaces = 1,
			.bConfigurationValue = 1,
			.bmAttributes = 0xe0, /* self-powered, remote wakeup */
		},
	.interface =
		{
			.bLength = sizeof(hub.interface),
			.bDescriptorType = USB_DESC_INTERFACE,
			.bNumEndpoints = 1,
			.bInterfaceClass = USB_CLASS_HUB,
		},
	.endpoint =
		{
			.bLength = sizeof(hub.endpoint),
			.bDescriptorType = USB_DESC_ENDPOINT,
			.bEndpointAddress = USB_DIR_IN | 1,
			.bmAttributes = 3, /* interrupt */
			.wMaxPacketSize = 4,
			.bInterval = 12,
		},
};

static void put_hub_interface(struct usbfs_host *host)
{
	attribute(host, HUB, "bInterfaceNumber", "00");
	attribute(host, HUB, "bAlternateSetting", " 0");
	attribute(host, HUB, "bInterfaceClass", "%02x", USB_CLASS_HUB);
	attribute(host, HUB, "bInterfaceSubClass", "00");
	attribute(host, HUB, "bInterfaceProtocol", "00");
	attribute(host, HUB, "bNumEndpoints", "01");
	attribute(host, HUB, "uevent", "DEVTYPE=usb_interface\nDRIVER=hub");
	link_to(host, HUB "/subsystem", "../../../../bus/usb");
	link_to(host, HUB "/driver", "../../../../bus/usb/drivers/hub");
	link_to(host, "sys/bus/usb/devices/1-0:1.0",
		"../../../devices/clyde/usb1/1-0:1.0");
}

/* Every device of a bus has the root hub as its parent. */
static int put_hub(struct usbfs_host *host)
{
	put(host, CONTROLLER, "descriptors", &hub, sizeof(hub));
	put_numbers(host, CONTROLLER, (const uint8_t *)&hub, USBFS_ROOT_HUB);
	attribute(host, CONTROLLER, "devpath", "0");
	attribute(host, CONTROLLER, "speed", "480");
	attribute(host, CONTROLLER, "maxchild", "%u", USBFS_PLUGS_MAX);
	attribute(host, CONTROLLER, "manufacturer", "Clyde");
	attribute(host, CONTROLLER, "product", "Virtual Host Controller");
	attribute(host, CONTROLLER, "serial", "clyde");
	link_to(host, CONTROLLER "/subsystem", "../../../bus/usb");
	link_to(host, CONTROLLER "/driver", "../../../bus/usb/drivers/usb");
	/* The host controller's driver, which lsusb -t names.  Nothing is there:
	   the machine's own /sys/bus/platform must stay visible. */
	link_to(host, "sys/devices/clyde/driver",
		"../../bus/platform/drivers/clyde_hcd");
	link_to(host, "sys/bus/usb/devices/usb1",
		"../../../devices/clyde/usb1");
	put_hub_interface(host);
	put(host, "dev/bus/usb/001", "001", &hub, sizeof(hub));
	return host->failed;
}

/* ---- The whole tree --------------------------------------------------- */

static void remove_tree(const struct usbfs_host *host, const char *path)
{
	char full[PATH_SIZE];

	snprintf(full, sizeof(full), "%s/%s", host->directory, path);
	folder_remove(full);
}

void tree_remove(struct host_device *device)
{
	char name[16], path[80];

	device->claims_shown = 0;
	name_of(device, name);
	snprintf(path, sizeof(path), "sys/bus/usb/devices/%s", name);
	remove_tree(device->host, path);
	for (unsigned i = 0; i < USB_IFACE_COUNT; i++) {
		snprintf(path, sizeof(path), "sys/bus/usb/devices/%s:1.%u",
			name, i);
		remove_tree(device->host, path);
	}
	snprintf(path, sizeof(path), CONTROLLER "/%s", name);
	remove_tree(device->host, path);
	snprintf(path, sizeof(path), "dev/bus/usb/001/%03u", device->address);
	remove_tree(device->host, path);
}

int tree_new(struct usbfs_host *host, const struct usbfs_options *options)
{
	static const char *const directories[] = {
		"sys/bus/usb/devices",
		"sys/bus/usb/drivers/hub",
		"sys/bus/usb/drivers/usb",
		"sys/bus/usb/drivers/usbfs",
		"sys/class",
		SETTINGS,
		HUB,
		"dev/bus/usb/001",
		"run/udev/data",
		USBFS_UEVENTS,
		USBFS_PIPES,
	};
	int result = folder_new(host);

	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		if (result == 0)
			result = make(host, "%s", directories[i]);
	if (result == 0)
		result = attribute(host, SETTINGS, "usbfs_memory_mb", "%u",
			(unsigned)(options->bytes_max >> 20));
	if (result == 0)
		result = put_hub(host);
	/* libudev takes the existence of this file for a running udevd. */
	if (result == 0)
		result = put(host, "run/udev", "control", "", 0);
	return result;
}

void tree_free(struct usbfs_host *host)
{
	folder_free(host);
}
