/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Calls that fail when a test wants it: memory, the system's descriptors and
 * files, libusb.  The linker leads the library's calls here (-Wl,--wrap), see
 * `wrapped` in meson.build.
 */
#ifndef TESTS_WRAPPED_H
#define TESTS_WRAPPED_H

#include <stdbool.h>
#include <stddef.h>

enum wrapped {
	WRAPPED_MEMORY,    /* malloc() and similar. */
	WRAPPED_SYSTEM,    /* eventfd(), epoll, files; error is an errno. */
	WRAPPED_USB,       /* libusb; error is an enum libusb_error. */
	WRAPPED_PIPE,      /* libusb_handle_events(), likewise. */
	WRAPPED_ALTERNATE, /* An alternate setting that meets an unplug. */
};

/* From now on the n-th call of this kind fails, counted from 1; with `all`, all
   later ones do, too.  Starts to count what is allocated. */
void wrapped_fail(enum wrapped kind, unsigned n, bool all, int error);

/* Ends that.  Returns whether a call has failed. */
bool wrapped_end(void);

/* Returns how much was allocated since wrapped_fail() and not freed. */
size_t wrapped_allocated(void);

/* Returns the number of libusb handles and contexts that are open. */
int wrapped_usb_open(void);

/* Returns the name of the call that has failed or NULL, and its error. */
const char *wrapped_name(void);
int wrapped_error(void);

#endif
