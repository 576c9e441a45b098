/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Monitors: the netlink socket on which libudev, or a libusb without libudev,
 * receives events becomes a datagram socket in the host's directory.  The name
 * of its file ends with the groups to which it is bound: plug/usbfs/uevent.c
 * sends messages in udevd's format to group 2, and in the kernel's to group 1.
 * Sender and credentials are replaced by those of udevd or of the kernel, which
 * receivers check.
 */
#include "shim.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "udev.h"
#include "plug/usbfs/wire.h"

#define MONITORS 64

/* The monitors' descriptors, plus one; 0 = free.  And their groups, a mask. */
static _Atomic int monitors[MONITORS];
static _Atomic uint32_t groups[MONITORS];
static _Atomic unsigned open_monitors;

static int find(int fd)
{
	if (open_monitors == 0)
		return -1;
	for (int i = 0; i < MONITORS; i++)
		if (monitors[i] == fd + 1)
			return i;
	return -1;
}

static void name_of(int fd, uint32_t mask, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s/%d-%d-%u",
		shim_directory(), USBFS_UEVENTS, (int)getpid(), fd, mask);
}

SHIM_API int socket(int domain, int type, int protocol)
{
	DEFINE_NEXT(socket);
	int fd;

	if (domain != AF_NETLINK || protocol != NETLINK_KOBJECT_UEVENT ||
		shim_directory() == NULL)
		return next(domain, type, protocol);
	fd = next(AF_UNIX, SOCK_DGRAM | (type & (SOCK_CLOEXEC | SOCK_NONBLOCK)),
		0);
	for (int i = 0; fd >= 0 && i < MONITORS; i++) {
		int none = 0;

		if (!atomic_compare_exchange_strong(
			    &monitors[i], &none, fd + 1))
			continue;
		groups[i] = 0;
		open_monitors++;
		break;
	}
	return fd;
}

SHIM_API int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	DEFINE_NEXT(bind);
	int index = find(fd);
	struct sockaddr_nl given = {0};
	struct sockaddr_un own;

	if (index < 0)
		return next(fd, address, size);
	if (address == NULL || size < sizeof(given)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(&given, address, sizeof(given));
	groups[index] = given.nl_groups;
	name_of(fd, given.nl_groups, &own);
	unlink(own.sun_path);
	return next(fd, (struct sockaddr *)&own, sizeof(own));
}

SHIM_API int getsockname(
	int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
	DEFINE_NEXT(getsockname);
	struct sockaddr_nl own = {
		.nl_family = AF_NETLINK,
		.nl_pid = getpid(),
	};
	int index = find(fd);

	if (index < 0)
		return next(fd, address, size);
	own.nl_groups = groups[index];
	memcpy(address, &own, *size < sizeof(own) ? *size : sizeof(own));
	*size = sizeof(own);
	return 0;
}

/* libudev's filter reads netlink's header, which these messages do not have. */
SHIM_API int setsockopt(
	int fd, int level, int option, const void *value, socklen_t size)
{
	DEFINE_NEXT(setsockopt);

	if (level == SOL_SOCKET && option == SO_ATTACH_FILTER && find(fd) >= 0)
		return 0;
	return next(fd, level, option, value, size);
}

/* The sender of a message: the kernel is process 0.  udevd's messages begin with
   "libudev". */
static struct sockaddr_nl sender_of(const void *data, size_t size)
{
	static const char mark[] = "libudev";
	bool udev =
		size >= sizeof(mark) && memcmp(data, mark, sizeof(mark)) == 0;

	return (struct sockaddr_nl){
		.nl_family = AF_NETLINK,
		.nl_pid = udev ? 1 : 0,
		.nl_groups = udev ? USBFS_GROUP_UDEV : USBFS_GROUP_KERNEL,
	};
}

SHIM_API ssize_t recvfrom(int fd, void *restrict data, size_t size, int flags,
	struct sockaddr *restrict address, socklen_t *restrict address_size)
{
	DEFINE_NEXT(recvfrom);
	struct sockaddr_nl sender;
	ssize_t result;

	if (address == NULL || address_size == NULL || find(fd) < 0)
		return next(fd, data, size, flags, address, address_size);
	result = next(fd, data, size, flags, NULL, NULL);
	if (result < 0)
		return result;
	sender = sender_of(data, (size_t)result < size ? (size_t)result : size);
	memcpy(address, &sender,
		*address_size < sizeof(sender) ? *address_size
					       : sizeof(sender));
	*address_size = sizeof(sender);
	return result;
}

SHIM_API ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	DEFINE_NEXT(recvmsg);
	struct sockaddr_nl sender = {.nl_family = AF_NETLINK};
	struct ucred credentials = {0};
	void *name = message->msg_name;
	ssize_t result;

	if (find(fd) < 0)
		return next(fd, message, flags);
	message->msg_name = NULL;
	result = next(fd, message, flags);
	message->msg_name = name;
	if (result < 0)
		return result;
	if (message->msg_iovlen > 0) {
		const struct iovec *part = message->msg_iov;
		size_t size = result;

		sender = sender_of(part->iov_base,
			size < part->iov_len ? size : part->iov_len);
	}
	credentials.pid = sender.nl_pid;
	if (name && message->msg_namelen >= sizeof(sender)) {
		memcpy(name, &sender, sizeof(sender));
		message->msg_namelen = sizeof(sender);
	}
	for (struct cmsghdr *each = CMSG_FIRSTHDR(message); each;
		each = CMSG_NXTHDR(message, each))
		if (each->cmsg_level == SOL_SOCKET &&
			each->cmsg_type == SCM_CREDENTIALS)
			memcpy(CMSG_DATA(each), &credentials,
				sizeof(credentials));
	return result;
}

void shim_close_monitor(int fd)
{
	int index = find(fd), error = errno;
	struct sockaddr_un own;

	if (index < 0)
		return;
	name_of(fd, groups[index], &own);
	if (atomic_exchange(&monitors[index], 0) == 0)
		return;
	open_monitors--;
	unlink(own.sun_path);
	errno = error;
}
