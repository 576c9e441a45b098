/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * One descriptor for all descriptors that a libusb context polls: an epoll, to
 * which libusb's notifications add what libusb opens and from which they remove
 * what it closes.  Called by link.c and monitor.c.
 *
 * The epoll does not become readable for a timeout of libusb's.  No transfer may
 * have one.
 */
#include "usb.h"

#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

static void LIBUSB_CALL added(int descriptor, short events, void *user)
{
	/* poll()'s bits are epoll's. */
	struct epoll_event event = {.events = (unsigned short)events};

	epoll_ctl((intptr_t)user, EPOLL_CTL_ADD, descriptor, &event);
}

static void LIBUSB_CALL removed(int descriptor, void *user)
{
	epoll_ctl((intptr_t)user, EPOLL_CTL_DEL, descriptor, NULL);
}

int usb_poll_open(libusb_context *usb)
{
	intptr_t all = epoll_create1(EPOLL_CLOEXEC);
	const struct libusb_pollfd **list;

	if (all < 0)
		return error_from_errno(errno);
	list = libusb_get_pollfds(usb);
	if (list == NULL) {
		close(all);
		return CLYDE_ERROR_NO_MEMORY;
	}
	for (size_t i = 0; list[i]; i++)
		added(list[i]->fd, list[i]->events, (void *)all);
	libusb_free_pollfds(list);
	libusb_set_pollfd_notifiers(usb, added, removed, (void *)all);
	return all;
}

void usb_poll_close(libusb_context *usb, int all)
{
	libusb_set_pollfd_notifiers(usb, NULL, NULL, NULL);
	close(all);
}
