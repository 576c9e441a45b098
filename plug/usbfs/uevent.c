/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Events for monitors in COMMAND when a device comes or goes: in udevd's format
 * for those of libudev (systemd, libsystemd/sd-device/device-monitor.c), in the
 * kernel's for others (lib/kobject_uevent.c).  plug/usbfs/host.c calls
 * uevent_send().  A monitor that does not read must not block the host.
 */
#include "internal.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MONITOR_MAGIC 0xfeedcafe

struct monitor_message {
	char prefix[8];
	uint32_t magic; /* big endian */
	uint32_t header_size;
	uint32_t properties_offset;
	uint32_t properties_size;
	uint32_t subsystem_hash; /* of the filter that the shim ignores */
	uint32_t devtype_hash;
	uint32_t tag_bloom[2];
	char properties[512];
};
_Static_assert(offsetof(struct monitor_message, properties) == 40,
	"monitor_netlink_header");

struct kernel_message {
	char text[600];
};

/* The properties, each ended by a zero byte.  The kernel's name of the device
   file does not begin with /dev/. */
static uint32_t write_properties(const struct host_device *device,
	const char *action, const char *folder, char *text, size_t size)
{
	const struct usb_device_descriptor *descriptor =
		(const void *)device->descriptors;
	int length = snprintf(text, size,
		"ACTION=%s\nDEVPATH=/devices/clyde/usb1/%u-%u\n"
		"SUBSYSTEM=usb\nDEVTYPE=usb_device\nSEQNUM=%u\n"
		"DEVNAME=%sbus/usb/%03u/%03u\nMAJOR=189\nMINOR=%u\n"
		"PRODUCT=%x/%x/%x\nTYPE=%u/%u/%u\nBUSNUM=%03u\nDEVNUM=%03u\n",
		action, USBFS_BUS, device->port, device->host->uevents, folder,
		USBFS_BUS, device->address, device->address - 1,
		descriptor->idVendor, descriptor->idProduct,
		descriptor->bcdDevice, descriptor->bDeviceClass,
		descriptor->bDeviceSubClass, descriptor->bDeviceProtocol,
		USBFS_BUS, device->address);

	for (int i = 0; i < length; i++)
		if (text[i] == '\n')
			text[i] = '\0';
	return length;
}

static void send_to(const void *message, size_t size, const char *directory,
	const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path),
		    "%s/%s", directory, name) >= sizeof(address.sun_path))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (sendto(fd, message, size, MSG_NOSIGNAL, (struct sockaddr *)&address,
		    sizeof(address)) < 0 &&
		errno == ECONNREFUSED)
		unlink(address.sun_path); /* its process has died */
	close(fd);
}

static uint32_t write_udev(const struct host_device *device, const char *action,
	struct monitor_message *message)
{
	*message = (struct monitor_message){
		.prefix = "libudev",
		.magic = htonl(MONITOR_MAGIC),
		.header_size = offsetof(struct monitor_message, properties),
		.properties_offset =
			offsetof(struct monitor_message, properties),
	};
	message->properties_size = write_properties(device, action, "/dev/",
		message->properties, sizeof(message->properties));
	return message->properties_offset + message->properties_size;
}

/* ACTION@DEVPATH, then the properties. */
static uint32_t write_kernel(const struct host_device *device,
	const char *action, struct kernel_message *message)
{
	char *text = message->text;
	int start = 1 +
		snprintf(text, sizeof(message->text),
			"%s@/devices/clyde/usb1/%u-%u", action, USBFS_BUS,
			device->port);

	return start +
		write_properties(device, action, "", text + start,
			sizeof(message->text) - start);
}

void uevent_send(struct host_device *device, const char *action)
{
	struct monitor_message udev;
	struct kernel_message kernel;
	uint32_t udev_size, kernel_size;
	char path[128];
	struct dirent *entry;
	DIR *directory;

	device->host->uevents++;
	udev_size = write_udev(device, action, &udev);
	kernel_size = write_kernel(device, action, &kernel);
	snprintf(path, sizeof(path), "%s/%s", device->host->directory,
		USBFS_UEVENTS);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		const char *mask = strrchr(entry->d_name, '-');
		unsigned long groups = mask ? strtoul(mask + 1, NULL, 10) : 0;

		/* The kernel's message is sent before udevd's. */
		if (groups & USBFS_GROUP_KERNEL)
			send_to(&kernel, kernel_size, path, entry->d_name);
		if (groups & USBFS_GROUP_UDEV)
			send_to(&udev, udev_size, path, entry->d_name);
	}
	if (directory)
		closedir(directory);
}
