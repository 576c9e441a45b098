/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Calls that can fail, and here do when they are told to: memory, the
 * system's descriptors and files, libusb.  The linker leads the library's
 * calls here (-Wl,--wrap), see `wrapped` in meson.build.
 */
#ifndef TESTS_WRAPPED_H
#define TESTS_WRAPPED_H

#include <stdbool.h>
#include <stddef.h>

enum wrapped {
	WRAPPED_MEMORY, /* malloc() and its like */
	WRAPPED_SYSTEM, /* eventfd(), epoll, files; error is an errno */
	WRAPPED_USB,    /* libusb's; error is an enum libusb_error */
	WRAPPED_PIPE,   /* libusb_handle_events(), the same */
};

/*
 * From now on the n-th call of this kind fails, counted from 1; or all from
 * there on.  Counting of what is allocated begins anew.
 */
void wrapped_fail(enum wrapped kind, unsigned n, bool all, int error);

/* The end of that.  Returns whether there were so many calls. */
bool wrapped_end(void);

/* What was allocated since wrapped_fail() and was not freed. */
size_t wrapped_allocated(void);

/* Handles and contexts of libusb that are open. */
int wrapped_usb_open(void);

/* Which call has failed, or NULL; and how. */
const char *wrapped_name(void);
int wrapped_error(void);

#endif
