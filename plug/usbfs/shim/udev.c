/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * libudev's monitors: the netlink socket on which libudev receives events
 * becomes a datagram socket in the host's directory.  plug/usbfs/uevent.c sends
 * messages in udevd's format to it.  Sender and credentials are replaced by
 * those of udevd, which libudev checks.
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

#define MONITORS   64
#define GROUP_UDEV 2

/* The monitors' descriptors, plus one; 0 = free. */
static _Atomic int monitors[MONITORS];
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

static void name_of(int fd, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s/%d-%d",
		shim_directory(), USBFS_UEVENTS, (int)getpid(), fd);
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
		open_monitors++;
		break;
	}
	return fd;
}

SHIM_API int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	DEFINE_NEXT(bind);
	struct sockaddr_un own;

	if (find(fd) < 0)
		return next(fd, address, size);
	name_of(fd, &own);
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
		.nl_groups = GROUP_UDEV,
	};

	if (find(fd) < 0)
		return next(fd, address, size);
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

SHIM_API ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	DEFINE_NEXT(recvmsg);
	struct sockaddr_nl sender = {
		.nl_family = AF_NETLINK, .nl_groups = GROUP_UDEV};
	struct ucred credentials = {.pid = 1};
	void *name = message->msg_name;
	ssize_t result;

	if (find(fd) < 0)
		return next(fd, message, flags);
	message->msg_name = NULL;
	result = next(fd, message, flags);
	message->msg_name = name;
	if (result < 0)
		return result;
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

	if (index < 0 || atomic_exchange(&monitors[index], 0) == 0)
		return;
	open_monitors--;
	name_of(fd, &own);
	unlink(own.sun_path);
	errno = error;
}
