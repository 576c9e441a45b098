/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The link interface: how the library talks to a device, whatever carries the
 * bytes (libusb, the virtual Glasgow, a capture around either).  The layers
 * above call it; each backend in a folder of lib/link implements it.
 *
 * The layers above must not ask the clock or the operating system for anything
 * that a link can answer: on the virtual link, time is virtual.  Only one
 * thread at a time may be inside a link; the exception is wake(), which any
 * thread may call.
 */
#ifndef LIB_LINK_H
#define LIB_LINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "clyde.h"
#include "lib/base/interrupt.h"
#include "wire/usb.h"

#define LINK_FOREVER UINT64_MAX

struct log;
struct poll;

/*
 * A bulk transfer.  It belongs to the link from submit() until complete() is
 * called, and to its user otherwise.  complete() is called once for each
 * submit(), inside wait() or control(), and may submit the transfer again.  A
 * cancelled transfer may have moved bytes before, and `actual` counts them.
 */
struct transfer {
	uint8_t endpoint;
	void *data;
	uint32_t size;
	uint32_t actual;
	int status; /* 0, or CLYDE_ERROR_STALL, _IO, _BABBLE, _CANCELED or
		       _NO_DEVICE */
	void (*complete)(struct transfer *transfer);
	void *user;
};

struct link;

/* The calls come after all data members: test-link-capture counts on that. */
struct link_ops {
	const char *name;
	bool real_time;   /* the clock is the machine's */
	bool owns_device; /* the device exists in this link only, and ends with
			     it */

	void (*close)(struct link *link);

	/* Carry out a control transfer: bytes moved, or an error.  It ends at
	   the deadline, but not at an interrupt: a teardown needs it. */
	int (*control)(struct link *link, const struct usb_setup *setup,
		void *data, uint64_t deadline_ns);

	/* Select an alternate setting.  A setting other than 0 claims the
	   interface, and 0 releases it. */
	int (*set_alternate)(struct link *link, uint8_t interface,
		uint8_t alternate, uint64_t deadline_ns);

	struct transfer *(*transfer_new)(struct link *link);
	void (*transfer_free)(struct link *link, struct transfer *transfer);
	/* CLYDE_ERROR_ENDPOINT_OFF if the alternate setting of the endpoint is
	   not selected, CLYDE_ERROR_NO_MEMORY if the system has no memory for
	   one more transfer, CLYDE_ERROR_NO_DEVICE. */
	int (*submit)(struct link *link, struct transfer *transfer);
	void (*cancel)(struct link *link, struct transfer *transfer);

	/*
	 * Handle completions, and wait for the first until the deadline.  A
	 * deadline that has passed still gives the bus some time.  Returns how
	 * many were handled; 0 at the deadline, when woken, or spuriously, so
	 * callers must loop (lib/base/wait.h); CLYDE_ERROR_DEADLOCK when
	 * nothing is under way that could end the wait; CLYDE_ERROR_NO_DEVICE
	 * when the device is gone and all transfers have come back.
	 */
	int (*wait)(struct link *link, uint64_t deadline_ns);

	/* Make a wait() on another thread look at the flags now.  NULL if that
	   wait() looks at them often enough. */
	void (*wake)(struct link *link);

	uint64_t (*now)(struct link *link);

	/* A descriptor that is readable while wait() has something to handle,
	   or an error.  The link closes it. */
	int (*descriptor)(struct link *link);

	/*
	 * Claim all interfaces that the device shows, whatever their
	 * settings, so that no other program can use the device from now on;
	 * CLYDE_ERROR_BUSY if another program uses it.  close() releases the
	 * interfaces.  NULL if the link cannot do that.
	 */
	int (*claim_all)(struct link *link);

	/*
	 * The device is about to leave the bus, or has left: wait until it
	 * has come back.  The link is then as after open().
	 * CLYDE_ERROR_TIMEOUT at the deadline, CLYDE_ERROR_INTERRUPTED when
	 * woken.  NULL if the link cannot do that: firmware cannot be loaded
	 * into its device.
	 */
	int (*await_return)(struct link *link, uint64_t deadline_ns);

	/* Fill in what descriptors do not say: speed_kbit_per_s, node, and the
	   URI if it has changed since.  NULL if the link knows none of
	   these. */
	void (*describe)(struct link *link, struct clyde_device_info *info);

	/*
	 * Fill in the device descriptor, and the strings of `info` in UTF-8, from
	 * the operating system's copy, without a transfer: the device may belong
	 * to another program.  0, or 1 if the system has no copy of the strings;
	 * these are empty then.  NULL if no other program can use the device.
	 */
	int (*recall)(struct link *link,
		struct usb_device_descriptor *ret_descriptor,
		struct clyde_device_info *info);

	/* CLYDE_ERROR_BUSY if another program has claimed any of the device's
	   interfaces, else 0.  Changes nothing; the link has claimed none
	   yet. */
	int (*busy)(struct link *link);
};

struct link {
	const struct link_ops *ops;
	/* Raised to end a wait early: the context's, and this link's own. */
	const struct interrupt *interrupt;
	atomic_bool wake;
	/* A drain has failed.  The transfers in flight must not complete any
	   more: their memory is the application's, which may free it.  Only
	   close() may be called. */
	bool lost;
	/* Where the device is, as lsusb numbers it; address 0 on a link that
	   has no such numbers.  Changes when the device comes back. */
	struct link_address {
		uint16_t bus;
		uint8_t address;
	} address;
	/* While no device uses the link, its context keeps it under this URI,
	   see lib/link/cache.c. */
	bool kept;
	char kept_uri[CLYDE_URI_SIZE];
	LIST_ENTRY(link) in_context;
	/* The link that this one is wrapped around, or NULL. */
	struct link *inner;
	/* The descriptor for event loops, see lib/base/poll.h; or NULL. */
	struct poll *poll;
	/* Where LOG() writes; set by the caller that opened the link. */
	const struct log *log;
};

/*
 * control() and set_alternate() for the layers above: with a timeout instead of
 * a deadline, and logged.
 */
int link_control(struct link *link, const struct usb_setup *setup, void *data,
	int timeout_ms);
int link_select(struct link *link, uint8_t interface, uint8_t alternate,
	int timeout_ms);

/*
 * A device that an enumeration has found and that is not opened.  A provider's
 * own structure begins with it.
 */
struct link_place {
	const struct link_provider *provider;
	STAILQ_ENTRY(link_place) next;
	char name[CLYDE_URI_SIZE - 8]; /* its URI without "scheme:" */
};

STAILQ_HEAD(link_places, link_place);

/* Notices devices that come and go; a provider's own structure. */
struct link_monitor;

struct link_monitor_ops {
	int (*open)(struct link_monitor **ret_monitor);
	void (*close)(struct link_monitor *monitor);
	/* The clock of wait(), in ns. */
	uint64_t (*now)(struct link_monitor *monitor);
	/*
	 * Wait for so many ns at most: 1 if a device may have come or gone
	 * since the last call, so that the caller enumerates; 0 if not, when
	 * woken, or spuriously; or an error.  Called without the tree's lock,
	 * also by several threads at once.
	 */
	int (*wait)(struct link_monitor *monitor, uint64_t timeout_ns);
	/* End a wait() early, from any thread. */
	void (*wake)(struct link_monitor *monitor);
	/* A descriptor that is readable while wait() has something to do, or an
	   error.  The monitor closes it. */
	int (*descriptor)(struct link_monitor *monitor);
};

/* Finds and opens the devices of one URI scheme. */
struct link_provider {
	const char *scheme;
	/*
	 * Find the devices that the specification after "scheme:" means, and
	 * open none: how many, and a list of them, for link_places_free(),
	 * which is empty on failure.  CLYDE_ERROR_NO_DEVICE if the specification
	 * names a device that is not there.
	 */
	int (*enumerate)(
		const char *specification, struct link_places *ret_places);
	int (*open)(struct link_place *place, const struct interrupt *interrupt,
		struct link **ret_link);
	/* Fill in what can be seen of a device without opening it. */
	void (*look)(struct link_place *place, struct clyde_device_info *info);
	void (*free)(struct link_place *place);
	/* NULL if no device ever comes or goes. */
	const struct link_monitor_ops *monitor;
};

extern const struct link_provider link_usb;
extern const struct link_provider link_virtual;

/* The provider for a URI, and the URI's part behind its scheme; or NULL. */
const struct link_provider *link_find(const char *uri, const char **ret_rest);

static inline void link_places_free(struct link_places *places)
{
	struct link_place *place;

	while ((place = STAILQ_FIRST(places))) {
		STAILQ_REMOVE_HEAD(places, next);
		place->provider->free(place);
	}
}

/* Whether this process has another link to the same device on USB. */
bool link_is_open_twice(const struct link *link);

/* End a wait() early, from any thread. */
static inline void link_wake(struct link *link)
{
	while (link->inner)
		link = link->inner;
	atomic_store(&link->wake, true);
	if (link->ops->wake)
		link->ops->wake(link);
}

/* Called by a backend at the end of its wait(): take a link_wake() back.  The
   exchange orders memory: what the other thread wrote before link_wake(), such
   as a closing flag, is visible to the caller's checks after the wait. */
static inline void link_woken(struct link *link)
{
	atomic_exchange(&link->wake, false);
}

/* Whether a wait() must end now, for its caller to look at the flags. */
static inline bool link_stopped(const struct link *link)
{
	return atomic_load_explicit(&link->wake, memory_order_relaxed) ||
		interrupt_raised(link->interrupt);
}

#endif
